"""Reads node addresses and endpoint addresses as a plant file writes them."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from dataclasses import dataclass
from uuid import UUID

from hmi.core.errors import AddressError, ConfigurationError

_FORM = "write it as ns=2;s=Name, i=2258 or nsu=urn:maker:device;s=Name"
_NODE = re.compile(r"(?:(?P<space>nsu?)=(?P<where>[^;]*);)?(?P<kind>[isgb])=(?P<id>.+)", re.DOTALL)
_RANGE = re.compile(r"\d+(:\d+)?(,\d+(:\d+)?)*")
MAX_ADDRESS = 4096
_ESCAPES = (("%3B", ";"), ("%25", "%"))


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node: namespace by number or by URI (``uri`` wins), the identifier and its kind ``i s g b``."""

    kind: str
    identifier: int | str | UUID | bytes
    index: int = 0
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Host, port and the text as written."""

    host: str
    port: int
    url: str

    @property
    def is_loopback(self) -> bool:
        """Whether nothing leaves this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> NodeAddress:
    """The node that ``text`` names; AddressError says what is wrong with it."""
    text = text.strip()
    match = _NODE.fullmatch(text) if len(text) <= MAX_ADDRESS else None
    if match is None:
        raise AddressError(f"{text[:80]!r} is not an OPC UA node", do=_FORM)
    index, uri = _namespace(text, match["space"], match["where"])
    return NodeAddress(match["kind"], _identifier(text, match["kind"], match["id"]), index, uri)


def _namespace(text: str, space: str | None, where: str | None) -> tuple[int, str]:
    if space is None:
        return 0, ""
    if space == "nsu":
        uri = where or ""
        for escaped, plain in _ESCAPES:
            uri = uri.replace(escaped, plain)
        if not uri:
            raise AddressError(f"{text!r} has an empty namespace URI", do=_FORM)
        return 0, uri
    if not where or not (where.isascii() and where.isdigit()) or int(where) > 0xFFFF:
        raise AddressError(f"{text!r} has no namespace number from 0 to 65535", do=_FORM)
    return int(where), ""


def _identifier(text: str, kind: str, value: str) -> int | str | UUID | bytes:
    try:
        if kind == "i":
            if not (value.isascii() and value.isdigit()) or int(value) > 0xFFFFFFFF:
                raise ValueError(value)
            return int(value)
        if kind == "g":
            return UUID(value)
        return value if kind == "s" else base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error) as error:
        what = {"i": "a number from 0 to 4294967295", "g": "a GUID", "b": "base64"}[kind]
        raise AddressError(f"the identifier of {text!r} is not {what}", do=_FORM) from error


def check_range(text: str) -> None:
    """Raise AddressError unless ``text`` is an index range such as ``3`` or ``0:4,2``."""
    if text and not _RANGE.fullmatch(text):
        raise AddressError(f"{text!r} is not an index range", do="write it as 3, 0:4 or 0:4,2")


def parse_endpoint(text: str) -> Endpoint:
    """Host and port of ``opc.tcp://host:port/path``; ConfigurationError otherwise."""
    match = re.fullmatch(
        r"opc\.tcp://(\[[0-9a-fA-F:.%]+\]|[^/:@\s\[\]]+)(?::(\d{1,5}))?(/\S*)?", text.strip()
    )
    if match is None:
        raise ConfigurationError(
            f"{text!r} is not an OPC UA endpoint",
            do="write it as opc.tcp://host:4840/path, without a password",
        )
    port = int(match[2] or 4840)
    if not 0 < port < 65536:
        raise ConfigurationError(
            f"{text!r} has no port from 1 to 65535", do="correct the number after the host"
        )
    return Endpoint(match[1].strip("[]"), port, text.strip())


def check_endpoint(text: str) -> None:
    """Raise ConfigurationError for an endpoint that could never be reached."""
    parse_endpoint(text)
