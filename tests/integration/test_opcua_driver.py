"""The driver against a server on loopback: subscriptions, writes, limits, deadbands, states, gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from asyncua import ua
from opcua_plant import Plant, free_port, order, point, watching

from hmi.acquisition.port import LinkSettings, Point
from hmi.core import quality
from hmi.core.commands import WriteState
from hmi.core.errors import CommunicationError, LinkLost
from hmi.core.values import ValueType
from hmi.drivers.opcua import _session
from hmi.drivers.opcua._decode import head
from hmi.drivers.opcua.driver import create

pytestmark = pytest.mark.asyncio(loop_scope="module")
V = ua.VariantType


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant() -> AsyncIterator[Plant]:
    made = Plant(free_port())
    await made.start()
    await made.add("A", 1.5, V.Double, writable=True, eu=(0.0, 100.0))
    await made.add("B", 2**63 + 5, V.UInt64, writable=True)
    await made.add("C", "closed", V.String, writable=True)
    await made.add("D", [1, 2, 3, 4], V.Int16, writable=True)
    await made.add("E", 7, V.Int16)
    await made.add("F", True, V.Boolean, writable=True)
    await made.add("P", 10.0, V.Double)
    await made.add("Q", 10.0, V.Double)
    for place in range(25):
        await made.add(f"M{place}", place, V.Int32)
    async with made.server:
        yield made


async def test_first_values_arrive_with_type_status_and_both_times(plant: Plant) -> None:
    stamp = datetime(2026, 3, 1, 12, tzinfo=UTC)
    await plant.put("A", 2.5, V.Double, SourceTimestamp=stamp, ServerTimestamp=datetime.now(UTC))
    points = [point(0, "A"), point(1, "B"), point(2, "C"), point(3, "D", index_range="1:2"), point(4, "F")]
    async with watching(plant.url, points) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 5)
        assert [seen.values[handle].value for handle in (0, 1, 2, 4)] == [2.5, 2**63 + 5, "closed", True]
        assert seen.values[0].source_time == int(stamp.timestamp()) * 10**9
        assert seen.values[0].receive_time > seen.values[0].source_time
        assert all(value.is_good for value in seen.values.values())
        assert driver.diagnostics()["counts"]["by_library"] == 0


async def test_keep_alive_is_a_batch_without_values(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "E")]) as (_driver, seen, _task):
        await seen.until(lambda: len([b for b in seen.batches if b.alive and not b.updates]) >= 2)
        assert {batch.group for batch in seen.batches} == {"100 ms"}


async def test_unknown_nodes_are_bad_and_the_others_live(plant: Plant) -> None:
    points = [point(0, "E"), point(1, "nothing"), Point(2, "nsu=urn:no;s=A", ValueType.INT64, 100)]
    points.append(Point(3, "rubbish", ValueType.INT64, 100))
    async with watching(plant.url, points) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 4)
        codes = [seen.values[handle].status for handle in range(4)]
        assert codes == [
            0,
            quality.BAD_NODE_ID_UNKNOWN,
            quality.BAD_NODE_ID_UNKNOWN,
            quality.BAD_CONFIGURATION,
        ]
        assert len(driver.diagnostics()["faults"]) == 3


async def test_refused_item_lives_when_the_node_appears(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "later")], retry_items_s=0.1) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        await plant.add("later", 5.0, V.Double)
        await seen.until(lambda: seen.values[0].value == 5.0)
        assert driver.diagnostics()["faults"] == {}


async def test_UA_01_status_of_the_server_arrives_whole(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "A")]) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        for code in (quality.BAD_SENSOR_FAILURE | quality.LIMIT_LOW, quality.UNCERTAIN_SIMULATED):
            await plant.server.write_attribute_value(
                plant.node("A"), ua.DataValue(ua.Variant(3.5, V.Double), ua.StatusCode(code))
            )
            await seen.until(lambda code=code: seen.values[0].status == code)


async def test_structures_are_dicts_and_enumerations_numbers(plant: Plant) -> None:
    node = plant.node("S")
    await plant.server.nodes.objects.add_variable(node, "S", ua.Range(1.0, 9.0))
    async with watching(plant.url, [point(0, "S", ValueType.STRUCTURE)]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        assert seen.values[0].value == {"Low": 1.0, "High": 9.0}
        assert driver.diagnostics()["counts"]["by_library"] >= 1


async def test_slow_group_has_its_values_before_its_first_notification(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "E", period=60_000)]) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        assert seen.values[0].value == 7


async def test_subscription_that_the_server_ends_is_a_lost_link(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "E")]) as (driver, seen, task):
        await seen.until(lambda: 0 in seen.values)
        await plant.server.iserver.subscription_service.delete_subscriptions([driver._groups[0].id])
        async with asyncio.timeout(10):
            with pytest.raises(LinkLost):
                await task


# --- limits and deadbands -----------------------------------------------------------------------------


async def test_UA_09_items_are_created_in_portions_the_server_allows(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = plant.server.get_node(
        ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall
    )
    before = await limit.read_data_value()
    await plant.server.write_attribute_value(limit.nodeid, ua.DataValue(ua.Variant(10, V.UInt32)))
    sizes: list[int] = []
    create_items = _session.Session.create_monitored_items

    async def counted(self: Any, params: Any) -> Any:
        sizes.append(len(params.ItemsToCreate))
        return await create_items(self, params)

    monkeypatch.setattr(_session.Session, "create_monitored_items", counted)
    try:
        points = [point(place, f"M{place}") for place in range(25)]
        async with watching(plant.url, points) as (_driver, seen, _task):
            await seen.until(lambda: len(seen.values) == 25)
    finally:
        await plant.server.write_attribute_value(limit.nodeid, before)
    assert sizes == [2, 10, 10, 5]  # the first call watches the state of the server


async def test_UA_08_percent_deadband_without_range_falls_back(plant: Plant, refusing_filters: None) -> None:
    points = [
        point(0, "A", deadband_percent=10.0),
        point(1, "P", deadband_percent=10.0),
        point(2, "Q", deadband=2.0),
    ]
    await plant.put("A", 50.0, V.Double)
    async with watching(plant.url, points) as (driver, seen, _task):
        await seen.until(lambda: len(seen.values) == 3)
        assert driver.diagnostics()["local_deadbands"] == 2
        assert any("needs EURange" in note for note in driver.diagnostics()["notes"])
        for name, values in {"A": (55.0, 61.0), "P": (10.1, 10.2), "Q": (11.9, 12.1)}.items():
            for value in values:
                await plant.put(name, value, V.Double)
                await asyncio.sleep(0.25)  # one publishing interval apart
        await seen.until(lambda: seen.values[2].value == 12.1)
        assert [seen.values[handle].value for handle in range(3)] == [61.0, 10.2, 12.1]
        assert [value.value for handle, value in seen.history if handle == 0] == [50.0, 61.0]
        assert [value.value for handle, value in seen.history if handle == 2] == [10.0, 12.1]
        await plant.server.write_attribute_value(
            plant.node("Q"), ua.DataValue(ua.Variant(12.2, V.Double), ua.StatusCode(0x40930000))
        )
        await seen.until(lambda: seen.values[2].status == 0x40930000)


@pytest.fixture
def refusing_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that knows no deadband: the answers are changed before the driver sees them."""
    create_items = _session.Session.create_monitored_items

    async def refusing(self: Any, params: Any) -> Any:
        wished = list(params.ItemsToCreate)
        params.ItemsToCreate = [one for one in wished if one.RequestedParameters.Filter is None]
        results = iter(await create_items(self, params)) if params.ItemsToCreate else iter(())
        bad = ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.StatusCodes.BadDeadbandFilterInvalid))
        return [bad if one.RequestedParameters.Filter is not None else next(results) for one in wished]

    monkeypatch.setattr(_session.Session, "create_monitored_items", refusing)


async def test_UA_15_changed_meaning_is_looked_up_before_the_value_goes_on(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "A")]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        assert driver.diagnostics()["ranges"] == {}
        status = ua.StatusCode(quality.SEMANTICS_CHANGED)
        await plant.server.write_attribute_value(
            plant.node("A"), ua.DataValue(ua.Variant(8.0, V.Double), status)
        )
        await seen.until(lambda: seen.values[0].value == 8.0)
        assert driver.diagnostics()["ranges"] == {"0": {"range": [0.0, 100.0]}}
        assert driver.diagnostics()["semantics_changed"] == [0]


async def test_UA_07_overflow_bit_stays_with_the_value_and_is_counted(plant: Plant) -> None:
    async with watching(plant.url, [point(0, "A", queue=3)]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        status = ua.StatusCode(quality.OVERFLOW)
        await plant.server.write_attribute_value(
            plant.node("A"), ua.DataValue(ua.Variant(9.0, V.Double), status)
        )
        await seen.until(lambda: seen.values[0].value == 9.0)
        assert seen.values[0].status & quality.OVERFLOW == quality.OVERFLOW
        assert driver.diagnostics()["counts"]["overflows"] == 1


async def test_UA_06_sequence_gap_is_republished_or_read_again_and_marked(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = _losing_one(monkeypatch)
    async with watching(plant.url, [point(0, "P")]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        lost.append(False)
        await plant.put("P", 70.0, V.Double)
        await seen.until(lambda: lost == [True])
        await plant.put("P", 71.0, V.Double)
        await seen.until(lambda: seen.values[0].value == 71.0)
        counts = driver.diagnostics()["counts"]
        assert counts["republished"] + counts["gaps"] == 1
        marked = [value for _handle, value in seen.history if value.status & quality.OVERFLOW]
        assert len(marked) == counts["gaps"]


def _losing_one(patch: pytest.MonkeyPatch) -> list[bool]:
    """Once the list holds False, one notification with a value is thrown away before the driver sees it."""
    publish, lost = _session.Session.publish_raw, list[bool]()

    async def losing(self: Any, acknowledged: Any) -> Any:
        while True:
            data, start = await publish(self, acknowledged)
            if lost != [False] or not head(data, start).count:
                return data, start
            lost[0], acknowledged = True, []

    patch.setattr(_session.Session, "publish_raw", losing)
    return lost


# --- writes -------------------------------------------------------------------------------------------


async def test_write_sends_the_type_of_the_node_without_times_and_reads_back(plant: Plant) -> None:
    points = [point(place, name, writable=True) for place, name in enumerate(("A", "B", "C", "D", "F"))]
    values = [12.5, 2**64 - 1, "open", (9, 8, 7), False]
    async with watching(plant.url, points) as (driver, _seen, _task):
        for place, value in enumerate(values):
            outcome = await driver.write(order(place, value))
            assert outcome.state is WriteState.DONE, outcome.text
        fresh = await driver.read_now(range(5))
        assert [fresh[place].value for place in range(5)] == values
        assert (await plant.get("D")).Value.VariantType is V.Int16


async def test_write_that_does_not_fit_or_is_late_is_not_sent(plant: Plant) -> None:
    points = [
        point(0, "B", writable=True),
        point(1, "E", writable=True),
        point(2, "A"),
        point(3, "x", writable=True),
    ]
    async with watching(plant.url, points) as (driver, _seen, _task):
        assert (await driver.write(order(0, -1))).state is WriteState.REFUSED
        assert (await driver.write(order(0, "text"))).state is WriteState.REFUSED
        assert (await driver.write(order(0, 5, in_s=-1))).state is WriteState.EXPIRED
        assert (await driver.write(order(2, 5.0))).state is WriteState.REFUSED
        assert (await driver.write(order(3, 5.0))).state is WriteState.REFUSED
        denied = await driver.write(order(1, 5))
        assert denied.state is WriteState.REFUSED
        assert "not writable" in denied.text or "denied" in denied.text
        assert (await driver.read_now([0]))[0].value != 5


async def test_write_clamped_by_the_device_says_so(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    async with watching(plant.url, [point(0, "A", writable=True)]) as (driver, _seen, _task):
        monkeypatch.setattr(_session.Link, "answer_of_write", lambda *_any: quality.GOOD_CLAMPED)
        outcome = await driver.write(order(0, 1.0))
        assert (outcome.state, outcome.status) == (WriteState.DONE, quality.GOOD_CLAMPED)
        assert "clamped" in outcome.text
        monkeypatch.setattr(_session.Link, "answer_of_write", lambda *_any: quality.BAD_TIMEOUT)
        assert (await driver.write(order(0, 1.0))).state is WriteState.UNKNOWN


async def test_UA_14_write_without_connection_is_refused_and_never_sent_later(plant: Plant) -> None:
    await plant.put("A", 1.0, V.Double)
    async with watching(plant.url, [point(0, "A", writable=True)]) as (driver, seen, task):
        await seen.until(lambda: 0 in seen.values)
        assert driver._link is not None
        driver._link.abort()
        with pytest.raises(LinkLost):
            await task
        outcome = await driver.write(order(0, 99.0))
        assert outcome.state is WriteState.NOT_CONNECTED
    async with watching(plant.url, [point(0, "A")]) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        assert seen.values[0].value == 1.0


# --- the server ---------------------------------------------------------------------------------------


async def test_server_that_does_not_run_is_reported_and_takes_no_writes(plant: Plant) -> None:
    state = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)
    async with watching(plant.url, [point(0, "A", writable=True)]) as (driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
        await plant.server.write_attribute_value(state, ua.DataValue(ua.Variant(3, V.Int32)))
        try:
            count = len(seen.batches)
            await seen.until(
                lambda: driver.diagnostics()["server_state"] == "suspended" or len(seen.batches) > count + 20
            )
            assert driver.diagnostics()["server_state"] == "suspended"
            outcome = await driver.write(order(0, 5.0))
            assert (outcome.state, "suspended" in outcome.text) == (WriteState.NOT_CONNECTED, True)
        finally:
            await plant.server.write_attribute_value(state, ua.DataValue(ua.Variant(0, V.Int32)))


async def test_wrong_server_is_refused_before_any_value(plant: Plant) -> None:
    settings = {"expected_identity": {"product": "other"}}
    driver = create(LinkSettings("plant", plant.url, settings, (point(0, "A"),)))
    with pytest.raises(CommunicationError, match="wrong server"):
        await driver.open()
    await driver.close()


async def test_nobody_there_is_one_sentence(unused: str) -> None:
    driver = create(LinkSettings("plant", unused, {"timeout_ms": 500, "connect_timeout_ms": 1000}, ()))
    with pytest.raises(CommunicationError, match=r"cannot be reached|does not answer"):
        await driver.open()


@pytest.fixture
def unused() -> str:
    return f"opc.tcp://127.0.0.1:{free_port()}/"


async def test_close_leaves_no_task_behind(plant: Plant) -> None:
    before = asyncio.all_tasks()
    async with watching(plant.url, [point(0, "A")]) as (_driver, seen, _task):
        await seen.until(lambda: 0 in seen.values)
    ours = [
        task for task in asyncio.all_tasks() - before if "asyncua/client" in str(task) or "hmi" in str(task)
    ]
    assert ours == []


async def test_groups_are_known_before_the_connection(plant: Plant) -> None:
    driver = create(
        LinkSettings("plant", plant.url, {}, (point(0, "A"), point(1, "B", period=1000), point(2, "C")))
    )
    assert [(group.name, group.handles) for group in driver.groups()] == [
        ("100 ms", (0, 2)),
        ("1000 ms", (1,)),
    ]
