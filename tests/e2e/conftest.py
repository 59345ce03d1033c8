"""Fixtures of the end-to-end tests: the parts of a school, started for a test and stopped after it."""

import pathlib

import pytest

from parts.origins import NameServer, Nginx, ScriptedOrigin, make_certificates
from parts.receivers import MailServer, WebhookReceiver
from parts.school import NAMES, School


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
