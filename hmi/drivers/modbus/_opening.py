"""Line parameters and TLS of a connection from its settings, for the driver and for browsing."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from hmi.core.errors import CommunicationError
from hmi.drivers.modbus._endpoint import Endpoint
from hmi.drivers.modbus._transport import Line


def line_of(endpoint: Endpoint, settings: Mapping[str, Any]) -> Line:
    """Timing and serial parameters; ASCII framing has 7 data bits unless the settings say otherwise."""
    get = settings.get
    base = Line(bytesize=7 if endpoint.framing == "ascii" else 8)
    return Line(
        connect_timeout_s=float(get("connect_timeout_ms", 3000)) / 1000,
        timeout_s=float(get("timeout_ms", 1000)) / 1000,
        pause_s=float(get("pause_ms", 0)) / 1000,
        baudrate=int(get("baudrate", base.baudrate)),
        parity=str(get("parity", base.parity)),
        bytesize=int(get("bytesize", base.bytesize)),
        stopbits=int(get("stopbits", base.stopbits)),
    )


def tls_of(endpoint: Endpoint, settings: Mapping[str, Any], name: str) -> ssl.SSLContext | None:
    """TLS 1.2 or later with the plant's own authority; never the library's shared context."""
    if endpoint.medium != "tls":
        return None
    get = settings.get
    try:
        context = ssl.create_default_context(cafile=get("tls_ca") or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate := get("tls_certificate"):
            # an encrypted key without its password must fail and never ask at a terminal
            context.load_cert_chain(str(certificate), get("tls_key") or None, password="")
    except OSError as error:
        raise CommunicationError(f"the TLS files of {name} cannot be used: {error}") from error
    return context
