"""What the Modbus driver is called, which settings and tag options it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hmi.core.values import ValueType
from hmi.drivers.modbus._address import parse_address
from hmi.drivers.modbus._endpoint import check_endpoint, own_line
from hmi.drivers.modbus._forbidden import forbidden_of
from hmi.drivers.modbus._item import ORDERS, WIRE_WORDS, WRITE_METHODS, resolve
from hmi.drivers.modbus._points import ModbusPoints
from hmi.plugins.definition import DriverDefinition, Setting

SETTINGS = (
    Setting("unit", "integer", 1, "unit of points that name none", minimum=0, maximum=255),
    Setting("zero_based", "boolean", False, "HR0 is the first register (5- and 6-digit numbers keep 1)"),
    Setting("order", "string", "ABCD", "byte order of points that name none", choices=ORDERS),
    Setting("hilo", "string", "", "which byte of a register holds the first character", ("", "high", "low")),
    Setting("encoding", "string", "ascii", "text encoding of strings"),
    Setting(
        "mappings", "array", [], "rows prefix start end radix table offset step unit, as for octal V2000"
    ),
    Setting("timeout_ms", "integer", 1000, "wait for an answer", minimum=10, maximum=60_000),
    Setting("connect_timeout_ms", "integer", 3000, "wait for a connection", minimum=10, maximum=60_000),
    Setting(
        "retries", "integer", 1, "repeats of a read (UDP: at least 1), not of a write", minimum=0, maximum=3
    ),
    Setting("pause_ms", "integer", 0, "pause between two requests", minimum=0, maximum=1000),
    Setting(
        "busy_wait_ms", "integer", 100, "pause before a busy unit is asked again", minimum=0, maximum=5000
    ),
    Setting("max_registers", "integer", 125, "registers of one read", minimum=1, maximum=125),
    Setting("max_bits", "integer", 2000, "coils or inputs of one read", minimum=1, maximum=2000),
    Setting("gap_registers", "integer", 16, "unused registers a read may bridge", minimum=0, maximum=124),
    Setting("gap_bits", "integer", 128, "unused bits a read may bridge", minimum=0, maximum=1999),
    Setting("sparse", "boolean", False, "never bridge a gap: the device answers only mapped addresses"),
    Setting("forbidden", "array", [], "ranges no read may touch, as '40100-40109' or '2.HR100-HR109'"),
    Setting("identify", "boolean", True, "read the device identification when the connection opens"),
    Setting("expected_identity", "object", {}, "vendor, product, revision, session the device must state"),
    Setting(
        "on_mismatch", "string", "bad", "wrong device: all values Bad, or writes only", ("bad", "writes")
    ),
    Setting("demote_after", "integer", 3, "time-outs in a row after which a unit is only probed", minimum=1),
    Setting("probe_s", "number", 10.0, "period of the probes of a silent unit", minimum=0.05, maximum=3600),
    Setting("baudrate", "integer", 19_200, "speed of a serial line", minimum=300, maximum=4_000_000),
    Setting("parity", "string", "E", "parity of a serial line", choices=("E", "O", "N")),
    Setting("bytesize", "integer", 8, "data bits of a serial line (ASCII: 7)", minimum=7, maximum=8),
    Setting("stopbits", "integer", 1, "stop bits of a serial line", minimum=1, maximum=2),
    Setting(
        "tls_ca", "string", "", "file with the certificates that may vouch for the device", path_from="plant"
    ),
    Setting("tls_certificate", "string", "", "file with the certificate of this product", path_from="plant"),
    Setting("tls_key", "string", "", "file with its private key", path_from="plant"),
    Setting("tls_server_name", "string", "", "name in the device's certificate when it is not the host"),
)
TAG_OPTIONS = (
    Setting("wire", "string", "", "type in the device; by default from the tag type", tuple(WIRE_WORDS)),
    Setting("order", "string", "", "byte order of this point", ("", *ORDERS)),
    Setting("length", "integer", 0, "bytes of a string or byte string", minimum=0, maximum=246),
    Setting("encoding", "string", "", "text encoding of this point"),
    Setting("hilo", "string", "", "which byte of a register holds the first character", ("", "high", "low")),
    Setting("first", "integer", 0, "lowest bit of a bit field", minimum=0, maximum=15),
    Setting("count", "integer", 1, "bits of a bit field", minimum=1, maximum=16),
    Setting("unit", "integer", 1, "unit of this point; '2.HR1' says the same", minimum=0, maximum=255),
    Setting("write", "string", "auto", "the one way this point is written", WRITE_METHODS),
)


def check_address(
    address: str, value_type: ValueType, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Raise AddressError for a point that could never be read, or for forbidden ranges that are none."""
    resolve(address, value_type, settings, options)
    forbidden_of(settings)


def place_of(address: str, settings: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """``1.9 HR`` for every notation of it; AddressError for what is no address."""
    one = parse_address(
        address, zero_based=bool(settings.get("zero_based", False)), mappings=settings.get("mappings", ())
    )
    unit = one.unit if one.unit is not None else options.get("unit", settings.get("unit", 1))
    return f"{replace(one, unit=int(unit))} {one.wire}{one.hilo}".strip()


DEFINITION = DriverDefinition(
    name="modbus",
    title="Modbus TCP, RTU, ASCII and TLS",
    style="poll",
    settings=SETTINGS,
    tag_options=TAG_OPTIONS,
    check_address=check_address,
    check_endpoint=check_endpoint,
    own_line=own_line,
    points=ModbusPoints,
    place_of=place_of,
)
