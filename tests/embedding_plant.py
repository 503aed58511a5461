"""A plant with types, pumps and displays that take parameters, for tests of embedded displays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.client.port import InstanceInfo, TagInfo, TypeInfo
from hmi.mimics import Catalogue, Display, DisplaySource, load_display, shipped_definitions

DEFINITIONS = shipped_definitions()
SIGNALS = {"running": "", "flow": "m³/h", "speed": "%"}
TYPES = [
    TypeInfo("drive", "Drive", "", ["running"], {"base": "integer"}),
    TypeInfo("pump", "Pump", "drive", list(SIGNALS), {"base": "integer"}),
    TypeInfo(
        "dosing_pump", "Dosing pump", "pump", [*SIGNALS, "stroke"], {"base": "integer", "fluid": "string"}
    ),
    TypeInfo("valve", "Valve", "", ["opened"], {}),
]
CARD: dict[str, Any] = {
    "schema": "display/1",
    "name": "card",
    "title": "$pump.title",
    "size": [200, 100],
    "parameters": {
        "pump": {"type": "instance", "of": "pump", "title": "the pump"},
        "title": {"type": "string", "default": "Pump"},
        "limit": {"type": "number", "low": 0, "high": 10, "default": 5},
        "mini": {"type": "boolean", "default": False},
    },
    "elements": [
        {"id": "body", "type": "pump", "x": 10, "y": 20, "w": 36, "h": 36, "instance": "$pump", "label": "$title"},
        {"id": "flow", "type": "readout", "x": 80, "y": 20, "w": 90, "h": 40, "tag": "$pump.flow"},
        {"id": "pipe", "type": "pipe", "x": 0, "y": 50, "points": [[0, 50], [10, 50]]},
        {"id": "high", "type": "text", "x": 80, "y": 70,
         "text": {"expr": "'$title' if '$pump.flow' > '$limit' else \"\""}},
    ],
}  # fmt: skip


def tag(name: str, unit: str = "m³/h") -> TagInfo:
    return TagInfo(
        id=name, name=name, type="float", description="", area="", unit=unit, format=".1f", low=0.0, high=10.0,
        normal_low=None, normal_high=None, states={}, writable=False, command_class="", limit_low=None,
        limit_high=None, instance="", signal="", period_ms=1000, history=True, alarms=[],
    )  # fmt: skip


def pump(name: str, kind: str = "pump", signals: Mapping[str, str] = SIGNALS) -> InstanceInfo:
    names = {signal: f"{name}.{signal}" for signal in signals}
    area = name.partition("/")[0]
    return InstanceInfo(name, name, kind, f"Title of {name}", area, "", "", names, {"base": 100})


def plant(*names: str, displays: Mapping[str, Mapping[str, Any]] | None = None) -> Catalogue:
    """Pumps by name (``intake/p1`` and ``intake/p2`` by default), a dosing pump and a valve."""
    instances = [pump(name) for name in names or ("intake/p1", "intake/p2")]
    instances += [pump("dosing/d1", "dosing_pump"), pump("intake/v1", "valve", {"opened": ""})]
    tags = [tag(name, SIGNALS.get(signal, "")) for i in instances for signal, name in i.signals.items()]
    files = {"card": CARD, **(displays or {})}
    sources = {name: DisplaySource(document, f"displays/{name}.json") for name, document in files.items()}
    return Catalogue(tags, instances, TYPES, sources)


def load(
    *elements: Mapping[str, Any],
    names: Catalogue | None = None,
    arguments: Mapping[str, Any] | None = None,
    **head: Any,
) -> Display:
    document = {"name": "outer", "elements": list(elements), **head}
    return load_display(document, DEFINITIONS, file="outer.json", names=names or plant(), arguments=arguments)


def opened(*elements: Mapping[str, Any], names: Catalogue | None = None, **arguments: Any) -> Display:
    return load(*elements, names=names, arguments=arguments)


def sentences(display: Display) -> list[str]:
    return [finding.text for finding in display.findings]
