"""1,000 reloads under 1,000 requests a second: no request may fail, and memory may not grow.

Every reload brings a new rule, and every twentieth a new list image, compiled and swapped while requests are answered.
Part of ./dev bench; alone: bench/load/reloads.py [--reloads N] [--rate N] [--dry].
"""

import argparse
import asyncio
import multiprocessing
import os
import pathlib
import re
import resource
import socket
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

CONNECTIONS = 50
NEW_LIST_EVERY = 20
WARM_UP = 100  # reloads before memory is first looked at


# --- the load, in a process of its own -----------------------------------------------------------------------------------


async def ask_steadily(port: int, url: str, every: float, first: float, stop, times: list[float], failures: list[str]) -> None:
    """A request every so many seconds on one kept-alive connection; a late answer delays the ones behind it."""
    host = url.split("/")[2]
    request = f"GET {url} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due = first
    while not stop.is_set():
        await asyncio.sleep(max(0, due - time.perf_counter()))
        begin = time.perf_counter()
        due += every
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"(?i)content-length: *(\d+)", head)[1]))
            if not head.startswith(b"HTTP/1.1 200 "):
                failures.append(head.split(b"\r\n")[0].decode())
        except (OSError, asyncio.IncompleteReadError) as error:
            failures.append(repr(error))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        times.append(time.perf_counter() - begin)
    writer.close()


def drive(port: int, url: str, rate: int, stop, results) -> None:
    async def all_connections() -> None:
        times, failures, begin = [], [], time.perf_counter()
        every = CONNECTIONS / rate
        await asyncio.gather(*(ask_steadily(port, url, every, begin + number * every / CONNECTIONS, stop, times, failures)
                               for number in range(CONNECTIONS)))
        results.put((times, failures, time.perf_counter() - begin))

    asyncio.run(all_connections())


# --- the reloads -----------------------------------------------------------------------------------------------------------


def ask_to_reload(control: pathlib.Path) -> str:
    """The policy version now in force, as `schoolgate reload` hears it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(control))
        connection.sendall(b"reload\n")
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    if not text.startswith("done\n"):
        raise SystemExit(f"a reload was refused:\n{text}")
    return re.search(r"policy (\S+) is in force", text)[1]


def own_memory(gateway) -> int:
    """Bytes of memory that are not pages of files: a mapped list image is one file or the next."""
    status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024


def open_files(gateway) -> int:
    """Descriptors that are no sockets: those come and go with the connections."""
    links = pathlib.Path(f"/proc/{gateway.process.pid}/fd").iterdir()
    return sum(1 for link in links if not os.readlink(link).startswith("socket:"))


def measure(binary: pathlib.Path, reloads: int, rate: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="schoolgate-reloads-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web = proxies.start_web(folder / "web")
        gateway = proxies.Schoolgate(folder / "gateway", binary, 443)
        rules, names = folder / "gateway/rules/school.yaml", folder / "gateway/names.txt"
        rules_before, names_before = rules.read_text(), names.read_text()
        stop, results = multiprocessing.Event(), multiprocessing.Queue()
        load = multiprocessing.Process(target=drive, args=(gateway.http, f"http://{proxies.PAGE}:{web.ports[0]}/1k", rate, stop, results))
        load.start()
        versions, took, memory, descriptors = set(), {"rules": [], "lists": []}, [], []
        try:
            for number in range(1, reloads + 1):
                rules.write_text(rules_before.replace("block:\n", f"block:\n  - {{ site: new{number}.example, category: gambling }}\n", 1))
                kind = "rules"
                if number % NEW_LIST_EVERY == 0:
                    kind = "lists"
                    names.write_text(names_before + f"new{number}.listed.example\n")
                begin = time.perf_counter()
                versions.add(ask_to_reload(folder / "gateway/state/control.sock"))
                took[kind].append(time.perf_counter() - begin)
                if number % WARM_UP == 0:
                    memory.append(own_memory(gateway))
                    descriptors.append(open_files(gateway))
                    print(f"{number} reloads: {memory[-1] / 2**20:.1f} MiB of its own, {descriptors[-1]} open files", flush=True)
            stop.set()
            times, failures, seconds = results.get(timeout=60)
        finally:
            stop.set()
            load.join(timeout=10)
            gateway.stop()
            web.stop()
        if len(versions) != reloads:
            raise SystemExit(f"{reloads} reloads put {len(versions)} policies in force")
        return dict(times=sorted(times), failures=failures, seconds=seconds, took=took, memory=memory, descriptors=descriptors)


def part(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1e3


def table(found: dict, reloads: int, rate: int) -> list[str]:
    grew = found["memory"][-1] - found["memory"][0]
    rules, lists = found["took"]["rules"], found["took"]["lists"]
    asked = len(found["times"])
    return [
        f"| {reloads:,} reloads under {rate:,} requests a second | figure | goal | reached |",
        "|---|---|---|---|",
        f"| requests answered | {asked:,} in {found['seconds']:.0f} s ({asked / found['seconds']:,.0f} a second) | {rate:,} a second | "
        f"{'yes' if asked / found['seconds'] >= 0.98 * rate else 'no'} |",
        f"| requests that failed | {len(found['failures'])} | 0 | {'no: ' + found['failures'][0] if found['failures'] else 'yes'} |",
        f"| memory of its own after {WARM_UP} and after {reloads:,} reloads | {found['memory'][0] / 2**20:.1f} and {found['memory'][-1] / 2**20:.1f} MiB | "
        f"no growth (at most 2 MiB) | {'yes' if grew <= 2 * 2**20 else 'no'} |",
        f"| open files, then and then | {found['descriptors'][0]} and {found['descriptors'][-1]} | no growth | "
        f"{'yes' if found['descriptors'][-1] <= found['descriptors'][0] else 'no'} |",
        f"| answer to a request, p50 / p99 / worst | {part(found['times'], 0.5):.2f} / {part(found['times'], 0.99):.1f} / {part(found['times'], 1):.0f} ms | | |",
        f"| reload with a new rule, p50 / worst of {len(rules)} | {statistics.median(rules) * 1e3:.0f} / {max(rules) * 1e3:.0f} ms | | |",
        *([f"| reload with a new list image of {proxies.LISTED:,} names, p50 / worst of {len(lists)} | {statistics.median(lists) * 1e3:.0f} / "
           f"{max(lists) * 1e3:.0f} ms | | |"] if lists else []),
    ]


def section(binary: pathlib.Path, reloads: int = 1000, rate: int = 1000) -> list[str]:
    return table(measure(binary, reloads, rate), reloads, rate) + [
        "",
        f"{CONNECTIONS} kept-alive connections, one worker thread; every reload has a new rule, every {NEW_LIST_EVERY}th a changed list that is compiled,",
        "gated, stored and swapped by the gateway itself while it answers. Memory is RssAnon: mapped images are pages of files.",
    ]


def main() -> None:
    from run import BINARY, OWN_MACHINE, machine, write_section

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reloads", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=1000, help="requests a second")
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## Reloads under load", "", *machine(), f"- Command: `bench/load/reloads.py{''.join(' ' + word for word in sys.argv[1:])}`", ""]
    lines += section(BINARY, options.reloads, options.rate)
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("reloads", lines)


if __name__ == "__main__":
    main()
