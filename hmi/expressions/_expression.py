"""A compiled expression: a fast function for good numbers, a careful one for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from hmi.core import quality
from hmi.core.values import DataValue, Value

Pair: TypeAlias = tuple[Value, int]
Careful: TypeAlias = Callable[[Mapping[str, DataValue]], Pair]

NUMBERS = frozenset((bool, int, float))
_INT_LOW, _INT_HIGH = -(2**63), 2**64 - 1


class Expression:
    """Immutable; ``names`` are the tags it reads. ``evaluate`` never raises for bad data.

    A ``straight`` expression always reads all its tags, so that Uncertain inputs need no careful way.
    """

    __slots__ = ("_careful", "_fast", "_straight", "names", "text")

    def __init__(
        self,
        text: str,
        names: tuple[str, ...],
        *,
        fast: Callable[..., Any] | None,
        careful: Careful,
        straight: bool,
    ) -> None:
        self.text, self.names = text, names
        self._fast, self._careful, self._straight = fast, careful, straight

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def bound(self, tags: Mapping[str, str], constants: Mapping[str, Value]) -> Expression:
        """The same calculation with other tags, or constants, in the place of some of its names.

        Nothing is compiled again, so that many displays of one kind share one expression.
        """
        return _Bound(self, tags, constants)

    def evaluate(self, values: Mapping[str, DataValue], now_ns: int) -> DataValue:
        """The result with the worst status of its inputs; source time = the newest input's, else ``now_ns``."""
        fast = self._fast
        if fast is None:
            return self._evaluate_carefully(values, now_ns)
        arguments: list[Any] = []
        newest = status = quality.GOOD
        for name in self.names:
            given = values.get(name)
            if given is None or type(given.value) not in NUMBERS:
                return self._evaluate_carefully(values, now_ns)
            if given.status:
                if given.status >= quality.BAD or not self._straight:
                    return self._evaluate_carefully(values, now_ns)
                status = quality.worst(status, given.status) if status else given.status
            arguments.append(given.value)
            if given.source_time > newest:
                newest = given.source_time
        try:
            return _finished(fast(*arguments), status, newest or now_ns, now_ns)
        except (ArithmeticError, ValueError):
            return self._evaluate_carefully(values, now_ns)

    def _evaluate_carefully(self, values: Mapping[str, DataValue], now_ns: int) -> DataValue:
        value, status = self._careful(values)
        times = [values[name].source_time for name in self.names if name in values]
        newest = max(times, default=0)
        return _finished(value, status, newest or now_ns, now_ns)


class _Bound(Expression):
    """An expression that reads its names under other names."""

    __slots__ = ("_base", "_constants", "_tags")

    def __init__(self, base: Expression, tags: Mapping[str, str], constants: Mapping[str, Value]) -> None:
        self._base, self.text = base, base.text
        self._constants = {name: DataValue(value, quality.GOOD, 0, 0) for name, value in constants.items()}
        self._tags = tuple((name, tags.get(name, name)) for name in base.names if name not in constants)
        self.names = tuple(dict.fromkeys(tag for _, tag in self._tags))

    def evaluate(self, values: Mapping[str, DataValue], now_ns: int) -> DataValue:
        known = dict(self._constants)
        for name, tag in self._tags:
            if (given := values.get(tag)) is not None:
                known[name] = given
        return self._base.evaluate(known, now_ns)


def _finished(value: Value, status: int, source_time: int, now_ns: int) -> DataValue:
    kind = type(value)
    if kind is float and not math.isfinite(value):  # type: ignore[arg-type]
        return DataValue(None, quality.BAD_OUT_OF_RANGE, source_time, now_ns)
    if kind is int and not _INT_LOW <= value <= _INT_HIGH:  # type: ignore[operator]
        return DataValue(None, quality.BAD_OUT_OF_RANGE, source_time, now_ns)
    return DataValue(value, status, source_time, now_ns)
