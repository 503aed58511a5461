"""What is read about a control tag, a manual value, a bypass and the control of an area. No Qt."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from hmi.core.holds import AreaControl, Bypass, ControlTag, Override, TagKind
from hmi.core.texts import tr
from hmi.ui.times import date_text, local_time

KINDS: Final = {
    TagKind.DO_NOT_OPERATE: "Do not operate",
    TagKind.CAUTION: "Caution",
    TagKind.INFORMATION: "Information",
}
NO_LOCK_OUT: Final = "A tag on the screen is no physical lock-out: lock the equipment itself as well."


def kind_words(kind: TagKind) -> str:
    return tr(KINDS[kind])


def person(hold: ControlTag | Override | Bypass | AreaControl) -> str:
    return hold.owner_name or hold.owner


def moment(at_ns: int, zone: tzinfo, now_ns: int) -> str:
    """Hour and minute, with the date where it is another day; empty for 0."""
    if not at_ns:
        return ""
    at = local_time(at_ns, zone)
    told = f"{at:%H:%M}"
    return told if at.date() == local_time(now_ns, zone).date() else f"{date_text(at_ns, zone)} {told}"


def span_words(hold: ControlTag | Override | Bypass, zone: tzinfo, now_ns: int) -> str:
    """Since when, and until when where it ends by itself."""
    since = tr("since {time}", time=moment(hold.time, zone, now_ns))
    return (
        f"{since}, {tr('until {time}', time=moment(hold.expires, zone, now_ns))}" if hold.expires else since
    )


def tag_words(tag: ControlTag, zone: tzinfo, now_ns: int) -> str:
    """All of a control tag in one line."""
    parts = [f"{kind_words(tag.kind)}: {tag.reason}"]
    if tag.work_order:
        parts.append(tr("work order {number}", number=tag.work_order))
    return ", ".join([*parts, person(tag), span_words(tag, zone, now_ns)])


def bypass_words(bypass: Bypass, zone: tzinfo, now_ns: int) -> str:
    return tr(
        "bypassed until {time} by {person}: {reason}",
        time=moment(bypass.expires, zone, now_ns), person=person(bypass), reason=bypass.reason,
    )  # fmt: skip


def override_words(own: Override, source: str, zone: tzinfo, now_ns: int) -> str:
    """Beside a manual value: what its source says, until when, by whom."""
    parts = [] if own.manual else [tr("source: {value}", value=source)]
    if own.expires:
        parts.append(tr("manual until {time}", time=moment(own.expires, zone, now_ns)))
    else:
        parts.append(tr("entered {time}", time=moment(own.time, zone, now_ns)))
    return ", ".join([*parts, person(own)])


def position_words(control: AreaControl) -> str:
    """The person and the place that control an area."""
    return tr("{person} at {station}", person=person(control), station=control.station)
