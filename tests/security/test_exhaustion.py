"""Somebody uses up what there is: connections, descriptors, half-closed ends. Others are served, and afterwards all is back."""

import pathlib
import resource
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

from parts.hello import hello_for
from parts.school import EARLY, STAFF
from parts.waiting import wait_for
from parts.wire import Wire, connect, fetch

GREEDY = "127.0.0.9"


@pytest.fixture(autouse=True, scope="module")
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(50_000, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def descriptors(school) -> int:
    return len(list(pathlib.Path(f"/proc/{school.process.pid}/fd").iterdir()))


def back_to(school, quiet: int) -> bool:
    return wait_for(lambda: descriptors(school) <= quiet, f"{quiet} descriptors again (now {descriptors(school)})", deadline=40)


def dial(school, source: str = GREEDY) -> socket.socket:
    return socket.create_connection(("127.0.0.1", school.proxy), timeout=10, source_address=(source, 0))


def reset(connection: socket.socket) -> None:
    """Ends it with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_one_client_with_20_000_connections_takes_nobody_elses_place(new_school, web):
    school = new_school(limits="client_connections: 50, connections: 2000").start()
    fetch(school.proxy, f"http://allowed.example:{web.http}/warm", source=STAFF)
    quiet = descriptors(school) + 8  # idle connections to web sites may stay
    held = []
    for number in range(20_000):
        connection = dial(school)
        if number % 10 == 0 and len(held) < 200:
            held.append(connection)  # far more than it is allowed
        else:
            reset(connection)
        if number % 5000 == 0:
            assert fetch(school.proxy, f"http://allowed.example:{web.http}/{number}", source=STAFF).status == 200
    assert fetch(school.proxy, f"http://blocked.example:{web.http}/meanwhile", source=STAFF).status == 403
    assert any(record["url"].endswith("/meanwhile") for record in school.attempts())
    for connection in held:
        connection.close()
    back_to(school, quiet)


def test_no_descriptors_left_sheds_the_newest_and_recovers(new_school, web):
    """EMFILE: the listener does not spin or die, what is being served goes on, records are still kept."""
    school = new_school(limits="client_connections: 5000, connections: 5000").start()
    fetch(school.proxy, f"http://allowed.example:{web.http}/warm")
    with Wire(school.proxy, source=STAFF) as early:  # here before the trouble
        assert early.ask(f"GET http://blocked.example:{web.http}/before HTTP/1.1\r\nHost: blocked.example\r\n\r\n").status == 403
        limit = descriptors(school) + 40
        subprocess.run(["prlimit", "--pid", str(school.process.pid), f"--nofile={limit}:{limit}"], check=True)
        held = []
        for _ in range(300):
            try:
                held.append(dial(school))
            except OSError:
                break
        assert early.ask(f"GET http://blocked.example:{web.http}/during HTTP/1.1\r\nHost: blocked.example\r\n\r\n").status == 403
        before = cpu(school)
        threading.Event().wait(2)  # the time over which it must not spin
        assert cpu(school) - before < 1.0, "it spins on accept()"
        for connection in held:
            connection.close()
    assert wait_for(lambda: served(school, web), "service to resume")
    urls = [record["url"] for record in school.attempts()]
    assert any(url.endswith("/before") for url in urls) and any(url.endswith("/during") for url in urls)
    school.command("breaches verify")


def cpu(school) -> float:
    fields = pathlib.Path(f"/proc/{school.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def served(school, web) -> bool:
    try:
        return fetch(school.proxy, f"http://allowed.example:{web.http}/after").status == 200
    except (OSError, AssertionError):
        return False


def test_resets_at_every_moment_leak_nothing(new_school, web):
    """RST right after connecting, in the middle of a head, after CONNECT, after the hello, while the answer comes."""
    school = new_school(limits="client_connections: 2000").start()
    fetch(school.proxy, f"http://allowed.example:{web.http}/warm")
    quiet = descriptors(school) + 8
    head = f"GET http://allowed.example:{web.http}/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n".encode()
    hello = hello_for("allowed.example")
    for number in range(1500):
        connection = dial(school)
        moment = number % 6
        if moment == 1:
            connection.sendall(head[:40])
        elif moment == 2:
            connection.sendall(head)
        elif moment == 3:
            connection.sendall(connect(f"allowed.example:{web.tls}").encode())
        elif moment >= 4:
            connection.sendall(connect(f"allowed.example:{web.tls}").encode())
            connection.recv(100)
            connection.sendall(hello if moment == 4 else hello[: len(hello) // 2])
        reset(connection)
    assert served(school, web)
    back_to(school, quiet)


def test_half_closed_connections_end(new_school, web):
    """Clients that say they are done and stay: tunnels relay that end, and with both ends over nothing is left."""
    school = new_school(limits="client_connections: 2000, idle_tunnel: 2s").start()
    fetch(school.proxy, f"http://allowed.example:{web.http}/warm")
    quiet = descriptors(school) + 8
    held = []
    for number in range(600):
        connection = dial(school)
        if number % 2:
            connection.sendall(connect(f"allowed.example:{web.tls}").encode())
            connection.recv(100)
            connection.sendall(hello_for("allowed.example"))
        connection.shutdown(socket.SHUT_WR)
        held.append(connection)
    assert served(school, web)
    back_to(school, quiet)
    for connection in held:
        connection.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"])
def test_a_web_site_that_breaks_off_poisons_nothing(new_school, answer):
    """It resets in the middle of nothing, of a head, of a body: an error or a broken answer for that client alone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            request = connection.recv(65536)
            if b"/good" in request:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
                connection.close()
                continue
            connection.sendall(answer)
            reset(connection)

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    school = new_school().start()
    for _ in range(50):
        with Wire(school.proxy) as wire:
            wire.send(f"GET http://allowed.example:{port}/bad HTTP/1.1\r\nHost: allowed.example\r\n\r\n".encode())
            try:
                got = wire.read_answer()
                assert got.status in (502, 504), got
            except (AssertionError, OSError):
                assert b"half" in answer, "no answer at all for a site that broke off before its body"
        assert fetch(school.proxy, f"http://allowed.example:{port}/good").body == b"good"
    listener.close()


class MemoryGroup:
    """A control group whose members may take so many bytes more than they have; the kernel kills who takes more still."""

    def __init__(self):
        old = pathlib.Path("/sys/fs/cgroup/memory")
        root = old if old.is_dir() else pathlib.Path("/sys/fs/cgroup")
        self.limit, self.events = ("memory.limit_in_bytes", "memory.failcnt") if root == old else ("memory.max", "memory.events")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolgate-test-", dir=root))
        if not (self.folder / self.limit).exists():
            self.folder.rmdir()
            raise OSError("this control group knows no limit of memory")

    @staticmethod
    def can_be_had() -> bool:
        try:
            MemoryGroup().folder.rmdir()
        except OSError:
            return False
        return True

    def hold(self, process: int, more: int) -> None:
        used = 0 if self.limit == "memory.limit_in_bytes" else resident(process)  # the old kind counts only what is taken from here on
        (self.folder / self.limit).write_text(str(used + more))
        (self.folder / "cgroup.procs").write_text(str(process))

    def was_reached(self) -> bool:
        said = (self.folder / self.events).read_text()
        return int(said) > 0 if self.events == "memory.failcnt" else "max 0\n" not in said

    def end(self) -> None:
        wait_for(lambda: not (self.folder / "cgroup.procs").read_text(), "everybody to leave the group")
        self.folder.rmdir()


def resident(process: int) -> int:
    return status_bytes(process, "VmRSS")


def status_bytes(process: int, name: str) -> int:
    lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name))) * 1024


# Where nobody may make control groups (some containers) the cap on address space stands alone.
CAPS = ["address space", *(["control group"] if MemoryGroup.can_be_had() else [])]


@pytest.mark.parametrize("cap", CAPS)
def test_memory_that_cannot_be_had_stops_no_record(new_school, web, cap):
    """The gateway may have hardly more than it has: whatever then fails, blocked stays blocked and is recorded."""
    school = new_school(limits="client_connections: 5000, connections: 5000").start()
    fetch(school.proxy, f"http://blocked.example:{web.http}/warm")
    process, group = school.process.pid, None
    if cap == "control group":
        group = MemoryGroup()
        group.hold(process, 4 << 20)
    else:
        subprocess.run(["prlimit", "--pid", str(process), f"--as={status_bytes(process, 'VmSize') + (8 << 20)}"], check=True)
    held, answers = [], []
    for number in range(800):
        try:
            connection = dial(school, f"127.0.0.{2 + number % 200}")
            connection.sendall(b"POST http://allowed.example/ HTTP/1.1\r\nHost: allowed.example\r\nX: " + b"a" * 30_000)
            held.append(connection)
        except OSError:
            pass  # it is gone, or takes no more
        if number % 16 == 0:
            answers.append(status_of(school, web, len(answers)))
    for connection in held:
        connection.close()
    assert 200 not in answers, "a blocked page came through"
    assert 403 in answers, "the cap was felt before anything was asked"
    if group:
        assert group.was_reached(), "the group's limit was never felt"
    # It may end at any moment (systemd starts another), but not with a record lost. Whatever is still in the group goes,
    # so that the one that answers now is not on the point of being ended itself.
    if group or school.process.poll() is not None:
        school.kill()
        school.start()
    attempts = [record for record in school.breaches() + school.open_sums() if record["device"] == EARLY]
    assert sum(record.get("attempts", 1) for record in attempts) >= answers.count(403), "a page was sent without its record"
    school.command("breaches verify")
    if group:
        school.stop()
        group.end()


def status_of(school, web, number: int) -> int | None:
    try:
        return fetch(school.proxy, f"http://blocked.example:{web.http}/n{number}x", source=EARLY).status
    except (OSError, AssertionError):
        return None
