"""Settings of a connection to a broker, and the names that topics may hold. Imports no client library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from hmi.core.errors import ConfigurationError
from hmi.plugins.definition import Setting
from hmi.project._loopback import is_loopback_host

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
TOPIC_BYTES: Final = 65_535

ACCESS_SETTINGS: Final = (
    Setting("servers", "array", ["mqtt://127.0.0.1"], "brokers, mqtt://host:port or mqtts://host:port, in turn"),
    Setting("user", "string", "", "user name at the broker; empty = none"),
    Setting("secret", "string", "", "name of the secret that holds the password of the user"),
    Setting(
        "ca", "string", "", "file with the authorities that sign the broker's certificate; empty = those of the system",
        path_from="plant",
    ),
    Setting("certificate", "string", "", "file with the own certificate (PEM)", path_from="plant"),
    Setting("key", "string", "", "file with the private key of the own certificate (PEM)", path_from="plant"),
    Setting("client_id", "string", "", "client id at the broker; empty = a new one for each session"),
    Setting("version", "string", "auto", "version of MQTT; auto: 5 where the broker knows it", ("auto", "5", "3.1.1")),
    Setting("keep_alive_s", "integer", 20, "seconds until a silent connection counts as lost", minimum=5, maximum=600),
    Setting("timeout_s", "number", 10.0, "seconds to wait for an answer of the broker", minimum=0.5, maximum=120.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """One broker."""

    host: str
    port: int
    is_secure: bool

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Access:
    """How the brokers are reached; ``secret`` is the name of the secret, never the secret."""

    servers: tuple[Server, ...]
    user: str
    secret: str
    ca: str
    certificate: str
    key: str
    client_id: str
    version: str
    keep_alive_s: int
    timeout_s: float


def server_of(text: Any) -> Server:
    """A broker from its address; ConfigurationError where it is none."""
    do = "write mqtt://host:1883 or mqtts://host:8883"
    if not isinstance(text, str):
        raise ConfigurationError(f"the server {text!r} is not a text", do=do)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError(f"the server {text!r} is no address", do=do) from None
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query:
        raise ConfigurationError(f"the server {text!r} is no address", do=do)
    if parts.username or parts.password:
        raise ConfigurationError(
            f"the server {host} has a user in its address", do="write the settings user and secret instead"
        )
    return Server(host, port or PORTS[parts.scheme], parts.scheme == "mqtts")


def access_of(settings: Mapping[str, Any]) -> Access:
    """The settings as one object; ConfigurationError where they do not fit together."""
    servers = tuple(server_of(one) for one in settings["servers"])
    if not servers:
        raise ConfigurationError("no server is named", do='write servers = ["mqtts://host:8883"]')
    access = Access(
        servers,
        **{
            name: settings[name]
            for name in (
                "user", "secret", "ca", "certificate", "key", "client_id", "version", "keep_alive_s", "timeout_s",
            )
        },
    )  # fmt: skip
    _check_together(access)
    return access


def _check_together(access: Access) -> None:
    if bool(access.certificate) != bool(access.key):
        raise ConfigurationError("certificate and key go together", do="write both or none")
    if access.secret and not access.user:
        raise ConfigurationError("there is a secret and no user", do="write user, or remove secret")
    plain = [one for one in access.servers if not one.is_secure]
    if plain and access.certificate:
        raise ConfigurationError(f"{plain[0]} takes no certificate", do="write mqtts:// for this server")
    open_road = [one for one in plain if not is_loopback_host(one.host)]
    if open_road and access.secret:
        raise ConfigurationError(
            f"the password would go to {open_road[0].host} in clear text", do="write mqtts:// for this server"
        )


def far_host(settings: Mapping[str, Any]) -> str:
    """A host that is not this machine, where one is among the servers."""
    hosts = [server_of(one).host for one in settings["servers"]]
    return next((host for host in hosts if not is_loopback_host(host)), hosts[0] if hosts else "")


_UNFIT: Final = re.compile("[\\x00-\\x20+#/$%\\x7f-\\x9f\\ufdd0-\\ufdef\\ufffe\\uffff\\ud800-\\udfff]")


def level_of(name: str) -> str:
    """A name as one level of a topic (standards 8.2).

    A blank, ``+ # / $ %``, control characters and what no UTF-8 text of MQTT may hold become ``%`` and two hexadecimal
    digits for each byte of UTF-8; an empty name becomes ``%``. Two names never become one, and
    ``urllib.parse.unquote`` gives the name back.
    """
    return _UNFIT.sub(_escaped, name) if name else "%"


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogatepass"))


def topic_of(levels: Sequence[str]) -> str:
    """Names as a topic. A first name that begins with ``_`` is escaped: those topics are the exporter's own."""
    first, *rest = (level_of(one) for one in levels)
    if first.startswith("_"):
        first = f"%5F{first[1:]}"
    return "/".join((first, *rest))
