"""What each part of an expression can be, number or text, decided before it ever runs."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn

from hmi.expressions._functions import FORMAT_SPEC, FUNCTIONS, MAX_DIGITS, QUALITY_FUNCTIONS
from hmi.expressions._parse import Place, TagNode

NUMBER = frozenset(("number",))
TEXT = frozenset(("text",))
Kinds = frozenset[str]


@dataclass(slots=True)
class KindCheck:
    """Walks a tree; ``numbers_only`` turns False when texts are compared with tags, ``straight`` when the
    quality of the result depends on more than the worst input.

    A tag counts as a number here; a tag that turns out to be a text is met at run time. ``texts`` are the
    references that are known to be texts.
    """

    place: Place
    texts: Collection[str] = ()
    numbers_only: bool = True
    straight: bool = True

    def of(self, node: ast.expr) -> Kinds:
        match node:
            case TagNode():
                return TEXT if node.name in self.texts else NUMBER
            case ast.Constant():
                return TEXT if isinstance(node.value, str) else NUMBER
            case ast.BinOp():
                self._number(node.left, "a text cannot be calculated with")
                self._number(node.right, "a text cannot be calculated with")
            case ast.UnaryOp():
                self._number(node.operand, "a text is neither a number nor true or false")
            case ast.BoolOp():
                self.straight = False
                for part in node.values:
                    self._number(part, "a text is neither true nor false")
            case ast.IfExp():
                self.straight = False
                self._number(node.test, "a text is neither true nor false")
                return self.of(node.body) | self.of(node.orelse)
            case ast.Compare():
                self._compare(node)
            case ast.Call():
                return self._call(node)
        return NUMBER

    def _number(self, node: ast.expr, what: str) -> None:
        if "text" in self.of(node):
            raise self.place.error(what, node, do="compare it with == or !=")

    def _compare(self, node: ast.Compare) -> None:
        parts = [node.left, *node.comparators]
        kinds = [self.of(part) for part in parts]
        for op, left, right, part in zip(node.ops, kinds, kinds[1:], parts[1:], strict=False):
            if "text" in left | right and not isinstance(op, ast.Eq | ast.NotEq):
                raise self.place.error("texts have no order", part, do="compare them with == or !=")
            if left != right or len(left) > 1:
                self.numbers_only = False

    def _call(self, node: ast.Call) -> Kinds:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in QUALITY_FUNCTIONS:
            self.straight = False
            self._count(node, name, 1, 1)
            self.of(node.args[0])
            return NUMBER
        function = FUNCTIONS.get(name)
        if function is None:
            self._unknown(node, name)
        self._count(node, name, function.least, function.most)
        operands = node.args[:1] if function.literal else node.args
        for part in operands:
            self._number(part, f"{name}() takes numbers")
        for part in node.args[len(operands) :]:
            self._literal(part, function.literal)
        return TEXT if function.result == "text" else NUMBER

    def _unknown(self, node: ast.Call, name: str) -> NoReturn:
        known = ", ".join((*FUNCTIONS, *QUALITY_FUNCTIONS))
        raise self.place.error(f"there is no function {name or 'here'}", node, do=f"use one of {known}")

    def _count(self, node: ast.Call, name: str, least: int, most: int) -> None:
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise self.place.error(f"{name}() takes {wanted} values, not {len(node.args)}", node)

    def _literal(self, node: ast.expr, what: str) -> None:
        value = node.value if isinstance(node, ast.Constant) else None
        if what == "digits" and (type(value) is not int or value > MAX_DIGITS):
            raise self.place.error(f"the digits of round() are a number from 0 to {MAX_DIGITS}", node)
        if what == "spec" and not _is_format(value):
            raise self.place.error('the format is a text such as ".2f"', node)


def _is_format(value: object) -> bool:
    if not isinstance(value, str) or not FORMAT_SPEC.fullmatch(value):
        return False
    try:
        format(1 if value.endswith(("d", "x")) else 1.0, value)
    except ValueError:
        return False
    return True
