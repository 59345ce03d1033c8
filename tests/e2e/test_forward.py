"""Records and alarms at a school's own collector: `forward:` against a real rsyslog over TLS, TCP and UDP.

What can be wrong: a collector that is away, one whose certificate nobody vouches for, one that is named by a reload, names
of pupils or a sealed address on the way, a message that the collector reads otherwise than it was meant.
"""

import json

import pytest

from parts.collector import Rsyslog
from parts.tls_origins import Authority, pem
from parts.waiting import wait_for
from parts.wire import fetch

SEALED = """
lists:
  - { name: bets, category: gambling, format: domains, source: lists/bets.txt }
  - { name: adult, category: pornography, format: hosts, source: lists/adult.txt }
  - { name: games, category: games, format: domains, source: lists/games.txt }
  - { name: social, category: social-media, format: domains, source: lists/social.txt }
  - { name: national, category: child-abuse, format: domains, source: lists/national.txt }
"""


@pytest.fixture
def collector(tmp_path):
    made = []

    def make(transport, **options):
        made.append(Rsyslog(tmp_path / f"collector{len(made)}", transport, **options))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def forwarding(new_school, address, more=""):
    school = new_school(extra=f'forward: {{ syslog: "{address}"{more} }}\n')
    return school


def wait_for_place(school):
    wait_for((school.state / "forwarded").exists, "the place in the log that forwarding begins at")


def test_over_tls_records_and_alarms_arrive_and_no_pupil_is_named(tmp_path, new_school, collector):
    authority = Authority("The school's collector")
    server = collector("tls", certificate=authority.issue("localhost", "127.0.0.1"), authority=pem(authority.certificate))
    (tmp_path / "authority.pem").write_bytes(pem(authority.certificate))
    school = forwarding(new_school, f"tls://127.0.0.1:{server.port}", f', authority: "{tmp_path}/authority.pem"')
    school.files["lists.yaml"] = SEALED
    school.files["lists/national.txt"] = "sealed.example\n"
    school.decisions_file.write_text("in the way of a folder")
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(f"decisions: {school.decisions_file}", f"decisions: {school.decisions_file}/decisions.jsonl")
    school.start()

    alarm = server.wait_for("alarm", "decision log")
    assert (alarm["host"], alarm["program"], alarm["facility"], alarm["severity"]) == ("gate-1", "schoolgate", "13", "4")
    assert json.loads(alarm["text"])["school"] == "Test School"

    wait_for_place(school)
    fetch(school.proxy, "http://blocked.example/poker")
    fetch(school.proxy, "http://sealed.example/secret/path")
    record = json.loads(server.wait_for("breach", "blocked.example")["text"])
    (kept,) = [line for line in school.attempts() if line["site"] == "blocked.example"]
    assert {key: kept[key] for key in record} == record
    assert set(kept) - set(record) == {"person", "previous_hash"}
    sealed = server.wait_for("breach", "child-abuse")
    assert sealed["severity"] == "2"
    assert "sealed.example" not in server.messages_file.read_text() and "/secret/path" not in server.messages_file.read_text()
    assert school.metric("forwarded_total", result="sent") >= 3


def test_a_collector_that_nobody_vouches_for_gets_nothing(new_school, collector):
    authority = Authority("Somebody else's")
    server = collector("tls", certificate=authority.issue("localhost", "127.0.0.1"), authority=pem(authority.certificate))
    school = forwarding(new_school, f"tls://127.0.0.1:{server.port}").start()
    wait_for_place(school)
    fetch(school.proxy, "http://blocked.example/poker")
    wait_for(lambda: school.metric("forwarded_total", result="failed") > 0, "a try to fail")
    assert not server.messages_file.exists()
    assert "not forwarded" in school.words() and "certificate" in school.words()


def test_what_a_collector_missed_follows_in_order(new_school, collector):
    server = collector("tcp")
    school = forwarding(new_school, f"tcp://127.0.0.1:{server.port}").start()
    wait_for_place(school)
    fetch(school.proxy, "http://blocked.example/0")
    server.wait_for("breach", "blocked.example/0")
    server.stop()
    fetch(school.proxy, "http://bets.example/1")
    wait_for(lambda: school.metric("forwarded_total", result="failed") > 0, "a try to fail")
    fetch(school.proxy, "http://adult.example/2")
    school.stop()
    school.start()
    server.start()
    server.wait_for("breach", "adult.example/2")
    urls = [json.loads(message["text"])["url"] for message in server.messages("breach")]
    assert sorted(set(urls), key=urls.index) == ["http://blocked.example/0", "http://bets.example/1", "http://adult.example/2"]


def test_cef_over_udp_and_a_collector_that_a_reload_names(new_school, collector):
    server = collector("udp")
    school = new_school().start()
    fetch(school.proxy, "http://blocked.example/before")
    school.edit("schoolgate.yaml", "decisions:", f'forward: {{ syslog: "udp://127.0.0.1:{server.port}", format: cef }}\ndecisions:')
    school.command("reload")
    wait_for_place(school)
    fetch(school.proxy, "http://blocked.example/a=b", source="127.0.0.1")
    text = server.wait_for("breach", "CEF:0|Schoolgate|Schoolgate|")["text"]
    assert "|breach|block gambling|" in text and r"request=http://blocked.example/a\=b" in text and "before" not in text
