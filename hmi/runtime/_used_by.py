"""Where each tag is used: displays, calculations, alarms and the rules of commands; made once for a revision."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hmi.expressions import ExpressionError, expression_names
from hmi.project.plant import AlarmDef, CommandRule, DisplayFile, Plant

Use = dict[str, str]
_QUOTED = re.compile(r"'([^'$]+)'")


class UsedBy:
    """Pure; built from a plant alone, on any thread. A use is ``kind``, ``name`` and, where it has one, ``text``."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._found: dict[str, list[Use]] = {}
        for display in plant.displays.values():
            self._take_display(display)
        for tag in plant.tags:
            self._take(tag.expression, "calculation", tag.name, tag.expression)
            if tag.command is not None:
                for kind, text, words in _rules(tag.command):
                    self._take(text, kind, tag.name, words)
        for alarm in plant.alarms:
            self._take_alarm(alarm)
        for connection in plant.connections.values():
            if connection.life_counter:
                self._add(connection.life_counter, "life counter", connection.name)

    def of(self, name: str) -> list[Use]:
        """Uses of a tag, and of the equipment that it is a signal of."""
        tag = self._plant.by_name[name]
        return [*self._found.get(name, ()), *self._found.get(tag.instance, ())]

    def _take_display(self, display: DisplayFile) -> None:
        seen: set[str] = set()
        for text in _texts(display.document.get("elements", ())):
            seen.update((text, *_QUOTED.findall(text)) if "'" in text else (text,))
        for name in sorted(seen):
            if name in self._plant.by_name or name in self._plant.instances:
                self._add(name, "display", display.name, display.title)

    def _take_alarm(self, alarm: AlarmDef) -> None:
        own = self._plant.by_id.get(alarm.tag_id)
        title = f"{own.name if own else ''} {alarm.name}".strip()
        if own is not None and alarm.kind != "expression":
            self._add(own.name, "alarm", title, alarm.message)
        for name in alarm.partners:
            self._add(name, "alarm", title, alarm.message)
        for text, what in alarm.expressions:
            kind = "suppression" if what == "suppress_when" else "alarm"
            self._take(text, kind, title, alarm.message)

    def _take(self, expression: str, kind: str, name: str, text: str) -> None:
        if not expression:
            return
        try:
            names: Iterable[str] = expression_names(expression)
        except ExpressionError:
            return  # told when the plant was loaded
        for one in names:
            self._add(one, kind, name, text)

    def _add(self, name: str, kind: str, user: str, text: str = "") -> None:
        self._found.setdefault(name, []).append({"kind": kind, "name": user, "text": text})


def _rules(rule: CommandRule) -> Iterator[tuple[str, str, str]]:
    for kind, pairs in (("permissive", rule.permissives), ("interlock", rule.interlocks)):
        for expression, words in pairs:
            yield kind, expression, words or expression
    for state in rule.limits_when:
        yield "limits", state.when, state.text or state.when
    if rule.feedback:
        yield "feedback", rule.feedback, rule.feedback


def _texts(node: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _texts(value)
