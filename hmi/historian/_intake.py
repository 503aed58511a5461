"""Changes as the fan-out tells them to packed rows: values that can be stored, and times that can be believed."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.clock import NS_PER_S
from hmi.core.history import SampleFlag
from hmi.core.values import DataValue, Value
from hmi.historian._rows import ROW, Rows, Table
from hmi.historian.samples import Bits, Floats, ValueKind, as_numbers, pack

LARGEST: Final = 65_536
"""Bytes or characters of one stored text, and items of one stored array: more is not stored."""
AHEAD_NS: Final = 600 * NS_PER_S
"""A source time further ahead than this is wrong: the receive time counts (standards 3.2)."""
YEAR_NS: Final = 366 * 86_400 * NS_PER_S
_EXACT: Final = 2.0**53
_first, _second = itemgetter(0), itemgetter(1)
_DTYPES: Final = {"q": np.int64, "I": np.uint32, "d": np.float64}
"""By the letter that struct has for them."""


class Told(NamedTuple):
    """One call of the fan-out. ``now``: session time of it; ``seen``: up to when all of its tags were known to be
    unchanged, 0 = not known (both UTC ns).
    """

    changes: Sequence[tuple[int, DataValue]]
    now: int
    seen: int


@dataclass(slots=True)
class Counts:
    """What was not recorded as it came, since the start."""

    samples: int = 0
    bad_times: int = 0
    """A time before 1970 or too far ahead: recorded with the receive time."""
    refused_future: int = 0
    """Forecasts for more than a year ahead."""
    too_old: int = 0
    """Late samples beyond the window."""
    too_large: int = 0
    """Texts and arrays beyond 65,536 bytes, and integers beyond 64 bits: recorded as Bad without their value."""
    lost: int = 0
    """Samples that had to be dropped because nothing could be written for too long."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """Rows in their order, each with the session time at which it was told and how long before it all was still
    as before (ns, negative: not known).
    """

    rows: Rows
    now: NDArray[np.int64]
    quiet: NDArray[np.int64]


def arrived(told: Sequence[Told], slot_of: NDArray[np.int32], flags: int, counts: Counts) -> Arrived | None:
    """What of these calls is recorded. ``slot_of`` is by handle, -1 for tags that are not recorded."""
    changes = list(chain.from_iterable(one.changes for one in told))
    values: list[DataValue] = list(map(_second, changes))
    slots = slot_of[_packed("q", list(map(_first, changes)))]
    sizes = [len(one.changes) for one in told]
    now = np.repeat(np.array([one.now for one in told], np.int64), sizes)
    quiet = np.repeat(np.array([one.now - one.seen if one.seen else -1 for one in told], np.int64), sizes)
    recorded = slots >= 0
    if not recorded.all():
        slots, now, quiet = slots[recorded], now[recorded], quiet[recorded]
        values = list(compress(values, recorded.tolist()))
    if not values:
        return None
    counts.samples += len(values)
    return Arrived(rows_from(slots, values, flags, counts), now, quiet)


def rows_from(slots: NDArray[np.int32], values: Sequence[DataValue], flags: int, counts: Counts) -> Rows:
    """Values as rows, whatever they are; flags of what is wrong with them are set."""
    count = len(values)
    # not by zip: an iterator for each value keeps the garbage collector busy
    flat: list[Any] = list(chain.from_iterable(values))
    contents, statuses, sources, receives = (flat[place::4] for place in range(4))
    table = np.zeros(count, ROW)
    table["slot"], table["flags"] = slots, flags
    table["time"] = times = _instants(sources)
    table["receive"] = times if receives == sources else _instants(receives)
    if statuses.count(0) < count:
        table["status"] = _packed("I", statuses)
    objects = _fill(table, contents, counts)
    return Rows(table, objects)


def _instants(times: Sequence[int]) -> NDArray[np.int64] | int:
    """UTC ns; one for all where they are one, as of a scan."""
    one = times[0]
    if one == times[-1] and times.count(one) == len(times):
        return one
    return _packed("q", times)


def _packed(code: str, numbers: Sequence[Any]) -> NDArray[Any]:
    """Numbers as a column that may be written: by struct in half the time that NumPy takes."""
    column = np.empty(len(numbers), _DTYPES[code])
    struct.pack_into(f"{len(numbers)}{code}", column.data, 0, *numbers)
    return column


def _fill(table: Table, contents: Sequence[Value], counts: Counts) -> tuple[Value, ...]:
    """Bits, kinds and numbers; what cannot be stored becomes Bad without a value."""
    kinds = np.frombuffer(bytes(map(_PLAIN.__getitem__, map(type, contents))), np.uint8).copy()
    try:
        numbers, rest = _plain_numbers(contents, kinds == _REST)
    except (OverflowError, struct.error):  # an integer that no float reaches: each by itself
        numbers, rest = _plain_numbers(contents, (kinds == _REST) | (kinds == ValueKind.INT))
    rest |= (kinds == ValueKind.INT) & ~(np.abs(numbers) < _EXACT)
    bits = numbers.view(np.uint64).copy()
    is_whole = kinds != ValueKind.FLOAT
    if is_whole.any():
        whole = is_whole & ~rest
        bits[whole] = numbers[whole].astype(np.int64).view(np.uint64)
    objects: tuple[Value, ...] = ()
    if rest.any():
        fitting = [one if fits(one) else _TOO_LARGE for one in compress(contents, rest.tolist())]
        bits[rest], kinds[rest], objects = pack([None if one is _TOO_LARGE else one for one in fitting])
        numbers[rest] = as_numbers(bits[rest], kinds[rest])
        large = np.flatnonzero(rest)[[one is _TOO_LARGE for one in fitting]]
        counts.too_large += len(large)
        _spoil(table, large, quality.BAD_OUT_OF_RANGE)
    _measure(table, bits, kinds, numbers)
    return objects


def _plain_numbers(contents: Sequence[Value], rest: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """(float64 of each value, 0 for the rest, which are the rest)."""
    if not rest.any():
        return _packed("d", contents), rest
    numbers = np.zeros(len(contents))
    numbers[~rest] = _packed("d", list(compress(contents, (~rest).tolist())))
    return numbers, rest


def _measure(table: Table, bits: Bits, kinds: NDArray[np.uint8], numbers: Floats) -> None:
    """The numbers that deviations are judged by; an integer beyond 53 bits has none, for it would lose its end."""
    is_float = kinds == ValueKind.FLOAT
    broken = np.flatnonzero(is_float & ~np.isfinite(numbers))
    bits[broken], kinds[broken] = 0, ValueKind.NONE
    _spoil(table, broken, quality.BAD_DEVICE_FAILURE)
    numbers[broken] = np.nan
    numbers[(kinds == ValueKind.BOOL) | (~is_float & (np.abs(numbers) >= _EXACT))] = np.nan
    table["bits"], table["kind"], table["number"] = bits, kinds, numbers


_REST: Final = 255
"""What is looked at one by one."""


class _KindOfType(dict[type, int]):
    def __missing__(self, _: type) -> int:
        return _REST


_PLAIN: Final = _KindOfType({float: int(ValueKind.FLOAT), bool: int(ValueKind.BOOL), int: int(ValueKind.INT)})
_TOO_LARGE: Final[Any] = object()


def fits(value: Value) -> bool:
    """Whether a value can be stored: texts, bytes and arrays are bounded, integers have 64 bits."""
    if isinstance(value, str | bytes | tuple | dict):
        return size_of(value) <= LARGEST
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def size_of(value: Value) -> int:
    """Roughly its bytes."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, tuple):
        return len(value) + sum(map(size_of, value))
    if isinstance(value, dict):
        return len(value) + sum(len(name) + size_of(item) for name, item in value.items())
    return LARGEST + 1 if isinstance(value, int) and not -(2**63) <= value < 2**64 else 1


def _spoil(table: Table, places: NDArray[Any], status: int) -> None:
    """Bad, unless they were Bad for a reason of their own."""
    for place in places:
        if table["status"][place] < quality.BAD:
            table["status"][place] = status


def believe(
    table: Table, now: NDArray[np.int64], is_future: NDArray[np.bool_], counts: Counts
) -> NDArray[np.bool_]:
    """Correct times that cannot be; which rows are kept (UTC ns).

    A wrong source time gives way to the receive time and the row says so; a forecast for more than a year ahead is
    not kept.
    """
    table["receive"] = np.where(table["receive"] <= 0, now, table["receive"])
    wrong = (table["time"] <= 0) | (~is_future & (table["time"] > now + AHEAD_NS))
    if wrong.any():
        counts.bad_times += int(wrong.sum())
        receive = table["receive"]
        table["time"][wrong] = np.where(receive > now + AHEAD_NS, now, receive)[wrong]
        table["receive"][wrong] = table["time"][wrong]
    table["flags"][table["time"] == table["receive"]] |= np.uint16(SampleFlag.RECEIVED_TIME)
    too_far = is_future & (table["time"] > now + YEAR_NS)
    counts.refused_future += int(too_far.sum())
    return ~too_far
