"""The number on every page leads somewhere: `breaches find`, `explain`, the export, the decision log."""

import csv
import json
import re

import pytest

from parts.ports import free_port
from parts.school import EARLY, STAFF, School
from parts.waiting import wait_for
from parts.wire import fetch

NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{6}")


@pytest.fixture(scope="module")
def running(tmp_path_factory, names):
    school = School(tmp_path_factory.mktemp("references"), dns_port=names.port)
    school.start()
    yield school
    school.stop()


def number_of(answer) -> str:
    found = set(NUMBER.findall(answer.body.decode()))
    assert len(found) == 1, answer.body.decode()
    return found.pop()


def look_up(school, number: str) -> dict:
    """As a technician types it, from the page or from the telephone."""
    for spelling in (number, number.lower(), number.replace("-", "")):
        found = json.loads(school.command("breaches find", spelling, "--json").stdout)
        assert found["reference"] == number
    assert json.loads(school.command("explain", number, "--json").stdout) == found
    assert number in school.command("explain", number).stdout
    return found


# page -> (address, the client's, what its record says)
PAGES = {
    "a block": ("http://blocked.example/poker", "127.0.0.1", {"action": "block", "category": "gambling", "site": "blocked.example"}),
    "a warning": ("http://games.example/", "127.0.0.1", {"action": "warn", "category": "games", "site": "games.example"}),
    "not on the list": ("http://allowed.example/", EARLY, {"action": "block", "site": "allowed.example"}),
    "a private address": ("http://10.9.9.9/", STAFF, {"action": "fault", "rule": "destination", "host": "10.9.9.9"}),
    "a mail server's port": ("http://allowed.example:25/", STAFF, {"action": "fault", "rule": "destination", "host": "allowed.example"}),
    "a name that does not exist": ("http://nowhere.example/", STAFF, {"action": "fault", "rule": "upstream", "host": "nowhere.example"}),
    "a site that refuses": (f"http://allowed.example:{free_port()}/", STAFF, {"action": "fault", "rule": "upstream", "host": "allowed.example"}),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_a_page_is_found(running, page):
    address, source, expected = PAGES[page]
    number = number_of(fetch(running.proxy, address, source=source))
    # The worker hands its lines over once a tick.
    wait_for(lambda: running.command("breaches find", number, check=None).returncode == 0, f"the record of {page}")
    found = look_up(running, number)
    assert {key: found.get(key) for key in expected} == expected


def test_a_refusal_has_its_number_in_the_export_and_in_the_decision_log(running):
    number = number_of(fetch(running.proxy, "http://blocked.example/roulette", source="127.0.0.9"))
    (record,) = [record for record in running.attempts() if record["reference"] == number]
    assert "/roulette" in record["url"]
    assert running.wait_for_decision(reference=number)["host"] == "blocked.example"
    table = csv.DictReader(running.command("breaches export", "--format", "csv").stdout.splitlines())
    assert any(row["reference"] == number for row in table)
    running.command("breaches verify")


def test_a_number_that_leads_nowhere_says_so(running):
    done = running.command("breaches find", "01AB-CDEFGH", check=1)
    assert "no record" in done.stderr and done.stdout == ""
    assert "ten letters" in running.command("breaches find", "casino.example", check=2).stderr


def test_a_question_changes_nothing(new_school):
    school = new_school().start()
    number = number_of(fetch(school.proxy, "http://blocked.example/poker"))
    school.stop()

    def state():
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in school.state.rglob("*") if path.is_file()}

    before = state()
    school.command("breaches find", number)
    school.command("explain", number)
    school.command("breaches find", "01AB-CDEFGH", check=1)
    assert state() == before


def test_the_number_of_a_counted_attempt_leads_to_its_sum(running):
    """The first of a minute has its record; the pages of the others show the number of the sum that counts them."""
    numbers = [number_of(fetch(running.proxy, f"http://blocked.example/dice/{place}", source="127.0.0.10")) for place in range(5)]
    assert numbers[0] != numbers[1] and len(set(numbers[1:])) == 1
    assert "attempts" not in look_up(running, numbers[0])
    found = look_up(running, numbers[1])
    assert (found["attempts"], found["addresses"], found["seq"], found["site"]) == (4, 4, None, "blocked.example")
    assert len([line for line in running.attempts() if line["device"] == "127.0.0.10"]) == 5
