"""Finds commits that SQLite leaves out of a write-ahead log without a word: everything behind a damaged byte.

SQLite reads a log up to the first frame whose checksum is wrong, as if the rest had never been written. After a
power cut that is right for the one commit that was being written; a damaged byte hides all that follow it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hmi.core.texts import tr
from hmi.historian.port import Damage
from hmi.stores.sqlite._connect import open_reading, told
from hmi.stores.sqlite._lock import is_locked
from hmi.stores.sqlite._recent import EARLIEST, LATEST

_HEADER: Final = struct.Struct(">8I")
"""Magic, format, page size, checkpoint, two salts, two checksums."""
_FRAME: Final = struct.Struct(">6I")
"""Page, size of the database after a commit (0: none here), two salts, two checksums."""
_KNOWN_AT: Final = 16
"""Where the log's shared memory says how many frames are known."""


def lost_in_logs(folder: Path, *, writer: bool) -> list[Damage]:
    """What the logs of a folder hold and nobody reads; nothing while another process writes, which changes them."""
    if not writer and is_locked(folder):
        return []
    found = [(path, _lost(path)) for path in sorted(folder.glob("*.db-wal"))]
    return [_damage(path, commits) for path, commits in found if commits]


def _damage(path: Path, commits: int) -> Damage:
    text = tr(
        "{file}: {count} commits at its end cannot be read; it is damaged, or the power failed during the last one",
        file=path.name,
        count=commits,
    )
    return Damage(path.name, "end of the log", 0, EARLIEST, LATEST, text)


def _lost(path: Path) -> int:
    """Commits of the log behind the last frame that SQLite takes; 1 for a header that is wrong."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or not any(header):
            return 0
        _, _, page, _, salt, other, *check = _HEADER.unpack(header)
        if list(_checksum(header)) != check:
            return 1
        known = _known_frames(path)
        lost = 0
        for number, (size, *salts) in enumerate(_frames(path, page), 1):
            lost += number > known and size > 0 and salts == [salt, other]
        return lost


def _frames(path: Path, page: int) -> Iterator[tuple[int, int, int]]:
    """(size of the database, salts) of every whole frame."""
    step = _FRAME.size + page
    with path.open("rb") as file:
        file.seek(_HEADER.size)
        for _ in range((path.stat().st_size - _HEADER.size) // step):
            _, size, salt, other, *_ = _FRAME.unpack(file.read(_FRAME.size))
            file.seek(page, 1)
            yield size, salt, other


def _known_frames(path: Path) -> int:
    """How many frames of its log SQLite takes for good."""
    main = path.with_name(path.name.removesuffix("-wal"))
    with told(main):
        database = open_reading(main)
        try:
            database.execute("select 1 from sqlite_schema")
            with main.with_name(main.name + "-shm").open("rb") as shared:
                shared.seek(_KNOWN_AT)
                return int.from_bytes(shared.read(4), "little")
        finally:
            database.close()


def _checksum(header: bytes) -> tuple[int, int]:
    """Of the first 24 bytes, in the byte order that the magic number says."""
    order = ">" if header[3] & 1 else "<"
    words = struct.unpack(f"{order}6I", header[:24])
    first = second = 0
    for one, two in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
