"""PNG files for tests, made in memory."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 64, height: int = 40) -> bytes:
    """A gray picture with a grid, as a floor plan may look."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows.append(90 if x % 32 < 2 or y % 32 < 2 else 170 + (x * 60 // width))
    return framed(width, height, zlib.compress(bytes(rows), 9))


def framed(width: int, height: int, data: bytes) -> bytes:
    """8-bit gray, with whatever is given as compressed rows."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
