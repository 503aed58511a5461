"""What an element type declares: its properties, the signals it reads and its look as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hmi.plugins import discovery

if TYPE_CHECKING:
    from hmi.mimics._control import Grip
    from hmi.mimics._document import Element
    from hmi.mimics._inputs import Inputs

PROPERTY_TYPES: Final = (
    "number", "integer", "string", "boolean", "choice", "tag", "instance", "area", "display", "points", "list",
    "pair", "image", "arguments", "overrides", "instances",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an element type; ``tag`` names a tag, ``instance`` a piece of equipment.

    ``arguments`` are values for the parameters of the display under the property ``display``. ``low`` and
    ``high`` bound a number.
    """

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A role that an element reads; resolved as property ``role``, else ``<instance>.<candidate>``."""

    role: str
    candidates: tuple[str, ...]
    help: str = ""


class SpanChoice(NamedTuple):
    """A place on an element that shows another span of time when it is clicked; design pixels, minutes."""

    x: float
    y: float
    w: float
    h: float
    minutes: int

    def holds(self, x: float, y: float) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


class FixedText(NamedTuple):
    """A text that a display writes for good, and the room that its element has for it.

    ``name`` is its property, ``font`` a role of ``FONTS``, ``room`` design pixels, ``color`` a theme role. ``on`` is
    the ground that the element itself paints under the text; empty where the text lies on what is below.
    """

    name: str
    text: str
    font: str
    room: float
    color: str = "text"
    on: str = ""


@dataclass(frozen=True, slots=True)
class ElementDefinition:
    """An element type.

    ``look`` turns inputs into a comparable tuple that the painter draws; None for a static element.
    ``margin`` (left, top, right, bottom) is how far marks reach beyond the element's box, in pixels;
    ``extent`` gives the margin of one look, so that a plain value repaints a small place.
    ``place`` is the box (left, top, width, height) that the margin goes around, where it is not the element's own:
    a pipe lies along its points.
    ``history`` names the tag properties whose recent past is drawn. ``clickable`` elements take the focus;
    one that ``lists_alarms`` opens the alarm list of its area.
    ``texts`` are its fixed texts, so that the linter can measure them; ``ground`` is the theme role of the area
    that it paints over, empty for none.
    ``spans`` are the spans of time that can be chosen, with the one in view.
    """

    name: str
    title: str
    properties: tuple[Property, ...] = ()
    signals: tuple[Signal, ...] = ()
    look: Callable[[Inputs], tuple[Any, ...]] | None = None
    size: tuple[int, int] = (80, 40)
    margin: tuple[int, int, int, int] = (4, 4, 4, 4)
    extent: Callable[[Element, tuple[Any, ...]], tuple[float, float, float, float]] | None = None
    place: Callable[[Element], tuple[float, float, float, float]] | None = None
    history: tuple[str, ...] = ()
    clickable: bool = False
    lists_alarms: bool = False
    control: str = ""
    grip: Callable[[Element, tuple[Any, ...], float, float], Grip | None] | None = None
    spans: Callable[[Element, int], tuple[SpanChoice, ...]] | None = None
    texts: Callable[[Element], tuple[FixedText, ...]] | None = None
    ground: Callable[[Element], str] | None = None
    group: str = "general"

    def named(self, kind: str) -> tuple[str, ...]:
        """Names of the properties of one type."""
        return self.by_type.get(kind, ())

    @property
    def by_type(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the properties by their type; no type without one."""
        known = _BY_TYPE.get(id(self))
        if known is None or known[0] is not self:
            found: dict[str, tuple[str, ...]] = {}
            for prop in self.properties:
                found[prop.type] = (*found.get(prop.type, ()), prop.name)
            known = _BY_TYPE[id(self)] = (self, found)
        return known[1]

    def find(self, name: str) -> Property | None:
        return next((p for p in self.properties if p.name == name), None)

    @property
    def is_dynamic(self) -> bool:
        return self.look is not None


# by identity, for a definition is asked for every element of a display; its hash would look at all of it
_BY_TYPE: Final[dict[int, tuple[ElementDefinition, dict[str, tuple[str, ...]]]]] = {}


@cache
def shipped_definitions() -> Mapping[str, ElementDefinition]:
    """Every element type of the product by name."""
    return {name: discovery.definition("elements", name) for name in discovery.names("elements")}
