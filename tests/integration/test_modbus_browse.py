"""Browsing of Modbus devices over real sockets: servers that are not ours, and devices that behave badly."""

from __future__ import annotations

import asyncio
import math
import random
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from modbus_devices import Device, serving

from hmi.bench.peers import modbus_c
from hmi.bench.peers.modbus_rtu import RtuSlave, virtual_line
from hmi.bench.peers.modbus_sim import SimUnit
from hmi.bench.peers.modbus_sim import serving as serving_library
from hmi.core.errors import CommunicationError, ConfigurationError
from hmi.core.identity import is_tag_name
from hmi.core.values import ValueType
from hmi.drivers.modbus._allowed import NotAllowed
from hmi.drivers.modbus._item import resolve
from hmi.drivers.modbus._probe_link import ProbeLink, ReadsOnly
from hmi.drivers.modbus.browser import create
from hmi.project._fields import TYPES
from hmi.project.importing import BrowseAsk, Imported

pytestmark = pytest.mark.asyncio
READS = {1, 2, 3, 4, 0x2B}
QUICK = {"rate": 50, "seconds": 1, "units": "1"}


async def browsed(port: int, settings: dict[str, Any] | None = None, **options: Any) -> Imported:
    given = {"timeout_ms": 200, "busy_wait_ms": 20, **(settings or {})}
    ask = BrowseAsk(f"tcp://127.0.0.1:{port}", given, QUICK | options, "plc", "north")
    return await create().browse(ask)


def rows(imported: Imported) -> dict[str, Any]:
    return {row.cells["address"]: row for row in imported.rows}


def said(imported: Imported) -> str:
    return "\n".join([*imported.notes, *(f"{fault.text}; {fault.do}" for fault in imported.faults)])


def living(first: int = 0) -> Callable[[], Mapping[int, int]]:
    """Two floats CDAB, a counter of two words, a number of tenths, a text."""

    def words() -> Mapping[int, int]:
        now = 4 * time.monotonic()
        level, flow = 3.2 + 0.4 * math.sin(now), 120 + 15 * math.sin(now / 2)
        raw = struct.pack(">ff", level, flow)
        count = struct.pack(">I", 70_000_000 + int(now % 10_000 * 30_000))
        values = struct.unpack(">6H", raw + count)
        swapped = [values[at ^ 1] for at in range(6)]
        text = struct.unpack(">8H", b"Pump station 7\0\0")
        return dict(enumerate([*swapped, int(10 * level), *text], first))

    return words


async def test_ranges_types_orders_and_identity_of_a_device() -> None:
    objects = {0: b"Northwind", 1: b"NW-7", 2: b"2.1", 5: b"meter", 0x80: b"SN 77"}
    device = Device({"HR": living(99), "CO": lambda: {0: 0, 1: 1, 2: 0}}, objects=objects)
    async with serving(device) as port:
        found = await browsed(port, seconds=3, ranges="HR60-HR160,CO1-CO20")
    assert set(device.functions) <= READS
    assert "Northwind, product code NW-7, revision 2.1, model meter, object 0x80 SN 77" in said(found)
    assert "unit 1, HR: HR100-HR114" in said(found)
    assert "unit 1, CO: CO1-CO3" in said(found)
    assert not found.faults
    got = rows(found)
    assert {address: (row.cells["type"], row.cells.get("options", "")) for address, row in got.items()} == {
        "HR100": ("float32", "order=CDAB"),
        "HR102": ("float32", "order=CDAB"),
        "HR104": ("uint32", "order=CDAB"),
        "HR106": ("int16", ""),
        "HR107": ("string", "length=14;order=ABCD"),
        "CO2": ("bool", ""),
    }
    assert all(row.confidence >= 0.8 and row.why for row in got.values())
    assert "follows HR100 times 10" in got["HR106"].why
    assert got["HR100"].name == "north/unit1.hr100"
    check_rows(found)


def check_rows(found: Imported) -> None:
    """Every row is a tag that the driver can read."""
    for row in found.rows:
        kind, wire = TYPES[row.cells["type"]]
        options = dict(part.split("=") for part in row.cells.get("options", "").split(";") if part)
        item = resolve(row.cells["address"], kind, {}, {"wire": wire} | options)
        assert item.type in ValueType
        assert is_tag_name(row.name)


async def test_only_reads_can_leave_and_no_two_at_a_time() -> None:
    device = Device({table: living() for table in ("HR", "IR", "DI", "CO")}, units=(1, 2, 3), delay_s=0.004)
    async with serving(device) as port:
        found = await browsed(port, units="1-5", max_seconds=8)
    assert set(device.functions) <= READS
    assert device.most_open == 1
    assert f"{len(device.asked)} requests were sent, all of them reads" in said(found)


async def test_the_server_id_is_asked_for_only_on_request() -> None:
    device = Device(
        {"HR": living()}, before=lambda _unit, pdu: b"\x11\x05PX-9\xff" if pdu == b"\x11" else False
    )
    async with serving(device) as port:
        await browsed(port, ranges="HR1-HR10")
        assert 0x11 not in device.functions
        found = await browsed(port, ranges="HR1-HR10", server_id=True)
    assert device.functions[0x11] == 1
    assert "server id PX-9" in said(found)


@pytest.mark.parametrize(
    "pdu",
    [
        b"\x05\0\0\xff\0",
        b"\x06\0\0\0\0",
        b"\x10\0\0\0\1\2\0\0",
        b"\x16\0\0\0\0\0\0",
        b"\x2b\x0d\0\0",
        b"\x11",
        b"\x08\0\0\0\0",
    ],
)
async def test_whatever_is_no_read_is_refused_before_it_is_sent(pdu: bytes) -> None:
    device = Device({})
    with pytest.raises(NotAllowed):
        ReadsOnly().check(1, pdu)
    async with serving(device) as port, ProbeLink(f"tcp://127.0.0.1:{port}", {}, 50) as link:
        with pytest.raises(NotAllowed):
            await link.exchange(1, pdu)
    assert device.asked == []


async def test_the_asked_rate_is_kept() -> None:
    device = Device({"HR": living()})
    started = time.monotonic()
    async with serving(device) as port:
        await browsed(port, rate=10, seconds=0, ranges="HR1-HR15")
    assert time.monotonic() - started >= (len(device.asked) - 1) / 10


# --- units -----------------------------------------------------------------------------------------------------


async def test_only_units_that_answer_are_looked_at() -> None:
    device = Device({"HR": living()}, units=(2, 5))
    async with serving(device) as port:
        found = await browsed(port, units="1-6", ranges="HR1-HR15")
    assert {row.cells["address"].split(".")[0] for row in found.rows} == {"2"}
    assert "unit 5 answers as unit 2 does: it is the same device" in said(found)
    assert "silent: unit 1, 3, 4, 6: no answer" in said(found)


@pytest.mark.parametrize(("code", "words"), [(0x0A, "has no path"), (0x0B, "gets no answer")])
async def test_what_a_gateway_says_of_its_units_is_told_apart(code: int, words: str) -> None:
    device = Device({"HR": living()}, units=(3,), missing_unit=code)
    async with serving(device) as port:
        found = await browsed(port, units="1-4", ranges="HR1-HR15")
    assert f"{words}" in said(found)
    assert all(row.cells["address"].startswith("3.HR") for row in found.rows)
    assert len(found.rows) == 5


async def test_units_that_differ_are_both_shown() -> None:
    def before(unit: int, pdu: bytes) -> bytes | bool:
        return struct.pack(">BBH", 3, 2, 0) if unit == 2 and pdu[0] == 3 and pdu[3:] == b"\0\1" else False

    device = Device({"HR": living()}, units=(1, 2), before=before)
    other = Device({"HR": lambda: dict.fromkeys(range(20), 7)})
    device.before = lambda unit, pdu: other.answer(1, pdu) if unit == 2 else False
    async with serving(device) as port:
        found = await browsed(port, units="1-2", ranges="HR1-HR30")
    assert {row.cells["address"][:2] for row in found.rows} == {"HR", "2."}


async def test_no_unit_at_all_is_an_empty_list_with_a_reason() -> None:
    device = Device({}, units=())
    async with serving(device) as port:
        found = await browsed(port, units="1-3")
    assert found.rows == []
    assert "none of the units 1, 2, 3 answers" in said(found)
    assert any(fault.is_error for fault in found.faults)


async def test_an_endpoint_that_is_not_there_is_one_sentence() -> None:
    device = Device({})
    async with serving(device) as port:
        pass
    with pytest.raises(CommunicationError, match="cannot be reached"):
        await browsed(port)
    with pytest.raises(ConfigurationError):
        await create().browse(BrowseAsk("opc.tcp://h", {}, {}, "plc"))


# --- devices that behave badly ------------------------------------------------------------------------------------


async def test_answers_of_other_transactions_are_not_used_and_told() -> None:
    device = Device({"HR": living()}, transaction_shift=7)
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR10")
    assert found.rows == []
    assert "another transaction number" in said(found)


async def test_a_busy_device_is_waited_for() -> None:
    device = Device({"HR": living()})
    turns = iter(range(10**6))
    device.before = lambda _unit, pdu: bytes((pdu[0] | 0x80, 6)) if next(turns) % 3 else False
    async with serving(device) as port:
        found = await browsed(port, seconds=2, ranges="HR1-HR15")
    assert len(found.rows) == 5
    assert set(device.functions) <= READS


async def test_a_device_that_takes_one_request_a_second() -> None:
    device = Device({"HR": living()})
    latest = [0.0]

    def before(_unit: int, _pdu: bytes) -> bool | None:
        now = time.monotonic()
        if now - latest[0] < 1:
            return None
        latest[0] = now
        return False

    device.before = before
    async with serving(device) as port:
        found = await browsed(port, seconds=0, ranges="HR1-HR15")
    assert "cannot follow faster than about one request" in said(found)
    assert {"HR1", "HR3"} <= set(rows(found))


async def test_a_device_that_gives_few_registers_at_once() -> None:
    device = Device({"HR": lambda: {place: 1000 + place for place in range(100)}}, limit=20)
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR120")
    assert "HR1-HR100" in said(found)
    assert found.connections[0].settings["max_registers"] == 20


async def test_holes_are_found_and_told_to_the_driver() -> None:
    places = {**dict.fromkeys(range(30), 7), **dict.fromkeys(range(40, 60), 9)}
    device = Device({"HR": lambda: places})
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR100")
    assert "HR1-HR30, HR41-HR60" in said(found)
    assert found.connections[0].settings["sparse"] is True


async def test_forbidden_addresses_are_never_touched() -> None:
    device = Device({"HR": living()})
    async with serving(device) as port:
        await browsed(port, {"forbidden": ["HR5-HR8"]}, ranges="HR1-HR15")
    asked = [struct.unpack(">HH", pdu[1:]) for _unit, pdu in device.asked if pdu[0] == 3]
    assert not {place for first, count in asked for place in range(first, first + count)} & set(range(4, 8))


async def test_a_device_that_ends_the_connection_is_called_again() -> None:
    device = Device({"HR": living()})
    device.before = lambda _unit, pdu: b"" if pdu[0] == 3 and pdu[1:3] == b"\0\x10" else False
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR15,HR17-HR18")
    assert len(found.rows) == 5


async def test_a_device_that_dies_leaves_what_was_seen() -> None:
    device = Device({"HR": living()})
    device.before = lambda _unit, pdu: None if len(device.asked) > 30 else False
    async with serving(device) as port:
        found = await browsed(port, seconds=3, ranges="HR1-HR15")
    assert "no longer answers" in said(found)
    assert {"HR1", "HR3", "HR5"} <= set(rows(found))


async def test_an_identification_without_an_end_is_left_alone() -> None:
    device = Device({"HR": living()})
    page = bytes((0x2B, 0x0E, 1, 0x83, 0xFF, 0, 1, 0, 1, 65))
    device.before = lambda _unit, pdu: page[:2] + pdu[2:3] + page[3:] if pdu[0] == 0x2B else False
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR15")
    assert device.functions[0x2B] <= 17
    assert len(found.rows) == 5


async def test_text_of_a_device_cannot_write_on_a_terminal() -> None:
    device = Device({"HR": living()}, objects={0: b"\x1b[31mred\nline", 1: b"x" * 200})
    async with serving(device) as port:
        found = await browsed(port, ranges="HR1-HR15")
    assert "\x1b" not in said(found)
    assert "?[31mred?line" in said(found)
    assert "x" * 81 not in said(found)


async def test_a_cancelled_browse_asks_nothing_more() -> None:
    device = Device({"HR": living()})
    async with serving(device) as port:
        task = asyncio.create_task(browsed(port, seconds=60))
        async with asyncio.timeout(20):
            while len(device.asked) < 10:
                await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        asked = len(device.asked)
        await asyncio.sleep(0.2)
        assert len(device.asked) == asked


async def test_expected_values_from_the_display_settle_order_and_scale() -> None:
    raw = struct.unpack(">2H", struct.pack(">f", 7.25))
    device = Device({"HR": lambda: {0: raw[1], 1: raw[0], 2: 125, 3: 7}})
    async with serving(device) as port:
        found = await browsed(port, seconds=0, ranges="HR1-HR4", expect="HR1=7.25;HR3=12.5;HR4=9")
    got = rows(found)
    assert got["HR1"].cells["options"] == "order=CDAB"
    assert got["HR1"].confidence >= 0.9
    cells = got["HR3"].cells
    assert (cells["type"], cells["options"]) == ("float", "wire=int16")
    assert (cells["raw_low"], cells["raw_high"], cells["low"], cells["high"]) == ("0", "1000", "0", "100")
    assert "HR4 shows 9 in no type, order or scale" in said(found)


async def test_zeros_have_rows_only_on_request() -> None:
    device = Device({"HR": lambda: {0: 0, 1: 7, 2: 0}, "CO": lambda: {0: 0, 1: 1}})
    async with serving(device) as port:
        few = await browsed(port, seconds=0, ranges="HR1-HR3,CO1-CO2")
        many = await browsed(port, seconds=0, ranges="HR1-HR3,CO1-CO2", zeros=True)
    assert set(rows(few)) == {"HR2", "CO2"}
    assert set(rows(many)) == {"HR1", "HR2", "HR3", "CO1", "CO2"}
    assert rows(many)["HR1"].confidence == 0


@pytest.mark.parametrize("seed", range(3))
async def test_a_device_that_answers_nonsense_ends_with_a_list(seed: int) -> None:
    rng = random.Random(seed)
    device = Device({"HR": living()})

    def before(_unit: int, pdu: bytes) -> bytes | bool | None:
        kind = rng.randrange(6)
        if kind < 3:
            return False
        whole = device._read(pdu) if pdu[0] in (3, 4) else bytes((pdu[0] | 0x80, rng.randrange(256)))
        return [whole[:-1] or b"\x83\x02", rng.randbytes(rng.randint(1, 60)), None][kind - 3]

    device.before = before
    async with serving(device) as port:
        found = await browsed(port, {"timeout_ms": 50}, seconds=0, max_seconds=5, ranges="HR1-HR15")
    assert set(device.functions) <= READS
    check_rows(found)


async def test_the_search_ends_when_its_time_is_over_and_says_what_was_not_asked() -> None:
    device = Device({"HR": living(), "IR": living()}, delay_s=0.01)
    async with serving(device) as port:
        found = await browsed(port, rate=20, seconds=0, max_seconds=4, tables="HR,IR")
    assert "the time was over before all addresses had been asked" in said(found)
    assert {"HR1", "IR1"} <= set(rows(found))


# --- servers that are not ours --------------------------------------------------------------------------------------


async def test_the_server_of_the_library() -> None:
    unit = SimUnit(1, size=300, registers=[0x4248, 0, 0x41C8, 0, 0x4120, 0, 100, 250] * 4, holes=(40,))
    async with serving_library([unit]) as port:
        found = await browsed(port, seconds=0, ranges="HR1-HR100")
    assert unit.log == []
    assert {function for function, _address, _count in unit.requests} <= READS
    assert "HR1-HR40, HR42-HR100" in said(found)
    assert rows(found)["HR1"].cells["type"] == "float32"
    check_rows(found)


@pytest.mark.skipif(bool(modbus_c.missing()), reason=modbus_c.missing() or "the C peer can be built")
async def test_a_server_in_c() -> None:
    with modbus_c.server(step=4) as port:
        slow = {"timeout_ms": 1500}  # it is deaf for half a second after a function that it does not know
        found = await browsed(port, slow, seconds=2, ranges="HR1-HR40,CO1-CO16")
    assert "HR1-HR40" in said(found)
    assert not [fault for fault in found.faults if fault.is_error]
    assert len(found.rows) >= 10
    check_rows(found)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
async def test_a_serial_line_is_not_scanned_beyond_its_unit() -> None:
    with virtual_line(RtuSlave()) as line:
        settings = {"bytesize": 8, "parity": "N", "timeout_ms": 300}
        options = {"rate": 50, "seconds": 0, "ranges": "HR1-HR4"}
        found = await create().browse(BrowseAsk(f"serial://{line.name}", settings, options, "line"))
    assert {frame[0] for frame in line.frames} == {1}
    assert "unit 1 answers" in said(found)
    assert "silent" not in said(found)
    assert len(found.rows) >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
async def test_the_server_id_is_read_on_a_serial_line() -> None:
    class Named(RtuSlave):
        def pdu_of(self, request: bytes) -> bytes:
            return b"\x11\x05PX-9\xff" if request == b"\x11" else super().pdu_of(request)

    with virtual_line(Named()) as line:
        settings = {"bytesize": 8, "parity": "N", "timeout_ms": 300}
        options = {"rate": 50, "seconds": 0, "ranges": "HR1-HR4", "server_id": True}
        found = await create().browse(BrowseAsk(f"serial://{line.name}", settings, options, "line"))
    assert "server id PX-9" in said(found)
