"""Display documents: typed properties, bindings, findings, and nothing unknown is lost."""

from __future__ import annotations

from typing import Any

from hmi.mimics import load_display, shipped_definitions, tag_names

DEFINITIONS = shipped_definitions()


def load(*elements: dict[str, Any], **head: Any) -> Any:
    document = {"schema": "display/1", "name": "d", "elements": list(elements), **head}
    return load_display(document, DEFINITIONS, file="displays/d.json")


def test_every_shipped_element_type_has_a_definition_that_imports_no_qt() -> None:
    import subprocess
    import sys

    code = "import sys, hmi.mimics as m; m.shipped_definitions(); print('PySide6' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
    assert {"readout", "kpi", "bar", "tank", "pump", "valve", "filter", "pipe", "trend"} <= set(DEFINITIONS)


def test_a_good_element_has_no_finding() -> None:
    display = load({"id": "e_1", "type": "readout", "x": 1, "y": 2, "w": 90, "h": 40, "tag": "a/b.c"})
    assert display.findings == ()
    assert list(tag_names(display.elements[0])) == [("tag", "a/b.c")]


def test_unknown_type_is_an_error_that_names_the_choices() -> None:
    (finding,) = load({"id": "e_1", "type": "redout"}).findings
    assert finding.severity == "error"
    assert "e_1" in finding.text
    assert "'redout'" in finding.text
    assert "readout" in finding.do


def test_unknown_property_is_kept_and_reported() -> None:
    display = load({"id": "e_1", "type": "readout", "tag": "a/b.c", "sparkle": 3})
    assert display.elements[0].unknown == {"sparkle": 3}
    assert [f.severity for f in display.findings] == ["warning"]
    assert "sparkle" in display.findings[0].text


def test_unknown_head_is_kept() -> None:
    assert load(author="x").unknown == {"author": "x"}


def test_wrong_property_type_says_what_is_expected() -> None:
    (finding,) = load({"id": "e_1", "type": "kpi", "tag": "a/b.c", "span_min": "long"}).findings
    assert "span_min is 'long', expected integer" in finding.text


def test_choice_outside_its_list_names_the_choices() -> None:
    (finding,) = load({"id": "e_1", "type": "tank", "shape": "round"}).findings
    assert "clarifier" in finding.do


def test_bad_expression_names_element_and_column() -> None:
    (finding,) = load({"id": "e_1", "type": "text", "text": {"expr": "'a/b.c' +"}}).findings
    assert finding.severity == "error"
    assert "e_1" in finding.text
    assert "text" in finding.text


def test_duplicate_id_is_found() -> None:
    findings = load({"id": "e_1", "type": "line"}, {"id": "e_1", "type": "line"}).findings
    assert any("used twice" in f.text for f in findings)


def test_findings_carry_the_line_of_the_element() -> None:
    text = '{\n"schema": "display/1",\n"elements": [\n{"id":"e_1","type":"line"},\n{"id":"e_2","type":"nope"}\n]\n}\n'
    import json

    display = load_display(json.loads(text), DEFINITIONS, file="d.json", text=text)
    assert [f.line for f in display.findings] == [5]


def test_broken_documents_do_not_raise() -> None:
    assert load_display({"elements": 3, "size": "big"}, DEFINITIONS).findings
    assert load_display({"elements": [7, {"x": "a"}]}, DEFINITIONS).findings
