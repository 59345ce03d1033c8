"""Names that one file keeps to itself, checked: within a room none is declared twice.

The files of a room are compiled together (CMAKE_UNITY_BUILD in CMakePresets.json), so two helpers of one name would meet;
and two helpers of one name are mostly one helper that was written twice: share it, or name what differs.
"""

import collections
import re

import pytest
from cpp_shape import code_only
from test_architecture import ROOT, everything, name_of, read, report

VALUE = r"(?:constexpr|const|constinit|inline|static)\b[^;()=]*?[\s&*](k[A-Z]\w*)\s*(?:=|\{|\[|;)"
MORE_VALUES = r",\s*(k[A-Z]\w*)\s*(?:=|\{)"
TYPE = r"(?:struct|class|enum(?:\s+class)?)\s+(\w+)\b[^;(]*\{"
ALIAS = r"using\s+(\w+)\s*=\s*([^;]+);"
FUNCTION = r"(?!(?:return|using|struct|class|enum|namespace|template|TEST|INSTANTIATE)\b)(?=\S)[\w:<>,&* \[\]]*?[\w>&*\]] +[&*]?(\w+)\(((?:[^()]|\([^()]*\))*)\)[^;{}]*\{"
NOT_IN_A_LIBRARY = ("bench/", "tests/fuzz/", "tests/security/")


def unit_of(name: str) -> str:
    """The room whose library or test the file is compiled into."""
    parts = name.split("/")
    depth = 1 + (parts[0] == "tests") + ("proxy" in parts[:2])
    return "/".join(parts[:depth])


TEXT = r"std::string(?:_view)?|(?:std::filesystem|fs)::path|char\*"
NUMBER = r"(?:unsigned )?(?:int|char|long|double|bool|std::size_t|std::u?int\d+_t)"


def parameter_types(text: str) -> str:
    """'const std::string& a, int b = 3' -> 'text,number': what tells two overloads apart. Types that become each other by
    themselves are one: a call may mean either of two such overloads."""
    kinds = []
    for part in re.split(r",(?![^<]*>)", text):
        written = re.sub(r"\s*\b\w+\s*(?:=.*)?$", "", part.strip()) if " " in part.strip() else part.strip()
        bare = re.sub(r"\bconst\b|[&\s]", "", written)
        kinds.append("text" if re.fullmatch(TEXT, bare) else "number" if re.fullmatch(NUMBER.replace(" ", ""), bare) else written)
    return ",".join(kinds)


def local_names(text: str) -> dict[str, str]:
    """What the unnamed namespaces of a file declare at their outermost level: the name -> the same where it may be repeated."""
    found = {}
    for unnamed in re.findall(r"^namespace \{\n(.*?)^\}  // namespace$", text, re.M | re.S):
        part = code_only(unnamed)
        outermost = re.sub(r"\n[ \t}\])][^\n]*", "\n", "\n" + part)
        for alias, type_name in re.findall(r"^" + ALIAS, outermost, re.M):
            found[alias] = type_name
        for line in outermost.split("\n"):
            if value := re.match(VALUE, line):
                found.update((name, "") for name in [value[1], *re.findall(MORE_VALUES, line)])
        found.update((name, "") for name in re.findall(r"^" + TYPE, outermost, re.M))
        for name, parameters in re.findall(r"^" + FUNCTION, part, re.M):
            found[f"{name}({parameter_types(parameters)})"] = ""
    return found


def repeated(files: dict[str, str]) -> list[str]:
    """'path and path: name' of what two files of one unit declare for themselves."""
    units = collections.defaultdict(lambda: collections.defaultdict(list))
    for name, text in files.items():
        for declared, same in local_names(text).items():
            units[unit_of(name)][declared].append((name, same))
    return [
        f"{' and '.join(where for where, _ in places)}: both declare {declared}: share it, or name what differs"
        for unit in units.values()
        for declared, places in unit.items()
        if len(places) > 1 and len({same or where for where, same in places}) > 1
    ]


PUBLIC_FUNCTION = r"^(?:\[\[nodiscard\]\] )?(?=\S)(?!(?:return|using|struct|class|enum|namespace)\b)[\w:<>,&* \[\]]+?[\w>&*\]] +[&*]?(\w+)\("


def hidden(headers: dict[str, str], files: dict[str, str]) -> list[str]:
    """Of functions that hide one of their room's headers or of room base: the files that are compiled with them would not
    find it, or would call the wrong one, unseen."""
    public = collections.defaultdict(set)
    for name, text in headers.items():
        public[unit_of(name)].update(re.findall(PUBLIC_FUNCTION, code_only(text), re.M))
    return [
        f"{name}: {declared} hides one of {name_of_room}'s headers: use that one, or name it by what differs"
        for name, text in files.items()
        for declared in local_names(text)
        for name_of_room in {"base", unit_of(name)}
        if "(" in declared and declared.partition("(")[0] in public[name_of_room]
    ]


def sources_by_name(suffix: str) -> dict[str, str]:
    return {name_of(path): read(path) for path in everything(suffix) if not name_of(path).startswith(NOT_IN_A_LIBRARY)}


def test_no_helper_of_a_file_hides_a_public_function():
    report(hidden(sources_by_name(".h"), sources_by_name(".cc")))


def test_a_helper_that_hides_a_public_function_is_found():
    base = {"base/ascii.h": "[[nodiscard]] constexpr std::string_view trimmed(std::string_view text);\nstruct A {\n  int shown(int a);\n};\n"}
    file = "namespace {{\n\nstd::string {}(std::string_view text) {{\n  return 1;\n}}\n\n}}  // namespace\n"
    assert hidden(base, {"rules/a.cc": file.format("trimmed")})
    assert not hidden(base, {"rules/a.cc": file.format("shown")})
    assert hidden({"rules/b.h": "int trimmed();\n"}, {"rules/a.cc": file.format("trimmed")})
    assert not hidden({"config/b.h": "int trimmed();\n"}, {"rules/a.cc": file.format("trimmed")})


def test_no_two_files_of_a_room_keep_a_helper_of_one_name():
    report(repeated(sources_by_name(".cc")))


A = "namespace x {\nnamespace {\n\nconstexpr int kMost = 3, kLeast = 1;\nusing Kind = A::Kind;\n\nstruct Row {\n  int a;\n};\n\nint size_of(const std::string& text, int most = 3) {\n  return 1;\n}\n\n}  // namespace\n}\n"


@pytest.mark.parametrize(
    "other",
    ["constexpr auto kMost = 4;\n", "constexpr auto kFirst = 4, kLeast = 2;\n", "using Kind = B::Kind;\n", "struct Row {\n};\n", "int size_of(const std::string& of, int m) {\n  return 2;\n}\n"],
)
def test_the_check_finds_what_it_looks_for(other):
    assert len(repeated({"rules/a.cc": A, "rules/b.cc": "namespace {\n\n" + other + "\n}  // namespace\n"})) == 1
    assert not repeated({"rules/a.cc": A, "config/b.cc": "namespace {\n\n" + other + "\n}  // namespace\n"})


@pytest.mark.parametrize(
    "other", ["using Kind = A::Kind;\n", "int size_of(std::string_view text) {\n  return 2;\n}\n", "int f() {\n  constexpr int kMost = 2;\n  return kMost;\n}\n", "struct Row;\n"]
)
def test_the_check_leaves_good_code_alone(other):
    assert not repeated({"rules/a.cc": A, "rules/b.cc": "namespace {\n\n" + other + "\n}  // namespace\n"})
