"""The fast decoder gives what the library gives, for every message, and refuses what is malformed."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hmi.core import quality
from hmi.core.errors import ProtocolViolation
from hmi.drivers.opcua import _session
from hmi.drivers.opcua._decode import Decoder
from hmi.drivers.opcua._session import check_count, decode_slowly
from hmi.drivers.opcua._subscribe import Group, parameters, silence_of
from hmi.drivers.opcua._times import TimeRule, ns_of, ticks_of
from hmi.drivers.opcua._values import from_library
from hmi.drivers.opcua._watch import TICK_S, next_sequence

NOW = 1_800_000_000 * 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
V = ua.VariantType
RANGES = {V.SByte: 7, V.Int16: 15, V.Int32: 31, V.Int64: 63}
UNSIGNED = {V.Byte: 8, V.UInt16: 16, V.UInt32: 32, V.UInt64: 64}
MOMENTS = st.integers(0, 2_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def _scalars() -> dict[V, st.SearchStrategy[Any]]:
    found: dict[V, st.SearchStrategy[Any]] = {
        V.Boolean: st.booleans(),
        V.Float: st.floats(width=32),
        V.Double: st.floats(),
        V.String: st.none() | TEXT,
        V.ByteString: st.none() | st.binary(max_size=20),
        V.DateTime: MOMENTS,
        V.LocalizedText: st.builds(ua.LocalizedText, TEXT),
        V.Guid: st.uuids(),
    }
    found |= {kind: st.integers(-(1 << bits), (1 << bits) - 1) for kind, bits in RANGES.items()}
    found |= {kind: st.integers(0, (1 << bits) - 1) for kind, bits in UNSIGNED.items()}
    return found


SCALARS = _scalars()


@st.composite
def data_values(draw: Any) -> ua.DataValue:
    kind = draw(st.sampled_from(list(SCALARS)))
    if draw(st.integers(0, 4)) == 0:
        variant = ua.Variant(draw(st.lists(SCALARS[kind], max_size=5)), kind, is_array=True)
    else:
        variant = ua.Variant(draw(SCALARS[kind]), kind)
    status = draw(st.none() | st.sampled_from([0, 0x40910000, 0x80310000, 0x00004400, 0x00000480]))
    server_time = draw(st.none() | MOMENTS)
    return ua.DataValue(
        Value=variant if draw(st.integers(0, 9)) else ua.Variant(),
        StatusCode=None if status is None else ua.StatusCode(status),
        SourceTimestamp=draw(st.none() | MOMENTS),
        ServerTimestamp=server_time,
        # the library writes them behind the server time, where they do not belong
        SourcePicoseconds=draw(st.none() | st.integers(0, 9999)) if server_time is None else None,
        ServerPicoseconds=draw(st.none() | st.integers(0, 9999)),
    )


def message(values: list[ua.DataValue], *, parts: int = 1, sequence: int = 7) -> bytes:
    """A PublishResponse with one notification for each part."""
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 5
    response.Parameters.AvailableSequenceNumbers = [6, 7]
    response.Parameters.NotificationMessage.SequenceNumber = sequence
    response.Parameters.NotificationMessage.PublishTime = EPOCH + timedelta(seconds=1_800_000_000)
    items = [ua.MonitoredItemNotification(ClientHandle=place, Value=one) for place, one in enumerate(values)]
    response.Parameters.NotificationMessage.NotificationData = [
        ua.DataChangeNotification(MonitoredItems=items) for _part in range(parts)
    ]
    return struct_to_binary(response)


def decoder(known: int = 50, **limits: int) -> Decoder:
    made = Decoder(
        TimeRule(), max_items=limits.get("max_items", 1000), max_array=limits.get("max_array", 1000)
    )
    made.known.update(range(known))
    return made


def by_library(data: bytes) -> list[Any]:
    times = TimeRule()
    found = []
    for part in decode_slowly(data, 0).NotificationMessage.NotificationData or []:
        found += [
            (one.ClientHandle, from_library(one.Value, times, NOW)) for one in part.MonitoredItems or []
        ]
    return found


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(data_values(), max_size=12), st.integers(0, 2))
def test_decoder_agrees_with_the_library(values: list[ua.DataValue], parts: int) -> None:
    data = message(values, parts=parts)
    fast = decoder().decode(data, 0, NOW)
    if fast is None:
        assert any(value.Value.VariantType is V.Guid for value in values if value.Value)
        return
    assert fast.updates == by_library(data)
    assert (fast.subscription, fast.sequence, fast.has_data) == (5, 7, parts > 0)


def test_decoder_takes_every_plain_type_without_the_library() -> None:
    plain = [kind for kind in SCALARS if kind is not V.Guid]
    values = [ua.DataValue(ua.Variant(_example(kind), kind)) for kind in plain]
    fast = decoder().decode(message(values), 0, NOW)
    assert fast is not None
    assert len(fast.updates) == len(plain)


@pytest.mark.parametrize("value", [ua.Variant(4, V.Int32), ua.Variant("shut", V.String)])
@pytest.mark.parametrize("picoseconds", [None, 5000])
def test_items_of_the_driver_itself_are_collected_whatever_their_form(
    value: ua.Variant, picoseconds: int | None
) -> None:
    one = ua.DataValue(value, SourceTimestamp=EPOCH, SourcePicoseconds=picoseconds)
    made = decoder(known=0)
    found = made.decode(message([one]), 0, NOW)
    assert found is not None
    assert (found.updates, made.others) == ([], [(0, value.Value)])


@pytest.mark.parametrize("kind", [V.Double, V.String])
@pytest.mark.parametrize("source", [NOW, NOW + 3600 * 1_000_000_000])
def test_picoseconds_of_the_source_stand_before_the_server_time(kind: V, source: int) -> None:
    """OPC 10000-6, 5.2.2.17; a source time in the future is refused, so that the server time counts."""
    moment = EPOCH + timedelta(microseconds=1)
    one = ua.DataValue(
        ua.Variant(_example(kind), kind), None, moment, moment, SourcePicoseconds=1, ServerPicoseconds=2
    )
    # read two bytes too early, this server time is a moment in 1995
    server = ticks_of(NOW) >> 48 << 48 | 1_900_000_000_000
    wrong_order = struct.pack("<qqHH", ticks_of(1000), ticks_of(1000), 1, 2)
    data = message([one])
    assert data.count(wrong_order) == 1
    data = data.replace(wrong_order, struct.pack("<qHqH", ticks_of(source), 9999, server, 8888))
    fast = decoder().decode(data, 0, NOW)
    assert fast is not None
    assert fast.updates[0][1].source_time == (NOW if source == NOW else ns_of(server))
    ((_handle, slow),) = by_library(data)
    assert slow.source_time == NOW  # the source time, or the time of arrival where the source's is refused


def _example(kind: V) -> Any:
    special = {V.String: "a", V.ByteString: b"a", V.DateTime: EPOCH, V.LocalizedText: ua.LocalizedText("a")}
    return special.get(kind, 1)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_decoder_never_raises_on_damaged_messages(data: st.DataObject) -> None:
    good = bytearray(message([ua.DataValue(ua.Variant(1.5, V.Double), SourceTimestamp=EPOCH)] * 3))
    for _damage in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    assert decoder().decode(cut, 0, NOW) is None or len(cut) == len(good)


def test_decoder_leaves_huge_counts_alone() -> None:
    data = bytearray(message([ua.DataValue(ua.Variant([1, 2], V.Int32, is_array=True))]))
    place = data.index(bytes([V.Int32.value | 0x80]) + b"\x02\0\0\0") + 1
    data[place : place + 4] = (0x7FFFFFFF).to_bytes(4, "little")
    assert decoder().decode(bytes(data), 0, NOW) is None
    many = message([ua.DataValue(ua.Variant(1, V.Int32))] * 20)
    assert decoder(max_items=10).decode(many, 0, NOW) is None
    assert decoder(max_items=20).decode(many, 0, NOW) is not None


def test_library_is_not_asked_about_an_oversized_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "MAX_LIBRARY_BYTES", 10)
    with pytest.raises(ProtocolViolation, match="larger"):
        decode_slowly(b"\0" * 20, 0)


def test_UA_03_silence_is_noticed_within_one_and_a_half_keep_alives() -> None:
    assert silence_of(2000.0) + int(TICK_S * 1e9) <= 3_000_000_000
    assert silence_of(2000.0) > 2_400_000_000 - 1
    assert silence_of(1e12) < 6_000_000_000_000


def test_UA_03_keep_alives_outpace_the_tokens_of_a_channel_that_is_renewed_often() -> None:
    group = Group("100 ms", 100, ())
    assert parameters(group, {}).RequestedMaxKeepAliveCount == 20
    assert parameters(group, {}, token_ms=3_600_000).RequestedMaxKeepAliveCount == 20
    assert parameters(group, {}, token_ms=2500).RequestedMaxKeepAliveCount == 5
    assert parameters(group, {}, token_ms=10).RequestedMaxKeepAliveCount == 1


def test_sequence_numbers_wrap_to_one() -> None:
    assert [next_sequence(number) for number in (1, 0xFFFF_FFFE, 0xFFFF_FFFF)] == [2, 0xFFFF_FFFF, 1]


def test_read_answer_with_more_results_than_questions_is_not_decoded() -> None:
    data = struct_to_binary(ua.ReadResponse(Results=[ua.DataValue(ua.Variant(1, V.Int32))] * 3))
    check_count(data, 0, 3)
    with pytest.raises(ProtocolViolation, match="2 values were asked for and more came"):
        check_count(data, 0, 2)
    with pytest.raises(ProtocolViolation, match="unusual"):
        check_count(b"\2" * (300 << 10), 0, 3)


def test_nan_and_infinity_are_bad_and_never_a_number() -> None:
    values = [ua.DataValue(ua.Variant(one, V.Double)) for one in (float("nan"), float("inf"), -float("inf"))]
    values.append(ua.DataValue(ua.Variant([1.0, float("nan")], V.Double, is_array=True)))
    fast = decoder().decode(message(values), 0, NOW)
    assert fast is not None
    assert {(value.value, value.status) for _handle, value in fast.updates} == {
        (None, quality.BAD_DEVICE_FAILURE)
    }


def test_uint64_stays_exact() -> None:
    largest = (1 << 64) - 1
    fast = decoder().decode(message([ua.DataValue(ua.Variant(largest, V.UInt64))]), 0, NOW)
    assert fast is not None
    assert fast.updates[0][1].value == largest


def test_UA_13_source_time_first_then_server_time_then_receive_time() -> None:
    at = EPOCH + timedelta(seconds=1_700_000_000)
    early, late = EPOCH - timedelta(days=1), EPOCH + timedelta(seconds=1_800_000_000 + 601)
    one = ua.Variant(1.0, V.Double)
    values = [
        ua.DataValue(one, SourceTimestamp=at, ServerTimestamp=late),
        ua.DataValue(one, ServerTimestamp=at),
        ua.DataValue(one),
        ua.DataValue(one, SourceTimestamp=early, ServerTimestamp=at),
        ua.DataValue(one, SourceTimestamp=late),
    ]
    times = TimeRule()
    made = Decoder(times, max_items=10, max_array=10)
    made.known.update(range(5))
    fast = made.decode(message(values), 0, NOW)
    assert fast is not None
    given_ns = 1_700_000_000 * 10**9
    assert [value.source_time for _handle, value in fast.updates] == [given_ns, given_ns, NOW, given_ns, NOW]
    assert times.refused == 2


@pytest.mark.parametrize("status", quality.LISTED_CODES)
def test_UA_01_every_listed_code_arrives_with_its_32_bits(status: int) -> None:
    whole = status | quality.LIMIT_HIGH
    data = message([ua.DataValue(ua.Variant(2.5, V.Double), StatusCode=ua.StatusCode(whole))])
    fast = decoder().decode(data, 0, NOW)
    assert fast is not None
    assert fast.updates[0][1].status == whole
    assert quality.quality_of(whole).mark == quality.quality_of(status).mark
    assert by_library(data)[0][1].status == whole
