"""The nested limits of an entry: type, engineering range, operator range, state of the plant (standards 5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from hmi.commands._situation import Situation, is_known
from hmi.core.commands import Reason, Refusal
from hmi.core.principal import Role
from hmi.core.texts import tr
from hmi.core.values import EURange
from hmi.tags import OutOfTypeRange, to_raw


def limits(s: Situation) -> Iterator[Refusal]:
    """The tightest range decides and all are told; an entry outside is refused, never clamped."""
    value = s.command.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if s.tag.states and int(value) not in s.tag.states:
        text = tr("{value} is not a state of {name}", value=f"{value:g}", name=s.tag.name)
        yield Refusal(Reason.INVALID_POSITION, text, value)
        return
    ranges = list(_ranges(s))
    if any(not bounds.contains(value) for _, bounds in ranges):
        low, high = max(bounds.low for _, bounds in ranges), min(bounds.high for _, bounds in ranges)
        told = "; ".join(f"{name} {_span(bounds, s.tag.unit)}" for name, bounds in ranges)
        allowed = _span(EURange(low, high), s.tag.unit) if low <= high else tr("nothing is allowed now")
        text = tr("{value} is outside {allowed} ({ranges})", value=f"{value:g}", allowed=allowed, ranges=told)
        yield Refusal(Reason.LIMIT_EXCEEDED, text, value)


def _ranges(s: Situation) -> Iterator[tuple[str, EURange]]:
    if s.tag.range is not None:
        yield tr("engineering range"), s.tag.range
    tunes = s.rule.limits_tune is not None and s.may(Role.TUNE)
    own = s.rule.limits_tune if tunes else s.rule.limits
    if own is not None:
        yield (tr("range for tuning") if tunes else tr("operator range")), own
    for expression, state in s.conditions.limits_when:
        result = expression.evaluate(s.values, s.now_ns)
        if not is_known(result) or result.value:
            yield state.text or state.when, state.range


def _span(bounds: EURange, unit: str) -> str:
    return tr("{low} to {high} {unit}", low=f"{bounds.low:g}", high=f"{bounds.high:g}", unit=unit).rstrip()


def carried(s: Situation) -> Iterator[Refusal]:
    """The item can hold the value."""
    try:
        to_raw(s.tag, s.command.value)
    except OutOfTypeRange as error:
        yield Refusal(Reason.LIMIT_EXCEEDED, str(error), s.command.value)


def step_size(s: Situation) -> Iterator[Refusal]:
    """A larger step needs a second look: a confirmation, a selection with this value, or a reason in writing."""
    now, wanted, largest = s.values[s.tag.name].value, s.command.value, s.tag.largest_step
    if not largest or s.is_confirmed or s.command.reason.strip():
        return
    if not isinstance(now, int | float) or not isinstance(wanted, int | float):
        return
    step = abs(wanted - now)
    if step > largest * (1 + 1e-9):
        text = tr(
            "a step of {step} is larger than {largest} {unit}",
            step=f"{step:g}",
            largest=f"{largest:g}",
            unit=s.tag.unit,
        )
        yield Refusal(Reason.LIMIT_EXCEEDED, tr("{step}; confirm it", step=text.rstrip()), now)


def rate(s: Situation) -> Iterator[Refusal]:
    """A minimum pause between two writes of one item."""
    if s.since_last_write_ms < s.rule.min_interval_ms:
        text = tr("the last write is less than {pause} ms ago", pause=s.rule.min_interval_ms)
        yield Refusal(Reason.RATE_EXCEEDED, text)
