"""Web servers and a name server for the gateway to reach: nginx for the usual, scripted sockets for the unusual."""

import base64
import collections
import hashlib
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading
import time

from parts.ports import free_port
from parts.waiting import listens, wait_for
from parts.wire import TIMEOUT

FILM = 8 * 1024 * 1024  # bytes of /film


def make_certificates(folder: pathlib.Path, names: str, apart: str | None = None, days: int = 30) -> None:
    """authority.pem and, signed by it, certificate.pem with key.pem for `names` (separated by spaces)."""

    def openssl(*arguments: str, text: str | None = None) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, input=text, text=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    openssl("req", "-x509", *key, "-days", str(days), "-subj", "/CN=Test authority", "-keyout", "authority.key", "-out",
            "authority.pem", "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-subj", "/CN=Test web", "-keyout", "key.pem", "-out", "request.pem")
    for covered, file in [(names, "certificate.pem")] + ([(apart, "apart.pem")] if apart else []):
        (folder / "names.ext").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in covered.split()))
        openssl("x509", "-req", "-in", "request.pem", "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
                "-days", str(days), "-out", file, "-extfile", "names.ext")


NGINX = """
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes 1;
{user}
events {{ worker_connections 2048; }}
http {{
  log_format reached '$server_addr $scheme $host $request_uri';
  access_log access.log reached;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
  default_type text/html;
  keepalive_requests 100000;
  client_max_body_size 64m;
  server {{
    {listens}
    {settings}
    server_name _;
    ssl_certificate {certificates}/certificate.pem;
    ssl_certificate_key {certificates}/key.pem;
    root www;
    location = /film {{ try_files /film =404; }}
    location = /slow-film {{ limit_rate 4m; try_files /film =404; }}
    location = /not-modified {{ return 304; }}
    location = /empty {{ return 204; }}
    location = /socket {{
      proxy_pass http://127.0.0.1:{echo};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
    }}
    location / {{ return 200 "<title>$host</title><p>$scheme $request_method $host $request_uri via=$http_via</p>\\n"; }}
  }}
  {apart}
}}
"""

# A host with a certificate that covers it alone.
APART = """
  server {{
    {listens}
    server_name {name};
    ssl_certificate {certificates}/apart.pem;
    ssl_certificate_key {certificates}/key.pem;
    location / {{ return 200 "<title>$host</title><p>$scheme $request_method $host $request_uri via=$http_via</p>\\n"; }}
  }}
"""


class Nginx:
    """nginx with every path of NGINX above; plain on `http`, TLS on `tls`."""

    def __init__(self, folder: pathlib.Path, certificates: pathlib.Path, *, addresses=None, namespace=None, http2: bool = False, settings: str = "",
                 apart: str | None = None):
        self.folder, self.certificates = folder, certificates
        self.http, self.tls = (80, 443) if addresses else (free_port(), free_port())
        self.echo = None if addresses else WebSocketEcho()
        tls = "ssl http2" if http2 else "ssl"
        listen = "".join(
            f"listen {address}:{self.http}; listen {address}:{self.tls} {tls};\n" for address in addresses or ["127.0.0.1"]
        )
        (folder / "temp").mkdir(parents=True)
        (folder / "www").mkdir()
        (folder / "www/film").write_bytes(os.urandom(1024) * (FILM // 1024))
        (folder / "nginx.conf").write_text(
            NGINX.format(apart=APART.format(listens=listen, name=apart, certificates=certificates) if apart else "", listens=listen, certificates=certificates, echo=self.echo.port if self.echo else 9,
                         user="user root;" if os.geteuid() == 0 else "", settings=settings)
        )
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.process = subprocess.Popen(
            [*inside, nginx, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")],
            stdin=subprocess.DEVNULL, stderr=(folder / "stderr.log").open("wb"),
        )
        if namespace:
            wait_for((folder / "nginx.pid").exists, "nginx to start")
        else:
            wait_for(lambda: listens(self.http) and listens(self.tls), "nginx to listen")

    @property
    def authority(self) -> pathlib.Path:
        return self.certificates / "authority.pem"

    def film(self) -> bytes:
        return (self.folder / "www/film").read_bytes()

    def requests(self) -> list[str]:
        """A line for every request that was answered: the server's address, scheme, Host and path."""
        return (self.folder / "access.log").read_text().splitlines()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        if self.echo:
            self.echo.stop()


class Server:
    """Accepts connections on a free loopback port and gives each to serve(connection) in a thread of its own."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0):
        self.listener = socket.create_server((address, port), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.open: set[socket.socket] = set()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def serve(self, connection: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(TIMEOUT)
            self.open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            self.serve(connection)
        except OSError:
            pass  # the gateway closed first: the test sees that on its own side
        finally:
            connection.close()
            self.open.discard(connection)

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def read_head(connection: socket.socket, buffer: bytes = b"") -> tuple[bytes, bytes]:
    """(head, what came after it); (b"", b"") at the end of the connection."""
    while b"\r\n\r\n" not in buffer:
        data = connection.recv(65536)
        if not data:
            return b"", b""
        buffer += data
    head, _, rest = buffer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


class ScriptedOrigin(Server):
    """A web server whose answers are scripts: path -> function(connection, head, rest), which returns the bytes that it
    has not used (then the next request is read), or None to close. Keeps every head it was sent in `heads`."""

    def __init__(self):
        self.scripts = {}
        self.heads: list[bytes] = []
        super().__init__()

    def url(self, path: str, name: str = "allowed.example") -> str:
        return f"http://{name}:{self.port}{path}"

    def answer(self, path: str, data: bytes, *, close: bool = False) -> str:
        """A fixed answer for `path`; its URL."""

        def script(connection, _head, rest):
            connection.sendall(data)
            return None if close else rest

        self.scripts[path] = script
        return self.url(path)

    def script(self, path: str):
        def add(function):
            self.scripts[path] = function
            return function

        return add

    def serve(self, connection: socket.socket) -> None:
        rest = b""
        while rest is not None:
            head, rest = read_head(connection, rest)
            if not head:
                return
            self.heads.append(head)
            path = head.split(b" ", 2)[1].decode("latin-1")
            script = self.scripts.get(path.split("?")[0])
            if script is None:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                rest = script(connection, head, rest)


class WebSocketEcho(Server):
    """Sends back every text frame it gets (RFC 6455), and closes when asked."""

    MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    def serve(self, connection: socket.socket) -> None:
        head, buffer = read_head(connection)
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head).group(1)
        accept = base64.b64encode(hashlib.sha1(key + self.MAGIC).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + accept + b"\r\n\r\n"
        )
        while True:
            while len(buffer) < 6 or len(buffer) < 6 + (buffer[1] & 0x7F):
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            opcode, length = buffer[0] & 0x0F, buffer[1] & 0x7F
            mask, payload, buffer = buffer[2:6], buffer[6 : 6 + length], buffer[6 + length :]
            plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
            connection.sendall(bytes([0x80 | opcode, length]) + plain)
            if opcode == 8:
                return


def masked_frame(text: bytes, opcode: int = 1) -> bytes:
    mask = b"\x11\x22\x33\x44"
    return bytes([0x80 | opcode, 0x80 | len(text)]) + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))


class Echo(Server):
    """Sends back every byte; half-closes when the other side does. `received` is all of it, of all connections."""

    def __init__(self):
        self.received = b""
        super().__init__()

    def serve(self, connection: socket.socket) -> None:
        while data := connection.recv(65536):
            self.received += data
            connection.sendall(data)


class DeafPort:
    """A port on which SYNs are dropped: a listener whose queue is full. To connect to it takes for ever."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def stop(self) -> None:
        for one in [self.listener, *self.fillers]:
            one.close()


class NameServer:
    """DNS over UDP: names ending in -v4.example are 127.0.0.1, silent.example and what is under it get no answer, all others do not exist.

    `slow`: seconds that every answer takes, however many are asked for at once.
    """

    def __init__(self, slow: float = 0):
        self.slow, self.late, self.open = slow, collections.deque(), True
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()
        if slow:
            threading.Thread(target=self._send_late, daemon=True).start()

    def _send_late(self) -> None:
        while self.open:
            while self.late and self.late[0][0] <= time.monotonic():
                _, reply, client = self.late.popleft()
                self._send(reply, client)
            time.sleep(0.002)

    def _send(self, reply: bytes, client) -> None:
        try:
            self.socket.sendto(reply, client)
        except OSError:
            pass  # closed meanwhile

    def _serve(self) -> None:
        while True:
            try:
                query, client = self.socket.recvfrom(4096)
            except OSError:
                return
            name, end = self._name(query)
            self.asked.append(name)
            kind = struct.unpack("!H", query[end : end + 2])[0]
            if name == "silent.example" or name.endswith(".silent.example"):
                continue
            exists = name.endswith("-v4.example")
            answers = exists and kind == 1
            flags = 0x8180 if exists else 0x8183
            reply = query[:2] + struct.pack("!HHHHH", flags, 1, int(answers), 0, 0) + query[12 : end + 4]
            if answers:
                reply += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
            if self.slow:
                self.late.append((time.monotonic() + self.slow, reply, client))
            else:
                self._send(reply, client)

    @staticmethod
    def _name(query: bytes) -> tuple[str, int]:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        return ".".join(labels), at + 1

    def stop(self) -> None:
        self.open = False
        self.socket.close()
