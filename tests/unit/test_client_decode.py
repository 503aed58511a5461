"""From the wire to the records of a station."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hmi.client._decode import LiveDecoder, command_result, converted, event_of, frozen, history_page
from hmi.client.port import RuntimeStatus
from hmi.core.commands import CommandResult, CommandState, Reason, Refusal
from hmi.core.errors import CommunicationError
from hmi.core.values import DataValue


def batch(kind: str, **more: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {"i": [1], "v": [2**64 - 1], "s": [0], "st": [5], "rt": [6]}
    head: dict[str, Any] = {"t": kind, "n": 7, "ages": {"g": 10}, "time": 99, "rate": 0.0}
    if kind == "snap":
        head |= {"tags": ["a", "b"], "groups": ["g", "g"], "limits": {"g": 2000}}
    return msgspec.msgpack.decode(msgspec.msgpack.encode({**head, **columns, **more}))


def test_a_delta_uses_the_names_of_the_last_snapshot() -> None:
    decoder = LiveDecoder()
    snapshot = decoder.live(batch("snap"), 1_000)
    assert snapshot.values == {"b": DataValue(2**64 - 1, 0, 5, 6)}
    assert (snapshot.snapshot, snapshot.tag_group) == (True, {"a": "g", "b": "g"})
    assert snapshot.group_limits_ms == {"g": 2000}
    delta = decoder.live(batch("delta", i=[0], v=[[1, [2, b"x"]]]), 1_000)
    assert delta.values == {"a": DataValue((1, (2, b"x")), 0, 5, 6)}
    assert (delta.snapshot, delta.tag_group, delta.heartbeat) == (False, {}, 7)
    assert (delta.session_time, delta.rate, delta.ages_ms) == (99, 0.0, {"g": 10})


@pytest.mark.parametrize(("sent", "arrived"), [(400, 400), (1_000, 1_000), (5_000, 1_000), (None, 1_000)])
def test_what_lay_in_a_buffer_is_as_old_as_its_sending_and_never_younger_than_its_arrival(
    sent: int | None, arrived: int
) -> None:
    given = {} if sent is None else {"mono": sent}
    assert LiveDecoder().live(batch("snap", **given), 1_000).arrived_ns == arrived


def test_a_delta_before_any_snapshot_or_with_uneven_columns_is_refused() -> None:
    with pytest.raises(IndexError):
        LiveDecoder().live(batch("delta"), 1)
    decoder = LiveDecoder()
    decoder.live(batch("snap"), 1)
    with pytest.raises(ValueError, match="zip"):
        decoder.live(batch("delta", s=[]), 1)


def test_results_pages_and_events_come_back_as_they_were() -> None:
    refusal = Refusal(Reason.LIMIT_EXCEEDED, "too much", 7.5)
    result = CommandResult("c_1", "t_1", CommandState.REFUSED, "too much", (refusal,), None)
    assert command_result(msgspec.json.decode(msgspec.json.encode(result))) == result
    page = history_page({"tag_id": "t", "samples": [[[1, 2], 0, 5, 6]], "continuation": "next"})
    assert (page.samples, page.continuation) == ((DataValue((1, 2), 0, 5, 6),), "next")
    assert event_of({"t": "ev", "seq": 3, "kind": "result", "payload": 1}).seq == 3
    assert frozen([1, [2]]) == (1, (2,))


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'{"api": "one"}'])
def test_another_version_is_one_sentence(body: bytes) -> None:
    with pytest.raises(CommunicationError, match="another version of the API"):
        converted(body, RuntimeStatus)
