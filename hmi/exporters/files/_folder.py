"""Files that are whole or not there: written beside under another name, made durable, then renamed.

All paths are relative to the folder of the job and are written with ``/``. Only files that the names of this exporter
fit to are ever removed, whatever a manifest in a shared folder says.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from hmi.core.texts import tr
from hmi.export.port import TargetRefused, TargetUnavailable
from hmi.exporters.files._errors import told

PART: Final = re.compile(r"site=[^/\\]+/date=\d{4}-\d\d-\d\d/part-(\d{9,})\.(parquet|csv|xlsx)")
_TEMPORARY: Final = ".tmp"
_CANNOT_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems over a network answer that make no folder durable on demand."""


class JobFolder:
    """``root`` is the folder of one job below ``folder``. Errors are those of a target (``hmi.export.port``)."""

    def __init__(self, folder: Path, job: str, mount: Path | None) -> None:
        self.folder, self.root, self._mount = folder, folder / job, mount
        self._device = 0

    def open(self) -> None:
        """Make the folder where its parent is there; TargetUnavailable where that is not so, or nothing is mounted."""
        with told(self.folder):
            self._check_mount()
            if not self.folder.parent.is_dir():
                raise TargetUnavailable(
                    tr("neither {path} nor the folder above it is there; make or mount it", path=self.folder)
                )
            _make(self.folder, self.folder.parent)
            _make(self.root, self.folder)
            if not self.root.is_dir():
                raise TargetRefused(tr("{path} is no folder; name another one", path=self.root))
            self._device = self.folder.stat().st_dev

    def check(self) -> None:
        """TargetUnavailable where the folder is gone, or is on another disk than when it was opened."""
        with told(self.folder):
            self._check_mount()
            if self.folder.stat().st_dev != self._device:
                raise TargetUnavailable(
                    tr("{path} is on another disk than before; was its mount lost?", path=self.folder)
                )

    def _check_mount(self) -> None:
        if self._mount is not None and not os.path.ismount(self._mount):
            raise TargetUnavailable(tr("nothing is mounted at {path}; mount it", path=self._mount))

    def write_beside(self, path: str, chunks: Iterable[Any]) -> tuple[int, str]:
        """The content durable under its temporary name: size and SHA-256. ``chunks`` are bytes or buffers of them."""
        with told(self.root / path):
            return _write(self._temporary(path, make=True), chunks)

    def rename(self, paths: Iterable[str]) -> None:
        """What was written beside gets its name, and the names are durable."""
        folders: dict[Path, None] = {}
        for path in paths:
            with told(self.root / path):
                os.replace(self._temporary(path), self.root / path)
            folders[(self.root / path).parent] = None
        for folder in folders:
            with told(folder):
                _sync(folder)

    def put(self, path: str, content: bytes) -> None:
        """One small file, whole and durable."""
        self.write_beside(path, [content])
        self.rename([path])

    def get(self, path: str) -> bytes | None:
        """The content; None where there is no such file."""
        with told(self.root / path):
            try:
                return (self.root / path).read_bytes()
            except FileNotFoundError:
                return None

    def sizes(self, paths: Iterable[str]) -> dict[str, int]:
        """By path how many bytes it has; those that are not there are left out."""
        found: dict[str, int] = {}
        for path in paths:
            with told(self.root / path):
                try:
                    found[path] = (self.root / path).stat().st_size
                except FileNotFoundError:
                    continue
        return found

    def remove(self, path: str, *, durable: bool = False) -> None:
        """It, and what was written beside it; no error where it is not there."""
        for one in (self.root / path, self._temporary(path)):
            with told(one):
                one.unlink(missing_ok=True)
        if durable and (self.root / path).parent.is_dir():
            with told(self.root / path):
                _sync((self.root / path).parent)

    def discard(self, paths: Iterable[str]) -> None:
        """What was written beside is of no use any more; it is not asked whether that works."""
        for path in paths:
            try:
                self._temporary(path).unlink(missing_ok=True)
            except OSError:
                continue

    def remove_part(self, path: str, number: int) -> None:
        """A part of this package, and its folders where they are empty then. Other paths are left alone."""
        found = PART.fullmatch(path)
        if found is None or int(found[1]) != number:
            return
        self.remove(path)
        for folder in (self.root / path).parents:
            try:
                if folder == self.root:
                    return
                folder.rmdir()
            except OSError:
                return

    def names(self, folder: str) -> list[str]:
        """Files of a folder in no order, without those that are not finished, which are removed."""
        found: list[str] = []
        with told(self.root / folder):
            try:
                entries = os.listdir(self.root / folder)
            except FileNotFoundError:
                return found
            for name in entries:
                if name.startswith(".") and name.endswith(_TEMPORARY):
                    (self.root / folder / name).unlink(missing_ok=True)
                else:
                    found.append(name)
        return found

    def _temporary(self, path: str, *, make: bool = False) -> Path:
        whole = self.root / path
        if make:
            _make(whole.parent, self.folder)
        return whole.with_name(f".{whole.name}{_TEMPORARY}")


def _write(file: Path, chunks: Iterable[Any]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with file.open("wb", buffering=0) as out:
        for chunk in chunks:
            rest = memoryview(chunk).cast("B")
            digest.update(rest)
            size += len(rest)
            while rest:
                rest = rest[out.write(rest) :]
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _make(folder: Path, top: Path) -> None:
    """Missing folders below ``top``, durable; ``top`` itself is never made: it may be a mount that was lost."""
    if folder.is_dir():
        return
    if folder == top:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(top))
    _make(folder.parent, top)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(number)
