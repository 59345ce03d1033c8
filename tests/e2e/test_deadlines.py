"""Patience has an end: every wait of the gateway has a deadline, and no client can take all there is."""

import socket
import threading

import pytest

from parts.origins import DeafPort
from parts.school import School
from parts.waiting import wait_for
from parts.wire import Wire, fetch, get


def page(web, name: str, path: str = "/") -> str:
    return f"http://{name}:{web.http}{path}"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, web, names):
    """A gateway whose patience is short."""
    school = School(
        tmp_path_factory.mktemp("hasty"), web_ports=[web.tls], dns_port=names.port,
        limits="header: 1s, connect: 1s, response: 1s, idle: 2s, client_connections: 40",
    ).start()
    yield school
    school.stop()


def test_a_web_site_that_never_answers_is_504(hasty, origin):
    release = threading.Event()

    @origin.script("/never")
    def never(_connection, _head, _rest):
        release.wait(30)

    answer = fetch(hasty.proxy, origin.url("/never"))
    release.set()
    assert answer.status == 504 and b"html" in answer.body


def test_a_web_site_that_cannot_be_connected_to_is_504(hasty):
    deaf = DeafPort()
    assert fetch(hasty.proxy, f"http://allowed.example:{deaf.port}/").status == 504
    deaf.stop()


def test_a_name_server_that_is_silent_is_no_way_to_hang(hasty):
    assert fetch(hasty.proxy, "http://silent.example/").status in (502, 504)


def test_half_a_request_head_does_not_wait_for_ever(hasty):
    with Wire(hasty.proxy) as wire:
        wire.send(b"GET http://allowed.example/ HTTP/1.1\r\nHost:")
        data = wire.read_to_end()
        assert data == b"" or data.startswith(b"HTTP/1.1 408")


def test_an_idle_connection_is_closed(hasty, web):
    with Wire(hasty.proxy) as wire:
        assert wire.ask(get(page(web, "allowed.example"))).status == 200
        assert wire.closed()


def test_one_client_cannot_take_every_connection(hasty, web):
    held = [Wire(hasty.proxy, source="127.0.0.77") for _ in range(60)]
    try:
        refused = wait_for(lambda: sum(_is_closed(wire) for wire in held), "some connections to be refused")
        assert refused >= 15
        assert fetch(hasty.proxy, page(web, "allowed.example"), source="127.0.0.78").status == 200
    finally:
        for wire in held:
            wire.socket.close()


def _is_closed(wire: Wire) -> bool:
    """True once the gateway has closed it before the header deadline could have been the reason to."""
    wire.socket.settimeout(0.001)
    try:
        return wire.socket.recv(1, socket.MSG_PEEK) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
