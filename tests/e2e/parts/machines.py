"""A school's network in namespaces: a pupil's machine, the gateway between two networks, a server's machine.

Only under on_its_own_machine, which gives the test a network of its own and root in it.
"""

import contextlib
import ctypes
import json
import subprocess
import textwrap

PUPIL4, PUPIL6 = "10.20.2.10", "fd20:2::10"
GATE4, GATE6 = "10.20.2.1", "fd20:2::1"
# The servers: an address for each site, so that it shows which of them was reached.
ALLOWED4, BLOCKED4, HOSTILE4 = "198.51.100.10", "198.51.100.20", "198.51.100.66"
ALLOWED6, BLOCKED6, HOSTILE6 = "2001:db8:51::10", "2001:db8:51::20", "2001:db8:51::66"
SERVERS = [ALLOWED4, BLOCKED4, HOSTILE4, ALLOWED6, BLOCKED6, HOSTILE6]


def sh(script: str) -> str:
    done = subprocess.run(["sh", "-eu", "-c", textwrap.dedent(script)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def build() -> None:
    sh(f"""
        for machine in pupil gate server; do
          ip netns add $machine
          ip -n $machine link set lo up
          ip netns exec $machine sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
        done
        ip link add lan netns pupil type veth peer name lan netns gate
        ip link add wan netns server type veth peer name wan netns gate
        ip -n pupil addr add {PUPIL4}/24 dev lan;  ip -n pupil addr add {PUPIL6}/64 dev lan nodad
        ip -n gate addr add {GATE4}/24 dev lan;    ip -n gate addr add {GATE6}/64 dev lan nodad
        ip -n gate addr add 198.51.100.1/24 dev wan; ip -n gate addr add 2001:db8:51::1/64 dev wan nodad
        for address in {ALLOWED4} {BLOCKED4} {HOSTILE4}; do ip -n server addr add $address/24 dev wan; done
        for address in {ALLOWED6} {BLOCKED6} {HOSTILE6}; do ip -n server addr add $address/64 dev wan nodad; done
        for machine in pupil gate; do ip -n $machine link set lan up; done
        for machine in gate server; do ip -n $machine link set wan up; done
        ip -n pupil route add default via {GATE4};  ip -n pupil route add default via {GATE6}
        ip -n server route add default via 198.51.100.1; ip -n server route add default via 2001:db8:51::1
        ip netns exec gate sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    """)


@contextlib.contextmanager
def inside(machine: str):
    """Sockets that this thread opens here are that machine's, also later on."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(network) -> None:
        if libc.setns(network.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{machine}") as there:
        enter(there)
        try:
            yield
        finally:
            enter(home)


def load_rules(ruleset: str, machine: str = "gate") -> None:
    done = subprocess.run(["ip", "netns", "exec", machine, "nft", "-f", "-"], input=ruleset, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{ruleset}"


def flush_rules(machine: str = "gate") -> None:
    sh(f"ip netns exec {machine} nft flush ruleset")


def run_in(machine: str, *command: str, timeout: float = 30) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["ip", "netns", "exec", machine, *command], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
    )


def curl(url: str, address: str, *arguments: str) -> tuple[int, int, str]:
    """(curl's exit status, HTTP status, body) from the pupil's machine; `address` is what DNS told the pupil."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0]
    port = 443 if scheme == "https" else 80
    target = f"[{address}]" if ":" in address else address
    done = run_in("pupil", "curl", "-sS", "-k", "--max-time", "10", "--resolve", f"{host}:{port}:{target}", "-w",
                  "\n%{json}", *arguments, url)
    body, _, facts = done.stdout.rpartition("\n")
    return done.returncode, json.loads(facts)["http_code"] if facts else 0, body


def udp_answer(address: str, port: int) -> str:
    """What a datagram from the pupil to (address, port) comes back as: "refused", "answered" or "nothing"."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    script = f"""
import socket
s = socket.socket(socket.{family}, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect(("{address}", {port}))
try:
    s.send(b"x" * 1200)
    s.recv(100)
    print("answered")
except ConnectionRefusedError:
    print("refused")
except PermissionError:
    print("refused")
except TimeoutError:
    print("nothing")
except OSError as error:
    print("refused" if error.errno in (113, 101, 13) else error)
"""
    return run_in("pupil", "/usr/bin/python3", "-c", script).stdout.strip()
