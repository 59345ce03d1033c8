"""CPU per unit of work of two or more builds of the gateway, side by side in one run: what flags or a change cost.

    bench/load/compare.py plain=build/plain/schoolgate hardened=build/release/schoolgate

Rounds are interleaved and shuffled as in run.py, whose works these are; a figure is the median of its rounds, and the
spread between the quarters is printed with it: a difference smaller than the spread is none.
"""

import argparse
import os
import pathlib
import random
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402
from run import LOADGEN, OWN_MACHINE, WORKS, drive  # noqa: E402


def measure(builds: dict[str, pathlib.Path], options) -> dict[tuple[str, str], list[float]]:
    figures: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="schoolgate-compare-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web, origin = proxies.start_web(folder / "web"), proxies.start_origin(folder / "origin", LOADGEN)
        ports = web.ports[0], origin.ports[0]
        started = {build: proxies.Schoolgate(folder / build, binary, ports[1]) for build, binary in builds.items()}
        try:
            for number in range(options.rounds + 1):  # the first warms up and is not counted
                steps = [(build, work) for build in started for work in WORKS]
                random.shuffle(steps)
                for build, work in steps:
                    proxy = started[build]
                    before = proxy.cpu()
                    done = drive(work, proxy, *ports, options)
                    if number:
                        figures.setdefault((work, build), []).append((proxy.cpu() - before) / done * WORKS[work]["scale"])
        finally:
            for process in [*started.values(), origin, web]:
                process.stop()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+", metavar="NAME=BINARY", help="the first is what the others are compared with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--tunnels", type=int, default=2000)
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    proxies.widen_ports()
    builds = {name: pathlib.Path(path).resolve() for name, path in (build.split("=", 1) for build in options.builds)}
    figures = measure(builds, options)
    first = next(iter(builds))
    for work in WORKS:
        base = statistics.median(figures[work, first])
        for build in builds:
            rounds = sorted(figures[work, build])
            low, high = statistics.quantiles(rounds, n=4)[::2] if len(rounds) > 1 else (rounds[0], rounds[0])
            middle = statistics.median(rounds)
            change = "" if build == first else f"  {(middle / base - 1) * 100:+5.1f} %"
            print(f"{work:28} {build:12} {middle:9.1f} {WORKS[work]['unit']} ({low:.1f} to {high:.1f}){change}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
