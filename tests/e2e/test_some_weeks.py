"""Two parts of bench/year.py, which walks through thirteen months: everything that it looks at in them holds."""

import datetime
import os
import pathlib
import subprocess

import pytest

from parts.school import BINARY

YEAR = pathlib.Path(__file__).resolve().parents[2] / "bench/year.py"


@pytest.mark.parametrize("begins, until, what", [
    ("2026-12-08", "2026-12-15", ("idle steady", "measure steady", "desk sessions", "digest each day", "canary weekly")),  # an hour's step back
    ("2027-03-24", "2027-03-30", ("missed digest", "canary missed", "digest each day")),  # off over the spring change
])
def test_what_the_documents_promise_about_time_holds_for_some_weeks(begins, until, what):
    assert datetime.date.fromisoformat(begins) < datetime.date.fromisoformat(until)
    done = subprocess.run(["/usr/bin/python3", str(YEAR), "--build", str(pathlib.Path(BINARY).parent), "--begins", begins, "--until", until, "--some"],
                          capture_output=True, text=True, timeout=300, env=os.environ)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-2000:]
    rows = {line[:22].strip(): line[23:].split()[0] for line in done.stdout.splitlines() if len(line) > 40 and line[23:27] == "pass"}
    assert set(what) <= set(rows), done.stdout[-6000:]
