"""What the syslog exporter is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.plugins.definition import ExporterDefinition, Setting

PORTS: Final = {"udp": 514, "tcp": 601, "tls": 6514}
FACILITIES: Final = {
    "user": 1, "daemon": 3, "auth": 4, "authpriv": 10, "audit": 13, "alert": 14, "local0": 16, "local1": 17,
    "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}  # fmt: skip
"""Names and numbers of RFC 5424, table 1; audit and alert are its ``log audit`` and ``log alert``."""

SETTINGS: Final = (
    Setting("host", "string", "127.0.0.1", "name or address of the collector"),
    Setting("port", "integer", 0, "its port; 0: 6514 for tls, 601 for tcp, 514 for udp", minimum=0, maximum=65_535),
    Setting(
        "protocol", "string", "tls",
        "tls is checked, encrypted and confirmed, tcp is confirmed only, udp may lose messages unseen", tuple(PORTS),
    ),
    Setting("facility", "string", "authpriv", "facility of every message", tuple(FACILITIES)),
    Setting(
        "ca", "string", "", "file with the authorities that sign its certificate; empty = those of the system",
        path_from="plant",
    ),
    Setting("certificate", "string", "", "file with the own certificate (PEM)", path_from="plant"),
    Setting("key", "string", "", "file with the private key of the own certificate (PEM)", path_from="plant"),
    Setting("most_bytes", "integer", 8_192, "longest message in bytes", minimum=2_048, maximum=60_000),
    Setting("statements", "boolean", False, "send the statement of each package too, to prove completeness"),
    Setting("strict_close", "boolean", False, "tls: a connection that ends without close_notify confirms nothing"),
    Setting("timeout_s", "number", 10.0, "seconds to wait for the collector", minimum=0.5, maximum=120.0),
)  # fmt: skip


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError where the settings do not fit together."""
    host = str(settings["host"])
    if not host.strip() or any(letter.isspace() or letter in "\0/" for letter in host):
        raise ConfigurationError(
            tr("{host} is no host", host=repr(host)), do=tr("write its name or its address only")
        )
    if bool(settings["certificate"]) != bool(settings["key"]):
        raise ConfigurationError(tr("certificate and key go together"), do=tr("write both or none"))
    if settings["protocol"] != "tls" and (settings["ca"] or settings["certificate"]):
        raise ConfigurationError(
            tr("{protocol} knows no certificates", protocol=settings["protocol"]),
            do=tr('write protocol = "tls", or remove ca, certificate and key'),
        )


def host(settings: Mapping[str, Any]) -> str:
    """The machine that the messages go to."""
    return str(settings["host"])


DEFINITION: Final = ExporterDefinition(
    name="syslog",
    title="Syslog (RFC 5424)",
    settings=SETTINGS,
    takes=frozenset(("events",)),
    check=check,
    host=host,
)
