"""Ports for the listeners of a simulator that is started with ``--ports auto``."""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 20_000, 32_000
"""Below those that the system gives to connections: a lost link that is mended finds its port free again, and a
client that tries again meanwhile cannot be given that port for its own end.
"""


def free_port() -> int:
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
