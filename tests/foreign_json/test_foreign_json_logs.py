"""The checker on servers of ListCallLogs that were written from the documents, not from the project's simulator."""

from __future__ import annotations

import pytest
from logs_json import API, identities
from logs_variants import CORRECT, DEFECTS
from server_companies import joined
from vendor_http import Variant, alarms, blamed, cases, checked, company_cases

ORDINARY_CORRECT = ("Plain", "LeavesOutWhatIsEmpty", "DirectedCursors", "UnsetNull", "Live", "One")
ORDINARY_DEFECTS = (
    "NumberOnlyCallee",
    "OffsetsIgnored",
    "StateForgottenAfterCursor",
    "NextSkipsTies",
    "BeforeReversed",
    "TimeWithoutZoneNowAndThen",
    "KeyInAnyCase",
    "FiltersForgottenAfterCursor",
)
# What the checker does not see, or blames where no defect is; each line is a bug report.
KNOWN: dict[str, str] = {
    "HotlinesAreExtensions": "no black box can see it: the attribute is hidden",
}

pytestmark = pytest.mark.usefixtures("few_combinations")


@pytest.mark.parametrize("variant", cases(CORRECT, ORDINARY_CORRECT, KNOWN))
def test_a_correct_vendor_is_not_blamed(variant: Variant) -> None:
    report = checked(API, variant.kind(), "/v1/shop.Etelecom", identities())
    assert alarms(report) == []
    assert report.exit_code in (0, 5)


@pytest.mark.parametrize("variant", cases(DEFECTS, ORDINARY_DEFECTS, KNOWN))
def test_a_defect_is_found_under_a_clause_that_it_breaks(variant: Variant) -> None:
    report = checked(API, variant.kind(), "/v1/shop.Etelecom", identities())
    assert blamed(report) & set(variant.clauses), alarms(report)


@pytest.mark.parametrize("company", company_cases(DEFECTS, KNOWN))
def test_defects_are_found_beside_each_other(company: tuple[Variant, ...]) -> None:
    report = checked(API, joined([one.kind for one in company])(), "/v1/shop.Etelecom", identities())
    found = blamed(report)
    assert [one.name for one in company if not found & set(one.clauses)] == [], alarms(report)
