"""What an OPC UA address space proposes for a plant: one rule for a server that is browsed and for a NodeSet2 file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hmi.project._space_cells import described, fact_cells, unit_code
from hmi.project._space_companions import IDENTITY, STATE_NUMBER, recognise
from hmi.project._space_model import BUILT_IN, UA_SPACE, Facts, Paths, SpaceAsk, SpaceNode
from hmi.project._space_names import Namer, address_problem, cell
from hmi.project._space_standard import standard_type
from hmi.project._space_types import Found, add_shapes, declared_type, instance_rows, instances_of
from hmi.project.importing import Imported, ImportFault, Place, ProposedRow, ProposedType

__all__ = [
    "BUILT_IN",
    "IDENTITY",
    "STATE_NUMBER",
    "UA_SPACE",
    "Facts",
    "SpaceAsk",
    "SpaceNode",
    "declare",
    "propose",
    "standard_type",
    "unit_code",
]

_WRITTEN: Final = frozenset(
    ("bool", "enum", "string", "float", "float32", *(t for t in BUILT_IN.values() if "int" in t))
)


def propose(nodes: Sequence[SpaceNode], ask: SpaceAsk) -> Imported:
    """Rows, types, notes and faults; ``nodes`` have parents before children."""
    paths = Paths(nodes)
    machines = recognise(nodes, paths)
    namer = Namer(ask.area)
    found = instances_of(nodes, writable=ask.writable) if ask.types else Found()
    if ask.types and ask.shapes:
        add_shapes(found, nodes, ask.shapes, writable=ask.writable)
    rows = list(instance_rows(nodes, found, ask, namer, paths))
    faults: list[ImportFault] = []
    single: list[int] = []
    for place, node in enumerate(nodes):
        if node.kind == "object" or place in found.taken:
            continue
        fault = _problem(node, paths, place)
        if fault is None:
            single.append(place)
        else:
            faults.append(fault)
    names = _names(nodes, single, paths, namer)
    rows += [_row(nodes[place], paths, place, names[place], ask) for place in single]
    faults += namer.faults
    return Imported(
        rows=sorted(rows, key=lambda row: row.place.line) if any(node.line for node in nodes) else rows,
        types=[ProposedType(one.name, one.text, Place(path=one.title)) for one in found.types],
        areas=_areas(rows, ask),
        faults=faults,
        notes=[*_identities(nodes, paths), *machines, *_history(nodes, paths), *_found_types(found)],
    )


def declare(nodes: Sequence[SpaceNode], names: set[str], *, writable: bool) -> ProposedType | None:
    """A type that no object has, from its declaration: ``nodes`` are one object and what is below it.

    ``names`` are the names of types given so far. None for a type with less than two variables.
    """
    recognise(nodes, Paths(nodes))
    return declared_type(nodes, names, writable=writable)


def _problem(node: SpaceNode, paths: Paths, place: int) -> ImportFault | None:
    facts = node.facts
    where = Place(node.line, paths.text(place))
    if facts is None or facts.problem or not facts.type:
        why = facts.problem if facts is not None and facts.problem else "its data type is not known"
        return ImportFault(f"{where.path}: {why}", where, "it is left out", is_error=False)
    if why := address_problem(node.address):
        return ImportFault(f"{where.path}: {why}", where, "it is left out", is_error=False)
    return None


def _names(nodes: Sequence[SpaceNode], places: Iterable[int], paths: Paths, namer: Namer) -> dict[int, str]:
    """The name of each; of those that share one the address decides who gets a number, not the order of the browse."""
    names: dict[int, str] = {}
    for place in sorted(places, key=lambda one: nodes[one].address):
        parts = paths.parts(place)
        names[place] = namer.tag(parts, Place(nodes[place].line, "/".join(parts[:-1])))
    return names


def _row(node: SpaceNode, paths: Paths, place: int, name: str, ask: SpaceAsk) -> ProposedRow:
    facts = node.facts
    assert facts is not None
    parts = paths.parts(place)
    where = Place(node.line, "/".join(parts[:-1]))
    cells = {"kind": "tag", "name": name, "type": facts.type}
    if text := described(node):
        cells["description"] = cell(text)
    if ask.connection:
        cells["connection"] = ask.connection
    cells["address"] = node.address
    cells.update(fact_cells(facts))
    if ask.writable and facts.is_writable and facts.type in _WRITTEN:
        cells["writable"] = "true"
        if node.kind == "method":
            cells["pulse"] = "true"
    return ProposedRow(cells, where)


# --- areas and notes ------------------------------------------------------------------------------------


def _areas(rows: Sequence[ProposedRow], ask: SpaceAsk) -> dict[str, str]:
    """The given area, or the first part of the names that have more than one."""
    if ask.area:
        return {ask.area: ask.area.rpartition("/")[2]}
    instances = {row.name for row in rows if row.cells["kind"] != "tag"}
    firsts = dict.fromkeys(row.name.partition("/")[0] for row in rows if "/" in row.name)
    return {first: first for first in firsts if first not in instances}


def _identities(nodes: Sequence[SpaceNode], paths: Paths) -> Iterator[str]:
    for place, node in enumerate(nodes):
        if len(node.identity) > 1 or (node.identity and node.is_typed):
            told = ", ".join(f"{name} {cell(text)}" for name, text in node.identity.items())
            yield f"{paths.text(place)} says of itself: {told}"


def _history(nodes: Sequence[SpaceNode], paths: Paths) -> Iterator[str]:
    kept = [place for place, node in enumerate(nodes) if node.facts is not None and node.facts.has_history]
    if kept:
        first = ", ".join(paths.text(place) for place in kept[:5])
        more = f" and {len(kept) - 5} more" if len(kept) > 5 else ""
        yield f"the server keeps the history of {len(kept)} of the variables: {first}{more}"


def _found_types(found: Found) -> Iterator[str]:
    for one in found.types:
        said = f"type {one.name}: {len(one.members)} signals, {len(one.instances)} instances"
        yield f"{said}, a guess: {one.why}" if one.why else f"{said} of {one.title}"
