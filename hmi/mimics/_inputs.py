"""What the look of one element may ask: its properties, readings, equipment signals, alarms and past."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hmi.core.texts import tr
from hmi.core.values import WAITING, DataValue
from hmi.mimics._catalogue import AlarmCount, Catalogue, TagAlarm
from hmi.mimics._control import Control
from hmi.mimics._definition import Signal
from hmi.mimics._document import Element, tags_in
from hmi.mimics._images import ImageState
from hmi.mimics._past import Past
from hmi.mimics._plain import drawn
from hmi.mimics._readings import UNBOUND, UNKNOWN_TAG, Reading

if TYPE_CHECKING:
    from hmi.mimics._scene import Scene

_NO_NAMES: Final[Mapping[str, tuple[str, ...]]] = {}


class Inputs:
    """One element's window on the scene. Built once; every question reads the present."""

    __slots__ = ("_area", "_catalogue", "_scene", "_signals", "element", "image", "instance", "tags")

    def __init__(self, scene: Scene, element: Element, catalogue: Catalogue) -> None:
        self._scene, self._catalogue = scene, catalogue
        self.element = element
        definition = element.definition
        names = definition.by_type if definition is not None else _NO_NAMES
        self.instance = self._first(names["instance"]) if "instance" in names else ""
        self._area = self._first(names["area"]) if "area" in names else ""
        self.image = self._first(names["image"]) if "image" in names else ""
        """Name of the picture that this element shows; empty for none."""
        self._signals = self._find_signals(definition.signals) if definition and definition.signals else {}
        self.tags = self._find_tags(names)
        """Every tag that can change this element's look."""

    def _first(self, names: tuple[str, ...]) -> str:
        """The first of these properties that is written."""
        for name in names:
            if value := self.element.get(name):
                return str(value)
        return ""

    def _find_signals(self, signals: tuple[Signal, ...]) -> dict[str, str]:
        found: dict[str, str] = {}
        for signal in signals:
            name = str(self.element.properties.get(signal.role) or "")
            name = name or (self._catalogue.signal(self.instance, signal.candidates) if self.instance else "")
            if name:
                found[signal.role] = name
        return found

    def _find_tags(self, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        element = self.element
        if element.definition is None:
            return ()
        found = list(self._signals.values())
        for name in names.get("tag", ()):
            value = element.properties.get(name)
            if value and isinstance(value, str):
                found.append(value)
        for name in names.get("list", ()):
            value = element.properties.get(name)
            if isinstance(value, list):
                found += tags_in(value)
        for expression in element.bindings.values():
            found += expression.names
        return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))

    @property
    def area(self) -> str:
        """Tag-name prefix whose alarms this element counts; empty for none."""
        return self._area

    @property
    def lists_alarms(self) -> bool:
        """True for an element whose click lists the alarms of its area."""
        return self.element.definition is not None and self.element.definition.lists_alarms

    def image_state(self) -> ImageState:
        return self._scene.image(self.image)

    @property
    def minutes(self) -> int:
        """Minutes of the past that this element shows."""
        return self._scene.span_of(self.element)

    @property
    def target(self) -> str:
        """What a click means: the piece of equipment or the first tag."""
        return self.instance or (self.tags[0] if self.tags else "")

    def get(self, name: str) -> Any:
        """A property: the binding's value (None while it is Bad), else the literal, else the default."""
        if name in self.element.bindings:
            data = self._evaluate(name)
            return None if data.is_bad else data.value
        return self.element.get(name)

    def text(self, name: str) -> str:
        value = self.get(name)
        return "" if value is None or value == "" else drawn(str(value))

    def bound(self, name: str) -> bool:
        """True when the property is a tag or a binding, so that a reading of it makes sense."""
        return name in self.element.bindings or bool(self.element.properties.get(name))

    def _evaluate(self, name: str) -> DataValue:
        """The binding over what is known; a tag of the plant without a value yet is still awaited."""
        scene, expression = self._scene, self.element.bindings[name]
        values = scene.values
        if any(tag not in values for tag in expression.names):
            known = (tag for tag in expression.names if tag in values or tag in self._catalogue.tags)
            values = {tag: values.get(tag, WAITING) for tag in known}
        return expression.evaluate(values, scene.now_ns)

    def reading(self, name: str) -> Reading:
        """The tag or binding behind a property, with quality, age and alarm."""
        if name in self.element.bindings:
            expression = self.element.bindings[name]
            stale = any(tag in self._scene.stale for tag in expression.names)
            if any(tag not in self._catalogue.tags for tag in expression.names):
                return Reading(expression.text, UNKNOWN_TAG)
            single = expression.names[0] if len(expression.names) == 1 else ""
            alarm = self._scene.alarms.get(single)
            return Reading(single or expression.text, self._evaluate(name), None, stale, alarm)
        return self.tag(str(self.element.properties.get(name) or ""))

    def tag(self, name: str) -> Reading:
        """The reading of any tag this element declared; an unknown tag is a configuration fault."""
        if not name:
            return UNBOUND
        info = self._catalogue.tags.get(name)
        if info is None:
            return Reading(name, UNKNOWN_TAG)
        scene = self._scene
        data = scene.values.get(name, WAITING)
        return Reading(name, data, info, name in scene.stale, scene.alarms.get(name))

    @property
    def written_tag(self) -> str:
        """The tag that a control writes; empty for other elements and where none is named."""
        definition = self.element.definition
        if definition is None or not definition.control or "tag" in self.element.bindings:
            return ""
        return str(self.element.properties.get("tag") or "")

    @property
    def control(self) -> Control:
        """What the station says of the command behind this control; a scene without a station commands nothing."""
        tag = self.written_tag
        info = self._catalogue.tags.get(tag)
        if not tag:
            return Control(tr("No tag to write is named here."))
        if info is None:
            return Control(tr("This tag does not exist in the plant."))
        if not info.writable:
            return Control(tr("This tag takes no commands."))
        return self._scene.controls.get(tag, Control(tr("Nothing can be commanded from here.")))

    def signal(self, role: str) -> Reading | None:
        """The reading of an equipment signal; None when the equipment has no such signal."""
        name = self._signals.get(role)
        return self.tag(name) if name else None

    @property
    def signals(self) -> Mapping[str, str]:
        return self._signals

    @property
    def alarm(self) -> TagAlarm | None:
        """The most urgent alarm of all signals of this equipment, tags outside the element included."""
        return self._scene.worst_alarm(self.instance + ".") if self.instance else None

    def area_alarm(self) -> TagAlarm | None:
        return self._scene.worst_alarm(self._area) if self._area else None

    def area_count(self) -> int:
        """How many tags below the area have an active alarm."""
        return sum(name.startswith(self._area) for name in self._scene.alarms) if self._area else 0

    def alarm_counts(self) -> tuple[AlarmCount, ...]:
        """The alarms below the area by priority, every alarm of every tag; of the whole plant without an area."""
        return self._scene.alarm_counts(self._area)

    @property
    def alarms_heard(self) -> bool:
        """False while the runtime that tells the alarms of the area is silent: what is known of them is old."""
        return self._scene.heard(self._area)

    def past(self, name: str) -> Past | None:
        """The recent past of a tag property that the definition lists in ``history``."""
        tag = self.element.properties.get(name)
        return self._scene.past_of(self.element, str(tag)) if tag else None

    @property
    def now_ns(self) -> int:
        return self._scene.now_ns
