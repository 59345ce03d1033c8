"""A browser for the end-to-end tests: Debian's Chromium, headless, driven by drive.mjs through playwright-core.

    with Browser(folder) as browser:
        browser.open("https://127.0.0.1:9443/")
        browser.fill("#user", "amelia.hughes")
        browser.click("text=Sign in")
        assert browser.violations() == []

`folder` is where the build has put drive.mjs and node_modules: "browser" beside the schoolgate binary.
"""

import json
import os
import pathlib
import subprocess
from collections.abc import Sequence


def default_folder() -> pathlib.Path:
    return pathlib.Path(os.environ["SCHOOLGATE_BINARY"]).resolve().parent / "browser"


class BrowserFailed(AssertionError):
    pass


class Browser:
    def __init__(self, folder: pathlib.Path | None = None, *, scripts: bool = True, flags: str | Sequence[str] = "",
                 inside: Sequence[str] = (), environment: dict[str, str] | None = None):
        """`flags` for Chromium, a list where one of them holds a blank; `inside`: a command that runs it elsewhere, such as ("ip", "netns", "exec", "tablet")."""
        environment = dict(environment or os.environ, NO_SCRIPT="" if scripts else "1",
                           CHROMIUM_FLAGS=flags if isinstance(flags, str) else json.dumps(flags))
        self.errors: list[str] = []  # what pages wrote to the console as errors
        self.url = ""
        self._process = subprocess.Popen(
            [*inside, "node", "drive.mjs"],
            cwd=folder or default_folder(),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def do(self, deed: str, **more) -> dict:
        self._process.stdin.write(json.dumps({"do": deed, **more}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BrowserFailed(f"{deed}: the browser has ended")
        answer = json.loads(line)
        self.url = answer["url"]
        self.errors += answer["errors"]
        if "failed" in answer:
            raise BrowserFailed(f"{deed} {more}: {answer['failed']}")
        return answer

    def open(self, url: str) -> dict:
        return self.do("open", url=url)

    def fill(self, at: str, text: str) -> None:
        self.do("fill", at=at, **{"with": text})

    def select(self, at: str, value: str) -> None:
        self.do("select", at=at, **{"with": value})

    def check(self, at: str) -> None:
        self.do("check", at=at)

    def click(self, at: str) -> dict:
        return self.do("click", at=at)

    def press(self, key: str) -> None:
        self.do("press", key=key)

    def text(self, at: str = "body") -> str:
        return self.do("text", at=at)["text"]

    def html(self) -> str:
        return self.do("html")["html"]

    def count(self, at: str) -> int:
        return self.do("count", at=at)["count"]

    def cookies(self) -> list[dict]:
        return self.do("cookies")["cookies"]

    def screen(self, width: int = 1280, height: int = 900, *, dark: bool = False, for_print: bool = False) -> None:
        self.do("screen", width=width, height=height, dark=dark, print=for_print)

    def picture(self, path: pathlib.Path, *, full: bool = True) -> None:
        self.do("picture", path=str(path), full=full)

    def pdf(self, path: pathlib.Path) -> None:
        self.do("pdf", path=str(path))

    def violations(self) -> list[dict]:
        """What axe-core has against the page as it is (WCAG 2.2 AA and best practice)."""
        return self.do("axe")["violations"]

    def forget(self) -> None:
        """Another profile: no cookies, nothing remembered."""
        self.do("new")
