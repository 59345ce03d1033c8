"""HTTP inside opened connections, 1.1 and 2 on both sides: what is asked and answered arrives as it was sent."""

import base64
import gzip
import hashlib
import os
import threading

import h2.settings
import pytest

from parts.inspected import H2Client, InspectedWire, curl
from parts.origins import WebSocketEcho, masked_frame
from parts.tls_origins import TlsOrigin
from parts.wire import TIMEOUT

LARGE = 20 * 1024 * 1024
KEY = base64.b64encode(b"sixteen bytes ok").decode()


class Client1:
    """One way of asking for both protocols: fields as pairs, the answer whole."""

    def __init__(self, school, name, port):
        self.wire = InspectedWire(school, name, port)

    def get(self, path, *fields, method="GET", body=b""):
        return self.wire.get(path, *(f"{name}: {value}" for name, value in fields), method=method, body=body)

    def begin(self, path):
        """Asks, and reads the answer's head."""
        self.wire.send(f"GET {path} HTTP/1.1\r\nHost: {self.wire.host}\r\n\r\n".encode())
        return self.wire.read_head()

    def piece(self, size):
        """The next `size` bytes of a chunked answer, however it was cut."""
        data = b""
        while len(data) < size:
            length = int(self.wire.read_until(b"\r\n").split(b";")[0], 16)
            data += self.wire.read(length)
            assert self.wire.read(2) == b"\r\n"
        return data

    def close(self):
        self.wire.socket.close()


class Client2:
    def __init__(self, school, name, port):
        self.client = H2Client(school, name, port)

    def get(self, path, *fields, method="GET", body=b""):
        return self.client.get(path, *((name.lower(), value) for name, value in fields), method=method, body=body)

    def begin(self, path):
        self.stream, self.seen = self.client.begin(path), 0
        return self.client.head(self.stream)

    def piece(self, size):
        answer = self.client.answers[self.stream]
        self.client.until(lambda: len(answer.body) >= self.seen + size, "a piece")
        self.seen += size
        return answer.body[self.seen - size : self.seen]

    def close(self):
        self.client.pipe.close()


@pytest.fixture(params=[Client1, Client2], ids=["1.1", "2"])
def ask(request, inspecting, site):
    """A connection to forum.example, opened by the gateway, in one protocol and the other."""
    client = request.param(inspecting, "forum.example", site.port)
    yield client
    client.close()


# --- bodies ------------------------------------------------------------------------------------------------------------


def test_a_posted_form_arrives(ask, site):
    seen = {}

    @site.on("/form")
    def form(call):
        seen["body"] = b"".join(call.body())
        seen["type"], seen["method"] = call.get("Content-Type"), call.method
        call.answer("thank you")

    answer = ask.get("/form", ("Content-Type", "application/x-www-form-urlencoded"), method="POST", body=b"a=1&b=%20two")
    assert (answer.status, answer.body) == (200, b"thank you")
    assert seen == {"body": b"a=1&b=%20two", "type": "application/x-www-form-urlencoded", "method": "POST"}


def test_a_large_upload_arrives_whole(ask, site):
    data = os.urandom(1024 * 1024) * (LARGE // (1024 * 1024))

    @site.on("/upload")
    def upload(call):
        digest, size = hashlib.sha256(), 0
        for piece in call.body():
            digest.update(piece)
            size += len(piece)
        call.answer(f"{size} {digest.hexdigest()}")

    answer = ask.get("/upload", method="PUT", body=data)
    assert answer.body.decode() == f"{LARGE} {hashlib.sha256(data).hexdigest()}"


def test_a_large_download_arrives_whole(ask, site):
    data = os.urandom(1024 * 1024) * (LARGE // (1024 * 1024))

    @site.on("/download")
    def download(call):
        call.answer(data)

    answer = ask.get("/download")
    assert answer.status == 200 and hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()
    assert ask.get("/after").status == 200


def test_a_download_without_a_length_arrives_whole(ask, site):
    @site.on("/pieces")
    def pieces(call):
        call.start(200)
        for number in range(300):
            call.send(b"%d," % number * 100)
        call.end()

    assert ask.get("/pieces").body == b"".join(b"%d," % number * 100 for number in range(300))


def test_what_is_compressed_stays_as_it_is(ask, site):
    packed = gzip.compress(b"a page " * 1000)

    @site.on("/packed")
    def page(call):
        call.answer(packed, ("Content-Encoding", "gzip"), ("ETag", '"v1"'))

    answer = ask.get("/packed", ("Accept-Encoding", "gzip"))
    assert answer.body == packed and answer.get("Content-Encoding") == "gzip" and answer.get("ETag") == '"v1"'
    assert site.calls[-1].get("Accept-Encoding") == "gzip"


def test_answers_without_a_body_leave_the_connection_usable(ask, site):
    @site.on("/none")
    def none(call):
        call.start(204, ends=True)

    @site.on("/same")
    def same(call):
        call.start(304, ("ETag", '"v1"'), ends=True)

    head = ask.get("/headed", method="HEAD")
    assert head.status == 200 and head.body == b"" and int(head.get("Content-Length")) > 0
    none, same = ask.get("/none"), ask.get("/same")
    assert (none.status, none.body, same.status, same.body, same.get("ETag")) == (204, b"", 304, b"", '"v1"')
    assert b"/then over" in ask.get("/then").body


def test_a_blocked_head_request_has_no_body(ask):
    answer = ask.get("/casino/", method="HEAD")
    assert answer.status == 403 and answer.body == b""
    assert ask.get("/maths").status == 200


def test_a_blocked_post_does_not_reach_the_web_site(ask, site):
    before = len(site.calls)
    assert ask.get("/casino/bet", method="POST", body=b"stake=5").status == 403
    assert len(site.calls) == before


def test_an_answer_cut_short_is_not_passed_off_as_whole(inspecting, site):
    @site.on("/cut")
    def cut(call):
        call.start(200, ("Content-Length", "1000"))
        call.send(b"only this")
        if call.version == "2":
            call.reset(2)
        else:
            call.keep = False

    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        wire.send(f"GET /cut HTTP/1.1\r\nHost: {wire.host}\r\n\r\n".encode())
        assert wire.read_head().status == 200
        data = b""
        try:
            while piece := wire.socket.recv(65536):
                data += piece
        except OSError:
            pass
        assert len(wire.buffer + data) < 1000
    with H2Client(inspecting, "forum.example", site.port) as client:
        stream = client.begin("/cut")
        client.until(lambda: stream in client.resets or stream in client.ended, "the end")
        assert stream in client.resets and stream not in client.ended
        assert client.get("/after").status == 200


# --- fields ------------------------------------------------------------------------------------------------------------


def test_alt_svc_is_taken_off_and_hsts_is_not(ask, site):
    hsts = "max-age=63072000; includeSubDomains; preload"

    @site.on("/alternatives")
    def page(call):
        call.answer("x", ("Alt-Svc", 'h3=":443"; ma=86400'), ("Strict-Transport-Security", hsts), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))

    answer = ask.get("/alternatives")
    assert answer.get("Alt-Svc") is None and answer.get("Strict-Transport-Security") == hsts
    assert answer.all("Set-Cookie") == ["a=1", "b=2"]


def test_fields_arrive_as_they_were_sent(ask, site):
    ask.get("/fields?q=a%20b&c", ("Cookie", "one=1; two=2"), ("User-Agent", "Pupil/1.0"), ("Accept-Language", "cy, en-GB;q=0.8"),
            ("Authorization", "Basic YTpi"), ("X-Own", "yes"), ("Proxy-Authorization", "Basic c2VjcmV0"))
    call = next(call for call in reversed(site.calls) if call.target.startswith("/fields"))
    assert call.target == "/fields?q=a%20b&c"
    assert (call.get("Cookie"), call.get("User-Agent"), call.get("X-Own")) == ("one=1; two=2", "Pupil/1.0", "yes")
    assert call.get("Authorization") == "Basic YTpi" and call.get("Accept-Language") == "cy, en-GB;q=0.8"
    assert call.get("Proxy-Authorization") is None and call.get("X-Forwarded-For") is None


def test_http2_connection_fields_of_a_confused_web_site_do_not_end_the_stream(inspecting, site):
    """RFC 9113 section 8.2.2: fields of HTTP/1 connections are malformed in HTTP/2, so they must not be made by us."""
    with H2Client(inspecting, "forum.example", site.port) as client:
        answer = client.get("/plain")
        assert all(name == name.lower() for name, _ in answer.fields)
        assert not {name for name, _ in answer.fields} & {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"}


def test_trailers_of_grpc(inspecting, site):
    @site.on("/grpc.Service/Call")
    def call_(call):
        body = b"".join(call.body())
        call.start(200, ("Content-Type", "application/grpc"))
        call.send(body)
        call.end(("grpc-status", "0"), ("grpc-message", "fine"))

    @site.on("/grpc.Service/Fails")
    def fails(call):
        call.start(200, ("Content-Type", "application/grpc"), ("grpc-status", "5"), ends=True)

    with H2Client(inspecting, "forum.example", site.port) as client:
        fields = (("content-type", "application/grpc"), ("te", "trailers"))
        answer = client.get("/grpc.Service/Call", *fields, method="POST", body=b"\0\0\0\0\x03abc")
        assert answer.body == b"\0\0\0\0\x03abc" and dict(answer.trailers)["grpc-status"] == "0"
        assert site.calls[-1].get("te") == "trailers"
        answer = client.get("/grpc.Service/Fails", *fields, method="POST", body=b"\0\0\0\0\x00")
        assert answer.get("grpc-status") == "5" and answer.body == b""


# --- streaming ---------------------------------------------------------------------------------------------------------


def test_server_sent_events_arrive_one_by_one(ask, site):
    """The next event is sent when the one before has arrived: what waits for more would wait for ever."""
    arrived = [threading.Event() for _ in range(5)]

    @site.on("/events")
    def events(call):
        call.start(200, ("Content-Type", "text/event-stream"))
        for number, one in enumerate(arrived):
            call.send(b"data: %d\n\n" % number)
            assert one.wait(TIMEOUT * 2)
        call.end()

    assert ask.begin("/events").get("Content-Type") == "text/event-stream"
    for number, one in enumerate(arrived):
        assert ask.piece(9) == b"data: %d\n\n" % number
        one.set()


def test_both_ways_at_once_over_http2(inspecting, site):
    """As gRPC streams: the answer begins before the request has ended, and each message waits for the one before."""

    @site.on("/conversation")
    def conversation(call):
        call.start(200, ("Content-Type", "application/grpc"))
        for piece in call.body():
            if piece:
                call.send(piece.upper())
        call.end(("grpc-status", "0"))

    with H2Client(inspecting, "forum.example", site.port) as client:
        stream = client.begin("/conversation", ("te", "trailers"), method="POST", ends=False)
        answer = client.head(stream)
        for number in range(5):
            client.upload(stream, b"message %d;" % number, ends=False)
            client.until(lambda: answer.body.endswith(b"MESSAGE %d;" % number), "the echo")
        client.h2.end_stream(stream)
        client.flush()
        assert client.whole(stream).body == b"".join(b"MESSAGE %d;" % number for number in range(5))


def test_many_streams_at_once(inspecting, site):
    everybody = threading.Barrier(20)

    @site.on("/together")
    def together(call):
        everybody.wait(TIMEOUT * 2)
        call.answer(call.target)

    with H2Client(inspecting, "forum.example", site.port) as client:
        streams = [client.begin(f"/together?{number}") for number in range(20)]
        for number, stream in enumerate(streams):
            assert client.whole(stream).body == b"/together?%d" % number


def test_a_stream_that_nobody_reads_does_not_stop_the_others(inspecting, site):
    @site.on("/flood")
    def flood(call):
        call.start(200)
        for _ in range(64):
            call.send(b"x" * 65536)
        call.end()

    with H2Client(inspecting, "forum.example", site.port, settings={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000}) as client:
        stalled = client.begin("/flood")
        # Acknowledging is what opens the window: without it this stream stands still after 1000 bytes.
        acknowledge = client.h2.acknowledge_received_data
        client.h2.acknowledge_received_data = lambda size, stream: None if stream == stalled else acknowledge(size, stream)
        client.until(lambda: stalled in client.answers and client.answers[stalled].body, "the first bytes")
        for number in range(20):
            assert client.get(f"/beside/{number}").status == 200
        assert len(client.answers[stalled].body) <= 1000


# --- connections --------------------------------------------------------------------------------------------------------


def test_several_requests_use_one_connection_to_the_web_site(ask, site):
    before = len(site.calls)
    assert [ask.get(f"/kept/{number}").status for number in range(6)] == [200] * 6
    assert len({call.connection for call in site.calls[before:]}) == 1


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_the_next_client_uses_the_verified_connection_of_the_one_before(new_inspecting, site, http):
    school = new_inspecting(limits="workers: 1").start()
    before = len(site.handshakes)
    for number in range(4):
        answer = curl(school, f"https://forum.example:{site.port}/{number}", http=http)
        assert (answer.status, answer.version) == (200, http)
    assert len(site.handshakes) == before + 1


def test_a_verified_connection_serves_its_own_name_only(new_inspecting, site):
    school = new_inspecting(mode="always", limits="workers: 1").start()
    before = len(site.handshakes)
    for name in ("forum.example", "allowed.example", "forum.example", "allowed.example"):
        assert curl(school, f"https://{name}:{site.port}/", http="2").status == 200
    assert [name for name, _ in site.handshakes[before:]] == ["forum.example", "allowed.example"]


@pytest.mark.parametrize("protocol", ["http/1.1", "h2", None])
def test_the_protocol_is_what_both_sides_speak(new_inspecting, web_authority, protocol):
    """Learned from the web site first, and mirrored: nobody is promised what the other side lacks."""
    origin = TlsOrigin(web_authority[0].issue("forum.example").context(alpn=(protocol,) if protocol else ()))
    try:
        school = new_inspecting(ports=[origin.port]).start()
        answer = curl(school, f"https://forum.example:{origin.port}/x", http="2")
        assert (answer.status, answer.version) == (200, "2" if protocol == "h2" else "1.1")
        if protocol != "h2":
            assert curl(school, f"https://forum.example:{origin.port}/x", http="1.1").status == 200
    finally:
        origin.stop()


def test_an_idle_connection_that_the_web_site_closed_is_no_trouble(inspecting, site, ask):
    @site.on("/last")
    def last(call):
        call.answer("the last of this connection")
        if call.version == "1.1":
            call.keep = False

    for _ in range(3):
        assert ask.get("/last").body == b"the last of this connection"


# --- WebSocket ---------------------------------------------------------------------------------------------------------


def test_websocket_over_http1(inspecting, site):
    @site.on("/socket")
    def socket_(call):
        accept = base64.b64encode(hashlib.sha1(call.get("Sec-WebSocket-Key").encode() + WebSocketEcho.MAGIC).digest()).decode()
        call.start(101, ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept))
        while data := call.pipe.recv():
            call.raw(data)
        call.keep = False

    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        answer = wire.get("/socket", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
        assert answer.status == 101 and answer.get("Sec-WebSocket-Accept")
        for text in (b"hello", b"and again", b"x" * 100):
            wire.send(masked_frame(text))
            assert wire.read(len(masked_frame(text))) == masked_frame(text)


def test_a_websocket_to_a_blocked_address_is_refused(inspecting, site):
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        answer = wire.get("/casino/live", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
        assert answer.status == 403


def test_websocket_over_http2(new_inspecting, web_authority):
    """RFC 8441, where client and web site both know it."""
    origin = TlsOrigin(web_authority[0].issue("forum.example").context(), h2_settings={h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})

    @origin.on("/socket")
    def socket_(call):
        call.start(200)
        for piece in call.body():
            if piece:
                call.send(piece)

    try:
        school = new_inspecting(ports=[origin.port]).start()
        with H2Client(school, "forum.example", origin.port) as client:
            assert client.get("/first").status == 200
            assert client.h2.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL) == 1
            stream = client.begin("/socket", (":protocol", "websocket"), ("sec-websocket-version", "13"), method="CONNECT", ends=False)
            answer = client.head(stream)
            assert answer.status == 200
            client.upload(stream, masked_frame(b"hello"), ends=False)
            client.until(lambda: answer.body == masked_frame(b"hello"), "the echo")
            blocked = client.begin("/casino/live", (":protocol", "websocket"), ("sec-websocket-version", "13"), method="CONNECT", ends=False)
            assert client.head(blocked).status == 403
    finally:
        origin.stop()
