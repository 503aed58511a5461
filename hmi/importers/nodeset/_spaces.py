"""Nodes of NodeSet2 files as an address space: the objects of a file, and the declaration of each object type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hmi.importers.nodeset._facts import facts_of, text_of
from hmi.importers.nodeset._graph import MANDATORY, OPTIONAL, WEAK, Graph
from hmi.importers.nodeset._reader import UA, Node, NodeKey
from hmi.project.address_space import IDENTITY, STATE_NUMBER, Facts, SpaceNode

MOST_DEPTH: Final = 50
MOST_DECLARED: Final = 8
MOST_MEMBERS: Final = 500
_INSTANCES: Final = ("UAObject", "UAVariable")


@dataclass(slots=True)
class Objects:
    """The objects and variables of a file, parents first, and what was left out on purpose."""

    nodes: list[SpaceNode] = field(default_factory=list[SpaceNode])
    left: dict[str, int] = field(default_factory=dict[str, int])

    def leave(self, what: str) -> None:
        self.left[what] = self.left.get(what, 0) + 1


def objects_of(graph: Graph, *, properties: bool) -> Objects:
    """Everything below the roots, each node where it is a component if it is one."""
    found, seen = Objects(), set[NodeKey]()
    keys: list[NodeKey] = []

    def take(node: Node, parent: int) -> None:
        if node.key not in seen:
            seen.add(node.key)
            keys.append(node.key)
            found.nodes.append(space_node(node, graph, parent))

    for root in graph.roots():
        take(root, -1)
    first = 0
    for _level in range(MOST_DEPTH):
        last = len(found.nodes)
        later: list[tuple[Node, int]] = []
        for place in range(first, last):
            for kind, node in graph.below(keys[place]):
                if not _is_kept(kind, node, found, place, graph, properties=properties):
                    continue
                if kind in WEAK:
                    later.append((node, place))
                else:
                    take(node, place)
        for node, place in later:
            take(node, place)
        first = last
    found.nodes = _of_main(found.nodes, keys, graph)
    return found


def _is_kept(
    kind: NodeKey, node: Node, found: Objects, place: int, graph: Graph, *, properties: bool
) -> bool:
    """Whether a node below another one is a node of its own; a property mostly says something of its owner."""
    if node.kind == "UAMethod":
        found.leave("methods")
    if node.kind not in _INSTANCES:
        return False
    if not graph.is_property(kind):
        return True
    owner = found.nodes[place]
    if owner.kind == "object" and node.name in IDENTITY:
        if node.value is not None and (told := text_of(node.value)):
            owner.identity[node.name] = told
        return False
    if (owner.name, node.name) == STATE_NUMBER or (properties and owner.kind == "object"):
        return True
    if owner.kind == "object":
        found.leave("properties of objects")
    return False


def _of_main(nodes: list[SpaceNode], keys: list[NodeKey], graph: Graph) -> list[SpaceNode]:
    """What the file itself defines, and what of others lies above it."""
    kept = [key in graph.main.nodes for key in keys]
    for place in range(len(nodes) - 1, -1, -1):
        if kept[place] and nodes[place].parent >= 0:
            kept[nodes[place].parent] = True
    at: dict[int, int] = {-1: -1}
    out: list[SpaceNode] = []
    for place, node in enumerate(nodes):
        if kept[place]:
            at[place] = len(out)
            node.parent = at[node.parent]
            if keys[place] not in graph.main.nodes:
                node.facts, node.kind = None, "object"
            out.append(node)
    return out


def space_node(node: Node, graph: Graph, parent: int) -> SpaceNode:
    """A node in the words of the address space; only variables have facts."""
    uri, identifier = node.key
    kind = graph.type_of(node)
    of = graph.nodes.get(kind) if kind else None
    is_variable = node.kind == "UAVariable"
    escaped = uri.replace("%", "%25").replace(";", "%3B")
    return SpaceNode(
        address=identifier if uri == UA else f"nsu={escaped};{identifier}",
        parent=parent,
        name=node.name or identifier,
        kind="variable" if is_variable else "object",
        space=node.space,
        title=node.title,
        description=node.description,
        type_name=of.name if of else "",
        type_space=kind[0] if kind and of else "",
        facts=facts_of(node, graph) if is_variable else None,
        line=node.line if node.key in graph.main.nodes else 0,
    )


# --- object types ------------------------------------------------------------------------------------------


def declarations(graph: Graph, *, optional: bool) -> Iterator[list[SpaceNode]]:
    """For each object type of the file one object as the type declares it."""
    rules = (MANDATORY, OPTIONAL) if optional else (MANDATORY,)
    for node in graph.main.nodes.values():
        if node.kind != "UAObjectType" or graph.is_event(node.key):
            continue
        head = SpaceNode("", -1, node.name, type_name=node.name, type_space=node.key[0], line=node.line)
        nodes = [head]
        _declare(nodes, 0, _children([*graph.chain(node.key)], graph), graph, rules, (node.key,))
        yield nodes


def _children(keys: list[NodeKey], graph: Graph) -> list[tuple[NodeKey, Node]]:
    """What is below the first key and below what it inherits from; of two with one name the first counts."""
    found: dict[str, tuple[NodeKey, Node]] = {}
    for key in keys:
        for kind, node in graph.below(key):
            found.setdefault(node.name, (kind, node))
    return list(found.values())


def _declare(
    nodes: list[SpaceNode],
    parent: int,
    children: list[tuple[NodeKey, Node]],
    graph: Graph,
    rules: tuple[NodeKey, ...],
    above: tuple[NodeKey, ...],
) -> None:
    for kind, node in children:
        owner = nodes[parent]
        is_number = (owner.name, node.name) == STATE_NUMBER
        if len(nodes) > MOST_MEMBERS or node.kind not in _INSTANCES or graph.rule_of(node) not in rules:
            continue
        if (graph.is_property(kind) and not is_number) or node.key in above:
            continue
        made = space_node(node, graph, parent)
        made.type_name = made.type_space = ""  # a part of the object, not an object of its own
        if made.facts is not None:
            made.facts = _plain(made.facts)
        nodes.append(made)
        definition = graph.type_of(node)
        below = [node.key, *(graph.chain(definition) if definition else ())]
        if len(above) < MOST_DECLARED and definition not in above:
            _declare(
                nodes, len(nodes) - 1, _children(below, graph), graph, rules, (*above, *below[1:2], node.key)
            )


def _plain(facts: Facts) -> Facts:
    """A range or unit of a declaration is an example, not that of a device; only texts of states hold for all."""
    return Facts(facts.type, facts.is_writable, states=facts.states, problem=facts.problem)
