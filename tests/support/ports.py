"""Ports that stay free until a test takes them, or takes them again."""

from __future__ import annotations

import os
import random
import socket

# Below those that systems give to connections, and to servers that ask for any: none is taken meanwhile by chance.
_PORTS = range(20_000, 32_000)
_chance = random.Random(os.getpid())


def free_port() -> int:
    """A port of this machine that nobody listens on, and that nobody is given who asks for any."""
    while True:
        port = _chance.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
