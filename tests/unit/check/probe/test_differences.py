"""Differences: which come first, which are the same, and which requests ask for what a smaller one asks for."""

from __future__ import annotations

from typing import get_args

import pytest
from judged_lists import FIVE, FOUR, ONE, THREE, TWO, call, differing, named

from harness.check.probe.differences import (
    ASPECTS,
    PRIMARY_ASPECTS,
    Aspect,
    Difference,
    DifferenceKind,
    KnownDifference,
)
from harness.wire.list_request import ListRequest

# --- aspects ------------------------------------------------------------------------------------------------------


def test_aspects_come_in_the_order_in_which_one_explains_another() -> None:
    assert " ".join(ASPECTS) == "unreadable outcome count unique rows size short order slice total part"


def test_every_aspect_has_its_place() -> None:
    assert set(get_args(Aspect)) == set(ASPECTS)


def test_the_primary_aspects_are_those_in_which_an_answer_is_the_one_asked_for() -> None:
    assert set(PRIMARY_ASPECTS) == {"unreadable", "outcome", "count", "rows"}


def test_a_later_aspect_has_a_higher_rank() -> None:
    kinds: tuple[DifferenceKind, ...] = ("unreadable", "refused", "stray", "reversed", "total", "part")
    assert [differing(kind).rank for kind in kinds] == [0, 1, 4, 7, 9, 10]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("unreadable", True),
        ("refused", True),
        ("accepted", True),
        ("broken-down", True),
        ("stray", True),
        ("not-empty", True),
        ("unlisted", True),
        ("part", True),
        ("missing", False),
        ("no-rows", False),
        ("repeated", False),
        ("too-many", False),
        ("too-few", False),
        ("unsorted", False),
        ("displaced", False),
        ("total", False),
        ("number", False),
    ],
)
def test_an_answer_strays_by_what_it_must_not_hold(kind: DifferenceKind, shown: bool) -> None:
    assert differing(kind).is_of_rows_shown is shown


# --- the same difference ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(differing("total", about="more"), differing("total", about="more"), True, id="all the same"),
        pytest.param(
            differing("total", about="more"), differing("total", about="fewer"), False, id="about something else"
        ),
        pytest.param(differing("unsorted", about="a"), differing("reversed", about="a"), False, id="another kind"),
        pytest.param(
            differing("stray", about="who", rows=(FOUR,)),
            differing("stray", about="who", rows=(TWO,)),
            True,
            id="other stray rows of the same filter",
        ),
        pytest.param(
            differing("stray", about="who", rows=(FOUR,)),
            differing("stray", about="from", rows=(FOUR,)),
            False,
            id="the same stray row of another filter",
        ),
        pytest.param(
            differing("missing", rows=(FIVE, FOUR)),
            differing("missing", rows=(FOUR, THREE)),
            True,
            id="some of the missing rows",
        ),
        pytest.param(
            differing("missing", rows=(FIVE, FOUR)),
            differing("missing", rows=(THREE,)),
            False,
            id="other missing rows",
        ),
        pytest.param(
            differing("unlisted", rows=(call(7),)), differing("unlisted", rows=(call(8),)), False, id="other rows"
        ),
        pytest.param(
            differing("unlisted", rows=(call(7), call(8))),
            differing("unlisted", rows=(call(8),)),
            True,
            id="some of the rows of nowhere",
        ),
        pytest.param(differing("missing"), differing("missing"), False, id="missing rows that nobody can name"),
        pytest.param(
            differing("repeated", rows=(FIVE, FIVE)),
            differing("repeated", rows=(ONE, ONE)),
            True,
            id="other rows that come twice",
        ),
        pytest.param(
            differing("refused", "nothing_due"), differing("refused"), True, id="the same, where nothing is due"
        ),
    ],
)
def test_two_differences_are_the_same_by_their_facts(one: Difference, other: Difference, same: bool) -> None:
    assert one.is_same_as(other) is same
    assert other.is_same_as(one) is same


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        pytest.param(
            differing("missing", rows=(FOUR,)), differing("missing", rows=(FIVE, FOUR)), True, id="fewer missing rows"
        ),
        pytest.param(
            differing("missing", rows=(FIVE, FOUR)), differing("missing", rows=(FOUR,)), False, id="more missing rows"
        ),
        pytest.param(
            differing("missing", rows=(FIVE, FOUR)),
            differing("missing", rows=(FOUR, FIVE)),
            True,
            id="the same missing rows",
        ),
        pytest.param(
            differing("stray", about="who", rows=(FIVE, FOUR)),
            differing("stray", about="who", rows=(TWO,)),
            True,
            id="more stray rows, as one filter does not keep what it should",
        ),
        pytest.param(differing("total", about="more"), differing("total", about="fewer"), False, id="another total"),
    ],
)
def test_missing_rows_are_told_only_by_a_difference_that_misses_them_all(
    one: Difference, other: Difference, part: bool
) -> None:
    assert one.is_part_of(other) is part


# --- known differences --------------------------------------------------------------------------------------------


def known(ask: ListRequest) -> KnownDifference:
    return KnownDifference(ask=ask, difference=differing("total"), clauses=named("SUM"))


WHO = ListRequest(values={"who": "ada"})


@pytest.mark.parametrize(
    ("smaller", "larger", "within"),
    [
        pytest.param(WHO, WHO, True, id="the same request"),
        pytest.param(WHO, ListRequest(values={"who": "ada", "rows": "2"}), True, id="a request for more"),
        pytest.param(WHO, ListRequest(values={"who": "bob", "rows": "2"}), True, id="a request with another value"),
        pytest.param(ListRequest(values={"who": "ada", "rows": "2"}), WHO, False, id="a request for less"),
        pytest.param(WHO, ListRequest(values={"ext": "101"}), False, id="a request for something else"),
        pytest.param(ListRequest(values={}), WHO, True, id="a request that asks for nothing lies within every one"),
        pytest.param(
            ListRequest(values={"who": "ada"}, encoding_name="post"), WHO, False, id="a request carried otherwise"
        ),
        pytest.param(
            WHO,
            ListRequest(values={"who": "ada"}, encoding_name="post"),
            True,
            id="a request carried as always lies within one that is carried otherwise",
        ),
        pytest.param(
            WHO, ListRequest(values={"who": "ada"}, extra=(("odd", "1"),)), False, id="an unknown parameter"
        ),
        pytest.param(WHO, ListRequest(values={"who": "ada"}, repeated={"who": ("bob",)}), False, id="a repetition"),
    ],
)
def test_a_request_lies_within_another_that_asks_for_all_of_it(
    smaller: ListRequest, larger: ListRequest, within: bool
) -> None:
    assert known(smaller).lies_within(larger) is within


def test_the_part_of_a_larger_request_keeps_its_own_values() -> None:
    larger = ListRequest(values={"who": "bob", "rows": "2"}, encoding_name="post")
    assert known(WHO).part_of(larger) == ListRequest(values={"who": "bob"})
