"""What the gate looks up for one plant revision; made without touching a gate, on any thread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from hmi.expressions import Expression, compile_expression
from hmi.project.plant import CommandRule, LimitsWhen, Plant, TagDef
from hmi.security.connection_secrets import secret_settings

_NO_RULE = CommandRule()
_PLACE_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Conditions:
    """The compiled expressions of one tag's command, each with its text."""

    permissives: tuple[tuple[Expression, str], ...]
    interlocks: tuple[tuple[Expression, str], ...]
    feedback: Expression | None
    limits_when: tuple[tuple[Expression, LimitsWhen], ...] = ()


class GateTables:
    """Tags and conditions by tag id. ConfigurationError when an expression does not compile."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.tags = plant.by_id
        self.conditions = {tag.id: _compiled(tag) for tag in plant.tags if tag.command}

    def lineage(self, tag: TagDef) -> tuple[str, ...]:
        """The areas of a tag, most specific first."""
        return self.plant.lineage(tag.area)

    def place(self, tag_id: str) -> str:
        """Where a command to a tag goes and what its value means there, as a digest that is told in the audit trail:
        a runtime that is started over another revision must not take the answer of another item for its own.
        "" for a tag that is not there. Of a password it says nothing.
        """
        tag = self.tags.get(tag_id)
        if tag is None:
            return ""
        device, *item = self.plant.place(tag)
        told = msgspec.to_builtins(
            (_without_secrets(device), *item, tag.scaling, tag.range), enc_hook=str, str_keys=True
        )
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_PLACE_DIGITS]


def _without_secrets(device: Any) -> Any:
    if not device:
        return device
    driver, endpoints, settings = device
    hidden = {one.name for one in secret_settings(driver)}
    return driver, endpoints, {name: value for name, value in settings.items() if name not in hidden}


def _compiled(tag: TagDef) -> Conditions:
    rule = tag.command or _NO_RULE

    def compiled(text: str) -> Expression:
        return compile_expression(text, file=tag.source.file, line=tag.source.line)

    return Conditions(
        tuple((compiled(expression), text) for expression, text in rule.permissives),
        tuple((compiled(expression), text) for expression, text in rule.interlocks),
        compiled(rule.feedback) if rule.feedback else None,
        tuple((compiled(state.when), state) for state in rule.limits_when),
    )
