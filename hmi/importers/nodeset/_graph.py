"""The nodes of NodeSet2 files as one graph: what is below what, of which type, and what a data type is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from hmi.core.errors import ConfigurationError
from hmi.importers.nodeset._reader import MOST_BYTES, UA, Document, Node, NodeKey, read_document
from hmi.project.address_space import standard_type

OBJECTS, SERVER = (UA, "i=85"), (UA, "i=2253")
HAS_PROPERTY, HAS_SUBTYPE, HAS_TYPE, HAS_RULE = (UA, "i=46"), (UA, "i=45"), (UA, "i=40"), (UA, "i=37")
HAS_COMPONENT: Final = (UA, "i=47")
WEAK: Final = frozenset((UA, f"i={number}") for number in (35, 36, 48))
_STRONG: Final = frozenset((UA, f"i={number}") for number in (33, 34, 44, 46, 47, 49, 14476, 16361, 17604))
MANDATORY, OPTIONAL = (UA, "i=78"), (UA, "i=80")
EVENT_TYPES: Final = frozenset((
    2041, 2041, 2052, 2058, 2059, 2060, 2069, 2071, 2075, 2078, 2080, 2082, 2085, 2086, 2087, 2088, 2089,
    2090, 2091, 2093, 2095, 2097, 2099, 2100, 2104, 2127, 2130, 2131, 2132, 2133, 2311, 2315, 2378, 2738,
    2748, 2782, 2787, 2788, 2789, 2790, 2803, 2829, 2830, 2881, 2915, 2955, 2999, 3006, 3012, 3014, 3019,
    3022, 3035, 3806, 8927, 8944, 8961, 9341, 9482, 9623, 9764, 9906, 10060, 10214, 10368, 10523, 10637,
    10751, 11093, 11436, 11446, 11753, 11856, 12561, 12620, 13225, 15013, 15535, 15541, 15548, 15563, 17080,
    17225, 17242, 17259, 17641, 18011, 18029, 18047, 18347, 18496, 19095, 19297, 19362, 19369, 23606, 23926,
    32260, 32306, 32758, 32803,
))  # fmt: skip
"""Numbers of BaseEventType and all that the standard derives from it: an event is no object with values."""
MOST_LEVELS: Final = 30
MOST_NEIGHBOURS: Final = 300
_HEAD: Final = 1 << 18
_MODEL: Final = re.compile(r"""<(?:\w+:)?Model\s[^>]*\bModelUri\s*=\s*["']([^"']+)["']""")


def read_all(file: Path) -> tuple[list[Document], list[str]]:
    """The file and those beside it that it builds on; the URIs of models that are not there."""
    documents = [read_document(file)]
    known, missing = set(documents[0].models), list[str]()
    wanted = [uri for uri in documents[0].required if uri != UA]
    neighbours = _neighbours(file) if wanted else {}
    while wanted:
        uri = wanted.pop(0)
        if uri in known or uri == UA:
            continue
        known.add(uri)
        beside = neighbours.get(uri)
        try:
            found = read_document(beside) if beside else None
        except ConfigurationError:
            found = None
        if found is None:
            missing.append(uri)
            continue
        documents.append(found)
        known |= set(found.models)
        wanted += found.required
    return documents, missing


def _neighbours(file: Path) -> dict[str, Path]:
    """Models that the files of the same folder define, by URI; of two files with one model the last by name."""
    found: dict[str, Path] = {}
    for other in sorted(file.parent.glob("*.xml"))[:MOST_NEIGHBOURS]:
        try:
            if other == file or not other.is_file() or other.stat().st_size > MOST_BYTES:
                continue
            with other.open("rb") as stream:
                head = stream.read(_HEAD).decode("utf-8", "replace")
        except OSError:
            continue
        found.update({uri: other for uri in _MODEL.findall(head)})
    return found


class Graph:
    """All documents together; ``main`` is the one that was asked for."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.documents, self.main = documents, documents[0]
        self.nodes: dict[NodeKey, Node] = {}
        for document in reversed(documents):
            self.nodes.update(document.nodes)
        self._below: dict[NodeKey, list[tuple[NodeKey, NodeKey]]] = {}
        self._above: set[NodeKey] = set()
        self._subtype_of: dict[NodeKey, NodeKey] = {}
        self._hierarchical: dict[NodeKey, bool] = {}
        for key, node in self.nodes.items():
            for kind, target, forward in node.references:
                if kind == HAS_SUBTYPE:
                    self._subtype_of.setdefault(*((target, key) if forward else (key, target)))
        for key, node in self.nodes.items():
            for kind, target, forward in node.references:
                if self._is_hierarchical(kind):
                    upper, lower = (key, target) if forward else (target, key)
                    self._link(upper, kind, lower)

    def _link(self, upper: NodeKey, kind: NodeKey, lower: NodeKey) -> None:
        below = self._below.setdefault(upper, [])
        if (kind, lower) not in below[-50:]:  # a file states most references from both ends, close together
            below.append((kind, lower))
        self._above.add(lower)

    def _is_hierarchical(self, kind: NodeKey) -> bool:
        if kind not in self._hierarchical:
            self._hierarchical[kind] = any(one in WEAK or one in _STRONG for one in self.chain(kind))
        return self._hierarchical[kind]

    def chain(self, key: NodeKey) -> Iterator[NodeKey]:
        """A type and what it is a subtype of, upwards."""
        for _level in range(MOST_LEVELS):
            yield key
            above = self._subtype_of.get(key)
            if above is None:
                return
            key = above

    def is_event(self, key: NodeKey) -> bool:
        """Whether a type is one of events or alarms."""
        *_, (uri, identifier) = self.chain(key)
        number = identifier.removeprefix("i=")
        return (
            uri == UA
            and number.isascii()
            and number.isdigit()
            and len(number) < 10
            and int(number) in EVENT_TYPES
        )

    def is_property(self, kind: NodeKey) -> bool:
        """Whether a reference says that the other node is a property."""
        return HAS_PROPERTY in self.chain(kind)

    def below(self, key: NodeKey) -> list[tuple[NodeKey, Node]]:
        """What is below a node with the reference: components and properties first, then what is only listed."""
        found = dict[NodeKey, NodeKey]()
        for kind, lower in sorted(self._below.get(key, ()), key=lambda one: one[0] in WEAK):
            found.setdefault(lower, kind)
        return [(kind, self.nodes[lower]) for lower, kind in found.items() if lower in self.nodes]

    def type_of(self, node: Node) -> NodeKey | None:
        """Its type definition."""
        return next(
            (target for kind, target, forward in node.references if kind == HAS_TYPE and forward), None
        )

    def rule_of(self, node: Node) -> NodeKey | None:
        """Its modelling rule: only what is declared for a type has one."""
        return next(
            (target for kind, target, forward in node.references if kind == HAS_RULE and forward), None
        )

    def roots(self) -> list[Node]:
        """Objects and variables below the folder Objects, or below nodes of models that are not there."""
        found = {node.key: node for _kind, node in self.below(OBJECTS)}
        for upper, below in self._below.items():
            if upper not in self.nodes and upper[0] != UA:
                found.update({lower: self.nodes[lower] for _kind, lower in below if lower in self.nodes})
        is_instance = ("UAObject", "UAVariable")
        return [
            node
            for key, node in found.items()
            if node.kind in is_instance and key != SERVER and self.rule_of(node) is None
        ]

    def built_in(self, data_type: NodeKey) -> tuple[int, NodeKey]:
        """Number of the built-in type behind a data type, 0 where the files do not say it; and the last one known."""
        last = data_type
        for one in self.chain(data_type):
            last = one
            number = one[1].removeprefix("i=")
            if one[0] == UA and number.isascii() and number.isdigit():
                return standard_type(int(number)), one
        return 0, last
