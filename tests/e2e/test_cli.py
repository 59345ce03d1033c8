"""The commands as a technician and a script meet them: what they print and how they exit."""

import gzip
import json
import re
import subprocess

import pytest

from parts.school import BINARY, School

VERBS = ["run", "check", "reload", "explain", "lists", "breaches", "firewall", "selftest", "status", "version"]


def schoolgate(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([BINARY, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@pytest.fixture
def files(tmp_path) -> School:
    """A school whose gateway is not running."""
    school = School(tmp_path)
    school.write()
    return school


def test_version():
    done = schoolgate("version")
    assert done.returncode == 0 and re.search(r"\d+\.\d+\.\d+", done.stdout)


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help(verb):
    done = schoolgate(verb, "--help")
    assert done.returncode == 0 and verb in done.stdout and done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["run"], ["check"], ["check", "--confg", "x"], ["explain"], ["lists", "dance"], ["breaches", "export", "--format", "xml", "--config", "x"]],
    ids=" ".join,
)
def test_wrong_usage_exits_2_with_a_message(arguments):
    done = schoolgate(*arguments)
    assert done.returncode == 2 and done.stderr.strip() and done.stdout == ""


def test_help_of_the_whole_names_every_command():
    text = schoolgate("--help").stdout
    assert all(verb in text for verb in VERBS)


# --- check -------------------------------------------------------------------------------------------------------------


def test_check_of_a_good_configuration(files):
    done = files.command("check")
    assert done.stdout.strip()


def test_check_reports_every_error_at_once_with_its_place(files):
    files.edit("policy.yaml", "gambling: block", "gamblin: block")
    files.edit("policy.yaml", "fallback: early", "fallback: erly")
    files.edit("rules/school.yaml", "pattern: '(?i)free[-_]?spins'", "pattern: '(unclosed'")
    files.edit("schoolgate.yaml", "timezone: Europe/London", "timezone: Europe/Londn")
    done = files.command("check", check=1)
    for place in (r"policy\.yaml:\d+:\d+: ", r"rules/school\.yaml:\d+:\d+: ", r"schoolgate\.yaml:\d+:\d+: "):
        assert re.search(place, done.stderr), f"{place} is not in\n{done.stderr}"
    assert "gambling" in done.stderr and "early" in done.stderr


def test_check_names_an_unknown_key(files):
    files.edit("policy.yaml", "unlisted: block", "unlistd: block")
    done = files.command("check", check=1)
    assert re.search(r"policy\.yaml:\d+:\d+: .*unlistd", done.stderr) and "unlisted" in done.stderr.replace("unlistd", "")


def test_check_runs_the_rules_own_tests(files):
    files.edit("rules/school.yaml", "expect: allow", "expect: block")
    done = files.command("check", check=1)
    assert re.search(r"rules/school\.yaml:\d+:\d+: ", done.stderr)


def test_check_of_a_folder_that_is_not_there(tmp_path):
    done = schoolgate("check", "--config", str(tmp_path / "nowhere"))
    assert done.returncode == 1 and "nowhere" in done.stderr


def test_an_expired_rule_is_told(files):
    files.edit("rules/school.yaml", 'why: "phonics" }', 'why: "phonics", until: 2020-01-01 }')
    done = files.command("check", check=None)
    assert "rules/school.yaml" in done.stdout + done.stderr and re.search("expired|2020-01-01", done.stdout + done.stderr)


# --- explain -----------------------------------------------------------------------------------------------------------


def explain(files, url: str, *arguments: str) -> dict:
    return json.loads(files.command("explain", url, *arguments, "--json").stdout)


def test_explain_tells_why(files):
    answer = explain(files, "http://WWW.Blocked.example./x/../y", "--group", "pupils")
    assert answer["action"] == "block" and answer["group"] == "pupils" and answer["categories"] == ["gambling"]
    assert answer["canonical"].startswith("http://www.blocked.example/y")
    assert answer["reason"]["tier"] == "local"
    assert re.search(r"rules/school\.yaml:\d+$", answer["reason"]["source"])
    assert answer["text"]["pupil"] and answer["text"]["technician"] and answer["considered"]


def test_explain_by_address(files):
    assert explain(files, "http://blocked.example/", "--address", "127.0.1.9")["group"] == "staff"
    assert explain(files, "http://blocked.example/", "--address", "203.0.113.9")["group"] == "early"


def test_explain_of_what_no_rule_names(files):
    assert explain(files, "http://nothing.example/", "--group", "pupils")["action"] == "allow"
    early = explain(files, "http://nothing.example/", "--group", "early")
    assert early["action"] == "block" and early["reason"]["tier"] == "unlisted"


def test_explain_at_a_time(files):
    files.edit("policy.yaml", "    categories: { pornography: block }\n", """    categories: { pornography: block, social-media: block }
    schedules:
      - when: { days: [mon, tue, wed, thu, fri], from: "12:15", to: "13:15" }
        categories: { social-media: allow }
""")
    at = lambda time: explain(files, "http://social.example/", "--group", "staff", "--at", time)["action"]
    assert at("2026-06-15T11:20:00Z") == "allow"  # 12:20 in London's summer
    assert at("2026-06-15T12:20:00Z") == "block"
    assert at("2026-12-14T12:20:00Z") == "allow"
    assert at("2026-12-13T12:20:00Z") == "block"  # a Sunday


def test_explain_for_people_is_text(files):
    done = files.command("explain", "http://blocked.example/", "--group", "pupils")
    assert "block" in done.stdout and "rules/school.yaml" in done.stdout and not done.stdout.startswith("{")


def test_explain_of_nonsense(files):
    assert files.command("explain", "http://", "--group", "pupils", check=None).returncode in (1, 2)
    done = files.command("explain", "http://a.example/", "--group", "pupls", check=None)
    assert done.returncode in (1, 2) and "pupls" in done.stderr


def test_support_sites_are_never_blocked(files):
    files.edit("rules/school.yaml", "emergency: []", "emergency: []")
    answer = explain(files, "https://www.childline.org.uk/", "--group", "early")
    assert answer["action"] == "allow" and answer["reason"]["tier"] == "support"


# --- lists -------------------------------------------------------------------------------------------------------------


def test_lists_compile_and_lookup(tmp_path):
    plain, packed, image = tmp_path / "bets.txt", tmp_path / "more.txt.gz", tmp_path / "bets.image"
    plain.write_text("# bets\r\nBet.Example\r\n\r\nlucky.example.\nnot a host!\n")
    packed.write_bytes(gzip.compress(b"third.example\n"))
    done = schoolgate("lists", "compile", "--format", "domains", "--category", "gambling", str(plain), str(packed), "--output", str(image))
    assert done.returncode == 0, done.stderr
    done = schoolgate("lists", "lookup", "--image", str(image), "bet.example", "www.lucky.example", "third.example", "fine.example")
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 4
    assert all("gambling" in line for line in lines[:3]) and "gambling" not in lines[3] and lines[3].rstrip().endswith("-")


def test_lists_from_the_configuration(files):
    (files.config / "lists/many.txt").write_text("".join(f"many{number}.example\n" for number in range(100)))
    files.write(**{"lists.yaml": "lists:\n  - { name: many, category: gambling, format: domains, source: lists/many.txt }\n"})
    files.command("lists update")
    status = files.command("lists status").stdout
    assert "many" in status and "100" in status
    answer = explain(files, "http://www.many7.example/", "--group", "pupils")
    assert answer["action"] == "block" and answer["reason"]["tier"] == "category" and answer["reason"]["list"] == "many"


def test_a_sealed_list_is_never_shown(files):
    (files.config / "lists").mkdir(exist_ok=True)
    (files.config / "lists/sealed.txt").write_text("hidden-word.example/secret-path\nsealed.example\n")
    files.write(**{"lists.yaml": "lists:\n  - { name: sealed, category: child-abuse, format: urls, source: lists/sealed.txt, sealed: true }\n"})
    files.command("lists update")
    done = files.command("explain", "http://hidden-word.example/secret-path", "--group", "staff", "--json")
    answer = json.loads(done.stdout)
    assert answer["action"] == "block" and answer["reason"]["tier"] == "illegal"
    assert answer["reason"]["entry"] == "sealed" and answer["reason"]["source"] == "sealed"


# --- the rest ------------------------------------------------------------------------------------------------------------


def test_firewall_prints_a_ruleset(files):
    files.edit("schoolgate.yaml", "  metrics:", '  http: ["0.0.0.0:8081"]\n  tls: ["0.0.0.0:8443"]\n  metrics:')
    text = files.command("firewall").stdout
    assert "table" in text and "8081" in text and "8443" in text and "853" in text


def test_breaches_of_a_school_that_has_none(files):
    assert files.command("breaches export").stdout == ""
    assert files.command("breaches verify").returncode == 0


def test_selftest_through_the_running_gateway(new_school, web):
    school = new_school().start()
    done = school.command("selftest")
    numbers = re.search(r"(\d+) of (\d+) checks as expected", done.stdout)
    assert numbers and numbers[1] == numbers[2] and int(numbers[1]) > 0


def test_selftest_without_a_gateway_fails(files):
    assert files.command("selftest", check=1).stderr.strip()


def test_a_second_gateway_on_the_same_state_is_refused(new_school):
    first = new_school().start()
    done = subprocess.run([BINARY, "run", "--config", str(first.config)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.strip()


def test_the_state_folder_is_for_its_owner_only(new_school):
    school = new_school().start()
    assert school.state.stat().st_mode & 0o077 == 0
