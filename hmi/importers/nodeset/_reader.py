"""Reads the nodes of a NodeSet2 file as they come, without entities and within bounds (Part 6, annex F)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat

from hmi.core.errors import ConfigurationError

UA: Final = "http://opcfoundation.org/UA/"
SCHEMA: Final = "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd"
MOST_BYTES: Final = 256 * 2**20
MOST_NODES: Final = 1_000_000
MOST_TEXT: Final = 4096
MOST_DEPTH: Final = 200
MOST_PARTS: Final = 20_000
"""Elements of one value that are kept: a list of states is a few hundred."""
_PIECE: Final = 1 << 16
_KINDS: Final = frozenset((
    "UAObject", "UAVariable", "UAMethod", "UAObjectType", "UAVariableType", "UADataType", "UAReferenceType", "UAView",
))  # fmt: skip
ALIASES: Final = {
    name: f"i={number}"
    for number, name in (
        *enumerate(
            (
                "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double",
                "String", "DateTime", "Guid", "ByteString", "XmlElement", "NodeId", "ExpandedNodeId", "StatusCode",
                "QualifiedName", "LocalizedText", "Structure", "DataValue", "BaseDataType", "DiagnosticInfo", "Number",
                "Integer", "UInteger", "Enumeration",
            ),
            1,
        ),
        (35, "Organizes"), (37, "HasModellingRule"), (40, "HasTypeDefinition"), (45, "HasSubtype"),
        (46, "HasProperty"), (47, "HasComponent"), (49, "HasOrderedComponent"),
    )
}  # fmt: skip
"""Names of the standard that a file may use without saying what they stand for."""
NodeKey = tuple[str, str]
"""Namespace URI and identifier, such as ``i=5001``."""


@dataclass(slots=True)
class Part:
    """An element of a value: local name, text and what is in it."""

    name: str
    text: str = ""
    parts: list[Part] = field(default_factory=list["Part"])

    def find(self, *names: str) -> Part | None:
        """The first element along a path of names."""
        at: Part | None = self
        for name in names:
            at = next((one for one in at.parts if one.name == name), None) if at else None
        return at

    def told(self, *names: str) -> str:
        """The text at a path; empty when there is none."""
        found = self.find(*names)
        return found.text.strip() if found else ""

    def all(self, name: str) -> list[Part]:
        """Every element of a name, at any depth."""
        found = [self] if self.name == name else []
        return found + [more for one in self.parts for more in one.all(name)]


@dataclass(slots=True)
class Node:
    """A node as it is written; ids and names are resolved to namespace URIs."""

    kind: str
    key: NodeKey
    name: str
    space: str
    attributes: Mapping[str, str]
    line: int
    title: str = ""
    description: str = ""
    references: list[tuple[NodeKey, NodeKey, bool]] = field(
        default_factory=list[tuple[NodeKey, NodeKey, bool]]
    )
    value: Part | None = None
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Of an enumeration: number and name."""


@dataclass(slots=True)
class Document:
    """A whole file. ``models`` are the URIs it defines, ``required`` those it builds on."""

    file: Path
    uris: list[str] = field(default_factory=lambda: [UA])
    aliases: dict[str, str] = field(default_factory=lambda: dict(ALIASES))
    models: dict[str, str] = field(default_factory=dict[str, str])
    required: list[str] = field(default_factory=list[str])
    nodes: dict[NodeKey, Node] = field(default_factory=dict[NodeKey, Node])
    doubles: list[Node] = field(default_factory=list[Node])
    unknown: int = 0
    """Nodes whose id cannot be read."""

    def key(self, text: str) -> NodeKey | None:
        """A node id as written, an alias too; None when it is none."""
        text = self.aliases.get(text.strip(), text.strip())
        if text.startswith("ns="):
            number, _, identifier = text[3:].partition(";")
            uri = self.uri(number)
            return (uri, identifier) if uri and identifier[1:2] == "=" else None
        return (UA, text) if text[1:2] == "=" else None

    def uri(self, number: str) -> str:
        """Namespace URI by its number in the file; empty when the file has none of that number."""
        known = number.isascii() and number.isdigit() and int(number) < len(self.uris)
        return self.uris[int(number)] if known else ""


def read_document(file: Path, told: Callable[[int], None] = lambda _count: None) -> Document:
    """ConfigurationError in one sentence for what is no NodeSet2 file, is too large, or declares entities."""
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise ConfigurationError(
                f"the file has {size >> 20} MB; at most {MOST_BYTES >> 20} MB are read", file=file.name,
                do="split it, or browse the server",
            )  # fmt: skip
        with file.open("rb") as stream:
            return _Reader(file, told).read(stream)
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror or error}", file=file.name) from error


class _Reader:
    """Handlers of the XML parser; ``_stack`` holds local names, with the value parts that are being built."""

    def __init__(self, file: Path, told: Callable[[int], None]) -> None:
        self._document = Document(file)
        self._told = told
        self._stack: list[str] = []
        self._node: Node | None = None
        self._text: list[str] = []
        self._length = 0
        self._reference: Mapping[str, str] = {}
        self._alias = ""
        self._value: list[Part] = []
        self._parts = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        self._parser = parser

    def read(self, stream: Any) -> Document:
        try:
            while piece := stream.read(_PIECE):
                self._parser.Parse(piece, False)
            self._parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            code = getattr(error, "code", 0)
            why = expat.ErrorString(code) if code else "its encoding is not known"
            raise self._fault(f"this is no XML: {why}", "export the file anew") from error
        return self._document

    def _fault(self, what: str, do: str) -> ConfigurationError:
        line = self._parser.CurrentLineNumber
        return ConfigurationError(what, file=self._document.file.name, line=line, do=do)

    def _refuse(self, *_declaration: Any) -> None:
        raise self._fault(
            "the file declares a document type, which can hide entities without end",
            "take the <!DOCTYPE …> out",
        )

    # --- elements -------------------------------------------------------------------------------------

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        if not self._stack and (name, space) != ("UANodeSet", SCHEMA):
            raise self._fault(
                f"the file begins with <{name[:60]}>, not with <UANodeSet>", "give a NodeSet2 file"
            )
        if len(self._stack) >= MOST_DEPTH:
            raise self._fault(f"elements are nested more than {MOST_DEPTH} deep", "export the file anew")
        above = self._stack[-1] if self._stack else ""
        self._stack.append(name)
        self._text, self._length = [], 0
        if self._value or (name == "Value" and above in _KINDS):
            self._open_value(name)
        elif len(self._stack) == 2 and name in _KINDS:
            self._open_node(name, attributes)
        elif name == "Reference" and above == "References":
            self._reference = attributes
        elif name == "Alias" and above == "Aliases":
            self._alias = attributes.get("Alias", "")
        elif name == "Field" and above == "Definition" and self._node is not None and "Value" in attributes:
            self._node.fields.append((attributes["Value"], attributes.get("Name", "")[:MOST_TEXT]))
        elif (above, name) in (("Models", "Model"), ("Model", "RequiredModel")):
            self._model(name, attributes)

    def _model(self, name: str, attributes: Mapping[str, str]) -> None:
        uri = attributes.get("ModelUri", "")
        if name == "Model":
            self._document.models[uri] = attributes.get("Version", "")
        elif uri not in self._document.required:
            self._document.required.append(uri)

    def _open_node(self, kind: str, attributes: dict[str, str]) -> None:
        document = self._document
        key = document.key(attributes.get("NodeId", ""))
        number, mark, name = attributes.get("BrowseName", "").partition(":")
        space = document.uri(number) if mark else UA
        if key is None:
            document.unknown += 1
            return
        if len(document.nodes) >= MOST_NODES:
            raise self._fault(f"the file has more than {MOST_NODES} nodes", "split it, or browse the server")
        full = name if mark and space else attributes.get("BrowseName", "")
        self._node = Node(
            kind, key, full[:MOST_TEXT], space or UA, attributes, self._parser.CurrentLineNumber
        )
        if key in document.nodes:
            document.doubles.append(self._node)
        else:
            document.nodes[key] = self._node
        if len(document.nodes) % 10_000 == 0:
            self._told(len(document.nodes))

    def _open_value(self, name: str) -> None:
        self._parts += 1
        part = Part(name)
        if self._value and self._parts <= MOST_PARTS:
            self._value[-1].parts.append(part)
        self._value.append(part)

    def _characters(self, text: str) -> None:
        if self._length < MOST_TEXT:
            self._text.append(text[: MOST_TEXT - self._length])
            self._length += len(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        text = "".join(self._text).strip()
        self._stack.pop()
        self._text, self._length = [], 0
        if self._value:
            self._close_value(text)
        elif not self._stack:
            return
        elif name in ("Uri", "Alias"):
            self._close_head(name, text)
        elif self._node is not None:
            self._close_in_node(self._node, name, text)

    def _close_value(self, text: str) -> None:
        part = self._value.pop()
        part.text = text
        if not self._value:
            self._parts = 0
            if self._node is not None:
                self._node.value = part

    def _close_head(self, name: str, text: str) -> None:
        if name == "Uri" and self._stack[-1] == "NamespaceUris":
            self._document.uris.append(text)
        elif self._stack[-1] == "Aliases":
            self._document.aliases[self._alias] = text

    def _close_in_node(self, node: Node, name: str, text: str) -> None:
        above = self._stack[-1]
        if name == "Reference" and above == "References":
            kind = self._document.key(self._reference.get("ReferenceType", ""))
            target = self._document.key(text)
            if kind and target:
                forward = self._reference.get("IsForward", "true") not in ("false", "0")
                node.references.append((kind, target, forward))
        elif name == "DisplayName" and above == node.kind:
            node.title = node.title or text
        elif name == "Description" and above == node.kind:
            node.description = node.description or text
        elif len(self._stack) == 1:
            self._node = None
