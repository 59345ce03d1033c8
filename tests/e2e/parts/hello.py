"""ClientHello as bytes: real ones from OpenSSL, changed and cut as a test wants; and TLS over a socket by hand."""

import socket
import ssl
import struct

ENCRYPTED_CLIENT_HELLO = 0xFE0D
ACCESS_DENIED = 49


class TlsClient:
    """A TLS client whose every flight passes through the test."""

    def __init__(self, name: str | None, authority=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if authority:
            context.load_verify_locations(authority)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if name is None:
            context.check_hostname = False
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def hello(self) -> bytes:
        """The first flight: one record with the ClientHello."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def pump(self, connection: socket.socket, step):
        """Runs step() (a call into self.tls) to its end over `connection`."""
        while True:
            try:
                result = step()
                connection.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                connection.sendall(self.outgoing.read())
                data = connection.recv(65536)
                if not data:
                    raise ConnectionError("closed in the middle of TLS") from None
                self.incoming.write(data)

    def get(self, connection: socket.socket, host: str, path: str = "/") -> bytes:
        """Finishes the handshake (the hello has been sent) and asks for one page; the whole answer."""
        self.pump(connection, self.tls.do_handshake)
        self.pump(connection, lambda: self.tls.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()))
        answer = b""
        while True:
            try:
                data = self.pump(connection, lambda: self.tls.read(65536))
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError):
                return answer
            if not data:
                return answer
            answer += data


def hello_for(name: str | None) -> bytes:
    return TlsClient(name).hello()


def into_records(record: bytes, size: int) -> bytes:
    """The same handshake message in records of `size` bytes each."""
    message = record[5:]
    pieces = [message[start : start + size] for start in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack("!H", len(piece)) + piece for piece in pieces)


def with_extension(record: bytes, kind: int, data: bytes) -> bytes:
    """The hello with one more extension; the lengths around it corrected."""
    body = bytearray(record[9:])
    at = 2 + 32  # version, random
    at += 1 + body[at]  # session id
    at += 2 + struct.unpack_from("!H", body, at)[0]  # cipher suites
    at += 1 + body[at]  # compression
    body += struct.pack("!HH", kind, len(data)) + data
    struct.pack_into("!H", body, at, len(body) - at - 2)
    message = b"\x01" + struct.pack("!I", len(body))[1:] + bytes(body)
    first = b"\x16\x03\x01" + struct.pack("!H", len(message)) + message
    return first if len(message) <= 16384 else into_records(b"\x16\x03\x01\x00\x00" + message, 16384)


def with_name(record: bytes, name: bytes) -> bytes:
    """A hello made without a name, with this one as its SNI, whatever bytes it holds."""
    entry = b"\x00" + struct.pack("!H", len(name)) + name
    return with_extension(record, 0, struct.pack("!H", len(entry)) + entry)


def alert_of(data: bytes) -> int | None:
    """The description of the TLS alert that `data` is, if it is one."""
    return data[6] if len(data) >= 7 and data[0] == 0x15 else None
