"""Where ``hmi alarms`` reads: the API of a runtime that runs, else its data folder, which is only read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import asdict, replace

from hmi.client.alarms import JournalQuery
from hmi.core.alarms import STATELESS
from hmi.core.errors import UsageError
from hmi.project.plant import Plant

PAGE = 1_000
_LIST_OF = {"SHLVD": "shelved", "DSUPR": "suppressed", "OOSRV": "out_of_service", "NORM": ""}


class AlarmData(Protocol):
    """``note`` is a sentence that goes before what was read; empty = it is live and whole."""

    note: str

    def rows(self, state: str) -> list[dict[str, Any]]:
        """The alarms of one of ``ALARM_LISTS``."""
        ...

    def records(self, query: JournalQuery, count: int) -> Iterator[dict[str, Any]]:
        """The newest records of a query, at most ``count``."""
        ...

    def figures(self, start: int, end: int, area: str) -> dict[str, Any]:
        """The figures of the alarm system."""
        ...


def alarm_data(plant: Plant, data: Path) -> AlarmData:
    """The source for a plant; UsageError when there is none."""
    from hmi.bootstrap import JOURNAL_FILE
    from hmi.client.local import is_running

    if is_running(data):
        return _Running(data)
    journal = data / JOURNAL_FILE
    if not journal.exists():
        raise UsageError(
            f"{data}: no runtime runs here and there is no journal; start one with: hmi run PLANT"
        )
    return _Resting(plant, journal)


class _Running:
    def __init__(self, data: Path) -> None:
        self._data, self.note = data, ""

    def rows(self, state: str) -> list[dict[str, Any]]:
        from hmi.client.once import ask

        return ask(self._data, "/v1/alarms", {"state": state})

    def records(self, query: JournalQuery, count: int) -> Iterator[dict[str, Any]]:
        from hmi.client.once import ask

        before = 0
        while count > 0:
            asked = replace(query, before=before, limit=min(count, PAGE))
            page = ask(self._data, "/v1/journal/search", {k: v for k, v in asdict(asked).items() if v})
            yield from page["records"]
            count -= len(page["records"])
            before = page["next_before"]
            if not before:
                return

    def figures(self, start: int, end: int, area: str) -> dict[str, Any]:
        from hmi.client.once import ask

        return ask(self._data, "/v1/alarms/figures", {"start": start, "end": end, "area": area})


class _Resting:
    """What the journal says. Nothing of it is live: the note says so, and of when it is."""

    def __init__(self, plant: Plant, path: Path) -> None:
        from hmi.journal import JournalReader

        self._plant, self._path = plant, path
        self._reader = JournalReader(path, read_only=True)
        newest = self._reader.newest(1, "", "")
        self._until = newest[-1].receive_time if newest else 0
        self.note = f"No runtime is running: this is what was so at the last record, {shown_time(plant, self._until)}."
        if not self._reader.has_index:
            raise UsageError(
                f"{path}: written by an older version; start a runtime on it once, then ask again"
            )
        if below := self._reader.indexed_from():
            self.note += f" Records before number {below} are not searched; a runtime goes on taking them in."

    def rows(self, state: str) -> list[dict[str, Any]]:
        records = self._reader.newest_of_each("alarm", STATELESS)
        rows = [
            {**record.payload, "alarm_id": record.object_id, "state": record.payload["after"]}
            for record in records
            if _LIST_OF.get(str(record.payload.get("after", "NORM")), "active") == state
        ]
        return sorted(rows, key=lambda row: (row.get("priority", 0), -row.get("alarm_time", 0)))

    def records(self, query: JournalQuery, count: int) -> Iterator[dict[str, Any]]:
        from hmi.journal import record_dict

        for record in islice(self._reader.everything(query), count):
            yield record_dict(record)

    def figures(self, start: int, end: int, area: str) -> dict[str, Any]:
        from hmi.alarms.kpi import configured, fact_of, figures, is_read
        from hmi.journal import alarm_lines

        end = end or self._until + 1
        start = start or end - 7 * 86_400 * 10**9
        lines = alarm_lines(self._path, start, end)
        facts = (
            fact_of(one.event, one.event_time, one.object_id, one.actor, one.simulated, one.payload)
            for one in lines
            if is_read(one.kind, one.event)
        )
        return figures(
            facts, start, end, self._plant.zone, targets=self._plant.alarm_targets, area=area,
            simulated=self._plant.simulated, configured=configured(self._plant, area),
        )  # fmt: skip


def shown_time(plant: Plant, at_ns: int) -> str:
    """A UTC time (ns) in the zone of the plant, to the second."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return (
        datetime.fromtimestamp(at_ns / 1e9, UTC)
        .astimezone(ZoneInfo(plant.zone))
        .strftime("%Y-%m-%d %H:%M:%S")
    )
