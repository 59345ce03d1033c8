"""A real browser that trusts the school's authority, as a managed device does."""

import json
import os
import subprocess

import pytest

from parts.inspected import authority_of, inspecting_school
from parts.origins import Nginx
from parts.tls_origins import key_pem, pem
from parts.waiting import wait_for

FLAGS = (
    "--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --proxy-bypass-list=<-loopback>"
).split()

CERTIFICATE_AUTHORITY_INVALID = -202  # what the browser calls a certificate of somebody it does not know

NAMES = ["forum.example", "allowed.example", "blocked.example", "games.example", "expired.example"]

# A page that says what it saw of the rest of its host. It is of the host itself, so nothing but the filter is in the way.
PAGE = """<!doctype html><title>waiting</title><body><script>
async function look(path) {
  const answer = await fetch(path);
  return `${path}=${answer.status}/${(await answer.text()).includes("Childline") ? "page" : "content"}`;
}
function talk() {
  return new Promise(done => {
    const socket = new WebSocket(`wss://${location.host}/socket`);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = event => done(event.data);
    socket.onerror = () => done("failed");
  });
}
(async () => {
  const seen = [performance.getEntriesByType("navigation")[0].nextHopProtocol, await look("/maths"), await look("/casino/roulette")];
  if (location.hash === "#socket") await fetch("/told/" + await talk());
  document.body.textContent = "seen: " + seen.join(" ");
})();
</script>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, web_authority):
    """nginx with HTTP/2, and a page of ours."""
    folder = tmp_path_factory.mktemp("certificates")
    issued = web_authority[0].issue(*NAMES[:-1])
    (folder / "certificate.pem").write_bytes(pem(issued.certificate))
    (folder / "key.pem").write_bytes(key_pem(issued.key))
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), folder, http2=True, settings="location = /page.html { try_files /page.html =404; }")
    (nginx.folder / "www/page.html").write_text(PAGE)
    yield nginx
    nginx.stop()


@pytest.fixture(scope="module")
def gate(tmp_path_factory, web_authority, server, names):
    school = inspecting_school(tmp_path_factory.mktemp("gate"), trust=web_authority[1], ports=[server.tls], dns_port=names.port)
    school.edit("rules/school.yaml", "block:\n", 'block:\n  - { url: "expired.example/x/", category: gambling }\n')
    school.files["hosts"] += "127.0.0.1 expired.example\n"
    school.start()
    yield school
    school.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory, gate, web_authority):
    """A device whose certificate store has the authority of the web and the one of the school."""
    folder = tmp_path_factory.mktemp("home")
    store = folder / ".pki/nssdb"
    store.mkdir(parents=True)
    subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True, capture_output=True)
    for name, file in (("web", web_authority[1]), ("school", authority_of(gate))):
        subprocess.run(["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", name, "-i", str(file)], check=True, capture_output=True)
    return folder


def command(gate, folder) -> list[str]:
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return ["chromium", *FLAGS, *root, f"--user-data-dir={folder}/profile", f"--proxy-server=http://127.0.0.1:{gate.proxy}"]


@pytest.fixture
def browse(gate, home, tmp_path):
    device = home

    def open_page(url: str, *more: str, home=device) -> tuple[str, dict]:
        """The page's DOM as the browser has it in the end, and its own log of the network."""
        log = tmp_path / "net.json"
        more = ["--dump-dom", "--virtual-time-budget=20000", f"--log-net-log={log}", "--net-log-capture-mode=Everything", *more]
        done = subprocess.run(
            [*command(gate, tmp_path), *more, url],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=os.environ | {"HOME": str(home)},
        )
        return done.stdout, json.loads(log.read_text())

    return open_page


def issuers_in(log: dict) -> str:
    """Every certificate that the browser saw, as text: who vouches for whom."""
    texts = []
    for event in log["events"]:
        for certificate in event.get("params", {}).get("certificates", []):
            done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-issuer"], input=certificate, capture_output=True, text=True)
            texts.append(done.stdout)
    return "".join(texts)


def test_a_page_of_an_opened_host_works_and_one_address_of_it_is_blocked(browse, gate, server):
    page, log = browse(f"https://forum.example:{server.tls}/page.html")
    assert "seen: h2 /maths=200/content /casino/roulette=403/page" in page
    assert "Test School" in issuers_in(log)
    record = gate.attempts()[-1]
    assert record["url"].startswith(f"https://forum.example:{server.tls}/casino/roulette") and record["initiated"] == "page"


def test_the_block_page_is_shown_inside_tls(browse, gate, server):
    page, _ = browse(f"https://forum.example:{server.tls}/casino/roulette?player=anna")
    assert "Childline" in page and "https GET" not in page
    record = gate.attempts()[-1]
    assert record["initiated"] == "user" and "anna" not in json.dumps(record)


def test_a_blocked_site_shows_its_page_through_the_explicit_proxy(browse, gate, server):
    before = len(gate.attempts())
    page, _ = browse(f"https://blocked.example:{server.tls}/slots")
    assert "Childline" in page and "https GET" not in page
    records = gate.attempts()[before:]
    assert records and {record["site"] for record in records} == {"blocked.example"}
    assert {(record["method"], record["stage"]) for record in records} == {("CONNECT", "connect")}


def test_a_host_without_a_rule_arrives_with_its_own_certificate(browse, server):
    page, log = browse(f"https://allowed.example:{server.tls}/lesson")
    assert "https GET allowed.example /lesson" in page
    issuers = issuers_in(log)
    assert "Test authority of the web" in issuers and "Test School" not in issuers


def test_a_warning_is_shown_inside_tls(browse, server):
    page, _ = browse(f"https://games.example:{server.tls}/play")
    assert "<button" in page and "schoolgate-continue" in page


def test_a_bad_certificate_is_refused_with_its_reason(browse, server):
    page, _ = browse(f"https://expired.example:{server.tls}/")
    assert "for another name" in page and "https GET" not in page


def test_without_the_authority_nothing_is_shown_and_the_filter_notes_it(browse, gate, server, tmp_path):
    before = gate.metric("inspection_distrusted_total")
    page, log = browse(f"https://forum.example:{server.tls}/maths", home=tmp_path)
    assert "https GET" not in page and "Childline" not in page
    assert CERTIFICATE_AUTHORITY_INVALID in {event.get("params", {}).get("net_error") for event in log["events"]}
    wait_for(lambda: gate.metric("inspection_distrusted_total") > before, "the counter")


@pytest.mark.parametrize("name", ["allowed.example"], ids=["untouched"])
def test_a_websocket_beside_an_http2_page(gate, home, server, tmp_path, name):
    """The page says over HTTP what it heard over the WebSocket."""
    browser = subprocess.Popen(
        [*command(gate, tmp_path), "--remote-debugging-port=0", f"https://{name}:{server.tls}/page.html#socket"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"HOME": str(home)},
    )
    try:
        told = wait_for(lambda: [line for line in server.requests() if f" {name} /told/" in line], "the page's word")
        assert told[0].endswith("/told/hello")
    finally:
        browser.terminate()
        browser.wait(timeout=20)
