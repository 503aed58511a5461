"""Why the certificate of a server is not trusted: libpq says only that it is not."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Final

LOOK_S: Final = 2.0
_ASK_FOR_TLS: Final = struct.pack(">ii", 8, 80_877_103)
"""SSLRequest of the protocol of PostgreSQL; the answer is S or N."""


def why_untrusted(host: str, port: int, authorities: str) -> str:
    """The cause in words of OpenSSL ("certificate has expired"); empty where none is found within some seconds."""
    try:
        context = ssl.create_default_context(cafile=None if authorities == "system" else authorities)
        with socket.create_connection((host, port), timeout=LOOK_S) as plain:
            plain.sendall(_ASK_FOR_TLS)
            if plain.recv(1) != b"S":
                return ""
            with context.wrap_socket(plain, server_hostname=host):
                return ""
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError):
        return ""
