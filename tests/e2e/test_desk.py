"""From a blocked page to the closed incident, with the real gateway: the mail arrives, its link leads to the episode, a block for
everyone is in force in two seconds."""

import re
import subprocess
import time

import pytest

from browser.browser import Browser
from parts.ports import free_port
from parts.school import STAFF
from parts.waiting import listens, wait_for
from parts.wire import fetch

PASSWORD = "winter kettle orbit"


@pytest.fixture
def desk(new_school, mail, web):
    """A gateway with a desk: its address is `school.desk`."""
    school = new_school()
    port = free_port()
    school.desk = f"https://127.0.0.1:{port}"
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(
        "  metrics:", f'  console: "127.0.0.1:{port}"\n  metrics:')
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace("site: {", 'site: { contact: "the office, extension 21",')
    school.files["alerts.yaml"] = f"""
recipients:
  dsl: {{ email: dsl@school.example }}
mail: {{ server: "smtp://127.0.0.1:{mail.port}", from: schoolgate@school.example, user: , password_file: }}
console: "{school.desk}"
routes:
  - {{ urgency: 1, send: now, to: [dsl] }}
"""
    school.start(ready=lambda: listens(school.proxy) and listens(port))
    for user, name, role in (("d.lead", "Dee Lead", "dsl"), ("t.ech", "Tom Ech", "technician"), ("g.overnor", "Grace Overnor", "governor")):
        school.command("user", "add", user, "--name", name, "--role", role, input=PASSWORD + "\n")
    return school


def sign_in(browser, user):
    browser.fill("#user", user)
    browser.fill("#password", PASSWORD)
    browser.click("main button[type=submit]:has-text('Sign in')")


def test_from_the_blocked_page_to_the_closed_incident(desk, web, mail, tmp_path):
    assert fetch(desk.proxy, f"http://blocked.example:{web.http}/poker").status == 403
    asked = time.monotonic()
    wait_for(lambda: mail.messages, "the mail")
    print(f"mail {time.monotonic() - asked:.2f} s after the block page")
    text = mail.messages[0].get_body(("plain",)).get_content()
    link = re.search(re.escape(desk.desk) + r"/episodes/\S+", text).group()
    with Browser() as browser:
        browser.open(link)
        assert "/sign-in" in browser.url
        sign_in(browser, "d.lead")
        assert browser.url == link
        page = browser.text("main")
        assert "blocked[.]example" in page and "Gambling" in page
        assert browser.violations() == []
        browser.click("button:has-text('Acknowledge')")
        browser.click("a:has-text('Start an incident')")
        browser.fill("#title", "Betting site in the library")
        browser.click("button:has-text('Open the incident')")
        incident = browser.url.split("?")[0]
        browser.select("#assessment", "accidental")
        browser.click("button:has-text('Save the assessment')")
        browser.open(incident + "/letter")
        browser.click("button:has-text('Write a draft')")
        assert browser.count("#letter") == 1
        browser.open(incident)
        browser.fill("#outcome", "Talked about it.")
        browser.click("button:has-text('Close the incident')")
        assert "Talked about it." in browser.text("main")
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.cookies())
        assert browser.errors == []
    pdf = tmp_path / "record.pdf"
    subprocess.run(["curl", "-sSfk", "-b", cookies, "-o", pdf, incident + "/record.pdf"], check=True)
    words = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "Betting site in the library" in words and "Talked about it." in words


def test_from_the_blocked_page_to_the_answered_report(desk, web):
    with Browser(flags=f"--proxy-server=http://127.0.0.1:{desk.proxy}") as browser:
        assert browser.open(f"http://blocked.example:{web.http}/poker?pupil=jo")["status"] == 403
        assert "the office, extension 21" in browser.text("main")
        number = browser.text(".number b")
        browser.click("a:has-text('Tell the school')")
        assert browser.url.startswith(desk.desk + "/report?")
        assert browser.count(f"#address[value='http://blocked.example:{web.http}/poker']") == 1
        assert browser.violations() == []
        browser.fill("#said", "We need it for a lesson on chance.")
        browser.click("main button:has-text('Send')")
        reference = browser.text(".govuk-panel strong")
    with Browser() as browser:
        browser.open(desk.desk + "/page-reports")
        sign_in(browser, "t.ech")
        browser.click(f"a:has-text('{reference}')")
        page = browser.text("main")
        assert number in page and "blocked[.]example" in page and "a lesson on chance" in page and "pupil=jo" not in page
        browser.select("#state", "declined")
        browser.fill("#answer", "It is a betting site.")
        browser.click("main button[type=submit]")
        assert "It is a betting site." in browser.text("main")


def test_the_filter_is_tried_from_the_desk_and_nobody_is_alarmed(desk, mail):
    with Browser() as browser:
        browser.open(desk.desk + "/checks")
        sign_in(browser, "d.lead")
        browser.click("button:has-text('Try the filter now')")
        wait_for(lambda: browser.open(desk.desk + "/checks") and "d.lead selftest" in " ".join(browser.text("main").split()), "the outcome")
        browser.click("table:has-text('Action taken') a")
        page = browser.text("main")
        assert "explicit proxy" in page and "blocked[.]example" in page
        browser.open(desk.desk + "/episodes")
        assert "blocked[.]example" not in browser.text("main")
        assert browser.violations() == []
    assert desk.command("selftest").returncode == 0
    # A real breach after it: the first mail is about that, so there was none about the test.
    assert fetch(desk.proxy, "http://adult.example/").status == 403
    wait_for(lambda: mail.messages, "the mail")
    assert "/episodes/" in mail.messages[0].get_body(("plain",)).get_content()
    records = desk.command("breaches export").stdout.splitlines()
    tried = [record for record in records if '"confidence":"selftest"' in record]
    assert tried and all('"episode":""' in record for record in tried)
    assert [record for record in records if record not in tried and "adult.example" in record]
    assert len(records) == len(tried) + 1
    assert len(mail.messages) == 1


def test_a_block_for_everyone_is_in_force_in_two_seconds_and_taken_back(desk, web):
    url = f"http://allowed.example:{web.http}/"
    assert fetch(desk.proxy, url, source=STAFF).status == 200
    with Browser() as browser:
        browser.open(desk.desk + "/measures")
        sign_in(browser, "t.ech")
        browser.fill("#site", "allowed.example")
        browser.fill("#why", "seen in class")
        pressed = time.monotonic()
        browser.click("button:has-text('Block for everyone now')")
        assert fetch(desk.proxy, url, source=STAFF).status == 403
        assert time.monotonic() - pressed < 2
        browser.fill("main form[action$='/close'] input[name=why]", "it was a mistake")
        browser.click("button:has-text('Take back')")
        assert fetch(desk.proxy, url, source=STAFF).status == 200


def test_the_first_account_is_made_with_the_link_that_is_printed_once(new_school):
    school = new_school()
    port = free_port()
    school.files["schoolgate.yaml"] = school.files["schoolgate.yaml"].replace(
        "  metrics:", f'  console: "127.0.0.1:{port}"\n  metrics:')
    school.start(ready=lambda: listens(school.proxy) and listens(port))
    wait_for(lambda: "/set-up/" in school.words(), "the link")
    path = re.search(r"/set-up/[\w-]+", school.words()).group()
    with Browser() as browser:
        browser.open(f"https://127.0.0.1:{port}{path}")
        browser.fill("#user", "a.dmin")
        browser.fill("#name", "Ada Min")
        browser.fill("#password", PASSWORD)
        browser.fill("#password_again", PASSWORD)
        browser.click("button:has-text('Save and go on')")
        sign_in(browser, "a.dmin")
        assert "Ada Min, Administrator" in browser.text("header")
        assert browser.open(f"https://127.0.0.1:{port}{path}")["status"] == 404
        # A governor's account: made without anybody knowing its password.
        browser.open(f"https://127.0.0.1:{port}/accounts")
        browser.fill("#user", "g.overnor")
        browser.fill("#name", "Grace Overnor")
        browser.select("#role", "governor")
        browser.click("button:has-text('Make the account')")
        link = re.search(r"https://\S+/set-up/[\w-]+", browser.text("main")).group()
        browser.forget()
        browser.open(link)
        browser.fill("#password", PASSWORD)
        browser.fill("#password_again", PASSWORD)
        browser.click("button:has-text('Save and go on')")
        sign_in(browser, "g.overnor")
        assert browser.open(f"https://127.0.0.1:{port}/governors")["status"] == 200
        assert browser.open(f"https://127.0.0.1:{port}/episodes")["status"] == 403
