"""Whether a host is this machine."""

from __future__ import annotations

import ipaddress
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
