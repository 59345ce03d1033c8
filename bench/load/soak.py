"""Load, tunnels and reloads for as long as wanted: memory and descriptors of the gateway must not grow, nothing may fail.

The first fifth of the time warms up (pools, caches, allocator); after it, resident memory may grow by a tenth and 16 MiB,
and descriptors that are still open when all is quiet may not grow at all. Called by ./dev soak.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402
from run import BINARY, LOADGEN, OWN_MACHINE, load  # noqa: E402


def descriptors(gateway) -> int:
    return len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def quiet_descriptors(gateway, most: int | None) -> int:
    """Descriptors once connections that were just closed are gone; waits for `most` or half a minute."""
    deadline = time.monotonic() + 30
    while (count := descriptors(gateway)) > (most or 0) and time.monotonic() < deadline:
        time.sleep(0.2)
    return count


def one_lap(gateway, web: int, origin: int, folder: pathlib.Path, number: int) -> None:
    through, name = ["--proxy", str(gateway.http)], ["--origin", str(origin), "--name", proxies.TUNNEL]
    page, bets = f"http://{proxies.PAGE}:{web}/1k", f"http://{proxies.BETS}:{web}/x"
    rules = folder / "rules/school.yaml"
    text = rules.read_text()
    background = subprocess.Popen([LOADGEN, "get", *through, "--url", page, "--seconds", "5"], stdout=subprocess.DEVNULL)
    load("new", *through, "--url", page, "--seconds", "2")
    rules.write_text(text.replace("block:\n", f"block:\n  - {{ site: lap{number}.example, category: gambling }}\n", 1))
    subprocess.run([BINARY, "reload", "--config", folder], check=True, stdout=subprocess.DEVNULL)
    rules.write_text(text)
    load("tunnel", *through, *name, "--count", "2000")
    load("get", *through, "--url", bets, "--status", "403", "--seconds", "1")
    load("bulk", *through, *name, "--connections", "4", "--count", "8", "--bytes", "20000000")
    if background.wait() != 0:
        raise SystemExit("requests failed during a lap")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    proxies.widen_ports()
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))

    with tempfile.TemporaryDirectory(prefix="schoolgate-soak-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web, origin = proxies.start_web(folder / "web"), proxies.start_origin(folder / "origin", LOADGEN)
        gateway = proxies.Schoolgate(folder / "gateway", BINARY, origin.ports[0])
        begin, number, baseline = time.monotonic(), 0, None
        while (elapsed := time.monotonic() - begin) < options.minutes * 60:
            number += 1
            one_lap(gateway, web.ports[0], origin.ports[0], folder / "gateway", number)
            if baseline is None and elapsed > options.minutes * 12:
                baseline = gateway.resident(), quiet_descriptors(gateway, None)
            print(f"lap {number}: {gateway.resident() / 2**20:.1f} MiB, {descriptors(gateway)} descriptors", flush=True)
        if baseline is None:
            raise SystemExit("too short: not one lap after warming up")
        memory, files = gateway.resident(), quiet_descriptors(gateway, baseline[1])
        gateway.stop()
        if gateway.process.returncode != 0:
            raise SystemExit(f"the gateway ended with {gateway.process.returncode}:\n{gateway.said.read_text()[-3000:]}")
        origin.stop()
        web.stop()
    print(f"memory {baseline[0] / 2**20:.1f} -> {memory / 2**20:.1f} MiB, descriptors {baseline[1]} -> {files}, {number} laps")
    grew = memory > baseline[0] * 1.1 + 16 * 2**20 or files > baseline[1]
    print("it grew" if grew else "steady")
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
