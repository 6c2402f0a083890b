"""The linter knows the rules that a clause may name under `checked-by`."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.check.rules import RULE_NAMES
from harness.cli.main import main
from harness.specification.load import load_spec, spec_ids, specs_directory


def test_the_shipped_specs_name_each_rule_and_no_other() -> None:
    named = {rule for api in spec_ids() for clause in load_spec(api).clauses.values() for rule in clause.checked_by}
    assert named == RULE_NAMES


def test_a_rule_that_does_not_exist_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (specs_directory() / "ozeki" / "list-call-history.yaml").read_text(encoding="utf-8")
    odd = tmp_path / "odd.yaml"
    odd.write_text(text.replace("checked-by: [root-element]", "checked-by: [no-such-rule]"), encoding="utf-8")
    assert main(["spec", "lint", str(odd)]) == 1
    assert "no-such-rule" in capsys.readouterr().out
