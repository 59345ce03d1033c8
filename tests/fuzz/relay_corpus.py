"""Writes the seed corpora of h2_relay, websocket_relay and worker: short scenes in the acts that their targets read.

    python3 tests/fuzz/relay_corpus.py tests/fuzz/corpus
"""

import pathlib
import sys

CLIENT, SITE = 0, 1


def h2(who: int, kind: int, *more: int, which: int = 0, text: bytes | None = None) -> bytes:
    """One act of h2_relay: `kind` as in its step()."""
    return bytes([who | which << 1 | kind << 2, *more]) + (bytes([len(text)]) + text if text is not None else b"")


HEADERS, DATA, HELLO, RST, WINDOW, SETTINGS, GOAWAY, PING, FRAME, RAW, CLOSE, PAUSE, COME, TIME, POLICY = 0, *range(2, 16)
END = 0x80
H2 = {
    "get": h2(CLIENT, HEADERS, 0, END) + h2(SITE, HEADERS, 0, 0) + h2(SITE, HELLO, 0),
    "post": h2(CLIENT, HEADERS, 0, 1) + h2(CLIENT, DATA, 0, 80) + h2(CLIENT, HELLO, 0) + h2(SITE, HEADERS, 0, 4 | END),
    "two": h2(CLIENT, HEADERS, 0, END) + h2(CLIENT, HEADERS, 0, END, which=1) + h2(SITE, HEADERS, 1, END) + h2(SITE, HEADERS, 0, 1) + h2(SITE, HELLO, 0),
    "blocked": h2(CLIENT, HEADERS, 0, 2 | END) + h2(CLIENT, HEADERS, 1, 8 | END),
    "websocket": h2(CLIENT, HEADERS, 0, 3) + h2(SITE, HEADERS, 0, 0) + h2(CLIENT, DATA, 0, 8) + h2(SITE, DATA, 0, 8) + h2(CLIENT, POLICY),
    "refused": h2(CLIENT, HEADERS, 0, 1) + h2(CLIENT, HELLO, 0) + h2(SITE, RST, 0, 7) + h2(SITE, HEADERS, 1, END),
    "goaway": h2(CLIENT, HEADERS, 0, END) + h2(SITE, GOAWAY, 0, 0) + h2(SITE, COME, which=0) + h2(SITE, HEADERS, 0, END),
    "login": h2(CLIENT, HEADERS, 0, 6 | END) + h2(CLIENT, COME),
    "stopped": h2(CLIENT, PAUSE) + h2(CLIENT, HEADERS, 0, END) + h2(SITE, HEADERS, 0, 0) + 40 * h2(SITE, DATA, 0, 254) + h2(CLIENT, PAUSE),
    "gone": h2(CLIENT, HEADERS, 0, END) + h2(SITE, CLOSE) + h2(SITE, COME) + h2(CLIENT, CLOSE),
    "late": h2(CLIENT, HEADERS, 0, END) + h2(CLIENT, TIME, 130) + h2(SITE, HEADERS, 0, END),
    "windows": h2(SITE, SETTINGS, 4, 2) + h2(CLIENT, HEADERS, 0, 1) + h2(CLIENT, DATA, 0, 100) + h2(SITE, WINDOW, 1, 0, 10),
    "trailers": h2(CLIENT, HEADERS, 0, 7) + h2(CLIENT, DATA, 0, 2) + h2(CLIENT, HEADERS, 0, 9 | END) + h2(SITE, HEADERS, 0, 0) + h2(SITE, HEADERS, 0, 8 | END),
    "frame": h2(CLIENT, FRAME, 9, 4, 0, text=b"\x82") + h2(SITE, RAW, text=b"\0\0\4\x08\0\0\0\0\0\0\0\0\1") + h2(CLIENT, PING, 0),
}


def act(kind: int, *more: int, which: int = 0, other: bool = False, text: bytes | None = None) -> bytes:
    """One act of worker: `kind` as in its step()."""
    return bytes([kind | which << 3 | other << 5, *more]) + (bytes([len(text)]) + text if text is not None else b"")


ASK, ANSWER, CLIENT_ENDS, SITE_ENDS, PAUSE_CLIENT, REST = 0, 2, 4, 5, 6, 7
WORKER = {
    "get": act(ASK, 0) + act(ANSWER, 0) + act(ASK, 0) + act(ANSWER, 1),
    "login": act(ASK, 3) + act(ANSWER, 2) + act(ASK, 3) + act(ANSWER, 0) + act(ASK, 0, which=1) + act(ANSWER, 0, which=1) + act(ASK, 0) + act(ANSWER, 0),
    "told": act(ASK, 0) + act(ANSWER, 10) + act(ASK, 0, which=1) + act(ANSWER, 0, which=1),
    "login_lost": act(ASK, 3) + act(ANSWER, 0) + act(SITE_ENDS) + act(ASK, 0) + act(PAUSE_CLIENT, other=True) + act(ASK, 0),
    "blocked": act(ASK, 0x80) + act(ASK, 10),
    "upload": act(ASK, 6) + act(ANSWER, 3) + act(ASK, 0x4F) + act(ANSWER, 0),
    "chunks": act(ASK, 2) + act(ASK, 13) + act(ANSWER, 9) + act(ANSWER, 12) + act(ANSWER, 13),
    "websocket": act(ASK, 8) + act(ANSWER, 4) + act(ASK, 0x1F) + act(ANSWER, 0x1F) + bytes([REST | 0x60]),
    "connect": act(ASK, 7) + act(ASK, 9) + act(ANSWER, 0),
    "hello": act(ASK, 7) + act(ASK, 14, text=bytes.fromhex("160301002f0100002b0303" + 32 * "00" + "000002130101000000")),
    "until_end": act(ASK, 4) + act(ANSWER, 5) + act(SITE_ENDS),
    "cut": act(ASK, 0) + act(ANSWER, 8) + act(SITE_ENDS, other=True),
    "slow": act(ASK, 0) + act(REST, 125) + act(ANSWER, 0),
    "raw": act(ASK, 14, text=b"GET http://web.example/ HTTP/1.1\r\nHost: web.example\r\n\r\n") + act(ANSWER, 14, text=b"HTTP/1.1 200 OK\r\n"),
}


def ws(who: int, kind: int, *more: int, text: bytes | None = None) -> bytes:
    return bytes([who | kind << 1, *more]) + (bytes([len(text)]) + text if text is not None else b"")


def early(up: bytes, down: bytes) -> bytes:
    return bytes([len(up)]) + up + bytes([len(down)]) + down


SAYS, MUCH, HALF, WAITS, SECONDS, BLOCKED, ENDS = 0, 2, 3, 4, 5, 6, 7
WEBSOCKET = {
    "talk": early(b"", b"") + ws(CLIENT, SAYS, text=b"\x81\x02hi") + ws(SITE, SAYS, text=b"\x81\x02ho") + ws(CLIENT, ENDS),
    "early": early(b"\x81\x02hi", b"\x81\x02ho") + ws(SITE, ENDS),
    "much": early(b"", b"") + ws(CLIENT, MUCH, 255) + ws(SITE, MUCH, 255) + ws(SITE, WAITS) + 4 * ws(CLIENT, MUCH, 255) + ws(SITE, WAITS),
    "half": early(b"", b"") + ws(CLIENT, HALF) + ws(SITE, MUCH, 9) + ws(SITE, HALF),
    "blocked": early(b"", b"") + ws(CLIENT, SAYS, text=b"x") + ws(CLIENT, BLOCKED),
    "silent": early(b"", b"") + 4 * ws(CLIENT, SECONDS, 250),
}

for name, seeds in (("h2_relay", H2), ("worker", WORKER), ("websocket_relay", WEBSOCKET)):
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir(exist_ok=True)
    for seed, data in seeds.items():
        (folder / seed).write_bytes(data)
