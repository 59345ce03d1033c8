"""What the gateway forwards means the same to everybody: nginx, Apache httpd, HAProxy and Node read it again.

Each request goes through the gateway to a server that writes down the bytes. Those bytes, and a request of our own behind
them, are then given to four servers, which say what they read. None may read another first request, and none may find one
between the two: that would be a smuggled one. Requests that the gateway refuses have nothing to be read again.
"""

import pathlib
import re
import shutil
import socket
import subprocess
import textwrap
import threading

import pytest
from hostile_messages import FRAMINGS, RAW_REQUESTS

from parts.ports import free_port
from parts.waiting import listens, wait_for

NODE = """
const http = require('http');
http.createServer((request, response) => {
  let size = 0;
  request.on('data', piece => { size += piece.length; });
  request.on('end', () => { response.setHeader('X-Read', `${request.method} ${request.url} ${size}`); response.end('read'); });
}).listen(%d, '127.0.0.1');
"""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr error; user root;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5; large_client_header_buffers 8 64k;
  server {{ listen 127.0.0.1:{port}; location / {{ add_header X-Read "$request_method $request_uri" always; return 200 "read"; }} }}
}}
"""

APACHE = """
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
ServerName localhost
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule headers_module {modules}/mod_headers.so
User www-data
Group www-data
DocumentRoot {folder}/pages
Mutex file:{folder} default
Header always set X-Read "expr=%{{REQUEST_METHOD}} %{{REQUEST_URI}}"
"""

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend web
  bind 127.0.0.1:{port}
  default_backend node
backend node
  server node 127.0.0.1:{node}
"""

# Requests as a browser or a program sends them: these must get through, or nothing is compared.
HONEST = {
    "GET": "GET http://allowed.example/TOKEN?a=b HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "HEAD": "HEAD http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\n\r\n",
    "POST with a length": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 5\r\n\r\nhello",
    "POST of nothing": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 0\r\n\r\n",
    "POST in chunks": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunks with extensions": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0;z\r\n\r\n",
    "chunks with trailers": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
                            "5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 3\r\n\r\n",
    "a body that looks like a request": "POST http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 38\r\n\r\n"
                                        "GET /smuggled HTTP/1.1\r\nHost: b.example",
    "GET with a body": "GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 5\r\n\r\nhello",
    "hop-by-hop fields": "GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nConnection: keep-alive, x-secret\r\nX-Secret: a\r\n"
                         "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\r\n",
    "HTTP/1.0": "GET http://allowed.example/TOKEN HTTP/1.0\r\nHost: allowed.example\r\n\r\n",
}

REQUESTS = HONEST | RAW_REQUESTS | {
    name: "\r\n".join(["POST http://allowed.example/TOKEN HTTP/1.1", "Host: allowed.example", *fields, "", ""]) + body
    for name, (fields, body) in FRAMINGS.items()
}


class Recorder:
    """A server that writes down what comes and answers every connection once."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections: list[bytearray] = []
        self.open = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            record = bytearray()
            self.connections.append(record)
            self.open += 1
            threading.Thread(target=self._serve, args=(connection, record), daemon=True).start()

    def _serve(self, connection: socket.socket, record: bytearray) -> None:
        answered = False
        with connection:
            try:
                while data := connection.recv(65536):
                    record += data
                    if not answered and b"\r\n\r\n" in record:
                        answered = True
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                        connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        self.open -= 1

    def stop(self) -> None:
        self.listener.close()


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    """name -> port of a server that says in X-Read what it read."""
    folder = tmp_path_factory.mktemp("readers")
    ports = {name: free_port() for name in ("node", "nginx", "apache", "haproxy")}
    modules = next(path for path in (pathlib.Path("/usr/lib/apache2/modules"), pathlib.Path("/usr/lib64/httpd/modules")) if path.is_dir())
    (folder / "pages").mkdir()
    folder.chmod(0o777)
    (folder / "node.js").write_text(NODE % ports["node"])
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=ports["nginx"]))
    (folder / "apache.conf").write_text(APACHE.format(folder=folder, port=ports["apache"], modules=modules))
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=ports["haproxy"], node=ports["node"]))

    def program(name: str) -> str:
        return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or pytest.fail(f"{name} is not installed (packaging/apt-packages.txt, [test])")

    commands = {
        "node": [program("node"), folder / "node.js"],
        "nginx": [program("nginx"), "-e", "stderr", "-c", folder / "nginx.conf"],
        "apache": [program("apache2"), "-X", "-d", folder, "-f", folder / "apache.conf"],
        "haproxy": [program("haproxy"), "-db", "-f", folder / "haproxy.cfg"],
    }
    started = []
    for name, command in commands.items():
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(folder / f"{name}.said").open("wb")))
    try:
        for name, port in ports.items():
            wait_for(lambda port=port: listens(port), f"{name} to listen: {(folder / f'{name}.said').read_text()}")
        yield ports
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def recorder():
    server = Recorder()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, recorder, names):
    from parts.school import School

    school = School(tmp_path_factory.mktemp("school"), dns_port=names.port).start()
    yield school
    school.stop()


def forwarded(gateway, recorder, request: str, token: str) -> bytes:
    """The bytes of the connections on which the token reached the server; b"" when it did on none."""
    with socket.create_connection(("127.0.0.1", gateway.proxy), timeout=10) as client:
        client.sendall(request.replace("allowed.example", f"allowed.example:{recorder.port}").encode("latin-1"))
        client.shutdown(socket.SHUT_WR)
        try:
            while client.recv(65536):
                pass
        except OSError:
            pass
    wait_for(lambda: recorder.open == 0, "the gateway to close its connections")  # what is still on its way counts too
    return b"".join(bytes(record) for record in recorder.connections if token.encode() in record)


def read_by(port: int, data: bytes) -> list[str]:
    """What a server says that it read, request by request; "refused" for an answer of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass
    found = []
    for head in re.findall(rb"HTTP/1\.[01] (?!1\d\d)\d{3}.*?\r\n\r\n", answer, re.S):
        read = re.search(rb"(?im)^x-read: (\S+ [^\s?]+)", head)
        found.append(read[1].decode() if read else "refused")
    return found


MARKER = b"GET /marker HTTP/1.1\r\nHost: allowed.example\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("name", REQUESTS)
def test_everybody_reads_the_same(name, gateway, recorder, readers):
    token = "t" + re.sub(r"\W", "", name) + "-"  # no token begins another
    data = forwarded(gateway, recorder, REQUESTS[name].replace("TOKEN", token), token)
    if name in HONEST:
        assert f"/{token}".encode() in data, "an honest request did not come through"
    if not data:
        return
    for reader, port in readers.items():
        read = read_by(port, re.sub(rb"(?im)^connection: close\r\n", b"", data) + MARKER)
        method = REQUESTS[name].split(" ", 1)[0]
        assert read == [f"{method} /{token}", "GET /marker"] or set(read) <= {"refused", f"{method} /{token}"} and "GET /smuggled" not in read, (
            f"{reader} reads {read} in {textwrap.shorten(repr(data), 400)}")
        if name in HONEST:
            assert read == [f"{method} /{token}", "GET /marker"], f"{reader} reads {read} in {data!r}"


def test_the_readers_would_notice(readers):
    """The comparison can fail: what a lenient proxy forwards is read differently by some of them."""
    smuggled = b"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    assert all("GET /smuggled" in read_by(port, smuggled + MARKER) for port in readers.values())
