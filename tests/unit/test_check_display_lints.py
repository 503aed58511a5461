"""The lint rules of displays: each finds what it is for, with file, line and rule, and nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hmi.check import check_plant, findings_as_json
from hmi.check._display_lints import BY_ID, RULES
from hmi.project import Finding, format_plant, new_plant, open_plant
from hmi.project.shipped import shipped_path

TAGS = """\
kind,name,type,description,connection,address,unit,low,high,normal_low,normal_high,states,writable,class,limit_low,limit_high
pump,area1/p101,,Pump P-101,plc1,,,,,,,,,,,
tag,area1/lt1,float32,Level 1,plc1,HR301,m,0,5,1,4,,,,,
tag,area1/lt2,float32,Level 2,plc1,HR303,m,0,5,1,4,,,,,
tag,area1/ft1,float32,Flow 1,plc1,HR305,m³/h,0,250,50,200,,,,,
tag,area1/sp1,float32,Set point 1,plc1,HR307,m,0,5,,,,true,R,0,5
tag,area1/stop,bool,Emergency stop,plc1,C301,,,,,,0=Off;1=On,true,C,,
tag,area1/lamp,bool,Light,plc1,C302,,,,,,0=Off;1=On,true,R,,
"""
ALARMS = """\
tag,name,kind,limit,deadband,priority,message,consequence,action,time_to_respond
area1/lt1,high,high,4.5,0.1,2,Level high,Spills,Stop the pump,10 min
"""
FIRST = 9  # the line of the first element of a page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = new_plant(tmp_path / "works")
    rows = TAGS.replace("plc1,,,,,,,,,,,\n", "plc1,,,,,,,,,,,,base=101\n", 1).split("\n")
    (made / "tags.csv").write_text("\n".join([rows[0] + ",parameters", *rows[1:]]), encoding="utf-8")
    (made / "alarms.csv").write_text(ALARMS, encoding="utf-8")
    (made / "displays" / "overview.json").unlink()
    head = (made / "plant.toml").read_text(encoding="utf-8")
    (made / "plant.toml").write_text(head.replace('home = "overview"', 'home = "page"'), encoding="utf-8")
    return made


def page(folder: Path, *elements: Mapping[str, Any], name: str = "page", **head: Any) -> Path:
    """A display with one element a line; ``None`` in ``head`` leaves a field out."""
    fields = {
        "schema": "display/1",
        "id": f"d_0000{name}",
        "name": name,
        "title": name,
        "level": 1,
        "size": [1920, 880],
    }
    lines = [f'"{key}": {json.dumps(value)},' for key, value in (fields | head).items() if value is not None]
    body = ",\n".join(json.dumps({"id": f"e_{n}", **element}) for n, element in enumerate(elements, 1))
    path = folder / "displays" / f"{name}.json"
    path.write_text("\n".join(["{", *lines, '"elements": [', body, "]", "}"]), encoding="utf-8")
    return path


def linted(folder: Path, *elements: Mapping[str, Any], **head: Any) -> list[tuple[str, str, int]]:
    """(rule, severity, line) of everything found in a page with these elements."""
    page(folder, *elements, **head)
    return [(f.rule, f.severity, f.line) for f in in_displays(folder)]


def without_content(found: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Leaves out that a property is not known: colours written by hand are in such."""
    return [one for one in found if one[:2] != ("content", "warning")]


def in_displays(folder: Path) -> list[Finding]:
    return [f for f in check_plant(folder) if f.file.endswith(".json") and "hmi format" not in f.do]


def at(kind: str, x: float, y: float, w: float = 200, h: float = 60, **more: Any) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "w": w, "h": h, **more}


LEVEL = at("readout", 40, 40, tag="area1/lt1", label="Level")
# a rule -> (elements, head, lines of what it finds, severity)
FOUND: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[int], str]] = {
    "unknown-tag": ([LEVEL, at("readout", 40, 200, tag="area1/lt9")], {}, [FIRST + 1], "error"),
    "dead-link": ([at("link", 40, 40, text="Gone", display="gone")], {}, [FIRST], "error"),
    "content": ([at("text", 40, 40, text=7)], {}, [FIRST], "error"),
    "control": ([at("entry", 40, 40, tag="area1/lt1")], {}, [FIRST], "error"),
    "picture": ([at("image", 40, 40, file="gone.png")], {}, [FIRST], "warning"),
    "duplicate-id": ([LEVEL | {"id": "e_9"}, at("text", 40, 200, text="x", id="e_9")], {}, [FIRST + 1], "error"),
    "unit": ([LEVEL | {"unit": "mm"}], {}, [FIRST], "error"),
    "units-together": ([LEVEL | {"setpoint": "area1/ft1"}], {}, [FIRST], "error"),
    "bare-bars": (
        [at("bar", 40, 40, 20, 150, tag="area1/lt1"), at("bar", 90, 40, 20, 150, tag="area1/ft1")],
        {},
        [FIRST + 1],
        "warning",
    ),
    "scale": ([at("bar", 40, 40, 64, 150, tag="area1/lt2", label="L", low=-2)], {}, [FIRST], "warning"),
    "limit-off-scale": ([at("bar", 40, 40, 64, 150, tag="area1/lt1", label="L", high=4.2)], {}, [FIRST], "warning"),
    "band-off-scale": ([at("bar", 40, 40, 64, 150, tag="area1/lt2", label="L", low=2)], {}, [FIRST], "warning"),
    "alarm-colour": ([at("box", 40, 40, colour="#C00004")], {}, [FIRST], "error"),
    "contrast": (
        [at("polygon", 0, 0, points=[[0, 0], [400, 0], [400, 400], [0, 400]], fill="media"),
         at("text", 40, 40, text="Hard to read", style="label")],
        {},
        [FIRST + 1],
        "warning",
    ),
    "colours": (
        [at("box", 40, 40, colours=["#00C8C8", "#00A000", "#0000FF", "#FF00C0"])],
        {},
        [1],
        "warning",
    ),
    "outside": ([at("text", 1800, 40, text="Edge")], {}, [FIRST], "warning"),
    "larger": ([], {"size": [2400, 880]}, [1], "warning"),
    "overlap": ([LEVEL, at("readout", 160, 60, tag="area1/ft1")], {}, [FIRST + 1], "warning"),
    "small-target": ([at("entry", 40, 40, 200, 20, tag="area1/sp1")], {}, [FIRST], "warning"),
    "too-near": (
        [at("button", 40, 40, tag="area1/lamp"), at("button", 246, 40, tag="area1/stop", text="Stop")],
        {},
        [FIRST + 1],
        "warning",
    ),
    "text-cut": ([at("panel", 40, 40, 120, title="Coagulation and clarification")], {}, [FIRST], "warning"),
    "text-200": ([at("panel", 40, 40, 106, title="Clarifier 1")], {}, [FIRST], "warning"),
    "title": ([], {"title": None}, [1], "warning"),
    "level": ([], {"level": None, "area": "area1"}, [1], "warning"),
    "area": ([], {"level": 2}, [1], "warning"),
    "lint": ([LEVEL | {"lint": ["overlap"]}], {}, [FIRST], "warning"),
}  # fmt: skip


@pytest.mark.parametrize("rule", FOUND)
def test_a_rule_finds_what_it_is_for_and_nothing_else(folder: Path, rule: str) -> None:
    elements, head, lines, severity = FOUND[rule]
    found = without_content(linted(folder, *elements, **head))
    shift = sum(value is None for value in head.values()) - ("area" in head)
    assert found == [(rule, severity, line if line == 1 else line - shift) for line in lines]


def test_every_rule_is_tried() -> None:
    assert set(FOUND) | {"unreachable", "far"} == {rule.id for rule in RULES}
    assert len(BY_ID) == len(RULES)


@pytest.mark.parametrize("rule", [rule for rule in FOUND if BY_ID[rule].may_be_left_out])
def test_what_may_be_left_out_is_left_out_with_a_reason(folder: Path, rule: str) -> None:
    elements, head, lines, _ = FOUND[rule]
    entry = [f"{rule}: agreed with the operators"]
    if lines == [1]:
        assert without_content(linted(folder, *elements, **head, lint=entry)) == []
        return
    spot = lines[0] - FIRST
    elements = [element | ({"lint": entry} if n == spot else {}) for n, element in enumerate(elements)]
    assert without_content(linted(folder, *elements, **head)) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("text-cut: not needed", "leaves out text-cut, which finds nothing here"),
        ("text-cut", "without a reason"),
        ("text-cut:  ", "without a reason"),
        ("no-such-rule: because", "'no-such-rule', which is no rule"),
        ("unknown-tag: because", "'unknown-tag', which is no rule that can be left out"),
    ],
)
def test_an_entry_that_is_not_needed_or_says_nothing_is_a_finding(
    folder: Path, entry: str, words: str
) -> None:
    page(folder, LEVEL | {"lint": [entry]})
    [finding] = in_displays(folder)
    assert (finding.rule, finding.line) == ("lint", FIRST)
    assert words in finding.text


def test_an_entry_that_is_no_list_is_a_finding_and_the_display_is_shown(folder: Path) -> None:
    assert linted(folder, LEVEL | {"lint": "overlap: x"}, lint=7) == [
        ("lint", "warning", 1),
        ("lint", "warning", 10),
    ]
    format_plant(folder)
    assert "page" in open_plant(folder).displays


def test_the_rule_stands_in_the_sentence_and_in_json(folder: Path) -> None:
    path = page(folder, at("text", 1800, 40, text="Edge"))
    [finding] = in_displays(folder)
    assert finding.sentence == (
        f"{path}:{FIRST}: element e_1: reaches 80 pixels beyond the right edge; move it inside 1920 × 880 [outside]"
    )
    assert json.loads(findings_as_json([finding]))[0]["rule"] == "outside"


def test_looks_keep_no_plant_from_being_reloaded(folder: Path) -> None:
    page(folder, LEVEL | {"unit": "mm"}, at("readout", 40, 300, tag="area1/lt9"))
    assert [f.rule for f in check_plant(folder, looks=False) if f.is_error] == ["unknown-tag"]


# units and scales


@pytest.mark.parametrize(
    "element",
    [
        LEVEL | {"unit": ""},
        LEVEL | {"unit": "m"},
        LEVEL | {"tag": {"expr": "'area1/lt1' * 1000"}, "unit": "mm"},
        LEVEL | {"setpoint": "area1/sp1"},
        at("table", 40, 40, 400, 90, units="column", columns=[{"label": "L"}, {"label": "F"}],
           rows=[{"label": "now", "tags": ["area1/lt1", "area1/ft1"]}]),
        at("bar", 40, 40, 64, 150, tag="area1/lt1", label="L", low=0, high=5),
        at("bar", 40, 40, 64, 150, tag="area1/lt1", label="L"),
        at("trend", 40, 40, 626, 176, tag="area1/lt1", low=-1, high=6),
    ],
)  # fmt: skip
def test_right_units_and_scales_are_left_alone(folder: Path, element: dict[str, Any]) -> None:
    assert linted(folder, element) == []


@pytest.mark.parametrize(
    "element",
    [
        at("bar", 40, 40, 64, 150, tag="area1/lt1", label="L", limit_high="area1/ft1"),
        at("tank", 40, 40, 90, 172, level="area1/lt1", blanket="area1/ft1"),
        at("deviation", 40, 40, 320, 170, rows=[{"label": "L", "tags": ["area1/lt1", "area1/ft1"]}]),
        at("table", 40, 40, 400, 90, units="row", rows=[{"label": "L", "tags": ["area1/lt1", "area1/ft1"]}]),
        at("table", 40, 40, 400, 120, units="column", columns=[{"label": "L"}],
           rows=[{"label": "a", "tags": ["area1/lt1"]}, {"label": "b", "tags": ["area1/ft1"]}]),
    ],
)  # fmt: skip
def test_two_units_on_one_scale_are_an_error(folder: Path, element: dict[str, Any]) -> None:
    assert linted(folder, element) == [("units-together", "error", FIRST)]


def test_an_empty_scale_is_an_error(folder: Path) -> None:
    assert linted(folder, at("bar", 40, 40, 64, 150, tag="area1/lt2", label="L", low=4, high=4)) == [
        ("scale", "error", FIRST)
    ]


def test_a_normal_band_beyond_the_range_is_said_at_the_tag(folder: Path) -> None:
    text = (folder / "tags.csv").read_text(encoding="utf-8")
    (folder / "tags.csv").write_text(text.replace("m,0,5,1,4", "m,0,5,1,6", 1), encoding="utf-8")
    page(folder, LEVEL)
    [finding] = [f for f in check_plant(folder) if f.rule == "normal-band"]
    assert (Path(finding.file).name, finding.line, finding.severity) == ("tags.csv", 3, "warning")
    assert "the normal band 1 to 6 reaches beyond the range" in finding.text


# colours


@pytest.mark.parametrize("value", ["alarm.p1", "#FF9E1B", "#ff4d4d", "alarm.p3.text", "row.alarm"])
def test_HM_06_roles_and_codes_of_alarms_are_refused_wherever_they_stand(folder: Path, value: str) -> None:
    """``row.alarm`` looks like no alarm in either theme."""
    expected = [] if value == "row.alarm" else [("alarm-colour", "error", FIRST)]
    assert without_content(linted(folder, at("box", 40, 40, paint={"stops": [value]}))) == expected


def test_HM_04_a_text_is_held_against_what_lies_below_it(folder: Path) -> None:
    media = at("polygon", 0, 0, points=[[0, 0], [400, 0], [400, 400], [0, 400]], fill="media")
    text = at("text", 40, 40, text="Hard to read", style="label")
    assert linted(folder, text, media) == []
    assert linted(folder, media, at("panel", 20, 20, 300, 200), text) == []


# places


def test_what_is_never_seen_is_an_error(folder: Path) -> None:
    assert linted(folder, LEVEL | {"x": 2000}) == [("outside", "error", FIRST)]


def test_level_4_may_be_larger_than_the_screen(folder: Path) -> None:
    assert linted(folder, size=[1920, 2400], level=4) == []


def test_two_controls_on_one_place_are_an_error(folder: Path) -> None:
    entry, button = at("entry", 40, 40, tag="area1/sp1"), at("button", 200, 40, tag="area1/lamp")
    assert linted(folder, entry, button) == [("overlap", "error", FIRST + 1)]


def test_what_hides_another_is_an_error_and_what_stands_on_it_is_not(folder: Path) -> None:
    tank, value = at("tank", 40, 40, 160, 200, level="area1/lt1"), at("readout", 60, 80, 100, tag="area1/ft1")
    assert linted(folder, tank, value) == []
    assert linted(folder, value, tank) == [("overlap", "error", FIRST + 1)]


def test_two_on_the_same_equipment_may_share_a_place(folder: Path) -> None:
    pump = at("pump", 40, 40, 60, 60, instance="area1/p101")
    assert linted(folder, pump, at("readout", 80, 60, tag="area1/p101.speed")) == []


def test_a_control_shares_its_place_with_nothing_even_of_the_same_equipment(folder: Path) -> None:
    mark, button = at("alarm_mark", 220, 60, 40, 40, tag="area1/lamp"), at("button", 40, 40, tag="area1/lamp")
    assert linted(folder, mark, button) == [("overlap", "warning", FIRST + 1)]


def test_a_small_value_is_found_only_in_a_crowd(folder: Path) -> None:
    first, second = at("valve", 40, 40, 20, 20), at("alarm_mark", 63, 40, 20, 20, tag="area1/lt1")
    mark = at("alarm_mark", 40, 40, 20, 20, tag="area1/ft1")
    assert linted(folder, mark) == []
    assert linted(folder, first, second) == []  # a hand valve without a signal cannot be clicked
    assert linted(folder, mark, second) == []  # 23 pixels: one pixel shared
    close = second | {"x": 61}
    assert [rule for rule, _, _ in linted(folder, mark, close)] == ["small-target", "small-target"]


def test_segments_of_a_selector_are_measured_one_by_one(folder: Path) -> None:
    assert linted(folder, at("selector", 40, 40, 44, 70, tag="area1/lamp", style="segments", label="L")) == [
        ("small-target", "warning", FIRST)
    ]


@pytest.mark.parametrize(
    ("gap", "tag", "found"), [(9, "stop", True), (10, "stop", False), (4, "lamp", False)]
)
def test_only_weighty_commands_need_their_distance(folder: Path, gap: int, tag: str, found: bool) -> None:
    first, second = (
        at("button", 40, 40, tag="area1/lamp"),
        at("button", 240 + gap, 40, tag=f"area1/{tag}", text="B"),
    )
    rules = [rule for rule, _, _ in linted(folder, first, second)]
    assert rules == (["too-near"] if found else [])


def test_a_heap_of_targets_takes_no_time(folder: Path) -> None:
    """Of 3,000 on one place some are named, and not each pair is looked at."""
    from hmi.check._display_lints._near import Spot, pairs
    from hmi.mimics import Element

    spots = [
        Spot(Element(f"e{n}", "readout", 0, 0, 10, 10), (0.0, 0.0, 10.0, 10.0), f"e{n}", "")
        for n in range(3_000)
    ]
    assert sum(1 for _ in pairs(spots, 24)) <= 100 * 3_000
    found = linted(
        folder, *(at("readout", 40, 40, tag=f"area1/{'ft1' if n % 2 else 'lt1'}") for n in range(300))
    )
    assert 20 <= len([rule for rule, _, _ in found if rule == "overlap"]) <= 21


# texts


@pytest.mark.qt
def test_texts_are_measured_as_the_station_draws_them(qapp: object) -> None:
    pytest.importorskip("PySide6")
    from PySide6.QtGui import QFontMetricsF

    from hmi.check._display_lints._widths import text_width
    from hmi.mimics import FONTS
    from hmi.ui.theme import Theme

    theme = Theme.load("light")
    for role in FONTS:
        for text in ("Raw-water intake", "1234.5 m³/h", "Пуск", "pH → 7,2 °C", "Σ ΔT"):
            drawn = QFontMetricsF(theme.font(role)).horizontalAdvance(text)
            assert drawn - 0.5 <= text_width(text, role) <= drawn * 1.08 + 1


def test_widths_of_letters_are_current() -> None:
    from hmi.check import font_widths

    assert font_widths.stale() == ()


# embedded displays


def test_a_doubt_of_a_card_is_said_at_its_own_line_with_who_embeds_it(folder: Path) -> None:
    parameters = {"level": {"type": "tag"}}
    card = page(
        folder,
        at("readout", 0, 0, tag="$level", unit="m"),
        name="card",
        parameters=parameters,
        size=[200, 60],
        level=3,
    )
    outer = page(
        folder,
        at("embed", 40, 40, display="card", parameters={"level": "area1/lt1"}),
        at("embed", 40, 140, display="card", parameters={"level": "area1/ft1"}),
    )
    [finding] = in_displays(folder)
    assert (finding.rule, finding.file, finding.line) == ("unit", str(card), FIRST + 1)
    assert f"(embedded by {outer}:{FIRST + 1})" in finding.text
    assert finding.text.startswith("element e_1: shows area1/ft1 as 'm'")


def test_copies_of_a_card_that_lie_on_each_other_are_said_at_the_repeater(folder: Path) -> None:
    page(folder, at("readout", 0, 0, 200, 60, tag="$p.speed"), name="card", level=3, size=[200, 60],
         parameters={"p": {"type": "instance", "of": "pump"}})  # fmt: skip
    rows = (folder / "tags.csv").read_text(encoding="utf-8").split("\n")
    rows.insert(2, rows[1].replace("p101", "p102").replace("P-101", "P-102").replace("base=101", "base=141"))
    (folder / "tags.csv").write_text("\n".join(rows), encoding="utf-8")
    repeat = {
        "type": "repeat",
        "x": 40,
        "y": 40,
        "display": "card",
        "parameter": "p",
        "over": {"type": "pump"},
    }
    assert linted(folder, repeat | {"gap": [8, 8], "columns": 2}) == []
    assert linted(folder, repeat | {"gap": [-80, 8], "columns": 2}) == [("overlap", "warning", FIRST)]


def test_what_a_card_leaves_out_is_left_out_wherever_it_is_embedded(folder: Path) -> None:
    lint = ["unit: shown in metres on purpose"]
    page(folder, at("readout", 0, 0, tag="$level", unit="m", lint=lint), name="card", level=3, size=[200, 60],
         parameters={"level": {"type": "tag"}})  # fmt: skip
    assert linted(folder, at("embed", 40, 40, display="card", parameters={"level": "area1/ft1"})) == []


# ways


def ways(
    folder: Path, links: Mapping[str, Sequence[str]], **heads: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """(rule, name) with displays that link each other; ``page`` is the first."""
    for name, targets in links.items():
        elements = (at("link", 40, 40 + 50 * n, 200, 30, text=t, display=t) for n, t in enumerate(targets))
        page(folder, *elements, name=name, **{"level": 1 if name == "page" else 3, **heads.get(name, {})})
    return [(f.rule, Path(f.file).stem) for f in in_displays(folder)]


def test_HM_01_a_display_that_nothing_leads_to(folder: Path) -> None:
    assert ways(folder, {"page": ["one"], "one": ["two"], "two": [], "lost": []}) == [("unreachable", "lost")]


def test_HM_01_two_that_only_lead_to_each_other_are_both_lost(folder: Path) -> None:
    found = ways(folder, {"page": [], "east": ["west"], "west": ["east"]})
    assert found == [("unreachable", "east"), ("unreachable", "west")]


def test_HM_01_a_working_page_is_two_actions_away(folder: Path) -> None:
    lint = {"lint": ["area: the plant has one area"]}
    links = {"page": ["one"], "one": ["two"], "two": ["unit"], "unit": []}
    assert ways(folder, links, unit={"level": 2, **lint}) == [("far", "unit")]
    assert ways(folder, links, unit={"level": 2, "area": "area1"}) == []


def test_HM_01_alarms_equipment_and_areas_lead_to_displays(folder: Path) -> None:
    text = (
        (folder / "alarms.csv")
        .read_text(encoding="utf-8")
        .replace("time_to_respond", "time_to_respond,display")
    )
    (folder / "alarms.csv").write_text(text.replace("10 min", "10 min,raised"), encoding="utf-8")
    assert ways(folder, {"page": [], "raised": [], "hall": []}, hall={"level": 2, "area": "area1"}) == []


# the whole


@pytest.mark.parametrize("plant", ["waterworks"])
def test_the_shipped_plants_have_no_finding(plant: str) -> None:
    assert [f.sentence for f in check_plant(shipped_path("screens") / plant)] == []
