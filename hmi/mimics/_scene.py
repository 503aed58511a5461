"""A display brought to life: values in, the set of elements whose look changed out. No Qt, no clock.

The view, screenshots and replay all show this one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hmi.core.values import DataValue
from hmi.mimics._catalogue import AlarmCount, Catalogue, TagAlarm
from hmi.mimics._control import Control
from hmi.mimics._definition import SpanChoice
from hmi.mimics._document import Display, Element
from hmi.mimics._images import NOT_YET, ImageState, image_name_problem
from hmi.mimics._inputs import Inputs
from hmi.mimics._past import Past, Samples, is_doubtful, number_of, samples_of

Freshness = Callable[[str], bool]
Hearing = Callable[[str], bool]
Look = tuple[Any, ...]
_NOTHING: Final[Look] = ()
NS: Final = 1_000_000_000
SPANS_MIN: Final = (5, 15, 60)
MOST_BUCKETS: Final = 4_096
PRIORITIES: Final = (1, 2, 3, 4)


class Scene:
    """Elements, their looks, and the index from tags to elements.

    ``looks[i]`` belongs to ``display.elements[i]``; an empty tuple for a static element. Times are UTC ns
    of the session.
    """

    def __init__(
        self,
        display: Display,
        catalogue: Catalogue,
        values: Mapping[str, DataValue] | None = None,
        now_ns: int = 0,
    ) -> None:
        """``values`` are those that are known already; others may be in it."""
        self.display, self.catalogue = display, catalogue
        self.elements: tuple[Element, ...] = display.elements
        self.values: dict[str, DataValue] = {}
        self.alarms: dict[str, TagAlarm] = {}
        self.has_unacked = False
        self.stale: frozenset[str] = frozenset()
        self.images: dict[str, ImageState] = {}
        self.controls: dict[str, Control] = {}
        self.now_ns = now_ns
        self._alarms_told = False
        self._hears: Hearing = _always
        self._deaf: frozenset[str] = frozenset()
        self._spans: dict[int, int] = {}
        self._past: dict[tuple[str, int, int], Past] = {}
        self.inputs = tuple(Inputs(self, element, catalogue) for element in self.elements)
        self._by_tag: dict[str, list[int]] = {}
        self._by_history: dict[str, list[Past]] = {}
        self._history_elements: dict[int, None] = {}
        self._with_area: list[int] = []
        self._with_instance: dict[str, list[int]] = {}
        self._with_image: dict[str, list[int]] = {}
        self._index()
        self._take(values or {})
        self.looks: list[Look] = [self._look(index) for index in range(len(self.elements))]

    def _index(self) -> None:
        by_tag = self._by_tag
        for index, inputs in enumerate(self.inputs):
            for tag in inputs.tags:
                if tag in by_tag:
                    by_tag[tag].append(index)
                else:
                    by_tag[tag] = [index]
            if inputs.area or inputs.lists_alarms:
                self._with_area.append(index)
            if (image := inputs.image) and not image_name_problem(image):
                self._with_image.setdefault(image, []).append(index)
            if inputs.instance:
                self._with_instance.setdefault(inputs.instance, []).append(index)
            definition = inputs.element.definition
            if definition is not None and definition.history:
                self._index_history(index)

    def _index_history(self, index: int) -> None:
        element = self.elements[index]
        for name in element.definition.history if element.definition else ():
            tag = element.properties.get(name)
            if tag:
                self._history_elements[index] = None
                known = self._by_history.setdefault(str(tag), [])
                known += [past for past in self._pasts_of(element, str(tag)) if past not in known]

    def show_past(self) -> None:
        """What is shown is an earlier time: no end of a curve is the present."""
        for past in self._past.values():
            past.is_live = False

    def past_of(self, element: Element, tag: str) -> Past | None:
        """The buckets to draw: the shortest span that holds all that is known, at most ``span_min``.

        So a plant that has just started shows its first minutes wide, and grows into the full span.
        """
        pasts = self._pasts_of(element, tag)
        if id(element) in self._spans:
            return pasts[-1]
        age = pasts[-1].age_ns if pasts else 0
        return next((past for past in pasts if past.span_ns >= age), pasts[-1] if pasts else None)

    def _pasts_of(self, element: Element, tag: str) -> list[Past]:
        """One past for each step of the ladder below the element's span; shared when equal."""
        span = self.span_of(element)
        count = min(max(int(element.get("plot_width") or element.w), 16), MOST_BUCKETS)
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

    def backfill(self, tag: str, samples: Samples | Sequence[DataValue], now_ns: int) -> set[int]:
        """Samples of history in time order; Bad ones are gaps."""
        found = samples if isinstance(samples, Samples) else samples_of(samples)
        for past in self._by_history.get(tag, ()):
            past.fill(found, now_ns)
        return self._refresh(self._history_elements)

    def apply(self, changed: Mapping[str, DataValue], now_ns: int) -> set[int]:
        """Take a batch of values; the indices of elements that now look different."""
        self.now_ns = now_ns
        return self._refresh(self._take(changed))

    def _take(self, changed: Mapping[str, DataValue]) -> set[int]:
        touched: set[int] = set()
        now_ns, by_tag, values = self.now_ns, self._by_tag, self.values
        for tag, data in changed.items():
            if (indices := by_tag.get(tag)) is None:
                continue
            values[tag] = data
            touched.update(indices)
            for past in self._by_history.get(tag, ()):
                at = min(data.source_time or now_ns, now_ns)
                past.add(number_of(data), max(at, now_ns - past.span_ns), doubtful=is_doubtful(data))
        return touched

    def judge(self, fresh: Freshness, now_ns: int, *, hears: Hearing | None = None) -> set[int]:
        """Ask for the age of every value (at paint time) and carry the curves on while they are fresh.

        ``hears`` says of an area whether the runtime that tells its alarms is heard.
        """
        self.now_ns = max(now_ns, self.now_ns)
        stale = frozenset(tag for tag in self.values if not fresh(tag))
        turned = stale ^ self.stale
        self.stale = stale
        touched = {index for tag in turned for index in self._by_tag.get(tag, ())}
        for tag, pasts in self._by_history.items():
            if tag in self.values:
                self._carry_on(tag, pasts)
        touched.update(self._history_elements)
        touched.update(self._listen(hears))
        return self._refresh(touched)

    def _listen(self, hears: Hearing | None) -> list[int]:
        """Elements to look at again when a runtime has fallen silent or has spoken."""
        self._hears = hears or self._hears
        areas = {self.inputs[index].area for index in self._with_area}
        deaf = frozenset(area for area in areas if not self._hears(area))
        turned, self._deaf = deaf ^ self._deaf, deaf
        return self._with_area if turned else []

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
        first, self._alarms_told = not self._alarms_told, True
        self.alarms = dict(alarms)
        self.has_unacked = any(a.unacked or (True in [u for _, u in a.further]) for a in alarms.values())
        touched = {index for tag in turned for index in self._by_tag.get(tag, ())}
        for tag in turned:
            touched.update(self._with_instance.get(tag.rpartition(".")[0], ()))
        if turned or first:
            touched.update(self._with_area)
        return self._refresh(touched)

    @property
    def written_tags(self) -> tuple[str, ...]:
        """Tags of the plant that the controls in this scene write, each once."""
        written = dict.fromkeys(inputs.written_tag for inputs in self.inputs)
        return tuple(tag for tag in written if tag in self.catalogue.tags)

    def set_controls(self, controls: Mapping[str, Control]) -> set[int]:
        """Replace what the station says of its commands, by the tag that they write."""
        turned = {tag for tag in controls.keys() | self.controls.keys()
                  if controls.get(tag) != self.controls.get(tag)}  # fmt: skip
        self.controls = dict(controls)
        return self._refresh({index for tag in turned for index in self._by_tag.get(tag, ())})

    def heard(self, area: str) -> bool:
        """Whether the alarms of an area are what its runtime says now."""
        return self._alarms_told and area not in self._deaf

    def alarm_counts(self, area: str) -> tuple[AlarmCount, ...]:
        """Alarms by priority below a prefix of tag names; nothing before the first list has come."""
        if not self._alarms_told:
            return ()
        found: list[tuple[int, bool]] = []
        for tag, alarm in self.alarms.items():
            if tag.startswith(area):
                found += [(alarm.priority, alarm.unacked), *alarm.further]
        return tuple(AlarmCount(p, sum(own == p for own, _ in found), (p, True) in found) for p in PRIORITIES)

    @property
    def image_names(self) -> tuple[str, ...]:
        """Pictures of the plant folder that the display shows."""
        return tuple(self._with_image)

    def set_images(self, images: Mapping[str, ImageState]) -> set[int]:
        """What is known of pictures by name; the rest is still awaited."""
        self.images.update(images)
        return self._refresh(index for name in images for index in self._with_image.get(name, ()))

    def image(self, name: str) -> ImageState:
        return self.images.get(name, NOT_YET)

    def choose_span(self, index: int, minutes: int) -> set[int]:
        """Show another span in one element; ``history_wants`` then asks for its past."""
        element = self.elements[index]
        self._spans[id(element)] = minutes
        self._index_history(index)
        return self._refresh([index])

    def span_choices(self, index: int) -> tuple[SpanChoice, ...]:
        """The spans that can be chosen on an element, from short to long."""
        element = self.elements[index]
        if element.definition is None or element.definition.spans is None:
            return ()
        return element.definition.spans(element, self.span_of(element))

    def span_of(self, element: Element) -> int:
        """Minutes that an element shows: those chosen, else as the display says."""
        return self._spans.get(id(element)) or int(element.get("span_min") or 0)

    def worst_alarm(self, prefix: str) -> TagAlarm | None:
        """The most urgent alarm among tags whose name starts with ``prefix``; unacknowledged first."""
        found = [alarm for tag, alarm in self.alarms.items() if tag.startswith(prefix)]
        return min(found, key=lambda alarm: (alarm.priority, not alarm.unacked)) if found else None

    def target(self, index: int) -> str:
        """Tag or instance that a click on the element means."""
        return self.inputs[index].target

    def extent(self, index: int, look: Look | None = None) -> tuple[float, float, float, float]:
        """Left, top, width, height of what an element paints with a look, else with its present one."""
        element = self.elements[index]
        definition = element.definition
        if definition is None or definition.extent is None:
            return element.bounds
        left, top, right, bottom = definition.extent(element, self.looks[index] if look is None else look)
        return element.x - left, element.y - top, element.w + left + right, element.h + top + bottom

    def _look(self, index: int) -> Look:
        definition = self.elements[index].definition
        if definition is None or definition.look is None:
            return _NOTHING
        return definition.look(self.inputs[index])

    def _refresh(self, indices: Iterable[int]) -> set[int]:
        changed: set[int] = set()
        looks, look_at = self.looks, self._look
        for index in indices:
            look = look_at(index)
            if look != looks[index]:
                looks[index] = look
                changed.add(index)
        return changed


def _always(_area: str) -> bool:
    return True
