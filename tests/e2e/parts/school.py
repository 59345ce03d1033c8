"""A school in a temporary folder: its configuration, its gateway as a process, and what the gateway wrote."""

import collections
import contextlib
import json
import os
import pathlib
import pwd
import signal
import sqlite3
import subprocess
import textwrap
import time
import urllib.request

from parts.ports import free_port
from parts.waiting import listens, wait_for

BINARY = os.environ.get("SCHOOLGATE_BINARY", "build/release/schoolgate")

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/24"] }
    categories: { gambling: block, pornography: block, games: warn, social-media: monitor }
  staff:
    title: Staff
    members: { networks: ["127.0.1.0/24"] }
    categories: { pornography: block }
  early:
    title: Early years
    members: { networks: ["127.0.2.0/24"] }
    unlisted: block
  searchers:
    title: Pupils with SafeSearch
    members: { networks: ["127.0.3.0/24"] }
    safe_search: true
fallback: early
"""

RULES = """
block:
  - { site: blocked.example, category: gambling, why: "betting" }
  - { url: "forum.example/casino/", category: gambling }
  - { pattern: '(?i)free[-_]?spins', category: gambling }
allow:
  - { site: reading.example, groups: [early], why: "phonics" }
emergency: []
tests:
  - { url: "http://blocked.example/", group: pupils, expect: block, category: gambling }
  - { url: "http://allowed.example/", group: pupils, expect: allow }
"""

# What the lists say, the groups decide about; what the school's own rules say holds for every group.
LISTS = """
lists:
  - { name: bets, category: gambling, format: domains, source: lists/bets.txt }
  - { name: adult, category: pornography, format: hosts, source: lists/adult.txt }
  - { name: games, category: games, format: domains, source: lists/games.txt }
  - { name: social, category: social-media, format: domains, source: lists/social.txt }
"""

# The address to bind to, to be in a group.
PUPIL, STAFF, EARLY, SEARCHER = "127.0.0.1", "127.0.1.1", "127.0.2.1", "127.0.3.1"

NAMES = (
    "allowed.example other.example bets.example blocked.example www.blocked.example adult.example games.example social.example "
    "forum.example reading.example front.example sealed.example dead.example"
)


def user_group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


class School:
    """Files first (change `files`, call start()), then the running gateway. Every port is free and on loopback."""

    def __init__(self, folder: pathlib.Path, *, web_ports=(), dns_port=None, limits="", extra="", upstream="", environment=None):
        self.folder = folder
        self.config = folder / "config"
        self.state = folder / "state"
        self.decisions_file = folder / "decisions.jsonl"
        self.proxy = free_port()
        self.metrics = free_port()
        self.process = None
        self.log = folder / "gateway.log"
        self.environment = environment or {}
        resolver = f'resolver: ["127.0.0.1:{dns_port}"]' if dns_port else ""
        self.files = {
            "schoolgate.yaml": f"""
site: {{ name: Test School, timezone: Europe/London, gateway: gate-1 }}
state: {self.state}
listen:
  proxy: ["127.0.0.1:{self.proxy}"]
  metrics: "127.0.0.1:{self.metrics}"
upstream:
  connect_ports: [443{"".join(f", {port}" for port in web_ports)}]
  allow_private: ["127.0.0.0/8"]
  hosts: hosts
  {resolver}
  {upstream}
inspection: {{ mode: "off" }}
decisions: {self.decisions_file}
{f"limits: {{ {limits} }}" if limits else ""}
{textwrap.dedent(extra)}
""",
            "policy.yaml": POLICY,
            "rules/school.yaml": RULES,
            "lists.yaml": LISTS,
            "lists/bets.txt": "bets.example\nmore-bets.example\n",
            "lists/adult.txt": "0.0.0.0 adult.example\n0.0.0.0 more.adult.example\n",
            "lists/games.txt": "games.example\nmore-games.example\n",
            "lists/social.txt": "social.example\nmore-social.example\n",
            "hosts": f"127.0.0.1 {NAMES}\n10.9.8.7 inside.example\n169.254.169.254 metadata.example\n",
        }

    # --- files

    def write(self, **changed) -> None:
        """Writes every file of `files` into the configuration folder."""
        self.files.update(changed)
        for name, text in self.files.items():
            path = self.config / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        assert old in self.files[name], f"{name} does not hold {old!r}"
        self.files[name] = self.files[name].replace(old, new)
        self.write()

    # --- the gateway

    def start(self, *, namespace: str | None = None, user: str | None = None, ready=None) -> "School":
        self.write()
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        if user:
            inside += ["setpriv", f"--reuid={user}", f"--regid={user_group(user)}", "--clear-groups"]
        # Of the gateway alone: a preloaded library may do something in the programs before it.
        inside += ["env", *(f"{name}={value}" for name, value in self.environment.items())]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*inside, BINARY, "run", "--config", str(self.config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        # The metrics page is the control plane's: once it is there, signals are heeded too.
        ports = [self.proxy, *([self.metrics] if "metrics:" in self.files["schoolgate.yaml"] else [])]
        ready = ready or (lambda: all(listens(port) for port in ports))

        def running():
            assert self.process.poll() is None, f"the gateway ended with {self.process.returncode}:\n{self.words()}"
            return ready()

        wait_for(running, f"the gateway to listen; it said:\n{self.words()}")
        return self

    def stop(self) -> None:
        """SIGTERM: it drains, exits 0 and has said nothing of a sanitizer or an assertion."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"SIGTERM did not stop the gateway; it said:\n{self.words()}") from None
        assert code == 0, f"the gateway ended with {code}:\n{self.words()}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = None

    def words(self) -> str:
        return self.log.read_text(errors="replace")[-8000:] if self.log.exists() else ""

    def command(self, verb: str, *arguments: str, check: int | None = 0, **options) -> subprocess.CompletedProcess:
        """`schoolgate VERB... --config CONFIG ARGUMENTS`; `check` is the exit status that must come, None for any."""
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        done = subprocess.run(
            [BINARY, *verb.split(), *arguments, "--config", str(self.config)],
            capture_output=True, text=True, timeout=60, **options,
        )
        if check is not None:
            assert done.returncode == check, f"{verb}: exit {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.words()}"
        return done

    # --- what it wrote

    def breaches(self) -> list[dict]:
        return [json.loads(line) for line in self.command("breaches export").stdout.splitlines()]

    def open_sums(self) -> list[dict]:
        """The sums of minutes that are not over, as the records that they become; without a number."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/breaches.db?mode=ro", uri=True, timeout=10)) as log:
            rows = log.execute("SELECT record FROM open_sums ORDER BY time, id").fetchall()
        return [json.loads(record + "}") | {"seq": None} for (record,) in rows]

    def attempts(self, *, by_time: bool = True) -> list[dict]:
        """Every attempt that the breach log tells of, each as a record; what a sum counts has its host, address and moment from the decision
        log, by the number on the attempt's page."""
        deadline = time.monotonic() + 5
        while True:
            lines = collections.defaultdict(list)
            for line in self.decisions():
                lines[line.get("reference")].append(line)
            found, missing = [], False
            for record in self.breaches() + self.open_sums():
                number = record.get("attempts", 1)
                if number == 1:  # told as it was
                    found.append(record)
                    continue
                told = lines[record["reference"]]
                missing = missing or (len(told) < number and record["action"] != "monitor")  # no page, and so no number
                for place in range(number):
                    one = record | {"id": f"{record['id']}/{place}"}
                    if place < len(told):
                        one |= {"site": told[place]["host"], "url": told[place]["url"] or one["url"], "time": told[place]["time"]}
                    found.append(one)
            if not missing or time.monotonic() > deadline:
                return sorted(found, key=lambda one: one["time"]) if by_time else found
            time.sleep(0.1)  # a worker hands its lines over once a tick

    def decisions(self) -> list[dict]:
        if not self.decisions_file.exists():
            return []
        lines = self.decisions_file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def metric(self, name: str, **labels) -> float:
        """The sample of the metrics page with these labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10) as page:
            text = page.read().decode()
        wanted = "schoolgate_" + name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
        return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.rsplit(" ", 1)[0] == wanted)

    def wait_for_decision(self, **fields) -> dict:
        def look():
            return next((line for line in self.decisions() if all(line.get(key) == value for key, value in fields.items())), None)

        return wait_for(look, f"a decision with {fields}")
