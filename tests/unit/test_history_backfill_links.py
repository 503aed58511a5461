"""Backfill from devices that lie, are slow or go away: bounded, and never a gap closed without a proof."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hmi.acquisition.port import PastKept, PastPage, PastRequest
from hmi.core import quality
from hmi.core.clock import NS_PER_S, SystemClock
from hmi.core.errors import CommunicationError
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, EURange, bad
from hmi.historian import History, Opened
from hmi.historian.coverage import Gap, GapReason, gaps_of
from hmi.historian.samples import joined
from hmi.project.plant import ConnectionDef, Plant, Scaling
from hmi.runtime import _backfill
from hmi.runtime._backfill import Backfill
from hmi.runtime._backfill_places import Places
from hmi.stores.sqlite import open_archive
from hmi.testing.plant import make_plant, make_tag

pytestmark = pytest.mark.asyncio
TAG = "t_a/x.pv"
TENFOLD = Scaling(EURange(0, 1000), EURange(0, 100))
NOW = SystemClock().now_ns()
BEGIN = NOW - 1_000 * NS_PER_S
LOST, BACK = BEGIN + 100 * NS_PER_S, BEGIN + 200 * NS_PER_S
PLANT = make_plant(
    [make_tag("a/x.pv", connection="opc", history=True)],
    connections={
        "opc": ConnectionDef("opc", "opcua", ("opc.tcp://127.0.0.1:1",), {"backfill_rate": 100_000})
    },
)


def value(at: int, number: float = 1.0, status: int = 0) -> DataValue:
    return DataValue(number, status, at, at)


def past(first: int, last: int) -> tuple[DataValue, ...]:
    """One value each second, in seconds after the loss."""
    return tuple(value(LOST + second * NS_PER_S + 1, float(second)) for second in range(first, last))


class FakeLink:
    """Answers with what ``answer`` makes of the number of the request; ``released`` are points given back."""

    def __init__(self, answer: Callable[[int, PastRequest], PastPage], kept: PastKept) -> None:
        self._answer, self._kept = answer, kept
        self.asked: list[PastRequest] = []
        self.released: list[bytes] = []

    async def keeps_past(self, handles: Sequence[int]) -> PastKept:
        return self._kept

    async def past(self, request: PastRequest) -> PastPage:
        if not request.limit:
            self.released.append(request.continuation)
            return PastPage()
        self.asked.append(request)
        return self._answer(len(self.asked) - 1, request)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Ten values, a lost link, ten values."""
    found = History(PLANT, run_id="run", opener=lambda run: Opened(open_archive(tmp_path)))
    found.start()
    while found.archive is None:
        time.sleep(0.01)
    known = [value(BEGIN + second * NS_PER_S) for second in range(0, 100, 10)]
    later = [value(BACK + second * NS_PER_S) for second in range(0, 100, 10)]
    rows = [*known, bad(quality.BAD_NO_COMMUNICATION, LOST), *later]
    found.append([(0, row) for row in rows], now=NOW)
    found.sync()
    yield found
    found.close()


def gaps_in(history: History) -> tuple[Gap, ...]:
    end = BACK + 90 * NS_PER_S
    return gaps_of(
        history.before(TAG, BEGIN + 1), history.samples(TAG, BEGIN + 1, end), BEGIN + 1, end, ()
    ).gaps


def values_in(history: History) -> list[float]:
    found = joined(history.samples(TAG, LOST, BACK - 1))
    return found.take((found.flags & SampleFlag.MARK == 0) & (found.kinds != 0)).numbers().tolist()


async def fill(
    history: History,
    link: FakeLink,
    begun: Callable[[Backfill], None] = lambda _: None,
    *,
    places: Places | None = None,
    plant: Callable[[], Plant] = lambda: PLANT,
) -> list[Any]:
    """What is noted; ``begun`` is told of the backfill before it works."""
    notes: list[Any] = []

    async def note(event: str, payload: Mapping[str, Any]) -> None:
        notes.append(payload)

    backfill = Backfill(
        history, SystemClock(), plant=plant, link=lambda _: link, latest=lambda _: value(NOW),
        scaled=lambda _, raw: raw, note=note, places=places,
    )  # fmt: skip
    begun(backfill)
    backfill.up("opc")
    task = asyncio.create_task(backfill.run())
    async with asyncio.timeout(20):
        while not backfill.is_idle:
            await asyncio.sleep(0.01)
    task.cancel()
    return notes


RUNS = PastKept({0: True}, BEGIN - NS_PER_S)


def ends_of(gap: Gap) -> tuple[int, int]:
    return gap.start, gap.end


def first_gap(history: History) -> Gap:
    return gaps_in(history)[0]


async def test_pages_with_continuation_fill_the_hole_and_close_it(history: History) -> None:
    def answer(place: int, request: PastRequest) -> PastPage:
        assert request.continuation == (b"next" if place else b"")
        return PastPage(past(10 * place, 10 * place + 10), b"next" if place < 4 else b"")

    before = first_gap(history)
    assert (before.end, before.reason) == (BACK, GapReason.LINK)
    link = FakeLink(answer, RUNS)
    (note,) = await fill(history, link)
    assert values_in(history) == list(map(float, range(50)))
    assert gaps_in(history) == ()
    assert (note["samples"], note["closed"], note["holes"], note["left"]) == (50, 1, 1, [])
    assert link.released == []


async def test_an_endless_continuation_is_left_and_given_back(history: History) -> None:
    link = FakeLink(lambda place, request: PastPage(past(0, 1), b"again"), RUNS)
    (note,) = await fill(history, link)
    assert len(link.asked) <= 1 + _backfill.MOST_IDLE
    assert link.released == [b"again"]
    assert "repeats itself" in note["left"][0]
    assert note["closed"] == 0
    assert gaps_in(history)[-1].end == BACK


async def test_more_samples_than_any_hole_can_have_are_left(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_backfill, "MOST_SAMPLES", 25)
    link = FakeLink(lambda place, request: PastPage(past(10 * place, 10 * place + 10), b"more"), RUNS)
    (note,) = await fill(history, link)
    assert note["samples"] == 30
    assert "more than 25 samples" in note["left"][0]
    assert ends_of(gaps_in(history)[-1]) == (past(29, 30)[0].source_time + 1, BACK)


async def test_values_out_of_order_or_out_of_range_close_nothing(history: History) -> None:
    outside = (value(LOST - 50 * NS_PER_S), value(BACK + 1))
    pages = [PastPage((*past(20, 30), *outside), b"more"), PastPage(past(0, 10), b"more")]
    link = FakeLink(lambda place, request: pages[min(place, 1)], RUNS)
    (note,) = await fill(history, link)
    assert "out of order" in note["left"][0]
    assert values_in(history) == list(map(float, range(20, 30)))
    assert gaps_in(history)[-1].end == BACK


async def test_a_refusal_leaves_the_gap_as_it_is(history: History) -> None:
    before = gaps_in(history)
    link = FakeLink(lambda place, request: PastPage(fault="bad history operation unsupported"), RUNS)
    assert await fill(history, link) == []
    assert gaps_in(history) == before
    assert len(link.asked) == 1


async def test_a_link_that_is_lost_in_the_middle_leaves_the_rest_open_and_goes_on_later(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_backfill, "AT_ONCE", 10)

    def broken(place: int, request: PastRequest) -> PastPage:
        if place == 3:
            raise CommunicationError("the link is gone")
        return PastPage(past(10 * place, 10 * place + 10), b"more")

    await fill(history, FakeLink(broken, RUNS))
    assert values_in(history) == list(map(float, range(30)))
    assert ends_of(gaps_in(history)[-1]) == (past(29, 30)[0].source_time + 1, BACK)

    def whole(place: int, request: PastRequest) -> PastPage:
        return PastPage(tuple(one for one in past(0, 90) if request.start <= one.source_time <= request.end))

    await fill(history, FakeLink(whole, RUNS))
    assert values_in(history) == list(map(float, range(90)))
    assert gaps_in(history) == ()


async def test_a_quiet_hole_of_a_device_that_ran_is_closed_without_a_sample(history: History) -> None:
    (note,) = await fill(history, FakeLink(lambda place, request: PastPage(), RUNS))
    assert gaps_in(history) == ()
    assert (note["samples"], note["closed"]) == (0, 1)


@pytest.mark.parametrize("kept", [PastKept({0: False}, BEGIN), PastKept({0: True}, 0)])
async def test_without_a_proof_of_the_device_the_gap_stays(history: History, kept: PastKept) -> None:
    (note,) = await fill(history, FakeLink(lambda place, request: PastPage(past(20, 40)), kept))
    assert note["closed"] == 0
    assert note["left"]
    assert gaps_in(history)[-1].end == BACK
    assert values_in(history) == list(map(float, range(20, 40)))


async def test_a_device_that_was_started_within_the_hole_leaves_the_time_it_was_off(history: History) -> None:
    began = LOST + 50 * NS_PER_S
    answer = PastPage((*past(0, 30), *past(50, 60)))
    (note,) = await fill(history, FakeLink(lambda place, request: answer, PastKept({0: True}, began)))
    (gap,) = gaps_in(history)
    assert (gap.start, gap.end) == (past(29, 30)[0].source_time + 1, past(50, 51)[0].source_time)
    assert note["closed"] == 0


async def test_nothing_is_asked_of_a_device_without_a_past(history: History) -> None:
    link = FakeLink(lambda place, request: PastPage(), PastKept())
    assert await fill(history, link) == []
    assert link.asked == []


async def test_a_link_that_goes_on_with_other_points_is_asked_for_those_of_before_no_longer(
    history: History,
) -> None:
    """The node behind a tag may be another one by the next page; the hole is then filled from the beginning."""
    made: list[Backfill] = []

    def answer(place: int, request: PastRequest) -> PastPage:
        if place == 1:
            made[0].renewed("opc")
        if place < 2:
            return PastPage(past(10 * place, 10 * place + 10), b"next")
        return PastPage(tuple(one for one in past(0, 40) if request.start <= one.source_time <= request.end))

    link = FakeLink(answer, RUNS)
    first, second = await fill(history, link, made.append)
    assert [request.continuation for request in link.asked[:3]] == [b"", b"next", b""]
    assert "got other points" in first["left"][0]
    assert (first["closed"], second["left"]) == (0, [])
    assert values_in(history) == list(map(float, range(40)))
    assert gaps_in(history) == ()


def moved(plant: Plant, **fields: Any) -> Plant:
    return make_plant(
        [replace(plant.tags[0], **fields)], connections=dict(plant.connections), revision="r2", previous=plant
    )


REFUSED = PastPage(fault="not now")


@pytest.mark.parametrize(
    "fields", [{"address": "ns=2;s=Other"}, {"scaling": TENFOLD}, {"description": "Level"}]
)
@pytest.mark.parametrize("is_started_again", [True, False])
async def test_what_another_place_tells_of_the_time_before_fills_no_hole(
    history: History, tmp_path: Path, fields: dict[str, Any], is_started_again: bool
) -> None:
    """The tag is read from another node since the hole, which was there already."""
    file, edited = tmp_path / "places.json", moved(PLANT, **fields)
    others = FakeLink(lambda place, request: PastPage(past(0, 30)), RUNS)
    if is_started_again:
        await fill(history, FakeLink(lambda place, request: REFUSED, RUNS), places=Places(file))
        await fill(history, others, places=Places(file), plant=lambda: edited)
    else:
        plants, made = [PLANT], list[Backfill]()

        def refuse_and_move(place: int, request: PastRequest) -> PastPage:
            if place:
                return PastPage(past(0, 30))
            plants[0] = edited
            made[0].renewed("opc")
            return REFUSED

        link = FakeLink(refuse_and_move, RUNS)
        await fill(history, link, made.append, places=Places(file), plant=lambda: plants[0])
    assert len(values_in(history)) == (30 if "description" in fields else 0)
    assert bool(gaps_in(history)) is ("description" not in fields)


async def test_a_hole_of_the_present_place_is_filled_and_a_damaged_file_fills_none(
    history: History, tmp_path: Path
) -> None:
    file = tmp_path / "places.json"
    file.write_bytes(b'{"half')
    link = FakeLink(lambda place, request: PastPage(past(0, 30)), RUNS)
    await fill(history, link, places=Places(file))
    assert (values_in(history), link.asked) == ([], [])
    since = Places(file).since(PLANT, PLANT.tags, NOW)[TAG]
    assert since > NOW - 3_600 * NS_PER_S
    file.unlink()
    await fill(history, link, places=Places(file))
    assert len(values_in(history)) == 30
