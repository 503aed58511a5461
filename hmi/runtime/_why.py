"""Builds the answer to "why this number?" from what the runtime knows; pure. What is not known says so."""

from __future__ import annotations

from typing import Any

from hmi.client.why import Why, WhyHop, WhyPart
from hmi.core.alarms import AlarmRow
from hmi.core.journal import JournalRecord
from hmi.core.texts import tr
from hmi.core.values import DataValue
from hmi.project.plant import AlarmDef, TagDef
from hmi.runtime._clock_watch import is_clock_off, told
from hmi.runtime._why_calculated import calculated_hop
from hmi.runtime._why_entered import entered_hop
from hmi.runtime._why_expression import tree_of
from hmi.runtime._why_known import Known
from hmi.runtime._why_words import formula, number, plain, state_of, time_words, verdict
from hmi.tags import converted, has_deadband

EVENTS = 5
ASKING = "asking"


def why(known: Known) -> Why:
    """The answer for one tag."""
    tag, value = known.tag, known.value
    hops = [_expression(known)] if tag.expression else [_device(known), _decode(known), _scaling(known)]
    if tag.calculation is not None:
        hops = [calculated_hop(known)]
    elif tag.manual:
        hops = []
    if tag.manual or known.override is not None:
        hops.append(entered_hop(known))
    hops += [_range(known), _age(known), _alarms(known), _history(known), _used_by(known)]
    return Why(
        tag_id=tag.id,
        name=tag.name,
        description=tag.description,
        unit=tag.unit,
        value=plain(value.value),
        status=value.status,
        source_time=value.source_time,
        receive_time=value.receive_time,
        live=known.source.live,
        at=known.now_ns,
        revision=known.plant.revision,
        text=verdict(known),
        hops=hops,
    )


def _device(known: Known) -> WhyHop:
    facts: dict[str, Any] = {"address": known.tag.address}
    if (link := known.link) is not None:
        facts = {"connection": link.name, "driver": link.driver, "link": link.state, **facts}
        if link.unit:
            facts["unit"] = link.unit
        if is_clock_off(link.clock_ms):
            facts["clock_difference_ms"] = link.clock_ms
    if known.trace is None:
        if known.asking:
            return WhyHop("device", ASKING, tr("Asking the device …"), facts=facts)
        text = known.trace_error or tr("The tag has no connection.")
        return WhyHop("device", "bad", _sentence(text), facts=facts)
    trace = known.trace
    facts |= trace.device
    value = trace.value
    if trace.fault:
        state = "bad" if value.is_bad else state_of(value.status)
        return WhyHop("device", state, _sentence(trace.fault), None, value.status, value.source_time, facts)
    text = tr("The device answers.")
    if (took := trace.device.get("took_ms")) is not None:
        text = tr("The device answered in {ms} ms.", ms=number(took))
    if link is not None and is_clock_off(link.clock_ms):
        text += " " + _sentence(
            tr("times of this source are off: {clock}", clock=told(link.name, link.clock_ms))
        )
    return WhyHop("device", state_of(value.status), text, None, value.status, value.source_time, facts)


def _decode(known: Known) -> WhyHop:
    if known.trace is None:
        return _waiting(known, "decode", tr("There is no answer to decode."))
    trace, value = known.trace, known.trace.value
    facts = dict(trace.decode)
    if not facts:
        return WhyHop("decode", "unknown", tr("This driver does not tell how it reads the answer."))
    if value.value is None:
        return WhyHop("decode", "unknown", tr("There is no answer to decode."), facts=facts)
    shown = plain(value.value)
    text = tr("Read as {wire} it is {value}.", wire=facts.get("wire") or facts["type"], value=_shown(shown))
    return WhyHop("decode", state_of(value.status), text, shown, value.status, value.source_time, facts)


def _scaling(known: Known) -> WhyHop:
    tag, scaling = known.tag, known.tag.scaling
    facts: dict[str, Any] = {}
    if scaling is not None:
        facts = {
            "raw": [scaling.raw.low, scaling.raw.high],
            "eu": [scaling.eu.low, scaling.eu.high],
            "kind": scaling.kind,
            "clamp": scaling.clamp,
        }
        if tag.options.get("live_zero"):
            facts["live_zero"] = True
    if known.trace is None:
        return _waiting(known, "scaling", tr("There is no raw value to scale."), facts)
    raw = known.trace.value
    if raw.value is None:
        return WhyHop("scaling", "unknown", tr("There is no raw value to scale."), facts=facts)
    done = converted(tag, raw)
    if scaling is None:
        text = tr("No scaling: the device gives the value as it is.")
        state = state_of(done.status)
        return WhyHop("scaling", state, text, plain(done.value), done.status, done.source_time, facts)
    text = formula(scaling, raw.value, done)
    return WhyHop(
        "scaling", state_of(done.status), text, plain(done.value), done.status, done.source_time, facts
    )


def _range(known: Known) -> WhyHop:
    tag, value = known.tag, known.value
    facts: dict[str, Any] = {}
    if tag.range is not None:
        facts["range"] = [tag.range.low, tag.range.high]
    if tag.normal is not None:
        facts["normal"] = [tag.normal.low, tag.normal.high]
    if tag.command is not None and tag.command.limits is not None:
        facts["command_limits"] = [tag.command.limits.low, tag.command.limits.high]
    if tag.deadband:
        facts["deadband"] = tag.deadband
    if not facts:
        return WhyHop("range", "plain", tr("No range and no limits are defined."))
    text, state = tr("No range is defined."), "plain"
    if tag.range is not None:
        text, state = _against(tag, value, known.source.live)
    if tag.deadband:
        text += " " + _held_back(tag)
    return WhyHop("range", state, text, facts=facts)


def _held_back(tag: TagDef) -> str:
    size = f"{number(tag.deadband)} {tag.unit}".rstrip()
    if has_deadband(tag):
        return tr("Changes of up to {size} since the last value that was taken are held back.", size=size)
    return tr("The deadband of {size} has no effect: the tag is written, or it is no number.", size=size)


def _against(tag: TagDef, value: DataValue, live: bool) -> tuple[str, str]:
    assert tag.range is not None
    low, high = number(tag.range.low), number(tag.range.high)
    at = value.value
    if value.is_bad or not isinstance(at, int | float):
        return tr("There is no number to hold against the range."), "unknown"
    where = tr("within") if tag.range.contains(at) else tr("below") if at < tag.range.low else tr("above")
    subject = number(at) if live else tr("The last value, {value},", value=number(at))
    text = tr("{value} is {where} the range {low} … {high} {unit}", value=subject, where=where, low=low,
              high=high, unit=tag.unit).rstrip() + "."  # fmt: skip
    return text, "good" if tag.range.contains(at) else "uncertain"


def _expression(known: Known) -> WhyHop:
    value = known.value
    tree = tree_of(known.plant, known.tag, known.values)
    count = len(set(_tags_in(tree)))
    text = tr("Calculated from {n} tags.", n=count) if count != 1 else tr("Calculated from one tag.")
    state = state_of(value.status)
    if state == "good" and not known.source.live:
        state, text = "uncertain", text + " " + tr("One of its sources gives no sign of life.")
    return WhyHop("expression", state, text, plain(value.value), value.status, value.source_time,
                  {"expression": known.tag.expression}, tree=tree)  # fmt: skip


def _tags_in(part: WhyPart) -> list[str]:
    """Tags that the expression itself reads, not those that they are calculated from."""
    return [part.tag] if part.tag else [tag for one in part.parts for tag in _tags_in(one)]


def _age(known: Known) -> WhyHop:
    source, tag = known.source, known.tag
    scan = known.plant.scan_classes.get(tag.scan)
    facts: dict[str, Any] = {}
    if source.group:
        facts = {"group": source.group, "age_ms": source.age_ms, "limit_ms": source.limit_ms}
    if tag.connection:
        facts |= {"scan": tag.scan, "period_ms": scan.period_ms if scan else 1_000}
    if source.resting:
        facts["resting"] = True
    if not source.group:
        return WhyHop("age", "unknown", tr("No source has given a sign of life yet."), facts=facts)
    age, limit = f"{source.age_ms / 1000:.1f}", number(source.limit_ms / 1000)
    if source.live:
        text = tr("Its source gave a sign of life {age} s ago; {limit} s are allowed.", age=age, limit=limit)
    else:
        text = tr(
            "Its source has given no sign of life for {age} s; {limit} s are allowed.", age=age, limit=limit
        )
    if source.resting:
        text += " " + tr("Nobody looked at it until now, so it is read rarely.")
    return WhyHop("age", "good" if source.live else "uncertain", text, facts=facts)


def _alarms(known: Known) -> WhyHop:
    wanted = {row.alarm_id for row in known.alarms}
    defined = {alarm.id: alarm for alarm in known.plant.alarms if alarm.id in wanted}
    rows: list[dict[str, Any]] = [_alarm(row, defined.get(row.alarm_id)) for row in known.alarms]
    standing = [row for row in known.alarms if row.state.value != "NORM"]
    if not rows:
        text = tr("No alarm reads this tag.")
    elif len(rows) == 1:
        text = tr("Its alarm stands.") if standing else tr("Its alarm does not stand.")
    elif standing:
        text = tr("{n} of {all} alarms stand.", n=len(standing), all=len(rows))
    else:
        text = tr("None of {all} alarms stands.", all=len(rows))
    if known.events is None:
        text += " " + tr("The journal does not answer, so what happened last is not known.")
    facts: dict[str, Any] = {"events_known": known.events is not None}
    for event in (known.events or ())[:EVENTS]:
        rows.append(_event(event))
    return WhyHop("alarms", "uncertain" if standing else "plain", text, facts=facts, rows=rows)


def _alarm(row: AlarmRow, definition: AlarmDef | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "what": "alarm", "name": row.name, "state": row.state.value, "priority": int(row.priority),
        "limit": row.limit, "unit": row.unit, "time": row.alarm_time, "message": row.message,
        "unknown": row.state_unknown, "reason": row.suppressed_reason,
    }  # fmt: skip
    if definition is not None:
        found |= {
            "kind": definition.kind, "deadband": definition.deadband, "on_delay_s": definition.on_delay_s,
            "off_delay_s": definition.off_delay_s, "expression": definition.expression,
        }  # fmt: skip
    return {name: value for name, value in found.items() if value not in (None, "", False)}


def _event(record: JournalRecord) -> dict[str, Any]:
    payload = record.payload
    return {
        "what": "event", "event": record.event, "name": payload.get("name", ""), "time": record.event_time,
        "after": payload.get("after", ""), "value": payload.get("value"), "actor": record.actor,
    }  # fmt: skip


def _history(known: Known) -> WhyHop:
    if not known.tag.history:
        return WhyHop("history", "plain", tr("This tag is not recorded."))
    if known.last is None:
        return WhyHop("history", "unknown", tr("It is recorded, but there is no sample yet."))
    at = time_words(known.last.source_time, known.plant.zone, known.now_ns)
    settings = known.tag.record
    off = (settings.comp_dev if settings.compression else 0.0) + settings.exc_dev
    if off:
        size = f"{number(off)} {known.tag.unit}".rstrip()
        text = tr("It is recorded to within {size}; the last sample is of {time}.", size=size, time=at)
    else:
        text = tr("Each change is recorded; the last sample is of {time}.", time=at)
    last = known.last
    state = state_of(last.status)
    return WhyHop("history", state, text, plain(last.value), last.status, last.source_time)


def _used_by(known: Known) -> WhyHop:
    if known.uses is None:
        return WhyHop("used_by", ASKING, tr("Looking through the plant …"))
    if not known.uses:
        return WhyHop("used_by", "plain", tr("Nothing else in the plant uses it."))
    text = tr("Used in {n} places.", n=len(known.uses)) if len(known.uses) > 1 else tr("Used in one place.")
    return WhyHop("used_by", "plain", text, rows=[dict(use) for use in known.uses])


def _waiting(known: Known, kind: str, without: str, facts: dict[str, Any] | None = None) -> WhyHop:
    """A step that needs the answer of the device."""
    if known.asking:
        return WhyHop(kind, ASKING, tr("Waits for the answer of the device …"), facts=facts or {})
    return WhyHop(kind, "unknown", without, facts=facts or {})


def _shown(value: Any) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def _sentence(text: str) -> str:
    """Begins large and ends with a full stop."""
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '…', '!')) else '.'}"
