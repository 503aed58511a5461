"""The values of a block: each kind in a column of its own, so that an integer never goes through a float."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from hmi.core.values import Value
from hmi.historian.blocks._columns import (
    get_floats,
    get_integers,
    get_truth,
    put_floats,
    put_integers,
    put_truth,
)
from hmi.historian.blocks._frame import BlockDamaged, Cursor, sized
from hmi.historian.blocks._zstd import squeezed, stretched
from hmi.historian.samples import Bits, Floats, ValueKind, as_numbers

_KINDS: Final = frozenset(int(kind) for kind in ValueKind)
_FLOAT: Final = int(ValueKind.FLOAT)
_TEXT, _BIG, _PAIRS = 1, 2, 3
"""Extension types of msgpack: a text that is no UTF-8, an integer beyond 64 bits, a structure with such names."""


def put_values(bits: Bits, kinds: NDArray[np.uint8], objects: tuple[Value, ...], level: int) -> bytes:
    """The columns of all kinds in rising order of their number."""
    return b"".join(put_kind(kind, bits[kinds == kind], objects, level) for kind in np.unique(kinds).tolist())


def get_values(cursor: Cursor, kinds: NDArray[np.uint8]) -> tuple[Bits, tuple[Value, ...]]:
    """(bits, objects) of the samples of these kinds."""
    bits = np.zeros(len(kinds), np.uint64)
    objects: tuple[Value, ...] = ()
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        bits[places], found = get_kind(cursor, kind, len(places))
        objects = found or objects
    return bits, objects


def get_numbers(cursor: Cursor, kinds: NDArray[np.uint8]) -> Floats:
    """float64 of the samples of these kinds, NaN for what is no number; what stands behind numbers is not read."""
    numbers = np.full(len(kinds), np.nan)
    for kind in np.unique(kinds).tolist():
        places = np.flatnonzero(kinds == kind)
        numbers[places] = get_kind_numbers(cursor, kind, len(places))
    return numbers


def put_kind(kind: int, bits: Bits, objects: tuple[Value, ...], level: int) -> bytes:
    """A column of samples that are all of one kind."""
    if kind == ValueKind.FLOAT:
        return put_floats(bits.view(np.float64), level)
    if kind == ValueKind.OBJECT:
        return put_objects([objects[place] for place in bits.tolist()], level)
    if kind == ValueKind.BOOL and int(bits.max()) < 2:
        return put_truth(bits, level)
    return put_integers(bits, level)


def get_kind(
    cursor: Cursor, kind: int, count: int, room: Floats | None = None
) -> tuple[Bits, tuple[Value, ...]]:
    """(bits, objects) of ``count`` samples of one kind; BlockDamaged for a kind that there is not.

    ``room``: as in ``get_floats``.
    """
    if kind not in _KINDS:
        raise BlockDamaged(f"a block holds values of the unknown kind {kind}")
    if kind == _FLOAT:
        return get_floats(cursor, count, room=room).view(np.uint64), ()
    if kind == ValueKind.OBJECT:
        return np.arange(count, dtype=np.uint64), get_objects(cursor, count)
    if kind == ValueKind.BOOL:
        return get_truth(cursor, count), ()
    return get_integers(cursor, count).view(np.uint64), ()


def get_kind_numbers(cursor: Cursor, kind: int, count: int) -> Floats:
    """float64[count] of one kind; the texts of objects, the last kind there is, are not read."""
    if kind == ValueKind.FLOAT:
        return get_floats(cursor, count)
    if kind == ValueKind.OBJECT:
        return np.full(count, np.nan)
    bits, _ = get_kind(cursor, kind, count)
    return as_numbers(bits, np.full(count, kind, np.uint8))


def put_objects(objects: list[Value], level: int) -> bytes:
    """Texts, bytes, arrays and structures as msgpack through zstd."""
    try:
        packed = msgspec.msgpack.encode(objects)
    except (OverflowError, UnicodeEncodeError):
        packed = msgspec.msgpack.encode([_wrapped(value) for value in objects])
    return sized(squeezed(packed, max(level, 1)))


def get_objects(cursor: Cursor, count: int) -> tuple[Value, ...]:
    try:
        found = _OBJECTS.decode(stretched(cursor.sized()))
        values = tuple(_frozen(value) for value in found)
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
        raise BlockDamaged(f"the texts and structures of a block cannot be read: {error}") from error
    if len(values) != count:
        raise BlockDamaged("a block holds another number of texts than it says")
    return values


def _wrapped(value: Value) -> Any:
    """What msgpack has no type for as an extension."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return msgspec.msgpack.Ext(_TEXT, value.encode("utf-8", "surrogatepass"))
        return value
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgspec.msgpack.Ext(_BIG, str(value).encode())
    if isinstance(value, tuple | list):
        return [_wrapped(one) for one in value]
    if isinstance(value, dict):
        pairs = [[_wrapped(key), _wrapped(one)] for key, one in value.items()]
        return msgspec.msgpack.Ext(_PAIRS, msgspec.msgpack.encode(pairs))
    return value


def _unwrapped(code: int, data: memoryview) -> Any:
    if code == _TEXT:
        return bytes(data).decode("utf-8", "surrogatepass")
    if code == _BIG:
        return int(bytes(data))
    if code == _PAIRS:
        return {_frozen(key): _frozen(one) for key, one in _OBJECTS.decode(data)}
    raise ValueError(f"unknown extension {code}")


def _frozen(value: Any) -> Value:
    """Arrays as the tuples that they were."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return value


_OBJECTS: Final = msgspec.msgpack.Decoder(list[Any], ext_hook=_unwrapped)
