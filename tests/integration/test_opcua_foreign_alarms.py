"""Alarms that a node-opcua server keeps, through a whole runtime: refresh, answers, shelf, severity, flood."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import CutProxy
from fake_runtime import real_runtime
from foreign_server import ForeignServer, Installed
from waterworks_session import Watcher

from hmi.acquisition.port import LinkSettings
from hmi.client.alarms import AlarmInfo
from hmi.client.socket import SocketClient
from hmi.core.conditions import ConditionItem, ConditionUpdate, RefreshMark
from hmi.core.principal import DEMO_OPERATOR
from hmi.core.values import ValueType
from hmi.drivers.opcua import _condition_items
from hmi.drivers.opcua.driver import create
from hmi.project.plant import ConnectionDef, Plant
from hmi.runtime import Runtime
from hmi.runtime._alarms import Act
from hmi.testing.plant import make_plant, make_tag

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="connects to the Unix socket"),
]
ACKNOWLEDGE = "ns=0;i=9111"
SETTINGS: dict[str, Any] = {"security": "none", "keep_alive_ms": 3000, "timeout_ms": 3000}


def plant_of(url: str, **settings: Any) -> Plant:
    dcs = ConnectionDef("dcs", "opcua", (url,), {**SETTINGS, "alarms": True, **settings})
    tags = [
        make_tag(
            "a/hot", connection="dcs", address="nsu=urn:test:plant;s=Hot.In", type=ValueType.BOOL, scan="fast"
        )
    ]
    return make_plant(tags, connections={"dcs": dcs})


class Session:
    """A server, a proxy before it, a runtime and a client."""

    def __init__(
        self, server: ForeignServer, proxy: CutProxy, runtime: Runtime, client: SocketClient
    ) -> None:
        self.server, self.proxy, self.runtime, self.client = server, proxy, runtime, client

    async def ask(self, **wish: Any) -> dict[str, Any]:
        """A wish of the server, off the loop that the runtime runs on."""
        return await asyncio.to_thread(self.server.ask, **wish)

    async def rows(self, state: str = "active") -> dict[str, AlarmInfo]:
        found = await self.client.alarms(state=state)
        return {row.alarm_id: row for row in found if row.source == "dcs"}

    async def acknowledge(self, row: AlarmInfo, comment: str = "") -> list[str]:
        return await self.runtime.alarms.acknowledge(DEMO_OPERATOR, [row.occurrence_id], comment)

    async def act(self, name: str, alarm_id: str, *, seconds: float = 0.0, reason: str = "") -> list[str]:
        return await self.runtime.alarms.act(
            DEMO_OPERATOR, Act(name, seconds=seconds, reason=reason), [alarm_id]
        )

    async def row(self, name: str) -> AlarmInfo:
        return (await self.rows())[f"ua:dcs/ns=2;s={name}"]

    async def until(self, is_so: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not await is_so():
                await asyncio.sleep(0.1)

    async def until_like_the_server(self) -> None:
        """The list is that of the server, and every state in it is known."""

        async def is_like() -> bool:
            theirs = {
                (one["condition"], one["branch"].lower()): (one["active"], one["acked"])
                for one in (await self.ask(retained=True))["retained"]
            }
            held = self.runtime.server_alarms.book.conditions("dcs")
            ours = {(one.condition, one.branch): (one.active, one.acked) for one in held}
            shown = await self.rows()
            return ours == theirs and not any(row.state_unknown for row in shown.values())

        await self.until(is_like)

    async def events(self, name: str, kind: str = "alarm") -> list[str]:
        found = await self.client.journal(after=0, kind=kind, object_id=f"ua:dcs/ns=2;s={name}")
        return [record["event"] for record in found]


@asynccontextmanager
async def session(node: Installed, folder: Path, **settings: Any) -> AsyncIterator[Session]:
    with ForeignServer(node, folder / "server", channel_ms=600_000) as server:
        server.ask(
            make="Hot", type="AlarmConditionType", optionals=["ConfirmedState", "Confirm", "ShelvingState"]
        )
        async with (
            CutProxy(server.port) as proxy,
            real_runtime(plant_of(proxy.url, **settings), folder / "data") as runtime,
        ):
            client = SocketClient(folder / "data", Watcher())
            assert runtime.acquisition is not None
            link = runtime.acquisition.links["dcs"]
            try:
                async with asyncio.timeout(60):
                    while link.state != "up":
                        await asyncio.sleep(0.05)
                yield Session(server, proxy, runtime, client)
            finally:
                await client.close()


async def test_al_18_disconnect_and_reconnect_end_with_exactly_the_list_of_the_server(
    node_opcua: Installed, tmp_path: Path
) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(many=50)
        await s.ask(alarm="C1", acked=True)
        await s.until_like_the_server()
        assert len(s.runtime.server_alarms.book.conditions("dcs")) == 50

        async def all_sounded() -> bool:
            return len(s.runtime.alarms.book.rows) >= 50

        await s.until(all_sounded)
        sounded = len(s.runtime.alarms.book.rows)

        s.proxy.cut()

        async def all_unknown() -> bool:
            return all(row.state_unknown for row in (await s.rows()).values())

        await s.until(all_unknown)
        assert len(s.runtime.alarms.book.rows) == sounded + 1  # all of them, and that of the lost link
        for place in range(10):
            await s.ask(alarm=f"C{place}", active=False, acked=True, retain=False)
        for place in range(10, 15):
            await s.ask(alarm=f"C{place}", acked=True)
        await s.ask(make="New", type="AlarmConditionType")
        await s.ask(alarm="New", active=True, severity=900)
        s.proxy.mend()
        await s.until_like_the_server()
        assert len(s.runtime.server_alarms.book.conditions("dcs")) == 41
        assert await s.events("C3") == ["ALM", "RTN"]
        assert await s.events("C12") == ["ALM", "ACK"]
        assert await s.events("C40") == ["ALM"]


async def test_an_acknowledgement_reaches_the_server_exactly_once(
    node_opcua: Installed, tmp_path: Path
) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(alarm="Hot", active=True, severity=850, message="boiler too hot")
        await s.until_like_the_server()
        row = await s.row("Hot")
        assert (row.message, row.priority, row.state, row.tag_name) == ("boiler too hot", 1, "UNACK", "a/hot")

        twice = await asyncio.gather(
            s.acknowledge(row, "on my way"),
            s.acknowledge(row, "on my way"),
        )
        assert sorted(len(problems) for problems in twice) == [0, 1]
        await s.until(lambda: _is(s, "Hot", "ACKED"))
        assert (await s.ask(calls=ACKNOWLEDGE))["count"] == 1
        (theirs,) = (await s.ask(retained=True))["retained"]
        assert (theirs["acked"], theirs["comment"]) == (True, "on my way")
        assert len(await s.acknowledge(row)) == 1
        assert (await s.ask(calls=ACKNOWLEDGE))["count"] == 1
        (record,) = [
            r
            for r in await s.client.journal(after=0, kind="alarm", object_id=row.alarm_id)
            if r["event"] == "ACK"
        ]
        assert record["actor"] == DEMO_OPERATOR.user
        assert record["payload"]["comment"] == "on my way"
        audit = await s.events("Hot", "audit")
        assert audit[:1] == ["command.requested"]
        assert audit.count("command.confirmed") == 1

        # it returned and waits to be confirmed: Reset is the server's Confirm
        await s.ask(alarm="Hot", active=False)
        await s.until(lambda: _is(s, "Hot", "LATCH-ACKED"))
        assert await s.act("RESET", row.alarm_id) == []
        details = await s.client.alarm(row.alarm_id)
        assert details.row.source == "dcs"


async def _is(s: Session, name: str, state: str) -> bool:
    rows = await s.rows()
    found = rows.get(f"ua:dcs/ns=2;s={name}")
    return found is not None and found.state == state


async def test_a_lost_answer_is_unknown_and_settled_by_the_next_word_of_the_server(
    node_opcua: Installed, tmp_path: Path
) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(many=1)
        await s.until_like_the_server()
        row = await s.row("C0")
        s.proxy.hold_answers()
        (problem,) = await s.acknowledge(row)
        assert s.runtime.gate.conditions.unknown, problem  # whichever of the two noticed the silence first
        (again,) = await s.acknowledge(row)
        assert "unknown" in again or "not known" in again
        s.proxy.let_answers()

        async def settled() -> bool:
            return not s.runtime.gate.conditions.unknown

        await s.until(settled)
        await s.until_like_the_server()
        assert (await s.ask(calls=ACKNOWLEDGE))["count"] == 1

        async def is_told() -> bool:
            return (await s.events("C0", "audit"))[-1] == "command.settled"

        await s.until(is_told)


async def test_nothing_is_sent_while_the_link_is_down_nor_after_it_is_back(
    node_opcua: Installed, tmp_path: Path
) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(many=2)
        await s.until_like_the_server()
        row = await s.row("C1")
        s.proxy.cut()
        await s.until(lambda: _unknown(s, "C1"))
        (problem,) = await s.acknowledge(row)
        assert "nothing was sent" in problem
        s.proxy.mend()
        await s.until_like_the_server()
        assert (await s.ask(calls=ACKNOWLEDGE))["count"] == 0
        assert (await s.row("C1")).state == "UNACK"


async def _unknown(s: Session, name: str) -> bool:
    found = (await s.rows()).get(f"ua:dcs/ns=2;s={name}")
    return found is not None and found.state_unknown


async def test_shelving_goes_to_the_server_and_back(node_opcua: Installed, tmp_path: Path) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(alarm="Hot", active=True, severity=700)
        await s.until_like_the_server()
        alarm_id = (await s.row("Hot")).alarm_id
        assert "reason" in (await s.act("SHELVE", alarm_id, seconds=60))[0]
        assert "12 h" in (await s.act("SHELVE", alarm_id, seconds=90_000, reason="test"))[0]
        assert await s.act("SHELVE", alarm_id, seconds=60, reason="test") == []

        async def is_shelved() -> bool:
            return alarm_id in await s.rows("shelved")

        await s.until(is_shelved)
        (problem,) = await s.act("SHELVE", alarm_id, seconds=60, reason="test")
        assert "shelved already" in problem
        assert await s.act("UNSHELVE", alarm_id) == []
        await s.until(lambda: _is(s, "Hot", "UNACK"))
        assert await s.events("Hot") == ["ALM", "SHELVE", "UNSHELVE", "ALM"]
        (refused,) = await s.act("OOS", alarm_id, reason="test")
        assert "right" in refused


async def test_severity_table_and_a_type_of_the_maker(node_opcua: Installed, tmp_path: Path) -> None:
    async with session(node_opcua, tmp_path, severity={"P1": 667, "P2": 334}, area="utilities") as s:
        await s.ask(kind="MakerAlarmType", of="AlarmConditionType")
        await s.ask(kind="MakerPumpAlarmType", of="MakerAlarmType")
        await s.ask(make="Pump", type="MakerPumpAlarmType")
        await s.ask(alarm="Pump", active=True, severity=667)
        await s.until_like_the_server()
        row = await s.row("Pump")
        assert (row.kind, row.priority, row.area) == ("AlarmConditionType", 1, "utilities")
        await s.ask(alarm="Pump", severity=340)
        await s.until(lambda: _priority(s, "Pump", 2))


async def _priority(s: Session, name: str, priority: int) -> bool:
    return (await s.row(name)).priority == priority


async def test_bad_quality_and_evil_texts(node_opcua: Installed, tmp_path: Path) -> None:
    async with session(node_opcua, tmp_path) as s:
        await s.ask(many=2)
        evil = "\u202e<script>alert(1)</script>\n\x00{tag} %s " + "x" * 5000
        await s.ask(alarm="C0", message=evil, quality="BadCommunicationError")
        await s.ask(alarm="C1", message="")
        await s.until(lambda: _unknown(s, "C0"))
        row = await s.row("C0")
        assert row.message.isprintable()
        assert len(row.message) == 500
        assert row.state == "UNACK"
        await s.ask(alarm="C0", message="well again", quality="Good")
        await s.until_like_the_server()
        assert (await s.row("C0")).message == "well again"


async def test_a_flood_of_2000_events_in_one_go_ends_with_the_list_of_the_server(
    node_opcua: Installed, tmp_path: Path
) -> None:
    """Ten times what the queue of the server holds, while the server has no time for anything else."""
    patient = {"keep_alive_ms": 60_000, "timeout_ms": 60_000}
    async with session(node_opcua, tmp_path, alarm_queue=200, **patient) as s:
        assert s.runtime.acquisition is not None
        link = s.runtime.acquisition.links["dcs"]

        def counted(name: str) -> int:
            return link.figures().get("conditions", {}).get(name, 0)

        async def was_told_once() -> bool:
            return counted("events") >= 2  # beginning and end of the first telling, which is empty

        async def was_told_again() -> bool:
            return counted("lost") >= 1 and counted("refreshes") >= 2

        await s.until(was_told_once)
        await s.ask(many=100, turns=20, together=20)
        await s.until(was_told_again)
        await s.until_like_the_server()
        held = s.runtime.server_alarms.book.conditions("dcs")
        theirs = {one["condition"]: one["severity"] for one in (await s.ask(retained=True))["retained"]}
        assert {one.condition: one.severity for one in held} == theirs


class Told:
    """A sink of conditions that can be waited for."""

    def __init__(self) -> None:
        self.items: list[ConditionItem] = []
        self._ended = asyncio.Event()

    def __call__(self, items: Sequence[ConditionItem]) -> None:
        self.items += items
        if RefreshMark.END in items:
            self._ended.set()

    async def whole(self) -> set[str]:
        """The conditions, once the server has told them all."""
        async with asyncio.timeout(60):
            await self._ended.wait()
        return {item.condition for item in self.items if isinstance(item, ConditionUpdate)}


@pytest.mark.parametrize(("largest", "more_refreshes"), [(100_000, True), (100, False)])
async def test_a_queue_shorter_than_the_list_is_made_longer_or_asked_in_steps(
    node_opcua: Installed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    largest: int,
    more_refreshes: bool,
) -> None:
    """A queue of this server holds 100 events at least; where no longer one is asked for it tells steps."""
    monkeypatch.setattr(_condition_items, "LARGEST_QUEUE", largest)
    with ForeignServer(node_opcua, tmp_path / "server", channel_ms=600_000) as server:
        await asyncio.to_thread(server.ask, many=230)
        settings = {**SETTINGS, "alarms": True, "alarm_queue": 100}
        driver, told = create(LinkSettings("dcs", server.url, settings, ())), Told()
        driver.conditions_to(told)
        await driver.open()
        watching = asyncio.create_task(driver.watch(lambda _batch: None))
        try:
            assert len(await told.whole()) == 230
            assert RefreshMark.LOST in told.items
            assert (driver.diagnostics()["conditions"]["refreshes"] > 1) is more_refreshes
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await driver.close()
