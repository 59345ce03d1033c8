"""Edges of opened connections: names that are never opened, what is promised to clients, sites that want a certificate."""

import ssl
import subprocess

import h2.settings
import pytest

from parts.door import Door
from parts.inspected import H2Client, InspectedWire, curl
from parts.tls_origins import TlsOrigin


def test_a_name_that_is_never_opened_is_not_opened_inside_a_tunnel_to_another_host(new_inspecting, site):
    school = new_inspecting(never="reading.example").start()
    before = school.metric("inspected_total")
    with pytest.raises(Exception):  # an alert: never a certificate of ours, and no way round the rules of the other host
        InspectedWire(school, "reading.example", site.port, to="forum.example")
    assert school.metric("inspected_total") == before
    assert any("another-server-name" in record["reason"]["rule"] for record in school.attempts())


def test_websockets_over_http2_are_offered_only_where_the_web_site_takes_them(inspecting, site):
    with H2Client(inspecting, "forum.example", site.port) as client:
        assert client.get("/first").status == 200
        assert client.h2.remote_settings.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL, 0) == 0


def test_an_idle_http1_connection_does_not_take_http2_from_later_clients(new_inspecting, site):
    school = new_inspecting(limits="workers: 1").start()
    url = f"https://forum.example:{site.port}/maths"
    assert curl(school, url, http="1.1").version == "1.1"
    assert curl(school, url, http="2").version == "2"


def test_a_web_site_that_wants_a_certificate_of_its_visitors_is_told_apart(new_inspecting, web_authority):
    """TLS-22: over TLS 1.3 it says so only after the handshake."""
    context = web_authority[0].issue("forum.example").context()
    context.verify_mode, context.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(web_authority[1])
    origin = TlsOrigin(context)
    try:
        school = new_inspecting(ports=[origin.port]).start()
        for http in ("1.1", "2"):
            answer = curl(school, f"https://forum.example:{origin.port}/maths", http=http)
            assert answer.status == 502 and "certificate of their own" in answer.body
    finally:
        origin.stop()


@pytest.mark.parametrize("group", ["ffdhe2048", "ffdhe8192", "X448"])
def test_groups_that_no_browser_needs_are_refused(inspecting, site, group):
    door = Door(inspecting, "forum.example", site.port)
    done = subprocess.run(
        ["openssl", "s_client", "-tls1_3", "-groups", group, "-servername", "forum.example", "-connect", f"127.0.0.1:{door.port}"],
        input="", capture_output=True, text=True, timeout=30)
    door.stop()
    assert done.returncode != 0 and "BEGIN CERTIFICATE" not in done.stdout, group
