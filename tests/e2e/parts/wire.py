"""HTTP/1 as bytes: a client that sends exactly what a test says and reads exactly one answer at a time."""

import dataclasses
import socket

TIMEOUT = 10.0


@dataclasses.dataclass
class Answer:
    status: int
    head: bytes
    fields: list[tuple[str, str]]
    body: bytes = b""
    trailers: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def get(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]


def parse_fields(lines: list[bytes]) -> list[tuple[str, str]]:
    fields = []
    for line in lines:
        name, _, value = line.partition(b":")
        fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return fields


class Wire:
    """One TCP connection to the proxy (or to anything). Use as a context manager."""

    def __init__(self, port: int, *, source: str = "127.0.0.1", host: str = "127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=TIMEOUT, source_address=(source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def send_in_pieces(self, data: bytes, size: int = 1) -> "Wire":
        """Every piece leaves as a segment of its own (TCP_NODELAY)."""
        for start in range(0, len(data), size):
            self.socket.sendall(data[start : start + size])
        return self

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def read(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self._more():
                raise AssertionError(f"closed after {len(self.buffer)} of {size} bytes: {self.buffer[:300]!r}")
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            if not self._more():
                raise AssertionError(f"closed before {mark!r}: {self.buffer[:300]!r}")
        end = self.buffer.index(mark) + len(mark)
        data, self.buffer = self.buffer[:end], self.buffer[end:]
        return data

    def read_to_end(self) -> bytes:
        while self._more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def closed(self) -> bool:
        """True when the other side has closed without another byte (an RST counts)."""
        try:
            return not self.buffer and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def read_head(self) -> Answer:
        head = self.read_until(b"\r\n\r\n")
        lines = head[:-4].split(b"\r\n")
        version, status, *_ = lines[0].split(b" ", 2)
        assert version in (b"HTTP/1.1", b"HTTP/1.0"), lines[0]
        return Answer(int(status), head, parse_fields(lines[1:]))

    def read_answer(self, method: str = "GET", *, interim: bool = False) -> Answer:
        """One whole answer; 1xx are skipped unless `interim` (then the first head that comes is returned)."""
        while True:
            answer = self.read_head()
            if answer.status >= 200 or answer.status == 101:
                break
            if interim:
                return answer
        if method == "HEAD" or answer.status in (101, 204, 304) or (method == "CONNECT" and answer.status == 200):
            return answer
        if "chunked" in (answer.get("Transfer-Encoding") or "").lower():
            answer.body, answer.trailers = self.read_chunks()
        elif answer.get("Content-Length") is not None:
            answer.body = self.read(int(answer.get("Content-Length")))
        else:
            answer.body = self.read_to_end()
        return answer

    def read_chunks(self) -> tuple[bytes, list[tuple[str, str]]]:
        body = b""
        while True:
            size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            body += self.read(size)
            assert self.read(2) == b"\r\n"
        trailers = []
        while (line := self.read_until(b"\r\n")) != b"\r\n":
            trailers.append(line[:-2])
        return body, parse_fields(trailers)

    def ask(self, request: str | bytes, method: str | None = None) -> Answer:
        data = request.encode("utf-8") if isinstance(request, str) else request
        return self.send(data).read_answer(method or data.split(b" ", 1)[0].decode())


def get(url: str, *fields: str, method: str = "GET", body: str = "") -> str:
    """A request in absolute form as a browser sends it to a proxy."""
    host = url.split("//", 1)[1].split("/", 1)[0]
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{method} {url} HTTP/1.1", f"Host: {host}", *fields, *length, "", ""]) + body


def fetch(port: int, url: str, *fields: str, source: str = "127.0.0.1", method: str = "GET", body: str = "") -> Answer:
    """One request on a connection of its own."""
    with Wire(port, source=source) as wire:
        return wire.ask(get(url, *fields, method=method, body=body))


def connect(authority: str, *fields: str) -> str:
    return "\r\n".join([f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *fields, "", ""])
