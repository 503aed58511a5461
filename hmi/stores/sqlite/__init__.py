"""The embedded archive: history in SQLite files that hold blocks, in one folder (design section 5).

The folder has ``live.db`` (catalogue, commits, what was changed, annotations) and one file per UTC day with chunks,
rollups and keyframes. It must be on a local disk: a write-ahead log does not work over a network share.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hmi.historian.care import CheckedReader
from hmi.historian.port import Archive
from hmi.stores.sqlite._archive import SqliteArchive
from hmi.stores.sqlite._backup import ArchiveCopy, copy_database, copy_file
from hmi.stores.sqlite._packs import MEMORY
from hmi.stores.sqlite._reader import SqliteReader
from hmi.stores.sqlite._schema import LIVE_FILE
from hmi.stores.sqlite._settings import Settings

__all__ = ["LIVE_FILE", "ArchiveCopy", "copy_database", "copy_file", "open_archive", "open_reader"]


def open_archive(
    folder: Path,
    *,
    stepped: Callable[[int], bool] = lambda tag: False,
    fine: Callable[[int], bool] = lambda tag: False,
    memory: int = MEMORY,
) -> Archive:
    """Open or begin the archive of a folder for writing; StorageError where it cannot be, or another process writes.

    ``stepped``: whether the value of a tag number stands between two samples, else it is a line. ``fine``: whether a
    tag number keeps rollups of one minute besides those of ten and of an hour. ``memory``: bytes that
    decoded live samples may take.
    """
    return SqliteArchive(folder, Settings(stepped, fine, memory=memory))


def open_reader(
    folder: Path,
    *,
    stepped: Callable[[int], bool] | None = None,
    fine: Callable[[int], bool] | None = None,
    memory: int = MEMORY,
) -> CheckedReader:
    """Read an archive, also while another process writes it and from a medium that cannot be written.

    ``stepped``, ``fine``, ``memory``: as in ``open_archive``; without the first two what the writer noted of its tags.
    """
    return SqliteReader(folder, stepped=stepped, fine=fine, memory=memory)
