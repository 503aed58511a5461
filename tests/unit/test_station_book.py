"""Stations on other machines are taken when their record is kept, and let go at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import StorageError
from hmi.runtime._station_book import StationBook
from hmi.security.stations import Stations
from hmi.testing.services import FakeJournal

pytestmark = pytest.mark.asyncio


class Failing(FakeJournal):
    broken = False

    async def append(self, *entries: Any) -> Any:
        if self.broken:
            raise StorageError("the disk is full")
        return await super().append(*entries)


async def test_cr_2_8_a_station_is_not_taken_before_its_record_is_kept(tmp_path: Path) -> None:
    stations, journal = Stations(tmp_path), Failing()
    book = StationBook(stations)
    journal.broken = True
    token = stations.add("west", by="kim")
    await book.look(journal)
    assert book.station_of(token) == ""
    journal.broken = False
    await book.look(journal)
    assert book.station_of(token) == "west"
    assert [entry.event for entry in journal.entries] == ["station.added"]
    journal.broken = True
    stations.remove("west", by="kim")
    await book.look(journal)
    assert book.station_of(token) == ""
    journal.broken = False
    await book.look(journal)
    assert [entry.event for entry in journal.entries] == ["station.added", "station.removed"]
