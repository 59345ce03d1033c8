"""Sizes, checked: a function or class that is long says why, or is on the list of those that wait for their split."""

import functools

import pytest
from cpp_shape import Block, blocks
from test_architecture import ROOT, name_of, read, report, room_of, sources

LONG_FUNCTION = 60  # lines between its braces
LONG_CLASS = 400  # lines of its declaration and of the bodies of its members, wherever in its room they are
REASON_FOR_FUNCTION = "// Why this function is long: "
REASON_FOR_CLASS = "// Why this class is long: "
# "PATH NAME: reason" a line: what is long today and waits, room by room. Nothing is added to it without need.
WAITING = "tests/architecture/too_long.txt"


@functools.cache
def shapes() -> dict[str, list[Block]]:
    return {name_of(path): blocks(read(path)) for path in sources()}


def waiting() -> dict[str, str]:
    lines = [line for line in read(ROOT / WAITING).splitlines() if line and not line.startswith("#")]
    return {key.strip(): reason.strip() for key, _, reason in (line.partition(": ") for line in lines)}


def long_functions(name: str, text: str, shape: list[Block] | None = None) -> dict[str, str]:
    """'path function' -> what is wrong, of functions without a reason in the comment above them."""
    lines = text.splitlines()
    found = {}
    for block in blocks(text) if shape is None else shape:
        if block.kind != "function" or block.body <= LONG_FUNCTION:
            continue
        above = block.first - 2
        while above >= 0 and lines[above].lstrip().startswith("//"):
            if lines[above].lstrip().startswith(REASON_FOR_FUNCTION):
                break
            above -= 1
        else:
            found[f"{name} {block.name}"] = f"{name}:{block.first}: {block.name} has {block.body} lines (limit {LONG_FUNCTION}): split it by what it hides, or say why above it"
    return found


def class_sizes(of: dict[str, list[Block]]) -> dict[tuple[str, str], int]:
    """(file of the declaration, class) -> lines. Classes inside others count as part of them; .cc files have their own."""
    homes: dict[tuple[str, str], str] = {}
    sizes: dict[tuple[str, str], int] = {}
    for name, shape in of.items():
        for block in shape:
            if block.kind == "class" and not block.inside and "::" not in block.name:
                homes.setdefault((room_of(name) if name.endswith(".h") else name, block.name), name)
    for name, shape in of.items():
        for block in shape:
            if block.inside or (block.kind == "function" and "::" not in block.name):
                continue
            outer = block.name.split("::")[0].split("<")[0]
            for scope in (name, room_of(name)):
                if (scope, outer) in homes:
                    key = (homes[(scope, outer)], outer)
                    sizes[key] = sizes.get(key, 0) + block.lines
                    break
    return sizes


def long_classes() -> dict[str, str]:
    return {
        f"{name} {outer}": f"{name}: {outer} has {lines} lines with its members (limit {LONG_CLASS}): split it, or say why in its header"
        for (name, outer), lines in class_sizes(shapes()).items()
        if lines > LONG_CLASS and REASON_FOR_CLASS not in read(ROOT / name)
    }


def test_long_functions_and_classes_say_why():
    found = long_classes()
    for path in sources():
        found |= long_functions(name_of(path), read(path), shapes()[name_of(path)])
    report(
        [problem for key, problem in found.items() if key not in waiting()]
        + [f"{WAITING}: {key} is short now, or says why itself" for key in waiting() if key not in found]
        + [f"{WAITING}: {key} has no reason" for key, reason in waiting().items() if not reason]
    )


def test_most_functions_are_seen():
    """A scan that loses its place sees little: each room has about so many functions for its lines."""
    functions = sum(block.kind == "function" for shape in shapes().values() for block in shape)
    lines = sum(read(path).count("\n") for path in sources(".cc"))
    assert functions > lines / 25


LONG_BODY = "  step();\n" * (LONG_FUNCTION + 1)


@pytest.mark.parametrize(
    "text",
    [
        f"void one() {{\n{LONG_BODY}}}\n",
        f"Result<std::map<int, int>> Desk::one(const X& x) const noexcept {{\n{LONG_BODY}}}\n",
        f"class A {{\n public:\n  void one() {{\n{LONG_BODY}  }}\n}};\n",
        f"A::A(int a) : a_{{a}}, b_(a) {{\n{LONG_BODY}}}\n",
        f"namespace {{\ntemplate <class T>\nauto one(T t) -> Result<T> {{\n{LONG_BODY}}}\n}}\n",
        f"const auto text = R\"(}} {{ \" )\";\nvoid one() {{\n{LONG_BODY}}}\n",
        f"// Why it is so: because.\nvoid one() {{\n{LONG_BODY}}}\n",
        f"void one() {{\n  if (a) {{\n{LONG_BODY}  }}\n}}\n",
        f"constexpr int kMost = 1'000'000;\nvoid one() {{\n{LONG_BODY}}}\n",
    ],
)
def test_a_long_function_is_found(text):
    assert long_functions("rules/judge.cc", text)


@pytest.mark.parametrize(
    "text",
    [
        "void one() {\n" + "  step();\n" * LONG_FUNCTION + "}\n",
        f"// Carries on.\n{REASON_FOR_FUNCTION}a table of cases.\nvoid one() {{\n{LONG_BODY}}}\n",
        "constexpr int kTable[] = {\n" + "  1,\n" * 100 + "};\n",
        "constexpr const char* kHelp = R\"(\n" + "{\n" * 100 + ")\";\nvoid one() {}\n",
        "struct A {\n" + "  int a;\n" * 100 + "};\n",
        "enum class A {\n" + "  a,\n" * 100 + "};\n",
        "namespace a {\n" + "int b();\n" * 100 + "}\n",
    ],
)
def test_a_short_function_and_other_braces_are_left_alone(text):
    assert not long_functions("rules/judge.cc", text)


def test_a_class_is_as_long_as_its_members_wherever_they_are():
    of = {
        "rules/a.h": blocks("class A {\n  void one();\n  class Inner { void two(); };\n};\n"),
        "rules/a.cc": blocks("namespace x {\nvoid A::one() {\n  a();\n}\nvoid A::Inner::two() {}\nstruct A::State {\n  int a;\n};\nvoid free() {}\n}\n"),
        "rules/b.cc": blocks("namespace {\nclass A {\n  int a;\n};\nint A::get() {\n}\n}\n"),
    }
    assert class_sizes(of) == {("rules/a.h", "A"): 4 + 3 + 1 + 3, ("rules/b.cc", "A"): 3 + 2}
