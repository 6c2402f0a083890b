"""README and docs are true: commands parse, examples run, links and pictures lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import click
import pytest
import yaml

from harness.check.results.known_failures_file import ENTRY_KEYS, ClauseCatalogue, parse_known_failures
from harness.cli.console import Console
from harness.cli.main import group
from harness.serve.faults.catalogue import find_faults
from harness.specification.load import load_spec, spec_ids

REPOSITORY = Path(__file__).resolve().parents[3]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "fixtures/README.md", "tests/README.md")
DOCUMENTS = [*(REPOSITORY / name for name in TOP), *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def blocks(language: str) -> list[object]:
    return [
        pytest.param(match[2], id=f"{name_of(path)}-{number}")
        for path in DOCUMENTS
        for number, match in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")), 1)
        if match[1] == language
    ]


def commands() -> list[object]:
    """Every `callharness ...` in a shell block or in backquotes on a line."""
    found: dict[str, str] = {}
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        lines = [line for match in BLOCK.finditer(text) if match[1] == "sh" for line in match[2].splitlines()]
        lines += re.findall(r"`(callharness [^`]+)`", BLOCK.sub("", text))
        for line in lines:
            for part in re.split(r"&&|;|\|", line):
                words = part.split("#")[0].strip()
                if re.match(r"(?:\S*/)?callharness\s", words):
                    found.setdefault(words, name_of(path))
    return [pytest.param(words, id=words) for words in found]


@pytest.mark.parametrize("text", commands())
def test_a_command_is_understood(text: str) -> None:
    words = shlex.split(text)[1:]
    command: click.Command = group
    context = click.Context(group, obj=Console())
    while isinstance(command, click.Group) and words:
        inner = command.get_command(context, words[0])
        assert inner is not None, f"no command {words[0]}"
        command, words = inner, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    if words:
        # A command that is only named (`callharness check`) may lack what it needs to run.
        command.make_context(str(command.name), words, parent=context.parent)


@pytest.mark.parametrize("text", [one for one in blocks("python") if "def test_" not in one.values[0]])  # type: ignore[attr-defined]
def test_a_python_example_runs(text: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("text", [one for one in blocks("python") if "def test_" in one.values[0]])  # type: ignore[attr-defined]
def test_a_pytest_example_passes(text: str, tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_picture_of_the_layout_is_true() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    picture = next(match[2] for match in BLOCK.finditer(text) if "harness/\n" in match[2])
    first, *lines = picture.splitlines()
    names = first.split() + [line.split()[0] for line in lines if not line.startswith(" ")]
    inner = [line.split()[0] for line in lines if line.startswith("  ")]
    assert [name for name in names if not (REPOSITORY / name).exists()] == []
    assert [name for name in inner if not (REPOSITORY / "harness" / name).exists()] == []
    packages = {path.parent.name + "/" for path in (REPOSITORY / "harness").glob("*/__init__.py")}
    assert packages <= set(inner)


def test_the_page_on_checks_names_every_exit_code() -> None:
    text = (REPOSITORY / "docs/check.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\d, ]+) \|", text, re.MULTILINE)
    known = {"0", "1", "2", "3", "4", "5", "129", "130", "141", "143"}
    assert {code for row in rows for code in row.split(", ")} == known


def test_the_readme_counts_the_clauses() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    told = re.search(r"(\d+) promises", text)
    assert told is not None
    assert int(told[1]) == sum(len(load_spec(name).clauses) for name in spec_ids())


def test_every_fault_in_a_document_exists() -> None:
    for path in DOCUMENTS:
        for api, clause in re.findall(
            r"--fault (\S+/\S+?):([A-Z]{2}-[A-Z]{3}-\d+)", path.read_text(encoding="utf-8")
        ):
            assert find_faults(load_spec(api), clause)


def test_the_credentials_file_of_the_guide_is_read(tmp_path: Path) -> None:
    from harness.check.credentials import load_credentials

    text = (REPOSITORY / "docs/check.md").read_text(encoding="utf-8")
    block = next(match[2] for match in BLOCK.finditer(text) if match[1] == "yaml")
    (tmp_path / "users.yaml").write_text(block, encoding="utf-8")
    found = load_credentials(tmp_path / "users.yaml", load_spec("enswitch/calls-active-list"))
    assert [identity.name for identity in found] == ["reader", "child"]


def test_the_guide_shows_a_known_failure_with_every_key_that_is_read() -> None:
    text = (REPOSITORY / "docs/check.md").read_text(encoding="utf-8")
    (block,) = [match[2] for match in BLOCK.finditer(text) if match[1] == "yaml" and "\nknown:" in f"\n{match[2]}"]
    catalogue = ClauseCatalogue.of(load_spec("ozeki/list-call-history"))
    read = parse_known_failures(block, name="known.yaml", catalogue=catalogue, today=date(2026, 11, 21))
    assert [str(clause) for clause in read.flaky] == ["OZ-LCH-030"]
    assert set(yaml.safe_load(block)["known"][0]) == set(ENTRY_KEYS)


def test_the_action_speaks_of_options_that_there_are() -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
    script = next(step["run"] for step in action["runs"]["steps"] if step.get("id") == "check")
    check = group.get_command(click.Context(group, obj=Console()), "check")
    assert check is not None
    known = {name for parameter in check.params for name in parameter.opts}
    assert set(re.findall(r"(--[a-z-]+)", script)) <= known
    assert set(re.findall(r"inputs\.([a-z-]+)", str(action["runs"]))) == set(action["inputs"])


def test_the_demo_stays_off_the_network() -> None:
    source = (REPOSITORY / "harness/cli/demo.py").read_text(encoding="utf-8")
    assert not re.search(r"https?://(?!127\.0\.0\.1)", source)
