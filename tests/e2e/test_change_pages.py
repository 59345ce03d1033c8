"""The technician's desk with the real gateway: a lesson is opened with consent, a craze closed for all, a mistake taken back; counted in
presses and seconds, as somebody would who has never seen it."""

import time

import pytest

from browser.browser import Browser
from parts.ports import free_port
from parts.school import PUPIL
from parts.waiting import listens, wait_for
from parts.wire import fetch

PASSWORD = "winter kettle orbit"


@pytest.fixture
def school(new_school):
    made = new_school()
    port = free_port()
    made.desk = f"https://127.0.0.1:{port}"
    made.files["schoolgate.yaml"] = made.files["schoolgate.yaml"].replace("  metrics:", f'  console: "127.0.0.1:{port}"\n  metrics:')
    made.start(ready=lambda: listens(made.proxy) and listens(port))
    for user, role in (("t.ash", "technician"), ("d.oak", "dsl"), ("h.elm", "head")):
        made.command("user", "add", user, "--name", user, "--role", role, input=PASSWORD + "\n")
    return made


class Person:
    """Somebody at the desk, whose presses are counted."""

    def __init__(self, browser: Browser, school, user: str):
        self.browser, self.school, self.presses = browser, school, 0
        browser.forget()
        browser.open(school.desk + "/sign-in")
        browser.fill("#user", user)
        browser.fill("#password", PASSWORD)
        browser.click("main button[type=submit]:has-text('Sign in')")

    def press(self, at: str) -> None:
        self.presses += 1
        self.browser.click(at)
        assert self.browser.violations() == [], self.browser.url

    def open(self, path: str) -> None:
        self.browser.open(self.school.desk + path)
        assert self.browser.violations() == [], path


def status(school, host: str, web, source: str = PUPIL) -> int:
    return fetch(school.proxy, f"http://{host}:{web.http}/", source=source).status


def test_a_lesson_is_opened_with_consent_a_craze_closed_and_a_mistake_taken_back(school, web):
    assert status(school, "bets.example", web) == 403
    with Browser() as browser:
        begun = time.monotonic()
        technician = Person(browser, school, "t.ash")
        technician.press("nav a:has-text('Filter')")
        technician.press("a:has-text('Try an address')")
        browser.fill("#address", "bets.example")
        technician.press("main button:has-text('Try')")
        assert "Blocked" in browser.text("main")
        technician.press("tr:has-text('Pupils') a:has-text('Open')")
        browser.fill("#until", "2030-12-18")
        browser.fill("#reason", "Probability, until Friday")
        technician.press("button:has-text('Propose')")
        page = browser.text("main")
        assert "Pupils may open bets.example until 18 December 2030" in page and "dsl or deputy" in page
        assert status(school, "bets.example", web) == 403
        print(f"proposed: {technician.presses} presses, {time.monotonic() - begun:.1f} s")

        wait_for(lambda: "bets.example" in school.decisions_file.read_text(), "the decisions on disk")
        begun = time.monotonic()
        technician.press("button:has-text('Judge the last week again')")
        wait_for(lambda: (technician.open("/filter/changes/1"), "of them judged again" in browser.text("main"))[1], "the replay")
        assert "bets[.]example" in browser.text("main")
        print(f"replayed: {time.monotonic() - begun:.1f} s")

        begun = time.monotonic()
        browser.screen(390, 844)  # a telephone
        lead = Person(browser, school, "d.oak")
        lead.open("/filter/changes")
        lead.press("a:has-text('Probability')")
        lead.press("button:has-text('Agree to this change')")
        assert "in force" in browser.text("main")
        assert status(school, "bets.example", web) == 200
        print(f"agreed: {lead.presses} presses, {time.monotonic() - begun:.1f} s")

        begun = time.monotonic()
        browser.screen()
        technician = Person(browser, school, "t.ash")
        technician.open("/filter/rules")
        technician.press("a:has-text('Block an address')")
        browser.fill("#rule_text", "other.example")
        browser.select("#category", "violence")
        browser.fill("#reason", "a craze")
        technician.press("button:has-text('Propose')")
        assert "is in force" in browser.text("main")
        assert status(school, "other.example", web) == 403
        print(f"closed: {technician.presses} presses, {time.monotonic() - begun:.1f} s")

        begun = time.monotonic()
        technician.presses = 0
        technician.press("button:has-text('Take this change back')")
        assert "dsl or deputy" in browser.text("main")
        lead = Person(browser, school, "d.oak")
        lead.open("/filter/changes/3")
        lead.press("button:has-text('Agree to this change')")
        wait_for(lambda: status(school, "other.example", web) != 403, "the mistake to be taken back")
        print(f"taken back: {technician.presses + lead.presses} presses, {time.monotonic() - begun:.1f} s")
        assert browser.errors == []


def test_a_reported_page_is_answered_in_four_presses(school, web):
    with Browser() as browser:
        browser.open(school.desk + "/report?address=bets.example")
        browser.fill("#said", "We need it for maths.")
        browser.click("main button[type=submit]")
        reference = browser.text("main strong")
        begun = time.monotonic()
        technician = Person(browser, school, "t.ash")
        technician.press("nav a:has-text('Reported')")
        technician.press(f"a:has-text('{reference}')")
        technician.press("a:has-text('Propose to open it')")
        browser.fill("#reason", "Maths")
        technician.press("button:has-text('Propose')")
        assert technician.presses <= 4
        print(f"answered: {technician.presses} presses, {time.monotonic() - begun:.1f} s")
        lead = Person(browser, school, "d.oak")
        lead.open("/filter/changes/1")
        lead.press("button:has-text('Agree to this change')")
        browser.forget()
        browser.open(school.desk + f"/report/answer?reference={reference}")
        assert "It was changed as you asked" in browser.text("main")


def test_no_page_is_slow_or_out_of_reach_for_some(school):
    with Browser() as browser:
        technician = Person(browser, school, "t.ash")
        for path in ("changes", "try?address=bets.example%0Agames.example", "rules", "groups", "lists", "files?file=policy.yaml",
                     "propose?edit=add-rule&effect=allow&kind=address&text=bets.example", "groups/cell?group=pupils&category=games"):
            begun = time.monotonic()
            browser.open(school.desk + "/filter/" + path)
            print(f"{path}: {(time.monotonic() - begun) * 1000:.0f} ms")
            for dark in (False, True):
                browser.screen(dark=dark)
                assert browser.violations() == [], path
        assert browser.errors == []
