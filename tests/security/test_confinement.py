"""The running gateway as the kernel sees it: filters, capabilities, core dumps of every thread and of the key's holder."""

import pathlib
import re

import pytest

from parts.wire import fetch

NET_ADMIN = 1 << 12
FILTERED = "2"  # seccomp(2): a filter is in force


def status(task: pathlib.Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.M))


def threads(pid: int) -> dict[str, dict[str, str]]:
    """Name and id of each thread -> what the kernel says of it."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        said = status(task)
        found[f"{said['Name']} {task.name}"] = said
    return found


@pytest.fixture
def running(new_school, web):
    school = new_school().start()
    assert fetch(school.proxy, f"http://allowed.example:{web.http}/").status == 200
    return school


def test_every_thread_is_filtered_and_cannot_gain_anything(running):
    for name, said in threads(running.process.pid).items():
        assert said["Seccomp"] == FILTERED and said["NoNewPrivs"] == "1", name


def test_workers_have_a_narrower_filter_on_top(running):
    by_kind = {name: int(said["Seccomp_filters"]) for name, said in threads(running.process.pid).items()}
    workers = {name: filters for name, filters in by_kind.items() if name.startswith("worker ")}
    others = {name: filters for name, filters in by_kind.items() if not name.startswith("worker ")}
    assert workers and others
    assert min(workers.values()) > max(others.values()), by_kind


def test_no_capability_is_kept_that_is_not_used(running):
    for name, said in threads(running.process.pid).items():
        if name.startswith(("worker ", "schoolgate ")):
            assert int(said["CapEff"], 16) == int(said["CapPrm"], 16) == 0, (name, said["CapEff"])
        assert int(said["CapInh"], 16) == int(said["CapAmb"], 16) == 0, name


def test_interception_keeps_one(new_school):
    school = new_school()
    school.edit("schoolgate.yaml", "  metrics:", f'  http: ["127.0.0.1:{school.proxy + 20000}"]\n  metrics:')
    school.start()
    workers = [said for name, said in threads(school.process.pid).items() if name.startswith("worker ")]
    assert workers and all(int(said["CapEff"], 16) == NET_ADMIN for said in workers)


def test_no_core_and_no_other_process_may_look(running):
    limits = pathlib.Path(f"/proc/{running.process.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)


def test_the_holder_of_the_key_has_one_socket_and_no_capability(new_inspecting):
    school = new_inspecting().start()
    children = pathlib.Path(f"/proc/{school.process.pid}/task/{school.process.pid}/children").read_text().split()
    holders = [child for child in children if b"key-holder" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()]
    assert len(holders) == 1
    said = status(pathlib.Path(f"/proc/{holders[0]}"))
    assert said["Seccomp"] == FILTERED and int(said["Seccomp_filters"]) >= 2 and said["NoNewPrivs"] == "1"
    assert int(said["CapAmb"], 16) == int(said["CapInh"], 16) == 0
    sockets = [link for link in pathlib.Path(f"/proc/{holders[0]}/fd").iterdir() if str(link.readlink()).startswith("socket:")]
    assert len(sockets) == 1
