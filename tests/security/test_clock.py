"""The clock jumps, a day either way and past 2038: deadlines do not notice, records stay in order, the chain stays whole.

And it starts in the wrong year: nothing irreversible is done by a clock that is not believed.

libfaketime answers the gateway's questions for the time of day; monotonic time is the machine's own.
"""

import datetime
import glob

import pytest

from parts.inspected import InspectedWire
from parts.waiting import wait_for
from parts.wire import Wire, fetch, get

SHIM = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class Clock:
    def __init__(self, path):
        self.path = path
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """Seconds, or a whole date "@YYYY-MM-DD hh:mm:ss"."""
        next_one = self.path.with_suffix(".next")  # renamed: whoever reads it finds the old time or the new one, never half of it
        next_one.write_text(offset + "\n")
        next_one.replace(self.path)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path / "clock")


@pytest.fixture
def running(new_school, clock):
    shims = glob.glob(SHIM)
    assert shims, "libfaketime is not installed (packaging/apt-packages.txt, [test])"
    return new_school(environment={
        "LD_PRELOAD": shims[0], "FAKETIME_TIMESTAMP_FILE": str(clock.path), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }).start()


def blocked(school, web, path: str, source: str = "127.0.0.1") -> dict:
    """Asks for a blocked page and returns its record."""
    assert fetch(school.proxy, f"http://blocked.example:{web.http}/{path}", source=source).status == 403
    return next(record for record in school.attempts(by_time=False) if record["url"].endswith("/" + path))


def when(record: dict) -> datetime.datetime:
    return datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00"))


def test_jumps_are_recorded_as_they_are_and_the_order_is_kept(running, clock, web):
    records = [blocked(running, web, "now")]
    for path, offset in {"tomorrow": "+86400", "yesterday": "-86400", "year2038": "@2038-01-19 03:14:06", "later2038": "@2038-02-01 10:00:00",
                         "back": "+0"}.items():
        clock.jump(offset)
        # Back in the first minute it would be counted with the first attempt.
        records.append(blocked(running, web, path, "127.0.0.9" if path == "back" else "127.0.0.1"))
        assert fetch(running.proxy, f"http://allowed.example:{web.http}/{path}").status == 200
    sequence = [record["seq"] for record in records]
    assert sequence == sorted(sequence) and len(set(sequence)) == len(sequence)
    day = datetime.timedelta(days=1)
    assert abs(when(records[1]) - when(records[0]) - day) < datetime.timedelta(minutes=5)
    assert abs(when(records[2]) - when(records[0]) + day) < datetime.timedelta(minutes=5)
    assert when(records[4]).year == 2038 and when(records[4]).month == 2
    running.command("breaches verify")
    assert len({record["id"] for record in records}) == len(records)


def test_a_connection_outlives_every_jump(running, clock, web):
    """Deadlines count monotonic time: a day forward ends no connection, a day back makes none immortal."""
    with Wire(running.proxy) as wire:
        for offset in ("+0", "+86400", "-86400", "@2038-01-20 00:00:00", "+0"):
            clock.jump(offset)
            assert wire.ask(get(f"http://allowed.example:{web.http}/kept")).status == 200


@pytest.mark.parametrize("offset", ["+86400", "-86400"])
def test_an_unfinished_head_still_has_its_deadline(running, clock, offset):
    running.edit("schoolgate.yaml", "decisions:", "limits: { header: 2s }\ndecisions:")
    running.stop()
    running.start()
    with Wire(running.proxy) as wire:
        wire.send(b"GET http://allowed.example/ HTTP/1.1\r\nHost:")
        clock.jump(offset)
        wire.read_to_end()  # ends within the client's own ten seconds, or fails


def test_schedules_follow_the_clock(running, clock, web):
    """Games are open from twelve to one: decided by the time of day that it is now, whichever way it came."""
    running.edit("policy.yaml", "games: warn, social-media: monitor }", """games: block, social-media: monitor }
    schedules:
      - { when: { days: [mon, tue, wed, thu, fri], from: "12:00", to: "13:00" }, categories: { games: allow } }""")
    running.stop()
    running.start()
    for moment, status in {"10:30:30": 403, "12:30:30": 200, "20:30:30": 403, "12:45:00": 200, "11:59:00": 403}.items():
        clock.jump(f"@2026-11-23 {moment}")
        assert fetch(running.proxy, f"http://games.example:{web.http}/{moment[:2]}").status == status, moment
    running.command("breaches verify")


def test_lists_and_alerts_go_on_after_a_jump(running, clock, web):
    clock.jump("+604800")
    assert fetch(running.proxy, f"http://blocked.example:{web.http}/week").status == 403
    running.command("reload")
    wait_for(lambda: fetch(running.proxy, f"http://bets.example:{web.http}/").status == 403, "the lists to be in force")
    running.command("breaches verify")


YEAR_AND_MORE, YEARS_BACK = "+34560000", "@2020-03-01 08:00:00"


@pytest.fixture
def with_old_files(running, clock, web):
    """A school with a record and the decisions of three weeks, whose gateway has been stopped."""
    running.old = [running.folder / f"decisions-{datetime.date.today() - datetime.timedelta(days=days)}.jsonl" for days in (1, 20)]
    for path in running.old:
        path.write_text("{}\n")
    running.before = blocked(running, web, "before")
    running.stop()
    return running


@pytest.mark.parametrize("wrong, why", [(YEAR_AND_MORE, "later than anything known"), (YEARS_BACK, "before this release")])
def test_one_start_in_the_wrong_year_costs_no_record(with_old_files, clock, web, wrong, why):
    """Retention is looked at as soon as the gateway runs, and a first decision turns the day's file."""
    school = with_old_files
    clock.jump(wrong)
    school.start()
    wait_for(lambda: school.metric("clock_believed") == 0, "the doubt")
    during = blocked(school, web, "during")
    assert fetch(school.proxy, f"http://allowed.example:{web.http}/during").status == 200
    school.wait_for_decision(url=f"http://allowed.example:{web.http}/during")
    assert "the clock is not believed" in school.words()
    doubted = school.command("clock", check=1).stdout
    assert why in doubted and "schoolgate clock --confirm" in doubted
    school.stop()

    clock.jump("+0")
    school.start()
    wait_for(lambda: school.metric("clock_believed") == 1, "the clock to be believed again")
    after = blocked(school, web, "after")
    assert [record["id"] for record in school.attempts(by_time=False)] == [record["id"] for record in (school.before, during, after)]
    school.command("breaches verify")
    school.command("clock")
    assert all(path.exists() for path in school.old)
    text = "".join(path.read_text() for path in school.folder.glob("decisions*.jsonl"))
    assert "/during" in text and "/before" in text


def test_a_step_while_it_runs_is_told_and_ends(running, clock, web):
    first = blocked(running, web, "first")
    clock.jump(YEAR_AND_MORE)
    wait_for(lambda: "the clock is not believed" in running.words(), "the doubt to be told")
    assert running.metric("clock_believed") == 0
    clock.jump("-3600")
    wait_for(lambda: "the clock is believed again" in running.words(), "the clock to be believed an hour back")
    assert running.metric("clock_believed") == 1
    clock.jump("+0")
    assert first["id"] in [record["id"] for record in running.attempts(by_time=False)]


def test_an_administrator_can_say_that_the_clock_is_right(with_old_files, clock, web):
    school = with_old_files
    clock.jump("+3628800")  # six weeks: the gateway was off in the holidays
    school.start()
    assert school.command("clock", check=None).returncode == 1
    assert "is believed" in school.command("clock", "--confirm").stdout
    wait_for(lambda: school.metric("clock_believed") == 1, "the word to count")
    assert school.before["id"] in [record["id"] for record in school.attempts(by_time=False)]


@pytest.mark.parametrize("wrong", [YEAR_AND_MORE, "@2040-03-01 08:00:00"])  # after the authority's own end
def test_certificates_made_in_the_wrong_year_are_good_in_the_right_one(new_inspecting, clock, site, wrong):
    """A device's own clock is right, and it holds the certificate against that."""
    shims = glob.glob(SHIM)
    school = new_inspecting(environment={
        "LD_PRELOAD": shims[0], "FAKETIME_TIMESTAMP_FILE": str(clock.path), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    })
    school.start()
    school.stop()
    clock.jump(wrong)
    school.start()
    wait_for(lambda: school.metric("clock_believed") == 0, "the doubt")
    with InspectedWire(school, "forum.example", site.port) as wire:
        assert wire.certificate
