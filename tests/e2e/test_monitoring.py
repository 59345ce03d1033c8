"""Monitoring as packaged: Prometheus's own checker reads the alert rules and the board, and a running gateway has each metric that they name."""

import json
import pathlib
import re
import subprocess
import urllib.request

import pytest
import yaml

from parts.wire import fetch

FOLDER = pathlib.Path(__file__).parents[2] / "packaging" / "monitoring"
RULES = FOLDER / "schoolgate.rules.yaml"
METRIC = re.compile(r"\bschoolgate_[a-z0-9_]+")
# The page leaves a family out while there is nothing of it to say.
SILENT_WITHOUT = {"schoolgate_start_fallback": "a part that serves in the place of another", "schoolgate_ends_seconds": "a certificate"}


def promtool(*words, cwd=FOLDER, text=None):
    done = subprocess.run(["promtool", *map(str, words)], cwd=cwd, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expressions_of_the_rules() -> dict[str, str]:
    return {rule["alert"]: rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}


def expressions_of_the_board() -> dict[str, str]:
    board = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    asked = {f"{panel['title']} {target['refId']}": target["expr"] for panel in board["panels"] for target in panel["targets"]}
    asked |= {annotation["name"]: annotation["expr"] for annotation in board["annotations"]["list"]}
    assert len(asked) > 15
    return asked


@pytest.fixture(scope="module")
def page(school) -> str:
    fetch(school.proxy, "http://blocked.example/poker")
    fetch(school.proxy, "http://allowed.example/")
    with urllib.request.urlopen(f"http://127.0.0.1:{school.metrics}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_the_rules_are_rules_and_alarm_what_they_say():
    assert f"{len(expressions_of_the_rules())} rules found" in promtool("check", "rules", RULES)
    assert "SUCCESS" in promtool("test", "rules", "schoolgate.rules.test.yaml")


def test_every_rule_is_seen_to_alarm_and_to_be_silent():
    asked = [rule for test in yaml.safe_load((FOLDER / "schoolgate.rules.test.yaml").read_text())["tests"] for rule in test["alert_rule_test"]]
    for alarms in (True, False):
        assert {rule["alertname"] for rule in asked if bool(rule.get("exp_alerts")) is alarms} == set(expressions_of_the_rules())


def test_every_rule_says_what_to_do():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
            assert rule["annotations"]["summary"] and rule["annotations"]["action"], rule["alert"]


def test_the_boards_expressions_are_prometheus(tmp_path):
    rules = [{"record": f"board:{i}", "expr": expr.replace("$instance", ".*")} for i, expr in enumerate(expressions_of_the_board().values())]
    (tmp_path / "board.yaml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "board.yaml", cwd=tmp_path)


def test_the_gateway_has_every_metric_that_is_named(page):
    there = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    there |= {f"{name}{suffix}" for name in there for suffix in ("_bucket", "_sum", "_count")}
    for where, expression in {**expressions_of_the_rules(), **expressions_of_the_board()}.items():
        named = set(METRIC.findall(expression))
        assert named or "up{" in expression, where
        assert named - there <= set(SILENT_WITHOUT), f"{where}: {named - there}"


def test_the_metrics_page_is_written_as_prometheus_reads_it(page):
    promtool("check", "metrics", text=page)


def test_a_gap_with_a_reason_is_told_apart_from_one_without(new_school):
    school = new_school(extra='known_gaps: { suicide: "a list is applied for" }\n')
    school.edit("policy.yaml", "categories: { gambling: block, pornography: block, games: warn", "categories: { suicide: block, dating: block, gambling: block, pornography: block, games: warn")
    school.start()
    assert school.metric("protection", group="pupils", category="suicide", state="empty") == 1
    assert school.metric("protection_known_gap", group="pupils", category="suicide") == 1
    assert school.metric("protection", group="pupils", category="dating", state="empty") == 1
    with pytest.raises(StopIteration):
        school.metric("protection_known_gap", group="pupils", category="dating")
