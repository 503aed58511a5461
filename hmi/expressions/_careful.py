"""The careful evaluation: closures that carry (value, status) and check every operand's type.

Rules: the result has the worst status of what it read and is without value when that is Bad. A condition
reads itself and the branch taken. ``and`` is decided by one false operand that is not Bad, ``or`` by one
true operand, whatever the others are. Quality functions are always Good.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from hmi.core import quality
from hmi.core.values import DataValue, Value
from hmi.expressions._expression import NUMBERS, Careful, Pair
from hmi.expressions._functions import FUNCTIONS, QUALITY_FUNCTIONS
from hmi.expressions._parse import TagNode

MISMATCH: Pair = (None, quality.BAD_TYPE_MISMATCH)
UNDEFINED: Pair = (None, quality.BAD_OUT_OF_RANGE)
UNKNOWN: Pair = (None, quality.BAD_CONFIGURATION)

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}


def careful(node: ast.expr) -> Careful:
    """The closure of a checked tree."""
    return _BUILDERS[type(node)](node)


def _constant(node: ast.Constant) -> Careful:
    pair: Pair = (node.value, quality.GOOD)  # type: ignore[assignment]
    return lambda values: pair


def _tag(node: TagNode) -> Careful:
    name = node.name

    def run(values: Mapping[str, DataValue]) -> Pair:
        given = values.get(name)
        if given is None:
            return UNKNOWN
        if given.status >= quality.BAD:
            return None, given.status
        return (given.value, given.status) if given.value is not None else (None, quality.BAD_NO_DATA)

    return run


def _numeric(parts: tuple[Careful, ...], function: Callable[..., Any]) -> Careful:
    """A function of numbers: worst status, type check, undefined results are Bad."""

    def run(values: Mapping[str, DataValue]) -> Pair:
        operands, status = _read_all(parts, values)
        if status >= quality.BAD:
            return None, status
        if any(type(o) not in NUMBERS for o in operands):
            return MISMATCH
        try:
            return function(*operands), status
        except (ArithmeticError, ValueError):
            return UNDEFINED

    return run


def _read_all(parts: tuple[Careful, ...], values: Mapping[str, DataValue]) -> tuple[list[Value], int]:
    operands: list[Value] = []
    status = quality.GOOD
    for part in parts:
        value, code = part(values)
        operands.append(value)
        if code != status:
            status = _worse(status, code)
    return operands, status


def _worse(first: int, second: int) -> int:
    """The worse by severity; on a tie the one that says more than plain Good."""
    return second if first == quality.GOOD else quality.worst(first, second)


def _binary(node: ast.BinOp) -> Careful:
    return _numeric((careful(node.left), careful(node.right)), ARITHMETIC[type(node.op)])


def _unary(node: ast.UnaryOp) -> Careful:
    return _numeric((careful(node.operand),), _SIGNS[type(node.op)])


def _compare(node: ast.Compare) -> Careful:
    parts = tuple(careful(part) for part in (node.left, *node.comparators))
    tests = tuple(COMPARISONS[type(op)] for op in node.ops)

    def run(values: Mapping[str, DataValue]) -> Pair:
        operands, status = _read_all(parts, values)
        if status >= quality.BAD:
            return None, status
        for test, left, right in zip(tests, operands, operands[1:], strict=False):
            if not _comparable(left, right, test):
                return MISMATCH
            if not test(left, right):
                return False, status
        return True, status

    return run


def _comparable(left: Value, right: Value, test: Callable[[Any, Any], bool]) -> bool:
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return True
    return type(left) is str and type(right) is str and test in (operator.eq, operator.ne)


def _boolean(node: ast.BoolOp) -> Careful:
    parts = tuple(careful(part) for part in node.values)
    decisive = isinstance(node.op, ast.Or)

    def run(values: Mapping[str, DataValue]) -> Pair:
        decided: int | None = None
        status = quality.GOOD
        for part in parts:
            value, code = part(values)
            if code < quality.BAD and type(value) not in NUMBERS:
                value, code = MISMATCH
            if code < quality.BAD and bool(value) is decisive:
                decided = code if decided is None else min(decided, code, key=quality.class_of)
            status = _worse(status, code)
        if decided is not None:
            return decisive, decided
        return (None, status) if status >= quality.BAD else (not decisive, status)

    return run


def _choice(node: ast.IfExp) -> Careful:
    condition, yes, no = careful(node.test), careful(node.body), careful(node.orelse)

    def run(values: Mapping[str, DataValue]) -> Pair:
        chosen, status = condition(values)
        if status >= quality.BAD:
            return None, status
        if type(chosen) not in NUMBERS:
            return MISMATCH
        value, code = yes(values) if chosen else no(values)
        total = _worse(status, code)
        return (None, total) if total >= quality.BAD else (value, total)

    return run


def _call(node: ast.Call) -> Careful:
    assert isinstance(node.func, ast.Name)
    parts = tuple(careful(part) for part in node.args)
    if node.func.id in QUALITY_FUNCTIONS:
        return _quality(parts[0], QUALITY_FUNCTIONS.index(node.func.id))
    function = FUNCTIONS[node.func.id]
    if not function.literal:
        return _numeric(parts, function.call)
    fixed = [part.value for part in node.args[1:] if isinstance(part, ast.Constant)]
    return _numeric(parts[:1], lambda value: function.call(value, *fixed))


def _quality(part: Careful, klass: int) -> Careful:
    def run(values: Mapping[str, DataValue]) -> Pair:
        return quality.class_of(part(values)[1]) == klass, quality.GOOD

    return run


_BUILDERS: dict[type[ast.expr], Callable[[Any], Careful]] = {
    ast.Constant: _constant,
    TagNode: _tag,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Call: _call,
}
