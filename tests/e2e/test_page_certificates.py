"""The desk and the sign-in page, as a device sees them that trusts the school's authority and nothing else."""

import datetime
import os
import pathlib
import re
import ssl
import subprocess

import pytest
from cryptography import x509

from parts.inspected import authority_of, make_authority
from parts.school import School, free_port
from parts.waiting import wait_for

DESK, SIGN_IN = "gate-1", "signin.school.example"


@pytest.fixture
def pages(new_inspecting):
    """A school that looks inside, with a desk and a sign-in page, not started yet."""
    school = new_inspecting()
    school.desk, school.portal = free_port(), free_port()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(
        "  metrics:", f'  console: "127.0.0.1:{school.desk}"\n  portal_tls: ["127.0.0.1:{school.portal}"]\n  metrics:', 1
    ) + f"identity:\n  sources: [sign-in]\n  sign_in: {{ networks: [\"127.0.4.0/24\"], host: {SIGN_IN} }}\n"
    return school


def started(school) -> School:
    school.start()
    wait_for(lambda: "the desk is open" in school.words(), "the desk to be open")
    return school


def fetch(school, name: str, port: int, *, cacert: pathlib.Path | None, path: str = "/") -> subprocess.CompletedProcess:
    trusts = ["--cacert", str(cacert), "--capath", "/nonexistent"] if cacert else ["--insecure"]
    return subprocess.run(
        ["curl", "-sS", "-i", "--noproxy", "*", "--resolve", f"{name}:{port}:127.0.0.1", *trusts, f"https://{name}:{port}{path}"],
        capture_output=True, text=True, timeout=30)


def shown(port: int) -> x509.Certificate:
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())


def test_a_device_that_trusts_the_authority_alone_opens_both(pages):
    started(pages)
    authority = authority_of(pages)
    for name, port in ((DESK, pages.desk), ("127.0.0.1", pages.desk), ("localhost", pages.desk), (SIGN_IN, pages.portal)):
        done = fetch(pages, name, port, cacert=authority)
        assert done.returncode == 0, (name, done.stderr)
        assert "strict-transport-security" not in done.stdout.lower(), "who loses the authority would be locked out"
    assert fetch(pages, "another.example", pages.desk, cacert=authority).returncode == 60, "it names what it should and no more"
    for file, port in (("console", pages.desk), ("portal", pages.portal)):
        certificate = shown(port)
        lifetime = certificate.not_valid_after - certificate.not_valid_before
        assert lifetime <= datetime.timedelta(days=199), lifetime
        assert certificate.issuer == x509.load_pem_x509_certificate(authority.read_bytes()).subject
        assert (pages.state / f"{file}.key").stat().st_mode & 0o777 == 0o600
    before = (pages.state / "console.crt").read_bytes()
    pages.stop()
    started(pages)
    assert (pages.state / "console.crt").read_bytes() == before, "a restart makes none anew"


def test_without_an_authority_they_sign_themselves_until_one_is_made(pages):
    """And the authority's key is never with the gateway: it is asked for a signature, in a process that has it."""
    subprocess.run(["rm", "-r", str(pages.state / "ca")], check=True)
    started(pages)
    assert shown(pages.desk).issuer == shown(pages.desk).subject
    assert "its certificate signs itself" in pages.words()
    make_authority(pages)
    pages.command("reload")
    wait_for(lambda: fetch(pages, DESK, pages.desk, cacert=authority_of(pages)).returncode == 0, "the desk to have another certificate", 90)
    wait_for(lambda: fetch(pages, SIGN_IN, pages.portal, cacert=authority_of(pages)).returncode == 0, "the sign-in page too", 90)


def test_they_follow_a_renewed_authority_and_a_new_address(pages):
    pages.files["alerts.yaml"] = f'recipients: {{}}\nconsole: "https://gate-1:{pages.desk}"\n'
    started(pages)
    pages.command("ca renew")
    new = pages.folder / "new.pem"
    pages.command("ca export", "--output", str(new), "--only", "coming")
    assert fetch(pages, DESK, pages.desk, cacert=new).returncode == 60
    pages.command("ca renew --switch")
    wait_for(lambda: fetch(pages, DESK, pages.desk, cacert=new).returncode == 0, "the desk to follow", 90)
    wait_for(lambda: fetch(pages, SIGN_IN, pages.portal, cacert=new).returncode == 0, "the sign-in page to follow", 90)
    assert fetch(pages, "desk.school.example", pages.desk, cacert=new).returncode == 60
    pages.edit("alerts.yaml", "https://gate-1:", "https://desk.school.example:")
    pages.command("reload")
    wait_for(lambda: fetch(pages, "desk.school.example", pages.desk, cacert=new).returncode == 0, "the desk to go by its new name", 30)


def test_a_certificate_of_the_school_is_left_alone(pages):
    school_key, school_crt = pages.state / "console.key", pages.state / "console.crt"
    pages.state.mkdir(exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=desk.school.example",
         "-addext", "subjectAltName=DNS:desk.school.example", "-keyout", str(school_key), "-out", str(school_crt)], check=True, capture_output=True)
    school_key.chmod(0o600)
    before = school_crt.read_bytes(), school_key.read_bytes()
    started(pages)
    assert shown(pages.desk).subject.rfc4514_string() == "CN=desk.school.example"
    pages.command("ca renew")
    pages.command("ca renew --switch")
    wait_for(lambda: "with another authority" in pages.words(), "the switch")
    pages.stop()
    started(pages)
    assert (school_crt.read_bytes(), school_key.read_bytes()) == before
    assert shown(pages.portal).issuer != shown(pages.portal).subject, "the other page goes on having its own"


def test_a_browser_opens_the_desk_without_a_warning(pages, tmp_path):
    started(pages)
    link = re.search(r"https://\S+/set-up/\S+", pages.words())[0]

    def title(home: pathlib.Path) -> str:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        done = subprocess.run(
            ["chromium", "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", *root, f"--user-data-dir={home}/profile", "--no-proxy-server", "--dump-dom", link],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=os.environ | {"HOME": str(home)})
        return (re.search(r"<title>(.*?)</title>", done.stdout, re.S) or ["", ""])[1].strip()

    trusting, stranger = tmp_path / "trusting", tmp_path / "stranger"
    store = trusting / ".pki/nssdb"
    store.mkdir(parents=True)
    stranger.mkdir()
    subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True, capture_output=True)
    subprocess.run(["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "school", "-i", str(authority_of(pages))], check=True, capture_output=True)
    warned, opened = title(stranger), title(trusting)
    assert "Schoolgate" in opened or "account" in opened.lower(), opened
    assert opened != warned, "who does not trust the authority is warned"
