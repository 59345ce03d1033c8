"""A backup of a gateway that serves, and the same gateway of it on an empty machine.

Also what may go wrong with the file on the way, with the disk, and with whoever types the command: nothing is half done, nothing is put
over what is there, and a file that is not whole is refused before anything of it is in place.
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import stat
import subprocess
import tarfile
import threading
import time

import pytest

from parts.school import BINARY
from parts.waiting import wait_for
from parts.wire import fetch

PASSPHRASE = "willow lane, seven bells"


def run(*words, check=0, **options) -> subprocess.CompletedProcess:
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=120, **options)
    assert check is None or done.returncode == check, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def traces(folder: pathlib.Path) -> dict:
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))] if folder.exists() else []:
        about = path.lstat()
        found[str(path)] = (about.st_mode, about.st_uid, about.st_size, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
    return found


@pytest.fixture
def lived_in(new_school, web):
    school = new_school()
    school.write()
    school.command("ca create")
    school.start()
    for _ in range(3):
        assert fetch(school.proxy, f"http://blocked.example:{web.http}/").status == 403
    school.command("emergency block", "other.example", "--by", "J. Smith", "--why", "seen in class")
    school.command("people add", "j.smith", "--name", "J. Smith", "--role", "staff", "--groups", "staff", input="correct horse battery staple\n")
    school.command("user add", "dsl", "--name", "D. Lead", "--role", "lead", input="a long enough password\n", check=None)
    wait_for(lambda: school.breaches(), "the record")
    return school


@pytest.fixture
def backed_up(lived_in, tmp_path):
    file = tmp_path / "gateway.backup"
    lived_in.command("backup", "--output", str(file))
    return lived_in, file


def moved_away(school) -> pathlib.Path:
    """The machine is empty: configuration and state are kept beside, to be compared with."""
    school.stop()
    kept = school.folder / "before"
    kept.mkdir()
    shutil.move(school.config, kept / "config")
    shutil.move(school.state, kept / "state")
    return kept


def what_is_known(school) -> dict:
    return {
        "records": school.command("breaches export").stdout,
        "audit": school.command("breaches audit").stdout,
        "people": school.command("people list").stdout,
        "accounts": school.command("user list").stdout,
        "authority": school.command("ca export", "--format", "pem").stdout,
    }


@pytest.mark.parametrize("how", ["clear", "sealed"])
def test_a_gateway_is_the_same_on_an_empty_machine(lived_in, web, tmp_path, how):
    school, file = lived_in, tmp_path / "gateway.backup"
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    options = ["--passphrase-file", str(secret)] if how == "sealed" else []
    stop, asked = threading.Event(), []

    def load():  # pupils go on meanwhile, and each of them gets an answer
        while not stop.is_set():
            asked.append(fetch(school.proxy, f"http://blocked.example:{web.http}/").status)

    pupil = threading.Thread(target=load)
    pupil.start()
    done = school.command("backup", "--output", str(file), *options)
    stop.set()
    pupil.join()
    assert set(asked) == {403}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ("private key" in done.stderr) == (how == "clear"), done.stderr
    assert (b"authority.key" in file.read_bytes()) == (how == "clear")
    assert [path.name for path in tmp_path.glob(".*")] == []

    before = what_is_known(school)
    in_force = school.command("reload").stdout.splitlines()[-1]
    moved_away(school)
    there = traces(tmp_path)
    check = run("restore", "--config", school.config, file, "--check", *options)
    assert "whole" in check.stdout and "gate-1" in check.stdout
    assert traces(tmp_path) == there
    run("restore", "--config", school.config, file, *options)
    assert stat.S_IMODE(school.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((school.state / "ca/authority.key").stat().st_mode) == 0o600
    assert "whole" in school.command("breaches verify").stdout
    after = what_is_known(school)
    assert {key: after[key] for key in ("people", "accounts", "authority")} == {key: before[key] for key in ("people", "accounts", "authority")}
    for log in ("records", "audit"):  # as it was at one moment while it grew
        assert after[log] and before[log].startswith(after[log])

    school.write = lambda **_: None  # it starts with the files that were restored, as they are
    school.start()
    assert json.loads(school.command("status", "--json", check=None).stdout)["fallbacks"] == []
    assert school.command("reload").stdout.splitlines()[-1] == in_force
    assert fetch(school.proxy, f"http://other.example:{web.http}/").status == 403, "the emergency block is in force"
    assert fetch(school.proxy, f"http://blocked.example:{web.http}/").status == 403
    wait_for(lambda: len(school.breaches()) > len(after["records"].splitlines()), "a record after those of the backup")
    assert "whole" in school.command("breaches verify").stdout


def test_a_backup_changes_nothing_of_a_gateway_that_is_stopped(lived_in, tmp_path):
    lived_in.stop()
    before = traces(lived_in.state), traces(lived_in.config)
    lived_in.command("backup", "--output", str(tmp_path / "x"))
    assert (traces(lived_in.state), traces(lived_in.config)) == before


@pytest.mark.parametrize("spelling", ['"state": {}', "state : {}", "state:\n  {}", "state: !!str {}", 'state: "\\x2f{}"'])
def test_however_the_state_is_written_it_is_found_again(new_school, tmp_path, spelling):
    school, file = new_school(), tmp_path / "gateway.backup"
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(f"state: {school.state}", spelling.format(school.state if "x2f" not in spelling else str(school.state)[1:]))
    school.start()
    school.command("backup", "--output", str(file))
    moved_away(school)
    run("restore", "--config", school.config, file)
    assert (school.state / "breaches.db").exists()
    (school.config / "policy.yaml").write_text("broken: [")
    school.command("backup", "--output", str(file))
    shutil.move(school.state, school.folder / "first")
    shutil.move(school.config, school.folder / "first-config")
    run("restore", "--config", school.config, file)
    assert (school.state / "breaches.db").exists(), "also of a configuration with a mistake elsewhere"


def test_what_could_not_be_restored_is_not_backed_up(new_school, tmp_path):
    school = new_school()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(f"state: {school.state}", f"state: {school.folder}")
    school.write()
    done = school.command("backup", "--output", str(tmp_path / "x"), check=1)
    assert "would hold its configuration" in done.stderr and not (tmp_path / "x").exists()


def test_a_plain_file_in_the_place_of_an_encrypted_one_is_refused(backed_up, tmp_path):
    school, file = backed_up
    moved_away(school)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    assert "not encrypted" in refuses(school, file, "--passphrase-file", str(secret))
    said = run("restore", "--config", school.config, file).stderr
    assert f"goes to {school.config}, its state to {school.state}" in said


def test_a_crash_in_the_exchange_leaves_a_gateway(backed_up):
    """Killed after each rename of a restore: there is a state with keys at its place, always."""
    school, file = backed_up
    school.stop()
    key = (school.state / "state.key").read_bytes()
    for call in (1, 2, 3, 4):
        traced = ["strace", "-f", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", f"inject=rename,renameat,renameat2:signal=SIGKILL:when={call}"]
        if not shutil.which("strace"):
            pytest.skip("no strace")
        subprocess.run([*traced, BINARY, "restore", "--config", school.config, file, "--replace"], capture_output=True, timeout=120, check=False)
        assert (school.state / "state.key").read_bytes() == key and (school.config / "schoolgate.yaml").exists(), call


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_nothing_in_clear(lived_in, tmp_path, which):
    school, temporary, place = lived_in, tmp_path / "temporary", tmp_path / "place"
    temporary.mkdir()
    place.mkdir()
    with (school.state / "lists" / "large.bin").open("wb") as large:
        large.truncate(3 << 30)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    old = temporary / "schoolgate-backup.abcdef"
    old.mkdir(mode=0o700)
    (old / "copy").write_text("a record in clear")
    os.utime(old, (1, 1))
    whose = temporary / "schoolgate-backup.of-another-program"
    whose.mkdir()
    words = [BINARY, "backup", "--config", school.config, "--output", place / "x", "--passphrase-file", secret]
    with subprocess.Popen(words, env={**os.environ, "TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(which, signal.SIG_DFL)) as process:
        wait_for(lambda: any(path.stat().st_size > 1_000_000 for path in place.glob(".x.*/backup")), "a backup that is written")
        assert [path.name for path in place.glob(".x.*/*")] == ["backup"], "no copy beside it"
        process.send_signal(which)
        assert "interrupted" in process.stderr.read()
    assert process.returncode == 1
    assert list(place.iterdir()) == [] and [path.name for path in temporary.iterdir()] == [whose.name]


def test_a_signal_at_the_question_for_the_passphrase_ends_it(lived_in, tmp_path):
    school, file, secret = lived_in, tmp_path / "sealed", tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    school.command("backup", "--output", str(file), "--passphrase-file", str(secret))
    moved_away(school)
    before = traces(school.folder)
    master, slave = pty.openpty()
    with subprocess.Popen([BINARY, "restore", "--config", school.config, file], stdin=slave, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        asked = b""
        while b"Passphrase" not in asked:
            asked += os.read(process.stderr.fileno(), 1000)
        time.sleep(0.5)  # it waits for the line
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1
    os.close(master)
    os.close(slave)
    assert traces(school.folder) == before


def test_any_tar_program_lists_it(backed_up):
    names = subprocess.run(["tar", "-tf", backed_up[1]], check=True, capture_output=True, text=True).stdout.split()
    assert names[0] == "about" and names[-1] == "manifest" and "state/breaches.db" in names and "config/schoolgate.yaml" in names
    assert [name for name in names if name.endswith(("-wal", "-shm", ".sock", ".lock"))] == []


def test_it_is_restored_over_nothing(backed_up):
    school, file = backed_up
    refused = run("restore", "--config", school.config, file, "--replace", check=1)
    assert "a gateway runs" in refused.stderr
    school.stop()
    before = traces(school.folder)
    assert "not empty" in run("restore", "--config", school.config, file, check=1).stderr
    assert traces(school.folder) == before
    (school.config / "policy.yaml").write_text("broken: [")
    run("restore", "--config", school.config, file, "--replace")
    kept = sorted(path.name for path in school.folder.glob("*.before-restore-*"))
    assert [name.split(".")[0] for name in kept] == ["config", "state"]
    assert (school.folder / kept[0] / "policy.yaml").read_text() == "broken: ["
    assert "good" in school.command("check").stdout


def test_a_folder_of_something_else_is_never_replaced(backed_up):
    school, file = backed_up
    kept = moved_away(school)
    school.config.mkdir()
    (school.config / "homework.txt").write_text("mine")
    assert "no gateway's" in run("restore", "--config", school.config, file, "--replace", check=1).stderr
    assert (school.config / "homework.txt").read_text() == "mine"
    shutil.rmtree(school.config)
    school.state.mkdir()
    (school.state / "homework.txt").write_text("mine")
    assert "no gateway's" in run("restore", "--config", school.config, file, "--replace", check=1).stderr
    assert not school.config.exists() and [path.name for path in school.state.iterdir()] == ["homework.txt"]
    assert sorted(path.name for path in school.folder.iterdir() if path.name.startswith(".")) == [] and kept.exists()


def test_of_a_later_release_it_is_refused(backed_up, tmp_path):
    school, file = backed_up
    moved_away(school)
    for about in (lambda text: re.sub(rb"version [0-9.]+", b"version 99.0.0", text), lambda text: text.replace(b"schoolgate backup 2", b"schoolgate backup 3")):
        rewritten(file, tmp_path / "later", about=about)
        refused = run("restore", "--config", school.config, tmp_path / "later", check=1)
        assert "release" in refused.stderr and not school.config.exists() and not school.state.exists()


def test_of_the_first_form_it_is_restored(backed_up):
    school, file = backed_up
    moved_away(school)
    rewritten(file, school.folder / "first", about=lambda text: text.replace(b"schoolgate backup 2", b"schoolgate backup 1"))
    run("restore", "--config", school.config, school.folder / "first")
    assert "good" in school.command("check").stdout and stat.S_IMODE((school.state / "ca").stat().st_mode) == 0o700


def rewritten(file: pathlib.Path, to: pathlib.Path, *, about=lambda text: text, add=(), drop=(), manifest=True) -> None:
    """The backup with another content, in the right form: what a person could make who knows the form."""
    with tarfile.open(file) as archive:
        members = [(one, archive.extractfile(one).read()) for one in archive.getmembers()]
    kinds = {line.split(" ", 5)[5]: line.split(" ", 5)[4] for line in members[-1][1].decode().splitlines() if not line.startswith(("end ", "place "))}
    members = [(one, about(text) if one.name == "about" else text) for one, text in members[:-1] if one.name not in drop]
    members += [(tarfile.TarInfo(name), text) for name, text in add]
    lines = ""
    with to.open("wb") as out:
        for one, text in members:
            out.write(header(one.name, text, one.mode if one.mtime else 0o600, int(one.mtime)) + text + bytes(-len(text) % 512))
            lines += f"{hashlib.sha256(text).hexdigest()} {one.mode & 0o777 if one.mtime else 0o600:04o} {len(text)} {int(one.mtime)}.000000000 {kinds.get(one.name, 'file')} {one.name}\n"
        if manifest:
            text = (lines + f"end {hashlib.sha256(lines.encode()).hexdigest()}\n").encode()
            out.write(header("manifest", text, 0o600, 0) + text + bytes(-len(text) % 512))
        out.write(bytes(1024))


def header(name: str, text: bytes, mode: int, time: int, kind: bytes = b"0", link: str = "") -> bytes:
    block = bytearray(512)
    block[0 : min(100, len(name.encode()))] = name.encode()[:100]
    for at, size, value in ((100, 8, mode), (108, 8, 0), (116, 8, 0), (124, 12, len(text)), (136, 12, time)):
        block[at : at + size] = f"{value:0{size - 1}o}".encode() + b"\0"
    block[156:157] = kind
    block[157 : 157 + len(link)] = link.encode()
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def refuses(school, file: pathlib.Path, *options) -> str:
    """Nothing is written, by --check or without, and the error says why."""
    before = traces(school.folder)
    said = ""
    for more in (["--check"], []):
        done = run("restore", "--config", school.config, file, *more, *options, check=None)
        assert done.returncode == 1 and done.stderr.startswith("schoolgate: ") and len(done.stderr) < 1500, done.stderr + done.stdout
        said = done.stderr
    after = traces(school.folder)
    assert after == before, sorted(set(after) ^ set(before))
    return said


def test_what_is_not_whole_is_refused(backed_up, tmp_path):
    school, file = backed_up
    moved_away(school)
    good, bad = file.read_bytes(), school.folder / "bad"
    for part in range(64):
        bad.write_bytes(good[: len(good) * part // 64])
        refuses(school, bad)
    for at in range(7, len(good), len(good) // 40):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        refuses(school, bad)
    bad.write_bytes(good + b"x")
    refuses(school, bad)
    run("restore", "--config", school.config, file, "--check")


def test_what_is_sealed_and_not_whole_is_refused(lived_in, tmp_path):
    school, file, secret = lived_in, tmp_path / "sealed", tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    school.command("backup", "--output", str(file), "--passphrase-file", str(secret))
    moved_away(school)
    good, bad = file.read_bytes(), school.folder / "bad"
    for part in range(0, 64, 7):
        bad.write_bytes(good[: len(good) * part // 64])
        refuses(school, bad, "--passphrase-file", str(secret))
    for at in (30, 60, 100, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        refuses(school, bad, "--passphrase-file", str(secret))
    secret.write_text("another passphrase")
    assert "passphrase" in refuses(school, file, "--passphrase-file", str(secret))
    assert "no terminal" in refuses(school, file)


def test_hostile_archives_are_refused(backed_up, tmp_path):
    school, file = backed_up
    moved_away(school)
    bad = school.folder / "bad"
    rewritten(file, bad)
    run("restore", "--config", school.config, bad, "--check")  # so the helper itself makes good ones
    end = bytes(1024)
    with tarfile.open(file) as archive:
        about = archive.extractfile("about").read()
        first = header("about", about, 0o600, int(archive.getmember("about").mtime)) + about + bytes(-len(about) % 512)
    for name in ("/etc/schoolgate-was-here", "../outside", "state/../../outside", "config/./x", "elsewhere/x", "about", "x", "state/a\nb"):
        bad.write_bytes(first + header(name, b"text", 0o600, 1) + b"text" + bytes(508) + end)
        refuses(school, bad)
    for kind in b"123456gxLKS":
        bad.write_bytes(first + header("state/x", b"", 0o600, 1, bytes([kind]), "/etc/passwd") + end)
        refuses(school, bad)
    bad.write_bytes(first + header("state/x", b"", 0o600, 1)[:124] + b"77777777777\0" + header("state/x", b"", 0o600, 1)[136:] + end)
    refuses(school, bad)
    for change in (
        {"add": [("state/state.key", b"mine")]}, {"drop": ["state/breaches.db"], "manifest": False}, {"manifest": False}, {"drop": ["config/schoolgate.yaml"]},
        {"add": [("state/accepted", b"a file where a folder is")]}, {"add": [("config/late.yaml", b"")]},
    ):
        rewritten(file, bad, **change)
        refuses(school, bad)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(file, "about")
    bad.write_bytes(packed.getvalue())
    refuses(school, bad)
    bad.unlink()
    os.mkfifo(bad)
    refuses(school, bad)


def test_where_the_state_would_go_is_looked_at(backed_up, tmp_path):
    """Whoever makes a backup says where its state goes: never over something that is no gateway's, never over its own configuration."""
    school, file = backed_up
    moved_away(school)
    bad, elsewhere = school.folder / "bad", school.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    for state in (elsewhere, school.folder, school.config, "/", school.folder / "no" / "parent"):
        text = school.files["schoolgate.yaml"].replace(f"state: {school.state}", f"state: {state}").encode()
        replace_member(file, bad, "config/schoolgate.yaml", text)
        before = traces(school.folder)
        done = run("restore", "--config", school.config, bad, "--replace", check=1)
        assert done.stderr and traces(school.folder) == before, state


def replace_member(file: pathlib.Path, to: pathlib.Path, name: str, content: bytes) -> None:
    with tarfile.open(file) as archive:
        members = [(one, archive.extractfile(one).read()) for one in archive.getmembers()][:-1]
    lines = {}
    with tarfile.open(file) as archive:
        for line in archive.extractfile("manifest").read().decode().splitlines():
            if not line.startswith(("end ", "place ")):
                lines[line.split(" ", 5)[5]] = line.split(" ", 5)
    text_of_list = ""
    with to.open("wb") as out:
        for one, text in members:
            text = content if one.name == name else text
            line = lines[one.name]
            out.write(header(one.name, text, one.mode, int(one.mtime)) + text + bytes(-len(text) % 512))
            text_of_list += f"{hashlib.sha256(text).hexdigest()} {line[1]} {len(text)} {line[3]} {line[4]} {one.name}\n"
        text = (text_of_list + f"end {hashlib.sha256(text_of_list.encode()).hexdigest()}\n").encode()
        out.write(header("manifest", text, 0o600, 0) + text + bytes(-len(text) % 512) + bytes(1024))


def test_a_database_that_is_damaged_and_a_chain_that_is_broken_are_found(backed_up, tmp_path):
    school, file = backed_up
    school.stop()
    bad = school.folder / "bad"
    with tarfile.open(file) as archive:
        database = bytearray(archive.extractfile("state/breaches.db").read())
    damaged = bytes(database[:4096]) + b"\x5a" * 4096 + bytes(database[8192:])
    replace_member(file, bad, "state/breaches.db", damaged)
    moved_away(school)
    assert "damaged" in refuses(school, bad) or "malformed" in refuses(school, bad)
    changed = bytes(database).replace(b"blocked.example", b"another.example")
    replace_member(file, bad, "state/breaches.db", changed)
    assert "not whole" in refuses(school, bad)
    run("restore", "--config", school.config, bad, "--as-it-is")


@contextlib.contextmanager
def small_disk(folder: pathlib.Path, size: str):
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


needs_root = pytest.mark.skipif(os.geteuid() != 0 or pathlib.Path("/proc/self/uid_map").read_text().split()[2] == "1", reason="mounts: run as root")


@needs_root
def test_a_disk_that_fills_leaves_no_half_file(lived_in, tmp_path):
    for size in ("16k", "64k", "200k"):
        with small_disk(tmp_path / size, size) as disk:
            (disk / "gateway.backup").write_text("the one of yesterday")
            done = lived_in.command("backup", "--output", str(disk / "gateway.backup"), check=1)
            assert "space" in done.stderr, done.stderr
            assert [path.name for path in disk.iterdir()] == ["gateway.backup"]
            assert (disk / "gateway.backup").read_text() == "the one of yesterday"


@needs_root
def test_a_restore_onto_a_disk_that_fills_leaves_nothing(backed_up, tmp_path):
    school, file = backed_up
    moved_away(school)
    with small_disk(tmp_path / "small", "100k") as disk:
        text = school.files["schoolgate.yaml"].replace(f"state: {school.state}", f"state: {disk}/state").encode()
        replace_member(file, school.folder / "elsewhere", "config/schoolgate.yaml", text)
        before = traces(school.folder)
        done = run("restore", "--config", school.config, school.folder / "elsewhere", check=1)
        assert "space" in done.stderr and list(disk.iterdir()) == [] and traces(school.folder) == before


@needs_root
def test_owners_and_modes_are_those_of_the_backup(backed_up):
    school, file = backed_up
    school.stop()
    for path in [school.state, *school.state.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    school.config.chmod(0o750)
    (school.config / "policy.yaml").chmod(0o640)
    secret = school.config / "secrets" / "mail"
    secret.parent.mkdir(mode=0o700)
    secret.write_text("a password")
    secret.chmod(0o600)
    os.chown(secret, 65534, 65534)
    os.chown(school.config / "hosts", 0, 4_000_000)
    (school.config / "rules").chmod(0o711)
    file.unlink()
    school.command("backup", "--output", str(file))
    moved_away(school)
    run("restore", "--config", school.config, file)
    assert secret.stat().st_uid == 65534 and stat.S_IMODE(secret.parent.stat().st_mode) == 0o700 and secret.parent.stat().st_uid == 0
    assert (school.config / "hosts").stat().st_gid == 4_000_000 and stat.S_IMODE((school.config / "rules").stat().st_mode) == 0o711
    os.chown(secret, 0, 0)
    assert {path.stat().st_uid for path in [school.state, *school.state.rglob("*")]} == {65534}
    assert {path.stat().st_uid for path in [school.config, *school.config.rglob("*")]} == {0}
    assert stat.S_IMODE(school.config.stat().st_mode) == 0o750 and stat.S_IMODE((school.config / "policy.yaml").stat().st_mode) == 0o640
    assert stat.S_IMODE(school.state.stat().st_mode) == 0o700


@needs_root
def test_whoever_may_not_read_the_state_makes_no_backup(lived_in, tmp_path):
    for folder in [lived_in.folder, *lived_in.folder.parents]:
        if str(folder) != "/":
            folder.chmod(folder.stat().st_mode | 0o005)
    lived_in.state.chmod(0o700)
    tmp_path.chmod(0o777)
    done = lived_in.command("backup", "--output", str(tmp_path / "mine"), check=1, preexec_fn=lambda: os.setuid(65534))
    assert "cannot" in done.stderr and list(tmp_path.glob("*mine*")) == []


def test_an_account_that_is_not_here_is_named(backed_up):
    school, file = backed_up
    moved_away(school)
    bad = school.folder / "bad"
    rewritten(file, bad, about=lambda text: re.sub(rb"(?m)^state (\d+) \S+", rb"state \1 no-such-user", text))
    if os.geteuid() == 0:
        assert "no user no-such-user" in run("restore", "--config", school.config, bad, check=1).stderr
        assert not school.config.exists() and not school.state.exists()


@pytest.mark.parametrize("words", [["backup"], ["backup", "--config", "x"], ["restore", "--config", "x"], ["restore", "x"], ["restore", "--config", "x", "a", "b"]])
def test_wrong_usage_is_told(words):
    assert run(*words, check=2).stderr
