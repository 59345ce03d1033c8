"""`schoolgate resolver`: what it prints, loaded by the real unbound and dnsmasq and asked by dig.

How it can be wrong                                             here
--------------------------------------------------------------  ---------------------------------------------------
the server refuses the text                                     every test: unbound-checkconf, dnsmasq --test
a search engine leads past its safe endpoint by IPv6            search_engines (AAAA of the engine's own are offered)
a redirect takes the endpoint to itself (bing.com)              search_engines, a_name_beside_an_endpoint
a group is answered as another one                              groups_are_told_apart
an HTTPS record arrives, with HTTP/3 or ECH                     no_https_record
a relay's name resolves                                         relays_and_canary
an ordinary name stops to resolve                               ordinary_names
a name of a list, sealed ones first, is printed                 no_name_of_a_list
the endpoints cannot be looked up                               without_name_servers
"""

import pathlib
import shutil
import subprocess

import pytest

from parts.ports import free_port
from parts.school import BINARY, School
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/24"] }
    categories: { gambling: block, bypass: block }
    safe_search: true
  year6:
    title: Year 6
    members: { networks: ["127.0.6.0/24"] }
    categories: { bypass: block }
    safe_search: true
    youtube: moderate
  staff:
    title: Staff
    members: { networks: ["127.0.1.0/24"] }
fallback: pupils
"""

PUPIL, YEAR6, STAFF = "127.0.0.1", "127.0.6.1", "127.0.1.1"
H3 = "00010000010003026833"  # 1 . alpn="h3"
ENDPOINTS = {
    "forcesafesearch.google.com": "192.0.2.10", "restrict.youtube.com": "192.0.2.11", "restrictmoderate.youtube.com": "192.0.2.12",
    "strict.bing.com": "192.0.2.13", "safe.duckduckgo.com": "192.0.2.14", "forcesafe.search.brave.com": "192.0.2.15",
    "strict-safe-search.ecosia.org": "192.0.2.16", "safeapi.qwant.com": "192.0.2.17", "safesearch.pixabay.com": "192.0.2.18",
}  # fmt: skip
ENGINES = {"www.google.com": "192.0.2.100", "www.youtube.com": "192.0.2.101", "www.bing.com": "192.0.2.102", "bing.com": "192.0.2.103"}
OTHERS = {"lesson.example": "192.0.2.200", "mask.icloud.com": "192.0.2.201", "use-application-dns.net": "192.0.2.202", "th.bing.com": "192.0.2.203"}


class NameServer:
    """A daemon that answers at 127.0.0.1, on a port of its own."""

    def __init__(self, command: list[str], port: int, log: pathlib.Path):
        self.port = port
        self.log = log
        self.process = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        wait_for(lambda: self.ask("lesson.example") == ["192.0.2.200"], f"an answer of {command[0]}; it says {log}")

    def ask(self, name: str, kind: str = "A", source: str = PUPIL) -> list[str]:
        """The data of the answer, the last of a chain only; ["NXDOMAIN"] where the name is denied."""
        asked = subprocess.run(
            ["dig", "-b", source, "@127.0.0.1", "-p", str(self.port), "+time=2", "+tries=1", "+noall", "+answer", "+comments", name, kind],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        if "status: NXDOMAIN" in asked:
            return ["NXDOMAIN"]
        rows = [line.split() for line in asked.splitlines() if line and not line.startswith(";")]
        return [row[4] for row in rows if row[3] == kind or (kind.startswith("TYPE") and row[3] in ("HTTPS", "SVCB", kind))]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def internet(tmp_path_factory):
    """Every name as it is out there, with IPv6 and HTTPS records."""
    folder = tmp_path_factory.mktemp("internet")
    port = free_port()
    lines = ["no-resolv", "no-hosts", "listen-address=127.0.0.1", "bind-interfaces", f"port={port}"]
    for name, address in {**ENDPOINTS, **ENGINES, **OTHERS}.items():
        lines += [f"host-record={name},{address},2001:db8::{address.rsplit('.')[-1]}", f"dns-rr={name},65,{H3}"]
    (folder / "conf").write_text("\n".join(lines) + "\n")
    server = NameServer(["dnsmasq", "-k", "-C", str(folder / "conf"), "--pid-file"], port, folder / "log")
    assert server.ask("lesson.example", "TYPE65"), "else nothing is filtered below"
    yield server
    server.stop()


@pytest.fixture(scope="module")
def school(tmp_path_factory, internet):
    school = School(tmp_path_factory.mktemp("school"), dns_port=internet.port)
    school.files |= {"policy.yaml": POLICY, "rules/school.yaml": "block: []\n"}
    school.write()
    return school


def printed(school, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, "resolver", "--config", school.config, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def unbound(tmp_path_factory, school, internet):
    folder = tmp_path_factory.mktemp("unbound")
    made = printed(school, "--for", "unbound")
    assert made.returncode == 0, made.stderr
    module = printed(school, "--for", "unbound", "--module")
    assert module.returncode == 0, module.stderr
    (folder / "schoolgate_https.py").write_text(module.stdout)
    shutil.copy("/usr/lib/python3/dist-packages/unboundmodule.py", folder)
    (folder / "schoolgate.conf").write_text(made.stdout.replace("/etc/unbound/", f"{folder}/"))
    port = free_port()
    (folder / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/pid"
  use-syslog: no
  do-daemonize: no
include: "{folder}/schoolgate.conf"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{internet.port}
""")
    checked = subprocess.run(["unbound-checkconf", folder / "unbound.conf"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    server = NameServer(["unbound", "-d", "-c", str(folder / "unbound.conf")], port, folder / "log")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def dnsmasq(tmp_path_factory, school, internet):
    folder = tmp_path_factory.mktemp("dnsmasq")
    made = printed(school, "--for", "dnsmasq")
    assert made.returncode == 0, made.stderr
    port = free_port()
    (folder / "conf").write_text(made.stdout + f"\nno-resolv\nno-hosts\nlisten-address=127.0.0.1\nbind-interfaces\nport={port}\nserver=127.0.0.1#{internet.port}\n")
    assert subprocess.run(["dnsmasq", "--test", "-C", folder / "conf"], capture_output=True, check=False).returncode == 0
    server = NameServer(["dnsmasq", "-k", "-C", str(folder / "conf"), "--pid-file"], port, folder / "log")
    yield server
    server.stop()


@pytest.fixture(params=["unbound", "dnsmasq"])
def server(request):
    return request.getfixturevalue(request.param)


def test_search_engines_lead_to_their_safe_endpoints_and_nowhere_else(server):
    for name, endpoint in [("www.google.com", "forcesafesearch.google.com"), ("www.youtube.com", "restrict.youtube.com"),
                           ("www.bing.com", "strict.bing.com"), ("bing.com", "strict.bing.com")]:  # fmt: skip
        assert server.ask(name) == [ENDPOINTS[endpoint]], name
        assert server.ask(name, "AAAA") in ([], [f"2001:db8::{ENDPOINTS[endpoint].rsplit('.')[-1]}"]), name


def test_a_name_beside_an_endpoint_stays_what_it_is(server):
    assert server.ask("th.bing.com") == [OTHERS["th.bing.com"]]
    assert server.ask("strict.bing.com") == [ENDPOINTS["strict.bing.com"]]


def test_no_https_record_arrives(server):
    for name in ("lesson.example", "www.google.com", "bing.com"):
        assert server.ask(name, "TYPE65") == [] and server.ask(name, "TYPE64") == [], name


def test_relays_and_the_canary_are_denied(server):
    for name in ("mask.icloud.com", "use-application-dns.net"):
        for kind in ("A", "AAAA"):
            assert server.ask(name, kind) == ["NXDOMAIN"], name


def test_ordinary_names_are_answered(server):
    assert server.ask("lesson.example") == ["192.0.2.200"]
    assert server.ask("lesson.example", "AAAA") == ["2001:db8::200"]
    assert server.ask("none.example") in (["NXDOMAIN"], [])


def test_groups_are_told_apart_by_their_networks(unbound):
    assert unbound.ask("www.youtube.com", source=YEAR6) == [ENDPOINTS["restrictmoderate.youtube.com"]]
    assert unbound.ask("www.google.com", source=YEAR6) == [ENDPOINTS["forcesafesearch.google.com"]]
    assert unbound.ask("mask.icloud.com", source=YEAR6) == ["NXDOMAIN"]
    assert unbound.ask("www.google.com", source=STAFF) == [ENGINES["www.google.com"]]
    assert unbound.ask("mask.icloud.com", source=STAFF) == [OTHERS["mask.icloud.com"]]
    assert unbound.ask("use-application-dns.net", source=STAFF) == ["NXDOMAIN"], "the school's network is filtered for all"


def test_no_name_of_a_list_is_printed(school):
    for server in ("unbound", "dnsmasq"):
        text = printed(school, "--for", server).stdout
        listed = [line for path in school.config.glob("lists/*.txt") for line in path.read_text().split()]
        assert listed and not [name for name in listed if "." in name and name in text]


def test_without_name_servers_the_engines_are_closed_and_it_is_said(school, internet):
    path = school.config / "schoolgate.yaml"
    before = path.read_text()
    path.write_text(before.replace(f":{internet.port}", ":1"))
    try:
        made = printed(school, "--for", "dnsmasq")
    finally:
        path.write_text(before)
    assert made.returncode == 1
    assert "strict.bing.com was not found" in made.stderr
    assert "address=/www.bing.com/" in made.stdout


@pytest.mark.parametrize("words", [["--for", "bind"], [], ["--for", "dnsmasq", "--module"]])
def test_wrong_usage_is_said(school, words):
    assert printed(school, *words).returncode == 2
