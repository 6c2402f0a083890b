"""`callharness spec diff`: text, JSON, and exit codes that a pipeline can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from invented_spec import ACMEPBX, acmepbx_text

from harness.cli.main import main

WEAKER = ("AC-LST-020: {level: must,", "AC-LST-020: {level: should,")
OTHER_WORDS = ("from keeps no call that began earlier", "from keeps calls that began later\\u001b[2J")


def other(folder: Path, *changes: tuple[str, str]) -> str:
    path = folder / "acmepbx.yaml"
    path.write_text(acmepbx_text(*changes), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("changes", "options", "code"),
    [
        ((), (), 0),
        ((OTHER_WORDS,), (), 1),
        ((OTHER_WORDS,), ("--fail-on", "loss"), 0),
        ((WEAKER,), ("--fail-on", "loss"), 1),
        ((WEAKER,), ("--fail-on", "never"), 0),
    ],
)
def test_the_exit_code_says_whether_a_pipeline_may_go_on(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], options: tuple[str, ...], code: int
) -> None:
    assert main(["spec", "diff", str(ACMEPBX), other(tmp_path, *changes), *options]) == code


def test_the_text_names_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["spec", "diff", str(ACMEPBX), other(tmp_path, WEAKER)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [
        "clauses: 1 changed",
        "  ~! AC-LST-020",
        "       level: must -> should",
        "",
        "1 change, 1 of them a loss (!)",
    ]


def test_what_a_spec_says_is_made_visible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["spec", "diff", str(ACMEPBX), other(tmp_path, OTHER_WORDS)])
    assert "\x1b" not in capsys.readouterr().out


def test_the_same_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["spec", "diff", str(ACMEPBX), other(tmp_path, WEAKER), "--json"])
    (change,) = json.loads(capsys.readouterr().out)["changes"]
    assert change == {
        "kind": "clause",
        "name": "AC-LST-020",
        "change": "changed",
        "loss": True,
        "parts": {"level": {"before": "must", "after": "should"}},
    }


def test_shipped_ids_are_compared_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "diff", "ozeki/list-active-calls", "ozeki/list-active-calls"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no difference"


def test_a_file_that_is_no_spec_is_one_clear_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.yaml").write_text("a: [", encoding="utf-8")
    assert main(["spec", "diff", str(ACMEPBX), str(tmp_path / "no.yaml")]) == 2
    err = capsys.readouterr().err
    assert "well-formed YAML" in err
    assert "Traceback" not in err
