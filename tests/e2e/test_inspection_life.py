"""Opened connections while things change: the policy, the web site's connection, the gateway's own end; and many names at once."""

import base64
import concurrent.futures
import hashlib
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import threading

import h2.settings
import pytest
from cryptography import x509

from parts.inspected import H2Client, InspectedWire, authority_of, curl, names_of
from parts.origins import WebSocketEcho, masked_frame
from parts.tls_origins import TlsOrigin
from parts.waiting import wait_for
from parts.wire import TIMEOUT

KEY = base64.b64encode(b"sixteen bytes ok").decode()
REFUSED_STREAM = 7


@pytest.fixture
def origin(web_authority):
    """A web site of this test's own, which takes WebSockets over both protocols."""
    names = ["forum.example", *(f"site-{number}-v4.example" for number in range(200))]
    server = TlsOrigin(web_authority[0].issue(*names).context(), h2_settings={h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})

    @server.on("/socket")
    def socket_(call):
        if call.version == "1.1":
            accept = base64.b64encode(hashlib.sha1(call.get("Sec-WebSocket-Key").encode() + WebSocketEcho.MAGIC).digest()).decode()
            call.start(101, ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept))
            while data := call.pipe.recv():
                call.raw(data)
            call.keep = False
        else:
            call.start(200)
            for piece in call.body():
                if piece:
                    call.send(piece)

    yield server
    server.stop()


@pytest.fixture
def school(new_inspecting, origin):
    return new_inspecting(ports=[origin.port], limits="workers: 1").start()


def block_forum(school) -> None:
    school.edit("rules/school.yaml", "block:\n", "block:\n  - { site: forum.example, category: gambling }\n")
    school.edit("rules/school.yaml", 'maths", group: pupils, expect: allow', 'maths", group: pupils, expect: block')
    school.command("reload")


# --- the policy --------------------------------------------------------------------------------------------------------


def test_a_websocket_ends_when_its_site_is_blocked(school, origin):
    with InspectedWire(school, "forum.example", origin.port) as wire:
        answer = wire.get("/socket", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}")
        assert answer.status == 101
        wire.send(masked_frame(b"hello"))
        assert wire.read(11) == masked_frame(b"hello")
        block_forum(school)
        assert wire.closed()


def test_a_connection_that_is_open_is_judged_by_the_new_rules(school, origin):
    with InspectedWire(school, "forum.example", origin.port) as one, H2Client(school, "forum.example", origin.port) as two:
        assert one.get("/1").status == 200 and two.get("/2").status == 200
        block_forum(school)
        assert one.get("/3").status == 403 and two.get("/4").status == 403
    assert [call.target for call in origin.calls] == ["/1", "/2"]


def test_a_hundred_reloads_while_hellos_come(school, origin):
    """Inspection off and on, another authority, other rules: no hello may find half of a generation."""
    over, served, opened, refused, failures = threading.Event(), [0] * 4, [0] * 4, [0] * 4, []

    def say_hello(thread):
        number = 0
        while not over.is_set():
            number += 1
            name = f"n{thread}-{number}.blocked.example" if thread % 2 else f"site-{number % 200}-v4.example"
            try:
                with InspectedWire(school, name, origin.port, authority=None, to="forum.example" if thread % 2 else None) as wire:
                    opened[thread] += 1
                    refused[thread] += wire.get("/").status == 403
            except (ssl.SSLError, ConnectionResetError):
                pass  # the alert of a name that is refused while nothing is opened
            except Exception as error:  # noqa: BLE001: whatever it was, the test tells of it
                failures.append(repr(error))
                return
            served[thread] += 1

    threads = [threading.Thread(target=say_hello, args=[thread]) for thread in range(4)]
    for thread in threads:
        thread.start()
    settings = school.files["schoolgate.yaml"]
    for number in range(100):
        before = sum(served)
        # Only what changes is written: the hosts file is read while names are looked up.
        if number % 3 == 0:
            rule = f"block:\n  - {{ site: new{number}.example, category: gambling }}\n"
            (school.config / "rules/school.yaml").write_text(school.files["rules/school.yaml"].replace("block:\n", rule))
        if number % 10 == 4:
            shutil.rmtree(school.state / "ca")
            school.command("ca create")
        (school.config / "schoolgate.yaml").write_text(settings if number % 2 else settings.replace('mode: "selective"', 'mode: "off"'))
        school.command("reload")
        wait_for(lambda: sum(served) > before + 3 or failures, "hellos after the reload")
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert school.process.poll() is None
    assert min(opened) > 0 and sum(refused) > 0, "nothing was tried"
    assert school.metric("reload_total", result="accepted") == 100


# --- the web site --------------------------------------------------------------------------------------------------------


def test_a_web_site_that_says_goaway_is_asked_again_on_another_connection(school, origin):
    @origin.on("/last")
    def last(call):
        call.answer("the last of this connection")
        call.link.do(lambda h: h.close_connection())

    with H2Client(school, "forum.example", origin.port) as client:
        for _ in range(3):
            assert client.get("/last").body == b"the last of this connection"
        assert client.get("/next").status == 200
    assert len({call.connection for call in origin.calls}) == 4


def test_a_refused_stream_is_tried_again_by_itself(school, origin):
    asked = []

    @origin.on("/busy")
    def busy(call):
        asked.append(call)
        if len(asked) == 1:
            call.reset(REFUSED_STREAM)
        else:
            call.answer("now")

    with H2Client(school, "forum.example", origin.port) as client:
        assert client.get("/busy").body == b"now"
    assert len(asked) == 2


def test_a_request_with_a_body_is_not_sent_twice(school, origin):
    asked = []

    @origin.on("/order")
    def order(call):
        asked.append(b"".join(call.body()))
        call.reset(2)

    with H2Client(school, "forum.example", origin.port) as client:
        assert client.get("/order", method="POST", body=b"one book").status == 502
        assert client.get("/next").status == 200
    assert asked == [b"one book"]


def test_early_hints_come_through(school, origin):
    @origin.on("/hinted")
    def hinted(call):
        call.start(103, ("Link", "</style.css>; rel=preload"))
        call.answer("page")

    assert curl(school, f"https://forum.example:{origin.port}/hinted", http="2").body == "page"
    said = curl(school, f"https://forum.example:{origin.port}/hinted", "-v", http="2").said
    assert "103" in said and "rel=preload" in said


def test_a_client_that_leaves_takes_its_request_along(school, origin):
    """What nobody waits for any more is given up at the web site too."""
    given_up = threading.Event()

    @origin.on("/endless")
    def endless(call):
        call.start(200)
        try:
            while True:
                call.send(b"x" * 16384)
        except OSError:
            given_up.set()

    with H2Client(school, "forum.example", origin.port) as client:
        stream = client.begin("/endless")
        client.until(lambda: stream in client.answers and client.answers[stream].body, "the first bytes")
        client.h2.reset_stream(stream, 8)
        client.flush()
        assert given_up.wait(TIMEOUT * 2)
        assert client.get("/next").status == 200


# --- the gateway ---------------------------------------------------------------------------------------------------------


def test_sigterm_lets_running_answers_finish(school, origin):
    go_on = threading.Event()

    @origin.on("/half")
    def half(call):
        call.start(200, ("Content-Length", "20"))
        call.send(b"first half")
        assert go_on.wait(TIMEOUT * 2)
        call.send(b"other half")
        call.end()

    with InspectedWire(school, "forum.example", origin.port) as one, H2Client(school, "forum.example", origin.port) as two:
        stream = two.begin("/half")
        two.until(lambda: stream in two.answers and two.answers[stream].body, "the first half")
        one.send(f"GET /half HTTP/1.1\r\nHost: {one.host}\r\n\r\n".encode())
        assert one.read_head().status == 200 and one.read(10) == b"first half"
        school.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in school.words(), "the gateway to begin to stop")
        go_on.set()
        assert one.read(10) == b"other half"
        assert two.whole(stream).body == b"first halfother half"
    assert school.process.wait(TIMEOUT * 2) == 0
    school.process = None


def test_the_key_holder_has_nothing_but_its_channel(school):
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout.splitlines()
    holder = next(int(line.split()[0]) for line in listed if line.split()[1] == str(school.process.pid) and "key-holder" in line)
    files = {entry.name: os.readlink(entry) for entry in pathlib.Path(f"/proc/{holder}/fd").iterdir()}
    assert set(files) <= {"0", "1", "2", "3"}, files


def test_no_keys_of_sessions_are_written(new_inspecting, origin, tmp_path):
    """SSLKEYLOGFILE means nothing to a release."""
    school = new_inspecting(ports=[origin.port], environment={"SSLKEYLOGFILE": str(tmp_path / "keys")}).start()
    assert curl(school, f"https://forum.example:{origin.port}/x").status == 200
    assert not (tmp_path / "keys").exists()


# --- many ----------------------------------------------------------------------------------------------------------------


def test_two_hundred_new_names_at_once(new_inspecting, origin):
    """A cold cache (INT-28): every name gets its own certificate, and one serial each however many ask at the same time."""
    school = new_inspecting(mode="always", ports=[origin.port]).start()
    names = [f"site-{number}-v4.example" for number in range(200)]

    def visit(name: str) -> tuple[str, int]:
        with InspectedWire(school, name, origin.port) as wire:
            assert names_of(wire.certificate) == [x509.DNSName(name)]
            assert wire.get("/").status == 200
            return name, wire.certificate.serial_number

    with concurrent.futures.ThreadPoolExecutor(16) as visitors:
        seen = list(visitors.map(visit, [name for name in names for _ in range(3)]))
    assert len(seen) == 600 and len({serial for _, serial in seen}) == len(set(seen)) == 200
    assert authority_of(school).exists()
