"""The search for the addresses of a device: few requests, all kinds of devices, an end at any time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError
from hmi.drivers.modbus._address import Table
from hmi.drivers.modbus._browse_options import BROWSE_OPTIONS, asked
from hmi.drivers.modbus._endpoint import parse_endpoint
from hmi.drivers.modbus._probe_link import Answer
from hmi.drivers.modbus._probe_ranges import Found, Part, RangeSearch

pytestmark = pytest.mark.asyncio
EVERYTHING = ((0, 65_536),)


@dataclass
class Memory:
    """A table that has some addresses; ``beginnings``: a read must begin and end where a value does."""

    has: Collection[int]
    limit: int = 125
    limit_code: int = 3
    beginnings: Collection[int] = ()
    missing_code: int = 2
    asked: list[Part] = field(default_factory=list)

    async def read(self, first: int, count: int) -> Answer:
        self.asked.append((first, first + count))
        if count > self.limit:
            return Answer(code=self.limit_code)
        if not all(place in self.has for place in range(first, first + count)):
            return Answer(code=self.missing_code) if self.missing_code else Answer(why="no answer")
        ends = {first, first + count} - {max(self.has) + 1}
        if self.beginnings and not ends <= set(self.beginnings):
            return Answer(code=2)
        return Answer(bytes(2 * count))

    async def search(
        self, parts: Collection[Part] = EVERYTHING, *, exact: bool = False, most: int = 3000, span: int = 125,
        is_bits: bool = False,
    ) -> Found:  # fmt: skip
        search = RangeSearch(
            self.read,
            list(parts),
            span,
            exact=exact,
            is_bits=is_bits,
            is_over=lambda: len(self.asked) >= most,
        )
        return await search.run()


def places(*parts: Part) -> set[int]:
    return {place for first, end in parts for place in range(first, end)}


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        ([(0, 100)], 420),
        ([(0, 1000)], 400),
        ([(100, 160), (200, 240)], 480),
        ([(3000, 3100), (3110, 3120), (3204, 3250)], 480),
        ([(40_000, 40_180)], 420),
        ([(0, 65_536)], 540),
        ([(0, 2)], 450),
        ([], 350),
    ],
)
async def test_ranges_are_found_to_the_last_address_with_few_requests(parts: list[Part], most: int) -> None:
    memory = Memory(places(*parts))
    found = await memory.search()
    assert found.ranges == parts
    assert found.complete
    assert len(memory.asked) <= most


async def test_holes_are_crossed() -> None:
    holes = {13, 57, 58, 59, 120, 200, 333}
    memory = Memory(places((0, 400)) - holes)
    found = await memory.search()
    missed = set(memory.has) - places(*found.ranges)
    assert len(missed) <= 8
    assert not places(*found.ranges) & holes


@pytest.mark.parametrize("code", [2, 3, 4])
async def test_a_device_with_short_reads_shows_all_it_has(code: int) -> None:
    memory = Memory(places((0, 300)), limit=32, limit_code=code)
    found = await memory.search()
    assert found.ranges == [(0, 300)]
    assert found.limit == 32


async def test_a_device_that_gives_whole_values_only() -> None:
    memory = Memory(places((100, 160)), beginnings=set(range(100, 160, 2)))
    found = await memory.search()
    assert found.ranges == [(100, 160)]


async def test_a_device_that_is_silent_where_it_has_nothing() -> None:
    memory = Memory(places((0, 50)), missing_code=0)
    found = await memory.search([(0, 200)], exact=True)
    assert found.ranges == [(0, 50)]
    assert found.silent > 0


async def test_a_table_that_is_not_there_costs_one_request() -> None:
    memory = Memory(set(), missing_code=1)
    found = await memory.search()
    assert found.is_absent
    assert len(memory.asked) == 1


async def test_few_named_addresses_are_tried_one_by_one() -> None:
    memory = Memory({907, 923, 924, 1011})
    found = await memory.search([(900, 1100)], exact=True)
    assert places(*found.ranges) == memory.has


async def test_time_that_is_over_leaves_what_was_found() -> None:
    memory = Memory(places((0, 300)))
    found = await memory.search(most=4)
    assert found.ranges == [(0, 250)]
    assert not found.complete
    assert len(memory.asked) <= 5


@settings(max_examples=60, deadline=None)
@example(parts=[(0, 1), (6, 1), (8, 2)], bounds=(0, 50))  # 6 is passed over on the way to 8
@given(
    parts=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60)), max_size=6),
    bounds=st.tuples(st.integers(0, 500), st.integers(50, 500)),
)
async def test_nothing_outside_the_named_part_is_asked_and_nothing_is_made_up(
    parts: list[tuple[int, int]], bounds: tuple[int, int]
) -> None:
    memory = Memory(places(*((first, first + size) for first, size in parts)))
    first, end = bounds[0], bounds[0] + bounds[1]
    found = await memory.search([(first, end)], exact=True)
    assert all(first <= start and stop <= end for start, stop in memory.asked)
    assert places(*found.ranges) == set(memory.has) & places((first, end))
    assert len(memory.asked) < 3 * (end - first) + 100


# --- options -------------------------------------------------------------------------------------------------


async def test_units_of_a_network_and_of_a_serial_line() -> None:
    assert asked({}, {}, parse_endpoint("tcp://h")).units == (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    assert asked({}, {"unit": 17}, parse_endpoint("serial:///dev/ttyS0")).units == (17,)
    assert asked({"units": "1-3,17"}, {}, parse_endpoint("serial:///dev/ttyS0")).units == (1, 2, 3, 17)
    assert asked({"units": [4, "6-7"]}, {}, parse_endpoint("tcp://h")).units == (4, 6, 7)


async def test_ranges_keep_off_what_the_settings_forbid() -> None:
    found = asked({"ranges": "HR1-HR100,2.HR500"}, {"forbidden": ["HR11-HR20"]}, parse_endpoint("tcp://h"))
    assert found.tables == (Table.HOLDING_REGISTERS,)
    assert found.parts(1, Table.HOLDING_REGISTERS) == [(0, 10), (20, 100)]
    assert found.parts(2, Table.HOLDING_REGISTERS) == [(0, 10), (20, 100), (499, 500)]


@pytest.mark.parametrize(
    "given",
    [
        {"units": "0-300"},
        {"units": "5-2"},
        {"units": "a"},
        {"tables": "XR"},
        {"ranges": "HR10-IR20"},
        {"ranges": "pump"},
        {"rate": 51},
        {"rate": "fast"},
        {"seconds": -1},
        {"max_registers": 126},
        {"expect": "HR1"},
    ],
)
async def test_an_option_that_makes_no_sense_is_one_sentence(given: dict) -> None:
    with pytest.raises(ConfigurationError) as caught:
        asked(given, {}, parse_endpoint("tcp://h"))
    assert "\n" not in caught.value.sentence


async def test_every_option_has_a_default_that_is_taken() -> None:
    given = {setting.name: setting.default for setting in BROWSE_OPTIONS}
    assert asked(given, {}, parse_endpoint("tcp://h")) == asked({}, {}, parse_endpoint("tcp://h"))
