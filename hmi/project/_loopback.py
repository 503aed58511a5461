"""Whether a host is this machine, or lies in the network of the plant."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit


def is_loopback(endpoint: str) -> bool:
    """True for an endpoint URL whose host is this machine."""
    try:
        return is_loopback_host(urlsplit(endpoint).hostname or "")
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """True for a name or address that cannot lead to another machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_inside(host: str) -> bool:
    """True when each address of a host is private, link-local or of this machine; OSError where it has none."""
    found = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, None)}
    addresses = [ipaddress.ip_address(text) for text in found]
    return all(
        (one.is_private or one.is_link_local or one.is_loopback) and not one.is_unspecified
        for one in addresses
    )
