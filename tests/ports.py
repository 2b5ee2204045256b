"""Ports on which a server of the tests may listen."""

from __future__ import annotations

import random
import socket

# Below the ports that the system gives to clients, so no connection takes one before the server listens.
_FIRST, _LAST = 20_000, 32_000


def free_port() -> int:
    """A port of loopback that nothing uses: one at random, as other processes look for one at the same time."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
