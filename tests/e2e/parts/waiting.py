"""Waiting for something that another process does: look again and again until a deadline, never just sleep."""

import socket
import time

LOOK_EVERY = 0.02
DEADLINE = 20.0


def wait_for(look, what: str, deadline: float = DEADLINE):
    """The first true result of look(); fails the test when none came in time."""
    end = time.monotonic() + deadline
    while True:
        result = look()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:g} s for {what}")
        time.sleep(LOOK_EVERY)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False
