"""Texts of a type with `{…}` parts: integer arithmetic and names over the parameters of an instance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hmi.core.values import Value
from hmi.project._findings import FieldError

_HOLE = re.compile(r"\{([^{}]*)\}")
_TOKEN = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_]*)|(\d{1,9})|([-+*]))")


@dataclass(frozen=True, slots=True)
class Template:
    """Fixed texts around holes; a hole is a sum of products of names and integers.

    ``usual`` has (name, what is added) of each hole that is ``{name}`` or ``{name+2}``.
    """

    text: str
    parts: tuple[str | tuple[tuple[str | int, ...], ...], ...]
    usual: tuple[tuple[str, int | None] | None, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The parameters it uses."""
        holes = (part for part in self.parts if not isinstance(part, str))
        return frozenset(f for hole in holes for product in hole for f in product if isinstance(f, str))

    def render(self, values: Mapping[str, Value]) -> str:
        """The text for one instance; FieldError names the parameter that does not fit."""
        out: list[str] = []
        for part, usual in zip(self.parts, self.usual, strict=True):
            if usual is None:
                out.append(part if isinstance(part, str) else self._fill(part, values))
                continue
            name, more = usual
            value = values.get(name)
            if type(value) is str and more is None:
                out.append(value)
            elif type(value) is int:
                out.append(str(value + (more or 0)))
            else:
                out.append(self._fill(part, values))  # type: ignore[arg-type]
        return "".join(out)

    def _fill(self, hole: tuple[tuple[str | int, ...], ...], values: Mapping[str, Value]) -> str:
        if len(hole) == 1 and len(hole[0]) == 1:
            return shown(self._factor(hole[0][0], values))
        total = 0
        for product in hole:
            amount = 1
            for factor in product:
                amount *= self._integer(factor, values)
            total += amount
        return str(total)

    def _factor(self, factor: str | int, values: Mapping[str, Value]) -> Value:
        if isinstance(factor, int):
            return factor
        if factor not in values:
            raise FieldError(f"{self.text!r} uses {{{factor}}}, which is no parameter")
        return values[factor]

    def _integer(self, factor: str | int, values: Mapping[str, Value]) -> int:
        value = self._factor(factor, values)
        if type(value) is not int:
            raise FieldError(f"{self.text!r} calculates with {factor}, which is not an integer ({value!r})")
        return value


@lru_cache(maxsize=100_000)
def template(text: str) -> Template:
    """Read a text once; FieldError when a hole is not a calculation."""
    parts: list[str | tuple[tuple[str | int, ...], ...]] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts += [text[at : hole.start()], _sum(hole[1], text)]
        at = hole.end()
    rest = text[at:]
    if "{" in rest or "}" in rest:
        raise FieldError(f"{text!r} has a bracket {{ or }} without its partner")
    whole = tuple(part for part in (*parts, rest) if part != "")
    return Template(text, whole, tuple(map(_usual, whole)))


def _usual(part: str | tuple[tuple[str | int, ...], ...]) -> tuple[str, int | None] | None:
    match part:
        case ((str(name),),):
            return name, None
        case ((str(name),), (int(more),)):
            return name, more
    return None


def _sum(text: str, whole: str) -> tuple[tuple[str | int, ...], ...]:
    """``base+2*n-1`` as products: (base) (2 n) (-1 1)."""
    products: list[list[str | int]] = [[]]
    wanted = True
    at = 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if not token or (token[3] is None) is not wanted:
            raise FieldError(f"{whole!r}: {{{text}}} is not a calculation", "use names, integers, + - and *")
        at = token.end()
        wanted = _take(products, token, wanted)
    if wanted:
        raise FieldError(f"{whole!r}: {{{text}}} is not a calculation", "use names, integers, + - and *")
    return tuple(tuple(product) for product in products)


def _take(products: list[list[str | int]], token: re.Match[str], wanted: bool) -> bool:
    if token[3] is None:
        products[-1].append(token[1] if token[1] else int(token[2]))
    elif token[3] == "+":
        products.append([])
    elif token[3] == "-":
        products.append([-1])
    return not wanted


def shown(value: Value) -> str:
    """A value as it stands in a text: truth in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def has_holes(value: Any) -> bool:
    """True when a value of a type file depends on the instance."""
    if isinstance(value, str):
        return "{" in value or "}" in value
    if isinstance(value, Mapping):
        return any(has_holes(v) for v in value.values())
    return isinstance(value, list | tuple) and any(has_holes(v) for v in value)


def render(value: Any, values: Mapping[str, Value]) -> Any:
    """The value with every text rendered."""
    if isinstance(value, str):
        return template(value).render(values) if has_holes(value) else value
    if isinstance(value, Mapping):
        return {key: render(v, values) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [render(v, values) for v in value]
    return value
