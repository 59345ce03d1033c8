"""The papers, checked: what a page or a comment names is there, the contract names what the program has, and the English is plain."""

import pathlib
import posixpath
import re

import pytest
from test_architecture import ROOT, everything, name_of, read, report

PAGES = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))])
EVERY_PAGE = everything(".md")

# File names that stand for a file of the reader's, or of another project.
EXAMPLES = {
    *("a.cc", "b.cc", "a.html", "b.html", "a_test.cc", "x_fuzz.cc", "x.cc", "x.h", "x_test.cc"),  # how a function of CMake is called
    *("pupil.md", "staff.md", "visitor.md", "install-certificate.html"),  # a school's own files
    *("rules/maths.yaml", "rules/ks1.yaml", "rules/local.yaml", "mine.txt", "lists/bets.txt", "secure/watch.txt"),
    *("x.html", "modules/libpref/init/all.js", "browser/app/profile/firefox.js"),
    *("testssl.sh", "Chart.js", "chart.js", "STATS.tsv", "CATEGORIES.tsv", "expected.tsv", "lists/STATS.tsv"),
}
GENERATED = re.compile(r"embedded/\w+\.h|embedded_data\.cc|embedded_assets\.cc")
PLACEHOLDER = re.compile(r"(?:^|/)[A-Z_]+\b|(?:^|/)_\w+\.\w+$")  # tests/ROOM/NAME_test.cc, *_yaml.cc

FILE_NAME = re.compile(r"(?<![\w/.<>$~:{*-])((?:\.\./)*(?:[\w.-]+/)*[\w-]+\.(?:h|cc|py|md|txt|tsv|cmake|yaml|html|scss|mjs|js|sh))\b(?![\w(/=-]|\.\w)")
HEADING_OF = re.compile(r'(\b(?:docs/)?[\w-]+\.md),?\s+"([^"\n]+)"')
LINK = re.compile(r"\]\(([^)\s]+)\)")


def _files() -> tuple[set[str], set[str]]:
    paths = {name_of(path) for path in everything(".h", ".cc", ".py", ".md", ".txt", ".tsv", ".cmake", ".yaml", ".html", ".scss", ".mjs", ".js", ".sh")}
    return paths, {path.rsplit("/", 1)[-1] for path in paths}


FILES, NAMES = _files()
COMMENTS = {".h": "//", ".cc": "//", ".mjs": "//", ".js": "//", ".scss": "//", ".py": "#", ".cmake": "#", ".yaml": "#", ".txt": "#"}


def comments(name: str, text: str) -> list[tuple[int, str]]:
    """(line, text) of every comment; of a page, every line."""
    opening = COMMENTS.get(pathlib.PurePath(name).suffix)
    lines = enumerate(text.splitlines(), 1)
    if opening is None:
        return list(lines)
    begins = re.compile(rf"(?:^|\s){opening}")  # not the // of an address
    return [(number, line[match.start() :]) for number, line in lines if (match := begins.search(line))]


def headings(text: str) -> list[str]:
    in_code, found = False, []
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and (match := re.match(r"#{1,6} (.+)", line)):
            found.append(match[1].strip())
    return found


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def missing_files(name: str, text: str) -> list[str]:
    folder = pathlib.PurePosixPath(name).parent
    found = []
    for line, comment in comments(name, text):
        for file in FILE_NAME.findall(comment):
            known = file in FILES or posixpath.normpath((folder / file).as_posix()) in FILES or ("/" not in file and file in NAMES) or any(path.endswith("/" + file) for path in FILES)
            if not (known or file in EXAMPLES or GENERATED.fullmatch(file) or PLACEHOLDER.search(file)):
                found.append(f"{name}:{line}: there is no file {file}")
    return found


def missing_headings(name: str, text: str) -> list[str]:
    found = []
    for line, comment in comments(name, text):
        for page, heading in HEADING_OF.findall(comment):
            path = ROOT / "docs" / page.removeprefix("docs/")
            if path.is_file() and heading not in headings(read(path)):
                found.append(f"{name}:{line}: {page} has no heading \"{heading}\"")
    return found


def broken_links(name: str, text: str) -> list[str]:
    folder, found = (ROOT / name).parent, []
    for line, shown in enumerate(text.splitlines(), 1):
        for target in LINK.findall(re.sub(r"`[^`]*`", "", shown)):
            if "://" in target or target.startswith("mailto:"):
                continue
            file, _, part = target.partition("#")
            path = (folder / file).resolve() if file else ROOT / name
            if not path.exists():
                found.append(f"{name}:{line}: {target} leads nowhere")
            elif part and part not in map(anchor, headings(read(path))):
                found.append(f"{name}:{line}: {target}: no such heading")
    return found


# Pronouns that leave the reader to find out whom or what a sentence is about. `what` counts where a verb follows it.
VERB = r"(?:is|was|are|were|has|had|can|cannot|could|may|must|will|would|should|does not|did not|do not|came|comes|(?!this\b|always\b)\w{3,}(?:s|ed))"
INDEFINITE = re.compile(rf"\b(?:who|whoever|whom|nobody|somebody|whatever|what\s+{VERB})\b", re.I)
MOST_PER_100_WORDS = 0.6


def prose(text: str) -> str:
    """The page without code blocks and code spans."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return re.sub(r"`[^`]*`", "x", "\n".join(line for line in text.splitlines() if not line.startswith("    ")))


def indefinite_pronouns(name: str, text: str) -> list[str]:
    plain = prose(text)
    words, found = len(re.findall(r"[A-Za-z][\w'-]*", plain)), INDEFINITE.findall(plain)
    share = 100 * len(found) / max(words, 100)
    if share <= MOST_PER_100_WORDS:
        return []
    return [f"{name}: {share:.2f} indefinite pronouns per 100 words ({', '.join(sorted({' '.join(word.lower().split()) for word in found}))}); name the pupil, the client, the request"]


# --- the tests ---------------------------------------------------------------------------------------------------


def texts_with_comments() -> list[tuple[str, str]]:
    files = [path for path in everything(*COMMENTS, ".md") if not {"corpus", "seed", "bad"} & set(path.parts)]
    return [(name_of(path), read(path)) for path in files if path != pathlib.Path(__file__).resolve()]


def test_every_file_named_in_a_comment_or_a_page_exists():
    report([problem for name, text in texts_with_comments() for problem in missing_files(name, text)])


def test_every_heading_named_in_a_comment_or_a_page_exists():
    report([problem for name, text in texts_with_comments() for problem in missing_headings(name, text)])


def test_every_link_of_a_page_leads_somewhere():
    report([problem for path in EVERY_PAGE for problem in broken_links(name_of(path), read(path))])


def test_pages_name_their_subjects():
    report([problem for path in PAGES for problem in indefinite_pronouns(name_of(path), read(path))])


def test_the_contract_names_every_command():
    contract = read(ROOT / "docs/contract.md")
    names = [match for path in (ROOT / "app").glob("*_command*.cc") for match in re.findall(r'^(?:extern )?const Command k\w+\{(?:\.name = )?"([\w-]+)"', read(path), re.M)]
    assert len(names) > 15, "the pattern above no longer finds the commands"
    report([f"docs/contract.md, Commands: no `{name}`" for name in names if name not in ("key-holder", "answer-question") and f"`{name}" not in contract])


def test_the_contract_names_every_metric():
    contract = read(ROOT / "docs/contract.md")
    text = "".join(read(path) for path in sorted((ROOT / "app").glob("metrics*.cc")))
    names = set(re.findall(r'\b(?:family|total|one|results)\(\s*"([a-z_]+)"', text))
    assert len(names) > 40, "the pattern above no longer finds the metrics"
    report([f"docs/contract.md, Metrics: no `{name}`" for name in sorted(names) if not re.search(rf"`{name}\b", contract)])


def test_the_contract_names_every_key_of_the_configuration():
    contract = read(ROOT / "docs/contract.md")
    found = []
    for path in sorted((ROOT / "config").glob("*_yaml.cc")):
        keys = set(re.findall(r'\.(?:require|required|optional|find)\(\s*"([a-z_]+)"', read(path)))
        keys |= set(re.findall(r'read_\w+\(\w+, "([a-z_]+)", report', read(path)))
        found += [f"docs/contract.md, Configuration: no `{key}` ({name_of(path)})" for key in sorted(keys) if not re.search(rf"\b{key}\b", contract)]
    report(found)


# --- the checks can fail --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check, name, text",
    [
        (missing_files, "rules/judge.cc", "// see rules/no_such_file.h\n"),
        (missing_files, "docs/rules.md", "The table is `rules/data/no_such_table.txt`.\n"),
        (missing_headings, "rules/judge.cc", '// docs/contract.md, "No such heading"\n'),
        (broken_links, "docs/rules.md", "[here](no-such-page.md)\n"),
        (broken_links, "docs/rules.md", "[here](contract.md#no-such-heading)\n"),
        (indefinite_pronouns, "docs/rules.md", "Who comes late waits; nobody sees what was asked. " * 5),
    ],
)
def test_the_checks_find_what_they_look_for(check, name, text):
    assert check(name, text)


@pytest.mark.parametrize(
    "check, name, text",
    [
        (missing_files, "rules/judge.cc", "// see rules/judge.h and judge_test.cc\n"),
        (missing_headings, "rules/judge.cc", '// docs/contract.md, "Precedence"\n'),
        (broken_links, "docs/rules.md", "[here](contract.md#precedence)\n"),
        (indefinite_pronouns, "docs/rules.md", "A client that is late waits. The page says what to do next. " * 5),
    ],
)
def test_the_checks_leave_good_papers_alone(check, name, text):
    assert not check(name, text)
