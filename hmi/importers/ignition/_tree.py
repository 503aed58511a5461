"""The tree of an Ignition export as checked nodes: whatever else stands in the file, these have names and kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.project.importing import ImportFault, Place

FOLDER, TYPE, INSTANCE, TAG = "Folder", "UdtType", "UdtInstance", "AtomicTag"
_KINDS: Final = {
    "provider": FOLDER,
    "folder": FOLDER,
    "udttype": TYPE,
    "udtinstance": INSTANCE,
    "atomictag": TAG,
}
MAX_DEPTH: Final = 40
MAX_NODES: Final = 1_000_000
_STRUCTURE: Final = ("name", "tagType", "tags", "parameters", "alarms")


@dataclass(slots=True)
class Node:
    """One entry. ``props`` are its plain properties, ``path`` the names from the top down."""

    name: str
    kind: str
    path: tuple[str, ...]
    props: dict[str, Any] = field(default_factory=dict[str, Any])
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    tags: dict[str, Node] = field(default_factory=dict[str, "Node"])

    @property
    def place(self) -> Place:
        return place_of(self.path)

    @property
    def type_id(self) -> str:
        """The UDT that it is an instance of or inherits from, as written."""
        for key in ("typeId", "typeID"):
            if isinstance(found := self.props.get(key), str):
                return found.strip()
        return ""


def place_of(path: tuple[str, ...]) -> Place:
    """The place of a node for a fault; an empty path is the file itself."""
    return Place(path="/".join(path) or "/")


def walked(node: Node) -> Iterator[Node]:
    """Every node below, the upper ones first."""
    for child in node.tags.values():
        yield child
        yield from walked(child)


class TreeReader:
    """Reads what ``json.loads`` gave; what cannot be an entry becomes a fault and is left out."""

    def __init__(self) -> None:
        self.faults: list[ImportFault] = []
        self._count = 0

    def root(self, document: Any) -> Node:
        """A folder without a name that holds what the file holds: a provider, folder, list of tags or one tag."""
        root = Node("", FOLDER, ())
        if isinstance(document, Mapping) and _is_root(document):
            self._children(document.get("tags", []), root, 0)
        else:
            self._children(document if isinstance(document, list) else [document], root, 0)
        return root

    def _children(self, raw: Any, parent: Node, depth: int) -> None:
        if not isinstance(raw, list):
            return self._fault(parent.path, "has no list of tags", "export it from Ignition again")
        if depth > MAX_DEPTH:
            return self._fault(parent.path, f"lies deeper than {MAX_DEPTH} folders", "move it up")
        for entry in raw:
            self._count += 1
            if self._count == MAX_NODES + 1:
                return self._fault(
                    parent.path, f"is behind the first {MAX_NODES:,} entries", "split the file"
                )
            if self._count > MAX_NODES:
                return None
            self._child(entry, parent, depth)
        return None

    def _child(self, entry: Any, parent: Node, depth: int) -> None:
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(entry, Mapping) or not isinstance(name, str) or not name.strip():
            return self._fault(parent.path, "holds an entry without a name", "give it a name")
        path = (*parent.path, name.strip())
        kind = _kind(entry)
        if not kind:
            what = f"is of the kind {str(entry.get('tagType'))[:40]!r}, which is not known"
            return self._fault(path, what, f"known are {FOLDER}, {TYPE}, {INSTANCE} and {TAG}")
        if name.strip() in parent.tags:
            return self._fault(path, "stands twice in its folder", "rename one of them")
        node = Node(name.strip(), kind, path, {k: v for k, v in entry.items() if k not in _STRUCTURE})
        self._parameters(entry.get("parameters"), node)
        self._alarms(entry.get("alarms"), node)
        parent.tags[node.name] = node
        if "tags" in entry:
            self._children(entry["tags"], node, depth + 1)
        return None

    def _parameters(self, raw: Any, node: Node) -> None:
        if raw is None:
            return
        if not isinstance(raw, Mapping):
            self._fault(node.path, "has parameters that are no table", "write them by name")
            return
        for name, given in raw.items():
            is_table = isinstance(given, Mapping) and "bindType" not in given
            node.parameters[str(name)] = dict(given) if is_table else {"value": given}

    def _alarms(self, raw: Any, node: Node) -> None:
        if raw is None:
            return
        if not isinstance(raw, list):
            self._fault(node.path, "has alarms that are no list", "write them as [{…}]")
            return
        for number, given in enumerate(raw, 1):
            name = given.get("name", f"Alarm {number}") if isinstance(given, Mapping) else None
            if not isinstance(given, Mapping) or not isinstance(name, str) or not name.strip():
                self._fault(node.path, f"has an alarm without a name (the {number}.)", "give it a name")
            elif name.strip() in node.alarms:
                self._fault(node.path, f"has the alarm {name!r} twice", "rename one of them")
            else:
                node.alarms[name.strip()] = dict(given)

    def _fault(self, path: tuple[str, ...], what: str, do: str) -> None:
        self.faults.append(ImportFault(what, place_of(path), do))


def _kind(entry: Mapping[str, Any]) -> str:
    """The kind as written, else the one that its content shows; empty when it is not known."""
    written = entry.get("tagType")
    if written is not None:
        return _KINDS.get(str(written).lower(), "")
    if "typeId" in entry or "typeID" in entry:
        return INSTANCE
    return FOLDER if "tags" in entry else TAG


def _is_root(document: Mapping[str, Any]) -> bool:
    is_nameless = _kind(document) == FOLDER and not document.get("name")
    return is_nameless or str(document.get("tagType", "")).lower() == "provider"


def merged(base: Node, over: Node) -> Node:
    """``base`` with everything that ``over`` says otherwise or in addition, members by name."""
    node = Node(over.name, base.kind, over.path, {**base.props, **over.props})
    node.parameters = {name: dict(given) for name, given in base.parameters.items()}
    for name, given in over.parameters.items():
        node.parameters[name] = {**node.parameters.get(name, {}), **given}
    node.alarms = dict(base.alarms)
    for name, given in over.alarms.items():
        node.alarms[name] = {**node.alarms.get(name, {}), **given}
    node.tags = dict(base.tags)
    for name, child in over.tags.items():
        node.tags[name] = merged(base.tags[name], child) if name in base.tags else child
    return node
