"""A small file that says which commit was the last durable one.

A flipped byte in a write-ahead log makes SQLite drop every later commit without a word; this tells that they are gone.
It is written after the commit and not synced: it never runs ahead of what was durable, and after a power cut it may lie
behind.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final

from hmi.stores.sqlite._connect import told

HEAD_FILE: Final = "head"
_SEQ: Final = struct.Struct("<q")


class HeadFile:
    """Open while the archive is written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / HEAD_FILE
        with told(self._path):
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        data = os.read(self._descriptor, _SEQ.size + 4)
        good = len(data) == _SEQ.size + 4 and zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "little")
        self.seq = int(_SEQ.unpack(data[:-4])[0]) if good else 0

    def put(self, seq: int) -> None:
        """A disk that takes nothing more costs only the warning, never the commit."""
        data = _SEQ.pack(seq)
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, data + zlib.crc32(data).to_bytes(4, "little"))
        except OSError:
            return

    def close(self) -> None:
        os.close(self._descriptor)
