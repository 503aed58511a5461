"""What the gate looks up for one plant revision; made without touching a gate, on any thread."""

from __future__ import annotations

from dataclasses import dataclass

from hmi.expressions import Expression, compile_expression
from hmi.project.plant import CommandRule, LimitsWhen, Plant, TagDef

_NO_RULE = CommandRule()


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
