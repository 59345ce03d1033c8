"""The binary as it is shipped: what cmake/Hardening.cmake asks for has arrived in it. Reads it with llvm-readelf."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ["SCHOOLGATE_BINARY"])
BUILD = pathlib.Path(os.environ["SCHOOLGATE_BUILD"])
X86 = os.uname().machine == "x86_64"


def read(*options: str) -> str:
    return subprocess.run(["llvm-readelf-19", *options, str(BINARY)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def segments() -> list[tuple[str, str]]:
    """(type, flags) of each program header."""
    return re.findall(r"^\s+([A-Z_]+)\s+0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([RWE ]{3})", read("--program-headers"), re.M)


@pytest.fixture(scope="module")
def dynamic() -> str:
    return read("--dynamic")


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return {line.split()[-1].split("@")[0] for line in read("--dyn-symbols").splitlines() if " UND " in line}


@pytest.fixture(scope="module")
def commands() -> dict[str, str]:
    """How each of our own sources in the binary was compiled."""
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    ours = {}
    for entry in entries:
        # Files of a room are compiled together: such a unit includes them by name.
        together = pathlib.Path(entry["file"]).parent.name == "Unity"
        files = re.findall(r'^#include "(.*)"$', pathlib.Path(entry["file"]).read_text(), re.M) if together else [entry["file"]]
        for file in files:
            name = os.path.relpath(file, ROOT)
            if not name.startswith(("tests", "bench", "build", "..")):
                ours[name] = entry["command"]
    return ours


def test_it_lies_where_nobody_can_guess(dynamic):
    assert re.search(r"Type:\s+DYN", read("--file-header"))
    assert re.search(r"FLAGS_1.*\bPIE\b", dynamic)


def test_what_the_linker_resolved_is_read_only(segments, dynamic):
    assert "GNU_RELRO" in dict(segments)
    assert re.search(r"\(FLAGS\).*BIND_NOW", dynamic) and re.search(r"FLAGS_1.*\bNOW\b", dynamic)


def test_no_memory_is_written_and_run(segments):
    assert dict(segments)["GNU_STACK"].strip() == "RW"
    assert all(not ("W" in flags and "E" in flags) for _, flags in segments)
    assert sum("E" in flags for kind, flags in segments if kind == "LOAD") == 1  # code lies alone in one segment


def test_libraries_are_the_systems(dynamic):
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic and "TEXTREL" not in dynamic


def test_stacks_carry_a_canary(imported):
    assert "__stack_chk_fail" in imported


def test_the_c_library_checks_sizes(imported):
    assert {"__memcpy_chk"} <= imported and sum(name.endswith("_chk") for name in imported) >= 3, imported


def test_containers_check_their_bounds(imported):
    assert any("glibcxx_assert_fail" in name for name in imported)


@pytest.mark.skipif(not X86, reason="landing pads are read from x86-64 code here")
def test_indirect_jumps_land_on_marks():
    code = subprocess.run(
        ["llvm-objdump-19", "--disassemble", "--no-show-raw-insn", "--disassemble-symbols=main", str(BINARY)],
        capture_output=True, text=True, check=True,
    ).stdout
    assert "endbr64" in code


FLAGS = [
    "-fstack-protector-strong", "-fstack-clash-protection", "-ftrivial-auto-var-init=zero", "-D_FORTIFY_SOURCE=3",
    "-D_GLIBCXX_ASSERTIONS", *(["-fcf-protection=full"] if X86 else []),
]


@pytest.mark.parametrize("flag", FLAGS)
def test_every_source_is_compiled_with(commands, flag):
    assert len(commands) > 100
    assert [name for name, command in commands.items() if flag not in command.split()] == []


def test_it_says_nothing_of_the_machine_that_built_it():
    """Neither in strings nor in debug information: the same source gives the same bytes anywhere."""
    assert str(ROOT).encode() not in BINARY.read_bytes()
    assert str(BUILD).encode() not in BINARY.read_bytes()
