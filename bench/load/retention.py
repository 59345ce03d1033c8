"""Is retention felt? 2.4 million records past their time go while the gateway serves, and a million new ones a day come.

Each round starts a gateway on a copy of the same state: --records breach records, all older than `retention.breaches`. At once it begins to
remove them. Meanwhile `loadgen paced` asks for pages, and a second one for a blocked page 12 times a second, which is a million records a
day. Windows of --seconds are measured until nothing overdue is left, then as many again with the same load and nothing to remove: printed
are how long the removal took, the median of the windows' 99th percentiles in both states, and their ratio of each round. At the end the
chain must verify, and every new record be there. Everything runs on this machine:

    tests/e2e/on_its_own_machine /usr/bin/python3 bench/load/retention.py --build build/release
        [--records N] [--rounds N] [--seconds S] [--connections N] [--rest S] [--most S]
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

PER_SECOND = 12  # a million a day


class Gateway(proxies.Process):
    def __init__(self, folder: pathlib.Path, binary: pathlib.Path, workers: int):
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        self.http = proxies.free_port()
        proxies.write_hosts(folder)
        settings = proxies.SCHOOLGATE.format(folder=folder, http=self.http, metrics=proxies.free_port(), ports="443", inspection="off", never="",
                                             workers=workers, limits="")
        files = {
            "schoolgate.yaml": settings + "\nretention: { breaches: 60d }\n",
            "policy.yaml": proxies.POLICY,
            "lists.yaml": "lists: []\n",
            "rules/school.yaml": f"block:\n  - {{ site: {proxies.BETS}, category: gambling }}\n",
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        # It ran until a moment ago: a gateway that was off for months asks for a witness of the time before it removes anything.
        (folder / "state/clock").write_text(datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z\n"))
        super().__init__("schoolgate", folder, [str(binary), "run", "--config", str(folder)], [self.http])


def overdue(state: pathlib.Path, before: datetime.datetime) -> int:
    with sqlite3.connect(f"file:{state / 'breaches.db'}?mode=ro", uri=True, timeout=60) as database:
        oldest, = database.execute("SELECT coalesce(min(seq), 0) FROM records").fetchone()
        last, = database.execute("SELECT coalesce(max(seq), 0) FROM records WHERE time < ?", (int(before.timestamp() * 1000),)).fetchone()
    return max(last - oldest + 1, 0) if last else 0


def measure(options: argparse.Namespace, gateway: Gateway, url: str, blocked: str) -> tuple[dict, int]:
    """One window: what the paced pages took, and how many blocked ones came beside."""
    words = ["--connections", str(PER_SECOND), "--rest", "1", "--status", "403", "--seconds", str(options.seconds)]
    records = subprocess.Popen([options.build / "loadgen", "paced", "--proxy", str(gateway.http), "--url", blocked, *words], stdout=subprocess.PIPE,
                               text=True)
    done = subprocess.run([options.build / "loadgen", "paced", "--proxy", str(gateway.http), "--url", url, "--connections",
                           str(options.connections), "--rest", str(options.rest), "--seconds", str(options.seconds)],
                          check=True, capture_output=True, text=True)
    found, beside = json.loads(done.stdout), json.loads(records.communicate()[0])
    if found["errors"] or beside["errors"]:
        raise SystemExit(f"requests failed: {found} {beside}")
    return found, beside["done"]


def one_round(options: argparse.Namespace, number: int, old: pathlib.Path, folder: pathlib.Path, web) -> float:
    shutil.copytree(old, folder)
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=60)
    count = overdue(folder / "state", before)
    gateway = Gateway(folder, options.build / "schoolgate", options.workers)
    began, took, during, after, made = time.monotonic(), None, [], [], 0
    try:
        url, blocked = f"http://{proxies.PAGE}:{web.ports[0]}/1k", f"http://{proxies.BETS}/"
        while took is None and time.monotonic() - began < options.most:
            found, new = measure(options, gateway, url, blocked)
            made += new
            left = overdue(folder / "state", before)
            if left == 0:
                took = time.monotonic() - began
            during.append(found["p99"])
        if took is None:
            print(f"round {number}: {left} of {count} records are left after {options.most:.0f} s")
            return float("inf")
        for _ in during:
            found, new = measure(options, gateway, url, blocked)
            made += new
            after.append(found["p99"])
    finally:
        gateway.stop()
    with sqlite3.connect(f"file:{folder / 'state/breaches.db'}?mode=ro", uri=True) as database:
        kept, = database.execute("SELECT count(*) FROM records").fetchone()
    verified = subprocess.run([options.build / "schoolgate", "breaches", "verify", "--config", folder], capture_output=True, text=True)
    if kept < made or verified.returncode != 0:
        raise SystemExit(f"{kept} records are there, {made} were made; {verified.stdout}{verified.stderr}")
    ratio = statistics.median(during) / statistics.median(after)
    print(f"round {number}: {count} records in at most {took:.0f} s ({count / took:.0f} a second); p99 of a request {statistics.median(during):.2f} ms "
          f"meanwhile, {statistics.median(after):.2f} ms afterwards, ratio {ratio:.2f}; windows {' '.join(f'{one:.1f}' for one in during)} | "
          f"{' '.join(f'{one:.1f}' for one in after)}; {made} new records, chain whole", flush=True)
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--records", type=int, default=2_400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--rest", type=float, default=1)
    parser.add_argument("--most", type=float, default=900, help="seconds after which a removal is given up")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--old", type=pathlib.Path, help="a folder with a state/ made by term_generator before, instead of one made now")
    options = parser.parse_args()
    options.build = options.build.resolve()
    print(proxies.priority())
    with tempfile.TemporaryDirectory(prefix="schoolgate-retention-") as name:
        folder = pathlib.Path(name)
        old = options.old or folder / "old"
        if not options.old:
            (old / "state").mkdir(parents=True)
            (old / "state").chmod(0o700)
            until = datetime.date.today() - datetime.timedelta(days=70)
            subprocess.run([options.build / "term_generator", "--state", old / "state", "--days", "60", "--breaches", str(options.records),
                            "--until", str(until)], check=True, stdout=subprocess.DEVNULL)
        print(f"{(old / 'state/breaches.db').stat().st_size / 1e6:.0f} MB of records; {options.connections} connections, a request every "
              f"{options.rest:g} s each", flush=True)
        web = proxies.start_web(folder / "web")
        try:
            ratios = []
            for number in range(options.rounds):
                ratios.append(one_round(options, number + 1, old, folder / f"round{number}", web))
                shutil.rmtree(folder / f"round{number}")
        finally:
            web.stop()
    print(f"median ratio {statistics.median(ratios):.2f}")
    return 0 if statistics.median(ratios) < 2 else 1


if __name__ == "__main__":
    sys.exit(main())
