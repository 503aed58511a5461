"""A disk that remembers what was written and what was synced, and that can be full: for the files of SQLite."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import apsw

SECTOR = 512
NAME = "watchkeeper-proof"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a file.

    ``write`` (at, data), ``truncate`` (at), ``sync``, ``delete``, ``rename`` (to); ``sync`` of "" is one of a folder.
    """

    file: str
    what: str
    at: int = 0
    data: bytes = b""
    to: str = ""


@dataclass
class Disk:
    """``room``: bytes that may still be added to files, None for no end."""

    events: list[Event] = field(default_factory=list)
    room: int | None = None

    def note(self, file: str, what: str, at: int = 0, data: bytes = b"", to: str = "") -> None:
        self.events.append(Event(file, what, at, data, to))

    def take(self, added: int) -> None:
        """Room for bytes behind the end of a file; apsw.FullError where there is none."""
        if self.room is not None and added > 0:
            if added > self.room:
                raise apsw.FullError("no space left on the disk of the proof")
            self.room -= added


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: object, flags: list[int]) -> None:
        super().__init__("unix", name, flags)  # pyright: ignore[reportArgumentType]
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

    def xLock(self, level: int) -> None:
        """A file that was opened to be read cannot be locked to be written, which SQLite tries when it closes it."""
        try:
            super().xLock(level)
        except apsw.IOError as error:
            raise apsw.BusyError("opened to be read only") from error

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.take(offset + len(data) - self.xFileSize())
        self._disk.note(self._name, "write", offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.note(self._name, "truncate", newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.note(self._name, "sync")
        # Nothing is really synced: the proof decides what a power cut would have left.


class _Vfs(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(NAME, "unix", makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> _File:  # pyright: ignore
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.note(filename, "delete")
        super().xDelete(filename, syncdir)


@contextmanager
def recorded() -> Iterator[Disk]:
    """Every SQLite file that is opened meanwhile lies on this disk; other writes and names are noted too.

    Linux only: it tells the name of an open file.
    """
    disk = Disk()
    vfs = _Vfs(disk)
    replace, unlink, fsync, write = os.replace, os.unlink, os.fsync, os.write

    def noted_replace(source: Any, target: Any, **more: Any) -> None:
        replace(source, target, **more)
        disk.note(os.fspath(source), "rename", to=os.fspath(target))

    def noted_unlink(path: Any, **more: Any) -> None:
        unlink(path, **more)
        disk.note(os.fspath(path), "delete")

    def noted_write(descriptor: int, data: Any) -> int:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if path.startswith("/") and os.path.isfile(path):
            disk.note(path, "write", os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data))
        return write(descriptor, data)

    def noted_fsync(descriptor: Any) -> None:
        disk.note("", "sync")

    os.replace, os.unlink, os.fsync, os.write = noted_replace, noted_unlink, noted_fsync, noted_write
    try:
        yield disk
    finally:
        os.replace, os.unlink, os.fsync, os.write = replace, unlink, fsync, write
        vfs.unregister()


def after_power_cut(before: dict[str, bytes], events: list[Event], chance: random.Random) -> dict[str, bytes]:
    """One of the states in which files can be found: what was synced, and any part of what was not.

    Writes that were not synced are there, not there, or torn between two sectors, each by itself, so that a later one
    can be there without an earlier one. Names (files made, renamed, removed) keep their order, as in the journals of
    ext4, XFS, NTFS and APFS: any sync makes all before it certain, and what comes after is there up to some point.
    """
    steps = _steps(before, events)
    synced = {step.key: place for place, step in enumerate(steps) if step.event.what == "sync"}
    named_until = chance.randint(max(synced.values(), default=0), len(steps))
    kept = chance.choice((0.0, 0.3, 0.7, 1.0))
    names = {name: number for number, name in enumerate(before)}
    files = {number: bytearray(data) for number, data in enumerate(before.values())}
    for place, (event, key) in enumerate(steps):
        if event.what in ("create", "delete", "rename"):
            if place < named_until:
                _name(names, event, key)
        elif event.what != "sync":
            durable = place < synced.get(key, -1)
            if durable or chance.random() < kept:
                data = event.data if durable else _torn(event.data, chance)
                _apply(files.setdefault(key, bytearray()), event, data)
    return {name: bytes(files.get(key, b"")) for name, key in names.items()}


class _Step(NamedTuple):
    """An event on one certain file, whatever it is called then."""

    event: Event
    key: int


def _steps(before: dict[str, bytes], events: list[Event]) -> list[_Step]:
    """The events with the files they were about; the first one on a new name makes it."""
    names, steps = {name: number for number, name in enumerate(before)}, []
    for event in events:
        if event.what == "sync" and not event.file:
            steps.append(_Step(event, -1))
            continue
        if event.file not in names:
            names[event.file] = len(before) + len(steps)
            steps.append(_Step(Event(event.file, "create"), names[event.file]))
        steps.append(_Step(event, names[event.file]))
        if event.what in ("delete", "rename"):
            _name(names, event, names[event.file])
    return steps


def _name(names: dict[str, int], event: Event, key: int) -> None:
    if event.what == "create":
        names[event.file] = key
        return
    names.pop(event.file, None)
    if event.what == "rename":
        names[event.to] = key


def _apply(content: bytearray, event: Event, data: bytes) -> None:
    if event.what == "truncate":
        del content[event.at :]
        return
    if len(content) < event.at:
        content.extend(bytes(event.at - len(content)))
    content[event.at : event.at + len(data)] = data


def _torn(data: bytes, chance: random.Random) -> bytes:
    """Often whole, else cut after some sectors."""
    if chance.random() < 0.7 or len(data) <= SECTOR:
        return data
    return data[: SECTOR * chance.randrange(len(data) // SECTOR + 1)]


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their whole name; the shared memory of SQLite does not outlive power."""
    found = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return {str(path): path.read_bytes() for path in found if not path.name.endswith("-shm")}
