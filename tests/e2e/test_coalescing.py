"""One connection, several sites: a browser uses the HTTP/2 connection that it has for every name of the certificate.

good.wild.test is allowed, casino.wild.test is blocked, and one server has a certificate for *.wild.test. Opened afresh the second is
refused; what counts is whether it can be had over the connection to the first.
"""

import json
import os
import re
import subprocess

import pytest

from parts import machines
from parts.inspected import authority_of, make_authority
from parts.machines import ALLOWED4, SERVERS
from parts.origins import Nginx
from parts.school import School
from parts.tls_origins import key_pem, pem
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24", "fd20:2::/64"] }
    categories: { gambling: block }
fallback: pupils
"""

LISTS = """
lists:
  - { name: bets, category: gambling, format: domains, source: lists/bets.txt }
"""

# The page asks for the other site as a page does that has an image there: with the browser's own connection to it.
PAGE = """<!doctype html><title>waiting</title><script>
fetch("https://casino.wild.test/odds", {mode: "no-cors", credentials: "include"})
  .then(() => "came", () => "failed")
  .then(how => { document.title = "other site " + how; });
</script>"""

FLAGS = (
    "--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync "
    f"--disable-dev-shm-usage --dump-dom --virtual-time-budget=20000 --host-resolver-rules=MAP?*.wild.test?{ALLOWED4}"
).split()


@pytest.fixture(scope="module")
def server(tmp_path_factory, web_authority):
    machines.build()
    folder = tmp_path_factory.mktemp("certificates")
    issued = web_authority[0].issue("*.wild.test")
    (folder / "certificate.pem").write_bytes(pem(issued.certificate))
    (folder / "key.pem").write_bytes(key_pem(issued.key))
    nginx = Nginx(tmp_path_factory.mktemp("server"), folder, namespace="server", http2=True,
                  addresses=[f"[{address}]" if ":" in address else address for address in SERVERS],
                  settings="location = /page.html { try_files /page.html =404; }")
    (nginx.folder / "www/page.html").write_text(PAGE)
    yield nginx
    nginx.stop()


@pytest.fixture
def gateway(tmp_path, server, web_authority):
    """Starts a gateway with the firewall loaded."""
    made = []

    def start(inspection: str, rules: str = "block: []\n") -> School:
        folder = tmp_path / "gateway"
        folder.mkdir()
        school = School(folder)
        school.files |= {
            "schoolgate.yaml": f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {school.state}
listen: {{ proxy: ["0.0.0.0:8080"], http: ["0.0.0.0:8081", "[::]:8081"], tls: ["0.0.0.0:8443", "[::]:8443"] }}
upstream: {{ allow_private: ["198.51.100.0/24", "2001:db8:51::/64"], hosts: hosts, trust: [{web_authority[1]}] }}
inspection: {inspection}
decisions: {school.decisions_file}
""",
            "policy.yaml": POLICY, "lists.yaml": LISTS, "lists/bets.txt": "casino.wild.test\n", "rules/school.yaml": rules,
            "hosts": f"{ALLOWED4} good.wild.test casino.wild.test\n",
        }
        school.write()
        make_authority(school)

        def listening() -> bool:
            sockets = subprocess.run(["ip", "netns", "exec", "gate", "ss", "-Hltn"], capture_output=True, text=True).stdout
            return all(f":{port} " in sockets for port in (8080, 8081, 8443))

        school.start(namespace="gate", ready=listening)
        made.append(school)
        machines.load_rules(school.command("firewall", "--mode", "redirect").stdout)
        return school

    yield start
    for school in made:
        school.stop()
        machines.flush_rules()


@pytest.fixture
def browse(tmp_path, web_authority):
    def open_page(school: School, url: str) -> str:
        """The page as Chromium has it in the end, on a device that trusts the web and the school."""
        store = tmp_path / "home/.pki/nssdb"
        store.mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True, capture_output=True)
        for name, file in (("web", web_authority[1]), ("school", authority_of(school))):
            subprocess.run(["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", name, "-i", str(file)], check=True, capture_output=True)
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        flags = [flag.replace("?", " ") for flag in FLAGS]
        done = subprocess.run(
            ["ip", "netns", "exec", "pupil", "chromium", *flags, *root, f"--user-data-dir={tmp_path}/profile", url],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=os.environ | {"HOME": str(tmp_path / "home")},
        )
        return re.search("<title>(.*)</title>", done.stdout)[1] if "<title>" in done.stdout else done.stderr[-2000:]

    return open_page


def reached(server, name: str, before: int) -> list[str]:
    return [line for line in server.requests()[before:] if f" {name} " in line]


@pytest.mark.parametrize("mode", ["selective", "always"])
def test_a_browser_does_not_reach_a_blocked_site_over_the_connection_to_another(gateway, browse, server, mode):
    school, before = gateway(f"{{ mode: {mode} }}"), len(server.requests())
    assert browse(school, "https://good.wild.test/page.html") == "other site came"  # our page came, with status 403
    assert reached(server, "good.wild.test", before) and not reached(server, "casino.wild.test", before)
    assert [record["site"] for record in school.attempts()] == ["casino.wild.test"]
    told = json.loads(school.command("explain", "https://good.wild.test/", "--json", "--address", machines.PUPIL4).stdout)
    assert told["inspect"] and told["opened"], told


@pytest.mark.parametrize("inspection", ['{ mode: "off" }', "{ mode: selective, never: [good.wild.test] }", "{ mode: always, never: [good.wild.test] }"],
                         ids=["off", "selective-never", "always-never"])
def test_what_cannot_be_held_is_said(gateway, browse, server, inspection):
    """Where the first site is not opened the browser does reach the second, unseen: check and inspect-report say so."""
    school, before = gateway(inspection), len(server.requests())
    assert browse(school, "https://good.wild.test/page.html") == "other site came"
    assert reached(server, "casino.wild.test", before) and school.attempts() == []
    # From the second connection on it is known.
    curl(school, "https://good.wild.test/", web=True)
    wait_for(lambda: "good.wild.test" in school.command("inspect-report").stdout, "the report to name it")
    assert json.loads(school.command("inspect-report", "--json").stdout)["shared"] == [{"host": "good.wild.test", "with": "*.wild.test"}]
    assert "good.wild.test" in school.command("check").stderr
    told = json.loads(school.command("explain", "https://good.wild.test/", "--json").stdout)
    assert not told["inspect"] and not told["opened"]


def test_never_is_looked_at_before_any_connection(gateway):
    school = gateway("{ mode: selective, never: [good.wild.test] }", "block:\n  - { site: odds.wild.test, category: gambling }\n")
    said = school.command("check").stderr
    assert "good.wild.test" in said and "odds.wild.test" in said, said


def test_off_says_what_it_cannot_hold(gateway):
    assert "inspection is off" in gateway('{ mode: "off" }').command("check").stderr


def curl(school: School, url: str, *arguments: str, web: bool = False, background: bool = False):
    host = url.split("/")[2]
    authority = school.files["schoolgate.yaml"].split("trust: [")[1].split("]")[0] if web else str(authority_of(school))
    command = ["ip", "netns", "exec", "pupil", "curl", "-sS", "--cacert", authority, "--http2", "--max-time", "60", "--resolve", f"{host}:443:{ALLOWED4}",
               *arguments, url]
    if background:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)


@pytest.mark.parametrize("change", ["emergency:\n  - { site: odds.wild.test }\n", 'block:\n  - { url: "good.wild.test/casino/", category: gambling }\n'],
                         ids=["a sibling is blocked", "a part of the host is blocked"])
def test_an_open_connection_ends_when_it_would_be_opened_now(gateway, server, change):
    school = gateway("{ mode: selective }")
    school.edit("lists/bets.txt", "casino.wild.test\n", "bets.example\n")
    school.command("reload")
    film = curl(school, "https://good.wild.test/slow-film", "--limit-rate", "200k", "-o", "/dev/null", web=True, background=True)
    wait_for(lambda: reached(server, "good.wild.test", 0) or curl_is_connected(), "the film to run")
    school.edit("rules/school.yaml", "block: []\n", change)
    school.command("reload")
    assert film.wait(timeout=30) != 0


def curl_is_connected() -> bool:
    return ":443" in machines.run_in("pupil", "ss", "-Htn", "state", "established").stdout
