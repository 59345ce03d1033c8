"""The manual pages and the completion of both shells say what the program says, whatever command comes next."""

import os
import pathlib
import re
import subprocess

import pytest

from parts.school import BINARY

PACKAGING = pathlib.Path(__file__).parents[2] / "packaging"


def said(*words: str) -> str:
    return subprocess.run([BINARY, *words], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


COMMANDS = re.findall(r"^  ([a-z-]+) ", said("--help"), re.MULTILINE)


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual")
    subprocess.run([PACKAGING / "make-manual", BINARY, folder], check=True)
    return folder


def read(page: pathlib.Path) -> str:
    """The page as its reader sees it, on one long line."""
    shown = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200", page], check=True, capture_output=True, text=True).stdout
    return re.sub(r"\s+", " ", re.sub(r".\x08", "", shown).replace("‐", "-"))


def test_every_page_is_sound(manual):
    pages = sorted(manual.glob("man*/*"))
    assert len(pages) == len(COMMANDS) + 2
    for page in pages:
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "error", page], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stdout, done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commands_page_says_all_that_its_help_says(manual, command):
    text = read(manual / "man8" / f"schoolgate-{command}.8")
    for word in said(command, "--help").split():
        assert word in text, word


def test_the_first_page_names_every_command(manual):
    text = read(manual / "man8" / "schoolgate.8")
    assert [command for command in COMMANDS if f"schoolgate-{command}(8)" not in text] == []


def test_the_page_of_the_configuration_names_every_key(manual):
    text = read(manual / "man5" / "schoolgate.yaml.5")
    for key in re.findall(r"^\| `([^`]+)` \|", (PACKAGING.parent / "docs" / "configuration.md").read_text(), re.MULTILINE):
        assert re.sub(r"\s", "", key) in re.sub(r"\s|│|┃", "", text), key


# What was typed so far -> what must be offered, and what must not.
TYPED = {
    ("",): ({"run", "lists", "version"}, {"--config", "update"}),
    ("in",): ({"inspect-report"}, {"run"}),
    ("lists", ""): ({"update", "status", "rollback"}, {"run"}),
    ("lists", "st"): ({"status"}, {"update"}),
    ("lists", "update", "--a"): ({"--accept"}, {"--due"}),
    ("check", "--"): ({"--config", "--json", "--help"}, {"--accept"}),
    ("nonsense", ""): (set(), {"run", "update"}),
    ("run", "--config", "/et"): ({"/etc"}, {"--strict"}),
}


def environment(tmp_path):
    (tmp_path / "schoolgate").symlink_to(pathlib.Path(BINARY).resolve())
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_bash_offers(tmp_path, typed):
    script = f'''
      source {PACKAGING}/completion/schoolgate.bash
      COMP_WORDS=(schoolgate "$@"); COMP_CWORD=$#
      _schoolgate; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    done = subprocess.run(["bash", "-uc", script, "bash", *typed], check=True, capture_output=True, text=True, env=environment(tmp_path))
    offered, wanted, unwanted = set(done.stdout.split()), *TYPED[typed]
    assert wanted <= offered and not unwanted & offered and done.stderr == "", (offered, done.stderr)


@pytest.mark.parametrize("typed", [typed for typed in TYPED if "--config" not in typed], ids=" ".join)
def test_zsh_offers(tmp_path, typed):
    """_describe stands for the menu: it is handed what would be offered, before zsh leaves out what does not begin as typed."""
    script = f'''
      _describe() {{ local entry; for entry in "${{(@P)4}}"; do print -r -- "${{entry%%:*}}"; done }}
      words=(schoolgate "$@"); CURRENT=${{#words}}
      source {PACKAGING}/completion/_schoolgate'''
    done = subprocess.run(["zsh", "-fc", script, "zsh", *typed], check=False, capture_output=True, text=True, env=environment(tmp_path))
    offered = {word for word in done.stdout.split() if word.startswith(typed[-1])}
    wanted, unwanted = TYPED[typed]
    assert wanted <= offered and not unwanted & offered and done.stderr == "", (offered, done.stderr)
