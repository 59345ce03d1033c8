"""A real server that asks for another ClientHello (RFC 8446 section 4.1.4), and a real client that sends it; and one that lies in it."""

import subprocess

import pytest

from parts.hello import ACCESS_DENIED, TlsClient, alert_of, hello_for
from parts.ports import free_port
from parts.waiting import listens, wait_for
from parts.wire import Wire, connect


@pytest.fixture
def demanding(certificates):
    """A server that wants a key share which no client sends first."""
    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificates / "certificate.pem", "-key", certificates / "key.pem",
         "-groups", "P-384", "-tls1_3", "-www", "-quiet"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: listens(port), "the server that asks twice")
    yield port
    server.kill()
    server.wait()


def asked_again(school, port: int, client: TlsClient) -> Wire:
    """A tunnel in which the server's first answer has come; `client` has read it."""
    wire = Wire(school.proxy)
    assert wire.ask(connect(f"allowed.example:{port}")).status == 200
    wire.send(client.hello())
    header = wire.read(5)
    client.incoming.write(header + wire.read(int.from_bytes(header[3:5])))
    return wire


def test_is_relayed_where_it_names_the_same(new_school, demanding):
    school = new_school(web_ports=[demanding]).start()
    client = TlsClient("allowed.example")
    with asked_again(school, demanding, client) as wire:
        answer = client.get(wire.socket, "allowed.example")
    assert answer.startswith(b"HTTP/1.0 200"), answer[:200]
    assert school.attempts() == []


def test_that_names_another_reaches_nobody(new_school, demanding):
    school = new_school(web_ports=[demanding]).start()
    with asked_again(school, demanding, TlsClient("allowed.example")) as wire:
        wire.send(b"\x14\x03\x03\x00\x01\x01" + hello_for("blocked.example"))
        said = wire.read_to_end()
    said = said.removeprefix(b"\x14\x03\x03\x00\x01\x01")  # the server's own, behind its first answer
    assert alert_of(said) == ACCESS_DENIED, said[:100]
    (record,) = school.attempts()
    assert record["reason"]["rule"] == "another-server-name", record
