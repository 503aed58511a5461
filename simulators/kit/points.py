"""Points: what a simulated PLC shows at which address, the one table that servers and logic share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

URN = "urn:watchkeeper:simulator"
WORDS = {"float32": 2, "uint32": 2, "int32": 2, "uint16": 1, "int16": 1}
_PASCAL = {"pv": "PV", "sp": "SP", "op": "OP", "dp": "DP"}


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of an equipment layout. ``at`` is ``IR+1``, ``IR+0.3``, ``HR+2`` or ``C+1`` from the base."""

    name: str
    type: str
    at: str = ""
    writable: bool = False
    unit: str = ""
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """One point. ``plc`` is the connection, ``device`` the Modbus unit; ``low`` = ``high`` means no range.

    ``type`` is the wire type (``bool float32 uint16 int16 uint32 string``); ``raw_high`` > 0 says that an
    integer register carries 0 .. raw_high for low .. high. ``writable`` bools with ``pulse`` reset themselves.
    """

    name: str
    plc: str
    device: int
    type: str
    address: str
    description: str
    writable: bool = False
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    order: str = "ABCD"
    raw_high: float = 0.0
    kind: str = "tag"
    equipment: str = ""


def pascal(signal: str) -> str:
    """``speed_sp`` -> ``SpeedSp``; the process-control abbreviations stay in capitals."""
    return _PASCAL.get(signal) or "".join(part.capitalize() for part in signal.split("_"))


def modbus_address(at: str, base: int, coil: int) -> str:
    """``IR+1`` with base 101 -> ``IR102``; coils and discrete inputs count from ``coil``."""
    table, _, rest = at.partition("+")
    offset, dot, bit = rest.partition(".")
    start = coil if table in ("C", "DI") else base
    return f"{table}{start + int(offset)}{dot}{bit}"


def equipment_points(
    kind: str,
    layout: Iterable[Signal],
    name: str,
    description: str,
    *,
    plc: str,
    device: int = 1,
    base: int = 0,
    coil: int = 0,
    order: str = "ABCD",
    overrides: Mapping[str, tuple[str, float, float]] | None = None,
) -> list[Point]:
    """The points of one pump, valve, loop …; ``overrides`` gives (unit, low, high) per signal."""
    node = name.rpartition("/")[2].upper()
    points: list[Point] = []
    for signal in layout:
        unit, low, high = (overrides or {}).get(signal.name, (signal.unit, signal.low, signal.high))
        address = (
            f"Treatment.{node}.{pascal(signal.name)}"
            if plc == "opc"
            else modbus_address(signal.at, base, coil)
        )
        points.append(
            Point(
                name=f"{name}.{signal.name}",
                plc=plc,
                device=device,
                type=signal.type,
                address=address,
                description=f"{description} {signal.name.replace('_', ' ')}",
                writable=signal.writable,
                unit=unit,
                low=low,
                high=high,
                order=order,
                kind=kind,
                equipment=name,
            )
        )
    return points
