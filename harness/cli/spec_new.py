"""`callharness spec new`: a first draft of a spec from an OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.console import Console

if TYPE_CHECKING:
    from harness.specification.lint.finding import LintFinding


@click.command()
@click.option("--from", "document", metavar="FILE", required=True, help="An OpenAPI document.")
@click.option("--path", "operation", metavar="PATH", required=True, help="The path whose operation lists calls.")
@click.option("--method", metavar="METHOD", help="get or post (default: get where the path has one).")
@click.option("-o", "--out", metavar="FILE", help="Where the draft goes; otherwise to standard output.")
@click.pass_obj
def new(console: Console, document: str, operation: str, method: str | None, out: str | None) -> int:
    """Draft a spec from an OpenAPI document: parameters, fields, access, paging, filters, order and words.

    What the document does not state is guessed by name, type and description, under a comment `# GUESS:` that a
    person confirms and deletes. What is missing is listed at the end, on standard error, with what lint finds.
    """
    from harness.errors import UsageProblem
    from harness.output.atomic_files import write_atomically
    from harness.output.escaping import visible_text
    from harness.specification.draft.drafter import draft_spec
    from harness.specification.draft.openapi_source import read_openapi_source

    if out is not None and (Path(out).exists() or not Path(out).parent.is_dir()):
        actual = "a file that is there already" if Path(out).exists() else "no such directory"
        raise UsageProblem("--out", "a new file in a directory that exists", f"{out}: {actual}")
    draft = draft_spec(read_openapi_source(Path(document), operation_path=operation, method=method))
    findings = _findings_in(draft.text, name=out or "draft.yaml")
    if out is None:
        console.write_result(draft.text)
    else:
        write_atomically(Path(out), draft.text.encode())
        console.write_message(f"callharness: {out} is drafted")
    guesses = sum(line.lstrip().startswith("# GUESS:") for line in draft.text.splitlines())
    lines = [
        f"{guesses} guesses to confirm (# GUESS:)",
        f"{len(draft.missing)} missing:" if draft.missing else "nothing is missing",
    ]
    lines += [f"  {one}" for one in draft.missing]
    lines.append(f"{len(findings)} lint findings:" if findings else "lint finds nothing")
    lines += [str(finding) for finding in findings]
    for line in lines:
        console.write_message(visible_text(line, limit=2000, multiline=True))
    return 0


def _findings_in(text: str, *, name: str) -> tuple[LintFinding, ...]:
    from harness.check.rules import RULE_NAMES
    from harness.specification.lint.linter import lint_source_file
    from harness.specification.yaml_source import parse_source_text

    return lint_source_file(parse_source_text(text, name=name), rules=RULE_NAMES).findings
