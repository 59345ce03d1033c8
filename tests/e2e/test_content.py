"""Pages on a site that no list knows, opened and read: a page about self-harm is replaced with help, a biology lesson is not.

curl is the client, which offers HTTP/2 where it can; the web site is a stand-in whose certificate the gateway trusts.
"""

import gzip
import subprocess

import pytest

from parts.inspected import curl, inspecting_school
from parts.school import PUPIL, STAFF
from parts.tls_origins import TlsOrigin
from parts.waiting import wait_for

POLICY = """
groups:
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/24"] }
    categories: { gambling: block, self-harm: block, suicide: block, pornography: block }
    unlisted: inspect
    content: { threshold: 60 }
  staff:
    title: Staff
    members: { networks: ["127.0.1.0/24"] }
    categories: { gambling: block }
fallback: pupils
"""

BAD = (
    "<html><head><title>diary</title></head><body><p>I want to hurt myself every night. Took apart a sharpener. "
    "How to hide cuts in PE? Nobody will see the scars under long sleeves.</p></body></html>"
).encode()
LESSON = (
    "<html><head><title>Human reproduction</title></head><body><p>Sperm are made in the testes. The penis and the vagina are parts of the "
    "reproductive system. Pupils will learn about puberty and fertilisation.</p></body></html>"
).encode()

CODERS = {
    "": lambda body: body,
    "gzip": gzip.compress,
    "zstd": lambda body: subprocess.run(["zstd", "-q", "-c"], input=body, stdout=subprocess.PIPE, check=True).stdout,
}


@pytest.fixture(scope="module")
def site(web_authority):
    server = TlsOrigin(web_authority[0].issue("unknown.example", "other.example").context())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def school(tmp_path_factory, web_authority, site, names):
    school = inspecting_school(tmp_path_factory.mktemp("content"), trust=web_authority[1], ports=[site.port], dns_port=names.port)
    school.files["policy.yaml"] = POLICY
    school.files["rules/school.yaml"] = "allow:\n  - { site: other.example }\n"
    school.files["hosts"] += "127.0.0.1 unknown.example other.example\n"
    school.start()
    yield school
    school.stop()


def offer(site, path: str, body: bytes, coding: str = "") -> None:
    fields = [("Content-Type", "text/html; charset=utf-8")] + ([("Content-Encoding", coding)] if coding else [])
    site.on(path)(lambda call: call.answer(CODERS[coding](body), *fields))


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("coding", list(CODERS))
def test_a_page_about_self_harm_is_replaced_with_help(school, site, coding, http):
    offer(site, "/diary", BAD, coding)
    answer = curl(school, f"https://unknown.example:{site.port}/diary", http=http, source=PUPIL)
    assert (answer.code, answer.status) == (0, 403)
    assert "Childline" in answer.body and "sharpener" not in answer.body
    record = wait_for(lambda: [one for one in school.attempts() if one["stage"] == "content"], "the record")[-1]
    assert record["site"] == "unknown.example" and record["category"] == "self-harm"
    assert record["reason"]["entry"].startswith("self-harm ") and "sharpener" not in str(record)


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_biology_lesson_passes_as_it_is(school, site, coding, http):
    offer(site, "/lesson", LESSON, coding)
    answer = curl(school, f"https://unknown.example:{site.port}/lesson", "--compressed", http=http, source=PUPIL)
    assert (answer.status, answer.body.encode()) == (200, LESSON)


def test_what_the_school_allows_and_who_has_no_pages_read(school, site, web_authority):
    offer(site, "/diary", BAD)
    for name, source in (("other.example", PUPIL), ("unknown.example", STAFF)):
        answer = curl(school, f"https://{name}:{site.port}/diary", authority=web_authority[1], source=source)
        assert answer.status == 200, "it is not opened"


def test_explain_says_why_it_is_opened(school, site):
    told = school.command("explain", f"https://unknown.example:{site.port}/", "--group", "pupils").stdout
    assert "unlisted: inspect" in told
