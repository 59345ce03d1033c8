"""Web sites that forget to send the certificate in between: it is fetched from where their own certificate says, as browsers do.

The address is a stranger's word. Whatever answers there, the site is either verified in full or refused, soon, and no address
is asked that no pupil could ask, nor one that only this school allows its pupils (upstream.allow_private: here all of loopback).
The servers of issuers therefore stand on a machine of their own, at an address that the gateway takes for one of the internet.
"""

import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import AuthorityInformationAccessOID

from parts import machines
from parts.inspected import curl, inspecting_school
from parts.origins import Server, read_head
from parts.tls_origins import Authority, TlsOrigin

# Reachable from everywhere by IANA's registry (anycast of PCP, RFC 7723), and no web server's.
ISSUERS = "192.0.0.9"
MISSING = "in between are missing"
LOUD = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"


class IssuerServer(Server):
    """What authorities publish at http addresses, and what others do: path -> function(connection)."""

    def __init__(self, address: str = ISSUERS, port: int = 80):
        self.asked: list[str] = []
        self.deeds = {}
        super().__init__(address, port)

    def serve(self, connection):
        head, _ = read_head(connection, b"")
        path = head.split(b" ")[1].decode()
        self.asked.append(path)
        self.deeds[path](connection)


def der(authority: Authority) -> bytes:
    return authority.certificate.public_bytes(serialization.Encoding.DER)


def told(body: bytes):
    return lambda connection: connection.sendall(LOUD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def redirects(where: str):
    return lambda connection: connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())


def endless(connection) -> None:
    connection.sendall(LOUD + b"\r\n")
    while True:
        connection.sendall(b"0" * 65536)


def endless_head(connection) -> None:
    connection.sendall(LOUD)
    while True:
        connection.sendall(b"X-More: " + b"0" * 8000 + b"\r\n")


def drips(connection) -> None:
    connection.sendall(LOUD + b"Content-Length: 600\r\n\r\n")
    for _ in range(60):
        connection.sendall(b"0")
        time.sleep(1)


def silent(connection) -> None:
    time.sleep(60)


@pytest.fixture(scope="module")
def issuers():
    """The server on a machine of its own."""
    machines.sh(f"""
        ip netns add issuers
        ip -n issuers link set lo up
        ip link add wan type veth peer name wan netns issuers
        ip addr add 198.51.100.1/24 dev wan
        ip -n issuers addr add 198.51.100.2/24 dev wan
        ip -n issuers addr add {ISSUERS}/32 dev lo
        ip link set wan up
        ip -n issuers link set wan up
        ip route add {ISSUERS} via 198.51.100.2
    """)
    with machines.inside("issuers"):
        server = IssuerServer()
    yield server
    server.stop()
    machines.sh("ip netns delete issuers")


@pytest.fixture(scope="module")
def elsewhere(issuers):
    """Servers that would help, where the gateway must not go for a stranger: at home, where its pupils may, and on another port."""
    with machines.inside("issuers"):
        servers = [IssuerServer(port=8080)]
    servers.append(IssuerServer("127.0.0.1"))
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory, web_authority, names, issuers, elsewhere):
    """(school, web site, server of issuers): a name under .chain.test for each way to answer."""
    root, between = web_authority[0], web_authority[0].issue_authority("In between")
    at = "http://issuers.chain.test"
    for server in elsewhere:
        server.deeds = {"/good": told(der(between))}
    chunked = b"".join(b"%x\r\n%b\r\n" % (1, der(between)[i : i + 1]) for i in range(len(der(between)))) + b"0\r\n\r\n"
    issuers.deeds = {
        "/good": told(der(between)),
        "/counted": told(der(between)),
        "/counted-html": told(b"<html>Not here</html>"),
        "/pem": told(between.certificate.public_bytes(serialization.Encoding.PEM)),
        "/chunked": lambda connection: connection.sendall(LOUD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked),
        "/until-close": lambda connection: connection.sendall(LOUD + b"\r\n" + der(between)),
        "/moved": redirects(f"{at}/good"),
        "/moved-once-more": redirects(f"{at}/moved-once-more"),
        "/moved-to-https": redirects("https://issuers.chain.test/good"),
        "/moved-inside": redirects("http://inside.example/good"),
        "/moved-to-metadata": redirects("http://169.254.169.254/good"),
        "/moved-to-blocked": redirects("http://issuers.blocked.example/good"),
        "/moved-to-loopback": redirects("http://127.0.0.1/good"),
        "/moved-to-another-port": redirects(f"{at}:8080/good"),
        "/html": told(b"<html>Not here</html>"),
        "/other": told(der(root.issue_authority("Another"))),
        "/impostor": told(der(Authority("Somebody").issue_authority("In between"))),
        "/itself": told(der(Authority("Test authority of the web"))),
        "/huge": told(b"0" * 200_000),
        "/said-huge": lambda connection: connection.sendall(LOUD + b"Content-Length: 99999999999\r\n\r\n"),
        "/not-found": lambda connection: connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        "/garbage": lambda connection: connection.sendall(b"\x00\x01\x02" * 100),
        "/cut": lambda connection: connection.sendall(LOUD + b"Content-Length: 900\r\n\r\n" + der(between)[:50]),
        "/closed": lambda connection: None,
        "/endless": endless,
        "/endless-head": endless_head,
        "/drips": drips,
        "/silent": silent,
    }
    addresses = {path.strip("/"): at + path for path in issuers.deeds} | {
        "blocked": "http://issuers.blocked.example/good",
        "loopback": "http://127.0.0.1/good",
        "loopback-by-name": "http://printer.chain.test/good",
        "another-port": f"{at}:8080/good",
        "private": "http://inside.example/good",
        "metadata": "http://metadata.example/good",
        "no-such-name": "http://nowhere.example/good",
        "file": "file:///etc/ssl/certs/ca-certificates.crt",
    }

    def context(name: str, address: str):
        access = x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(address))])
        return between.issue(f"{name}.chain.test", extra=[(access, False)], send_chain=False).context()

    contexts = {f"{name}.chain.test": context(name, address) for name, address in addresses.items()}
    site = TlsOrigin(between.issue("chain.test").context(), contexts)
    school = inspecting_school(tmp_path_factory.mktemp("school"), trust=web_authority[1], ports=[site.port], dns_port=names.port, mode="always")
    at_gateway = f"http://127.0.0.1:{school.proxy}/good"
    contexts["gateway.chain.test"] = context("gateway", at_gateway)
    school.files["hosts"] += f"{ISSUERS} issuers.chain.test issuers.blocked.example\n127.0.0.1 printer.chain.test {' '.join(contexts)}\n"
    school.start()
    yield school, site, issuers
    school.stop()
    site.stop()


@pytest.mark.parametrize("name", ["good", "pem", "chunked", "until-close", "moved"])
def test_the_certificate_in_between_is_fetched_and_remembered(world, name):
    school, site, issuers = world
    for _ in range(3):
        got = curl(school, f"https://{name}.chain.test:{site.port}/")
        assert (got.status, got.code) == (200, 0), (got.body, got.said)
    assert issuers.asked.count(f"/{name}") == 1


NEVER_ASKED = ["blocked", "private", "metadata", "loopback", "loopback-by-name", "another-port", "no-such-name", "file", "gateway"]
HOSTILE = [*NEVER_ASKED, "moved-once-more", "moved-to-https", "moved-inside", "moved-to-metadata", "moved-to-blocked", "moved-to-loopback", "moved-to-another-port", "html", "other", "itself", "huge", "said-huge", "not-found",
           "garbage", "cut", "closed", "endless", "endless-head"]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_help_leaves_the_site_refused_soon(world, elsewhere, name):
    school, site, issuers = world
    before = len(issuers.asked)
    for server in elsewhere:
        server.asked.clear()
    begun = time.monotonic()
    got = curl(school, f"https://{name}.chain.test:{site.port}/")
    assert got.status == 502 and MISSING in got.body, (got.status, got.body, got.said)
    assert time.monotonic() - begun < 10
    reached = issuers.asked[before:]
    assert [server.asked for server in elsewhere] == [[], []]
    if name in NEVER_ASKED:
        assert reached == []
    if name.startswith("moved-to") or name == "moved-inside":
        assert reached == [f"/{name}"]
    if name == "moved-once-more":
        assert len(reached) == 3


def test_what_comes_of_looking_is_counted(world):
    school, site, _ = world
    results = ("fetched", "failed", "refused")
    before = [school.metric("missing_issuers_total", result=result) for result in results]
    for name in ("counted", "counted", "counted-html", "counted-html"):
        curl(school, f"https://{name}.chain.test:{site.port}/")
    after = [school.metric("missing_issuers_total", result=result) for result in results]
    assert [now - then for now, then in zip(after, before)] == [1, 1, 0]


def test_an_impostor_of_the_same_name_vouches_for_nothing(world):
    school, site, _ = world
    assert curl(school, f"https://impostor.chain.test:{site.port}/").status == 502


def test_slow_servers_keep_no_other_waiting(world):
    """While handshakes wait for issuers that never come, the same workers serve others at once."""
    school, site, _ = world
    answers = []
    waiting = [threading.Thread(target=lambda name=name: answers.append(curl(school, f"https://{name}.chain.test:{site.port}/").status)) for name in ["silent", "drips"] * 5]
    for thread in waiting:
        thread.start()
    time.sleep(0.5)
    begun = time.monotonic()
    assert curl(school, f"https://good.chain.test:{site.port}/").status == 200
    assert time.monotonic() - begun < 3
    for thread in waiting:
        thread.join()
    assert answers == [502] * 10
