"""Which UDT instances inside of UDTs become members of the type, and which are opened into its signals.

A member is an instance of the inner type with other parameters. Whatever says more than that is opened, and so is what
some type of a family opens: a type and those that inherit from it have the same members.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hmi.core.identity import is_tag_name
from hmi.importers.ignition._bindings import Hole, Text, Unsayable, as_text, plain, rendered, substituted
from hmi.importers.ignition._designs import Design, Nested, typed
from hmi.importers.ignition._names import Names, Way, signal_name
from hmi.importers.ignition._tree import FOLDER, INSTANCE, Node, merged
from hmi.importers.ignition._types import INSTANCE_NAME, Types

_OUTER: Final = ("RootInstanceName", "ParentInstanceName")
"""Names that mean something else inside of another UDT."""
_RESERVED: Final = "alarm"


@dataclass(frozen=True, slots=True)
class _Spot:
    """An instance inside of a UDT, and the key of its type."""

    node: Node
    inner: str


class Nesting:
    """Decides for all designs, which have been filled with everything opened.

    ``known``: the signals of the types that the plant has by now.
    """

    def __init__(
        self, types: Types, names: Names, designs: Mapping[str, Design], instances: Mapping[str, list[Node]],
        *, family_of: Callable[[str], list[str]], connection: Callable[[str, str], str],
        known: Mapping[str, Collection[str]],
    ) -> None:  # fmt: skip
        self._types, self._names, self._designs, self._instances = types, names, designs, instances
        self._family_of, self._connection, self._known = family_of, connection, known
        self._done: set[str] = set()

    def decide(self) -> None:
        """Give every design its members, those of the inner types first, and take their signals out of it."""
        for key in self._designs:
            self._family(self._top(key))

    def _top(self, key: str) -> str:
        seen: list[str] = []
        while key not in seen:
            seen.append(key)
            key = self._types.parent(key) or key
        return key

    def _family(self, top: str) -> None:
        if top in self._done:
            return
        self._done.add(top)
        family = [self._designs[key] for key in self._family_of(top) if key in self._designs]
        spots = {design.key: dict(_spots(design.node, (), self._types)) for design in family}
        for found in spots.values():
            for spot in found.values():
                self._family(self._top(spot.inner))
        ways = dict.fromkeys(way for found in spots.values() for way in found)
        for way in ways:
            holders = [design for design in family if way in spots[design.key]]
            if not self._is_of_all(way, holders, family, spots):
                continue
            made = [self._made(design, way, spots[design.key][way]) for design in holders]
            for design, one in zip(holders, made, strict=True):
                if one is not None and None not in made:
                    _take(design, way, one, self._designs[spots[design.key][way].inner])

    def _is_of_all(
        self, way: Way, holders: list[Design], family: list[Design], spots: Mapping[str, Mapping[Way, _Spot]]
    ) -> bool:
        """Whether every type that has it has the same, and no instance says more of it than its type."""
        inner = {spots[design.key][way].inner for design in holders}
        if len(inner) != 1 or any(spots[design.key][way].node.tags for design in holders):
            return False
        name = signal_name(way)
        for design in family:
            for node in self._instances.get(design.key, ()):
                here = self._names.instances.get(node.path, "")
                if _at(node, way) is not None or not is_tag_name(f"{here}/{name}.x"):
                    return False
        return True

    def _made(self, design: Design, way: Way, spot: _Spot) -> Nested | None:
        """The member; None where it would not be what the opened one is."""
        inner, name = self._designs.get(spot.inner), signal_name(way)
        if inner is None or name == _RESERVED or _says_outer(inner.node):
            return None
        if not _is_as_opened(design, way, inner):
            return None
        opened = {one for path, one in design.signals.items() if path[: len(way)] == way}
        if opened & set(self._known.get(design.name, ())):
            return None  # the plant has them from an earlier import, with their history
        others = set(design.signals.values()) - opened
        keys = {design.alarm_key(signal, alarm) for signal in others for alarm in _alarms(design, signal)}
        if not name or name in others or name in keys or name in {one.name for one in design.nested.values()}:
            return None
        try:
            scope = self._scope(design, spot, way)
            given = _given(inner, scope, design)
            connection = self._connection_of(design, inner, scope)
        except Unsayable:
            return None
        return Nested(name, inner.name, " ".join(way), connection, given, dict(inner.references))

    def _scope(self, design: Design, spot: _Spot, way: Way) -> dict[str, Text]:
        """What the parameters of the inner type are in terms of those of the outer one."""
        outer = self._types.scope_of(design.node, design.prefixes)
        node = merged(self._designs[spot.inner].node, spot.node)
        inner = {name: self._types.value_of(one.get("value"), outer) for name, one in node.parameters.items()}
        return {**inner, INSTANCE_NAME: (way[-1],)}

    def _connection_of(self, design: Design, inner: Design, scope: Mapping[str, Text]) -> str:
        """The connection of the member, empty where it is that of the instance; Unsayable for one that varies."""
        if inner.device is None:
            return ""
        driver, device = inner.device[0], substituted(inner.device[1], scope)
        if (driver, device) == design.device:
            return ""
        if (name := plain(device)) is None or not name.strip():
            raise Unsayable("names its device by another parameter")
        return self._connection(driver, name.strip())


def _spots(node: Node, way: Way, types: Types) -> Iterator[tuple[Way, _Spot]]:
    for child in node.tags.values():
        here = (*way, child.name)
        if child.kind == FOLDER:
            yield from _spots(child, here, types)
        elif child.kind == INSTANCE and (inner := types.find(child.type_id)) is not None:
            yield here, _Spot(child, inner)


def _at(node: Node, way: Way) -> Node | None:
    """What an instance says of a way inside of it."""
    at: Node | None = node
    for name in way:
        at = at.tags.get(name) if at is not None else None
    return at


def _is_as_opened(design: Design, way: Way, inner: Design) -> bool:
    """Whether the same signals could be taken over of the inner type and of the opened instance."""
    pairs = [(signal, design.signals.get((*way, *rest))) for rest, signal in inner.signals.items()]
    alike = all((own in inner.points) == (opened in design.points) for own, opened in pairs)
    return alike and bool(inner.points or inner.nested)


def _says_outer(node: Node) -> bool:
    said = repr((node.props, node.alarms, node.parameters))
    return any(word in said for word in _OUTER) or any(_says_outer(child) for child in node.tags.values())


def _alarms(design: Design, signal: str) -> Iterator[str]:
    point = design.points.get(signal)
    yield from point.alarms if point is not None else ()


def _given(inner: Design, scope: Mapping[str, Text], outer: Design) -> dict[str, Any]:
    """The parameters that the member gets as our types write them. Unsayable for one that does not fit."""
    out: dict[str, Any] = {}
    for name, parameter in inner.parameters.items():
        text = _without(inner.prefixes.get(name, ""), scope.get(name, ()))
        fixed = plain(text)
        if not text and parameter.kind != "string":
            if parameter.default is None:
                raise Unsayable(f"has no value for the parameter {name}")
            continue
        if fixed is not None and ("{" in fixed or "}" in fixed or typed(fixed, parameter.kind) is None):
            raise Unsayable(f"has no fitting value for the parameter {name}")
        if fixed is not None and fixed == parameter.default:
            continue
        out[parameter.name] = fixed if fixed is not None else rendered(text, outer.names)
    return out


def _without(prefix: str, text: Text) -> Text:
    if not prefix or not text:
        return text
    first = text[0]
    if isinstance(first, Hole) or not first.startswith(prefix):
        raise Unsayable("does not begin as the others do")
    return as_text((first[len(prefix) :], *text[1:])) if first != prefix else text[1:]


def _take(design: Design, way: Way, member: Nested, inner: Design) -> None:
    design.nested[way] = member
    for path in [path for path in design.signals if path[: len(way)] == way]:
        design.points.pop(design.signals.pop(path), None)
    design.members = [one for one in design.members if one.names[: len(way)] != way]
    assert inner.name == member.kind
