"""SafeSearch without decryption: the tunnel is opened to the engine's safe endpoint, the client's hello stays as sent."""

import pytest

from parts.hello import hello_for
from parts.origins import Server
from parts.ports import free_port
from parts.school import SEARCHER, School
from parts.wire import Wire, connect, get

PORT = free_port()

# The engine's name, where the tunnel of a group with safe_search must end, and an address of this test for each.
ENGINES = [
    ("www.google.com", "forcesafesearch.google.com"),
    ("www.google.co.uk", "forcesafesearch.google.com"),
    ("www.youtube.com", "restrict.youtube.com"),
    ("m.youtube.com", "restrict.youtube.com"),
    ("youtubei.googleapis.com", "restrict.youtube.com"),
    ("www.bing.com", "strict.bing.com"),
    ("duckduckgo.com", "safe.duckduckgo.com"),
]
NAMES = sorted({name for pair in ENGINES for name in pair})
ADDRESSES = {name: f"127.0.9.{number}" for number, name in enumerate(NAMES, 1)}


class Named(Server):
    """Says its own name, then everything it is sent."""

    def __init__(self, name: str):
        self.name = name
        super().__init__(ADDRESSES[name], PORT)

    def serve(self, connection):
        data = connection.recv(65536)
        if data.startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.name) + self.name.encode())
        else:
            connection.sendall(self.name.encode().ljust(40) + data)


@pytest.fixture(scope="module")
def search(tmp_path_factory, names):
    servers = [Named(name) for name in NAMES]
    school = School(tmp_path_factory.mktemp("search"), web_ports=[PORT], dns_port=names.port)
    school.files["hosts"] = "".join(f"{address} {name}\n" for name, address in ADDRESSES.items())
    school.start()
    yield school
    school.stop()
    for server in servers:
        server.stop()


def reached(search, name: str, source: str) -> str:
    hello = hello_for(name)
    with Wire(search.proxy, source=source) as wire:
        assert wire.ask(connect(f"{name}:{PORT}")).status == 200
        answer = wire.send(hello).read(40 + len(hello))
    assert answer[40:] == hello, "the client's hello was changed"
    return answer[:40].decode().strip()


@pytest.mark.parametrize("name, safe", ENGINES)
def test_a_group_with_safe_search_reaches_the_safe_endpoint(search, name, safe):
    assert reached(search, name, SEARCHER) == safe


@pytest.mark.parametrize("name, safe", ENGINES)
def test_a_group_without_it_reaches_the_engine_itself(search, name, safe):
    assert reached(search, name, "127.0.0.1") == name


def test_plain_http_goes_to_the_safe_endpoint_too(search):
    with Wire(search.proxy, source=SEARCHER) as wire:
        assert wire.ask(get(f"http://www.google.com:{PORT}/search?q=x")).body == b"forcesafesearch.google.com"
