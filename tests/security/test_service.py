"""The systemd unit: what an intruder in the gateway could still reach, as systemd itself reckons it."""

import json
import pathlib
import re
import subprocess

import pytest

UNIT = pathlib.Path(__file__).resolve().parents[2] / "packaging/schoolgate.service"
MOST = 2.0


def review() -> dict[str, dict]:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--json=short", str(UNIT)],
        capture_output=True, text=True, check=True, timeout=60,
    )
    return {line["json_field"]: line for line in json.loads(done.stdout) if line["json_field"]}


@pytest.fixture(scope="module")
def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.M):
        found.setdefault(key, []).append(value)
    return found


def test_exposure_is_under_two():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={int(MOST * 10)}", str(UNIT)],
        capture_output=True, text=True, timeout=60,
    )
    level = float(re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout).group(1))
    assert level < MOST and done.returncode == 0, done.stdout


def test_the_unit_is_understood(tmp_path):
    """Every line of it, by the systemd of this release: what it does not know it would pass over in silence."""
    unit = tmp_path / "schoolgate.service"
    unit.write_text(UNIT.read_text().replace("/usr/bin/schoolgate ", "/bin/true "))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
    assert not re.search(r"schoolgate\.service.*(Unknown|Failed|ignoring|Invalid)", done.stderr, re.I), done.stderr


def test_two_capabilities_and_no_way_to_more(settings):
    assert settings["User"] == ["schoolgate"]
    assert settings["CapabilityBoundingSet"] == settings["AmbientCapabilities"] == ["CAP_NET_BIND_SERVICE CAP_NET_ADMIN"]
    assert settings["NoNewPrivileges"] == ["yes"]


def test_everything_but_the_state_is_read_only(settings):
    assert settings["ProtectSystem"] == ["strict"] and settings["StateDirectory"] == ["schoolgate"]
    assert settings["StateDirectoryMode"] == ["0700"] and settings["UMask"] == ["0077"]
    assert "ReadWritePaths" not in settings
    assert settings["NoExecPaths"] == ["/"]


def test_no_core_is_dumped(settings):
    assert settings["LimitCORE"] == ["0"]


@pytest.mark.parametrize("field", [
    "NoNewPrivileges", "PrivateDevices", "PrivateTmp", "ProtectHome", "ProtectKernelModules", "ProtectKernelTunables",
    "ProtectKernelLogs", "ProtectControlGroups", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute",
    "SystemCallFilter_mount", "SystemCallFilter_module", "SystemCallFilter_debug", "SystemCallFilter_raw_io",
    "CapabilityBoundingSet_CAP_SYS_ADMIN", "CapabilityBoundingSet_CAP_SYS_PTRACE", "RestrictNamespaces_user",
    "RestrictNamespaces_net", "RestrictAddressFamilies_AF_PACKET",
])
def test_is_closed(field):
    assert review()[field]["set"] is True, field
