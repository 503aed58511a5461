"""What the OPC UA driver is called, which settings and tag options it takes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

from hmi.core.alarms import SEVERITY_NAMES
from hmi.core.errors import AddressError, ConfigurationError
from hmi.core.values import ValueType
from hmi.drivers.opcua._address import check_endpoint, check_range, parse_address
from hmi.plugins.definition import DriverDefinition, Footprint, Setting

POLICIES = ("Aes256_Sha256_RsaPss", "Aes128_Sha256_RsaOaep", "Basic256Sha256")
OVERRIDES = ("expired", "host", "revocation-unknown")

SETTINGS = (
    Setting("security", "string", "auto", "auto takes the best policy offered", ("auto", "none", *POLICIES)),
    Setting("mode", "string", "SignAndEncrypt", "protection of messages", ("SignAndEncrypt", "Sign")),
    Setting("allow_unsecured", "boolean", False, "accept security none from another machine (laboratory)"),
    Setting(
        "pki_dir",
        "string",
        "",
        "folder of the own certificate and of the trust list",
        path_from="data",
        is_folder=True,
    ),
    Setting("overrides", "array", [], "certificate faults accepted: " + ", ".join(OVERRIDES)),
    Setting("user", "string", "", "user name; empty = anonymous or by certificate"),
    Setting(
        "password",
        "string",
        "",
        "password of the user; better hmi secret PLANT set connection/NAME, which goes before this",
        is_secret=True,
        file_setting="password_file",
    ),
    Setting("password_file", "string", "", "file whose first line is the password", path_from="plant"),
    Setting("user_certificate", "string", "", "file with the certificate of the user", path_from="plant"),
    Setting("user_key", "string", "", "file with the private key of the user", path_from="plant"),
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
    Setting(
        "alarms",
        "boolean",
        False,
        "show the alarms of the server: true, or a list of nodes that report events",
        also=("array",),
    ),
    Setting("severity", "object", {}, "lowest severity of P1, P2, P3 and P4 as the server uses them"),
    Setting("area", "string", "", "area of the server's alarms that are about no tag"),
    Setting(
        "alarm_queue",
        "integer",
        5000,
        "events the server keeps between two messages",
        minimum=10,
        maximum=100_000,
    ),
    Setting("backfill", "boolean", True, "fill holes of the history with what the server keeps of the past"),
    Setting("backfill_days", "number", 7.0, "how far back holes are filled", minimum=0.001, maximum=366.0),
    Setting(
        "backfill_rate", "integer", 2000, "samples of the past read in a second", minimum=10, maximum=100_000
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


class _Nodes:
    """The points of a connection."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def check(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> None:
        """Raise AddressError for a point that could never be read."""
        check_address(address, value_type, self._settings, options)

    def footprint(self, address: str, value_type: ValueType, options: Mapping[str, Any]) -> Footprint:
        """A node, or a part of its array, is one place; what it holds must be of one type."""
        part = str(options.get("index_range", ""))
        return Footprint(f"{parse_address(address)}[{part}]", 0, 1, value_type.value)


def secrets_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The password of a user; who logs in with a certificate needs none."""
    return ("password",) if settings.get("user") and not settings.get("user_certificate") else ()


def check_setting(name: str, value: Any) -> None:
    """Raise ConfigurationError for notifier nodes that do not parse and severities out of order."""
    if name == "alarms" and isinstance(value, list):
        for node in cast("list[Any]", value):
            parse_address(str(node))
        if not value:
            raise ConfigurationError(
                "alarms is an empty list", do="write alarms = true for all of the server"
            )
    if name == "severity":
        _check_severity(cast("Mapping[str, Any]", value))


def _check_severity(table: Mapping[str, Any]) -> None:
    form = "write it as { P1 = 801, P2 = 601, P3 = 401, P4 = 201 }"
    if unknown := sorted(table.keys() - set(SEVERITY_NAMES)):
        raise ConfigurationError(f"severity has {unknown[0]!r}, which is no priority", do=form)
    numbers = [table[name] for name in SEVERITY_NAMES if name in table]
    if any(not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= 1000 for n in numbers):
        raise ConfigurationError("a severity is no whole number from 1 to 1000", do=form)
    if any(one <= other for one, other in pairwise(numbers)):
        raise ConfigurationError("the severities do not fall from P1 to P4", do=form)


DEFINITION = DriverDefinition(
    name="opcua",
    title="OPC UA",
    style="push",
    settings=SETTINGS,
    tag_options=TAG_OPTIONS,
    check_address=check_address,
    check_endpoint=check_endpoint,
    check_setting=check_setting,
    points=_Nodes,
    isolated=True,
    replans=True,
    secrets_of=secrets_of,
)
