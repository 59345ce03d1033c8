"""A school's day without its nights: mixed load, lesson changes, reloads, list updates and web servers that fail, for as long as wanted.

A steady voice asks 100 times a second throughout, and its answers are timed. Around it each lap brings a lesson change (everybody
connects at once), new rules and a longer list, tunnels, blocked pages, large transfers, a name that leads nowhere, and a web server
that dies and comes back. In the end memory, descriptors and latency must not have grown: the slope over the laps is printed for
each, and what is allowed is 10 % and 16 MiB of memory after the first fifth (which warms up), no descriptor, and a p99 that in the
last third is not more than half as long again, and 5 ms, as in the first. Called by ./dev soak.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import queue
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402
from reloads import drive, own_memory, part  # noqa: E402
from run import BINARY, LOADGEN, OWN_MACHINE, load  # noqa: E402

RATE = 100


def descriptors(gateway) -> int:
    return len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def quiet_descriptors(gateway, most: int | None) -> int:
    """Descriptors once connections that were just closed are gone; waits for `most` or half a minute."""
    deadline = time.monotonic() + 30
    while (count := descriptors(gateway)) > (most or 0) and time.monotonic() < deadline:
        time.sleep(0.2)
    return count


class Voice:
    """The steady asker of one lap, in a process of its own."""

    def __init__(self, port: int, url: str):
        self.stop, self.results = multiprocessing.Event(), multiprocessing.Queue()
        self.process = multiprocessing.Process(target=drive, args=(port, url, RATE, self.stop, self.results))
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


def fail_and_recover(folder: pathlib.Path, gateway, number: int) -> None:
    """A web server of its own that dies in the middle of being asked; the gateway says so, and finds it again."""
    web = proxies.start_web(folder / f"failing{number}")
    through, page = ["--proxy", str(gateway.http)], f"http://{proxies.PAGE}:{web.ports[0]}/1k"
    load("get", *through, "--url", page, "--seconds", "1")
    for process in {int(task.parts[2]) for task in web.tasks()}:  # nginx and its worker
        os.kill(process, signal.SIGKILL)
    web.process.wait()
    asked = subprocess.run([LOADGEN, "get", *through, "--url", page, "--seconds", "1", "--status", "502"], capture_output=True, text=True)
    if asked.stdout and not json.loads(asked.stdout)["done"]:
        raise SystemExit(f"a dead web server is not reported as one: {asked.stdout}")


def one_lap(gateway, web: int, origin: int, folder: pathlib.Path, number: int) -> list[float]:
    through, name = ["--proxy", str(gateway.http)], ["--origin", str(origin), "--name", proxies.TUNNEL]
    page, bets = f"http://{proxies.PAGE}:{web}/1k", f"http://{proxies.BETS}:{web}/x"
    rules, names = folder / "gateway/rules/school.yaml", folder / "gateway/names.txt"
    voice = Voice(gateway.http, page)
    load("new", *through, "--url", page, "--connections", "300", "--seconds", "2")  # the lesson changes
    before, names_before = rules.read_text(), names.read_text()
    rules.write_text(before.replace("block:\n", f"block:\n  - {{ site: lap{number}.example, category: gambling }}\n", 1))
    names.write_text(names_before + f"lap{number}.listed.example\n")
    for _ in range(2):
        subprocess.run([BINARY, "reload", "--config", folder / "gateway"], check=True, stdout=subprocess.DEVNULL)
    rules.write_text(before)
    names.write_text(names_before)
    load("tunnel", *through, *name, "--count", "2000")
    load("get", *through, "--url", bets, "--status", "403", "--seconds", "2")
    load("get", *through, "--url", "http://leads-nowhere.bench.example/", "--status", "504", "--count", "50")
    load("bulk", *through, *name, "--connections", "4", "--count", "8", "--bytes", "20000000")
    fail_and_recover(folder, gateway, number)
    return voice.end()


def slope(values: list[float], hours: float) -> float:
    """By how much it grows in an hour: the line of least squares over evenly spaced laps."""
    if len(values) < 3 or hours == 0:
        return 0.0
    line = statistics.linear_regression([index * hours / (len(values) - 1) for index in range(len(values))], values)
    return line.slope


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
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
        gateway = proxies.Schoolgate(folder / "gateway", BINARY, origin.ports[0])
        begin, number, asked = time.monotonic(), 0, 0
        while time.monotonic() - begin < options.minutes * 60:
            number += 1
            starts.append(time.monotonic() - begin)
            times = one_lap(gateway, web.ports[0], origin.ports[0], folder, number)
            asked += len(times)
            memory.append(own_memory(gateway) / 2**20)
            files.append(quiet_descriptors(gateway, files[0] if files else None))
            latency.append(part(times, 0.99))
            print(f"lap {number}: {memory[-1]:.1f} MiB, {files[-1]} descriptors, {part(times, 0.5):.1f} ms median, {latency[-1]:.1f} ms p99", flush=True)
        seconds = time.monotonic() - begin
        gateway.stop()
        if gateway.process.returncode != 0:
            raise SystemExit(f"the gateway ended with {gateway.process.returncode}:\n{gateway.said.read_text()[-3000:]}")
        origin.stop()
        web.stop()
    warm = next((index for index, start in enumerate(starts) if start > options.minutes * 12), None)
    if warm is None or len(memory) - warm < 2:
        raise SystemExit("too short: not two laps after warming up")
    memory, files, latency = memory[warm:], files[warm:], latency[warm:]
    hours, third = (seconds - starts[warm]) / 3600, max(1, len(latency) // 3)
    print(f"{number} laps in {seconds / 60:.0f} minutes, {asked:,} steady requests, none failed")
    print(f"memory of its own {memory[0]:.1f} -> {memory[-1]:.1f} MiB ({slope(memory, hours):+.2f} MiB an hour)")
    print(f"descriptors {files[0]} -> {files[-1]} ({slope(files, hours):+.2f} an hour)")
    first, last = statistics.median(latency[:third]), statistics.median(latency[-third:])
    print(f"p99 {first:.1f} -> {last:.1f} ms ({slope(latency, hours):+.2f} ms an hour)")
    grew = [what for what, more in {"memory": memory[-1] > memory[0] * 1.1 + 16, "descriptors": files[-1] > files[0],
                                    "latency": last > first * 1.5 + 5}.items() if more]
    print(f"grew: {', '.join(grew)}" if grew else "steady")
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
