"""Fixtures of the end-to-end tests: the parts of a school, started for a test and stopped after it."""

import pathlib

import pytest

from parts.origins import NameServer, Nginx, ScriptedOrigin, make_certificates
from parts.receivers import MailServer, WebhookReceiver
from parts.inspected import inspecting_school
from parts.school import NAMES, School
from parts.tls_origins import Authority, TlsOrigin


def pytest_sessionstart():
    """Whatever the gateway gets wrong, nothing that these tests ask for may leave the machine."""
    routes = pathlib.Path("/proc/net/route").read_text().splitlines()[1:]
    if any(not route.startswith("lo") for route in routes):
        pytest.exit("run these under tests/e2e/on_its_own_machine (as ctest does): this machine has a network", returncode=2)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, NAMES)
    return folder


@pytest.fixture(scope="session")
def web(tmp_path_factory, certificates):
    """nginx: every name of the tests, plain and TLS."""
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), certificates)
    yield nginx
    nginx.stop()


@pytest.fixture(scope="session")
def origin():
    """A web server whose answers the test writes byte for byte."""
    server = ScriptedOrigin()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def web_authority(tmp_path_factory):
    """Who vouches for the web sites that are looked into: (authority, its file)."""
    authority = Authority()
    return authority, authority.write(tmp_path_factory.mktemp("web") / "authority.pem")


@pytest.fixture(scope="session")
def site(web_authority):
    """A web server over TLS with every name of the tests, HTTP/2 and HTTP/1.1, whose answers a test writes."""
    server = TlsOrigin(web_authority[0].issue(*NAMES.split(), "*.google.com", "*.youtube.com", "login.microsoftonline.com").context())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def inspecting(tmp_path_factory, web_authority, site, names):
    """One running gateway that looks inside, mode selective, for a whole file of tests."""
    school = inspecting_school(tmp_path_factory.mktemp("inspecting"), trust=web_authority[1], ports=[site.port], dns_port=names.port).start()
    yield school
    school.stop()


@pytest.fixture
def new_inspecting(tmp_path, web_authority, site, names):
    """Makes schools that look inside and are not started yet."""
    made = []

    def make(**options) -> School:
        folder = tmp_path / f"inspecting{len(made)}"
        folder.mkdir()
        made.append(inspecting_school(folder, trust=web_authority[1], ports=[site.port, *options.pop("ports", [])], dns_port=names.port, **options))
        return made[-1]

    yield make
    for school in made:
        school.stop()


@pytest.fixture(scope="session")
def names():
    server = NameServer()
    yield server
    server.stop()


@pytest.fixture
def mail():
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def webhook():
    receiver = WebhookReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def school(tmp_path_factory, web, names):
    """One running gateway for a whole file of tests; it must also stop well."""
    school = School(tmp_path_factory.mktemp("school"), web_ports=[web.tls], dns_port=names.port).start()
    yield school
    school.stop()


@pytest.fixture
def new_school(tmp_path, web, names):
    """Makes schools that are not started yet, for tests that want their own configuration."""
    made = []

    def make(**options) -> School:
        folder = tmp_path / f"school{len(made)}"
        folder.mkdir()
        options.setdefault("web_ports", [web.tls])
        options.setdefault("dns_port", names.port)
        made.append(School(folder, **options))
        return made[-1]

    yield make
    for school in made:
        school.stop()
