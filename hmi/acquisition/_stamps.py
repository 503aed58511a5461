"""Stamps what drivers hand on with session time.

Drivers know the wall clock alone, and the session clock of a simulated plant runs elsewhere (design 2b.4): history,
ages and alarms need one clock for all. In a real plant both are the same, and the driver's own stamp is kept because
it is nearer to the event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from hmi.acquisition.port import Batch, Trace
from hmi.core.clock import Clock, SessionClock
from hmi.core.conditions import ConditionItem, ConditionUpdate
from hmi.core.values import DataValue

WALL_FACTS = ("asked_at", "answered_at")
Values: TypeAlias = Sequence[tuple[int, DataValue]]


def in_session(batch: Batch, clock: Clock) -> Batch:
    """The batch as taken in now, by the session clock."""
    if not batch.updates or not isinstance(clock, SessionClock):
        return batch
    return Batch(batch.group, stamped(batch.updates, clock.now_ns()), batch.alive)


def values_in_session(values: Mapping[int, DataValue], clock: Clock) -> Mapping[int, DataValue]:
    """Values that were read now, by the session clock."""
    if not isinstance(clock, SessionClock):
        return values
    return dict(stamped(tuple(values.items()), clock.now_ns()))


def trace_in_session(trace: Trace, clock: Clock) -> Trace:
    """The value of a trace, and when it was asked and answered, by the session clock."""
    if not isinstance(clock, SessionClock):
        return trace
    facts = {name: clock.session_of(trace.device[name]) for name in WALL_FACTS if name in trace.device}
    value = _stamped(trace.value, clock.now_ns())
    return replace(trace, value=value, device={**trace.device, **facts})


def conditions_in_session(items: Sequence[ConditionItem], clock: Clock) -> Sequence[ConditionItem]:
    """Conditions as taken in now, by the session clock."""
    if not isinstance(clock, SessionClock):
        return items
    now_ns = clock.now_ns()
    return [_condition(item, now_ns) if isinstance(item, ConditionUpdate) else item for item in items]


def stamped(values: Values, now_ns: int) -> Values:
    """The same values, received at ``now_ns``."""
    return [(handle, _stamped(value, now_ns)) for handle, value in values]


def _stamped(value: DataValue, now_ns: int) -> DataValue:
    """A source time that equals the receive time was not given by the device (``DataValue``)."""
    is_given = value.source_time != value.receive_time
    return DataValue(value.value, value.status, value.source_time if is_given else now_ns, now_ns)


def _condition(item: ConditionUpdate, now_ns: int) -> ConditionUpdate:
    is_given = item.time != item.receive_time
    return replace(item, time=item.time if is_given else now_ns, receive_time=now_ns)
