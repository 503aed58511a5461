"""What the OPC UA server is called and which settings it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from hmi.core.errors import ConfigurationError
from hmi.core.texts import tr
from hmi.plugins.definition import ExporterDefinition, Setting
from hmi.project._loopback import is_loopback_host

POLICIES: Final = ("Basic256Sha256", "Aes256_Sha256_RsaPss")

SETTINGS: Final = (
    Setting("endpoint", "string", "opc.tcp://127.0.0.1:48500/watchkeeper", "address that the server listens on"),
    Setting("security", "string", "encrypt", "encrypt: signed and encrypted only; none: to this machine alone",
            ("encrypt", "none")),
    Setting("policies", "array", list(POLICIES), "which of Basic256Sha256 and Aes256_Sha256_RsaPss are offered"),
    Setting("accounts", "object", {}, 'users with the names of their secrets: { scada = "opcua-scada" }'),
    Setting("pki", "string", "opcua-server", "folder of the own certificate and the trust list", path_from="data",
            is_folder=True),
    Setting("max_sessions", "integer", 20, "most clients at a time", minimum=1, maximum=1_000),
    Setting("max_subscriptions", "integer", 10, "most subscriptions of a client", minimum=1, maximum=100),
    Setting("max_items", "integer", 10_000, "most monitored items of a client", minimum=1, maximum=100_000),
    Setting("fastest_ms", "integer", 200, "shortest publishing interval in ms", minimum=50, maximum=10_000),
)  # fmt: skip


def address(settings: Mapping[str, Any]) -> tuple[str, int]:
    """Host and port to listen on; ConfigurationError where the endpoint is no address."""
    text = str(settings["endpoint"])
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or 4840
    except ValueError:
        parts, host, port = urlsplit(""), "", 0
    if parts.scheme != "opc.tcp" or not host or parts.username or parts.query:
        raise ConfigurationError(
            tr("the endpoint {endpoint} is no address", endpoint=repr(text)),
            do=tr("write opc.tcp://127.0.0.1:48500/watchkeeper"),
        )
    return host, port


def check(settings: Mapping[str, Any]) -> None:
    """ConfigurationError where the settings do not fit together."""
    where, _port = address(settings)
    if settings["security"] == "none":
        _check_open(settings, where)
        return
    unknown = [one for one in settings["policies"] if one not in POLICIES]
    if unknown or not settings["policies"]:
        raise ConfigurationError(
            tr("policies: {unknown} is not offered", unknown=repr(unknown[0] if unknown else "")),
            do=tr("use {policies}", policies=", ".join(POLICIES)),
        )
    if not settings["accounts"]:
        raise ConfigurationError(
            tr("no account is named, so nobody could log in"),
            do=tr('write accounts = { scada = "NAME-OF-A-SECRET" }'),
        )
    for user, secret in settings["accounts"].items():
        if not user.strip() or not isinstance(secret, str) or not secret.strip():
            raise ConfigurationError(
                tr("the account {user} names no secret", user=repr(user)),
                do=tr('write accounts = { scada = "NAME-OF-A-SECRET" }'),
            )


def _check_open(settings: Mapping[str, Any], where: str) -> None:
    if not is_loopback_host(where):
        raise ConfigurationError(
            tr("security none would show the plant to everybody at {host}", host=where),
            do=tr("write security = encrypt, or an endpoint at 127.0.0.1"),
        )
    if settings["accounts"]:
        raise ConfigurationError(
            tr("passwords would travel readable with security none"),
            do=tr("write security = encrypt, or remove accounts"),
        )


def host(settings: Mapping[str, Any]) -> str:
    """The address that others can reach; empty for this machine alone."""
    where, _port = address(settings)
    return "" if is_loopback_host(where) else where


DEFINITION: Final = ExporterDefinition(
    name="opcua_server",
    title="OPC UA server",
    settings=SETTINGS,
    takes=frozenset({"samples"}),
    check=check,
    host=host,
    live=True,
)
