"""The fixtures of the end-to-end tests, for these too."""

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "bench/peers")]
_spec = importlib.util.spec_from_file_location("e2e_fixtures", ROOT / "tests/e2e/conftest.py")
_fixtures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)
for _name in ("certificates", "web", "names", "new_school", "webhook", "web_authority", "site", "new_inspecting"):
    globals()[_name] = getattr(_fixtures, _name)
