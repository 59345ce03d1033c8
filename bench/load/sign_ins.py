"""The first bell: how long a sign-in takes when a whole school signs in at the sign-in page of a running gateway.

Every device has an address of its own and does what its browser does: shakes hands with the page (TLS, in full), reads it, sends name
and password, reads the rules, accepts them. A sign-in is all of that, from the first byte to the last. Devices begin at random instants
of --seconds. The client runs on the same machine; its own share of the CPU is told. Nothing leaves the machine:

    SCHOOLGATE_BINARY=build/release/schoolgate tests/e2e/on_its_own_machine /usr/bin/python3 bench/load/sign_ins.py
        [--people N] [--seconds S] [--accounts local|directory] [--rounds N]
"""

import argparse
import asyncio
import os
import pathlib
import random
import re
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from directory_server import PASSWORD, DirectoryServer  # noqa: E402
from parts.ports import free_port  # noqa: E402
from parts.school import BINARY, School  # noqa: E402
from parts.waiting import listens  # noqa: E402

HOST = "signin.bench.example"

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { groups: [year-6, pupils] }
    categories: { games: block }
  nobody:
    title: Nobody known
    members: { networks: ["127.0.0.0/8"] }
    categories: { gambling: block, games: block }
fallback: nobody
"""


def address_of(i: int) -> str:
    return f"127.4.{i // 250}.{i % 250 + 1}"


def directory_text(directory: DirectoryServer | None, more: str = "") -> str:
    if not directory:
        return ""
    facts = directory.facts()
    return f"""  directory:
    servers: ["ldap://127.0.0.1:{facts['port']}"]
    schema: openldap
    base: "{facts['base']}"
    trust: "{facts['trust']}"
    bind: {{ dn: "{facts['bind_dn']}", password_file: "{facts['password_file']}" }}
    {more}
"""


def make_school(folder: pathlib.Path, directory: DirectoryServer | None, more: str = "") -> School:
    school = School(folder)
    school.http, school.portal_tls = free_port(), free_port()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace("  metrics:", f"""\
  http: ["127.0.0.1:{school.http}"]
  portal_tls: ["127.0.0.1:{school.portal_tls}"]
  metrics:""", 1) + f"""
identity:
  sources: [sign-in]
  sign_in: {{ networks: ["127.4.0.0/16"], host: {HOST} }}
{directory_text(directory, more)}"""
    school.files["policy.yaml"] = POLICY
    school.files["rules/school.yaml"] = "block: []\nallow: []\nemergency: []\n"
    return school


def start(school: School) -> None:
    school.start(ready=lambda: all(listens(port) for port in (school.proxy, school.portal_tls, school.metrics)))


def user_of(i: int) -> str:
    return f"pupil{i:04}"


def add_people(school: School, people: int) -> None:
    """Accounts here, each with a password of its own salt; four commands at a time."""
    def run(*words: str, given: str = "") -> subprocess.Popen:
        process = subprocess.Popen([BINARY, "people", *words, "--config", str(school.config)], stdin=subprocess.PIPE, text=True,
                                   stdout=subprocess.DEVNULL)
        process.stdin.write(given)
        process.stdin.close()
        return process

    for deed in (lambda i: run("add", user_of(i), "--name", f"Pupil {i:04}", "--groups", "pupils"),
                 lambda i: run("password", user_of(i), given=PASSWORD + "\n")):
        for first in range(0, people, 4):
            for process in [deed(i) for i in range(first, min(first + 4, people))]:
                if process.wait() != 0:
                    raise RuntimeError("an account cannot be made")


class Device:
    """A browser without scripts at one address: one connection, kept."""

    def __init__(self, school: School, address: str, context: ssl.SSLContext):
        self.school, self.address, self.context = school, address, context
        self.host = f"{HOST}:{school.portal_tls}"

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.school.portal_tls, ssl=self.context,
                                                                 server_hostname=HOST, local_addr=(self.address, 0))

    async def ask(self, method: str, path: str, form: dict | None = None) -> tuple[int, str]:
        body = urllib.parse.urlencode(form).encode() if form else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n"
        if form:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://{self.host}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
        page = (await self.reader.readexactly(int(length[1]))).decode() if length else ""
        return int(answer.split(" ", 2)[1]), page

    async def fill_in(self, page: str, action: str, **fields: str) -> int:
        form = {re.search(r'name="([^"]+)"', field)[1]: re.search(r'value="([^"]*)"', field)[1]
                for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', page)}
        return (await self.ask("POST", action, form | fields))[0]


async def sign_in(school: School, i: int, at: float, context: ssl.SSLContext) -> dict:
    """Times in seconds; `failed` says what went wrong."""
    await asyncio.sleep(at)
    began = time.perf_counter()
    took = {}
    device = Device(school, address_of(i), context)
    try:
        await device.connect()
        status, page = await device.ask("GET", "/")
        assert status == 200, f"page {status}"
        asked = time.perf_counter()
        status = await device.fill_in(page, "/sign-in", user=user_of(i), password=PASSWORD)
        took["password"] = time.perf_counter() - asked
        assert status == 303, f"password {status}"
        status, page = await device.ask("GET", "/terms")
        assert status == 200, f"rules {status}"
        status = await device.fill_in(page, "/terms", answer="yes")
        assert status == 303, f"acceptance {status}"
        took["whole"] = time.perf_counter() - began
        status, page = await device.ask("GET", "/")
        assert "You are signed in" in page, "not signed in"
        device.writer.close()
    except (OSError, AssertionError, asyncio.IncompleteReadError) as failure:
        return {"failed": f"{type(failure).__name__} {failure}"}
    return took


async def sign_out(school: School, i: int, context: ssl.SSLContext) -> None:
    device = Device(school, address_of(i), context)
    await device.connect()
    status = await device.fill_in((await device.ask("GET", "/"))[1], "/sign-out")
    assert status == 303, f"signing out: {status}"
    device.writer.close()


def cpu_of(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def bell(school: School, people: int, seconds: float) -> tuple[list[dict], float, float]:
    context = ssl._create_unverified_context()
    own, gateway = time.process_time(), cpu_of(school.process.pid)
    done = await asyncio.gather(*(sign_in(school, i, random.uniform(0, seconds), context) for i in range(people)))
    return list(done), cpu_of(school.process.pid) - gateway, time.process_time() - own


def centile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def told(name: str, values: list[float]) -> str:
    return (f"{name}: p50 {statistics.median(values) * 1000:.0f} ms, p99 {centile(values, 0.99) * 1000:.0f} ms, "
            f"worst {max(values) * 1000:.0f} ms")


def one_round(options: argparse.Namespace) -> bool:
    directory = DirectoryServer(pupils=options.people) if options.accounts == "directory" else None
    with tempfile.TemporaryDirectory(prefix="schoolgate-bell-") as folder:
        school = make_school(pathlib.Path(folder), directory)
        try:
            start(school)
            if not directory:
                add_people(school, options.people)
            load = os.getloadavg()[0]
            done, gateway, own = asyncio.run(bell(school, options.people, options.seconds))
            failed = [one["failed"] for one in done if "failed" in one]
            good = [one for one in done if "failed" not in one]
            print(f"{options.people} sign-ins within {options.seconds:g} s, accounts {options.accounts}: {len(failed)} failed"
                  f" {sorted(set(failed))[:3] if failed else ''}")
            if good:
                print("  " + told("sign-in", [one["whole"] for one in good]))
                print("  " + told("answer to the password", [one["password"] for one in good]))
            print(f"  CPU for each: gateway {gateway / options.people * 1000:.1f} ms, this client {own / options.people * 1000:.1f} ms;"
                  f" load of the machine before: {load:.1f} of {os.cpu_count()} cores", flush=True)
            return not failed
        finally:
            school.stop()
            if directory:
                directory.remove()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--accounts", choices=["local", "directory"], default="local")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return 0 if all([one_round(options) for _ in range(options.rounds)]) else 1


if __name__ == "__main__":
    sys.exit(main())
