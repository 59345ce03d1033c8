"""A school's day without its nights: mixed load, lesson changes, reloads, list updates and web servers that fail, for as long as wanted.

A steady voice asks --rate times a second throughout, and its answers are timed. Around it each lap brings a lesson change (everybody
connects at once), new rules and a longer list, tunnels, opened TLS over HTTP/1.1 and HTTP/2, blocked pages, large transfers, a name
that leads nowhere, a web server that dies and comes back, and others that never answer, break off or drip; then the rest of --lap seconds
belongs to the voice. Every answer must be the one that belongs to it. In the end memory, descriptors and latency must not have grown:
the slope over the laps is printed for each, and what is allowed is 10 % and 16 MiB of memory after the first fifth (which warms up), no
open file, 10 % and 16 sockets (idle connections to web sites come and go), and a p99 that in the last third is not more than half as
long again, and 5 ms, as in the first. The breach log must hold every page that was shown, and verify. Called by ./dev soak.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import pathlib
import queue
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import faults  # noqa: E402
import proxies  # noqa: E402
from inspection import SITE, WebSite  # noqa: E402
from reloads import drive, part  # noqa: E402
from run import BINARY, LOADGEN, OWN_MACHINE, load  # noqa: E402

BLOCKED = 1000  # pages a lap, about
NOWHERE = 50
GIVES_UP = 5  # seconds until a web site that says nothing is given up
STUCK = 10  # clients of each failing web server


def own_memory(gateway) -> int:
    """Bytes of memory that are not pages of files, of the gateway and of what it started (the key's holder)."""
    processes = {int(task.parts[2]) for task in gateway.tasks()}
    status = [pathlib.Path(f"/proc/{process}/status").read_text() for process in processes]
    return sum(int(re.search(r"RssAnon:\s+(\d+)", text)[1]) for text in status) * 1024


def load_inside_tls(*options: str) -> None:
    done = subprocess.run([LOADGEN.with_name("tls_loadgen"), *options], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"tls_loadgen {' '.join(options)}: {done.stderr}{done.stdout}")


def descriptors(gateway) -> tuple[int, int]:
    """Those that are no sockets, and sockets: of these idle connections to web sites stay for a while, some more, some fewer."""
    links = [os.readlink(link) for link in pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()]
    sockets = sum(link.startswith("socket:") for link in links)
    return len(links) - sockets, sockets


def quiet_descriptors(gateway) -> tuple[int, int]:
    """Once the connections that were just closed are gone: when nothing has gone for a second, after ten at the latest."""
    deadline, before = time.monotonic() + 10, descriptors(gateway)
    while time.monotonic() < deadline:
        time.sleep(1)
        now = descriptors(gateway)
        if sum(now) >= sum(before):
            return now
        before = now
    return before


class Voice:
    """The steady asker of one lap, in a process of its own."""

    def __init__(self, port: int, url: str, rate: int):
        self.stop, self.results = multiprocessing.Event(), multiprocessing.Queue()
        self.process = multiprocessing.Process(target=drive, args=(port, url, rate, self.stop, self.results), daemon=True)
        self.process.start()

    def end(self) -> list[float]:
        """The seconds of every answer; ends the soak when one was no answer."""
        self.stop.set()
        try:
            times, failures, _ = self.results.get(timeout=60)
        except queue.Empty:
            raise SystemExit("the steady voice fell silent") from None
        self.process.join(10)
        if failures:
            raise SystemExit(f"{len(failures)} requests failed during a lap: {failures[:3]}")
        return times


def kill_with_children(web: proxies.Process) -> None:
    """SIGKILL for nginx and its worker, which outlives its master; returns when nobody listens any more. The kernel's own list of
    children may pass one over, so every process is asked for its parent, while the master is stopped and makes no new one."""
    master = web.process.pid
    os.kill(master, signal.SIGSTOP)
    children = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            if f"\nPPid:\t{master}\n" in status.read_text():
                children.append(int(status.parts[2]))
        except OSError:
            continue  # gone meanwhile
    for process in [*children, master]:
        os.kill(process, signal.SIGKILL)
    web.process.wait()
    deadline = time.monotonic() + 30
    while proxies.listens(web.ports[0]):
        if time.monotonic() > deadline:
            raise SystemExit("a web server that was killed still listens")
        time.sleep(0.01)


def fail_and_recover(folder: pathlib.Path, gateway, number: int) -> None:
    """A web server of its own that dies in the middle of being asked; the gateway says so, and finds it again."""
    web = proxies.start_web(folder / f"failing{number}")
    through, page = ["--proxy", str(gateway.http)], f"http://{proxies.PAGE}:{web.ports[0]}/1k"
    load("get", *through, "--url", page, "--seconds", "1")
    kill_with_children(web)
    asked = subprocess.run([LOADGEN, "get", *through, "--url", page, "--seconds", "1", "--status", "502"], capture_output=True, text=True)
    if asked.stdout and not json.loads(asked.stdout)["done"]:
        raise SystemExit(f"a dead web server is not reported as one: {asked.stdout}{asked.stderr}")


@dataclasses.dataclass
class School:
    """What the laps go through."""

    gateway: proxies.Schoolgate
    folder: pathlib.Path
    web: int
    origin: int
    site: WebSite
    failing: faults.FailingWeb
    rate: int
    lap_seconds: float
    blocked: int = 0  # pages that said so


def change_rules_and_lists(school: School, number: int) -> None:
    rules, names = school.folder / "gateway/rules/school.yaml", school.folder / "gateway/names.txt"
    before, names_before = rules.read_text(), names.read_text()
    rules.write_text(before.replace("block:\n", f"block:\n  - {{ site: lap{number}.example, category: gambling }}\n", 1))
    names.write_text(names_before + f"lap{number}.listed.example\n")
    for _ in range(2):
        subprocess.run([BINARY, "reload", "--config", school.folder / "gateway"], check=True, stdout=subprocess.DEVNULL)
    rules.write_text(before)
    names.write_text(names_before)


def one_lap(school: School, number: int) -> list[float]:
    begin, gateway = time.monotonic(), school.gateway
    through, name = ["--proxy", str(gateway.http)], ["--origin", str(school.origin), "--name", proxies.TUNNEL]
    page, bets = f"http://{proxies.PAGE}:{school.web}/1k", f"http://{proxies.BETS}:{school.web}/x"
    voice = Voice(gateway.http, page, school.rate)
    load("new", *through, "--url", page, "--connections", "300", "--seconds", "2")  # the lesson changes
    change_rules_and_lists(school, number)
    load("tunnel", *through, *name, "--count", "2000")
    opened = {kind: ["--to", f"{SITE}:{school.site.port[kind]}"] for kind in ("full", "keep", "h2")}
    load_inside_tls("new", *through, *opened["full"], "--connections", "16", "--count", "200")
    load_inside_tls("keep", *through, *opened["keep"], "--connections", "16", "--count", "2000")
    load_inside_tls("keep", *through, *opened["h2"], "--http2", "--connections", "8", "--count", "2000")
    school.blocked += load("get", *through, "--url", bets, "--status", "403", "--count", str(BLOCKED))
    load("get", *through, "--url", "http://leads-nowhere.bench.example/", "--status", "504", "--count", str(NOWHERE))
    load("bulk", *through, *name, "--connections", "4", "--count", "8", "--bytes", "20000000")
    fail_and_recover(school.folder, gateway, number)
    if wrong := faults.what_clients_hear(gateway.http, proxies.PAGE, school.failing, STUCK):
        raise SystemExit(f"of web servers that fail clients hear something else: {wrong[:5]}")
    time.sleep(max(0, school.lap_seconds - (time.monotonic() - begin)))
    return voice.end()


def check_records(folder: pathlib.Path, pages: int) -> str:
    """The breach log verifies and holds every page that was shown. After the gateway ended."""
    verified = subprocess.run([BINARY, "breaches", "verify", "--json", "--config", folder / "gateway"], capture_output=True, text=True)
    if verified.returncode != 0:
        raise SystemExit(f"the breach log does not verify: {verified.stdout}{verified.stderr}")
    records = json.loads(verified.stdout)["breaches"]["records"]
    if records != pages:
        raise SystemExit(f"{pages} blocked pages were shown, {records} are recorded")
    return f"{records:,} blocked pages, each with its record; the chain verifies"


def slope(values: list[float], hours: float) -> float:
    """By how much it grows in an hour: the line of least squares over evenly spaced laps."""
    if len(values) < 3 or hours == 0:
        return 0.0
    line = statistics.linear_regression([index * hours / (len(values) - 1) for index in range(len(values))], values)
    return line.slope


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=int, default=100, help="requests a second of the steady voice (default 100)")
    parser.add_argument("--lap", type=float, default=30, help="seconds of a lap; what its works leave of them is the voice's alone (default 30)")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    proxies.widen_ports()
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))

    memory, files, latency, starts = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="schoolgate-soak-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web, origin = proxies.start_web(folder / "web"), proxies.start_origin(folder / "origin", LOADGEN)
        site, failing = WebSite(folder / "site"), faults.FailingWeb(proxies.free_port)
        gateway = proxies.Schoolgate(folder / "gateway", BINARY, origin.ports[0], *site.port.values(), hosts=f"127.0.0.1 {SITE}\n",
                                     opens_tls_of=site.root, never=(proxies.TUNNEL,), workers=2, limits=f", response: {GIVES_UP}s")
        school = School(gateway, folder, web.ports[0], origin.ports[0], site, failing, options.rate, options.lap)
        begin, number, asked = time.monotonic(), 0, 0
        while time.monotonic() - begin < options.minutes * 60:
            number += 1
            starts.append(time.monotonic() - begin)
            times = one_lap(school, number)
            asked += len(times)
            memory.append(own_memory(gateway) / 2**20)
            files.append(quiet_descriptors(gateway))
            latency.append(part(times, 0.99))
            print(f"lap {number}: {memory[-1]:.1f} MiB, {files[-1][0]} files and {files[-1][1]} sockets, {part(times, 0.5):.1f} ms median, {latency[-1]:.1f} ms p99", flush=True)
        seconds = time.monotonic() - begin
        gateway.stop()
        if gateway.process.returncode != 0:
            raise SystemExit(f"the gateway ended with {gateway.process.returncode}:\n{gateway.said.read_text()[-3000:]}")
        records = check_records(folder, school.blocked)
        for server in (failing, site, origin, web):
            server.stop()
    warm = next((index for index, start in enumerate(starts) if start > options.minutes * 12), None)
    if warm is None or len(memory) - warm < 2:
        raise SystemExit("too short: not two laps after warming up")
    memory, files, latency = memory[warm:], files[warm:], latency[warm:]
    hours, third = (seconds - starts[warm]) / 3600, max(1, len(latency) // 3)
    print(f"{number} laps in {seconds / 60:.0f} minutes, {asked:,} steady requests, none failed")
    print(records)
    print(f"memory of its own {memory[0]:.1f} -> {memory[-1]:.1f} MiB ({slope(memory, hours):+.2f} MiB an hour)")
    opened, sockets = [list(kind) for kind in zip(*files, strict=True)]
    sockets_first, sockets_last = statistics.median(sockets[:third]), statistics.median(sockets[-third:])
    print(f"open files {opened[0]} -> {opened[-1]} ({slope(opened, hours):+.2f} an hour), sockets {sockets_first:g} -> {sockets_last:g} "
          f"({slope(sockets, hours):+.2f} an hour)")
    first, last = statistics.median(latency[:third]), statistics.median(latency[-third:])
    print(f"p99 {first:.1f} -> {last:.1f} ms ({slope(latency, hours):+.2f} ms an hour)")
    more = {"memory": memory[-1] > memory[0] * 1.1 + 16, "open files": opened[-1] > opened[0],
            "sockets": sockets_last > sockets_first * 1.1 + 16, "latency": last > first * 1.5 + 5}
    grew = [what for what, so in more.items() if so]
    print(f"grew: {', '.join(grew)}" if grew else "steady")
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
