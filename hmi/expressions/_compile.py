"""Compiles a text of the closed expression language."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hmi.expressions._careful import careful
from hmi.expressions._expression import Expression
from hmi.expressions._fast import fast
from hmi.expressions._kinds import KindCheck
from hmi.expressions._parse import Parsed, Place, parse

_NO_REFERENCES: Mapping[str, bool] = {}


def compile_expression(
    text: str, *, file: str = "", line: int = 0, references: Mapping[str, bool] | None = None
) -> Expression:
    """The expression ready to evaluate; ExpressionError (a ConfigurationError) names the column.

    ``references`` are names such as ``$pump.flow`` that may stand where a tag stands, each with True when it
    is a text; ``Expression.bound`` gives them their meaning.
    """
    parsed, kinds = _checked(text, file, line, references or {})
    quick = fast(parsed.tree, parsed.names) if kinds.numbers_only else None
    return Expression(text, parsed.names, fast=quick, careful=careful(parsed.tree), straight=kinds.straight)


def expression_names(text: str, *, file: str = "", line: int = 0) -> tuple[str, ...]:
    """The tags that a valid expression reads; the same errors as ``compile_expression`` at a third of its cost."""
    return _checked(text, file, line)[0].names


def _checked(
    text: str, file: str, line: int, references: Mapping[str, bool] = _NO_REFERENCES
) -> tuple[Parsed, KindCheck]:
    place = Place(text, file, line)
    parsed = parse(text, place, references)
    texts: Collection[str] = [name for name, is_text in references.items() if is_text]
    kinds = KindCheck(place, texts)
    kinds.of(parsed.tree)
    return parsed, kinds
