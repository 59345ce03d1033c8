"""A small internet in a network namespace: web servers that write down what reaches them, byte for byte.

The gateway's side is the namespace that the run itself lives in (on_its_own_machine made it); the servers live in "far",
behind a veth pair. Nothing else is connected to either.
"""

import ctypes
import dataclasses
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from parts.tls_origins import DAY, Authority, Issued, now  # noqa: E402

NEAR, FAR = "198.51.100.1", "198.51.100.2"
ALLOWED, BLOCKED, TLS = "198.51.100.10", "198.51.100.20", "198.51.100.30"
# Addresses that no pupil may reach through a gateway, and that answer here.
INSIDE = ["10.9.8.7", "192.168.77.7", "172.20.1.1", "100.64.0.7", "169.254.169.254"]
LOCAL_PORT = 80  # on the gateway itself
NAMES = {
    "allowed.example": ALLOWED, "other.example": ALLOWED, "blocked.example": BLOCKED, "www.blocked.example": BLOCKED,
    "blocked.example.": BLOCKED,  # as a name server answers it
    "inside.example": INSIDE[0], "metadata.example": INSIDE[4], "local.example": "127.0.0.1",
}
PORTS = (80, 443, 25, 22, 6667)
CLONE_NEWNET = 0x40000000
SECRET = b"this-is-what-the-site-says"


def sh(*commands: str) -> None:
    for command in commands:
        subprocess.run(command.split(), check=True, stdin=subprocess.DEVNULL)


@dataclasses.dataclass
class Visit:
    """One connection that reached a server, and every byte that came on it."""

    address: str
    port: int
    data: bytes = b""


class Web:
    """Listeners on every address; each connection is recorded and answered as its path asks."""

    def __init__(self):
        self.visits: list[Visit] = []
        self.lock = threading.Lock()
        self.answers: dict[bytes, bytes] = {}
        self.trickle: set[bytes] = set()

    def listen(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def since(self, mark: int) -> list[Visit]:
        with self.lock:
            return self.visits[mark:]

    def mark(self) -> int:
        with self.lock:
            return len(self.visits)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        visit = Visit(*connection.getsockname()[:2])
        with self.lock:
            self.visits.append(visit)
        connection.settimeout(0.4)
        answered = False
        try:
            while True:
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    if answered:
                        break
                    if not visit.data:
                        connection.settimeout(5)
                        continue
                    data = b""
                visit.data += data
                if not data and not visit.data:
                    break
                if not answered and visit.data[:1] != b"\x16" and (b"\r\n\r\n" in visit.data or not data):
                    answered = True
                    connection.settimeout(0.4)
                    connection.sendall(self._answer(visit.data))
                    connection.shutdown(socket.SHUT_WR)  # what still comes is only written down
                elif not data:
                    break
        except OSError:
            pass
        finally:
            connection.close()

    def _answer(self, request: bytes) -> bytes:
        for token, answer in self.answers.items():
            if token in request.split(b"\r\n", 1)[0]:
                return answer
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(SECRET), SECRET)


class TlsSites:
    """TLS on one address: a certificate for each name, most of them bad."""

    def __init__(self, authority: Authority):
        stranger = Authority("An authority that nobody knows")
        ended, early = now() - DAY, now() + DAY
        self.issued: dict[str, Issued] = {
            "good.tls.example": authority.issue("good.tls.example"),
            "expired.tls.example": authority.issue("expired.tls.example", begins=now() - 9 * DAY, ends=ended),
            "early.tls.example": authority.issue("early.tls.example", begins=early, ends=now() + 9 * DAY),
            "wrong-name.tls.example": authority.issue("another.tls.example"),
            "unknown.tls.example": stranger.issue("unknown.tls.example"),
            "wildcard.deep.tls.example": authority.issue("*.tls.example"),
            "common-name.tls.example": authority.issue(common_name="common-name.tls.example"),
            "not-an-authority.tls.example": authority.issue_authority("no authority", is_authority=False).issue("not-an-authority.tls.example"),
        }
        lonely = Authority("self-signed.tls.example")
        self.issued["self-signed.tls.example"] = Issued(lonely.certificate, lonely.key)
        self.contexts = {name: issued.context(alpn=("http/1.1",)) for name, issued in self.issued.items()}
        self.default = self.contexts["good.tls.example"]
        self.default.sni_callback = self._named

    def _named(self, tls, name, _context):
        tls.context = self.contexts.get(name, self.contexts["good.tls.example"])

    def listen(self, listener: socket.socket) -> None:
        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(5)
            tls = self.default.wrap_socket(connection, server_side=True)
            data = b""
            while b"\r\n\r\n" not in data:
                if not (more := tls.recv(65536)):
                    return
                data += more
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(SECRET), SECRET))
            tls.unwrap()
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()


def in_far(make):
    """Runs make() in a thread that lives in the far namespace: sockets stay where they were opened."""
    result = []

    def run():
        with open("/run/netns/far") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        result.append(make())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not result:
        raise SystemExit("the servers' namespace cannot be entered")
    return result[0]


def listener(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(512)
    return made


class World:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolgate-peers-"))
        self.folder.chmod(0o755)
        sh("ip netns add far", "ip link add near type veth peer name far netns far", f"ip addr add {NEAR}/24 dev near", "ip link set near up",
           "ip -n far link set lo up", f"ip -n far addr add {FAR}/24 dev far", "ip -n far link set far up",
           f"ip -n far route add default via {NEAR}")
        for address in (ALLOWED, BLOCKED, TLS):
            sh(f"ip -n far addr add {address}/24 dev far")
        for address in INSIDE:
            sh(f"ip -n far addr add {address}/32 dev lo", f"ip route add {address}/32 via {FAR}")
        self.authority = Authority()
        self.roots = self.authority.write(self.folder / "roots.pem")
        self.sites = TlsSites(self.authority)
        self.names = NAMES | {name: TLS for name in self.sites.issued}
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in self.names.items()))
        resolver = self.folder / "resolv.conf"
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        sh(f"mount --bind {hosts} /etc/hosts", f"mount --bind {resolver} {os.path.realpath('/etc/resolv.conf')}")  # of this mount namespace alone
        self.hosts = hosts
        self.web = Web()
        for address in (ALLOWED, BLOCKED, *INSIDE):
            for port in PORTS:
                self.web.listen(in_far(lambda address=address, port=port: listener(address, port)))
        self.sites.listen(in_far(lambda: listener(TLS, 443)))
        self.web.listen(listener("127.0.0.1", LOCAL_PORT))
        self.web.listen(listener("::1", LOCAL_PORT))

    def reached(self, token: bytes, mark: int, wait: float = 0.7) -> list[Visit]:
        """The visits since `mark` that carry `token`; waits for the first of them, at most so long."""
        deadline = time.monotonic() + wait
        while True:
            found = [visit for visit in self.web.since(mark) if token in visit.data]
            if found or time.monotonic() > deadline:
                return found
            time.sleep(0.02)
