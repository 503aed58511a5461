"""What the gate looks up for one plant revision; made without touching a gate, on any thread."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.expressions import Expression, compile_expression
from hmi.project.plant import CommandRule, Plant, TagDef

_NO_RULE = CommandRule()


@dataclass(frozen=True, slots=True)
class Conditions:
    """The compiled (expression, text) pairs of one tag's command."""

    permissives: tuple[tuple[Expression, str], ...]
    interlocks: tuple[tuple[Expression, str], ...]
    feedback: Expression | None


class GateTables:
    """Tags and conditions by tag id. ConfigurationError when an expression does not compile."""

    def __init__(self, plant: Plant) -> None:
        self.tags = plant.by_id
        self.conditions = {tag.id: _compiled(tag) for tag in plant.tags if tag.command}


def _compiled(tag: TagDef) -> Conditions:
    rule = tag.command or _NO_RULE

    def compiled(text: str) -> Expression:
        return compile_expression(text, file=tag.source.file, line=tag.source.line)

    return Conditions(
        tuple((compiled(expression), text) for expression, text in rule.permissives),
        tuple((compiled(expression), text) for expression, text in rule.interlocks),
        compiled(rule.feedback) if rule.feedback else None,
    )
