"""One row for each instance of a UDT, with its parameters and what it says otherwise than its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.importers.ignition._bindings import Unsayable, as_text, plain, substituted
from hmi.importers.ignition._connections import Connections
from hmi.importers.ignition._designs import Design, alarm_table, signal_table
from hmi.importers.ignition._fields import Point
from hmi.importers.ignition._library import Library
from hmi.importers.ignition._names import Names, Way
from hmi.importers.ignition._proposals import Proposals, cell, described, filled, fits_a_cell
from hmi.importers.ignition._tree import Node, merged
from hmi.importers.ignition._types import INSTANCE_NAME, Types
from hmi.importers.ignition._values import Values, words
from hmi.project.importing import ImportFault, ProposedRow, ProposedType
from hmi.project.type_text import type_text

OwnAlarm = tuple[str, str, dict[str, Any]]
"""Signal, name and fields of an alarm that the type does not have."""


class Instances:
    """Makes rows, and a type of its own for an instance whose differences fit no cell."""

    def __init__(
        self, types: Types, names: Names, library: Library, connections: Connections, out: Proposals
    ) -> None:
        self._types, self._names, self._library, self._connections = types, names, library, connections
        self._out = out

    def take(self) -> None:
        """A row for every instance of a UDT that could be made ready."""
        for key, nodes in self._library.instances.items():
            design = self._library.designs.get(key)
            if design is None or not (design.points or design.nested):
                why = self._types.broken.get(key, "it has no signals")
                what = f"{len(nodes)} instance{'s' * (len(nodes) > 1)} of the type {key}: {why}"
                self._out.faults.append(ImportFault(what, nodes[0].place, "correct the type first"))
                continue
            for node in nodes:
                if node.path in self._names.instances:
                    self._instance(node, design)

    def _instance(self, node: Node, design: Design) -> None:
        before = self._out.errors
        values = self._library.values_of(node, design.key)
        cells = {"name": self._names.instances[node.path], "description": self._description(node, design)}
        given, wide = self._parameters(node, design, values)
        filling = {design.names[one]: text for one, text in values.items() if one in design.names} | cells
        changes, alarms, tables = self._differences(node, design, values, filling)
        cells["kind"] = self._own_type(node, design, wide, tables) if wide or tables else design.name
        if connection := self._connection(node, design, values):
            cells["connection"] = connection
        if parameters := ";".join(f"{key}={value}" for key, value in {**given, **changes}.items()):
            cells["parameters"] = parameters
        if self._out.errors > before:
            return
        self._out.rows.append(ProposedRow(cells, node.place))
        self._out.count(design.points.values())
        for signal, name, alarm in alarms:
            own = {key: filled(value, filling) for key, value in alarm.items()}
            self._out.alarm(f"{cells['name']}.{signal}", name, own, node)

    def _description(self, node: Node, design: Design) -> str:
        text = ""
        if "documentation" in node.props or "tooltip" in node.props:
            shown = Values({**design.node.props, **node.props}, {}, {})
            text = shown.shown("documentation") or shown.shown("tooltip")
        return described(node.name, text) or words(node.name)

    def _parameters(
        self, node: Node, design: Design, values: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """The cells of parameters that differ from the default, and the tables of those that fit no cell."""
        given: dict[str, str] = {}
        wide: dict[str, Any] = {}
        for name, parameter in design.parameters.items():
            prefix = design.prefixes.get(name, "")
            text = values.get(name)
            if text is None:
                if parameter.default is None:
                    what = f"has no value for the parameter {name}"
                    self._out.faults.append(ImportFault(what, node.place, "give it one in Ignition"))
                continue
            text = text.removeprefix(prefix)
            if text == parameter.default:
                continue
            if not text and parameter.kind != "string":
                what = f"has an empty value for the parameter {name}"
                self._out.faults.append(ImportFault(what, node.place, "give it one in Ignition"))
            elif fits_a_cell(text):
                given[parameter.name] = text
            else:
                wide[parameter.name] = {"type": parameter.kind, "default": text}
        return given, wide

    def _connection(self, node: Node, design: Design, values: Mapping[str, str]) -> str:
        if design.device is None:
            return ""
        driver, device = design.device
        scope = {name: as_text(text) for name, text in values.items()}
        scope.setdefault(INSTANCE_NAME, (node.name,))
        try:
            name = plain(substituted(device, scope))
        except Unsayable as error:
            self._out.faults.append(
                ImportFault(f"its device {error}", node.place, "give the parameter in Ignition")
            )
            return ""
        if not (name or "").strip():
            self._out.faults.append(
                ImportFault("names no device", node.place, "give the parameter in Ignition")
            )
            return ""
        return self._connections.of(driver, (name or "").strip())

    def _differences(
        self, node: Node, design: Design, values: Mapping[str, str], filling: Mapping[str, str]
    ) -> tuple[dict[str, str], list[OwnAlarm], dict[str, Any]]:
        """What the instance says otherwise than its type: cells, alarms that the type does not have, and what fits
        no cell, as tables of a type. ``filling``: texts for the holes of alarms, whose cells have none.
        """
        cells: dict[str, str] = {}
        alarms: list[OwnAlarm] = []
        wide: dict[str, Any] = {}
        if not node.tags:
            return cells, alarms, wide
        points = self._own_points(node, design, values)
        ways = {signal: way for way, signal in design.signals.items()}
        for signal, point in points.items():
            base = design.points.get(signal)
            if base is None:
                continue
            changed = _changed(base.fields, point.fields)
            if point.target and base.target and point.target.device != base.target.device:
                changed["connection"] = self._connections.of(
                    point.target.driver, plain(point.target.device) or ""
                )
            self._sort(changed, signal, cells, wide.setdefault("signals", {}), ways[signal], point.fields)
            for name, alarm in point.alarms.items():
                if name not in base.alarms:
                    alarms.append((signal, name, alarm))
                    continue
                key = design.alarm_key(signal, name)
                before = alarm_table(signal, name, base.alarms[name])
                after = _changed(before, alarm_table(signal, name, alarm))
                texts = {field: cell(filled(value, filling)) for field, value in after.items()}
                if all(fits_a_cell(text) for text in texts.values()):
                    cells.update({f"{key}.{field}": text for field, text in texts.items()})
                else:
                    wide.setdefault("alarms", {})[key] = after
        return cells, alarms, {group: tables for group, tables in wide.items() if tables}

    def _sort(
        self,
        changed: Mapping[str, Any],
        signal: str,
        cells: dict[str, str],
        wide: dict[str, Any],
        way: Way,
        fields: Mapping[str, Any],
    ) -> None:
        if "description" in changed:
            changed = {**changed, "description": signal_table(fields, way, signal).get("description", "")}
        if all(fits_a_cell(cell(value)) for value in changed.values()):
            cells.update({f"{signal}.{key}": cell(value) for key, value in changed.items()})
        else:
            wide[signal] = signal_table({k: fields.get(k, v) for k, v in changed.items()}, (signal,), signal)

    def _own_points(self, node: Node, design: Design, values: Mapping[str, str]) -> dict[str, Point]:
        try:
            own = {name: text for name, text in values.items() if name not in design.node.parameters}
            whole = merged(design.node, node)
            members = self._types.members(design.key, whole, design.prefixes, own)
        except Unsayable as error:
            self._out.faults.append(
                ImportFault(f"what is its own {error}", node.place, "it is taken as its type is")
            )
            return {}
        changed = [m for m in members if _is_touched(node, m.names)]
        unknown = ["/".join(m.names) for m in changed if m.names not in design.signals]
        if unknown:
            what = f"has members that its type does not have: {', '.join(unknown[:5])}"
            self._out.faults.append(ImportFault(what, node.place, "add them to the type in Ignition"))
        return self._library.points_of(design, changed, node.path, of_instance=True)

    def _own_type(
        self, node: Node, design: Design, parameters: Mapping[str, Any], tables: Mapping[str, Any]
    ) -> str:
        name = self._library.own_type_name(design, node)
        content = {"title": words(node.name), "extends": design.name, "parameters": parameters, **tables}
        self._out.types.append(ProposedType(name, type_text(name, content), node.place))
        return name


def _is_touched(node: Node, names: Way) -> bool:
    """Whether the instance says something of its own on the way to a member."""
    at: Node | None = node
    for name in names:
        at = at.tags.get(name) if at is not None else None
        if at is not None and (at.props or at.alarms or at.parameters):
            return True
    return False


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that differ; those that are gone become empty."""
    out = {key: value for key, value in after.items() if key not in before or before[key] != value}
    out.update({key: "" for key in before if key not in after})
    return out
