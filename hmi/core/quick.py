"""Many frozen dataclasses quickly: a plant has 100,000 tags, and a frozen one of 28 fields takes 5 µs to make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar, cast

Made = TypeVar("Made")


def quick(kind: type[Made]) -> Callable[..., Made]:
    """What makes the same objects as ``kind(**values)`` in a third of the time; for dataclasses with slots.

    The object is filled as a twin of the class that is not frozen, and becomes one of the class when it is whole. Where
    the interpreter does not allow that, the class itself is given back.
    """
    if getattr(kind, "__post_init__", None) is not None:
        return kind
    twin = _twin(kind)

    def made(**values: Any) -> Made:
        new = twin(**values)
        new.__class__ = kind  # type: ignore[assignment]
        return new  # type: ignore[return-value]

    return made if _may_turn(twin, kind) else kind


def quick_rows(kind: type[Made]) -> Callable[[Sequence[Iterable[Any]]], list[Made]]:
    """What makes one object of ``kind`` for each row of columns, which stand in the order of its fields."""
    if getattr(kind, "__post_init__", None) is not None or not _may_turn(twin := _twin(kind), kind):
        return lambda columns: list(map(kind, *columns))

    def made(columns: Sequence[Iterable[Any]]) -> list[Made]:
        found = list(map(twin, *columns))
        for one in found:
            one.__class__ = kind
        return cast("list[Made]", found)

    return made


def _twin(kind: type[Any]) -> type[Any]:
    return make_dataclass(
        kind.__name__,
        [(one.name, Any, _default(one)) for one in fields(kind)],  # type: ignore[arg-type]
        slots=True,
        eq=False,
    )


def _default(one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return field(default=one.default)
    if one.default_factory is not MISSING:
        return field(default_factory=one.default_factory)
    return field()


def _may_turn(twin: type[Any], kind: type[Any]) -> bool:
    """Whether both have one layout in memory."""
    try:
        object.__new__(twin).__class__ = kind
    except TypeError:
        return False
    return True
