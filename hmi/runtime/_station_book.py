"""Which stations on other machines are taken now, followed from the file of ``hmi station``, and what was refused."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.errors import StorageError
from hmi.core.journal import Entry, JournalRecord, JournalWriter, Kind
from hmi.core.principal import SYSTEM, Principal
from hmi.security.stations import Station, Stations, token_hash

log = logging.getLogger(__name__)

LOOK_S = 1.0
TELL_NS = 60 * NS_PER_S
OBJECT = "station:"
ADDRESSES_MOST = 5


class Refusals:
    """Counts what was refused; one record for each reason and station in a minute at most."""

    def __init__(self, now_ns: Callable[[], int] = monotonic_ns) -> None:
        self._now_ns = now_ns
        self._counts: Counter[tuple[str, str]] = Counter()
        self._addresses: dict[tuple[str, str], set[str]] = {}
        self._told_at = -TELL_NS

    def add(self, why: str, station: str, address: str) -> None:
        """``station`` is empty while nobody knows who asks."""
        key = (why, station)
        self._counts[key] += 1
        known = self._addresses.setdefault(key, set())
        if len(known) < ADDRESSES_MOST:
            known.add(address)

    def due(self) -> list[Entry]:
        """What the journal is to be told now."""
        now = self._now_ns()
        if not self._counts or now - self._told_at < TELL_NS:
            return []
        self._told_at = now
        entries = [
            Entry(
                Kind.SYSTEM, "remote.refused", SYSTEM, f"{OBJECT}{station}" if station else "", 0,
                {"why": why, "station": station, "count": count, "addresses": sorted(self._addresses[why, station])},
            )
            for (why, station), count in self._counts.items()
        ]  # fmt: skip
        self._counts.clear()
        self._addresses.clear()
        return entries


class StationBook:
    """Follows the file within a second, journals every change of it, and ends what a removed station has open."""

    def __init__(self, stations: Stations) -> None:
        self._stations = stations
        self._state = (0, 0)
        self._names: dict[str, str] = {}
        self._journalled: dict[str, str] = {}
        self._open: dict[str, set[asyncio.Event]] = {}
        self._fault = ""
        self.is_read = False
        """The file was read once: before that nobody knows whom to take."""
        self.refusals = Refusals()

    def station_of(self, token: str) -> str:
        """The name that a token belongs to; empty for none."""
        return self._names.get(token_hash(token), "") if token else ""

    def restore(self, audit: tuple[JournalRecord, ...]) -> None:
        """What the journal knows already of the stations."""
        for record in audit:
            if record.object_id.startswith(OBJECT) and "fingerprint" in record.payload:
                name = record.object_id.removeprefix(OBJECT)
                self._journalled[name] = str(record.payload["fingerprint"])

    def opened(self, token: str) -> asyncio.Event:
        """A live connection begins; the event is set when its token ends."""
        ended = asyncio.Event()
        self._open.setdefault(token_hash(token), set()).add(ended)
        return ended

    def closed(self, token: str, ended: asyncio.Event) -> None:
        """The connection is gone."""
        key = token_hash(token)
        events = self._open.get(key, set())
        events.discard(ended)
        if not events:
            self._open.pop(key, None)

    def open_of(self, token: str) -> int:
        """How many live connections a token has."""
        return len(self._open.get(token_hash(token), ()))

    async def run(self, journal: JournalWriter) -> None:
        """Until cancelled."""
        while True:
            await self.look(journal)
            await asyncio.sleep(LOOK_S)

    async def look(self, journal: JournalWriter) -> None:
        """Once; also at the start, before anybody is taken."""
        try:
            state = await asyncio.to_thread(self._stations.state)
            if state != self._state:
                stations = await asyncio.to_thread(self._stations.all)
                self._take(
                    [one for one in stations if one.sha256 in self._names]
                )  # who was taken away, at once
                await self._journal(journal, stations)
                self._take(stations)
                self._state = state
            self.is_read = True
            if entries := self.refusals.due():
                await journal.append(*entries)
            self._fault = ""
        except StorageError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                log.error("Stations: %s", error)

    def _take(self, stations: list[Station]) -> None:
        self._names = {one.sha256: one.name for one in stations if one.is_active}
        for key, events in self._open.items():
            if key not in self._names:
                for ended in events:
                    ended.set()

    async def _journal(self, journal: JournalWriter, stations: list[Station]) -> None:
        changed = [one for one in stations if self._journalled.get(one.name, "") != one.fingerprint]
        if changed:
            await journal.append(*map(self._entry, changed))
            self._journalled.update((one.name, one.fingerprint) for one in changed)

    def _entry(self, one: Station) -> Entry:
        known = self._journalled.get(one.name, "")
        event = "removed" if not one.is_active else "renewed" if known else "added"
        who = Principal(one.changed_by, "console", "")
        payload = {"name": one.name, "fingerprint": one.fingerprint}
        return Entry(Kind.AUDIT, f"station.{event}", who, OBJECT + one.name, one.changed_at, payload)
