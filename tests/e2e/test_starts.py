"""What was accepted once starts again, and what is asked of a disk, a clock or a neighbour may be wrong: the filter serves.

The table: everything that can be wrong, at each moment that it can be wrong at. docs/operations.md prints the same table.
A case says what is served, which metric start_fallback says so, and that "it" is alarmed.
"""

import contextlib
import dataclasses
import datetime
import glob
import os
import pathlib
import re
import shutil
import socket
import subprocess
import typing
import urllib.request

import pytest

from parts.inspected import InspectedWire, make_authority
from parts.list_server import ListServer
from parts.origins import make_certificates
from parts.ports import free_port
from parts.school import School
from parts.waiting import listens, wait_for
from parts.wire import fetch

NOBODY = "nobody"
SHIM = "/usr/lib/*/faketime/libfaketimeMT.so.1"

ALERTS = """
recipients: {{ it: {{ email: it@school.example }} }}
mail: {{ server: "smtp://127.0.0.1:{port}", from: schoolgate@school.example }}
"""


# --- what can be wrong: each changes a school whose gateway does not run, or runs ---------------------------------------


def broken_yaml(school):
    school.edit("rules/school.yaml", "allow:\n", "allow: [\n")


def tab(school):
    school.edit("rules/school.yaml", "  - { url", "\t- { url")


def tab_in_the_settings(school):
    """The file that says where the state is, too."""
    school.edit("schoolgate.yaml", "  connect_ports", "\tconnect_ports")


def unknown_key(school):
    school.edit("policy.yaml", "fallback: early", "fallback: early\ngrupps: {}")


def failing_test(school):
    school.edit("rules/school.yaml", "allowed.example/\", group: pupils, expect: allow", "allowed.example/\", group: pupils, expect: block")


def rule_has_ended(school):
    """The rule of `written()` ended yesterday, by the gateway's clock."""
    school.clock.write_text("+3d\n")


def list_drops_a_tested_site(school):
    (school.config / "lists/bets.txt").write_text("more-bets.example\n")
    school.files["lists/bets.txt"] = "more-bets.example\n"


def images(school):
    return [pathlib.Path(path) for path in glob.glob(str(school.state / "lists/images/*.image"))]


def image_missing(school):
    for image in images(school):
        image.unlink()


def image_damaged(school):
    for image in images(school):
        image.write_bytes(b"\0" * 4096)


def databases_without_images(school):
    shutil.rmtree(school.state / "lists", ignore_errors=True)


def disk_full(school):
    fill = school.state / "fill"
    with contextlib.suppress(OSError), fill.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def disk_read_only(school):
    subprocess.run(["mount", "-o", "remount,ro", str(school.state)], check=False)
    if not os.statvfs(school.state).f_flag & os.ST_RDONLY:  # a database is open for writing: what a disk does by itself
        subprocess.run(["mount", "-o", "remount,ro,force", str(school.state)], check=False)


def wrong_owner(school):
    for path in [school.state, *school.state.rglob("*")]:
        os.chown(path, 0, 0)
    school.state.chmod(0o700)


def clock_2020(school):
    school.clock.write_text("@2020-01-01 00:00:00\n")


def clock_2040(school):
    school.clock.write_text("@2040-01-01 00:00:00\n")


def name_servers_down(school):
    school.edit("schoolgate.yaml", school.resolver, f'resolver: ["127.0.0.1:{free_port()}"]')


def no_network(school):
    school.edit("schoolgate.yaml", school.resolver, 'resolver: ["192.0.2.53:53"]')


@contextlib.contextmanager
def taken(port):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


# --- the table ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Wrong:
    """`first`: a first start is refused. `changes`: a reload is. `fallback`: what start_fallback names after a start."""

    apply: typing.Callable | None
    first_refused: bool = False
    reload_refused: bool = False
    fallback: str = ""       # of a restart
    first_fallback: str = ""
    said: str = ""           # in the log of the restart
    takes: str = ""          # a listener whose port another process has


WRONG = {
    "broken YAML": Wrong(broken_yaml, True, True, "configuration", said=r"rules/school\.yaml:\d+:\d+"),
    "tab": Wrong(tab, True, True, "configuration", said=r"rules/school\.yaml:\d+:\d+"),
    "tab in the settings": Wrong(tab_in_the_settings, True, True, "configuration", said=r"schoolgate\.yaml:\d+:\d+"),
    "unknown key": Wrong(unknown_key, True, True, "configuration", said=r"policy\.yaml:\d+:\d+"),
    "failing test": Wrong(failing_test, False, True, "configuration", "tests", said="test failed"),
    "test failing by date": Wrong(rule_has_ended, said="test passed over"),
    "test failing by list": Wrong(list_drops_a_tested_site, False, True, "tests", "tests", said="test failed"),
    "image missing": Wrong(image_missing),
    "image damaged": Wrong(image_damaged),
    "databases without images": Wrong(databases_without_images),
    "disk full": Wrong(disk_full, fallback="breach log", first_fallback="breach log"),
    "disk read-only": Wrong(disk_read_only, fallback="breach log", first_fallback="breach log"),
    "wrong owner": Wrong(wrong_owner, fallback="breach log", first_fallback="breach log"),
    "clock 2020": Wrong(clock_2020),
    "clock 2040": Wrong(clock_2040),
    "name servers down": Wrong(name_servers_down),
    "no network": Wrong(no_network),
    "port of metrics taken": Wrong(None, takes="metrics", fallback="metrics", first_fallback="metrics"),
    "port of console taken": Wrong(None, takes="console", fallback="desk", first_fallback="desk"),
    "port of portal taken": Wrong(None, takes="portal", fallback="portal", first_fallback="portal"),
}


class StartedSchool(School):
    """A school whose gateway runs as an ordinary user over a disk of its own, with a clock that the test sets."""

    def __init__(self, folder, dns_port, mail_port, web_ports):
        self.console, self.portal, self.portal_tls = (free_port() for _ in range(3))
        self.clock = folder / "clock"
        self.clock.write_text("+0\n")
        shims = glob.glob(SHIM)
        assert shims, "libfaketime is not installed (packaging/apt-packages.txt, [test])"
        environment = {
            "LD_PRELOAD": shims[0], "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        super().__init__(
            folder, web_ports=web_ports, dns_port=dns_port, environment=environment,
            extra='identity: { sources: [sign-in], sign_in: { host: signin.school.example, networks: ["127.0.9.0/24"] } }\n',
        )
        self.resolver = f'resolver: ["127.0.0.1:{dns_port}"]'
        self.files["schoolgate.yaml"] = self.files["schoolgate.yaml"].replace(
            "listen:\n",
            f'listen:\n  console: "127.0.0.1:{self.console}"\n  portal: ["127.0.0.1:{self.portal}"]\n  portal_tls: ["127.0.0.1:{self.portal_tls}"]\n', 1,
        )
        tomorrow = datetime.date.today() + datetime.timedelta(days=1)
        self.edit_text("rules/school.yaml", "emergency: []", f"  - {{ site: lesson.bets.example, groups: [pupils], why: maths, until: {tomorrow} }}\nemergency: []")
        self.files["rules/school.yaml"] += (
            '  - { url: "http://lesson.bets.example/", group: pupils, expect: allow }\n'
            '  - { url: "http://bets.example/", group: pupils, expect: block, category: gambling }\n'
        )
        self.files["alerts.yaml"] = ALERTS.format(port=mail_port)
        self.state.mkdir()
        # Only as large as to be filled quickly; owned as the service's StateDirectory is.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(self.state)], check=True)
        shutil.chown(self.state, NOBODY)
        self.state.chmod(0o700)
        shutil.chown(folder, NOBODY)

    def edit_text(self, name, old, new):
        assert old in self.files[name]
        self.files[name] = self.files[name].replace(old, new)

    def begin(self, taken_port=None):
        ready = [self.proxy] + [port for port in [self.metrics] if port != taken_port]
        return self.start(user=NOBODY, ready=lambda: all(listens(port) for port in ready))

    def serves(self, web):
        """The filter filters: by its own rule and by its list; what is allowed comes."""
        assert fetch(self.proxy, f"http://blocked.example:{web.http}/").status == 403
        assert fetch(self.proxy, f"http://more-bets.example:{web.http}/").status == 403
        assert fetch(self.proxy, f"http://allowed.example:{web.http}/").status == 200

    def falls_back_on(self, what):
        return f'schoolgate_start_fallback{{what="{what}"}} 1' in self.page()

    def page(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10) as page:
            return page.read().decode()


@pytest.fixture
def school(tmp_path_factory, names, mail, web):
    if os.geteuid() != 0 or pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1":
        pytest.skip("a gateway that is not root needs a second user: run as root")
    folder = pathlib.Path("/run/schools") / tmp_path_factory.mktemp("x").name
    folder.mkdir(parents=True, mode=0o755)
    made = StartedSchool(folder, names.port, mail.port, [web.tls])
    made.write()
    yield made
    if made.process:
        made.kill()
    subprocess.run(["umount", "-l", str(made.state)], check=True)
    shutil.rmtree(folder)


def alarmed(mail, what):
    """A mail to "it" that names the fallback."""
    return any(f"started without: {what}" in message["Subject"] + message.get_body(("plain",)).get_content() for message in mail.messages)


@contextlib.contextmanager
def wrong_at(school, case):
    with contextlib.ExitStack() as until:
        if case.takes:
            until.enter_context(taken(getattr(school, case.takes)))
        else:
            case.apply(school)
        yield getattr(school, case.takes) if case.takes else None


def expect_served(school, web, mail, fallback, port):
    school.serves(web)
    if fallback and port != school.metrics:
        wait_for(lambda: school.falls_back_on(fallback), f"start_fallback of {fallback}; it said:\n{school.words()}")
    elif not fallback:
        assert "start_fallback{" not in school.page(), school.page()
    if fallback:
        wait_for(lambda: alarmed(mail, fallback), f"an alert about {fallback}; it said:\n{school.words()}")


@pytest.mark.parametrize("name", WRONG)
def test_first_start(school, web, mail, name):
    case = WRONG[name]
    with wrong_at(school, case) as port:
        if case.first_refused:
            with pytest.raises(AssertionError, match="ended with 1"):
                school.begin()
            school.process = None
            assert re.search(case.said, school.words()), school.words()
            return
        school.begin(port)
        expect_served(school, web, mail, case.first_fallback, port)


@pytest.mark.parametrize("name", WRONG)
def test_restart(school, web, mail, name):
    case = WRONG[name]
    school.begin()
    school.serves(web)
    school.stop()
    with wrong_at(school, case) as port:
        school.begin(port)
        expect_served(school, web, mail, case.fallback, port)
        assert re.search(case.said, school.words()), school.words()
    if case.takes:
        wait_for(lambda: listens(getattr(school, case.takes)) and not school.falls_back_on(case.fallback), "the port, once it is free")


@pytest.mark.parametrize("name", WRONG)
def test_reload(school, web, name):
    case = WRONG[name]
    school.begin()
    with wrong_at(school, case) if not case.takes else contextlib.nullcontext():
        done = school.command("reload", check=None)
        school.serves(web)
        if case.reload_refused:
            assert done.returncode == 1 and re.search(case.said, done.stderr), done.stderr
        assert done.returncode in (0, 1)


@pytest.mark.parametrize("name", WRONG)
def test_update(school, web, name):
    case = WRONG[name]
    school.begin()
    with wrong_at(school, case) if not case.takes else contextlib.nullcontext():
        assert school.command("lists update", check=None).returncode in (0, 1)
        school.serves(web)


# --- back from a fallback, and strictly ---------------------------------------------------------------------------------


def test_a_mended_file_is_in_force_with_a_reload_and_the_fallback_ends(school, web):
    school.begin()
    school.stop()
    before = school.files["rules/school.yaml"]
    broken_yaml(school)
    school.begin()
    assert school.falls_back_on("configuration")
    assert school.command("reload", check=1).stderr
    school.files["rules/school.yaml"] = before
    school.write()
    school.command("reload")
    assert not school.falls_back_on("configuration")
    school.serves(web)


def test_a_disk_that_has_room_again_is_written_and_nothing_that_waited_is_lost(school, web):
    school.begin()
    school.stop()
    disk_full(school)
    school.begin()
    school.serves(web)
    (school.state / "fill").unlink()
    for what in ("breach log", "audit log", "identity", "desk"):
        wait_for(lambda: not school.falls_back_on(what), f"the end of {what}; it said:\n{school.words()}")
    wait_for(lambda: sum(record["site"] in ("blocked.example", "more-bets.example") for record in school.attempts()) == 2, "the records that waited")


@pytest.mark.parametrize("name", [name for name in WRONG if WRONG[name].reload_refused])
def test_strict_refuses_what_a_reload_refuses(school, name):
    school.begin()
    school.stop()
    WRONG[name].apply(school)
    done = school.command("run", "--strict", check=1)
    assert re.search(WRONG[name].said, done.stderr), done.stderr


@pytest.mark.parametrize("servers", ["silent", "gone"])
def test_name_servers_that_are_down_are_counted_as_names_and_told(new_school, web, servers):
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    school = new_school(dns_port=silent.getsockname()[1])
    if servers == "gone":
        silent.close()
    school.start()
    assert fetch(school.proxy, "http://never-asked.example/").status in (502, 504)
    assert school.metric("upstream_errors_total", kind="name") == 1
    assert school.metric("upstream_errors_total", kind="timeout") == 0
    wait_for(lambda: "the name servers" in school.words(), "a line in the journal")
    assert fetch(school.proxy, "http://asked-again.example/").status in (502, 504)
    assert school.words().count("the name servers") == 1, "a line for each request"
    silent.close()


# --- what is lost closes, and never opens ---------------------------------------------------------------------------------

SEALED = "  - { name: sealed, category: child-abuse, format: urls, source: lists/sealed.txt, sealed: true, if_missing: IF_MISSING }\n"


def with_sealed_list(school, if_missing="serve"):
    school.files["lists.yaml"] += SEALED.replace("IF_MISSING", if_missing)
    school.files["lists.yaml"] = school.files["lists.yaml"].replace("lists/bets.txt }", f"lists/bets.txt, if_missing: {if_missing} }}")
    school.files["lists/sealed.txt"] = "sealed.example/secret\n"
    school.files["lists.yaml"] = re.sub(r"(lists/(?:adult|games|social)\.txt) \}", r"\1, if_missing: serve }", school.files["lists.yaml"])
    return school


def key_is_damaged(school):
    """The key of sealed lists is unusable, for root as well: nothing can be compiled."""
    (school.state / "sealed.key").write_bytes(b"short")
    (school.state / "sealed.key").chmod(0o644)


def key_is_mended(school, key):
    (school.state / "sealed.key").write_bytes(key)
    (school.state / "sealed.key").chmod(0o600)


def status_of(school, web, host):
    return fetch(school.proxy, f"http://{host}:{web.http}/").status


def test_lists_that_cannot_be_put_in_force_leave_those_that_are(new_school, web):
    school = with_sealed_list(new_school()).start()
    school.edit("lists/games.txt", "more-games.example", "other-games.example")
    school.command("lists update")
    key_is_damaged(school)
    done = school.command("lists rollback", check=None)
    assert status_of(school, web, "bets.example") == 403, "the list's sites are open"
    assert done.returncode == 1 and "stays in force" in done.stdout + done.stderr
    assert "lists not in force" in school.words()


def test_nothing_serves_without_a_list_that_must_not_be_missing(new_school, web):
    school = with_sealed_list(new_school())
    school.files["lists.yaml"] = school.files["lists.yaml"].replace("lists/bets.txt, if_missing: serve }", "lists/bets.txt, if_missing: refuse }")
    school.start()
    school.kill()
    key_is_damaged(school)
    with pytest.raises(AssertionError, match="ended with 1"):
        school.start()
    school.process = None


@pytest.fixture
def publisher(tmp_path):
    make_certificates(tmp_path, "localhost")
    server = ListServer(tmp_path)
    yield server
    server.stop()


def test_a_start_without_its_lists_closes_the_groups_that_need_them(new_school, web, publisher, tmp_path):
    publisher.files["/remote.txt"] = "remote.bets.example\n"
    school = new_school(extra="first_start: serve\n", upstream=f"trust: [{tmp_path}/authority.pem]")
    school.files["lists.yaml"] = (
        f"lists:\n  - {{ name: remote, category: gambling, format: domains, source: \"{publisher.url('/remote.txt')}\" }}\n"
        + SEALED.replace("IF_MISSING", "serve")
    )
    school.files["lists/sealed.txt"] = "sealed.example/secret\n"
    school.start()
    wait_for(lambda: status_of(school, web, "remote.bets.example") == 403, "the list in force")
    school.kill()
    key = (school.state / "sealed.key").read_bytes()
    key_is_damaged(school)
    school.start()
    assert status_of(school, web, "other.example") == 503, "pupils have the web without any list"
    assert school.metric("start_fallback", what="lists") == 1
    key_is_mended(school, key)
    wait_for(lambda: status_of(school, web, "other.example") == 200, "the lists, once they can be read")
    assert status_of(school, web, "remote.bets.example") == 403
    assert "start_fallback{" not in page_of(school)


def test_a_list_of_which_nothing_is_left_closes_the_groups_that_need_it_until_it_is_fetched(new_school, web, publisher, tmp_path):
    publisher.files["/remote.txt"] = "other.example\n"
    school = new_school(extra="first_start: serve\n", upstream=f"trust: [{tmp_path}/authority.pem]")
    school.files["lists.yaml"] += (
        f"  - {{ name: remote, category: gambling, format: domains, source: \"{publisher.url('/remote.txt')}\" }}\n"
    )
    school.start()
    wait_for(lambda: status_of(school, web, "other.example") == 403, "the list in force")
    school.stop()
    image_damaged(school)
    kept = [path for path in (school.state / "lists/sources").iterdir() if path.name.startswith("remote")]
    assert len(kept) == 1
    kept[0].unlink()
    content = publisher.files.pop("/remote.txt")
    school.start()
    assert status_of(school, web, "other.example") == 503, "the list's sites are open"
    school.stop()
    school.start()
    assert status_of(school, web, "other.example") == 503, "the image without the list counts as whole"
    publisher.files["/remote.txt"] = content
    school.command("lists update")
    wait_for(lambda: status_of(school, web, "other.example") == 403, "the list in force again")
    assert status_of(school, web, "forum.example") == 200


def page_of(school):
    with urllib.request.urlopen(f"http://127.0.0.1:{school.metrics}/metrics", timeout=10) as page:
        return page.read().decode()


def damage(state, name):
    for companion in ("-wal", "-shm"):
        (state / (name + companion)).unlink(missing_ok=True)
    (state / name).write_bytes(b"this is no database\n" * 400)


def test_an_authority_that_is_lost_lets_nothing_through_unseen(new_inspecting, site):
    school = new_inspecting().start()
    with InspectedWire(school, "forum.example", site.port) as wire:
        assert wire.get("/casino/").status == 403
    school.stop()
    shutil.rmtree(school.state / "ca")
    school.start()
    assert school.metric("start_fallback", what="inspection") == 1
    with pytest.raises((AssertionError, OSError)):
        InspectedWire(school, "forum.example", site.port, authority=None)
    make_authority(school)
    school.command("reload")
    with InspectedWire(school, "forum.example", site.port) as wire:
        assert wire.get("/casino/").status == 403


def test_an_authority_that_could_not_be_used_at_the_start_is_tried_again(new_inspecting, site):
    school = new_inspecting().start()
    school.stop()
    (school.state / "ca").rename(school.state / "ca.away")
    school.start()
    assert school.metric("start_fallback", what="inspection") == 1
    (school.state / "ca.away").rename(school.state / "ca")
    wait_for(lambda: 'start_fallback{what="inspection"}' not in page_of(school), "the authority in use without a reload")
    with InspectedWire(school, "forum.example", site.port) as wire:
        assert wire.get("/casino/").status == 403


@pytest.mark.parametrize("damaged", ["desk.db", "desk_users.db"])
def test_an_emergency_block_outlives_a_desk_that_cannot_be_read(new_school, web, damaged):
    school = new_school().start()
    school.command("emergency block", "other.example", "--by", "J. Smith", "--why", "seen in class")
    assert status_of(school, web, "other.example") == 403
    school.stop()
    damage(school.state, damaged)
    school.start()
    assert status_of(school, web, "other.example") == 403
    if damaged == "desk.db":
        assert school.metric("start_fallback", what="measures") == 1
    school.edit("rules/school.yaml", "betting", "bets")
    school.command("reload")
    assert status_of(school, web, "other.example") == 403, "a reload has opened it"


def test_an_emergency_block_outlives_a_desk_that_is_gone_and_can_be_undone(new_school, web):
    school = new_school().start()
    done = school.command("emergency block", "other.example", "--by", "J. Smith", "--why", "seen in class")
    block = re.match(r"(\S+) is in force", done.stdout)[1]
    school.stop()
    for file in school.state.glob("desk.db*"):
        file.unlink()
    school.start()
    assert status_of(school, web, "other.example") == 403, "nothing knows of the block any more"
    assert school.metric("start_fallback", what="measures") == 1
    school.command("emergency undo", block, "--by", "J. Smith")
    assert status_of(school, web, "other.example") == 200
    assert "start_fallback{" not in page_of(school)
    school.stop()
    school.start()
    assert status_of(school, web, "other.example") == 200, "it was undone"


def audit(school):
    return school.command("breaches audit").stdout


def test_a_refused_edit_is_not_accepted_because_the_accepted_copy_is_gone(new_school, web):
    school = new_school().start()
    school.stop()
    failing_test(school)
    shutil.rmtree(school.state / "accepted")
    school.start()
    assert school.metric("start_fallback", what="configuration") == 1
    assert "is gone" in school.words()
    assert not (school.state / "accepted").exists(), "what a reload refuses is recorded as accepted"
    assert '"what":"start, not accepted"' in audit(school)


def test_a_damaged_copy_of_the_accepted_configuration_is_a_fallback_with_a_name(new_school, web):
    school = new_school().start()
    school.stop()
    failing_test(school)
    copy = school.state / "accepted/rules/school.yaml"
    copy.write_text(copy.read_text().replace("  - { site: blocked.example, category: gambling, why: \"betting\" }\n", ""))
    before = copy.read_text()
    school.start()
    assert status_of(school, web, "blocked.example") == 403, "the damaged copy is in force"
    assert school.metric("start_fallback", what="configuration") == 1
    assert "is damaged" in school.words()
    assert copy.read_text() == before, "what a reload refuses is recorded as accepted"


def test_two_gateways_with_states_of_their_own_never_share_a_port(new_school, web):
    first, second = new_school().start(), new_school()
    second.edit("schoolgate.yaml", f"127.0.0.1:{second.proxy}", f"127.0.0.1:{first.proxy}")
    refused = second.command("run", check=1)
    assert f"process {first.process.pid}" in refused.stderr and str(first.config) in refused.stderr, refused.stderr
    assert "listen in schoolgate.yaml" in refused.stderr
    assert status_of(first, web, "blocked.example") == 403
    for _ in range(3):  # a restart on the same state takes the port over at once
        first.stop()
        first.start()
    first.kill()
    first.start()
    first.stop()
    second.proxy = first.proxy
    second.start()
