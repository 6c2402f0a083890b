"""Rules on cursors: what is said of servers whose cursors do not lead through the list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rule_runs import (
    BACK,
    BOTH,
    CURSORS,
    DEFAULT_SIZE,
    EMPTY_END,
    FILTERS,
    GARBAGE,
    OTHER_SORT,
    PARTITION,
    SIZE,
    SLICE,
    START,
    Body,
    Given,
    Honest,
    Lie,
    Rows,
    Said,
    all_rows,
    edits,
    ignores,
    listed,
    of_rules,
    of_whole_run,
    refuses,
    tern,
    truth,
    without,
)

from harness.check.results.findings import Verdict
from harness.check.rules.paging.pages import check_pages
from harness.check.rules.paging.totals import check_filtered_pages

REFUSED: Body = {"code": 9, "message": "Not that"}
NEVER_GIVEN = ("@@", "bm90LWEtY3Vyc29y")
WALKED = (SLICE, PARTITION)


def goes_on(following: Callable[[Rows, int], int]) -> Lie:
    """A server with cursors of its own: its next page begins at a place that follows from the list and the end."""

    def lie(given: Given, honest: Honest) -> Body:
        rows = all_rows(given, honest)
        size, sort = int(given.get("rows") or 10), given.get("sort") or "started"
        after, before = given.get("after", ""), given.get("before", "")
        if after and before:
            return REFUSED
        way, made_under, place = f"{after or before or f'after/{sort}/0'}//".split("/")[:3]
        if made_under != sort or way != ("before" if before else "after"):
            return REFUSED
        end = int(place) if before else min(len(rows), int(place) + size)
        begin = max(0, end - size) if before else int(place)
        if not rows[begin:end]:
            return {"code": 0, "calls": [], "next": "", "prev": ""}
        following_place = following(rows, end)
        return {
            "code": 0,
            "calls": rows[begin:end],
            "next": f"after/{sort}/{following_place}",
            "prev": f"before/{sort}/{begin}",
        }

    return lie


def is_tied(rows: Rows, end: int) -> bool:
    """Whether a page ends between rows of one second."""
    return end < len(rows) and rows[end]["started"] == rows[end - 1]["started"]


def from_the_first_tied(rows: Rows, end: int) -> int:
    """Where a cursor leads that is the time of the last row and takes that time in."""
    first = next(place for place, row in enumerate(rows) if row["started"] == rows[end - 1]["started"])
    return first if is_tied(rows, end) else end


def beyond_the_last_tied(rows: Rows, end: int) -> int:
    """Where a cursor leads that is the time of the last row and leaves that time out."""
    while is_tied(rows, end):
        end += 1
    return end


def other_sort_is_taken(given: Given, honest: Honest) -> Body:
    body = honest(given)
    is_refused = body["code"] != 0 and given.get("sort") == "ended" and given.get("after")
    return honest(without(given, "sort")) if is_refused else body


def order_is_forgotten(given: Given, honest: Honest) -> Body:
    """A following page comes from the list in its default order."""
    body = honest(given)
    if body["code"] != 0 or not given.get("after") or not given.get("sort"):
        return body
    return {**body, "calls": all_rows(without(given, "sort"), honest)[2:4]}


def single_rows_repeat_at_ties(given: Given, honest: Honest) -> Body:
    return goes_on(from_the_first_tied)(given, honest) if given.get("rows") == "1" else honest(given)


@pytest.fixture(scope="module")
def said() -> Callable[[Lie], Said]:
    """What the rule says of a server; each is asked once."""
    runs: dict[Lie, Said] = {}
    spec = tern(CURSORS)

    def of(lie: Lie) -> Said:
        if lie not in runs:
            runs[lie] = of_rules([check_pages, check_filtered_pages], spec, lie)
        return runs[lie]

    return of


ANOTHER_MAKE = goes_on(lambda rows, end: end)

# --- honest servers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clause", [SIZE, DEFAULT_SIZE, START, SLICE, PARTITION, BACK, GARBAGE, BOTH, OTHER_SORT, EMPTY_END]
)
def test_cursors_that_lead_through_the_list_pass(said: Callable[[Lie], Said], clause: str) -> None:
    assert said(truth).verdict(clause) is Verdict.PASS


def test_cursors_of_another_make_pass_as_well(said: Callable[[Lie], Said]) -> None:
    run = said(ANOTHER_MAKE)
    assert {run.verdict(clause) for clause in (SIZE, SLICE, PARTITION, BACK, OTHER_SORT, EMPTY_END)} == {Verdict.PASS}


@pytest.mark.parametrize("calls", [0, 1, 2, 4, 9])
def test_no_cursor_of_an_honest_server_fails_however_many_rows_there_are(calls: int) -> None:
    assert of_rules([check_pages], tern(CURSORS), calls=calls).failed == []


# --- servers that deviate -------------------------------------------------------------------------------------

# What differs, the clauses it breaks (the first is the one in question), pieces of what was due and of what came.
DEVIATIONS = [
    pytest.param(
        goes_on(lambda rows, end: 0),
        [SLICE, PARTITION],
        "rows that were not shown before",
        "12 of 12 rows a second time",
        id="leads-to-the-first-page",
    ),
    pytest.param(
        goes_on(lambda rows, end: end if end < 20 else 0),
        [PARTITION],
        "each row on one page, and all of them",
        "does not reach the end",
        id="loops-later",
    ),
    pytest.param(
        ignores("after"),
        [SLICE, PARTITION, GARBAGE, BOTH, OTHER_SORT],
        "rows that were not shown before",
        "12 of 12 rows a second time",
        id="cursor-ignored",
    ),
    pytest.param(
        edits(lambda body, given: {**body, "next": given.get("after") or body["next"]}),
        [PARTITION],
        "each row on one page, and all of them",
        "rows",
        id="same-cursor-again",
    ),
    pytest.param(
        goes_on(lambda rows, end: end - 1),
        [SLICE, PARTITION],
        "rows that were not shown before",
        "1 of 12 rows a second time",
        id="repeats-the-last-row",
    ),
    pytest.param(
        goes_on(from_the_first_tied),
        [SLICE, PARTITION],
        "rows that were not shown before",
        "a second time",
        id="repeats-at-ties",
    ),
    pytest.param(
        goes_on(lambda rows, end: end + 1),
        [PARTITION, BACK],
        "each row on one page, and all of them",
        "rows",
        id="skips-a-row",
    ),
    pytest.param(
        goes_on(beyond_the_last_tied),
        [PARTITION],
        "the rows that follow in the list",
        "other rows",
        id="skips-at-ties",
    ),
    pytest.param(
        goes_on(lambda rows, end: end if end < 20 else 1000),
        [PARTITION],
        "each row on one page, and all of them",
        "rows",
        id="ends-after-20-rows",
    ),
    pytest.param(
        edits(lambda body, given: {**body, "next": "" if given.get("after") else body["next"]}),
        [PARTITION],
        "each row on one page, and all of them",
        "rows",
        id="no-cursor-from-the-second-page-on",
    ),
    pytest.param(
        refuses(lambda given: bool(given.get("after"))), [SLICE], "a success", "error 9", id="cursor-refused"
    ),
    pytest.param(
        order_is_forgotten, [PARTITION, SLICE], "from row 3 on, under sort=-ended", "other rows", id="order-forgotten"
    ),
    pytest.param(
        lambda given, honest: honest(without(given, "dir") if given.get("after") else given),
        [SLICE],
        "only rows that satisfy dir",
        "rows do not",
        id="filter-forgotten",
    ),
    pytest.param(ignores("rows"), [SIZE], "at most 1 row", "10 rows", id="size-ignored"),
    pytest.param(
        lambda given, honest: honest({"rows": "20", **given}),
        [DEFAULT_SIZE],
        "at most 10 rows",
        "20 rows",
        id="another-default-size",
    ),
    pytest.param(
        refuses(lambda given: given.get("after") == ""), [START], "a success", "error 9", id="blank-cursor-refused"
    ),
    pytest.param(
        edits(lambda body, given: {**body, "prev": ""}),
        [BACK],
        "a cursor to the page before",
        "none",
        id="no-way-back",
    ),
    pytest.param(
        edits(
            lambda body, given: {**body, "prev": ""} if len(body["calls"]) < int(given.get("rows") or 10) else body
        ),
        [BACK],
        "a cursor to the page before",
        "none",
        id="no-way-back-from-the-last-page",
    ),
    pytest.param(
        edits(lambda body, given: {**body, "prev": body["next"]}),
        [BACK],
        "rows of the page before",
        "other rows",
        id="way-back-leads-on",
    ),
    pytest.param(
        edits(lambda body, given: {**body, "calls": body["calls"][::-1]} if given.get("before") else body),
        [BACK],
        "the 12 rows of the page before",
        "the same rows in another order",
        id="page-before-turned-round",
    ),
    pytest.param(
        ignores("before"), [BACK, BOTH], "the 12 rows of the page before", "12 other rows", id="before-ignored"
    ),
    pytest.param(
        lambda given, honest: honest(without(given, "after") if given.get("after") in NEVER_GIVEN else given),
        [GARBAGE],
        "an error",
        "a success with 2 rows",
        id="cursor-never-given-taken",
    ),
    pytest.param(
        lambda given, honest: honest(without(given, "before") if given.get("after") else given),
        [BOTH],
        "an error",
        "a success with 2 rows",
        id="both-cursors-taken",
    ),
    pytest.param(other_sort_is_taken, [OTHER_SORT], "an error", "a success with 2 rows", id="other-sort-taken"),
    pytest.param(
        edits(lambda body, given: body if body["calls"] else {**body, "next": "further"}),
        [EMPTY_END],
        "no cursor to a following page",
        "a cursor",
        id="empty-page-leads-on",
    ),
]


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_cursor_that_deviates_fails_its_clause(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    assert said(lie).failed == sorted(clauses)


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_finding_on_cursors_says_what_was_due_and_what_came(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    told = said(lie).told[clauses[0]]
    assert (expected in told[0], actual in told[1]) == (True, True), told


def test_rows_of_one_second_that_come_again_on_pages_of_one_row_fail() -> None:
    spec = tern(CURSORS, filters=FILTERS)
    assert of_rules([check_pages], spec, single_rows_repeat_at_ties).failed == [SLICE]


# --- what is no failure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "verdict"), [(SLICE, Verdict.PASS), (BACK, Verdict.PASS), (PARTITION, Verdict.PASS)]
)
def test_a_walk_is_judged_although_the_size_of_a_page_fails(
    said: Callable[[Lie], Said], clause: str, verdict: Verdict
) -> None:
    assert said(ignores("rows")).verdict(clause) is verdict


@pytest.mark.parametrize("clause", [BOTH, OTHER_SORT])
def test_without_any_cursor_none_can_be_misused(said: Callable[[Lie], Said], clause: str) -> None:
    no_cursors = edits(lambda body, given: {**body, "next": "", "prev": ""})
    assert said(no_cursors).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("clause", [SIZE, START, SLICE, PARTITION, BACK, GARBAGE, BOTH, EMPTY_END])
def test_no_rows_exercise_no_cursor(clause: str) -> None:
    assert of_rules([check_pages], tern(CURSORS), calls=0).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("calls", [1, 2])
def test_a_list_of_one_page_has_no_way_back(calls: int) -> None:
    assert of_rules([check_pages], tern(CURSORS), calls=calls).verdict(BACK) is Verdict.NOT_EXERCISED


def calls_come(first: int, step: int) -> Lie:
    """A server that gets new calls at the end of its list: each request shows those up to an id that moves on."""
    now = [first]

    def lie(given: Given, honest: Honest) -> Body:
        now[0] += step

        def up_to_now(asked: Given) -> Body:
            body = listed(asked, honest)
            return {**body, "calls": [row for row in body["calls"] if row["id"] <= now[0]]}

        return goes_on(lambda rows, end: end)(given, up_to_now)

    return lie


# The ids are 7001 to 7612, 13 apart: a call comes with every request, or with every second one.
@pytest.mark.parametrize("first", [7050, 7200, 7350, 7500])
@pytest.mark.parametrize("step", [7, 13])
def test_a_walk_over_a_list_that_gets_calls_is_no_failure(first: int, step: int) -> None:
    assert of_rules([check_pages], tern(CURSORS), calls_come(first, step)).failed == []


def test_answers_that_each_lose_other_rows_are_no_list_that_moves() -> None:
    asked: list[None] = []

    def loses_a_fifth(given: Given, honest: Honest) -> Body:
        asked.append(None)
        body = listed(given, honest)
        return {**body, "calls": [row for row in body["calls"] if row["id"] % 5 != len(asked) % 5]}

    assert PARTITION in of_rules([check_pages], tern(CURSORS), loses_a_fifth).failed


# --- a whole run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        pytest.param(truth, [], id="honest"),
        pytest.param(goes_on(from_the_first_tied), [SLICE, PARTITION], id="repeats-at-ties"),
        pytest.param(edits(lambda body, given: {**body, "prev": ""}), [BACK], id="no-way-back"),
    ],
)
def test_a_whole_run_blames_the_same_promise_on_cursors(lie: Lie, failed: list[str]) -> None:
    clauses = (SIZE, START, SLICE, PARTITION, BACK, GARBAGE, BOTH, OTHER_SORT, EMPTY_END)
    assert of_whole_run(tern(CURSORS), lie, *clauses).failed == failed
