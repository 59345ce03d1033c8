"""Photographs the desk for docs/images: SCHOOLGATE_BINARY=build/release/schoolgate desk_pictures.py FOLDER."""

import pathlib
import re
import sys
import tempfile

from browser.browser import Browser
from test_desk_pages import Desk, links, sign_in


def photograph(desk: Desk, browser: Browser, folder: pathlib.Path) -> None:
    sign_in(browser, desk, "dsl")
    episode = next(path for path in sorted(links(browser, desk)) if re.fullmatch(r"/episodes/[0-9a-f-]{36}", path))
    for name, path in (("home", "/"), ("episode", episode), ("slip", episode + "/slip"), ("reports", "/reports"),
                       ("measures", "/measures"), ("checks", "/checks"), ("limits", "/checks/limits")):
        browser.screen()
        browser.open(desk.base + path)
        browser.picture(folder / f"desk-{name}.png", full=name not in ("reports", "measures"))
    browser.screen(dark=True)
    browser.open(desk.base + "/")
    browser.picture(folder / "desk-home-dark.png", full=False)
    browser.screen(width=390, height=844)
    browser.open(desk.base + episode)
    browser.picture(folder / "desk-episode-phone.png", full=False)
    browser.screen()
    browser.open(desk.base + "/incidents/new?episode=" + episode.rsplit("/", 1)[1])
    browser.click("button:has-text('Open the incident')")
    browser.picture(folder / "desk-incident.png")
    browser.open(desk.base + "/report")
    browser.picture(folder / "desk-report-a-page.png")
    browser.forget()
    browser.open(desk.base + "/sign-in")
    browser.picture(folder / "desk-sign-in.png")
    sign_in(browser, desk, "governor")
    browser.open(desk.base + "/governors")
    browser.picture(folder / "desk-governors.png", full=False)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, Browser() as driver:
        school = Desk(pathlib.Path(state))
        photograph(school, driver, target)
        school.stop()
