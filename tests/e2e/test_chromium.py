"""A real browser behind the explicit proxy."""

import os
import subprocess

import pytest

FLAGS = (
    "--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --ignore-certificate-errors --proxy-bypass-list=<-loopback> --dump-dom "
    "--virtual-time-budget=10000"
).split()

TUNNEL_CONNECTION_FAILED = -111  # what the browser calls a proxy's refusal of CONNECT


@pytest.fixture
def browse(school, tmp_path):
    def open_page(url: str, *more: str) -> str:
        """The page's DOM as the browser has it in the end."""
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        done = subprocess.run(
            ["chromium", *FLAGS, *root, *more, f"--user-data-dir={tmp_path}/profile", f"--proxy-server=http://127.0.0.1:{school.proxy}", url],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
        )
        return done.stdout

    return open_page


def test_an_allowed_page_loads(browse, web):
    assert "https GET allowed.example /lesson" in browse(f"https://allowed.example:{web.tls}/lesson")


def test_an_allowed_page_loads_over_http(browse, web):
    assert "http GET allowed.example /lesson" in browse(f"http://allowed.example:{web.http}/lesson")


def test_a_blocked_page_over_http_shows_the_block_page(browse, web):
    page = browse(f"http://blocked.example:{web.http}/")
    assert "Childline" in page and "http GET" not in page


def test_a_blocked_site_over_https_does_not_load(browse, web, tmp_path):
    before = len(web.requests())
    assert "https GET" not in browse(f"https://blocked.example:{web.tls}/", f"--log-net-log={tmp_path}/net.json")
    assert f'"net_error":{TUNNEL_CONNECTION_FAILED}' in (tmp_path / "net.json").read_text()
    assert len(web.requests()) == before
