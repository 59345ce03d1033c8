"""A collector of syslog messages over TCP (octet-counted) or UDP: prints its port, then each message as a line.

syslog_collector.py tcp|udp [PORT] [hang-up]: with hang-up it closes each connection after one message.
"""

import socket
import sys


def say(line: str) -> None:
    print(line, flush=True)


def take_stream(stream, hangs_up: bool) -> None:
    while True:
        length = b""
        while (digit := stream.read(1)) not in (b"", b" "):
            length += digit
        if not length:
            return
        say(stream.read(int(length)).decode())
        if hangs_up:
            return


port = next((int(word) for word in sys.argv[2:] if word.isdigit()), 0)
if sys.argv[1] == "udp":
    box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    box.bind(("127.0.0.1", port))
    say(str(box.getsockname()[1]))
    while True:
        say(box.recv(65535).decode())

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
say(str(listener.getsockname()[1]))
while True:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as stream:
        take_stream(stream, "hang-up" in sys.argv[2:])
