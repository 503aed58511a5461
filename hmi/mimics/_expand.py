"""Embedded displays and repeaters, unfolded once into a flat list of elements at their places.

Nothing of this is left at run time: every element has its own place, resolved properties and bindings, and
an id such as ``outer/inner``. The result depends on documents, names and arguments only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from hmi.mimics._arguments import arguments_of
from hmi.mimics._document import Element
from hmi.mimics._fill import Filler
from hmi.mimics._notes import DisplayFinding, Embedding, Notes
from hmi.mimics._over import Instances
from hmi.mimics._parameters import Meaning, Parameter, a, read_parameters
from hmi.mimics._plain import quoted
from hmi.mimics._reader import EMBED, MOST_ELEMENTS, REPEAT, Blueprint, Prepared, Shared, prepare
from hmi.mimics._references import ReferenceProblem, Scope

MOST_LEVELS: Final = 8


class TooMany(Exception):
    """The limit is reached while unfolding."""


class Place(NamedTuple):
    """Where a display is unfolded: its offset, what its ids begin with, and what it stands in."""

    dx: float = 0.0
    dy: float = 0.0
    prefix: str = ""
    chain: tuple[str, ...] = ()
    through: tuple[Embedding, ...] = ()


class _Spot(NamedTuple):
    """One embedding or linking element, where it stands, and the values it may refer to."""

    prepared: Prepared
    element: Element
    scope: Scope
    place: Place

    @property
    def inside(self) -> Place:
        """Where the embedded display begins."""
        element, place = self.element, self.place
        through = (*place.through, Embedding(self.prepared.file, element.id))
        return Place(
            place.dx + element.x,
            place.dy + element.y,
            f"{place.prefix}{element.id}/",
            place.chain,
            through,
        )


class Expander:
    """Unfolds displays of one plant. ``opened`` displays show a mark where an argument is missing."""

    def __init__(self, shared: Shared, *, opened: bool) -> None:
        self.shared, self.names, self.opened = shared, shared.names, opened
        self.notes = Notes()
        self.out: list[Element] = []
        self._filler, self._instances = Filler(shared.names), Instances(shared.names)
        self._prepared: dict[str, Prepared | None] = {}
        self._parameters: dict[str, Mapping[str, Parameter]] = {}
        self._unfolded = 0
        types = shared.definitions
        self._moving = {
            n: tuple(p.name for p in d.properties if p.type == "points") for n, d in types.items()
        }
        self._special = {n for n, d in types.items() if any(p.type == "arguments" for p in d.properties)}

    # counting, before anything is unfolded

    def count(self, prepared: Prepared) -> int:
        """How many elements there will be at least, embedded ones included."""
        return self._count(prepared, (prepared.name,), {})

    def _count(self, prepared: Prepared, chain: tuple[str, ...], known: dict[tuple[str, int], int]) -> int:
        key = (prepared.name, len(chain))
        if key in known:
            return known[key]
        total = 0
        for blueprint in prepared.blueprints:
            inner = self._embedded(blueprint)
            if inner is None or inner.name in chain or len(chain) > MOST_LEVELS:
                total += 1
                continue
            repeated = blueprint.element.type == REPEAT
            times = self._instances.count(blueprint.element.get("over")) if repeated else 1
            total += times * max(1, self._count(inner, (*chain, inner.name), known)) if times else 0
        known[key] = total
        return total

    def _embedded(self, blueprint: Blueprint) -> Prepared | None:
        element = blueprint.element
        if element.definition is None or element.type not in (EMBED, REPEAT) or blueprint.broken:
            return None
        return self.display(str(element.get("display") or ""))

    def display(self, name: str) -> Prepared | None:
        """Another display of the plant, read once; None when there is none."""
        if name not in self._prepared:
            source = self.names.displays.get(name)
            found = prepare(source.document, self.shared, file=source.file) if source else None
            if found is not None:
                found.name = name
            self._prepared[name] = found
        return self._prepared[name]

    # unfolding

    def expand(self, prepared: Prepared, scope: Scope, place: Place) -> None:
        """Append the elements of a display; TooMany beyond the limit."""
        self._unfolded += 1
        if self._unfolded > MOST_ELEMENTS:
            raise TooMany
        still = not (place.prefix or place.dx or place.dy)
        place = place._replace(chain=(*place.chain, prepared.name))
        for blueprint in prepared.blueprints:
            if len(self.out) >= MOST_ELEMENTS:
                raise TooMany
            plain = (
                not blueprint.slots and not blueprint.broken and blueprint.element.type not in self._special
            )
            if still and plain:
                self.out.append(blueprint.element)
            else:
                self._element(prepared, blueprint, scope, place)

    def _element(self, prepared: Prepared, blueprint: Blueprint, scope: Scope, place: Place) -> None:
        if blueprint.broken:
            self._mark(blueprint.element, place)
            return
        spot = _Spot(prepared, blueprint.element, scope, place)
        try:
            element, complete = self._filler.element(blueprint, scope)
        except ReferenceProblem as problem:
            self._report(spot, problem.what, problem.do)
            self._mark(blueprint.element, place)
            return
        if self.opened and not complete:
            self._mark(element, place)
        elif element.type not in self._special:
            self.out.append(self._moved(element, place))
        elif complete or element.get("display"):
            self._unfold(spot._replace(element=element))

    def _unfold(self, spot: _Spot) -> None:
        if spot.element.type == EMBED:
            self._embed(spot)
        elif spot.element.type == REPEAT:
            self._repeat(spot)
        else:
            self._link(spot)

    def _moved(self, element: Element, place: Place) -> Element:
        dx, dy = place.dx, place.dy
        if not (place.prefix or dx or dy):
            return element
        properties = element.properties
        for name in self._moving.get(element.type, ()) if element.definition else ():
            points = [[point[0] + dx, point[1] + dy, *point[2:]] for point in properties[name]]
            properties = {**properties, name: points}
        return Element(
            place.prefix + element.id, element.type, element.x + dx, element.y + dy, element.w, element.h,
            properties, element.bindings, element.definition, element.unknown, element.tooltip,
        )  # fmt: skip

    def _mark(self, element: Element, place: Place, size: tuple[float, float] | None = None) -> None:
        """A place that cannot be filled is drawn as one that says so."""
        w, h = size or (element.w or 40.0, element.h or 20.0)
        marked = replace(element, w=float(w), h=float(h), properties={}, bindings={}, definition=None)
        self.out.append(self._moved(marked, place))

    def _report(self, spot: _Spot, what: str, do: str = "", severity: str = "error") -> None:
        prepared, element = spot.prepared, spot.element
        line = prepared.lines.get(element.id, 0) if prepared.text else 0
        text = f"element {element.id}: {what}"
        self.notes.add(
            DisplayFinding(severity, prepared.file, line, text, do, element.id, spot.place.through)
        )

    # embed, repeat and link

    def _target(self, spot: _Spot) -> Prepared | None:
        """The display that an element embeds; a finding and None when it cannot be embedded."""
        name = str(spot.element.get("display") or "")
        inner = self.display(name)
        if inner is None:
            if name not in self.names.broken:
                self._report(spot, f"there is no display {quoted(name)}", "name a display of this plant")
        elif name in spot.place.chain:
            ring = " > ".join((*spot.place.chain[spot.place.chain.index(name) :], name))
            self._report(spot, f"the display {name} would stand in itself: {ring}", "break the ring")
        elif len(spot.place.chain) > MOST_LEVELS:
            what = f"displays stand in each other deeper than {MOST_LEVELS} levels"
            self._report(spot, what, "embed fewer in each other")
        else:
            return inner
        self._mark(spot.element, spot.place)
        return None

    def _embed(self, spot: _Spot) -> None:
        inner = self._target(spot)
        if inner is None:
            return
        scope = self._arguments(spot, inner.parameters, spot.element.get("parameters"))
        if scope is None:
            self._mark(spot.element, spot.place, inner.size)
        else:
            self.expand(inner, scope, spot.inside)

    def _arguments(
        self,
        spot: _Spot,
        parameters: Mapping[str, Parameter],
        raw: Mapping[str, Any],
        given: Mapping[str, Meaning] | None = None,
    ) -> dict[str, Meaning] | None:
        """None and findings when an argument does not fit."""
        found = arguments_of(parameters, raw, self.names, scope=spot.scope, given=given)
        for what, do in found.problems:
            self._report(spot, what, do)
        return None if found.problems else found.scope

    def _repeat(self, spot: _Spot) -> None:
        inner = self._target(spot)
        if inner is None:
            return
        over = self._instances.over(spot.element.get("over"), spot.scope)
        problem = (
            self._problem_of_parameter(spot, inner) or over.problem or _problem_of_overrides(spot, over.items)
        )
        if problem:
            self._report(spot, problem, over.do)
            self._mark(spot.element, spot.place, inner.size)
            return
        if over.empty:
            self._report(spot, f"nothing is repeated: {over.empty}", severity="warning")
        cells = _cells(inner.size, spot.element.get("gap"), int(spot.element.get("columns")))
        for item, (dx, dy) in zip(over.items, cells, strict=False):
            self._cell(spot, inner, item, dx, dy)

    def _cell(self, spot: _Spot, inner: Prepared, item: Meaning, dx: float, dy: float) -> None:
        name = "*" if item.open else str(item.value)
        inside = spot.inside
        place = inside._replace(dx=inside.dx + dx, dy=inside.dy + dy, prefix=f"{inside.prefix}{name}/")
        raw = {**spot.element.get("parameters"), **spot.element.get("overrides").get(name, {})}
        scope = self._arguments(spot, inner.parameters, raw, {spot.element.get("parameter"): item})
        if scope is None:
            moved = replace(
                spot.element, id=f"{spot.element.id}/{name}", x=spot.element.x + dx, y=spot.element.y + dy
            )
            self._mark(moved, spot.place, inner.size)
        else:
            self.expand(inner, scope, place)

    def _problem_of_parameter(self, spot: _Spot, inner: Prepared) -> str:
        name = str(spot.element.get("parameter") or "")
        parameter = inner.parameters.get(name)
        if parameter is None:
            known = ", ".join(list(inner.parameters)[:20]) or "none"
            return f"parameter is {quoted(name)}; the parameters of {inner.name}: {known}"
        if parameter.type not in ("instance", "any"):
            return f"parameter {name} of {inner.name} is {a(parameter.type)}, not an instance"
        if name in spot.element.get("parameters"):
            return f"parameters gives {name}, which each repetition gets from over"
        return ""

    def _link(self, spot: _Spot) -> None:
        """A link keeps the arguments that the display behind it is opened with."""
        element, raw = spot.element, spot.element.get("parameters")
        name = str(element.get("display") or "")
        parameters = self.parameters(name)
        if name in self.names.displays and (raw or any(p.required for p in parameters.values())):
            scope = self._arguments(spot, parameters, raw)
            if scope is None:
                self._mark(element, spot.place)
                return
            values = {key: scope[key].value for key in raw if not scope[key].open}
            element = replace(element, properties={**element.properties, "parameters": values})
        self.out.append(self._moved(element, spot.place))

    def parameters(self, name: str) -> Mapping[str, Parameter]:
        """What another display declares; empty for one that does not exist."""
        if name not in self._parameters:
            source = self.names.displays.get(name)
            raw = source.document.get("parameters", {}) if source else {}
            self._parameters[name] = read_parameters(raw, self.names, lambda *_: None)
        return self._parameters[name]


def _problem_of_overrides(spot: _Spot, items: tuple[Meaning, ...]) -> str:
    overrides = spot.element.get("overrides")
    repeated = {item.value for item in items if not item.open}
    open_items = any(item.open for item in items)
    for name, values in overrides.items():
        if not isinstance(values, Mapping):
            return f"overrides of {quoted(name)} is {quoted(values)}, not an object"
        if name not in repeated and not open_items:
            return f"overrides names {quoted(name)}, which is not repeated"
    return ""


def _cells(size: tuple[int, int], gap: list[float], columns: int) -> Iterator[tuple[float, float]]:
    """Where each repetition begins: row by row."""
    index = 0
    while True:
        row, column = divmod(index, columns)
        yield column * (size[0] + gap[0]), row * (size[1] + gap[1])
        index += 1
