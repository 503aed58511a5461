"""The files of a plant folder as bytes: which they are, read together, and replaced together or not at all.

Whoever writes into a plant folder goes through ``write_files``: it refuses when a file on the disk is not what the
writer has read, so that of two engineers none overwrites the other without a word.
"""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from hmi.core.errors import ConfigurationError
from hmi.project._folder_lock import LOCK_FILE, WAIT_S, folder_lock
from hmi.project._plant_paths import SUB_FOLDERS, TOP_FILES, is_plant_file, plant_files
from hmi.project._replacing import finish, is_named_so, is_unfinished, replace_all, replace_file

__all__ = [
    "SUB_FOLDERS",
    "TOP_FILES",
    "ZIP_FAULTS",
    "Files",
    "FolderChanged",
    "Signature",
    "Written",
    "digest_of",
    "files_in_zip",
    "is_plant_file",
    "plant_files",
    "read_files",
    "read_whole",
    "replace_file",
    "settle",
    "signature_of",
    "write_files",
]

Files = Mapping[str, bytes | None]
"""Content by path below the folder, with slashes; None: there is no such file."""
MOST_BYTES: Final = 512_000_000
"""Of all files of one zip: a damaged one must not fill the memory."""
Signature = tuple[tuple[str, int, int, int], ...]
ZIP_FAULTS: Final = (
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, ValueError,
)  # fmt: skip
"""What a damaged zip makes of its reading, wherever the damage is."""
_Found = TypeVar("_Found")
_TRIES: Final = 8
_LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Written:
    """What ``write_files`` has changed: content before and after, of these files alone. False when nothing."""

    folder: Path
    before: Files
    after: Files

    def __bool__(self) -> bool:
        return bool(self.after)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.after)

    def undo(self, what: str) -> None:
        """Put back what was there; FolderChanged when somebody has changed one of the files since."""
        write_files(self.folder, self.before, before=self.after, what=what)


class FolderChanged(ConfigurationError):
    """Somebody else has changed a file since it was read; nothing was written."""


def read_files(folder: Path, names: Iterable[str] | None = None) -> dict[str, bytes | None]:
    """Their content at one moment; without ``names`` of all that are there. ConfigurationError for one that cannot be
    read, or where an interrupted change can neither be finished nor undone.
    """

    def read() -> dict[str, bytes | None]:
        return {name: _bytes(folder / name) for name in (plant_files(folder) if names is None else names)}

    return read_whole(folder, read)


def read_whole(folder: Path, read: Callable[[], _Found]) -> _Found:
    """What ``read`` makes of the folder's files, read again when one is replaced meanwhile: never half of a change.

    ConfigurationError when they do not come to rest, or as of ``settle``.
    """
    for _ in range(_TRIES):
        settle(folder)
        before = signature_of(folder)
        found = read()
        if not is_unfinished(folder) and signature_of(folder) == before:  # in this order
            return found
    raise ConfigurationError("is being written at this moment", file=str(folder), do="do it again")


def settle(folder: Path) -> None:
    """Finish or undo what an interrupted change of files has left, or wait until a running one is done.

    ConfigurationError when that is impossible; the plant must not be opened then.
    """
    until = time.monotonic() + WAIT_S
    while is_unfinished(folder):
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(folder_lock(folder, "the opening of the plant", wait_s=0))
            except ConfigurationError:  # it runs, or this user may only read and another one has to finish it
                if time.monotonic() >= until:
                    raise
                time.sleep(_LOOK_S)
            else:
                finish(folder)
    if (folder / LOCK_FILE).exists():
        with contextlib.suppress(ConfigurationError), folder_lock(folder, "hmi", wait_s=0):
            finish(folder)


def files_in_zip(file: Path) -> dict[str, bytes]:
    """The plant's files out of a zip; anything else in it is left out. ConfigurationError when it is none."""
    try:
        with zipfile.ZipFile(file) as archive:
            found = [one for one in archive.infolist() if is_plant_file(one.filename)]
            if sum(one.file_size for one in found) > MOST_BYTES:
                raise ConfigurationError("is larger than a plant can be", file=str(file))
            return {one.filename: archive.read(one) for one in found}
    except ZIP_FAULTS as error:
        raise ConfigurationError(f"cannot be read as a zip ({error})", file=str(file)) from error


def digest_of(files: Files) -> str:
    """SHA-256 over paths and bytes: two folders with the same digest hold the same."""
    found = hashlib.sha256()
    for name, content in sorted(files.items()):
        if content is not None:
            found.update(f"{name}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()


def signature_of(folder: Path) -> Signature:
    """What the disk says of each file without reading it: path, size, time of change (ns), number of the file."""
    found: list[tuple[str, int, int, int]] = []
    for name in plant_files(folder):
        try:
            stat = os.stat(os.path.join(folder, name))
        except OSError:
            continue
        found.append((name, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)


def write_files(folder: Path, files: Files, *, before: Files, what: str) -> Written:
    """Replace, make and (None) remove files: all of them or none, however it ends. ``what``: the verb that does it.

    FolderChanged when one of them is not what ``before`` says of it; ConfigurationError when one cannot be written.
    """
    after = {name: content for name, content in files.items() if content != before.get(name)}
    written = Written(folder, {name: before.get(name) for name in after}, after)
    if not after:
        return written
    with folder_lock(folder, what):
        finish(folder)
        for name in after:
            path = folder / name
            if (_bytes(path) if is_named_so(path) else None) != before.get(name):
                raise _not_as_read(path)
        replace_all(folder, written.before, after, what)
    return written


def _not_as_read(path: Path) -> FolderChanged:
    do = "nothing was written; look at it and do it again, or put both together with hmi merge"
    return FolderChanged("was changed at this moment by somebody else", file=str(path), do=do)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"cannot be read ({error.strerror or error})", file=str(path)) from error
