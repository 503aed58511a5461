"""The fast evaluation: Python code for the case that every input is a Good number."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from hmi.expressions._functions import FUNCTIONS, QUALITY_FUNCTIONS
from hmi.expressions._parse import TagNode

_GLOBALS: dict[str, Any] = {
    "__builtins__": {},
    **{f"_{name}": function.call for name, function in FUNCTIONS.items()},
    **{f"_{name}": (lambda _, answer=name == "good": answer) for name in QUALITY_FUNCTIONS},
}


def fast(tree: ast.expr, names: tuple[str, ...]) -> Callable[..., Any]:
    """A function of the tags' plain values in the order of ``names``; raises ArithmeticError, ValueError."""
    arguments = [ast.arg(f"v{index}") for index in range(len(names))]
    signature = ast.arguments(posonlyargs=arguments, args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    body = _Writer({name: f"v{index}" for index, name in enumerate(names)}).write(tree)
    program = ast.fix_missing_locations(ast.Expression(ast.Lambda(signature, body)))
    code = next(c for c in compile(program, "<expression>", "eval").co_consts if isinstance(c, CodeType))
    return FunctionType(code, _GLOBALS)


class _Writer:
    """Rewrites a checked tree to the Python that runs; the tree itself is left alone."""

    def __init__(self, arguments: dict[str, str]) -> None:
        self._arguments = arguments

    def write(self, node: ast.expr) -> ast.expr:
        match node:
            case TagNode():
                return ast.Name(self._arguments[node.name], ast.Load())
            case ast.BinOp():
                return ast.BinOp(self.write(node.left), node.op, self.write(node.right))
            case ast.UnaryOp():
                return ast.UnaryOp(node.op, self.write(node.operand))
            case ast.BoolOp():
                either = ast.BoolOp(node.op, [self.write(v) for v in node.values])
                return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), either))
            case ast.Compare():
                return ast.Compare(self.write(node.left), node.ops, [self.write(c) for c in node.comparators])
            case ast.IfExp():
                return ast.IfExp(self.write(node.test), self.write(node.body), self.write(node.orelse))
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, node)
        return node

    def _call(self, name: str, node: ast.Call) -> ast.expr:
        if name in QUALITY_FUNCTIONS and isinstance(node.args[0], TagNode):
            return ast.Constant(name == "good")
        return ast.Call(ast.Name(f"_{name}", ast.Load()), [self.write(a) for a in node.args], [])
