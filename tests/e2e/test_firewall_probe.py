"""packaging/firewall-probe: the filter tried as a device behind the kernel's firewall would find it.

How it can be wrong                                        here
---------------------------------------------------------  --------------------------------------------------
it passes without having been through the kernel            a_hole_is_found, nothing_loaded
a hole in the ruleset stays unseen                          a_hole_is_found (port 80 alone)
a family or a group is left out                             every_group_by_both_families
it is a breach of somebody's, or wakes somebody             every_group_by_both_families (marked as the self-test's)
nobody is told of a difference                              a_hole_is_found
it leaves wires behind, or a killed run blocks the next     nothing_is_left
it is run at the wrong place                                elsewhere_it_is_refused
"""

import fcntl
import json
import os
import pathlib
import subprocess

import pytest

from parts import machines
from parts.machines import run_in, sh
from parts.school import BINARY, School
from parts.waiting import wait_for

PROBE = pathlib.Path(__file__).parents[2] / "packaging" / "firewall-probe"

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["10.20.2.0/24", "fd20:2::/64"] }
    categories: { gambling: block, games: warn }
  visitors:
    title: Visitors
    categories: { gambling: block }
fallback: pupils
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    machines.build()
    school = School(tmp_path_factory.mktemp("gateway"))
    school.files |= {
        "schoolgate.yaml": f"""
site: {{ name: Test School, timezone: Europe/London }}
state: {school.state}
listen:
  http: ["0.0.0.0:8081", "[::]:8081"]
  tls: ["0.0.0.0:8443", "[::]:8443"]
  metrics: "127.0.0.1:9100"
inspection: {{ mode: "off" }}
decisions: {school.decisions_file}
firewall: {{ inside: [lan], topology: routed }}
""",
        "policy.yaml": POLICY,
        "rules/school.yaml": "block: []\n",
    }

    def listening() -> bool:
        sockets = run_in("gate", "ss", "-Hltn").stdout
        return all(f":{port} " in sockets for port in (8081, 8443, 9100))

    school.start(namespace="gate", ready=listening)
    load(school)
    yield school
    school.stop()


def load(school):
    printed = subprocess.run([BINARY, "firewall", "--config", school.config], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    machines.flush_rules()
    machines.load_rules(printed)


def probe(school, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["ip", "netns", "exec", "gate", PROBE, "--config", school.config, *words],
        capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=False, env={**os.environ, "SCHOOLGATE_BINARY": BINARY},
    )  # fmt: skip


def test_every_group_is_tried_by_both_families(gateway):
    done = probe(gateway)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 of 12 checks as expected" in done.stdout, done.stdout
    ran = json.loads(max((gateway.state / "selftest").glob("*.json")).read_text())
    text = json.dumps(ran)
    for group, category in [("pupils", "gambling"), ("pupils", "games"), ("visitors", "gambling")]:
        assert group in text and category in text
    exported = subprocess.run([BINARY, "breaches", "export", "--config", gateway.config, "--format", "jsonl"], capture_output=True, text=True, check=True).stdout
    records = [json.loads(line) for line in exported.splitlines()]
    assert {record["device"] for record in records} == {"169.254.77.2", "fd73:6367:7072::2"}, "as the kernel handed them over"
    assert {record["confidence"] for record in records} == {"selftest"}
    assert {(record["stage"], ":" in record["device"]) for record in records} == {(stage, v6) for stage in ("request", "client_hello") for v6 in (False, True)}


def test_nothing_is_left_behind_and_a_killed_run_blocks_no_other(gateway):
    def left() -> str:
        return run_in("gate", "ip", "-o", "link").stdout + sh("ip netns list")

    assert "lan.p" not in left() and "schoolgate-probe" not in left()
    sh("ip netns add schoolgate-probe; ip -n gate link add lan.p type veth peer name device netns schoolgate-probe")
    assert probe(gateway).returncode == 0
    assert "lan.p" not in left() and "schoolgate-probe" not in left()


def test_a_second_run_leaves_the_first_one_alone(gateway):
    locks = pathlib.Path("/run/lock")
    place = locks if locks.is_dir() and not locks.stat().st_mode & 0o002 else pathlib.Path("/run")
    with (place / "schoolgate-firewall-probe.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sh("ip netns add schoolgate-probe")
        refused = probe(gateway)
        assert refused.returncode == 1 and "another run" in refused.stderr and "schoolgate-probe" in sh("ip netns list")
    assert probe(gateway).returncode == 0


def test_a_hole_is_found_and_told(gateway):
    sh("ip netns exec gate nft insert rule inet schoolgate web tcp dport 80 return")
    try:
        done = probe(gateway)
    finally:
        load(gateway)
    assert done.returncode == 1, done.stdout
    rows = [line for line in done.stdout.splitlines() if "transparent HTTP" in line or "not sent" in line or "DIFFERS" in line]
    assert rows and "6 of 12 checks as expected" in done.stdout, done.stdout
    wait_for(lambda: "does not lead every device" in gateway.words(), f"the alarm; {gateway.words()[-2000:]}")
    assert probe(gateway).returncode == 0


def test_where_nothing_is_loaded_it_fails(gateway):
    machines.flush_rules()
    try:
        done = probe(gateway)
        assert done.returncode == 1 and "no firewall" in done.stderr
        named = probe(gateway, "--interface", "lan")
        assert named.returncode == 1 and "0 of 12 checks as expected" in named.stdout, named.stdout + named.stderr
    finally:
        load(gateway)


def test_elsewhere_it_is_refused(gateway):
    done = run_in("gate", BINARY, "selftest", "--through-firewall", "--config", str(gateway.config))
    assert done.returncode == 1 and "firewall-probe" in done.stderr
    assert probe(gateway, "--nonsense").returncode == 2
    assert probe(gateway, "--interface", "averylonginterface").returncode == 1
