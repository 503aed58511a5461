"""The published JSON Schemas say what the code says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from hmi.check.schemas import generate, is_current, schemas, stale
from hmi.mimics import PARAMETER_TYPES, shipped_definitions
from hmi.plugins import discovery
from hmi.project import new_plant


def test_published_schemas_are_current() -> None:
    assert stale() == (), "run: hmi generate"


def test_generate_writes_what_differs_and_removes_what_is_gone(tmp_path: Path) -> None:
    assert not is_current(tmp_path)
    assert len(generate(tmp_path)) == len(schemas())
    assert is_current(tmp_path)
    (tmp_path / "plant.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "gone.schema.json").write_text("{}", encoding="utf-8")
    assert {p.name for p in generate(tmp_path)} == {"plant.schema.json", "gone.schema.json"}
    assert is_current(tmp_path)


def test_driver_settings_come_from_the_definitions() -> None:
    rules = json.loads(schemas()["plant.schema.json"])["$defs"]["ConnectionModel"]["allOf"]
    assert len(rules) == len(discovery.names("drivers"))
    for rule in rules:
        name = rule["if"]["properties"]["driver"]["const"]
        written = set(rule["then"]["properties"]["settings"]["properties"])
        assert written == {s.name for s in discovery.definition("drivers", name).settings}


def test_element_properties_come_from_the_definitions() -> None:
    element = json.loads(schemas()["display.schema.json"])["$defs"]["element"]
    assert element["properties"]["type"]["enum"] == sorted(shipped_definitions())
    rules = {
        rule["if"]["properties"]["type"]["const"]: rule["then"]["properties"] for rule in element["allOf"]
    }
    for name, definition in shipped_definitions().items():
        assert {p.name for p in definition.properties} <= set(rules[name])


def test_the_fields_of_a_new_plant_are_in_the_schemas(tmp_path: Path) -> None:
    folder = new_plant(tmp_path / "works")
    plant = tomllib.loads((folder / "plant.toml").read_text(encoding="utf-8"))
    assert set(plant) <= set(json.loads(schemas()["plant.schema.json"])["properties"])
    columns = (folder / "tags.csv").read_text(encoding="utf-8").split("\n")[0].split(",")
    assert set(columns) <= set(json.loads(schemas()["tags.schema.json"])["properties"])


def test_the_display_schema_knows_parameters_and_what_embeds() -> None:
    schema = json.loads(schemas()["display.schema.json"])
    parameter = schema["$defs"]["parameter"]
    assert schema["properties"]["parameters"]["additionalProperties"] == {"$ref": "#/$defs/parameter"}
    assert set(parameter["properties"]["type"]["enum"]) == set(PARAMETER_TYPES)
    assert {"of", "unit", "low", "high", "choices", "default", "title"} <= set(parameter["properties"])
    rules = {
        r["if"]["properties"]["type"]["const"]: r["then"]["properties"]
        for r in schema["$defs"]["element"]["allOf"]
    }
    assert rules["embed"]["parameters"]["anyOf"] == [{"type": "object"}]
    assert set(rules["repeat"]["over"]["anyOf"][1]["properties"]) == {"type", "area"}
    assert {"$ref": "#/$defs/reference"} in rules["readout"]["tag"]["anyOf"]
    for good in ("$pump", "$pump.flow"):
        assert re.search(schema["$defs"]["reference"]["pattern"], good)
