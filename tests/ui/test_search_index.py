"""What the search finds, in which order, and in pieces that never hold up the window."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("numpy")

from hypothesis import given
from hypothesis import strategies as st
from shell_plant import display

from hmi.client.port import InstanceInfo, PlantInfo
from hmi.testing.client import make_tag
from hmi.ui.search.index import MOST_HITS, Entry, Index, Search, built, finish, folded


def plant_of(pumps: int) -> PlantInfo:
    tags, instances = [], []
    for number in range(pumps):
        area, name = f"area{number // 1000}", f"area{number // 1000}/p{100 + number}a"
        instances.append(
            InstanceInfo(
                f"i{number}", name, "pump", f"Raw-water pump P-{100 + number}A", area, "", "", {}, {}
            )
        )
        for signal in ("speed", "running", "power", "fault", "hours"):
            tags.append(make_tag(f"{name}.{signal}", area=area, description=f"Pump {100 + number} {signal}"))
    tags.append(
        make_tag("clearwell/at402.pv", area="clearwell", description="Chlorine residual", unit="mg/L",
                 alarms=[{"id": "a_1", "name": "Chlorine low", "kind": "low", "priority": 2,
                          "message": "Chlorine residual low"}])
    )  # fmt: skip
    tags.append(make_tag("south::clearwell/at402.pv", area="south::Clearwell", description="south: Residual"))
    displays = [
        display("overview", level=1),
        display("filtration", "filtration"),
        display("intake", "intake"),
    ]
    areas = [{"path": "clearwell", "title": "Clear-well and disinfection"}]
    return PlantInfo("p", "n", "N", "r1", "UTC", "plant", "overview", areas, tags, instances, displays)


@pytest.fixture(scope="module")
def index() -> Index:
    return finish(built(plant_of(300)))


@pytest.fixture(scope="module")
def large() -> Index:
    """100,000 tags and 20,000 pieces of equipment."""
    return finish(built(plant_of(20_000)))


def found(index: Index, query: str) -> list[Entry]:
    search = Search(index, query)
    search.step(lambda: False)
    return [index[at] for at in search.hits]


def first(index: Index, query: str) -> tuple[str, str]:
    best = found(index, query)[0]
    return best.kind, best.target


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("p123a", ("equipment", "area0/p123a")),
        ("P-123A", ("equipment", "area0/p123a")),
        ("p123a.speed", ("tag", "area0/p123a.speed")),
        ("speed p123", ("tag", "area0/p123a.speed")),
        ("area0/p123a.fault", ("tag", "area0/p123a.fault")),
        ("AT-402", ("tag", "clearwell/at402.pv")),
        ("south::clearwell", ("tag", "south::clearwell/at402.pv")),
        ("filtration", ("display", "filtration")),
        ("filtr", ("display", "filtration")),
        ("chlorine low", ("alarm", "clearwell/at402.pv")),
        ("disinfection at402", ("tag", "clearwell/at402.pv")),
    ],
)
def test_the_best_hit_is_what_was_meant(index: Index, query: str, wanted: tuple[str, str]) -> None:
    assert first(index, query) == wanted


@pytest.mark.parametrize("query", ["chlrine residual", "chlroine", "chlorime residual", "clrn rsdl"])
def test_a_missing_swapped_or_wrong_letter_still_finds_it(index: Index, query: str) -> None:
    assert ("tag", "clearwell/at402.pv") in {(e.kind, e.target) for e in found(index, query)}


def test_displays_come_first_then_equipment_then_tags(index: Index) -> None:
    kinds = [entry.kind for entry in found(index, "p1")]
    assert kinds.index("equipment") < kinds.index("tag")
    assert kinds[: kinds.index("tag")] == ["equipment"] * kinds.index("tag")


def test_nothing_typed_shows_the_displays_and_nonsense_shows_nothing(index: Index) -> None:
    assert [entry.target for entry in found(index, "  ")] == ["overview", "filtration", "intake"]
    assert found(index, "qqqqzzzzz") == []


def test_no_entry_is_found_twice_and_at_most_so_many(index: Index) -> None:
    for query in ("p", "pump", "a", "speed"):
        search = Search(index, query)
        search.step(lambda: False)
        assert len(search.hits) == len(set(search.hits)) <= MOST_HITS


@given(st.text(max_size=40))
def test_whatever_is_typed_the_search_ends(query: str) -> None:
    small = finish(built(plant_of(3)))
    search = Search(small, query)
    assert search.step(lambda: False)
    assert folded(folded(query)) == folded(query)


@pytest.mark.parametrize("query", ["p15000a.speed", "qqqq", "pump 15000 hours", "pmp 15000", "e"])
def test_a_look_through_100_000_tags_is_made_of_many_short_pieces(large: Index, query: str) -> None:
    """The longest piece is a small part of the whole; the panel stops after each and goes on later."""
    assert len(large) > 100_000
    search, pieces = Search(large, query), []
    while not search.done:
        begun = time.thread_time_ns()
        search.step(lambda: True)
        pieces.append(time.thread_time_ns() - begun)
    assert len(pieces) > 20
    assert sorted(pieces)[-2] < sum(pieces) / 8


def test_the_index_too_is_built_in_short_pieces() -> None:
    steps, pieces = built(plant_of(4000)), []
    begun = time.thread_time_ns()
    for _ in steps:
        pieces.append(time.thread_time_ns() - begun)
        begun = time.thread_time_ns()
    assert len(pieces) > 50
    assert sorted(pieces)[-2] < sum(pieces) / 8
