"""Compiles a text of the closed expression language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from hmi.expressions import _shapes
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
    own = None if references else _shapes.read(text)
    if own is not None and (known := _shapes.known_expression(text, own)) is not None:
        return known
    parsed, kinds = _checked(text, file, line, references or {})
    quick = fast(parsed.tree, parsed.names) if kinds.numbers_only else None
    slow = careful(parsed.tree)
    if own is not None:
        _shapes.keep(own, _shapes.Compiled(parsed.names, quick, slow, kinds.straight))
    return Expression(text, parsed.names, fast=quick, careful=slow, straight=kinds.straight)


def expression_names(text: str, *, file: str = "", line: int = 0) -> tuple[str, ...]:
    """The tags that a valid expression reads; the same errors as ``compile_expression`` at a third of its cost."""
    return _names_at(text, file, line) if file else _names(text)


@lru_cache(maxsize=50_000)
def _names(text: str) -> tuple[str, ...]:
    """Kept by text: several services of a runtime ask for the same ones at its start."""
    return _names_at(text, "", 0)


def _names_at(text: str, file: str, line: int) -> tuple[str, ...]:
    own = _shapes.read(text)
    if own is not None and (known := _shapes.known_names(own)) is not None:
        return known
    names = _checked(text, file, line)[0].names
    if own is not None:
        _shapes.keep_names(own, names)
    return names


def _checked(
    text: str, file: str, line: int, references: Mapping[str, bool] = _NO_REFERENCES
) -> tuple[Parsed, KindCheck]:
    place = Place(text, file, line)
    parsed = parse(text, place, references)
    texts: Collection[str] = [name for name, is_text in references.items() if is_text]
    kinds = KindCheck(place, texts)
    kinds.of(parsed.tree)
    return parsed, kinds
