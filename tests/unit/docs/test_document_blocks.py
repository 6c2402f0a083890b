"""Every block of code in README and docs is true: commands run as printed and say what is printed.

What does not run here says why in an invisible comment: `support/document_blocks.py`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from document_blocks import REPOSITORY, WHOLE, Block, blocks_of, documents, missing_lines, name_of, page_session

ALL = [block for page in documents() for block in blocks_of(page)]
PAGES = [page for page in documents() if any(block.language == "sh" and block.runs_here for block in blocks_of(page))]
YAML = [block for block in ALL if block.language == "yaml"]
MOST_THAT_NEVER_RUN = 6
# `test_documents.py` runs Python; clients of `mutate.md` and readers of fixtures have tests of their own.
KNOWN_LANGUAGES = {"sh", "yaml", "python", "py", "js", "java", "console"}


def where(block: Block) -> str:
    return block.where


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_run_as_printed(page: Path, tmp_path: Path) -> None:
    with page_session(tmp_path) as session:
        for block in blocks_of(page):
            if block.file is not None:
                (tmp_path / block.file).write_text(block.text, encoding="utf-8")
            elif block.language == "sh" and block.runs_here and block.rule != "install":
                said = session.printed(session.run(block))
                assert missing_lines(block.shown or "", said) == [], f"{block.where}\n{said}"


@pytest.mark.skipif(not WHOLE, reason="it installs packages: tox -e docs")
@pytest.mark.parametrize("block", [one for one in ALL if one.rule == "install"], ids=where)
def test_an_installation_works_as_printed(block: Block, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(tmp_path / "checkout")], check=True)
    with page_session(tmp_path / "checkout", installs=True) as session:
        session.run(block)


@pytest.mark.parametrize("block", YAML, ids=where)
def test_a_block_of_yaml_is_yaml(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize(
    ("block", "schema", "more"),
    [
        pytest.param(block, schema, more, id=block.where)
        for block in YAML
        for mark, schema, more in (
            ("runs-on:", "github-workflows", ()),
            ("extends: .callharness", "gitlab-ci", ("--data-transform", "gitlab-ci")),
        )
        if mark in block.text
    ],
)
def test_a_job_satisfies_the_schema_of_its_service(
    block: Block, schema: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    # A part of a workflow leaves out when it runs.
    head = "on: push\n" if schema == "github-workflows" and "\non:" not in block.text else ""
    (tmp_path / "job.yml").write_text(head + block.text, encoding="utf-8")
    words = ["check_jsonschema", "--builtin-schema", f"vendor.{schema}", *more, str(tmp_path / "job.yml")]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_does_not_run_says_why() -> None:
    known = {"", "long", "install", "never", "elsewhere"}
    assert [block.where for block in ALL if block.rule not in known or (block.rule and not block.reason)] == []


def test_few_blocks_never_run() -> None:
    never = [f"{block.where} {block.reason}" for block in ALL if block.rule == "never"]
    assert len(never) <= MOST_THAT_NEVER_RUN, "\n".join(never)


def test_what_another_test_runs_stands_in_that_test() -> None:
    named = {block.reason for block in ALL if block.rule == "elsewhere"}
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []


def test_every_block_is_of_a_language_that_somebody_runs() -> None:
    assert {block.language for block in ALL} <= KNOWN_LANGUAGES


def test_a_printed_line_that_does_not_come_is_told() -> None:
    output = "ready\nRED  3 of 4 clauses kept, 9 requests, 1.7 s\n"
    assert missing_lines("RED 3 of 4 clauses kept, ..., 0.2 s\n", output) == []
    assert missing_lines("RED 2 of 4 ...\n", output) == ["RED 2 of 4 ..."]
    assert missing_lines("RED ...\nready\n", output) == ["ready"]
