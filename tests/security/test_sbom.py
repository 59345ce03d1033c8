"""The bill of materials of this build: well formed, complete, and the same each time."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY, BUILD = os.environ["SCHOOLGATE_BINARY"], os.environ["SCHOOLGATE_BUILD"]
EXPRESSION = re.compile(r"(\(|\)|\bAND\b|\bOR\b|[A-Za-z0-9.-]+)|\s+")


def made() -> str:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.run([ROOT / "packaging/make-sbom", BINARY, BUILD], capture_output=True, text=True, check=True, env=environment).stdout


@pytest.fixture(scope="module")
def text() -> str:
    return made()


@pytest.fixture(scope="module")
def document(text) -> dict:
    return json.loads(text)


@pytest.fixture(scope="module")
def packages(document) -> dict[str, dict]:
    return {package["name"]: package for package in document["packages"]}


def test_it_is_spdx_2_3(document):
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0" and document["SPDXID"] == "SPDXRef-DOCUMENT"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", document["documentNamespace"])
    assert document["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    assert all(re.match(r"(Organization|Tool|Person): \S", creator) for creator in document["creationInfo"]["creators"])


def test_every_element_has_an_id_of_its_own_and_every_relation_two_ends(document):
    ids = ["SPDXRef-DOCUMENT", *(element["SPDXID"] for element in document["packages"] + document["files"])]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in ids)
    ends = {end for relation in document["relationships"] for end in (relation["spdxElementId"], relation["relatedSpdxElement"])}
    assert ends == set(ids)


def test_every_package_says_what_the_format_asks(document):
    for package in document["packages"]:
        assert {"name", "SPDXID", "downloadLocation", "licenseConcluded", "licenseDeclared", "copyrightText"} <= package.keys()
        assert package["versionInfo"] and package["filesAnalyzed"] is False


def test_licences_are_expressions_whose_names_are_known(document):
    quoted = {info["licenseId"] for info in document["hasExtractedLicensingInfos"]}
    for package in document["packages"]:
        expression = package["licenseDeclared"]
        assert "".join(match[0] for match in EXPRESSION.finditer(expression)) == expression
        assert expression.count("(") == expression.count(")")
        assert {word for word in re.findall(r"LicenseRef-[A-Za-z0-9.-]+", expression)} <= quoted
    unknown = [package["name"] for package in document["packages"] if package["licenseDeclared"] == "NOASSERTION"]
    assert len(unknown) < len(document["packages"]) / 2, unknown


def test_every_linked_library_is_in_it(packages):
    needed = re.findall(r"NEEDED.*\[(.+?)\]", subprocess.run(["llvm-readelf-19", "--dynamic", BINARY], capture_output=True, text=True, check=True).stdout)
    linked = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
    assert len(needed) > 10
    for library in needed:
        path = re.search(rf"{re.escape(library)}(?: => (\S+))? \(", linked)
        found = os.path.realpath(path[1] or library)
        owner = subprocess.run(["dpkg", "-S", "*/" + os.path.basename(found)], capture_output=True, text=True).stdout
        assert any(line.split(":")[0] in packages for line in owner.splitlines()), f"{library} ({found}) of {owner}"


def test_what_came_in_through_headers_is_in_it(packages):
    assert any(name.startswith("libboost") for name in packages)
    assert "libstdc++-12-dev" in packages or any(name.startswith("libstdc++-") for name in packages)


def test_versions_are_those_installed(packages):
    for name in ("libssl3", "libssl3t64"):
        if name in packages:
            installed = subprocess.run(["dpkg-query", "-W", "-f=${Version}\\n", name], capture_output=True, text=True, check=True).stdout
            assert packages[name]["versionInfo"] in installed.splitlines()
            return
    pytest.fail("OpenSSL is in none of the packages")


def test_the_pages_are_pinned_and_in_it(packages):
    lock = ROOT / "web/assets/package-lock.json"
    if not lock.is_file():
        assert not (ROOT / "web/assets/package.json").exists(), "packages without a lock file"
        return
    for place, entry in json.loads(lock.read_text())["packages"].items():
        if place:
            assert entry.get("integrity", "").startswith("sha512-") and entry["version"], place
            assert place.rsplit("node_modules/", 1)[-1] in packages


def test_the_same_build_gives_the_same_document(text):
    assert made() == text
