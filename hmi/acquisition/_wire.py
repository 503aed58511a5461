"""Messages between the runtime and a worker process: length, then msgpack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any, cast

import msgspec

from hmi.acquisition.port import (
    Batch,
    DeviceIdentity,
    Group,
    LinkSettings,
    PastKept,
    PastPage,
    PastRequest,
    Point,
    Trace,
)
from hmi.core.clock import NS_PER_S, monotonic_ns
from hmi.core.conditions import ConditionAct, ConditionCall, ConditionItem, ConditionUpdate, RefreshMark
from hmi.core.values import DataValue, Value, ValueType

MESSAGE_LIMIT = 64_000_000
# a batch that lay in the pipe for longer proves no life (both ends use the machine's one monotonic clock)
PIPE_DELAY_NS = NS_PER_S
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
Columns = list[Any]


def frame(message: dict[str, Any]) -> bytes:
    """The bytes of one message."""
    body = _encode(message)
    return len(body).to_bytes(4, "big") + body


async def read_message(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next message; EOFError when the pipe closes, ValueError for a message that cannot be one."""
    try:
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > MESSAGE_LIMIT:
            raise ValueError(f"a message of {size} bytes is too large")
        return cast("dict[str, Any]", _decode(await reader.readexactly(size)))
    except asyncio.IncompleteReadError as error:
        raise EOFError("the pipe was closed") from error


def columns(updates: Iterable[tuple[int, DataValue]]) -> Columns:
    """Updates as five columns."""
    handles: list[int] = []
    values: list[Value] = []
    states: list[int] = []
    sources: list[int] = []
    received: list[int] = []
    for handle, value in updates:
        handles.append(handle)
        values.append(value.value)
        states.append(value.status)
        sources.append(value.source_time)
        received.append(value.receive_time)
    return [handles, values, states, sources, received]


def updates(packed: Sequence[Any]) -> list[tuple[int, DataValue]]:
    """Five columns as updates; arrays become tuples again."""
    handles, values, states, sources, received = packed
    return [
        (h, DataValue(frozen(v) if type(v) is list else v, s, st, rt))
        for h, v, s, st, rt in zip(handles, values, states, sources, received, strict=True)
    ]


def frozen(value: Any) -> Any:
    """Arrays become tuples, at every depth."""
    return tuple(frozen(item) for item in cast("list[Any]", value)) if isinstance(value, list) else value


def pack_points(points: Iterable[Point]) -> list[list[Any]]:
    return [[p.handle, p.address, p.type.value, p.period_ms, p.writable, dict(p.options)] for p in points]


def unpack_points(packed: Iterable[Sequence[Any]]) -> tuple[Point, ...]:
    return tuple(Point(p[0], p[1], ValueType(p[2]), p[3], p[4], p[5]) for p in packed)


def pack_settings(settings: LinkSettings) -> dict[str, Any]:
    return {
        "name": settings.name,
        "endpoint": settings.endpoint,
        "settings": dict(settings.settings),
        "points": pack_points(settings.points),
        "frames_s": settings.tally.log_left_s,
        "plan": settings.plan.number,
    }


def unpack_settings(packed: dict[str, Any]) -> LinkSettings:
    points = unpack_points(packed["points"])
    settings = LinkSettings(packed["name"], packed["endpoint"], packed["settings"], points)
    # a runtime that was started before the program was replaced leaves out what it does not know
    settings.tally.log_frames(packed.get("frames_s", 0.0))
    settings.plan.number = packed.get("plan", 0)
    return settings


def pack_groups(groups: Iterable[Group]) -> list[list[Any]]:
    return [[g.name, g.unit, g.period_ms, list(g.handles)] for g in groups]


def unpack_groups(packed: Iterable[Sequence[Any]]) -> tuple[Group, ...]:
    return tuple(Group(g[0], g[1], g[2], tuple(g[3])) for g in packed)


def pack_identity(identity: DeviceIdentity) -> list[str]:
    return [identity.vendor, identity.product, identity.revision, identity.session]


def pack_trace(trace: Trace) -> dict[str, Any]:
    return {
        "u": columns([(0, trace.value)]),
        "device": dict(trace.device),
        "decode": dict(trace.decode),
        "fault": trace.fault,
    }


def unpack_trace(message: dict[str, Any]) -> Trace:
    ((_, value),) = updates(message["u"])
    return Trace(value, message["device"], message["decode"], message["fault"])


def pack_kept(kept: PastKept) -> dict[str, Any]:
    return {"kept": [[handle, now] for handle, now in kept.handles.items()], "since": kept.since}


def unpack_kept(message: dict[str, Any]) -> PastKept:
    return PastKept({handle: bool(now) for handle, now in message["kept"]}, message["since"])


def unpack_past_request(packed: Sequence[Any]) -> PastRequest:
    return PastRequest(*packed)


def pack_page(page: PastPage) -> dict[str, Any]:
    return {
        "u": columns((0, value) for value in page.values),
        "continuation": page.continuation,
        "following": page.following,
        "fault": page.fault,
    }


def unpack_page(message: dict[str, Any]) -> PastPage:
    values = tuple(value for _, value in updates(message["u"]))
    return PastPage(values, message["continuation"], message["following"], message["fault"])


def pack_batch(batch: Batch, change: int = 0) -> dict[str, Any]:
    """``change``: how many changes of its points the worker has taken."""
    return {
        "t": "batch",
        "change": change,
        "group": batch.group,
        "alive": batch.alive,
        "sent": monotonic_ns(),
        "u": columns(batch.updates),
    }


def unpack_batch(message: dict[str, Any]) -> Batch:
    """What waited in the pipe while this process stood still is taken, but not as a sign of life."""
    prompt = monotonic_ns() - message["sent"] <= PIPE_DELAY_NS
    return Batch(message["group"], updates(message["u"]), message["alive"] and prompt)


def pack_conditions(items: Sequence[ConditionItem], change: int = 0) -> dict[str, Any]:
    """A mark is one word, an update the list of its fields; ``change`` as for a batch."""
    packed = [item.value if isinstance(item, RefreshMark) else astuple(item) for item in items]
    return {"t": "conditions", "change": change, "c": packed}


def unpack_conditions(message: dict[str, Any]) -> list[ConditionItem]:
    return [RefreshMark(c) if isinstance(c, str) else ConditionUpdate(*c) for c in message["c"]]


def pack_call(call: ConditionCall) -> list[Any]:
    return [
        call.command_id, call.connection, call.condition, call.act.value, call.deadline_ns,
        call.event_id, call.comment, call.seconds,
    ]  # fmt: skip


def unpack_call(packed: Sequence[Any]) -> ConditionCall:
    return ConditionCall(packed[0], packed[1], packed[2], ConditionAct(packed[3]), *packed[4:])
