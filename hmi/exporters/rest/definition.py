"""What the REST server is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.plugins.definition import ExporterDefinition, Setting
from hmi.project._loopback import is_inside, is_loopback_host

SERVED: Final = ("live", "history", "events", "audit")

SETTINGS: Final = (
    Setting("listen", "string", "127.0.0.1:8470", "address and port that the server listens on"),
    Setting("listen_anywhere", "boolean", False, "also at an address that is not of the plant network"),
    Setting("security", "string", "tls", "tls: encrypted; none: to this machine alone", ("tls", "none")),
    Setting("serves", "array", ["live", "history", "events"], "which of live, history, events and audit may be read"),
    Setting("requests_per_s", "number", 20.0, "requests of one token in the long run", minimum=0.1, maximum=1_000.0),
    Setting("burst", "integer", 100, "requests of one token at once", minimum=1, maximum=10_000),
    Setting("max_requests", "integer", 4, "requests of one token that are answered at a time", minimum=1, maximum=50),
    Setting("max_streams", "integer", 20, "live connections in all", minimum=1, maximum=100),
)  # fmt: skip


def address(settings: Mapping[str, Any]) -> tuple[str, int]:
    """Host and port to listen on; ConfigurationError where it is no address."""
    host, _, port = str(settings["listen"]).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65_536
    if not host or not is_port:
        raise ConfigurationError(
            tr("listen = {address} is no address", address=repr(str(settings["listen"]))),
            do=tr('write listen = "192.168.10.5:8470"'),
        )
    return host, int(port)


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError where the settings do not fit together."""
    where, _port = address(settings)
    unknown = [one for one in settings["serves"] if one not in SERVED]
    if unknown or not settings["serves"]:
        raise ConfigurationError(
            tr("serves: there is no {unknown}", unknown=repr(unknown[0] if unknown else "")),
            do=tr("use {known}", known=", ".join(SERVED)),
        )
    if settings["security"] == "none" and not is_loopback_host(where):
        raise ConfigurationError(
            tr("security none would send tokens and data readable to {host}", host=where),
            do=tr("write security = tls, or listen at 127.0.0.1"),
        )
    if not settings["listen_anywhere"] and not _may_listen(where):
        raise ConfigurationError(
            tr("listen = {address} may be reached from outside of the plant network", address=repr(where)),
            do=tr("name an address of the plant network, or write listen_anywhere = true"),
        )


def _may_listen(where: str) -> bool:
    try:
        return is_inside(where)
    except OSError:  # a name that this machine does not know: the server itself will not find it either
        return True


def host(settings: Mapping[str, Any]) -> str:
    """The address that others can reach; empty for this machine alone."""
    where, _port = address(settings)
    return "" if is_loopback_host(where) else where


DEFINITION: Final = ExporterDefinition(
    name="rest",
    title="REST and WebSocket",
    settings=SETTINGS,
    takes=frozenset({"samples"}),
    check=check,
    host=host,
    live=True,
    reads=True,
)
"""A server for IT: how the plant is now and what is recorded, read-only, over HTTPS and WebSocket.

- All lies below ``/it/v1`` and is described there by ``openapi.json`` (OpenAPI 3.1). Only GET and HEAD are taken.
- Every request carries a token (``hmi export PLANT token``), which has scopes, may have areas, and ends when it is
  removed, an open live connection included. What ``serves`` leaves out no token can read.
- Bad is null with its status, never 0. Times are ISO 8601 in UTC with nine digits. Ranges are [start, end).
- Pages are followed by opaque cursors. ``/samples`` goes by tag and time over what there was at the first page,
  ``/feed`` by commits, each page a package with a statement that the stand-alone checker proves.
- A token is answered so many requests a second and so many at a time; two threads read the history for all of them,
  one answers from memory, and a token has one of each kind at a time. A client that takes next to nothing for 30 s is
  cut. So no client takes anything from the other jobs.
- The stream has one lane, ``latest``: a snapshot, then changes; what a slow client missed between two messages is told.
- When the job falls silent (paused, or at a loss for longer than ``SILENT_S``), or hears nothing of the runtime or a
  plant of another revision, all values are BadNoCommunication.
"""
