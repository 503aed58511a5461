"""The sentences of the answer to "why this number?"."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.quality import Mark, quality_of
from hmi.core.texts import tr
from hmi.core.values import DataValue, Value
from hmi.expressions import expression_names
from hmi.project.plant import Scaling
from hmi.runtime._why_known import Known, LinkNow

_STALE = frozenset({quality.UNCERTAIN_LAST_USABLE, quality.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE})
_CAUSES = {
    Mark.COMMS: "there is no communication with the device",
    Mark.SENSOR: "the sensor reports a fault",
    Mark.DEVICE: "the device reports a fault",
    Mark.CONFIG: "the configuration is wrong",
    Mark.OUT_OF_SERVICE: "the point is out of service",
    Mark.WAITING: "no first value has come yet",
    Mark.FORCED: "the value is forced in the device",
    Mark.SIMULATED: "the value is simulated",
    Mark.MANUAL: "the value was entered by hand",
    Mark.OUT_OF_RANGE: "the value is outside its range",
    Mark.STALE: "it is the last usable value",
    Mark.UNCERTAIN: "the device is not sure of it",
    Mark.NONE: "the device gives no reason",
}


def state_of(status: int) -> str:
    """``good``, ``uncertain`` or ``bad``."""
    return quality.class_of(status).name.lower()


def number(value: float) -> str:
    """A number as it is, without needless digits."""
    if isinstance(value, bool):
        return "1" if value else "0"
    text = f"{value:.7g}" if isinstance(value, float) else str(value)
    return text.replace("-", "−")


def plain(value: Value) -> Any:
    """JSON: bytes as base64, arrays as lists."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def time_words(at_ns: int, zone: str, now_ns: int) -> str:
    """Time of day in the plant's zone, with the date where it is not today."""
    try:
        place: Any = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        place = UTC
    at, now = (datetime.fromtimestamp(ns // NS_PER_S, tz=UTC).astimezone(place) for ns in (at_ns, now_ns))
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def formula(scaling: Scaling, raw: Value, done: DataValue) -> str:
    """The calculation with its numbers; says when the result was held at an end of the range."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return tr("The raw value is no number, so it cannot be scaled.")
    low, span = scaling.raw.low, scaling.raw.span
    names = {"raw": number(raw), "low": number(low), "span": number(span), "eu_low": number(scaling.eu.low),
             "eu_span": number(scaling.eu.span)}  # fmt: skip
    form = "({raw} − {low}) ÷ {span} × {eu_span} + {eu_low}"
    if scaling.kind == "sqrt":
        form = "√(({raw} − {low}) ÷ {span}) × {eu_span} + {eu_low}"
    text = form.format(**names)
    if done.value is None:
        cause = tr(_CAUSES[quality_of(done.status).mark])
        return tr("{formula}: no value, because {cause}.", formula=text, cause=cause)
    assert isinstance(done.value, int | float)
    result = f"{text} = {number(done.value)}"
    is_held = scaling.clamp and quality_of(done.status).limit in ("low", "high")
    return tr("{result}, held at the end of the range", result=result) if is_held else result


def verdict(known: Known) -> str:
    """One sentence: why the value is what it is, above all when it is not Good."""
    value = known.value
    if known.override is not None:
        return _entered(known)
    if value.is_bad or value.value is None:
        return _bad(known, value)
    if not known.source.live or value.status & quality.CODE_MASK in _STALE:
        return _old(known, value)
    found = quality_of(value.status)
    if found.mark is not Mark.NONE or not found.is_good:
        return tr(
            "{quality}: {cause}.", quality=tr(state_of(value.status).title()), cause=tr(_CAUSES[found.mark])
        )
    if known.tag.calculation is not None:
        return tr("Good: calculated from the stored values of a period that is over.")
    if known.tag.expression:
        return tr("Good and live: calculated from tags that are Good.")
    name = known.link.name if known.link else ""
    return tr("Good and live: this is what {connection} says.", connection=name)


def _entered(known: Known) -> str:
    assert known.override is not None
    who, at = known.override.owner_name or known.override.owner, known.override.time
    when = time_words(at, known.plant.zone, known.now_ns)
    if known.value.status & quality.CODE_MASK in _STALE:
        return tr("The last entry, by {who} at {time}: it is too old.", who=who, time=when)
    if known.tag.manual:
        return tr("Entered by {who} at {time}.", who=who, time=when)
    return tr("Manual: {who} entered this at {time} instead of what the source says.", who=who, time=when)


def _bad(known: Known, value: DataValue) -> str:
    since = time_words(value.source_time, known.plant.zone, known.now_ns) if value.source_time else ""
    if known.tag.manual:
        return tr("No value: nobody has entered one yet.")
    if known.tag.calculation is not None:
        return tr("No value: nothing Good is stored of a period that is over.")
    if known.tag.expression:
        return _bad_input(known) or _cause(value)
    link = known.link
    mark = quality_of(value.status).mark
    if link is not None and link.state != "up":
        at = time_words(link.since, known.plant.zone, known.now_ns)
        return tr("No value: {connection} is {state} since {time}: {why}.", connection=link.name,
                  state=tr(link.state), time=at, why=link.text.rstrip("."))  # fmt: skip
    if mark is Mark.COMMS and link is not None:
        return tr("No value: {unit} does not answer since {time}.", unit=_unit(link), time=since)
    return _cause(value, since if mark is not Mark.WAITING else "")


def _unit(link: LinkNow) -> str:
    if link.unit:
        return tr("unit {unit} of {connection}", unit=link.unit, connection=link.name)
    return link.name


def _cause(value: DataValue, since: str = "") -> str:
    cause = tr(_CAUSES[quality_of(value.status).mark])
    return tr("No value since {time}: {cause}.", time=since, cause=cause) if since else tr(
        "No value: {cause}.", cause=cause)  # fmt: skip


def _bad_input(known: Known) -> str:
    """The first input without a value, and why it has none."""
    for name in expression_names(known.tag.expression):
        given = known.values.get(name)
        if given is not None and (given.is_bad or given.value is None):
            cause = tr(_CAUSES[quality_of(given.status).mark])
            return tr("No value, because {name} has none: {cause}.", name=name, cause=cause)
    return ""


def _old(known: Known, value: DataValue) -> str:
    at = time_words(value.source_time, known.plant.zone, known.now_ns)
    if known.source.resting:
        return tr("The last value, of {time}: nobody looked at the tag, so it is read rarely.", time=at)
    connection = known.plant.connections.get(known.tag.connection)
    if known.source.live and connection is not None and connection.life_counter:
        return tr(
            "The last value, of {time}: the life counter {name} may stand still, so the controller does not scan.",
            time=at, name=connection.life_counter,
        )  # fmt: skip
    if known.source.live:
        return tr("The last usable value, of {time}.", time=at)
    if known.tag.expression:
        return tr("The last value, of {time}: one of its sources gives no sign of life.", time=at)
    return tr("The last value, of {time}: its source gives no sign of life.", time=at)
