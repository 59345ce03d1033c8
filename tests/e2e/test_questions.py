"""Questions: what a command that only asks says, to whom, and that it leaves no trace.

The table: every question x every standing of the state folder. A question writes nothing (bytes, times, owners and modes of
the state folder and of the configuration stay), never needs root, and says "cannot read" where it cannot know.
"""

import contextlib
import grp
import hashlib
import http.client
import json
import os
import pathlib
import pwd
import select
import shutil
import socket
import subprocess

import pytest

from parts.ports import free_port
from parts.school import BINARY
from parts.waiting import wait_for
from parts.wire import fetch

NOBODY = "nobody"
REMOTE_LIST = '  - { name: far, category: hate, format: domains, source: "https://localhost:1/far.txt" }\n'

QUESTIONS = {
    "check": ["check"],
    "status": ["status", "--json"],
    "explain": ["explain", "http://bets.example/", "--group", "pupils", "--json"],
    "explain a person": ["explain", "http://bets.example/", "--user", "j.smith"],
    "explain a device": ["explain", "http://bets.example/", "--device", "02:00:5e:10:00:01"],
    "needs": ["needs"],
    "lists status": ["lists", "status", "--json"],
    "inspect-report": ["inspect-report", "--json"],
    "breaches export": ["breaches", "export"],
    "breaches find": ["breaches", "find", "K7QF-2M9XPT"],
    "breaches verify": ["breaches", "verify"],
    "breaches audit": ["breaches", "audit"],
    "report": ["report", "inspection-pack", "--output", "OUTPUT"],
    "report numbers": ["report", "numbers", "--json"],
}
# What is only known where something was recorded, or while a gateway runs.
KNOWS_NOTHING = {
    "fresh": {"status", "explain a device", "breaches find", "report", "report numbers"},
    "running": {"status", "explain a device", "breaches find"},
    "stopped": {"status", "explain a device", "breaches find"},
    "killed": {"status", "explain a device", "breaches find"},
}


def traces(*folders: pathlib.Path) -> dict:
    """Everything that a question could change."""
    found = {}
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))] if folder.exists() else []:
            about = path.lstat()
            found[str(path)] = (
                about.st_mode, about.st_uid, about.st_gid, about.st_size, about.st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
        if not folder.exists():
            found[str(folder)] = None
    return found


def ask(school, question: str, *, user: str | None = None, groups: list[str] = ()) -> subprocess.CompletedProcess:
    words = [str(school.folder / "pack") if word == "OUTPUT" else word for word in QUESTIONS[question]]
    as_user = []
    if user:
        gid = str(pwd.getpwnam(user).pw_gid)
        as_user = ["setpriv", f"--reuid={user}", f"--regid={gid}", f"--groups={','.join([gid, *groups])}"]
    return subprocess.run(
        [*as_user, BINARY, *words, "--config", str(school.config)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )


def settle(school):
    """Nothing of the gateway's own moves any more, for as long as a question takes."""
    def still():
        before = traces(school.state)
        wait = socket.socketpair()
        wait[0].settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            wait[0].recv(1)
        return before == traces(school.state)

    wait_for(still, "the gateway to rest")


@pytest.fixture
def lived_in(new_school, web):
    """A school in whose state folder there is something of everything."""
    school = new_school()
    school.start()
    assert fetch(school.proxy, f"http://blocked.example:{web.http}/").status == 403
    school.command("emergency block", "other.example", "--by", "J. Smith", "--why", "seen in class")
    school.command("people add", "j.smith", "--name", "J. Smith", "--role", "staff", "--groups", "staff", input="correct horse battery staple\n", check=None)
    wait_for(lambda: school.attempts(), "the record")
    return school


def standing(school, name: str) -> None:
    if name == "stopped":
        school.stop()
    elif name == "killed":
        school.kill()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", ["stopped", "killed", "running"])
def test_a_question_leaves_no_trace(lived_in, name, question):
    standing(lived_in, name)
    settle(lived_in)
    before = traces(lived_in.state, lived_in.config)
    done = ask(lived_in, question)
    after = traces(lived_in.state, lived_in.config)
    if name == "running":  # what is in its files moves by the gateway itself; which there are and whose they are does not
        before, after = ({path: about[:3] for path, about in all.items()} for all in (before, after))
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    assert changed == [], "\n".join(f"{path}: {before.get(path)} -> {after.get(path)}" for path in changed)
    knows = question not in KNOWS_NOTHING[name]
    assert done.returncode == (0 if knows else 1), done.stdout + done.stderr


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_before_the_first_start_makes_nothing(new_school, question):
    school = new_school()
    school.write()
    before = traces(school.state, school.config)
    done = ask(school, question)
    assert traces(school.state, school.config) == before and not school.state.exists()
    knows = question not in KNOWS_NOTHING["fresh"]
    assert done.returncode == (0 if knows else 1), done.stdout + done.stderr


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1", reason="takes two users: run as root")


@contextlib.contextmanager
def readable_by_nobody(school):
    """The configuration for everybody, the state for its owner only: as the package has it, but for the owner."""
    for folder in [school.folder, *school.folder.parents]:
        if folder.stat().st_mode & 0o005 != 0o005 and str(folder) != "/":
            folder.chmod(folder.stat().st_mode | 0o005)
    yield


@needs_root
@pytest.mark.parametrize("question", QUESTIONS)
def test_whoever_may_not_read_is_told_so(lived_in, question):
    standing(lived_in, "stopped")
    before = traces(lived_in.state)
    with readable_by_nobody(lived_in):
        done = ask(lived_in, question, user=NOBODY)
    assert traces(lived_in.state) == before
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cannot" in done.stderr.lower(), done.stderr


@needs_root
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_state_folder_on_a_disk_that_is_read_only_is_read(lived_in, question):
    standing(lived_in, "stopped")
    subprocess.run(["mount", "--bind", str(lived_in.state), str(lived_in.state)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(lived_in.state)], check=True)
    try:
        done = ask(lived_in, question)
    finally:
        subprocess.run(["umount", "-l", str(lived_in.state)], check=True)
    knows = question not in KNOWS_NOTHING["stopped"]
    assert done.returncode == (0 if knows else 1), done.stdout + done.stderr


# --- status, health, ready ------------------------------------------------------------------------------------------------


def status(school, **options) -> dict:
    done = school.command("status", "--json", check=None, **options)
    answer = json.loads(done.stdout)
    assert done.returncode == (0 if answer["protected"] else 1)
    return answer


def page(school, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", school.metrics, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def excused(school):
    """Every gap of the tests' own policy has its reason."""
    answer = status(school)
    gaps = sorted({row["category"] for row in answer["protection"] if not row["protected"]})
    if gaps:
        school.files["schoolgate.yaml"] += "known_gaps: { " + ", ".join(f"{gap}: not in a test" for gap in gaps) + " }\n"
        school.write()
        school.command("reload")
    return school


def test_status_says_that_everybody_is_protected(new_school):
    school = excused(new_school().start())
    answer = status(school)
    assert answer["protected"] and answer["running"] and answer["reasons"] == []
    assert {one["name"]: one["state"] for one in answer["lists"]} == {"bets": "fresh", "adult": "fresh", "games": "fresh", "social": "fresh"}
    assert answer["policy_version"] in school.command("reload").stdout
    words = school.command("status").stdout
    assert words.startswith("PROTECTED") and "pupils" in words and "firewall" in words
    assert page(school, "/health")[0] == 200
    assert page(school, "/ready") == (200, '{"ready":true,"reasons":[]}\n')


def test_status_names_what_is_not_protected(new_school):
    school = new_school()
    school.files["lists.yaml"] += REMOTE_LIST
    school.edit("policy.yaml", "games: warn", "games: warn, hate: block")
    school.start()
    answer = status(school)
    assert not answer["protected"]
    assert any("pupils" in reason and "far" in reason for reason in answer["reasons"]), answer["reasons"]
    done = school.command("status", check=1)
    assert done.stdout.startswith("NOT PROTECTED")
    code, body = page(school, "/ready")
    assert code == 503 and not json.loads(body)["ready"] and json.loads(body)["reasons"] == answer["reasons"]
    assert page(school, "/health")[0] == 200


def test_status_names_fallbacks_restarts_and_the_last_alert(new_school):
    school = new_school()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace("listen:\n", f'listen:\n  console: "127.0.0.1:{free_port()}"\n', 1)
    taken = socket.create_server(("127.0.0.1", int(school.files["schoolgate.yaml"].split('console: "127.0.0.1:')[1].split('"')[0])))
    school.files["alerts.yaml"] = (
        "recipients: { it: { email: it@school.example } }\n"
        f'mail: {{ server: "smtp://127.0.0.1:{free_port()}", from: schoolgate@school.example }}\n'
    )
    school.start()
    assert [one["what"] for one in status(school)["fallbacks"]] == ["desk"]
    last = wait_for(lambda: status(school)["last_alert"], "an alert")
    assert "started without: desk" in last["subject"] and last["state"] == "waiting"
    school.edit("schoolgate.yaml", "inspection:", "limits: { idle_tunnel: 1m }\ninspection:")
    school.command("reload")
    assert status(school)["needs_restart"] == ["limits.idle_tunnel"]
    taken.close()


def test_status_of_a_gateway_that_does_not_run(new_school):
    school = new_school()
    school.write()
    answer = status(school)
    assert not answer["protected"] and not answer["running"] and "does not run" in answer["reasons"][0]
    assert {one["name"] for one in answer["lists"]} == {"bets", "adult", "games", "social"}
    assert school.command("status", check=1).stdout.startswith("NOT PROTECTED")


def test_a_broken_configuration_does_not_hide_the_gateway_that_runs(new_school):
    school = new_school().start()
    school.edit("policy.yaml", "fallback: early", "\tfallback: early")
    assert status(school)["running"]


@pytest.fixture
def account():
    """The user and the group that the package makes, and the folder that its unit has made."""
    made = not any(one.pw_name == "schoolgate" for one in pwd.getpwall())
    if made:
        subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "schoolgate"], check=True)
    folder = pathlib.Path("/run/schoolgate")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0750,uid={pwd.getpwnam('schoolgate').pw_uid},gid={grp.getgrnam('schoolgate').gr_gid}", "none", str(folder)], check=True)
    yield "schoolgate"
    subprocess.run(["umount", "-l", str(folder)], check=True)
    if made:
        subprocess.run(["userdel", "schoolgate"], check=True)


@pytest.fixture
def packaged(new_school, account):
    """A running gateway as the package has it: a user of its own, a state folder for that user alone."""
    school = new_school()
    school.write()
    school.state.mkdir(mode=0o700)
    for path in (school.folder, school.state):
        shutil.chown(path, account, account)
    with readable_by_nobody(school):
        yield school.start(user=account)
    school.stop()  # before its account goes


# Of the running gateway. What a member may not know is said to be withheld or not readable, and a stranger is told so of all.
MEMBER_KNOWS = {"check", "explain", "needs", "lists status", "inspect-report", "report numbers", "breaches find"}


@pytest.fixture
def asked(packaged, web):
    """Something of everything in its state, and a reference that is known."""
    assert fetch(packaged.proxy, f"http://blocked.example:{web.http}/search?q=secret-word").status == 403
    packaged.command("emergency block", "other.example", "--by", "J. Smith", "--why", "seen in class")
    packaged.command("people add", "j.smith", "--name", "J. Smith", "--role", "staff", "--groups", "staff", input="correct horse battery staple\n", check=None)
    return packaged, wait_for(lambda: packaged.breaches(), "the record")[0]


def standings_of(school) -> list[tuple[str, str | None, list[str]]]:
    return [("root", None, []), ("member", NOBODY, [str(grp.getgrnam("schoolgate").gr_gid)]), ("stranger", NOBODY, [])]


@needs_root
@pytest.mark.parametrize("question", QUESTIONS)
def test_each_standing_is_answered_or_told(asked, question):
    school, record = asked
    QUESTIONS["breaches find"] = ["breaches", "find", record["reference"]]
    settle(school)
    for name, user, groups in standings_of(school):
        before = traces(school.state, school.config)
        done = ask(school, question, user=user, groups=groups)
        after = traces(school.state, school.config)
        # What the gateway itself keeps while it runs may move; which files there are, whose they are and all that is not its own do not.
        before, after = ({path: about[:3] for path, about in all.items()} for all in (before, after))
        assert before == after, f"{name}: {sorted(set(before) ^ set(after))}"
        if name == "stranger" or (name == "member" and question not in MEMBER_KNOWS | {"status"}):
            assert done.returncode == 1 and "cannot" in done.stderr.lower() and "allow  " not in done.stdout, f"{name}: {done.stdout}{done.stderr}"
        elif name == "member" and question != "status":
            assert done.returncode == 0 and done.stdout, done.stderr
            assert "in force" in done.stderr and "withheld" in done.stderr


@needs_root
def test_a_member_hears_what_is_in_force_and_not_what_the_files_say(asked):
    school, _ = asked
    group = [str(grp.getgrnam("schoolgate").gr_gid)]
    school.edit("rules/school.yaml", "site: blocked.example", "site: elsewhere.example")
    school.edit("rules/school.yaml", "http://blocked.example/", "http://elsewhere.example/")
    QUESTIONS["edited"] = ["explain", "http://blocked.example/", "--group", "pupils", "--json"]
    QUESTIONS["measured"] = ["explain", "http://other.example/", "--group", "pupils", "--json"]
    try:
        said = json.loads(ask(school, "edited", user=NOBODY, groups=group).stdout)
        assert said["action"] == "block" and said["reason"]["policy_version"] in json.loads(ask(school, "status").stdout)["policy_version"]
        assert json.loads(ask(school, "edited").stdout)["action"] == "allow", "root reads the files"
        assert json.loads(ask(school, "measured", user=NOBODY, groups=group).stdout)["reason"]["tier"] == "emergency"
        school.edit("rules/school.yaml", "allow:\n", "allow: [\n")
        assert ask(school, "check", user=NOBODY, groups=group).returncode == 0, "the mistake is not in force"
        assert ask(school, "check").returncode == 1
    finally:
        del QUESTIONS["edited"], QUESTIONS["measured"]


@needs_root
def test_persons_searches_and_sealed_data_are_withheld_from_members(asked):
    school, record = asked
    group = [str(grp.getgrnam("schoolgate").gr_gid)]
    for words in (["breaches", "find", record["reference"]], ["breaches", "find", record["reference"], "--json"], ["explain", record["reference"]]):
        QUESTIONS["one"] = words
        done = ask(school, "one", user=NOBODY, groups=group)
        del QUESTIONS["one"]
        assert done.returncode == 0 and "blocked.example" in done.stdout, done.stderr
        for secret in ("127.0.0.1", "secret-word", "/search", "j.smith", "J. Smith"):
            assert secret not in done.stdout + done.stderr, done.stdout
        assert "127.0.0.1" in school.command("breaches find", record["reference"]).stdout


@needs_root
def test_a_rule_that_holds_what_was_searched_is_withheld_from_members(asked, web):
    school, _ = asked
    group = [str(grp.getgrnam("schoolgate").gr_gid)]
    school.edit("rules/school.yaml", "block:\n", 'block:\n  - { term: "green bicycle", category: gambling, why: "a phrase of ours" }\n')
    school.command("reload")
    assert fetch(school.proxy, f"http://www.google.com:{web.http}/search?q=green+bicycle", source="127.0.3.1").status == 403
    record = wait_for(lambda: [one for one in school.breaches() if "google" in one["site"]], "the record")[0]
    assert "green bicycle" in record["reason"]["rule"]
    for words in (["breaches", "find", record["reference"]], ["breaches", "find", record["reference"], "--json"]):
        QUESTIONS["one"] = words
        done = ask(school, "one", user=NOBODY, groups=group)
        del QUESTIONS["one"]
        assert done.returncode == 0 and "google" in done.stdout and "bicycle" not in done.stdout + done.stderr, done.stdout + done.stderr


@needs_root
def test_an_authority_that_may_not_be_looked_at_is_not_said_to_be_missing(packaged):
    for words in (["ca", "export"], ["ca", "renew"]):
        QUESTIONS["authority"] = words
        done = ask(packaged, "authority", user=NOBODY, groups=[str(grp.getgrnam("schoolgate").gr_gid)])
        del QUESTIONS["authority"]
        assert done.returncode == 1 and "cannot read" in done.stderr and "no authority" not in done.stderr, done.stderr


@needs_root
def test_the_socket_is_bounded(asked):
    """Many at once are answered or told; what is no question is not run; the gateway goes on."""
    school, _ = asked
    (path,) = pathlib.Path("/run/schoolgate").glob("*.sock")

    def heard(line: bytes) -> str:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(150)
            one.connect(str(path))
            one.sendall(line + b"\n")
            return one.makefile().read()

    for line in (b"ask", b"ask ", b"ask reload", b"ask lists update", b"ask breaches export", b"ask explain x --config /etc", b"ask check --state /x",
                 b"ask answer-question check", b"ask emergency block x --by y --why z", b"ask check %00", b"ask backup --output /x", b"ask " + b"a " * 30000):
        answer = heard(line)
        assert answer.startswith("problem\n") or answer == "", answer
    peers = []
    for _ in range(40):
        peers.append(socket.socket(socket.AF_UNIX))
        peers[-1].connect(str(path))  # waits for its turn to be taken
        peers[-1].settimeout(150)
        peers[-1].sendall(b"ask check\n")
    answers = [peer.makefile().read() for peer in peers]
    assert all(answer.startswith("done\n0 ") or "ask again" in answer for answer in answers)
    assert any(answer.startswith("done\n0 ") for answer in answers) and any("ask again" in answer for answer in answers)
    for peer in peers:
        peer.close()
    assert heard(b"ask check").startswith("done\n0 ")
    assert status(school)["running"]


@needs_root
def test_whoever_never_reads_is_let_go(packaged):
    """A member of the group holds neither the gateway's memory nor its descriptors for ever, and connections are counted."""
    packaged.edit("rules/school.yaml", "block:\n", "block:\n" + '  - { site: twice.example, category: gambling, why: "said again" }\n' * 2500)
    packaged.command("reload")
    (path,) = pathlib.Path("/run/schoolgate").glob("*.sock")
    open_files = pathlib.Path(f"/proc/{packaged.process.pid}/fd")

    def held() -> int:
        return sum("socket" in os.readlink(one) for one in open_files.iterdir() if one.is_symlink())

    before, peers = held(), []
    for _ in range(9):
        peers.append(socket.socket(socket.AF_UNIX))
        peers[-1].connect(str(path))  # waits for its turn to be taken
        peers[-1].settimeout(20)
    assert peers.pop().recv(100).startswith(b"problem\ncannot answer"), "more than eight of one member are sent away at once"
    for peer in peers[:4]:
        peer.sendall(b"ask check --json\n")  # the fourth is told that three of his are worked on
    other = ask(packaged, "check", user=NOBODY, groups=[str(grp.getgrnam("schoolgate").gr_gid)])
    assert other.returncode == 0, f"one member keeps no other from an answer: {other.stderr}"
    for peer in peers[4:]:
        peer.close()
    select.select(peers[:1], [], [], 60)
    assert held() > before, "an answer larger than a socket's buffer"
    wait_for(lambda: held() <= before, "the end of those who do not read", deadline=45)
    assert status(packaged)["running"]


@needs_root
def test_members_of_the_group_ask_and_command_nothing(packaged):
    group = str(grp.getgrnam("schoolgate").gr_gid)
    done = ask(packaged, "status", user=NOBODY, groups=[group])
    assert json.loads(done.stdout or "{}").get("running"), done.stderr
    stranger = ask(packaged, "status", user=NOBODY)
    assert stranger.returncode == 1 and "cannot" in stranger.stderr, stranger.stdout
    for command in ("reload", "emergency block other.example --by X --why Y", "emergency list", "clock --confirm"):
        refused = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={group}", "--clear-groups", BINARY, *command.split(), "--config", str(packaged.config)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )
        assert refused.returncode == 1, f"{command}: {refused.stdout}"


@needs_root
def test_no_command_is_heard_on_the_socket_for_questions(packaged):
    heard = set()
    (path,) = pathlib.Path("/run/schoolgate").glob("*.sock")
    assert path.stat().st_mode & 0o777 == 0o660
    for line in ("reload", "measures", "lists", "clock-confirm", "selftest-from 127.0.0.1:1", "measure-close {}"):
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(path))
            one.sendall(line.encode() + b"\n")
            heard.add(one.makefile().read())
    assert heard == {"problem\nunknown request\n"}
