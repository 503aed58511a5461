"""The past of several runtimes at one instant: plants and alarms joined as their present ones are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from hmi.client._further import Further
from hmi.client._prefix import Prefix
from hmi.client.past import PastMoment, Timeline
from hmi.client.port import PlantInfo, RuntimeClient
from hmi.core.errors import WatchkeeperError

QUICK_S: Final = 5.0


class FederatedPast:
    """What a further runtime does not answer is left out and its name is told: its alarms are not known then."""

    def __init__(self, home: RuntimeClient, further: Mapping[str, Further]) -> None:
        self._home, self._further = home, further

    async def plant_at(self, at: int) -> PlantInfo:
        """The home plant of that time with the tags and the equipment that the others had then."""
        others = await asyncio.gather(*(self._plant_of(one, at) for one in self._further.values()))
        home = await self._home.plant_at(at)
        plants: dict[str, PlantInfo] = {}
        for name, plant in zip(self._further, others, strict=True):
            if plant is not None:
                plants[name] = plant
        types = {one.name: one for plant in (*plants.values(), home) for one in plant.types}
        return replace(
            home,
            types=list(types.values()),
            revision=" ".join((home.revision, *(f"{name}:{p.revision}" for name, p in plants.items()))),
            tags=[*home.tags, *(tag for plant in plants.values() for tag in plant.tags)],
            instances=[*home.instances, *(one for plant in plants.values() for one in plant.instances)],
        )

    async def alarms_at(self, at: int, until: int) -> PastMoment:
        """The rows of all; the changes in one order of time, up to where all of them are known."""
        others = await asyncio.gather(*(self._moment_of(one, at, until) for one in self._further.values()))
        home = await self._home.alarms_at(at, until)
        answered = [one for one in others if one is not None]
        names = {name for name, _ in answered}
        complete = min((home.until, *(one.until for _, one in answered)))
        ends = [one.revision_until for one in (home, *(m for _, m in answered)) if one.revision_until]
        changes = sorted(
            (change for one in (home, *(m for _, m in answered)) for change in one.changes),
            key=lambda change: change.time,
        )
        return replace(
            home,
            revision=" ".join((home.revision, *(f"{name}:{one.revision}" for name, one in answered))),
            revision_until=min(ends, default=0),
            rows=[*home.rows, *(row for _, one in answered for row in one.rows)],
            changes=[change for change in changes if change.time <= complete],
            hold_changes=[change for change in home.hold_changes if change.time <= complete],
            until=complete,
            silent=[name for name in self._further if name not in names],
            blank=[name for name, one in answered if not one.known],
        )

    async def timeline(self, start: int, end: int, slots: int) -> Timeline:
        """Of the home runtime."""
        return await self._home.timeline(start, end, slots)

    async def _plant_of(self, one: Further, at: int) -> PlantInfo | None:
        try:
            one.check()
            async with asyncio.timeout(QUICK_S):
                found = await one.client.plant_at(at)
        except (WatchkeeperError, OSError, TimeoutError):
            return None
        return await asyncio.to_thread(Prefix(one.name).plant, found)

    async def _moment_of(self, one: Further, at: int, until: int) -> tuple[str, PastMoment] | None:
        try:
            one.check()
            async with asyncio.timeout(QUICK_S):
                found = await one.client.alarms_at(at, until)
        except (WatchkeeperError, OSError, TimeoutError):
            return None
        prefix = Prefix(one.name).text
        changes = [
            replace(
                change,
                alarm_id=prefix + change.alarm_id,
                row=one.prefixed([change.row])[0] if change.row is not None else None,
            )
            for change in found.changes
        ]
        return one.name, replace(found, rows=one.prefixed(found.rows), changes=changes)
