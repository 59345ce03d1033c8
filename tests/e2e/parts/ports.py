"""Free loopback ports, below the range that the kernel gives to outgoing connections."""

import random
import socket

_given: set[int] = set()


def free_port() -> int:
    while True:
        port = random.randrange(20000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
