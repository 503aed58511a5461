"""The hand-over as lines, as a note and as files; pure, no Qt."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import Final, NamedTuple

from hmi.client.alarms import Handover, HandoverItem
from hmi.core.texts import tr
from hmi.ui.log.words import moment_text
from hmi.ui.sheets_out import csv_text, html_text
from hmi.ui.times import EPOCH, date_text, local_time

SECTION_NAMES: Final = {
    "standing": "Standing alarms", "shelved": "Shelved", "out_of_service": "Out of service",
    "suppressed": "Suppressed", "tagged": "Control tags", "bypassed": "Bypassed conditions",
    "overridden": "Overridden points", "manual": "In manual", "controlled": "Controlled areas",
    "links": "Links down", "notes": "Notes",
}  # fmt: skip
SHIFT_HOURS: Final = (6, 14, 22)
"""Hours of the plant's clock at which a shift begins."""
HEAD: Final = ("Object", "What", "Area", "Since", "Until", "Who", "Reason")


class Line(NamedTuple):
    """A head (``item`` None, ``text`` its words), an item, or the word for an empty section."""

    text: str
    item: HandoverItem | None = None
    is_head: bool = False


def lines_of(told: Handover) -> list[Line]:
    """Every section with its items; an empty one says so, one that is cut says how many are left out."""
    lines: list[Line] = []
    for name, words in SECTION_NAMES.items():
        items = told.sections.get(name, [])
        count = told.counts.get(name, len(items))
        lines.append(Line(f"{tr(words)}  {count}", is_head=True))
        lines += [Line(item.text, item) for item in items] or [Line(tr("None."))]
        if count > len(items) > 0:
            lines.append(Line(tr("{n} more are not shown.", n=count - len(items))))
    return lines


def note_text(told: Handover, zone: tzinfo) -> str:
    """What is kept in the log when a shift hands over: when it began, and how much of each there is."""
    counts = "; ".join(
        f"{tr(words)}: {told.counts.get(name, len(told.sections.get(name, [])))}"
        for name, words in SECTION_NAMES.items()
    )
    return tr(
        "Shift handed over. From {start} to {end}. {counts}.",
        start=full_text(told.since, zone), end=full_text(told.until, zone), counts=counts,
    )  # fmt: skip


def full_text(at_ns: int, zone: tzinfo) -> str:
    """Date, hour and minute; empty for 0."""
    return (
        f"{date_text(at_ns, zone)} {moment_text(at_ns, zone)[:5]}{_zone_mark(at_ns, zone)}" if at_ns else ""
    )


def _zone_mark(at_ns: int, zone: tzinfo) -> str:
    return moment_text(at_ns, zone)[12:]


def shift_starts(now_ns: int, zone: tzinfo) -> list[int]:
    """UTC ns of the last three beginnings of a shift on the plant's clock, the newest first."""
    now = local_time(now_ns, zone)
    day = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    all_starts = [
        (day - timedelta(days=back)).replace(hour=hour) for back in (0, 1) for hour in reversed(SHIFT_HOURS)
    ]
    return [(at - EPOCH) // timedelta(microseconds=1) * 1_000 for at in all_starts if at <= now][:3]


def handover_csv(told: Handover, zone: tzinfo) -> str:
    """One line an item, its section first."""
    rows = [
        [tr(words), *cells_of(item, zone)]
        for name, words in SECTION_NAMES.items()
        for item in told.sections.get(name, [])
    ]
    return csv_text([[tr("Section"), *(tr(words) for words in HEAD)], *rows])


def handover_html(told: Handover, plant: str, zone: tzinfo) -> str:
    """A page to print."""
    tables = []
    for name, words in SECTION_NAMES.items():
        items = told.sections.get(name, [])
        count = told.counts.get(name, len(items))
        title = f"{tr(words)} ({count})"
        if count > len(items):
            title += f" – {tr('{n} more are not shown.', n=count - len(items))}"
        tables.append((title, [cells_of(item, zone) for item in items]))
    about = tr(
        "From {start}, as of {end}", start=full_text(told.since, zone), end=full_text(told.until, zone)
    )
    title = tr("Shift hand-over: {plant}", plant=plant)
    return html_text(title, about, [tr(words) for words in HEAD], tables, tr("None."))


def cells_of(item: HandoverItem, zone: tzinfo) -> list[str]:
    """In the order of ``HEAD``."""
    since, until = full_text(item.since, zone), full_text(item.until, zone)
    return [item.name, item.text, item.area, since, until, item.actor, item.reason]
