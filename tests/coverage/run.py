"""Coverage of the tests by room, and the gate: ./dev coverage [ROOM...]

Builds with the preset coverage (only the tests of the rooms named, where any are), runs them and the replay of their fuzz
corpora; of all rooms also some of the end-to-end tests, which run the real program: what puts the rooms together is seen there
and nowhere else. Prints lines and branches of every room. Then it holds the figures against tests/coverage/gate.txt: exit status
1 when one is below. Pages for reading are build/coverage/html/index.html.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/coverage"
GATE = pathlib.Path(__file__).with_name("gate.txt")
ROOMS = ("base", "names", "blocklists", "rules", "store", "config", "breaches", "identity", "proxy/net", "proxy/tls", "proxy/http", "proxy/flow",
         "web", "portal", "console", "app")


# End to end: what starts, reloads, measures, keeps lists, signs in, opens TLS and stops a real gateway.
WHOLE = ("e2e_http", "e2e_connect", "e2e_reload", "e2e_lists", "e2e_measures", "e2e_alerts", "e2e_breaches", "e2e_sign_in", "e2e_desk",
         "e2e_transparent", "e2e_inspection_http", "e2e_inspection_transparent", "security_starting", "security_second_hello")


@dataclasses.dataclass
class Counted:
    lines: int = 0
    covered_lines: int = 0
    branches: int = 0
    covered_branches: int = 0

    def add(self, other: "Counted") -> None:
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def line_share(self) -> float:
        return 100 * self.covered_lines / self.lines if self.lines else 100.0

    @property
    def branch_share(self) -> float:
        return 100 * self.covered_branches / self.branches if self.branches else 100.0


@dataclasses.dataclass
class Wanted:
    """A line of the gate: a room, a file, or "all"; at least so much; why not more."""

    what: str
    lines: float
    branches: float | None
    reason: str

    @staticmethod
    def read(text: str) -> list["Wanted"]:
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            words, _, reason = line.partition("#")
            if not words.split():
                continue
            match = re.fullmatch(r"(\S+)\s+lines\s+([\d.]+)(?:\s+branches\s+([\d.]+))?\s*", words)
            if not match:
                raise SystemExit(f"{GATE.name}:{number}: not 'WHAT lines N [branches N] # reason'")
            found.append(Wanted(match[1], float(match[2]), float(match[3]) if match[3] else None, reason.strip()))
        return found


def room_of(file: str) -> str | None:
    return next((room for room in sorted(ROOMS, key=len, reverse=True) if file.startswith(room + "/")), None)


def build(rooms: list[str]) -> list[pathlib.Path]:
    """Configures, builds, and returns the test programs to run."""
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    subprocess.run(["cmake", "--preset", "coverage", *launcher], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    targets = [room.rsplit("/", 1)[-1] + "_test" for room in rooms]
    command = ["cmake", "--build", BUILD, "--parallel", os.environ.get("JOBS", str(os.cpu_count()))]
    subprocess.run([*command, *(["--target", *targets] if targets else [])], cwd=ROOT, check=True)
    whole = [BUILD / "schoolgate", *BUILD.glob("*_test"), *BUILD.glob("*_fuzz")]
    return [BUILD / target for target in targets] if targets else sorted(whole)


def run(programs: list[pathlib.Path], rooms: list[str]) -> None:
    profiles = BUILD / "profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(profiles / "%p-%m.profraw")}
    command = ["ctest", "--test-dir", str(BUILD), "-L", "unit", "--output-on-failure", "--parallel", os.environ.get("JOBS", str(os.cpu_count()))]
    if rooms:
        names = "|".join(program.name.removesuffix("_test") for program in programs)
        command += ["-R", f"^({names})$"]
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    if not rooms:
        command = ["ctest", "--test-dir", str(BUILD), "-R", f"^({'|'.join(WHOLE)})$", "--output-on-failure"]
        subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    raw = sorted(profiles.glob("*.profraw"))
    subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", BUILD / "all.profdata", *raw], check=True)


def export(programs: list[pathlib.Path]) -> dict[str, Counted]:
    objects = [word for program in programs[1:] for word in ("-object", str(program))]
    common = [str(programs[0]), *objects, f"-instr-profile={BUILD}/all.profdata", "-ignore-filename-regex=^(/usr|.*/(tests|build|bench)/)"]
    done = subprocess.run(["llvm-cov-19", "export", "-summary-only", "-format=text", *common], capture_output=True, check=True)
    subprocess.run(["llvm-cov-19", "show", *common, "-format=html", f"-output-dir={BUILD}/html", "-show-branches=count"], check=True,
                   stdout=subprocess.DEVNULL)
    files = {}
    for file in json.loads(done.stdout)["data"][0]["files"]:
        name = os.path.relpath(file["filename"], ROOT)
        lines, branches = file["summary"]["lines"], file["summary"]["branches"]
        if room_of(name):
            files[name] = Counted(lines["count"], lines["covered"], branches["count"], branches["covered"])
    return files


def judge(files: dict[str, Counted], gate: list[Wanted], rooms: list[str]) -> list[str]:
    by_room: dict[str, Counted] = collections.defaultdict(Counted)
    total = Counted()
    for name, counted in files.items():
        by_room[room_of(name)].add(counted)
        total.add(counted)
    print(f"{'room':14} {'lines':>16} {'branches':>18}")
    for room in ROOMS:
        if room in by_room and (not rooms or room in rooms):
            counted = by_room[room]
            print(f"{room:14} {counted.line_share:7.1f} % of {counted.lines:5} {counted.branch_share:7.1f} % of {counted.branches:5}")
    print(f"{'all':14} {total.line_share:7.1f} % of {total.lines:5} {total.branch_share:7.1f} % of {total.branches:5}")

    below = []
    for wanted in gate:
        if rooms and (wanted.what == "all" or (room_of(wanted.what) or wanted.what) not in rooms):
            continue
        counted = total if wanted.what == "all" else by_room.get(wanted.what) or files.get(wanted.what)
        if counted is None:
            below.append(f"{wanted.what}: the gate names it, and nothing of it was counted")
            continue
        if round(counted.line_share, 1) < wanted.lines:
            below.append(f"{wanted.what}: {counted.line_share:.1f} % of lines, the gate is {wanted.lines}")
        if wanted.branches is not None and round(counted.branch_share, 1) < wanted.branches:
            below.append(f"{wanted.what}: {counted.branch_share:.1f} % of branches, the gate is {wanted.branches}")
    return below


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev coverage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=", ".join(ROOMS))
    options = parser.parse_args()
    if unknown := set(options.rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    gate = Wanted.read(GATE.read_text())
    programs = build(options.rooms)
    run(programs, options.rooms)
    below = judge(export(programs), gate, options.rooms)
    print("\n".join(below) if below else "coverage: nothing is below the gate")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
