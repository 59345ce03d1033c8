"""What is done for a time and taken back by itself: emergency blocks, supervised sessions, exams; and the inspection pack."""

import json
import re
import time

import pytest

from parts.waiting import wait_for
from parts.wire import fetch

EARLY, PUPIL, STAFF = "127.0.2.1", "127.0.0.1", "127.0.1.1"


@pytest.fixture
def running(new_school):
    school = new_school()
    school.files["rules/school.yaml"] += "lists:\n  phonics: [allowed.example, forum.example/letters]\n"
    return school.start()


def status(school, web, host: str, source: str, path: str = "/") -> int:
    return fetch(school.proxy, f"http://{host}:{web.http}{path}", source=source).status


def reference(done) -> str:
    return re.match(r"(\S+) is in force", done.stdout)[1]


def test_an_emergency_block_is_in_force_within_two_seconds_and_can_be_undone(running, web):
    assert status(running, web, "other.example", STAFF) == 200
    began = time.monotonic()
    block = running.command("emergency block", "other.example", "--by", "d.lead", "--why", "police advice")
    assert status(running, web, "other.example", STAFF) == 403
    assert time.monotonic() - began < 2
    assert status(running, web, "other.example", PUPIL) == 403
    reason = running.attempts()[-1]["reason"]
    assert reason["tier"] == "emergency" and reference(block) in reason["source"] and "d.lead" in reason["source"]
    running.command("emergency undo", reference(block), "--by", "d.lead")
    assert status(running, web, "other.example", STAFF) == 200
    changes = [json.loads(line) for line in running.command("breaches audit").stdout.splitlines()]
    assert sum(change["what"] == "measure" for change in changes) == 2


def test_a_supervised_session_opens_a_list_for_a_group_and_is_listed(running, web):
    assert status(running, web, "allowed.example", EARLY) == 403
    session = running.command("session open", "--group", "early", "--list", "phonics", "--by", "Ms Green", "--why", "phonics")
    assert status(running, web, "allowed.example", EARLY) == 200
    assert status(running, web, "forum.example", EARLY, "/letters") == 200
    assert status(running, web, "forum.example", EARLY, "/other") == 403
    listed = json.loads(running.command("session list --json").stdout)
    assert [one["by"] for one in listed] == ["Ms Green"]
    running.command("session close", reference(session), "--by", "Ms Green")
    assert status(running, web, "allowed.example", EARLY) == 403
    assert running.command("session list").stdout == "none is open\n"


def test_a_session_of_more_than_an_hour_is_refused(running):
    done = running.command("session open", "--group", "early", "--list", "phonics", "--by", "a", "--why", "b", "--minutes", "61", check=1)
    assert "hour" in done.stderr
    done = running.command("session open", "--group", "early", "--list", "phoniks", "--by", "a", "--why", "b", check=1)
    assert "phonics" in done.stderr, "no suggestion"


def test_an_exam_closes_everything_but_its_sites_and_outlives_a_reload_and_a_restart(running, web):
    running.command("exam start", "--group", "pupils", "--minutes", "90", "--site", "other.example", "--by", "d.lead", "--why", "maths paper")
    for _ in ("before", "after the reload"):
        assert status(running, web, "other.example", PUPIL) == 200
        assert status(running, web, "allowed.example", PUPIL) == 403
        assert status(running, web, "allowed.example", STAFF) == 200
        running.command("reload")
    running.stop()
    running.start()
    assert status(running, web, "allowed.example", PUPIL) == 403
    (exam,) = json.loads(running.command("exam list --json").stdout)
    running.command("exam end", exam["id"], "--by", "d.lead")
    assert status(running, web, "allowed.example", PUPIL) == 200


def test_a_measure_ends_by_itself(running, web):
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    running.command("emergency block", "other.example", "--by", "d.lead", "--why", "for a moment", "--until", end)
    assert status(running, web, "other.example", PUPIL) == 403
    wait_for(lambda: status(running, web, "other.example", PUPIL) == 200, "the block to end")


def test_a_daily_allowance_is_not_given_back_by_a_restart(new_school, web):
    school = new_school()
    school.edit("policy.yaml", "social-media: monitor }", "social-media: monitor }\n    allowances: { social-media: 1m }")
    school.start()
    assert status(school, web, "social.example", PUPIL) == 200
    school.stop()
    assert (school.state / "allowances").stat().st_mode & 0o777 == 0o600
    school.start()
    assert status(school, web, "social.example", PUPIL) == 403
    assert school.attempts()[-1]["reason"]["rule"] == "allowance of 1 minute a day"


def test_the_inspection_pack_is_written(running, web, tmp_path):
    status(running, web, "bets.example", PUPIL)
    folder = tmp_path / "pack"
    names = running.command("report inspection-pack", "--output", str(folder)).stdout.splitlines()
    assert names and all((folder / name.rsplit("/", 1)[1]).stat().st_size > 0 for name in names)
    pack = "\n".join(file.read_text(errors="replace") for file in folder.iterdir() if file.suffix != ".pdf")
    assert "cannot" in pack and "gambling" in pack.lower()
