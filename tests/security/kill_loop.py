"""Kills the gateway with SIGKILL at random instants while it blocks and alerts, again and again, and looks at what is left.

    tests/e2e/on_its_own_machine /usr/bin/python3 tests/security/kill_loop.py --kills 1000

After each kill the gateway is started again on the same state. What must hold in the end:
- the number on every block page that a client received in full leads to a record or a sum in the breach log, and of each device there are
  at least as many attempts as pages it received, and at most as many as it asked for;
- `schoolgate breaches verify` finds the chain whole after every kill that it is asked after;
- every episode that is to alert reached the webhook, and whatever arrived more than once carried the same id.
Exit status 1 and what is missing, otherwise.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from parts.origins import NameServer  # noqa: E402
from parts.receivers import WebhookReceiver  # noqa: E402
from parts.school import School  # noqa: E402
from parts.wire import Wire, get  # noqa: E402

CLIENTS = 6
NUMBER = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{6}")
SECRET = "a secret of the kill loop, long enough"


class Pupils:
    """Clients that ask for blocked pages as fast as they get them; `seen` holds device and number of every page that came whole."""

    def __init__(self, school: School):
        self.school = school
        self.seen: list[tuple[str, str]] = []
        self.asked: collections.Counter = collections.Counter()  # by device; each client has devices of its own
        self.stopping = threading.Event()
        self.round = 0

    def run(self, seconds: float, round_number: int) -> None:
        """Asks until the gateway is killed after so long, then waits for every client to notice."""
        self.round = round_number
        self.stopping.clear()
        threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(seconds)  # the random instant itself
        self.school.kill()
        self.stopping.set()
        for thread in threads:
            thread.join()

    def _ask(self, client: int) -> None:
        # An address of its own in every round, so that each round begins episodes that alert.
        address = f"127.0.{self.round // 250 % 250}.{2 + (self.round % 250)}" if client == 0 else f"127.0.0.{2 + client}"
        number = 0
        while not self.stopping.is_set():
            try:
                with Wire(self.school.proxy, source=address) as wire:
                    while True:
                        path = f"r{self.round}c{client}n{number}x"
                        number += 1
                        self.asked[address] += 1
                        answer = wire.ask(get(f"http://blocked.example/{path}"))
                        if answer.status == 403:
                            self.seen.append((address, NUMBER.search(answer.body.decode())[0]))
            except (OSError, AssertionError, ValueError):
                continue  # killed in the middle of an answer


def make_school(folder: pathlib.Path, webhook: WebhookReceiver, dns: NameServer) -> School:
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    school = School(folder, dns_port=dns.port, limits="client_connections: 100")
    school.files["policy.yaml"] = school.files["policy.yaml"].replace('"127.0.0.0/24"', '"127.0.0.0/16"').replace(
        '"127.0.1.0/24"', '"127.1.1.0/24"').replace('"127.0.2.0/24"', '"127.1.2.0/24"').replace('"127.0.3.0/24"', '"127.1.3.0/24"')
    school.files["alerts.yaml"] = f"""
webhooks: [ {{ name: case-system, url: "http://127.0.0.1:{webhook.port}/hook", secret_file: {secret} }} ]
routes:
  - {{ urgency: 1, send: now, to: [case-system] }}
"""
    return school


def alerts_of(webhook: WebhookReceiver) -> dict[str, set[str]]:
    """Episode -> ids under which it was first told (kind episode alone)."""
    found = collections.defaultdict(set)
    for _, body in list(webhook.calls):
        told = json.loads(body)
        if told["kind"] == "episode":
            found[told["episode"]].add(told["id"])
    return found


def problems_after(school: School, pupils: Pupils) -> list[str]:
    school.start()  # sums that the kill left become records
    school.stop()
    records = school.breaches()
    numbers, attempts, pages = {record["reference"] for record in records}, collections.Counter(), collections.Counter()
    for record in records:
        attempts[record["device"]] += record.get("attempts", 1)
    for device, _ in pupils.seen:
        pages[device] += 1
    found = [f"{len(lost)} numbers lead nowhere, the first {lost[0]}" for lost in [[page for page in pupils.seen if page[1] not in numbers]] if lost]
    found += [f"{device}: {attempts[device]} attempts of {pages[device]} pages received and {asked} asked for"
              for device, asked in pupils.asked.items() if not pages[device] <= attempts[device] <= asked]
    sequence = [record["seq"] for record in records]
    if sequence != list(range(sequence[0], sequence[0] + len(sequence))):
        found.append("the sequence has gaps")
    if (verified := school.command("breaches verify", check=None)).returncode != 0:
        found.append(f"the chain: {verified.stdout}{verified.stderr}")
    return found


def wait_for_alerts(school: School, webhook: WebhookReceiver, limit: float) -> list[str]:
    """Starts the gateway once more and waits until every episode has been told."""
    episodes = {record["episode"] for record in school.breaches()}
    deadline = time.monotonic() + limit
    while (missing := episodes - alerts_of(webhook).keys()) and time.monotonic() < deadline:
        time.sleep(0.2)
    found = [f"{len(missing)} of {len(episodes)} episodes alerted nobody within {limit:g} s"] if missing else []
    doubled = {episode: ids for episode, ids in alerts_of(webhook).items() if len(ids) > 1}
    if doubled:
        found.append(f"{len(doubled)} episodes alerted under more than one id: {list(doubled.items())[:3]}")
    return found


def loop(kills: int, folder: pathlib.Path, *, look_every: int = 50, alert_limit: float = 120, say=lambda text: None) -> tuple[list[str], dict]:
    """(what is wrong, the figures). Owns everything that it starts."""
    webhook, dns = WebhookReceiver(), NameServer()
    school = make_school(folder, webhook, dns)
    pupils = Pupils(school)
    chance = random.Random(os.environ.get("SCHOOLGATE_SEED"))
    found: list[str] = []
    try:
        for number in range(kills):
            school.start()
            pupils.run(chance.choice((0.0, 0.005, 0.02, 0.1, 0.3, 2.0)) * chance.random() * 2, number)
            if (number + 1) % look_every == 0 or number + 1 == kills:
                found += problems_after(school, pupils)
                say(f"{number + 1} kills: {len(pupils.seen)} pages received, {len(webhook.calls)} alerts{'; ' + '; '.join(found) if found else ''}")
            if found:
                break
        school.start()
        found += wait_for_alerts(school, webhook, alert_limit)
        calls = len(webhook.calls)
        figures = {"kills": kills, "pages": len(pupils.seen), "records": len(school.breaches()), "episodes alerted": len(alerts_of(webhook)),
                   "webhook calls": calls}
        school.stop()
    finally:
        if school.process:
            school.kill()
        webhook.stop()
        dns.stop()
    return found, figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    options = parser.parse_args()
    if any(not line.startswith("lo") for line in pathlib.Path("/proc/net/route").read_text().splitlines()[1:]):
        raise SystemExit("run it under tests/e2e/on_its_own_machine")
    with tempfile.TemporaryDirectory(prefix="schoolgate-kills-") as name:
        found, figures = loop(options.kills, pathlib.Path(name), say=lambda text: print(text, flush=True))
    print(", ".join(f"{value} {key}" for key, value in figures.items()))
    print("\n".join(found) if found else "nothing lost, nothing twice, the chain is whole")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
