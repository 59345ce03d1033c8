"""Category lists from their publisher to the pupil's screen: fetched, refused, rolled back, missing, stale."""

import datetime
import gzip
import io
import json
import os
import pathlib
import re
import tarfile
import zipfile

import pytest

from parts.list_server import ListServer
from parts.origins import make_certificates
from parts.waiting import wait_for
from parts.wire import fetch

# More than a hundred names, so that a change of their number says something.
MANY = "".join(f"bet-{number}.example\n" for number in range(200))

REMOTE = """
lists:
  - {{ name: bets, category: gambling, format: domains, source: "{url}", refresh: 24h }}
"""


@pytest.fixture(scope="module")
def publisher_certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("publisher")
    make_certificates(folder, "localhost")
    return folder


@pytest.fixture
def publisher(publisher_certificates):
    server = ListServer(publisher_certificates)
    yield server
    server.stop()


@pytest.fixture
def subscribed(new_school, publisher, publisher_certificates, mail):
    """A school, not started, whose gambling list is the publisher's /bets.txt and whose technician reads mail."""
    school = new_school(upstream=f'trust: ["{publisher_certificates / "authority.pem"}"]')
    publisher.files["/bets.txt"] = MANY + "bets.example\n"
    school.files["lists.yaml"] = REMOTE.format(url=publisher.url("/bets.txt"))
    school.files["alerts.yaml"] = ALERTS.format(port=mail.port)
    school.write()
    return school


ALERTS = """
recipients: {{ it: {{ email: it@school.example }} }}
mail: {{ server: "smtp://127.0.0.1:{port}", from: schoolgate@school.example }}
"""


def status_of(school, web, name: str) -> int:
    return fetch(school.proxy, f"http://{name}:{web.http}/").status


def states_of(school) -> dict:
    return {one["name"]: one for one in json.loads(school.command("lists status", "--json").stdout)["lists"]}


def a_mail_about(mail, words: str):
    def look():
        return next((one for one in mail.messages if words in one["Subject"] + one.get_body(("plain",)).get_content()), None)

    message = wait_for(look, f"a mail about {words!r}", deadline=60)
    assert message["To"] == "it@school.example"
    return message.get_body(("plain",)).get_content()


# --- fetching ------------------------------------------------------------------------------------------------------------


def test_a_list_comes_over_https_and_blocks(subscribed, publisher, web):
    said = subscribed.command("lists update").stdout
    assert re.search(r"bets +fetched", said) and "201 entries" in said
    subscribed.start()
    assert status_of(subscribed, web, "bets.example") == 403
    assert status_of(subscribed, web, "other.example") == 200
    publisher.files["/bets.txt"] += "other.example\n"
    done = subscribed.command("lists update")
    assert "is in force" in done.stderr, "the running gateway was not told"
    assert status_of(subscribed, web, "other.example") == 403


def test_a_list_without_news_is_not_sent_again(subscribed, publisher):
    subscribed.command("lists update")
    before = states_of(subscribed)["bets"]
    said = subscribed.command("lists update").stdout
    assert publisher.answers == [("/bets.txt", 200), ("/bets.txt", 304)]
    assert re.search(r"bets +unchanged", said) and "nothing has changed" in said
    after = states_of(subscribed)["bets"]
    assert after["obtained"] == before["obtained"] and after["checked"] > before["checked"]
    assert re.search(r"bets +fetched", subscribed.command("lists update", "--force", "bets").stdout)
    assert publisher.answers[-1] == ("/bets.txt", 200)


def test_the_gateway_fetches_by_itself_what_is_due(subscribed, publisher, web):
    subscribed.start()
    wait_for(lambda: status_of(subscribed, web, "bets.example") == 403, "the list to be fetched and in force", deadline=60)
    assert publisher.answers == [("/bets.txt", 200)]


def test_a_server_whose_authority_nobody_trusts(subscribed, publisher):
    text = subscribed.files["schoolgate.yaml"]
    subscribed.write(**{"schoolgate.yaml": re.sub(r"trust: \[.*\]", "trust: []", text)})
    done = subscribed.command("lists update", check=1)
    assert re.search(r"bets +left out .*certificate", done.stdout), done.stdout
    assert publisher.answers == []


# --- archives ----------------------------------------------------------------------------------------------------------------


def packed(files: dict[str, bytes], kind: str) -> bytes:
    """An archive as publishers make them: "tar.gz" or "zip"."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


# The form of UT1's archives: a folder of the category's name. With the folder of real lists, the publisher's own files.
def ut1_gambling() -> dict[str, bytes]:
    folder = pathlib.Path(os.environ.get("SCHOOLGATE_DATA", "/nowhere")) / "lists/gambling"
    if (folder / "domains.gz").exists():
        files = {name: gzip.decompress((folder / f"{name}.gz").read_bytes()) for name in ("domains", "urls")}
        files["domains"] += b"bets.example\n"
        files["urls"] += b"mixed.example/bets\n"
    else:
        files = {"domains": (MANY + "bets.example\n").encode(), "urls": b"mixed.example/bets\n"}
    return {f"gambling/{name}": text for name, text in (files | {"usage": b"black\n"}).items()}


def archived(school, publisher, kind: str, more: str) -> None:
    publisher.files[f"/gambling.{kind}"] = packed(ut1_gambling(), kind)
    source = publisher.url(f"/gambling.{kind}")
    school.write(**{"lists.yaml": f'lists:\n  - {{ name: bets, category: gambling, source: "{source}", {more} }}\n'})


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
@pytest.mark.parametrize("more", ["format: squidguard", "format: squidguard, member: gambling", "format: domains, member: gambling/domains"])
def test_a_publishers_archive_is_read_in_place(subscribed, publisher, web, kind, more):
    archived(subscribed, publisher, kind, more)
    said = subscribed.command("lists update").stdout
    assert re.search(r"bets +fetched +took gambling/domains", said), said
    subscribed.start()
    assert status_of(subscribed, web, "bets.example") == 403
    below = fetch(subscribed.proxy, f"http://mixed.example:{web.http}/bets/x").status
    assert (below == 403) == ("squidguard" in more), "the file of URLs is in the folder"
    assert status_of(subscribed, web, "other.example") == 200
    subscribed.command("reload")
    assert re.search(r"bets +unchanged", subscribed.command("lists update").stdout)
    assert not [one for one in subscribed.state.rglob("*") if one.name in ("domains", "urls", "usage")], "unpacked to disk"


def test_an_archive_where_one_file_is_meant_is_refused_with_what_it_holds(subscribed, publisher, web):
    subscribed.command("lists update")
    subscribed.start()
    archived(subscribed, publisher, "tar.gz", "format: domains")
    subscribed.command("reload", check=None)
    done = subscribed.command("lists update", check=1)
    assert re.search(r"is an archive .*member: NAME.*gambling/domains", done.stderr), done.stderr
    assert status_of(subscribed, web, "bets.example") == 403, "what was there goes on"


# --- what is refused -----------------------------------------------------------------------------------------------------

POISONED = {
    "page": "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in to go on</body></html>\n",
    "shrunk": "bet-1.example\nbet-2.example\n",
    "public suffix": MANY + "co.uk\n",
    "empty": "# nothing\n",
    "grown": "".join(f"bet-{number}.example\n" for number in range(3000)),
}


@pytest.mark.parametrize("poison", POISONED.values(), ids=POISONED.keys())
def test_a_poisoned_list_stays_out_and_the_last_good_one_serves(subscribed, publisher, web, poison):
    subscribed.command("lists update")
    subscribed.start()
    publisher.files["/bets.txt"] = poison
    done = subscribed.command("lists update", check=1)
    assert re.search(r"bets +kept +\S", done.stdout), done.stdout
    assert "refused (" in done.stderr
    subscribed.command("reload")
    assert status_of(subscribed, web, "bets.example") == 403
    assert states_of(subscribed)["bets"]["failures"] == 1
    publisher.files["/bets.txt"] = MANY + "bets.example\nother.example\n"
    subscribed.command("lists update")
    assert status_of(subscribed, web, "other.example") == 403
    assert states_of(subscribed)["bets"]["failures"] == 0


def test_an_exception_of_a_whole_suffix_opens_nothing_and_is_told(subscribed, publisher, web, mail):
    subscribed.write(**{"lists.yaml": REMOTE.format(url=publisher.url("/bets.adblock")).replace("domains", "adblock")})
    publisher.files["/bets.adblock"] = "".join(f"||{name}^\n" for name in (MANY + "bets.example").split()) + "@@||example^\n@@||co.uk^\n"
    done = subscribed.command("lists update", check=1)
    assert "is in force" in done.stdout, "what it lists counts"
    assert "2 of its own exceptions are not honoured" in done.stderr and "co.uk" in done.stderr, done.stderr
    subscribed.start()
    assert status_of(subscribed, web, "bets.example") == 403
    assert "tell its publisher" in a_mail_about(mail, "list exceptions not honoured: bets")
    assert states_of(subscribed)["bets"]["overruled"]


def test_a_list_that_its_own_exceptions_thin_out_is_refused(subscribed, publisher, web):
    subscribed.write(**{"lists.yaml": REMOTE.format(url=publisher.url("/bets.adblock")).replace("domains", "adblock")})
    listed = "".join(f"||{name.replace('.example', '.bets.example')}^\n" for name in MANY.split()) + "||bets.example^\n"
    publisher.files["/bets.adblock"] = listed
    subscribed.command("lists update")
    subscribed.start()
    publisher.files["/bets.adblock"] = listed + "||other.example^\n@@||bets.example^\n"
    assert "refused (shrunk)" in subscribed.command("lists update", check=1).stderr
    assert status_of(subscribed, web, "bets.example") == 403


def test_the_technician_gets_a_mail_when_the_gateway_refuses_a_list(subscribed, publisher, web, mail):
    subscribed.command("lists update")
    a_day_passes(subscribed)
    publisher.files["/bets.txt"] = POISONED["page"]
    subscribed.start()
    text = a_mail_about(mail, "list update failed")
    assert "bets" in text and "web page" in text
    assert status_of(subscribed, web, "bets.example") == 403


def a_day_passes(school) -> None:
    """For what the store knows of its lists: every one of them was asked for more than a day ago."""
    table = school.state / "lists/lists.tsv"
    then = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=25)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    table.write_text("".join("\t".join([name, then, then, *rest]) + "\n" for name, _fetched, _checked, *rest in lines))


def test_a_list_leaves_what_must_stay_reachable_alone_and_blocks_the_rest(subscribed, publisher, web):
    subscribed.command("lists update")
    subscribed.start()
    publisher.files["/bets.txt"] += "www.bbc.co.uk\nother.example\n"
    done = subscribed.command("lists update")
    assert re.search(r"bets +leaves alone +www\.bbc\.co\.uk +which it covers by +www\.bbc\.co\.uk", done.stdout), done.stdout
    assert status_of(subscribed, web, "other.example") == 403
    assert states_of(subscribed)["bets"]["left_alone"] == [
        {"site": "www.bbc.co.uk" + path, "entry": "www.bbc.co.uk"} for path in ("", "/bitesize", "/newsround", "/cbeebies")
    ]
    assert action_for(subscribed, "http://www.bbc.co.uk/") == "allow"
    refused = subscribed.command("lists update", "--accept", check=2)
    assert "name the lists" in refused.stderr
    assert "there is no list 'best'" in subscribed.command("lists update", "--accept", "best", check=2).stderr
    accepted = subscribed.command("lists update", "--accept", "bets").stdout
    assert re.search(r"bets +covers +www\.bbc\.co\.uk +as accepted", accepted), accepted
    assert action_for(subscribed, "http://www.bbc.co.uk/") == "block"


def action_for(school, address: str) -> str:
    return json.loads(school.command("explain", address, "--group", "pupils", "--json").stdout)["action"]


def test_a_local_list_that_shrank_keeps_its_last_content_and_everything_else_goes_on(new_school, web):
    school = new_school()
    school.files["lists/bets.txt"] = MANY + "bets.example\n"
    school.start()
    school.write(**{"lists/bets.txt": "other.example\n", "rules/more.yaml": "block: [ { site: third.example, category: gambling } ]\n"})
    checked = school.command("check", check=1)
    assert re.search(r"lists\.yaml:3:\d+: list 'bets' is refused \(shrunk: it has 1 entries and had 201\)", checked.stderr)
    done = school.command("reload")
    assert re.search(r"lists\.yaml:3:\d+: warning: list 'bets' is refused .*last good content stays", done.stdout), done.stdout
    assert status_of(school, web, "bets.example") == 403
    assert status_of(school, web, "third.example") == 403
    assert status_of(school, web, "other.example") == 200
    assert school.command("lists update", check=1).stderr.count("refused (shrunk)") == 1
    assert status_of(school, web, "bets.example") == 403
    school.command("lists update", "--accept", "bets")
    assert status_of(school, web, "bets.example") == 200 and status_of(school, web, "other.example") == 403
    school.command("reload")
    assert status_of(school, web, "other.example") == 403, "what was accepted is not refused again"


# --- going back ------------------------------------------------------------------------------------------------------------


def test_a_damaged_image_is_compiled_anew(subscribed, publisher, web):
    subscribed.command("lists update")
    images = sorted(subscribed.state.glob("lists/images/*.image"))
    whole = bytearray(images[-1].read_bytes())
    whole[len(whole) // 2] ^= 1
    images[-1].write_bytes(whole)
    assert "compiled anew" in subscribed.command("check").stderr
    subscribed.start()
    assert status_of(subscribed, web, "bets.example") == 403
    assert status_of(subscribed, web, "other.example") == 200


def test_a_rollback_holds_until_the_list_changes(subscribed, publisher, web):
    subscribed.command("lists update")
    publisher.files["/bets.txt"] += "other.example\n"
    subscribed.command("lists update")
    subscribed.start()
    assert status_of(subscribed, web, "other.example") == 403
    assert "in force again" in subscribed.command("lists rollback").stdout
    assert status_of(subscribed, web, "other.example") == 200
    assert status_of(subscribed, web, "bets.example") == 403
    subscribed.command("reload")
    assert status_of(subscribed, web, "other.example") == 200, "a reload undid the rollback"
    assert "rolled back" in subscribed.command("lists update", check=1).stderr
    assert status_of(subscribed, web, "other.example") == 200, "an update without news undid the rollback"
    publisher.files["/bets.txt"] += "games.example\n"
    subscribed.command("lists update")
    assert status_of(subscribed, web, "games.example") == 403


def test_a_rollback_without_anything_to_go_back_to(subscribed):
    subscribed.command("lists update")
    assert "no older list image" in subscribed.command("lists rollback", check=1).stderr


# --- sealed lists ----------------------------------------------------------------------------------------------------------

SEALED = """
lists:
  - {{ name: watch, category: child-abuse, format: urls, source: {source}, sealed: true, owner: Network manager,
      licence_holder: "Ashford Oaks", {more} }}
"""
SECRET = "hidden-word.example/secret-path\nsealed.example\n"


@pytest.fixture
def holder(new_school, mail):
    """A school, not started, that holds one sealed list in a file of its own."""
    school = new_school()
    school.files["alerts.yaml"] = ALERTS.format(port=mail.port)
    school.files["lists.yaml"] = SEALED.format(source="secure/watch.txt", more="")
    school.files["secure/watch.txt"] = SECRET
    school.write()
    return school


def test_status_tells_who_holds_a_sealed_list_and_nothing_of_it(holder):
    holder.command("lists update")
    words = holder.command("lists status").stdout
    for word in ("watch", "child-abuse", "Network manager", "Ashford Oaks", "never", "sealed"):
        assert word in words, words
    assert "secure" not in words and "hidden-word" not in words
    state = states_of(holder)["watch"]
    assert state["source"] == "sealed" and state["stale"] is False and state["last_test"] is None
    assert state["hosts"] + state["urls"] == 2


def test_a_missing_sealed_list_keeps_the_gateway_from_starting(holder):
    (holder.config / "secure/watch.txt").unlink()
    del holder.files["secure/watch.txt"]
    done = holder.command("run", check=1)
    assert re.search(r"lists\.yaml:3:\d+: ", done.stderr), done.stderr


def test_a_sealed_list_that_was_never_fetched_keeps_the_gateway_from_starting(subscribed, publisher):
    subscribed.write(**{"lists.yaml": SEALED.format(source=f'"{publisher.url("/watch.txt")}"', more="refresh: 12h")})
    done = subscribed.command("run", check=1)
    assert re.search(r"lists\.yaml:3:\d+: .*not been fetched", done.stderr), done.stderr
    publisher.files["/watch.txt"] = SECRET
    subscribed.command("lists update")
    subscribed.start()


def test_a_missing_sealed_list_may_serve_and_alarm(holder, web, mail):
    (holder.config / "secure/watch.txt").unlink()
    del holder.files["secure/watch.txt"]
    holder.write(**{"lists.yaml": SEALED.format(source="secure/watch.txt", more="if_missing: serve")})
    holder.start()
    assert status_of(holder, web, "allowed.example") == 200
    assert "watch" in a_mail_about(mail, "list missing: watch")


def test_a_sealed_list_that_goes_missing_goes_on_blocking(holder, web, mail):
    holder.write(**{"lists.yaml": SEALED.format(source="secure/watch.txt", more="if_missing: serve")})
    holder.start()
    assert status_of(holder, web, "sealed.example") == 403
    (holder.config / "secure/watch.txt").unlink()
    del holder.files["secure/watch.txt"]
    holder.command("reload")
    assert status_of(holder, web, "sealed.example") == 403


def test_a_stale_sealed_list_is_told(holder, web, mail):
    two_days_ago = datetime.datetime.now().timestamp() - 2 * 86400
    os.utime(holder.config / "secure/watch.txt", (two_days_ago, two_days_ago))
    holder.files.pop("secure/watch.txt")  # start() writes every file of `files`
    holder.start()
    text = a_mail_about(mail, "list stale: watch")
    assert "hidden-word" not in text and "secure" not in text
    assert states_of(holder)["watch"]["stale"] is True
    assert status_of(holder, web, "sealed.example") == 403, "a stale list blocks what it knows"


def test_the_text_of_a_sealed_list_is_nowhere(subscribed, publisher, web):
    publisher.files["/watch.txt"] = SECRET
    subscribed.write(**{"lists.yaml": SEALED.format(source=f'"{publisher.url("/watch.txt")}"', more="refresh: 12h")})
    subscribed.command("lists update")
    subscribed.start()
    assert status_of(subscribed, web, "sealed.example") == 403
    publisher.files["/watch.txt"] = POISONED["page"] + SECRET
    subscribed.command("lists update", check=1)
    said = subscribed.command("lists status").stdout + subscribed.command("lists status", "--json").stdout + subscribed.words()
    assert "hidden-word" not in said and "secret-path" not in said
    for path in subscribed.state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"hidden-word" not in data and b"secret-path" not in data, path
    assert (subscribed.state / "sealed.key").stat().st_mode & 0o777 == 0o600
