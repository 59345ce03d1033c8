"""Open Wi-Fi as a school has it: machines with hardware addresses of their own, leases of dnsmasq, the printed firewall, and a
browser that knows of no proxy and meets the sign-in page."""

import json
import pathlib
import shutil
import subprocess

import pytest

from browser.browser import Browser
from parts import machines
from parts.machines import ALLOWED4, BLOCKED4, run_in, sh
from parts.origins import Nginx
from parts.school import School
from parts.waiting import wait_for

GATE = "10.20.4.1"
MAC, OTHER_MAC = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
HOST, PORTAL = "signin.example", 8445
PASSWORD = "purple-otter-42"

POLICY = """
groups:
  year5:
    title: Year 5
    members: { groups: [year5] }
    categories: { gambling: block }
  nobody:
    title: Nobody known
    members: { networks: ["0.0.0.0/0"] }
    unlisted: block
fallback: nobody
"""


@pytest.fixture(scope="module")
def network():
    machines.build()
    sh(f"""
        ip -n gate link add school type bridge && ip -n gate link set school up && ip -n gate addr add {GATE}/24 dev school
        # An address that comes by itself a moment later is a changed network, and a browser breaks off what it loads.
        ip netns add tablet && ip netns exec tablet sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
        ip -n tablet link set lo up
        ip -n gate link add tablet type veth peer name wlan0 address {MAC} netns tablet
        ip -n gate link set tablet master school up
        ip -n tablet link set wlan0 up
    """)


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates, network):
    nginx = Nginx(tmp_path_factory.mktemp("server"), certificates, addresses=[ALLOWED4, BLOCKED4], namespace="server")
    yield nginx
    nginx.stop()


@pytest.fixture(scope="module")
def leases(tmp_path_factory, network):
    """dnsmasq gives out addresses; the tablet takes one. (the file of leases, the tablet's address)"""
    file = tmp_path_factory.mktemp("dnsmasq") / "leases"
    dnsmasq = subprocess.Popen(
        ["ip", "netns", "exec", "gate", shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"), "--conf-file=/dev/null", "--keep-in-foreground",
         "--user=root", "--port=0", "--interface=school", "--bind-interfaces", "--no-ping", "--dhcp-authoritative",
         "--dhcp-range=10.20.4.50,10.20.4.60,1h", f"--dhcp-leasefile={file}", f"--pid-file={file}.pid"],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(pathlib.Path(f"{file}.pid").exists, "dnsmasq")
    client = pathlib.Path(__file__).resolve().parents[1] / "identity/dhcp_client.py"
    taken = run_in("tablet", "/usr/bin/python3", str(client), "wlan0", "amelias-tablet")
    assert taken.returncode == 0, taken.stderr
    sh(f"ip -n tablet route replace default via {GATE}")
    address = wait_for(lambda: next((line.split()[2] for line in file.read_text().splitlines() if MAC in line), None), "the lease")
    yield file, address
    dnsmasq.terminate()
    dnsmasq.wait()


@pytest.fixture(scope="module")
def school(tmp_path_factory, server, leases):
    made = School(tmp_path_factory.mktemp("gateway"))
    made.files["schoolgate.yaml"] = f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {made.state}
listen:
  http: ["0.0.0.0:8081"]
  tls: ["0.0.0.0:8443"]
  portal_tls: ["{GATE}:{PORTAL}"]
upstream:
  allow_private: ["198.51.100.0/24"]
  hosts: hosts
inspection: {{ mode: "off" }}
decisions: {made.decisions_file}
identity:
  sources: [sign-in, dhcp, neighbours]
  leases: [ {{ path: "{leases[0]}", format: dnsmasq }} ]
  sign_in: {{ networks: ["10.20.4.0/24"], host: {HOST} }}
"""
    made.files["policy.yaml"] = POLICY
    made.files["rules/school.yaml"] = "block:\n  - { site: blocked.example, category: gambling }\n"
    made.files["hosts"] = f"{ALLOWED4} allowed.example\n{BLOCKED4} blocked.example\n"

    def listening() -> bool:
        sockets = run_in("gate", "ss", "-Hltn").stdout
        return all(f":{port} " in sockets for port in (8081, 8443, PORTAL))

    made.start(namespace="gate", ready=listening)
    made.command("people add", "amelia.hughes", "--name", "Amelia Hughes", "--groups", "year5")
    made.command("people password", "amelia.hughes", input=PASSWORD + "\n")
    made.command("devices add", MAC, "--kind", "school", "--name", "Tablet 7")
    machines.load_rules(made.command("firewall").stdout)
    yield made
    machines.flush_rules()
    made.stop()


@pytest.fixture
def browser():
    names = f"MAP allowed.example {ALLOWED4}, MAP blocked.example {BLOCKED4}, MAP {HOST} {GATE}"
    with Browser(inside=("ip", "netns", "exec", "tablet"), flags=[f"--host-resolver-rules={names}", "--disable-quic"]) as opened:
        yield opened


def status() -> int:
    """What the tablet gets for a page, without following where it is led."""
    done = run_in("tablet", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20", "--resolve",
                  f"allowed.example:80:{ALLOWED4}", "http://allowed.example/page")
    return int(done.stdout or 0)


def test_a_browser_is_led_to_the_page_signs_in_and_goes_on(school, browser, leases):
    browser.open("http://allowed.example/page")
    assert browser.url.startswith(f"https://{HOST}:{PORTAL}/"), browser.url
    assert browser.violations() == []
    browser.fill("input[name=user]", "amelia.hughes")
    browser.fill("input[name=password]", PASSWORD)
    browser.click("form[action='/sign-in'] button[type=submit]")
    assert "The school can see" in browser.text(), browser.text()
    assert browser.violations() == []
    browser.click("button[name=answer][value=yes]")
    browser.open("http://allowed.example/page")
    assert "http GET allowed.example /page" in browser.text()
    browser.open("http://blocked.example/page")
    assert "Childline" in browser.text()
    (record,) = school.attempts()
    assert (record["person"], record["confidence"], record["group"], record["device"]) == ("amelia.hughes", "login", "year5", leases[1])


def test_the_machine_is_known_by_its_lease_and_its_place_in_the_register(school, leases):
    def kind() -> str | None:
        return json.loads(school.command("explain http://allowed.example/ --json", "--device", leases[1]).stdout)["device"]

    wait_for(lambda: kind() == "school", "the machine to be found by its address")  # the gateway keeps what it has seen every few seconds


def test_another_hardware_address_at_the_same_address_is_not_signed_in(school, leases):
    assert status() == 200, "signed in by the test before"
    sh(f"""
        ip -n tablet link set wlan0 down && ip -n tablet link set wlan0 address {OTHER_MAC} && ip -n tablet link set wlan0 up
        ip -n tablet addr replace {leases[1]}/24 dev wlan0 && ip -n tablet route replace default via {GATE}
    """)
    wait_for(lambda: status() == 302, "the session to end with the machine that began it")
