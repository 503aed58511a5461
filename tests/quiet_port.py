"""A port of this machine for a server of a test."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below those that the system gives to connections: one of another test cannot have it in the meantime."""


def quiet_port() -> int:
    """A loopback port that nobody has at the moment."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
