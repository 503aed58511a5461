"""What lies behind one value: the frame that was asked for, its raw words and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.acquisition.port import Point, Trace
from hmi.core import quality
from hmi.core.clock import NS_PER_MS, monotonic_ns, wall_ns
from hmi.core.errors import CommunicationError, DeviceError, LinkLost, ProtocolViolation
from hmi.core.texts import tr
from hmi.core.values import bad
from hmi.drivers.modbus._item import Item
from hmi.drivers.modbus._plan import Request, request_of
from hmi.drivers.modbus._reader import Reader, UnitSilent
from hmi.drivers.modbus._transport import Silent
from hmi.drivers.modbus._units import Unit


def unreadable(point: Point, status: int, why: str) -> Trace:
    """A point that no request may bring: nothing is asked."""
    return Trace(bad(status, wall_ns()), {"address": point.address}, {}, why)


async def trace(point: Point, item: Item, unit: Unit, reader: Reader, endpoint: str) -> Trace:
    """One read of exactly this item. A demoted unit is not asked: each question would hold up all others."""
    request = request_of([(point.handle, item)])
    device = _place(point, item, request, endpoint)
    if unit.is_demoted:
        wait_s = max(0, unit.probe_at - monotonic_ns()) / 1e9
        fault = tr(
            "unit {unit} did not answer {n} times in a row; it is asked again in {s} s",
            unit=unit.number, n=unit.missed, s=f"{wait_s:.0f}",
        )  # fmt: skip
        return Trace(bad(quality.BAD_NO_COMMUNICATION, wall_ns()), device, how(item), fault)
    device["asked_at"], started = wall_ns(), monotonic_ns()
    try:
        data = await reader.fetch(request)
    except LinkLost:
        raise
    except (Silent, UnitSilent, ProtocolViolation) as error:
        return _failed(quality.BAD_NO_COMMUNICATION, device, item, error)
    except DeviceError as error:
        return _failed(error.status, device | {"exception": error.code}, item, error)
    device["answered_at"] = wall_ns()
    device["took_ms"] = round((monotonic_ns() - started) / NS_PER_MS, 1)
    device |= _raw(item, data)
    ((_handle, value),) = request.take(data, device["answered_at"])
    fault = "" if value.value is not None else tr("the bytes are no value of type {wire}", wire=item.wire)
    return Trace(value, device, how(item), fault)


def _place(point: Point, item: Item, request: Request, endpoint: str) -> dict[str, Any]:
    """Where it lies and what is sent for it. Offsets count from 0, as on the wire."""
    return {
        "unit": item.unit,
        "address": point.address,
        "table": item.table.value,
        "offset": request.start,
        "count": request.count,
        "function": request.function,
        "endpoint": endpoint,
        "request": request.pdu.hex(),
    }


def _raw(item: Item, data: bytes) -> Mapping[str, Any]:
    """``words`` as they came, high byte first as on the wire; a coil or an input is one bit."""
    if item.table.is_bits:
        return {"bit": data[0] & 1, "bytes": data.hex()}
    return {"words": [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]}


def how(item: Item) -> dict[str, Any]:
    """How the words become a number."""
    found: dict[str, Any] = {"wire": item.wire, "type": item.type.value}
    if not item.table.is_bits and (item.words > 1 or item.swaps_bytes):
        found["order"] = item.order
    if item.wire == "bit" and not item.table.is_bits:
        found["bit"] = item.bit
    if item.wire == "bitfield":
        found |= {"bit": item.first, "bits": item.count}
    if item.length:
        found |= {"length": item.length, "encoding": item.encoding}
    return found


def _failed(status: int, device: Mapping[str, Any], item: Item, error: CommunicationError) -> Trace:
    return Trace(bad(status, wall_ns()), device, how(item), str(error))
