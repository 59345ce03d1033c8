"""Writes the seed corpus of h2_fuzz: small conversations of both roles, made here and copied from nowhere.

    python3 tests/fuzz/h2_corpus.py tests/fuzz/corpus/h2
"""

import pathlib
import sys

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION, ALTSVC, ORIGIN = (*range(11), 12)
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
SERVER, CLIENT = 0, 1


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def length(size: int) -> bytes:
    if size < 127:
        return bytes([size])
    size -= 127
    out = b"\x7f"
    while size >= 128:
        out += bytes([size % 128 | 0x80])
        size //= 128
    return out + bytes([size])


def block(*pairs: tuple[str, str], indexing: bool = False) -> bytes:
    first = b"\x40" if indexing else b"\0"
    text = b""
    for name, value in pairs:
        text += first + length(len(name)) + name.encode("latin-1") + length(len(value)) + value.encode("latin-1")
    return text


def request(method: str = "GET", path: str = "/", *more: tuple[str, str], indexing: bool = False) -> bytes:
    head = ((":method", method), (":scheme", "https"), (":authority", "www.example"), (":path", path), *more)
    return block(*head, indexing=indexing)


def number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "big")


CORPUS = {
    "get": (SERVER, [frame(HEADERS, 5, 1, request())]),
    "static_table": (SERVER, [frame(HEADERS, 5, 1, b"\x82\x87\x84" + block((":authority", "a.example")))]),
    "dynamic_table": (SERVER, [frame(HEADERS, 5, 1, request("GET", "/x", ("cookie", "a=1"), ("cookie", "b=2"), indexing=True)),
                               frame(HEADERS, 5, 3, b"\xc3\xc2\xc1\xc0\xbf\xbe")]),
    "post": (SERVER, [frame(HEADERS, 4, 3, request("POST", "/p", ("content-length", "6"))), frame(DATA, 0, 3, b"abc"),
                      frame(DATA, END_STREAM | PADDED, 3, b"\2def\0\0")]),
    "expect": (SERVER, [frame(HEADERS, 4, 1, request("PUT", "/", ("expect", "100-continue"))), frame(DATA, 1, 1, b"x")]),
    "trailers": (SERVER, [frame(HEADERS, 4, 5, request("POST", "/g", ("te", "trailers"))), frame(DATA, 0, 5, b"x"),
                          frame(HEADERS, 5, 5, block(("grpc-status", "0")))]),
    "continuation": (SERVER, [frame(HEADERS, 1, 1, request()[:20]), frame(CONTINUATION, 4, 1, request()[20:])]),
    "websocket": (SERVER, [frame(HEADERS, 4, 3, request("CONNECT", "/ws", (":protocol", "websocket"))),
                           frame(DATA, 0, 3, b"\x81\x02hi")]),
    "reset": (SERVER, [frame(HEADERS, 5, 1, request()), frame(RST, 0, 1, number(8)), frame(HEADERS, 5, 3, request())]),
    "malformed": (SERVER, [frame(HEADERS, 5, 1, request("GET", "/a b", ("host", "b.example"))),
                           frame(HEADERS, 5, 3, request("GET", "/", ("Upper", "x"), ("a", "b\r\nc")))]),
    "control": (SERVER, [frame(SETTINGS, ACK, 0), frame(PING, 0, 0, b"12345678"), frame(PRIORITY, 0, 1, number(0) + b"x"),
                         frame(SETTINGS, 0, 0, number(4, 2) + number(0)), frame(HEADERS, 5, 1, request()),
                         frame(WINDOW, 0, 1, number(100)), frame(WINDOW, 0, 0, number(100)), frame(GOAWAY, 0, 0, number(0) + number(0))]),
    "pieces": (SERVER | 5 << 1, [frame(HEADERS, 4, 11, request("POST")), frame(DATA, 1, 11, b"x" * 300)]),
    "given_up": (SERVER, [frame(HEADERS, 4, 7, request("POST")), frame(DATA, 0, 7, b"x" * 30), frame(DATA, 1, 7, b"y")]),
    "answer": (CLIENT, [frame(SETTINGS, 0, 0), frame(HEADERS, 4, 1, block((":status", "200"), ("alt-svc", "h3=\":443\""))),
                        frame(DATA, 1, 1, b"hello")]),
    "interim": (CLIENT, [frame(SETTINGS, 0, 0, number(8, 2) + number(1)), frame(HEADERS, 4, 1, block((":status", "103"))),
                         frame(HEADERS, 5, 1, block((":status", "204")))]),
    "answer_trailers": (CLIENT, [frame(SETTINGS, 0, 0), frame(HEADERS, 4, 3, block((":status", "200"))), frame(DATA, 0, 3, b"x"),
                                 frame(HEADERS, 5, 3, block(("server-timing", "a")))]),
    "push": (CLIENT, [frame(SETTINGS, 0, 0), frame(PUSH, 4, 1, number(2) + request())]),
    "advice": (CLIENT, [frame(SETTINGS, 0, 0), frame(ORIGIN, 0, 0, b"\0\x05https"), frame(ALTSVC, 0, 0, b"\0\0clear"),
                        frame(HEADERS, 5, 1, block((":status", "304"), ("content-length", "5")))]),
    "goaway": (CLIENT, [frame(SETTINGS, 0, 0, number(3, 2) + number(1)), frame(GOAWAY, 0, 0, number(1) + number(0)),
                        frame(HEADERS, 5, 1, block((":status", "200")))]),
    "refused": (CLIENT, [frame(SETTINGS, 0, 0), frame(RST, 0, 1, number(7)), frame(HEADERS, 4, 3, block((":status", "600")))]),
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, (first, said) in CORPUS.items():
    (folder / name).write_bytes(bytes([first]) + b"".join(said))
