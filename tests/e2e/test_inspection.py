"""Looking inside TLS where a rule needs more than the name: which hosts, with what certificate, and what comes of it."""

import datetime
import json
import os
import re
import signal
import ssl
import stat
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from parts.hello import ACCESS_DENIED, alert_of, hello_for
from parts.inspected import H2Client, InspectedWire, authority_of, curl, inspecting_school, make_authority, names_of
from parts.ports import free_port
from parts.school import STAFF
from parts.tls_origins import now, validity
from parts.waiting import wait_for
from parts.wire import Wire, connect


def url(site, name: str, path: str = "/") -> str:
    return f"https://{name}:{site.port}{path}"


def shown_by(school, name: str, port: int) -> x509.Certificate:
    """The certificate that a client is shown, whatever it is."""
    with InspectedWire(school, name, port, authority=None) as wire:
        return wire.certificate


def is_ours(school, certificate: x509.Certificate) -> bool:
    return certificate.issuer == x509.load_pem_x509_certificate(authority_of(school).read_bytes()).subject


# --- the authority -----------------------------------------------------------------------------------------------------


def test_ca_create_makes_a_private_authority_once(new_school):
    school = new_school()
    school.write()
    said = school.command("ca create").stdout
    folder = school.state / "ca"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    keys = [file for file in folder.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert [stat.S_IMODE(file.stat().st_mode) for file in keys] == [0o600]
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    done = school.command("ca create", check=1)
    assert "exists" in done.stderr or "already" in done.stderr, done.stderr
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    fingerprint = re.search(r"SHA-256 ([0-9A-Fa-f:]{64,95})", said)
    assert fingerprint, said


def test_the_authority_is_p256_for_ten_years_and_signs_no_other(inspecting):
    authority = x509.load_pem_x509_certificate(authority_of(inspecting).read_bytes())
    assert isinstance(authority.public_key().curve, ec.SECP256R1)
    basic = authority.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
    assert basic.critical and basic.value.ca and basic.value.path_length == 0
    usage = authority.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    assert usage.key_cert_sign and not usage.digital_signature and not usage.key_encipherment
    begins, ends = validity(authority)
    assert 3640 <= (ends - begins).days <= 3660
    assert authority.subject == authority.issuer and "Test School" in authority.subject.rfc4514_string()


def test_two_schools_have_different_authorities(new_school):
    keys = []
    for school in (new_school(), new_school()):
        school.write()
        made = x509.load_pem_x509_certificate(make_authority(school).read_bytes())
        keys.append(made.public_key().public_numbers())
        assert validity(made)[0] <= now()
    assert keys[0] != keys[1]


def test_ca_export_as_pem_der_and_page(inspecting, tmp_path):
    text = inspecting.command("ca export").stdout
    certificate = x509.load_pem_x509_certificate(text.encode())
    inspecting.command("ca export", "--format", "der", "--output", str(tmp_path / "a.crt"))
    assert x509.load_der_x509_certificate((tmp_path / "a.crt").read_bytes()) == certificate
    inspecting.command("ca export", "--format", "page", "--output", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert text.strip() in page
    for steps in ("Group Policy", "Intune", "Google Admin", "iPad", "Android", "Firefox"):
        assert steps in page, steps
    assert not re.search(r"<(script|link|img|iframe|object)\b", page) and "url(" not in page and "@import" not in page
    for exported in (text, page, (tmp_path / "a.crt").read_bytes().decode("latin-1")):
        assert "PRIVATE KEY" not in exported
    assert inspecting.command("ca export", "--format", "p12", check=2).stdout == ""


def test_without_an_authority_nothing_can_be_exported_and_nothing_is_opened(new_school, web):
    school = new_school()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace('mode: "off"', "mode: selective")
    school.start()
    assert "ca create" in school.command("ca export", check=1).stderr
    assert "ca create" in school.words()
    with Wire(school.proxy) as wire:
        assert wire.ask(connect(f"blocked.example:{web.tls}")).status == 403


# --- which hosts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_one_address_of_a_host_is_blocked_and_the_rest_works(new_inspecting, site, http):
    inspecting = new_inspecting().start()
    blocked = curl(inspecting, url(site, "forum.example", "/casino/roulette"), http=http)
    assert (blocked.code, blocked.status, blocked.version) == (0, 403, http) and "Childline" in blocked.body, blocked
    allowed = curl(inspecting, url(site, "forum.example", "/maths"), http=http)
    assert (allowed.code, allowed.status, allowed.version) == (0, 200, http), allowed
    assert f"GET forum.example:{site.port} /maths over {http}" in allowed.body
    assert not any("/casino" in call.target for call in site.calls)


def test_a_host_without_a_rule_arrives_with_its_own_certificate(inspecting, site, web_authority):
    before = inspecting.metric("spliced_total"), inspecting.metric("inspected_total")
    answer = curl(inspecting, url(site, "allowed.example", "/x"), authority=web_authority[1])
    assert (answer.code, answer.status) == (0, 200)
    assert curl(inspecting, url(site, "allowed.example", "/x")).code == 60, "the filter's authority vouched for it"
    assert shown_by(inspecting, "allowed.example", site.port).issuer == web_authority[0].name
    assert inspecting.metric("spliced_total") == before[0] + 3
    assert inspecting.metric("inspected_total") == before[1]
    assert inspecting.wait_for_decision(host="allowed.example", method="CONNECT")["inspected"] is False


def test_a_name_blocked_inside_an_allowed_connect_gets_the_page(inspecting, site):
    before = len(site.handshakes)
    with InspectedWire(inspecting, "blocked.example", site.port, to="allowed.example") as wire:
        assert is_ours(inspecting, wire.certificate)
        answer = wire.get("/odds?stake=5")
    assert answer.status == 403 and b"Childline" in answer.body and "no-store" in answer.get("Cache-Control")
    record = next(record for record in reversed(inspecting.attempts()) if record["site"] == "blocked.example")
    assert record["url"].startswith(f"https://blocked.example:{site.port}/odds") and "stake" not in record["url"]
    assert not any(name == "blocked.example" for name, _ in site.handshakes[before:]), "the web site was reached"


def test_a_client_that_knows_http2_only_gets_the_page_too(inspecting, site):
    with H2Client(inspecting, "blocked.example", site.port, to="allowed.example") as client:
        answer = client.get("/odds")
    assert answer.status == 403 and b"Childline" in answer.body


def test_a_client_that_does_not_trust_the_page_s_certificate_is_recorded_all_the_same(inspecting, site, web_authority):
    before = len(inspecting.attempts())
    with pytest.raises(ssl.SSLCertVerificationError):
        InspectedWire(inspecting, "blocked.example", site.port, to="allowed.example", authority=web_authority[1])
    record = wait_for(lambda: inspecting.attempts()[before:], "the record")[-1]
    assert record["site"] == "blocked.example" and record["stage"] == "client_hello"


def test_blocked_at_connect_is_accepted_and_the_page_is_inside(inspecting, site):
    before = len(inspecting.attempts())
    with InspectedWire(inspecting, "blocked.example", site.port) as wire:
        assert len(inspecting.attempts()) == before + 1, "the record is there before anything is asked inside"
        answer = wire.get("/slots")
    assert answer.status == 403 and b"Childline" in answer.body and answer.get("Connection") == "close"
    records = inspecting.attempts()[before:]
    assert [(record["site"], record["method"], record["stage"]) for record in records] == [("blocked.example", "CONNECT", "connect")]
    assert records[0]["reference"].encode() in answer.body


def test_explain_says_the_same_of_it_as_before(inspecting):
    told = json.loads(inspecting.command("explain", "https://blocked.example/slots", "--json", check=None).stdout)
    assert (told["action"], told["reason"]["tier"]) == ("block", "local")


def test_mode_off_says_access_denied_as_before(new_inspecting, site):
    school = new_inspecting(mode="off").start()
    with Wire(school.proxy) as wire:
        assert wire.ask(connect(f"allowed.example:{site.port}")).status == 200
        wire.send(hello_for("blocked.example"))
        assert alert_of(wire.read_to_end()) == ACCESS_DENIED
    assert not is_ours(school, shown_by(school, "forum.example", site.port))
    assert school.metric("inspected_total") == 0


@pytest.mark.parametrize("mode", ["selective", "always"])
def test_never_wins(new_inspecting, site, mode):
    school = new_inspecting(mode=mode, never="forum.example, games, blocked.example").start()
    assert not is_ours(school, shown_by(school, "forum.example", site.port))
    # A warning has no page to be shown in, so the site is refused; and a blocked name ends with an alert.
    with Wire(school.proxy) as wire:
        assert wire.ask(connect(f"games.example:{site.port}")).status == 403
    with Wire(school.proxy) as wire:
        assert wire.ask(connect(f"forum.example:{site.port}")).status == 200
        wire.send(hello_for("blocked.example"))
        assert alert_of(wire.read_to_end()) == ACCESS_DENIED
    assert school.metric("inspected_total") == 0


def test_mode_always_opens_what_no_rule_names(new_inspecting, site):
    school = new_inspecting(mode="always", never="reading.example").start()
    for name in ("allowed.example", "other.example"):
        assert is_ours(school, shown_by(school, name, site.port))
    assert not is_ours(school, shown_by(school, "reading.example", site.port))
    answer = curl(school, url(site, "allowed.example", "/everything"), http="2")
    assert answer.status == 200 and "/everything over 2" in answer.body


def test_help_and_banks_are_not_opened_by_mode_always(new_inspecting, site):
    school = new_inspecting(mode="always")
    school.files["hosts"] += "127.0.0.1 www.childline.org.uk www.paypal.com\n"
    school.start()
    for name in ("www.childline.org.uk", "www.paypal.com"):
        assert not is_ours(school, shown_by(school, name, site.port)), name


def test_a_group_that_the_rules_say_nothing_about_is_not_opened(new_inspecting, site):
    school = new_inspecting()
    school.edit("rules/school.yaml", 'category: gambling, why: "reported by a teacher" }', 'category: gambling, groups: [pupils] }')
    school.start()
    with InspectedWire(school, "forum.example", site.port, authority=None) as wire:
        assert is_ours(school, wire.certificate)
    with InspectedWire(school, "forum.example", site.port, authority=None, source=STAFF) as wire:
        assert not is_ours(school, wire.certificate)


def test_explain_says_which_hosts_are_opened(inspecting):
    for name, expected in (("forum.example/maths", True), ("allowed.example/", False), ("www.paypal.com/", False)):
        told = json.loads(inspecting.command("explain", f"https://{name}", "--group", "pupils", "--json").stdout)
        assert told["inspect"] is expected, told


# --- the certificate -----------------------------------------------------------------------------------------------------


def test_the_certificate_is_for_the_name_alone_and_short(inspecting, site):
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        leaf = wire.certificate
    assert names_of(leaf) == [x509.DNSName("forum.example")]
    assert isinstance(leaf.public_key().curve, ec.SECP256R1)
    begins, ends = validity(leaf)
    assert ends - begins <= datetime.timedelta(days=199)
    assert datetime.timedelta(hours=20) <= now() - begins <= datetime.timedelta(hours=28)
    assert leaf.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value.ca is False
    assert list(leaf.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    authority = x509.load_pem_x509_certificate(authority_of(inspecting).read_bytes())
    assert leaf.public_key().public_numbers() != authority.public_key().public_numbers()
    authority.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes, ec.ECDSA(leaf.signature_hash_algorithm))


def test_a_page_of_our_own_is_vouched_for_a_day_only(inspecting, site):
    with InspectedWire(inspecting, "blocked.example", site.port, to="allowed.example") as wire:
        begins, ends = validity(wire.certificate)
        assert ends <= now() + datetime.timedelta(days=1)
        assert "filter" in wire.certificate.subject.rfc4514_string()


def test_every_certificate_has_a_serial_of_its_own(new_inspecting, site):
    school = new_inspecting(mode="always").start()
    names = ["allowed.example", "other.example", "forum.example", "front.example", "social.example", "sealed.example"]
    leaves = [shown_by(school, name, site.port) for name in names]
    assert all(is_ours(school, leaf) for leaf in leaves)
    serials = {leaf.serial_number for leaf in leaves}
    assert len(serials) == len(names) and all(serial.bit_length() > 64 for serial in serials)
    assert all(names_of(leaf) == [x509.DNSName(name)] for name, leaf in zip(names, leaves))


def test_a_host_without_sni_is_opened_by_the_name_of_connect(inspecting, site):
    with InspectedWire(inspecting, None, site.port, to="forum.example") as wire:
        assert is_ours(inspecting, wire.certificate)
        wire.host = f"forum.example:{site.port}"
        assert wire.get("/casino/").status == 403
        assert wire.get("/maths").status == 200


# --- inside ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["allowed.example", "blocked.example", "www.forum.example", "forum.example.blocked.example"])
def test_another_host_inside_is_421(inspecting, site, host):
    before = len(site.calls)
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        wire.host = f"{host}:{site.port}"
        assert wire.get("/").status == 421
    with H2Client(inspecting, "forum.example", site.port) as client:
        assert client.get("/", authority=f"{host}:{site.port}").status == 421
        assert client.get("/maths").status == 200, "one stream ended the others"
    assert [call.target for call in site.calls[before:]] == ["/maths"]


def test_connect_inside_is_refused(inspecting, site):
    before = len(site.calls)
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        answer = wire.ask(connect(f"forum.example:{site.port}"))
        assert answer.status in (400, 405, 501)
    with H2Client(inspecting, "forum.example", site.port) as client:
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [(":method", "CONNECT"), (":authority", f"forum.example:{site.port}")])
        client.flush()
        client.until(lambda: stream in client.answers or stream in client.resets, "a refusal")
        assert stream in client.resets or client.answers[stream].status in (400, 405, 501)
    assert len(site.calls) == before


def test_an_absolute_target_inside_is_refused(inspecting, site):
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        assert wire.get(f"http://blocked.example:{site.port}/").status == 400


def test_a_warning_inside_tls_can_be_continued(inspecting, site, web_authority):
    with InspectedWire(inspecting, "games.example", site.port) as wire:
        warning = wire.get("/play?level=1")
        assert warning.status == 403 and b"<button" in warning.body
        action = re.search(rb'action="([^"]+)"', warning.body).group(1).decode().replace("&amp;", "&")
        answer = wire.get(action, method="POST")
        assert answer.status in (302, 303) and answer.get("Location").endswith("/play?level=1")
        assert b"/play?level=1 over 1.1" in wire.get("/play?level=1").body
    # The pass is for this device and site: the next connection is let through, and needs no more looking into.
    assert curl(inspecting, url(site, "games.example", "/next"), http="2", authority=web_authority[1]).status == 200
    record = next(record for record in reversed(inspecting.attempts()) if record["site"] == "games.example")
    assert record["action"] == "warn" and "/play" in record["url"] and "level" not in record["url"]


def test_the_record_has_the_path_and_not_the_query(inspecting, site):
    curl(inspecting, url(site, "forum.example", "/casino/table/7?player=anna&token=secret"))
    record = inspecting.attempts()[-1]
    assert record["url"].startswith(f"https://forum.example:{site.port}/casino/table/7")
    assert "anna" not in str(record) and "secret" not in str(record)
    assert (record["stage"], record["method"], record["action"]) == ("request", "GET", "block")


def test_a_decision_about_what_was_opened_says_so(inspecting, site):
    assert curl(inspecting, url(site, "forum.example", "/decided?q=1")).status == 200
    line = inspecting.wait_for_decision(url=f"https://forum.example:{site.port}/decided")
    assert line["inspected"] is True and line["action"] == "allow" and line["stage"] == "request"


def test_a_client_that_does_not_trust_us_is_counted_and_its_host_noted(inspecting, site, web_authority):
    before = inspecting.metric("inspection_distrusted_total")
    assert curl(inspecting, url(site, "forum.example"), authority=web_authority[1]).code == 60
    wait_for(lambda: inspecting.metric("inspection_distrusted_total") == before + 1, "the counter")
    inspecting.wait_for_decision(host="forum.example", action="refused", rule="client-distrusts-authority")


def test_opened_connections_are_counted(inspecting, site):
    before = inspecting.metric("inspected_total")
    assert curl(inspecting, url(site, "forum.example", "/1"), http="2").status == 200
    assert curl(inspecting, url(site, "forum.example", "/2")).status == 200
    assert inspecting.metric("inspected_total") == before + 2


def test_the_block_page_inside_tls_reflects_nothing_and_sets_no_cookie(inspecting, site):
    with InspectedWire(inspecting, "forum.example", site.port) as wire:
        answer = wire.get("/casino/<script>alert(1)</script>?q=%3Cimg%20src=x%3E")
    assert answer.status in (400, 403)
    assert b"<script>alert" not in answer.body and b"<img src=x" not in answer.body
    assert answer.get("Set-Cookie") is None and answer.get("Content-Security-Policy")


# --- the life of the gateway -----------------------------------------------------------------------------------------------


def test_a_reload_after_ca_create_begins_to_look_inside(tmp_path, web_authority, site, names):
    folder = tmp_path / "later"
    folder.mkdir()
    school = inspecting_school(folder, trust=web_authority[1], ports=[site.port], dns_port=names.port)
    for file in (school.state / "ca").iterdir():
        file.unlink()
    (school.state / "ca").rmdir()
    school.start()
    try:
        assert shown_by(school, "forum.example", site.port).issuer == web_authority[0].name
        make_authority(school)
        school.command("reload")
        wait_for(lambda: is_ours(school, shown_by(school, "forum.example", site.port)), "the first opened connection")
        assert curl(school, url(site, "forum.example", "/casino/")).status == 403
    finally:
        school.stop()


def test_a_reload_keeps_what_runs_inside(new_inspecting, site):
    school = new_inspecting().start()
    go_on = threading.Event()

    @site.on("/half")
    def half(call):
        call.start(200, ("Content-Length", "20"))
        call.send(b"first half")
        assert go_on.wait(20)
        call.send(b"other half")
        call.end()

    with InspectedWire(school, "forum.example", site.port) as one, H2Client(school, "forum.example", site.port) as two:
        one.send(f"GET /half HTTP/1.1\r\nHost: forum.example:{site.port}\r\n\r\n".encode())
        assert one.read_head().status == 200 and one.read(10) == b"first half"
        stream = two.begin("/half")
        two.until(lambda: stream in two.answers and two.answers[stream].body, "the first half")
        school.edit("rules/school.yaml", "forum.example/casino/\"", "forum.example/poker/\"")
        school.edit("rules/school.yaml", "forum.example/casino/roulette", "forum.example/poker/1")
        school.command("reload")
        go_on.set()
        assert one.read(10) == b"other half"
        assert two.whole(stream).body == b"first halfother half"
        # And what comes next on the same connections is judged by the new rules.
        assert one.get("/poker/1").status == 403 and one.get("/casino/1").status == 200
        assert two.get("/poker/1").status == 403 and two.get("/casino/1").status == 200


def test_a_key_holder_that_dies_is_started_again(new_inspecting, site):
    school = new_inspecting(mode="always").start()
    assert is_ours(school, shown_by(school, "allowed.example", site.port))

    def holders() -> set[int]:
        listed = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return {int(pid) for pid, parent, words in rows if int(parent) == school.process.pid and "key-holder" in words}

    before = holders()
    assert len(before) == 1
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for name in ("other.example", "front.example"):
        leaf = shown_by(school, name, site.port)
        assert is_ours(school, leaf) and names_of(leaf) == [x509.DNSName(name)]
    assert len(holders() - before) == 1
    assert is_ours(school, shown_by(school, "allowed.example", site.port))


def test_the_key_holder_ends_with_the_gateway(new_inspecting, site):
    school = new_inspecting().start()

    def listed() -> list[str]:
        processes = subprocess.run(["ps", "-ww", "-eo", "args="], capture_output=True, text=True).stdout.splitlines()
        return [words for words in processes if "key-holder" in words and str(school.state) in words]

    assert len(listed()) == 1
    school.kill()
    wait_for(lambda: not listed(), "the key holder to end")


def test_the_systems_roots_can_be_another_file(tmp_path, web_authority, site, names):
    """As OpenSSL's own tools have it: SSL_CERT_FILE in the gateway's environment."""
    folder = tmp_path / "roots"
    folder.mkdir()
    school = inspecting_school(folder, trust=web_authority[1], ports=[site.port], dns_port=names.port,
                               environment={"SSL_CERT_FILE": str(web_authority[1])})
    school.edit("schoolgate.yaml", f"trust: [{web_authority[1]}]", "")
    school.start()
    try:
        assert curl(school, url(site, "forum.example", "/maths")).status == 200
    finally:
        school.stop()


def test_a_web_site_that_is_down_is_a_502_to_connect(new_inspecting):
    """Chromium and Firefox try https first, and take http where the proxy cannot reach it: a page inside would lose them the site."""
    port = free_port()
    school = new_inspecting(ports=[port]).start()
    with Wire(school.proxy) as wire:
        answer = wire.ask(connect(f"forum.example:{port}"))
    assert answer.status == 502 and b"web site" in answer.body
