"""The file of points that are held back: a kill or a power cut loses no more of them than of what is committed."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hmi.core.errors import StorageError
from hmi.core.texts import tr
from hmi.historian.blocks import BlockDamaged, decode_scan, encode_scan
from hmi.historian.samples import Batch

FILE: Final = "held.bin"
_MAGIC: Final = b"WKHELD1\n"
_HEAD: Final = struct.Struct(
    "<IIqB"
)  # length and CRC of what follows, alive (UTC ns), whether all was ended well
_LARGE: Final = 4_000_000


@dataclass(slots=True)
class HeldState:
    """What the file says: ``alive`` is the newest instant (UTC ns) at which the recorder ran, 0 = not known.

    ``batches``: of each tag the last that names it counts. ``is_closed``: the recorder ended by itself.
    """

    alive: int = 0
    is_closed: bool = False
    batches: list[Batch] = field(default_factory=list[Batch])


class HeldFile:
    """One append-only file beside the archive, written again when it grows large. StorageError where it cannot be.

    A torn or damaged tail is what was being written: it ends the file.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._file: int | None = None
        self._size = 0
        self._is_outdated = False

    def read(self) -> HeldState:
        """What a run before this one left."""
        state = HeldState()
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return state
        except OSError as error:
            raise _unusable(self._path, error) from error
        for alive, closed, payload in _records(data):
            if payload:
                try:
                    state.batches.append(decode_scan(payload))
                except BlockDamaged:
                    break
            state.alive, state.is_closed = alive, closed
        return state

    @property
    def is_open(self) -> bool:
        return self._file is not None

    @property
    def is_due(self) -> bool:
        """It is time to write the file again."""
        return self._is_outdated or self._size > _LARGE

    def outdate(self) -> None:
        """What it says of earlier points counts no longer: they are about to be changed where they are stored."""
        self._is_outdated = True

    def renew(self, batch: Batch, alive: int) -> None:
        """A new file that holds only this."""
        fresh = self._path.with_suffix(".new")
        record = _record(batch, alive, False)
        try:
            with fresh.open("wb") as file:
                file.write(_MAGIC + record)
                file.flush()
                os.fsync(file.fileno())
            self._shut()
            os.replace(fresh, self._path)
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise _unusable(self._path, error) from error
        self._size, self._is_outdated = len(_MAGIC) + len(record), False

    def add(self, batch: Batch | None, alive: int, *, closed: bool = False) -> None:
        """Durable when there are points in it; a sign of life alone is not worth a wait for the disk.

        Where it cannot be written the file is shut, for nobody reads beyond a torn record: it has to be renewed.
        """
        if self._file is None:
            return
        record = _record(batch, alive, closed)
        try:
            if os.write(self._file, record) < len(record):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if closed or (batch is not None and len(batch)):
                os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)
        except OSError as error:
            self._shut()
            raise _unusable(self._path, error) from error
        self._size += len(record)

    def close(self) -> None:
        self._shut()

    def _shut(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = None


def _record(batch: Batch | None, alive: int, closed: bool) -> bytes:
    payload = encode_scan(batch) if batch is not None and len(batch) else b""
    head = _HEAD.pack(len(payload), 0, alive, closed)
    crc = zlib.crc32(payload, zlib.crc32(head))
    return _HEAD.pack(len(payload), crc, alive, closed) + payload


def _records(data: bytes) -> Iterator[tuple[int, bool, bytes]]:
    if not data.startswith(_MAGIC):
        return
    place = len(_MAGIC)
    while place + _HEAD.size <= len(data):
        length, crc, alive, closed = _HEAD.unpack_from(data, place)
        payload = data[place + _HEAD.size : place + _HEAD.size + length]
        head = _HEAD.pack(length, 0, alive, closed)
        if len(payload) != length or zlib.crc32(payload, zlib.crc32(head)) != crc:
            return
        yield alive, bool(closed), payload
        place += _HEAD.size + length


def _unusable(path: Path, error: OSError) -> StorageError:
    return StorageError(tr("{path} cannot be used: {error}", path=path, error=error))
