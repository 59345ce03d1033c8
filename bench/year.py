"""A simulated year: thirteen months of a school in minutes, on a real gateway, held against what docs/ promises about time.

The gateway, its key holder and every command run under parts/moved_clock.c: days are let go by for the wall clock and for the time
since the machine's start alike, as for a machine that slept; faults move the wall clock alone. The year has a school's calendar, two
clock changes (Europe/London), three clock faults (an hour's step back, a start in 2020, a start in 2040), accounts that come, end and
are switched off, a mail server that is dead for a week, a publisher of lists that is silent for three weeks, a
gateway that is off over a clock change, and certificates and an authority that come to their end. Pupils break rules on school days.

PROMISES below is the table: each row has its document and its sentence, which must still stand there. A row is passed when it was
looked at and held every time; one that was never looked at has failed. ELSEWHERE lists what this script cannot look at.

Why this file is long: the table of promises, the calendar and one short event for each; they are read side by side.

    tests/e2e/on_its_own_machine /usr/bin/python3 bench/year.py --build build/release [--rate 15] [--keep]
        [--begins 2027-03-16 --until 2027-03-31 --some]
"""

import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/e2e"))

LONDON, UTC = zoneinfo.ZoneInfo("Europe/London"), datetime.timezone.utc
DAY, HOUR, MINUTE = datetime.timedelta(days=1), datetime.timedelta(hours=1), datetime.timedelta(minutes=1)

# id: (document, sentence)
PROMISES = {
    "decisions go": ("administration.md", "The gateway begins a new file each day and removes those older than `retention.decisions`"),
    "breaches go": ("breach-log.md", "Whole UTC days that are older are removed, only from the beginning of the chain"),
    "breaches stay": ("casework.md", "| breach records, encrypted sealed addresses | `retention: breaches` | breach log, whole days |"),
    "audit goes": ("configuration.md", "| `retention.audit` | `7y` | how long changes of the configuration are kept (1 day to 100 years) |"),
    "people go": ("casework.md", "| registers, after people left | `retention: people` | desk |"),
    "not by a wrong clock": ("administration.md", "**not believed**: nothing is removed after its time, no alert is given up"),
    "wrong clock is told": ("administration.md", "`it` gets a mail and `schoolgate_clock_believed` is 0."),
    "clock comes back": ("contract.md", "1 while the machine's clock is believed, else 0"),
    "ends are told": ("administration.md", "are announced to `it` 60, 30, 7 and 1 days before they end"),
    "near ends shown": ("administration.md", "`schoolgate status` has a line for each within 60 days"),
    "renewal is told": ("inspection.md", "The day of the switch is announced to `it` 60, 30, 7 and 1 days before"),
    "old signs, then new": ("inspection.md", "The old authority signs until that day, the new one from then on"),
    "devices with one": ("inspection.md", "A device that trusts both sees no difference at any time"),
    "old key goes": ("inspection.md", "The key of the former authority is overwritten and removed when its certificate ends"),
    "leaves are short": ("inspection.md", "requested name alone and lives for at most 199 days"),
    "digest each day": ("alerts.md", "The digest lists the episodes since the last one, by urgency, theme and group."),
    "no empty digest": ("alerts.md", "A day without episodes has no digest."),
    "missed digest": ("alerts.md", "A digest that was missed because the gateway was off is sent afterwards."),
    "alert at once": ("alerts.md", "An episode that reaches the route's urgency causes one alert for each recipient."),
    "it once an hour": ("alerts.md", "are mailed to the recipient `it`, each kind at most once an hour."),
    "escalation": ("alerts.md", "after so many minutes of **school hours** the people of that step get the alert"),
    "canary weekly": ("alerts.md", "`canary:` names a day, a time and recipients."),
    "canary missed": ("alerts.md", "A test that was missed because the gateway was off is sent afterwards."),
    "canary silence": ("alerts.md", "If it stays closed, `it` is told, because silence is a fault."),
    "mail waits": ("alerts.md", "each pause a fifth longer or shorter by chance, for a week of tries"),
    "lists refresh": ("configuration.md", "| `refresh` | `24h`, or as the catalogue says | how often a URL is asked for news"),
    "stale is told": ("configuration.md", "`it` gets an alert, at most one an hour, while the list is older"),
    "stale blocks": ("administration.md", "It goes on blocking its entries."),
    "schedules": ("rules.md", "A schedule opens when the clock first shows `from` and closes when it last shows `to`"),
    "until": ("rules.md", "`until` is the last day on which the rule applies, by the site's clock; afterwards it stops by itself"),
    "allowance": ("rules.md", "when it is used up, the answer is block until midnight"),
    "allowance restart": ("rules.md", "A restart of the gateway gives no minutes back"),
    "measure steady": ("rules.md", "| supervised session | its sites are open for its groups"),
    "idle steady": ("identity.md", "setting the machine's time back or ahead makes nobody idle"),
    "idle ends": ("identity.md", "A session ends after `sessions.idle` without traffic, and at `sessions.end_of_day`."),
    "session restart": ("identity.md", "Sessions survive a restart of the gateway."),
    "terms renew": ("identity.md", "and again when their version changes and after `sign_in.renew`"),
    "account until": ("identity.md", "and when the account is closed."),
    "rows closed": ("identity.md", "Its rows are closed, never removed before their time."),
    "desk sessions": ("identity.md", "Sessions end after 30 minutes without a page, after 12 hours, and at once when the account is switched off"),
    "setup link": ("identity.md", "good once and for 24 hours"),
    "self-test": ("administration.md", "The gateway also tries itself twice a day."),
    "self-tests kept": ("administration.md", "The result is stored in `STATE/selftest/` (the newest hundred)"),
    "starts again": ("operations.md", "| clock at 2020 or 2040 | served | served | served | served |"),
    "chain whole": ("security.md", "A clock that jumps a day or past 2038 keeps the order of records, deadlines and schedules"),
}

# What is promised about time and cannot be looked at here, with the test that does.
ELSEWHERE = {
    "leavers, between three and four at night, by day where a night was missed (identity.md)": "tests/identity/leavers_test.cc, identity_service_test.cc: needs a directory",
    "directory.fresh, directory.stale (configuration.md)": "tests/identity/directory_cache_test.cc, bench/load/directory_down.py",
    "RADIUS and logon calls within five minutes, replays over a restart (identity.md)": "tests/identity/radius_listener_test.cc, logon_call_test.cc",
    "incidents, reported pages, checks, journal go by their retention; legal hold (casework.md)": "tests/casework/privacy_test.cc",
    "releases of sealed addresses within a day (casework.md)": "tests/casework/sealed_release_test.cc",
    "answers of name servers between 5 s and 1 h (administration.md)": "tests/proxy/net/resolver_test.cc",
    "passes after a warning for an hour (architecture.md)": "tests/proxy/flow/warning_passes_test.cc",
    "TLS tickets for an hour, own pages for a day (inspection.md)": "tests/proxy/tls/ticket_store_test.cc, leaf_template_test.cc",
    "delays after wrong passwords (identity.md)": "tests/identity/credentials_backoff_test.cc, tests/portal",
    "visitors for 12 hours at most, exams for 12 hours (identity.md, rules.md)": "tests/portal, tests/casework/measures_test.cc",
    "webhooks' timestamps (alerts.md)": "tests/e2e/test_alerts.py",
    "alerts are given up after a week of tries (alerts.md)": "tests/casework/alerts: hourly tries, where days go by here between two",
    "an alarm of the collector after five minutes (operations.md)": "tests/casework/forwarding",
}

HOLIDAYS = [("2026-12-19", "2027-01-03"), ("2027-02-13", "2027-02-21"), ("2027-03-26", "2027-04-11"), ("2027-05-29", "2027-06-06"),
            ("2027-07-22", "2027-08-31"), ("2027-10-23", "2027-10-31"), ("2027-12-18", "2028-01-03")]
HOLIDAYS = [(datetime.date.fromisoformat(a), datetime.date.fromisoformat(b)) for a, b in HOLIDAYS]

HOST, PASSWORD, DESK_PASSWORD = "signin.example", "purple-otter-42", "winter kettle orbit"
CHILD, LEAVER, PUPIL, TEEN = "127.0.4.7", "127.0.4.8", "127.0.0.1", "127.0.0.9"

POLICY = """
groups:
  year5:
    title: Year 5
    members: { groups: [year5] }
    categories: { gambling: block, games: block }
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/24"] }
    categories: { gambling: block, self-harm: block, suicide: block, games: block, chat: allow }
    allowances: { chat: 2m }
    schedules:
      - { when: { days: [mon, tue, wed, thu, fri], from: "12:00", to: "13:00" }, categories: { games: allow } }
  nobody:
    title: Nobody known
    members: { networks: ["127.0.0.0/8"] }
    categories: { gambling: block, games: block }
    unlisted: allow
  early:
    title: Early years
    members: { networks: ["127.0.2.0/24"] }
    unlisted: block
fallback: nobody
"""

RULES = """
block:
  - { site: fortnight.example, category: gambling, why: "a craze of this term", until: 2027-02-12 }
  - { url: "forum.example/casino/", category: gambling }
lists:
  phonics: [letters.example]
"""

LISTS = """
lists:
  - {{ name: bets, category: gambling, format: domains, source: "{url}", refresh: 5d, stale_after: 14d, licence_until: 2027-04-30 }}
  - {{ name: games, category: games, format: domains, source: lists/games.txt }}
  - {{ name: harm, category: self-harm, format: domains, source: lists/harm.txt }}
  - {{ name: end, category: suicide, format: domains, source: lists/end.txt }}
  - {{ name: chats, category: chat, format: domains, source: lists/chats.txt }}
"""

ALERTS = """
recipients:
  dsl: {{ email: dsl@school.example }}
  deputy: {{ email: deputy@school.example }}
  it: {{ email: it@school.example }}
mail: {{ server: "smtp://127.0.0.1:{port}", from: schoolgate@school.example }}
console: "{console}"
routes:
  - {{ urgency: 4, send: now, to: [dsl] }}
  - {{ urgency: 1, send: daily, at: "16:00", to: [dsl] }}
escalation: [ {{ after: 30m, to: [deputy] }} ]
school_hours: {{ days: [mon, tue, wed, thu, fri], from: "08:00", to: "17:00" }}
canary: {{ day: mon, at: "08:30", to: [dsl] }}
"""

NAMES = ("allowed.example bets.example games.example harm.example end.example chats.example fortnight.example forum.example letters.example "
         + " ".join(f"craze-{week}.example" for week in range(60)))


def at(day: datetime.date | str, clock: str) -> datetime.datetime:
    day = datetime.date.fromisoformat(day) if isinstance(day, str) else day
    return datetime.datetime.combine(day, datetime.time.fromisoformat(clock), LONDON).astimezone(UTC)


def is_school_day(day: datetime.date) -> bool:
    return day.weekday() < 5 and not any(first <= day <= last for first, last in HOLIDAYS)


class Ledger:
    """What was looked at, and how it came out."""

    def __init__(self):
        self.held: dict[str, int] = {}
        self.broken: dict[str, list[str]] = {}

    def look(self, promise: str, holds, detail: str) -> None:
        assert promise in PROMISES, promise
        if holds:
            self.held[promise] = self.held.get(promise, 0) + 1
        else:
            self.broken.setdefault(promise, []).append(detail)
            print(f"  BROKEN {promise}: {detail}", flush=True)


class Mail:
    """A mail server that can die; every message with the moment at which it came."""

    def __init__(self, clock):
        from parts.ports import free_port
        self.clock, self.port, self.messages, self.controller = clock, free_port(), [], None
        self.wrong_by = datetime.timedelta(0)  # how far the school's clock is ahead of the world's
        self.revive()

    async def handle_DATA(self, _server, _session, envelope):
        import email
        import email.policy
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append({"at": self.clock.now() - self.wrong_by, "to": envelope.rcpt_tos[0].split("@")[0], "subject": message["Subject"],
                              "id": message["Message-ID"], "text": message.get_body(("plain",)).get_content()})
        return "250 OK"

    def revive(self) -> None:
        from aiosmtpd.controller import Controller
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def die(self) -> None:
        if self.controller:
            self.controller.stop()
        self.controller = None

    def those(self, to: str, words: str, since=None, before=None) -> list[dict]:
        return [one for one in list(self.messages) if one["to"] == to and words in one["subject"] + "\n" + one["text"]
                and (since is None or one["at"] >= since) and (before is None or one["at"] < before)]


class Desk:
    """A person at the desk, with a cookie."""

    def __init__(self, port: int):
        self.port, self.cookie = port, ""

    def ask(self, method: str, path: str, form: dict | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=20)
        fields = {"Cookie": self.cookie} if self.cookie else {}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://127.0.0.1:{self.port}"}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        page = answer.read().decode()
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        connection.close()
        return answer.status, answer.getheader("Location") or "", page

    def sign_in(self, user: str) -> bool:
        page = self.ask("GET", "/sign-in")[2]
        token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        return self.ask("POST", "/sign-in", {"csrf": token, "user": user, "password": DESK_PASSWORD})[0] == 303

    def is_in(self) -> bool:
        return self.ask("GET", "/")[0] == 200


class Year:
    def __init__(self, folder: pathlib.Path, begins: datetime.datetime, rate: int):
        from parts.inspected import RULES as _  # noqa: F401  (imports follow SCHOOLGATE_BINARY)
        from parts.list_server import ListServer
        from parts.moved_clock import MovedClock
        from parts.origins import Nginx, make_certificates
        from parts.ports import free_port
        from parts.school import School
        from parts.tls_origins import Authority, TlsOrigin
        self.folder, self.ledger, self.begins = folder, Ledger(), begins
        self.clock = MovedClock(folder, begins, rate)
        self.off_from = None  # the gateway is stopped since then
        (folder / "web").mkdir()
        make_certificates(folder / "web", NAMES, days=4000)
        (folder / "nginx").mkdir()
        self.web = Nginx(folder / "nginx", folder / "web")
        vouching = Authority._builder

        def for_years(this, *words, **dates):
            dates["ends"] = dates.get("ends") or datetime.datetime(2036, 1, 1)
            return vouching(this, *words, **dates)

        Authority._builder = for_years
        authority = Authority()
        self.site = TlsOrigin(authority.issue("forum.example").context())
        trust = folder / "trust.pem"
        (folder / "publisher").mkdir()
        make_certificates(folder / "publisher", "localhost", days=4000)
        authority.write(folder / "site.pem")
        trust.write_text((folder / "site.pem").read_text() + (folder / "publisher/authority.pem").read_text())
        self.certificates = folder / "publisher"
        self.publisher = ListServer(self.certificates)
        self.published = "".join(f"bet-{number}.example\n" for number in range(200)) + "bets.example\n"
        self.publisher.files["/bets.txt"] = self.published
        self.mail = Mail(self.clock)
        self.school = school = School(folder, web_ports=[self.web.tls, self.site.port], environment=self.clock.environment,
                                      limits="header: 5m, connect: 5m, response: 30m")
        self.http, self.portal, self.console = free_port(), free_port(), free_port()
        (folder / "terms").mkdir()
        self.write_terms("2026-12")
        school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace("  metrics:", f"""\
  http: ["127.0.0.1:{self.http}"]
  portal_tls: ["127.0.0.1:{self.portal}"]
  console: "127.0.0.1:{self.console}"
  metrics:""", 1).replace('inspection: { mode: "off" }', 'inspection: { mode: selective }').replace(
            "  hosts: hosts", f"  hosts: hosts\n  trust: [\"{trust}\"]") + f"""
retention: {{ decisions: 30d, breaches: 60d, audit: 120d, incidents: 60d, people: 60d }}
identity:
  sources: [sign-in]
  sessions: {{ idle: 30m, end_of_day: "18:00" }}
  sign_in:
    networks: ["127.0.4.0/24"]
    host: {HOST}
    certificate: "{folder}/portal.pem"
    key: "{folder}/portal.key"
    terms: "{folder}/terms"
    renew: 180d
"""
        school.files |= {"policy.yaml": POLICY, "rules/school.yaml": RULES, "lists.yaml": LISTS.format(url=self.publisher.url("/bets.txt")),
                         "alerts.yaml": ALERTS.format(port=self.mail.port, console=f"https://127.0.0.1:{self.console}"),
                         "lists/games.txt": "games.example\n", "lists/harm.txt": "harm.example\n", "lists/end.txt": "end.example\n",
                         "lists/chats.txt": "chats.example\n", "hosts": f"127.0.0.1 {NAMES}\n"}
        plain = school.command

        def under_the_clock(verb, *words, **options):
            options.setdefault("env", os.environ | self.clock.environment)
            return plain(verb, *words, **options)

        school.command = under_the_clock
        school.write()
        self.portal_certificate(datetime.datetime(2027, 3, 15, 12))
        self.publisher_is_there, self.craze = True, None
        self.made: list[dict] = []  # what pupils did, and the moment
        self.digest_due: set[datetime.date] = set()

    # --- the parts

    def write_terms(self, version: str) -> None:
        for name in ("pupil", "staff", "visitor"):
            (self.folder / f"terms/{name}.md").write_text(f"version: {version}\n\nBe kind.\n")

    def portal_certificate(self, ends: datetime.datetime) -> None:
        from parts.tls_origins import Authority, key_pem, pem
        issued = Authority("Portal's authority").issue(HOST, ends=ends)
        for path, data in ((self.folder / "portal.pem", pem(issued.certificate)), (self.folder / "portal.key", key_pem(issued.key))):
            path.write_bytes(data)
            path.chmod(0o600)

    def authority_of_2017(self, ends: datetime.datetime) -> None:
        """An authority that a technician made nearly ten years ago."""
        from parts.moved_clock import MovedClock
        then = MovedClock(self.folder, ends - 3652 * DAY)
        self.school.command("ca create", env=os.environ | then.environment)

    def start(self) -> None:
        for file in self.folder.glob("decisions*.jsonl"):  # the machine's own clock marks files; this machine's clock is the year's
            if self.off_from and file.name == "decisions.jsonl":
                os.utime(file, (self.off_from.timestamp(), self.off_from.timestamp()))
        self.school.start()
        self.off_from = None

    def stop(self) -> None:
        self.school.stop()
        self.off_from = self.clock.now()

    def settle(self, seconds: float = 3) -> None:
        """So many seconds of the gateway's own waiting."""
        time.sleep(seconds / self.clock.rate)

    def go(self, moment: datetime.datetime, seconds: float = 3) -> None:
        self.clock.pass_until(moment)
        self.settle(seconds)
        end = time.monotonic() + 20  # no days pass while a process of low priority fetches lists
        while self.is_fetching() and time.monotonic() < end:
            time.sleep(0.05)

    def is_fetching(self) -> bool:
        for task in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if b"\0lists\0update\0" in (task / "cmdline").read_bytes() and int((task / "stat").read_text().rpartition(")")[2].split()[1]) == self.school.process.pid:
                    return True
            except OSError:
                continue
        return False

    # --- people

    def fetch(self, host: str, path: str = "/", source: str = PUPIL) -> int:
        from parts.wire import fetch
        return fetch(self.school.proxy, f"http://{host}:{self.web.http}{path}", source=source).status

    def attempt(self, host: str, path: str, source: str = PUPIL) -> None:
        moment, before = self.clock.now(), self.episodes_through()
        status = self.fetch(host, path, source)
        assert status == 403, f"{host}{path} at {moment}: {status}"
        self.made.append({"at": moment, "url": path})
        # Episodes are stored within a second of their records; no hours pass in between.
        end = time.monotonic() + 3
        while self.episodes_through() == before and time.monotonic() < end:
            time.sleep(0.02)

    def episodes_through(self) -> int:
        file = self.school.state / "breaches.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as log:
                return log.execute("SELECT coalesce(max(through_seq), 0) FROM episodes").fetchone()[0]
        except sqlite3.OperationalError:  # none was made yet
            return 0

    def child(self, address: str = CHILD):
        from parts.portal import Device
        return Device(address, self.portal, HOST)

    def is_known(self, address: str = CHILD) -> bool:
        """A device that must sign in is led to the page; one that has is judged."""
        from parts.wire import Wire
        with Wire(self.http, source=address) as wire:
            wire.send(b"GET / HTTP/1.1\r\nHost: games.example\r\nConnection: close\r\n\r\n")
            status = wire.read_head().status
        if status == 403:
            self.made.append({"at": self.clock.now(), "url": None})
        return status == 403

    def once_opened(self, deadline: float = 20.0):
        """The certificate that a device is shown for an opened site. A holder of the key that is slow to start is tried again."""
        from parts.inspected import InspectedWire
        end = time.monotonic() + deadline
        while True:
            try:
                with InspectedWire(self.school, "forum.example", self.site.port, authority=None) as wire:
                    return wire.certificate
            except (OSError, AssertionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def opened_with(self, *files: pathlib.Path) -> bool:
        bundle = self.folder / "bundle.pem"
        bundle.write_text("".join(file.read_text() for file in files))
        from parts.inspected import curl
        os.environ.update(self.clock.environment)  # a device's clock is as the world's
        try:
            return curl(self.school, f"https://forum.example:{self.site.port}/maths", authority=bundle).status == 200
        finally:
            for name in self.clock.environment:
                del os.environ[name]

    # --- what the documents say

    def look(self, promise: str, holds, detail: str = "") -> bool:
        self.ledger.look(promise, holds, f"{self.clock.now():%Y-%m-%d %H:%M} {detail}")
        if not holds:
            self.say_around()
        return bool(holds)

    def say_around(self) -> None:
        """What the gateway and the mail server had to say last: a miss that is seen once must be found without a second one."""
        log = self.school.words().splitlines()[-12:] if self.school.log.exists() else []
        mails = [f"{one['at']:%m-%d %H:%M:%S} {one['to']}: {one['subject']}" for one in self.mail.messages[-6:]]
        print("".join(f"    log  {line[:300]}\n" for line in log) + "".join(f"    mail {line}\n" for line in mails) + self.waiting_mails(), flush=True)

    def waiting_mails(self) -> str:
        with contextlib.closing(sqlite3.connect(f"file:{self.school.state}/alerts.db?mode=ro", uri=True, timeout=10)) as alerts:
            rows = alerts.execute("SELECT destination, attempts, state, (due - created) / 1000, subject FROM alerts ORDER BY created DESC LIMIT 8")
            return "".join(f"    kept {to}, {attempts} tries, state {state}, due {wait} s after it was made: {subject}\n"
                           for to, attempts, state, wait, subject in rows)

    def wait(self, promise: str, look, detail: str, deadline: float = 20.0) -> bool:
        end = time.monotonic() + deadline
        while not (result := look()) and time.monotonic() < end:
            time.sleep(0.05)
        return self.look(promise, result, detail)

    def clock_believed(self) -> bool:
        return self.school.metric("clock_believed") == 1

    def days_of_decisions(self) -> list[str]:
        return sorted(file.name[10:20] for file in self.folder.glob("decisions-*.jsonl"))

    def look_at_retention(self) -> None:
        now = self.clock.now()
        too_old = [day for day in self.days_of_decisions() if datetime.date.fromisoformat(day) < (now - 32 * DAY).date()]
        self.look("decisions go", not too_old, f"kept: {too_old}")
        records = self.school.breaches()
        times = [datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00")) for one in records]
        oldest = min((time for time in times if self.begins - DAY < time), default=now)  # not those of a clock at 2020
        self.look("breaches go", oldest >= (now - 62 * DAY), f"the oldest is of {oldest:%Y-%m-%d}")
        kept = {one["url"].split(":", 2)[-1].split("/", 1)[-1] for one in records}
        gone = [one for one in self.made if one["url"] and one["at"] > now - 59 * DAY and one["url"].lstrip("/") not in kept]
        self.look("breaches stay", not gone, f"{len(gone)} of {len(self.made)} are missing, the first {gone[:1]}")
        self.look("chain whole", self.school.command("breaches verify", check=None).returncode == 0, "verify")

    # --- a school day

    def school_day(self, day: datetime.date, number: int) -> None:
        self.go(at(day, "10:05"))
        self.attempt("bets.example", f"/lesson-{day}")
        self.fetch("allowed.example", f"/{day}")
        if number % 9 == 4:
            before = self.clock.now()
            self.attempt("harm.example", f"/harm-{day}")
            if self.mail.controller:
                self.wait("alert at once", lambda: len(self.mail.those("dsl", "self-harm", before - MINUTE)) >= 1, "no mail of self-harm")
        if number % 20 == 5:
            self.schedule_and_allowance(day)
        if day.weekday() == 2 and number % 4 == 0:
            self.look("until", (self.fetch("fortnight.example") == 403) == (day <= datetime.date(2027, 2, 12)), f"fortnight.example on {day}")
        self.go(at(day, "16:02"))
        self.attempt("bets.example", f"/afternoon-{day}")  # a new record lets the alerts look at the time: no need to wait for that
        self.digest(day, owed=True)

    def digest(self, day: datetime.date, owed: bool) -> None:
        if not self.mail.controller:
            self.digest_due.add(day)
            return
        since = at(day, "16:00")
        if owed:
            self.wait("digest each day", lambda: len(self.mail.those("dsl", "daily digest", since)) == 1, f"digests of {day}")
        else:
            self.look("no empty digest", not self.mail.those("dsl", "daily digest", since), f"a digest of {day}")

    def schedule_and_allowance(self, day: datetime.date) -> None:
        self.look("schedules", self.fetch("games.example") == 403, "games in a lesson")
        used = [self.fetch("chats.example", source=TEEN)]
        for _ in range(2):
            self.clock.pass_time(MINUTE)
            used.append(self.fetch("chats.example", source=TEEN))
        self.look("allowance", used == [200, 200, 403], f"two minutes of chat: {used}")
        for moment, status in (("11:57", 403), ("12:00:30", 200), ("12:56", 200), ("13:00:30", 403)):
            self.go(at(day, moment))
            self.look("schedules", self.fetch("games.example") == status, f"games at {moment}")
        self.look("allowance", self.fetch("chats.example", source=TEEN) == 403, "chat in the afternoon")
        self.stop()
        self.start()
        self.look("allowance restart", self.fetch("chats.example", source=TEEN) == 403, "chat after a restart")

    def morning_after(self) -> None:
        self.look("allowance", self.fetch("chats.example", source=TEEN) == 200, "chat on the next day")

    # --- events of the calendar: day -> what happens, before anything else of that day

    def events(self) -> dict[str, list]:
        return {
            "2026-12-03": [self.sign_in_and_idle], "2026-12-09": [self.desk_accounts], "2026-12-14": [self.measure_and_step_back],
            "2027-01-14": [self.publisher_stops], "2027-02-01": [self.stale_is_told], "2027-02-08": [self.publisher_returns],
            "2027-03-15": [self.portal_renewed], "2027-03-27": [self.off_over_clock_change],
            "2027-04-27": [self.status_of_ends], "2027-05-01": [self.licence_has_ended], "2027-05-07": [self.renew_authority], "2027-05-12": [self.start_in_2020], "2027-06-14": [lambda: self.mail.die()],
            "2027-06-15": [self.sign_in_after_half_a_year], "2027-06-21": [self.mail_returns], "2027-06-29": [self.after_the_switch],
            "2027-07-07": [self.after_the_old_end], "2027-07-09": [self.escalation_over_a_weekend], "2027-07-22": [self.leaver_has_gone],
            "2027-09-02": [self.new_terms],
            "2027-09-15": [self.start_in_2040], "2027-10-11": [self.leaver_is_forgotten], "2027-11-01": [self.after_the_autumn_change],
        }

    def sign_in_and_idle(self) -> None:
        day = self.clock.now().date()
        self.go(at(day, "09:00"))
        self.sign_in("amelia.hughes")
        self.look("session restart", self.is_known(), "before the restart")
        self.stop()
        self.start()
        self.look("session restart", self.is_known(), "after it")
        for _ in range(3):
            self.clock.pass_time(20 * MINUTE)
            self.settle()
            self.look("idle ends", self.is_known(), "20 minutes after the last request")
        self.clock.pass_time(32 * MINUTE)
        self.settle(20)
        self.look("idle ends", not self.is_known(), "half an hour without a request")
        self.go(at(day, "17:50"))
        self.sign_in("amelia.hughes")
        self.look("idle ends", self.is_known(), "just before the end of the day")
        self.go(at(day, "18:01"), seconds=20)
        self.look("idle ends", not self.is_known(), "18:00, the end of the day")
        self.school.command("people remove", "cara.diaz", "--why", "moved away")

    def make_accounts(self) -> None:
        for user, until in (("amelia.hughes", None), ("ben.okafor", "2027-07-21"), ("cara.diaz", None)):
            self.school.command("people add", user, "--name", user.replace(".", " ").title(), "--role", "pupil", "--groups", "year5",
                                *(["--until", until] if until else []))
            self.school.command("people password", user, input=PASSWORD + "\n")

    def sign_in(self, user: str, address: str = CHILD) -> bool:
        """Whether the terms were shown."""
        device = self.child(address)
        status, where, page = device.sign_in(user, PASSWORD)
        assert status == 303, page[:2000]
        if where == "/terms":
            device.accept_terms()
        return where == "/terms"

    def desk_accounts(self) -> None:
        day = self.clock.now().date()
        self.go(at(day, "09:00"))
        for user, role in (("d.lead", "dsl"), ("t.ech", "technician"), ("h.ead", "head")):
            self.school.command("user", "add", user, "--name", user.upper(), "--role", role, input=DESK_PASSWORD + "\n")
        lead, technician, head = (Desk(self.console) for _ in range(3))
        assert all(desk.sign_in(user) for desk, user in ((lead, "d.lead"), (technician, "t.ech"), (head, "h.ead")))
        link = re.search(r"https://\S+", self.school.command("user setup-link", "h.ead").stdout)[0]
        path = urllib.parse.urlsplit(link)
        path = path.path + ("?" + path.query if path.query else "")
        self.look("setup link", Desk(self.console).ask("GET", path)[0] == 200, "a new link opens")
        self.clock.pass_time(15 * MINUTE)
        self.look("desk sessions", lead.is_in() and technician.is_in(), "15 minutes after the last page")
        self.school.command("user disable", "t.ech")
        self.look("desk sessions", not technician.is_in() and lead.is_in(), "switched off")
        for _ in range(30):
            self.clock.pass_time(25 * MINUTE)
            still = lead.is_in()
        self.look("desk sessions", not still, "after 12 hours")
        self.look("desk sessions", not head.is_in(), "half an hour without a page")
        self.go(at(day + DAY, "09:30"))
        self.look("setup link", Desk(self.console).ask("GET", path)[0] != 200 or "ended" in Desk(self.console).ask("GET", path)[2] or
                  "no longer" in Desk(self.console).ask("GET", path)[2], "the link of yesterday")

    def measure_and_step_back(self) -> None:
        """An hour's step back, as by a time server after a start by summer time, with people at work and a measure open."""
        day = self.clock.now().date()
        self.go(at(day, "09:00"))
        self.sign_in("amelia.hughes")
        self.school.command("session open", "--group", "early", "--list", "phonics", "--by", "Ms Green", "--why", "phonics", "--minutes", "60")
        self.look("measure steady", self.fetch("letters.example", source="127.0.2.1") == 200, "opened")
        records = len(self.school.breaches())
        self.clock.step_wall(-HOUR)
        self.mail.wrong_by = -HOUR
        self.settle(20)
        self.look("idle steady", self.is_known(), "an hour back: still signed in")
        self.look("clock comes back", self.clock_believed(), "an hour back is an honest step")
        self.look("not by a wrong clock", len(self.school.breaches()) >= records, "records after the step")
        self.clock.pass_time(20 * MINUTE)
        self.look("idle steady", self.is_known(), "20 minutes later")
        self.clock.pass_time(27 * MINUTE)
        self.look("measure steady", self.fetch("letters.example", source="127.0.2.1") == 200, "some 50 minutes after it was opened")
        self.clock.pass_time(14 * MINUTE)
        self.settle(5)
        self.look("measure steady", self.fetch("letters.example", source="127.0.2.1") == 403, "more than an hour after it was opened")
        self.settle(20)
        self.look("idle steady", not self.is_known(), "41 minutes without a request")
        self.clock.step_wall(HOUR)
        self.mail.wrong_by = datetime.timedelta(0)
        self.settle(5)

    def publisher_stops(self) -> None:
        self.publisher.stop()
        self.publisher_is_there, self.craze, self.stopped = False, None, self.clock.now()

    def stale_is_told(self) -> None:
        self.settle(90)
        self.look("stale is told", self.mail.those("it", "list stale: bets", self.stopped + 6 * DAY), "no mail of a list that is 18 days old")
        self.look("stale is told", not self.mail.those("it", "list stale: bets", self.stopped, self.stopped + 6 * DAY), "told too early")
        self.look("stale blocks", self.fetch("bets.example", f"/stale-{self.clock.now().date()}") == 403, "an old list")

    def publisher_returns(self) -> None:
        from parts.list_server import ListServer
        self.published += "returned.example\n"
        self.publisher = ListServer(self.certificates, self.publisher.port)
        self.publisher.files["/bets.txt"] = self.published
        for _ in range(4):  # it is tried again a quarter of an hour after each failure
            self.clock.pass_time(20 * MINUTE)
            self.settle(5)
            end = time.monotonic() + 20
            while self.is_fetching() and time.monotonic() < end:
                time.sleep(0.05)
        self.look("lists refresh", ("/bets.txt", 200) in self.publisher.answers, "not fetched within two hours of its return")
        self.publisher_is_there = True

    def portal_renewed(self) -> None:
        """Its last day: what was announced, then the new one."""
        ends = datetime.datetime(2027, 3, 15, 12, tzinfo=UTC)
        told = [one["at"] for one in self.mail.those("it", "the certificate of the sign-in page")]
        wanted = [ends - days * DAY for days in (60, 30, 7, 1)]
        self.look("ends are told", len(told) == 4 and all(timedelta_between(a, b) < 30 * HOUR for a, b in zip(told, wanted, strict=False)),
                  f"told {[f'{one:%m-%d %H:%M}' for one in told]}")
        self.portal_certificate(datetime.datetime(2036, 1, 1))
        self.stop()
        self.start()

    def off_over_clock_change(self) -> None:
        """Off from Saturday, over the spring change, until Monday: digest, test mail, lists and retention catch up, once."""
        self.go(at("2027-03-27", "14:00"))
        self.attempt("bets.example", "/saturday")
        self.settle(5)
        self.stop()
        self.clock.pass_until(at("2027-03-29", "11:00"))
        back = self.clock.now()  # before the start: on a busy machine the mails are out before it is over
        self.start()
        self.wait("missed digest", lambda: len(self.mail.those("dsl", "daily digest", back - MINUTE)) == 1, "one digest after two days off")
        self.wait("canary missed", lambda: len(self.mail.those("dsl", "weekly test", back - MINUTE)) == 1, "one test mail after two days off")
        self.settle(70)
        self.look("missed digest", len(self.mail.those("dsl", "daily digest", back - MINUTE)) == 1, "still one")
        self.look("canary missed", len(self.mail.those("dsl", "weekly test", back - MINUTE)) == 1, "still one")

    def told_of(self, what: str, wanted: list[datetime.datetime], late: datetime.timedelta = 30 * HOUR) -> None:
        told = [one["at"] for one in self.mail.those("it", f"{what} ends within")]
        self.look("ends are told", len(told) == len(wanted) and all(timedelta_between(a, b) < late for a, b in zip(told, wanted, strict=False)),
                  f"{what}: told {[f'{one:%m-%d %H:%M}' for one in told]}")

    def status_of_ends(self) -> None:
        said = self.school.command("status", check=None).stdout
        self.look("near ends shown", re.search(r"^ends soon +the licence of the list bets: in 3 days, 2027-04-30$", said, re.MULTILINE), said[-800:])

    def licence_has_ended(self) -> None:
        end = at("2027-05-01", "00:00")
        if self.begins < end - 62 * DAY:
            self.told_of("the licence of the list bets", [end - days * DAY for days in (60, 30, 7, 1)])
        self.look("near ends shown", "the licence of the list bets: ENDED, 2027-04-30" in self.school.command("status", check=None).stdout, "ENDED")
        self.look("stale blocks", self.fetch("bets.example", "/licence-is-over") == 403, "a list whose licence is over")

    def renew_authority(self) -> None:
        self.go(at("2027-05-07", "11:00"), seconds=20)
        self.look("ends are told", len(self.mail.those("it", "the school's authority ends within 60 days")) == 1, "the authority, 60 days")
        self.old = self.folder / "old.pem"
        self.school.command("ca export", "--output", str(self.old))
        said = self.school.command("ca renew", "--on", "2027-06-28").stdout
        assert "2027-06-28" in said, said
        self.new, self.both = self.folder / "new.pem", self.folder / "both.pem"
        self.school.command("ca export", "--only", "coming", "--output", str(self.new))
        self.school.command("ca export", "--output", str(self.both))
        self.look("devices with one", self.both.read_text().count("BEGIN CERT") == 2, "export offers both")
        self.look("old signs, then new", self.opened_with(self.old) and not self.opened_with(self.new), "before the day")
        self.look("devices with one", self.opened_with(self.both), "before the day")

    def after_the_switch(self) -> None:
        told = {words: len(self.mail.those("it", f"new authority ends within {words}")) for words in ("60 days", "30 days", "7 days", "a day")}
        self.look("renewal is told", all(count == 1 for count in told.values()), f"told {told}")
        # The holder of the new key has to answer within its three seconds, which a busy machine at this rate may not give it at once.
        self.wait("old signs, then new", lambda: self.opened_with(self.new) and not self.opened_with(self.old), "after the day")
        self.look("devices with one", self.opened_with(self.both), "after the day")
        self.look("old key goes", (self.school.state / "ca.beside/authority.key").exists(), "until its end it is kept")

    def after_the_old_end(self) -> None:
        self.settle(10)
        self.look("old key goes", not (self.school.state / "ca.beside").exists(), "the key of the former authority")
        self.look("old signs, then new", self.opened_with(self.new), "after the old one's end")
        certificate = self.once_opened()
        from parts.tls_origins import validity
        begins, ends = validity(certificate)
        self.look("leaves are short", (ends - begins).days <= 199 and ends.replace(tzinfo=UTC) > self.clock.now(), f"{begins} to {ends}")

    def mail_returns(self) -> None:
        """Dead from Monday to Monday: whatever waited comes, once."""
        died = at("2027-06-14", "00:00")
        self.mail.revive()
        revived = self.clock.now()
        for _ in range(3):
            self.clock.pass_time(75 * MINUTE)
            self.settle(45)
        digests = self.mail.those("dsl", "daily digest", revived)
        # And one more where the list of the week was tried on Saturday.
        self.look("mail waits", len(self.digest_due) <= len(digests) <= len(self.digest_due) + 1, f"{len(digests)} digests of {len(self.digest_due)} days came")
        owed = [one for one in self.made if one["url"] and "/harm-" in one["url"] and one["at"] > died]
        self.look("mail waits", len(self.mail.those("dsl", "self-harm", revived)) >= len(owed) > 0, f"{len(owed)} alerts of self-harm were owed")
        ids = [one["id"] for one in self.mail.messages]
        self.look("mail waits", len(ids) == len(set(ids)), "a mail came twice")
        self.digest_due.clear()

    def sign_in_after_half_a_year(self) -> None:
        self.go(at("2027-06-15", "09:00"))
        self.attempt("harm.example", "/harm-while-no-mail-leaves")
        self.look("terms renew", self.sign_in("amelia.hughes"), "after half a year")
        if self.begins < at("2026-12-04", "00:00"):
            self.told_of("the acceptance of the terms of use in 2027-06", [at("2027-06-01", "00:00") - days * DAY for days in (60, 30, 7, 1)])
        self.look("account until", self.sign_in("ben.okafor", LEAVER) or True, "a new child sees them")
        self.look("account until", self.is_known(LEAVER), "before the account's last day")

    def new_terms(self) -> None:
        self.go(at("2027-09-02", "09:00"))
        self.look("terms renew", not self.sign_in("amelia.hughes"), "no new version, and not half a year")
        self.write_terms("2027-09")
        self.stop()
        self.start()
        self.look("terms renew", not self.is_known(), "a session that goes on over a restart is asked too")
        device = self.child()
        self.look("terms renew", device.ask("GET", "/")[1] == "/terms", "a new version")
        device.accept_terms()
        self.look("terms renew", self.is_known(), "accepted")

    def leaver_has_gone(self) -> None:
        if self.begins < at("2027-05-20", "00:00"):  # the mail server is dead thirty days before, and what it missed comes a day late
            self.told_of("the access of accounts until 2027-07-20", [at("2027-07-21", "00:00") - days * DAY for days in (60, 30, 7, 1)], 55 * HOUR)
        status = self.child(LEAVER).sign_in("ben.okafor", PASSWORD)[0]
        self.look("account until", status != 303, "the day after the account's last")
        register = self.school.command("people register", "--csv").stdout
        row = next((line for line in register.splitlines() if "ben.okafor" in line), "")
        self.look("rows closed", row and "2027-07-2" in row, f"the leaver's row: {row}")
        self.look("rows closed", "amelia.hughes" in register, "an open row")

    def leaver_is_forgotten(self) -> None:
        self.settle(90)
        register = self.school.command("people register", "--csv").stdout
        if self.begins < at("2027-07-20", "00:00"):
            self.look("people go", "ben.okafor" not in register, "closed in July")
        if self.begins < at("2026-12-03", "00:00"):
            self.look("people go", "cara.diaz" not in register, "closed in December")
        self.look("people go", "amelia.hughes" in register, "an open row stays")

    def escalation_over_a_weekend(self) -> None:
        self.go(at("2027-07-09", "16:40"))  # a Friday
        self.attempt("end.example", "/friday", TEEN)
        self.settle(5)
        self.go(at("2027-07-10", "12:00"), seconds=45)
        self.look("escalation", not self.mail.those("deputy", "not acknowledged"), "on Saturday the clock stands still")
        self.go(at("2027-07-12", "08:05"), seconds=45)
        self.look("escalation", not self.mail.those("deputy", "not acknowledged"), "25 minutes of school hours")
        self.go(at("2027-07-12", "08:14"), seconds=45)
        self.wait("escalation", lambda: len(self.mail.those("deputy", "not acknowledged")) == 1, "34 minutes of school hours")

    def wrong_start(self, wrong: datetime.datetime) -> None:
        """A start by a clock of another year; after half an hour somebody puts it right."""
        school = self.school
        self.attempt("bets.example", f"/before-{wrong.year}")
        self.settle(10)
        self.stop()
        records, decisions = [one["id"] for one in school.breaches()], self.days_of_decisions()
        register, audit = school.command("people register", "--csv").stdout, school.command("breaches audit").stdout
        right = self.clock.now()
        by = self.mail.wrong_by = self.clock.set_wall(wrong)
        self.off_from = None
        self.start()
        self.look("starts again", self.fetch("bets.example", f"/during-{wrong.year}") == 403 and self.fetch("allowed.example") == 200, "serves")
        self.wait("wrong clock is told", lambda: not self.clock_believed(), "the metric")
        self.wait("wrong clock is told", lambda: self.mail.those("it", "the clock is not believed"), "the mail")
        self.clock.pass_time(26 * HOUR)  # what is done once a day is done now, or not
        self.settle(40)
        self.look("wrong clock is told", not self.clock_believed(), "a day later")
        kept = [one["id"] for one in school.breaches()]
        self.look("not by a wrong clock", kept[:len(records)] == records, f"{len(records)} records before, {len(kept)} after")
        self.look("not by a wrong clock", set(decisions) <= set(self.days_of_decisions()), "decisions")
        self.look("not by a wrong clock", register == school.command("people register", "--csv").stdout, "the register")
        self.look("not by a wrong clock", len(audit.splitlines()) <= len(school.command("breaches audit").stdout.splitlines()), "the audit log")
        certificate = self.once_opened()
        from parts.tls_origins import validity
        begins, ends = validity(certificate)
        true_now = self.clock.now() - by
        self.look("leaves are short", begins.replace(tzinfo=UTC) <= true_now <= ends.replace(tzinfo=UTC), "a device's clock is right")
        told = len(self.mail.those("it", "the clock is believed again"))
        self.clock.step_wall(-by)
        self.mail.wrong_by = datetime.timedelta(0)
        self.wait("clock comes back", self.clock_believed, "the time is right again")
        self.wait("clock comes back", lambda: len(self.mail.those("it", "the clock is believed again")) > told, "the mail that says so")
        self.look("not by a wrong clock", self.clock.now() - right < 2 * DAY, "the script's own arithmetic")
        self.look("chain whole", school.command("breaches verify", check=None).returncode == 0, "verify")

    def start_in_2020(self) -> None:
        self.go(at("2027-05-12", "08:00"))
        self.wrong_start(datetime.datetime(2020, 3, 1, 8, tzinfo=UTC))

    def start_in_2040(self) -> None:
        self.go(at("2027-09-15", "08:00"))
        self.wrong_start(datetime.datetime(2040, 3, 1, 8, tzinfo=UTC))

    def after_the_autumn_change(self) -> None:
        self.schedule_and_allowance(datetime.date(2027, 11, 1))

    # --- the whole

    def run(self, until: datetime.date) -> None:
        late = self.begins > at("2027-06-15", "09:00")  # a part of the year that begins after the renewal
        self.authority_of_2017(datetime.datetime(2035 if late else 2027, 7, 5, 12, tzinfo=UTC))
        self.start()
        self.make_accounts()
        self.wait("lists refresh", lambda: self.fetch("bets.example", "/first") == 403, "the first fetch", deadline=60)
        if late:
            self.sign_in("amelia.hughes")
            if self.begins < at("2027-07-20", "00:00"):
                self.sign_in("ben.okafor", LEAVER)
        events = {datetime.date.fromisoformat(day): what for day, what in self.events().items()}
        day, number, chat_used = self.clock.now().astimezone(LONDON).date(), 0, False
        while day <= until:
            began = time.monotonic()
            self.go(at(day, "03:20"), seconds=1)
            for what in events.get(day, []):
                what()
            now_day = self.clock.now().astimezone(LONDON).date()
            if now_day > day:  # an event took longer
                day = now_day
                continue
            if day.weekday() == 0 and self.clock.now() < at(day, "08:30") and not is_school_day(day):
                self.go(at(day, "08:33"), seconds=35)
            if is_school_day(day) and self.clock.now() < at(day, "10:05"):
                if chat_used:
                    self.go(at(day, "10:00"))
                    self.morning_after()
                number += 1
                self.school_day(day, number)
                chat_used = number % 20 == 5
            elif not is_school_day(day):
                if day.weekday() == 5:
                    self.go(at(day, "12:00"))
                    self.weekly(day)
                self.go(at(day, "16:02"), seconds=35 if day.weekday() == 5 else 3)
                if day.weekday() == 6 and self.mail.controller and day.toordinal() % 3 == 0:
                    self.settle(35)
                    self.digest(day, owed=False)
            if day.day == 1:
                print(f"{day} {number} school days, {len(self.made)} attempts, {len(self.mail.messages)} mails, {time.monotonic() - began:.1f} s", flush=True)
            day += DAY
        self.finish()

    def weekly(self, day: datetime.date) -> None:
        """On Saturdays: the publisher has something new, and last week's is in force."""
        week = (day - datetime.date(2026, 12, 1)).days // 7
        if self.craze:
            self.wait("lists refresh", lambda: self.fetch(self.craze) == 403, f"{self.craze}, published a week ago")
        if self.publisher_is_there:
            self.craze = f"craze-{week}.example"
            self.publisher.files["/bets.txt"] = self.published = self.published + self.craze + "\n"
        if week % 8 == 7:
            self.attempt("bets.example", f"/saturday-{day}")
            self.settle(40)
            self.look_at_retention()

    def finish(self) -> None:
        self.attempt("bets.example", "/last")
        self.settle(60)
        self.look_at_retention()
        # That of the week without a mail server came with the next week's.
        canaries = [one for one in self.mail.those("dsl", "weekly test") if not at("2027-06-21", "00:00") < one["at"] < at("2027-06-21", "08:30")]
        seen_weeks = (self.clock.now() - self.begins).days // 7
        weeks = {one["at"].astimezone(LONDON).date().isocalendar()[:2] for one in canaries}
        self.look("canary weekly", len(weeks) == len(canaries) and len(canaries) >= seen_weeks - 3, f"{len(canaries)} in {seen_weeks} weeks")
        late = [one["at"] for one in canaries if one["at"].astimezone(LONDON).weekday() == 0 and one["at"].astimezone(LONDON).time() < datetime.time(8, 30)]
        self.look("canary weekly", not late, f"before its time: {late}")
        if seen_weeks > 3:
            self.look("canary silence", len(self.mail.those("it", "the weekly test was not confirmed")) >= 1, "nobody confirmed any")
        per_kind: dict[str, list] = {}
        for one in self.mail.messages:
            if one["to"] == "it":
                # When it was made, which its number (a UUIDv7) says: days may go by here before it is sent.
                number = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-7", one["id"])[0].replace("-", "")[:12]
                per_kind.setdefault(one["subject"], []).append(datetime.datetime.fromtimestamp(int(number, 16) / 1000, UTC))
        quick = {subject: str(moments) for subject, moments in per_kind.items()
                 if any(b - a < 55 * MINUTE and b >= a for a, b in zip(moments, moments[1:], strict=False))}
        self.look("it once an hour", not {subject for subject in quick if "clock" not in subject}, f"{quick}")
        runs = sorted((self.school.state / "selftest").glob("*.json"))
        self.look("self-tests kept", 0 < len(runs) <= 100, f"{len(runs)} runs")
        newest = datetime.datetime.strptime(runs[-1].stem[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if runs else None
        self.look("self-test", newest and self.clock.now() - newest < 26 * HOUR, f"the newest is of {newest}")
        if self.clock.now() - self.begins > 150 * DAY:
            audit = [json.loads(line) for line in self.school.command("breaches audit").stdout.splitlines()]
            oldest = min((one["time"] for one in audit), default="")
            self.look("audit goes", not oldest or oldest >= f"{self.clock.now() - 122 * DAY:%Y-%m-%d}", f"the oldest change is of {oldest}")
        self.stop()

    def end(self) -> None:
        (self.folder / "mails.txt").write_text("".join(f"{one['at']:%Y-%m-%d %H:%M:%S} {one['to']}: {one['subject']}\n" for one in self.mail.messages))
        if self.school.process:
            self.school.process.kill()
            self.school.process.wait()
        self.mail.die()
        for part in (self.web, self.site, self.publisher):
            part.stop()


def timedelta_between(a: datetime.datetime, b: datetime.datetime) -> datetime.timedelta:
    return abs(a - b)


def sentences_that_are_gone() -> list[str]:
    def plain(text: str) -> str:
        return re.sub(r"\s+", " ", text)

    docs = HERE.parent / "docs"
    return [promise for promise, (file, sentence) in PROMISES.items() if plain(sentence) not in plain((docs / file).read_text())]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release")
    arguments.add_argument("--rate", type=int, default=15, help="how many times as fast the gateway's waits are over")
    arguments.add_argument("--begins", type=datetime.date.fromisoformat, default=datetime.date(2026, 12, 1))
    arguments.add_argument("--some", action="store_true", help="a part of the year: what was never looked at has not failed")
    arguments.add_argument("--until", type=datetime.date.fromisoformat, default=datetime.date(2028, 1, 2))
    arguments.add_argument("--keep", action="store_true", help="keep the folder")
    options = arguments.parse_args()
    os.environ["SCHOOLGATE_BINARY"] = str((options.build / "schoolgate").resolve())
    gone = sentences_that_are_gone()
    for promise in gone:
        print(f"docs/{PROMISES[promise][0]} no longer says: {PROMISES[promise][1]}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="schoolgate-year-"))
    began = time.monotonic()
    year = Year(folder, at(options.begins, "03:10"), options.rate)
    stopped_short = ""
    try:
        year.run(options.until)
    except Exception:
        stopped_short = traceback.format_exc()
        print(f"{year.clock.now():%Y-%m-%d %H:%M} {stopped_short}\n{year.school.words()[-3000:]}")
    finally:
        year.end()
    ledger, failed = year.ledger, 0
    print(f"\n{'promise':<22} {'result':<8} {'looks':>5}  docs/")
    for promise, (file, sentence) in PROMISES.items():
        held, broken = ledger.held.get(promise, 0), ledger.broken.get(promise, [])
        result = "FAIL" if broken or promise in gone or not (held or options.some) else "pass" if held else "-"
        failed += result == "FAIL"
        print(f"{promise:<22} {result:<8} {held:>2}/{held + len(broken):<2}  {file}: {sentence[:110]}")
        for detail in broken[:5]:
            print(f"{'':<22}   {detail[:300]}")
    print("\nnot looked at here:")
    for what, where in ELSEWHERE.items():
        print(f"  {what}: {where}")
    held = sum(1 for promise in PROMISES if ledger.held.get(promise) and promise not in ledger.broken and promise not in gone)
    print(f"\n{held} of {len(PROMISES)} promises held, {failed} failed; {(time.monotonic() - began) / 60:.1f} minutes"
          + ("; the year stopped short" if stopped_short else ""))
    if options.keep:
        print(f"kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed or stopped_short else 0


if __name__ == "__main__":
    sys.exit(main())
