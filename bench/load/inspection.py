"""Looking inside TLS: CPU of Schoolgate beside squid's ssl-bump for a connection, a megabyte and a request, and memory.

Short rounds, interleaved and shuffled; a figure is the median of its rounds. nginx is the web site, with a certificate
below an intermediate; the client shakes hands in full every time. Part of ./dev bench; alone:
bench/load/inspection.py [--rounds N] [--dry].
"""

import argparse
import collections
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import proxies  # noqa: E402

SITE = "inspect.bench.example"
PAIRS = "n{}.pair.bench.example"  # names of idle connections
NAMES = 5  # so that the idle connections to a web site fit into what the gateway keeps for one name (256)
CONNECTIONS = 32
H2_CONNECTIONS, H2_STREAMS = 4, 10
LARGE = 1_000_000
MOST_MEMORY = 48 * 1024  # bytes for an idle pair

# What is done, which of the origin's ports answers it, and the goal: a share of squid's CPU for another work, or microseconds.
WORKS = {
    "both handshakes in full, GET 1 KB": dict(origin="full", load="new", share=("both handshakes in full, GET 1 KB", 0.45)),
    "web site resumed, GET 1 KB": dict(origin="tickets", load="new", share=("both handshakes in full, GET 1 KB", 0.27)),
    "web site from the pool, GET 1 KB": dict(origin="keep", load="new", share=("both handshakes in full, GET 1 KB", 0.18)),
    "web site from the pool, GET 1 MB": dict(origin="keep", load="new", large=True, share=("web site from the pool, GET 1 MB", 0.3)),
    "keep-alive GET 1 KB": dict(origin="keep", load="keep", most=40),
    f"HTTP/2, {H2_STREAMS} streams, GET 1 KB": dict(origin="h2", load="h2", most=20),
}

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log stderr error; worker_processes 1;
{user}
events {{ worker_connections 8192; }}
http {{
  default_type text/plain; keepalive_requests 1000000000; keepalive_timeout 1h; tcp_nodelay on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/leaf.key;
  log_format how '$http_user_agent $ssl_session_reused $connection_requests $server_protocol';
  access_log {folder}/access.log how buffer=64k;
  server {{
    listen 127.0.0.1:{full} ssl backlog=4096; keepalive_timeout 0;
    ssl_session_tickets off; ssl_session_cache off; ssl_conf_command NumTickets 0;
    location / {{ return 200 "{page}"; }}
  }}
  server {{
    listen 127.0.0.1:{tickets} ssl backlog=4096; keepalive_timeout 0;
    location / {{ return 200 "{page}"; }}
  }}
  server {{
    listen 127.0.0.1:{keep} ssl backlog=4096;
    location / {{ return 200 "{page}"; }}
    location = /large {{ root {folder}; }}
  }}
  server {{
    listen 127.0.0.1:{h2} ssl http2 backlog=4096;
    location / {{ return 200 "{page}"; }}
  }}
}}
"""

SQUID = """
http_port 127.0.0.1:{http} ssl-bump tls-cert={folder}/ca.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program {certgen} -s {folder}/certificates -M 4MB
sslcrtd_children 1 startup=1
acl ports port {ports}
acl CONNECT method CONNECT
http_access deny CONNECT !ports
http_access allow all
{bump}
tls_outgoing_options cafile={root}
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


# As squid does least, the client first; and as Schoolgate does, the web site first, so that a bad one never gets a leaf.
BUMPS = {
    "squid": "ssl_bump bump all",
    "squid-peek": "acl first at_step SslBump1\nssl_bump peek first\nssl_bump bump all",
}
PROXIES = ["schoolgate", *BUMPS]

# --- the web site and the proxies ----------------------------------------------------------------------------------------


def make_certificates(folder: pathlib.Path, chain: str) -> None:
    """root.pem and chain.pem. chain: a P-256 leaf and the RSA 2048 intermediate that signed it, below an RSA 4096 root, as
    much of the web has it; self: a P-256 leaf that is its own root."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    names = f"DNS:{SITE},DNS:{PAIRS.format('x').replace('nx', '*', 1)}"
    (folder / "authority.cnf").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    (folder / "leaf.cnf").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    if chain == "self":
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out", "root.pem", "-days", "30",
                "-subj", "/CN=Bench Leaf", "-addext", f"subjectAltName={names}")
        (folder / "chain.pem").write_text((folder / "root.pem").read_text())
        return
    openssl("req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "30", "-subj", "/CN=Bench Root")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "middle.key", "-out", "middle.csr", "-subj", "/CN=Bench Intermediate")
    openssl("x509", "-req", "-in", "middle.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "30", "-extfile", "authority.cnf", "-out", "middle.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Bench Leaf")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "middle.pem", "-CAkey", "middle.key", "-days", "30", "-extfile", "leaf.cnf", "-out", "leaf.pem")
    (folder / "chain.pem").write_text((folder / "leaf.pem").read_text() + (folder / "middle.pem").read_text())


class WebSite(proxies.Process):
    """nginx, TLS 1.2 and 1.3: a port that neither keeps connections nor gives tickets, one that gives tickets, one that
    keeps connections, and one that speaks HTTP/2."""

    def __init__(self, folder: pathlib.Path, chain: str = "chain"):
        folder.mkdir()
        make_certificates(folder, chain)
        (folder / "large").write_bytes(os.urandom(LARGE))
        self.root = folder / "root.pem"
        self.port = {name: proxies.free_port() for name in ("full", "tickets", "keep", "h2")}
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, page="x" * 1024, user=user, **self.port))
        command = [proxies.program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")]
        super().__init__("nginx", folder, command, list(self.port.values()))

    def how_reached(self) -> dict[str, collections.Counter]:
        """For each client that named itself: how its requests came. After stop()."""
        found: dict[str, collections.Counter] = {}
        for line in (self.folder / "access.log").read_text().splitlines():
            agent, resumed, number, protocol = line.split(" ")
            how = "kept" if int(number) > 1 else "resumed" if resumed == "r" else "full"
            found.setdefault(agent, collections.Counter()).update([how, protocol])
        return found


def hosts(names: int) -> str:
    return f"127.0.0.1 {SITE}\n" + "".join(f"127.0.0.1 {PAIRS.format(number)}\n" for number in range(names))


class Squid(proxies.Process):
    """Bumps every connection; its leaves are made once by a helper, then kept in memory."""

    def __init__(self, name: str, folder: pathlib.Path, site: WebSite, names: int):
        folder.mkdir()
        folder.chmod(0o777)  # it works as a user of its own
        self.http = proxies.free_port()
        proxies.write_hosts(folder, hosts(names))
        certgen = "/usr/lib/squid/security_file_certgen"
        if not pathlib.Path(certgen).exists():
            raise SystemExit("squid here cannot open TLS: the package is squid-openssl; ./dev bench installs it")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                        "-days", "30", "-subj", "/CN=Bench Squid"], cwd=folder, check=True, capture_output=True)
        (folder / "ca.pem").write_text((folder / "ca.crt").read_text() + (folder / "ca.key").read_text())
        subprocess.run([certgen, "-c", "-s", folder / "certificates", "-M", "4MB"], check=True, capture_output=True)
        subprocess.run(["chmod", "-R", "a+rwX", folder / "certificates"], check=True)
        (folder / "squid.conf").write_text(SQUID.format(folder=folder, http=self.http, root=site.root, certgen=certgen, bump=BUMPS[name],
                                                       ports=" ".join(map(str, site.port.values())), descriptors=proxies.DESCRIPTORS))
        command = [proxies.program("squid"), "-N", "-n", f"bench{os.getpid()}{name.replace('-', '')}{folder.name[-1]}", "-f", str(folder / "squid.conf")]
        super().__init__(name, folder, command, [self.http])


def make_proxy(name: str, folder: pathlib.Path, binary: pathlib.Path, site: WebSite, names: int = NAMES):
    if name in BUMPS:
        return Squid(name, folder, site, names)
    return proxies.Schoolgate(folder, binary, *site.port.values(), hosts=hosts(names), opens_tls_of=site.root)


# --- the measuring -------------------------------------------------------------------------------------------------------


def agent_of(proxy, work: str) -> str:
    return f"{proxy.name}/{list(WORKS).index(work)}"


def drive(loadgen: pathlib.Path, work: str, proxy, site: WebSite, options) -> int:
    """Does the work once; how many units were done."""
    facts = WORKS[work]
    command = [loadgen, facts["load"], "--proxy", str(proxy.http), "--to", f"{SITE}:{site.port[facts['origin']]}", "--agent", agent_of(proxy, work)]
    match facts["load"]:
        case "new" if facts.get("large"):
            command += ["--path", "/large", "--connections", "8", "--count", str(options.large)]
        case "new":
            command += ["--connections", str(CONNECTIONS), "--count", str(options.connections)]
        case "keep":
            command += ["--connections", str(CONNECTIONS), "--seconds", str(options.seconds)]
        case "h2":
            command[1] = "keep"
            command += ["--http2", "--connections", str(H2_CONNECTIONS), "--streams", str(H2_STREAMS), "--seconds", str(options.seconds)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"{work} through {proxy.name}: {done.stderr}{done.stdout}\n{proxy.said.read_text(errors='replace')[-2000:]}")
    time.sleep(0.05)  # what closing costs belongs to the work
    return json.loads(done.stdout)["done"]


def runs_through(name: str, work: str) -> bool:
    return name not in BUMPS or WORKS[work]["load"] != "h2"  # squid speaks no HTTP/2


def idle_memory(loadgen: pathlib.Path, proxy, port: int, pairs: int, names: int, *how: str) -> float:
    """Bytes of resident memory for each idle pair: a client's connection and one to the web site, both used once."""
    name = PAIRS.format("%")
    warm = [loadgen, "new", "--proxy", str(proxy.http), "--to", f"{PAIRS.format(0)}:{port}", "--connections", "8", "--count", "64", *how]
    subprocess.run(warm, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    before = proxy.resident()
    command = [loadgen, "idle", "--proxy", str(proxy.http), "--to", f"{name}:{port}", "--names", str(names), "--connections", str(pairs), *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        opened = json.loads(holder.stdout.readline())
        after = proxy.resident()
        holder.stdin.close()
    if opened["errors"] or opened["done"] != pairs:
        raise SystemExit(f"idle pairs through {proxy.name}: {opened}")
    return (after - before) / pairs


def measure(binary: pathlib.Path, loadgen: pathlib.Path, options) -> tuple[dict, dict, dict]:
    figures: dict[tuple[str, str], list[float]] = {}
    memory: dict[tuple[str, str], float] = {}
    works = [work for work in WORKS if not options.works or list(WORKS).index(work) in options.works]
    with tempfile.TemporaryDirectory(prefix="schoolgate-inspect-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        site = WebSite(folder / "site", options.chain)
        started = [make_proxy(name, folder / name, binary, site) for name in options.proxies]
        try:
            for number in range(options.rounds + 1):  # the first one warms up and is not counted
                steps = [(proxy, work) for proxy in started for work in works if runs_through(proxy.name, work)]
                random.shuffle(steps)
                for proxy, work in steps:
                    before = proxy.cpu()
                    done = drive(loadgen, work, proxy, site, options)
                    used = (proxy.cpu() - before) / done * 1e6
                    if number == 0:
                        continue
                    figures.setdefault((work, proxy.name), []).append(used)
                    print(f"round {number}: {work:36} {proxy.name:10} {used:9.1f} us", flush=True)
            for proxy in started:
                proxy.stop()
            # Each in a process that has held nothing before: what an earlier load left free would hide what these take.
            for label, proxy_name, port, names, how in idle_works(options.pairs) if options.pairs else []:
                if proxy_name not in options.proxies:
                    continue
                proxy = make_proxy(proxy_name, folder / f"idle{len(memory)}", binary, site, names)
                memory[label, proxy_name] = idle_memory(loadgen, proxy, site.port[port], options.pairs, names, *how)
                print(f"{label}: {proxy_name:10} {memory[label, proxy_name]:.0f} bytes", flush=True)
                proxy.stop()
        finally:
            for process in [*started, site]:
                process.stop()
        return figures, memory, site.how_reached()


def idle_works(pairs: int):
    """Label, proxy, port of the web site, names, options of the load."""
    return [
        (f"{pairs:,} idle pairs, HTTP/1.1, each", "schoolgate", "keep", NAMES, []),
        *[(f"{pairs:,} idle pairs, HTTP/1.1, each", squid, "keep", NAMES, []) for squid in BUMPS],
        (f"{pairs:,} idle pairs, HTTP/2, a name and a leaf for each", "schoolgate", "h2", pairs, ["--http2"]),
        (f"{pairs:,} idle clients of {NAMES} names, HTTP/2, each", "schoolgate", "h2", NAMES, ["--http2"]),
    ]


# --- telling -------------------------------------------------------------------------------------------------------------


def share_of(found: dict, proxy: str, work: str, how: str) -> float:
    counted = found.get(f"{proxy}/{list(WORKS).index(work)}", {})
    total = sum(counted.get(kind, 0) for kind in ("full", "resumed", "kept"))
    return counted.get(how, 0) / total if total else 0


def how_line(found: dict, figures: dict) -> str:
    """What really happened at the web site, from its log."""
    told = []
    for work, how in zip(WORKS, ("full", "resumed", "kept", "kept"), strict=False):
        if (work, "schoolgate") not in figures:
            continue
        shares = ", ".join(f"{proxy} {share_of(found, proxy, work, how):.1%}" for proxy in PROXIES if (work, proxy) in figures)
        told.append(f"{work}: {shares} {how}")
    return "How the web site says that requests came to it: " + "; ".join(told) + "."


def cell(values: list[float] | None) -> str:
    return f"{statistics.median(values):,.1f} ({min(values):,.1f}-{max(values):,.1f})" if values else "-"


def table(figures: dict, memory: dict) -> list[str]:
    lines = ["| looking inside TLS | unit | Schoolgate | squid, `bump` | share of it | goal | reached | squid, `peek` then `bump` |", "|---|---|---|---|---|---|---|---|"]
    medians = {key: statistics.median(values) for key, values in figures.items()}
    for work, facts in WORKS.items():
        own = medians.get((work, "schoolgate"))
        if own is None:
            continue
        share, goal, reached = "-", "", "-"
        if "most" in facts:
            goal, reached = f"at most {facts['most']} us", "yes" if own <= facts["most"] else "no"
        else:
            of, factor = facts["share"]
            goal = f"at most {factor:g} of squid's" + ("" if of == work else " for both in full")
            if (of, "squid") in medians:
                part = own / medians[of, "squid"]
                share, reached = f"{part:.2f}", "yes" if part <= factor else "no"
        cells = [cell(figures.get((work, proxy))) for proxy in PROXIES]
        lines.append(f"| {work} | us | {cells[0]} | {cells[1]} | {share} | {goal} | {reached} | {cells[2]} |")
    for label in dict.fromkeys(label for label, _ in memory):
        own = memory.get((label, "schoolgate"))
        cells = [f"{memory[label, proxy]:,.0f}" if (label, proxy) in memory else "-" for proxy in PROXIES]
        reached = "-" if own is None else "yes" if own <= MOST_MEMORY else "no"
        lines.append(f"| {label} | bytes | {cells[0]} | {cells[1]} | - | at most {MOST_MEMORY:,} | {reached} | {cells[2]} |")
    return lines


METHOD = f"""
CPU is the proxy's own (user and kernel, every thread, the key holder, squid's helpers; nanosecond counters of `/proc`) divided by the
units done; cells are the median of the rounds (lowest-highest). nginx is the web site, TLS 1.3, a P-256 leaf below an RSA-2048
intermediate below an RSA-4096 root; {CONNECTIONS} connections at once, {H2_CONNECTIONS} with HTTP/2, and the client shakes hands in full for each of them, over
TLS 1.3. Leaves are cached on both. Schoolgate opens everything (`mode: always`) with the policy of the first table and writes
decisions.jsonl; squid has no policy and no cache and writes its access log. `ssl_bump bump all` answers the client before the web site is
looked at; `peek` first reaches and verifies the web site first, as Schoolgate does. The goals are about the former. The web site that does not resume gives
no tickets and closes after each answer; the one that resumes closes and gives tickets. squid is measured at the same ports,
whether or not it resumes or keeps connections. An idle pair is a client's connection and one to the web site, both used once, without
what the kernel holds for them; squid's `bump` dials only for a request and so its idle clients share a few connections to the web site,
as Schoolgate's HTTP/2 clients of one name share one.
""".strip().splitlines()


def section(binary: pathlib.Path, loadgen: pathlib.Path, options=None) -> list[str]:
    options = options or arguments().parse_args([])
    figures, memory, found = measure(binary, loadgen, options)
    return table(figures, memory) + ["", how_line(found, figures), "", *METHOD]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2, help="of the works on kept connections in a round")
    parser.add_argument("--connections", type=int, default=600, help="connections in a round")
    parser.add_argument("--large", type=int, default=200, help="megabytes in a round")
    parser.add_argument("--pairs", type=int, default=1000, help="idle pairs")
    parser.add_argument("--proxies", nargs="+", default=PROXIES)
    parser.add_argument("--chain", choices=["chain", "self"], default="chain", help="the web site's certificate: see make_certificates()")
    parser.add_argument("--works", type=int, nargs="*", help="only these, from 0; for a closer look, with --dry")
    parser.add_argument("--dry", action="store_true", help="print only: leave docs/benchmarks.md as it is")
    return parser


def main() -> None:
    from run import BINARY, LOADGEN, OWN_MACHINE, machine, write_section

    options = arguments().parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    proxies.widen_ports()
    resource.setrlimit(resource.RLIMIT_NOFILE, (proxies.DESCRIPTORS, proxies.DESCRIPTORS))
    lines = ["## Looking inside TLS", "", *machine(), f"- Command: `bench/load/inspection.py{''.join(' ' + word for word in sys.argv[1:])}`", ""]
    lines += section(BINARY, LOADGEN.with_name("tls_loadgen"), options)
    print("\n" + "\n".join(lines))
    if not options.dry:
        write_section("inspection", lines)


if __name__ == "__main__":
    main()
