"""Rules of ways: from the first display to every other one, and the working pages within two actions (HM-01)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from hmi.check._display_lints._view import UNFOLDED
from hmi.core.identity import TagRef
from hmi.mimics import Display, Element, needs_arguments
from hmi.project.draft import Draft

MOST_ACTIONS: Final = 2
_BY_FACEPLATE: Final = 2  # a click opens the faceplate, another one its display


class Astray(NamedTuple):
    """A display that is hard to find; ``rule`` says how."""

    rule: str
    display: str
    what: str
    do: str


class Ways:
    """What leads where, by the fewest actions."""

    def __init__(self, draft: Draft, displays: Mapping[str, Display]) -> None:
        self._draft, self._displays = draft, displays
        self._steps: dict[str, dict[str, int]] = {}
        self._embedded: set[str] = set()
        for name, display in displays.items():
            self._steps[name] = self._ways_from(display)
        self._tabs = dict.fromkeys(self._tab_displays(), 1)

    def astray(self) -> Iterator[Astray]:
        """Displays that nothing leads to, and working pages that are too many actions away."""
        home = str(self._draft.head.get("home", ""))
        if home not in self._displays:
            return
        best = self._from(home)
        raised = {alarm.display for alarm in self._draft.alarms}
        for name, display in self._displays.items():
            if name in best:
                if display.level == 2 and best[name] > MOST_ACTIONS:
                    what = f"the display {name} is {best[name]} actions away from {home}; a working page is at most two"
                    yield Astray(
                        "far", name, what, "link it from the overview, or give it an area of its own"
                    )
            elif name not in raised and name not in self._embedded:
                what = f"no display, alarm or instance leads to the display {name}"
                if any(name in steps for other, steps in self._steps.items() if other != name):
                    what = f"no way leads from {home} to the display {name}"
                yield Astray("unreachable", name, what, "link it, or remove it")

    def _from(self, home: str) -> Mapping[str, int]:
        best, waiting = {home: 0}, deque([home])
        while waiting:
            here = waiting.popleft()
            for name, cost in (*self._steps[here].items(), *self._tabs.items()):
                if name in self._displays and best[here] + cost < best.get(name, 1_000_000):
                    best[name] = best[here] + cost
                    waiting.append(name)
        return best

    def _ways_from(self, display: Display) -> dict[str, int]:
        found: dict[str, int] = {}
        for element in (*display.elements, *display.own):
            if element.type in UNFOLDED:
                self._embedded.add(str(element.get("display") or ""))
            elif element.type == "link":
                found[str(element.get("display") or "")] = 1
            elif element.definition is not None and element.definition.clickable:
                for name in self._instances_of(element):
                    found.setdefault(name, _BY_FACEPLATE)
        found.pop("", None)
        return found

    def _instances_of(self, element: Element) -> Iterable[str]:
        """The displays of the equipment that an element is about."""
        definition = element.definition
        for name in (*definition.named("instance"), *definition.named("tag")) if definition else ():
            value = element.properties.get(name)
            if isinstance(value, str) and value:
                equipment = (
                    value if value in self._draft.instances else TagRef.parse(value).name.partition(".")[0]
                )
                if (instance := self._draft.instances.get(equipment)) is not None and instance.display:
                    yield instance.display

    def _tab_displays(self) -> Iterator[str]:
        """The display of each area: of those that show it the one of the nearest level."""
        by_area: defaultdict[str, list[Display]] = defaultdict(list)
        for display in self._displays.values():
            if display.area and not needs_arguments(self._draft.displays[display.name].document):
                by_area[display.area].append(display)
        for displays in by_area.values():
            yield min(displays, key=lambda d: d.level).name
