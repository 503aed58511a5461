"""The contract of archives, run on the one in memory (the fake of other tests) and on the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("archive_contract", "archive_contract_writes", "archive_contract_random")

from archive_contract import (  # noqa: E402
    FINE_TAG,
    STEPPED_TAG,
    FieldsContract,
    Place,
    ReadsContract,
    Settler,
    settle,
)
from archive_contract_random import RandomContract  # noqa: E402
from archive_contract_writes import TellsContract, WritesContract  # noqa: E402

from hmi.historian.port import Archive, ArchiveReader  # noqa: E402
from hmi.stores import sqlite  # noqa: E402
from hmi.testing.archive import MemoryArchive  # noqa: E402

__all__ = ["settle"]


class MemoryPlace:
    """One archive for writing and reading; it outlives its process because there is none."""

    def __init__(self) -> None:
        self.archive: Archive = MemoryArchive(stepped=self._stepped)

    def _stepped(self, tag: int) -> bool:
        return self.archive.tags().get(STEPPED_TAG) == tag

    def writer(self) -> Archive:
        return self.archive

    def reader(self) -> ArchiveReader:
        return self.archive

    def reopened(self) -> Archive:
        return self.archive


class TestMemory(ReadsContract, FieldsContract, WritesContract, TellsContract, RandomContract):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()

    @pytest.fixture(params=["live", "compacted"])
    def settle(self, request: pytest.FixtureRequest, place: Place) -> Settler:
        return Settler(place, request.param)


class SqlitePlace:
    """A folder; the writer is opened at its first use, readers are as other processes open them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._archive: Archive | None = None
        self._readers: list[ArchiveReader] = []

    def _is(self, tag: int, tag_id: str) -> bool:
        return self.writer().tags().get(tag_id) == tag

    def _tags_are(self) -> dict[str, Callable[[int], bool]]:
        return {
            "stepped": lambda tag: self._is(tag, STEPPED_TAG),
            "fine": lambda tag: self._is(tag, FINE_TAG),
        }

    def writer(self) -> Archive:
        if self._archive is None:
            self._archive = sqlite.open_archive(self._folder, **self._tags_are())
        assert self._archive is not None
        return self._archive

    def reader(self) -> ArchiveReader:
        self.writer()
        self._readers.append(sqlite.open_reader(self._folder, **self._tags_are()))
        return self._readers[-1]

    def reopened(self) -> Archive:
        self.close()
        return self.writer()

    def close(self) -> None:
        for one in [*self._readers, *([self._archive] if self._archive else [])]:
            one.close()
        self._readers, self._archive = [], None


class TestSqlite(ReadsContract, FieldsContract, WritesContract, TellsContract, RandomContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        place = SqlitePlace(tmp_path / "history")
        yield place
        place.close()
