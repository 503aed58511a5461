"""An expression taken apart: what each part of it says at this moment, for people who ask why."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from hmi.core.values import DataValue, Value
from hmi.expressions._careful import careful
from hmi.expressions._parse import Place, TagNode, parse


@dataclass(frozen=True, slots=True)
class Part:
    """One part with its result; ``tag`` is the name where it is the value of a tag.

    ``used`` is False for the branch of a condition that was not taken. Numbers and texts that are written in
    the expression itself are no parts.
    """

    text: str
    value: Value
    status: int
    tag: str = ""
    used: bool = True
    parts: tuple[Part, ...] = ()


def explain_expression(text: str, values: Mapping[str, DataValue]) -> Part:
    """The whole expression as a part; ExpressionError as when it is compiled."""
    place = Place(text)
    return _part(parse(text, place).tree, place.text, values, used=True)


def _part(node: ast.expr, text: str, values: Mapping[str, DataValue], *, used: bool) -> Part:
    value, status = careful(node)(values)
    tag = node.name if isinstance(node, TagNode) else ""
    skipped = _not_taken(node, values)
    parts = tuple(
        _part(child, text, values, used=used and child is not skipped)
        for child in _children(node)
        if not isinstance(child, ast.Constant)
    )
    return Part(ast.get_source_segment(text, node) or "", value, status, tag, used, parts)


def _children(node: ast.expr) -> list[ast.expr]:
    """In the order in which they are read."""
    if isinstance(node, ast.IfExp):
        return [node.test, node.body, node.orelse]
    if isinstance(node, ast.Call):
        return node.args
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def _not_taken(node: ast.expr, values: Mapping[str, DataValue]) -> ast.expr | None:
    if not isinstance(node, ast.IfExp):
        return None
    chosen, _ = careful(node.test)(values)
    if chosen is None:
        return None
    return node.orelse if chosen else node.body
