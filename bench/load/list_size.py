"""Does the size of the lists show in a request? The same requests through a gateway with 10 thousand listed names and one
with 5 million, in alternating rounds; and what squid makes of a million of the same names.

Part of ./dev bench; alone: bench/load/list_size.py [--rounds N] [--seconds N].
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

FEW, MANY, SQUIDS = 10_000, 5_000_000, 1_000_000


def cpu_per_request(loadgen: pathlib.Path, gateway, url: str, seconds: float) -> float:
    before = gateway.cpu()
    done = subprocess.run([loadgen, "get", "--proxy", str(gateway.http), "--url", url, "--seconds", str(seconds)],
                          capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return (gateway.cpu() - before) / json.loads(done.stdout)["done"] * 1e6


def measure(binary: pathlib.Path, loadgen: pathlib.Path, rounds: int, seconds: float) -> dict:
    found: dict = {FEW: [], MANY: [], "start": {}, "memory": {}}
    with tempfile.TemporaryDirectory(prefix="schoolgate-size-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web = proxies.start_web(folder / "web")
        url = f"http://{proxies.PAGE}:{web.ports[0]}/1k"
        gateways = {}
        try:
            for size in (FEW, MANY):
                gateways[size] = proxies.Schoolgate(folder / f"gateway-{size}", binary, 443, listed=size)
            for number in range(rounds + 1):  # the first one warms up and is not counted
                for size in (FEW, MANY) if number % 2 else (MANY, FEW):
                    used = cpu_per_request(loadgen, gateways[size], url, seconds)
                    if number:
                        found[size].append(used)
                        print(f"round {number}: {size:9,} names {used:6.2f} us", flush=True)
            found["memory"]["schoolgate"] = gateways[MANY].resident()
            gateways.pop(MANY).stop()
            begin = time.perf_counter()  # the image is there: this is what a restart costs
            command = [str(binary), "run", "--config", str(folder / f"gateway-{MANY}")]
            again = proxies.Process("schoolgate", folder / f"gateway-{MANY}", command, [])
            port = int((folder / f"gateway-{MANY}/schoolgate.yaml").read_text().split("127.0.0.1:")[1].split('"')[0])
            while not proxies.listens(port):
                time.sleep(0.002)
            found["start"]["schoolgate"] = time.perf_counter() - begin
            again.stop()
            begin = time.perf_counter()
            squid = proxies.Squid(folder / "squid", web.ports[0], 443, SQUIDS)
            found["start"]["squid"] = time.perf_counter() - begin
            found["memory"]["squid"] = squid.resident()
            squid.stop()
        finally:
            for process in [*gateways.values(), web]:
                process.stop()
    return found


def table(found: dict, rounds: int, seconds: float) -> list[str]:
    few, many = statistics.median(found[FEW]), statistics.median(found[MANY])
    spread = f"({min(found[MANY]):.1f}-{max(found[MANY]):.1f})"
    return [
        "| the size of the lists | figure | goal | reached |",
        "|---|---|---|---|",
        f"| CPU for a keep-alive GET with {FEW:,} names | {few:.1f} us ({min(found[FEW]):.1f}-{max(found[FEW]):.1f}) | | |",
        f"| the same with {MANY:,} names | {many:.1f} us {spread}, {many / few:.2f} times | within 5 % | {'yes' if many / few <= 1.05 else 'no'} |",
        f"| start with {MANY:,} names, compiled before | {found['start']['schoolgate']:.2f} s, {found['memory']['schoolgate'] / 2**20:.0f} MiB resident after the load | | |",
        f"| squid: start with {SQUIDS:,} of them | {found['start']['squid']:.1f} s, {found['memory']['squid'] / 2**20:.0f} MiB resident | | |",
        "",
        f"Median of {rounds} alternating rounds of {seconds:g} s, 64 connections, the host asked for is not listed. Generating and compiling",
        "the list is not in these figures; the compiler's are in blocklists/README.md.",
    ]


def section(binary: pathlib.Path, loadgen: pathlib.Path, rounds: int = 6, seconds: float = 2) -> list[str]:
    return table(measure(binary, loadgen, rounds, seconds), rounds, seconds)


def main() -> None:
    from run import BINARY, LOADGEN, OWN_MACHINE, machine, write_section

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## The size of the lists", "", *machine(), f"- Command: `bench/load/list_size.py{''.join(' ' + word for word in sys.argv[1:])}`", ""]
    lines += section(BINARY, LOADGEN, options.rounds, options.seconds)
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("lists", lines)


if __name__ == "__main__":
    main()
