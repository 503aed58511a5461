"""Embedded displays and repeaters become a flat list of elements, once."""

from __future__ import annotations

from typing import Any

import pytest
from embedding_plant import CARD, load, opened, plant, sentences

from hmi.core import quality
from hmi.core.values import DataValue
from hmi.mimics import MOST_ELEMENTS, Embedding, Scene, display_weight

NOW = 1_795_000_000_000_000_000


def embed(identity: str = "e", display: str = "card", /, **more: Any) -> dict[str, Any]:
    return {"id": identity, "type": "embed", "display": display, **more}


def repeat(over: Any, **more: Any) -> dict[str, Any]:
    return {"id": "r", "type": "repeat", "display": "card", "parameter": "pump", "over": over, **more}


def test_an_embedded_display_stands_at_its_place_in_natural_size() -> None:
    display = opened(embed(x=100, y=30, w=5, h=5, parameters={"pump": "intake/p1"}))
    assert display.findings == ()
    assert [e.id for e in display.elements] == ["e/body", "e/flow", "e/pipe", "e/high"]
    body, flow, pipe, _ = display.elements
    assert (body.x, body.y, body.w, body.h) == (110.0, 50.0, 36.0, 36.0)
    assert flow.get("tag") == "intake/p1.flow"
    assert pipe.get("points") == [[100.0, 80.0], [110.0, 80.0]]
    assert CARD["elements"][2]["points"] == [[0, 50], [10, 50]], "the document is left alone"
    assert [e.id for e in display.own] == ["e"]


def test_arguments_pass_on_to_deeper_levels() -> None:
    row = {
        "name": "row",
        "parameters": {"one": {"type": "instance", "of": "dosing_pump"}, "word": {"type": "string"}},
        "elements": [embed("c", x=10, y=20, parameters={"pump": "$one", "title": "$word"})],
    }
    names = plant(displays={"row": row})
    display = opened(
        embed("o", "row", x=1, y=2, parameters={"one": "dosing/d1", "word": "$$Acid"}), names=names
    )
    assert display.findings == ()
    assert display.elements[0].id == "o/c/body"
    assert (display.elements[0].x, display.elements[0].y) == (21.0, 42.0)
    assert display.elements[0].get("label") == "$Acid"
    assert display.elements[1].get("tag") == "dosing/d1.flow"


def test_a_general_parameter_is_not_passed_to_a_narrower_one() -> None:
    row = {"parameters": {"one": {"type": "instance", "of": "drive"}}, "elements": []}
    names = plant(displays={"row": row})
    display = load(embed("c", parameters={"pump": "$one"}), names=names, parameters=row["parameters"])
    assert "is a drive and not always a pump" in sentences(display)[0]


def test_two_hundred_pumps_are_one_element() -> None:
    pumps = [f"intake/p{n:03}" for n in range(200)]
    names = plant(*pumps)
    display = opened(
        repeat({"type": "pump", "area": "intake"}, x=8, y=16, columns=10, gap=[4, 6]), names=names
    )
    assert display.findings == ()
    assert len(display.elements) == 200 * len(CARD["elements"])
    scene = Scene(display, names)
    assert len(scene.tags) == 200 * 3
    bodies = [(i, e) for i, e in enumerate(scene.elements) if e.type == "pump"]
    for number, (index, body) in enumerate(bodies):
        assert body.id == f"r/{pumps[number]}/body"
        assert scene.target(index) == pumps[number]
        assert (body.x, body.y) == (8 + 10 + number % 10 * 204, 16 + 20 + number // 10 * 106)
    changed = scene.apply({"intake/p117.flow": DataValue(7.5, quality.GOOD, NOW, NOW)}, NOW)
    assert {scene.elements[i].id for i in changed} == {"r/intake/p117/flow", "r/intake/p117/high"}
    texts = [e for e in scene.elements if e.type == "text"]
    assert len({id(e.bindings["text"]._base) for e in texts}) == 1  # type: ignore[attr-defined]


def test_a_query_counts_sub_types_begins_with_the_area_and_goes_by_name() -> None:
    names = plant("intake/p2", "intake/p10", "outlet/p3")

    def found(over: Any) -> list[str]:
        display = opened(repeat(over), names=names)
        return [e.id[2:-5] for e in display.elements if e.type == "pump"]

    assert found({"type": "pump"}) == ["dosing/d1", "intake/p10", "intake/p2", "outlet/p3"]
    assert found({"type": "dosing_pump"}) == ["dosing/d1"]
    assert found({"type": "pump", "area": "intake"}) == ["intake/p10", "intake/p2"]
    assert found({"type": "pump", "area": "in"}) == []
    assert found(["outlet/p3", "intake/p2"]) == ["outlet/p3", "intake/p2"]


def test_parameters_for_all_and_for_single_ones() -> None:
    display = opened(
        repeat(
            ["intake/p1", "intake/p2"],
            parameters={"title": "P"},
            overrides={"intake/p2": {"title": "Second"}},
        )
    )
    assert [e.get("label") for e in display.elements if e.type == "pump"] == ["P", "Second"]
    assert display.findings == ()


def test_a_query_may_take_its_area_from_a_parameter() -> None:
    hall = {
        "parameters": {"area": {"type": "string"}},
        "elements": [repeat({"type": "pump", "area": "$area"})],
    }
    names = plant("a/p1", "b/p1", "b/p2", displays={"hall": hall})
    display = opened(embed("h", "hall", parameters={"area": "b"}), names=names)
    assert [e.id for e in display.elements if e.type == "pump"] == ["h/r/b/p1/body", "h/r/b/p2/body"]
    alone = load(*hall["elements"], names=names, parameters=hall["parameters"])
    assert alone.findings == ()


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (repeat([]), "over names no instance"),
        (repeat({"type": "pump", "area": "nowhere"}), "no instance of type pump in 'nowhere'"),
        (repeat({"type": "boiler"}), "there is no type 'boiler'"),
        (repeat({"kind": "pump"}), "a query has no 'kind'"),
        (repeat({}), "is an object"),
        (repeat("typ:pump"), "over: a query has no typ:"),
        (repeat("type:engine"), "over: there is no type 'engine'"),
        (repeat("unit:bar"), "over: instances have no unit:"),
        (repeat("intake/x*"), "nothing is repeated: no instance for 'intake/x*'"),
        (repeat([3]), "3 is not the name of an instance"),
        (repeat(["intake/p1", "intake/p1"]), "'intake/p1' is named twice"),
        (repeat(["intake/p9"]), "'intake/p9', which is no instance"),
        (repeat(["intake/v1"]), "a valve and not a pump"),
        (repeat(["intake/p1"], parameter="pmp"), "parameter is 'pmp'; the parameters of card: pump, title"),
        (repeat(["intake/p1"], parameter="title"), "parameter title of card is a string"),
        (repeat(["intake/p1"], parameters={"pump": "intake/p2"}), "which each repetition gets from over"),
        (repeat(["intake/p1"], overrides={"intake/p2": {}}), "overrides names 'intake/p2', which is not repeated"),
        (repeat(["intake/p1"], overrides={"intake/p1": 3}), "overrides of 'intake/p1' is 3"),
        (repeat(["intake/p1"], columns=0), "columns is 0, expected integer"),
        (repeat(["intake/p1"], gap=[1]), "gap is a list, expected pair"),
        (repeat({"expr": "1"}), "over is an object, expected instances"),
        (embed(display="../../etc/passwd"), "there is no display '../../etc/passwd'"),
        (embed(display="/etc/passwd"), "there is no display '/etc/passwd'"),
        (embed(display="C:\\x"), "there is no display 'C:\\\\x'"),
        (embed(display="a\x00b"), "display 'a\ufffdb' has characters that cannot be drawn"),
        (embed(display=""), "there is no display ''"),
        (embed(parameters=[]), "parameters is a list, expected arguments"),
        (embed(), "the parameter pump (a pump) is missing"),
        (embed(parameters={"pump": "$x"}), "the display has no parameter x"),
        (embed(display={"expr": "1"}), "display is an object, expected display"),
    ],
)  # fmt: skip
def test_what_cannot_be_embedded_is_found(element: dict[str, Any], text: str) -> None:
    display = opened(element)
    assert any(text in sentence for sentence in sentences(display)), sentences(display)
    assert all(f.element == element["id"] for f in display.findings)


def test_a_finding_inside_names_where_it_is_embedded() -> None:
    names = plant()
    del names.instances["intake/p2"].signals["flow"]
    display = opened(repeat({"type": "pump"}), names=names)
    found = [f for f in display.findings if f.element == "flow"]
    assert [(f.file, f.through) for f in found] == [("displays/card.json", (Embedding("outer.json", "r"),))]
    marks = [e.id for e in display.elements if e.definition is None]
    assert marks == ["r/intake/p2/flow", "r/intake/p2/high"]


def ring(*names: str) -> dict[str, dict[str, Any]]:
    follow = dict(zip(names, (*names[1:], names[0]), strict=True))
    return {name: {"name": name, "elements": [embed("i", to)]} for name, to in follow.items()}


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_a_display_inside_itself_is_one_finding(names: tuple[str, ...]) -> None:
    display = opened(embed("o", "a"), names=plant(displays=ring(*names)))
    (finding,) = display.findings
    assert " > ".join((*names, "a")) in finding.text
    assert len(finding.through) == len(names)
    assert [e.definition for e in display.elements] == [None]


def chain(length: int) -> dict[str, dict[str, Any]]:
    inner = {f"d{n}": {"elements": [embed("i", f"d{n + 1}")]} for n in range(1, length)}
    return {**inner, f"d{length}": {"elements": [{"id": "t", "type": "text", "text": "deep"}]}}


def test_eight_levels_are_drawn_and_nine_are_not() -> None:
    assert opened(embed("o", "d1"), names=plant(displays=chain(8))).findings == ()
    display = opened(embed("o", "d1"), names=plant(displays=chain(9)))
    (finding,) = display.findings
    assert "deeper than 8 levels" in finding.text
    assert len(opened(embed("o", "d1"), names=plant(displays=chain(3_000))).findings) == 1


def bomb(levels: int, width: int, last: int) -> dict[str, dict[str, Any]]:
    files = {
        f"d{n}": {"elements": [embed(f"i{k}", f"d{n + 1}") for k in range(width)]} for n in range(1, levels)
    }
    files[f"d{levels}"] = {"elements": [{"id": f"t{k}", "type": "line"} for k in range(last)]}
    return files


@pytest.mark.parametrize(
    ("files", "count"),
    [(bomb(8, 50, 1), str(50**7)), (bomb(7, 40, 0), str(40**6)), (bomb(2, 60, 2_000), "120000")],
)
def test_too_many_elements_are_counted_and_not_drawn(files: dict[str, Any], count: str) -> None:
    names = plant(displays=files)
    display = opened(embed("o", "d1"), names=names)
    (finding,) = display.findings
    assert f"has {count} elements" in finding.text
    assert [e.id for e in display.elements] == ["notice", "notice-text"]
    assert str(MOST_ELEMENTS) in display.elements[1].get("text")
    assert display_weight({"elements": [embed("o", "d1")]}, names) >= min(int(count), MOST_ELEMENTS)


def test_too_many_that_only_arguments_make_are_stopped_on_the_way() -> None:
    pumps = [f"a/p{n:05}" for n in range(400)]
    hall = {
        "parameters": {"area": {"type": "string"}},
        "elements": [repeat({"type": "pump", "area": "$area"})],
    }
    names = plant(*pumps, displays={"hall": hall})
    halls = [embed(f"h{n}", "hall", parameters={"area": "a"}) for n in range(80)]
    display = opened(*halls, names=names)
    assert any("more than 100001" in s or "more than" in s for s in sentences(display))
    assert display.elements[0].id == "notice"


def test_links_keep_their_arguments() -> None:
    link = {"id": "l", "type": "link", "display": "card"}
    display = opened({**link, "parameters": {"pump": "intake/p1"}})
    assert display.findings == ()
    assert display.elements[0].get("parameters") == {"pump": "intake/p1"}
    row = {"parameters": {"one": {"type": "instance", "of": "pump"}},
           "elements": [{**link, "parameters": {"pump": "$one", "title": "T"}}]}  # fmt: skip
    names = plant(displays={"row": row})
    inner = opened(embed("o", "row", parameters={"one": "intake/p2"}), names=names)
    assert inner.elements[0].get("parameters") == {"pump": "intake/p2", "title": "T"}
    assert "the parameter pump (a pump) is missing" in sentences(opened(link))[0]
    assert "no parameter 'pmp'" in sentences(opened({**link, "parameters": {"pmp": 1}}))[0]


def test_what_is_fixed_is_the_same_object_and_unknown_types_are_marked() -> None:
    display = opened({"id": "t", "type": "text", "text": "x"}, {"id": "u", "type": "widget", "colour": "red"})
    assert display.elements[0] is display.own[0]
    assert display.elements[1].definition is None
    assert display.elements[1].unknown == {"colour": "red"}
