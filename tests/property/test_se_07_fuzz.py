"""SE-07: damaged frames, notifications, tables and plant files are refused in words; nothing crashes or hangs."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportPrivateUsage=false
from __future__ import annotations

import asyncio
import random
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from mutations import LIMIT_S, Examination, damaged
from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from hmi.acquisition.port import Batch, LinkSettings, Point
from hmi.bench._fuzz_modbus import Plan
from hmi.check import check_plant
from hmi.core.errors import CommunicationError, DeviceError, ProtocolViolation
from hmi.core.values import DataValue, ValueType
from hmi.drivers.modbus import _guard
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._identity import parse_page
from hmi.drivers.modbus._plan import Request
from hmi.drivers.modbus._transport import Channel, Line
from hmi.drivers.modbus.driver import create
from hmi.drivers.opcua._decode import Decoder
from hmi.drivers.opcua._session import decode_slowly
from hmi.drivers.opcua._subscribe import Group
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._values import plain
from hmi.drivers.opcua._watch import SERVICE_LEVEL, STATE, Watch
from hmi.project import load_plant, new_plant

SEED = 20_261_128
UNIT = 7
WATERWORKS = Path(__file__).parents[2] / "screens" / "waterworks"


def of(short: int, full: int) -> pytest.MarkDecorator:
    """The number of cases in normal runs and in long ones."""
    marks = [pytest.mark.soak, pytest.mark.timeout(7_200)]
    return pytest.mark.parametrize("cases", [short, pytest.param(full, marks=marks)])


# --- Modbus -----------------------------------------------------------------------------------------------


def modbus_requests() -> list[Request]:
    """Reads of values of every kind the driver decodes."""
    driver = create(LinkSettings("plc", "tcp://127.0.0.1:1", {}, tuple(Plan.mixed().points)))
    driver.plan()
    return [request for block in driver._blocks.values() for request in block.requests]


def questions(requests: list[Request], pick: random.Random) -> tuple[bytes, bytes, Callable[[bytes], object]]:
    """A request, the right answer to it, and what the driver does with an answer."""
    kind = pick.randrange(4)
    if kind == 0:
        pdu = b"\x2b\x0e\x02\0"
        objects = b"".join(bytes((number, 3)) + b"abc" for number in range(pick.randrange(9)))
        right = b"\x2b\x0e\x02\x83" + bytes((pick.choice((0, 255)), 1, len(objects) // 5)) + objects
        return pdu, right, lambda answer: parse_page(answer, UNIT, 2)
    if kind == 1:
        pdu = pick.choice((b"\x05\0\1\xff\0", b"\x06\0\1\0\2", b"\x0f\0\1\0\1\1\1", b"\x10\0\1\0\1\2\0\1"))
        return pdu, pdu[:5], lambda answer: _guard.check_echo(pdu, answer, UNIT)
    request = pick.choice(requests)
    size = (request.count + 7) // 8 if request.function < 3 else request.count * 2
    right = bytes((request.function, size)) + pick.randbytes(size)
    if kind == 2:
        right = bytes((request.function | 0x80, pick.randrange(256)))
    return request.pdu, right, lambda answer: taken(request, answer)


def taken(request: Request, answer: bytes) -> None:
    data = _guard.read_data(request.function, request.count, answer, UNIT)
    for _handle, value in request.take(data, 1):
        assert isinstance(value, DataValue)
        assert value.value is not None or value.is_bad
        msgspec.msgpack.encode(value.value)


def frame(framing: str, pdu: bytes, tid: int) -> bytes:
    if framing == "mbap":
        return tid.to_bytes(2, "big") + b"\0\0" + (len(pdu) + 1).to_bytes(2, "big") + bytes((UNIT,)) + pdu
    framer = FramerRTU(DecodePDU(False)) if framing == "rtu" else FramerAscii(DecodePDU(False))
    return framer.encode(pdu, UNIT, 0)


@pytest.mark.parametrize("framing", ["mbap", "rtu", "ascii"])
@of(3_000, 1_000_000)
def test_se_07_damaged_modbus_answers_are_refused_in_words(framing: str, cases: int) -> None:
    pick, requests = random.Random(SEED), modbus_requests()
    exam = Examination((ProtocolViolation, DeviceError))

    async def listen() -> None:
        medium = "tcp" if framing == "mbap" else "serial"
        channel = Channel(Endpoint(medium, framing, "127.0.0.1", 1), Line())
        loop = asyncio.get_running_loop()
        for _ in range(cases):
            pdu, right, use = questions(requests, pick)
            channel._waiting, channel._unit, channel._pdu = loop.create_future(), UNIT, pdu
            wire = damaged(right, pick) if pick.random() < 0.5 else right
            sent = frame(framing, wire[:300], channel._tid)
            sent = damaged(sent, pick) if pick.random() < 0.7 else sent
            with exam.case(lambda pdu=pdu, sent=sent: (pdu, sent)):
                hear(channel, sent, pick)
                if channel._waiting.done():
                    told = channel._waiting.result()
                    if isinstance(told, Exception):
                        raise told
                    use(told)
            if framing != "mbap" or pick.random() < 0.1:
                channel._buffer = b""  # as the next request or the time-out does

    asyncio.run(listen())
    assert exam.findings == {}
    assert exam.refused > cases // 10
    assert exam.taken > cases // 10


def hear(channel: Channel, sent: bytes, pick: random.Random) -> None:
    while sent:
        size = pick.choice((1, 3, 7, 400))
        channel.data_received(sent[:size])
        sent = sent[size:]


# --- OPC UA -----------------------------------------------------------------------------------------------

V = ua.VariantType
NOW = datetime(2026, 11, 28, tzinfo=UTC)
KINDS: dict[V, tuple[Any, ...]] = {
    V.Boolean: (True, False), V.SByte: (-128, 127), V.Byte: (0, 255), V.Int16: (-32_768, 1), V.UInt16: (0, 65_535),
    V.Int32: (-(2**31), 5), V.UInt32: (0, 2**32 - 1), V.Int64: (-(2**63), 2**63 - 1), V.UInt64: (0, 2**64 - 1),
    V.Float: (0.0, float("nan"), float("inf")), V.Double: (1.5, float("-inf"), 1e308),
    V.String: (None, "", "ö😀\0", "x" * 4_000), V.ByteString: (None, b"", b"\xff" * 300),
    V.XmlElement: (ua.XmlElement("<x/>"),),
    V.DateTime: (NOW, datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)),
    V.Guid: (UUID(int=1),), V.NodeId: (ua.NodeId(), ua.NodeId("x", 300), ua.NodeId(b"\0\xff", 3)),
    V.ExpandedNodeId: (ua.ExpandedNodeId(5, 1),), V.StatusCode: (ua.StatusCode(0x80310000), ua.StatusCode(0x7FFFFFFF)),
    V.QualifiedName: (ua.QualifiedName("q", 2), ua.QualifiedName()),
    V.LocalizedText: (ua.LocalizedText("t", "en"), ua.LocalizedText()),
    V.ExtensionObject: (None, ua.Range(1.0, 2.0), ua.EUInformation(), ua.ReadValueId(), ua.Argument()),
    V.DataValue: (ua.DataValue(ua.Variant(1, V.Int32)), ua.DataValue()),
    V.Variant: (ua.Variant(ua.Variant(3, V.Byte), V.Variant), ua.Variant()),
    V.DiagnosticInfo: (ua.DiagnosticInfo(),),
}  # fmt: skip
HANDLES = (*range(12), STATE, SERVICE_LEVEL, 77_777)


def variant(pick: random.Random) -> ua.Variant:
    """A value of any kind: one, none, a list, an empty or missing list, a matrix, a list that is far too long."""
    kind = pick.choice(list(KINDS))
    one = pick.choice(KINDS[kind])
    shape = pick.randrange(8)
    if shape == 0:
        return ua.Variant()
    if shape == 1:
        return ua.Variant([one] * pick.choice((0, 1, 7)), kind, is_array=True)
    if shape == 2:
        return ua.Variant(None, kind, is_array=True) if kind is not V.Variant else ua.Variant()
    if shape == 3:
        return ua.Variant([[one, one], [one, one]], kind, Dimensions=[2, 2], is_array=True)
    if shape == 4 and pick.random() < 0.05:
        return ua.Variant([0] * 200_000, V.Byte, is_array=True)
    return ua.Variant(one, kind)


def notification(pick: random.Random, sequence: int) -> bytes:
    """A PublishResponse with values, events or a change of status."""
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = pick.choice((5, 5, 5, 6))
    message = response.Parameters.NotificationMessage
    message.SequenceNumber, message.PublishTime = sequence, NOW
    message.NotificationData = [_part(pick) for _ in range(pick.choice((0, 1, 1, 1, 2)))]
    return struct_to_binary(response)


def _part(pick: random.Random) -> Any:
    kind = pick.randrange(10)
    if kind == 0:
        return ua.StatusChangeNotification(Status=ua.StatusCode(pick.choice((0, 0x40000000, 0x80350000))))
    if kind == 1:
        fields = [variant(pick) for _ in range(pick.randrange(6))]
        return ua.EventNotificationList(Events=[ua.EventFieldList(ClientHandle=1, EventFields=fields)])
    return ua.DataChangeNotification(
        MonitoredItems=[
            ua.MonitoredItemNotification(ClientHandle=pick.choice(HANDLES), Value=_data_value(pick))
            for _ in range(pick.randrange(6))
        ]
    )


def _data_value(pick: random.Random) -> ua.DataValue:
    moments = (None, NOW, datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    status = pick.choice((None, 0, 0x80310000, 0x00000480, 0x40A50000, 0xFFFFFFFF))
    return ua.DataValue(
        Value=variant(pick),
        StatusCode=None if status is None else ua.StatusCode(status),
        SourceTimestamp=pick.choice(moments),
        ServerTimestamp=pick.choice(moments),
    )


class Server:
    """The link of a watch whose server has nothing to repeat."""

    timeout_s, is_up = 1.0, True

    def __init__(self) -> None:
        self.session = self

    async def republish(self, _subscription: int, _number: int) -> Any:
        raise ua.UaStatusCodeError(0x80220000)


class Listener:
    """A watch on a subscription of twelve points; keeps what it hands on."""

    def __init__(self) -> None:
        points = tuple(Point(handle, f"s=n{handle}", ValueType.FLOAT64, 100) for handle in range(12))
        self.group = Group("fast", 100, points, id=5)
        times = TimeRule()
        decoder = Decoder(times, max_items=50, max_array=1_000)
        decoder.known |= set(range(12))
        self.batches: list[Batch] = []
        self.watch = Watch(Server(), [self.group], decoder, times, max_items=50)
        self.watch._sink, self.watch._refresh, self.watch._reread = (
            self.batches.append,
            self._fresh,
            self._fresh,
        )

    async def _fresh(self, _handles: Any) -> Mapping[int, DataValue]:
        return {}


@of(1_500, 300_000)
def test_se_07_notifications_of_any_kind_and_damaged_ones_are_values_or_refused(cases: int) -> None:
    pick = random.Random(SEED)
    exam, values = Examination((CommunicationError, ua.UaError)), 0

    async def hear_all() -> None:
        nonlocal values
        listener = Listener()
        for _ in range(cases):
            sent = notification(pick, listener.group.sequence)
            data = b"\0" * 8 + (damaged(sent, pick) if pick.random() < 0.7 else sent)
            with exam.case(lambda data=data: data):
                await listener.watch._take(data, 8)
                for batch in listener.batches:
                    values += len([is_honest(value) for _handle, value in batch.updates])
            listener.batches.clear()
            listener.watch._acknowledge.clear()

    asyncio.run(hear_all())
    assert exam.findings == {}
    assert exam.refused > cases // 20
    assert values > cases // 10


def is_honest(value: DataValue) -> bool:
    """It can be sent on, and whoever reads it learns that there is no number when there is none."""
    msgspec.msgpack.encode(value.value, enc_hook=None)
    assert 0 <= value.status <= 0xFFFF_FFFF
    assert value.value is not None or value.is_bad or not value.is_good
    return True


def publish_with(value: bytes) -> bytes:
    """A notification of one item whose value is these bytes: a variant behind the mask of a DataValue."""
    notes = ua.DataChangeNotification(MonitoredItems=[ua.MonitoredItemNotification(ClientHandle=1)])
    body = (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\1" + value + b"\xff" * 4
    response = ua.PublishResponse()
    response.Parameters.NotificationMessage.PublishTime = NOW
    response.Parameters.NotificationMessage.NotificationData = [notes]
    right = struct_to_binary(response)
    at = right.index(b"\x01\x00\x2b\x03\x01") + 5
    length = int.from_bytes(right[at : at + 4], "little")
    return right[:at] + len(body).to_bytes(4, "little") + body + right[at + 4 + length :]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\x80\xff\xff\xff\x7f", id="two thousand million elements without a type"),
        pytest.param(b"\x8c\xff\xff\xff\x7f" + b"\xfc\xff\xff\xff" * 4, id="texts of a negative length"),
        pytest.param(b"\xc6\0\0\0\0\1\0\0\0\x40\x42\x0f\0", id="a matrix that is not there"),
    ],
)
def test_se_07_what_would_be_decoded_without_end_is_refused(value: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="cannot be decoded"):
        decode_slowly(publish_with(value), 0)


def test_se_07_text_that_is_not_utf8_and_a_time_never_set_can_be_sent_on() -> None:
    assert plain("a\udc9b") == "a\ufffd"
    assert plain(datetime(1601, 1, 1, tzinfo=UTC)) is None
    assert plain(NOW) == int(NOW.timestamp()) * 10**9


# --- plants -----------------------------------------------------------------------------------------------


def fuzz_folder(source: Path, folder: Path, cases: int, files: str, *, checks: bool) -> Examination:
    """Damage one file of a plant at a time, load the plant, put the file right again.

    A damaged file may take longer than the whole plant takes undamaged, but not many times as long.
    """
    plant = shutil.copytree(source, folder / "damaged")
    began = time.thread_time()
    assert load_plant(plant).plant is not None
    pick, exam = random.Random(SEED), Examination((), limit_s=LIMIT_S + 5 * (time.thread_time() - began))
    whole = {path: path.read_bytes() for path in sorted(plant.rglob(files)) if path.is_file()}
    paths = list(whole)
    for _ in range(cases):
        path = pick.choice(paths)
        bad = damaged(whole[path], pick)
        path.write_bytes(bad)
        with exam.case(
            lambda path=path, bad=bad: (path.name, bad if len(bad) < 1_000 else _where(whole[path], bad))
        ):
            result = load_plant(plant)
            exam.refused += result.plant is None
            for finding in result.findings:
                assert finding.text
                assert "\n" not in finding.text
                assert len(finding.text) < 20_000  # it may name something odd of 5,000 letters several times
            if checks and result.plant is not None:
                check_plant(plant, looks=False)
        path.write_bytes(whole[path])
    assert load_plant(plant).plant is not None
    return exam


def _where(right: bytes, bad: bytes) -> bytes:
    at = next((i for i, (a, b) in enumerate(zip(right, bad, strict=False)) if a != b), 0)
    return bad[max(0, at - 60) : at + 400]


@of(400, 100_000)
@pytest.mark.parametrize("files", ["*.csv", "*.toml", "*.json"])
def test_se_07_a_damaged_small_plant_gives_findings(tmp_path: Path, files: str, cases: int) -> None:
    exam = fuzz_folder(new_plant(tmp_path / "plant"), tmp_path, cases, files, checks=True)
    assert exam.findings == {}
    assert exam.refused > cases // 20


@of(15, 10_000)
@pytest.mark.parametrize("files", ["*.csv", "*.toml", "*.json"])
def test_se_07_the_damaged_waterworks_gives_findings(tmp_path: Path, files: str, cases: int) -> None:
    exam = fuzz_folder(WATERWORKS, tmp_path, cases, files, checks=False)
    assert exam.findings == {}
