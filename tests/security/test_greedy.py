"""One client takes as much as it can of what all share. Counted, not timed: others are answered, and what it holds is bounded."""

import pathlib
import resource
import socket
import threading

import pytest

from parts.inspected import H2Client, inspecting_school
from parts.origins import NameServer, ScriptedOrigin
from parts.school import School
from parts.tls_origins import Authority, TlsOrigin
from parts.wire import Wire

GREEDY, OTHER = "127.0.0.9", "127.0.0.10"
PIECE = b"x" * 16384


@pytest.fixture
def site(tmp_path):
    authority = Authority()
    server = TlsOrigin(authority.issue("forum.example").context())
    server.trust = authority.write(tmp_path / "authority.pem")

    @server.on("/endless")
    def endless(call):
        call.start(200)
        while True:  # until the gateway takes no more, and then gives it up
            call.send(PIECE)

    waits = threading.Event()

    @server.on("/waits")
    def wait(call):
        waits.wait(60)
        call.answer("late")

    server.goes_on = waits
    yield server
    waits.set()
    server.stop()


@pytest.fixture
def school(tmp_path, site):
    made = []

    def start(limits: str = ""):
        folder = tmp_path / "school"
        folder.mkdir()
        made.append(inspecting_school(folder, trust=site.trust, ports=[site.port], limits=limits))
        return made[0].start()

    yield start
    for each in made:
        each.stop()


def resident(school) -> int:
    """KiB of anonymous memory."""
    return int(pathlib.Path(f"/proc/{school.process.pid}/status").read_text().split("RssAnon:")[1].split()[0])


def test_a_client_that_does_not_read_stops_nobody_else(school, site):
    gate = school()
    with H2Client(gate, "forum.example", site.port, source=GREEDY) as greedy, H2Client(gate, "forum.example", site.port, source=OTHER) as other:
        for _ in range(20):
            greedy.begin("/endless")
        for number in range(20):
            stream = other.begin(f"/lesson/{number}")
            other.until(lambda: stream in other.ended, f"answer {number}")
            assert other.answers[stream].status == 200


def test_what_is_held_for_a_client_that_does_not_read_is_bounded(school, site):
    gate = school(limits="client_memory: 4MiB")
    before = resident(gate)
    clients = [H2Client(gate, "forum.example", site.port, source=GREEDY) for _ in range(10)]
    try:
        for client in clients:
            for _ in range(10):
                client.begin("/endless")
        with H2Client(gate, "forum.example", site.port, source=OTHER) as other:
            for number in range(5):
                stream = other.begin(f"/lesson/{number}")
                other.until(lambda: stream in other.ended, "an answer")
                assert other.answers[stream].status == 200
        assert gate.metric("connections_refused_total", cap="client_memory") > 0
        assert resident(gate) - before < 40 * 1024
    finally:
        for client in clients:
            client.pipe.close()


def test_waiting_streams_have_a_sum_and_little_weight(school, site):
    gate = school(limits="client_streams: 500")
    before = resident(gate)
    padding = [("x-padding", "p" * 8000)]
    clients = [H2Client(gate, "forum.example", site.port, source=GREEDY) for _ in range(10)]
    try:
        for client in clients:
            for _ in range(100):
                client.begin("/waits", *padding)
        with H2Client(gate, "forum.example", site.port, source=OTHER) as other:
            stream = other.begin("/lesson")
            other.until(lambda: stream in other.ended, "an answer")
            assert other.answers[stream].status == 200
        refused = clients[-1]
        refused.until(lambda: refused.resets, "streams to be refused")
        assert set(refused.resets.values()) == {7}  # REFUSED_STREAM
        assert gate.metric("connections_refused_total", cap="client_streams") >= 400
        assert resident(gate) - before < 60 * 1024
    finally:
        site.goes_on.set()
        for client in clients:
            client.pipe.close()


def test_names_that_nobody_answers_keep_nobody_from_theirs(tmp_path):
    """Three devices ask for 2,700 names of a server that is silent; the gateway has 2,000 places for names that are being asked for."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    names, origin = NameServer(), ScriptedOrigin()
    origin.answer("/", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    school = School(tmp_path / "school", dns_port=names.port, limits="workers: 1")
    school.write()
    school.start()
    greedy = []
    try:
        for number in range(2700):
            wire = Wire(school.proxy, source=f"127.0.0.{11 + number // 900}")
            greedy.append(wire)
            wire.send(f"GET http://n{number}.silent.example/ HTTP/1.1\r\nHost: n{number}.silent.example\r\n\r\n".encode())
        for number in range(100):
            with Wire(school.proxy, source=OTHER) as other:
                host = f"n{number}-v4.example:{origin.port}"
                assert other.send(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).read_answer().status == 200
        told = [wire.read_answer().status for wire in greedy]
        assert set(told) <= {502, 503, 504} and told.count(503) >= 1000, {status: told.count(status) for status in set(told)}
    finally:
        for wire in greedy:
            wire.socket.close()
        school.stop()
        origin.stop()
        names.stop()
