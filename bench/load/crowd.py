"""A school that is there all at once: 10,000 idle connections and 2,000 active ones on two cores, and how long an answer takes.

Half of the idle ones are tunnels (CONNECT, a ClientHello and its answer), half are kept-alive connections that have asked once. The
active ones ask for a page of 1 KB, rest for a second on average and ask again, on connections that stay; every tenth asks for a blocked
page, whose record is on disk before it is sent. The load, the web server and the gateway share the machine. An answer is
timed from when the question was due. python3 bench/load/crowd.py [--idle N] [--active N] [--seconds N] [--dry].
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
ENOUGH = 150_000  # descriptors: an idle tunnel is two of the gateway


def raise_descriptors() -> None:
    """Before anything else looks at the limit: root may have more than it was given."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH, ENOUGH))
    except (ValueError, PermissionError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


raise_descriptors()
import proxies  # noqa: E402


class Idle:
    """Connections that are held open by a process of their own."""

    def __init__(self, command: list[str]):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opened = json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def paced(loadgen: pathlib.Path, gateway, url: str, status: int, connections: int, rest: float, seconds: float) -> dict:
    done = subprocess.run([loadgen, "paced", "--proxy", str(gateway.http), "--url", url, "--status", str(status), "--connections", str(connections),
                           "--rest", str(rest), "--seconds", str(seconds)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"the active connections: {done.stderr}{done.stdout}\n{gateway.said.read_text(errors='replace')[-2000:]}")
    return json.loads(done.stdout)


def measure(binary: pathlib.Path, loadgen: pathlib.Path, idle: int, active: int, rest: float, seconds: float) -> dict:
    with tempfile.TemporaryDirectory(prefix="schoolgate-crowd-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web, origin = proxies.start_web(folder / "web"), proxies.start_origin(folder / "origin", loadgen)
        gateway = proxies.Schoolgate(folder / "gateway", binary, origin.ports[0], workers=2, limits=", idle: 1h")
        page, bets = (f"http://{host}:{web.ports[0]}/1k" for host in (proxies.PAGE, proxies.BETS))
        through = ["--proxy", str(gateway.http)]
        held = []
        try:
            before = gateway.resident()
            tunnels = [loadgen, "idle", *through, "--origin", str(origin.ports[0]), "--name", proxies.TUNNEL, "--connections", str(idle // 2)]
            kept = [loadgen, "idle", *through, "--url", page, "--connections", str(idle - idle // 2)]
            held = [Idle(list(map(str, command))) for command in (tunnels, kept)]
            if any(holder.opened["errors"] for holder in held):
                raise SystemExit(f"idle connections: {[holder.opened for holder in held]}")
            after, cpu = gateway.resident(), gateway.cpu()
            found = {}
            refused = threading.Thread(target=lambda: found.update(blocked=paced(loadgen, gateway, bets, 403, active // 10, rest, seconds)))
            refused.start()
            found["page"] = paced(loadgen, gateway, page, 200, active - active // 10, rest, seconds)
            refused.join()
            if "blocked" not in found:
                raise SystemExit("the blocked pages were not all answered as such")
            found["cpu"] = (gateway.cpu() - cpu) / found["page"]["seconds"]
            found["memory"] = (after - before) / idle
            found["open"] = len(list(pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()))
            if any(holder.process.poll() is not None for holder in held):
                raise SystemExit("idle connections were not kept")
        finally:
            for holder in held:
                holder.end()
            for process in (gateway, origin, web):
                process.stop()
    return found


def table(found: dict, idle: int, active: int, rest: float) -> list[str]:
    page, blocked = found["page"], found["blocked"]
    asked = page["done"] + blocked["done"]
    rate = asked / max(page["seconds"], blocked["seconds"])
    worst = max(page["p99"], blocked["p99"])
    return [
        f"| {idle:,} idle and {active:,} active connections | figure | goal | reached |",
        "|---|---|---|---|",
        f"| requests | {asked:,} ({rate:,.0f} a second), {page['errors'] + blocked['errors']} failed | 0 failed | "
        f"{'no' if page['errors'] + blocked['errors'] else 'yes'} |",
        f"| an answer, p50 / p99 / worst | {page['p50']:.1f} / {page['p99']:.1f} / {page['worst']:.0f} ms | p99 under 50 ms | {'yes' if worst < 50 else 'no'} |",
        f"| a blocked page with its record on disk, p50 / p99 / worst | {blocked['p50']:.1f} / {blocked['p99']:.1f} / {blocked['worst']:.0f} ms | p99 under 50 ms | "
        f"{'yes' if worst < 50 else 'no'} |",
        f"| the gateway meanwhile | {found['cpu']:.2f} cores, {found['open']:,} descriptors, {found['memory']:,.0f} bytes for each idle connection | | |",
        "",
        f"Half of the idle ones are tunnels, half kept-alive connections that asked once; all stay open to the end. Active ones rest {rest:g} s on",
        "average between an answer and the next question; nine in ten ask for a page of 1 KB, one for a blocked one. Answers are timed at the",
        "client from when the question was due. The gateway (two workers), nginx and the load share the two cores.",
    ]


def main() -> None:
    from run import BINARY, LOADGEN, OWN_MACHINE, machine, write_section

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--active", type=int, default=2_000)
    parser.add_argument("--rest", type=float, default=1.0, help="seconds between an answer and the next question, on average (default 1)")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    proxies.widen_ports()
    lines = ["## Many connections", "", *machine(), f"- Command: `python3 bench/load/crowd.py{''.join(' ' + word for word in sys.argv[1:])}`, {proxies.priority()}", ""]
    lines += table(measure(BINARY, LOADGEN, options.idle, options.active, options.rest, options.seconds), options.idle, options.active, options.rest)
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("crowd", lines)


if __name__ == "__main__":
    main()
