"""Looking inside on the transparent path: a pupil's machine that knows of no proxy, only the school's authority."""

import subprocess

import pytest

from parts import machines
from parts.inspected import authority_of, make_authority
from parts.machines import ALLOWED4, ALLOWED6, BLOCKED4, BLOCKED6, HOSTILE4, HOSTILE6, SERVERS
from parts.origins import Nginx, make_certificates
from parts.school import School
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24", "fd20:2::/64"] }
    categories: { gambling: block, games: warn }
fallback: pupils
"""

RULES = """
block:
  - { site: blocked.example, category: gambling }
  - { url: "forum.example/casino/", category: gambling }
"""

# The forum and the untouched site live at one address, as behind any large front.
HOSTS = f"""
{ALLOWED4} allowed.example shared.example forum.example expired.example
{ALLOWED6} allowed.example shared.example forum.example expired.example
{BLOCKED4} blocked.example
{BLOCKED6} blocked.example
"""


@pytest.fixture(scope="module")
def web_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, "shared.example forum.example blocked.example", apart="allowed.example")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, web_files):
    machines.build()
    nginx = Nginx(tmp_path_factory.mktemp("server"), web_files, namespace="server", http2=True, apart="allowed.example",
                  addresses=[f"[{address}]" if ":" in address else address for address in SERVERS])
    yield nginx
    nginx.stop()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, server):
    school = School(tmp_path_factory.mktemp("gateway"))
    school.files["schoolgate.yaml"] = f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {school.state}
listen:
  proxy: ["0.0.0.0:8080"]
  http: ["0.0.0.0:8081", "[::]:8081"]
  tls: ["0.0.0.0:8443", "[::]:8443"]
upstream:
  allow_private: ["198.51.100.0/24", "2001:db8:51::/64"]
  hosts: hosts
  trust: [{server.authority}]
inspection: {{ mode: selective }}
decisions: {school.decisions_file}
"""
    school.files["policy.yaml"], school.files["rules/school.yaml"], school.files["hosts"] = POLICY, RULES, HOSTS
    school.write()
    make_authority(school)

    def listening() -> bool:
        sockets = subprocess.run(["ip", "netns", "exec", "gate", "ss", "-Hltn"], capture_output=True, text=True).stdout
        return all(f":{port} " in sockets for port in (8080, 8081, 8443))

    school.start(namespace="gate", ready=listening)
    yield school
    school.stop()


@pytest.fixture(scope="module", params=["REDIRECT", "TPROXY"])
def diverted(request, gateway):
    """The gateway with the firewall loaded, one way and the other."""
    machines.load_rules(gateway.command("firewall", "--mode", request.param.lower()).stdout)
    if request.param == "TPROXY":  # the two routes that the printed ruleset asks for
        machines.sh("""
            ip -n gate rule add fwmark 1 lookup 100; ip -n gate route add local default dev lo table 100
            ip -n gate -6 rule add fwmark 1 lookup 100; ip -n gate -6 route add local default dev lo table 100
        """)
    yield gateway
    machines.flush_rules()


def curl(url: str, address: str, authority, *arguments: str, http: str = "2"):
    """(curl's exit status, HTTP status, protocol, body), trusting this authority alone; `address` is what DNS told the pupil."""
    host = url.split("/")[2]
    target = f"[{address}]" if ":" in address else address
    done = machines.run_in("pupil", "curl", "-sS", "--cacert", str(authority), f"--http{http}", "--max-time", "20", "--resolve", f"{host}:443:{target}",
                           "-w", "\n%{http_code} %{http_version}", *arguments, url)
    body, _, facts = done.stdout.rpartition("\n")
    status, version = facts.split() if facts else ("0", "0")
    return done.returncode, int(status), version, body


both = pytest.mark.parametrize("address", [ALLOWED4, ALLOWED6], ids=["IPv4", "IPv6"])


@pytest.mark.parametrize("http", ["1.1", "2"])
@both
def test_one_address_of_a_host_is_blocked_and_the_rest_works(diverted, server, address, http):
    ours = authority_of(diverted)
    code, status, _, body = curl("https://forum.example/casino/roulette", address, ours, http=http)
    assert (code, status) == (0, 403) and "Childline" in body
    code, status, _, body = curl("https://forum.example/maths", address, ours, http=http)
    assert (code, status) == (0, 200) and "https GET forum.example /maths" in body
    assert not any("/casino" in line for line in server.requests())
    record = diverted.attempts()[-1]
    assert record["url"].startswith("https://forum.example/casino/roulette") and record["device"] in (machines.PUPIL4, machines.PUPIL6)


@both
def test_a_host_without_a_rule_arrives_untouched(diverted, server, address):
    code, status, _, body = curl("https://allowed.example/lesson", address, server.authority)
    assert (code, status) == (0, 200) and "https GET allowed.example /lesson" in body
    assert curl("https://allowed.example/lesson", address, authority_of(diverted))[0] == 60


@both
def test_a_host_that_shares_its_certificate_with_a_blocked_one_is_opened_for_http2(diverted, server, address):
    """TLS-27: a browser may ask for blocked.example on this connection; HTTP/1.1 has one host a connection."""
    code, status, version, body = curl("https://shared.example/lesson", address, authority_of(diverted), http="2")
    assert (code, status, version) == (0, 200, "2") and "https GET shared.example /lesson" in body
    code, status, _, body = curl("https://shared.example/", address, authority_of(diverted), "-H", "Host: blocked.example", http="2")
    assert (code, status) == (0, 421), body
    code, status, _, _ = curl("https://shared.example/lesson", address, server.authority, http="1.1")
    assert (code, status) == (0, 200)


@pytest.mark.parametrize("address", [BLOCKED4, BLOCKED6], ids=["IPv4", "IPv6"])
def test_a_blocked_name_gets_the_page(diverted, server, address):
    before = len(server.requests())
    code, status, _, body = curl("https://blocked.example/odds", address, authority_of(diverted))
    assert (code, status) == (0, 403) and "Childline" in body
    record = diverted.attempts()[-1]
    assert record["url"].startswith("https://blocked.example/odds") and record["stage"] == "request"
    assert len(server.requests()) == before


def test_a_blocked_name_is_recorded_where_the_authority_is_not_trusted(diverted, server):
    before = len(diverted.attempts())
    assert curl("https://blocked.example/odds", BLOCKED4, server.authority)[0] == 60
    records = wait_for(lambda: diverted.attempts()[before:], "the record")
    assert [record["site"] for record in records] == ["blocked.example"] and records[0]["stage"] == "client_hello"


@pytest.mark.parametrize("address", [HOSTILE4, HOSTILE6, BLOCKED4], ids=["IPv4", "IPv6", "a blocked site's"])
def test_a_forged_name_opens_no_other_server(diverted, server, address):
    """The pupil says "forum.example" to another machine: the name that was judged is the name that is reached."""
    before = len(server.requests())
    code, status, _, _ = curl("https://forum.example/forged", address, authority_of(diverted))
    reached = server.requests()[before:]
    assert [line for line in reached if line.startswith(f"{address} ")] == []
    assert (code, status) == (0, 200) and all(line.split()[0] in (ALLOWED4, ALLOWED6) for line in reached)


def test_a_certificate_that_is_not_for_the_name_is_refused(diverted, server):
    """The front has no certificate for this name: opened because of a rule, it ends in a page and not in its content."""
    diverted.edit("rules/school.yaml", "block:\n", 'block:\n  - { url: "expired.example/x/", category: gambling }\n')
    diverted.command("reload")
    before = len(server.requests())
    code, status, _, body = curl("https://expired.example/y", ALLOWED4, authority_of(diverted))
    assert (code, status) == (0, 502) and "for another name" in body
    assert len(server.requests()) == before
    diverted.edit("rules/school.yaml", '  - { url: "expired.example/x/", category: gambling }\n', "")
    diverted.command("reload")


@both
def test_another_host_inside_is_421(diverted, server, address):
    before = len(server.requests())
    _, status, _, _ = curl("https://forum.example/", address, authority_of(diverted), "-H", "Host: blocked.example")
    assert status == 421 and len(server.requests()) == before


@both
def test_a_long_download_comes_through(diverted, server, address, tmp_path):
    code, status, _, _ = curl("https://forum.example/film", address, authority_of(diverted), "-o", str(tmp_path / "film"))
    assert (code, status) == (0, 200)
    assert (tmp_path / "film").read_bytes() == server.film()


def h2load(*arguments: str) -> str:
    done = machines.run_in("pupil", "h2load", "--connect-to", f"{ALLOWED4}:443", *arguments, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
def test_a_class_of_clients_at_once(diverted, protocol):
    """Thirty clients with ten requests under way each (h2load): every one is answered, and well."""
    said = h2load("-n", "6000", "-c", "30", "-m", "10" if protocol == "h2" else "1", f"--npn-list={protocol}", "https://forum.example/maths")
    assert f"Application protocol: {protocol}" in said, said
    assert "6000 done, 6000 succeeded, 0 failed, 0 errored, 0 timeout" in said and "status codes: 6000 2xx" in said, said


def test_a_class_at_a_blocked_address(diverted):
    """Every attempt is recorded before its page goes out."""
    before = len(diverted.attempts())
    said = h2load("-n", "300", "-c", "10", "-m", "5", "https://forum.example/casino/")
    assert "300 done, 0 succeeded, 300 failed, 0 errored" in said and "300 4xx" in said, said
    assert len(diverted.attempts()) == before + 300


def test_nghttp_gets_a_page_and_its_block_page(diverted):
    urls = [f"https://{ALLOWED4}{path}" for path in ("/maths", "/casino/x")]
    done = machines.run_in("pupil", "nghttp", "-nvy", "-H:authority: forum.example", *urls)
    assert ":status: 200" in done.stdout and ":status: 403" in done.stdout and "GOAWAY" in done.stdout, done.stdout + done.stderr
