"""The history of two runtimes in one station: each answers for its own tags, in the order that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from test_client_federation import FLOW, LEVEL, Two, two

from hmi.client.history import TrendQuery
from hmi.core.clock import NS_PER_S
from hmi.core.errors import AccessRefused, CommunicationError
from hmi.core.history import ReadAtTime, ReadProcessed
from hmi.core.values import DataValue
from hmi.testing.client import START_NS
from hmi.testing.history import make_samples

pytestmark = pytest.mark.asyncio
BEGIN = START_NS - 100 * NS_PER_S
SOUTH = f"south::{LEVEL}"


def record(case: Two) -> None:
    times = BEGIN + np.arange(50, dtype=np.int64) * NS_PER_S
    case.home.columns[FLOW] = make_samples(times, np.full(50, 1.0))
    case.south.columns[LEVEL] = make_samples(times, np.full(50, 7.0))


async def test_pens_and_figures_come_in_the_order_asked_for_under_their_references() -> None:
    async with two() as case:
        await case.met()
        record(case)
        wanted = [SOUTH, FLOW, f"south::t_{LEVEL}"]
        answer = await case.federation.read_trend(TrendQuery(wanted, BEGIN, BEGIN + 50 * NS_PER_S, 200))
        assert [one.tag_id for one in answer.series] == [
            f"south::t_{LEVEL}",
            f"t_{FLOW}",
            f"south::t_{LEVEL}",
        ]
        assert [np.frombuffer(one.first, "<f8")[0] for one in answer.series] == [7.0, 1.0, 7.0]
        found = await case.federation.range_figures(wanted, BEGIN, BEGIN + 50 * NS_PER_S)
        assert [(one.tag_id, one.average) for one in found] == [
            (f"south::t_{LEVEL}", 7.0), (f"t_{FLOW}", 1.0), (f"south::t_{LEVEL}", 7.0),
        ]  # fmt: skip


async def test_a_runtime_that_does_not_answer_costs_its_own_pens_alone() -> None:
    async with two() as case:
        await case.met()
        record(case)
        case.south.silent = True
        answer = await case.federation.read_trend(
            TrendQuery([SOUTH, FLOW], BEGIN, BEGIN + 50 * NS_PER_S, 200)
        )
        assert [bool(one.problem) for one in answer.series] == [True, False]
        assert answer.series[0].tag_id == SOUTH
        found = await case.federation.range_figures([SOUTH, f"t_{FLOW}"], BEGIN, BEGIN + 50 * NS_PER_S)
        assert [(one.tag_id, one.average) for one in found] == [(f"t_{FLOW}", 1.0)]
        case.south.silent, case.home.silent = False, True
        with pytest.raises(CommunicationError):
            await case.federation.range_figures([SOUTH, f"t_{FLOW}"], BEGIN, BEGIN + 50 * NS_PER_S)


async def test_values_aggregates_and_edits_reach_their_own_runtime() -> None:
    async with two() as case:
        await case.met()
        record(case)
        page = await case.federation.read_at_time(ReadAtTime(SOUTH, (BEGIN,)))
        assert (page.tag_id, page.samples[0].value) == (SOUTH, 7.0)
        count = ReadProcessed(SOUTH, BEGIN, BEGIN + 50 * NS_PER_S, 0, "Count")
        assert (await case.federation.read_processed(count)).samples[0].value == 50
        with pytest.raises(AccessRefused):
            await case.federation.delete_history(SOUTH, BEGIN, BEGIN + NS_PER_S, "test")
        case.south.roles.append("engineer")
        assert await case.federation.delete_history(SOUTH, BEGIN, BEGIN + NS_PER_S, "test") == 2
        assert await case.federation.edit_history(SOUTH, [DataValue(9.0, 0, BEGIN, BEGIN)], "test") == 1
        again = await case.federation.read_at_time(ReadAtTime(SOUTH, (BEGIN,)))
        assert again.samples[0].value == 9.0
        assert len(case.home.columns[FLOW]) == 50


async def test_remarks_are_joined_by_time_and_withdrawn_where_they_were_made() -> None:
    async with two() as case:
        await case.met()
        record(case)
        there = await case.federation.annotate(SOUTH, BEGIN + NS_PER_S, "south")
        here = await case.federation.annotate(FLOW, BEGIN, "home")
        assert there.id.startswith("south::")
        found = await case.federation.annotations([SOUTH, FLOW], BEGIN, BEGIN + 50 * NS_PER_S)
        assert [(one.text, one.tag_id) for one in found] == [
            ("home", f"t_{FLOW}"), ("south", f"south::t_{LEVEL}"),
        ]  # fmt: skip
        await case.federation.withdraw_annotation(there.id, "wrong")
        left = await case.federation.annotations([SOUTH, FLOW], BEGIN, BEGIN + 50 * NS_PER_S)
        assert [one.id for one in left] == [here.id]


async def test_an_unknown_aggregate_is_refused_in_a_sentence() -> None:
    async with two() as case:
        with pytest.raises(CommunicationError, match="there is no aggregate"):
            await case.federation.read_processed(ReadProcessed(FLOW, BEGIN, BEGIN + 1, 0, "Mode"))
