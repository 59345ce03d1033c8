"""Clients of an inspecting gateway: HTTP/1.1 and HTTP/2 inside TLS inside CONNECT, and curl; and a school that inspects."""

import dataclasses
import json
import pathlib
import ssl
import subprocess

import h2.config
import h2.connection
import h2.events
import h2.settings
from cryptography import x509

from parts.school import School
from parts.tls_origins import TlsPipe
from parts.wire import TIMEOUT, Answer, Wire, connect

# Nothing here is about every host, so the hosts that no rule names stay closed.
RULES = """
block:
  - { site: blocked.example, category: gambling, why: "betting" }
  - { url: "forum.example/casino/", category: gambling, why: "reported by a teacher" }
tests:
  - { url: "https://forum.example/casino/roulette", group: pupils, expect: block, category: gambling }
  - { url: "https://forum.example/maths", group: pupils, expect: allow }
"""


def inspecting_school(folder: pathlib.Path, *, trust: pathlib.Path, ports, mode: str = "selective", never: str = "", **options) -> School:
    """A school that has an authority and looks inside, not started yet. `trust`: who vouches for the origins."""
    school = School(folder, web_ports=ports, upstream=f"trust: [{trust}]", **options)
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(
        'inspection: { mode: "off" }', f'inspection: {{ mode: "{mode}", never: [{never}] }}'
    )
    school.files["rules/school.yaml"] = RULES
    school.write()
    make_authority(school)
    return school


def make_authority(school: School) -> pathlib.Path:
    school.command("ca create")
    school.command("ca export", "--output", str(authority_of(school)))
    return authority_of(school)


def authority_of(school: School) -> pathlib.Path:
    """What its devices trust."""
    return school.folder / "authority.pem"


def client_context(authority: pathlib.Path | None, alpn=("http/1.1",)) -> ssl.SSLContext:
    """A client that trusts this authority alone and holds certificates to RFC 5280 by the letter (None: that believes anything)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        context.load_verify_locations(authority)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class InspectedWire(Wire):
    """HTTP/1.1 to `name` through the gateway, inside TLS; `certificate` is what the gateway, or the site, showed."""

    def __init__(self, school: School, name: str | None, port: int, *, authority=..., alpn=("http/1.1",), source="127.0.0.1", to: str | None = None):
        super().__init__(school.proxy, source=source)
        answer = self.ask(connect(f"{to or name}:{port}"))
        assert answer.status == 200, answer
        context = client_context(authority_of(school) if authority is ... else authority, alpn)
        if name is None:
            context.check_hostname = False
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.host = f"{name or to}:{port}"

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.socket.getpeercert(binary_form=True))

    def get(self, path: str, *fields: str, method: str = "GET", body: bytes | str = b"") -> Answer:
        data = body.encode() if isinstance(body, str) else body
        length = [f"Content-Length: {len(data)}"] if data else []
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.host}", *fields, *length, "", ""])
        return self.ask(head.encode() + data, method)


def names_of(certificate: x509.Certificate) -> list:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


class H2Client:
    """HTTP/2 to `name` through the gateway. Events are read when somebody waits for an answer."""

    def __init__(self, school: School, name: str, port: int, *, authority=..., source="127.0.0.1", to: str | None = None, settings=None,
                 begin: bool = True):
        wire = Wire(school.proxy, source=source)
        assert wire.ask(connect(f"{to or name}:{port}")).status == 200
        self.pipe = TlsPipe(wire.socket, client_context(authority_of(school) if authority is ... else authority, ("h2",)), name=name)
        assert self.pipe.tls.selected_alpn_protocol() == "h2"
        self.authority = f"{name}:{port}"
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False)
        )
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.answers: dict[int, Answer] = {}
        self.ended: set[int] = set()
        self.resets: dict[int, int] = {}
        self.goaway: int | None = None
        self.closed = False
        if begin:
            self.h2.initiate_connection()
            self.h2.increment_flow_control_window(8 << 20)
            self.flush()

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.pipe.tls.getpeercert(binary_form=True))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pipe.close()

    def flush(self) -> None:
        self.pipe.sendall(self.h2.data_to_send())

    def begin(self, path: str, *fields: tuple[str, str], method: str = "GET", authority: str | None = None, ends: bool = True) -> int:
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", authority or self.authority), (":path", path), *fields]
        self.h2.send_headers(stream, head, end_stream=ends)
        self.flush()
        return stream

    def upload(self, stream: int, data: bytes, *, ends: bool = True) -> None:
        view = memoryview(data)
        while view:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if not room:
                self.more()
                continue
            self.h2.send_data(stream, bytes(view[:room]), end_stream=ends and room >= len(view))
            self.flush()
            view = view[room:]

    def more(self) -> None:
        """Reads what comes next."""
        data = self.pipe.recv()
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            stream = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.ResponseReceived):
                head = list(event.headers)
                self.answers[stream] = Answer(int(dict(head)[":status"]), b"", [(name, value) for name, value in head if name[0] != ":"])
            elif isinstance(event, h2.events.DataReceived):
                self.answers[stream].body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.TrailersReceived):
                self.answers[stream].trailers = list(event.headers)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(stream)
            elif isinstance(event, h2.events.StreamReset):
                self.resets[stream] = int(event.error_code)
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.goaway = int(event.error_code)
        self.flush()

    def until(self, condition, what: str) -> None:
        while not condition():
            assert not self.closed, f"the gateway closed before {what}"
            self.more()

    def head(self, stream: int) -> Answer:
        self.until(lambda: stream in self.answers or stream in self.resets, "an answer")
        assert stream in self.answers, f"stream {stream} was reset with {self.resets[stream]}"
        return self.answers[stream]

    def whole(self, stream: int) -> Answer:
        self.until(lambda: stream in self.ended or stream in self.resets, "the end of an answer")
        assert stream in self.ended, f"stream {stream} was reset with {self.resets.get(stream)}"
        return self.answers[stream]

    def get(self, path: str, *fields: tuple[str, str], method: str = "GET", body: bytes = b"", authority: str | None = None) -> Answer:
        stream = self.begin(path, *fields, method=method, authority=authority, ends=not body)
        if body:
            self.upload(stream, body)
        return self.whole(stream)


@dataclasses.dataclass
class Curled:
    code: int
    status: int
    version: str
    body: str
    said: str


def curl(school: School, url: str, *arguments: str, http: str = "1.1", authority=..., source: str | None = None) -> Curled:
    """curl with this authority and no other; `http` is what it offers: "1.1" or "2"."""
    trusted = authority_of(school) if authority is ... else authority
    done = subprocess.run(
        ["curl", "-sS", "--max-time", str(int(TIMEOUT * 3)), "--cacert", str(trusted), f"--http{http}", "--proxy", f"http://127.0.0.1:{school.proxy}",
         *(["--interface", source] if source else []), "-w", "\n%{json}", *arguments, url],
        capture_output=True, stdin=subprocess.DEVNULL,
    )
    body, _, facts = done.stdout.decode("utf-8", "replace").rpartition("\n")
    told = json.loads(facts) if facts.startswith("{") else {}
    return Curled(done.returncode, told.get("http_code", 0), told.get("http_version", ""), body, done.stderr.decode())
