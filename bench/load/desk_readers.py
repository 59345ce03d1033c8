"""Does the desk slow the proxy? 50 people read the desk of a school with a term behind it while the gateway serves.

A gateway with a generated term in its state folder (bench/term) answers `loadgen paced` twice in every round: with nobody at the desk, and
with --sessions signed-in people who each open a page every 2 to 5 s. The order changes from round to round, so that what else the machine
does falls on both. Then the same with people who never rest: page after page on 50 connections at once, which no school has. Printed are the
99th percentiles of the proxied requests, and their ratio. Everything runs on this machine: the readers' own work, TLS and Python, is
done at the lowest priority, as it would be on other machines. Nothing leaves it:

    tests/e2e/on_its_own_machine /usr/bin/python3 bench/load/desk_readers.py --build build/release
        [--sessions N] [--rounds N] [--seconds S] [--connections N] [--rest S] [--state FOLDER]
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

PASSWORD = "winter kettle orbit"
ACCOUNTS = 10
PAGES = ["/", "/episodes", "/episodes?page=20", "/episodes?urgency=4&state=new&order=urgent", "EPISODE", "EPISODE/slip", "EPISODE/slip.pdf",
         "/incidents", "/reports", "/governors", "/checks", "/privacy/views"]


class Gateway(proxies.Process):
    def __init__(self, folder: pathlib.Path, binary: pathlib.Path, workers: int):
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        self.http, self.console = proxies.free_port(), proxies.free_port()
        proxies.write_hosts(folder)
        settings = proxies.SCHOOLGATE.format(folder=folder, http=self.http, metrics=proxies.free_port(), ports="443", inspection="off", never="",
                                             workers=workers, limits="")
        files = {
            "schoolgate.yaml": settings.replace("  metrics:", f'  console: "127.0.0.1:{self.console}"\n  metrics:', 1),
            "policy.yaml": proxies.POLICY,
            "lists.yaml": "lists: []\n",
            "rules/school.yaml": f"block:\n  - {{ site: {proxies.BETS}, category: gambling }}\n",
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        super().__init__("schoolgate", folder, [str(binary), "run", "--config", str(folder)], [self.http, self.console])
        for number in range(ACCOUNTS):
            subprocess.run([binary, "user", "add", user_of(number), "--name", f"Reader {number}", "--role", "dsl", "--config", folder],
                           input=PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)


def user_of(number: int) -> str:
    return f"reader{number}"


# --- the readers, in a process of their own --------------------------------------------------------------------------------


class Reader:
    def __init__(self, port: int, user: str, context: ssl.SSLContext):
        self.port, self.user, self.context, self.cookie = port, user, context, ""
        self.reader = self.writer = None

    async def ask(self, method: str, path: str, form: dict | None = None) -> tuple[int, str]:
        body = urllib.parse.urlencode(form).encode() if form else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n"
        if self.cookie:
            head += f"Cookie: {self.cookie}\r\n"
        if form:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://127.0.0.1:{self.port}\r\n"
        for fresh in (self.writer is None, True):
            if fresh:  # the desk closes a connection on which nothing is asked for a while
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context)
            try:
                self.writer.write(head.encode() + b"\r\n" + body)
                answer = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                break
            except (OSError, asyncio.IncompleteReadError):
                if fresh:
                    raise
        length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
        page = (await self.reader.readexactly(int(length[1]))) if length else b""
        if cookie := re.search(r"set-cookie: ([^;\r]+)", answer, re.IGNORECASE):
            self.cookie = cookie[1]
        if re.search(r"connection: close", answer, re.IGNORECASE):
            self.writer.close()
            self.writer = None
        return int(answer.split(" ", 2)[1]), page.decode("utf-8", "replace")

    async def sign_in(self) -> list[str]:
        _, page = await self.ask("GET", "/sign-in")
        token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        status, page = await self.ask("POST", "/sign-in", {"csrf": token, "user": self.user, "password": PASSWORD})
        if status != 303:
            raise SystemExit(f"a reader cannot sign in: {status} {page[:2000]}")
        _, listed = await self.ask("GET", "/episodes")
        return re.findall(r'href="(/episodes/[0-9a-f-]{36})"', listed)


async def read_on(reader: Reader, episodes: list[str], pace, times: list[float], failures: list[str]) -> None:
    while True:
        rest = pace.value  # below 0: nobody reads now
        if rest < 0:
            await asyncio.sleep(0.1)
            continue
        await asyncio.sleep(random.uniform(0.57, 1.43) * rest)
        if pace.value < 0:
            continue
        path = random.choice(PAGES).replace("EPISODE", random.choice(episodes))
        begin = time.perf_counter()
        status, _ = await reader.ask("GET", path)
        times.append(time.perf_counter() - begin)
        if status != 200:
            failures.append(f"{path}: {status}")


def read(port: int, sessions: int, pace, ready, reports) -> None:
    os.nice(19)

    async def all_of_them() -> None:
        context = ssl._create_unverified_context()
        readers = [Reader(port, user_of(number % ACCOUNTS), context) for number in range(sessions)]
        episodes = [await reader.sign_in() for reader in readers][0]
        times, failures = [], []
        tasks = [asyncio.create_task(read_on(reader, episodes, pace, times, failures)) for reader in readers]
        ready.set()
        while True:
            await asyncio.sleep(0.2)
            for task in tasks:
                if task.done():
                    task.result()
            if pace.value < 0 and times:
                await asyncio.sleep(1)
                reports.put((list(times), list(failures)))
                times.clear()
                failures.clear()

    asyncio.run(all_of_them())


# --- the rounds --------------------------------------------------------------------------------------------------------------


def load(loadgen: pathlib.Path, gateway: Gateway, url: str, options: argparse.Namespace) -> dict:
    done = subprocess.run([loadgen, "paced", "--proxy", str(gateway.http), "--url", url, "--connections", str(options.connections),
                           "--rest", str(options.rest), "--seconds", str(options.seconds)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    if found["errors"]:
        raise SystemExit(f"requests failed: {done.stdout}")
    return found


def centile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def compare(name: str, rest: float, gateway: Gateway, url: str, options: argparse.Namespace, pace, reports) -> float:
    quiet, reading, pages, failures = [], [], [], []
    for turn in range(options.rounds):
        for with_readers in ([False, True], [True, False])[turn % 2]:
            pace.value = rest if with_readers else -1
            time.sleep(1)
            (reading if with_readers else quiet).append(load(options.build / "loadgen", gateway, url, options))
            if with_readers:
                pace.value = -1
                times, failed = reports.get(timeout=120)
                pages += times
                failures += failed
    if failures:
        raise SystemExit(f"pages failed: {failures[:5]}")
    def middle(runs: list[dict], what: str) -> float:
        return statistics.median(run[what] for run in runs)
    # Of each round, as both of its runs met the same machine.
    ratio = statistics.median(b["p99"] / a["p99"] for a, b in zip(quiet, reading))
    print(f"{name}: {len(pages) / options.rounds / (options.seconds + 1):.0f} pages a second, "
          f"median {statistics.median(pages) * 1000:.0f} ms, p99 {centile(pages, 0.99) * 1000:.0f} ms to the reader")
    rounds = " ".join(format(b["p99"] / a["p99"], ".2f") for a, b in zip(quiet, reading))
    print(f"  p99 of a proxied request: {middle(quiet, 'p99'):.2f} ms with nobody at the desk, {middle(reading, 'p99'):.2f} ms with readers; "
          f"rounds {rounds}, median ratio {ratio:.3f}", flush=True)
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=400)
    parser.add_argument("--rest", type=float, default=1, help="seconds between two requests of a connection")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--state", type=pathlib.Path, help="a folder with state/ and decisions.jsonl, instead of a term made now")
    options = parser.parse_args()
    options.build = options.build.resolve()
    print(proxies.priority())
    with tempfile.TemporaryDirectory(prefix="schoolgate-readers-") as name:
        folder = pathlib.Path(name)
        (folder / "gateway").mkdir()
        term = folder / "gateway"
        if options.state:
            shutil.copytree(options.state / "state", term / "state")
            shutil.copy(options.state / "decisions.jsonl", term)
        else:
            (term / "state").mkdir(mode=0o700)
            subprocess.run([options.build / "term_generator", "--state", term / "state", "--decisions", term / "decisions.jsonl"], check=True)
        web = proxies.start_web(folder / "web")
        gateway = Gateway(folder / "gateway", options.build / "schoolgate", options.workers)
        pace, ready, reports = multiprocessing.Value("d", -1.0), multiprocessing.Event(), multiprocessing.Queue()
        readers = multiprocessing.Process(target=read, args=(gateway.console, options.sessions, pace, ready, reports), daemon=True)
        try:
            readers.start()
            if not ready.wait(300):
                raise SystemExit("the readers did not get in")
            url = f"http://{proxies.PAGE}:{web.ports[0]}/1k"
            load(options.build / "loadgen", gateway, url, options)  # warm
            print(f"{options.connections} connections, each a request every {options.rest:g} s or so, for {options.seconds:g} s, {options.rounds} rounds")
            human = compare(f"{options.sessions} people at the desk, a page every 2 to 5 s each", 3.5, gateway, url, options, pace, reports)
            compare(f"{options.sessions} people at the desk who never rest", 0, gateway, url, options, pace, reports)
        finally:
            readers.kill()
            gateway.stop()
            web.stop()
    print("within 10 %" if human <= 1.1 else "MISSED: more than 10 %")
    return 0 if human <= 1.1 else 1


if __name__ == "__main__":
    sys.exit(main())
