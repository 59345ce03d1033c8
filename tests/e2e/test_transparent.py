"""The transparent path: a pupil's machine that knows of no proxy, the printed firewall, a server's machine."""

import subprocess

import pytest

from parts import machines
from parts.machines import ALLOWED4, ALLOWED6, BLOCKED4, BLOCKED6, HOSTILE4, HOSTILE6, SERVERS, curl
from parts.origins import Nginx
from parts.school import School
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24", "fd20:2::/64"] }
    categories: { gambling: block }
fallback: pupils
"""

RULES = """
block:
  - { site: blocked.example, category: gambling }
"""

HOSTS = f"""
{ALLOWED4} allowed.example
{BLOCKED4} blocked.example
{ALLOWED6} allowed.example
{BLOCKED6} blocked.example
"""

@pytest.fixture(scope="module")
def network():
    machines.build()


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates, network):
    nginx = Nginx(tmp_path_factory.mktemp("server"), certificates,
                  addresses=[f"[{address}]" if ":" in address else address for address in SERVERS], namespace="server")
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
inspection: {{ mode: "off" }}
decisions: {school.decisions_file}
"""
    school.files["policy.yaml"] = POLICY
    school.files["rules/school.yaml"] = RULES
    school.files["hosts"] = HOSTS

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


@pytest.mark.parametrize("address", [ALLOWED4, ALLOWED6], ids=["IPv4", "IPv6"])
def test_an_allowed_page(diverted, address):
    code, status, body = curl("http://allowed.example/page", address)
    assert (code, status) == (0, 200) and "http GET allowed.example /page" in body
    code, status, body = curl("https://allowed.example/page", address)
    assert (code, status) == (0, 200) and "https GET allowed.example /page" in body


@pytest.mark.parametrize("address", [BLOCKED4, BLOCKED6], ids=["IPv4", "IPv6"])
def test_a_blocked_page(diverted, address):
    code, status, body = curl("http://blocked.example/page", address)
    assert (code, status) == (0, 403) and "Childline" in body
    code, status, body = curl("https://blocked.example/page", address)
    assert code != 0 and status == 0 and body == ""
    record = diverted.attempts()[-1]
    assert record["site"] == "blocked.example" and record["stage"] == "client_hello" and record["group"] == "pupils"
    assert record["device"] in (machines.PUPIL4, machines.PUPIL6)


@pytest.mark.parametrize("address", [HOSTILE4, HOSTILE6, BLOCKED4], ids=["IPv4", "IPv6", "a blocked site's"])
def test_a_forged_name_opens_no_other_server(diverted, server, address):
    """The pupil says "allowed.example" to another machine: the name that was judged is the name that is reached."""
    before = len(server.requests())
    answers = [curl(url, address) for url in ("http://allowed.example/forged", "https://allowed.example/forged")]
    reached = server.requests()[before:]
    assert [line for line in reached if line.startswith(f"{address} ")] == []
    # What came through, if anything, came from the site whose name was judged.
    assert len(reached) == sum(status == 200 for _, status, _ in answers)
    assert all(line.split()[0] in (ALLOWED4, ALLOWED6) for line in reached)


def test_no_name_means_no_way_through(diverted):
    for address in (ALLOWED4, HOSTILE4):
        done = machines.run_in("pupil", "openssl", "s_client", "-noservername", "-connect", f"{address}:443")
        assert done.returncode != 0 and "BEGIN CERTIFICATE" not in done.stdout


def test_what_is_not_tls_gets_no_way_through(diverted):
    done = machines.run_in("pupil", "curl", "-sS", "--max-time", "5", f"http://{HOSTILE4}:443/")
    assert done.returncode != 0 and done.stdout == ""


def test_a_request_to_an_address_is_judged_too(diverted):
    code, status, _ = curl(f"http://{BLOCKED4}/", BLOCKED4, "-H", "Host: blocked.example")
    assert (code, status) == (0, 403)


def test_keep_alive_is_judged_at_every_request(diverted):
    done = machines.run_in("pupil", "curl", "-sS", "--max-time", "10", "--resolve", f"allowed.example:80:{ALLOWED4}", "-w", "%{http_code} ",
                           "-o", "/dev/null", "http://allowed.example/1", "-o", "/dev/null", "http://allowed.example/2")
    assert done.stdout == "200 200 "


def test_a_long_download_comes_through(diverted, server):
    for url in ("http://allowed.example/film", "https://allowed.example/film"):
        done = machines.run_in("pupil", "sh", "-c", f"curl -sSk --max-time 30 --resolve allowed.example:80:{ALLOWED4} "
                               f"--resolve allowed.example:443:{ALLOWED4} {url} | wc -c")
        assert int(done.stdout) == len(server.film())


def test_the_firewall_refuses_quic_and_dns_over_tls(gateway):
    machines.load_rules(gateway.command("firewall").stdout)
    try:
        for address in (ALLOWED4, ALLOWED6):
            assert machines.udp_answer(address, 443) == "refused"
            assert machines.udp_answer(address, 853) == "refused"
        done = machines.run_in("pupil", "curl", "-sS", "--max-time", "5", f"http://{ALLOWED4}:853/")
        assert done.returncode == 7, done.stderr  # refused at once, so that nobody waits
    finally:
        machines.flush_rules()


@pytest.mark.parametrize("own", ["198.51.100.1", "[2001:db8:51::1]", "[64:ff9b::198.51.100.1]", machines.GATE4])
def test_no_port_of_the_gateways_own_addresses_is_reached(gateway, own):
    """Not its outer address either, though upstream.allow_private holds the network that it lies in."""
    address = own.strip("[]").replace("64:ff9b::", "")
    server = subprocess.Popen(["ip", "netns", "exec", "gate", "/usr/bin/python3", "-m", "http.server", "--bind", address, "8099"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        direct = f"[{address}]" if ":" in address else address
        wait_for(lambda: machines.run_in("gate", "curl", "-sS", "--max-time", "5", f"http://{direct}:8099/").returncode == 0, "the server")
        done = machines.run_in("pupil", "curl", "-sSg", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}", "-x", f"http://{machines.GATE4}:8080",
                               f"http://{own}:8099/")
        assert done.stdout == "403"
    finally:
        server.kill()
        server.wait()


def test_the_gateways_own_traffic_is_not_diverted(diverted):
    done = machines.run_in("gate", "curl", "-sS", "--max-time", "5", f"http://{HOSTILE4}/direct")
    assert "/direct" in done.stdout
