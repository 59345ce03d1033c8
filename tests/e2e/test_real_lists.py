"""The shipped config/school on its first day with what publishers truly publish: SCHOOLGATE_DATA names the folder of test data.

Every list of config/school is served by a local HTTPS publisher in the form in which its publisher has it. In the end each
category that a group refuses is either protected, and then a listed site of it is refused at every entrance, or said not to be.
"""

import gzip
import json
import os
import pathlib
import re
import time

import pytest

from parts.list_server import ListServer
from parts.origins import make_certificates
from parts.school import School
from parts.waiting import wait_for

DATA = pathlib.Path(os.environ.get("SCHOOLGATE_DATA", "/nowhere")) / "lists"
SHIPPED = pathlib.Path(__file__).parents[2] / "config" / "school"
# Of the lists that are not UT1's: a real one in the same form.
OTHERS = {
    "/malware/hosts.txt": "malware/blp-ransomware.hosts.gz",
    "/phishing/adblock.txt": "formats/hagezi-fake.adblock.gz",
    "/adverts/dnsmasq.conf": "formats/hostsvn-dnsmasq.conf.gz",
}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real lists are not on this machine: set SCHOOLGATE_DATA")


def published(path: str) -> bytes:
    if path in OTHERS:
        return gzip.decompress((DATA / OTHERS[path]).read_bytes())
    return (DATA / path.removeprefix("/ut1/")).read_bytes()


@pytest.fixture(scope="module")
def school(tmp_path_factory, names):
    certificates = tmp_path_factory.mktemp("publisher")
    make_certificates(certificates, "localhost")
    publisher = ListServer(certificates)
    school = School(tmp_path_factory.mktemp("school"), dns_port=names.port, upstream=f'trust: ["{certificates / "authority.pem"}"]')
    school.files = {"schoolgate.yaml": school.files["schoolgate.yaml"], "hosts": "127.0.0.1 allowed.example\n"}
    for path in sorted(SHIPPED.rglob("*")):
        name = str(path.relative_to(SHIPPED))
        if path.is_file() and name not in ("schoolgate.yaml", "alerts.yaml"):
            school.files[name] = path.read_text()
    school.files["lists.yaml"] = school.files["lists.yaml"].replace("https://lists.example", publisher.url(""))
    for path in re.findall(r"https://localhost:\d+([^\"]+)\"", school.files["lists.yaml"]):
        publisher.files[path] = published(path)
    assert len(publisher.files) > 15
    school.start()
    yield school
    school.stop()
    publisher.stop()


def status_of(school) -> dict:
    time.sleep(0.5)
    return json.loads(school.command("status", "--json", check=None).stdout)


def test_every_category_is_protected_and_refuses_or_is_said_not_to_be(school):
    begun = time.monotonic()
    wait_for(lambda: all(line["state"] != "never" for line in status_of(school)["lists"]), "every list to be in force", deadline=600)
    print(f"all lists in force after {time.monotonic() - begun:.0f} s")
    rows = status_of(school)["protection"]
    protected = {(row["group"], row["category"]) for row in rows if row["state"] == "protected"}
    assert len({category for _, category in protected}) >= 12, rows
    told = school.command("status", check=None).stdout
    for row in rows:
        if row["state"] != "protected":
            assert row["category"] in told, row

    tried = json.loads(school.command("selftest", "--json", check=None).stdout)
    assert [probe for probe in tried["devices"] if not probe["as_expected"]] == []
    refused = {(probe["group"], probe["category"]) for probe in tried["devices"]}
    said = {(one["group"], one["category"]): one["why"] for one in tried["not_tried_devices"]}
    assert not protected - refused - set(said)
    print(f"{len(refused)} of {len(protected)} protected rows refused a listed site; not tried: {sorted(set(said.items()))}")
