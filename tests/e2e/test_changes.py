"""A change from idea to force: proposed, agreed to by a second person, applied under a running gateway, taken back."""

import json
import shutil
import subprocess

import pytest

from parts.school import BINARY, EARLY, PUPIL
from parts.waiting import wait_for
from parts.wire import fetch

PASSWORD = "willow-lane-desk-1"
PEOPLE = {"t.ash": "technician", "t.fir": "technician", "d.oak": "dsl", "h.elm": "head"}


@pytest.fixture
def school(new_school):
    made = new_school()
    made.write()
    for user, role in PEOPLE.items():
        made.command("user", "add", user, "--name", user, "--role", role, input=PASSWORD + "\n")
    return made.start()


def propose(school, name: str, edit, *more: str, by: str | None = "t.ash", check=0) -> str:
    """A copy of the configuration, `edit(text) -> text` on its rules, and a proposal of it; what it printed."""
    copy = school.folder / name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(school.config, copy)
    rules = copy / "rules" / "school.yaml"
    rules.write_text(edit(rules.read_text()))
    who = ("--by", by) if by else ()
    given = {"input": PASSWORD + "\n"} if by else {}
    done = school.command("changes propose", "--proposed", str(copy), "--reason", f"{name}: for maths", *who, *more, check=check, **given)
    return done.stdout + done.stderr


def allow(site: str):
    return lambda text: text.replace("allow:\n", f"allow:\n  - {{ site: {site}, groups: [pupils], until: 2030-12-18 }}\n")


def act(school, verb: str, number: int, *more: str, by: str | None, check=0, password: str = PASSWORD) -> subprocess.CompletedProcess:
    who = ("--by", by) if by else ()
    given = {"input": password + "\n"} if by else {}
    return school.command(f"changes {verb}", str(number), *who, *more, check=check, **given)


def status(school, host: str, web, source: str = PUPIL) -> int:
    return fetch(school.proxy, f"http://{host}:{web.http}/", source=source).status


def test_proposed_agreed_applied_and_taken_back(school, web):
    assert status(school, "bets.example", web) == 403
    said = propose(school, "unblock", allow("bets.example"))
    assert "change 1 is proposed" in said
    assert "opens: Pupils may open bets.example until 18 December 2030" in said
    assert "needs the consent of dsl or deputy" in said

    assert "is not agreed to" in act(school, "apply", 1, by="t.ash", check=1).stderr
    assert "nobody agrees to their own" in act(school, "approve", 1, by="t.ash", check=1).stderr
    act(school, "approve", 1, by="h.elm")
    act(school, "apply", 1, by="t.ash", check=1)
    act(school, "approve", 1, by="d.oak", check=1, password="not the password")
    assert status(school, "bets.example", web) == 403
    act(school, "approve", 1, by="d.oak")
    assert "is in place" in act(school, "apply", 1, by="t.ash").stdout
    assert status(school, "bets.example", web) == 200
    assert status(school, "bets.example", web, EARLY) == 403

    shown = json.loads(school.command("changes show", "1", "--json").stdout)
    assert shown["state"] == "applied" and shown["author"] == "t.ash"
    assert [event["what"] for event in shown["events"]] == ["agree", "agree", "apply"]
    log = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(school.state / "changes" / "history.git"), "log", "--format=%B", "main"],
                         capture_output=True, text=True, check=True).stdout
    assert "Proposal: 1" in log and "As found" in log
    assert "ash" not in log and "oak" not in log, "names stand in the ledger, not in the history"

    # Closing needs nobody: it is taken back at once.
    assert "takes back change 1" in act(school, "revert", 1, "--reason", "the lesson is over", by="t.fir").stdout
    assert status(school, "bets.example", web) == 403
    assert "bets.example" not in (school.config / "rules/school.yaml").read_text()
    assert [change["number"] for change in json.loads(school.command("changes list", "--json").stdout)] == [2, 1]


def test_a_proposal_whose_base_has_changed_is_refused_with_the_difference(school, web):
    propose(school, "one", allow("bets.example"))
    act(school, "approve", 1, by="d.oak")
    rules = school.config / "rules/school.yaml"
    rules.write_text(rules.read_text().replace('why: "betting"', 'why: "by hand"'))
    done = act(school, "apply", 1, by="t.ash", check=1)
    assert 'why: "by hand"' in done.stderr and "no longer so" in done.stderr
    assert status(school, "bets.example", web) == 403


def test_two_technicians_at_once(school, web):
    propose(school, "one", allow("bets.example"), by="t.ash")
    propose(school, "two", allow("games.example"), by="t.fir")
    for number in (1, 2):
        act(school, "approve", number, by="d.oak")
    running = [
        subprocess.Popen([BINARY, "changes", "apply", str(number), "--by", by, "--config", str(school.config)],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number, by in ((1, "t.ash"), (2, "t.fir"))
    ]
    ended = [(process.communicate(PASSWORD + "\n", timeout=60), process.returncode) for process in running]
    assert sorted(code for _, code in ended) == [0, 1], ended
    loser = next(said for said, code in ended if code == 1)
    assert "has changed since it was proposed" in loser[1]


def test_a_consent_ends_with_the_role(school, web):
    propose(school, "one", allow("bets.example"))
    act(school, "approve", 1, by="d.oak")
    school.command("user role", "d.oak", "--role", "technician")
    assert "needs the consent of dsl or deputy" in act(school, "apply", 1, by="t.ash", check=1).stderr
    school.command("user role", "d.oak", "--role", "dsl")
    act(school, "apply", 1, by="t.ash")
    wait_for(lambda: status(school, "bets.example", web) == 200, "the change in force")


def test_a_take_back_of_a_change_on_which_others_stand_is_refused(school):
    propose(school, "one", lambda text: text.replace("block:\n", "block:\n  - { site: craze.example, category: violence }\n"), by=None)
    act(school, "apply", 1, by=None)
    propose(school, "two", lambda text: text.replace("block:\n", "block:\n  - { site: next.example, category: violence }\n"), by=None)
    act(school, "apply", 2, by=None)
    done = act(school, "revert", 1, "--reason", "over", by=None, check=1)
    assert "other changes stand on it" in done.stderr and "next.example" in done.stderr
    assert "needs the consent" in act(school, "revert", 2, "--reason", "over", by="t.ash").stdout, "to open needs the lead"
    assert "by hand" in school.command("changes list").stdout


def test_a_mistake_is_refused_when_it_is_proposed(school):
    said = propose(school, "bad", lambda text: text.replace("category: gambling, why", "category: gamblin, why"), check=1)
    assert "gambling" in said and "school.yaml:" in said
    assert "No change" in school.command("changes list").stdout


def test_files_of_a_change_that_was_cut_off_are_put_in_force_by_nothing(school, web):
    """A power cut between two files: the configuration that was accepted last serves until the change is finished."""
    school.edit("rules/school.yaml", 'why: "betting"', 'why: "half of it"')
    (school.state / "changes").mkdir(exist_ok=True)
    intent = school.state / "changes" / "intent"
    intent.write_text("0123\n1\nt.ash\nroot\nrules/school.yaml\n")
    assert "cut off" in school.command("check", check=1).stderr
    assert school.command("reload", check=1).returncode == 1
    school.stop()
    school.start()
    assert status(school, "bets.example", web) == 403
    fallbacks = json.loads(school.command("status", "--json", check=1).stdout)["fallbacks"]
    assert any("cut off" in fallback["why"] for fallback in fallbacks), fallbacks
    intent.unlink()
    school.command("reload")
