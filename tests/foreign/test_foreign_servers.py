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
from foreign_checks import ACTIVE, HISTORY, LEGS, alarms, check, told
from known_disagreements import FALSE_ALARMS, MISSED, WRONG_CLAUSE
from server_companies import joined
from variants import CORRECT, DEFECTS, Variant, companies_of

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


def company_cases() -> list[object]:
    """For each API a server with two defects and one with three in a normal run; in a thorough one a dozen each."""
    found = []
    for api in (HISTORY, ACTIVE, LEGS):
        for size in (2, 3):
            for index, company in enumerate(companies_of(api, size, seed=1, at_most=12)):
                marks = [] if index == 0 else [pytest.mark.thorough]
                name = f"{api.rpartition('/')[2]}-" + "+".join(one.name for one in company)
                found.append(pytest.param(company, id=name, marks=marks))
    return found


@pytest.mark.parametrize("company", company_cases())
def test_foreign_defects_are_found_beside_each_other(company: tuple[Variant, ...]) -> None:
    report = check(joined([one.app for one in company])(), company[0].api)
    clauses = {str(finding.clause) for finding in alarms(report)}
    missed = [one.name for one in company if not clauses & one.clauses]
    assert not missed, told(report)


def test_foreign_registers_are_large_enough() -> None:
    for api, correct, defects in (("ozeki", 12, 60), ("enswitch", 12, 60)):
        assert len([one for one in CORRECT if one.api.startswith(api)]) >= correct
        assert len([one for one in DEFECTS if one.api.startswith(api)]) >= defects
    names = [(one.api, one.name) for one in (*CORRECT, *DEFECTS)]
    assert len(set(names)) == len(names)
