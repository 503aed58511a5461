"""Decodes an EventNotificationList into plain fields, without the library: a flood must not hold the loop.

Whatever is not understood to the last byte is ``Unknown``; the library then looks at the message.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from dataclasses import dataclass
from struct import unpack_from
from typing import Any, TypeAlias
from uuid import UUID

EVENTS = b"\x01\x00\x94\x03\x01"  # EventNotificationList, i=916, with a body
MAX_FIELDS = 200
MAX_TEXT = 1 << 20
# variant types by their number in the standard
BOOLEAN, TEXT, TIME, BYTES, NODE, STATUS, LOCALIZED = 1, 12, 13, 15, 17, 19, 21

Field: TypeAlias = tuple[int, Any]
"""Variant type (0 = null) and value: times in ticks, node ids as text (``ns=2;s=Name``), arrays are None."""


class Unknown(Exception):
    """Something that only the library can decode."""


@dataclass(frozen=True, slots=True)
class EventFields:
    """One event as it came: whose item it is for, and its fields in the order of the select clauses."""

    client_handle: int
    fields: tuple[Field, ...]


def read_events(data: bytes, at: int, max_events: int) -> tuple[list[EventFields], int]:
    """The events of one list that begins at ``at``, and where it ends; Unknown when it is not plain."""
    length, count = unpack_from("<ii", data, at + 5)
    end, at = at + 9 + length, at + 13
    if not 0 <= count <= max_events or end > len(data):
        raise Unknown
    events: list[EventFields] = []
    for _event in range(count):
        handle, fields = unpack_from("<Ii", data, at)
        at += 8
        if not 0 <= fields <= MAX_FIELDS:
            raise Unknown
        found: list[Field] = []
        for _field in range(fields):
            field, at = _variant(data, at)
            found.append(field)
        events.append(EventFields(handle, tuple(found)))
    if at != end:
        raise Unknown
    return events, end


def _variant(data: bytes, at: int) -> tuple[Field, int]:
    kind, at = data[at], at + 1
    if kind == 0:
        return (0, None), at
    reader = _READERS.get(kind)
    if reader is None:
        raise Unknown
    value, at = reader(data, at)
    return (kind, value), at


def _scalar(letter: str) -> Callable[[bytes, int], tuple[Any, int]]:
    record = struct.Struct("<" + letter)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return record.unpack_from(data, at)[0], at + record.size

    return read


def _bytes(data: bytes, at: int) -> tuple[bytes | None, int]:
    (length,), at = unpack_from("<i", data, at), at + 4
    if length < 0:
        return None, at
    if length > len(data) - at or length > MAX_TEXT:
        raise Unknown
    return data[at : at + length], at + length


def _text(data: bytes, at: int) -> tuple[str | None, int]:
    """A server that sends no UTF-8 still has an alarm: what cannot be read shows as a replacement mark."""
    raw, at = _bytes(data, at)
    return None if raw is None else raw.decode("utf-8", "replace"), at


def _localized(data: bytes, at: int) -> tuple[str | None, int]:
    mask, at = data[at], at + 1
    if mask & ~3:
        raise Unknown
    if mask & 1:
        _locale, at = _bytes(data, at)
    return _text(data, at) if mask & 2 else (None, at)


def _qualified(data: bytes, at: int) -> tuple[str | None, int]:
    return _text(data, at + 2)


def _guid(data: bytes, at: int) -> tuple[str, int]:
    raw = data[at : at + 16]
    if len(raw) != 16:
        raise Unknown
    return str(UUID(bytes_le=raw)), at + 16


def _node(data: bytes, at: int) -> tuple[str | None, int]:
    """A NodeId as text; None for the null node. A reference to another server is not plain."""
    form, at = data[at], at + 1
    if form == 0:
        return node_text(0, "i", data[at]), at + 1
    if form == 1:
        space, number = unpack_from("<BH", data, at)
        return node_text(space, "i", number), at + 3
    (space,), at = unpack_from("<H", data, at), at + 2
    if form == 2:
        return node_text(space, "i", unpack_from("<I", data, at)[0]), at + 4
    if form == 3:
        text, at = _text(data, at)
        return node_text(space, "s", text or ""), at
    if form == 4:
        guid, at = _guid(data, at)
        return node_text(space, "g", guid), at
    if form == 5:
        raw, at = _bytes(data, at)
        return node_text(space, "b", base64.b64encode(raw or b"").decode("ascii")), at
    raise Unknown


def node_text(space: int, kind: str, identifier: object) -> str | None:
    """``ns=2;s=Name`` or ``i=2253``; None for a null node."""
    if not space and identifier in (0, "", "00000000-0000-0000-0000-000000000000"):
        return None
    return f"ns={space};{kind}={identifier}" if space else f"{kind}={identifier}"


_READERS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    BOOLEAN: _scalar("?"),
    **{
        kind: _scalar(letter)
        for kind, letter in zip(range(2, 12), ("b", "B", "h", "H", "i", "I", "q", "Q", "f", "d"), strict=True)
    },
    TEXT: _text,
    TIME: _scalar("q"),
    14: _guid,
    BYTES: _bytes,
    16: _text,
    NODE: _node,
    18: _node,
    STATUS: _scalar("I"),
    20: _qualified,
    LOCALIZED: _localized,
}
