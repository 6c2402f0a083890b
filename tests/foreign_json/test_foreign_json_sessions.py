"""The checker on servers of GetCallHistory that were written from the documents, not from the project's simulator."""

from __future__ import annotations

import pytest
from server_companies import joined
from sessions_json import API, identities
from sessions_variants import CORRECT, DEFECTS
from vendor_http import Variant, alarms, blamed, cases, checked, company_cases

ORDINARY_CORRECT = ("Plain", "RefusesTooMuch", "ZoneOfParis", "Live", "Three")
ORDINARY_DEFECTS = (
    "FromByDay",
    "ZoneWrongSign",
    "NumbersBySubstring",
    "LocalForgottenWithRemote",
    "OffsetIgnoredWhenDescending",
    "TotalWithoutFilters",
    "CallBeforeItsSession",
    "MultipartIgnored",
    "ReplicaLacksDays",
    "OlderOnesAnHourLate",
)
# What the checker does not see, or blames where no defect is; each line is a bug report.
KNOWN: dict[str, str] = {
    "CallsMissingWhenNone": "arguable: calls is optional in the vendor's types",
}

# What the checker does not see beside another defect.
COVERED: dict[str, str] = {
    "SessionTwice": "rows that come twice leave it open which rows are on a page",
    "NullWhenEmpty": "no defect: what is empty may be null",
    "CountMissingWhenEmpty": "no defect: a count of nothing may be left out",
}

pytestmark = pytest.mark.usefixtures("few_combinations")


@pytest.mark.parametrize("variant", cases(CORRECT, ORDINARY_CORRECT, KNOWN))
def test_a_correct_vendor_is_not_blamed(variant: Variant) -> None:
    report = checked(API, variant.kind(), "", identities())
    assert alarms(report) == []
    assert report.exit_code in (0, 5)


@pytest.mark.parametrize("variant", cases(DEFECTS, ORDINARY_DEFECTS, KNOWN))
def test_a_defect_is_found_under_a_clause_that_it_breaks(variant: Variant) -> None:
    report = checked(API, variant.kind(), "", identities())
    assert blamed(report) & set(variant.clauses), alarms(report)


@pytest.mark.parametrize("company", company_cases(DEFECTS, KNOWN | COVERED))
def test_defects_are_found_beside_each_other(company: tuple[Variant, ...]) -> None:
    report = checked(API, joined([one.kind for one in company])(), "", identities())
    found = blamed(report)
    assert [one.name for one in company if not found & set(one.clauses)] == [], alarms(report)
