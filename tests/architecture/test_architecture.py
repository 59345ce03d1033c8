"""The plan of the house, checked: who may include whom, which library lives where, and a few laws that grep can see.

The tables are the plan (docs/architecture.md explains it). Changing one is a design decision: do it on purpose, in a
commit that says why, never to make a red test green.
"""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Room -> rooms (or single headers) of ours that it may include besides itself.
ARROWS = {
    "base": set(),
    "names": {"base"},
    "blocklists": {"names", "base"},
    "rules": {"blocklists", "names", "base"},
    "content": {"rules", "blocklists", "names", "base"},
    "config": {"rules", "blocklists", "casework/alerts/alert_settings.h", "casework/forwarding/forward_settings.h", "identity/identity_settings.h", "names", "base"},
    "store": {"base"},
    "backup": {"base"},
    "breaches": {"store", "rules", "names", "base"},
    "casework": {"breaches", "store", "rules", "names", "base"},
    "changes": {"config", "breaches", "store", "rules", "blocklists", "names", "base"},
    "identity": {"store", "rules", "names", "base"},
    "proxy/net": {"names", "base"},
    "proxy/tls": {"proxy/net", "names", "base"},
    "proxy/http": {"proxy/net", "names", "base"},
    "proxy/flow": {"rules", "content", "breaches", "proxy/net", "proxy/tls", "proxy/http", "names", "base"},
    "web": {"names", "base"},
    "portal": {"identity", "web", "rules", "names", "base"},
    "console": {"casework", "changes", "breaches", "identity", "web", "rules", "names", "base"},
}
ARROWS["app"] = set(ARROWS)  # the composition root
ROOMS = tuple(ARROWS)

# How a third-party header is recognised -> rooms (or single files) that may include it.
LIBRARIES = {
    r"boost/asio": {"proxy/net", "proxy/tls", "proxy/http", "proxy/flow", "web", "app"},
    r"boost/beast": {"web"},
    r"nghttp2/": {"proxy/http"},
    r"boost/(?!asio|beast|system)": set(),
    r"ares": {"proxy/net"},
    r"openssl/": {"proxy/tls", "web/tls.cc", "web/pem.cc", "web/pem.h", "web/own_certificate.cc", "identity/message_digest.cc", "base/digest.cc", "base/seal.cc", "base/signature.cc"},
    r"re2/": {"rules", "blocklists"},  # the school's own patterns, and those of lists
    r"date/": {"rules"},
    r"yaml-cpp/": {"config"},
    r"sqlite3": {"store"},
    r"curl/": {"blocklists", "casework"},
    r"zlib": {"blocklists", "content"},
    r"libpsl": {"blocklists"},
    r"brotli/|zstd|unicode/|hs/": {"content"},
    r"idn2": {"names"},
    r"ldap\.h|lber\.h": {"identity"},
    r"gssapi": {"identity"},
    r"argon2": {"identity"},
    r"mustache|nlohmann": {"web"},
    r"pango|cairo": {"console"},
    r"qrencode": {"console"},
    r"git2": {"changes"},
    r"seccomp": {"proxy/net"},
}

# Headers that the build makes out of data files.
GENERATED = re.compile(r"embedded/\w+\.h|ech_fronts\.inc")

# Headers that only Linux has live in one folder, behind functions that say what they do.
LINUX_ONLY = re.compile(r"linux/|sys/(epoll|eventfd|signalfd|timerfd|sendfile|inotify|prctl)\.h")
LINUX_FOLDER = "proxy/net/linux"

LONG_FILE = 600
REASON_FOR_LENGTH = "Why this file is long"


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(name: str) -> str | None:
    return next((room for room in ROOMS if name.startswith(room + "/")), None)


def sources(*suffixes: str) -> list[pathlib.Path]:
    """Our C++ files that make the product, room by room."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in (suffixes or (".h", ".cc")))


def everything(*suffixes: str) -> list[pathlib.Path]:
    """Every text file of the project with such a suffix, wherever it lies."""
    skipped = {"build", ".git", "node_modules"}
    tops = [top for top in ROOT.iterdir() if top.name not in skipped]
    files = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top])]
    return sorted(path for path in files if path.is_file() and path.suffix in suffixes)


def includes(text: str) -> list[tuple[int, str, str]]:
    """(line, opening character, header) of every #include."""
    pattern = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
    return [(number, *match.groups()) for number, line in enumerate(text.splitlines(), 1) if (match := pattern.match(line))]


def code_only(text: str) -> str:
    """The text with comments and literals blanked, so that words in them are no code; lines keep their numbers."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


# --- the checks: each returns what it found, so that the tests below can also show that it finds something -----------


def wrong_arrows(name: str, text: str) -> list[str]:
    room = room_of(name)
    allowed = ARROWS[room] | {room}
    found = []
    for line, _, header in includes(text):
        other = room_of(header)
        if other and other not in allowed and header not in allowed:
            found.append(f"{name}:{line}: {room} may not include {header}")
    return found


def strange_libraries(name: str, text: str) -> list[str]:
    found = []
    for line, _, header in includes(text):
        for pattern, homes in LIBRARIES.items():
            if re.match(pattern, header) and room_of(header) is None and room_of(name) not in homes and name not in homes:
                found.append(f"{name}:{line}: <{header}> lives in {', '.join(sorted(homes)) or 'no room'}")
        if LINUX_ONLY.match(header) and not name.startswith((LINUX_FOLDER, "app/")):
            found.append(f"{name}:{line}: <{header}> is Linux's alone: it belongs in {LINUX_FOLDER}")
    return found


def includes_not_from_the_root(name: str, text: str) -> list[str]:
    return [
        f"{name}:{line}: \"{header}\" is not a path from the root"
        for line, opening, header in includes(text)
        if opening == '"' and not (ROOT / header).is_file() and not GENERATED.fullmatch(header)
    ]


def risky_awaits(name: str, text: str) -> list[str]:
    """Temporaries with braces, and lambdas with captures, inside a co_await expression.

    Compilers have destroyed such temporaries twice or too early; a named variable before the co_await costs nothing.
    """
    code = code_only(text)
    found = []
    for match in re.finditer(r"\bco_await\b", code):
        depth = 0
        for end in range(match.end(), len(code)):
            character = code[end]
            if character in "(":
                depth += 1
            elif character == ")":
                depth -= 1
            if depth < 0 or (character == ";" and depth == 0):
                break
        expression = code[match.end() : end]
        if "{" in expression or re.search(r"(?:^|[(,=\s])\[[^\]]+\]\s*[({]", expression):
            line = code.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{line}: name the temporary before the co_await")
    return found


def unexplained_length(name: str, text: str) -> list[str]:
    lines = text.count("\n")
    return [f"{name}: {lines} lines and no '{REASON_FOR_LENGTH}'"] if lines > LONG_FILE and REASON_FOR_LENGTH not in text else []


# What a reload replaces. Whoever gets a pointer or a reference into it may find it gone after the next co_await, so the
# hallway and the composition root hand it out by value: Held<T> (base/held.h) or std::shared_ptr<T>.
RELOADED = "Inspection|SignInGate|PolicySnapshot|Presence|PresenceMap|UpstreamContext|TrustStore|Authority|LeafMint|DestinationGuard|CategoryDb|Configuration"
LENT_GENERATION = re.compile(
    rf"^[^\n=]*?\b(?:(?:Held|shared_ptr)<[^<>;]*\b(?:{RELOADED})>\s*&|(?:{RELOADED})\s*[*&])\s*(?:\w+::)?\w+\((?!.*= delete)", re.M
)


def lent_generations(name: str, text: str) -> list[str]:
    """Functions of the hallway and of app/ that lend what a reload replaces instead of sharing it."""
    if room_of(name) not in {"proxy/flow", "app"}:
        return []
    code = code_only(text)
    return [
        f"{name}:{code.count(chr(10), 0, match.start()) + 1}: hand it out by value: {match.group().strip()}"
        for match in LENT_GENERATION.finditer(code)
    ]


# SQL that begins or ends a transaction. A trigger's body (BEGIN SELECT) and a key in PEM (BEGIN PUBLIC KEY) do not.
TRANSACTION = re.compile(r"\b(?:COMMIT|ROLLBACK|SAVEPOINT|(?<!-)BEGIN(?!\s+(?:SELECT|INSERT|UPDATE|DELETE)\b|\s+[A-Z ]*(?:KEY|CERTIFICATE)))\b|\b(?i:BEGIN (?:IMMEDIATE|EXCLUSIVE|DEFERRED))\b")


def transactions_by_hand(name: str, text: str) -> list[str]:
    """Transactions begin and end in store/transaction.h alone, so that none is left open by an early return."""
    if room_of(name) == "store":
        return []
    code = re.sub(r"(?<!:)//[^\n]*", "", text)
    return [f"{name}:{code.count(chr(10), 0, match.start()) + 1}: {match.group()} by hand: use store/transaction.h" for match in TRANSACTION.finditer(code)]


# The classes that everything passes through draw members and includes to them; what grows beyond this is a part of its
# own, as Asking, Outbound and DecisionLines of the worker are.
NARROW = {"proxy/flow/worker.h": ("Worker", 20, 25)}  # class, most includes of ours, most public member functions


def public_functions(text: str, name: str) -> list[str]:
    """The member functions that a class declares as public, constructors among them."""
    body = code_only(text).split(f"class {name} {{", 1)[1].split("\n};", 1)[0]
    public = re.split(r"^ (?:private|protected):$", body, flags=re.M)[0]
    return re.findall(r"([~\w]+)\((?:[^()]|\([^()]*\))*\)[^;{]*(?:;|\{[^}]*\})", public)


def wide_classes(name: str, text: str) -> list[str]:
    if name not in NARROW:
        return []
    class_name, most_includes, most_functions = NARROW[name]
    own = [header for _, opening, header in includes(text) if opening == '"']
    functions = public_functions(text, class_name)
    found = []
    if len(own) > most_includes:
        found.append(f"{name}: {len(own)} includes of ours, at most {most_includes}")
    if len(functions) > most_functions:
        found.append(f"{name}: {len(functions)} public functions of {class_name}, at most {most_functions}: {', '.join(functions)}")
    return found


# A path that is true on one machine only: home folders, temporary files with a fixed name, a checkout's folder.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home/\w+|root|tmp|var/tmp)/[\w.$-]")


def machine_paths(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number}: {match.group()}… is a path of one machine"
        for number, line in enumerate(text.splitlines(), 1)
        if (match := MACHINE_PATHS.search(line))
    ]


# Left-overs and words that say nothing. Whole words; case does not matter.
FORBIDDEN = re.compile(r"\b(TODO|FIXME|XXX|HACK|(?-i:not implemented)|coming soon|lorem ipsum|foo_?bar|misc)\b|(?<!importlib\.)(?<![\w-])utils?(?![\w-])", re.I)


def forbidden_words(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number}: {match.group()}"
        for number, line in enumerate(text.splitlines(), 1)
        if (match := FORBIDDEN.search(line))
    ]


def check_sources(check) -> list[str]:
    return [problem for path in sources() for problem in check(name_of(path), read(path))]


def report(problems: list[str]) -> None:
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


# --- the tests ---------------------------------------------------------------------------------------------------


def test_rooms_include_only_what_the_arrows_allow():
    report(check_sources(wrong_arrows))


def test_a_library_lives_in_one_room():
    report(check_sources(strange_libraries))


def test_includes_are_paths_from_the_root():
    report(check_sources(includes_not_from_the_root))


def test_no_temporary_with_braces_inside_co_await():
    report(check_sources(risky_awaits))


def test_what_a_reload_replaces_is_never_lent():
    report(check_sources(lent_generations))


def test_transactions_begin_and_end_in_one_place():
    report(check_sources(transactions_by_hand))


def test_the_worker_stays_narrow():
    assert all((ROOT / name).is_file() for name in NARROW)
    report(check_sources(wide_classes))


def test_long_files_say_why():
    report([problem for path in everything(".h", ".cc", ".py") for problem in unexplained_length(name_of(path), read(path))])


def test_headers_are_included_once():
    report([f"{name_of(path)}: no #pragma once" for path in sources(".h") if "#pragma once" not in read(path)])


def test_headers_open_with_what_they_are():
    report([f"{name_of(path)}: opens without a comment" for path in sources(".h") if not read(path).startswith(("//", "/*"))])


def test_no_words_that_were_left_behind():
    own = pathlib.Path(__file__).resolve()
    files = [path for path in everything(".h", ".cc", ".py", ".cmake", ".txt", ".yaml", ".yml") if path != own]
    phrases = ROOT / "content/data/phrases"  # words of pages, not ours
    code = [path for path in files if not {"corpus", "seed", "pages"} & set(path.parts) and phrases not in path.parents]
    report([problem for path in code for problem in forbidden_words(name_of(path), read(path))])


def test_no_path_of_one_machine():
    own = pathlib.Path(__file__).resolve()
    files = [path for path in everything(".h", ".cc", ".py", ".cmake", ".txt", ".yaml", ".yml", ".json", ".md", "") if path != own]
    texts = [path for path in files if "corpus" not in path.parts and "seed" not in path.parts]
    problems = []
    for path in texts:
        try:
            problems += machine_paths(name_of(path), read(path))
        except UnicodeDecodeError:
            continue
    report(problems)


def test_file_names_are_snake_case():
    report([name_of(path) for path in everything(".h", ".cc", ".py") if not re.fullmatch(r"[a-z0-9_]+\.(h|cc|py)", path.name)])


def test_every_source_has_a_test_or_a_reason():
    """x.cc is tested by tests/ROOM/x_test.cc, or by a test of its room that includes x.h, or untested.txt says by what."""
    reasons = {}
    for line in read(ROOT / "tests/architecture/untested.txt").splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(":")
            assert reason.strip(), f"untested.txt: {name} has no reason"
            reasons[name] = reason
    included = {header for path in (ROOT / "tests").rglob("*") if path.suffix in (".cc", ".h") for _, _, header in includes(read(path))}
    without = [
        name
        for name in map(name_of, sources(".cc"))
        if not (ROOT / "tests" / f"{name[:-3]}_test.cc").is_file() and f"{name[:-3]}.h" not in included
    ]
    report(
        [f"{name}: neither a test of its own, nor included by one, nor in tests/architecture/untested.txt" for name in without if name not in reasons]
        + [f"untested.txt: {name} is gone or has a test now" for name in reasons if name not in without]
    )


def test_every_room_has_a_readme():
    rooms = [room for room in ROOMS if any((ROOT / room).glob("*.cc"))]
    report([f"{room}/README.md is missing" for room in rooms if not (ROOT / room / "README.md").is_file()])


# --- the checks can fail --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "check, name, text",
    [
        (wrong_arrows, "rules/judge.cc", '#include "proxy/flow/serve.h"\n'),
        (wrong_arrows, "base/log.cc", '#include "names/host.h"\n'),
        (wrong_arrows, "config/load.cc", '#include "breaches/breach_log.h"\n'),
        (wrong_arrows, "proxy/flow/serve.cc", '#include "config/settings.h"\n'),
        (wrong_arrows, "proxy/flow/serve.cc", '#include "casework/privacy.h"\n'),
        (wrong_arrows, "breaches/breach_log.cc", '#include "casework/privacy.h"\n'),
        (strange_libraries, "config/load.cc", "#include <boost/asio/io_context.hpp>\n"),
        (strange_libraries, "rules/judge.cc", "#include <sqlite3.h>\n"),
        (strange_libraries, "proxy/flow/serve.cc", "#include <linux/netfilter_ipv4.h>\n"),
        (includes_not_from_the_root, "rules/judge.cc", '#include "judge.h"\n'),
        (risky_awaits, "proxy/flow/serve.cc", "auto n = co_await read(Options{1, 2});\n"),
        (risky_awaits, "proxy/flow/serve.cc", "co_await run(1, [&stream](int) { return 1; });\n"),
        (lent_generations, "proxy/flow/worker.h", "  [[nodiscard]] const Inspection* inspection() const noexcept { return inspection_.get(); }\n"),
        (lent_generations, "proxy/flow/worker.h", "const std::shared_ptr<const rules::PolicySnapshot>& policy();\n"),
        (lent_generations, "app/who_is_asking.h", "  const flow::SignInGate& gate() const { return *gate_; }\n"),
        (transactions_by_hand, "casework/incidents.cc", 'database.run("BEGIN IMMEDIATE");\n'),
        (transactions_by_hand, "casework/incidents.cc", 'database.run("DELETE FROM t; COMMIT");\n'),
        (transactions_by_hand, "identity/accounts.cc", 'auto begin = database.prepare("BEGIN");\n'),
        (transactions_by_hand, "identity/accounts.cc", 'database.run("SAVEPOINT before");\n'),
        (wide_classes, "proxy/flow/worker.h", "".join(f'#include "proxy/flow/part_{n}.h"\n' for n in range(21)) + "class Worker {\n public:\n};\n"),
        (wide_classes, "proxy/flow/worker.h", "class Worker {\n public:\n" + "".join(f"  [[nodiscard]] int part_{n}(int of) const noexcept {{ return {n}; }}\n" for n in range(26)) + "};\n"),
        (unexplained_length, "rules/judge.cc", "x\n" * (LONG_FILE + 1)),
        (machine_paths, "docs/a.md", "see /ho" "me/someone/build\n"),
        (forbidden_words, "rules/judge.cc", "// TO" "DO: later\n"),
    ],
)
def test_the_checks_find_what_they_look_for(check, name, text):
    assert check(name, text)


@pytest.mark.parametrize(
    "check, name, text",
    [
        (wrong_arrows, "config/load.cc", '#include "casework/alerts/alert_settings.h"\n'),
        (wrong_arrows, "proxy/flow/serve.cc", '#include "rules/snapshot.h"\n'),
        (strange_libraries, "proxy/flow/serve.cc", "#include <boost/asio/awaitable.hpp>\n"),
        (lent_generations, "proxy/flow/worker.h", "Held<const Inspection> inspection() const noexcept { return inspection_; }\n"),
        (lent_generations, "proxy/flow/coalescing.h", "bool any(const rules::PolicySnapshot& policy, const Held<const Inspection>& by);\n"),
        (transactions_by_hand, "casework/entries.cc", "    BEGIN SELECT raise(ABORT, 'entries are only added'); END;\n"),
        (transactions_by_hand, "store/transaction.cc", 'database.run("COMMIT");\n'),
        (transactions_by_hand, "casework/entries.cc", "a();  // rolled back before COMMIT\n"),
        (risky_awaits, "proxy/flow/serve.cc", "if (!co_await send(other, buffer[0], n)) { co_return; }\n"),
        (risky_awaits, "proxy/flow/serve.cc", "auto f = [&]() -> Task { co_await g(); };\n"),
    ],
)
def test_the_checks_leave_good_code_alone(check, name, text):
    assert not check(name, text)
