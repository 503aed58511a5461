"""One display document as blueprints: what is the same wherever it is shown, and the places left open.

Everything that can be said without arguments is said here, once for each file: types, expressions, and
every reference against the declared type of its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.expressions import Expression, compile_expression
from hmi.mimics._as_written import COMMON, Plan, element_as_written, plan_of
from hmi.mimics._catalogue import PlantNames
from hmi.mimics._definition import ElementDefinition, Property
from hmi.mimics._document import Element
from hmi.mimics._notes import DisplayFinding, Notes
from hmi.mimics._notice import notice
from hmi.mimics._parameters import ANY, Meaning, Parameter, a, read_parameters, takes
from hmi.mimics._plain import drawn, quoted
from hmi.mimics._references import (
    Reference,
    ReferenceProblem,
    has_references,
    literal_of,
    reference_in,
    references_of_expression,
    resolve,
    takes_text,
)
from hmi.mimics._values import MOST_PIXELS, fits, is_pixels, shown, text_problem, wanted

SCHEMA: Final = "display/1"
DEFAULT_SIZE: Final = (1920, 880)
MOST_ELEMENTS: Final = 100_000
MOST_SIZE: Final = 16_384
EMBED, REPEAT = "embed", "repeat"
_LEVELS: Final = (1, 4)
_KNOWN: Final = frozenset(
    (
        "schema",
        "$schema",
        "id",
        "name",
        "title",
        "level",
        "area",
        "size",
        "elements",
        "parameters",
        "note",
        "lint",
        "$fault",
    )
)
_NESTED: Final = frozenset(("points", "list"))
_ID: Final = re.compile(r'"id"\s*:\s*"([^"]{1,200})"')
_TOOLTIP: Final = Property("tooltip", "string", "", "")


@dataclass(frozen=True, slots=True)
class Slot:
    """A property whose value is known only with arguments: ``raw`` as written, or an expression."""

    prop: Property
    raw: Any = None
    expression: Expression | None = None
    references: Mapping[str, Reference] = field(default_factory=dict)


class Blueprint(NamedTuple):
    """One element as written; ``broken`` when a reference or expression of it cannot have a value."""

    element: Element
    slots: tuple[Slot, ...] = ()
    broken: bool = False


@dataclass
class Prepared:
    """One file, read. ``count`` is how many elements it writes; beyond MOST_ELEMENTS none is read."""

    document: Mapping[str, Any]
    file: str
    text: str = ""
    name: str = ""
    size: tuple[int, int] = DEFAULT_SIZE
    parameters: dict[str, Parameter] = field(default_factory=dict)
    blueprints: list[Blueprint] = field(default_factory=list)
    count: int = 0
    notes: Notes = field(default_factory=Notes)

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line of each element by its id (canonical files hold one element a line)."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.text.split("\n"), 1):
            if match := _ID.search(line):
                found.setdefault(match[1], number)
        return found

    @property
    def scope(self) -> dict[str, Meaning]:
        """Every parameter without a value, for the checks against declared types."""
        return {name: Meaning(parameter) for name, parameter in self.parameters.items()}

    def report(self, severity: str, text: str, do: str = "", element: str = "", rule: str = "") -> None:
        line = self.lines.get(element, 0) if element and self.text else 0
        self.notes.add(DisplayFinding(severity, self.file, line, text, do, element, rule=rule))


Compiled = dict[tuple[str, frozenset[tuple[str, bool]]], Expression | ConfigurationError]


@dataclass
class Shared:
    """What the files of one plant share while they are read: each expression is compiled once."""

    definitions: Mapping[str, ElementDefinition]
    names: PlantNames
    compiled: Compiled = field(default_factory=dict)

    def plan(self, kind: str) -> Plan | None:
        """How elements of a type are read; None for one that does not exist."""
        definition = self.definitions.get(kind)
        return plan_of(definition) if definition is not None else None

    def compile(self, text: str, kinds: Mapping[str, bool], file: str) -> Expression:
        """ConfigurationError for what is no expression; the same text is compiled once."""
        key = (text, frozenset(kinds.items()))
        found = self.compiled.get(key)
        if found is None:
            try:
                found = compile_expression(text, file=file, references=kinds)
            except ConfigurationError as error:
                found = error
            self.compiled[key] = found
        if isinstance(found, ConfigurationError):
            raise found
        return found


def prepare(document: Mapping[str, Any], shared: Shared, *, file: str = "", text: str = "") -> Prepared:
    """Read one document; never raises for its content."""
    out = Prepared(document, file, text)
    out.name = str(document.get("name", ""))[:200] or file
    _head(document, out)
    if isinstance(fault := document.get("$fault"), str):
        said = tr("This display has a fault and is not shown: {fault}.", fault=drawn(fault))
        out.blueprints = [Blueprint(one) for one in notice(out.size, said, shared.plan("text"))]
        return out
    declared = document.get("parameters", {})
    out.parameters = read_parameters(
        declared, shared.names, lambda severity, what, do: out.report(severity, what, do)
    )
    raw = document.get("elements", [])
    if not isinstance(raw, list):
        out.report("error", "elements is not a list", do='write "elements": [ … ]')
        raw = []
    left_out = document.get("elements_left_out", 0)
    out.count = len(raw) + (left_out if isinstance(left_out, int) and left_out > 0 else 0)
    if out.count > MOST_ELEMENTS:
        what = f"has {out.count} elements, more than {MOST_ELEMENTS}; none is drawn"
        out.report("error", what, do="split it into several displays")
        return out
    reader = _Reader(out, shared)
    for index, item in enumerate(raw):
        reader.element(index, item)
    return out


def _head(document: Mapping[str, Any], out: Prepared) -> None:
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA:
        out.report("error", f"the display schema is {quoted(schema)}", do=f"this version reads {SCHEMA!r}")
    level = document.get("level", 2)
    if not isinstance(level, int) or isinstance(level, bool) or not _LEVELS[0] <= level <= _LEVELS[1]:
        out.report("error", f"the level is {quoted(level)}", do="write a number from 1 to 4")
    for key in ("name", "title", "area"):
        value = document.get(key, "")
        if not isinstance(value, str):
            out.report("error", f"the {key} is {quoted(value)}", do="write a text")
        elif problem := text_problem(value):
            out.report("warning", f"the {key} {problem}")
    size = document.get("size", DEFAULT_SIZE)
    if isinstance(size, list | tuple) and len(size) == 2 and all(map(_is_size, size)):
        out.size = size[0], size[1]
    else:
        what = f"the size is {_shown_size(size)}"
        out.report("error", what, do=f"write [width, height] in pixels, at most {MOST_SIZE}")


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_SIZE


def _shown_size(size: Any) -> str:
    if isinstance(size, list | tuple) and len(size) == 2:
        return f"[{quoted(size[0])}, {quoted(size[1])}]"
    return quoted(size)


def head_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """Id, name, title, level and area as far as they are what they should be, and what is not known."""
    level = document.get("level", 2)
    whole = isinstance(level, int) and not isinstance(level, bool) and _LEVELS[0] <= level <= _LEVELS[1]
    texts = {key: document.get(key, "") for key in ("id", "name", "title", "area")}
    return {
        **{key: drawn(value) if isinstance(value, str) else "" for key, value in texts.items()},
        "level": level if whole else 2,
        "unknown": {key: value for key, value in document.items() if key not in _KNOWN},
    }


@dataclass(slots=True)
class _Parts:
    """One element while it is read."""

    id: str
    properties: dict[str, Any]
    bindings: dict[str, Expression] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    broken: bool = False


class _Reader:
    """Reads the elements of one document."""

    def __init__(self, out: Prepared, shared: Shared) -> None:
        self.out, self.shared = out, shared
        self.scope = out.scope
        self.seen: set[str] = set()

    def element(self, index: int, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            self.out.report("error", f"element {index + 1} is not an object", do='write {"id": …, "type": …}')
            return
        identity = self._identity(index, raw)
        kind = raw.get("type", "")
        kind = kind if isinstance(kind, str) else ""
        plan = self.shared.plan(kind)
        if plan is not None and (plain := element_as_written(plan, identity, raw)) is not None:
            self.out.blueprints.append(Blueprint(plain))
            return
        if plan is None:
            known = ", ".join(sorted(self.shared.definitions))
            what = f"element {identity} has the unknown type {quoted(raw.get('type', ''))}"
            self.out.report("error", what, do=f"use one of: {known}", element=identity)
        self._typed(identity, drawn(kind), plan, raw)

    def _identity(self, index: int, raw: Mapping[str, Any]) -> str:
        given = raw.get("id", "")
        identity = drawn(given[:200]) if isinstance(given, str) and given else f"#{index + 1}"
        if identity in self.seen:
            what = f"the element id {identity} is used twice"
            self.out.report(
                "error", what, do="give one of them another id", element=identity, rule="duplicate-id"
            )
        self.seen.add(identity)
        return identity

    def _typed(self, identity: str, kind: str, plan: Plan | None, raw: Mapping[str, Any]) -> None:
        definition = plan.definition if plan else None
        parts = _Parts(identity, dict(plan.defaults) if plan else {})
        size = definition.size if definition else (80, 40)
        x, y = self._number(parts, raw, "x", 0, -MOST_PIXELS), self._number(parts, raw, "y", 0, -MOST_PIXELS)
        w, h = self._number(parts, raw, "w", size[0], 0), self._number(parts, raw, "h", size[1], 0)
        table, fixed = plan.properties if plan else {}, kind in (EMBED, REPEAT)
        for name, value in raw.items():
            if name in COMMON:
                continue
            known = table.get(name)
            if known is None:
                parts.unknown[name] = value
            else:
                self._take(parts, known, value, fixed=fixed)
        if parts.unknown and definition:
            names = ", ".join(sorted(drawn(name)[:60] for name in parts.unknown)[:10])
            what = f"element {identity} ({kind}) has no property {names}; it is kept and ignored"
            self.out.report("warning", what, element=identity)
        tooltip = self._tooltip(parts, raw.get("tooltip", ""))
        element = Element(
            identity, kind, x, y, w, h, parts.properties, parts.bindings, definition, parts.unknown, tooltip
        )
        self.out.blueprints.append(Blueprint(element, tuple(parts.slots), parts.broken))

    def _number(
        self, parts: _Parts, raw: Mapping[str, Any], name: str, default: float, least: float
    ) -> float:
        value = raw.get(name, default)
        if type(value) is int and least <= value <= MOST_PIXELS:
            return float(value)
        if is_pixels(value) and value >= least:
            return float(value)
        if (reference := reference_in(value)) is not None:
            self._refer(parts, Property(name, "number", default, "", low=least, high=MOST_PIXELS), reference)
            return float(default)
        what = f"element {parts.id}: {name} is {quoted(value)}"
        do = f"write a number of pixels from {least:g} to {MOST_PIXELS}"
        self.out.report("error", what, do=do, element=parts.id)
        return float(default)

    def _tooltip(self, parts: _Parts, value: Any) -> str:
        if not value:
            return ""
        if (reference := reference_in(value)) is not None:
            self._refer(parts, _TOOLTIP, reference)
            return ""
        if not isinstance(value, str):
            self._wrong(parts, _TOOLTIP, value)
            return ""
        return self._text(parts, _TOOLTIP, literal_of(value))

    def _take(self, parts: _Parts, known: Property, value: Any, *, fixed: bool) -> None:
        if isinstance(value, str) and value[:1] != "$" and fits(known, value):
            parts.properties[known.name] = value if drawn(value) is value else self._text(parts, known, value)
        elif isinstance(value, Mapping) and value.keys() == {"expr"} and known.type != "arguments":
            if fixed or known.type in ("overrides", "instances"):
                self._wrong(parts, known, value)
            else:
                self._bind(parts, known, value["expr"])
        elif (reference := reference_in(value)) is not None:
            self._refer(parts, known, reference)
        elif known.type in _NESTED and has_references(value):
            self._nest(parts, known, value)
        elif fits(known, value := literal_of(value)):
            parts.properties[known.name] = self._text(parts, known, value)
        else:
            self._wrong(parts, known, value)

    def _text(self, parts: _Parts, known: Property, value: Any) -> Any:
        if not isinstance(value, str) or drawn(value) is value:
            return shown(known, value)
        if problem := text_problem(value):
            self.out.report("warning", f"element {parts.id}: {known.name} {problem}", element=parts.id)
        return shown(known, value)

    def _wrong(self, parts: _Parts, known: Property, value: Any) -> None:
        what = f"element {parts.id}: {known.name} is {quoted(value)}, expected {known.type}"
        self.out.report("error", what, do=wanted(known), element=parts.id)

    def _break(self, parts: _Parts, name: str, what: str, do: str) -> None:
        parts.broken = True
        self.out.report("error", f"element {parts.id}: {name}: {what}", do=do, element=parts.id)

    def _refer(self, parts: _Parts, known: Property, reference: Reference) -> None:
        """Hold a reference against the declared type; what fits is filled in when the display is shown."""
        try:
            meaning = resolve(reference, self.scope, self.shared.names)
        except ReferenceProblem as problem:
            self._break(parts, known.name, problem.what, problem.do)
            return
        if problem := slot_problem(known, reference, meaning):
            self._break(parts, known.name, problem, wanted(known))
            return
        parts.slots.append(Slot(known, reference))

    def _nest(self, parts: _Parts, known: Property, value: Any) -> None:
        try:
            filled = fill(value, lambda reference: resolve(reference, self.scope, self.shared.names), known)
        except ReferenceProblem as problem:
            self._break(parts, known.name, problem.what, problem.do or wanted(known))
            return
        if fits(known, filled):
            parts.slots.append(Slot(known, value))
        else:
            self._wrong(parts, known, value)

    def _bind(self, parts: _Parts, known: Property, text: Any) -> None:
        if not isinstance(text, str):
            self._break(parts, known.name, "the expression is not a text", 'write {"expr": "…"}')
            return
        references = references_of_expression(text) if "'$" in text else {}
        try:
            kinds = {written: self._is_text(reference) for written, reference in references.items()}
            expression = self.shared.compile(text, kinds, self.out.file)
        except ReferenceProblem as problem:
            self._break(parts, known.name, problem.what, problem.do)
        except ConfigurationError as error:
            self._break(parts, known.name, error.what, error.do or "correct the expression")
        else:
            if references:
                parts.slots.append(Slot(known, None, expression, references))
            else:
                parts.bindings[known.name] = expression

    def _is_text(self, reference: Reference) -> bool:
        kind = resolve(reference, self.scope, self.shared.names).kind
        if kind == "instance":
            raise ReferenceProblem(
                f"{reference} is an instance and has no value", f"write '{reference}.SIGNAL'"
            )
        return kind != ANY and takes_text(kind)


def slot_problem(known: Property, reference: Reference, meaning: Meaning) -> str:
    """What is wrong when a property is what a reference stands for, by its type and by its value."""
    if known.type in ("arguments", "overrides", "instances", *_NESTED):
        return f"{reference} cannot stand for the whole"
    if not takes(known.type, meaning.kind):
        return f"{reference} is {a(meaning.kind)}, expected {known.type}"
    if meaning.open:
        strange = [c for c in meaning.parameter.choices if known.choices and c not in known.choices]
        return f"{reference} may be {quoted(strange[0])}" if strange else ""
    return "" if fits(known, meaning.value) else f"{reference} is {quoted(meaning.value)}"


def fill(value: Any, meaning_of: Any, known: Property, key: str = "", level: int = 0) -> Any:
    """A list with its references filled in; an open one is left as a text or zero, to be checked by shape."""
    if (reference := reference_in(value)) is not None:
        meaning: Meaning = meaning_of(reference)
        kinds = (
            ("number", "integer") if known.type == "points" else (("tag",) if key in ("tag", "tags") else ())
        )
        if meaning.kind == "instance" or (kinds and meaning.kind not in (*kinds, ANY)):
            raise ReferenceProblem(
                f"{reference} is {a(meaning.kind)}, expected {kinds[0] if kinds else 'a text'}"
            )
        if meaning.open:
            return 0 if known.type == "points" else ""
        return meaning.value
    if level > 40:
        return value
    if isinstance(value, list):
        return [fill(item, meaning_of, known, key, level + 1) for item in value]
    if isinstance(value, Mapping):
        return {name: fill(item, meaning_of, known, name, level + 1) for name, item in value.items()}
    return literal_of(value)
