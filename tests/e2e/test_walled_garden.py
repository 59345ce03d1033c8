"""A group that reaches only what is allowed by name: what its sites need, and how the technician finds out."""

import json
import subprocess

from parts.school import EARLY
from parts.waiting import wait_for
from parts.wire import fetch


HOSTS = ("reading.example", "allowed.example")


def status(school, web, host: str, page: str | None = None) -> int:
    fields = [f"Referer: http://{page}/letters"] if page else []
    return fetch(school.proxy, f"http://{host}:{web.http}/", *fields, source=EARLY).status


def over_tls(school, web, host: str, source: str) -> int:
    """0: the proxy refused the tunnel."""
    done = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "20", "--interface", source, "--proxy",
                           f"http://127.0.0.1:{school.proxy}", f"https://{host}:{web.tls}/"], capture_output=True, text=True)
    return int(done.stdout)


def needs(school) -> list[dict]:
    return json.loads(school.command("needs --json").stdout)["sites"]


def test_what_a_site_needs_is_learned_from_what_it_was_refused_and_then_works(new_school, web):
    school = new_school().start()
    assert status(school, web, "reading.example") == 200
    for host in ("allowed.example", "allowed.example", "bets.example"):
        assert status(school, web, host, "reading.example") == 403
    assert status(school, web, "other.example") == 403, "somebody typed it: no site's need"
    line = school.wait_for_decision(host="bets.example", rule="unlisted")
    assert line["page"] == "reading.example"
    school.wait_for_decision(host="other.example", rule="unlisted")

    (site,) = needs(school)
    assert (site["site"], site["groups"]) == ("reading.example", ["early"])
    assert [(one["host"], one["told"], one["devices"], one["evidence"]) for one in site["proposed"]] == [("allowed.example", 2, 1, "page")]
    assert [(one["host"], one["against"]) for one in site["not_proposed"]] == [("bets.example", "list bets (gambling)")]

    words = school.command("needs").stdout
    (line,) = [line.strip() for line in words.splitlines() if line.strip().startswith("needs:")]
    school.edit("rules/school.yaml", "groups: [early],", f"groups: [early], {line},")
    school.command("reload")
    assert status(school, web, "allowed.example", "reading.example") == 200
    assert status(school, web, "allowed.example") == 403
    assert [one["host"] for one in needs(school)[0]["not_proposed"]] == ["bets.example"]
    assert needs(school)[0]["proposed"] == []


def test_where_only_names_are_seen_time_speaks_and_is_told_apart(new_school, web):
    school = new_school().start()
    for visit in range(3):
        source = f"127.0.2.{visit + 1}"
        assert over_tls(school, web, "reading.example", source) == 200
        assert over_tls(school, web, "allowed.example", source) == 0
    wait_for(lambda: len([line for line in school.decisions() if line["host"] in HOSTS]) == 6, "all decisions")
    (site,) = needs(school)
    (found,) = site["proposed"]
    assert (found["host"], found["evidence"], found["told"], found["followed"], found["devices"]) == ("allowed.example", "time", 0, 3, 3)
