"""The language of queries, and what it chooses of a plant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hmi.core.errors import ConfigurationError
from hmi.core.query import KEYS, Facts, query
from hmi.project.plant import Area, CommandRule, ComponentType, Instance, Plant
from hmi.project.query import instances_of, tags_of
from hmi.testing.plant import make_plant, make_tag


@pytest.fixture
def plant() -> Plant:
    tags = [
        make_tag("site/north/p1.speed", instance="site/north/p1", signal="speed", unit="%", area="site/north",
                 history=True, connection="plc9", command=CommandRule(), description="Pump 1 speed"),
        make_tag("site/north/p1.flow", instance="site/north/p1", signal="flow", unit="m³/h", area="site/north"),
        make_tag("site/south/d1.flow", instance="site/south/d1", signal="flow", unit="m³/h", area="site/south"),
        make_tag("site/south/level", unit="m", area="site/south", manual=True, description="Level of the tank"),
        make_tag("site/sum", unit="m³/h", area="site", expression="'site/north/p1.flow' * 2"),
    ]  # fmt: skip
    by_name = {tag.name: tag for tag in tags}
    return replace(
        make_plant(tags),
        areas=(Area("site", "Site"), Area("site/north", "N", "site"), Area("site/south", "S", "site")),
        types={
            "pump": ComponentType("pump", "Pump", "", "", ("speed", "flow")),
            "dosing_pump": ComponentType("dosing_pump", "Doser", "", "", ("flow",), extends="pump"),
        },
        instances={
            "site/north/p1": Instance("i_p1", "site/north/p1", "pump", "Pump 1", "site/north",
                                      {s: by_name[f"site/north/p1.{s}"].id for s in ("speed", "flow")}),
            "site/south/d1": Instance("i_d1", "site/south/d1", "dosing_pump", "Doser 1", "site/south",
                                      {"flow": by_name["site/south/d1.flow"].id}),
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("type:pump", ["north/p1.speed", "north/p1.flow", "south/d1.flow"]),
        ("type:dosing_pump", ["south/d1.flow"]),
        ("type:pump signal:flow", ["north/p1.flow", "south/d1.flow"]),
        ("type:pump area:site/north signal:flow", ["north/p1.flow"]),
        ("type:pump -area:site/north", ["south/d1.flow"]),
        ("area:site/south", ["south/d1.flow", "south/level"]),
        ("area:site", ["north/p1.speed", "north/p1.flow", "south/d1.flow", "south/level", "sum"]),
        ("match:*flow", ["north/p1.flow", "south/d1.flow"]),
        ("*.flow -type:dosing_pump", ["north/p1.flow"]),
        ("site/sum", ["sum"]),
        ("unit:m,%", ["north/p1.speed", "south/level"]),
        ("is:recorded", ["north/p1.speed"]),
        ("is:writable,entered", ["north/p1.speed", "south/level"]),
        ("is:calculated", ["sum"]),
        ('text:"of the TANK"', ["south/level"]),
        ("connection:plc9", ["north/p1.speed"]),
        ("scan:normal -type:pump", ["south/level", "sum"]),
        ("  type:pump   signal:speed ", ["north/p1.speed"]),
        ("type:valve", []),
    ],
)
def test_a_query_chooses_tags(plant: Plant, text: str, names: list[str]) -> None:
    assert [tag.name.removeprefix("site/") for tag in tags_of(plant, text)] == names


def test_queries_beside_each_other_are_alternatives(plant: Plant) -> None:
    assert [tag.name for tag in tags_of(plant, "site/sum", "unit:m")] == ["site/south/level", "site/sum"]
    assert len(tags_of(plant)) == 5


def test_a_query_chooses_instances_by_name(plant: Plant) -> None:
    assert [one.name for one in instances_of(plant, "type:pump")] == ["site/north/p1", "site/south/d1"]
    assert [one.name for one in instances_of(plant, "type:pump text:doser")] == ["site/south/d1"]
    assert instances_of(plant, "signal:flow") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the query is empty"),
        ("   ", "the query is empty"),
        ("typ:pump", "a query has no typ:"),
        ("type:", "'type:' is no word"),
        ('text:"open', "stops at"),
        ("type:,", "type: has no value"),
        ("is:red", "is:red is not known"),
        ("x" * 501, "longer than 500"),
        ('a"b', "stops at"),
    ],
)
def test_what_is_no_query_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        query(text)
    assert caught.value.do


@given(st.text(max_size=80))
def test_any_text_is_a_query_or_one_error(text: str) -> None:
    told = None
    try:
        asked = query(text)
    except ConfigurationError as error:
        told = error
    else:
        assert isinstance(asked.takes(Facts("a/b.c")), bool)
    assert told is None or bool(told.what and told.do)


@given(st.sampled_from(["type:pump", "signal:flow", "*x*", "area:a", "unit:m"]), st.booleans())
def test_a_minus_turns_a_word_round(word: str, is_pump: bool) -> None:
    facts = Facts("a/x.flow", ("pump",) if is_pump else (), ("a",), "flow", "m")
    assert query(f"-{word}").takes(facts) is not query(word).takes(facts)


def test_every_key_is_told_by_what_it_chooses() -> None:
    assert all(KEYS.values())
