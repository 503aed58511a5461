"""A display brought to life: values in, the set of elements whose look changed out. No Qt, no clock.

The view, screenshots and replay all show this one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hmi.core.values import DataValue
from hmi.mimics._catalogue import Catalogue, TagAlarm
from hmi.mimics._document import Display, Element
from hmi.mimics._inputs import Inputs
from hmi.mimics._past import Past, number_of

Freshness = Callable[[str], bool]
Look = tuple[Any, ...]
_NOTHING: Final[Look] = ()
NS: Final = 1_000_000_000
SPANS_MIN: Final = (5, 15, 60)


class Scene:
    """Elements, their looks, and the index from tags to elements.

    ``looks[i]`` belongs to ``display.elements[i]``; an empty tuple for a static element. Times are UTC ns
    of the session.
    """

    def __init__(self, display: Display, catalogue: Catalogue) -> None:
        self.display, self.catalogue = display, catalogue
        self.elements: tuple[Element, ...] = display.elements
        self.values: dict[str, DataValue] = {}
        self.alarms: dict[str, TagAlarm] = {}
        self.stale: frozenset[str] = frozenset()
        self.now_ns = 0
        self._past: dict[tuple[str, int, int], Past] = {}
        self.inputs = tuple(Inputs(self, element, catalogue) for element in self.elements)
        self._by_tag: dict[str, list[int]] = {}
        self._by_history: dict[str, list[Past]] = {}
        self._history_elements: list[int] = []
        self._with_area: list[int] = []
        self._with_instance: dict[str, list[int]] = {}
        self._index()
        self.looks: list[Look] = [self._look(index) for index in range(len(self.elements))]

    def _index(self) -> None:
        for index, inputs in enumerate(self.inputs):
            for tag in inputs.tags:
                self._by_tag.setdefault(tag, []).append(index)
            if inputs.area:
                self._with_area.append(index)
            if inputs.instance:
                self._with_instance.setdefault(inputs.instance, []).append(index)
            self._index_history(index)

    def _index_history(self, index: int) -> None:
        element = self.elements[index]
        for name in element.definition.history if element.definition else ():
            tag = element.properties.get(name)
            if tag:
                self._history_elements.append(index)
                known = self._by_history.setdefault(str(tag), [])
                known += [past for past in self._pasts_of(element, str(tag)) if past not in known]

    def past_of(self, element: Element, tag: str) -> Past | None:
        """The buckets to draw: the shortest span that holds all that is known, at most ``span_min``.

        So a plant that has just started shows its first minutes wide, and grows into the full span.
        """
        pasts = self._pasts_of(element, tag)
        age = pasts[-1].age_ns if pasts else 0
        return next((past for past in pasts if past.span_ns >= age), pasts[-1] if pasts else None)

    def _pasts_of(self, element: Element, tag: str) -> list[Past]:
        """One past for each step of the ladder below the element's span; shared when equal."""
        span = int(element.get("span_min") or 0)
        count = max(int(element.get("plot_width") or element.w), 16)
        steps = [step for step in SPANS_MIN if step < span]
        return [self._past_for(tag, step, count) for step in (*steps, span) if step > 0]

    def _past_for(self, tag: str, span_min: int, count: int) -> Past:
        key = (tag, span_min, count)
        if key not in self._past:
            self._past[key] = Past(span_min * 60 * NS, count)
        return self._past[key]

    @property
    def tags(self) -> tuple[str, ...]:
        """What to subscribe to: known tags only, in the order of first use."""
        return tuple(tag for tag in self._by_tag if tag in self.catalogue.tags)

    @property
    def unknown_tags(self) -> tuple[str, ...]:
        return tuple(tag for tag in self._by_tag if tag not in self.catalogue.tags)

    def history_wants(self) -> tuple[tuple[str, int], ...]:
        """(tag, longest span in ns) whose past the station should back-fill."""
        return tuple((tag, max(p.span_ns for p in pasts)) for tag, pasts in self._by_history.items())

    def backfill(self, tag: str, samples: Iterable[DataValue], now_ns: int) -> set[int]:
        """Samples of history in time order; Bad ones are gaps."""
        points = [(sample.source_time, number_of(sample)) for sample in samples]
        for past in self._by_history.get(tag, ()):
            past.fill(points, now_ns)
        return self._refresh(self._history_elements)

    def apply(self, changed: Mapping[str, DataValue], now_ns: int) -> set[int]:
        """Take a batch of values; the indices of elements that now look different."""
        self.now_ns = now_ns
        touched: set[int] = set()
        for tag, data in changed.items():
            if (indices := self._by_tag.get(tag)) is None:
                continue
            self.values[tag] = data
            touched.update(indices)
            at = min(data.source_time or now_ns, now_ns)
            for past in self._by_history.get(tag, ()):
                past.add(number_of(data), max(at, now_ns - past.span_ns))
        return self._refresh(touched)

    def judge(self, fresh: Freshness, now_ns: int) -> set[int]:
        """Ask for the age of every value (at paint time) and carry the curves on while they are fresh."""
        self.now_ns = max(now_ns, self.now_ns)
        stale = frozenset(tag for tag in self.values if not fresh(tag))
        turned = stale ^ self.stale
        self.stale = stale
        touched = {index for tag in turned for index in self._by_tag.get(tag, ())}
        for tag, pasts in self._by_history.items():
            if tag in self.values:
                self._carry_on(tag, pasts)
        touched.update(self._history_elements)
        return self._refresh(touched)

    def _carry_on(self, tag: str, pasts: list[Past]) -> None:
        for past in pasts:
            if tag in self.stale:
                past.add(None, self.now_ns)
            else:
                past.hold(self.values[tag], self.now_ns)

    def set_alarms(self, alarms: Mapping[str, TagAlarm]) -> set[int]:
        """Replace the active alarms, by tag name."""
        turned = {
            tag for tag in alarms.keys() | self.alarms.keys() if alarms.get(tag) != self.alarms.get(tag)
        }
        self.alarms = dict(alarms)
        touched = {index for tag in turned for index in self._by_tag.get(tag, ())}
        for tag in turned:
            touched.update(self._with_instance.get(tag.rpartition(".")[0], ()))
        if turned:
            touched.update(self._with_area)
        return self._refresh(touched)

    def worst_alarm(self, prefix: str) -> TagAlarm | None:
        """The most urgent alarm among tags whose name starts with ``prefix``; unacknowledged first."""
        found = [alarm for tag, alarm in self.alarms.items() if tag.startswith(prefix)]
        return min(found, key=lambda alarm: (alarm.priority, not alarm.unacked)) if found else None

    def target(self, index: int) -> str:
        """Tag or instance that a click on the element means."""
        return self.inputs[index].target

    def extent(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, width, height of what an element paints with its present look."""
        element = self.elements[index]
        definition = element.definition
        if definition is None or definition.extent is None:
            return element.bounds
        left, top, right, bottom = definition.extent(element, self.looks[index])
        return element.x - left, element.y - top, element.w + left + right, element.h + top + bottom

    def _look(self, index: int) -> Look:
        definition = self.elements[index].definition
        if definition is None or definition.look is None:
            return _NOTHING
        return definition.look(self.inputs[index])

    def _refresh(self, indices: Iterable[int]) -> set[int]:
        changed: set[int] = set()
        for index in indices:
            look = self._look(index)
            if look != self.looks[index]:
                self.looks[index] = look
                changed.add(index)
        return changed
