"""Where everything of a plant is used: one index for ``hmi where``, for the linter and for the running runtime."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from hmi.check._names import FolderNames
from hmi.core.errors import ConfigurationError
from hmi.core.query import Query, query
from hmi.expressions import ExpressionError, expression_names
from hmi.mimics import Instances
from hmi.project.draft import Draft, element_lines, read_draft
from hmi.project.exports import ExportDef
from hmi.project.importing import Reference
from hmi.project.new_names import ARGUMENTS, OVERRIDES, may_be_name
from hmi.project.notifications import NotificationDef
from hmi.project.plant import (
    AlarmDef,
    Area,
    CommandRule,
    ConnectionDef,
    DisplayFile,
    Instance,
    Plant,
    Source,
    TagDef,
)
from hmi.project.query import Chooser, Readable

_QUOTED: Final = re.compile(r"'([^'$]+)'")
_EMBEDDING: Final = frozenset(("embed", "repeat"))
_NOWHERE: Final = Source()


class Use(NamedTuple):
    """One place: ``kind`` such as display or alarm, the ``name`` of the user, its words, an element of a display."""

    kind: str
    name: str
    text: str = ""
    element: str = ""
    source: Source = _NOWHERE

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "name": self.name,
            "text": self.text,
            "element": self.element,
            "file": self.source.file,
            "line": self.source.line,
        }


class _Known(Readable, Protocol):
    @property
    def tags(self) -> Iterable[TagDef]: ...
    @property
    def by_name(self) -> Mapping[str, TagDef]: ...
    @property
    def by_id(self) -> Mapping[str, TagDef]: ...
    @property
    def alarms(self) -> Iterable[AlarmDef]: ...
    @property
    def connections(self) -> Mapping[str, ConnectionDef]: ...
    @property
    def displays(self) -> Mapping[str, DisplayFile]: ...


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands in plant.toml, alike for a plant and for one that is only read."""

    areas: tuple[Area, ...]
    home: str
    exports: tuple[ExportDef, ...]
    notifications: tuple[NotificationDef, ...]


def _head_of(plant: Plant | Draft) -> _Head:
    if isinstance(plant, Plant):
        return _Head(plant.areas, plant.home, plant.exports, plant.notifications)
    head = plant.head
    return _Head(
        tuple(plant.areas.values()),
        str(head.get("home", "")),
        tuple(head.get("exports", ())),
        tuple(head.get("notifications", ())),
    )


class WhereUsed:
    """Built from a plant, or from what could be read of one, on any thread; pure.

    ``lines``: look up the line of each element of the displays that were read, which takes a while.
    """

    def __init__(self, plant: Plant | Draft, *, lines: bool = False) -> None:
        self._plant: _Known = plant
        self._head = _head_of(plant)
        self._chooser = Chooser(plant, self._head.areas)
        self._repeated = Instances(FolderNames(plant))
        self._found: defaultdict[str, list[Use]] = defaultdict(list)
        self._displays: defaultdict[str, list[Use]] = defaultdict(list)
        self._types: defaultdict[str, list[Use]] = defaultdict(list)
        self._alarms: defaultdict[str, list[AlarmDef]] = defaultdict(list)
        self._exports = [(job, _queries(job.tags)) for job in self._head.exports]
        for display in plant.displays.values():
            self._take_display(
                display, element_lines(display, plant) if lines and isinstance(plant, Draft) else {}
            )
        for tag in plant.tags:
            self._take_tag(tag)
        for alarm in plant.alarms:
            self._take_alarm(alarm)
        for instance in plant.instances.values():
            if instance.display:
                self._displays[instance.display].append(
                    Use("instance", instance.name, instance.description, source=instance.source)
                )
        for connection in plant.connections.values():
            if connection.life_counter:
                self._add(
                    connection.life_counter, Use("life counter", connection.name, source=connection.source)
                )
        for path, name, source in _trained(plant):
            self._add(name, Use("training", path, source=source))

    # what is asked

    def of_tag(self, name: str) -> list[Use]:
        """Uses of a tag, and of the equipment that it is a signal of; what is recorded and exported comes last."""
        tag = self._plant.by_name[name]
        return [*self.named(name), *self.reaching(tag)]

    def named(self, name: str) -> list[Use]:
        """What names a tag, and the equipment that it is a signal of."""
        tag = self._plant.by_name[name]
        return [*self._found.get(name, ()), *(self._found.get(tag.instance, ()) if tag.instance else ())]

    def of_instance(self, name: str) -> list[Use]:
        """Uses of an instance, of its members and of each of their signals, which say which one; then what reaches
        these unnamed.
        """
        found = list(self._found.get(name, ()))
        tags: list[TagDef] = []
        for instance in self._with_members(name):
            own = self._tags_of(instance)
            path = instance.name.removeprefix(name).removeprefix("/")
            found += [
                use._replace(text=_said(path, use.text)) for use in self._found.get(instance.name, ()) if path
            ]
            for tag in own:
                signal = f"{path}.{tag.signal}" if path else tag.signal
                found += [use._replace(text=_said(signal, use.text)) for use in self._found.get(tag.name, ())]
            tags += own
        found += [_history_of(tag) for tag in tags if tag.history]
        found += self._exports_of(tags)
        return [*found, *self._told_of(alarm for tag in tags for alarm in self._alarms.get(tag.id, ()))]

    def of_type(self, name: str) -> list[Use]:
        """Instances of a type and of those that extend it, these types and those that contain one, displays that
        take one, and queries.
        """
        kinds = self._plant.types
        found = [
            Use("type", one.name, one.title, source=one.source)
            for one in kinds.values()
            if one.extends == name
        ]
        for one in kinds.values():
            members = [member for member, kind in one.members.items() if kind == name]
            found += (
                [Use("type", one.name, f"member {', '.join(members)}", source=one.source)] if members else []
            )
        for instance in self._plant.instances.values():
            if name in self._chooser.of_instance(instance).types:
                kind = "" if instance.type == name else f"{instance.type}: "
                text = f"{kind}{instance.description}".removesuffix(": ")
                found.append(Use("instance", instance.name, text, source=instance.source))
        found += self._types.get(name, ())
        found += self._calculated_of(name)
        for job, queries in self._exports:
            asking = [text for text, one in queries if name in one.named("type")]
            found += [Use("export", job.name, ", ".join(asking))] if asking else []
        return found

    def of_display(self, name: str) -> list[Use]:
        """What leads to a display, or shows it inside another one."""
        home = [Use("home", "plant.toml")] if name == self._head.home else []
        return [*home, *self._displays.get(name, ())]

    def of_alarm(self, alarm: AlarmDef) -> list[Use]:
        """The tag of an alarm, what it compares, its display, and who is told of it."""
        tag = self._plant.by_id.get(alarm.tag_id)
        found = [Use("tag", tag.name, tag.description, source=tag.source)] if tag else []
        found += [Use("partner", name) for name in alarm.partners]
        found += [Use("display", alarm.display)] if alarm.display else []
        if alarm.first_out_group:
            found.append(Use("first-out group", alarm.first_out_group))
        if alarm.group:
            found.append(Use("alarm group", alarm.group))
        return [*found, *self._told_of((alarm,))]

    def alarms_named(self, text: str) -> list[AlarmDef]:
        """Alarms by id, by ``tag.name of alarm`` with a space between, or all of one name."""
        found: list[AlarmDef] = []
        for alarm in self._plant.alarms:
            tag = self._plant.by_id.get(alarm.tag_id)
            if text in (alarm.id, alarm.name, f"{tag.name if tag else ''} {alarm.name}"):
                found.append(alarm)
        return found

    def unused_tags(self) -> Iterator[TagDef]:
        """Tags that no display, expression, alarm, command, export or history has a use for."""
        for tag in self._plant.tags:
            if tag.history or tag.command is not None or tag.name in self._found:
                continue
            if not (tag.instance and tag.instance in self._found):
                yield tag

    def references(self) -> Iterator[Reference]:
        """Every place that names a tag or an instance, and every export that takes one."""
        for name, uses in self._found.items():
            known = name in self._plant.by_name or name in self._plant.instances
            for use in uses if known else ():
                yield Reference(use.kind, use.name, use.element, name, use.source.file, use.source.line)
        for tag in self._plant.tags:
            for use in self._exports_of((tag,)):
                yield Reference(use.kind, use.name, "", tag.name, use.source.file, use.source.line)

    # what reaches a tag without naming it

    def reaching(self, tag: TagDef) -> Iterator[Use]:
        """The history, the exports and the notifications of the alarms of a tag."""
        if tag.history:
            yield _history_of(tag)
        yield from self._exports_of((tag,))
        yield from self._told_of(self._alarms.get(tag.id, ()))

    def _with_members(self, name: str) -> Iterator[Instance]:
        """An instance, and its members after it, with theirs."""
        yield self._plant.instances[name]
        for member in self._plant.types[self._plant.instances[name].type].members:
            one = self._plant.instances.get(f"{name}/{member}")
            if one is not None and one.parent == name:
                yield from self._with_members(one.name)

    def _tags_of(self, instance: Instance) -> tuple[TagDef, ...]:
        found = (self._plant.by_id.get(one) for one in instance.signals.values())
        return tuple(tag for tag in found if tag is not None)

    def _calculated_of(self, kind: str) -> list[Use]:
        """Rows of calculations.csv that give each instance of a type a further signal."""
        rows: dict[Source, Use] = {}
        for tag in self._plant.tags:
            if tag.calculation is not None and tag.instance and kind in self._chooser.of_tag(tag).types:
                rows[tag.source] = Use("calculation", tag.signal, tag.calculation.kind, source=tag.source)
        return list(rows.values())

    def _exports_of(self, tags: Iterable[TagDef]) -> list[Use]:
        facts = [self._chooser.of_tag(tag) for tag in tags if tag.history]
        found: list[Use] = []
        for job, queries in self._exports if facts else ():
            if job.what.kind != "samples":
                continue
            taken = [text for text, one in queries if any(one.takes(each) for each in facts)]
            if taken or not job.tags:
                words = ", ".join(taken) or "every recorded tag"
                found.append(Use("export", job.name, words, source=self._place_of(job)))
        return found

    def _place_of(self, job: ExportDef) -> Source:
        plant = self._plant
        if not isinstance(plant, Draft) or not plant.export_lines.get(job.name):
            return _NOWHERE
        return Source(plant.head_file, plant.export_lines[job.name])

    def _told_of(self, alarms: Iterable[AlarmDef]) -> list[Use]:
        found: dict[str, Use] = {}
        for alarm in alarms:
            above = self._chooser.areas_of(alarm.area)
            for channel in self._head.notifications:
                if alarm.priority.value in channel.priorities and (
                    not channel.areas or above.intersection(channel.areas)
                ):
                    found[channel.name] = Use("notification", channel.name, channel.kind)
        return list(found.values())

    # building

    def _take_display(self, display: DisplayFile, lines: Mapping[str, int]) -> None:
        for name, given in _parameters_of(display):
            use = Use("display", display.name, f"${name}", source=display.source)
            self._types[str(given.get("of", ""))].append(use)
        for raw in display.document.get("elements", ()):
            if not isinstance(raw, Mapping):
                continue
            element = str(raw.get("id", ""))
            source = Source(display.source.file, lines.get(element, display.source.line))
            use = Use("display", display.name, display.title, element, source)
            seen = dict.fromkeys(_names_in(raw))
            for name in seen:
                if name in self._plant.by_name or name in self._plant.instances:
                    self._add(name, use)
            for name in self._repeated.named(raw["over"]) if "over" in raw else ():
                if name not in seen:
                    self._add(name, use)
            for _text, asked in _queries((raw["over"],)) if isinstance(raw.get("over"), str) else ():
                for name in asked.named("type"):
                    self._types[name].append(use._replace(text=raw["over"]))
            shown = raw.get("display")
            if isinstance(shown, str) and shown in self._plant.displays:
                kind = "embedded" if raw.get("type") in _EMBEDDING else "link"
                self._displays[shown].append(use._replace(kind=kind))

    def _take_tag(self, tag: TagDef) -> None:
        if tag.expression:
            self._take(tag.expression, Use("calculation", tag.name, tag.expression, source=tag.source))
        if tag.calculation is not None:
            use = Use("calculation", tag.name, tag.calculation.kind, source=tag.source)
            if (of := self._plant.by_id.get(tag.calculation.of)) is not None:
                self._add(of.name, use)
            self._take(tag.calculation.expression, use)
        if tag.command is not None:
            for kind, text, words in _rules(tag.command):
                self._take(text, Use(kind, tag.name, words, source=tag.source))

    def _take_alarm(self, alarm: AlarmDef) -> None:
        own = self._plant.by_id.get(alarm.tag_id)
        self._alarms[alarm.tag_id].append(alarm)
        title = f"{own.name if own else ''} {alarm.name}".strip()
        use = Use("alarm", title, alarm.message, source=alarm.source)
        if own is not None and alarm.kind != "expression":
            self._add(own.name, use)
        for name in alarm.partners:
            self._add(name, use)
        for text, what in alarm.expressions:
            self._take(text, use._replace(kind="suppression") if what == "suppress_when" else use)
        if alarm.display:
            self._displays[alarm.display].append(use)

    def _take(self, expression: str, use: Use) -> None:
        if not expression:
            return
        try:
            names: Iterable[str] = expression_names(expression)
        except ExpressionError:
            return  # told when the plant was loaded
        for one in names:
            self._add(one, use)

    def _add(self, name: str, use: Use) -> None:
        self._found[name].append(use)


def _queries(texts: Iterable[str]) -> list[tuple[str, Query]]:
    found: list[tuple[str, Query]] = []
    for text in texts:
        try:
            found.append((text, query(text)))
        except ConfigurationError:
            continue  # told when the plant was loaded
    return found


def _parameters_of(display: DisplayFile) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, what is said of it) of what a display is opened with."""
    given = display.document.get("parameters")
    for name, said in given.items() if isinstance(given, Mapping) else ():
        if isinstance(said, Mapping):
            yield name, said


def _trained(plant: Plant | Draft) -> Iterator[tuple[str, str, Source]]:
    """(file, name, where) of every name in the scenarios of the training desk; only of a plant that was just read."""
    for path, file in plant.training.items() if isinstance(plant, Draft) else ():
        for text in dict.fromkeys(_names_in(file.data)):
            yield path, text, Source(file.shown, file.line_of(text))


def _said(path: str, text: str) -> str:
    """Which signal or member of the equipment is meant."""
    return f"{path}: {text}" if text else path


def _history_of(tag: TagDef) -> Use:
    return Use("history", tag.name, _recorded(tag), source=tag.source)


def _recorded(tag: TagDef) -> str:
    record = tag.record
    parts = [
        record.compression and f"comp_dev {record.comp_dev:g}",
        record.exc_dev and f"exc_dev {record.exc_dev:g}",
    ]
    return ", ".join(part for part in parts if part) or "every change"


def _rules(rule: CommandRule) -> Iterator[tuple[str, str, str]]:
    for kind, pairs in (("permissive", rule.permissives), ("interlock", rule.interlocks)):
        for expression, words in pairs:
            yield kind, expression, words or expression
    for state in rule.limits_when:
        yield "limits", state.when, state.text or state.when
    if rule.feedback:
        yield "feedback", rule.feedback, rule.feedback


def references(folder: Path) -> list[Reference]:
    """Every place of a plant folder that names a tag or an instance, or chooses a tag for an export."""
    return list(WhereUsed(read_draft(folder), lines=True).references())


def _names_in(node: Any, key: str = "", *, in_arguments: bool = False) -> Iterator[str]:
    """Every text of an element that may be a name, and what stands in single quotes in it; names of overrides too."""
    if isinstance(node, str):
        if may_be_name(node, key, in_arguments=in_arguments):
            yield node
            if "'" in node:
                yield from _QUOTED.findall(node)
    elif isinstance(node, Mapping):
        yield from node if key == OVERRIDES else ()
        for name, value in node.items():
            yield from _names_in(value, name, in_arguments=in_arguments or key in ARGUMENTS)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _names_in(value, key, in_arguments=in_arguments)


def texts_in(node: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from texts_in(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from texts_in(value)
