"""A plant with a high alarm on every tag, over a fake device that pushes, and a station that watches it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_runtime import fake_runtime
from waterworks_session import Watcher

from hmi.client.alarms import AlarmDelta, AlarmInfo, list_of
from hmi.client.socket import SocketClient
from hmi.core.alarms import Priority
from hmi.core.principal import Principal, Role
from hmi.project.plant import AlarmDef, CommandRule, ConnectionDef, Plant
from hmi.runtime import Api, Runtime
from hmi.testing.driver import FakePlc
from hmi.testing.plant import make_plant, make_tag

LIMIT = 10.0
AREAS = ("intake", "filters", "outlet")
EVERYTHING = frozenset(Role)


def person(*roles: Role, user: str = "ann") -> Principal:
    return Principal(user, "desk-1", "session-1", frozenset(roles))


def alarmed_plant(count: int, *, command: CommandRule | None = None, **more: Any) -> Plant:
    """Tags AREA/tN.pv with alarms a_N, of priorities 1 to 3 in turn; ``command`` lets them be written."""
    plc1 = ConnectionDef("plc1", "fake", ("fake://127.0.0.1:1",), simulated=True)
    names = [f"{AREAS[n % len(AREAS)]}/t{n}.pv" for n in range(count)]
    tags = [
        make_tag(name, address=str(n), scan="fast", area=name.split("/")[0], command=command)
        for n, name in enumerate(names)
    ]
    alarms = [
        AlarmDef(f"a_{n}", f"t_{name}", "High", "high", Priority(1 + n % 3), "too high", limit=LIMIT, **more)
        for n, name in enumerate(names)
    ]
    return make_plant(tags, alarms, connections={"plc1": plc1})


class AlarmWatcher(Watcher):
    """Also keeps the deltas and what each full list and delta makes of the lists."""

    @property
    def deltas(self) -> list[AlarmDelta]:
        return [event.payload for event in self.events if event.kind == "alarm_changes"]

    def row(self, alarm_id: str) -> AlarmInfo | None:
        return self._rows.get(alarm_id)

    @property
    def active(self) -> dict[str, AlarmInfo]:
        return {key: row for key, row in self._rows.items() if list_of(row) == "active"}

    @property
    def all_stored(self) -> bool:
        """What waits too long for the disk is told as not stored, and told again once it is."""
        return all(row.stored for row in self._rows.values())

    def states(self) -> dict[str, str]:
        return {key: row.state for key, row in self._rows.items()}


@dataclass
class Bench:
    """A runtime, its device, and a station on its socket."""

    runtime: Runtime
    plc: FakePlc
    station: SocketClient
    seen: AlarmWatcher

    def put(self, *numbers: int, value: float = LIMIT + 1) -> None:
        """Values of these tags in one batch of the device."""
        self.plc.change(dict.fromkeys(numbers, value))


@asynccontextmanager
async def alarm_bench(
    folder: Path, count: int, monkeypatch: pytest.MonkeyPatch | None = None, *, who: Principal | None = None,
    **more: Any,
) -> AsyncIterator[Bench]:  # fmt: skip
    """All values are normal when it begins. ``who`` is every client's principal."""
    if monkeypatch is not None and who is not None:
        monkeypatch.setattr(Api, "principal_of", lambda self, request: who)
    plc = FakePlc(push=True)
    plc.values = dict.fromkeys(range(count), 1.0)
    async with fake_runtime(alarmed_plant(count, **more), plc, folder) as runtime:
        seen = AlarmWatcher()
        station = SocketClient(folder, seen)
        latest = runtime.services.tags.latest
        await seen.until(lambda: bool(seen.deltas) and all(value.is_good for value in latest), 60)
        try:
            yield Bench(runtime, plc, station, seen)
        finally:
            await station.close()
