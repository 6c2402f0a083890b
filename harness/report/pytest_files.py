"""Findings as tests of their own: one file each, which runs with plain pytest against any server of the API."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from harness.check.results.findings import Finding, RunReport
from harness.output.escaping import visible_text

_NO_FILE: Final = "no file; it takes other answers, or requests that are signed when they are sent."
INDEX_NAME: Final = "README.md"
# No other variable is ever read: a journal may come from anybody.
_VARIABLE: Final = re.compile(r"\$\{(CALLHARNESS_CREDENTIAL_\w+)\|")


def pytest_files(report: RunReport) -> Mapping[str, str]:
    """The texts of the files by name: a test module for each finding that a request or two show, and an index.

    A module asks the server at the URL in CALLHARNESS_URL once or twice, or some times over. It needs Python and
    pytest alone, and holds no secret: what it needs stands in the environment.
    """
    made: dict[str, str] = {}
    lines = []
    for finding in report.findings:
        case = _case_of(finding)
        if case is None:
            lines.append(f"- `{finding.clause}`: {_NO_FILE} {_replay(finding)}")
            continue
        name = _file_name(report, finding, made)
        made[name] = _module_text(report, finding, case)
        lines.append(f"- `{finding.clause}`: `{name}`")
    return {**made, INDEX_NAME: _index_text(report, lines)}


def _case_of(finding: Finding) -> dict[str, Any] | None:
    if not finding.case:
        return None
    try:
        case = json.loads(finding.case)
    except ValueError:
        # A journal cuts and masks what it holds: half a case is none.
        return None
    return case if isinstance(case, dict) and {"steps", "check"} <= case.keys() else None


def _file_name(report: RunReport, finding: Finding, made: Mapping[str, str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", f"{report.api}_{finding.clause}".lower()).strip("_")[-80:]
    name, number = f"test_{stem}.py", 2
    while name in made:
        name, number = f"test_{stem}_{number}.py", number + 1
    return name


def _module_text(report: RunReport, finding: Finding, case: dict[str, Any]) -> str:
    template = files("harness.report").joinpath("templates", "finding_test.py.txt").read_text(encoding="utf-8")
    variables = sorted(set(_VARIABLE.findall(finding.case)))
    lines = [
        f"{finding.clause} of {report.api}: {finding.message}",
        "",
        f"Promise   {finding.level}, {finding.basis}",
        f"Expected  {finding.expected}",
        f"Actual    {finding.actual}",
        "",
        "It fails while the server answers as it did when the defect was found, and holds for the data of then.",
        f"Environment: {', '.join(['CALLHARNESS_URL (the base URL)', *variables])}; CALLHARNESS_CA for a CA file.",
    ]
    # As a comment no text of a server can leave its line.
    head = "\n".join(f"# {visible_text(line, limit=400)}".rstrip() for line in lines)
    word = re.sub(r"[^a-z0-9]+", "_", str(finding.clause).lower()).strip("_")
    body = template.replace("NAME_OF_TEST", f"test_{word}_is_kept")
    imports, _, rest = body.partition("\n\nSECONDS")
    promise = visible_text(f"{finding.clause}  {finding.message}", limit=400)
    return f"{head}\n\n{imports}\n\nPROMISE = {promise!a}\nCASE = {_literal(case)}\nSECONDS{rest}"


def _literal(case: dict[str, Any]) -> str:
    """The case as a Python literal in ASCII."""
    text = pprint.pformat(case, width=110, sort_dicts=True)
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _index_text(report: RunReport, lines: list[str]) -> str:
    return "\n".join(
        (
            f"# Findings of {visible_text(report.api, limit=200)} as tests",
            "",
            "Each file is one broken promise. Run them with",
            f"`CALLHARNESS_URL={visible_text(report.target)} pytest .`;",
            "credentials stand as `CALLHARNESS_CREDENTIAL_NAME` in the environment; each file names what it needs.",
            "",
            *(lines or ["No finding: nothing to test."]),
            "",
        )
    )


def _replay(finding: Finding) -> str:
    return f"`{finding.replay}` shows it." if finding.replay and "`" not in finding.replay else ""
