"""The TLS that the gateway speaks with clients of opened connections, as a grader sees it (INT-10, INT-15)."""

import json
import os
import ssl
import subprocess

import pytest

from parts.door import Door
from parts.inspected import authority_of, client_context
from parts.wire import Wire, connect

# What testssl.sh says against us, and why that stays: certificates of the filter are for the school's own devices and
# live at most 199 days; there is no public registry, list or responder for them.
ACCEPTED = {"cert_revocation", "cert_crlDistributionPoints", "cert_ocspURL", "OCSP_stapling", "DNS_CAArecord", "certificate_transparency"}


@pytest.fixture(scope="module")
def door(inspecting, site):
    door = Door(inspecting, "forum.example", site.port)
    yield door
    door.stop()


def shake(inspecting, site, context: ssl.SSLContext) -> ssl.SSLSocket:
    wire = Wire(inspecting.proxy)
    assert wire.ask(connect(f"forum.example:{site.port}")).status == 200
    return context.wrap_socket(wire.socket, server_hostname="forum.example")


V = ssl.TLSVersion


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [V.TLSv1, V.TLSv1_1], ids=["1.0", "1.1"])
def test_old_versions_are_refused(inspecting, site, version):
    context = client_context(authority_of(inspecting))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
        shake(inspecting, site, context)


@pytest.mark.parametrize(
    "ciphers",
    ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA",
     "ECDHE-ECDSA-AES128-CCM8"],
)
def test_suites_without_forward_secrecy_or_authenticated_encryption_are_refused(inspecting, site, ciphers):
    context = client_context(authority_of(inspecting))
    context.maximum_version = V.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
        shake(inspecting, site, context)


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3], ids=["1.2", "1.3"])
def test_what_is_spoken(inspecting, site, version):
    context = client_context(authority_of(inspecting))
    context.minimum_version = context.maximum_version = version
    with shake(inspecting, site, context) as tls:
        name, _, bits = tls.cipher()
        assert ("GCM" in name or "CHACHA20" in name) and bits >= 128 and ("ECDHE" in name or version == V.TLSv1_3)
        assert tls.compression() is None
        tls.sendall(f"GET /ticket HTTP/1.1\r\nHost: forum.example:{site.port}\r\n\r\n".encode())
        assert tls.recv(65536).startswith(b"HTTP/1.1 200")
        assert not tls.session.has_ticket, "a session could be resumed"
        session = tls.session
    wire = Wire(inspecting.proxy)
    assert wire.ask(connect(f"forum.example:{site.port}")).status == 200
    with context.wrap_socket(wire.socket, server_hostname="forum.example", session=session) as again:
        assert not again.session_reused


def test_renegotiation_is_refused(door, inspecting):
    """"R" makes s_client begin a second handshake in the middle of TLS 1.2."""
    done = subprocess.run(
        ["openssl", "s_client", "-tls1_2", "-CAfile", str(authority_of(inspecting)), "-servername", "forum.example", "-connect", f"127.0.0.1:{door.port}"],
        input="R\n", capture_output=True, text=True, timeout=30,
    )
    assert "Verify return code: 0" in done.stdout and "RENEGOTIATING" in done.stdout + done.stderr, done.stdout + done.stderr
    assert "no renegotiation" in done.stderr or "handshake failure" in done.stderr or "ssl/tls alert" in done.stderr, done.stderr


def test_early_data_is_not_taken(door, inspecting):
    done = subprocess.run(
        ["openssl", "s_client", "-tls1_3", "-CAfile", str(authority_of(inspecting)), "-servername", "forum.example", "-connect", f"127.0.0.1:{door.port}"],
        input="", capture_output=True, text=True, timeout=30,
    )
    assert "Verify return code: 0" in done.stdout and "Max Early Data" not in done.stdout
    assert "Early data was not sent" in done.stdout and "TLS session ticket" not in done.stdout


def test_testssl_has_nothing_to_say(door, inspecting, tmp_path, capsys, record_property):
    done = subprocess.run(
        ["testssl", "-p", "-s", "-f", "-P", "-S", "-U", "--warnings=batch", "--quiet", "--color", "0", "-n", "none", "--ip", "127.0.0.1", "--openssl", "/usr/bin/openssl",
         "--add-ca", str(authority_of(inspecting)), "--jsonfile", str(tmp_path / "findings.json"), f"https://forum.example:{door.port}/"],
        capture_output=True, text=True, timeout=500, stdin=subprocess.DEVNULL, cwd=tmp_path, env=os.environ | {"TERM": "dumb"},
    )
    findings = json.loads((tmp_path / "findings.json").read_text())
    record_property("testssl", done.stdout)
    with capsys.disabled():
        print("\n" + done.stdout)
    told = {finding["id"].split(" ")[0]: finding["finding"] for finding in findings}
    forward_secrecy = told.get("FS") or told["PFS"]  # releases name it differently
    assert told["TLS1_2"].startswith("offered") and told["TLS1_3"].startswith("offered") and forward_secrecy.startswith("offered"), told
    assert told["cert_chain_of_trust"].startswith(("passed", "Ok")), told
    against = [f"{finding['severity']} {finding['id']}: {finding['finding']}" for finding in findings
               if finding["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL") and finding["id"].split(" ")[0] not in ACCEPTED]
    assert not against, "\n".join(against)
