"""The printed firewall, closed by default: machines on the school's wires, real nftables, a server beyond.

How it can be wrong                                         here
----------------------------------------------------------  ---------------------------------------------------------
a device that no group's network holds goes past the filter  web_of_every_device, for each topology and both modes
another port leads around it (8080, DNS elsewhere, QUIC)     other_ports, names_are_asked_of_the_schools_resolver
an opened port is open to another group, or by a longer net  a_port_opened_for_staff
an address taken from another wire                           an_address_of_another_wire
a connection from beyond, which a device then answers        nothing_comes_in
a VLAN, a second interface                                   web_of_every_device[second wire, VLAN]
networks inside cannot reach each other, or a server         what_stays_inside
the gateway meets itself                                     the_gateways_own_addresses, the_gateways_own_traffic
opened ports leave under an address that nobody answers      a_port_opened_for_staff (the server sees the gateway's)
the machine does not forward, or the bridge hands nothing    the_gateway_watches_its_firewall (--load), a_bridge
the table is gone, changed, or another configuration's       the_gateway_watches_its_firewall
a configuration with a mistake at boot                       the_gateway_watches_its_firewall (the ruleset of before)
"""

import os
import subprocess
import textwrap

import pytest

from parts import machines
from parts.machines import ALLOWED4, ALLOWED6, BLOCKED4, BLOCKED6, SERVERS, run_in, sh
from parts.origins import Nginx
from parts.school import BINARY, School
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24", "fd20:2::/64"] }
    categories: { gambling: block }
  staff:
    title: Staff
    members: { networks: ["10.20.0.0/16", "fd20:8::/64"] }
    categories: { gambling: block }
  everyone:
    title: Everyone else
    members: { networks: ["0.0.0.0/0", "::/0"] }
    categories: { gambling: block }
fallback: everyone
"""

RULES = "block:\n  - { site: blocked.example, category: gambling }\n"

HOSTS = f"""
{ALLOWED4} allowed.example
{BLOCKED4} blocked.example
{ALLOWED6} allowed.example
{BLOCKED6} blocked.example
"""

# A device for each way to be on the school's wires: (machine, its IPv4, its IPv6).
PUPIL = ("pupil", machines.PUPIL4, machines.PUPIL6)
UNPLACED = ("pupil", "10.99.0.5", "fd99::5")  # on the pupils' wire, in no group's network but the whole internet's
STAFF = ("staff", "10.20.8.5", "fd20:8::5")  # on a second inside interface
VLAN = ("library", "10.88.0.5", "fd88::5")  # on an interface named as the first one's VLAN
DEVICES = [PUPIL, UNPLACED, STAFF, VLAN]
NAMES_OF_DEVICES = ["pupil", "unplaced", "second wire", "VLAN"]
PRINTER = "10.30.0.9"  # a server that upstream.allow_private names, beyond no inside interface


def listen(machine: str, address: str, port: int, *, udp: bool = False) -> subprocess.Popen:
    """A server that answers each client with the address that it saw, and says once it listens."""
    script = f"""
        import socket
        family = socket.AF_INET6 if ":" in "{address}" else socket.AF_INET
        s = socket.socket(family, socket.{"SOCK_DGRAM" if udp else "SOCK_STREAM"})
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("{address}", {port}))
        if {udp}:
            print("up", flush=True)
            while True:
                data, peer = s.recvfrom(2000)
                s.sendto(peer[0].encode(), peer)
        s.listen(50)
        print("up", flush=True)
        while True:
            c, peer = s.accept()
            try:
                c.sendall(peer[0].encode())
            except OSError:
                pass  # the other end has gone
            c.close()
    """
    server = subprocess.Popen(["ip", "netns", "exec", machine, "/usr/bin/python3", "-c", textwrap.dedent(script)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "up\n"
    return server


def reach(machine: str, source: str, address: str, port: int, *, udp: bool = False) -> str:
    """From `source` on `machine`: what the server there answered, "refused" or "nothing"."""
    script = f"""
        import socket
        family = socket.AF_INET6 if ":" in "{address}" else socket.AF_INET
        s = socket.socket(family, socket.{"SOCK_DGRAM" if udp else "SOCK_STREAM"})
        s.settimeout(10)
        s.setsockopt(socket.SOL_IP, 15, 1)
        try:
            s.bind(("{source}", 0))
            s.connect(("{address}", {port}))
            if {udp}: s.send(b"x" * 1200)
            print(s.recv(100).decode() or "refused")
        except TimeoutError:
            print("nothing")
        except OSError as error:
            print("refused" if error.errno in (13, 104, 111, 113) else error)
    """
    done = run_in(machine, "/usr/bin/python3", "-c", textwrap.dedent(script))
    return done.stdout.strip() or done.stderr


def echo(machine: str, source: str, address: str) -> str:
    """A ping from `source` on `machine`: "answered", "refused" or "nothing"."""
    v6 = ":" in address
    script = f"""
        import socket, time
        s = socket.socket(socket.{"AF_INET6" if v6 else "AF_INET"}, socket.SOCK_RAW, {58 if v6 else 1})
        s.bind(("{source}", 0))
        head = bytes([{128 if v6 else 8}, 0])
        body = bytes([0, 7, 0, 1])
        total = int.from_bytes(head, "big") + 7 + 1
        s.sendto(head + (0xffff - total).to_bytes(2, "big") + body, ("{address}", 0))
        answer = "nothing"
        end = time.monotonic() + 3
        while answer == "nothing" and (left := end - time.monotonic()) > 0:
            s.settimeout(left)
            try:
                packet = s.recv(2000)
            except TimeoutError:
                break
            kind = packet[0 if {v6} else 20]
            answer = {{{129 if v6 else 0}: "answered", {1 if v6 else 3}: "refused"}}.get(kind, "nothing")
        print(answer)
    """
    done = run_in(machine, "/usr/bin/python3", "-c", textwrap.dedent(script))
    return done.stdout.strip() or done.stderr


def ask(device: tuple, url: str, address: str) -> tuple[int, int, str]:
    """(curl's exit status, HTTP status, body) of a page asked by a device that was told `address` for the site."""
    machine, source4, source6 = device
    scheme, _, rest = url.partition("://")
    host, port = rest.split("/")[0], 443 if scheme == "https" else 80
    target, source = (f"[{address}]", source6) if ":" in address else (address, source4)
    done = run_in(machine, "curl", "-sSk", "--max-time", "10", "--interface", source, "--resolve", f"{host}:{port}:{target}", "-w",
                  "\n%{http_code}", url)
    body, _, status = done.stdout.rpartition("\n")
    return done.returncode, int(status or 0), body


@pytest.fixture(scope="module")
def network():
    machines.build()
    sh("""
        ip -n pupil addr add 10.99.0.5/24 dev lan; ip -n pupil addr add fd99::5/64 dev lan nodad
        ip -n gate addr add 10.99.0.1/24 dev lan;  ip -n gate addr add fd99::1/64 dev lan nodad
        for machine in staff library printer; do
          ip netns add $machine; ip -n $machine link set lo up
          ip netns exec $machine sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
        done
        ip link add eth0 netns staff type veth peer name lan2 netns gate
        ip link add eth0 netns library type veth peer name lan.30 netns gate
        ip link add eth0 netns printer type veth peer name dmz netns gate
        ip -n staff addr add 10.20.8.5/24 dev eth0;   ip -n staff addr add fd20:8::5/64 dev eth0 nodad
        ip -n library addr add 10.88.0.5/24 dev eth0; ip -n library addr add fd88::5/64 dev eth0 nodad
        ip -n printer addr add 10.30.0.9/24 dev eth0
        ip -n gate addr add 10.20.8.1/24 dev lan2;    ip -n gate addr add fd20:8::1/64 dev lan2 nodad
        ip -n gate addr add 10.88.0.1/24 dev lan.30;  ip -n gate addr add fd88::1/64 dev lan.30 nodad
        ip -n gate addr add 10.30.0.1/24 dev dmz
        for link in lan2 lan.30 dmz; do ip -n gate link set $link up; done
        for machine in staff library printer; do ip -n $machine link set eth0 up; done
        ip -n staff route add default via 10.20.8.1;   ip -n staff route add default via fd20:8::1
        ip -n library route add default via 10.88.0.1; ip -n library route add default via fd88::1
        ip -n printer route add default via 10.30.0.1
    """)


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificates, network):
    nginx = Nginx(tmp_path_factory.mktemp("server"), certificates,
                  addresses=[f"[{address}]" if ":" in address else address for address in SERVERS], namespace="server")
    others = [listen("server", address, port, udp=udp) for address in (ALLOWED4, ALLOWED6)
              for port, udp in ((22, False), (853, False), (8080, False), (53, True), (123, True), (443, True), (853, True), (8443, True))]
    others += [listen("printer", PRINTER, 80), listen("printer", PRINTER, 9100), listen("staff", "10.20.8.5", 80),
               listen("pupil", machines.PUPIL4, 7000), listen("pupil", machines.PUPIL6, 7000)]
    yield nginx
    for other in others:
        other.kill()
        other.wait()
    nginx.stop()


def made_school(folder, firewall: str) -> School:
    school = School(folder)
    school.files["schoolgate.yaml"] = f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {school.state}
listen:
  http: ["0.0.0.0:8081", "[::]:8081"]
  tls: ["0.0.0.0:8443", "[::]:8443"]
  metrics: "127.0.0.1:9100"
upstream:
  allow_private: ["198.51.100.0/24", "2001:db8:51::/64", "10.30.0.0/24"]
  resolver: ["{ALLOWED4}", "[{ALLOWED6}]"]
  hosts: hosts
inspection: {{ mode: "off" }}
decisions: {school.decisions_file}
firewall: {firewall}
"""
    school.files["policy.yaml"], school.files["rules/school.yaml"], school.files["hosts"] = POLICY, RULES, HOSTS
    return school


def start(school: School) -> None:
    def listening() -> bool:
        sockets = run_in("gate", "ss", "-Hltn").stdout
        return all(f":{port} " in sockets for port in (8081, 8443, 9100))

    school.start(namespace="gate", ready=listening)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, server):
    school = made_school(tmp_path_factory.mktemp("gateway"), "{ inside: [lan, lan2], ports: { staff: [22, udp/123] } }")
    start(school)
    yield school
    school.stop()


@pytest.fixture(scope="module", params=["redirect", "tproxy"])
def loaded(request, gateway):
    machines.load_rules(gateway.command("firewall", "--mode", request.param).stdout)
    routes = ["rule add fwmark 1 lookup 100", "route add local default dev lo table 100"] if request.param == "tproxy" else []
    for route in routes:
        sh(f"ip -n gate {route}; ip -n gate -6 {route}")
    yield gateway
    for route in routes:
        sh(f"ip -n gate {route.replace('add', 'del')}; ip -n gate -6 {route.replace('add', 'del')}")
    machines.flush_rules()


@pytest.mark.parametrize("device", DEVICES, ids=NAMES_OF_DEVICES)
@pytest.mark.parametrize("allowed, blocked", [(ALLOWED4, BLOCKED4), (ALLOWED6, BLOCKED6)], ids=["IPv4", "IPv6"])
def test_web_of_every_device(loaded, device, allowed, blocked):
    for scheme in ("http", "https"):
        code, status, body = ask(device, f"{scheme}://allowed.example/page", allowed)
        assert (code, status) == (0, 200) and f"{scheme} GET allowed.example" in body
    code, status, body = ask(device, "http://blocked.example/page", blocked)
    assert (code, status) == (0, 403) and "Childline" in body
    code, status, body = ask(device, "https://blocked.example/page", blocked)
    assert code != 0 and (status, body) == (0, "")
    record = loaded.attempts()[-1]
    assert record["site"] == "blocked.example" and record["device"] in device[1:]


@pytest.mark.parametrize("device", DEVICES, ids=NAMES_OF_DEVICES)
@pytest.mark.parametrize("address", [ALLOWED4, ALLOWED6], ids=["IPv4", "IPv6"])
def test_other_ports(loaded, device, address):
    machine, source = device[0], device[2] if ":" in address else device[1]
    opened = device is STAFF
    for port, udp in ((8080, False), (853, False), (443, True), (853, True), (8443, True)):
        assert reach(machine, source, address, port, udp=udp) == "refused", (port, udp)
    if not opened:
        assert reach(machine, source, address, 22) == "refused"
        assert reach(machine, source, address, 123, udp=True) == "refused"
    assert echo(machine, source, address) != "answered"  # the kernel sends only so many refusals a second


def test_a_port_opened_for_staff(loaded):
    assert reach("staff", "10.20.8.5", ALLOWED4, 22) == "198.51.100.1"  # under the gateway's address
    assert reach("staff", "10.20.8.5", ALLOWED4, 123, udp=True) == "198.51.100.1"
    assert reach("staff", "fd20:8::5", ALLOWED6, 22) == "fd20:8::5"
    # The pupils' network lies within one of staff and is longer.
    assert reach("pupil", machines.PUPIL4, ALLOWED4, 22) == "refused"


def test_names_are_asked_of_the_schools_resolver(loaded):
    for device in DEVICES:
        machine, source4, source6 = device
        assert reach(machine, source4, ALLOWED4, 53, udp=True) == "198.51.100.1"
        assert reach(machine, source6, ALLOWED6, 53, udp=True) == source6
        for source, address in ((source4, BLOCKED4), (source6, BLOCKED6)):
            assert reach(machine, source, address, 53, udp=True) == "refused"
            assert reach(machine, source, address, 53) == "refused"


def test_an_address_of_another_wire(loaded):
    """A pupil's machine that takes a teacher's address, or one that lies beyond, gets nothing through."""
    sh("ip -n pupil addr add 10.20.8.77/32 dev lan; ip -n pupil addr add 198.51.100.77/32 dev lan")
    try:
        for source in ("10.20.8.77", "198.51.100.77"):
            assert reach("pupil", source, ALLOWED4, 22) == "nothing"
            code, status, body = ask(("pupil", source, ""), "http://allowed.example/", ALLOWED4)
            assert code != 0 and (status, body) == (0, "")
    finally:
        sh("ip -n pupil addr del 10.20.8.77/32 dev lan; ip -n pupil addr del 198.51.100.77/32 dev lan")


def test_nothing_comes_in(loaded):
    sh("ip -n server route replace 10.20.2.0/24 via 198.51.100.1; ip -n server route replace fd20:2::/64 via 2001:db8:51::1")
    assert reach("server", ALLOWED4, machines.PUPIL4, 7000) == "refused"
    assert reach("server", ALLOWED6, machines.PUPIL6, 7000) == "refused"
    # From a server of the school it does.
    assert reach("printer", PRINTER, machines.PUPIL4, 7000) == PRINTER


def test_what_stays_inside(loaded):
    """Networks inside and servers of upstream.allow_private are reached as if there were no filter."""
    for device in DEVICES:
        assert reach(device[0], device[1], PRINTER, 9100) == device[1]
        assert reach(device[0], device[1], PRINTER, 80) == device[1]
    for device in (PUPIL, UNPLACED, VLAN):
        assert reach(device[0], device[1], "10.20.8.5", 80) == device[1]


def test_the_gateways_own_addresses(loaded):
    """What is meant for the gateway itself is not diverted, and its transparent ports answer to no number."""
    for address in (machines.GATE4, "198.51.100.1", "10.20.8.1"):
        for port in (80, 443, 8081, 8443):
            assert reach("pupil", machines.PUPIL4, address, port) == "refused", (address, port)


def test_a_ping_of_the_gateway(loaded):
    """The machine itself answers: what refuses pings is the way out."""
    assert echo("pupil", machines.PUPIL4, machines.GATE4) == "answered"
    assert echo("pupil", machines.PUPIL6, machines.GATE6) == "answered"


def test_the_gateways_own_traffic(loaded):
    done = run_in("gate", "curl", "-sS", "--max-time", "5", f"http://{ALLOWED4}/direct")
    assert "/direct" in done.stdout


def test_a_connection_older_than_the_firewall(gateway):
    """What was open before the rules came does not go on past them."""
    script = f"""
        import socket, sys
        s = socket.create_connection(("{ALLOWED4}", 80))
        s.settimeout(5)
        print("open", flush=True)
        sys.stdin.readline()
        try:
            s.sendall(b"GET /old HTTP/1.1\\r\\nHost: blocked.example\\r\\nConnection: close\\r\\n\\r\\n")
            print(s.recv(100).decode().split("\\r\\n")[0] or "closed")
        except OSError as error:
            print(type(error).__name__)
    """
    machines.flush_rules()
    client = subprocess.Popen(["ip", "netns", "exec", "pupil", "/usr/bin/python3", "-c", textwrap.dedent(script)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert client.stdout.readline() == "open\n"
        machines.load_rules(gateway.command("firewall").stdout)
        answer, _ = client.communicate("go\n", timeout=30)
        assert answer.strip() == "ConnectionResetError"
    finally:
        client.kill()
        machines.flush_rules()


def test_without_a_named_interface_everything_is_filtered(gateway):
    """`inside` left out: whatever arrives is taken for a device's."""
    gateway.edit("schoolgate.yaml", "inside: [lan, lan2], ", "")
    try:
        machines.flush_rules()
        machines.load_rules(gateway.command("firewall").stdout)
        for device in DEVICES:
            code, status, _ = ask(device, "http://blocked.example/", BLOCKED4)
            assert (code, status) == (0, 403)
            assert ask(device, "https://blocked.example/", BLOCKED4)[0] != 0
            assert reach(device[0], device[1], ALLOWED4, 8080) == "refused"
        assert reach("pupil", machines.PUPIL4, "10.20.8.5", 80) == machines.PUPIL4
    finally:
        machines.flush_rules()
        gateway.edit("schoolgate.yaml", "ports: {", "inside: [lan, lan2], ports: {")


# --- watched


def metrics() -> str:
    return run_in("gate", "curl", "-sS", "--max-time", "5", "http://127.0.0.1:9100/metrics").stdout


def wait_for_state(state: str) -> None:
    wait_for(lambda: f'schoolgate_firewall{{state="{state}"}} 1' in metrics(), f"the gateway to see that its firewall is {state}")


def test_the_gateway_watches_its_firewall(gateway, tmp_path):
    machines.flush_rules()
    wait_for_state("missing")
    kept = {"env": {**os.environ, "STATE_DIRECTORY": str(tmp_path)}}

    def load(check=0):
        done = subprocess.run(["ip", "netns", "exec", "gate", BINARY, "firewall", "--load", "--config", str(gateway.config)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, **kept)
        assert done.returncode == check, done.stderr
        return done

    sh("ip netns exec gate sysctl -qw net.ipv4.ip_forward=0")
    load()
    assert run_in("gate", "sysctl", "-n", "net.ipv4.ip_forward").stdout == "1\n"
    wait_for_state("in-force")
    sh("ip netns exec gate nft insert rule inet schoolgate leaving accept")
    wait_for_state("changed")
    load()
    wait_for_state("in-force")

    # A configuration with a mistake: the ruleset that was loaded last is loaded again, and the failure is said.
    sound = gateway.files["policy.yaml"]
    gateway.write(**{"policy.yaml": sound + "nonsense: [\n"})
    machines.flush_rules()
    assert "loaded last" in load(check=1).stderr
    code, status, _ = ask(UNPLACED, "http://blocked.example/", BLOCKED4)
    assert (code, status) == (0, 403)
    gateway.write(**{"policy.yaml": sound})

    # A policy that opens and closes other ports: the table in the kernel is no longer the configuration's.
    gateway.edit("schoolgate.yaml", "ports: { staff: [22, udp/123] }", "ports: closed")
    gateway.command("reload")
    wait_for_state("changed")
    load()
    wait_for_state("in-force")
    assert reach("staff", "10.20.8.5", ALLOWED4, 22) == "refused"
    gateway.edit("schoolgate.yaml", "ports: closed", "ports: { staff: [22, udp/123] }")
    gateway.command("reload")
    machines.flush_rules()
    wait_for_state("missing")


def test_without_a_ruleset_of_before_nothing_is_loaded(gateway, tmp_path):
    gateway.write(**{"policy.yaml": "nonsense: [\n"})
    try:
        done = subprocess.run(["ip", "netns", "exec", "gate", BINARY, "firewall", "--load", "--config", str(gateway.config)], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, "STATE_DIRECTORY": str(tmp_path)})
        assert done.returncode == 1 and "not loaded" in done.stderr
    finally:
        gateway.write(**{"policy.yaml": POLICY})


# --- one interface for both sides; a bridge --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_wire(network):
    """A switch with a device, the gateway and the router on it; beyond the router the server."""
    sh("""
        for machine in switch router phone arm; do
          ip netns add $machine; ip -n $machine link set lo up
          ip netns exec $machine sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
        done
        ip -n switch link add hub type bridge; ip -n switch link set hub up
        for machine in router phone arm; do
          ip link add eth0 netns $machine type veth peer name $machine netns switch
          ip -n switch link set $machine master hub up
          ip -n $machine link set eth0 up
        done
        ip -n router addr add 10.40.0.254/24 dev eth0
        ip -n arm addr add 10.40.0.1/24 dev eth0
        ip -n phone addr add 10.40.0.5/24 dev eth0
        ip link add wan2 netns server type veth peer name wan netns router
        ip -n server addr add 203.0.113.1/24 dev wan2; ip -n server link set wan2 up
        ip -n router addr add 203.0.113.254/24 dev wan; ip -n router link set wan up
        ip -n router route add 198.51.100.0/24 via 203.0.113.1
        ip -n server route add 10.40.0.0/24 via 203.0.113.254
        ip netns exec router sysctl -qw net.ipv4.ip_forward=1
        ip netns exec arm sysctl -qw net.ipv4.ip_forward=1
        ip -n arm route add default via 10.40.0.254
        ip -n phone route add default via 10.40.0.1
    """)


def in_namespace(school: School, machine: str) -> None:
    school.start(namespace=machine, ready=lambda: ":8443 " in run_in(machine, "ss", "-Hltn").stdout)


PHONE = ("phone", "10.40.0.5", "")


def test_one_interface_for_both_sides(tmp_path, server, one_wire):
    school = made_school(tmp_path, "{ inside: [eth0], topology: one-armed, ports: { phones: [22] } }")
    school.files["policy.yaml"] = POLICY.replace("groups:\n", "groups:\n  phones:\n    title: Phones\n    members: { networks: [\"10.40.0.0/24\"] }\n    categories: { gambling: block }\n")
    in_namespace(school, "arm")
    try:
        machines.load_rules(school.command("firewall").stdout, "arm")
        sh("ip -n phone addr add 10.41.0.5/24 dev eth0; ip -n arm addr add 10.41.0.1/24 dev eth0")
        for device in (PHONE, ("phone", "10.41.0.5", "")):
            code, status, _ = ask(device, "http://blocked.example/", BLOCKED4)
            assert (code, status) == (0, 403)
            assert ask(device, "https://blocked.example/", BLOCKED4)[0] != 0
            assert ask(device, "https://allowed.example/", ALLOWED4)[1] == 200
            assert reach("phone", device[1], ALLOWED4, 8080) == "refused"
        assert reach("phone", "10.40.0.5", ALLOWED4, 22) == "10.40.0.1"
        assert reach("phone", "10.41.0.5", ALLOWED4, 22) == "refused"
        # The kernel would send devices straight to the router.
        assert "via 10.40.0.254" not in run_in("phone", "ip", "route", "get", ALLOWED4).stdout
    finally:
        school.stop()


def test_a_bridge(tmp_path, server, one_wire):
    sh("""
        ip netns add span; ip -n span link set lo up
        ip netns add tablet; ip -n tablet link set lo up
        ip link add eth0 netns tablet type veth peer name pupils netns span
        ip link add uplink netns span type veth peer name span netns switch
        ip -n switch link set span master hub up
        ip -n span link add br0 type bridge
        for port in pupils uplink; do ip -n span link set $port master br0 up; done
        ip -n span link set br0 up; ip -n span addr add 10.40.0.2/24 dev br0; ip -n span route add default via 10.40.0.254
        ip -n tablet addr add 10.40.0.7/24 dev eth0; ip -n tablet addr add 10.55.0.7/24 dev eth0; ip -n tablet link set eth0 up
        ip -n tablet route add default via 10.40.0.254
        ip -n router addr add 10.55.0.254/24 dev eth0; ip -n span addr add 10.55.0.2/24 dev br0
        ip -n server route add 10.55.0.0/24 via 203.0.113.254
    """)
    school = made_school(tmp_path, "{ inside: [pupils], topology: bridge, ports: { pupils: [22] } }")
    school.edit("policy.yaml", '"10.20.2.0/24", ', '"10.20.2.0/24", "10.40.0.0/24", ')
    in_namespace(school, "span")
    tablet, unplaced = ("tablet", "10.40.0.7", ""), ("tablet", "10.55.0.7", "")
    try:
        machines.load_rules(school.command("firewall").stdout, "span")
        # Until the bridge hands its packets over, nothing passes.
        sh("ip netns exec span sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0")
        assert reach("tablet", "10.40.0.7", ALLOWED4, 22) == "nothing"
        assert ask(tablet, "http://allowed.example/", ALLOWED4)[0] != 0
        sh("ip netns exec span sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1")
        for device in (tablet, unplaced):
            code, status, _ = ask(device, "http://blocked.example/", BLOCKED4)
            assert (code, status) == (0, 403)
            assert ask(device, "https://blocked.example/", BLOCKED4)[0] != 0
            assert ask(device, "https://allowed.example/", ALLOWED4)[1] == 200
            assert reach("tablet", device[1], ALLOWED4, 8080) == "refused"
        assert reach("tablet", "10.40.0.7", ALLOWED4, 22) == "10.40.0.7"
        assert reach("tablet", "10.55.0.7", ALLOWED4, 22) == "refused"
    finally:
        school.stop()
