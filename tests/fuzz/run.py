"""Runs every libFuzzer target for so many seconds, with its dictionary and its corpus, and says how often each ran.

    ./dev fuzz --seconds 60                  all of them, one after the other
    ./dev fuzz --seconds 7200 host url       two CPU-hours of each of these two
    ./dev fuzz --publish                     also writes what it ran into docs/security.md

The committed corpus is only read; inputs that reach new code are kept below build/fuzz/found and are where the next run
begins. A target that finds something does not stop the others; the input lies beside its name, and
`build/fuzz/NAME_fuzz INPUT` shows it again. Exit status 1 then.
"""

import argparse
import dataclasses
import datetime
import pathlib
import re
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclasses.dataclass
class Outcome:
    name: str
    executions: int = 0
    seconds: int = 0
    cpu: float = 0  # seconds of processor that it got of them
    corpus: int = 0
    covered: int = 0
    found: list[str] = dataclasses.field(default_factory=list)
    said: str = ""


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(binary: pathlib.Path, found: pathlib.Path, seconds: int, memory: int) -> Outcome:
    name = binary.name.removesuffix("_fuzz")
    folder = found / name
    folder.mkdir(parents=True, exist_ok=True)
    before = {path.name for path in folder.iterdir()}
    dictionary = HERE / "dictionaries" / f"{name}.dict"
    command = [
        binary, f"-max_total_time={seconds}", "-timeout=10", f"-rss_limit_mb={memory}", "-print_final_stats=1", "-artifact_prefix=found-",
        *([f"-dict={dictionary}"] if dictionary.is_file() else []), ".", HERE / "corpus" / name,
    ]
    used = children_cpu()
    done = subprocess.run([*map(str, command)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    said = done.stderr + done.stdout
    outcome = Outcome(name, seconds=seconds, cpu=children_cpu() - used, said=said)
    if counted := re.search(r"stat::number_of_executed_units:\s+(\d+)", said):
        outcome.executions = int(counted[1])
    elif counted := re.findall(r"^#(\d+)", said, re.M):
        outcome.executions = int(counted[-1])  # it ended early: the last it said
    if covered := re.findall(r"\bcov: (\d+)", said):
        outcome.covered = int(covered[-1])
    outcome.corpus = sum(1 for path in folder.iterdir() if not path.name.startswith("found-"))
    outcome.found = sorted(path.name for path in folder.iterdir() if path.name.startswith("found-") and path.name not in before)
    if done.returncode != 0 and not outcome.found:
        outcome.found = [f"exit status {done.returncode}"]
    return outcome


BEGIN, END = "<!-- made by ./dev fuzz --publish -->", "<!-- end of what ./dev fuzz made -->"


def publish(outcomes: list[Outcome]) -> None:
    page = ROOT / "docs/security.md"
    before, rest = page.read_text().split(BEGIN, 1)
    lines = ["| target | executions | CPU seconds | places reached | crashes |", "|---|---|---|---|---|"]
    lines += [f"| {one.name} | {one.executions:,} | {one.cpu:.0f} | {one.covered:,} | {len(one.found)} |" for one in outcomes]
    lines.append(f"| all {len(outcomes)} | {sum(one.executions for one in outcomes):,} | {sum(one.cpu for one in outcomes):,.0f} | | "
                 f"{sum(len(one.found) for one in outcomes)} |")
    words = f"ASan, UBSan and libFuzzer (Clang 19), {datetime.date.today().isoformat()}, `./dev fuzz --seconds {outcomes[0].seconds}`."
    page.write_text(before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + words + "\n\n" + END + rest.split(END, 1)[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default 60)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    parser.add_argument("--memory", type=int, default=4096, metavar="MB")
    parser.add_argument("--publish", action="store_true", help="write the table of docs/security.md")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="names without _fuzz (default: all)")
    options = parser.parse_args()
    binaries = sorted(path for path in options.build.glob("*_fuzz") if path.is_file())
    if options.targets:
        binaries = [path for path in binaries if path.name.removesuffix("_fuzz") in options.targets]
        if len(binaries) != len(set(options.targets)):
            parser.error(f"no such target among {', '.join(options.targets)} in {options.build}")
    if not binaries:
        parser.error(f"nothing to run in {options.build}: ./dev build fuzz")
    outcomes = []
    for binary in binaries:
        outcomes.append(run(binary.resolve(), options.build.resolve() / "found", options.seconds, options.memory))
        last = outcomes[-1]
        print(f"{last.name:20} {last.executions:>13,} executions in {last.seconds} s ({last.cpu:.0f} of CPU), {last.covered:>6} places reached, "
              f"{last.corpus:>6} inputs kept{', FOUND ' + ' '.join(last.found) if last.found else ''}", flush=True)
        if last.found:
            print(last.said[-6000:], file=sys.stderr, flush=True)
    if options.publish:
        publish(outcomes)
    bad = [outcome.name for outcome in outcomes if outcome.found]
    print(f"{len(outcomes)} targets, {sum(outcome.executions for outcome in outcomes):,} executions, "
          + (f"something was found by: {', '.join(bad)}" if bad else "nothing was found"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
