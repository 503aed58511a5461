"""Tags that an expression adds up or compares: they have to be in one unit."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import Final

from hmi.expressions import _shapes
from hmi.expressions._parse import Place, TagNode, parse

_known: Final[dict[str, tuple[tuple[int, int], ...]]] = {}  # by shape, as places among the names
_ALIKE: Final = frozenset(("min", "max"))


def added_names(text: str) -> tuple[tuple[str, str], ...]:
    """Pairs of tags that are added, subtracted or compared as they are; a product or quotient is of another unit.

    ExpressionError for a text that is no expression.
    """
    own = _shapes.read(text)
    if own is None:
        return _pairs(text)
    if (places := _known.get(own.shape)) is None:
        if len(_known) >= _shapes.MOST:
            _known.clear()
        found = _pairs(text)
        places = tuple((own.written.index(one), own.written.index(other)) for one, other in found)
        _known[own.shape] = places
    return tuple([(own.written[one], own.written[other]) for one, other in places])


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for node in ast.walk(parse(text, Place(text)).tree):
        for group in _groups(node):
            found.update(dict.fromkeys((a, b) for a, b in pairwise(group) if a != b))
    return tuple(found)


def _groups(node: ast.AST) -> list[list[str]]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return [[*_bare(node.left), *_bare(node.right)]]
    if isinstance(node, ast.Compare):
        return [[name for part in (node.left, *node.comparators) for name in _bare(part)]]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ALIKE:
        return [[name for part in node.args for name in _bare(part)]]
    return []


def _bare(node: ast.AST) -> list[str]:
    """The tags whose values stand there as they are, over sums and signs."""
    if isinstance(node, TagNode):
        return [node.name]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        return _bare(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return [*_bare(node.left), *_bare(node.right)]
    return []
