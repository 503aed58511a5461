"""What lies behind one value: the node that was read and everything that the server said of it."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from typing import Any

from asyncua import ua

from hmi.acquisition.port import Point, Trace
from hmi.core.clock import NS_PER_MS, monotonic_ns, wall_ns
from hmi.core.texts import tr
from hmi.core.values import bad
from hmi.drivers.opcua._items import value_of
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._times import TimeRule
from hmi.drivers.opcua._values import from_library, ns_of_datetime, plain, words

_LONGEST = 400


def unreadable(point: Point, status: int, why: str) -> Trace:
    """A node that the server does not have: nothing is asked."""
    return Trace(bad(status, wall_ns()), {"address": point.address}, {"type": point.type.value}, why)


async def trace(link: Link, point: Point, node: ua.NodeId, times: TimeRule, place: dict[str, Any]) -> Trace:
    """One Read of the Value attribute with both time stamps; ``place`` says which server answers."""
    device: dict[str, Any] = {**place, "address": point.address, "node": node.to_string()}
    if index_range := str(point.options.get("index_range", "")):
        device["index_range"] = index_range
    device["asked_at"], started = wall_ns(), monotonic_ns()
    (answer,) = await link.read([value_of(node, point)])
    device["answered_at"] = now = wall_ns()
    device["took_ms"] = round((monotonic_ns() - started) / NS_PER_MS, 1)
    status = answer.StatusCode.value if answer.StatusCode else 0
    device |= {"status_code": status, "status_words": words(status)}
    for name, moment in (("source_time", answer.SourceTimestamp), ("server_time", answer.ServerTimestamp)):
        if moment is not None and _is_said(ns_of_datetime(moment)):
            device[name] = ns_of_datetime(moment)
    if answer.Value is not None:
        device["raw"] = _json(plain(answer.Value.Value))
    value = from_library(answer, times, now)
    fault = "" if value.value is not None else tr("the server says: {words}", words=words(status))
    return Trace(value, device, _how(point, answer), fault)


def _is_said(moment: int) -> bool:
    """Whether a time is one: 1601 stands for none (OPC UA Part 6, 5.2.2.5), and none beyond 64 bits is kept."""
    return abs(moment) < 2**63


def _how(point: Point, answer: ua.DataValue) -> dict[str, Any]:
    found: dict[str, Any] = {"type": point.type.value}
    kind = answer.Value.VariantType if answer.Value else None
    if isinstance(kind, ua.VariantType):
        found["wire"] = kind.name
    return found


def _json(value: Any) -> Any:
    """Bytes as hex, and long values cut: this is for people."""
    if isinstance(value, bytes):
        return value[:_LONGEST].hex()
    if isinstance(value, bool | int | float):
        return value
    return None if value is None else str(value)[:_LONGEST]
