"""``hmi alarms PLANT --what-if ALARM``: what other settings would have done, from the runtime or from its data."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer

from hmi.cli._tables import print_table
from hmi.core.clock import NS_PER_S, SystemClock
from hmi.core.errors import UsageError

if TYPE_CHECKING:
    from hmi.client.what_if import Stretch, WhatIfResult
    from hmi.core.values import DataValue
    from hmi.historian.port import ArchiveReader
    from hmi.historian.samples import Samples
    from hmi.project.plant import Plant

WEEK_NS, LONGEST_NS = 7 * 86_400 * NS_PER_S, 400 * 86_400 * NS_PER_S
ROWS = 10

WhatIfOption = Annotated[
    str,
    typer.Option(
        help="What other settings of an alarm (id, TAG or TAG:NAME) would have done, by its history."
    ),
]
TryDeadband = Annotated[float | None, typer.Option(help="To try with --what-if, in the unit of the tag.")]
TryOnDelay = Annotated[float | None, typer.Option(help="To try, in seconds.")]
TryOffDelay = Annotated[float | None, typer.Option(help="To try, in seconds.")]
TryHold = Annotated[float | None, typer.Option(help="To try for a deviation, in seconds.")]
TryCells = Annotated[
    list[str] | None, typer.Option("--set", help="Any other setting to try, as limit=4.2; may be repeated.")
]


def cells_of(given: Mapping[str, float | None], pairs: Sequence[str]) -> dict[str, str]:
    """Cells from the options that were given and from ``--set COLUMN=TEXT``; UsageError for one that is none."""
    from hmi.client.what_if import SETTINGS

    found = {name: f"{value:.15g}" for name, value in given.items() if value is not None}
    for pair in pairs:
        name, mark, text = pair.partition("=")
        if not mark or name.strip() not in SETTINGS:
            raise UsageError(f"--set {pair}: write it as COLUMN=TEXT with one of: {', '.join(SETTINGS)}")
        found[name.strip()] = text.strip()
    return found


def print_what_if(
    plant: Plant, data: Path, alarm: str, cells: Mapping[str, str], start: int, end: int, *, as_json: bool
) -> None:
    """Ask and print; times UTC ns, 0 = a week ago and now."""
    from hmi.alarms.what_if import alarm_of
    from hmi.client.what_if import SETTINGS
    from hmi.project.alarm_edit import changed_alarm

    if not cells:
        raise UsageError(
            "--what-if needs something to try: --deadband, --on-delay, --off-delay or --set COLUMN=TEXT"
        )
    alarm_id = _alarm_id(plant, alarm)
    changed_alarm(alarm_of(plant, alarm_id), cells, SETTINGS)  # what does not fit is said at once
    end = end or SystemClock().now_ns()
    start = start or end - WEEK_NS
    if end - start > LONGEST_NS:
        raise UsageError("at most 400 days are replayed: choose a shorter time")
    result = _asked(plant, data, alarm_id, cells, start, end)
    if as_json:
        return typer.echo(json.dumps(msgspec.to_builtins(result), indent=1, ensure_ascii=False))
    return _print(plant, result)


def _alarm_id(plant: Plant, text: str) -> str:
    """By its id, by TAG, or by TAG:NAME where the tag has several (its name or kind)."""
    if any(one.id == text for one in plant.alarms):
        return text
    tag, _, name = text.partition(":")
    own = [one for one in plant.alarms if (found := plant.by_id.get(one.tag_id)) and found.name == tag]
    chosen = [one for one in own if not name or name.casefold() in (one.name.casefold(), one.kind)]
    if len(chosen) == 1:
        return chosen[0].id
    if not own:
        raise UsageError(
            f"--what-if {text}: the plant has no alarm with this id and no tag of this name with an alarm"
        )
    known = ", ".join(f"{tag}:{one.name}" for one in own)
    raise UsageError(f"--what-if {text}: which alarm is meant? write one of: {known}")


# ------------------------------------------------------------------------------------------ where it is asked


def _asked(
    plant: Plant, data: Path, alarm_id: str, cells: Mapping[str, str], start: int, end: int
) -> WhatIfResult:
    from hmi.client.local import is_running

    try:
        if is_running(data):
            return _of_runtime(data, alarm_id, cells, start, end)
        return _of_files(plant, data, alarm_id, cells, start, end)
    finally:
        _tell(None)


def _of_runtime(data: Path, alarm_id: str, cells: Mapping[str, str], start: int, end: int) -> WhatIfResult:
    from hmi.client.once import ask
    from hmi.client.what_if import WhatIfAnswer

    query: dict[str, Any] = {
        "alarm_id": alarm_id, "change": [f"{name}={text}" for name, text in cells.items()],
        "start": start, "end": end,
    }  # fmt: skip
    while True:
        answer = msgspec.convert(ask(data, "/v1/alarms/what-if", query), WhatIfAnswer)
        if answer.result is not None:
            return answer.result
        query |= {"start": answer.start, "end": answer.end}
        _tell(answer.progress)


def _of_files(
    plant: Plant, data: Path, alarm_id: str, cells: Mapping[str, str], start: int, end: int
) -> WhatIfResult:
    """Nobody writes: the archive is read here."""
    from hmi.alarms.what_if import what_if
    from hmi.bootstrap import JOURNAL_FILE
    from hmi.journal import alarm_tally, link_turns
    from hmi.runtime import newest_archive
    from hmi.stores.sqlite import open_reader

    folder = newest_archive(data)
    if folder is None:
        raise UsageError(
            f"{data}: no runtime runs here and there is no history; start one with: hmi run PLANT"
        )
    run_id = folder.name if plant.simulated else ""
    reader = open_reader(folder)
    try:
        return what_if(
            plant, alarm_id, cells, _Files(reader), start, end, pace=_tell,
            tally=lambda *asked: alarm_tally(data / JOURNAL_FILE, *asked, run_id=run_id),
            links=lambda *asked: link_turns(data / JOURNAL_FILE, *asked, run_id=run_id),
        )  # fmt: skip
    finally:
        reader.close()


class _Files:
    """A source of samples: an archive that nobody writes."""

    def __init__(self, reader: ArchiveReader) -> None:
        self._reader, self._numbers = reader, reader.tags()

    def samples(self, tag_id: str, start: int, end: int) -> Iterable[Samples]:
        number = self._numbers.get(tag_id)
        return () if number is None else self._reader.blocks(number, start, end)

    def read_at(self, tag_id: str, at: int) -> DataValue:
        from hmi.core import quality
        from hmi.core.values import bad

        number = self._numbers.get(tag_id)
        found = self._reader.at([number], at).samples.values() if number is not None else []
        return found[0] if found else bad(quality.BAD_NO_DATA, at)


def _tell(done: float | None) -> None:
    """How far it is, where a person looks on; None clears the line."""
    if sys.stderr.isatty():
        text = " " * 24 if done is None else f"replayed {100 * done:3.0f} %"
        sys.stderr.write(f"\r{text}\r" if done is None else f"\r{text}")
        sys.stderr.flush()


# ------------------------------------------------------------------------------------------ what is printed


def _print(plant: Plant, found: WhatIfResult) -> None:
    head = "simulated: " if found.simulated else ""
    typer.echo(f"{head}{found.tag}, {found.message or found.name}")
    typer.echo(f"{_time(plant, found.start)} to {_time(plant, found.end)}")
    for one in found.settings:
        typer.echo(f"  {one.name}: {one.was or 'none'} -> {one.proposed or 'none'}")
    typer.echo(found.sentence)
    if found.coarse:
        typer.echo("The history does not hold enough to tell:")
    for note in found.notes:
        typer.echo(f"  {note}")
    print_table(("", "as it is", "as proposed"), [
        ["alarms", str(found.was), str(found.proposed)],
        ["in alarm, s", f"{found.was_s:.1f}", f"{found.proposed_s:.1f}"],
    ])  # fmt: skip
    lists = (
        (found.removed, "removed, the longest first", found.removed_list),
        (found.kept, "kept, the latest first", found.kept_list), (found.new, "new, the newest first", found.new_list),
    )  # fmt: skip
    for count, title, rows in lists:
        if rows:
            typer.echo(f"{count} {title}:")
            print_table(("begins", "lasts s", "later s"), (_row(plant, row) for row in rows[:ROWS]))


def _row(plant: Plant, row: Stretch) -> list[str]:
    later = f"{row.later_s:.1f}" if row.later_s else ""
    return [_time(plant, row.start), f"{(row.end - row.start) / NS_PER_S:.1f}", later]


def _time(plant: Plant, at_ns: int) -> str:
    moment = datetime.fromtimestamp(at_ns / 1e9, UTC).astimezone(ZoneInfo(plant.zone))
    return moment.strftime("%Y-%m-%d %H:%M:%S")
