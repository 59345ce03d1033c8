"""How long a school is without its filter when it starts again: from the start of the process to the first page through it.

The lists hold five million names, compiled before, as after any reboot or update. The gateway that ran is ended in turn by SIGTERM
and by SIGKILL; the next one must serve a page, refuse a listed name, and have the record of that refusal.

Then what a restart costs while the school works: 250 tunnels and 250 WebSockets are open, half of them silent and half moving, the
gateway is stopped (limits.drain is 5 s here) and the next one started when it is gone, as systemd does. Meanwhile a client asks for a
page every few milliseconds, each time on a new connection: the longest time in which it got none is what the restart cost.
python3 bench/load/restart.py [--names N] [--rounds N] [--held N] [--dry].
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
import threading
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


class Echo:
    """Accepts anything, answers a request for a WebSocket with 101, and sends back every byte that follows."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(65536):
                if data.startswith(b"GET "):
                    data = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                connection.sendall(data)
        except OSError:
            pass
        finally:
            connection.close()


def hold(port: int, echo: int, count: int) -> list[socket.socket]:
    """Half of them tunnels, half WebSockets, each open and tried."""
    held = []
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        name = f"{proxies.TUNNEL}:{echo}"
        if number % 2:
            connection.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        else:
            connection.sendall(f"GET http://{name}/ HTTP/1.1\r\nHost: {name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        head = connection.recv(4096)
        if b" 200 " not in head and b" 101 " not in head:
            raise SystemExit(f"not opened: {head!r}")
        held.append(connection)
    return held


def longest_gap(port: int, url: str, during) -> tuple[float, int, int]:
    """(seconds without a page, pages, failures) of a client that asks again and again while during() runs."""
    pages, failures, over = [time.perf_counter()], 0, threading.Event()

    def work():
        during()
        over.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not over.is_set():
        if ask(port, url) == 200:
            pages.append(time.perf_counter())
        else:
            failures += 1
        time.sleep(0.003)
    worker.join()
    return max(after - before for before, after in zip(pages, pages[1:])), len(pages) - 1, failures


def measure_held(binary: pathlib.Path, names: int, rounds: int, count: int) -> list[tuple[float, float, int, int]]:
    """For each round: (seconds without a page, seconds from SIGTERM to the end, pages, failures)."""
    found = []
    with tempfile.TemporaryDirectory(prefix="schoolgate-restart-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        web, echo = proxies.start_web(folder / "web"), Echo()
        gateway = proxies.Schoolgate(folder / "gateway", binary, echo.port, listed=names, workers=2, limits=", drain: 5s")
        with (folder / "gateway/schoolgate.yaml").open("a") as more:
            more.write("unnamed: { not_tls: judge }\n")
        process, page = gateway.process, f"http://{proxies.PAGE}:{web.ports[0]}/1k"
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process, _ = start_again(binary, folder / "gateway", gateway.http, page)
        try:
            for number in range(rounds):
                held, talks = hold(gateway.http, echo.port, count), True

                def talk():
                    while talks:
                        for connection in held[: count // 2]:
                            try:
                                connection.send(b"\0")  # neither TLS nor HTTP
                            except OSError:
                                pass
                        time.sleep(0.2)

                talking = threading.Thread(target=talk)
                talking.start()
                ended = []

                def restart():
                    nonlocal process
                    time.sleep(0.3)
                    began = time.perf_counter()
                    process.send_signal(signal.SIGTERM)
                    process.wait(60)
                    ended.append(time.perf_counter() - began)
                    process, _ = start_again(binary, folder / "gateway", gateway.http, page)
                    time.sleep(0.3)

                gap, pages, failures = longest_gap(gateway.http, page, restart)
                talks = False
                talking.join()
                for connection in held:
                    connection.close()
                found.append((gap, ended[0], pages, failures))
                print(f"restart {number + 1} under {count}: {gap:.3f} s without a page, the old one ended after {ended[0]:.1f} s, {pages} pages", flush=True)
        finally:
            process.kill()
            process.wait()
            web.stop()
            echo.listener.close()
    return found


def table_held(found: list, count: int) -> list[str]:
    gaps = [each[0] for each in found]
    lines = [f"| a restart while {count} tunnels and WebSockets are open | median (lowest-highest) | goal | reached |", "|---|---|---|---|"]
    lines.append(f"| new connections get no page for, {len(found)} times | {statistics.median(gaps):.2f} s ({min(gaps):.2f}-{max(gaps):.2f}) | at most 0.5 s | "
                 f"{'yes' if max(gaps) <= 0.5 else 'no'} |")
    ends = [each[1] for each in found]
    return lines + ["", f"The old gateway ended {min(ends):.1f}-{max(ends):.1f} s after SIGTERM and served until then: {sum(each[2] for each in found)} pages, "
                    f"{sum(each[3] for each in found)} tries without one."]


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
    parser.add_argument("--held", type=int, default=500, help="tunnels and WebSockets that are open (default 500)")
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## Starting again", "", *machine(), f"- Command: `python3 bench/load/restart.py{''.join(' ' + word for word in sys.argv[1:])}`, {proxies.priority()}", ""]
    lines += table(measure(BINARY, options.names, options.rounds), options.names)
    lines += ["", *table_held(measure_held(BINARY, options.names, max(1, options.rounds // 2), options.held), options.held)]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("restart", lines)


if __name__ == "__main__":
    main()
