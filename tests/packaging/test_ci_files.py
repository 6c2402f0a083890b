"""The action, the templates and the image: their schemas, and their shell steps with whatever a user may write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "two words",
    'it\'s "quoted"',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned; #",
    "a\nb",
    "* ? [a-z] ~",
    "${HOME} $PATH",
    "-rf",
    "--help",
    "back\\slash \\n",
    "ünï ☎",
)
# Takes the place of callharness: notes its arguments, each ended by a NUL, and ends as it is told to.
STAND_IN = '#!/bin/bash\nprintf "%s\\0" "$@" > "$NOTED"\nexit "${EXIT:-0}"\n'


@pytest.mark.parametrize(
    ("schema", "file", "more"),
    [
        ("github-actions", "action.yml", ()),
        ("github-workflows", "examples/github-workflow.yml", ()),
        ("gitlab-ci", "examples/gitlab-ci.yml", ("--data-transform", "gitlab-ci")),
        ("compose-spec", "examples/compose.yaml", ()),
    ],
)
def test_a_file_satisfies_the_schema_of_its_service(schema: str, file: str, more: tuple[str, ...]) -> None:
    words = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        *more,
        str(ROOT / file),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def load(file: str) -> Any:
    return yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))


# --- the shell steps ----------------------------------------------------------------------------------------


def action_step(name: str) -> Any:
    return next(step for step in load("action.yml")["runs"]["steps"] if step.get("name") == name)


def test_no_shell_step_of_the_action_holds_an_expression() -> None:
    steps = [step for step in load("action.yml")["runs"]["steps"] if "run" in step]
    assert len(steps) == 2
    assert [step["name"] for step in steps if "${{" in step["run"]] == []


def run_script(script: str, place: Path, variables: dict[str, str]) -> tuple[int, list[str]]:
    """A script run by bash in a directory, and the arguments that it gave to callharness."""
    for folder in ("callharness-venv", ".callharness-venv"):
        program = place / folder / "bin" / "callharness"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(STAND_IN)
        program.chmod(0o755)
    noted = place / "noted"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "RUNNER_TEMP": str(place),
        "GITHUB_OUTPUT": str(place / "output"),
        "NOTED": str(noted),
        **variables,
    }
    done = subprocess.run(["bash", "-c", script], cwd=place, env=environment, capture_output=True, check=False)
    words = noted.read_bytes().decode().split("\0")[:-1] if noted.exists() else [done.stderr.decode()]
    return done.returncode, words


def run_action(place: Path, **inputs: str) -> tuple[int, list[str]]:
    variables = dict.fromkeys(action_step("Check the API")["env"], "")
    given = {"API": "a/b", "TARGET": "http://127.0.0.1:1", "GATE": "ci", "DIR": "out", **inputs}
    return run_script(action_step("Check the API")["run"], place, variables | given)


def run_template(place: Path, **variables: str) -> tuple[int, list[str]]:
    job = load("examples/gitlab-ci.yml")[".callharness"]
    given = {f"CALLHARNESS_{name}": value for name, value in variables.items()}
    defaults = {"CALLHARNESS_API": "a/b", "CALLHARNESS_TARGET": "http://127.0.0.1:1"} | job["variables"]
    return run_script("\n".join(job["script"]), place, defaults | given)


@pytest.mark.parametrize("run", [run_action, run_template], ids=["action", "template"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_arrives_as_it_was_written(run: Any, value: str, tmp_path: Path) -> None:
    code, words = run(tmp_path, API=value, TARGET=value, GATE=value, KNOWN=value, WAIT=value, DIR=value)
    assert code == 0
    assert words[-2:] == ["--", value]
    assert {f"--target={value}", f"--gate={value}", f"--known={value}", f"--wait={value}"} < set(words)
    assert f"--report=junit={value}/junit.xml" in words
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("run", [run_action, run_template], ids=["action", "template"])
def test_each_line_is_one_further_argument(run: Any, tmp_path: Path) -> None:
    lines = [value for value in HOSTILE if "\n" not in value]
    _, plain = run(tmp_path)
    _, words = run(tmp_path, ARGUMENTS="\n".join(lines) + "\r\n\n")
    assert words == [*plain[:-2], *lines, *plain[-2:]]
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("run", [run_action, run_template], ids=["action", "template"])
def test_a_step_ends_as_the_check_does(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = STAND_IN.replace("${EXIT:-0}", "4")
    monkeypatch.setattr(sys.modules[__name__], "STAND_IN", program)
    assert run(tmp_path)[0] == 4


def test_the_action_tells_the_exit_code(tmp_path: Path) -> None:
    run_action(tmp_path)
    assert (tmp_path / "output").read_text() == "exit-code=0\n"


def test_what_the_action_gives_is_what_the_command_takes(tmp_path: Path) -> None:
    """The arguments of the step, given to the real command: nothing in them is unknown."""
    _, words = run_action(tmp_path, API="ozeki/list-call-history", TARGET="http://127.0.0.1:9", WAIT="0.1")
    command = [sys.executable, "-m", "harness.cli.main", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stderr
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {"junit.xml", "report.json", "report.html", "report.sarif", "report.md", "tests"}


# --- the image ----------------------------------------------------------------------------------------------


def test_the_base_of_the_image_and_of_the_template_is_one_exact_version_with_its_digest() -> None:
    first = next(line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("ARG BASE="))
    assert re.fullmatch(r"ARG BASE=python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", first)
    assert first.removeprefix("ARG BASE=") == load("examples/gitlab-ci.yml")[".callharness"]["image"]


@pytest.mark.parametrize("file", ["action.yml", "examples/github-workflow.yml", "docs/ci.md"])
def test_the_actions_of_others_are_pinned_by_their_hash(file: str) -> None:
    used = re.findall(r"(?m)^\s*(?:- )?uses: (\S+)", (ROOT / file).read_text(encoding="utf-8"))
    others = [name for name in used if not name.startswith("OWNER/")]
    assert others
    assert [name for name in others if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []


def test_the_image_does_not_run_as_root() -> None:
    users = [line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("USER ")]
    assert users == ["10001"]
