"""The checker on servers of ListCallLogs that were written from the documents, not from the project's simulator."""

from __future__ import annotations

import pytest
from logs_json import API, identities
from logs_variants import CORRECT, DEFECTS
from vendor_http import Variant, alarms, blamed, cases, checked

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
