"""Our canonicaliser beside the URL parser of Node, which browsers' standard (WHATWG) is written for: the same host, or a refusal.

Spellings are put together at random, with a fixed seed, from the pieces that have fooled filters: users before an @, ports, escapes,
backslashes, dots of other scripts, numbers for addresses, brackets, tabs. A pupil's browser is a WHATWG parser: where it reads another
host than the filter, the filter has judged something that was not asked for.
"""

import ipaddress
import json
import os
import pathlib
import random
import subprocess

import pytest

TOOL = os.environ["SCHOOLGATE_CANONICAL_URLS"]
CORPUS = pathlib.Path(__file__).resolve().parents[1] / "fuzz/corpus"
HOW_MANY = int(os.environ.get("SCHOOLGATE_URLS", "50000"))

NODE = """
const lines = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(lines.map(line => {
  try {
    const url = new URL(line);
    const port = url.port || {'http:': '80', 'ws:': '80', 'https:': '443', 'wss:': '443', 'ftp:': '21'}[url.protocol];
    return url.hostname ? `${url.hostname} ${port}` : '-';
  } catch { return '-'; }
})));
"""

SCHEMES = ["http://", "https://", "HTTP://", "https:/\\", "http:\\\\", "https:///", "ht\ttp://"]
USERS = ["", "", "", "", "allowed.example@", "a:b@", "a@b@", "allowed.example:80@", "%40@", "a\\@"]
LABELS = ["blocked", "BLOCKED", "bloCked", "%62locked", "%2562locked", "ｂlocked", "b\u00adlocked", "blo\tcked", "www", "xn--nxasmq6b", "faß", "a_b", "-a", "é", "xn--a", "b%6cocked",
          "xn--bcher-kva", "bücher", "∂", "a--b", "1", "0x1"]
DOTS = [".", ".", ".", "。", "．", "｡", "%2e", "..", "%E3%80%82"]
ENDS = ["example", "EXAMPLE", "com", "ex%61mple", "example.", "example%2E", "example。", "co.uk", "ﬁsh"]
ADDRESSES = ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "１２７.0.0.1", "127.0.0.1.", "0x7f.0x0.0x0.0x1", "4294967295", "4294967296", "256.1.1.1", "1.2.3.4.5", "1.2.3", "08.1.1.1",
             "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[1::2::3]", "[fe80::1%25eth0]", "[::1", "::1", "0x", "0", "1e3", "192.0.2.1%00"]
PORTS = ["", "", "", "", ":80", ":443", ":8080", ":", ":00080", ":65535", ":65536", ":-1", ":8a", ":８０"]
PATHS = ["", "/", "/a", "?b", "#c", "\\d", "/%2e%2e/e", "/a@b.example/", "?u=http://x.example/", "//f"]


def spellings(count: int) -> list[str]:
    chance = random.Random(20261122)
    found = []
    for _ in range(count):
        if chance.random() < 0.25:
            host = chance.choice(ADDRESSES)
        else:
            host = chance.choice(DOTS).join(chance.choices(LABELS, k=chance.randint(1, 2))) + chance.choice(DOTS) + chance.choice(ENDS)
        text = chance.choice(SCHEMES) + chance.choice(USERS) + host + chance.choice(PORTS) + chance.choice(PATHS)
        if chance.random() < 0.2:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice("@:/\\?#[]%. \t\u3002\u200d") + text[at:]
        found.append(text)
    return found


def readable(text: str) -> bool:
    return "\n" not in text and "\r" not in text and "\0" not in text


@pytest.fixture(scope="module")
def read() -> list[tuple[str, str, str]]:
    """(URL, how we read it, how Node reads it)."""
    lines = [text for text in spellings(HOW_MANY) if readable(text)]
    for folder in ("url", "url_differential", "nested_urls"):
        texts = [path.read_bytes().decode("utf-8", errors="ignore") for path in sorted((CORPUS / folder).iterdir())]
        lines += [text for text in texts if readable(text) and "://" in text]
    ours = subprocess.run([TOOL], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True, encoding="utf-8").stdout.splitlines()
    node = subprocess.run(["node", "-e", NODE], input=json.dumps(lines), capture_output=True, text=True, check=True, encoding="utf-8").stdout
    theirs = json.loads(node)
    assert len(lines) == len(ours) == len(theirs)
    return list(zip(lines, ours, theirs))


def plain(host_and_port: str) -> str:
    """Without the brackets and the one last dot, which we drop and WHATWG keeps."""
    host, _, port = host_and_port.rpartition(" ")
    return f"{host.strip('[]').rstrip('.')} {port}"


def same(ours: str, theirs: str) -> bool:
    if plain(ours) == plain(theirs):
        return True
    # We read IPv4 inside IPv6 as the IPv4 address that it leads to.
    try:
        address = ipaddress.ip_address(plain(theirs).rpartition(" ")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped is not None and plain(ours) == f"{mapped} {theirs.rpartition(' ')[2]}"


def test_where_both_read_it_the_host_is_the_same(read):
    other = [(url, ours, theirs) for url, ours, theirs in read if "-" not in (ours, theirs) and not same(ours, theirs)]
    assert other == [], f"{len(other)} of {len(read)}, the first: {other[:10]}"


def test_enough_is_read_by_both_to_mean_something(read):
    both = sum(1 for _, ours, theirs in read if "-" not in (ours, theirs))
    assert both > len(read) / 10, f"{both} of {len(read)}"
