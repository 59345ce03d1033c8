"""What was tried is on disk before the pupil sees the page, stays there, and shows when somebody touched it."""

import csv
import datetime
import io
import json
import re
import sqlite3
import subprocess
import threading
import uuid

import pytest

from parts.school import EARLY
from parts.waiting import wait_for
from parts.wire import Wire, connect, fetch, get

FIELDS = {
    "id", "seq", "school", "gateway", "time", "group", "person", "confidence", "device", "action", "category", "theme", "urgency",
    "site", "url", "method", "stage", "initiated", "reason", "policy_version", "episode",
}


NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{6}")


@pytest.fixture
def running(new_school):
    return new_school().start()


def try_to_reach(school, web, path: str, name: str = "blocked.example", **options):
    answer = fetch(school.proxy, f"http://{name}:{web.http}{path}", **options)
    assert answer.status == 403
    return answer


def test_a_record_says_everything(running, web):
    try_to_reach(running, web, "/poker?token=secret&name=Jo")
    (record,) = running.attempts()
    assert FIELDS <= record.keys()
    assert uuid.UUID(record["id"]).version == 7
    assert record["school"] == "Test School" and record["gateway"] == "gate-1"
    assert record["group"] == "pupils" and record["person"] is None and record["device"] == "127.0.0.1"
    assert record["confidence"] in ("device", "network", "unknown")
    assert (record["action"], record["category"], record["stage"], record["method"]) == ("block", "gambling", "request", "GET")
    assert record["site"] == "blocked.example" and "/poker" in record["url"]
    assert "secret" not in json.dumps(record) and "Jo" not in record["url"]
    assert 1 <= record["urgency"] <= 5 and record["theme"]
    assert re.search(r"rules/school\.yaml:\d+$", record["reason"]["source"])
    when = datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - when).total_seconds()) < 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])


def test_records_are_numbered_and_attempts_of_a_burst_are_one_episode(running, web):
    for number in range(3):
        try_to_reach(running, web, f"/{number}")
    try_to_reach(running, web, "/elsewhere", source=EARLY)
    assert sorted(attempt["device"] for attempt in running.attempts()) == ["127.0.0.1"] * 3 + [EARLY]  # some within one millisecond
    running.stop()
    records = running.breaches()
    assert [record["seq"] for record in records] == list(range(records[0]["seq"], records[0]["seq"] + 3))
    first, elsewhere, others = records
    assert (first["episode"], others["attempts"], others["addresses"]) == (others["episode"], 2, 2)
    assert elsewhere["episode"] != first["episode"]


def test_export_since_and_until(running, web):
    try_to_reach(running, web, "/one")
    (record,) = running.attempts()
    day = record["time"][:10]
    later = (datetime.date.fromisoformat(day) + datetime.timedelta(days=2)).isoformat()
    assert running.command("breaches export", "--since", f"{later}T00:00:00Z").stdout == ""
    assert running.command("breaches export", "--until", f"{day}T00:00:00Z").stdout == ""
    assert "/one" in running.command("breaches export", "--since", f"{day}T00:00:00Z", "--until", f"{later}T00:00:00Z").stdout


def test_export_as_csv(running, web):
    try_to_reach(running, web, "/a,b\"c")
    rows = list(csv.DictReader(io.StringIO(running.command("breaches export", "--format", "csv").stdout)))
    assert len(rows) == 1 and rows[0]["site"] == "blocked.example" and rows[0]["category"] == "gambling"


def test_verify_finds_nothing_in_an_honest_log(running, web):
    for number in range(20):
        try_to_reach(running, web, f"/{number}")
    running.command("breaches verify")
    running.stop()
    running.command("breaches verify")


TAMPERINGS = {
    "changed": "UPDATE records SET record = replace(record, 'blocked.example', 'innocent.example') WHERE seq = 5",
    "removed": "DELETE FROM records WHERE seq = 5",
    "removed at the end": "DELETE FROM records WHERE seq > 8",
    "swapped": "UPDATE records SET seq = -5 WHERE seq = 5; UPDATE records SET seq = 5 WHERE seq = 6; UPDATE records SET seq = 6 WHERE seq = -5",
}


@pytest.mark.parametrize("how", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_verify_names_the_record_that_was_touched(running, web, how):
    for number in range(10):  # of devices of their own, so that each is a record of its own
        try_to_reach(running, web, f"/{number}", source=f"127.0.0.{10 + number}")
    running.stop()
    running.command("breaches verify")
    database = sqlite3.connect(running.state / "breaches.db")
    database.executescript(how)
    database.commit()
    database.close()
    done = running.command("breaches verify", check=1)
    assert re.search(r"\b[5-9]\b", done.stdout + done.stderr), done.stdout + done.stderr


def test_kill_9_loses_no_record_whose_page_was_sent(new_school, web):
    school = new_school(limits="client_connections: 500").start()
    seen, enough, pages = [], threading.Event(), 0

    def try_again_and_again(thread: int) -> None:
        number = 0
        try:
            with Wire(school.proxy) as wire:
                while True:
                    answer = wire.ask(get(f"http://blocked.example:{web.http}/t{thread}n{number}x"))
                    assert answer.status == 403
                    seen.append(NUMBER.search(answer.body.decode())[0])
                    number += 1
                    if len(seen) > 400:
                        enough.set()
        except (OSError, AssertionError):
            pass  # the gateway was killed in the middle of an answer

    for _ in range(3):
        seen.clear()
        enough.clear()
        threads = [threading.Thread(target=try_again_and_again, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        school.kill()
        for thread in threads:
            thread.join()
        before = sum(record.get("attempts", 1) for record in school.breaches())
        school.start()  # sums that the kill left are records now
        records = school.breaches()
        assert set(seen) <= {record["reference"] for record in records}
        assert sum(record.get("attempts", 1) for record in records) >= pages + len(seen), "attempts were lost"
        assert sum(record.get("attempts", 1) for record in records) > before
        pages += len(seen)
        school.command("breaches verify")


def test_a_block_inside_a_tunnel_is_recorded(running, web):
    with Wire(running.proxy) as wire:
        assert wire.ask(connect(f"blocked.example:{web.tls}")).status == 403
    (record,) = running.attempts()
    assert record["stage"] == "connect" and record["method"] == "CONNECT" and record["site"] == "blocked.example"


def test_a_sealed_entry_is_nowhere_on_disk(new_school, web):
    school = new_school()
    (school.config / "lists").mkdir(parents=True, exist_ok=True)
    (school.config / "lists/sealed.txt").write_text("sealed.example\n")
    school.write(**{"lists.yaml": "lists:\n  - { name: sealed, category: child-abuse, format: urls, source: lists/sealed.txt, sealed: true }\n"})
    school.command("lists update")
    school.start()
    answer = fetch(school.proxy, f"http://sealed.example:{web.http}/album")
    assert answer.status == 403 and b"sealed.example" not in answer.body
    (record,) = school.attempts()
    assert "sealed.example" not in json.dumps(record) and "album" not in json.dumps(record)
    assert record["reason"]["tier"] == "illegal" and record["category"] == "child-abuse"
    school.wait_for_decision(category="child-abuse")
    school.stop()
    for path in [*school.state.rglob("*"), school.decisions_file, school.log]:
        if path.is_file():
            assert b"sealed.example" not in path.read_bytes(), path


def test_no_line_can_be_injected_into_the_logs(running, web):
    url = f"http://allowed.example:{web.http}/"
    assert fetch(running.proxy, url + "a%0d%0a%7b%22action%22:1%7d%1b[31m").status == 200
    assert fetch(running.proxy, url + "b", "User-Agent: x\x1b[31m", "Referer: \u202e").status in (200, 400)
    assert fetch(running.proxy, "http://bl\x1bocked.example/").status == 400
    fetch(running.proxy, url + "last")
    wait_for(lambda: any(line["url"].endswith("/last") for line in running.decisions()), "the last decision")
    text = running.decisions_file.read_bytes() + running.log.read_bytes()
    assert b"\x1b" not in text and b"\0" not in text
    assert {line["host"] for line in running.decisions()} == {"allowed.example"}


def test_a_full_disk_does_not_open_the_filter(new_school, web):
    """The state lies on a file system that is full: blocks still block, and writing resumes when there is room."""
    school = new_school()
    school.state.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", school.state], check=True)
    school.start()
    try_to_reach(school, web, "/before")
    filler = school.state / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    for number in range(20):
        try_to_reach(school, web, f"/full{number}-" + "x" * 2000, source=f"127.0.0.{10 + number}")
    filler.unlink()
    try_to_reach(school, web, "/after", source="127.0.0.9")
    wait_for(lambda: any(record["url"].endswith("/after") for record in school.attempts()), "writing to resume")
    paths = [record["url"] for record in school.attempts()]
    assert sum("/full" in path for path in paths) == 20, "records that waited for room were lost"
    school.command("breaches verify")
    school.stop()
    subprocess.run(["umount", school.state], check=True)
