"""What every product is asked: a hostile client or server, and what must not come of it.

A question passes when the harm did not happen: nothing ambiguous was forwarded, the blocked site or the private address was
not reached, the bad certificate brought no page, the slow client held nobody up, and the product still runs. Which status
or words it answers with does not matter.
"""

import dataclasses
import re
import socket
import ssl
import sys
import time
from collections.abc import Callable

from hostile_messages import ANSWERS, FRAMINGS, RAW_REQUESTS
from world import BLOCKED, INSIDE, ROOT, SECRET, World

sys.path.insert(0, str(ROOT / "tests/e2e"))
from parts.hello import hello_for, into_records, with_extension, with_name  # noqa: E402

PATIENCE = 4.0


@dataclasses.dataclass
class Question:
    group: str
    name: str
    ask: Callable  # (world, product, token) -> bool
    applies: Callable = lambda product: True


QUESTIONS: list[Question] = []


def question(group: str, name: str, applies=lambda product: True):
    def add(ask):
        QUESTIONS.append(Question(group, name, ask, applies))
        return ask

    return add


# --- talking -----------------------------------------------------------------------------------------------------------


def talk(port: int, *pieces: bytes, patience: float = PATIENCE, pause: float = 0.0) -> bytes:
    """Sends the pieces; everything that comes back until the other side closes or is quiet for `patience`."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while data := connection.recv(65536):
                answer += data
        except OSError:
            pass
        return answer


def tunnel(product, authority: str) -> socket.socket | None:
    """A connection on which a hello may follow; None when it was refused."""
    connection = socket.create_connection(("127.0.0.1", product.tls_port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not product.connect:
        return connection
    connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
    head = b""
    try:
        while b"\r\n\r\n" not in head:
            if not (data := connection.recv(65536)):
                return None
            head += data
    except OSError:
        return None
    return connection if re.match(rb"HTTP/1\.[01] 200", head) else None


# --- what a forwarded message must look like ----------------------------------------------------------------------------

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def ambiguous_head(head: bytes) -> str | None:
    if re.search(rb"\r(?!\n)|(?<!\r)\n", head):
        return "a bare CR or LF"
    lines = head.split(b"\r\n")
    lengths, codings = [], []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):
            return f"a field that is none: {line[:40]!r}"
        if re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value):
            return f"a control character in {name!r}"
        if name.lower() == b"content-length":
            lengths.append(value.strip(b" \t"))
        if name.lower() == b"transfer-encoding":
            codings.append(value.strip(b" \t").lower())
    if len(lengths) > 1 or len(codings) > 1 or (lengths and codings):
        return f"two framings: {lengths} {codings}"
    if lengths and not re.fullmatch(rb"\d{1,18}", lengths[0]):
        return f"Content-Length {lengths[0]!r}"
    if codings and codings[0] != b"chunked":
        return f"Transfer-Encoding {codings[0]!r}"
    return None


def framing_of(head: bytes) -> tuple[int | None, bool]:
    length = re.search(rb"(?im)^content-length:[ \t]*(\d+)", head)
    return (int(length[1]) if length else None), bool(re.search(rb"(?im)^transfer-encoding:[ \t]*chunked", head))


def after_chunks(body: bytes) -> bytes | None:
    """What follows a chunked body; None when it is no well-formed one, b"" also when it has not come to its end."""
    while body:
        line, mark, rest = body.partition(b"\r\n")
        if not mark:
            return b""
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}(;[^\x00-\x08\x0a-\x1f]*)?", line):
            return None
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while True:
                line, mark, rest = rest.partition(b"\r\n")
                if not mark or not line:
                    return rest
        if len(rest) >= size + 2 and rest[size : size + 2] != b"\r\n":
            return None
        body = rest[size + 2 :]
    return b""


def ambiguous_request(data: bytes) -> str | None:
    """Why two servers could read this differently; None when they cannot."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        return "a head without an end"
    if not re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP/1\.[01]", head.split(b"\r\n", 1)[0]):
        return f"a request line that is none: {head.splitlines()[0][:60]!r}"
    if problem := ambiguous_head(head):
        return problem
    length, chunked = framing_of(head)
    if chunked:
        rest = after_chunks(rest)
        if rest is None:
            return "chunks that are none"
    else:
        rest = rest[length or 0 :]
    return f"bytes behind the request: {rest[:40]!r}" if rest else None


def ambiguous_answer(data: bytes) -> str | None:
    while re.match(rb"HTTP/1\.[01] 1\d\d", data):
        data = data.partition(b"\r\n\r\n")[2]
    if not data:
        return None  # closed without an answer: nobody can mistake that
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark or not re.match(rb"HTTP/1\.[01] \d{3}( |$|\r)", head):
        return f"no answer that can be read: {data[:60]!r}"
    if problem := ambiguous_head(head):
        return problem
    length, chunked = framing_of(head)
    if re.match(rb"HTTP/1\.[01] (204|304)", head) and rest:
        return "a body where there is none"
    if chunked:
        return "chunks that are none" if after_chunks(rest) is None else None
    return "more body than it says" if length is not None and len(rest) > length else None


# --- framing of requests ---------------------------------------------------------------------------------------------------

def framing(fields: list[str], body: str):
    def ask(world: World, product, token: str) -> bool:
        head = "\r\n".join([f"POST http://allowed.example/{token} HTTP/1.1", "Host: allowed.example", *fields, "", ""])
        mark = world.web.mark()
        talk(product.port, (head + body).encode("latin-1"), patience=1.5)
        visits = world.reached(token.encode(), mark)
        time.sleep(0.6)  # the server still writes down what comes late
        if any(b"/smuggled HTTP" in visit.data and visit.address == BLOCKED for visit in world.web.since(mark)):
            pass  # another question's, or ours after its end: a request of its own is judged as one
        return product.alive() and all(ambiguous_request(visit.data) is None and hosts_of(visit.data) <= 1 for visit in visits)

    return ask


def hosts_of(data: bytes) -> int:
    return len(re.findall(rb"(?im)^host[ \t]*:", data.partition(b"\r\n\r\n")[0]))


for name, (fields, body) in FRAMINGS.items():
    question("framing of requests", name)(framing(fields, body))


def raw_request(name: str, text: str) -> None:
    @question("framing of requests", name)
    def ask(world, product, token):
        mark = world.web.mark()
        talk(product.port, text.replace("TOKEN", token).encode("latin-1"), patience=1.5)
        visits = world.reached(token.encode(), mark)
        time.sleep(0.6)
        return product.alive() and all(ambiguous_request(visit.data) is None for visit in visits)


for name, text in RAW_REQUESTS.items():
    raw_request(name, text)

# --- framing of answers ----------------------------------------------------------------------------------------------------

def answering(data: bytes):
    def ask(world: World, product, token: str) -> bool:
        world.web.answers[token.encode()] = data
        got = talk(product.port, f"GET http://allowed.example/{token} HTTP/1.1\r\nHost: allowed.example\r\nConnection: close\r\n\r\n".encode())
        if b"HTTP/1.1 101" in got[:16] and b"raw bytes" in got:
            return False
        return product.alive() and ambiguous_answer(got) is None

    return ask


for name, data in ANSWERS.items():
    question("framing of answers", name)(answering(data))

# --- a blocked site by another name ---------------------------------------------------------------------------------------


def names_blocked(visit) -> bool:
    host = re.search(rb"(?im)^host[ \t]*:[ \t]*([^\r\n]*)", visit.data)
    spelled = (host[1] if host else b"").lower().split(b":")[0].strip(b". \t")
    return visit.address == BLOCKED or spelled.endswith(b"blocked.example")


def blocked_site(name: str, request: str, applies=lambda product: True):
    @question("a blocked site by another name", name, applies)
    def ask(world, product, token):
        mark = world.web.mark()
        talk(product.port, request.replace("TOKEN", token).encode(), patience=1.5)
        return product.alive() and not any(names_blocked(visit) for visit in world.reached(token.encode(), mark))


def get(url: str, host: str) -> str:
    return f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


blocked_site("as it is", get("http://blocked.example/TOKEN", "blocked.example"))
blocked_site("below it", get("http://www.blocked.example/TOKEN", "www.blocked.example"))
blocked_site("in capitals", get("http://BLOCKED.eXample/TOKEN", "BLOCKED.eXample"))
blocked_site("with a dot behind", get("http://blocked.example./TOKEN", "blocked.example."))
blocked_site("with its port", get("http://blocked.example:80/TOKEN", "blocked.example:80"))
blocked_site("with a port of zeros", get("http://blocked.example:00080/TOKEN", "blocked.example:00080"))
blocked_site("behind a user", get("http://allowed.example@blocked.example/TOKEN", "blocked.example"))
blocked_site("behind a user, allowed Host", get("http://allowed.example@blocked.example/TOKEN", "allowed.example"))
blocked_site("with %62", get("http://%62locked.example/TOKEN", "%62locked.example"))
blocked_site("in full-width letters", get("http://ｂlocked.example/TOKEN", "ｂlocked.example"))
blocked_site("with an ideographic dot", get("http://blocked。example/TOKEN", "blocked。example"))
blocked_site("in the target, another in Host", get("http://blocked.example/TOKEN", "allowed.example"))
blocked_site("in Host, another in the target", get("http://allowed.example/TOKEN", "blocked.example"))
blocked_site("in the second Host", "GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nHost: blocked.example\r\nConnection: close\r\n\r\n")
blocked_site("HTTP/1.0 without Host", "GET http://blocked.example/TOKEN HTTP/1.0\r\n\r\n", lambda product: product.forward)
blocked_site("as the second of two in one packet", "GET http://allowed.example/first HTTP/1.1\r\nHost: allowed.example\r\n\r\n" + get("http://blocked.example/TOKEN", "blocked.example"))
blocked_site("with a tab in the request line", "GET\thttp://blocked.example/TOKEN\tHTTP/1.1\r\nHost: blocked.example\r\n\r\n")
blocked_site("with HTTP in capitals", get("HTTP://blocked.example/TOKEN", "blocked.example"))


def blocked_tunnel(name: str, authority: str, applies=lambda product: product.connect):
    @question("a blocked site by another name", name, applies)
    def ask(world, product, token):
        mark = world.web.mark()
        connection = tunnel(product, authority)
        if connection:
            with connection:
                try:
                    connection.sendall(f"GET /{token} HTTP/1.1\r\nHost: blocked.example\r\n\r\n".encode())
                except OSError:
                    pass
                return product.alive() and not world.reached(token.encode(), mark)
        return product.alive()


blocked_tunnel("CONNECT", "blocked.example:443")
blocked_tunnel("CONNECT in capitals, with a dot", "BLOCKED.example.:443")
blocked_tunnel("CONNECT to port 80 of another, asking for it inside", "allowed.example:80")
blocked_tunnel("CONNECT to port 443 of another, asking for it in clear", "allowed.example:443", lambda product: product.connect and product.tls_names)

# --- a blocked name inside TLS ------------------------------------------------------------------------------------------------


def sni(name: str, hello: Callable[[str], list[bytes]], passes_blocked: bool = False):
    @question("a blocked name inside TLS", name, lambda product: product.tls_names)
    def ask(world, product, token):
        mark = world.web.mark()
        connection = tunnel(product, "allowed.example:443")
        if not connection:
            return product.alive()
        with connection:
            try:
                for piece in hello(token):
                    connection.sendall(piece)
                    time.sleep(0.001)
            except OSError:
                pass
            return product.alive() and not [visit for visit in world.web.since(mark) + world.reached(token.encode(), mark) if token.encode() in visit.data.lower()]


def whole(data: bytes) -> list[bytes]:
    return [data]


sni("as it is", lambda token: whole(hello_for(f"{token}.blocked.example")))
sni("in capitals", lambda token: whole(with_name(hello_for(None), f"{token}.BLOCKED.EXAMPLE".encode())))
sni("with a dot behind", lambda token: whole(with_name(hello_for(None), f"{token}.blocked.example.".encode())))
sni("byte by byte", lambda token: [bytes([byte]) for byte in hello_for(f"{token}.blocked.example")])
sni("in records of 16 bytes", lambda token: whole(into_records(hello_for(f"{token}.blocked.example"), 16)))
sni("in records of 16 bytes, a packet each", lambda token: re.findall(rb"\x16\x03\x01\x00.[^\x16]*(?:\x16(?!\x03\x01\x00)[^\x16]*)*", into_records(hello_for(f"{token}.blocked.example"), 16), re.S))
sni("in a hello of 14 KB", lambda token: whole(with_extension(hello_for(f"{token}.blocked.example"), 21, b"\0" * 14000)))
sni("in a hello of 40 KB", lambda token: whole(with_extension(hello_for(f"{token}.blocked.example"), 21, b"\0" * 40000)))
sni("with a NUL behind an allowed name", lambda token: whole(with_name(hello_for(None), f"allowed.example\0{token}.blocked.example".encode())))
sni("no TLS at all", lambda token: whole(f"SSH-2.0-{token}\r\n".encode()))
sni("the old hello of SSLv2", lambda token: whole(b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + token.encode().ljust(32, b"x")))

# --- addresses that nobody may reach -------------------------------------------------------------------------------------------


def inside(name: str, host: str):
    @question("addresses that nobody may reach", name, lambda product: product.forward)
    def ask(world, product, token):
        mark = world.web.mark()
        talk(product.port, get(f"http://{host}/{token}", host).encode(), patience=1.5)
        return product.alive() and not world.reached(token.encode(), mark)


for spelling in ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]",
                 "[0:0:0:0:0:ffff:7f00:1]", "local.example", "127.0.0.1.", "①②⑦.0.0.1"):
    inside(spelling, spelling)
for address in INSIDE:
    inside(address, address)
inside("168364039 (10.9.8.7)", "168364039")
inside("[::ffff:10.9.8.7]", "[::ffff:10.9.8.7]")
inside("a name that leads to 10.9.8.7", "inside.example")
inside("a name that leads to 169.254.169.254", "metadata.example")


def inside_tunnel(name: str, authority: str):
    @question("addresses that nobody may reach", name, lambda product: product.forward and product.connect)
    def ask(world, product, token):
        mark = world.web.mark()
        connection = tunnel(product, authority)
        if not connection:
            return product.alive()
        with connection:
            try:
                connection.sendall(hello_for(f"{token}.example") if authority.endswith(":443") else token.encode() + b"\r\n")
            except OSError:
                pass
            return product.alive() and not world.reached(token.encode(), mark)


inside_tunnel("CONNECT 10.9.8.7:443", f"{INSIDE[0]}:443")
inside_tunnel("CONNECT inside.example:443", "inside.example:443")
inside_tunnel("CONNECT 169.254.169.254:443", f"{INSIDE[4]}:443")
for port in (22, 25, 6667):
    inside_tunnel(f"CONNECT to port {port}", f"allowed.example:{port}")


@question("addresses that nobody may reach", "itself", lambda product: product.forward)
def itself(world, product, token):
    begun = time.monotonic()
    answer = talk(product.port, get(f"http://127.0.0.1:{product.port}/{token}", f"127.0.0.1:{product.port}").encode())
    return product.alive() and time.monotonic() - begun < PATIENCE and not re.match(rb"HTTP/1\.[01] 200", answer)


# --- certificates that must not be believed ----------------------------------------------------------------------------------------


def page_of(product, name: str) -> bytes:
    """What a client that trusts the gateway's authority alone gets of https://NAME/."""
    connection = tunnel(product, f"{name}:443")
    if not connection:
        return b""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(product.authority)
    got = b""
    try:
        with connection, context.wrap_socket(connection, server_hostname=name) as tls:
            tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            while data := tls.recv(65536):
                got += data
    except (OSError, ssl.SSLError):
        pass
    return got


def bad_certificate(site: str, name: str):
    @question("certificates that must not be believed", name, lambda product: product.opens)
    def ask(world, product, token):
        return product.alive() and SECRET not in page_of(product, f"{site}.tls.example")


for site, name in {"expired": "expired", "early": "not yet valid", "wrong-name": "of another name", "unknown": "of an unknown authority",
                   "self-signed": "self-signed", "wildcard.deep": "a wildcard two labels away", "common-name": "the name in CN only",
                   "not-an-authority": "signed by one who may not sign"}.items():
    bad_certificate(site, name)

# --- slow clients -----------------------------------------------------------------------------------------------------------------


def let_go(first: bytes, drip: bytes, longest: float = 65.0):
    def ask(world, product, token):
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", product.port), timeout=5) as connection:
            connection.settimeout(3)
            try:
                connection.sendall(first.replace(b"TOKEN", token.encode()))
                while time.monotonic() - begun < longest:
                    try:
                        if not connection.recv(65536):
                            return product.alive()
                    except TimeoutError:
                        if drip:
                            connection.sendall(drip)
            except OSError:
                return product.alive()
        return False

    return ask


question("slow clients", "a head that grows by a byte every three seconds is let go within 65 s")(
    let_go(b"GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: allowed.example\r\nX: ", b"a"))
question("slow clients", "half a head, then nothing: let go within 65 s")(let_go(b"GET http://allowed.example/TOKEN HTTP/1.1\r\nHost: al", b""))
question("slow clients", "a connection that says nothing is let go within 65 s")(let_go(b"", b""))


@question("slow clients", "400 of them do not keep another waiting for 3 s")
def others_are_served(world, product, token):
    held = []
    try:
        for number in range(400):
            # From as many addresses as a school has pupils: a limit for one client is no answer to the question.
            source = (f"127.0.{1 + number // 200}.{1 + number % 200}", 0)
            try:
                connection = socket.create_connection(("127.0.0.1", product.port), timeout=2, source_address=source)
                connection.sendall(b"GET http://allowed.example/ HTTP/1.1\r\nHost: allowed.exa")
                held.append(connection)
            except OSError:
                break
        answer = talk(product.port, get(f"http://allowed.example/{token}", "allowed.example").encode(), patience=3)
        return product.alive() and SECRET in answer
    finally:
        for connection in held:
            connection.close()
