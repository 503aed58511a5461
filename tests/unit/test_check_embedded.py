"""``hmi check`` and ``hmi format`` on displays that take parameters, embed and repeat, and on hostile files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hmi.check import check_plant, opened_with
from hmi.core.errors import ConfigurationError
from hmi.core.principal import Mode
from hmi.mimics import Catalogue, display_address, load_display, shipped_definitions
from hmi.project import Finding, format_plant, load_plant, new_plant, open_plant
from hmi.runtime import plant_info

CARD = (
    {"id": "e_000001", "type": "pump", "instance": "$pump", "label": "$title"},
    {"id": "e_000002", "type": "readout", "x": 60, "tag": "$pump.speed"},
)
PARAMETERS = {
    "pump": {"type": "instance", "of": "pump"},
    "title": {"type": "string", "default": "Pump"},
    "limit": {"type": "number", "low": 0, "high": 10, "default": 5},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = new_plant(tmp_path / "works")
    head = 'schema = "type/1"\nname = "dosing_pump"\nextends = "pump"\n'
    dosing = f'{head}\n[signals.stroke]\ntype = "float32"\naddress = "HR{{base+8}}"\n'
    (made / "types" / "dosing_pump.toml").write_text(dosing, encoding="utf-8")
    rows = (made / "tags.csv").read_text(encoding="utf-8").split("\n")
    rows[2:2] = [
        "pump,,area1/p102,,Pump P-102,area1,plc1,,,,,,,,,,,base=121",
        "dosing_pump,,area1/d201,,Doser,area1,plc1,,,,,,,,,,,base=141",
    ]
    (made / "tags.csv").write_text("\n".join(rows), encoding="utf-8")
    display(made, "card", CARD, parameters=PARAMETERS)
    return made


def display(folder: Path, name: str, elements: Sequence[Mapping[str, Any]], **head: Any) -> Path:
    """One element a line, so that line numbers can be told: the first element stands on line 4 + len(head)."""
    lines = [
        "{",
        '"schema": "display/1",',
        f'"name": "{name}",',
        *(f'"{k}": {json.dumps(v)},' for k, v in head.items()),
    ]
    body = ",\n".join(json.dumps(element) for element in elements)
    path = folder / "displays" / f"{name}.json"
    path.write_text("\n".join([*lines, '"elements": [', body, "]", "}"]), encoding="utf-8")
    return path


def findings(folder: Path, *, without: str = "hmi format") -> list[Finding]:
    """What keeps a display from being shown as it is meant; its looks are tried elsewhere."""
    shown = ("", "content", "dead-link", "unknown-tag", "duplicate-id", "control", "home-parameters", "path", "syntax",
             "unknown-field")  # fmt: skip
    return [
        f
        for f in check_plant(folder)
        if f.rule in shown and without not in f.do and "does not say" not in f.text
    ]


def one(folder: Path) -> Finding:
    found = findings(folder)
    assert len(found) == 1, [f.sentence for f in found]
    return found[0]


REPEAT = {
    "id": "e_000009",
    "type": "repeat",
    "display": "card",
    "parameter": "pump",
    "over": {"type": "pump"},
}


def test_a_good_card_a_repeater_and_a_link_have_no_finding(folder: Path) -> None:
    link = {"id": "e_00000a", "type": "link", "display": "card", "parameters": {"pump": "area1/d201"}}
    display(folder, "pumps", [REPEAT, link])
    assert findings(folder) == []
    format_plant(folder)
    assert findings(folder, without="-") == []
    assert format_plant(folder) == ()
    info = plant_info(open_plant(folder), Mode.PLANT)
    names = Catalogue.of(info)
    assert names.types["dosing_pump"].extends == "pump"
    document = names.displays["pumps"].document
    shown = load_display(document, shipped_definitions(), names=names, arguments={})
    assert shown.findings == ()
    assert [e.get("instance") for e in shown.elements if e.type == "pump"] == [
        "area1/d201",
        "area1/p101",
        "area1/p102",
    ]


def test_a_fault_of_the_card_is_said_once_with_its_own_line(folder: Path) -> None:
    path = display(folder, "card", [CARD[0], {**CARD[1], "tag": "$pump.level"}], parameters=PARAMETERS)
    display(folder, "pumps", [REPEAT])
    finding = one(folder)
    assert (finding.file, finding.line) == (str(path), 7)
    assert "the type pump has neither a signal nor a parameter level" in finding.text
    assert "speed" in finding.do


def test_a_wrong_argument_is_said_at_the_embedding_element(folder: Path) -> None:
    path = display(folder, "pumps", [{**REPEAT, "overrides": {"area1/p102": {"limit": 99}}}])
    finding = one(folder)
    assert (finding.file, finding.line) == (str(path), 5)
    assert "parameter limit is 99, above 10" in finding.text


def test_a_fault_that_only_one_instance_has_names_both_lines(folder: Path) -> None:
    card = display(
        folder, "card", [CARD[0], {**CARD[1], "span": 1, "type": "kpi", "span_min": "$minutes"}],
        parameters={**PARAMETERS, "minutes": {"type": "integer", "default": 60}},
    )  # fmt: skip
    outer = display(
        folder, "pumps", [{"id": "e_00000b", "type": "text"}, {**REPEAT, "parameters": {"minutes": -5}}]
    )
    found = [f for f in findings(folder) if f.is_error]
    assert {(f.file, f.line) for f in found} == {(str(card), 7)}
    assert f"(embedded by {outer}:6)" in found[0].text
    assert "$minutes is -5" in found[0].text


def test_a_ring_is_said_for_each_display_of_it(folder: Path) -> None:
    for name, inner in (("one", "two"), ("two", "one")):
        display(folder, name, [{"id": f"e_0000{name}", "type": "embed", "display": inner}])
    found = findings(folder)
    assert all("would stand in itself" in f.text for f in found)
    assert {Path(f.file).stem for f in found} == {"one", "two"}


def test_a_broken_display_is_not_blamed_on_who_embeds_it(folder: Path) -> None:
    (folder / "displays" / "card.json").write_text("{", encoding="utf-8")
    display(folder, "pumps", [REPEAT])
    assert len(findings(folder)) == 1


def test_the_home_display_opens_without_arguments(folder: Path) -> None:
    text = (folder / "plant.toml").read_text(encoding="utf-8")
    (folder / "plant.toml").write_text(
        text.replace('home = "overview"', 'home = "card"    '), encoding="utf-8"
    )
    finding = one(folder)
    assert finding.file.endswith("plant.toml")
    assert "needs the parameter pump" in finding.text


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "C:\\boot.ini", "..\\x", "card\x00", "x" * 10_000]
)
@pytest.mark.parametrize("kind", ["embed", "link"])
def test_a_name_of_a_display_is_never_a_path(folder: Path, name: str, kind: str) -> None:
    display(folder, "pumps", [{"id": "e_000009", "type": kind, "display": name}])
    found = [f for f in findings(folder) if f.is_error]
    assert len(found) == 1
    assert "there is no display" in found[0].text
    assert len(found[0].sentence) < 6_000


def test_a_file_that_leads_out_of_the_folder_is_not_read(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('{"schema": "display/1", "name": "secret", "elements": []}', encoding="utf-8")
    (folder / "displays" / "secret.json").symlink_to(outside)
    finding = one(folder)
    assert "leads out of the plant folder" in finding.text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes, which this system does not have")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "displays" / "pipe.json")
    assert "is not a file" in one(folder).text


def test_a_display_is_not_called_by_a_file_name_that_no_one_can_link(folder: Path) -> None:
    (folder / "displays" / "My Display?.json").write_text(
        '{"schema": "display/1", "elements": []}', encoding="utf-8"
    )
    assert "is not the name of a display" in one(folder).text


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_that_is_none_is_refused_with_the_file(folder: Path, number: str) -> None:
    path = folder / "displays" / "odd.json"
    path.write_text(
        f'{{"schema": "display/1", "elements": [{{"type": "text", "x": {number}}}]}}', encoding="utf-8"
    )
    finding = one(folder)
    assert finding.file == str(path)
    with pytest.raises(ConfigurationError):
        format_plant(folder)


def test_more_elements_than_are_drawn_are_counted_and_kept_in_the_file(folder: Path) -> None:
    row = '{"type":"line"}'
    path = folder / "displays" / "huge.json"
    path.write_text(
        '{"schema": "display/1", "elements": [\n' + ",\n".join([row] * 100_001) + "]}", encoding="utf-8"
    )
    result = load_plant(folder)
    assert result.plant is not None, result.errors
    assert result.plant.displays["huge"].document["elements"] == []
    finding = one(folder)
    assert finding.is_error
    assert "has 100001 elements, more than 100000; none is drawn" in finding.text
    format_plant(folder)
    assert len(json.loads(path.read_text(encoding="utf-8"))["elements"]) == 100_001


def test_what_is_not_known_survives_at_every_level(folder: Path) -> None:
    elements = [
        {"id": "e_000001", "type": "hologram", "beam": {"w": [1, {"deep": None}]}, "\u202eodd": "<b>"},
        {
            "id": "e_000002",
            "type": "embed",
            "display": "card",
            "parameters": {"pump": "area1/p101"},
            "shadow": True,
        },
    ]
    parameters = {"p": {"type": "string", "default": "", "colour": {"r": 1}}}
    path = display(folder, "pumps", elements, parameters=parameters, mood="calm")
    before = json.loads(path.read_text(encoding="utf-8"))
    format_plant(folder)
    after = json.loads(path.read_text(encoding="utf-8"))
    assert {**before, "id": after["id"]} == after
    assert sum("mood" in f.text or "shadow" in f.text or "colour" in f.text for f in findings(folder)) == 3


def test_arguments_of_the_command_line(folder: Path) -> None:
    plant = open_plant(folder)
    assert opened_with(plant, "overview", {}) == "overview"
    wanted = display_address("card", {"pump": "area1/p101", "limit": 2.5})
    assert opened_with(plant, "card", {"limit": "2.5", "pump": "area1/p101"}) == wanted
    for texts, words in (
        ({}, "the parameter pump \\(a pump\\) is missing"),
        ({"pump": "area1/lt101"}, "which is no instance"),
        ({"pmp": "x"}, "no parameter 'pmp'"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            opened_with(plant, "card", texts)
