"""How the oracle compares a shown value with a wanted one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from harness.check.oracle.value_comparison import ValueComparison, comparison_holds, is_like, values_are_kept
from harness.specification.model import Wildcards

NOON = datetime(2031, 3, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("keeps", "shown", "wanted", "kept"),
    [
        ("equal", "102", "102", True),
        ("equal", "1021", "102", False),
        ("equal", 7, 7, True),
        ("equal", 7, "7", True),
        ("equal", True, 1, False),
        ("equal", None, "", False),
        ("contains", "+442079460123", "7946", True),
        ("contains", "abc", "B", False),
        ("starts", "abc", "ab", True),
        ("ends", "abc", "bc", True),
        ("at-or-after", LATER, NOON, True),
        ("at-or-after", NOON, LATER, False),
        ("at-or-before", NOON, LATER, True),
        ("above", NOON, NOON, False),
        ("below", NOON, LATER, True),
        ("at-most", 5, 5, True),
        ("below", 5, 5, False),
        ("above", Decimal("5.5"), 5, True),
        ("at-least", "5", 5, False),
        ("at-least", "b", "a", True),
        ("at-or-after", "a", "a", True),
        ("above", "a", "a", False),
        ("below", "B", "a", True),
        ("at-or-after", NOON, "2031-03-04 12:00:00", False),
        ("equal", ("a", "b"), "b", True),
    ],
)
def test_a_comparison_keeps_what_it_says(keeps: Any, shown: Any, wanted: Any, kept: bool) -> None:
    assert comparison_holds(ValueComparison(keeps=keeps), shown, wanted) is kept


def test_an_exclusive_bound_leaves_the_instant_itself_out() -> None:
    assert not comparison_holds(ValueComparison(keeps="at-or-after", inclusive=False), NOON, NOON)
    assert comparison_holds(ValueComparison(keeps="at-or-after"), NOON, NOON)


@pytest.mark.parametrize("keeps", ["equal", "contains", "starts", "ends", "like", "at-least", "at-most"])
def test_folded_texts_compare_without_case(keeps: Any) -> None:
    assert comparison_holds(ValueComparison(keeps=keeps, folded=True), "Straße", "STRASSE")


@pytest.mark.parametrize(
    ("keeps", "inclusive", "kept"),
    [
        ("equal", True, (False, True, True, False)),
        ("at-or-after", True, (False, True, True, True)),
        ("at-or-after", False, (False, False, False, True)),
        ("at-or-before", True, (True, True, True, False)),
        ("at-or-before", False, (True, False, False, False)),
        ("above", True, (False, False, False, True)),
        ("below", True, (True, False, False, False)),
    ],
)
def test_a_day_begins_and_ends_at_midnight_of_its_zone(keeps: Any, inclusive: bool, kept: tuple[bool, ...]) -> None:
    compared = ValueComparison(keeps=keeps, inclusive=inclusive, zone="America/New_York")
    # On 2031-03-09 the clocks go forward at 2: the day has 23 hours, from 5 to 4 of UTC.
    begin, end = datetime(2031, 3, 9, 5, tzinfo=UTC), datetime(2031, 3, 10, 4, tzinfo=UTC)
    shown = (begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end)
    assert tuple(comparison_holds(compared, one, date(2031, 3, 9)) for one in shown) == kept


@pytest.mark.parametrize(
    ("text", "pattern", "wildcards", "like"),
    [
        ("+15550101", "+1555%", Wildcards(), True),
        ("+15550101", "1555%", Wildcards(), False),
        ("+15550101", "%01", Wildcards(), True),
        ("+15550101", "+155_0101", Wildcards(), True),
        ("+15550101", "+15_0101", Wildcards(), False),
        ("+15550101", "+15550101", Wildcards(), True),
        ("", "%", Wildcards(), True),
        ("", "_", Wildcards(), False),
        ("a%b", "a%b", Wildcards(), True),
        ("axb", "a\\%b", Wildcards(escape="\\"), False),
        ("a%b", "a\\%b", Wildcards(escape="\\"), True),
        ("axb", "a*b", Wildcards(any="*", one="?"), True),
        ("axb", "a%b", Wildcards(any="*", one="?"), False),
        ("axb", "a_b", Wildcards(any="%", one=None), False),
        ("abab", "%ab", Wildcards(), True),
        ("a\\", "a\\", Wildcards(escape="\\"), True),
        ("a.b", "a%.b", Wildcards(), True),
        ("aXb", "a.b", Wildcards(), False),
    ],
)
def test_a_text_is_like_a_pattern(text: str, pattern: str, wildcards: Wildcards, like: bool) -> None:
    assert is_like(text, pattern, wildcards) is like


@pytest.mark.parametrize(
    ("keeps", "shown", "wanted", "kept"),
    [
        ("not-equal", ["a"], ("a",), False),
        ("not-equal", ["a"], ("b",), True),
        ("not-equal", ["a", "b"], ("b",), False),
        ("not-equal", ["a"], ("b", "a"), False),
        ("not-equal", [None], ("a",), True),
        ("present", ["a"], (True,), True),
        ("present", [None], (True,), False),
        ("present", [None], (False,), True),
        ("absent", [None], (True,), True),
        ("absent", ["a"], (True,), False),
        ("absent", ["a"], (False,), True),
        ("present", [()], (True,), False),
    ],
)
def test_a_row_is_kept_by_all_its_values(keeps: Any, shown: Any, wanted: Any, kept: bool) -> None:
    assert values_are_kept(ValueComparison(keeps=keeps), shown, wanted) is kept


def test_a_row_without_a_value_may_be_left_out_of_what_is_not_equal() -> None:
    assert not values_are_kept(ValueComparison(keeps="not-equal", absent_kept=False), [None], ("a",))


def test_of_several_values_any_suffices_or_all_must_match() -> None:
    shown = ["+15550101", "200"]
    assert values_are_kept(ValueComparison(keeps="equal"), shown, ("200", "201"))
    assert not values_are_kept(ValueComparison(keeps="equal", must_match_all=True), shown, ("200", "201"))
    assert values_are_kept(ValueComparison(keeps="equal", must_match_all=True), shown, ("200", "+15550101"))
