"""Servers written from the vendors' pages alone, without a look at this project's simulator.

A correct one with an unusual choice raises no alarm; one with a defect raises one under a clause that promises it.
`KNOWN` names the disagreements that stand open, so that they are seen and do not hide others.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import variants_legs  # noqa: F401
import variants_pbx  # noqa: F401
from foreign_checks import alarms, check, told
from known_disagreements import FALSE_ALARMS, MISSED, WRONG_CLAUSE
from variants import CORRECT, DEFECTS, Variant

pytestmark = pytest.mark.usefixtures("few_combinations")


def cases(variants: list[Variant], known: set[str]) -> list[object]:
    """Few in a normal run, all in a thorough one; what is known to differ may fail."""
    found = []
    for one in variants:
        marks = [] if one.normal else [pytest.mark.thorough]
        if one.name in known:
            marks.append(pytest.mark.xfail(reason="a known disagreement", strict=False))
        found.append(pytest.param(one, id=f"{one.api.rpartition('/')[2]}-{one.name}", marks=marks))
    return found


@pytest.mark.parametrize("variant", cases(CORRECT, FALSE_ALARMS))
def test_foreign_correct_server_raises_no_alarm(variant: Variant) -> None:
    report = check(variant.app(), variant.api)
    assert not alarms(report), told(report)
    assert report.exit_code in (0, 5), report.notes


@pytest.mark.parametrize("variant", cases([one for one in DEFECTS if not one.unseen], MISSED | WRONG_CLAUSE))
def test_foreign_defect_is_found_under_its_clause(variant: Variant) -> None:
    report = check(variant.app(), variant.api)
    clauses = {str(finding.clause) for finding in alarms(report)}
    assert clauses, "nothing was found"
    assert clauses & variant.clauses, told(report)


def test_foreign_registers_are_large_enough() -> None:
    for api, correct, defects in (("ozeki", 12, 60), ("enswitch", 12, 60)):
        assert len([one for one in CORRECT if one.api.startswith(api)]) >= correct
        assert len([one for one in DEFECTS if one.api.startswith(api)]) >= defects
    names = [(one.api, one.name) for one in (*CORRECT, *DEFECTS)]
    assert len(set(names)) == len(names)
