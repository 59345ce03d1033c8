"""Changing the configuration under a running gateway: whole or not at all, and nothing that runs is dropped."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest

from parts.hello import hello_for
from parts.origins import Echo
from parts.school import BINARY
from parts.waiting import listens, wait_for
from parts.wire import Wire, connect, fetch, get

NEW_RULE = '  - { site: other.example, category: gambling }\n'


@pytest.fixture
def running(new_school):
    return new_school().start()


def block_other(school) -> None:
    school.edit("rules/school.yaml", "block:\n", "block:\n" + NEW_RULE)


def test_a_rule_edited_and_reloaded_while_a_download_runs(running, web):
    other = f"http://other.example:{web.http}/"
    with Wire(running.proxy) as download:
        download.send(get(f"http://allowed.example:{web.http}/slow-film").encode())
        answer = download.read_head()
        body = download.read(100_000)
        assert fetch(running.proxy, other).status == 200
        block_other(running)
        said = running.command("reload").stdout
        assert re.search(r"[0-9a-f]{8,}", said), "reload prints the version now in force"
        assert fetch(running.proxy, other).status == 403
        body += download.read(int(answer.get("Content-Length")) - len(body))
    assert body == web.film()


def test_a_bad_rule_is_refused_with_its_line_and_the_old_rules_stay(running, web):
    line = running.files["rules/school.yaml"].count("\n", 0, running.files["rules/school.yaml"].index("blocked.example")) + 1
    running.edit("rules/school.yaml", "category: gambling, why", "category: gamblin, why")
    done = running.command("reload", check=1)
    assert re.search(rf"rules/school\.yaml:{line}:\d+: ", done.stderr), done.stderr
    assert "gambling" in done.stderr, "no suggestion"
    assert fetch(running.proxy, f"http://blocked.example:{web.http}/").status == 403
    assert fetch(running.proxy, f"http://allowed.example:{web.http}/").status == 200


def test_a_failing_test_of_the_rules_refuses_the_reload(running, web):
    running.edit("rules/school.yaml", "allowed.example/\", group: pupils, expect: allow", "allowed.example/\", group: pupils, expect: block")
    done = running.command("reload", check=1)
    assert re.search(r"rules/school\.yaml:\d+:\d+: ", done.stderr), done.stderr
    assert fetch(running.proxy, f"http://allowed.example:{web.http}/").status == 200


def test_sighup_reloads(running, web):
    block_other(running)
    running.process.send_signal(signal.SIGHUP)
    wait_for(lambda: fetch(running.proxy, f"http://other.example:{web.http}/").status == 403, "the new rule to be in force")


def test_no_request_fails_while_the_configuration_is_swapped(running, web):
    failures, done = [], threading.Event()

    def ask_again_and_again():
        with Wire(running.proxy) as wire:
            while not done.is_set():
                answer = wire.ask(get(f"http://allowed.example:{web.http}/"))
                if answer.status != 200:
                    failures.append(answer.status)

    threads = [threading.Thread(target=ask_again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        running.edit("rules/school.yaml", "block:\n", f"block:\n  - {{ site: new{number}.example, category: gambling }}\n")
        running.command("reload")
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_long_tunnel_is_judged_again(new_school, web, names):
    echo = Echo()
    school = new_school(web_ports=[web.tls, echo.port]).start()
    hello = hello_for("other.example")
    kept = hello_for("allowed.example")
    with Wire(school.proxy) as wire, Wire(school.proxy) as innocent:
        for one, name, first in ((wire, "other.example", hello), (innocent, "allowed.example", kept)):
            assert one.ask(connect(f"{name}:{echo.port}")).status == 200
            assert one.send(first).read(len(first)) == first
        block_other(school)
        school.command("reload")
        assert wire.closed(), "the tunnel to a site that is blocked now stayed open"
        assert innocent.send(b"still here").read(10) == b"still here"
    record = wait_for(lambda: [one for one in school.attempts() if one["site"] == "other.example"], "the record of the cut tunnel")[0]
    assert record["action"] == "block"
    echo.stop()


def test_what_was_changed_is_in_the_audit_log(running):
    block_other(running)
    running.command("reload")

    def look():
        files = [path for path in running.state.rglob("*") if path.is_file() and "audit" in path.name]
        return any(b"other.example" in path.read_bytes() for path in files)

    wait_for(look, "the change in the audit log")


def test_a_reload_names_every_setting_that_waits_for_a_restart(running, web):
    running.edit("schoolgate.yaml", f'  proxy: ["127.0.0.1:{running.proxy}"]', f'  proxy: ["127.0.0.1:{running.proxy}", "127.0.0.1:1"]')
    running.edit("schoolgate.yaml", "inspection:", "limits: { idle_tunnel: 1m }\nretention: { decisions: 10d }\ninspection:")
    said = running.command("reload").stdout
    for setting in ("listen.proxy", "limits.idle_tunnel", "retention.decisions"):
        assert f"needs a restart: {setting}" in said, said
    assert said.count("needs a restart") == 3, said
    running.edit("rules/school.yaml", "betting", "bets")
    assert "needs a restart: listen.proxy" in running.command("reload").stdout, "it is still not in force"


def test_reload_without_a_gateway_says_so(new_school):
    school = new_school()
    school.write()
    done = school.command("reload", check=1)
    assert done.stderr.strip()


def test_the_policy_is_the_same_however_its_folder_is_spelled(new_school):
    school = new_school().start()
    in_force = school.command("reload").stdout.splitlines()[-1].split()[1]
    binary = os.path.abspath(BINARY)
    for folder, cwd in (("config", school.folder), ("./config/", school.folder), (".", school.config), ("../config", school.config), (f"{school.folder}//config/../config", "/")):
        done = subprocess.run([binary, "check", "--config", folder, "--json"], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        assert json.loads(done.stdout)["policy_version"] == in_force, folder
    school.stop()
    done = subprocess.Popen([binary, "run", "--config", "config"], cwd=school.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens(school.proxy) and listens(school.metrics), "the gateway")
        assert school.command("reload").stdout.splitlines()[-1].split()[1] == in_force
    finally:
        done.terminate()
        done.wait(30)
