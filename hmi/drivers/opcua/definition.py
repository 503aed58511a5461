"""What the OPC UA driver is called, which settings and tag options it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hmi.core.errors import AddressError
from hmi.core.values import ValueType
from hmi.drivers.opcua._address import check_endpoint, check_range, parse_address
from hmi.plugins.definition import DriverDefinition, Setting

POLICIES = ("Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256")
OVERRIDES = ("expired", "host", "revocation-unknown")

SETTINGS = (
    Setting("security", "string", "auto", "auto takes the best policy offered", ("auto", "none", *POLICIES)),
    Setting("mode", "string", "SignAndEncrypt", "protection of messages", ("SignAndEncrypt", "Sign")),
    Setting("allow_unsecured", "boolean", False, "accept security none from another machine (laboratory)"),
    Setting("pki_dir", "string", "", "folder of the own certificate and of the trust list"),
    Setting("overrides", "array", [], "certificate faults accepted: " + ", ".join(OVERRIDES)),
    Setting("user", "string", "", "user name; empty = anonymous or by certificate"),
    Setting("password", "string", "", "password of the user"),
    Setting("password_file", "string", "", "file whose first line is the password"),
    Setting("user_certificate", "string", "", "file with the certificate of the user"),
    Setting("user_key", "string", "", "file with the private key of the user"),
    Setting("expected_identity", "object", {}, "vendor, product, revision, session the server must state"),
    Setting("timeout_ms", "integer", 4000, "wait for an answer", minimum=100, maximum=60_000),
    Setting(
        "connect_timeout_ms", "integer", 10_000, "wait for connect and set-up", minimum=100, maximum=120_000
    ),
    Setting(
        "session_timeout_ms", "integer", 60_000, "life of a silent session", minimum=5000, maximum=3_600_000
    ),
    Setting(
        "keep_alive_ms", "integer", 2000, "longest silence of a subscription", minimum=100, maximum=60_000
    ),
    Setting(
        "lifetime_ms", "integer", 60_000, "life of an unread subscription", minimum=1000, maximum=3_600_000
    ),
    Setting(
        "chunk",
        "integer",
        500,
        "items of one request; the server may ask for fewer",
        minimum=1,
        maximum=10_000,
    ),
    Setting("max_notifications", "integer", 1000, "values of one notification", minimum=10, maximum=10_000),
    Setting("max_message_kb", "integer", 4096, "largest message accepted", minimum=64, maximum=262_144),
    Setting(
        "max_array", "integer", 100_000, "most elements of an array value", minimum=1, maximum=10_000_000
    ),
    Setting("retry_items_s", "number", 30.0, "pause before refused items are asked for again", minimum=0.1),
)
TAG_OPTIONS = (
    Setting("index_range", "string", "", "part of an array, as 3 or 0:4"),
    Setting(
        "queue", "integer", 1, "samples the server keeps between two notifications", minimum=1, maximum=10_000
    ),
    Setting("sampling_ms", "integer", 0, "sampling interval; 0 = half the scan period", minimum=0),
    Setting("deadband", "number", 0.0, "smallest change that is sent", minimum=0),
    Setting(
        "deadband_percent", "number", 0.0, "smallest change in percent of EURange", minimum=0, maximum=100
    ),
)


def check_address(
    address: str, value_type: ValueType, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Raise AddressError for a point that could never be read."""
    parse_address(address)
    check_range(str(options.get("index_range", "")))
    if options.get("deadband") and options.get("deadband_percent"):
        raise AddressError(f"{address!r} has two deadbands", do="keep deadband or deadband_percent")
    filtered = options.get("deadband") or options.get("deadband_percent")
    if filtered and value_type in (ValueType.BOOL, ValueType.STRING, ValueType.BYTES, ValueType.STRUCTURE):
        raise AddressError(f"{address!r} is no number and cannot have a deadband", do="remove the deadband")


DEFINITION = DriverDefinition(
    name="opcua",
    title="OPC UA",
    style="push",
    settings=SETTINGS,
    tag_options=TAG_OPTIONS,
    check_address=check_address,
    check_endpoint=check_endpoint,
    isolated=True,
)
