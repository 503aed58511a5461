"""The UDTs of a file: found by their id, with what they inherit, and opened into flat members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hmi.importers.ignition._bindings import Hole, Text, Unsayable, as_text, bound, joined, substituted
from hmi.importers.ignition._tree import FOLDER, INSTANCE, TAG, TYPE, Node, merged, place_of, walked
from hmi.project.importing import ImportFault

TYPES_FOLDER: Final = "_types_"
MAX_MEMBERS: Final = 2_000
INSTANCE_NAME: Final = "InstanceName"
_MAX_CHAIN: Final = 16


@dataclass(frozen=True, slots=True)
class Member:
    """One tag inside a UDT. ``names``: the way to it; ``scope``: what its parameters are in terms of the UDT's own."""

    names: tuple[str, ...]
    node: Node
    scope: Mapping[str, Text]


class Types:
    """All UDTs by the path below ``_types_``."""

    def __init__(self, root: Node) -> None:
        self.faults: list[ImportFault] = []
        self._own = {_key(node.path): node for node in walked(root) if node.kind == TYPE}
        self._whole: dict[str, Node | None] = {}
        self._cycles: set[frozenset[str]] = set()
        self._openings = 0
        self.broken: dict[str, str] = {}
        """Why a type cannot be used, by its key."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._own)

    def own(self, key: str) -> Node:
        return self._own[key]

    def find(self, type_id: str) -> str | None:
        """The key that a ``typeId`` such as ``[default]_types_/Pumps/Motor`` names; None when there is none."""
        text = type_id.partition("]")[2] if type_id.startswith("[") else type_id
        text = text.strip("/").removeprefix(f"{TYPES_FOLDER}/")
        if text in self._own:
            return text
        folded = [key for key in self._own if key.lower() == text.lower()]
        return folded[0] if len(folded) == 1 else None

    def whole(self, key: str, chain: tuple[str, ...] = ()) -> Node | None:
        """The type with everything it inherits; None, with one fault, when that cannot be followed."""
        if key in self._whole:
            return self._whole[key]
        node = self._own[key]
        if key in chain:
            self._cycle(chain[chain.index(key) :], "inherit from each other")
            return None
        parent = None
        if node.type_id:
            found = self.find(node.type_id)
            if found is None:
                self._broken(key, f"inherits from {node.type_id!r}, which is not in the file")
            else:
                parent = self.whole(found, (*chain, key))
                if parent is None:
                    self.broken.setdefault(key, f"its parent {found} cannot be used")
        result = node if not node.type_id else merged(parent, node) if parent is not None else None
        self._whole[key] = result
        return result

    def parent(self, key: str) -> str | None:
        """The key of the type that this one inherits from."""
        node = self._own[key]
        return self.find(node.type_id) if node.type_id else None

    def members(
        self, key: str, node: Node, prefixes: Mapping[str, str], fixed: Mapping[str, str] | None = None
    ) -> list[Member]:
        """The tags of a type, or of an instance with its differences, nested instances opened. ``prefixes``: texts
        that stand before a parameter wherever it is used; ``fixed``: parameters that are put in as they are.

        Unsayable when there are too many, or a nested type is missing or broken.
        """
        scope = self.scope_of(node, prefixes, fixed)
        found: list[Member] = []
        self._openings = 0
        for member in self._opened(node, (), scope, (key,)):
            found.append(member)
            if len(found) > MAX_MEMBERS:
                raise Unsayable(f"has more than {MAX_MEMBERS} members with those of nested UDTs")
        return found

    def scope_of(
        self, node: Node, prefixes: Mapping[str, str], fixed: Mapping[str, str] | None = None
    ) -> dict[str, Text]:
        """The parameters of a type as its tags may use them."""
        scope: dict[str, Text] = {
            name: joined((prefixes.get(name, ""), Hole(name))) for name in node.parameters
        }
        scope.update({name: as_text(text) for name, text in (fixed or {}).items()})
        scope.update({name: (Hole(INSTANCE_NAME),) for name in (INSTANCE_NAME, "RootInstanceName")})
        return scope

    def _opened(
        self, node: Node, names: tuple[str, ...], scope: Mapping[str, Text], chain: tuple[str, ...]
    ) -> Iterator[Member]:
        for child in node.tags.values():
            way = (*names, child.name)
            if child.kind == TAG:
                yield Member(way, child, {**scope, "TagName": (child.name,)})
            elif child.kind == FOLDER:
                yield from self._opened(child, way, scope, chain)
            elif child.kind == INSTANCE:
                yield from self._nested(child, way, scope, chain)

    def _nested(
        self, child: Node, way: tuple[str, ...], scope: Mapping[str, Text], chain: tuple[str, ...]
    ) -> Iterator[Member]:
        key = self.find(child.type_id) if child.type_id else None
        if key is None:
            raise Unsayable(f"holds {'/'.join(way)} of the type {child.type_id!r}, which is not in the file")
        if key in chain:
            self._cycle(chain[chain.index(key) :], "hold each other")
            raise Unsayable("holds types that hold each other")
        self._openings += 1
        if len(chain) > _MAX_CHAIN or self._openings > MAX_MEMBERS:
            raise Unsayable(f"nests more than {_MAX_CHAIN} levels or {MAX_MEMBERS} instances of other UDTs")
        whole = self.whole(key)
        if whole is None:
            raise Unsayable(f"holds {'/'.join(way)} of the type {key}, which cannot be used")
        node = merged(whole, child)
        inner = {name: self.value_of(given.get("value"), scope) for name, given in node.parameters.items()}
        inner["InstanceName"] = (child.name,)
        inner["ParentInstanceName"] = scope["InstanceName"]
        inner["RootInstanceName"] = scope["RootInstanceName"]
        yield from self._opened(node, way, inner, (*chain, key))

    def value_of(self, value: object, scope: Mapping[str, Text]) -> Text:
        """What a nested instance gives to a parameter. Unsayable for an expression."""
        found = bound(value, scope)
        if not isinstance(found, tuple | str | int | float | bool | None):
            raise Unsayable("gives a parameter by an expression")
        return substituted(as_text(found), scope)

    def _cycle(self, keys: tuple[str, ...], what: str) -> None:
        for key in keys:
            self.broken.setdefault(key, "it is part of a circle")
        if (group := frozenset(keys)) in self._cycles:
            return
        self._cycles.add(group)
        text = (
            f"the types {', '.join(sorted(group))} {what}"
            if len(group) > 1
            else "the type leads back to itself"
        )
        self.faults.append(ImportFault(text, self._own[keys[0]].place, "break the circle in Ignition"))

    def _broken(self, key: str, what: str) -> None:
        self.broken.setdefault(key, what)
        self.faults.append(
            ImportFault(f"the type {what}", place_of(self._own[key].path), "export the types with the tags")
        )


def _key(path: tuple[str, ...]) -> str:
    """The path below ``_types_``, wherever that folder lies in the file."""
    names = path[path.index(TYPES_FOLDER) + 1 :] if TYPES_FOLDER in path else path
    return "/".join(names)
