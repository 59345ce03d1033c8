"""Web sites over TLS whose certificates and answers a test chooses: authorities, certificates, a server for both.

Certificates are made when a test asks for them, by cryptography or, where it refuses (MD5), by openssl. Nothing is copied
from anywhere.
"""

import collections
import dataclasses
import datetime
import ipaddress
import pathlib
import queue
import ssl
import subprocess
import tempfile
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from parts.origins import Server, read_head
from parts.wire import TIMEOUT, parse_fields

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)


def validity(certificate: x509.Certificate) -> tuple[datetime.datetime, datetime.datetime]:
    """notBefore and notAfter in UTC, without a zone: newer releases of cryptography know both by another name."""
    if hasattr(certificate, "not_valid_before_utc"):
        return certificate.not_valid_before_utc.replace(tzinfo=None), certificate.not_valid_after_utc.replace(tzinfo=None)
    return certificate.not_valid_before, certificate.not_valid_after


# --- certificates ------------------------------------------------------------------------------------------------------


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@dataclasses.dataclass
class Issued:
    """A certificate with its key; `chain` is what its server sends behind it."""

    certificate: x509.Certificate
    key: object
    chain: tuple = ()

    def context(self, *, alpn=("h2", "http/1.1"), weak: bool = False) -> ssl.SSLContext:
        """A server's settings with this certificate. `weak`: whatever OpenSSL still knows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if weak:
            context.set_ciphers("ALL:@SECLEVEL=0")
        with _file(pem(self.certificate, *self.chain) + key_pem(self.key)) as path:
            context.load_cert_chain(path)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


class _file:
    """OpenSSL reads certificates from files only."""

    def __init__(self, data: bytes):
        self.file = tempfile.NamedTemporaryFile(suffix=".pem")
        self.file.write(data)
        self.file.flush()

    def __enter__(self) -> str:
        return self.file.name

    def __exit__(self, *_):
        self.file.close()


class Authority:
    """Whoever signs. A root when made by itself; `issue_authority()` makes those in between."""

    def __init__(self, name: str = "Test authority of the web", *, key=None, certificate=None, chain=()):
        self.key = key or new_key()
        self.chain = chain  # from this one up to, and without, its root
        self.certificate = certificate or self._sign(
            self._builder(name, self.key.public_key(), self.key.public_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
        )

    @property
    def name(self) -> x509.Name:
        return self.certificate.subject

    def _builder(self, common_name: str | None, public_key, issuer_key, issuer: x509.Name, *, begins=None, ends=None):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins or now() - 2 * DAY)
            .not_valid_after(ends or now() + 30 * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        )

    def _sign(self, builder, digest=None) -> x509.Certificate:
        return builder.sign(self.key, digest or hashes.SHA256())

    def issue_authority(self, name: str, *, is_authority: bool = True, path_length=None, constraints=None, **dates) -> "Authority":
        """One in between. `is_authority` False: a certificate that may not sign, and signs all the same."""
        key = new_key()
        builder = self._builder(name, key.public_key(), self.key.public_key(), self.name, **dates)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=path_length), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=is_authority), critical=True)
        if constraints:
            builder = builder.add_extension(constraints, critical=True)
        made = self._sign(builder)
        return Authority(key=key, certificate=made, chain=(made, *self.chain))

    def issue(self, *names: str, common_name: str | None = "", key=None, purpose=ExtendedKeyUsageOID.SERVER_AUTH, extra=(),
              send_chain: bool = True, digest=None, **dates) -> Issued:
        """A certificate for `names`; without any it has no alternative names. `extra`: (extension, critical)."""
        key = key or new_key()
        common = (names[0] if names else None) if common_name == "" else common_name
        if common and len(common) > 64:
            common = None
        builder = self._builder(common, key.public_key(), self.key.public_key(), self.name, **dates)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        if purpose:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return Issued(self._sign(builder, digest), key, self.chain if send_chain else ())

    def issue_with_openssl(self, folder: pathlib.Path, name: str, digest: str) -> Issued:
        """With a digest that only openssl still signs with."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signer = Authority(f"Authority that signs with {digest}", key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
        signer.certificate = self._sign(
            self._builder(f"Signs with {digest}", signer.key.public_key(), self.key.public_key(), self.name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
        )
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "request.pem").write_bytes(request.public_bytes(serialization.Encoding.PEM))
        (folder / "signer.pem").write_bytes(pem(signer.certificate))
        (folder / "signer.key").write_bytes(key_pem(signer.key))
        (folder / "ext").write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\n")
        done = subprocess.run(
            ["openssl", "x509", "-req", "-in", "request.pem", "-CA", "signer.pem", "-CAkey", "signer.key", f"-{digest}", "-days", "20",
             "-extfile", "ext", "-set_serial", "77"],
            cwd=folder, capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        return Issued(x509.load_pem_x509_certificate(done.stdout), key, (signer.certificate,))

    def write(self, path: pathlib.Path) -> pathlib.Path:
        path.write_bytes(pem(self.certificate))
        return path


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates, encipher_only=False, decipher_only=False,
    )


# --- TLS for two threads -------------------------------------------------------------------------------------------------


class TlsPipe:
    """TLS over a connected socket: one thread may read while others write (OpenSSL's objects are not safe for that)."""

    def __init__(self, connection, context: ssl.SSLContext, *, server_side: bool = False, name: str | None = None):
        self.connection = connection
        self.lock, self.turn = threading.Lock(), threading.Lock()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server_side, server_hostname=name)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._take()
            except ssl.SSLError:
                self._flush()
                raise
        self._flush()

    def _flush(self) -> None:
        if self.outgoing.pending:
            self.connection.sendall(self.outgoing.read())

    def _take(self) -> None:
        data = self.connection.recv(262144)
        with self.lock:
            if data:
                self.incoming.write(data)
            else:
                self.incoming.write_eof()

    def recv(self, size: int = 262144) -> bytes:
        """b"" at the end, however it came."""
        while True:
            try:
                with self.lock:
                    return self.tls.read(size)
            except ssl.SSLWantReadError:
                pass
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            self._take()

    def sendall(self, data: bytes) -> None:
        with self.turn:
            with self.lock:
                view = memoryview(data)
                while view:
                    view = view[self.tls.write(view) :]
                out = self.outgoing.read()
            self.connection.sendall(out)

    def close(self) -> None:
        self.connection.close()


# --- the server ----------------------------------------------------------------------------------------------------------


class Call:
    """One request at the origin, HTTP/1.1 or HTTP/2, and the means to answer it piece by piece."""

    def __init__(self, method: str, target: str, host: str, fields, version: str, connection: int):
        self.method, self.target, self.host, self.version, self.connection = method, target, host, version, connection
        self.fields: list[tuple[str, str]] = fields
        self.trailers: list[tuple[str, str]] = []

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def body(self):
        """The request's body, as its pieces come."""
        raise NotImplementedError

    def start(self, status: int, *fields: tuple[str, str], ends: bool = False) -> None:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        raise NotImplementedError

    def end(self, *trailers: tuple[str, str]) -> None:
        raise NotImplementedError

    def answer(self, body: bytes | str, *fields: tuple[str, str], status: int = 200) -> None:
        """A whole answer with its length."""
        data = body.encode() if isinstance(body, str) else body
        self.start(status, ("Content-Length", str(len(data))), *fields, ends=not data)
        if data:
            if self.method != "HEAD":
                self.send(data)
            self.end()


class _Call1(Call):
    def __init__(self, pipe, rest, *of):
        super().__init__(*of)
        self.pipe, self.rest, self.chunked, self.keep = pipe, rest, False, True

    def body(self):
        if "chunked" in (self.get("Transfer-Encoding") or ""):
            while size := int(self._line().split(b";")[0], 16):
                yield self._take(size)
                assert self._take(2) == b"\r\n"
            while line := self._line():
                self.trailers += parse_fields([line])
        else:
            left = int(self.get("Content-Length") or 0)
            while left:
                if not self.rest:
                    self.rest = self._more()
                piece, self.rest = self.rest[:left], self.rest[left:]
                left -= len(piece)
                yield piece

    def _more(self) -> bytes:
        data = self.pipe.recv()
        if not data:
            raise ConnectionError("the gateway closed in the middle of a body")
        return data

    def _line(self) -> bytes:
        while b"\r\n" not in self.rest:
            self.rest += self._more()
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line

    def _take(self, size: int) -> bytes:
        while len(self.rest) < size:
            self.rest += self._more()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def start(self, status, *fields, ends=False):
        names = {name.lower() for name, _ in fields}
        bodyless = self.method == "HEAD" or status in (204, 304) or status < 200
        self.chunked = not ends and not bodyless and "content-length" not in names
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in fields)]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif ends and not bodyless and "content-length" not in names:
            lines.append("Content-Length: 0")
        self.pipe.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, data):
        self.pipe.sendall(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def end(self, *trailers):
        if self.chunked:
            self.pipe.sendall(b"0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers) + b"\r\n")

    def raw(self, data: bytes) -> None:
        """Bytes past HTTP: after a 101."""
        self.pipe.sendall(data)


class _Call2(Call):
    def __init__(self, link, stream, *of):
        super().__init__(*of)
        self.link, self.stream, self.pieces, self.over = link, stream, queue.Queue(), False

    def body(self):
        while (piece := self.pieces.get(timeout=TIMEOUT * 3)) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def start(self, status, *fields, ends=False):
        head = [(":status", str(status)), *((name.lower(), value) for name, value in fields)]
        self.link.do(lambda h: h.send_headers(self.stream, head, end_stream=ends))

    def send(self, data):
        self.link.send(self.stream, data, self)

    def end(self, *trailers):
        if trailers:
            self.link.do(lambda h: h.send_headers(self.stream, [(name.lower(), value) for name, value in trailers], end_stream=True))
        else:
            self.link.do(lambda h: h.end_stream(self.stream))

    def reset(self, code: int) -> None:
        self.link.do(lambda h: h.reset_stream(self.stream, code))


class _Link2:
    """A connection of the h2 origin: its state machine under a lock, windows waited for."""

    def __init__(self, pipe, settings):
        self.pipe, self.changed = pipe, threading.Condition()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.closed = False
        self.do(lambda h: (h.initiate_connection(), h.increment_flow_control_window(4 << 20)))

    def do(self, step) -> None:
        with self.changed:
            step(self.h2)
            self.pipe.sendall(self.h2.data_to_send())

    def send(self, stream: int, data: bytes, call) -> None:
        view = memoryview(data)
        while view:
            with self.changed:
                try:
                    while not (room := min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)):
                        if not self.changed.wait(TIMEOUT * 3) or self.closed or call.over:
                            raise ConnectionError("no window")
                    self.h2.send_data(stream, bytes(view[:room]))
                except h2.exceptions.ProtocolError as gone:  # the other end has reset the stream
                    raise ConnectionError(str(gone)) from gone
                self.pipe.sendall(self.h2.data_to_send())
            view = view[room:]


class TlsOrigin(Server):
    """A web server over TLS. `contexts` says by server name which certificate it shows; `default` is for every other.

    Answers come from `handlers` (path -> function(call)); any other path answers what was asked. What happened is kept:
    `handshakes` (name, protocol), `failures` (name, error), `calls`.
    """

    def __init__(self, default: ssl.SSLContext, contexts: dict[str, ssl.SSLContext] | None = None, **settings):
        self.default, self.contexts, self.settings = default, contexts or {}, settings.get("h2_settings", {})
        self.handlers = {}
        self.handshakes: list[tuple[str, str]] = []
        self.failures: list[tuple[str, str]] = []
        self.calls: list[Call] = []
        default.sni_callback = self._named
        super().__init__()

    def on(self, path: str):
        def add(function):
            self.handlers[path] = function
            return function

        return add

    def _named(self, tls, name, _context):
        tls.asked_for = name or ""
        if name in self.contexts:
            tls.context = self.contexts[name]

    def serve(self, connection):
        connection.settimeout(TIMEOUT * 3)
        try:
            pipe = TlsPipe(connection, self.default, server_side=True)
        except (ssl.SSLError, OSError) as error:
            self.failures.append(("", str(error)))
            return
        name, protocol = getattr(pipe.tls, "asked_for", ""), pipe.tls.selected_alpn_protocol() or ""
        self.handshakes.append((name, protocol))
        number = len(self.handshakes)
        try:
            if protocol == "h2":
                self._serve2(pipe, number)
            else:
                self._serve1(pipe, number)
        except h2.exceptions.ProtocolError as error:
            self.failures.append((name, repr(error)))

    def _answer(self, call: Call) -> None:
        self.calls.append(call)
        handler = self.handlers.get(call.target.split("?")[0])
        if handler:
            handler(call)
        else:
            collections.deque(call.body(), maxlen=0)
            call.answer(f"<title>{call.host}</title><p>{call.method} {call.host} {call.target} over {call.version}</p>\n",
                        ("Content-Type", "text/html"))

    def _serve1(self, pipe, number):
        rest = b""
        while True:
            head, rest = read_head(pipe, rest)
            if not head:
                return
            lines = head[:-4].split(b"\r\n")
            method, target, _ = lines[0].decode("latin-1").split(" ")
            fields = parse_fields(lines[1:])
            host = next((value for name, value in fields if name.lower() == "host"), "")
            call = _Call1(pipe, rest, method, target, host, fields, "1.1", number)
            self._answer(call)
            rest = call.rest
            if not call.keep:
                return

    def _serve2(self, pipe, number):
        link = _Link2(pipe, self.settings)
        streams: dict[int, _Call2] = {}
        try:
            while data := pipe.recv():
                with link.changed:
                    events = link.h2.receive_data(data)
                    for event in events:
                        if isinstance(event, h2.events.RequestReceived):
                            streams[event.stream_id] = self._begin2(link, event, number)
                        elif isinstance(event, h2.events.DataReceived):
                            link.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                            streams[event.stream_id].pieces.put(event.data)
                        elif isinstance(event, h2.events.TrailersReceived):
                            streams[event.stream_id].trailers = list(event.headers)
                        elif isinstance(event, h2.events.StreamEnded):
                            streams[event.stream_id].pieces.put(None)
                        elif isinstance(event, h2.events.StreamReset):
                            streams[event.stream_id].over = True
                            streams[event.stream_id].pieces.put(ConnectionError("reset"))
                    link.changed.notify_all()
                    pipe.sendall(link.h2.data_to_send())
        finally:
            with link.changed:
                link.closed = True
                link.changed.notify_all()
            for call in streams.values():
                call.pieces.put(ConnectionError("closed"))

    def _begin2(self, link, event, number) -> _Call2:
        head = dict(event.headers)
        fields = [(name, value) for name, value in event.headers if not name.startswith(":")]
        call = _Call2(link, event.stream_id, head[":method"], head.get(":path", ""), head.get(":authority", ""), fields, "2", number)

        def run():
            try:
                self._answer(call)
            except (OSError, h2.exceptions.ProtocolError) as error:
                self.failures.append((call.target, repr(error)))

        threading.Thread(target=run, daemon=True).start()
        return call
