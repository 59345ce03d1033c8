"""The proxy benchmark: CPU per unit of work of Schoolgate, haproxy and squid, in the same run on the same machine.

Rounds are interleaved and shuffled, so that whatever else the machine does hits all alike; a figure is the median of its
rounds. Everything runs in a network of its own with nothing but loopback in it. Called by ./dev bench.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWN_MACHINE = ROOT / "tests/e2e/on_its_own_machine"
LOADGEN = pathlib.Path(os.environ.get("SCHOOLGATE_LOADGEN", ROOT / "build/release/loadgen"))
BINARY = pathlib.Path(os.environ.get("SCHOOLGATE_BINARY", ROOT / "build/release/schoolgate"))
PAGES = ROOT / "docs/benchmarks.md"

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspection  # noqa: E402
import list_size  # noqa: E402
import proxies  # noqa: E402
import reloads  # noqa: E402

# name, what one unit is, unit of the figure, its scale, the goal as (peer, factor) or an absolute limit
WORKS = {
    "keep-alive GET 1 KB": dict(unit="us", scale=1e6, goal=("haproxy", 1.0)),
    "new connection GET 1 KB": dict(unit="us", scale=1e6, goal=("haproxy", 1.0)),
    "CONNECT tunnel, SNI judged": dict(unit="us", scale=1e6, goal=("haproxy", 1.15)),
    "denied, record durable": dict(unit="us", scale=1e6, goal=("squid", 1.0)),
    "100 MB through a tunnel": dict(unit="ms", scale=1e3, goal=("haproxy", 1.0)),
}


def load(work: str, *options: str) -> int:
    done = subprocess.run([LOADGEN, work, *options], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"loadgen {work} {' '.join(options)}: {done.stderr}{done.stdout}")
    return json.loads(done.stdout)["done"]


def drive(work: str, proxy, web: int, origin: int, options) -> int:
    """Does the work once through `proxy`; how many units were done."""
    url = f"http://{proxies.PAGE}:{web}/1k"
    seconds = ["--seconds", str(options.seconds)]
    through = ["--proxy", str(proxy.http)]
    tunnel = ["--proxy", str(proxy.tunnel), "--origin", str(origin), "--name", proxies.TUNNEL, *([] if proxy.connect else ["--no-connect"])]
    match work:
        case "keep-alive GET 1 KB":
            return load("get", *through, "--url", url, *seconds)
        case "new connection GET 1 KB":
            return load("new", *through, "--url", url, *seconds)
        case "CONNECT tunnel, SNI judged":
            return load("tunnel", *tunnel, "--count", str(options.tunnels))
        case "denied, record durable":
            return load("get", *through, "--url", f"http://{proxies.BETS}:{web}/x", "--status", "403", *seconds)
        case "100 MB through a tunnel":
            return load("bulk", *tunnel, "--connections", "1", "--count", "3", "--bytes", "100000000")


def idle_memory(proxy, origin: int, tunnels: int) -> float:
    """Bytes of resident memory for each of so many idle tunnels."""
    command = [LOADGEN, "idle", "--proxy", str(proxy.tunnel), "--origin", str(origin), "--name", proxies.TUNNEL, "--connections", str(tunnels)]
    before = proxy.resident()
    with subprocess.Popen(command + ([] if proxy.connect else ["--no-connect"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        opened = json.loads(holder.stdout.readline())
        after = proxy.resident()
        holder.stdin.close()
    if opened["errors"]:
        raise SystemExit(f"idle tunnels through {proxy.name}: {opened}")
    return (after - before) / tunnels


def measure(options) -> tuple[dict, dict, dict]:
    figures: dict[tuple[str, str], list[float]] = {}
    threads: dict[str, list[float]] = {}
    idle = {}
    with tempfile.TemporaryDirectory(prefix="schoolgate-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web = proxies.start_web(folder / "web")  # a failure from here on leaves nothing running: see on_its_own_machine
        origin = proxies.start_origin(folder / "origin", LOADGEN)
        ports = web.ports[0], origin.ports[0]
        all_proxies = {
            "schoolgate": lambda place: proxies.Schoolgate(place, BINARY, ports[1]),
            "haproxy": lambda place: proxies.Haproxy(place, *ports),
            "squid": lambda place: proxies.Squid(place, *ports),
        }
        started = {name: make(folder / name) for name, make in all_proxies.items() if name in options.proxies}
        try:
            for number in range(options.rounds + 1):  # the first one warms up and is not counted
                steps = [(proxy, work) for proxy in started.values() for work in WORKS]
                random.shuffle(steps)
                for proxy, work in steps:
                    before, before_threads = proxy.cpu(), proxy.cpu_by_thread()
                    done = drive(work, proxy, *ports, options)
                    used = (proxy.cpu() - before) / done * WORKS[work]["scale"]
                    if number == 0:
                        continue
                    figures.setdefault((work, proxy.name), []).append(used)
                    if proxy.name == "schoolgate" and work.startswith("denied"):
                        for thread, total in proxy.cpu_by_thread().items():
                            share = (total - before_threads.get(thread, 0)) / done * 1e6
                            threads.setdefault(thread, []).append(share)
                    print(f"round {number}: {work:28} {proxy.name:10} {used:9.1f} {WORKS[work]['unit']}", flush=True)
            for proxy in started.values():
                idle[proxy.name] = idle_memory(proxy, ports[1], options.idle)
                print(f"{options.idle} idle tunnels: {proxy.name:10} {idle[proxy.name]:.0f} bytes each", flush=True)
        finally:
            for process in [*started.values(), origin, web]:
                process.stop()
    return figures, idle, threads


# --- telling -----------------------------------------------------------------------------------------------------------


def first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0]


def machine() -> list[str]:
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) / 2**20
    release = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())[1]
    commit = first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    return [
        f"- Machine: {os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}, {memory:.0f} GiB; {release}, Linux {platform.release()}",
        f"- Peers: {first_line(proxies.program('haproxy'), '-v').split(' - ')[0]}; {first_line(proxies.program('squid'), '-v')}",
        f"- Schoolgate {commit}, {first_line('clang++-19', '--version')}, preset `release`; {datetime.date.today().isoformat()}",
    ]


def cell(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def table(figures, idle, threads, options) -> list[str]:
    lines = [
        "| work | unit | Schoolgate | haproxy | squid | Schoolgate / haproxy | / squid | goal | reached |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    medians = {key: statistics.median(values) for key, values in figures.items()}
    for work, facts in WORKS.items():
        cells = {name: cell(figures[work, name]) if (work, name) in figures else "-" for name in ("schoolgate", "haproxy", "squid")}
        own = medians.get((work, "schoolgate"))
        ratio = {name: own / medians[work, name] if own and (work, name) in medians else None for name in ("haproxy", "squid")}
        peer, factor = facts["goal"]
        goal = f"at most {peer}'s" if factor == 1 else f"at most {factor:g} of {peer}'s"
        reached = "-" if ratio[peer] is None else "yes" if ratio[peer] <= factor else "no"
        lines.append(
            f"| {work} | {facts['unit']} | {cells['schoolgate']} | {cells['haproxy']} | {cells['squid']} | "
            + " | ".join("-" if ratio[name] is None else f"{ratio[name]:.2f}" for name in ("haproxy", "squid"))
            + f" | {goal} | {reached} |"
        )
    if idle:
        own = idle.get("schoolgate")
        shown = [f"{idle[name]:.0f}" if name in idle else "-" for name in ("schoolgate", "haproxy", "squid")]
        reached = "-" if own is None else "yes" if own <= 4096 else "no"
        lines.append(f"| {options.idle:,} idle tunnels, each | bytes | {' | '.join(shown)} | - | - | at most 4,096 | {reached} |")
    if threads:
        shares = ", ".join(f"{name} {statistics.median(values):.1f} us" for name, values in sorted(threads.items(), key=lambda item: -sum(item[1])))
        lines += ["", f"Of a denial, by thread of Schoolgate (the worker judges and answers, others write): {shares}."]
    return lines


def benchmarks_of_parts() -> list[str]:
    lines = ["| part | time |", "|---|---|"]
    for binary in sorted((ROOT / "build/release").glob("*_bench")):
        done = subprocess.run([binary, "--benchmark_format=json", "--benchmark_min_time=0.2"], capture_output=True, text=True, cwd=ROOT)
        try:
            results = json.loads(done.stdout)["benchmarks"]
        except (json.JSONDecodeError, KeyError):
            print(f"{binary.name} gave no figures:\n{done.stderr}", file=sys.stderr)
            continue
        for result in results:
            if "cpu_time" in result:
                lines.append(f"| {binary.name.removesuffix('_bench')}: {result['name']} | {result['cpu_time']:,.1f} {result['time_unit']} |")
    return lines


def write_section(name: str, lines: list[str]) -> None:
    """Replaces one section of docs/benchmarks.md; the rest of the page is people's."""
    begin, end = f"<!-- {name}: written by ./dev bench -->", f"<!-- end of {name} -->"
    text = PAGES.read_text() if PAGES.exists() else (
        "# Benchmarks\n\nWhat a unit of work costs the proxy, measured beside squid and haproxy from Debian in the same run. What is not\n"
        f"reached stands beside what is.\n\n{begin}\n{end}\n"
    )
    if begin not in text:
        text += f"\n{begin}\n{end}\n"
    before, rest = text.split(begin, 1)
    PAGES.parent.mkdir(exist_ok=True)
    PAGES.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1])


METHOD = f"""
CPU is the proxy's own scheduled time (user and kernel, every thread and child, nanosecond counters of `/proc`) divided by the
units done; cells are the median of the rounds (lowest-highest). nginx is the web, 64 connections drive it, all over
loopback in a network of its own; one worker thread a proxy. Schoolgate judges a policy of two groups, {proxies.LISTED:,} listed names
and {proxies.RULES} rules of the school's own and writes every decision to decisions.jsonl; a denial waits for its breach record to be on disk.
squid denies by an ACL and writes its access log, buffered; haproxy writes no log and has no CONNECT: its tunnels begin with
the hello, whose SNI it matches. A tunnel is: CONNECT, a ClientHello of 1.8 KB, 3 KB back, a request, 1 KB back, close.
""".strip().splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of each GET work in a round")
    parser.add_argument("--tunnels", type=int, default=2500, help="tunnels in a round")
    parser.add_argument("--idle", type=int, default=10_000, help="idle tunnels")
    parser.add_argument("--proxies", nargs="+", default=["schoolgate", "haproxy", "squid"])
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    parser.add_argument("--parts", action="store_true", help="also the benchmarks of the rooms (Google Benchmark)")
    options = parser.parse_args()

    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])

    proxies.widen_ports()
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    options.idle = min(options.idle, (proxies.DESCRIPTORS - 1000) // 2)  # a tunnel is two descriptors of its proxy

    lines = ["## The proxy", "", *machine(), f"- Command: `./dev bench{''.join(' ' + word for word in sys.argv[1:])}`", ""]
    lines += table(*measure(options), options) + ["", *METHOD]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("proxy", lines)
    lines = ["## Reloads under load", "", *reloads.section(BINARY)]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("reloads", lines)
    lines = ["## The size of the lists", "", *list_size.section(BINARY, LOADGEN)]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("lists", lines)
    lines = ["## Looking inside TLS", "", *inspection.section(BINARY, LOADGEN.with_name("tls_loadgen"))]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("inspection", lines)
    if options.parts:
        parts = ["## The parts", "", *benchmarks_of_parts()]
        print("\n".join(parts))
        if not options.dry:
            write_section("parts", parts)


if __name__ == "__main__":
    main()
