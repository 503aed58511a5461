"""From the wire to the records of the port; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from hmi.client.alarms import AlarmDelta, AlarmInfo
from hmi.client.people import holds_of
from hmi.client.port import Event, LiveUpdate
from hmi.core.commands import CommandResult, CommandState, Reason, Refusal, Selection
from hmi.core.errors import CommunicationError
from hmi.core.history import HistoryPage, Modification
from hmi.core.values import DataValue

T = TypeVar("T")


class LiveDecoder:
    """Keeps the names of a subscription between a snapshot and its deltas."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._limits: dict[str, int] = {}

    def live(self, message: Mapping[str, Any], arrived_ns: int) -> LiveUpdate:
        """A snapshot or a delta.

        ``mono`` is the machine's monotonic time at which it was sent: what lay in a buffer since then is older.
        """
        snapshot = message["t"] == "snap"
        groups: dict[str, str] = {}
        if snapshot:
            self._names = message["tags"]
            self._limits = message["limits"]
            groups = dict(zip(self._names, message["groups"], strict=True))
        names = self._names
        columns = zip(message["i"], message["v"], message["s"], message["st"], message["rt"], strict=True)
        changes: list[tuple[str, DataValue]] = [
            (names[i], DataValue(frozen(v), s, st, rt)) for i, v, s, st, rt in columns
        ]
        return LiveUpdate(
            values=dict(changes),
            ages_ms=message["ages"],
            heartbeat=message["n"],
            arrived_ns=min(arrived_ns, message.get("mono", arrived_ns)),
            snapshot=snapshot,
            tag_group=groups,
            group_limits_ms=self._limits if snapshot else {},
            session_time=message["time"],
            rate=message["rate"],
            revision=message.get("rev", ""),
            changes=changes if message.get("lane") == "every" and not snapshot else [],
            seq=message.get("seq", 0),
            at=message.get("at", 0),
            ended=message.get("end", False),
        )


def event_of(message: Mapping[str, Any]) -> Event:
    """One message that is not about values; alarms become their records here, not on a station's Qt thread."""
    kind, payload = message["kind"], message["payload"]
    if kind == "alarms":
        payload = msgspec.convert(payload, list[AlarmInfo])
    elif kind == "alarm_changes":
        payload = msgspec.convert(payload, AlarmDelta)
    elif kind == "holds":
        payload = holds_of(payload)
    return Event(message["seq"], kind, payload)


def frozen(value: Any) -> Any:
    """Arrays become tuples, as everywhere inside."""
    if type(value) is list:
        return tuple(frozen(item) for item in cast("list[Any]", value))
    return value


def history_page(content: Mapping[str, Any]) -> HistoryPage:
    samples: Sequence[Any] = content["samples"]
    return HistoryPage(
        content["tag_id"],
        tuple(DataValue(frozen(s[0]), s[1], s[2], s[3]) for s in samples),
        content["continuation"],
        tuple(content.get("flags", ())),
        tuple(Modification(*one) for one in content.get("modifications", ())),
    )


def command_result(content: Mapping[str, Any]) -> CommandResult:
    return CommandResult(
        content["command_id"],
        content["tag_id"],
        CommandState(content["state"]),
        content["text"],
        _refusals(content["refusals"]),
        content["read_back"],
    )


def selection_of(content: Mapping[str, Any]) -> Selection:
    return Selection(
        content["id"],
        content["tag_id"],
        content["value"],
        content["left_ms"],
        _refusals(content["refusals"]),
    )


def _refusals(found: Sequence[Any]) -> tuple[Refusal, ...]:
    return tuple(Refusal(Reason(r["reason"]), r["text"], r["value"]) for r in found)


def converted(body: bytes, kind: type[T]) -> T:
    """JSON of a known type; CommunicationError when the runtime speaks another version."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise CommunicationError(f"the runtime answers in another version of the API: {error}") from error
