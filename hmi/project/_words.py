"""How a value that changed is said: ``limit 80 -> 85 m``, ``history off -> on``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from hmi.core.values import EURange

SHORT: Final = 80
"""A longer text is not quoted: that it changed is said."""
NONE: Final = "none"


def change(what: str, before: Any, after: Any, unit: str = "") -> str:
    """``what`` with both values, or ``what changed`` where one of them is too much for a sentence."""
    old, new = said(before), said(after)
    if old is None or new is None or max(len(old), len(new)) > SHORT or old == new:
        return f"{what} changed"
    end = f" {unit}" if unit and (new or old) and not (unit == "%" and new.endswith("%")) else ""
    return f"{what} {old or NONE} -> {new or NONE}{end}"


def said(value: Any) -> str | None:
    """The words for a value; '' for none, None for one that has no short words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, EURange):
        return f"{value.low:g} … {value.high:g}"
    if isinstance(value, Enum):
        return str(value.name if isinstance(value.value, int) else value.value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return None if "\n" in value else value
    if isinstance(value, list | tuple):
        return _listed(value)
    text = getattr(value, "text", None)
    return text if isinstance(text, str) else None


def _listed(values: list[Any] | tuple[Any, ...]) -> str | None:
    parts = [said(one) for one in values]
    if any(part is None or isinstance(one, list | tuple) for part, one in zip(parts, values, strict=True)):
        return None
    return ", ".join(part for part in parts if part is not None)


def leaves(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Each place where two values differ, with both: into mappings and dataclasses of the same kind."""
    if same(before, after):
        return
    old, new = _parts(before), _parts(after)
    if old is None or new is None or type(before) is not type(after):
        yield path, before, after
        return
    for key in dict.fromkeys((*old, *new)):
        yield from leaves(old.get(key), new.get(key), (*path, str(key)))


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: to Python ``True == 1 == 1.0``, to a plant they are three things."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return _kind(one) == _kind(other) and one == other


def _kind(value: Any) -> tuple[bool, bool]:
    return isinstance(value, bool), isinstance(value, float)


def _parts(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, EURange) or isinstance(getattr(value, "text", None), str):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return None


def plainly(name: str) -> str:
    """``on_delay_s`` as ``on delay``."""
    return name.removesuffix("_s").replace("_", " ")
