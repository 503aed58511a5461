"""Rows of the tags outside of UDTs, and of their alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from hmi.importers.ignition._bindings import Unsayable, plain
from hmi.importers.ignition._connections import Connections
from hmi.importers.ignition._fields import Point, Rules, point_of
from hmi.importers.ignition._library import Library
from hmi.importers.ignition._names import Names, Way, way_of
from hmi.importers.ignition._proposals import Proposals, cell, described
from hmi.importers.ignition._tree import TAG, Node, place_of, walked
from hmi.project.importing import ImportFault, ProposedRow

_QUOTED: Final = re.compile(r"'([^']*)'")


class Rows:
    """Translates single tags; what reads a tag that is left out is left out too."""

    def __init__(
        self, names: Names, library: Library, connections: Connections, rules: Rules, out: Proposals
    ) -> None:
        self._names, self._library, self._connections, self._rules = names, library, connections, rules
        self._out = out
        self._points: dict[Way, Point] = {}

    def tags(self, root: Node) -> None:
        """A row for every tag outside of UDTs."""
        nodes = {
            node.path: node for node in walked(root) if node.kind == TAG and node.path in self._names.tags
        }
        for path, node in nodes.items():
            if (point := self._point(node, self._names.tags[path])) is not None:
                self._points[path] = point
        self._drop_dangling()
        self._out.count(self._points.values())
        for path, point in self._points.items():
            self._tag(nodes[path], self._names.tags[path], point)

    def _point(self, node: Node, name: str) -> Point | None:
        def refer(inside: str) -> str:
            way, _ = way_of(inside, node.path[:-1])
            found = self._names.found(way)
            if found is None:
                raise Unsayable(f"reads {{{inside}}}, which is not in the file")
            return f"'{found}'"

        try:
            point = point_of(node, {}, {}, own=f"'{name}'", refer=refer, rules=self._rules)
        except Unsayable as error:
            is_off = str(error) == "is switched off in Ignition"
            do = "" if is_off else "make it by hand"
            self._out.faults.append(ImportFault(str(error), node.place, do, is_error=not is_off))
            return None
        self._out.faults += [ImportFault(remark, node.place, is_error=False) for remark in point.remarks]
        return point

    def _drop_dangling(self) -> None:
        """Leave out what reads a tag that itself is left out, until nothing of the kind is left."""
        known = {self._names.tags[path] for path in self._points} | set(self._instance_tags())
        while True:
            lost = [p for p, one in self._points.items() if not _read(one.fields.get("expression")) <= known]
            if not lost:
                break
            for path in lost:
                del self._points[path]
                known.discard(self._names.tags[path])
                self._out.faults.append(
                    ImportFault("reads a tag that cannot be taken over", place_of(path), "make it by hand")
                )
        for path, point in self._points.items():
            for name, alarm in list(point.alarms.items()):
                if not _read(alarm.get("expression")) <= known:
                    del point.alarms[name]
                    what = f"the alarm {name!r} reads a tag that cannot be taken over"
                    self._out.faults.append(ImportFault(what, place_of(path), "make it by hand"))

    def _instance_tags(self) -> Iterator[str]:
        for key, nodes in self._library.instances.items():
            design = self._library.designs.get(key)
            for node in nodes if design is not None else ():
                name = self._names.instances.get(node.path)
                if name and design:
                    yield from (f"{name}.{signal}" for signal in design.points)
                    yield from (
                        f"{name}/{one.name}{after}"
                        for one in design.nested.values()
                        for after in one.references.values()
                    )

    def _tag(self, node: Node, name: str, point: Point) -> None:
        fields = dict(point.fields)
        fields["description"] = described(node.name, str(fields.get("description", "")))
        if point.target is not None:
            fields["connection"] = self._connections.of(point.target.driver, plain(point.target.device) or "")
        cells = {"kind": "tag", "name": name}
        cells.update({key: text for key, value in fields.items() if (text := cell(value)) != ""})
        keys = frozenset[str]()
        if point.target is not None and point.target.driver == "modbus":
            for column in ("raw_low", "raw_high", "options"):
                cells.setdefault(column, "")
            keys = frozenset(("wire", "length", "order") if self._rules.order else ("wire", "length"))
        if point.target is not None and "readOnly" in node.props:
            cells.setdefault("writable", "false")
        self._out.rows.append(ProposedRow(cells, node.place, option_keys=keys))
        for alarm_name, alarm in point.alarms.items():
            self._out.alarm(name, alarm_name, alarm, node)


def _read(expression: Any) -> set[str]:
    return set(_QUOTED.findall(expression)) if isinstance(expression, str) else set()
