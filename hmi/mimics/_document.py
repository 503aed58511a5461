"""A display document as typed elements; every doubt becomes a finding and unknown content is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.expressions import Expression, compile_expression
from hmi.mimics._definition import ElementDefinition, Property

SCHEMA: Final = "display/1"
DEFAULT_SIZE: Final = (1920, 880)
_COMMON: Final = frozenset(("id", "type", "x", "y", "w", "h", "tooltip", "note"))
_NUMBERS: Final = (int, float)
_SHAPES: Final[dict[str, tuple[type, ...]]] = {
    "number": _NUMBERS, "integer": (int,), "string": (str,), "boolean": (bool,), "choice": (str,),
    "tag": (str,), "instance": (str,), "area": (str,), "display": (str,), "points": (list,), "list": (list,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DisplayFinding:
    """One doubt about a display: where, what, and what to do."""

    severity: str
    file: str
    line: int
    text: str
    do: str = ""
    element: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """One element.

    ``properties`` holds every property (what is not written has its default), ``bindings`` the compiled
    expressions by property; ``unknown`` keeps what this version does not know. A type that does not exist
    has no definition.
    """

    id: str
    type: str
    x: float
    y: float
    w: float
    h: float
    properties: Mapping[str, Any] = field(default_factory=dict)
    bindings: Mapping[str, Expression] = field(default_factory=dict)
    definition: ElementDefinition | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict)
    tooltip: str = ""

    def get(self, name: str) -> Any:
        """The literal value of a property or its default; None for a property that the type lacks."""
        return self.properties.get(name)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, width, height of everything it may draw, marks included."""
        left, top, right, bottom = self.definition.margin if self.definition else (4, 4, 4, 4)
        return self.x - left, self.y - top, self.w + left + right, self.h + top + bottom


@dataclass(frozen=True, slots=True)
class Display:
    """A display ready to become a scene, with what was found wrong in it."""

    id: str
    name: str
    title: str
    level: int
    area: str
    size: tuple[int, int]
    elements: tuple[Element, ...]
    findings: tuple[DisplayFinding, ...] = ()
    unknown: Mapping[str, Any] = field(default_factory=dict)


def _properties(definition: ElementDefinition) -> dict[str, Property]:
    """What an element of this type may be given: its properties, and a tag for each signal."""
    signals = {s.role: Property(s.role, "tag", "", s.help) for s in definition.signals}
    return {**signals, **{p.name: p for p in definition.properties}}


class _Reader:
    """Collects findings while it reads one document."""

    def __init__(self, definitions: Mapping[str, ElementDefinition], file: str, text: str) -> None:
        self.definitions, self.file = definitions, file
        self.lines = text.splitlines()
        self.known = {name: _properties(definition) for name, definition in definitions.items()}
        self.defaults = {name: {p.name: p.default for p in d.properties} for name, d in definitions.items()}
        self.findings: list[DisplayFinding] = []
        self.seen: set[str] = set()

    def line_of(self, element: str) -> int:
        """The line on which an element is written (canonical files hold one element a line)."""
        wanted = (f'"id":"{element}"', f'"id": "{element}"')
        return next((n for n, line in enumerate(self.lines, 1) if any(w in line for w in wanted)), 0)

    def report(self, severity: str, text: str, *, do: str = "", element: str = "") -> None:
        line = self.line_of(element) if element else 0
        self.findings.append(DisplayFinding(severity, self.file, line, text, do, element))

    def element(self, index: int, raw: Any) -> Element | None:
        if not isinstance(raw, Mapping):
            self.report("error", f"element {index + 1} is not an object", do='write {"id": …, "type": …}')
            return None
        identity = str(raw.get("id", "")) or f"#{index + 1}"
        if identity in self.seen:
            self.report(
                "error", f"the element id {identity} is used twice", do="run hmi format", element=identity
            )
        self.seen.add(identity)
        kind = str(raw.get("type", ""))
        definition = self.definitions.get(kind)
        if definition is None:
            known = ", ".join(sorted(self.definitions))
            what = f"element {identity} has the unknown type {kind!r}"
            self.report("error", what, do=f"use one of: {known}", element=identity)
        return self._typed(identity, kind, definition, raw)

    def _typed(
        self, identity: str, kind: str, definition: ElementDefinition | None, raw: Mapping[str, Any]
    ) -> Element:
        size = definition.size if definition else (80, 40)
        x, y = self._number(identity, raw, "x", 0), self._number(identity, raw, "y", 0)
        w, h = self._number(identity, raw, "w", size[0]), self._number(identity, raw, "h", size[1])
        properties: dict[str, Any] = dict(self.defaults.get(kind, {}))
        bindings: dict[str, Expression] = {}
        unknown: dict[str, Any] = {}
        table = self.known.get(kind, {})
        for name, value in raw.items():
            if name in _COMMON:
                continue
            known = table.get(name)
            if known is None:
                unknown[name] = value
                continue
            self._take(identity, known, value, properties, bindings)
        if unknown and definition:
            names = ", ".join(sorted(unknown))
            what = f"element {identity} ({kind}) has no property {names}; it is kept and ignored"
            self.report("warning", what, element=identity)
        tooltip = str(raw.get("tooltip", ""))
        return Element(identity, kind, x, y, w, h, properties, bindings, definition, unknown, tooltip)

    def _number(self, identity: str, raw: Mapping[str, Any], name: str, default: float) -> float:
        value = raw.get(name, default)
        if isinstance(value, _NUMBERS) and not isinstance(value, bool):
            return float(value)
        what = f"element {identity}: {name} is {value!r}"
        self.report("error", what, do="write a number of pixels", element=identity)
        return float(default)

    def _take(
        self,
        identity: str,
        known: Property,
        value: Any,
        properties: dict[str, Any],
        bindings: dict[str, Expression],
    ) -> None:
        if isinstance(value, Mapping) and set(value) == {"expr"}:
            self._bind(identity, known.name, str(value["expr"]), bindings)
            return
        if self._fits(known, value):
            properties[known.name] = value
            return
        what = f"element {identity}: {known.name} is {value!r}, expected {known.type}"
        do = f"use one of: {', '.join(known.choices)}" if known.choices else f"write a {known.type}"
        self.report("error", what, do=do, element=identity)

    @staticmethod
    def _fits(known: Property, value: Any) -> bool:
        if isinstance(value, bool) and known.type != "boolean":
            return False
        return isinstance(value, _SHAPES[known.type]) and (not known.choices or value in known.choices)

    def _bind(self, identity: str, name: str, text: str, bindings: dict[str, Expression]) -> None:
        try:
            bindings[name] = compile_expression(text, file=self.file, line=self.line_of(identity))
        except ConfigurationError as error:
            what = f"element {identity}: {name}: {error.what}"
            self.report("error", what, do=error.do or "correct the expression", element=identity)


def load_display(
    document: Mapping[str, Any],
    definitions: Mapping[str, ElementDefinition],
    *,
    file: str = "",
    text: str = "",
) -> Display:
    """Read one document; never raises for its content. ``text`` (the file itself) gives line numbers."""
    reader = _Reader(definitions, file, text)
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA:
        reader.report("error", f"the display schema is {schema!r}", do=f"this version reads {SCHEMA!r}")
    raw = document.get("elements", [])
    if not isinstance(raw, list):
        reader.report("error", "elements is not a list", do='write "elements": [ … ]')
        raw = []
    elements = tuple(e for index, item in enumerate(raw) if (e := reader.element(index, item)) is not None)
    known = {"schema", "id", "name", "title", "level", "area", "size", "elements", "parameters", "note"}
    return Display(
        id=str(document.get("id", "")),
        name=str(document.get("name", "")),
        title=str(document.get("title", "")),
        level=int(document.get("level", 2)),
        area=str(document.get("area", "")),
        size=_size(document, reader),
        elements=elements,
        findings=tuple(reader.findings),
        unknown={k: v for k, v in document.items() if k not in known},
    )


def _size(document: Mapping[str, Any], reader: _Reader) -> tuple[int, int]:
    size = document.get("size", DEFAULT_SIZE)
    if isinstance(size, list | tuple) and len(size) == 2 and all(isinstance(n, int) and n > 0 for n in size):
        return size[0], size[1]
    reader.report("error", f"the size is {size!r}", do="write [width, height] in pixels")
    return DEFAULT_SIZE


def tag_names(element: Element) -> Iterator[tuple[str, str]]:
    """(property, tag name) of every tag an element names itself, bindings included."""
    if element.definition is None:
        return
    tags = {p.name for p in element.definition.properties if p.type == "tag"}
    tags |= {s.role for s in element.definition.signals}
    for name, value in element.properties.items():
        if name in tags and value:
            yield name, value
    for name, expression in element.bindings.items():
        for tag in expression.names:
            yield name, tag


def tags_in(rows: list[Any]) -> list[str]:
    """Tag names inside a list property: keys ``tag`` and the lists under ``tags`` of its rows."""
    found: list[str] = []
    for row in rows:
        if isinstance(row, Mapping):
            if isinstance(row.get("tag"), str) and row["tag"]:
                found.append(row["tag"])
            if isinstance(row.get("tags"), list):
                found += [tag for tag in row["tags"] if isinstance(tag, str) and tag]
    return found
