"""The driver's conditions against an asyncua server: refresh, marks, types, bad fields, branches, a server without."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.events import Event
from asyncua.server.monitored_item_service import MonitoredItemService
from opcua_plant import QUICK, Plant, free_port

from hmi.acquisition.port import Conditions, LinkSettings, Point
from hmi.core import quality
from hmi.core.clock import monotonic_ns
from hmi.core.commands import WriteState
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionItem, ConditionUpdate, RefreshMark
from hmi.drivers.opcua import _conditions
from hmi.drivers.opcua.driver import OpcuaDriver, create

pytestmark = pytest.mark.asyncio(loop_scope="module")
V = ua.VariantType
START, END, LOST = RefreshMark.START, RefreshMark.END, RefreshMark.LOST
SHELVED = {"": 2930, "timed": 2932, "one-shot": 2933}


class AlarmServer(Plant):
    """Sends events as it is told; a ConditionRefresh tells ``retained`` between its marks."""

    def __init__(self) -> None:
        super().__init__(free_port())
        self.forget()

    def forget(self) -> None:
        """As it was when it began."""
        self.retained: list[Event] = []
        self.refreshes = self.steps = 0
        self.refresh_status = ua.StatusCode(ua.StatusCodes.Good)
        self.step_status = ua.StatusCode(ua.StatusCodes.Good)
        self.acknowledged: list[tuple[bytes, str]] = []
        self.longest_queue = 0
        self.server.iserver.max_monitored_item_queue_size = 10_000

    async def begin(self) -> None:
        await self.start()
        for number, answer in ((3875, self._refresh), (12912, self._refresh_one), (9111, self._acknowledge)):
            self.server.link_method(self.server.get_node(ua.NodeId(number)), answer)

    async def _refresh(
        self, _parent: ua.NodeId, _subscription: ua.Variant
    ) -> list[ua.Variant] | ua.StatusCode:
        self.refreshes += 1
        if not self.refresh_status.is_good():
            return self.refresh_status
        await self.send(mark(2787), *self.retained, mark(2788))
        return []

    async def _refresh_one(
        self, _parent: ua.NodeId, subscription: ua.Variant, item: ua.Variant
    ) -> list[ua.Variant] | ua.StatusCode:
        self.steps += 1
        if not self.step_status.is_good():
            return self.step_status
        served = self.server.iserver.subscription_service.subscriptions[subscription.Value]
        for event in (mark(2787), *self.retained, mark(2788)):
            await served.monitored_item_srv.trigger_event(event, item.Value)
        return []

    def keeps_at_most(self, count: int) -> None:
        """However many events a client wants to have kept, a new or changed item keeps ``count``."""
        self.longest_queue = self.server.iserver.max_monitored_item_queue_size = count

    async def _acknowledge(
        self, _parent: ua.NodeId, event: ua.Variant, comment: ua.Variant
    ) -> list[ua.Variant] | ua.StatusCode:
        self.acknowledged.append((event.Value, comment.Value.Text))
        return []

    async def send(self, *events: Event) -> None:
        for event in events:
            await self.server.iserver.subscription_service.trigger_event(event)


def mark(number: int) -> Event:
    event = Event()
    event.add_property("EventId", uuid.uuid4().bytes, V.ByteString)
    event.add_property("EventType", ua.NodeId(number), V.NodeId)
    event.add_property("Time", datetime.now(UTC), V.DateTime)
    return event


def condition(name: str, *, type_id: ua.NodeId | None = None, **more: tuple[Any, ua.VariantType]) -> Event:
    event = mark(0)
    event.add_property("EventType", type_id or ua.NodeId(10637), V.NodeId)
    event.add_property("NodeId", ua.NodeId(name, 2), V.NodeId)
    known: dict[str, tuple[Any, ua.VariantType]] = {
        "ConditionName": (name, V.String), "Message": (ua.LocalizedText(f"{name} off"), V.LocalizedText),
        "Severity": (700, V.UInt16), "Retain": (True, V.Boolean), "ActiveState/Id": (True, V.Boolean),
        "AckedState/Id": (False, V.Boolean), "EnabledState/Id": (True, V.Boolean),
        "Quality": (ua.StatusCode(0), V.StatusCode), "SourceName": ("Boiler", V.String),
    }  # fmt: skip
    for key, (value, kind) in {**known, **more}.items():
        event.add_property(key, value, kind)
    return event


class Heard:
    """A sink of conditions that can be waited for."""

    def __init__(self) -> None:
        self.items: list[ConditionItem] = []
        self._news = asyncio.Event()

    def __call__(self, items: Sequence[ConditionItem]) -> None:
        self.items += items
        self._news.set()

    @property
    def newest(self) -> dict[str, ConditionUpdate]:
        return {item.name or item.condition: item for item in self.items if isinstance(item, ConditionUpdate)}

    async def until(self, is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_enough():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(
    server: AlarmServer, *, points: Sequence[Point] = (), **settings: Any
) -> AsyncIterator[tuple[OpcuaDriver, Heard]]:
    known = {**QUICK, "alarms": True, **settings}
    driver, heard = create(LinkSettings("dcs", server.url, known, tuple(points))), Heard()
    driver.conditions_to(heard)
    await driver.open()
    task = asyncio.create_task(driver.watch(lambda _batch: None))
    try:
        yield driver, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await driver.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[AlarmServer]:
    made = AlarmServer()
    await made.begin()
    async with made.server:
        yield made


@pytest.fixture(autouse=True)
def modest(running: AlarmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library grants every queue that an item is changed to; this server has a longest one."""
    granted = MonitoredItemService._modify_monitored_item

    def modify(service: MonitoredItemService, asked: ua.MonitoredItemModifyRequest) -> Any:
        if running.longest_queue:
            wanted = asked.RequestedParameters
            wanted.QueueSize = min(wanted.QueueSize, running.longest_queue)
        return granted(service, asked)

    monkeypatch.setattr(MonitoredItemService, "_modify_monitored_item", modify)


@pytest.fixture
def server(running: AlarmServer) -> AlarmServer:
    """The one server of the module, with nothing in it and nothing counted."""
    running.forget()
    return running


async def test_a_connection_begins_with_a_refresh_between_its_marks(server: AlarmServer) -> None:
    server.retained = [
        condition("A"),
        condition("A", BranchId=(ua.NodeId(5, 2), V.NodeId)),
        condition("B", **{"ShelvingState/CurrentState/Id": (ua.NodeId(2933), V.NodeId)}),
    ]
    async with listening(server) as (driver, heard):
        assert isinstance(driver, Conditions)
        await heard.until(lambda: END in heard.items)
        assert [type(item) is RefreshMark for item in heard.items] == [True, False, False, False, True]
        first, branch, shelved = (item for item in heard.items if isinstance(item, ConditionUpdate))
        assert (first.condition, first.branch, first.kind) == ("ns=2;s=A", "", "OffNormalAlarmType")
        assert (first.active, first.acked, first.severity, first.message) == (True, False, 700, "A off")
        assert branch.branch == "ns=2;i=5"
        assert shelved.shelved == "one-shot"
        assert driver.diagnostics()["counts"]["by_library"] == 0


async def test_refresh_required_and_a_full_queue_ask_again(server: AlarmServer) -> None:
    async with listening(server) as (_driver, heard):
        await heard.until(lambda: heard.items.count(END) == 1)
        await server.send(mark(2789))
        await heard.until(lambda: heard.items.count(END) == 2)
        assert LOST not in heard.items
        await server.send(condition("A"), mark(3035))
        await heard.until(lambda: heard.items.count(END) == 3)
        assert heard.items.index(LOST) < len(heard.items) - 1
        assert server.refreshes == 3


async def test_types_of_a_maker_fall_back_to_the_nearest_known_one(server: AlarmServer) -> None:
    base = server.server.get_node(ua.NodeId(10751))
    mine = await base.add_object_type(server.index, "MakerTripAlarmType")
    deeper = await mine.add_object_type(server.index, "MakerPumpTripAlarmType")
    async with listening(server) as (_driver, heard):
        await heard.until(lambda: END in heard.items)
        await server.send(
            condition("A", type_id=deeper.nodeid),
            condition("B", type_id=ua.NodeId(424_242, 2)),
            condition("C"),
        )
        await heard.until(lambda: len(heard.newest) == 3)
        kinds = {name: update.kind for name, update in heard.newest.items()}
        assert kinds == {"A": "TripAlarmType", "B": "ConditionType", "C": "OffNormalAlarmType"}


async def test_fields_null_with_a_bad_status_arrive_as_not_told(server: AlarmServer) -> None:
    lost = (ua.StatusCode(ua.StatusCodes.BadCommunicationError), V.StatusCode)
    async with listening(server) as (_driver, heard):
        await heard.until(lambda: END in heard.items)
        await server.send(condition("A", **{"ActiveState/Id": lost, "AckedState/Id": lost, "Severity": lost}))
        await heard.until(lambda: "A" in heard.newest)
        update = heard.newest["A"]
        assert (update.active, update.acked, update.severity) == (None, None, 0)
        assert update.quality == ua.StatusCodes.BadCommunicationError
        assert quality.is_bad(update.quality)


async def test_events_that_are_no_conditions_and_odd_fields_harm_nothing(server: AlarmServer) -> None:
    odd = condition("A", Message=([ua.LocalizedText("a")], V.LocalizedText), Severity=("high", V.String))
    async with listening(server) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        await server.send(mark(2041), odd, condition("\u202eB\n" + "x" * 2000), condition("C"))
        await heard.until(lambda: "C" in heard.newest)
        assert heard.newest["A"].severity == 0
        names = [item.name for item in heard.items if isinstance(item, ConditionUpdate)]
        assert all(name.isprintable() and len(name) <= 200 for name in names)
        # a condition whose node id is longer than any that is kept is left out
        assert len(names) == 2
        assert driver.diagnostics()["conditions"]["condition_events"] == 2


async def test_5000_events_at_once_arrive_all_or_are_asked_for_again(server: AlarmServer) -> None:
    # the server shares this loop and is silent while it makes its events
    async with listening(server, alarm_queue=10_000, keep_alive_ms=20_000) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        flood = [condition(f"C{n % 100}", Severity=(1 + n % 1000, V.UInt16)) for n in range(5000)]
        server.retained = flood[-100:]
        await server.send(*flood)
        await heard.until(lambda: len(heard.newest) == 100 and heard.newest["C99"].severity == 1000)
        figures = driver.diagnostics()["conditions"]
        assert figures["condition_events"] == 5000 or figures["lost"] > 0
        assert driver.diagnostics()["counts"]["by_library"] == 0


def many(count: int, highest: int = 1000) -> list[Event]:
    return [condition(f"M{n}", Severity=(1 + n * 37 % highest, V.UInt16)) for n in range(count)]


def told_between_the_last_marks(heard: Heard) -> set[str]:
    """What was told from the last beginning to the last end."""
    last = len(heard.items) - 1 - heard.items[::-1].index(END)
    first = last - heard.items[last::-1].index(START)
    return {item.name for item in heard.items[first:last] if isinstance(item, ConditionUpdate)}


async def test_a_queue_too_short_for_all_conditions_is_made_longer(server: AlarmServer) -> None:
    server.retained = many(200)
    async with listening(server, alarm_queue=10) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        assert LOST in heard.items
        assert len(told_between_the_last_marks(heard)) == 200
        assert server.steps == 0
        before = heard.items.count(END)
        await server.send(mark(2789))
        await heard.until(lambda: heard.items.count(END) > before)
        assert driver.diagnostics()["conditions"]["lost"] == heard.items.count(LOST)


async def test_a_server_that_keeps_few_events_is_asked_in_steps(server: AlarmServer) -> None:
    server.retained = many(200)
    server.keeps_at_most(50)
    async with listening(server, alarm_queue=5000) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        assert len(told_between_the_last_marks(heard)) == 200
        assert server.steps >= 5
        assert any("keeps only 50 events" in note for note in driver.diagnostics()["notes"])
        once, lost = server.refreshes, heard.items.count(LOST)
        server.retained = server.retained[:150]
        await server.send(mark(2789))
        await heard.until(lambda: heard.items.count(END) == 2)
        assert len(told_between_the_last_marks(heard)) == 150
        # what is known of the server is kept: it is not made to overflow again
        assert (server.refreshes, heard.items.count(LOST)) == (once, lost)
        await server.send(condition("Live"))
        await heard.until(lambda: "Live" in heard.newest)


async def test_too_many_conditions_of_one_severity_are_said_and_never_called_complete(
    server: AlarmServer,
) -> None:
    server.retained = many(60, highest=1)
    server.keeps_at_most(30)
    async with listening(server) as (driver, heard):
        while not any("of severity 1" in note for note in driver.diagnostics()["notes"]):
            await asyncio.sleep(0.02)
        assert END not in heard.items
        server.retained = server.retained[:20]
        await heard.until(lambda: END in heard.items)
        assert len(told_between_the_last_marks(heard)) == 20


async def test_a_server_without_steps_is_asked_again_and_told(server: AlarmServer) -> None:
    server.retained = many(60)
    server.keeps_at_most(30)
    server.step_status = ua.StatusCode(ua.StatusCodes.BadMethodInvalid)
    async with listening(server) as (driver, heard):
        while not any("in steps" in note for note in driver.diagnostics()["notes"]):
            await asyncio.sleep(0.02)
        assert END not in heard.items
        server.retained = server.retained[:20]
        await heard.until(lambda: END in heard.items)


async def test_an_end_lost_in_an_overflow_is_not_waited_for(
    server: AlarmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_conditions, "REFRESH_S", 100_000.0)
    send = server.send

    async def without_the_first_end(*events: Event) -> None:
        is_first_answer = len(events) > 1 and server.refreshes == 1
        await send(*((*events[:-1], mark(3035)) if is_first_answer else events))

    monkeypatch.setattr(server, "send", without_the_first_end)
    async with listening(server) as (_driver, heard):
        await heard.until(lambda: END in heard.items)
        assert server.refreshes == 2
        assert heard.items.count(START) == 2


async def test_a_server_without_refresh_is_noted_and_its_events_are_taken(server: AlarmServer) -> None:
    server.refresh_status = ua.StatusCode(ua.StatusCodes.BadNotSupported)
    async with listening(server) as (driver, heard):
        while not driver.diagnostics()["notes"][1:]:
            await asyncio.sleep(0.02)
        assert any("cannot tell its alarms again" in note for note in driver.diagnostics()["notes"])
        await server.send(condition("A"))
        await heard.until(lambda: "A" in heard.newest)
        assert server.refreshes == 1


async def test_a_refresh_in_progress_is_asked_for_once_more(server: AlarmServer) -> None:
    server.refresh_status = ua.StatusCode(ua.StatusCodes.BadRefreshInProgress)
    async with listening(server) as (_driver, heard):
        while not server.refreshes:
            await asyncio.sleep(0.02)
        server.refresh_status = ua.StatusCode(ua.StatusCodes.Good)
        await heard.until(lambda: END in heard.items)


async def test_without_the_setting_nothing_is_asked(server: AlarmServer) -> None:
    async with listening(server, alarms=False) as (driver, heard):
        await server.send(condition("A"))
        assert driver.diagnostics()["conditions"] == {}
        assert server.refreshes == 0
        assert heard.items == []


async def test_notifier_nodes_that_do_not_exist_are_noted(server: AlarmServer) -> None:
    async with listening(server, alarms=["nsu=urn:test:plant;s=Nowhere", "i=2253"]) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        assert any("refuses the events" in note for note in driver.diagnostics()["notes"])


async def test_a_call_is_one_transmission_and_refuses_what_is_late(server: AlarmServer) -> None:
    async with listening(server) as (driver, heard):
        await heard.until(lambda: END in heard.items)
        call = ConditionCall(
            "c", "dcs", "i=2881", ConditionAct.ACKNOWLEDGE, monotonic_ns() + 10**10, "00ff", "seen"
        )
        outcome = await driver.call(call)
        assert outcome.state is WriteState.DONE, outcome
        assert server.acknowledged == [(b"\x00\xff", "seen")]
        late = ConditionCall(
            "d", "dcs", "i=2881", ConditionAct.ACKNOWLEDGE, monotonic_ns() - 1, "00ff", "seen"
        )
        assert (await driver.call(late)).state is WriteState.EXPIRED
        assert len(server.acknowledged) == 1
        await driver.close()
        assert (await driver.call(call)).state is WriteState.NOT_CONNECTED
