"""A restart is no outage: the gateway that goes serves until its end, and its end does not wait for who is silent."""

import signal
import threading

import pytest

from parts.origins import Echo
from parts.school import School
from parts.waiting import wait_for
from parts.wire import Wire, connect, fetch, get


@pytest.fixture
def school(tmp_path, web, names):
    made = School(tmp_path / "school", web_ports=[web.tls], dns_port=names.port, limits="drain: 10m")
    made.folder.mkdir()
    yield made
    if made.process:
        made.kill()


def websocket(school, web) -> Wire:
    wire = Wire(school.proxy)
    answer = wire.ask(get(f"http://allowed.example:{web.http}/socket", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
    assert answer.status == 101
    return wire


def test_new_requests_are_served_until_the_last_download_is_whole(school, web, origin):
    goes_on = threading.Event()

    @origin.script("/long")
    def long(connection, _head, rest):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        goes_on.wait(60)
        connection.sendall(b"-last")
        return rest

    school.start()
    with Wire(school.proxy) as download, websocket(school, web) as chat, Wire(school.proxy) as idle:
        download.send(get(origin.url("/long")).encode())
        download.read_until(b"first")
        assert idle.ask(get(f"http://allowed.example:{web.http}/")).status == 200
        school.process.send_signal(signal.SIGTERM)
        assert idle.closed()  # it has begun
        assert chat.closed()  # the chat is not waited for, and its end is not the gateway's
        for _ in range(20):
            assert fetch(school.proxy, f"http://allowed.example:{web.http}/").status == 200
            assert fetch(school.proxy, "http://blocked.example/").status == 403
        assert school.metric("workers") >= 1  # whoever watches the gateway still sees it
        assert school.process.poll() is None
        goes_on.set()
        assert download.read(5) == b"-last" and download.closed()
    assert school.process.wait(timeout=30) == 0
    school.start()
    assert fetch(school.proxy, f"http://allowed.example:{web.http}/").status == 200
    assert len(school.attempts()) == 20


def test_silent_tunnels_do_not_hold_the_end(tmp_path, school, web):
    echo = Echo()
    school.edit("schoolgate.yaml", f"[443, {web.tls}]", f"[443, {web.tls}, {echo.port}]")
    school.edit("schoolgate.yaml", "inspection:", "unnamed: { not_tls: judge }\ninspection:")
    school.start()
    tunnels = [Wire(school.proxy) for _ in range(50)]
    for tunnel in tunnels:
        assert tunnel.ask(connect(f"allowed.example:{echo.port}")).status == 200
        assert tunnel.send(b"\0\1\2\3\4").read(5) == b"\0\1\2\3\4"  # neither TLS nor HTTP
    chats = [websocket(school, web) for _ in range(50)]
    school.process.send_signal(signal.SIGTERM)
    assert school.process.wait(timeout=30) == 0  # a twentieth of limits.drain
    for each in [*tunnels, *chats]:
        assert each.closed()
        each.socket.close()
    # Each of them is told of.
    hosts = [line["host"] for line in school.decisions()]
    wait_for(lambda: hosts.count("allowed.example") == 100, "a line for each")
    echo.stop()
