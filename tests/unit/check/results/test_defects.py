"""Findings with the same evidence are one defect, and one of them stands for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_samples import finding, grouped_report, report, result

from harness.check.results.defects import broken_summary, finding_colour, group_findings, numbered_findings
from harness.check.results.findings import Colour, Finding, Verdict
from harness.specification.model import ClauseId


def numbers(*findings: Finding, earlier: tuple[Finding, ...] = ()) -> list[int]:
    return [found.defect for found in numbered_findings(findings, earlier=earlier)]


def groups(*findings: Finding) -> list[list[ClauseId]]:
    """The clauses of each defect, its headline first."""
    return [[defect.headline.clause, *(found.clause for found in defect.also)] for defect in group_findings(findings)]


# --- numbers ------------------------------------------------------------------------------------------------


def test_the_same_request_and_difference_are_one_defect() -> None:
    same = finding("A", difference="rows stray"), finding("B", difference="rows stray")
    assert numbers(*same) == [1, 1]


def test_another_difference_of_the_same_request_is_another_defect() -> None:
    assert numbers(finding("A", difference="rows stray"), finding("B", difference="total total")) == [1, 2]


def test_the_same_difference_of_another_request_is_another_defect() -> None:
    one, two = finding("A", difference="rows stray"), finding("B", difference="rows stray")
    assert numbers(one, replace(two, curl="curl http://127.0.0.1/other")) == [1, 2]


def test_without_a_request_each_finding_is_a_defect_of_its_own() -> None:
    bare = [replace(finding(name, difference="rows stray"), curl="") for name in ("A", "B")]
    assert numbers(*bare) == [1, 2]


def test_defects_are_numbered_as_they_came_to_light() -> None:
    late, early = finding("A", difference="x", found_after=9), finding("B", difference="y", found_after=2)
    assert numbers(late, early) == [2, 1]
    after, before = finding("A", difference="x", place=1), finding("B", difference="y", place=0)
    assert numbers(after, before) == [2, 1]


def test_the_numbers_of_an_earlier_run_stand_and_the_others_follow() -> None:
    earlier = (finding("A", difference="x", defect=1), finding("B", difference="y", defect=4))
    now = (finding("C", difference="y"), finding("D", difference="z"))
    assert numbers(*now, earlier=earlier) == [4, 5]


def test_a_finding_of_an_earlier_run_without_a_number_gives_none() -> None:
    assert numbers(finding("B", difference="x"), earlier=(finding("A", difference="x"),)) == [1]


# --- groups -------------------------------------------------------------------------------------------------


def test_findings_without_a_number_are_defects_of_their_own() -> None:
    assert groups(finding("A"), finding("B")) == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("first", "second", "headline"),
    [
        ({"colour": Colour.AMBER}, {"colour": Colour.RED, "found_after": 9}, "B"),
        ({"found_after": 9}, {"found_after": 2, "place": 1}, "B"),
        ({"place": 1}, {"place": 0}, "B"),
        ({}, {}, "A"),
        ({"waived": "W-1", "colour": Colour.NONE}, {"colour": Colour.AMBER}, "B"),
        ({"waived": "W-1", "colour": Colour.NONE}, {"colour": Colour.NONE}, "B"),
    ],
    ids=["colour", "request", "place", "clause", "waived", "informs"],
)
def test_the_headline_is_the_reddest_finding_that_came_first_and_is_not_waived(
    first: dict[str, object], second: dict[str, object], headline: str
) -> None:
    pair = finding("A", defect=1, **first), finding("B", defect=1, **second)  # type: ignore[arg-type]
    assert group_findings(pair)[0].headline.clause == headline


def test_red_defects_have_the_first_numbers() -> None:
    early, late = finding("A", difference="x", colour=Colour.AMBER), finding("B", difference="y", found_after=9)
    assert numbers(early, late) == [2, 1]
    mixed = finding("A", difference="y", colour=Colour.AMBER, found_after=9)
    assert numbers(finding("C", difference="x", colour=Colour.AMBER), mixed, late) == [2, 1, 1]


def test_defects_stand_in_the_order_of_their_numbers() -> None:
    found = groups(
        finding("A", defect=1, waived="W-1", colour=Colour.NONE),
        finding("B", defect=2, colour=Colour.AMBER),
        finding("D", defect=3),
        finding("C", defect=2, colour=Colour.RED),
    )
    assert found == [["A"], ["C", "B"], ["D"]]


def test_what_a_finding_counts_for_is_told_in_words() -> None:
    assert finding_colour(finding(colour=Colour.AMBER)) == "amber"
    assert finding_colour(finding(colour=Colour.NONE)) == "informs"
    assert finding_colour(finding(colour=Colour.NONE, waived="W-1")) == "waived by W-1"


# --- how many -----------------------------------------------------------------------------------------------


def test_defects_and_broken_clauses_are_counted_without_the_waived() -> None:
    assert broken_summary(grouped_report()) == "3 defects break 5 clauses"


def test_one_defect_breaks_one_clause() -> None:
    broken = result("A", Verdict.FAIL, colour=Colour.RED)
    assert broken_summary(report(broken, findings=(finding("A", defect=1),))) == "1 defect breaks 1 clause"


def test_a_broken_clause_without_a_finding_is_a_defect_of_its_own() -> None:
    broken = (result("A", Verdict.FAIL, colour=Colour.RED), result("B", Verdict.FAIL, colour=Colour.RED))
    assert broken_summary(report(*broken, findings=(finding("A", defect=1),))) == "2 defects break 2 clauses"


def test_where_all_is_kept_or_waived_nothing_is_said_of_defects() -> None:
    waived = result("A", Verdict.FAIL, colour=Colour.NONE, waived="W-1")
    assert broken_summary(report(waived, findings=(finding("A", defect=1, waived="W-1"),))) == ""
    assert broken_summary(report()) == ""
