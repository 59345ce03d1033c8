"""Starting and staying up: the service manager hears the truth, and a key that is missing or broken is never replaced in silence."""

import contextlib
import os
import signal
import socket
import sqlite3
import ssl

import pytest

from parts.inspected import authority_of
from parts.waiting import wait_for
from parts.wire import Wire, connect, fetch


@pytest.fixture
def manager(tmp_path):
    """systemd's end of the notification socket: everything it was told."""
    path = tmp_path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(path))
    listener.settimeout(10)
    yield str(path), lambda: listener.recv(4096).decode()
    listener.close()


def test_ready_is_said_once_it_serves_and_the_watchdog_is_fed(new_school, manager):
    path, told = manager
    school = new_school(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}).start()
    messages = [told()]
    while "READY=1" not in "".join(messages):
        messages.append(told())
    fed = 0
    while fed < 3:
        fed += "WATCHDOG=1" in told()
    school.stop()


def test_the_watchdog_is_not_fed_by_a_gateway_that_hangs(new_school, manager):
    path, told = manager
    school = new_school(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}).start()
    wait_for(lambda: "WATCHDOG=1" in told(), "the first sign of life")
    os.kill(school.process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError):  # twenty-five signs of life late
            while True:
                told()
    finally:
        os.kill(school.process.pid, signal.SIGCONT)
    wait_for(lambda: "WATCHDOG=1" in told(), "signs of life again")
    school.stop()


def key_files(school):
    return sorted(path for path in school.state.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes())


@pytest.mark.parametrize("damage", ["missing", "empty", "broken"])
def test_with_a_damaged_key_nothing_is_opened_or_let_through_unseen_and_none_is_made(new_inspecting, site, damage):
    school = new_inspecting()
    before = authority_of(school).read_bytes()
    (key,) = key_files(school)
    content = key.read_bytes()
    if damage == "missing":
        key.unlink()
    else:
        key.write_bytes(b"" if damage == "empty" else content.replace(b"A", b"B"))
    left = key.read_bytes() if key.exists() else None
    school.start()
    assert school.metric("start_fallback", what="inspection") == 1
    assert "started without: inspection" in school.words() and "authority" in school.words(), school.words()
    with Wire(school.proxy) as wire:  # a rule about its paths wants it opened
        assert wire.ask(connect(f"forum.example:{site.port}")).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ssl._create_unverified_context().wrap_socket(wire.socket, server_hostname="forum.example")
    school.stop()
    assert key_files(school) == [] and (key.read_bytes() if key.exists() else None) == left, "a key was made in silence"
    assert authority_of(school).read_bytes() == before


@pytest.mark.parametrize("name", ["breaches.db", "alerts.db", "audit.db"])
def test_what_a_later_release_wrote_is_not_used_and_left_as_it_is(new_school, web, name):
    """After a downgrade: it filters, says why it keeps no records there, and misreads or continues none wrongly."""
    school = new_school().start()
    school.stop()
    with contextlib.closing(sqlite3.connect(school.state / name)) as database:
        database.execute("PRAGMA user_version=99")
        database.commit()
    before = (school.state / name).read_bytes()
    school.start()
    assert fetch(school.proxy, f"http://blocked.example:{web.http}/").status == 403
    wait_for(lambda: f"{name} has format 99" in school.words(), f"the reason; it said:\n{school.words()}")
    school.stop()
    assert (school.state / name).read_bytes() == before
