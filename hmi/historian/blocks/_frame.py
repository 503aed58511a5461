"""The frame around every block: magic, kind, format, count and a CRC over all of it.

Little-endian: ``WK``, kind (1 byte), format (1 byte), count (uint32), payload, CRC-32 of all before it (uint32).
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from hmi.core.errors import StorageError

FORMAT: Final = 1
MOST_ROWS: Final = 1 << 23
"""More rows are refused before anything is allocated for them: 97 days of one tag at 1 s."""
MOST_BYTES: Final = 1 << 29
"""What the compressed part of one block may become when it is unpacked."""

_HEAD: Final = struct.Struct("<2sBBI")
_CRC: Final = struct.Struct("<I")
_RESIDUE: Final = 0x2144DF1C
"""CRC-32 of bytes that end with the CRC-32 of those before it, and of no others."""
_MAGIC: Final = b"WK"


class BlockDamaged(StorageError):
    """A stored block whose CRC or content is wrong; nothing of it may be used."""


class BlockTooLarge(StorageError):
    """More than one block may hold: write it as several."""


def sealed(kind: bytes, count: int, payload: bytes) -> bytes:
    """A block of ``count`` rows; BlockTooLarge beyond ``MOST_ROWS``."""
    if count > MOST_ROWS:
        raise BlockTooLarge(f"{count} rows do not fit into one block, which holds {MOST_ROWS}; write several")
    body = _HEAD.pack(_MAGIC, kind[0], FORMAT, count) + payload
    return body + _CRC.pack(zlib.crc32(body))


def opened(kind: bytes, data: bytes) -> tuple[int, Cursor]:
    """(count, cursor at the payload) of a block of this kind; BlockDamaged where anything is not as it was written."""
    end = len(data) - _CRC.size
    if end < _HEAD.size:
        raise BlockDamaged(f"a block of {len(data)} bytes is cut off")
    if zlib.crc32(data) != _RESIDUE:
        raise BlockDamaged("the checksum of a block does not fit its content")
    magic, found, form, count = _HEAD.unpack_from(data)
    if magic != _MAGIC or found != kind[0]:
        raise BlockDamaged(f"a block of kind {kind.decode()} was expected, this is {bytes([found])!r}")
    if form != FORMAT:
        raise BlockDamaged(f"block format {form} is newer than this program, which reads {FORMAT}")
    if count > MOST_ROWS:
        raise BlockDamaged(f"a block says that it holds {count} rows; {MOST_ROWS} is the most")
    return count, Cursor(data, _HEAD.size, end)


class Cursor:
    """Reads a payload piece by piece and never beyond its end (BlockDamaged)."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def byte(self) -> int:
        at = self._at
        if at >= self._end:
            raise BlockDamaged("a block ends before its content")
        self._at = at + 1
        return self._data[at]

    def peek(self) -> int:
        """The next byte, which stays the next one; -1 at the end."""
        return self._data[self._at] if self._at < self._end else -1

    def take(self, size: int) -> bytes:
        at = self._at
        if size < 0 or size > self._end - at:
            raise BlockDamaged("a block ends before its content")
        self._at = at + size
        return bytes(self._data[at : self._at])

    def unsigned(self) -> int:
        """A number of 7 bits a byte, lowest first, up to 64 bits."""
        data, at, end = self._data, self._at, self._end
        number = shift = 0
        while True:
            if at >= end:
                raise BlockDamaged("a block ends before its content")
            part = data[at]
            at += 1
            number |= (part & 0x7F) << shift
            if part < 0x80:
                break
            shift += 7
            if shift > 63:
                raise BlockDamaged("a number in a block has more than 64 bits")
        self._at = at
        if number >> 64:
            raise BlockDamaged("a number in a block has more than 64 bits")
        return number

    def signed(self) -> int:
        number = self.unsigned()
        return (number >> 1) ^ -(number & 1)

    def sized(self) -> bytes:
        """Bytes behind their length."""
        return self.take(self.unsigned())

    def finish(self) -> None:
        if self._at != self._end:
            raise BlockDamaged("a block is longer than its content")


def unsigned(number: int) -> bytes:
    """The way back of ``Cursor.unsigned``; 0 <= number < 2**64."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed(number: int) -> bytes:
    """-2**63 <= number < 2**63."""
    return unsigned((number << 1) ^ (number >> 63))


def sized(data: bytes) -> bytes:
    return unsigned(len(data)) + data
