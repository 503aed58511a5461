"""Whether two plants are the same in every detail: 1 is not 1.0 and not True, and the order of names counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

_PLAIN = frozenset((str, int, bool, bytes, type(None)))


def is_same(one: Any, other: Any) -> bool:
    """Equal in values, types and order, through all that they hold."""
    return _Comparison().is_same(one, other)


class _Comparison:
    """Remembers what was found equal: a plant holds the same rule a thousand times. Both stay alive meanwhile, so
    that an address stands for one object.
    """

    def __init__(self) -> None:
        self._known: set[tuple[int, int]] = set()

    def is_same(self, one: Any, other: Any) -> bool:
        kind = type(one)
        if kind is not type(other):
            return False
        if kind in _PLAIN or isinstance(one, Enum):
            return bool(one == other)
        if kind is float:
            return one == other and math.copysign(1, one) == math.copysign(1, other)
        pair = (id(one), id(other))
        if pair in self._known:
            return True
        found = self._holds_same(kind, one, other)
        if found:
            self._known.add(pair)
        return found

    def _holds_same(self, kind: type, one: Any, other: Any) -> bool:
        if kind is tuple or kind is list:
            return len(one) == len(other) and all(map(self.is_same, one, other))
        if isinstance(one, Mapping):
            return len(one) == len(other) and all(
                self.is_same(a, b) and self.is_same(one[a], other[b]) for a, b in zip(one, other, strict=True)
            )
        if kind is frozenset:
            return bool(one == other) and {(type(x), x) for x in one} == {(type(x), x) for x in other}
        if is_dataclass(kind):
            return all(self.is_same(getattr(one, name), getattr(other, name)) for name in _names(kind))
        return bool(one == other)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))
