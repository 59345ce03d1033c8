"""The first day of a school: its lists come from publishers that nobody has asked before.

What can go wrong: the web is open until the first list is there; one list covers what must stay reachable and takes the
others with it; one publisher is down; an archive is damaged; nothing says that a category has no data.
"""

import gzip
import pathlib
import re
import urllib.request

import pytest

from parts.list_server import ListServer
from parts.origins import make_certificates
from parts.school import PUPIL, STAFF
from parts.waiting import wait_for
from parts.wire import Wire, connect, fetch

SHIPPED = pathlib.Path(__file__).parents[2] / "config" / "school"

# Sites that must stay reachable and that the adult list covers; clips.example is the school's own, helped by nobody.
MUST_STAY = ["www.bbc.co.uk", "www.nasa.gov", "www.tate.org.uk", "www.natgeokids.com"]


def hosts_of(category: str) -> list[str]:
    return [f"{category}-{number}.example" for number in range(120)]


def in_form(form: str, category: str, path: str, more=()) -> bytes:
    """What a publisher sends: a list of this form, packed where its address ends in .gz."""
    names = [*hosts_of(category), *more]
    line = {
        "domains": "{}",
        "urls": "{}/page",
        "hosts": "0.0.0.0 {}",
        "adblock": "||{}^",
        "dnsmasq": "address=/{}/0.0.0.0",
        "unbound": 'local-zone: "{}" refuse',
    }[form]
    text = "# invented for a test\n" if form != "adblock" else "! invented for a test\n"
    text += "".join(line.format(name) + "\n" for name in names)
    return gzip.compress(text.encode()) if path.endswith(".gz") else text.encode()


@pytest.fixture(scope="module")
def publisher_certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("publisher")
    make_certificates(folder, "localhost")
    return folder


@pytest.fixture
def publisher(publisher_certificates):
    server = ListServer(publisher_certificates)
    yield server
    server.stop()


@pytest.fixture
def primary(new_school, publisher, publisher_certificates, mail):
    """A copy of the shipped config/school, not started: its addresses are this machine's, its publishers are local."""
    school = new_school(upstream=f'trust: ["{publisher_certificates / "authority.pem"}"]')
    own = "allowed.example other.example clips.example"
    listed = " ".join(f"{category}-{number}.example" for category in ("gambling", "pornography") for number in (0, 7))
    school.files = {
        "schoolgate.yaml": school.files["schoolgate.yaml"],
        "hosts": f"127.0.0.1 {own} {listed} {' '.join(MUST_STAY)} www.childline.org.uk\n",
        "alerts.yaml": ALERTS.format(port=mail.port),
    }
    for path in sorted(SHIPPED.rglob("*")):
        name = str(path.relative_to(SHIPPED))
        if path.is_file() and name not in ("schoolgate.yaml", "alerts.yaml"):
            school.files[name] = path.read_text()
    policy = school.files["policy.yaml"]
    for theirs, ours in {"10.20.1.0/24": "127.0.2.0/24", "10.20.2.0/23": "127.0.0.0/24", "10.20.8.0/24": "127.0.1.0/24"}.items():
        policy = re.sub(re.escape(theirs) + r'", "2001:db8:[0-9a-f:]*/64', ours, policy)
    school.files["policy.yaml"] = policy
    school.files["rules/30-own.yaml"] = "allow: [ { site: clips.example, groups: [ks2], why: a lesson } ]\n"
    school.files["lists.yaml"] = school.files["lists.yaml"].replace("https://lists.example", publisher.url(""))
    for line in school.files["lists.yaml"].splitlines():
        found = re.search(r"category: ([a-z-]+), format: ([a-z0-9]+), source: \"https://localhost:\d+([^\"]+)\"", line)
        if found:
            category, form, path = found.groups()
            more = MUST_STAY if category == "pornography" and form == "domains" else ()
            publisher.files[path] = in_form(form, category, path, more)
    assert len(publisher.files) >= 10
    return school


ALERTS = """
recipients:
  it: {{ email: it@school.example }}
  dsl: {{ email: dsl@school.example }}
mail: {{ server: "smtp://127.0.0.1:{port}", from: schoolgate@school.example }}
routes: [ {{ urgency: 4, send: now, to: [dsl] }} ]
"""


def status_of(school, web, name: str, source: str = PUPIL) -> int:
    return fetch(school.proxy, f"http://{name}:{web.http}/", source=source).status


def connect_status(school, web, name: str, source: str = PUPIL) -> int:
    with Wire(school.proxy, source=source) as wire:
        return wire.ask(connect(f"{name}:{web.tls}")).status


def metrics_of(school) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{school.metrics}/metrics", timeout=10) as page:
        return page.read().decode()


def test_the_web_is_closed_until_the_lists_are_there_and_then_filtered(primary, web):
    primary.start()
    seen = set()

    def ready():
        seen.add(status_of(primary, web, "allowed.example"))
        return 200 in seen

    wait_for(ready, "the lists to be there", deadline=120)
    assert seen <= {503, 200}
    for name in ("gambling-7.example", "pornography-7.example"):
        assert status_of(primary, web, name) == 403
        assert connect_status(primary, web, name) == 403
    for name in MUST_STAY:
        assert status_of(primary, web, name) == 200, f"{name} must stay reachable"
        assert connect_status(primary, web, name) == 200
    said = primary.command("lists status").stdout
    for name in MUST_STAY:
        assert re.search(rf"leaves alone +{re.escape(name)} ", said), said
    text = metrics_of(primary)
    assert 'schoolgate_protection{group="ks2",category="pornography",state="protected"} 1' in text
    assert 'schoolgate_protection{group="ks2",category="gambling",state="protected"} 1' in text
    assert not re.search(r"schoolgate_list_age_seconds\{.*\+Inf", text), "every list has been there"


def test_while_one_publisher_is_down_its_groups_wait_and_are_not_open(primary, publisher, web):
    down = next(path for path in publisher.files if "gambling" in path)
    kept = publisher.files.pop(down)
    primary.start()
    wait_for(lambda: len({path for path, _ in publisher.answers}) > len(publisher.files), "every list to be asked for", deadline=120)
    wait_for(lambda: 'category="pornography",state="protected"' in metrics_of(primary), "the other lists to be in force", deadline=120)
    page = fetch(primary.proxy, f"http://allowed.example:{web.http}/")
    assert page.status == 503 and b"not ready" in page.body and page.get("Retry-After")
    reference = re.search(rb"[0-9A-Z]{4}-[0-9A-Z]{6}", page.body)
    assert reference and reference.group().decode() in primary.log.read_text()
    assert connect_status(primary, web, "allowed.example") == 503
    assert status_of(primary, web, "allowed.example", STAFF) == 503, "staff are not open either"
    assert status_of(primary, web, "www.childline.org.uk") == 200, "sites of help stay open"
    assert status_of(primary, web, "clips.example") == 200, "and what the school's own rules allow"
    assert primary.attempts() == [], "nobody has tried anything"
    text = metrics_of(primary)
    assert 'schoolgate_protection{group="ks2",category="gambling",state="empty"} 1' in text
    assert re.search(r'schoolgate_list_age_seconds\{list="[^"]*gambling[^"]*"\} \+Inf', text)
    publisher.files[down] = kept
    primary.command("lists update")
    assert status_of(primary, web, "allowed.example") == 200
    assert status_of(primary, web, "gambling-7.example") == 403


def test_a_school_may_choose_to_serve_at_once(primary, publisher, web):
    publisher.files.pop(next(path for path in publisher.files if "gambling" in path))
    primary.files["schoolgate.yaml"] += "first_start: serve\n"
    primary.start()
    wait_for(lambda: status_of(primary, web, "pornography-7.example") == 403, "the other lists", deadline=120)
    assert status_of(primary, web, "allowed.example") == 200


def test_what_stops_being_protected_is_told_to_technician_and_lead(primary, publisher, web, mail):
    primary.start()
    wait_for(lambda: status_of(primary, web, "allowed.example") == 200, "the lists to be there", deadline=120)
    wait_for(lambda: "ks2\tgambling" in kept_protection(primary), "what is protected to be noted", deadline=90)
    primary.stop()
    # Its lists go out of the configuration, so that nothing names adult sites any more.
    lists = [line for line in primary.files["lists.yaml"].splitlines() if "category: pornography" not in line]
    primary.write(**{"lists.yaml": "\n".join(lists) + "\n"})
    primary.start()
    told = wait_for(lambda: {m["To"] for m in mail.messages if "no longer protected: pornography" in m["Subject"] + str(m)}, "mails", deadline=90)
    wait_for(lambda: {m["To"] for m in mail.messages if "no longer protected: pornography" in m["Subject"] + str(m)} == {"it@school.example", "dsl@school.example"}, f"both to be told, not {told}")


def kept_protection(school) -> str:
    path = school.state / "lists/protected.tsv"
    return path.read_text() if path.exists() else ""


def test_an_update_takes_the_accepted_configuration_and_no_unfinished_edit(primary, publisher, web):
    primary.start()
    wait_for(lambda: status_of(primary, web, "allowed.example") == 200, "the lists to be there", deadline=120)
    primary.write(**{"rules/40-unfinished.yaml": "block: [ { site: allowed.example, category: games } ]\n"})
    path = next(path for path in publisher.files if "gambling" in path)
    publisher.files[path] = in_form("domains", "gambling", path, ["other.example"])
    done = primary.command("lists update")
    assert "not what was accepted last" in done.stderr
    assert status_of(primary, web, "other.example") == 403, "the list is in force"
    assert status_of(primary, web, "allowed.example") == 200, "the edit that nobody has accepted is not"
    primary.write(**{"rules/40-unfinished.yaml": "block:\n\t- {\n"})
    publisher.files[path] = in_form("domains", "gambling", path)
    primary.command("lists update")
    assert status_of(primary, web, "other.example") == 200


def test_a_list_that_loses_what_a_test_names_is_in_force_and_alarms(primary, publisher, web, mail):
    primary.files["rules/50-tests.yaml"] = 'tests: [ { url: "http://gambling-7.example/", group: ks2, expect: block } ]\n'
    primary.write()
    primary.command("lists update")
    primary.start()
    assert status_of(primary, web, "gambling-7.example") == 403
    path = next(path for path in publisher.files if "gambling" in path)
    publisher.files[path] = gzip.compress("".join(f"{name}\n" for name in hosts_of("gambling") if "-7." not in name).encode())
    done = primary.command("lists update")
    assert "refused" not in done.stdout + done.stderr
    assert "is in force" in done.stdout and "test failed" in done.stderr
    assert status_of(primary, web, "gambling-7.example") == 200
    wait_for(lambda: any("tests fail" in m["Subject"] + str(m) for m in mail.messages), "the technician to be told", deadline=60)
