"""A new authority beside the old one: devices that trust one, the other or both, until the switch and after it."""

import concurrent.futures
import os
import shutil
import signal
import subprocess

import pytest

from parts.inspected import InspectedWire, authority_of, curl
from parts.school import BINARY
from parts.waiting import wait_for


@pytest.fixture
def school(new_inspecting):
    return new_inspecting().start()


def export(school, name: str, *words: str):
    file = school.folder / name
    school.command("ca export", "--output", str(file), *words)
    return file


def opened(school, site, authority) -> bool:
    done = curl(school, f"https://forum.example:{site.port}/maths", authority=authority)
    assert done.status == 200 or "certificate" in done.said, done
    return done.status == 200


def test_devices_with_one_the_other_and_both(school, site):
    old = authority_of(school)
    said = school.command("ca renew").stdout
    new, both = export(school, "new.pem", "--only", "coming"), export(school, "both.pem")
    assert both.read_text().count("BEGIN CERTIFICATE") == 2 and new.read_text() in both.read_text()
    assert "signs from" in said and school.command("ca renew").stdout == said, "asked again, it says how far it is"
    assert [opened(school, site, trusted) for trusted in (old, new, both)] == [True, False, True]

    school.command("ca renew --switch")
    wait_for(lambda: opened(school, site, new), "the key holder to be another, without a reload")
    assert [opened(school, site, trusted) for trusted in (old, new, both)] == [False, True, True]
    school.command("ca renew --back")
    wait_for(lambda: opened(school, site, old), "the old one to sign again")
    assert not opened(school, site, new)
    assert "once `ca renew --switch` says so" in school.command("ca renew").stdout
    school.command("ca renew --switch")
    wait_for(lambda: opened(school, site, new), "the new one to sign")

    key = school.state / "ca.beside/authority.key"
    assert key.exists()
    school.command("ca renew --finish")
    assert not key.parent.exists()
    assert export(school, "last.pem").read_text() == new.read_text()
    school.stop()
    school.start()
    assert opened(school, site, new)


def test_no_connection_fails_over_the_switch(school, site):
    """A device that trusts both sees no difference at any time."""
    school.command("ca renew")
    both = export(school, "both.pem")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = []
        for number in range(24):
            asked.append(pool.submit(opened, school, site, both))
            if number == 8:
                school.command("ca renew --switch")
        assert all(answer.result() for answer in asked)
    with InspectedWire(school, "forum.example", site.port, authority=both) as wire:
        assert wire.get("/maths").status == 200


def test_the_page_offers_both_and_names_the_day(school):
    school.command("ca renew --on 2036-01-02")
    page = export(school, "page.html", "--format", "page").read_text()
    assert "2036-01-02" in page and "schoolgate-authority-new.crt" in page and page.count("BEGIN CERTIFICATE") == 2
    der = export(school, "new.der", "--format", "der").read_bytes()
    assert der == export(school, "coming.der", "--format", "der", "--only", "coming").read_bytes()


def test_what_cannot_be_is_refused(school):
    for words, status in ((["--switch"], 1), (["--back"], 1), (["--finish"], 1), (["--on", "tomorrow"], 2), (["--on", "2020-01-01"], 2),
                          (["--on", "2099-01-01"], 2), (["--switch", "--back"], 2)):
        school.command("ca renew", *words, check=status)
    assert not (school.state / "ca.beside").exists()
    school.command("ca export --only coming", check=1)
    school.command("ca renew")
    school.command("ca renew --on 2036-01-01", check=1)


def test_killed_at_any_moment_one_whole_authority_signs(school, site, tmp_path):
    """The command is killed again and again while it works; afterwards it starts with one of the two, and can go on."""
    old = authority_of(school)
    environment = os.environ | {"LD_BIND_NOW": "1"}
    command = [BINARY, "ca", "renew", "--config", str(school.config)]
    for step in range(40):
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(0.001 * step)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert (school.state / "ca/authority.key").stat().st_size > 0
        if (school.state / "ca.beside").exists():
            school.command("ca export --only coming")
            shutil.rmtree(school.state / "ca.beside")
    assert opened(school, site, old)
    school.stop()
    school.start()
    assert opened(school, site, old)
    school.command("ca renew")
    school.command("ca renew --switch")
    new = export(school, "new.pem")
    wait_for(lambda: opened(school, site, new), "the new one to sign")


def test_neither_of_the_two_vouches_for_a_web_site(school):
    school.command("ca renew")
    folder = school.state
    assert {path.name for path in folder.iterdir() if path.name.startswith("ca")} == {"ca", "ca.beside"}
    for path in (folder / "ca.beside").iterdir():
        assert path.stat().st_mode & 0o077 == 0 or path.name == "authority.pem", path
