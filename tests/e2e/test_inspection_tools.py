"""The commands of a technician about looking inside TLS, on a gateway that does."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from parts.inspected import RULES, curl, inspecting_school
from parts.school import BINARY
from parts.waiting import listens, wait_for

WARN_AND_SEARCH = RULES.replace("tests:\n", """  - { term: "free robux", category: gambling }
tests:
  - { url: "https://games.example:PORT/", group: pupils, expect: warn, category: games }
  - { url: "https://www.google.com:PORT/search?q=free+robux", group: pupils, expect: block, category: gambling }
  - { url: "https://www.google.com:PORT/search?q=number+bonds", group: pupils, expect: allow }
""").replace('forum.example/casino/roulette"', 'forum.example:PORT/casino/roulette"').replace('forum.example/maths"', 'forum.example:PORT/maths"')


# --- selftest --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def searching(new_inspecting, site):
    """A school with a rule about part of a host, a category that is warned of and searches that are judged."""
    school = new_inspecting()
    school.files["policy.yaml"] = school.files["policy.yaml"].replace("games: warn,", "games: warn, search: monitor,", 1).replace(
        "    title: Pupils\n", "    title: Pupils\n    search_terms: true\n", 1)
    school.files["rules/school.yaml"] = WARN_AND_SEARCH.replace("PORT", str(site.port))
    school.files["hosts"] += "127.0.0.1 www.google.com\n"
    return school


def results(school, *, check: int = 0) -> tuple[dict, dict]:
    """What was stored, and its results of the rules' own tests by URL."""
    told = json.loads(school.command("selftest", "--json", check=check).stdout)
    newest = max((school.state / "selftest").iterdir())
    assert json.loads(newest.read_text()) == told
    return told, {(result["url"], result["expected"]): result for result in told["results"] if result["source"].startswith(str(school.config))}


def test_selftest_asks_inside_where_the_gateway_opens(searching, site):
    school = searching.start()
    site.calls.clear()
    done = school.command("selftest")
    numbers = re.search(r"^(\d+) of (\d+) checks as expected, \d+ not tried$", done.stdout, re.M)
    assert numbers and numbers[1] == numbers[2], done.stdout
    told, by_url = results(school)
    assert told["as_expected"] == told["checks"]
    at = f".example:{site.port}"
    search = f"https://www.google.com:{site.port}/search?…"
    assert {(url, expected): (result["found"], result["status"], result["sent"], result["inside"]) for (url, expected), result in by_url.items()} == {
        (f"https://forum{at}/casino/roulette", "block"): ("block", 403, True, True),
        (f"https://forum{at}/maths", "allow"): ("allow", 200, True, True),
        (f"https://games{at}/", "warn"): ("warn", 403, True, True),
        (search, "block"): ("block", 403, True, True),
        (search, "allow"): ("allow", 200, True, True),
    }
    # What is blocked by its name alone is still asked for by name.
    assert any(result["method"] == "CONNECT" and not result["inside"] and result["found"] == "block" for result in told["results"])
    reached = [call.target for call in site.calls]
    assert "/maths" in reached and not any("casino" in target or "robux" in target for target in reached)
    blocked = [record for record in school.attempts() if record["action"] == "block" and record.get("search") == "free robux"]
    assert blocked and all(record["device"] == "127.0.0.1" for record in blocked)


def test_selftest_counts_a_site_whose_certificate_is_bad_as_unreachable(searching, site):
    searching.edit("schoolgate.yaml", "trust: [", "trust: [] # [")
    school = searching.start()
    told, by_url = results(school)
    result = by_url[f"https://forum.example:{site.port}/maths", "allow"]
    assert (result["found"], result["status"], result["inside"]) == ("unreachable", 502, True)
    assert by_url[f"https://forum.example:{site.port}/casino/roulette", "block"]["found"] == "block"
    assert told["as_expected"] == told["checks"]


def test_selftest_without_an_authority_judges_by_name_and_says_so(searching, site):
    for file in (searching.state / "ca").iterdir():
        file.unlink()
    school = searching.start()
    told, by_url = results(school)
    assert told["as_expected"] == told["checks"] and not any(result["inside"] for result in told["results"])
    warned = by_url[f"https://games.example:{site.port}/", "warn"]
    assert (warned["found"], warned["method"]) == ("warn", "CONNECT")
    assert warned["note"] == "by name, as nothing is opened without an authority"


def test_selftest_tells_of_an_authority_that_the_gateway_does_not_use(searching, site):
    """Another authority than the gateway's: what devices would trust is not what they get."""
    school = searching.start()
    for file in (school.state / "ca").iterdir():
        file.unlink()
    school.command("ca create")
    told, by_url = results(school, check=1)
    result = by_url[f"https://forum.example:{site.port}/maths", "allow"]
    assert (result["found"], result["as_expected"]) == ("not opened", False)
    assert "not from the school's authority" in result["note"] and "reload" in result["note"]


# --- the owner of the state -------------------------------------------------------------------------------------------------

NOBODY = 65534


@pytest.fixture
def open_folder():
    """Where another user than root may look, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory(prefix="schoolgate-e2e-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


def may_chown(folder: pathlib.Path) -> bool:
    """Root of a namespace that maps no other user may not give anything away."""
    probe = folder / "probe"
    probe.mkdir()
    try:
        os.chown(probe, NOBODY, NOBODY)
    except OSError as error:
        print(f"this root cannot give files to user {NOBODY} ({error.strerror}): tried with root as the owner alone")
        return False
    finally:
        probe.rmdir()
    return True


def owners(folder: pathlib.Path) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for path in [folder, *folder.rglob("*")]:
        found.setdefault(path.lstat().st_uid, []).append(str(path.relative_to(folder)))
    return found


def start_as(user: int, school) -> None:
    """The gateway as the service manager runs it: as a user of its own."""
    program = school.folder / "schoolgate"  # the build folder may be root's alone
    shutil.copy(BINARY, program)
    school.decisions_file.touch()
    for path in (school.decisions_file, school.state):
        os.chown(path, user, user)
    with school.log.open("ab") as log:
        school.process = subprocess.Popen([str(program), "run", "--config", str(school.config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          cwd=school.folder, env=os.environ | school.environment, **({"user": user, "group": user, "extra_groups": []} if user else {}))
    wait_for(lambda: school.process.poll() is not None or listens(school.proxy), "the gateway to listen")
    assert school.process.poll() is None, school.words()


def test_what_root_makes_belongs_to_the_owner_of_the_state(open_folder, web_authority, site, names):
    """ca create, lists update, lists rollback and selftest as root; the gateway as the state's owner uses what they made."""
    owner = NOBODY if may_chown(open_folder) else 0
    trust = open_folder / "web.pem"  # under pytest's folder the owner could not read it
    shutil.copy(web_authority[1], trust)
    school = inspecting_school(open_folder, trust=trust, ports=[site.port], dns_port=names.port)
    shutil.rmtree(school.state)
    school.state.mkdir(0o700)
    school.edit("rules/school.yaml", 'forum.example/casino/roulette"', f'forum.example:{site.port}/casino/roulette"')
    os.chown(school.state, owner, owner)

    school.command("ca create")
    key = school.state / "ca" / "authority.key"
    assert (key.stat().st_uid, key.stat().st_mode & 0o777) == (owner, 0o600)
    school.command("lists update")
    assert set(owners(school.state)) == {owner}, owners(school.state)
    school.command("ca export", "--output", str(school.folder / "authority.pem"))  # where root alone may write

    start_as(owner, school)
    try:
        assert curl(school, f"https://forum.example:{site.port}/casino/x").status == 403
        (school.config / "lists/bets.txt").write_text("bets.example\nyet-more-bets.example\n")
        assert "in force" in school.command("lists update").stderr
        assert "in force again" in school.command("lists rollback").stdout
        done = school.command("selftest")
        assert re.search(r"inside TLS: block", done.stdout), done.stdout
        assert set(owners(school.state)) == {owner}, owners(school.state)
        school.command("reload")
    finally:
        school.stop()


def test_a_root_that_cannot_become_the_owner_says_so_and_writes_nothing(open_folder, web_authority, site):
    """Root without the capabilities to change its user, as in some containers."""
    owner = NOBODY if may_chown(open_folder) else 0
    school = inspecting_school(open_folder, trust=web_authority[1], ports=[site.port])
    shutil.rmtree(school.state)
    school.state.mkdir(0o700)
    os.chown(school.state, owner, owner)
    done = subprocess.run(["setpriv", "--bounding-set=-setuid,-setgid", BINARY, "ca", "create", "--config", str(school.config)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if owner == 0:
        assert done.returncode == 0, done.stderr  # its own folder needs no change of user
    else:
        assert done.returncode == 1 and "cannot become" in done.stderr and str(school.state) in done.stderr, done.stderr
        assert list(school.state.iterdir()) == []


# --- who did not accept our certificate -------------------------------------------------------------------------------------


def report(school) -> dict:
    return json.loads(school.command("inspect-report", "--json").stdout)


def test_inspect_report_names_the_hosts_whose_clients_did_not_trust_us(new_inspecting, site, web_authority):
    school = new_inspecting()
    before = report(school)
    assert before["connections"] is None and before["distrusted"] is None
    assert "since the gateway's start" not in school.command("inspect-report").stdout
    school.start()
    assert report(school)["distrusted"] == []

    forum = f"https://forum.example:{site.port}/maths"
    assert curl(school, forum).status == 200
    assert curl(school, f"https://allowed.example:{site.port}/", authority=web_authority[1]).status == 200
    for times in (1, 2):
        assert curl(school, forum, authority=web_authority[1]).code == 60
        wait_for(lambda: [note["times"] for note in report(school)["distrusted"]] == [times], f"{times} clients to be noted")
    told = report(school)
    assert told["connections"] == {"inspected": 1, "spliced": 1}
    [note] = told["distrusted"]
    assert (note["host"], note["times"]) == ("forum.example", 2) and note["first"] < note["last"]

    text = school.command("inspect-report", "--group", "pupils").stdout
    assert "  1 of 2 connections opened (50 %)\n" in text
    assert f"Clients did not accept the certificate of: forum.example (2 times, last {note['last']}): probably pinned, consider inspection.never\n" in text
    # Noted for people and never acted upon; a reload forgets nothing.
    school.command("reload")
    assert report(school)["distrusted"] == [note]
    assert curl(school, forum).status == 200


def test_inspect_report_of_a_gateway_that_opens_nothing_distrusts_nobody(new_school):
    school = new_school().start()
    told = report(school)
    assert told["connections"] == {"inspected": 0, "spliced": 0} and told["distrusted"] == []
