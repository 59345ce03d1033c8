"""A web site for ordinary days, as a process of its own: ordinary_site.py FOLDER ADDRESS...

On port 443 of each address, HTTP/1.1 and HTTP/2: /page, /upload (answers the SHA-256 of the body), /download?BYTES, /events (five, a third
of a second apart), /socket (a WebSocket that says everything again), /files/ (FOLDER/files), /git/ (bare repositories in FOLDER/git),
/proxy.pac (the school's proxy for these names) and /staff (who has logged in on this connection by NTLM; over HTTP/2 it asks for HTTP/1.1, as IIS does). On port 80 the same in the clear.
FOLDER/NAME.pem holds certificate, chain and key of each name.
"""

import base64
import collections
import hashlib
import itertools
import os
import pathlib
import ssl
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from parts.ntlm import Logins
from parts.origins import Server
from parts.tls_origins import TlsOrigin

WEBSOCKET = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def content(size: int) -> bytes:
    """Bytes that no layer on the way compresses or repeats by chance."""
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(size // 32 + 1))[:size]


HTTP_1_1_REQUIRED = 13
PAC = 'function FindProxyForURL(url, host) { return dnsDomainIs(host, ".example") ? "PROXY 10.20.2.1:8080" : "DIRECT"; }\n'
STAFF = {"j.okafor": "hazel-stile-9"}


class ClearPipe:
    def __init__(self, connection):
        self.connection, self.sendall = connection, connection.sendall

    def recv(self, size: int = 262144) -> bytes:
        return self.connection.recv(size)


class OrdinarySite(TlsOrigin):
    def __init__(self, folder: pathlib.Path, address: str, port: int = 443):
        contexts = {}
        for file in sorted(folder.glob("*.example.pem")):
            context = contexts[file.stem] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            context.set_alpn_protocols(["h2", "http/1.1"])
        self.folder, self.default, self.contexts, self.settings = folder, next(iter(contexts.values())), contexts, {}
        self.default.sni_callback = self._named
        self.handlers, self.handshakes, self.failures = {}, [], []
        self.calls, self.logins, self.clear = collections.deque(maxlen=100), Logins(STAFF), port == 80
        self.connections = itertools.count()
        Server.__init__(self, address, port)

    def serve(self, connection) -> None:
        if self.clear:
            self._serve1(ClearPipe(connection), next(self.connections))
        else:
            super().serve(connection)

    def _answer(self, call) -> None:
        path, _, query = call.target.partition("?")
        if path == "/socket":
            return self.socket(call)
        if path.startswith("/git/"):
            return self.git(call, path.removeprefix("/git"), query)
        if path == "/staff" and call.version == "2":
            return call.reset(HTTP_1_1_REQUIRED)
        digest = hashlib.sha256()
        if (call.get("Expect") or "").lower() == "100-continue":
            call.start(100)
        for piece in call.body():
            digest.update(piece)
        if path == "/page":
            call.answer(f"<title>{call.host}</title>a page over {call.version}\n", ("Content-Type", "text/html"))
        elif path == "/staff":
            person, asked = self.logins.person_of(call.pipe, call.get("Authorization"))
            said = f"{person} {digest.hexdigest()} connection {call.connection}\n"
            call.answer(said) if person else call.answer("who is it?\n", ("WWW-Authenticate", asked), status=401)
        elif path == "/proxy.pac":
            call.answer(PAC, ("Content-Type", "application/x-ns-proxy-autoconfig"))
        elif path == "/upload":
            call.answer(digest.hexdigest(), ("Content-Type", "text/plain"))
        elif path == "/download":
            call.answer(content(int(query)), ("Content-Type", "application/octet-stream"))
        elif path == "/events":
            call.start(200, ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))
            for number in range(5):
                call.send(f"data: event {number}\n\n".encode())
                time.sleep(0.33)
            call.end()
        elif (file := self.folder / "files" / path.removeprefix("/files/")).is_file():
            call.answer(file.read_bytes(), ("Content-Type", "application/octet-stream"))
        else:
            call.answer("there is no such thing\n", status=404)

    def socket(self, call) -> None:
        key = base64.b64encode(hashlib.sha1(call.get("Sec-WebSocket-Key").encode() + WEBSOCKET).digest()).decode()
        call.start(101, ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", key), ends=True)
        call.keep, waiting = False, call.rest
        while True:
            while len(waiting) < 2 or len(waiting) < 6 + (waiting[1] & 127):
                piece = call.pipe.recv()
                if not piece:
                    return
                waiting += piece
            size = waiting[1] & 127  # the tests send less than 126 bytes, masked as RFC 6455 asks of clients
            mask, masked, kind = waiting[2:6], waiting[6 : 6 + size], waiting[0]
            waiting = waiting[6 + size :]
            call.raw(bytes([kind, size]) + bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked)))
            if kind & 15 == 8:
                return

    def git(self, call, path: str, query: str) -> None:
        body = b"".join(call.body())
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=dict(
            os.environ, GIT_PROJECT_ROOT=str(self.folder / "git"), GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=call.method,
            CONTENT_TYPE=call.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)), HTTP_CONTENT_ENCODING=call.get("Content-Encoding") or "",
            GIT_PROTOCOL=call.get("Git-Protocol") or "", REMOTE_USER="pupil"))
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        if done.stderr:
            print(done.stderr.decode(), file=sys.stderr, flush=True)
        status = int(fields.pop("Status", "200").split()[0])
        call.answer(answer, *fields.items(), status=status)


if __name__ == "__main__":
    for at in sys.argv[2:]:
        OrdinarySite(pathlib.Path(sys.argv[1]), at)
        OrdinarySite(pathlib.Path(sys.argv[1]), at, 80)
    print("serving", flush=True)
    threading.Event().wait()
