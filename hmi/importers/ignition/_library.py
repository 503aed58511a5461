"""Makes all UDTs of a file ready: in the order of their parents, each fault said once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from hmi.importers.ignition._bindings import (
    Hole,
    Text,
    Unsayable,
    as_text,
    bound,
    plain,
    rendered,
    substituted,
)
from hmi.importers.ignition._connections import Connections
from hmi.importers.ignition._designs import (
    Design,
    content_of,
    parameter_names,
    parameters_of,
    shared_device,
)
from hmi.importers.ignition._fields import Point, Rules, point_of
from hmi.importers.ignition._names import Names, Way, signal_name, way_of
from hmi.importers.ignition._nesting import Nesting
from hmi.importers.ignition._tree import INSTANCE, Node, merged, place_of, walked
from hmi.importers.ignition._types import INSTANCE_NAME, Member, Types
from hmi.project.import_names import legal_part
from hmi.project.importing import ImportFault, ProposedType
from hmi.project.type_text import type_text

_NODE_PREFIX: Final = re.compile(r"(?:ns=\d+|nsu=[^;]+);[isgb]=")
MAX_SAMPLES: Final = 200


class Library:
    """The designs by key; ``instances`` of each type with their whole nodes."""

    def __init__(
        self, root: Node, types: Types, names: Names, connections: Connections, rules: Rules
    ) -> None:
        self._types, self._names, self._connections, self._rules = types, names, connections, rules
        self.designs: dict[str, Design] = {}
        self.faults: list[ImportFault] = []
        self.instances: dict[str, list[Node]] = {}
        self._taken: set[str] = {"tag"}
        self._sort(root)

    def _sort(self, root: Node) -> None:
        missing: dict[str, list[Node]] = {}
        for node in walked(root):
            if node.kind == INSTANCE and node.path in self._names.instances:
                key = self._types.find(node.type_id) if node.type_id else None
                if key is None:
                    missing.setdefault(node.type_id, []).append(node)
                    del self._names.instances[node.path]
                else:
                    self.instances.setdefault(key, []).append(node)
        for type_id, nodes in missing.items():
            who = "is" if len(nodes) == 1 else f"and {len(nodes) - 1} more are"
            what = f"{who} of the type {type_id!r}, which is not in the file"
            self.faults.append(ImportFault(what, nodes[0].place, "export the types with the tags"))

    # --- members and names ---

    def open(self) -> None:
        """Open every type into its members and name the signals of all instances."""
        for key in self._types.keys:
            whole = self._types.whole(key)
            if whole is None:
                continue
            prefixes = self._prefixes(key)
            try:
                members = self._types.members(key, whole, prefixes)
            except Unsayable as error:
                self._refuse(key, str(error))
                continue
            signals = self._signals(key, members)
            names = parameter_names(whole)
            name = self._type_name(f"{self._rules.prefix}{key}")
            self.designs[key] = Design(key, name, whole, members, signals, prefixes, names)
        for key, nodes in self.instances.items():
            design = self.designs.get(key)
            for node in nodes:
                if design is None:
                    self._names.instances.pop(node.path, None)
                else:
                    self._names.signals[node.path] = design.references

    def _refuse(self, key: str, why: str) -> None:
        if key not in self._types.broken:
            self.faults.append(
                ImportFault(f"the type {why}", self._types.own(key).place, "correct it in Ignition")
            )
        self._types.broken.setdefault(key, why)

    def _signals(self, key: str, members: list[Member]) -> dict[Way, str]:
        taken: dict[str, Way] = {}
        for member in members:
            signal = signal_name(member.names)
            path = (*self._types.own(key).path, *member.names)
            if not signal:
                what = "has no letter or digit that a name can be made of"
                self.faults.append(ImportFault(what, place_of(path), "rename it in Ignition"))
            elif signal in taken:
                what = f"becomes the signal {signal}, as {'/'.join(taken[signal])} does"
                self.faults.append(ImportFault(what, place_of(path), "rename one of them in Ignition"))
            else:
                taken[signal] = member.names
        return {way: signal for signal, way in taken.items()}

    def _type_name(self, key: str) -> str:
        name = base = (
            "_".join(part for one in key.split("/") if (part := legal_part(one).lower()))[:60] or "udt"
        )
        number = 2
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name

    def own_type_name(self, design: Design, node: Node) -> str:
        """A free name for the type of one instance that differs too much for a cell."""
        return self._type_name(f"{design.name}/{node.name}")

    # --- values of parameters ---

    def values_of(self, node: Node, key: str) -> dict[str, str]:
        """What an instance has for each parameter, as texts; those that nothing fixes are left out."""
        whole = self._types.whole(key)
        entries = merged(whole, node).parameters if whole is not None else node.parameters
        out = {INSTANCE_NAME: node.name}
        scope = {name: (node.name,) for name in (INSTANCE_NAME, "RootInstanceName")}
        for name, given in entries.items():
            try:
                found = bound(given.get("value"), scope)
                text = (
                    substituted(as_text(found), scope) if isinstance(found, tuple | str | int | float) else ()
                )
            except Unsayable:
                continue
            if (fixed := plain(text)) is not None and given.get("value") is not None:
                out[name] = fixed
        return out

    def _family(self, key: str) -> list[str]:
        """The type and all that inherit from it."""
        return [one for one in self._types.keys if key in self._line(one)]

    def _line(self, key: str) -> list[str]:
        """The type and its parents, the most special first."""
        line: list[str] = []
        while key not in line:
            line.append(key)
            above = self._types.parent(key)
            if above is None:
                break
            key = above
        return line

    def _prefixes(self, key: str) -> dict[str, str]:
        """``ns=1;s=`` before a parameter whose values all begin so: a cell of parameters holds no semicolon."""
        top = self._line(key)[-1]
        rows = [self.values_of(n, one) for one in self._family(top) for n in self.instances.get(one, ())]
        whole = self._types.whole(key)
        out: dict[str, str] = {}
        for name in whole.parameters if whole is not None else ():
            texts = [row[name] for row in rows if ";" in row.get(name, "")]
            starts = {found[0] for text in texts if (found := _NODE_PREFIX.match(text))}
            if len(starts) == 1 and len(texts) == len([row for row in rows if row.get(name)]):
                prefix = starts.pop()
                if all(text.startswith(prefix) for text in texts):
                    out[name] = prefix
        return out

    # --- points ---

    def nest(self, known: Mapping[str, Collection[str]]) -> None:
        """Find which instances inside of UDTs are members. What is told on the way is told again by ``fill``."""
        told = list(self.faults)
        self.fill()
        self.faults[:] = told
        nesting = Nesting(
            self._types, self._names, self.designs, self.instances, family_of=self._family,
            connection=self._connections.of, known=known,
        )  # fmt: skip
        nesting.decide()
        for key, nodes in self.instances.items():
            design = self.designs.get(key)
            for node in nodes if design is not None and design.nested else ():
                if design is not None and node.path in self._names.signals:
                    self._names.signals[node.path] = design.references

    def fill(self) -> None:
        """Translate the members of every type."""
        for key, design in self.designs.items():
            place = self._types.own(key).path
            design.points = self.points_of(design, design.members, place)
            if not design.nested:  # else its members count as well, as they did when they were opened
                design.device = shared_device(design.points.values())
            rows = [self.values_of(n, one) for one in self._family(key) for n in self.instances.get(one, ())]
            design.parameters = parameters_of(design, rows)
            self._connect(design)

    def points_of(
        self, design: Design, members: list[Member], place: Way, *, of_instance: bool = False
    ) -> dict[str, Point]:
        """The members as points by signal; what cannot be taken over is a fault."""
        out: dict[str, Point] = {}
        for member in members:
            signal = design.signals.get(member.names)
            if signal is None:
                continue
            path = (*place, *member.names)
            try:
                point = self._point(design, member, signal)
            except Unsayable as error:
                is_off = str(error) == "is switched off in Ignition"
                stays = (
                    f"the signal stays; if nothing needs it: {signal}.present=false in parameters of the row"
                )
                do = "make it by hand" if not is_off else stays if of_instance else ""
                self.faults.append(ImportFault(str(error), place_of(path), do, is_error=not is_off))
                continue
            for remark in point.remarks:
                self.faults.append(ImportFault(remark, place_of(path), is_error=False))
            out[signal] = point
        return out

    def _point(self, design: Design, member: Member, signal: str) -> Point:
        return point_of(
            member.node,
            member.scope,
            design.names,
            own=f"'{{name}}.{signal}'",
            refer=self._refer(design, member),
            rules=self._rules,
            samples=tuple(self._samples(design, member)),
        )

    def _refer(self, design: Design, member: Member) -> Callable[[str], str]:
        def refer(inside: str) -> str:
            if inside in member.scope:
                return rendered(member.scope[inside], design.names)
            way, is_relative = way_of(inside, member.names[:-1])
            after = design.references.get(way)
            if after is not None and (is_relative or self._names.found(way) is None):
                return f"'{{name}}{after}'"
            name = None if is_relative else self._names.found(way)
            if name is None:
                raise Unsayable(f"reads {{{inside}}}, which is not in the file")
            return f"'{name}'"

        return refer

    def _samples(self, design: Design, member: Member) -> Iterator[str]:
        """The item path of the member as the instances of its type have it."""
        try:
            found = bound(member.node.props.get("opcItemPath"), member.scope)
            item = substituted(found, member.scope) if isinstance(found, tuple) else None
        except Unsayable:
            return
        if item is None or not any(isinstance(part, Hole) for part in item):
            return
        for node, key in self._some_instances(design.key):
            values: Mapping[str, Text] = {
                name: as_text(text.removeprefix(design.prefixes.get(name, "")))
                for name, text in self.values_of(node, key).items()
            }
            try:
                text = plain(substituted(item, values))
            except Unsayable:
                continue
            if text is not None:
                yield text

    def _some_instances(self, key: str) -> list[tuple[Node, str]]:
        found = [(node, one) for one in self._family(key) for node in self.instances.get(one, ())]
        return found[:MAX_SAMPLES]

    def _connect(self, design: Design) -> None:
        """Signals of another device than the rest name their connection themselves."""
        for signal, point in list(design.points.items()):
            target = point.target
            if target is None or (target.driver, target.device) == design.device:
                continue
            device = plain(target.device)
            if device is None:
                way = next(way for way, one in design.signals.items() if one == signal)
                what = "names its device by another parameter than most members of its type"
                path = (*self._types.own(design.key).path, *way)
                self.faults.append(ImportFault(what, place_of(path), "make it by hand"))
                del design.points[signal]
            else:
                point.fields["connection"] = self._connections.of(target.driver, device)

    def proposed(self) -> Iterator[ProposedType]:
        """The files of all types that have signals."""
        for key, design in self.designs.items():
            if not design.points and not design.nested:
                self.faults.append(
                    ImportFault("the type has no signals that can be taken over", place_of(design.node.path))
                )
                continue
            above = self._types.parent(key)
            parent = self.designs.get(above) if above else None
            parent = parent if parent is not None and (parent.points or parent.nested) else None
            content = content_of(design, parent)
            yield ProposedType(design.name, type_text(design.name, content), design.node.place)
