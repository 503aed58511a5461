"""What the PostgreSQL exporter is called and which settings it takes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.plugins.definition import ExporterDefinition, Setting

TLS_MODES: Final = ("", "verify-full", "verify-ca", "disable")
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")

SETTINGS: Final = (
    Setting("host", "string", "127.0.0.1", "name or address of the server, or the folder of its socket"),
    Setting("port", "integer", 5432, "TCP port of the server", minimum=1, maximum=65_535),
    Setting("database", "string", "watchkeeper", "database that the tables are in"),
    Setting("user", "string", "watchkeeper", "role that connects; it owns the schema or may create it"),
    Setting("secret", "string", "", "name of the secret with the password (hmi secret PLANT set NAME)"),
    Setting("schema", "string", "watchkeeper", "schema of the tables: small letters, digits and _"),
    Setting(
        "sslmode",
        "string",
        "",
        "check of the server's certificate; empty: verify-full, and none to this machine",
        TLS_MODES,
    ),
    Setting(
        "ca",
        "string",
        "",
        "file with the certificate authorities; empty = those of the system",
        path_from="plant",
    ),
    Setting("timeout_s", "integer", 60, "longest time for one statement in seconds", minimum=2, maximum=3600),
)


def is_here(host: str) -> bool:
    """Whether the server cannot be on another machine: a loopback address or the folder of a socket."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError where the settings do not fit together."""
    for name in ("host", "database", "user"):
        value = str(settings[name])
        if not value.strip() or "\0" in value:
            raise ConfigurationError(tr("{name} is empty", name=name), do=tr("write it"))
    schema = str(settings["schema"])
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise ConfigurationError(
            tr("{schema} is no name for the schema", schema=repr(schema)),
            do=tr("use at most 63 small letters, digits and _, not pg_ in front"),
        )
    mode = str(settings["sslmode"])
    if mode == "disable" and not is_here(str(settings["host"])):
        raise ConfigurationError(
            tr("sslmode disable would send the plant's data readable to another machine"),
            do=tr("use verify-full"),
        )
    if mode == "verify-ca" and not settings["ca"]:
        raise ConfigurationError(
            tr("sslmode verify-ca needs to know the authority"), do=tr("write ca or use verify-full")
        )


def host(settings: Mapping[str, Any]) -> str:
    """The machine that the data goes to; empty for this one by its socket."""
    name = str(settings["host"])
    return "" if name.startswith("/") else name


DEFINITION: Final = ExporterDefinition(
    name="postgres",
    title="PostgreSQL",
    settings=SETTINGS,
    takes=frozenset(("samples", "events")),
    check=check,
    host=host,
)
