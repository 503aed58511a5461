"""The past of several runtimes is one: rows and changes of all, and what does not answer is left out."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from hmi.client.federation import Deaf, Federation, FurtherRuntime
from hmi.client.port import PlantInfo
from hmi.core.clock import NS_PER_S
from hmi.testing.client import START_NS, FakeClient, make_alarm, make_tag

pytestmark = pytest.mark.asyncio
THEN = START_NS - 3_600 * NS_PER_S


def plant(name: str) -> PlantInfo:
    areas = [{"path": "tank", "title": "Tank farm"}]
    return PlantInfo(
        name, name, name.title(), f"r_{name}", "UTC", "plant", "", areas, [make_tag("tank/lt1")], [], []
    )


class Both:
    """A home runtime and a further one called north."""

    def __init__(self) -> None:
        self.clients: dict[str, FakeClient] = {}

        def factory(name: str):  # type: ignore[no-untyped-def]
            def made(listener):  # type: ignore[no-untyped-def]
                self.clients[name] = FakeClient(listener, plant(name))
                return self.clients[name]

            return made

        self.station = Federation(
            factory("home"), Deaf(), [FurtherRuntime("north", factory("north"), Deaf())]
        )

    async def ready(self) -> None:
        async with asyncio.timeout(20):
            while "north:r_north" not in (await self.station.plant()).revision:
                await self.station.status()
                await asyncio.sleep(0.01)


async def test_rows_and_changes_of_all_runtimes_come_under_their_references() -> None:
    both = Both()
    await both.ready()
    for n, (name, client) in enumerate(sorted(both.clients.items())):
        row = make_alarm("tank/lt1", 1, message=name)
        client.travel.turn(THEN - NS_PER_S, row)
        client.travel.turn(THEN + (n + 1) * NS_PER_S, replace(row, state="ACKED"))
    moment = await both.station.alarms_at(THEN, THEN + 10 * NS_PER_S)
    assert {row.tag_name: row.message for row in moment.rows} == {
        "tank/lt1": "home",
        "north::tank/lt1": "north",
    }
    assert [change.alarm_id for change in moment.changes] == ["a_1", "north::a_1"]
    assert moment.revision == "r_home north:r_north"
    assert (moment.silent, moment.blank) == ([], [])
    both.clients["north"].travel.begins = THEN + NS_PER_S
    assert (await both.station.alarms_at(THEN, THEN)).blank == ["north"]
    found = await both.station.plant_at(THEN)
    assert {tag.name for tag in found.tags} == {"tank/lt1", "north::tank/lt1"}
    assert found.revision == moment.revision
    await both.station.close()


async def test_a_further_runtime_that_does_not_answer_holds_up_nothing() -> None:
    both = Both()
    await both.ready()
    both.clients["north"].travel.problem = "the disk is gone"
    both.clients["home"].travel.turn(THEN, make_alarm("tank/lt1"))
    moment = await both.station.alarms_at(THEN, 0)
    assert [row.tag_name for row in moment.rows] == ["tank/lt1"]
    assert (moment.silent, moment.blank) == (["north"], [])
    assert (moment.revision, (await both.station.plant_at(THEN)).revision) == ("r_home", "r_home")
    await both.station.close()
