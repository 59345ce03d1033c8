"""Who is asking: a child signs in on the transparent network, a visitor comes and goes, the Wi-Fi vouches for somebody.

The gateway is asked as the firewall would ask it: a connection to its transparent listener, from the device's address.
"""

import subprocess

import pytest

from parts.ports import free_port
from parts.portal import Device
from parts.school import School
from parts.waiting import wait_for
from parts.wire import Wire, fetch

CHILD, OTHER, VISITOR, INFANT, WIFI = "127.0.4.7", "127.0.4.8", "127.0.4.9", "127.0.4.10", "127.0.4.11"
PASSWORD = "purple-otter-42"
HOST = "signin.example"

POLICY = """
groups:
  year5:
    title: Year 5
    members: { groups: [year5] }
    categories: { gambling: block, games: block }
  robins:
    title: Robins
    members: { groups: [robins] }
    unlisted: block
  visitors:
    title: Visitors
    members: { groups: [visitors] }
    categories: { gambling: block }
  nobody:
    title: Nobody known
    members: { networks: ["127.0.0.0/8"] }
    categories: { gambling: block, games: block, pornography: block, social-media: block }
fallback: nobody
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory, web, names):
    folder = tmp_path_factory.mktemp("signing-in")
    (folder / "radius.secret").write_text("between-wifi-and-gateway")
    (folder / "radius.secret").chmod(0o600)
    made = School(folder, web_ports=[web.tls], dns_port=names.port)
    made.http, made.portal, made.portal_tls, made.radius = (free_port() for _ in range(4))
    made.files["schoolgate.yaml"] = made.files["schoolgate.yaml"].replace("  metrics:", f"""\
  http: ["127.0.0.1:{made.http}"]
  portal: ["127.0.0.1:{made.portal}"]
  portal_tls: ["127.0.0.1:{made.portal_tls}"]
  metrics:""", 1) + f"""
identity:
  sources: [sign-in, radius]
  radius: {{ listen: "127.0.0.1:{made.radius}", clients: [ {{ network: "127.0.0.0/8", secret_file: "{folder}/radius.secret" }} ] }}
  sign_in: {{ networks: ["127.0.4.0/24"], host: {HOST} }}
"""
    made.files["policy.yaml"] = POLICY
    made.files["rules/school.yaml"] = """
allow:
  - { site: reading.example, groups: [robins], why: "phonics" }
"""
    made.start()
    for user, name in (("amelia.hughes", "Amelia Hughes"), ("ben.okafor", "Ben Okafor")):
        made.command("people add", user, "--name", name, "--role", "pupil", "--groups", "year5")
        made.command("people password", user, input=PASSWORD + "\n")
    made.command("people add", "class:robins", "--title", "Robins (Reception)", "--picture", "owl", "--groups", "robins")
    yield made
    made.stop()


def ask(school, address: str, host: str, path: str = "/"):
    """What the firewall hands over: a request to a site, on the transparent listener."""
    with Wire(school.http, source=address) as wire:
        wire.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return wire.read_head()


def device(school, address: str) -> Device:
    return Device(address, school.portal_tls, HOST)


def records_of(school, address: str) -> list[dict]:
    return [record for record in school.attempts() if record["device"] == address]


def signed_in(school, address: str) -> bool:
    return "You are signed in" in device(school, address).get("/")


def test_a_child_signs_in_accepts_the_rules_and_is_blocked_by_name(school):
    first = ask(school, CHILD, "games.example")
    assert first.status == 302 and first.get("Location").startswith(f"https://{HOST}:{school.portal_tls}/"), first.head
    assert records_of(school, CHILD) == [], "being asked to sign in is no attempt at anything"

    child = device(school, CHILD)
    status, where, page = child.sign_in("Amelia.Hughes", PASSWORD)
    assert (status, where) == (303, "/terms"), page
    assert ask(school, CHILD, "games.example").status == 302, "the rules come first"
    assert "The school can see" in child.get("/terms")
    child.accept_terms()
    assert signed_in(school, CHILD)

    assert ask(school, CHILD, "games.example").status == 403
    (record,) = records_of(school, CHILD)
    assert (record["person"], record["confidence"], record["group"]) == ("amelia.hughes", "login", "year5")
    line = school.wait_for_decision(device=CHILD, host="games.example", action="block")
    assert (line["person"], line["source"]) == ("amelia.hughes", "sign-in")

    assert school.metric("person_requests_total") > 0 and school.metric("sign_in_redirects_total") > 0
    status, _, _ = child.fill_in("/", "/sign-out")
    assert status == 303
    assert wait_for(lambda: ask(school, CHILD, "games.example").status == 302, "the session to end")
    register = school.command("people register").stdout
    assert "amelia.hughes" in register and "year5" in register
    terms = school.command("people list terms").stdout
    assert "amelia.hughes" in terms and CHILD in terms


def test_operating_systems_are_led_to_the_page_and_told_when_it_is_over(school):
    probe = ("captive.apple.com", "/hotspot-detect.html")
    assert ask(school, OTHER, *probe).status == 302
    child = device(school, OTHER)
    child.sign_in("ben.okafor", PASSWORD)
    child.accept_terms()
    assert ask(school, OTHER, *probe).status == 200
    assert ask(school, OTHER, "connectivitycheck.gstatic.com", "/generate_204").status == 204
    api = child.ask("GET", "/captive-portal/api")[2]
    assert '"captive":false' in api.replace(" ", "")


def test_a_wrong_password_gains_nothing_and_is_in_no_file(school):
    guess = "not-the-password-93"
    stranger = device(school, "127.0.4.20")
    status, _, page = stranger.sign_in("amelia.hughes", guess)
    assert status != 303 and "You are signed in" not in page
    assert ask(school, "127.0.4.20", "games.example").status == 302
    for file in [school.log, *school.state.rglob("*")]:
        if file.is_file():
            assert guess.encode() not in file.read_bytes() and PASSWORD.encode() not in file.read_bytes(), file


def test_a_form_of_another_device_is_refused(school):
    page = device(school, "127.0.4.21").get("/")
    token = page.split('name="csrf" value="')[1].split('"')[0]
    status, _, _ = device(school, "127.0.4.22").ask("POST", "/sign-in", {"csrf": token, "user": "amelia.hughes", "password": PASSWORD})
    assert status == 403
    assert ask(school, "127.0.4.22", "games.example").status == 302


def test_a_visitor_is_let_in_for_an_afternoon_and_out_again(school, web):
    visitor = device(school, VISITOR)
    status, where, page = visitor.fill_in("/visitor", "/visitor", name="Vera Lang", host="the head teacher", purpose="a talk", hours="2")
    assert status == 303, page
    visitor.accept_terms()
    assert fetch(school.proxy, f"http://games.example:{web.http}/", source=VISITOR).status == 200
    assert fetch(school.proxy, f"http://bets.example:{web.http}/", source=VISITOR).status == 403
    (record,) = records_of(school, VISITOR)
    assert record["person"].startswith("visitor:") and record["group"] == "visitors"
    assert "Vera Lang" in school.command("people register").stdout
    school.command("people remove", record["person"], "--why", "gone home")
    wait_for(lambda: ask(school, VISITOR, "games.example").status == 302, "the visitor to be signed out")


def test_a_radius_session_names_the_device_until_it_stops(school):
    def account(kind: str, secret: str = "between-wifi-and-gateway") -> subprocess.CompletedProcess:
        attributes = (f'User-Name = "ben.okafor", Acct-Status-Type = {kind}, Acct-Session-Id = "5f2a", Framed-IP-Address = {WIFI}, '
                      'Calling-Station-Id = "02-00-5E-10-00-11", NAS-IP-Address = 127.0.0.1')
        return subprocess.run(["radclient", "-x", "-r", "1", "-t", "3", f"127.0.0.1:{school.radius}", "acct", secret], input=attributes,
                              capture_output=True, text=True, timeout=30)

    assert ask(school, WIFI, "games.example").status == 302
    assert "Accounting-Response" not in account("Start", "another-secret").stdout, "a forged packet is not answered"
    assert ask(school, WIFI, "games.example").status == 302
    assert "Accounting-Response" in account("Start").stdout
    wait_for(lambda: ask(school, WIFI, "games.example").status == 403, "the session of the Wi-Fi to count")
    record = records_of(school, WIFI)[-1]
    assert (record["person"], record["confidence"]) == ("ben.okafor", "login")
    assert "Accounting-Response" in account("Stop").stdout
    wait_for(lambda: ask(school, WIFI, "games.example").status == 302, "the session to stop")


def test_the_metrics_page_counts_people(school):
    assert school.metric("sessions") >= 1
    assert school.metric("sign_ins_total", result="accepted") >= 1
    assert school.metric("credentials_total", result="accepted") >= 1
    assert school.metric("radius_total", result="wrong secret") >= 1, "of the forged packet above"


def test_sessions_survive_a_restart(school):
    child = device(school, CHILD)
    child.sign_in("amelia.hughes", PASSWORD)
    assert signed_in(school, CHILD), "terms were accepted before"
    school.stop()
    school.start()
    assert ask(school, CHILD, "games.example").status == 403
    assert records_of(school, CHILD)[-1]["person"] == "amelia.hughes"


def test_a_reload_takes_the_networks_of_the_page_and_says_what_waits_for_a_restart(school):
    newcomer = "127.0.5.1"
    assert ask(school, newcomer, "games.example").status == 403, "by its network"
    school.edit("schoolgate.yaml", 'networks: ["127.0.4.0/24"]', 'networks: ["127.0.4.0/24", "127.0.5.0/24"]')
    assert "identity" not in school.command("reload").stdout
    wait_for(lambda: ask(school, newcomer, "games.example").status == 302, "the new network to be asked")
    assert '"captive":true' in device(school, newcomer).ask("GET", "/captive-portal/api")[2].replace(" ", "")
    school.edit("schoolgate.yaml", "sources: [sign-in, radius]", "sources: [radius, sign-in]")
    done = school.command("reload")
    assert "'sources' is read at the next start" in done.stdout
