"""What an element type declares: its properties, the signals it reads and its look as a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hmi.plugins import discovery

if TYPE_CHECKING:
    from hmi.mimics._document import Element
    from hmi.mimics._inputs import Inputs

PROPERTY_TYPES: Final = (
    "number", "integer", "string", "boolean", "choice", "tag", "instance", "area", "display", "points", "list",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an element type; ``tag`` names a tag, ``instance`` a piece of equipment."""

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """A role that an element reads; resolved as property ``role``, else ``<instance>.<candidate>``."""

    role: str
    candidates: tuple[str, ...]
    help: str = ""


@dataclass(frozen=True, slots=True)
class ElementDefinition:
    """An element type.

    ``look`` turns inputs into a comparable tuple that the painter draws; None for a static element.
    ``margin`` (left, top, right, bottom) is how far marks reach beyond the element's box, in pixels;
    ``extent`` gives the margin of one look, so that a plain value repaints a small place.
    ``history`` names the tag properties whose recent past is drawn. ``clickable`` elements take the focus.
    """

    name: str
    title: str
    properties: tuple[Property, ...] = ()
    signals: tuple[Signal, ...] = ()
    look: Callable[[Inputs], tuple[Any, ...]] | None = None
    size: tuple[int, int] = (80, 40)
    margin: tuple[int, int, int, int] = (4, 4, 4, 4)
    extent: Callable[[Element, tuple[Any, ...]], tuple[float, float, float, float]] | None = None
    history: tuple[str, ...] = ()
    clickable: bool = False
    group: str = "general"

    def find(self, name: str) -> Property | None:
        return next((p for p in self.properties if p.name == name), None)

    @property
    def is_dynamic(self) -> bool:
        return self.look is not None


def shipped_definitions() -> Mapping[str, ElementDefinition]:
    """Every element type of the product by name."""
    return {name: discovery.definition("elements", name) for name in discovery.names("elements")}
