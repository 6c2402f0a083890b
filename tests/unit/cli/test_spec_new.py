"""`callharness spec new`: the draft on standard output or in a new file, what is missing on standard error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from foreign_openapi import brassphone

from harness.cli.main import main


def document(folder: Path) -> str:
    file = folder / "brassphone.json"
    file.write_text(json.dumps(brassphone()), encoding="utf-8")
    return str(file)


def test_the_draft_goes_to_standard_output_and_what_is_missing_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spec", "new", "--from", document(tmp_path), "--path", "/calls"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("# Drafted from brassphone.json by `callharness spec new`.")
    guesses = sum(line.lstrip().startswith("# GUESS:") for line in out.splitlines())
    assert err.splitlines() == [
        f"{guesses} guesses to confirm (# GUESS:)",
        "5 missing:",
        "  fields.mood: which attribute it shows; until then the simulator leaves it out",
        "  fields.parent: which attributes its parts started_at, answered_at, direction, from, to, duration, mood, "
        "parent show",
        "  order.sort: the field that the word cost of sort means",
        "  parameters.flavour: what it does",
        "  parameters.X-Trace: it stands in the header",
        "lint finds nothing",
    ]


def test_the_drafted_file_is_a_spec_that_lint_and_generate_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = str(tmp_path / "mine.yaml")
    assert (
        main(["spec", "new", "--from", document(tmp_path), "--path", "/calls", "--method", "get", "-o", draft]) == 0
    )
    assert main(["spec", "lint", draft]) == 0
    assert main(["generate", draft, "--calls", "3", "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("mine")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = document(tmp_path)
    before = Path(source).read_bytes()
    assert main(["spec", "new", "--from", source, "--path", "/calls", "-o", source]) == 2
    assert "a file that is there already" in capsys.readouterr().err
    assert Path(source).read_bytes() == before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--path", "/call"), "did you mean /calls?"),
        (("--path", "/calls", "--method", "post"), "one of get"),
        (("--path", "/calls", "-o", "no/such/directory/x.yaml"), "no such directory"),
    ],
)
def test_what_cannot_be_drafted_is_one_clear_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], expected: str
) -> None:
    assert main(["spec", "new", "--from", document(tmp_path), *options]) == 2
    err = capsys.readouterr().err
    assert expected in err
    assert "Traceback" not in err
