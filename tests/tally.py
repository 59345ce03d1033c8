"""Adds up the reports of one or more test runs and prints, as its last line, "N passed, N failed".

A GoogleTest binary and a pytest file are one CTest test each but hold many cases, so the cases are counted where the
test wrote them down (JUnit XML beside CTest's own). A test without such a file counts as one; a test that CTest calls
failed although its cases look well (a crash at exit, a leak report) is one more failure.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count_cases(report: pathlib.Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("result") in ("skipped", "suppressed"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_run(folder: pathlib.Path) -> tuple[int, int, int]:
    passed = failed = skipped = 0
    for test in ElementTree.parse(folder / "ctest.junit").getroot().iter("testcase"):
        name, good = test.get("name"), test.get("status") == "run"
        reports = [file for file in (folder / f"{name}_test.xml", folder / f"{name}.xml") if file.exists()]
        try:
            cases = count_cases(reports[0]) if reports else (int(good), int(not good), 0)
        except ElementTree.ParseError:  # the test died while writing it
            cases = (0, 1, 0)
        if not good and cases[1] == 0:
            cases = (cases[0], 1, cases[2])
        if not good:
            print(f"failed: {name} ({folder.parent.name})")
        passed, failed, skipped = passed + cases[0], failed + cases[1], skipped + cases[2]
    return passed, failed, skipped


def main() -> int:
    totals = [0, 0, 0]
    for folder in map(pathlib.Path, sys.argv[1:]):
        counts = count_run(folder)
        print(f"{folder.parent.name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        totals = [total + count for total, count in zip(totals, counts)]
    passed, failed, skipped = totals
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
