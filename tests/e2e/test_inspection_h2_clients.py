"""HTTP/2 clients that mean harm, inside an opened connection: each ends itself, and nobody else notices (HTTP-31 to HTTP-38)."""

import pathlib
import struct
import threading

import hpack
import pytest

from parts.inspected import H2Client, curl
from parts.waiting import wait_for
from parts.wire import TIMEOUT

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_ERROR, PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 0, 1, 3, 6, 9, 11

MOST_MEMORY = 96 * 1024 * 1024  # what a hostile client may make the gateway grow by; its own limits add up to less


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack("!I", len(payload))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


class Hostile:
    """An HTTP/2 client that writes its frames itself. What comes back is read by a thread, so that nothing ever blocks."""

    def __init__(self, school, site, *, greets: bool = True, settings: bytes = b""):
        self.client = H2Client(school, "forum.example", site.port, begin=False)
        self.pipe, self.authority = self.client.pipe, self.client.authority
        self.encoder = hpack.Encoder()
        self.frames: list[tuple[int, int, int, bytes]] = []
        self.statuses: dict[int, str] = {}
        self.decoder = hpack.Decoder()
        self.over = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        if greets:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pipe.close()

    def _read(self) -> None:
        buffer = b""
        try:
            while data := self.pipe.recv():
                buffer += data
                while len(buffer) >= 9 and len(buffer) >= 9 + (size := int.from_bytes(buffer[:3], "big")):
                    kind, stream, payload = buffer[3], int.from_bytes(buffer[5:9], "big"), buffer[9 : 9 + size]
                    self.frames.append((kind, buffer[4], stream, payload))
                    if kind == HEADERS:
                        self.statuses.setdefault(stream, dict(self.decoder.decode(payload)).get(":status"))
                    buffer = buffer[9 + size :]
        except OSError:
            pass
        self.over.set()

    def send(self, data: bytes) -> bool:
        """False once the gateway has closed."""
        try:
            self.pipe.sendall(data)
            return True
        except OSError:
            return False

    def head(self, path: str = "/", *fields, method: str = "GET", authority: str | None = None) -> bytes:
        return self.encoder.encode([(":method", method), (":scheme", "https"), (":authority", authority or self.authority), (":path", path), *fields])

    def ask(self, stream: int, path: str = "/", *fields, ends: bool = True, **how) -> bytes:
        return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, self.head(path, *fields, **how))

    def of(self, kind: int) -> list[tuple[int, bytes]]:
        return [(stream, payload) for each, _, stream, payload in list(self.frames) if each == kind]

    def goaway(self) -> int | None:
        found = self.of(GOAWAY)
        return int.from_bytes(found[-1][1][4:8], "big") if found else None

    def ended(self) -> int | None:
        """Waits until the gateway has closed; the error code of its GOAWAY."""
        assert self.over.wait(TIMEOUT * 2), f"still open; {len(self.frames)} frames came"
        return self.goaway()

    def status_of(self, stream: int) -> str:
        """The status of the answer on this stream, or "reset"."""

        def look():
            reset = "reset" if any(which == stream for which, _ in self.of(RST_STREAM)) else None
            return self.statuses.get(stream) or reset or ("closed" if self.over.is_set() else None)

        return wait_for(look, f"an answer on stream {stream}")


def memory_of(school) -> int:
    status = pathlib.Path(f"/proc/{school.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


@pytest.fixture
def unharmed(inspecting, site):
    """Whatever the test does: others are served while it lasts and after it, by the same process, and memory stays bounded."""
    process, before = inspecting.process, memory_of(inspecting)
    with H2Client(inspecting, "forum.example", site.port) as other:
        assert other.get("/before").status == 200

        def check():
            assert other.get("/while").status == 200
            grown = memory_of(inspecting) - before
            assert grown < MOST_MEMORY, f"the gateway grew by {grown >> 20} MiB"

        yield check
        check()
    assert process.poll() is None, inspecting.words()
    assert curl(inspecting, f"https://forum.example:{site.port}/after", http="2").status == 200


@pytest.fixture
def hostile(inspecting, site):
    made = []

    def make(**how) -> Hostile:
        made.append(Hostile(inspecting, site, **how))
        return made[-1]

    yield make
    for client in made:
        client.pipe.close()


# --- floods ------------------------------------------------------------------------------------------------------------


def test_rapid_reset(unharmed, hostile, site):
    """CVE-2023-44487: requests given up at once. The connection ends long before all of them have become work."""
    client, before = hostile(), len(site.calls)
    for number in range(20_000):
        stream = 2 * number + 1
        if not client.send(client.ask(stream, f"/reset/{number}") + frame(RST_STREAM, 0, stream, struct.pack("!I", 8))):
            break
    assert client.ended() == ENHANCE_YOUR_CALM
    assert len([call for call in site.calls[before:] if call.target.startswith("/reset/")]) < 5_000


def test_resets_that_the_client_provokes(unharmed, hostile, site):
    """CVE-2025-8671: each request is followed by a frame that makes the gateway give it up."""
    client = hostile()
    for number in range(20_000):
        stream = 2 * number + 1
        if not client.send(client.ask(stream, "/made", ends=False, method="POST") + frame(WINDOW_UPDATE, 0, stream, struct.pack("!I", 0))):
            break
    assert client.ended() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "of",
    [
        lambda client, number: frame(PING, 0, 0, struct.pack("!Q", number)),
        lambda client, number: frame(SETTINGS, 0, 0, struct.pack("!HI", 3, 100 + number % 2)),
        lambda client, number: frame(DATA, 0, 1),
        lambda client, number: frame(PRIORITY, 0, 2 * number + 3, struct.pack("!IB", 0, 10)),
        lambda client, number: frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 1)),
        lambda client, number: frame(0x42, 0, 0, b"unknown"),
    ],
    ids=["ping", "settings", "empty data", "priority", "window by one", "unknown frames"],
)
def test_a_flood_of_small_frames(unharmed, hostile, of):
    """CVE-2019-9511 to 9518: either it costs nothing, or the connection ends."""
    client = hostile()
    client.send(client.ask(1, "/", ends=False, method="POST"))
    for number in range(500):
        if not client.send(b"".join(of(client, number * 100 + each) for each in range(100))):
            break
    unharmed()
    if client.over.is_set():
        assert client.goaway() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, None)


def test_a_client_that_pings_and_never_reads(unharmed, inspecting, site):
    """Answers that nobody takes must not pile up."""
    client = H2Client(inspecting, "forum.example", site.port, begin=False)
    client.pipe.connection.settimeout(2)
    try:
        client.pipe.sendall(PREFACE + frame(SETTINGS, 0, 0))
        pings = frame(PING, 0, 0, b"x" * 8) * 1000
        for _ in range(1000):
            client.pipe.sendall(pings)
    except OSError:
        pass
    unharmed()
    client.pipe.close()


# --- heads -------------------------------------------------------------------------------------------------------------


def test_a_continuation_flood(unharmed, hostile):
    """CVE-2024-27316: a head that never ends."""
    client = hostile()
    client.send(frame(HEADERS, END_STREAM, 1, client.head()))
    piece = b"\x40\x04name\x7f\xe1\x3d" + b"v" * 8000
    for _ in range(4000):
        if not client.send(frame(CONTINUATION, 0, 1, piece)):
            break
    assert client.ended() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, COMPRESSION_ERROR, None)


def test_a_flood_of_empty_continuations(unharmed, hostile):
    client = hostile()
    client.send(frame(HEADERS, END_STREAM, 1, client.head()))
    for _ in range(2000):
        if not client.send(frame(CONTINUATION, 0, 1) * 100):
            break
    assert client.ended() in (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, None)


def test_a_header_bomb(unharmed, hostile):
    """One long field kept in the table, then named ten thousand times by one byte each."""
    client = hostile()
    for number in range(200):
        stream = 2 * number + 1
        bomb = client.head("/bomb", ("x-bomb", "b" * 3500)) if number == 0 else client.head("/bomb") + b"\xbe" * 10_000
        if not client.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, bomb)):
            break
    unharmed()
    assert client.over.is_set() or client.status_of(3) in ("431", "reset")


def test_too_many_fields_are_431(unharmed, hostile):
    client = hostile()
    client.send(client.ask(1, "/", *((f"x-{number}", "1") for number in range(300))))
    assert client.status_of(1) in ("431", "reset")
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, client.head("/fine")))
    assert client.status_of(3) != "closed"


def test_a_table_that_changes_its_size_all_the_time(unharmed, hostile):
    client = hostile()
    for number in range(300):
        head = b"\x20\x3f\xe1\x1f" * 1 + client.head("/table")
        if not client.send(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, head)):
            break
    unharmed()


MALFORMED = {
    "upper case": [("X-Upper", "1")],
    "connection": [("connection", "keep-alive")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "te": [("te", "gzip")],
    "line feed": [("x-a", "1\r\nHost: blocked.example")],
    "NUL": [("x-a", "1\0")],
    "colon in a name": [("x:a", "1")],
    "blank in a name": [("x a", "1")],
    "second path": [(":path", "/casino/")],
    "unknown pseudo": [(":other", "1")],
    "length too long": [("content-length", "10")],
    "length no number": [("content-length", "+0")],
    "two lengths": [("content-length", "0"), ("content-length", "1")],
    "another host": [("host", "blocked.example")],
}


@pytest.mark.parametrize("fields", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_head_does_not_reach_the_web_site(unharmed, hostile, site, fields):
    client = hostile()
    client.encoder = hpack.Encoder()
    before = len(site.calls)
    client.send(client.ask(1, "/malformed", *fields))
    assert client.status_of(1) in ("400", "421", "reset", "closed")
    assert not [call for call in site.calls[before:] if call.target == "/malformed"]


@pytest.mark.parametrize(
    "head",
    [
        [(":method", "GET"), (":scheme", "https"), (":authority", "forum.example")],
        [(":method", "GET"), (":path", "/x"), (":authority", "forum.example")],
        [(":scheme", "https"), (":path", "/x"), (":authority", "forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/x")],
        [(":method", "GET"), (":scheme", "https"), (":path", ""), (":authority", "forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "x"), (":authority", "forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "http://blocked.example/x"), (":authority", "forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/x y HTTP/1.1\r\nHost: blocked.example\r\n\r\n"), (":authority", "forum.example")],
        [(":method", "GET / HTTP/1.1\r\nx: y"), (":scheme", "https"), (":path", "/x"), (":authority", "forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/x"), (":authority", "user@forum.example")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/x"), (":authority", "forum.example, blocked.example")],
        [("x-first", "1"), (":method", "GET"), (":scheme", "https"), (":path", "/x"), (":authority", "forum.example")],
    ],
    ids=["no path", "no scheme", "no method", "no authority", "empty path", "no slash", "absolute", "smuggled path", "smuggled method", "userinfo", "two", "pseudo last"],
)
def test_a_request_without_one_meaning_does_not_reach_the_web_site(unharmed, hostile, site, head):
    client = hostile()
    before = len(site.calls)
    head = [(name, value.replace("forum.example", client.authority) if name == ":authority" else value) for name, value in head]
    client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, client.encoder.encode(head)))
    assert client.status_of(1) in ("400", "421", "reset", "closed")
    assert not [call for call in site.calls[before:] if call.target not in ("/while", "/before", "/after")]


# --- windows -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def flood(site):
    """A download without end, until nobody takes it."""

    @site.on("/flood")
    def answer(call):
        call.start(200)
        for _ in range(400):
            call.send(b"x" * 65536)
        call.end()


def test_a_hundred_downloads_that_nobody_reads(unharmed, hostile, flood):
    """Windows of zero: what the web site sends waits at the web site, not in the gateway."""
    client = hostile(settings=struct.pack("!HI", 4, 0))
    for number in range(100):
        client.send(client.ask(2 * number + 1, "/flood"))
    for number in range(100):
        assert client.status_of(2 * number + 1) in ("200", "reset")
    unharmed()


def test_a_hundred_downloads_over_a_connection_that_nobody_reads(unharmed, inspecting, site, flood):
    """Windows without bounds, and a socket that is never read."""
    client = H2Client(inspecting, "forum.example", site.port, begin=False)
    encoder = hpack.Encoder()
    client.pipe.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0x7FFFFFFF)) + frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 0x7FFF0000 - 65535)))
    before = len(site.calls)
    for number in range(100):
        head = encoder.encode([(":method", "GET"), (":scheme", "https"), (":authority", client.authority), (":path", "/flood")])
        client.pipe.sendall(frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, head))
    wait_for(lambda: len(site.calls) - before >= 50, "the web site to be asked")
    unharmed()
    client.pipe.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 0)), PROTOCOL_ERROR),
        (frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", 0x7FFFFFFF)) * 2, FLOW_CONTROL_ERROR),
        (frame(SETTINGS, 0, 0, struct.pack("!HI", 4, 0x80000000)), FLOW_CONTROL_ERROR),
        (frame(SETTINGS, 0, 0, b"\0\0\0"), FRAME_SIZE_ERROR),
        (frame(SETTINGS, 0, 1), PROTOCOL_ERROR),
        (frame(DATA, 0, 0, b"x"), PROTOCOL_ERROR),
        (frame(DATA, END_STREAM, 99, b"x"), None),
        (frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2"), PROTOCOL_ERROR),
        (frame(HEADERS, END_HEADERS | END_STREAM, 2, b"\x82"), PROTOCOL_ERROR),
        (frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), COMPRESSION_ERROR),
        (frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR),
        (frame(PING, 0, 0, b"short"), FRAME_SIZE_ERROR),
        (frame(DATA, 0, 1, b"x" * 20_000), FRAME_SIZE_ERROR),
        (b"\xff\xff\xff\0\0\0\0\0\1" + b"x" * 100_000, FRAME_SIZE_ERROR),
        (frame(RST_STREAM, 0, 99, struct.pack("!I", 8)), PROTOCOL_ERROR),
    ],
    ids=["window by 0", "window overflow", "initial window", "half a setting", "settings on a stream", "data on 0", "data on idle", "push", "even stream", "HPACK", "continuation",
         "ping", "long data", "16 MiB frame", "reset of idle"],
)
def test_frames_against_the_rules_end_the_connection(unharmed, hostile, frames, code):
    client = hostile()
    client.send(frames)
    ended = client.ended()
    assert ended == code or (code is None and ended is not None), ended


def test_an_upload_beyond_its_window_ends(unharmed, hostile, site):
    gate = threading.Event()

    @site.on("/slow-upload")
    def slow(call):
        gate.wait(TIMEOUT * 2)
        call.answer("late")

    client = hostile()
    client.send(client.ask(1, "/slow-upload", ends=False, method="POST"))
    for _ in range(2000):
        if not client.send(frame(DATA, 0, 1, b"x" * 16_384)):
            break
    try:
        wait_for(lambda: client.over.is_set() or client.of(RST_STREAM), "the end of the stream or the connection")
    finally:
        gate.set()


# --- beginnings and ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: forum.example\r\n\r\n", b"\0" * 100, PREFACE[:10] + b"X" * 50], ids=["HTTP/1.1", "zeros", "half a preface"])
def test_what_is_not_http2_ends(unharmed, hostile, data):
    client = hostile(greets=False)
    client.send(data)
    client.ended()


def test_a_client_that_says_nothing_ends(new_inspecting, site):
    """After the handshake, silence: the deadline of an idle connection."""
    school = new_inspecting(limits="idle: 1s, header: 1s").start()
    client = Hostile(school, site, greets=False)
    client.ended()
    client.pipe.close()


def test_many_that_vanish_in_the_middle(unharmed, hostile, flood):
    for _ in range(50):
        client = hostile()
        for number in range(10):
            client.send(client.ask(2 * number + 1, "/flood"))
        client.pipe.connection.shutdown(2)
        client.pipe.close()
    unharmed()
