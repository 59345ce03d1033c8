"""Asks every question of every product and writes the table into docs/security.md. Called by ./dev peers.

Before it is asked anything a product must pass an allowed page on and block the blocked one; one that cannot be started or
does not do that is left out of the table by name. Questions of one group run side by side, the slow ones together at the end.
"""

import argparse
import collections
import concurrent.futures
import datetime
import os
import pathlib
import re
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import questions  # noqa: E402
from products import PRODUCTS  # noqa: E402
from questions import QUESTIONS, get, page_of, talk  # noqa: E402
from world import ROOT, SECRET, World  # noqa: E402

OWN_MACHINE = ROOT / "tests/e2e/on_its_own_machine"
PAGE = ROOT / "docs/security.md"
BEGIN, END = "<!-- made by ./dev peers -->", "<!-- end of what ./dev peers made -->"
ALONE = {"slow clients": 8}  # how many questions of a group run at once; others: as below
AT_ONCE = 6


def works(world: World, product) -> str | None:
    """Why this product's answers would mean nothing; None when it works as it should."""
    if SECRET not in talk(product.port, get("http://allowed.example/control", "allowed.example").encode()):
        return "an allowed page does not come through"
    mark = world.web.mark()
    talk(product.port, get("http://blocked.example/control", "blocked.example").encode(), patience=1.5)
    if any(visit.address != "127.0.0.1" and b"/control" in visit.data for visit in world.reached(b"/control", mark)):
        return "the blocked page comes through"
    if product.opens and SECRET not in page_of(product, "good.tls.example"):
        return "a good site inside TLS does not come through"
    return None


def ask(world: World, product, question, number: int) -> bool:
    token = f"q{number}{product.name[:3]}"
    try:
        return question.ask(world, product, token)
    except OSError:
        return product.alive() and _answers(product)
    except Exception:
        traceback.print_exc()
        raise


def _answers(product) -> bool:
    """After a connection that could not even be made: is anybody there?"""
    try:
        return SECRET in talk(product.port, get("http://allowed.example/there", "allowed.example").encode())
    except OSError:
        return False


def examine(world: World, product, chosen) -> dict[str, bool]:
    outcomes: dict[str, bool] = {}
    groups: dict[str, list] = collections.OrderedDict()
    for number, question in enumerate(chosen):
        if question.applies(product):
            groups.setdefault(question.group, []).append((number, question))
    for group, members in groups.items():
        crowd = [pair for pair in members if "400 of them" in pair[1].name]
        with concurrent.futures.ThreadPoolExecutor(ALONE.get(group, AT_ONCE)) as pool:
            running = {pool.submit(ask, world, product, question, number): question for number, question in members if (number, question) not in crowd}
            for done in concurrent.futures.as_completed(running):
                outcomes[group + ": " + running[done].name] = done.result()
        for number, question in crowd:
            outcomes[group + ": " + question.name] = ask(world, product, question, number)
        if not product.alive():
            product.start()  # what is left is asked of a new one; this group has what it has
    return outcomes


def table(results: dict[str, dict[str, bool]], versions: dict[str, str], left_out: dict[str, str], chosen) -> str:
    groups = list(collections.OrderedDict.fromkeys(question.group for question in chosen))
    lines = ["| | " + " | ".join(results) + " |", "|---" * (len(results) + 1) + "|"]
    for group in groups:
        cells = []
        for outcomes in results.values():
            mine = [passed for name, passed in outcomes.items() if name.startswith(group + ": ")]
            cells.append(f"{sum(mine)}/{len(mine)}" if mine else "-")
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    lines.append("")
    lines.append(f"Passed / asked on {datetime.date.today().isoformat()}; - where a product makes no such claim. "
                 + "; ".join(f"{name}: {version}" for name, version in versions.items()) + ".")
    for name, why in left_out.items():
        lines.append(f"\nLeft out: {name}, {why}.")
    lines.append("\nWhat did not pass:\n")
    for name, outcomes in results.items():
        failed = sorted(question for question, passed in outcomes.items() if not passed)
        by_group: dict[str, list[str]] = {}
        for question in failed:
            group, _, text = question.partition(": ")
            by_group.setdefault(group, []).append(text)
        lines.append(f"- **{name}**: " + ("nothing" if not failed else "; ".join(f"{group}: {', '.join(texts)}" for group, texts in by_group.items())))
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", default=",".join(PRODUCTS))
    parser.add_argument("--only", default="", help="questions whose group or name holds this text")
    parser.add_argument("--write", action="store_true", help="put the table into docs/security.md")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    if os.environ.get("SCHOOLGATE_OWN_MACHINE") != "yes":
        os.environ["SCHOOLGATE_OWN_MACHINE"] = "yes"
        os.execv(OWN_MACHINE, [str(OWN_MACHINE), sys.executable, *sys.argv])
    if any(not line.startswith("lo") for line in pathlib.Path("/proc/net/route").read_text().splitlines()[1:]):
        raise SystemExit("this machine has a network: run it under tests/e2e/on_its_own_machine")
    chosen = [question for question in QUESTIONS if options.only in question.group + ": " + question.name]
    world = World()
    results, versions, left_out = {}, {}, {}
    for name in options.products.split(","):
        product = None
        try:
            product = PRODUCTS[name](world)
            product.start()
            why = works(world, product)
        except (RuntimeError, OSError) as error:
            why = str(error)
        if why:
            left_out[name] = re.sub(r"\s+", " ", why)[:300]
            print(f"{name}: left out: {why}", flush=True)
        else:
            versions[name] = re.sub(r"\s+", " ", PRODUCTS[name].version())[:60]
            results[name] = examine(world, product, chosen)
            print(f"{name}: {sum(results[name].values())} of {len(results[name])}", flush=True)
            if options.verbose:
                for question, passed in sorted(results[name].items()):
                    if not passed:
                        print(f"    {question}", flush=True)
        if product and product.process:
            product.stop()
    text = table(results, versions, left_out, chosen)
    print(text)
    if options.write:
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
    return 0 if "schoolgate" not in results or all(results["schoolgate"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
