"""How long a school is without its filter when it starts again: from the start of the process to the first page through it.

The lists hold five million names, compiled before, as after any reboot or update. The gateway that ran is ended in turn by SIGTERM
and by SIGKILL; the next one must serve a page, refuse a listed name, and have the record of that refusal.
python3 bench/load/restart.py [--names N] [--rounds N] [--dry].
"""

import argparse
import os
import pathlib
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

NAMES = 5_000_000


def ask(port: int, url: str) -> int:
    """The status of the answer; 0 when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(f"GET {url} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\nConnection: close\r\n\r\n".encode())
            head = b""
            while b"\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return 0
                head += data
            return int(head.split()[1])
    except OSError:
        return 0


def start_again(binary: pathlib.Path, folder: pathlib.Path, port: int, url: str) -> tuple[subprocess.Popen, float]:
    with (folder / "said.log").open("ab") as said:
        begin = time.perf_counter()
        process = subprocess.Popen([binary, "run", "--config", folder], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    while (status := ask(port, url)) != 200:
        if process.poll() is not None or time.perf_counter() - begin > 60 or status:
            raise SystemExit(f"the gateway did not serve again ({status}):\n{(folder / 'said.log').read_text()[-2000:]}")
        time.sleep(0.001)
    return process, time.perf_counter() - begin


def measure(binary: pathlib.Path, names: int, rounds: int) -> dict:
    took: dict[str, list[float]] = {"SIGTERM": [], "SIGKILL": []}
    with tempfile.TemporaryDirectory(prefix="schoolgate-restart-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web = proxies.start_web(folder / "web")
        listed = "casino-4711.listed.example"
        gateway = proxies.Schoolgate(folder / "gateway", binary, 443, listed=names, hosts=f"127.0.0.1 {listed}\n")
        process, page = gateway.process, f"http://{proxies.PAGE}:{web.ports[0]}/1k"
        try:
            refused = 0
            for number in range(rounds * 2):
                how = ("SIGTERM", "SIGKILL")[number % 2]
                process.send_signal(getattr(signal, how))
                process.wait(60)
                process, seconds = start_again(binary, folder / "gateway", gateway.http, page)
                took[how].append(seconds)
                if ask(gateway.http, f"http://{listed}:{web.ports[0]}/") != 403:
                    raise SystemExit("a listed name was not refused after a start")
                refused += 1
                print(f"start {number + 1}, after {how}: {seconds:.3f} s", flush=True)
            memory = pathlib.Path(f"/proc/{process.pid}/status").read_text().split("RssAnon:")[1].split()[0]
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            kept = subprocess.run([binary, "breaches", "export", "--config", folder / "gateway"], capture_output=True, text=True, check=True)
            if len(kept.stdout.splitlines()) != refused:
                raise SystemExit(f"{refused} refusals, {len(kept.stdout.splitlines())} records")
        finally:
            process.kill()
            process.wait()
            web.stop()
    return dict(took=took, memory=int(memory) / 1024)


def table(found: dict, names: int) -> list[str]:
    lines = [f"| start to the first page served, {names:,} names | median (lowest-highest) | goal | reached |", "|---|---|---|---|"]
    for how, times in found["took"].items():
        lines.append(f"| after {how}, {len(times)} times | {statistics.median(times):.2f} s ({min(times):.2f}-{max(times):.2f}) | under 1 s | "
                     f"{'yes' if max(times) < 1 else 'no'} |")
    return lines + ["", f"The image was compiled before; {found['memory']:.0f} MiB of memory of its own then. After each start a listed name is refused,",
                    "and in the end the breach log holds each refusal once."]


def main() -> None:
    from run import BINARY, OWN_MACHINE, machine, write_section

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=NAMES)
    parser.add_argument("--rounds", type=int, default=10, help="of each way to end (default 10)")
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## Starting again", "", *machine(), f"- Command: `python3 bench/load/restart.py{''.join(' ' + word for word in sys.argv[1:])}`, {proxies.priority()}", ""]
    lines += table(measure(BINARY, options.names, options.rounds), options.names)
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("restart", lines)


if __name__ == "__main__":
    main()
