"""Expressions that differ in the names of their tags only: what is the same of them is read and compiled once.

A plant calculates the same for each of its pumps; 10,000 such texts have a handful of shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from hmi.core.identity import is_tag_reference
from hmi.core.values import DataValue
from hmi.expressions._expression import Careful, Expression, Pair
from hmi.expressions._parse import MAX_LENGTH

MOST: Final = 2_000  # shapes that are kept; a plant has few
_STRINGS: Final = re.compile(r"'([^']*)'|\"[^\"]*\"")


class Read(NamedTuple):
    """A text apart: its shape, and its tags in the order in which they are written."""

    shape: str
    written: tuple[str, ...]


class Compiled(NamedTuple):
    """What expressions of one shape share; ``names`` are those of the text that was compiled."""

    names: tuple[str, ...]
    fast: Callable[..., Any] | None
    careful: Careful
    straight: bool


_orders: Final[dict[str, tuple[int, ...]]] = {}
_compiled: Final[dict[str, Compiled]] = {}


@lru_cache(maxsize=50_000)
def read(text: str) -> Read | None:
    """None for a text that has to be looked at as a whole, such as one with something that is no tag in quotes."""
    if len(text) > MAX_LENGTH:
        return None
    written: dict[str, int] = {}

    def put(found: re.Match[str]) -> str:
        return found[0] if found[1] is None else f"'{written.setdefault(found[1], len(written))}'"

    shape = _STRINGS.sub(put, text)
    return Read(shape, tuple(written)) if all(map(is_tag_reference, written)) else None


def known_names(own: Read) -> tuple[str, ...] | None:
    """The names of a text in the order of their use, where its shape has been read before."""
    order = _orders.get(own.shape)
    return None if order is None else tuple([own.written[place] for place in order])


def known_expression(text: str, own: Read) -> Expression | None:
    """The expression of a text, where its shape has been compiled before."""
    names, base = known_names(own), _compiled.get(own.shape)
    if names is None or base is None:
        return None
    careful = base.careful if names == base.names else _renamed(base.careful, base.names, names)
    return Expression(text, names, fast=base.fast, careful=careful, straight=base.straight)


def keep_names(own: Read, names: tuple[str, ...]) -> None:
    """Remember in which order a shape uses its tags."""
    if len(_orders) >= MOST:
        _orders.clear()
    _orders[own.shape] = tuple(own.written.index(name) for name in names)


def keep(own: Read, compiled: Compiled) -> None:
    """Remember what a shape has become."""
    keep_names(own, compiled.names)
    if len(_compiled) >= MOST:
        _compiled.clear()
    _compiled[own.shape] = compiled


def _renamed(careful: Careful, old: tuple[str, ...], new: tuple[str, ...]) -> Careful:
    pairs = tuple(zip(old, new, strict=True))

    def evaluate(values: Mapping[str, DataValue]) -> Pair:
        return careful({before: values[name] for before, name in pairs if name in values})

    return evaluate
