"""The past of the fake client: bounded, paged like the real one, the same each time."""

from __future__ import annotations

import asyncio

from hmi.client.port import Event, LiveUpdate, PlantInfo
from hmi.core.history import PAGE, ReadRaw
from hmi.core.values import DataValue
from hmi.testing.client import START_NS, FakeClient, make_tag
from hmi.testing.past import PAST_NS


class Deaf:
    """A listener that does nothing."""

    def on_live(self, update: LiveUpdate) -> None:
        return

    def on_event(self, event: Event) -> None:
        return

    def on_link(self, up: bool, text: str) -> None:
        return


def client() -> FakeClient:
    plant = PlantInfo("p", "small", "Small", "r1", "UTC", "plant", "", [], [make_tag("a/x")], [], [])
    return FakeClient(Deaf(), plant, {"a/x": DataValue(5.0, 0, START_NS, START_NS)})


def read(fake: FakeClient, start: int, end: int, limit: int = 0) -> tuple[list[int], int]:
    page = asyncio.run(fake.read_raw(ReadRaw("t_a/x", start, end, limit)))
    return [sample.source_time for sample in page.samples], page.continuation


def test_a_request_from_the_beginning_of_time_is_answered_in_pages() -> None:
    fake = client()
    times, following = read(fake, 0, 0)
    assert len(times) == PAGE
    assert START_NS - PAST_NS - 10**10 < times[0] < times[-1] < following
    pages = 1
    while following:
        more, following = read(fake, following, 0)
        assert more[0] > times[-1]
        times += more
        pages += 1
    assert pages == -(-len(times) // PAGE)
    assert len(set(times)) == len(times)


def test_a_limit_bounds_the_page_in_both_directions() -> None:
    fake = client()
    hour = 3_600 * 10**9
    times, following = read(fake, START_NS - hour, START_NS, 3)
    assert (len(times), following > times[-1]) == (3, True)
    back, following = read(fake, START_NS, START_NS - hour, 3)
    assert (back, len(back)) == (sorted(back, reverse=True), 3)
    assert 0 < following < back[-1]


def test_an_unknown_tag_has_no_past() -> None:
    page = asyncio.run(client().read_raw(ReadRaw("t_none", 0, 0)))
    assert (page.samples, page.continuation) == ((), 0)
