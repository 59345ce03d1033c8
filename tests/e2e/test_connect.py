"""CONNECT: the name asked for and the name inside the ClientHello are both judged; then bytes, unchanged, both ways."""

import socket
import subprocess
import threading

import pytest

from parts.hello import ACCESS_DENIED, ENCRYPTED_CLIENT_HELLO, TlsClient, alert_of, hello_for, into_records, with_extension, with_name
from parts.origins import Echo
from parts.school import EARLY, STAFF, School
from parts.wire import Wire, connect

# An encrypted_client_hello of the outer kind (RFC 9849 section 5): suite, config id, key share, payload.
ENCRYPTED_NAME = b"\0" + b"\0\x01\0\x01" + b"\x2a" + b"\0\x20" + b"\x5a" * 32 + b"\0\x90" + b"\xa5" * 144

# The outer name that a large front puts into every hello whose true name is encrypted.
KNOWN_FRONT = "cloudflare-ech.com"


@pytest.fixture(scope="module")
def echo():
    server = Echo()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gate(tmp_path_factory, web, names, echo):
    """A gateway that lets CONNECT reach the TLS port of nginx and the echo server."""
    school = School(tmp_path_factory.mktemp("gate"), web_ports=[web.tls, echo.port], dns_port=names.port, limits="header: 2s").start()
    yield school
    school.stop()


def tunnel(gate, name: str, port: int, source: str = "127.0.0.1") -> Wire:
    """An accepted CONNECT."""
    wire = Wire(gate.proxy, source=source)
    answer = wire.ask(connect(f"{name}:{port}"))
    assert answer.status == 200, answer
    return wire


def refused(wire: Wire) -> bool:
    """True when the gateway said access_denied, or closed, before a single byte of a server came back."""
    try:
        data = wire.read_to_end()
    except ConnectionResetError:
        data = b""
    assert data == b"" or alert_of(data) == ACCESS_DENIED, data[:100]
    return True


# --- names -----------------------------------------------------------------------------------------------------------


def test_an_allowed_site_over_tls(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        client = TlsClient("allowed.example", web.authority)
        wire.send(client.hello())
        assert b"https GET allowed.example /secret" in client.get(wire.socket, "allowed.example", "/secret")
    decision = gate.wait_for_decision(host="allowed.example", method="CONNECT")
    assert decision["action"] == "allow" and decision["inspected"] is False


def test_a_blocked_name_is_refused_at_connect_with_the_block_page(gate, web):
    with Wire(gate.proxy) as wire:
        answer = wire.ask(connect(f"blocked.example:{web.tls}"))
    assert answer.status == 403 and "no-store" in answer.get("Cache-Control")
    assert b"Childline" in answer.body
    record = gate.attempts()[-1]
    assert record["site"] == "blocked.example" and record["method"] == "CONNECT" and record["stage"] == "connect"


def test_a_connection_lives_on_after_a_blocked_connect_or_is_closed_cleanly(gate, web):
    with Wire(gate.proxy) as wire:
        answer = wire.ask(connect(f"blocked.example:{web.tls}"))
        if (answer.get("Connection") or "").lower() == "close":
            assert wire.closed()
        else:
            assert wire.ask(connect(f"allowed.example:{web.tls}")).status == 200


def test_a_blocked_name_inside_an_allowed_connect_is_refused(gate, web):
    before = len(web.requests())
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(hello_for("blocked.example"))
        assert refused(wire)
    record = gate.attempts()[-1]
    assert record["site"] == "blocked.example" and record["stage"] == "client_hello"
    assert len(web.requests()) == before


def test_an_allowed_name_inside_a_blocked_connect_is_refused(gate, web):
    with Wire(gate.proxy) as wire:
        assert wire.ask(connect(f"blocked.example:{web.tls}")).status == 403


def test_two_allowed_names_that_differ_reach_the_name_of_the_connect(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        client = TlsClient("other.example")
        wire.send(client.hello())
        assert b"200 OK" in client.get(wire.socket, "other.example")


def test_upper_case_in_the_sni_is_the_same_name(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(with_name(hello_for(None), b"BLOCKED.Example"))
        assert refused(wire)


@pytest.mark.parametrize(
    "name", [b"", b"a\0b.example", b"allowed.example\0.blocked.example", b"x" * 300, b"-\xff\xfe.example", b"allowed..example"],
    ids=["empty", "NUL", "NUL after a good name", "too long", "not text", "empty label"],
)
def test_a_malformed_sni_is_never_let_through(gate, web, name):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(with_name(hello_for(None), name))
        assert refused(wire)


def test_without_sni_the_name_of_the_connect_is_what_was_judged(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        client = TlsClient(None)
        wire.send(client.hello())
        assert b"200 OK" in client.get(wire.socket, "allowed.example")


def test_the_group_decides_about_tunnels_too(gate, web):
    for name, source in (("allowed.example", EARLY), ("bets.example", "127.0.0.1")):
        with Wire(gate.proxy, source=source) as wire:
            assert wire.ask(connect(f"{name}:{web.tls}")).status == 403
    with tunnel(gate, "bets.example", web.tls, source=STAFF) as wire:
        client = TlsClient("bets.example")
        wire.send(client.hello())
        assert b"200 OK" in client.get(wire.socket, "bets.example")


def test_connect_to_an_address_is_judged_as_an_address(gate, web):
    """Naming no site, an address cannot be on an allow-list; and inside it a blocked name is still blocked."""
    with Wire(gate.proxy, source=EARLY) as wire:
        assert wire.ask(connect(f"127.0.0.1:{web.tls}")).status == 403
    with Wire(gate.proxy) as wire:
        answer = wire.ask(connect(f"127.0.0.1:{web.tls}"))
        if answer.status == 200:
            wire.send(hello_for("blocked.example"))
            assert refused(wire)


# --- hellos in every shape -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_hello_in_small_segments(gate, web, size):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send_in_pieces(hello_for("blocked.example"), size)
        assert refused(wire)
    with tunnel(gate, "allowed.example", web.tls) as wire:
        client = TlsClient("allowed.example", web.authority)
        wire.send_in_pieces(client.hello(), size)
        assert b"200 OK" in client.get(wire.socket, "allowed.example")


@pytest.mark.parametrize("size", [1, 5, 64])
def test_a_hello_in_many_records(gate, web, size):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(into_records(hello_for("blocked.example"), size))
        assert refused(wire)
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(into_records(hello_for("allowed.example"), size))
        first = wire.read(1)
        assert first in (b"\x16", b"\x15")  # the server's own answer: OpenSSL limits how many records it takes
        if first == b"\x15":
            assert alert_of(first + wire.read(6)) != ACCESS_DENIED


def test_a_hello_in_many_records_and_every_byte_a_segment(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send_in_pieces(into_records(hello_for("blocked.example"), 3))
        assert refused(wire)


@pytest.mark.parametrize("padding", [3_000, 15_000, 30_000, 60_000])
def test_a_long_hello_is_read_to_its_name(gate, web, padding):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(with_name(with_extension(hello_for(None), 21, b"\0" * padding), b"blocked.example"))
        assert refused(wire)


def test_a_hello_beyond_every_bound_is_refused(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(into_records(b"\x16\x03\x01\x00\x00" + b"\x01\x03\x00\x00" + b"\0" * 100_000, 16_000))
        assert refused(wire)


def test_bytes_behind_the_hello_are_forwarded(gate, echo):
    """Early data, or simply an impatient client: what was read ahead must not be lost."""
    hello = hello_for("allowed.example")
    with tunnel(gate, "allowed.example", echo.port) as wire:
        wire.send(hello + b"behind the hello")
        assert wire.read(len(hello) + 16) == hello + b"behind the hello"


def test_the_hello_is_forwarded_unchanged(gate, echo):
    for hello in (hello_for("allowed.example"), into_records(hello_for("allowed.example"), 11)):
        with tunnel(gate, "allowed.example", echo.port) as wire:
            assert wire.send(hello).read(len(hello)) == hello


def test_a_hello_sent_before_the_answer_to_connect(gate, web):
    with Wire(gate.proxy) as wire:
        wire.send(connect(f"allowed.example:{web.tls}").encode() + hello_for("blocked.example"))
        assert wire.read_answer("CONNECT").status == 200
        assert refused(wire)


def test_ech_behind_a_known_front_is_an_unknown_host(gate, web):
    """The outer name says nothing of the site, so the name of the CONNECT, or the answer for unnamed sites, decides."""
    hello = with_extension(hello_for(KNOWN_FRONT), ENCRYPTED_CLIENT_HELLO, ENCRYPTED_NAME)
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(hello)
        assert refused(wire)


def test_grease_ech_beside_a_true_name_is_judged_by_that_name(gate, web, echo):
    grease = lambda name: with_extension(hello_for(name), ENCRYPTED_CLIENT_HELLO, ENCRYPTED_NAME)
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(grease("blocked.example"))
        assert refused(wire)
    with tunnel(gate, "allowed.example", echo.port) as wire:
        hello = grease("allowed.example")
        assert wire.send(hello).read(len(hello)) == hello


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n", bytes(range(1, 200)), b"\x80\x2e\x01\x00\x02" + b"\0" * 44],
    ids=["SSH", "HTTP", "noise", "SSLv2"],
)
def test_what_is_not_tls_does_not_pass_on_port_443(gate, echo, data):
    before = echo.received
    with tunnel(gate, "allowed.example", echo.port) as wire:
        wire.send(data)
        assert refused(wire)
    assert echo.received == before


@pytest.mark.parametrize(
    "change",
    [
        lambda hello: hello[:1] + b"\x09\x09" + hello[3:],
        lambda hello: hello[:5] + b"\x02" + hello[6:],
        lambda hello: hello[:6] + b"\xff\xff\xff" + hello[9:],
        lambda hello: hello[:43] + b"\xff" + hello[44:],
        lambda hello: into_records(hello, 50)[:55] + b"\x17\x03\x03\x00\x01x" + into_records(hello, 50)[55:],
    ],
    ids=["version", "not a hello", "length", "session id", "another record between"],
)
def test_a_malformed_hello_is_never_let_through(gate, echo, change):
    before = echo.received
    with tunnel(gate, "allowed.example", echo.port) as wire:
        wire.send(change(hello_for("allowed.example")))
        assert refused(wire)
    assert echo.received == before


def test_half_a_hello_does_not_wait_for_ever(gate, web):
    with tunnel(gate, "allowed.example", web.tls) as wire:
        wire.send(hello_for("allowed.example")[:40])
        assert refused(wire)


# --- relay -----------------------------------------------------------------------------------------------------------


def test_megabytes_go_both_ways_unchanged(gate, echo):
    hello = hello_for("allowed.example")
    data = bytes(range(256)) * 40_000
    with tunnel(gate, "allowed.example", echo.port) as wire:
        sender = threading.Thread(target=wire.send, args=(hello + data,))
        sender.start()
        assert wire.read(len(hello) + len(data)) == hello + data
        sender.join()


def test_half_close_goes_through(gate, echo):
    hello = hello_for("allowed.example")
    with tunnel(gate, "allowed.example", echo.port) as wire:
        wire.send(hello + b"last words")
        wire.socket.shutdown(socket.SHUT_WR)
        assert wire.read_to_end() == hello + b"last words"


def test_a_web_site_that_refuses_the_tunnel(gate):
    """Known only after the hello, or before the 200: either way the client gets an end, and soon."""
    with Wire(gate.proxy) as wire:
        wire.send(connect("allowed.example:443").encode())
        answer = wire.read_answer("CONNECT")
        if answer.status == 200:
            wire.send(hello_for("allowed.example"))
            data = wire.read_to_end()
            assert data == b"" or data[0] == 0x15
        else:
            assert answer.status in (502, 504)


def test_private_destinations_are_refused_at_connect(gate):
    for host in ("10.0.0.1", "inside.example", "169.254.169.254", "[fd00::1]"):
        with Wire(gate.proxy, source=STAFF) as wire:
            wire.send(connect(f"{host}:443").encode())
            answer = wire.read_answer("CONNECT")
            if answer.status == 200:  # the name is looked up when the tunnel is opened
                wire.send(hello_for("allowed.example"))
                assert refused(wire)
            else:
                assert answer.status == 403


def test_curl_gets_the_page_and_the_refusal(gate, web):
    def curl(name: str):
        return subprocess.run(
            ["curl", "-sS", "--max-time", "15", "--cacert", web.authority, "--proxy", f"http://127.0.0.1:{gate.proxy}", f"https://{name}:{web.tls}/"],
            capture_output=True, text=True,
        )

    allowed, blocked = curl("allowed.example"), curl("blocked.example")
    assert allowed.returncode == 0 and "https GET allowed.example" in allowed.stdout
    assert blocked.returncode == 56 and "403" in blocked.stderr
