"""A plant as columns of plain values, and back: 100,000 tags are read so in a tenth of the time of their files.

A column holds one field of all objects of a table. What stands in it often is kept once and named by its number, so
that equal texts, ranges and rules are one object afterwards. Nothing but the classes of a plant can come out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import repeat
from operator import attrgetter
from types import ModuleType
from typing import Any, Final

import msgspec

from hmi.core import alarms, commands, history, principal, values
from hmi.core.quick import quick_rows
from hmi.project import calculation, exports, notifications, plant, recording, targets
from hmi.project.plant import Plant

_SOURCES: Final[tuple[ModuleType, ...]] = (
    plant, calculation, exports, notifications, recording, targets, alarms, commands, history, principal, values,
)  # fmt: skip
_DERIVED: Final = {"by_name": "name", "by_id": "id"}
"""Tables of a plant that name its tags by one of their fields."""
_PLAIN: Final = frozenset((str, int, float, bool, type(None)))
_KEYS: Final = frozenset((str, int))
_MANY: Final = 2  # a value that stands more often than this on the average is kept once
_encode = msgspec.msgpack.Encoder().encode


class NotPlain(Exception):
    """The plant holds something that has no place in columns: it is read from its files each time."""


def to_columns(found: Plant) -> dict[str, Any]:
    """Lists, texts and numbers only; NotPlain where the plant holds something else."""
    return {one.name: _field(one.name, getattr(found, one.name), found) for one in fields(Plant)}


def from_columns(kept: Mapping[str, Any]) -> Plant:
    """The plant of ``to_columns``; KeyError, TypeError, ValueError or IndexError for what is no plant."""
    given = {
        name: _unfolded(kept[name]) for name in (one.name for one in fields(Plant)) if name not in _DERIVED
    }
    tags = given["tags"]
    for name, key in _DERIVED.items():
        if kept[name] != ["tags", key]:
            raise ValueError(name)
        given[name] = dict(zip(map(attrgetter(key), tags), tags, strict=True))
    return Plant(**given)


def _field(name: str, value: Any, found: Plant) -> Any:
    if name in _DERIVED:
        return _derived(value, _DERIVED[name], found)
    if type(value) is tuple and value and _one_kind(value):
        return ["rows", _table(value)]
    if type(value) is dict and value and _one_kind(value.values()) and all(type(key) is str for key in value):
        return ["by", list(value), _table(list(value.values()))]
    return ["one", _folded(value)]


def _unfolded(kept: Any) -> Any:
    match kept:
        case ["rows", table]:
            return tuple(_objects(table))
        case ["by", names, table]:
            return dict(zip(names, _objects(table), strict=True))
        case ["one", value]:
            return _value(value)
    raise ValueError("field")


def _derived(value: Any, key: str, found: Plant) -> list[str]:
    """Such a table is made anew of the tags; NotPlain where it is another one."""
    if type(value) is not dict or list(value) != [getattr(tag, key) for tag in found.tags]:
        raise NotPlain(key)
    if any(one is not tag for one, tag in zip(value.values(), found.tags, strict=True)):
        raise NotPlain(key)
    return ["tags", key]


def _one_kind(found: Iterable[Any]) -> bool:
    kinds = {type(one) for one in found}
    return len(kinds) == 1 and is_dataclass(kinds.pop())


# ------------------------------------------------------------------------------------------ tables


def _table(found: Sequence[Any]) -> list[Any]:
    """Objects of one class: its name, how many they are, and a column for each field."""
    kind = type(found[0])
    columns = [_column([getattr(one, field.name) for one in found]) for field in _fields_of(kind)]
    return [_name_of(kind), len(found), columns]


def _column(found: list[Any]) -> list[Any]:
    memo: dict[int, bytes] = {}
    keys = [_key(one, memo) for one in found]
    numbers: dict[bytes, int] = {}
    for key in keys:
        numbers.setdefault(key, len(numbers))
    if len(numbers) * _MANY <= len(found) or len(numbers) == 1:
        first = dict(zip(reversed(keys), reversed(found), strict=True))
        return ["few", _cells_of([first[key] for key in numbers]), [numbers[key] for key in keys]]
    return _cells_of(found)


def _cells_of(found: list[Any]) -> list[Any]:
    kinds = {type(one) for one in found}
    if kinds <= _PLAIN or all(_is_plain(one) for one in found):
        return ["plain", found]
    if len(kinds) == 1 and is_dataclass(kinds.pop()):
        return ["rows", _table(found)]
    return ["each", [_folded(one) for one in found]]


def _key(value: Any, memo: dict[int, bytes]) -> bytes:
    """The same for values that may be one object: of one type, and equal in everything that is in them."""
    known = memo.get(id(value))
    if known is None:
        known = memo[id(value)] = _encode(_folded(value))
    return known


def _objects(table: Any) -> list[Any]:
    name, count, columns = table
    kind = _kinds()[name]
    if len(columns) != len(_fields_of(kind)):
        raise ValueError(name)
    return _rows_of(kind)([_cells(column, count) for column in columns])


def _cells(column: Any, count: int) -> Iterable[Any]:
    match column:
        case ["few", often, numbers]:
            _check(len(numbers), count)
            known = list(_cells(often, max(numbers) + 1))
            return repeat(known[0], count) if len(known) == 1 else map(known.__getitem__, numbers)
        case ["plain", values]:
            _check(len(values), count)
            return values
        case ["rows", table]:
            _check(table[1], count)
            return _objects(table)
        case ["each", values]:
            _check(len(values), count)
            return map(_value, values)
    raise ValueError("column")


def _check(found: int, wanted: int) -> None:
    if found != wanted:
        raise ValueError(f"{found} of {wanted}")


# ------------------------------------------------------------------------------------------ values


def _is_plain(value: Any) -> bool:
    """Whether it comes back from the file as it went in."""
    kind = type(value)
    if kind is dict:
        return all(type(key) in _KEYS for key in value) and all(map(_is_plain, value.values()))
    return kind in _PLAIN or (kind is list and all(map(_is_plain, value)))


def _folded(value: Any) -> Any:
    """A plain value as it is; else a list that begins with what it is."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (dict, list) and _is_plain(value):
        return ["plain", value]
    if kind in _HOLDERS:
        return [kind.__name__, [_folded(one) for one in value]]
    if kind is dict:
        return ["dict", [[_folded(key), _folded(one)] for key, one in value.items()]]
    if isinstance(value, Enum):
        return ["enum", _name_of(kind), value.value]
    if is_dataclass(kind):
        return ["object", _name_of(kind), [_folded(getattr(value, one.name)) for one in _fields_of(kind)]]
    raise NotPlain(kind.__name__)


_HOLDERS: Final[Mapping[type, Callable[[Iterable[Any]], Any]]] = {
    tuple: tuple,
    list: list,
    frozenset: frozenset,
}
_BY_NAME: Final = {kind.__name__: made for kind, made in _HOLDERS.items()}


def _value(kept: Any) -> Any:
    if type(kept) is not list:
        return kept
    match kept:
        case ["plain", value]:
            return value
        case ["dict", pairs]:
            return {_value(key): _value(one) for key, one in pairs}
        case ["enum", name, value]:
            return _kinds()[name](value)
        case ["object", name, given]:
            kind = _kinds()[name]
            names = [one.name for one in _fields_of(kind)]
            return kind(**dict(zip(names, map(_value, given), strict=True)))
        case [name, items]:
            return _BY_NAME[name](map(_value, items))
    raise ValueError("value")


# ------------------------------------------------------------------------------------------ classes


@cache
def _kinds() -> Mapping[str, Any]:
    """The classes that the parts of a plant may be of, by name."""
    found = (one for module in _SOURCES for one in vars(module).values() if isinstance(one, type))
    return {_full_name(one): one for one in found if is_dataclass(one) or issubclass(one, Enum)}


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _name_of(kind: type) -> str:
    if (name := _full_name(kind)) not in _kinds():
        raise NotPlain(name)
    return name


@cache
def _fields_of(kind: Any) -> tuple[Any, ...]:
    found = fields(kind)
    if not all(one.init and not one.kw_only for one in found):
        raise NotPlain(kind.__name__)
    return found


_rows_of = cache(quick_rows)
