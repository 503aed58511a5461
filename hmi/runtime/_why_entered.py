"""The step of "why this number?" that a person stands for: a manual value, and what the source says beneath it."""

from __future__ import annotations

from typing import Any

from hmi.client.why import WhyHop
from hmi.core.quality import quality_of
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.runtime._why_known import Known
from hmi.runtime._why_words import number, plain, state_of, time_words


def entered_hop(known: Known) -> WhyHop:
    """For a tag that shows an entry, and for one that waits for its first."""
    own = known.override
    if own is None:
        return WhyHop("entered", "unknown", tr("Nobody has entered a value yet."))
    who, when = own.owner_name or own.owner, time_words(own.time, known.plant.zone, known.now_ns)
    facts: dict[str, Any] = {"by": who}
    if own.reason:
        facts["reason"] = own.reason
    if own.expires:
        facts["until"] = time_words(own.expires, known.plant.zone, known.now_ns)
    text = tr("{who} entered it at {time}.", who=who, time=when)
    if not own.manual and known.beneath is not None:
        facts |= {"source_value": plain(known.beneath.value), "source_quality": _quality(known.beneath)}
        text = tr("Overridden by {who} at {time}: {beneath}.", who=who, time=when,
                  beneath=_beneath(known.beneath, known.tag.unit))  # fmt: skip
    value = known.value
    return WhyHop(
        "entered", state_of(value.status), text, plain(value.value), value.status, value.source_time, facts
    )


def _beneath(value: DataValue, unit: str) -> str:
    if value.is_bad or value.value is None:
        return tr("the source gives no value ({quality})", quality=_quality(value))
    said = number(value.value) if isinstance(value.value, int | float) else str(value.value)
    shown = f"{said} {unit}".rstrip()
    if value.is_good:
        return tr("the source says {value}", value=shown)
    return tr("the source says {value} ({quality})", value=shown, quality=_quality(value))


def _quality(value: DataValue) -> str:
    found = quality_of(value.status)
    return " ".join(filter(None, (found.klass.name.capitalize(), found.sub)))
