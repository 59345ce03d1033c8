"""What one greedy client costs the others: 200 clients ask an opened HTTP/2 site, alone and beside a client of each greedy kind.

Kinds: it reads nothing of twenty downloads; it leaves 1,900 requests waiting; it asks and gives up as fast as it can. All go over the gateway's
shared connection to one web site. A fourth asks for 900 names at once that the name server never answers, again and again, while the 200 ask in the
clear for names that nobody has asked for yet, of a name server that takes 50 ms. The figures are of the 200: the client is written in Python, so their size says little and the ratio counts.
python3 bench/load/greedy.py [--clients N] [--requests N] [--dry].
"""

import argparse
import os
import pathlib
import resource
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests/e2e")]
import proxies  # noqa: E402

GREEDY = "127.0.0.9"


class Site:
    """nginx over HTTP/2: lessons at once, a film of eight megabytes, and /waits, which is answered by nobody."""

    def __init__(self, folder: pathlib.Path):
        from parts.origins import Nginx, Server
        from parts.tls_origins import Authority, key_pem, pem

        class Silent(Server):
            def serve(self, connection) -> None:
                connection.settimeout(None)
                while connection.recv(65536):
                    pass

        authority = Authority()
        self.trust = authority.write(folder / "web.pem")
        issued = authority.issue("forum.example")
        (folder / "web").mkdir()
        (folder / "web/certificate.pem").write_bytes(pem(issued.certificate))
        (folder / "web/key.pem").write_bytes(key_pem(issued.key))
        self.silent = Silent()
        self.server = Nginx(folder / "nginx", folder / "web", http2=True,
                            settings=f"location = /waits {{ proxy_pass http://127.0.0.1:{self.silent.port}; proxy_read_timeout 1h; }}")

    @property
    def port(self) -> int:
        return self.server.tls

    def stop(self) -> None:
        self.server.stop()
        self.silent.stop()


def ask(client, path: str) -> float:
    began = time.perf_counter()
    stream = client.begin(path)
    client.until(lambda: stream in client.ended, "an answer")
    if client.answers.pop(stream).status != 200:
        raise SystemExit("an answer that is none")
    return time.perf_counter() - began


def work(school, site: Site, clients: int, requests: int) -> list[float]:
    """Seconds of every request of the clients."""
    from parts.inspected import H2Client

    times: list[float] = []
    open_clients = [H2Client(school, "forum.example", site.port, source=f"127.0.1.{number % 200 + 1}") for number in range(clients)]

    def one(client) -> None:
        own = [ask(client, "/lesson") for _ in range(requests)]
        times.extend(own)

    threads = [threading.Thread(target=one, args=(client,)) for client in open_clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in open_clients:
        client.pipe.close()
    return times


def reads_nothing(client, stop: threading.Event) -> None:
    for _ in range(20):
        client.begin("/film")
    stop.wait()


def leaves_waiting(client, stop: threading.Event) -> None:
    for _ in range(95):
        client.begin("/waits")
    stop.wait()


def gives_up(client, stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            stream = client.begin("/lesson")
            client.h2.reset_stream(stream, 8)
            client.flush()
            time.sleep(0.001)
    except OSError:
        stop.wait()  # the gateway has had enough of it


KINDS = {"reads nothing of 20 downloads": (reads_nothing, 1), "leaves 1,900 requests waiting": (leaves_waiting, 20),
         "asks and gives up": (gives_up, 1)}


def measure(clients: int, requests: int) -> dict[str, list[float]]:
    from parts.inspected import H2Client, inspecting_school

    found = {}
    with tempfile.TemporaryDirectory(prefix="schoolgate-greedy-") as name:
        folder = pathlib.Path(name)
        site = Site(folder)
        (folder / "school").mkdir()
        school = inspecting_school(folder / "school", trust=site.trust, ports=[site.port]).start()
        try:
            work(school, site, clients, 2)
            found["alone"] = work(school, site, clients, requests)
            for kind, (greedy, connections) in KINDS.items():
                stop = threading.Event()
                held = [H2Client(school, "forum.example", site.port, source=GREEDY) for _ in range(connections)]
                threads = [threading.Thread(target=greedy, args=(client, stop), daemon=True) for client in held]
                for thread in threads:
                    thread.start()
                time.sleep(0.5)
                found[kind] = work(school, site, clients, requests)
                stop.set()
                for client in held:
                    client.pipe.close()
        finally:
            school.stop()
            site.stop()
    return found


def new_names(school, port: int, clients: int, requests: int, run: str) -> list[float]:
    """Seconds of requests in the clear, each for a name that was not asked for before."""
    from parts.wire import Wire

    times: list[float] = []

    def one(number: int) -> None:
        for turn in range(requests):
            host = f"{run}-{number}-{turn}-v4.example:{port}"
            with Wire(school.proxy, source=f"127.0.1.{number % 200 + 1}") as wire:
                wire.socket.settimeout(60)
                began = time.perf_counter()
                if wire.send(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).read_answer().status != 200:
                    raise SystemExit("an answer that is none")
                times.append(time.perf_counter() - began)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def asks_for_names(school, stop: threading.Event) -> None:
    """900 names at once that nobody answers; who is refused asks for the next."""
    import selectors
    import socket

    waiting, number = selectors.DefaultSelector(), 0
    while not stop.is_set():
        while len(waiting.get_map()) < 900:
            number += 1
            asked = socket.create_connection(("127.0.0.1", school.proxy), source_address=(GREEDY, 0))
            asked.sendall(f"GET http://n{number}.silent.example/ HTTP/1.1\r\nHost: n{number}.silent.example\r\n\r\n".encode())
            waiting.register(asked, selectors.EVENT_READ)
        for ready, _ in waiting.select(0.1):
            waiting.unregister(ready.fileobj)
            ready.fileobj.close()
        time.sleep(0.05)
    for key in list(waiting.get_map().values()):
        key.fileobj.close()


def measure_names(clients: int, requests: int) -> dict[str, list[float]]:
    from parts.origins import NameServer, ScriptedOrigin
    from parts.school import School

    with tempfile.TemporaryDirectory(prefix="schoolgate-names-") as folder:
        names, origin = NameServer(slow=0.05), ScriptedOrigin()
        origin.answer("/", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        school = School(pathlib.Path(folder), dns_port=names.port)
        school.write()
        school.start()
        try:
            new_names(school, origin.port, clients, 2, "warm")
            found = {"alone": new_names(school, origin.port, clients, requests, "alone")}
            stop = threading.Event()
            greedy = threading.Thread(target=asks_for_names, args=(school, stop), daemon=True)
            greedy.start()
            time.sleep(2)
            found["asks for 900 names that nobody answers"] = new_names(school, origin.port, clients, requests, "beside")
            stop.set()
            greedy.join()
        finally:
            school.stop()
            origin.stop()
            names.stop()
    return found


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def table(found: dict[str, list[float]], clients: int) -> list[str]:
    base = p99(found["alone"])
    lines = [f"| {clients} clients, one greedy client that | p50 | p99 | p99 against alone | goal | reached |", "|---|---|---|---|---|---|"]
    for kind, times in found.items():
        ratio = p99(times) / base
        goal = "" if kind == "alone" else "at most 2"
        reached = "" if kind == "alone" else ("yes" if ratio <= 2 else "no")
        lines.append(f"| {'is not there' if kind == 'alone' else kind} | {statistics.median(times) * 1000:.0f} ms | {p99(times) * 1000:.0f} ms | {ratio:.2f} | {goal} | {reached} |")
    return lines


def main() -> None:
    from run import OWN_MACHINE, machine, write_section

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--requests", type=int, default=20, help="of each client (default 20)")
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## One greedy client", "", *machine(), f"- Command: `python3 bench/load/greedy.py{''.join(' ' + word for word in sys.argv[1:])}`, {proxies.priority()}", ""]
    lines += table(measure(options.clients, options.requests), options.clients)
    lines += ["", "Names that are new to the gateway, of a name server that takes 50 ms:", "", *table(measure_names(options.clients, options.requests), options.clients)]
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("greedy", lines)


if __name__ == "__main__":
    main()
