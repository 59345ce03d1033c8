"""People of a real directory and a real realm at the explicit proxy: curl shows tickets and passwords, records name them."""

import base64
import collections
import os
import subprocess

import pytest

from directory_server import PASSWORD, DirectoryServer
from kerberos_realm import GATEWAY, KerberosRealm
from parts.school import School
from parts.waiting import wait_for
from parts.wire import Wire, get
from test_chromium import FLAGS

POLICY = """
groups:
  year6:
    title: Year 6
    members: { groups: ["year-6"] }
    categories: { gambling: block, games: allow }
  teachers:
    title: Staff
    members: { groups: ["staff"] }
    categories: { games: allow }
  strict:
    title: Whoever is nobody
    members: { networks: ["127.0.0.0/8"] }
    categories: { gambling: block, games: block, social-media: block, pornography: block }
fallback: strict
"""


@pytest.fixture(scope="module")
def realm():
    realm = KerberosRealm()
    yield realm
    realm.remove()


@pytest.fixture
def directory():
    server = DirectoryServer()
    yield server
    server.remove()


@pytest.fixture
def school(tmp_path, realm, directory, web):
    facts = directory.facts()
    made = School(tmp_path, web_ports=[web.tls], environment={"KRB5_CONFIG": str(realm.configuration)}, extra=f"""
identity:
  sources: [negotiate, basic]
  negotiate: {{ keytab: "{realm.keytab}", principal: "{realm.principal}" }}
  basic: {{ networks: ["127.0.0.0/8"] }}
  directory:
    servers: ["ldap://127.0.0.1:{facts['port']}"]
    schema: openldap
    base: "{facts['base']}"
    trust: "{facts['trust']}"
    bind: {{ dn: "{facts['bind_dn']}", password_file: "{facts['password_file']}" }}
    fresh: 1s
""")
    made.files["policy.yaml"] = POLICY
    made.files["rules/school.yaml"] = "block: []\nallow: []\nemergency: []\n"
    made.start()
    yield made
    made.stop()


def curl(school, url: str, *words: str, environment=None) -> int:
    """The status of a request through the proxy, under the name that tickets are for."""
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30", *words, "--resolve",
         f"{GATEWAY}:{school.proxy}:127.0.0.1", "--proxy", f"http://{GATEWAY}:{school.proxy}", url],
        env=environment, capture_output=True, text=True)
    return int(done.stdout)


def with_ticket(school, realm, url) -> int:
    return curl(school, url, "--proxy-negotiate", "--proxy-user", ":", environment=realm.environment)


def with_password(school, user_and_password, url) -> int:
    return curl(school, url, "--proxy-basic", "--proxy-user", user_and_password)


@pytest.fixture
def pages(web):
    return {name: f"http://{name}:{web.http}/" for name in ("allowed.example", "games.example", "bets.example")}


def record_of(school, site) -> dict:
    return wait_for(lambda: next((line for line in school.attempts() if line["site"] == site), None), f"a record of {site}")


def test_nobody_is_asked_to_sign_in(school, pages):
    done = subprocess.run(["curl", "-sS", "-i", "--proxy", f"http://127.0.0.1:{school.proxy}", pages["allowed.example"]],
                          capture_output=True, text=True)
    assert " 407 " in done.stdout.splitlines()[0]
    offered = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.lower().startswith("proxy-authenticate")]
    assert offered == ["Negotiate", 'Basic realm="school", charset="UTF-8"']


def test_a_ticket_opens_what_the_group_of_its_owner_may_reach(school, realm, pages):
    realm.login("amelia.hughes")
    assert with_ticket(school, realm, pages["games.example"]) == 200  # Year 6 may; whoever is nobody may not
    assert with_ticket(school, realm, pages["bets.example"]) == 403
    record = record_of(school, "bets.example")
    assert (record["person"], record["confidence"], record["group"]) == ("amelia.hughes", "login", "year6")


def chromium(school, realm, folder, url: str) -> str:
    """The page in a browser that is set up as group policy does it on machines of the domain; a profile of its own."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    # The browser asks for a ticket for the name that the resolver gives back as canonical, so the name has to be a true one.
    # A copy of /etc in memory carries it, as a minimal Debian has no /etc/hosts to put another one over.
    (folder / "hosts").write_text(f"127.0.0.1 {GATEWAY}\n127.0.0.1 localhost\n")
    (folder / "etc").mkdir(exist_ok=True)
    named = ('mount -t tmpfs none "$1" && cp -a /etc/. "$1" && cp --remove-destination "$2" "$1/hosts" && mount --bind "$1" /etc && '
             'shift 2 && exec "$@"')
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", named, "sh", str(folder / "etc"), str(folder / "hosts"),
         "chromium", *FLAGS, *root, f"--user-data-dir={folder}/profile", f"--proxy-server=http://{GATEWAY}:{school.proxy}",
         "--auth-server-allowlist=*.school.example", url],
        env=realm.environment | {"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)
    return done.stdout


def test_chromium_shows_its_ticket_without_asking_anybody(school, realm, pages, tmp_path):
    realm.login("amelia.hughes")
    assert "http GET games.example" in chromium(school, realm, tmp_path, pages["games.example"])
    assert "Childline" in chromium(school, realm, tmp_path, pages["bets.example"])
    record = record_of(school, "bets.example")
    assert (record["person"], record["confidence"], record["group"]) == ("amelia.hughes", "login", "year6")


def test_chromium_without_a_ticket_gets_no_page(school, realm, pages, tmp_path):
    realm.cache.unlink(missing_ok=True)
    page = chromium(school, realm, tmp_path, pages["allowed.example"])
    assert "http GET" not in page
    assert school.metric("proxy_auth_total", result="challenged") > 0


def test_a_password_opens_what_the_group_of_its_owner_may_reach(school, pages):
    assert with_password(school, f"Amelia.Hughes:{PASSWORD}", pages["games.example"]) == 200
    assert with_password(school, f"amelia.hughes:{PASSWORD}", pages["bets.example"]) == 403
    record = record_of(school, "bets.example")
    assert (record["person"], record["confidence"], record["group"]) == ("amelia.hughes", "login", "year6")


@pytest.mark.parametrize("given", ["amelia.hughes:wrong words", "amelia.hughes:", "nobody.here:" + PASSWORD, "*)(uid=*:" + PASSWORD,
                                   "leah.leaver:" + PASSWORD])
def test_whoever_is_not_who_they_say_gets_407(school, pages, given):
    assert with_password(school, given, pages["allowed.example"]) == 407


@pytest.mark.parametrize("field", ["Negotiate", "Negotiate !!!!", "Negotiate YIIB", "Negotiate TlRMTVNTUAABAAAA", "Negotiate " + "A" * 60000,
                                   "Basic", "Basic ====", "Digest x"])
def test_malformed_credentials_get_no_page(school, pages, field):
    assert curl(school, pages["allowed.example"], "-H", f"Proxy-Authorization: {field}") in (400, 407, 431)


def basic(user: str, password: str) -> str:
    return "Proxy-Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask_all_at_once(school, url: str, fields: list[str]) -> collections.Counter:
    """One connection each, all requests on their way before the first answer is read."""
    wires = [Wire(school.proxy) for _ in fields]
    for wire, field in zip(wires, fields):
        wire.socket.settimeout(60)
        wire.send(get(url, field).encode())
    answers = collections.Counter(wire.read_answer().status for wire in wires)
    for wire in wires:
        wire.socket.close()
    return answers


def test_what_a_teacher_proves_on_one_connection_is_nobody_elses(school, realm, directory, pages):
    """The next person at the machine shows nothing, a wrong password, a made-up account, a broken ticket: never the teacher."""
    realm.login("amelia.hughes")
    assert with_password(school, f"t.teacher:{PASSWORD}", pages["games.example"]) == 200
    assert with_ticket(school, realm, pages["games.example"]) == 200
    shown = [(), (basic("t.teacher", "wrong words"),), (basic("nobody.here", PASSWORD),), ("Proxy-Authorization: Negotiate YIIB",),
             ("Proxy-Authorization: Basic ====",), ("Proxy-Authorization: Digest x",)]
    with Wire(school.proxy) as kept:
        assert kept.ask(get(pages["games.example"], basic("t.teacher", PASSWORD))).status == 200
        for fields in shown:
            with Wire(school.proxy) as another:
                assert another.ask(get(pages["games.example"], *fields)).status == 407, fields
                assert another.ask(get(pages["games.example"], basic("amelia.hughes", PASSWORD))).status == 200
            assert kept.ask(get(pages["games.example"], *fields)).status == 407, fields
            assert kept.ask(get(pages["games.example"], basic("t.teacher", PASSWORD))).status == 200
    people = {(line.get("person"), line.get("confidence")) for line in school.decisions() if line["host"] == "games.example"}
    assert people <= {("t.teacher", "login"), ("amelia.hughes", "login")}, people


def test_950_made_up_passwords_at_once_let_nothing_through(school, pages):
    answers = ask_all_at_once(school, pages["allowed.example"], [basic(f"made.up{n}", f"words {n}") for n in range(950)])
    assert set(answers) <= {407, 503} and sum(answers.values()) == 950, answers


def test_200_guesses_at_once_are_no_more_than_200_in_a_row(school, pages):
    guesses = [basic("amelia.hughes", PASSWORD if n == 150 else f"guess {n}") for n in range(200)]
    answers = ask_all_at_once(school, pages["allowed.example"], guesses)
    assert set(answers) <= {407, 503} and sum(answers.values()) == 200, answers
    with Wire(school.proxy, source="127.0.0.2") as elsewhere:
        assert elsewhere.ask(get(pages["allowed.example"], basic("t.teacher", PASSWORD))).status == 200


def test_while_the_directory_is_silent_only_help_is_reached_by_somebody_new(school, directory, pages):
    directory.stop()
    assert with_password(school, f"amelia.hughes:{PASSWORD}", pages["allowed.example"]) == 503


def test_the_directory_may_go_without_anybody_noticing_who_was_here(school, realm, directory, pages):
    realm.login("amelia.hughes")
    password = f"t.teacher:{PASSWORD}"
    assert with_ticket(school, realm, pages["games.example"]) == 200
    assert with_password(school, password, pages["games.example"]) == 200
    directory.stop()
    for _ in range(3):
        assert with_ticket(school, realm, pages["games.example"]) == 200
        assert with_password(school, password, pages["games.example"]) == 200


def test_no_password_is_in_any_file_of_the_gateway(school, pages):
    for given in ("amelia.hughes:Tr0ub4dor-wrong", f"amelia.hughes:{PASSWORD}", "Tr0ub4dor:Tr0ub4dor"):
        with_password(school, given, pages["bets.example"])
    record_of(school, "bets.example")
    school.stop()
    for path in [school.log, school.decisions_file, *(path for path in school.state.rglob("*") if path.is_file())]:
        content = path.read_bytes()
        assert b"Tr0ub4dor" not in content and PASSWORD.encode() not in content, path
        assert b"service-secret" not in content, path
