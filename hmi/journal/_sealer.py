"""Seals the journal's head in files outside of its database, so that a journal that was rewritten or cut is found."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from hmi.core.clock import wall_ns
from hmi.core.errors import StorageError
from hmi.journal.audit_checker import GENESIS, Seal, seal_line, seal_of, sealed

SEALS_FILE = Path("seals", "seals.jsonl")
"""In the data folder, beside the journal."""
SEAL_KEY = "audit-seal"
"""Name of the secret that holds the key."""
TAIL = 64 * 1024
"""Bytes at the end of a file in which its last whole line lies."""


class Sealer:
    """Appends seals to a file and to further copies of it. Everything blocks: call it from a thread.

    A copy that could not be written gets what it lacks with the next seal.
    """

    def __init__(
        self,
        file: Path,
        copies: Sequence[Path],
        *,
        runtime_id: str,
        key: bytes,
        now_ns: Callable[[], int] = wall_ns,
    ) -> None:
        self._file, self._copies = file, tuple(copies)
        self._runtime_id, self._key, self._now_ns = runtime_id, key, now_ns
        self._last: tuple[int, str] = (0, GENESIS)
        self._newest: Seal | None = None
        self._size = 0

    def open(self, noted: tuple[int, str]) -> str:
        """Find the last seal; ``noted`` is what the journal knows of it.

        Empty, or one sentence when the two do not fit: what is sealed from here on follows the later one of them.
        StorageError when the file cannot be used.
        """
        try:
            _make_folder(self._file.parent)
            last = _last_in(self._file)
            self._size = self._file.stat().st_size if self._file.exists() else 0
        except OSError as error:
            raise StorageError(f"{self._file}: {error.strerror or error}") from error
        found = (last.n, last.digest) if last else (0, GENESIS)
        self._last = max(found, noted, key=lambda one: one[0])
        fits = found == noted or (last is not None and last.n == noted[0] + 1 and last.prev == noted[1])
        if fits:
            return ""
        return f"the journal knows of {noted[0]} seals, {self._file.name} holds {found[0]}: one of them was changed"

    @property
    def last(self) -> tuple[int, str]:
        """Number and digest of the last seal; 0 before the first."""
        return self._last

    def seal(self, head: tuple[int, str], why: str) -> Seal | None:
        """Seal number and hash of the last record; None when the seal before says the same.

        StorageError when it cannot be kept, or when somebody else has changed the file.
        """
        if self._newest is not None and head == (self._newest.seq, self._newest.hash):
            return None
        n, prev = self._last
        seal = sealed(n + 1, self._now_ns(), head, why, self._runtime_id, prev, self._key)
        try:
            self._append(seal)
        except OSError as error:
            raise StorageError(f"{self._file}: {error.strerror or error}") from error
        self._last, self._newest = (seal.n, seal.digest), seal
        return seal

    def copy(self) -> None:
        """Bring every further copy up to date; StorageError names the first that could not be."""
        faults = [fault for copy in self._copies if (fault := self._bring_up(copy))]
        if faults:
            raise StorageError(faults[0])

    def _append(self, seal: Seal) -> None:
        size = self._file.stat().st_size if self._file.exists() else 0
        changed = size != self._size
        line = seal_line(seal).encode()
        _append(self._file, line, size)
        self._size = size + len(line)
        if changed:
            self._last = (seal.n, seal.digest)
            raise StorageError(f"{self._file}: somebody else changed this file")

    def _bring_up(self, copy: Path) -> str:
        """Empty or why the copy is not up to date."""
        try:
            _make_folder(copy.parent)
            last = _last_in(copy)
            missing = self._since(last)
            if not missing and last is not None and (last.n, last.digest) == self._last:
                return ""
            if last is not None and (not missing or missing[0].prev != last.digest):
                return f"{copy}: is not a copy of {self._file}"
            text = "".join(seal_line(seal) for seal in missing).encode()
            _append(copy, text, copy.stat().st_size if copy.exists() else 0)
        except OSError as error:
            return f"{copy}: {error.strerror or error}"
        return ""

    def _since(self, last: Seal | None) -> list[Seal]:
        """What a copy that ends with ``last`` lacks; as a rule the newest seal alone."""
        if self._newest is not None and last is not None and last.digest == self._newest.prev:
            return [self._newest]
        return [seal for seal in _seals_of(self._file) if last is None or seal.n > last.n]


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _append(file: Path, text: bytes, size: int) -> None:
    """All of it or nothing, on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    number = os.open(file, flags, 0o600)
    try:
        try:
            if os.write(number, text) != len(text):
                raise OSError(f"only a part of {len(text)} bytes could be written")
            os.fsync(number)
        except OSError:
            os.ftruncate(number, size)
            raise
    finally:
        os.close(number)


def _last_in(file: Path) -> Seal | None:
    """The last seal of a file; a line that a power cut left unfinished is cut off."""
    try:
        with file.open("r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(size - TAIL, 0))
            whole, mark, rest = stream.read().rpartition(b"\n")
            if rest:
                stream.truncate(size - len(rest))
    except FileNotFoundError:
        return None
    if not mark:
        return None
    try:
        return seal_of(whole.rpartition(b"\n")[2].decode("utf-8"))
    except (ValueError, TypeError) as error:
        raise OSError(f"its last line is not a seal ({error})") from error


def _seals_of(file: Path) -> list[Seal]:
    try:
        return [seal_of(line) for line in file.read_text(encoding="utf-8").split("\n")[:-1]]
    except (ValueError, TypeError) as error:
        raise OSError(f"{file} holds a line that is not a seal") from error
