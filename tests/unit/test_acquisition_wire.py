"""What crosses the pipe of a worker comes out as it went in, for every value a driver may give."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hmi.acquisition import _wire as wire
from hmi.acquisition.port import Batch, Group, LinkSettings, Point, Trace
from hmi.core.clock import monotonic_ns
from hmi.core.values import DataValue, ValueType

scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
    | st.none()
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8)
times = st.integers(0, 2**63 - 1)
data_values = st.builds(DataValue, values, st.integers(0, 2**32 - 1), times, times)


def through(message: dict[str, Any]) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        reader = asyncio.StreamReader()
        reader.feed_data(wire.frame(message))
        reader.feed_eof()
        return await wire.read_message(reader)

    return asyncio.run(read())


def kinds(value: Any) -> Any:
    return tuple(kinds(item) for item in value) if isinstance(value, tuple) else type(value)


@given(st.text(), st.lists(st.tuples(st.integers(0, 2**31), data_values), max_size=5), st.booleans())
def test_a_batch_keeps_values_types_status_and_times(
    group: str, updates: list[tuple[int, DataValue]], alive: bool
) -> None:
    found = wire.unpack_batch(through(wire.pack_batch(Batch(group, updates, alive))))
    assert found == Batch(group, updates, alive)
    assert [kinds(v.value) for _, v in found.updates] == [kinds(v.value) for _, v in updates]


@given(st.text(), st.text(), st.lists(st.builds(Group, st.text(), st.text(), times, st.just((1, 2)))))
def test_settings_and_groups_keep_their_texts(name: str, address: str, groups: list[Group]) -> None:
    point = Point(1, address, ValueType.UINT64, 250, True, {"order": "CDAB"})
    settings = LinkSettings(name, "x://1", {"timeout": 1.5, "units": [1, 2]}, (point,))
    assert wire.unpack_settings(through(wire.pack_settings(settings))) == settings
    assert wire.unpack_groups(through({"g": wire.pack_groups(groups)})["g"]) == tuple(groups)


def test_a_batch_that_lay_in_the_pipe_is_taken_but_proves_no_life() -> None:
    message = wire.pack_batch(Batch("g", [(0, DataValue(1, 0, 1, 1))], alive=True))
    message["sent"] = monotonic_ns() - 2 * wire.PIPE_DELAY_NS
    found = wire.unpack_batch(message)
    assert (found.alive, len(found.updates)) == (False, 1)


@given(data_values, st.dictionaries(st.text(), scalars, max_size=4))
def test_a_trace_crosses_the_pipe_as_it_is(value: DataValue, facts: dict[str, Any]) -> None:
    trace = Trace(value, facts, {"order": "CDAB"}, "unit 2 is silent")
    assert wire.unpack_trace(through(wire.pack_trace(trace))) == trace
