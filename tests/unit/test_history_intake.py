"""Whatever the fan-out tells comes back out of its row as it was, or as Bad where it cannot be stored."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.historian._intake import Counts, Told, arrived, fits, rows_from

AT = 1_700_000_000_000_000_000
CONTENTS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**65), 2**65),
    st.just(10**400),
    st.booleans(),
    st.text(max_size=5),
    st.none(),
)
VALUES = st.builds(
    DataValue,
    CONTENTS,
    st.sampled_from([0, 0, 0, 0x40900000, 0x80310000]),
    st.integers(AT, AT + 3),
    st.integers(AT, AT + 3),
)


def stored(value: DataValue) -> DataValue:
    """What is kept of a value."""
    if fits(value.value):
        return value
    status = value.status if value.status >= quality.BAD else quality.BAD_OUT_OF_RANGE
    return value._replace(value=None, status=status)


def typed(values: list[DataValue]) -> list[tuple[type, DataValue]]:
    return [(type(one.value), one) for one in values]


@given(st.lists(VALUES, min_size=1, max_size=30))
def test_rows_are_what_was_told(values: list[DataValue]) -> None:
    counts = Counts()
    rows = rows_from(np.arange(len(values), dtype=np.int32), values, 0, counts)
    assert typed(rows.samples().values()) == typed([stored(one) for one in values])
    assert counts.too_large == sum(not fits(one.value) for one in values)


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), VALUES), max_size=5), min_size=1, max_size=4))
def test_calls_come_in_their_order_without_tags_that_are_not_recorded(
    calls: list[list[tuple[int, DataValue]]],
) -> None:
    slot_of = np.array([3, -1, 0, 1, -1], np.int32)
    told = [Told(changes, AT + place, 0) for place, changes in enumerate(calls)]
    found = arrived(told, slot_of, 0, Counts())
    wanted = [
        (int(slot_of[handle]), AT + place, value.source_time)
        for place, changes in enumerate(calls)
        for handle, value in changes
        if slot_of[handle] >= 0
    ]
    if found is None:
        assert wanted == []
        return
    table = found.rows.table
    columns = (table["slot"].tolist(), found.now.tolist(), table["time"].tolist())
    assert list(zip(*columns, strict=True)) == wanted
