"""Reads a NodeSet2 file: its objects become tags and instances, its object types become types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hmi.importers.nodeset._graph import Graph, read_all
from hmi.importers.nodeset._reader import UA, Document, Node
from hmi.importers.nodeset._spaces import declarations, objects_of
from hmi.importers.nodeset.definition import SETTINGS
from hmi.project.address_space import SpaceAsk, declare, propose
from hmi.project.importing import ImportContext, Imported, ImportFault, Place, ProposedType


def read(file: Path, settings: Mapping[str, Any], context: ImportContext) -> Imported:
    """What the file proposes; ConfigurationError when it is no NodeSet2 file, too large, or declares entities."""
    chosen = {one.name: one.default for one in SETTINGS} | dict(settings)
    writable = bool(chosen["writable"])
    context.told("reading nodes", 0, 0)
    documents, missing = read_all(file)
    graph = Graph(documents)
    context.told("looking for objects", 0, 0)
    objects = objects_of(graph, properties=bool(chosen["properties"]))
    shapes = int(chosen["shape_objects"]) if chosen["shapes"] else 0
    made = propose(
        objects.nodes, SpaceAsk(context.connection, context.area, writable=writable, shapes=shapes)
    )
    types = list(made.types)
    wanted = str(chosen["types"])
    if wanted == "all" or (wanted == "auto" and not made.rows):
        types += _declared(graph, made.types, optional=bool(chosen["optional"]), writable=writable)
    return replace(
        made,
        types=types,
        areas=made.areas if made.rows else {},
        faults=[*_faults(documents[0], missing), *made.faults],
        notes=[*_models(documents), *made.notes, *_left(objects.left), *_guessed(types, made.types)],
    )


def _declared(
    graph: Graph, found: Sequence[ProposedType], *, optional: bool, writable: bool
) -> Iterator[ProposedType]:
    """Types that no object of the file has."""
    names = {one.name for one in found}
    titles = {one.place.path for one in found}
    for nodes in declarations(graph, optional=optional):
        if nodes[0].type_name not in titles:
            made = declare(nodes, names, writable=writable)
            if made is not None:
                yield made


def _faults(document: Document, missing: Sequence[str]) -> Iterator[ImportFault]:
    for uri in missing:
        what = f"the file builds on {uri}, which is not in its folder"
        yield ImportFault(
            what, do="put that NodeSet2 file beside it, else what it inherits is missing", is_error=False
        )
    for node in document.doubles:
        yield ImportFault(
            f"{_shown(node)} stands twice", Place(node.line), "the first one counts", is_error=False
        )
    if document.unknown:
        yield ImportFault(
            f"{document.unknown} nodes have an id that cannot be read", do="they are left out", is_error=False
        )


def _shown(node: Node) -> str:
    return f"{node.name} ({node.attributes.get('NodeId', '')})"


def _models(documents: Sequence[Document]) -> Iterator[str]:
    for document in documents:
        for uri, version in document.models.items():
            if uri != UA or document is documents[0]:
                yield f"model {uri}{f' {version}' if version else ''} from {document.file.name}"


def _left(left: Mapping[str, int]) -> Iterator[str]:
    for what, count in left.items():
        yield f"left out: {what} ({count})"


def _guessed(types: Sequence[ProposedType], found: Sequence[ProposedType]) -> Iterator[str]:
    count = len(types) - len(found)
    if count:
        yield f"{count} types without an object: the form of their addresses is a guess, see the head of each file"
