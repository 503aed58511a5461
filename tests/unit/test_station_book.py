"""Stations on other machines are taken when their record is kept, and let go at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hmi.core.errors import StorageError
from hmi.runtime._station_book import StationBook
from hmi.runtime._station_guard import STATION, StationGuard
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


async def test_before_the_list_is_read_a_station_is_asked_to_wait_and_not_told_that_it_is_unknown(
    tmp_path: Path,
) -> None:
    stations, journal = Stations(tmp_path), Failing()
    token = stations.add("west", by="kim")
    book = StationBook(stations)
    taken: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        taken.append(scope[STATION])

    async def asked() -> int:
        told: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            told.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        headers = [(b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/v1/plant",
            "headers": headers,
            "client": ("10.0.0.7", 1),
        }
        await StationGuard(app, book)(scope, receive, send)
        return int(told[0]["status"]) if told else 200

    journal.broken = True
    await book.look(journal)
    assert await asked() == 503
    journal.broken = False
    await book.look(journal)
    assert (await asked(), taken) == (200, ["west"])
    stations.remove("west", by="kim")
    await book.look(journal)
    assert await asked() == 401
