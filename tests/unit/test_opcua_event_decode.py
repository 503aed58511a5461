"""Our decoder of events agrees with the library, and understands all of a message or nothing."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime

import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from hmi.core import quality
from hmi.core.conditions import ConditionUpdate
from hmi.drivers.opcua import _condition_fields as fields
from hmi.drivers.opcua._condition_types import node_of, text_of
from hmi.drivers.opcua._decode import Decoder, Published
from hmi.drivers.opcua._event_decode import EventFields, Field
from hmi.drivers.opcua._event_library import events_of
from hmi.drivers.opcua._times import TimeRule, ticks_of

V = ua.VariantType
NOW = 1_800_000_000 * 10**9
NODES = (
    ua.NodeId(5), ua.NodeId(300), ua.NodeId(70_000), ua.NodeId(5, 3), ua.NodeId("a;b=c ", 2),
    ua.NodeId(uuid.UUID(int=7), 4), ua.NodeId(b"\x00\xff", 9),
)  # fmt: skip
VARIANTS = [
    ua.Variant(None), ua.Variant(True, V.Boolean), ua.Variant(-5, V.Int16), ua.Variant(700, V.UInt16),
    ua.Variant(2**63, V.UInt64), ua.Variant(1.5, V.Double), ua.Variant("Größe", V.String),
    ua.Variant(datetime(2026, 3, 1, tzinfo=UTC), V.DateTime), ua.Variant(b"\x01\x02", V.ByteString),
    ua.Variant(uuid.UUID(int=9), V.Guid), ua.Variant(ua.StatusCode(0x80050000), V.StatusCode),
    ua.Variant(ua.LocalizedText("hot", "en"), V.LocalizedText), ua.Variant(ua.LocalizedText(None), V.LocalizedText),
    ua.Variant(ua.QualifiedName("x", 1), V.QualifiedName), *(ua.Variant(node, V.NodeId) for node in NODES),
]  # fmt: skip


def message(*events: list[ua.Variant]) -> bytes:
    part = ua.EventNotificationList()
    part.Events = [ua.EventFieldList(ClientHandle=n, EventFields=list(one)) for n, one in enumerate(events)]
    response = ua.PublishResponse()
    result = response.Parameters
    result.SubscriptionId = 4
    result.NotificationMessage.SequenceNumber = 3
    result.NotificationMessage.NotificationData = [part]
    response.ResponseHeader.RequestHandle = 1
    return struct_to_binary(response)


def decode(data: bytes) -> Published | None:
    return Decoder(TimeRule(), max_items=100, max_array=100).decode(data, 0, NOW)


def test_our_decoder_and_the_library_say_the_same() -> None:
    data = message(VARIANTS, [], [ua.Variant(1, V.UInt32)])
    found = decode(data)
    assert found is not None
    part = ua.EventNotificationList(
        Events=[ua.EventFieldList(ClientHandle=0, EventFields=list(VARIANTS)),
                ua.EventFieldList(ClientHandle=1, EventFields=[]),
                ua.EventFieldList(ClientHandle=2, EventFields=[ua.Variant(1, V.UInt32)])]
    )  # fmt: skip
    assert list(found.events) == events_of(part)
    assert (found.subscription, found.sequence, found.updates, found.has_data) == (4, 3, [], True)


def test_node_ids_survive_as_text() -> None:
    for node in NODES:
        text = text_of(node)
        assert text is not None
        assert node_of(text) == node
    assert text_of(ua.NodeId()) is None


def test_every_cut_and_many_flipped_messages_are_refused_or_decoded_but_never_raise() -> None:
    data = message(VARIANTS, VARIANTS)
    for end in range(len(data)):
        assert decode(data[:end]) is None
    chance = random.Random(5)
    for _round in range(3000):
        spoilt = bytearray(data)
        for _flip in range(chance.randint(1, 4)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        decode(bytes(spoilt))


def test_arrays_are_left_to_the_library_and_count_as_not_told() -> None:
    array = [ua.Variant([1, 2], V.Int32)]
    assert decode(message(array)) is None
    part = ua.EventNotificationList(Events=[ua.EventFieldList(ClientHandle=0, EventFields=array)])
    assert events_of(part) == [EventFields(0, ((0, None),))]


def said(**more: Field) -> ConditionUpdate:
    known: dict[str, Field] = {
        "event_id": (15, b"\x01"), "type": (17, "i=10637"), "condition": (17, "ns=2;s=A"), "time": (13, ticks_of(NOW)),
        "message": (21, "hot"), "severity": (5, 700), "retain": (1, True), "active": (1, True), "acked": (1, False),
        "quality": (19, 0),
    }  # fmt: skip
    values = [{**known, **more}.get(name, (0, None)) for name, _owner, _path in fields.SELECTED]
    event = fields.event_of(values)
    assert event is not None
    return fields.update_of(event, "OffNormalAlarmType", NOW, TimeRule(), lambda _node: -1)


def test_a_field_that_is_null_with_a_bad_status_makes_the_quality_bad_and_the_state_not_told() -> None:
    update = said(active=(19, 0x8005_0000))
    assert update.active is None
    assert quality.is_bad(update.quality)
    assert said(comment=(19, 0x803D_0000)).quality == 0
    assert said(unshelve=(19, 0x80D2_0000)).quality == 0
    assert said(quality=(19, 0x8032_0000)).quality == quality.BAD_WAITING_FOR_INITIAL_DATA


def test_fields_of_the_wrong_type_are_not_told() -> None:
    update = said(
        active=(12, "true"), severity=(11, float("nan")), message=(5, 3), retain=(5, 0), time=(12, "now")
    )
    assert (update.active, update.severity, update.message, update.retain, update.time) == (
        None,
        0,
        "",
        True,
        NOW,
    )
    assert said(severity=(11, float("inf"))).severity == 0
    assert said(severity=(6, -5)).severity == 0
    assert said(severity=(6, 99_999)).severity == 1000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand\x00nul", "two lines and nul"),
        ("\u202egnp.exe", "gnp.exe"),
        ("x" * 10_000, "x" * 499 + "…"),
        ("<b>bold</b> {0} %s", "<b>bold</b> {0} %s"),
        ("   ", ""),
    ],
)
def test_evil_texts_become_one_short_printable_line(text: str, shown: str) -> None:
    assert said(message=(21, text)).message == shown


def test_an_event_with_another_number_of_fields_is_no_event() -> None:
    assert fields.event_of([(0, None)] * 3) is None


def test_the_shelf_by_its_state_or_by_the_summary() -> None:
    assert said(shelving=(17, "i=2932")).shelved == "timed"
    assert said(shelving=(17, "i=2933")).shelved == "one-shot"
    assert said(shelving=(17, "i=2930")).shelved == ""
    assert said(hidden=(1, True)).shelved == "timed"
    assert said(hidden=(1, True), suppressed=(1, True)).shelved == ""
    assert said(hidden=(1, False)).shelved == ""
    assert said().shelved is None
