"""What rules can do once they see addresses: searches, SafeSearch, tenants, wrapped addresses, downloads.

The search engines are stand-ins: their names lead to loopback, and the gateway is told to trust who vouches for them.
"""

import json

import pytest

from parts.inspected import H2Client, InspectedWire, authority_of, curl, inspecting_school
from parts.school import PUPIL, SEARCHER
from parts.tls_origins import TlsOrigin
from parts.waiting import wait_for
from parts.wire import Wire, connect

ENGINES = (
    "www.google.com google.com accounts.google.com forcesafesearch.google.com www.youtube.com restrict.youtube.com www.bing.com strict.bing.com "
    "duckduckgo.com safe.duckduckgo.com login.microsoftonline.com en-m-blocked-example.translate.goog translate.google.com web.archive.org"
)

TERMS = """
block:
  - { term: "how to make a bomb", category: gambling, why: "a phrase of ours" }
"""

POLICY = """
groups:
  searchers:
    title: Pupils with SafeSearch
    members: { networks: ["127.0.3.0/24"] }
    safe_search: true
    categories: { gambling: block }
  pupils:
    title: Pupils
    members: { networks: ["127.0.0.0/24"] }
    categories: { gambling: block, social-media: monitor }
    inspect: [social-media]
    search_terms: true
    tenants:
      google: [school.example]
      microsoft: { tenants: [school.example], context: 01234567-89ab-cdef-0123-456789abcdef }
    downloads: { block_extensions: [exe], block_types: [application/x-msdownload], max_size: 1MiB }
  visitors:
    title: Visitors, whose devices do not have the school's certificate
    members: { networks: ["127.0.5.0/24"] }
    categories: { gambling: block }
    certificate: false
fallback: pupils
"""


@pytest.fixture(scope="module")
def engines(web_authority):
    server = TlsOrigin(web_authority[0].issue(*ENGINES.split(), "forum.example", "social.example", "blocked.example").context())
    yield server
    server.stop()


@pytest.fixture(scope="module")
def school(tmp_path_factory, web_authority, engines, names):
    school = inspecting_school(tmp_path_factory.mktemp("rules"), trust=web_authority[1], ports=[engines.port], dns_port=names.port)
    school.files["policy.yaml"] = POLICY
    school.files["rules/terms.yaml"] = TERMS
    school.files["hosts"] += f"127.0.0.1 {ENGINES}\n"
    school.start()
    yield school
    school.stop()


def test_a_group_without_the_certificate_gets_its_refusal_to_connect(school, engines):
    """Never a 200 and a page inside, which its browsers could show a warning of a certificate for, and no more."""
    for source, status in (("127.0.0.1", 200), ("127.0.5.7", 403)):
        with Wire(school.proxy, source=source) as device:
            answer = device.ask(connect(f"blocked.example:{engines.port}"))
            assert answer.status == status, answer
            assert (b"Childline" in answer.body) == (status == 403)
    with InspectedWire(school, "forum.example", engines.port, source="127.0.5.7", authority=None) as device:
        assert "Test School" not in device.certificate.issuer.rfc4514_string(), "nor is what a rule is about opened"
    said = json.loads(school.command("explain", "https://blocked.example/", "--group", "visitors", "--json").stdout)
    assert (said["action"], said["inspect"], said["inspect_reason"]) == ("block", False, "no_certificate"), said
    assert "certificate: false" in school.command("explain", "https://forum.example/maths", "--group", "visitors").stdout


def asked(engines, path: str):
    """The last request that the stand-in got for this path."""
    return next(call for call in reversed(engines.calls) if call.target.split("?")[0] == path)


@pytest.mark.parametrize("http", ["1.1", "2"])
@pytest.mark.parametrize(
    "address",
    ["www.google.com/search?q=how+to+make+a+bomb", "www.google.com/search?q=HOW%20to%20M%C3%A4ke%20a,bomb&hl=en", "www.bing.com/search?q=how%20to%20make%20a%20bomb",
     "duckduckgo.com/?q=how+to+make+a+bomb&ia=web", "www.youtube.com/results?search_query=how+to+make+a+bomb"],
)
def test_a_search_for_a_blocked_phrase_is_refused(school, engines, address, http):
    host, _, path = address.partition("/")
    before = len(engines.calls)
    answer = curl(school, f"https://{host}:{engines.port}/{path}", http=http, source=PUPIL)
    assert (answer.code, answer.status) == (0, 403) and "Childline" in answer.body
    assert not [call for call in engines.calls[before:] if "bomb" in call.target]
    record = school.attempts()[-1]
    assert record["site"] == host and "how to make a bomb" in record["reason"]["rule"] + record["reason"]["entry"]


def test_other_searches_work(school, engines):
    for query in ("how+to+make+a+bath+bomb", "volcano", ""):
        assert curl(school, f"https://www.google.com:{engines.port}/search?q={query}", source=PUPIL).status == 200, query


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_safe_search_is_set_by_parameter_and_header(school, engines, http):
    assert curl(school, f"https://www.google.com:{engines.port}/search?q=volcano&safe=off&hl=en", http=http, source=SEARCHER).status == 200
    target = asked(engines, "/search").target
    assert "safe=active" in target and "safe=off" not in target and "q=volcano" in target and "hl=en" in target
    assert curl(school, f"https://www.youtube.com:{engines.port}/watch?v=1", "-H", "YouTube-Restrict: Off", http=http, source=SEARCHER).status == 200
    call = asked(engines, "/watch")
    assert [value for name, value in call.fields if name.lower() == "youtube-restrict"] == ["Strict"]


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_tenants_are_limited_by_header(school, engines, http):
    assert curl(school, f"https://accounts.google.com:{engines.port}/signin", "-H", "X-GoogApps-Allowed-Domains: gmail.com", http=http, source=PUPIL).status == 200
    assert [value for name, value in asked(engines, "/signin").fields if name.lower() == "x-googapps-allowed-domains"] == ["school.example"]
    assert curl(school, f"https://login.microsoftonline.com:{engines.port}/login", http=http, source=PUPIL).status == 200
    call = asked(engines, "/login")
    assert call.get("Restrict-Access-To-Tenants") == "school.example"
    assert call.get("Restrict-Access-Context") == "01234567-89ab-cdef-0123-456789abcdef"
    assert curl(school, f"https://accounts.google.com:{engines.port}/signin2", http=http, authority=authority_of(school), source=PUPIL).status == 200


@pytest.mark.parametrize(
    "address",
    ["translate.google.com/translate?u=https%3A%2F%2Fblocked.example%2F", "web.archive.org/web/2024/https://blocked.example/",
     "web.archive.org/web/20240101000000/http://forum.example/casino/"],
)
def test_an_address_inside_an_address_is_judged_too(school, engines, address):
    host, _, path = address.partition("/")
    before = len(engines.calls)
    assert curl(school, f"https://{host}:{engines.port}/{path}", http="2", source=PUPIL).status == 403
    assert len(engines.calls) == before
    assert curl(school, f"https://{host}:{engines.port}/elsewhere", http="2", source=PUPIL).status == 200


def test_a_category_can_be_looked_into(school, engines):
    with InspectedWire(school, "social.example", engines.port) as wire:
        assert wire.get("/feed").status == 200
    records = lambda: [record for record in school.attempts() if record["site"] == "social.example" and record["stage"] == "request"]
    record = wait_for(records, "the record")[0]
    assert record["action"] == "monitor" and "/feed" in record["url"]


@pytest.mark.parametrize("client", ["1.1", "2"])
@pytest.mark.parametrize(
    ("path", "fields", "size"),
    [
        ("/setup.exe", [("Content-Type", "application/octet-stream")], 10),
        ("/get?file=1", [("Content-Disposition", 'attachment; filename="game.EXE"')], 10),
        ("/page", [("Content-Type", "application/x-msdownload")], 10),
        ("/long", [("Content-Type", "video/mp4")], 2 * 1024 * 1024),
    ],
    ids=["extension", "saved as", "type", "size"],
)
def test_a_download_that_is_not_allowed(school, engines, client, path, fields, size):
    @engines.on(path.split("?")[0])
    def download(call):
        call.answer(b"MZ" * (size // 2), *fields)

    if client == "2":
        with H2Client(school, "forum.example", engines.port) as two:
            answer = two.get(path)
            assert two.get("/notes.txt").status == 200, "the connection must live on"
    else:
        with InspectedWire(school, "forum.example", engines.port) as one:
            answer = one.get(path)
    assert answer.status == 403 and b"MZMZ" not in answer.body and b"<html" in answer.body
    record = school.attempts()[-1]
    assert record["stage"] == "response" and record["site"] == "forum.example"
