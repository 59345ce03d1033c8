"""The proxies of the benchmark and their web: configurations, processes, and the CPU time and memory they used."""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

PAGE, TUNNEL, BETS = "page.bench.example", "tunnel.bench.example", "bets.bench.example"
DESCRIPTORS = min(150_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])  # for each process
LISTED = 200_000  # names in the gateway's list of gambling sites
RULES = 200  # the school's own rules

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr error; worker_processes 1; 
{user}
events {{ worker_connections 8192; }}
http {{
  access_log off; default_type text/plain; keepalive_requests 1000000000; keepalive_timeout 1h; tcp_nodelay on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "{page}"; }} }}
}}
"""

HAPROXY = """
global
  nbthread 1
  maxconn {connections}
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
frontend web
  mode http
  bind 127.0.0.1:{http}
  http-request deny deny_status 403 if {{ hdr_dom(host) -i {bets} }}
  default_backend web
backend web
  mode http
  http-reuse always
  server web 127.0.0.1:{web}
frontend tls
  mode tcp
  bind 127.0.0.1:{tls}
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req.ssl_hello_type 1 }}
  use_backend tunnel if {{ req.ssl_sni -i {tunnel} }}
backend tunnel
  mode tcp
  server tunnel 127.0.0.1:{origin}
"""

SQUID = """
http_port 127.0.0.1:{http}
acl bets dstdomain {bets}
acl tunnels port {origin} 443
acl CONNECT method CONNECT
http_access deny bets
http_access deny CONNECT !tunnels
http_access allow all
hosts_file {folder}/hosts
cache deny all
cache_mem 8 MB
access_log stdio:{folder}/access.log squid
logfile_rotate 0
buffered_logs on
cache_log {folder}/cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
max_filedescriptors {descriptors}
client_db off
server_persistent_connections on
client_persistent_connections on
shutdown_lifetime 0 seconds
"""

SCHOOLGATE = """
site: {{ name: Benchmark School, timezone: Europe/London }}
state: {folder}/state
listen:
  proxy: ["127.0.0.1:{http}"]
  metrics: "127.0.0.1:{metrics}"
upstream:
  connect_ports: [443, {ports}]
  allow_private: ["127.0.0.0/8"]
  hosts: {folder}/hosts
inspection: {{ mode: "{inspection}", never: [{never}] }}
decisions: {folder}/decisions.jsonl
limits: {{ workers: {workers}, client_connections: 100000, connections: 100000, idle_tunnel: 1h{limits} }}
"""

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/8"] }
    categories: { gambling: block, pornography: block, games: warn, social-media: block }
    safe_search: true
  staff:
    title: Staff
    members: { networks: ["10.0.0.0/8"] }
    categories: { gambling: block }
fallback: pupils
"""


def widen_ports() -> None:
    """Connections of one work must not leave too few ports for the next. Only in a network of its own."""
    ipv4 = pathlib.Path("/proc/sys/net/ipv4")
    (ipv4 / "ip_local_port_range").write_text("10000 65000")
    (ipv4 / "tcp_tw_reuse").write_text("1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def priority() -> str:
    """What else the machine did, in words: figures of time mean little without it."""
    return f"nice {os.nice(0)}, {os.getloadavg()[0]:.0f} processes of others wanting the {os.cpu_count()} cores before it"


class Process:
    """A server in a folder of its own, up when every one of `ports` listens."""

    def __init__(self, name: str, folder: pathlib.Path, command: list[str], ports: list[int], **environment: str):
        self.name, self.folder, self.ports = name, folder, ports
        self.said = folder / "said.log"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=folder,
                                            env={**os.environ, **environment})
        deadline = time.monotonic() + 60
        while not all(map(listens, ports)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{self.said.read_text(errors='replace')[-3000:]}")
            time.sleep(0.05)

    def tasks(self):
        """The stat folders of every thread of the process and of its children."""
        waiting = [self.process.pid]
        while waiting:
            process = waiting.pop()
            for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                yield task
                waiting += map(int, (task / "children").read_text().split())

    def cpu(self) -> float:
        """Seconds of CPU so far, user and kernel, from the scheduler's nanosecond counter."""
        return sum(int((task / "schedstat").read_text().split()[0]) for task in self.tasks()) / 1e9

    def cpu_by_thread(self) -> dict[str, float]:
        times: dict[str, float] = {}
        for task in self.tasks():
            name = (task / "comm").read_text().strip()
            times[name] = times.get(name, 0) + int((task / "schedstat").read_text().split()[0]) / 1e9
        return times

    def resident(self) -> int:
        """Bytes of memory, as the kernel counts pages."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise SystemExit(f"{name} is not installed; ./dev bench installs it")
    return found


def start_web(folder: pathlib.Path) -> Process:
    folder.mkdir()
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, page="x" * 1024, user=user))
    return Process("nginx", folder, [program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")], [port])


def start_origin(folder: pathlib.Path, loadgen: pathlib.Path) -> Process:
    folder.mkdir()
    port = free_port()
    return Process("origin", folder, [str(loadgen), "origin", str(port)], [port])


class Haproxy(Process):
    connect = False  # it has no CONNECT: tunnels begin with the hello

    def __init__(self, folder: pathlib.Path, web: int, origin: int):
        folder.mkdir()
        http, tls = free_port(), free_port()
        (folder / "haproxy.cfg").write_text(HAPROXY.format(http=http, tls=tls, web=web, origin=origin, tunnel=TUNNEL, bets=BETS,
                                                        connections=(DESCRIPTORS - 100) // 2))
        super().__init__("haproxy", folder, [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], [http, tls])
        self.http, self.tunnel = http, tls


class Squid(Process):
    connect = True

    def __init__(self, folder: pathlib.Path, _web: int, origin: int, listed: int = 0):
        folder.mkdir()
        folder.chmod(0o777)  # it works as a user of its own
        self.http = self.tunnel = free_port()
        write_hosts(folder)
        (folder / "squid.conf").write_text(SQUID.format(http=self.http, origin=origin, folder=folder, bets=BETS,
                                                       descriptors=DESCRIPTORS))
        if listed:
            (folder / "names.txt").write_text("".join(f".casino-{number}.listed.example\n" for number in range(listed)))
            text = (folder / "squid.conf").read_text()
            rule = f'acl listed dstdomain "{folder}/names.txt"\nhttp_access deny listed\n'
            (folder / "squid.conf").write_text(rule + text)
        command = [program("squid"), "-N", "-n", f"bench{os.getpid()}", "-f", str(folder / "squid.conf")]
        super().__init__("squid", folder, command, [self.http])


class Schoolgate(Process):
    connect = True

    def __init__(self, folder: pathlib.Path, binary: pathlib.Path, *origins: int, listed: int = LISTED,
                 hosts: str = "", opens_tls_of: pathlib.Path | None = None, never: tuple[str, ...] = (), workers: int = 1, limits: str = ""):
        """`opens_tls_of`: the root certificate of web sites whose TLS is opened; without it none is. `never`: sites whose TLS is
        not. `limits`: more of them, each with a comma before it."""
        (folder / "rules").mkdir(parents=True)
        self.http = self.tunnel = free_port()
        write_hosts(folder, hosts)
        files = {
            "schoolgate.yaml": SCHOOLGATE.format(folder=folder, http=self.http, metrics=free_port(), ports=", ".join(map(str, origins)),
                                                inspection="always" if opens_tls_of else "off", never=", ".join(never),
                                                workers=workers, limits=limits),
            "policy.yaml": POLICY,
            "lists.yaml": "lists:\n  - { name: bench, category: gambling, format: domains, source: names.txt }\n",
            "names.txt": "".join(f"casino-{number}.listed.example\n" for number in range(listed)),
            "rules/school.yaml": "block:\n"
            + f"  - {{ site: {BETS}, category: gambling }}\n"
            + "".join(f"  - {{ site: s{number}.rules.example, category: games }}\n" for number in range(RULES))
            + "".join(f"  - {{ pattern: 'word{number}[-_]?spins?', category: gambling }}\n" for number in range(RULES // 10)),
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        environment = {"SSL_CERT_FILE": str(opens_tls_of)} if opens_tls_of else {}
        if opens_tls_of:
            subprocess.run([binary, "ca", "create", "--config", folder], check=True, stdout=subprocess.DEVNULL)
        super().__init__("schoolgate", folder, [str(binary), "run", "--config", str(folder)], [self.http], **environment)


def write_hosts(folder: pathlib.Path, more: str = "") -> None:
    (folder / "hosts").write_text(f"127.0.0.1 {PAGE} {TUNNEL} {BETS}\n{more}")
