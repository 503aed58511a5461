"""Reads the endpoint of a Modbus connection: ``tcp://host:502``, ``serial:///dev/ttyS0`` and their kin."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hmi.core.errors import ConfigurationError

# scheme -> (medium, framing, default port)
SCHEMES: dict[str, tuple[str, str, int]] = {
    "tcp": ("tcp", "mbap", 502),
    "tls": ("tls", "mbap", 802),
    "udp": ("udp", "mbap", 502),
    "rtu+tcp": ("tcp", "rtu", 502),
    "ascii+tcp": ("tcp", "ascii", 502),
    "serial": ("serial", "rtu", 0),
    "ascii+serial": ("serial", "ascii", 0),
}
_EXAMPLE = "write tcp://host:502, rtu+tcp://host:502, tls://host:802 or serial:///dev/ttyS0 (serial:COM3)"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``medium`` is tcp, tls, udp or serial; ``framing`` mbap, rtu or ascii; ``host`` a serial port's path."""

    medium: str
    framing: str
    host: str
    port: int = 0

    def __str__(self) -> str:
        return self.host if self.medium == "serial" else f"{self.host}:{self.port}"


def parse_endpoint(text: str) -> Endpoint:
    """The parts of an endpoint; ConfigurationError when it is none."""
    scheme, colon, rest = text.strip().partition(":")
    if not colon or scheme.lower() not in SCHEMES:
        raise ConfigurationError(f"{text!r} is not a Modbus endpoint", do=_EXAMPLE)
    medium, framing, default_port = SCHEMES[scheme.lower()]
    if medium == "serial":
        path = rest.removeprefix("//")
        if not path:
            raise ConfigurationError(f"{text!r} names no serial port", do=_EXAMPLE)
        return Endpoint(medium, framing, path)
    try:
        parts = urlsplit(f"//{rest.removeprefix('//')}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a Modbus endpoint: {error}", do=_EXAMPLE) from error
    if not host or parts.path.strip("/") or parts.query or parts.username:
        raise ConfigurationError(f"{text!r} is not a Modbus endpoint", do=_EXAMPLE)
    return Endpoint(medium, framing, host, default_port if port is None else port)


def own_line(text: str) -> str:
    """The serial port of an endpoint, which takes one master; empty for a network and for what is no endpoint."""
    try:
        endpoint = parse_endpoint(text)
    except ConfigurationError:
        return ""
    return f"serial port {endpoint.host}" if endpoint.medium == "serial" else ""


def check_endpoint(text: str) -> None:
    """Raise ConfigurationError for an endpoint that cannot be opened."""
    parse_endpoint(text)
