"""The desk's pages in a browser: the real pages behind the real server, over a folder with a week of episodes.

desk_pictures.py photographs the same pages for docs/images.
"""

import json
import os
import pathlib
import re
import subprocess
import urllib.parse

import pytest

from browser.browser import Browser
from parts.waiting import wait_for

BINARY = pathlib.Path(os.environ["SCHOOLGATE_BINARY"]).resolve().parent / "serve_desk"
ACCOUNTS = {"dsl": "d.lead", "deputy": "d.eputy", "head": "h.ead", "governor": "g.overnor", "technician": "t.ech", "administrator": "a.dmin"}
PUPILS = ["Amelia", "amelia.hughes", "Okafor", "ben.okafor", "chloe.davies", "ella.begum", "grace.lee"]


class Desk:
    def __init__(self, folder: pathlib.Path):
        self._process = subprocess.Popen([BINARY, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        told = json.loads(self._process.stdout.readline())
        self.base = f"https://127.0.0.1:{told['port']}"
        self.password = told["password"]

    def stop(self):
        self._process.stdin.close()
        assert self._process.wait(timeout=20) == 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.stop()


@pytest.fixture
def browser():
    with Browser() as browser:
        yield browser


def sign_in(browser, desk, role, then="/"):
    browser.forget()
    browser.open(desk.base + then)
    browser.fill("#user", ACCOUNTS[role])
    browser.fill("#password", desk.password)
    browser.click("main button[type=submit]:has-text('Sign in')")


def links(browser, desk) -> set[str]:
    """Pages of the desk that the page shown leads to."""
    found = set()
    for href in re.findall(r'<a [^>]*href="([^"]+)"', browser.html()):
        path = urllib.parse.urlsplit(href.replace("&amp;", "&"))
        if path.scheme or path.netloc or not path.path or re.search(r"\.(pdf|csv|json|txt|css)$", path.path):
            continue
        found.add(path.path + (f"?{path.query}" if path.query else ""))
    return found


def shape(path: str) -> str:
    """Pages that differ by a record or a filter only are one."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path.split("?")[0])


def walk(browser, desk) -> list[str]:
    """One page of every shape that can be reached by links from the first."""
    waiting, seen = ["/"], {}
    while waiting:
        path = waiting.pop(0)
        if shape(path) in seen:
            continue
        assert browser.open(desk.base + path)["status"] == 200, path
        seen[shape(path)] = path
        waiting += sorted(links(browser, desk))
    return list(seen.values())


def problems(browser) -> list[str]:
    return [f"{v['id']} ({v['impact']}): {v['help']}: {v['nodes'][:3]}" for v in browser.violations()]


@pytest.mark.parametrize("role", ACCOUNTS)
def test_no_page_of_a_role_has_an_accessibility_violation(desk, browser, role):
    sign_in(browser, desk, role)
    found = {}
    for path in walk(browser, desk):
        browser.open(desk.base + path)
        for dark in (False, True):
            browser.screen(dark=dark)
            if against := problems(browser):
                found[f"{path}{' dark' if dark else ''}"] = against
    assert found == {}
    assert browser.errors == []  # the strict content policy has refused nothing


def test_the_pages_before_signing_in_have_no_violation(desk, browser):
    for path in ("/sign-in", "/report", "/set-up/nothing", "/no-such-page"):
        browser.open(desk.base + path)
        for dark in (False, True):
            browser.screen(dark=dark)
            assert problems(browser) == [], path


def test_from_the_link_in_an_alert_to_the_closed_incident(desk, browser, tmp_path):
    sign_in(browser, desk, "dsl")
    episode = next(path for path in sorted(links(browser, desk)) if re.fullmatch(r"/episodes/[0-9a-f-]{36}", path))
    # The mail's link, on a machine where nobody is signed in: back on the episode after the password.
    sign_in(browser, desk, "dsl", then=episode)
    assert browser.url == desk.base + episode
    browser.fill("#note", "Spoke to the class teacher.")
    browser.click("button:has-text('Acknowledge')")
    assert "Acknowledged" in browser.text("main")
    assert "Spoke to the class teacher." in browser.text("main")
    browser.click("a:has-text('Start an incident')")
    browser.fill("#title", "Worrying searches")
    browser.click("button:has-text('Open the incident')")
    incident = browser.url.split("?")[0]
    assert problems(browser) == []

    browser.fill("#text", "Talked in the quiet room.\nTwo lines.")
    browser.click("button:has-text('Add the note')")
    browser.click("summary:has-text('Record an action')")
    browser.select("#kind", "parent-informed")
    browser.fill("#who", "Ms Lead")
    browser.fill("#how", "telephone")
    browser.click("button:has-text('Record it')")
    browser.select("#assessment", "concern")
    browser.fill("#reason", "Searches and time of day")
    browser.click("button:has-text('Save the assessment')")

    browser.open(incident + "/letter")
    browser.fill("#child", "Ben")
    browser.click("button:has-text('Write a draft')")
    letter = browser.text("#letter")
    assert problems(browser) == []
    assert ".example" not in letter and "caught" not in letter

    browser.open(incident)
    browser.fill("#outcome", "Support plan agreed; school nurse involved.")
    browser.click("button:has-text('Close the incident')")
    page = browser.text("main")
    for part in ("Closed", "Talked in the quiet room.", "Parent or carer informed", "Concern", "Support plan agreed"):
        assert part in page
    assert problems(browser) == []
    assert browser.errors == []


def test_the_pink_slip_as_pdf_can_be_read(desk, browser, tmp_path):
    sign_in(browser, desk, "dsl")
    browser.open(desk.base + "/episodes")
    episode = next(path for path in sorted(links(browser, desk)) if re.fullmatch(r"/episodes/[0-9a-f-]{36}", path))
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.cookies())
    pdf = tmp_path / "slip.pdf"
    subprocess.run(["curl", "-sSfk", "-b", cookies, "-o", pdf, f"{desk.base}{episode}/slip.pdf"], check=True)
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    for part in ("Pink slip", "Child or person", "Site", "Date", "Time", "Length of time"):
        assert part in text


def test_charts_are_drawn_from_the_tables(desk, browser):
    sign_in(browser, desk, "dsl")
    browser.open(desk.base + "/reports")
    charts = browser.count("figure[data-chart]")
    assert charts >= 4
    assert browser.count("figure[data-chart] canvas") == charts
    assert browser.count("figure[data-chart] table") == charts
    assert browser.errors == []


def test_an_emergency_block_stands_on_the_page_and_is_taken_back(desk, browser):
    sign_in(browser, desk, "technician")
    browser.open(desk.base + "/measures")
    browser.fill("#site", "surprise.example")
    browser.fill("#why", "seen in class")
    browser.click("button:has-text('Block for everyone now')")
    assert "surprise[.]example" in browser.text("main")
    assert problems(browser) == []
    browser.click("button:has-text('Take back')")
    assert "taken back" in browser.text("main")


def test_technicians_governors_and_administrators_meet_no_pupils_name(desk, browser):
    for role in ("technician", "governor", "administrator"):
        sign_in(browser, desk, role)
        for path in walk(browser, desk):
            browser.open(desk.base + path)
            page = browser.text("body")
            assert not [name for name in PUPILS if name in page], f"{role}: {path}"
        for path in ("/incidents", "/registers/access", "/privacy/views"):
            assert browser.open(desk.base + path)["status"] == 403, f"{role}: {path}"


def test_a_page_is_reported_without_signing_in_and_answered_by_the_technician(desk, browser):
    browser.open(desk.base + "/report?address=maths.example%2Fdice&kind=unsuitable")
    browser.fill("#said", "Not for Year 3 <script>alert(1)</script>")
    browser.click("button:has-text('Send')")
    assert "Thank you" in browser.text("main")
    assert problems(browser) == []
    sign_in(browser, desk, "technician")
    browser.open(desk.base + "/page-reports")
    browser.click("main table tbody tr:first-child a")
    assert "Not for Year 3 <script>alert(1)</script>" in browser.text("main")
    browser.select("#state", "changed")
    browser.fill("#answer", "Blocked for Key Stage 1")
    browser.click("button:has-text('Save')")
    assert "Blocked for Key Stage 1" in browser.text("main")


def test_the_desk_works_without_scripts(desk):
    with Browser(scripts=False) as browser:
        sign_in(browser, desk, "dsl")
        assert "What needs you now" in browser.text("main")
        browser.open(desk.base + "/reports")
        assert browser.count("figure table") >= 4
        browser.open(desk.base + "/episodes?urgency=2")
        episode = next(path for path in sorted(links(browser, desk)) if re.fullmatch(r"/episodes/[0-9a-f-]{36}", path))
        browser.open(desk.base + episode)
        browser.click("button:has-text('By accident')")
        assert "Recorded as Accidental" in browser.text("main")


def test_the_menu_is_one_row_on_a_laptop(desk, browser):
    for role in ACCOUNTS:
        sign_in(browser, desk, role)
        browser.screen(width=1280)
        tops = browser.do("tops", at=".govuk-service-navigation__item")["tops"]
        assert len(set(tops)) == 1, f"{role}: {tops}"


def test_an_error_in_a_fold_leads_to_its_field(desk, browser):
    sign_in(browser, desk, "dsl")
    browser.open(desk.base + "/incidents/new")
    browser.fill("#title", "Errors")
    browser.click("button:has-text('Open the incident')")
    browser.click("summary:has-text('Record an action')")
    browser.fill("#date", "2031-01-01")
    browser.fill("#who", "Ms Lead")
    browser.click("button:has-text('Record it')")
    assert browser.count("details[open] #how-error") == 1 or browser.count("details[open] #date-error") == 1
    assert problems(browser) == []
    browser.click(".govuk-error-summary__list a")
    assert problems(browser) == []


def test_episodes_are_ticked_and_acknowledged_together_by_group(desk, browser):
    sign_in(browser, desk, "deputy")
    for way in ("", "burst", "person"):
        browser.open(desk.base + f"/episodes?by={way}&state=new")
        assert problems(browser) == [], way
    browser.click("label[for=group-1]")
    browser.fill("#bulk_note", "Looked at together.")
    browser.click("button:has-text('They were for a lesson')")
    assert "each with your note" in browser.text("main")
    assert "by=person" in browser.url
    assert problems(browser) == []


def test_before_the_session_ends_the_page_warns_and_staying_keeps_it(desk, browser):
    sign_in(browser, desk, "dsl")
    browser.do("clock")
    browser.open(desk.base + "/incidents/new")
    browser.fill("#title", "Half written")
    assert browser.count("[data-session-ends]:visible") == 0
    browser.do("later", minutes=26)
    assert browser.count("[data-session-ends]:visible") == 1
    assert problems(browser) == []
    browser.click("button:has-text('Stay signed in')")
    wait_for(lambda: browser.count("[data-session-ends]:visible") == 0, "the gateway's answer")  # before the clock goes on
    browser.do("later", minutes=1)
    assert browser.count("[data-session-ends]:visible") == 0
    browser.do("later", minutes=25)
    assert browser.count("[data-session-ends]:visible") == 1
    assert browser.errors == []
