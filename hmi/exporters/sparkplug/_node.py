"""The edge node: which series belong to which device, what they are now, and the messages in their order.

It knows nothing of brokers: ``send`` takes a topic and a payload, and ``attend`` is asked before each message of data,
so that a rebirth that was commanded comes before them (IT-04). A device is a connection of the plant. It is dead while
every one of its series is without communication; then it has no birth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hmi.core import quality
from hmi.core.values import Value
from hmi.export._source import taken
from hmi.export.port import ExportTag, Rows
from hmi.exporters.sparkplug._metrics import (
    ALIAS_BASE,
    NS_PER_MS,
    TYPES,
    Encoded,
    Encoder,
    Unfit,
    add_quality,
    value_bytes,
)
from hmi.exporters.sparkplug._payload import (
    BD_SEQ,
    NAMESPACE,
    REBIRTH,
    WATERMARK,
    DataType,
    Payload,
    data_payload,
)
from hmi.historian.samples import ValueKind, unpack

SEQUENCE: Final = 256
MOST_METRICS: Final = 1_000
"""Of one message of data."""
_LOST: Final = np.array(
    [quality.BAD_NO_COMMUNICATION, quality.BAD_NOT_CONNECTED, quality.BAD_WAITING_FOR_INITIAL_DATA], np.uint32
)
_NODE: Final = 0
_WATERMARK_ALIAS: Final = 1
_TOO_LARGE: Final = "the value is too large for one message"
_RESERVED: Final = ("Node Control/", "Device Control/", "Export/")


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Encoded rows, those of one part together, live ones in the order of time; ``order``: which row each was."""

    order: NDArray[np.int64]
    parts: NDArray[np.int64]
    encoded: Encoded

    def numbers(self) -> list[int]:
        return np.flatnonzero(np.bincount(self.parts)).tolist()


@dataclass(slots=True)
class Part:
    """A device, or the node itself (the first one)."""

    device: str
    places: NDArray[np.int64]
    is_born: bool = False


class Node:
    """``ids``: group and edge node as they are in topics."""

    def __init__(
        self,
        ids: tuple[str, str],
        *,
        with_aliases: bool,
        is_simulated: bool,
        send: Callable[[str, bytes], None],
        attend: Callable[[], None],
        now_ms: Callable[[], int],
    ) -> None:
        self.group, self.edge = ids
        self._with_aliases, self._is_simulated = with_aliases, is_simulated
        self._send, self._attend, self._now_ms = send, attend, now_ms
        self.most_bytes = 1 << 20
        self.is_born = False
        self.bd_seq = 0
        self.watermark = ""
        self._seq = 0
        self.describe((), lambda name: name)

    def topic(self, kind: str, device: str = "") -> str:
        return "/".join(filter(None, (NAMESPACE, self.group, kind, self.edge, device)))

    # ------------------------------------------------------------------ series

    def describe(self, tags: Sequence[ExportTag], id_of: Callable[[str], str]) -> None:
        """Another list of series; what is known of those that stay is kept. A birth is due after it."""
        before = self._values if hasattr(self, "_values") else None
        self.tags = tuple(tags)
        self._names = [_metric_name(tag.name) for tag in self.tags]
        self._encoder = Encoder(self.tags, self._names, with_aliases=self._with_aliases)
        self._values = _Values(self.tags, before)
        devices = list(dict.fromkeys(tag.connection for tag in self.tags if tag.connection))
        number = {"": _NODE} | {name: place for place, name in enumerate(devices, 1)}
        self._part_of = np.array([number[tag.connection] for tag in self.tags], np.int64)
        self._parts = [
            Part(id_of(name) if name else "", np.flatnonzero(self._part_of == place))
            for name, place in number.items()
        ]
        self.is_born = False

    def placed(self, rows: Rows) -> Rows:
        """The rows with places in the list of series of here; those of others are left out."""
        if rows.tags == self.tags:
            return rows
        known = {tag.key: place for place, tag in enumerate(self.tags)}
        table = np.array([known.get(tag.key, -1) for tag in rows.tags], np.int32)
        places = table[rows.places]
        chosen = places >= 0
        rest = taken(rows, chosen)
        return Rows(self.tags, places[chosen], rest.samples, rest.revisions, rest.deleted)

    # ------------------------------------------------------------------ births and deaths

    def births(self) -> None:
        """NBIRTH, then DBIRTH of each device that is there (tck-id-topics-nbirth-seq-num and following)."""
        self._seq = 0
        self._send(self.topic("NBIRTH"), self._birth(self._parts[_NODE], self._controls()))
        self.is_born = self._parts[_NODE].is_born = True
        for part in self._parts[1:]:
            part.is_born = False
            if not self._is_lost(part):
                self._bear(part)

    def forget(self) -> None:
        """The session is over: nothing is born."""
        self.is_born = False
        for part in self._parts:
            part.is_born = False

    def _controls(self) -> Iterator[dict[str, Any]]:
        now = self._now_ms()
        yield {"name": BD_SEQ, "timestamp": now, "datatype": DataType.INT64, "long_value": self.bd_seq}
        yield {"name": REBIRTH, "timestamp": now, "datatype": DataType.BOOLEAN, "boolean_value": False}
        content = {"string_value": self.watermark} if self.watermark else {"is_null": True}
        alias = {"alias": _WATERMARK_ALIAS} if self._with_aliases else {}
        yield {"name": WATERMARK, "timestamp": now, "datatype": DataType.STRING, **alias, **content}

    def _birth(self, part: Part, controls: Iterable[dict[str, Any]] = ()) -> bytes:
        payload = Payload(timestamp=self._now_ms(), seq=self._seq)
        for control in controls:
            payload.metrics.add(**control)
        for place in part.places.tolist():
            self._add_metric(payload, place)
        return payload.SerializeToString()

    def _add_metric(self, payload: Any, place: int) -> None:
        tag, kind = self.tags[place], TYPES[self.tags[place].type]
        value, status, at = self._values.at(place)
        metric = payload.metrics.add(name=self._names[place], datatype=kind)
        metric.timestamp = at // NS_PER_MS if at > 0 else self._now_ms()
        if self._with_aliases:
            metric.alias = place + ALIAS_BASE
        try:
            content = b"" if value is None or status >= quality.BAD else value_bytes(value, kind)
        except Unfit:
            content, status = b"", quality.BAD_TYPE_MISMATCH
        if content:
            metric.MergeFromString(content)
        else:
            metric.is_null = True
        add_quality(metric.properties, status, is_known=at > 0)
        _describe(metric.properties, tag, is_simulated=self._is_simulated)

    def _bear(self, part: Part) -> None:
        self._next()
        self._send(self.topic("DBIRTH", part.device), self._birth(part))
        part.is_born = True

    def _bury(self, part: Part) -> None:
        self._next()
        payload = data_payload(self._now_ms(), self._seq, b"")
        self._send(self.topic("DDEATH", part.device), payload)
        part.is_born = False

    def _is_lost(self, part: Part) -> bool:
        return self._values.are_lost(part.places)

    def _next(self) -> None:
        self._seq = (self._seq + 1) % SEQUENCE

    # ------------------------------------------------------------------ data

    def show(self, rows: Rows) -> None:
        """How the plant is now: only the newest of each series is sent."""
        rows = self._timed(newest(rows))
        self._values.take(rows)
        if not self.is_born:
            self.births()
            return
        told: list[int] = []
        for number in np.unique(self._part_of[rows.places]).tolist():
            part = self._parts[number]
            is_lost = number != _NODE and self._is_lost(part)
            if is_lost and part.is_born:
                self._attend()
                if part.is_born:
                    self._bury(part)
            elif not is_lost and not part.is_born:
                self._attend()
                if not part.is_born:
                    self._bear(part)
            elif not is_lost:
                told.append(number)
        chosen = np.isin(self._part_of[rows.places], told)
        self._data(self._ordered(taken(rows, chosen), historical=False))

    def _timed(self, rows: Rows) -> Rows:
        """A series that never had a value has no time either: that is told as of now."""
        times = np.where(rows.samples.times > 0, rows.samples.times, self._now_ms() * NS_PER_MS)
        return replace(rows, samples=replace(rows.samples, times=times))

    def tell_past(self, rows: Rows) -> dict[int, str]:
        """What was; it changes nothing of how the plant is (``is_historical``). Returns the rows that do not fit.

        A device that is dead is born for it, with all it has marked, and is dead again afterwards.
        """
        ordered = self._ordered(rows, historical=True)
        lengths = np.diff(ordered.encoded.ends, prepend=0)
        unfit = ordered.encoded.unfit | dict.fromkeys(
            np.flatnonzero(lengths > self.most_bytes).tolist(), _TOO_LARGE
        )
        if unfit:
            return {int(ordered.order[place]): reason for place, reason in unfit.items()}
        dead = [part for part in map(self._parts.__getitem__, ordered.numbers()) if not part.is_born]
        self._data(ordered)
        self._attend()
        for part in dead:
            if part.is_born and self._is_lost(part):
                self._bury(part)
        return {}

    def tell_watermark(self, content: str) -> None:
        """The statement of a package as a metric of the node."""
        self._attend()
        self.watermark = content
        payload = Payload(timestamp=self._now_ms())
        by = {"alias": _WATERMARK_ALIAS} if self._with_aliases else {"name": WATERMARK}
        payload.metrics.add(timestamp=self._now_ms(), string_value=content, **by)
        self._next()
        payload.seq = self._seq
        self._send(self.topic("NDATA"), payload.SerializeToString())

    def lost_now(self, rows: Rows) -> NDArray[np.bool_]:
        """Rows that say no more than the death of their device does."""
        dead = np.array(
            [number != _NODE and not part.is_born for number, part in enumerate(self._parts)], np.bool_
        )
        return dead[self._part_of[rows.places]] & is_lost(rows.samples.statuses)

    def is_newer(self, rows: Rows) -> NDArray[np.bool_]:
        """Rows later than what was shown of their series."""
        return rows.samples.times > self._values.times[rows.places]

    def _ordered(self, rows: Rows, *, historical: bool) -> _Ordered:
        parts = self._part_of[rows.places]
        keys = (parts,) if historical else (rows.samples.times, parts)
        order = np.lexsort(keys)
        encoded = self._encoder.encoded(taken(rows, order), historical=historical)
        return _Ordered(order, parts[order], encoded)

    def _data(self, ordered: _Ordered) -> None:
        for number in ordered.numbers():
            begin, end = np.searchsorted(ordered.parts, (number, number + 1)).tolist()
            part = self._parts[number]
            topic = self.topic("DDATA" if part.device else "NDATA", part.device)
            for first, last in self._pieces(ordered.encoded, begin, end):
                self._attend()
                if not part.is_born:
                    self._bear(part)
                self._next()
                self._send(topic, data_payload(self._now_ms(), self._seq, ordered.encoded.piece(first, last)))

    def _pieces(self, encoded: Encoded, begin: int, end: int) -> Iterator[tuple[int, int]]:
        while begin < end:
            low = int(encoded.ends[begin - 1]) if begin else 0
            fits = int(np.searchsorted(encoded.ends, low + self.most_bytes, side="right"))
            last = min(end, begin + MOST_METRICS, max(fits, begin + 1))
            yield begin, last
            begin = last


class _Values:
    """What is known of each series."""

    def __init__(self, tags: Sequence[ExportTag], before: _Values | None) -> None:
        count = len(tags)
        self._keys = {tag.key: place for place, tag in enumerate(tags)}
        self.times, self._bits = np.zeros(count, np.int64), np.zeros(count, np.uint64)
        self._kinds, self._statuses = np.zeros(count, np.uint8), np.full(count, _LOST[2], np.uint32)
        self._objects: dict[int, Value] = {}
        if before is not None:
            self._adopt(before)

    def _adopt(self, before: _Values) -> None:
        both = [(place, before._keys[key]) for key, place in self._keys.items() if key in before._keys]
        for place, old in both:
            self.times[place], self._bits[place] = before.times[old], before._bits[old]
            self._kinds[place], self._statuses[place] = before._kinds[old], before._statuses[old]
            if old in before._objects:
                self._objects[place] = before._objects[old]

    def take(self, rows: Rows) -> None:
        """At most one row of each series."""
        places, samples = rows.places, rows.samples
        self.times[places], self._bits[places] = samples.times, samples.bits
        self._kinds[places], self._statuses[places] = samples.kinds, samples.statuses
        for row in np.flatnonzero(samples.kinds == ValueKind.OBJECT).tolist():
            self._objects[int(places[row])] = samples.objects[int(samples.bits[row])]

    def at(self, place: int) -> tuple[Value, int, int]:
        """Value, status and time; time 0 where nothing was ever told."""
        if self._kinds[place] == ValueKind.OBJECT:
            value = self._objects[place]
        else:
            value = unpack(self._bits[place : place + 1], self._kinds[place : place + 1], ())[0]
        return value, int(self._statuses[place]), int(self.times[place])

    def are_lost(self, places: NDArray[np.int64]) -> bool:
        """True where each of them was told to be without communication."""
        known = self.times[places] > 0
        return bool(known.any()) and bool((is_lost(self._statuses[places]) | ~known).all())


def is_lost(statuses: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which statuses say that there is no communication with the source."""
    return np.isin(statuses & np.uint32(quality.CODE_MASK), _LOST)


def newest(rows: Rows) -> Rows:
    """The last row of each series."""
    places = rows.places[::-1]
    _, first = np.unique(places, return_index=True)
    return rows if len(first) == len(rows) else taken(rows, np.sort(len(rows) - 1 - first))


def _metric_name(name: str) -> str:
    """The name of a tag; one that means something in Sparkplug has its first letter escaped."""
    if name == BD_SEQ or name.startswith(_RESERVED):
        return f"%{ord(name[0]):02X}{name[1:]}"
    return name


def _describe(properties: Any, tag: ExportTag, *, is_simulated: bool) -> None:
    """What a birth says of a series besides its value."""
    texts = {"key": tag.key, "engUnit": tag.unit, "unitCode": tag.unit_code, "documentation": tag.description}
    for name, text in texts.items():
        if text:
            properties.keys.append(name)
            properties.values.add(type=DataType.STRING, string_value=text)
    for name, number in (("engLow", tag.low), ("engHigh", tag.high)):
        if number is not None:
            properties.keys.append(name)
            properties.values.add(type=DataType.DOUBLE, double_value=number)
    for name, is_so in (("stepped", tag.is_stepped), ("simulated", is_simulated)):
        if is_so:
            properties.keys.append(name)
            properties.values.add(type=DataType.BOOLEAN, boolean_value=True)
