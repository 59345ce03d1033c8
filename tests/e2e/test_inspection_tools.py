"""The commands of a technician about looking inside TLS, on a gateway that does."""

import json
import re

import pytest

from parts.inspected import RULES

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
    numbers = re.search(r"^(\d+) of (\d+) checks as expected$", done.stdout, re.M)
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
    blocked = [record for record in school.breaches() if record["action"] == "block" and record.get("search") == "free robux"]
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
    assert "not the school's authority" in result["note"] and "reload" in result["note"]
