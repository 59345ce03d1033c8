"""A change from idea to force: proposed, agreed to by a second person, applied under a running gateway, taken back."""

import json
import os
import re
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


def test_a_proposal_fits_files_that_were_changed_elsewhere(school, web):
    propose(school, "one", allow("bets.example"))
    act(school, "approve", 1, by="d.oak")
    rules = school.config / "rules/school.yaml"
    rules.write_text(rules.read_text().replace('why: "betting"', 'why: "by hand"'))
    act(school, "apply", 1, by="t.ash")
    assert 'why: "by hand"' in rules.read_text()
    assert status(school, "bets.example", web) == 200


def test_a_proposal_whose_base_is_gone_is_refused_with_the_difference(school, web):
    propose(school, "one", lambda text: text.replace('why: "betting"', 'why: "betting", until: 2030-12-18'), by=None)
    rules = school.config / "rules/school.yaml"
    rules.write_text(rules.read_text().replace('why: "betting"', 'why: "by hand"'))
    done = act(school, "apply", 1, by=None, check=1)
    assert 'why: "by hand"' in done.stderr and "no longer so" in done.stderr
    assert "2030" not in rules.read_text()


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
    assert [code for _, code in ended] == [0, 0], ended
    for site in ("bets.example", "games.example"):
        assert site in (school.config / "rules/school.yaml").read_text()


def test_a_consent_ends_with_the_role(school, web):
    propose(school, "one", allow("bets.example"))
    act(school, "approve", 1, by="d.oak")
    school.command("user role", "d.oak", "--role", "technician")
    assert "needs the consent of dsl or deputy" in act(school, "apply", 1, by="t.ash", check=1).stderr
    school.command("user role", "d.oak", "--role", "dsl")
    act(school, "apply", 1, by="t.ash")
    wait_for(lambda: status(school, "bets.example", web) == 200, "the change in force")


def test_a_take_back_leaves_what_came_later_and_is_refused_where_others_stand_on_it(school):
    propose(school, "one", lambda text: text.replace("block:\n", "block:\n  - { site: craze.example, category: violence }\n"), by=None)
    act(school, "apply", 1, by=None)
    propose(school, "two", lambda text: text.replace("block:\n", "block:\n  - { site: next.example, category: violence }\n"), by=None)
    act(school, "apply", 2, by=None)
    assert "needs the consent" in act(school, "revert", 1, "--reason", "over", by="t.ash").stdout, "to open needs the lead"
    act(school, "approve", 3, by="d.oak")
    act(school, "apply", 3, by="t.ash")
    rules = (school.config / "rules/school.yaml").read_text()
    assert "craze.example" not in rules and "next.example" in rules
    propose(school, "three", lambda text: text.replace("next.example, category: violence", "next.example, category: games"), by=None)
    act(school, "approve", 4, by="d.oak")
    act(school, "approve", 4, by="h.elm")
    act(school, "apply", 4, by=None)
    done = act(school, "revert", 2, "--reason", "over", by=None, check=1)
    assert "other changes stand on it" in done.stderr and "next.example" in done.stderr
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


def git(school, *words: str) -> str:
    done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(school.state / "changes" / "history.git"), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def closing(site: str):
    return lambda text: text.replace("block:\n", f"block:\n  - {{ site: {site}, category: violence }}\n")


def cut_off(school, number: int) -> None:
    """As a power cut leaves it between the event and the end: everything is done but that the intent is still there."""
    (school.state / "changes" / "intent").write_text(f"{git(school, 'rev-parse', 'main')}\n{number}\n\nroot\nrules/school.yaml\n")


def test_what_was_cut_off_at_its_end_is_finished_by_the_same_apply(school, web):
    propose(school, "one", closing("craze.example"), by=None)
    act(school, "apply", 1, by=None)
    cut_off(school, 1)
    assert "cut off" in school.command("check", check=1).stderr
    said = act(school, "apply", 1, by=None).stdout
    assert "change 1 is in place: it was cut off and is finished" in said, said
    school.command("check")
    assert "in force already" in act(school, "apply", 1, by=None, check=1).stderr
    assert status(school, "craze.example", web) == 403

    cut_off(school, 1)
    wrong = act(school, "apply", 9, by=None, check=1)
    assert "no change 9" in wrong.stderr and "change 1 is in place" in wrong.stdout
    propose(school, "two", closing("next.example"), by=None)
    act(school, "apply", 2, by=None)
    cut_off(school, 2)
    act(school, "revert", 2, "--reason", "over", "--risk-assessment", "RA-7", by="t.ash")
    assert json.loads(school.command("changes show", "3", "--json").stdout)["risk_assessment"] == "RA-7"
    school.command("check")


def test_half_written_files_that_make_no_configuration_are_finished(school, web):
    rules = school.config / "rules/school.yaml"
    as_before = rules.read_text()
    propose(school, "one", closing("craze.example"), by=None)
    act(school, "apply", 1, by=None)
    before, after = git(school, "rev-parse", "main~1"), git(school, "rev-parse", "main")
    rules.write_text(as_before)
    git(school, "update-ref", "refs/heads/main", before)
    (school.config / "policy.yaml").write_text("groups: half\n")
    (school.state / "changes" / "intent").write_text(f"{after}\n1\n\nroot\nrules/school.yaml\n")
    act(school, "apply", 1, by=None, check=1)
    assert "craze.example" in rules.read_text() and not (school.state / "changes" / "intent").exists()


def test_what_the_gateway_refuses_is_taken_back_and_may_be_applied_again(school):
    copy = school.folder / "inspecting"
    shutil.copytree(school.config, copy)
    settings = copy / "schoolgate.yaml"
    text = settings.read_text()
    settings.write_text(re.sub(r"^inspection:.*$", "inspection: { mode: selective }", text, flags=re.MULTILINE))
    assert settings.read_text() != text
    school.command("changes propose", "--proposed", str(copy), "--reason", "to look inside", check=0)
    act(school, "approve", 1, by="h.elm")
    school.command("ca create")
    key = school.state / "ca" / "authority.key"
    whole = key.read_text()
    key.write_text("torn")
    refused = act(school, "apply", 1, by=None, check=1)
    assert "the files are as before" in refused.stderr, refused
    assert (school.config / "schoolgate.yaml").read_text() == text
    shown = json.loads(school.command("changes show", "1", "--json").stdout)
    assert shown["state"] == "open" and [event["what"] for event in shown["events"]] == ["agree", "apply", "taken back"]
    key.write_text(whole)
    act(school, "apply", 1, by=None)
    assert json.loads(school.command("changes show", "1", "--json").stdout)["state"] == "applied"


NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="root and another user")
def test_root_works_as_the_owner_of_the_state_and_follows_no_link_of_theirs(school):
    """The gateway's user puts a link in place of the folder of changes: nothing there is made, changed or given away."""
    propose(school, "one", closing("craze.example"), by=None)
    school.stop()
    victim = school.folder / "victim"
    (school.state / "changes").rename(victim)
    (victim / "of-root").write_text("root's")
    (school.state / "changes").symlink_to(victim)
    for path in [school.state, *school.state.rglob("*")]:
        try:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        except OSError:
            pytest.skip("this root cannot give files away")
    for folder in [school.folder, *school.folder.parents]:
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    victim.chmod(0o755)
    act(school, "apply", 1, by=None, check=1)
    act(school, "revert", 1, "--reason", "x", by=None, check=1)
    assert {path.lstat().st_uid for path in [victim, *victim.rglob("*")]} == {0}

    (school.state / "changes").unlink()
    victim.rename(school.state / "changes")
    for path in [school.state / "changes", *(school.state / "changes").rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    assert "no change 7" in act(school, "apply", 7, by=None, check=1).stderr
    assert "is in place" in act(school, "apply", 1, by=None).stdout
    assert {path.lstat().st_uid for path in school.state.rglob("*")} == {NOBODY}
    assert {path.stat().st_uid for path in (school.config / "rules").iterdir()} == {0}


def test_what_is_asked_for_is_applied_by_root_once_it_is_agreed_to(school, web):
    """As the package's unit does for a desk that may not write the configuration."""
    propose(school, "one", allow("bets.example"))
    assert "is to be put in force at 2030-12-18T12:30" in act(school, "apply", 1, "--at", "2030-12-18 12:30", by="t.ash").stdout
    act(school, "comment", 1, "--reason", "for Year 6", by="t.fir")
    act(school, "approve", 1, by="d.oak")
    assert school.command("changes apply", "--waiting").stdout == ""
    assert status(school, "bets.example", web) == 403
    act(school, "apply", 1, "--at", "2020-01-01 00:00", by="t.ash", check=0)
    assert school.command("changes apply", "--waiting").stdout == "", "the lead agreed to a later time"
    act(school, "approve", 1, by="d.oak")
    assert "change 1 is in place" in school.command("changes apply", "--waiting").stdout
    assert status(school, "bets.example", web) == 200
    said = [event["what"] for event in json.loads(school.command("changes show", "1", "--json").stdout)["events"]]
    assert said == ["ask", "comment", "agree", "ask", "agree", "apply"]

    commit = git(school, "rev-parse", "main")
    last = json.loads(school.command("breaches audit").stdout.strip().splitlines()[-1])
    assert last["commit"] == commit and "bets.example" in last["files"][0]["diff"]


def test_a_change_by_hand_is_refused_where_the_school_says_so(school, web):
    policy = school.config / "policy.yaml"
    policy.write_text(policy.read_text() + "changes: { by_hand: refuse }\n")
    school.command("reload")
    accepted = {path: path.read_text() for path in (policy, school.config / "rules/school.yaml")}
    rules = school.config / "rules/school.yaml"
    rules.write_text(rules.read_text().replace("block:\n", "block:\n  - { site: allowed.example, category: games }\n").replace("tests:", "old:").split("old:")[0])
    refused = school.command("reload", check=1)
    assert "changed by hand" in refused.stderr + refused.stdout
    assert status(school, "allowed.example", web) == 200
    # Nor is the rule lifted by the hand that it is about.
    policy.write_text(accepted[policy].replace("by_hand: refuse", "by_hand: record"))
    assert "policy.yaml" in school.command("reload", check=1).stderr
    # A start serves what was accepted last, and says why.
    school.stop()
    school.start()
    assert status(school, "allowed.example", web) == 200
    fallbacks = json.loads(school.command("status", "--json", check=1).stdout)["fallbacks"]
    assert any("changed by hand" in fallback["why"] for fallback in fallbacks), fallbacks
    # The same as a proposal, from the files as they were accepted.
    for path, text in accepted.items():
        path.write_text(text)
    school.command("reload")
    propose(school, "one", closing("craze.example"), by="t.ash")
    act(school, "apply", 1, by="t.ash")
    rules.write_text(rules.read_text() + "# by hand\n")
    propose(school, "two", closing("next.example"), by="t.ash")
    assert "changed by hand" in act(school, "apply", 2, by="t.ash", check=1).stderr
