"""Text to a whitelisted syntax tree: everything that is not on the list is refused with its column."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from hmi.core.identity import is_tag_reference
from hmi.expressions._errors import ExpressionError

MAX_LENGTH = 1_000
MAX_NODES = 200
MAX_DEPTH = 40

_CONSTANTS = {"true": True, "false": False}
_ALLOWED = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Constant, ast.Name, ast.Load,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.UAdd, ast.USub, ast.Not, ast.And, ast.Or,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip
_REFUSED = {
    ast.Attribute: "a dot is no part of the language",
    ast.Subscript: "square brackets are no part of the language",
    ast.Pow: "** is no part of the language",
    ast.Lambda: "lambda is no part of the language",
    ast.JoinedStr: "f-strings are no part of the language",
    ast.NamedExpr: "assignment is no part of the language",
    ast.BitXor: "^ is no part of the language",
    ast.keyword: "names of arguments are no part of the language",
}


class TagNode(ast.expr):
    """The value of a tag."""

    _fields = ("name",)
    name: str


@dataclass(slots=True)
class Parsed:
    """A tree of allowed nodes, and the tags it names in the order of their first use."""

    tree: ast.expr
    names: tuple[str, ...]


@dataclass(slots=True)
class Place:
    """Where an expression stands, for messages."""

    text: str
    file: str = ""
    line: int = 0
    shift: int = 0

    def error(
        self, what: str, node: ast.AST | None = None, *, column: int = 0, do: str = ""
    ) -> ExpressionError:
        at = column or self.column(node)
        return ExpressionError(what, file=self.file, line=self.line, column=at, do=do)

    def column(self, node: ast.AST | None) -> int:
        offset = getattr(node, "col_offset", 0)
        return len(self.text.encode()[:offset].decode(errors="replace")) + 1 + self.shift


@dataclass(slots=True)
class _Reader:
    place: Place
    raw: bytes
    references: Collection[str] = ()
    names: dict[str, None] = field(default_factory=dict)

    def read(self, tree: ast.expr) -> ast.expr:
        """Check every node and put tag nodes in the place of single-quoted texts."""
        return self._replace(tree)

    def _replace(self, node: ast.AST) -> ast.expr:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        for name, value in ast.iter_fields(node):
            if name == "func":
                continue
            if isinstance(value, ast.expr):
                setattr(node, name, self._replace(value))
            elif isinstance(value, list):
                setattr(node, name, [self._replace(v) if isinstance(v, ast.expr) else v for v in value])
        assert isinstance(node, ast.expr)
        return node

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id in _CONSTANTS:
            return ast.copy_location(ast.Constant(_CONSTANTS[node.id]), node)
        raise self.place.error(f"{node.id!r} is not known", node, do="put the name of a tag in single quotes")

    def _constant(self, node: ast.Constant) -> ast.expr:
        if type(node.value) in (bool, int, float):
            return node
        if type(node.value) is not str:
            raise self.place.error("only numbers, true, false, tags and texts are allowed", node)
        segment = self.raw[node.col_offset : node.end_col_offset].decode(errors="replace")
        quote = segment[0]
        if quote not in "'\"" or segment != f"{quote}{node.value}{quote}":
            raise self.place.error(
                f"{segment} is neither a tag nor a text", node, do="write 'tag/name' or \"text\" in one piece"
            )
        return node if quote == '"' else self._tag(node, node.value)

    def _tag(self, node: ast.Constant, name: str) -> ast.expr:
        if name not in self.references and not is_tag_reference(name):
            raise self.place.error(
                f"{name!r} is not the name of a tag",
                node,
                do="write area/unit/equipment.signal, or use double quotes for a text",
            )
        self.names[name] = None
        tag = ast.copy_location(TagNode(), node)
        tag.name = name
        return tag


def parse(text: str, place: Place, references: Collection[str] = ()) -> Parsed:
    """The checked tree of an expression; ``references`` may stand in single quotes beside tag names."""
    if len(text) > MAX_LENGTH:
        raise place.error(f"is {len(text)} characters long, at most {MAX_LENGTH} are allowed", do="split it")
    if "\\" in text:
        raise place.error("a backslash is no part of the language", column=text.index("\\") + 1)
    comment = _comment_at(text)
    if comment:
        raise place.error("a comment is no part of the language", column=comment)
    tree = _python_tree(text, place)
    _check_nodes(tree, place)
    reader = _Reader(place, place.text.encode(), references)
    return Parsed(reader.read(tree), tuple(reader.names))


def _comment_at(text: str) -> int:
    """Column of a # outside quotes, 0 when there is none: lines are joined, so it would hide what follows."""
    quote = ""
    for column, char in enumerate(text, 1):
        if char == "#" and not quote:
            return column
        if char in "'\"" and quote in ("", char):
            quote = "" if quote else char
    return 0


def _python_tree(text: str, place: Place) -> ast.expr:
    flat = "".join(" " if c.isspace() else c for c in text)
    place.text = flat.strip()
    place.shift = len(flat) - len(flat.lstrip())
    if not place.text:
        raise place.error("is empty", do="write a number, a tag in single quotes or a calculation")
    try:
        return ast.parse(place.text, mode="eval").body
    except SyntaxError as error:
        raise place.error(_plain(error), column=(error.offset or 1) + place.shift) from None
    except (ValueError, MemoryError, RecursionError):
        raise place.error("cannot be read", column=1 + place.shift, do="use fewer brackets") from None


def _plain(error: SyntaxError) -> str:
    text = error.msg or "cannot be read"
    return (
        "does not read as a calculation" if text.startswith("invalid syntax") else f"cannot be read ({text})"
    )


def _check_nodes(tree: ast.expr, place: Place) -> None:
    for count, (node, depth, holder) in enumerate(_walk(tree)):
        if count >= MAX_NODES or depth > MAX_DEPTH:
            raise place.error(
                f"has more than {MAX_NODES} parts or {MAX_DEPTH} levels", do="split it into derived tags"
            )
        if not isinstance(node, _ALLOWED):
            what = _REFUSED.get(type(node), "this is no part of the language")
            raise place.error(what, node if hasattr(node, "col_offset") else holder)


def _walk(tree: ast.expr) -> Iterator[tuple[ast.AST, int, ast.AST]]:
    queue: list[tuple[ast.AST, int, ast.AST]] = [(tree, 0, tree)]
    while queue:
        node, depth, holder = queue.pop()
        yield node, depth, holder
        queue.extend(
            (child, depth + 1, node)
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.Load)
        )
