"""JSON Schemas of the plant files, made from the models and the plugin definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hmi.mimics import PARAMETER_TYPES, ElementDefinition, Property, shipped_definitions
from hmi.plugins import discovery
from hmi.plugins.definition import DriverDefinition, Setting
from hmi.project.columns import ALARM_HELP, CALCULATION_HELP, TAG_HELP
from hmi.project.models import DisplayModel, PlantModel, ScenarioModel, TypeModel
from hmi.project.shipped import shipped_path

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PROPERTY_TYPES = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "points": "array",
    "list": "array",
    "pair": "array",
    "arguments": "object",
    "overrides": "object",
}
_PLACE = {
    name: {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/reference"}], "description": "pixels"}
    for name in ("x", "y", "w", "h")
}


def schemas() -> dict[str, str]:
    """File name to text, for every kind of plant file."""
    made = {
        "plant": _plant_schema(),
        "type": _type_schema(),
        "display": _display_schema(),
        "scenario": _model_schema(ScenarioModel),
        "tags": _row_schema("tags.csv: a row is a tag or an instance of a type", TAG_HELP, ("kind", "name")),
        "alarms": _row_schema("alarms.csv: a row is an alarm", ALARM_HELP, ("tag", "kind", "priority")),
        "calculations": _row_schema(
            "calculations.csv: a row is a calculated tag, or one of every instance of a type",
            CALCULATION_HELP,
            ("name", "kind"),
        ),
    }
    return {f"{name}.schema.json": _text(f"{name}/1", schema) for name, schema in made.items()}


def generate(folder: Path | None = None) -> tuple[Path, ...]:
    """Write the schemas that differ into ``folder`` (by default the shipped one) and return them."""
    folder = folder or schema_folder()
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(folder)
    texts = schemas()
    for path in changed:
        if path.name in texts:
            path.write_text(texts[path.name], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return changed


def stale(folder: Path | None = None) -> tuple[Path, ...]:
    """The schema files that are missing, differ or belong to nothing."""
    folder = folder or schema_folder()
    texts = schemas()
    wrong = [folder / name for name, text in texts.items() if _read(folder / name) != text]
    wrong += [path for path in folder.glob("*.schema.json") if path.name not in texts]
    return tuple(sorted(wrong))


def is_current(folder: Path | None = None) -> bool:
    """True when the written schemas say what the code says."""
    return not stale(folder)


def schema_folder() -> Path:
    """Where the published schemas lie."""
    return shipped_path("resources") / "schemas"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _text(name: str, schema: Mapping[str, Any]) -> str:
    document = {"$schema": DIALECT, "$id": f"urn:watchkeeper:schema:{name}", **schema}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _model_schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    schema["properties"]["schema"]["const"] = schema["properties"]["schema"]["default"]
    schema["required"] = sorted({*schema.get("required", ()), "schema"})
    return schema


def _plant_schema() -> dict[str, Any]:
    schema = _model_schema(PlantModel)
    drivers = [discovery.definition("drivers", name) for name in discovery.names("drivers")]
    connection = schema["$defs"]["ConnectionModel"]
    connection["properties"]["driver"]["enum"] = [d.name for d in drivers]
    connection["allOf"] = [_driver_rule(d) for d in drivers]
    return schema


def _driver_rule(driver: DriverDefinition) -> dict[str, Any]:
    settings = {"properties": {s.name: _setting(s) for s in driver.settings}, "title": driver.title}
    return {
        "if": {"properties": {"driver": {"const": driver.name}}},
        "then": {"properties": {"settings": settings}},
    }


def _setting(setting: Setting) -> dict[str, Any]:
    out: dict[str, Any] = {
        "type": [setting.type, *setting.also] if setting.also else setting.type,
        "default": setting.default,
        "description": setting.help,
        "enum": list(setting.choices),
        "minimum": setting.minimum,
        "maximum": setting.maximum,
    }
    return {key: value for key, value in out.items() if value is not None and value != []} | {
        "default": setting.default
    }


def _type_schema() -> dict[str, Any]:
    """Types; the options of a signal are those of every driver, since a type knows no connection."""
    schema = _model_schema(TypeModel)
    options = {
        option.name: {"description": f"{name}: {option.help}"}
        for name in discovery.names("drivers")
        for option in discovery.definition("drivers", name).tag_options
    }
    signal = schema["$defs"]["SignalModel"]["properties"]
    signal["options"] = {
        "anyOf": [{"type": "object", "properties": options}, {"type": "string"}],
        "description": "options of the driver",
    }
    return schema


def _display_schema() -> dict[str, Any]:
    schema = _model_schema(DisplayModel)
    definitions = shipped_definitions()
    schema["properties"]["parameters"]["additionalProperties"] = {"$ref": "#/$defs/parameter"}
    schema["$defs"] = {
        **schema.get("$defs", {}),
        "parameter": _parameter_schema(),
        "reference": {
            "type": "string",
            "pattern": "^\\$[a-z][a-z0-9_]*(\\.[A-Za-z][A-Za-z0-9_]*)?$",
            "description": "a parameter of this display, as $pump or $pump.signal",
        },
        "expr": {
            "type": "object",
            "required": ["expr"],
            "additionalProperties": False,
            "properties": {"expr": {"type": "string", "description": "expression; tags in single quotes"}},
        },
        "element": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "id": {"type": "string"},
                "type": {"enum": sorted(definitions)},
                "tooltip": {"type": "string"},
                "note": {"type": "string"},
                "lint": {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[a-z0-9-]+: .+"},
                    "description": "rules that hmi check leaves out for this element, each as rule: reason",
                },
                **_PLACE,
            },
            "allOf": [_element_rule(d) for d in definitions.values()],
        },
    }
    schema["properties"]["elements"]["items"] = {"$ref": "#/$defs/element"}
    return schema


def _element_rule(definition: ElementDefinition) -> dict[str, Any]:
    properties = {p.name: _property(p) for p in definition.properties}
    for signal in definition.signals:
        properties.setdefault(signal.role, {"type": "string", "description": signal.help or "name of a tag"})
    return {
        "if": {"properties": {"type": {"const": definition.name}}},
        "then": {"properties": properties, "title": definition.title},
    }


def _parameter_schema() -> dict[str, Any]:
    texts = {
        "title": "what it is",
        "of": "type of equipment of an instance; types that extend it are accepted",
        "unit": "unit that a tag must have",
    }
    return {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {"enum": list(PARAMETER_TYPES)},
            **{name: {"type": "string", "description": text} for name, text in texts.items()},
            "low": {"type": "number", "description": "least value of a number"},
            "high": {"type": "number", "description": "greatest value of a number"},
            "choices": {"type": "array", "items": {"type": "string"}},
            "default": {
                "type": ["string", "number", "boolean"],
                "description": "without one, whoever shows the display gives it",
            },
        },
    }


def _instances_schema() -> dict[str, Any]:
    query = {"type": {"type": "string"}, "area": {"type": "string"}}
    return {
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "properties": query, "additionalProperties": False},
            {"type": "string", "description": "a query such as type:pump area:north"},
        ]
    }


def _property(prop: Property) -> dict[str, Any]:
    if prop.type == "instances":
        return {**_instances_schema(), "description": prop.help}
    literal: dict[str, Any] = {"type": _PROPERTY_TYPES.get(prop.type, "string")}
    if prop.choices:
        literal["enum"] = list(prop.choices)
    literal |= {key: n for key, n in (("minimum", prop.low), ("maximum", prop.high)) if n is not None}
    help_text = (
        prop.help if prop.type not in ("tag", "instance", "area", "display") else f"{prop.type}: {prop.help}"
    )
    others = [{"$ref": "#/$defs/reference"}, {"$ref": "#/$defs/expr"}]
    if prop.type in ("arguments", "overrides", "pair"):
        others = []
    return {"anyOf": [literal, *others], "description": help_text, "default": prop.default}


def _row_schema(title: str, columns: Mapping[str, str], required: tuple[str, ...]) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "required": list(required),
        "properties": {name: {"type": "string", "description": text} for name, text in columns.items()},
    }
