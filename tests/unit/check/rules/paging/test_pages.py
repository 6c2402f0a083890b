"""Rules on pages: what is said of servers whose pages are no slices of the list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rule_runs import (
    BEYOND,
    DEFAULT_SIZE,
    LIMIT,
    NUMBERS,
    OFFSETS,
    ORDER,
    PARTITION,
    SIZE,
    SLICE,
    START,
    SUM,
    Body,
    Form,
    Given,
    Honest,
    Lie,
    Rows,
    Said,
    all_rows,
    asked_of,
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

Told = Callable[[Form, Lie], Said]


def cuts(page: Callable[[Rows, int, int], Rows]) -> Lie:
    """A server that cuts pages by a rule of its own: of all rows, the size and the number of the page."""

    def lie(given: Given, honest: Honest) -> Body:
        rows = all_rows(given, honest)
        shown = page(rows, int(given.get("rows") or 10), int(given.get("page") or 0))
        return {"code": 0, "total": len(rows), "calls": shown}

    return lie


def skips(page: Callable[[Rows, int, int], Rows]) -> Lie:
    """A server that cuts pages by a rule of its own: of all rows, the size and the rows to skip."""

    def lie(given: Given, honest: Honest) -> Body:
        rows = all_rows(given, honest)
        shown = page(rows, int(given.get("rows") or 10), int(given.get("skip") or 0))
        return {"code": 0, "total": len(rows), "calls": shown}

    return lie


def limits(head: Callable[[Rows, int], Rows]) -> Lie:
    """A server that cuts the list by a rule of its own: of all rows and the limit, 0 for none."""

    def lie(given: Given, honest: Honest) -> Body:
        body = listed(without(given, "limit"), honest)
        return {**body, "calls": head(body["calls"], int(given.get("limit") or 0))}

    return lie


def with_loose_ties(rows: Rows, size: int, page: int) -> Rows:
    """The page of a list whose rows of one second stand in another order each time."""
    loose = sorted(rows, key=lambda row: (row["started"], row["id"] * (page + 3) % 7))
    return loose[size * page : size * page + size]


def with_loose_ties_on_single_rows(rows: Rows, size: int, page: int) -> Rows:
    """As above, but only where a page is one row."""
    return with_loose_ties(rows, size, page) if size == 1 else rows[size * page : size * page + size]


def each_page_sorted(rows: Rows, size: int, page: int) -> Rows:
    """The page of the list from its end, but in order by itself."""
    return sorted(rows[::-1][size * page : size * page + size], key=lambda row: row["started"])


def filter_on_the_page(given: Given, honest: Honest) -> Body:
    """The page is cut first and filtered then."""
    rows = all_rows(without(given, "dir"), honest)
    size = int(given.get("rows") or 10)
    begin = size * int(given.get("page") or 0)
    shown = [row for row in rows[begin : begin + size] if row["dir"] == given.get("dir", row["dir"])]
    return {"code": 0, "total": len(all_rows(given, honest)), "calls": shown}


def limit_before_filter(given: Given, honest: Honest) -> Body:
    body = listed(without(given, "dir"), honest)
    return {**body, "calls": [row for row in body["calls"] if row["dir"] == given.get("dir", row["dir"])]}


def total_of_the_page(given: Given, honest: Honest) -> Body:
    body = listed(given, honest)
    return {**body, "total": len(body["calls"])}


def goes_on_with_a_filter(given: Given, honest: Honest) -> Body:
    return honest(without(given, "page") if given.get("dir") else given)


@pytest.fixture(scope="module")
def said() -> Told:
    """What the rule says of a server with a form of paging; each is asked once."""
    runs: dict[tuple[str, Lie], Said] = {}

    def of(form: Form, lie: Lie) -> Said:
        if (form.text, lie) not in runs:
            runs[form.text, lie] = of_rules([check_pages], tern(form), lie)
        return runs[form.text, lie]

    return of


# --- an honest server -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "clause"),
    [
        *((NUMBERS, clause) for clause in (SIZE, START, SLICE, PARTITION, BEYOND)),
        *((OFFSETS, clause) for clause in (SIZE, DEFAULT_SIZE, START, SLICE, PARTITION)),
        *((LIMIT, clause) for clause in (SIZE, DEFAULT_SIZE, SLICE)),
    ],
)
def test_pages_that_are_slices_of_the_list_pass(said: Told, form: Form, clause: str) -> None:
    assert said(form, truth).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("form", [NUMBERS, OFFSETS, LIMIT], ids=["numbers", "offsets", "limit"])
@pytest.mark.parametrize("calls", [0, 1, 2, 5, 11])
def test_no_page_of_an_honest_server_fails_however_many_rows_there_are(form: Form, calls: int) -> None:
    assert of_rules([check_pages], tern(form), calls=calls).failed == []


# --- servers that deviate -------------------------------------------------------------------------------------

# The form of paging, what differs, the clauses it breaks (the first is the one in question), pieces of what was
# due and of what came.
DEVIATIONS = [
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[max(0, size * page - 1) :][:size]),
        [PARTITION, SLICE],
        "rows 11 to 20 of the sorted list",
        "other rows",
        id="numbers-overlap",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[page:][:size]),
        [PARTITION, SLICE],
        "rows 11 to 20 of the sorted list",
        "other rows",
        id="numbers-are-offsets",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[(size + 1) * page :][:size]),
        [PARTITION],
        "rows 11 to 20 of the sorted list",
        "other rows, from place 3 of the page on",
        id="numbers-lose-rows-between",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[size * page :][:size] if page == 0 or size * page + size <= 48 else []),
        [PARTITION],
        "1 row on this page",
        "0 rows",
        id="numbers-lose-the-last-page",
    ),
    pytest.param(
        NUMBERS,
        cuts(with_loose_ties),
        [PARTITION],
        "no row on both pages",
        "1 row on both pages",
        id="numbers-unstable-ties",
    ),
    pytest.param(
        NUMBERS,
        cuts(with_loose_ties_on_single_rows),
        [PARTITION],
        "each row on one page",
        "1 row on two pages side by side",
        id="numbers-unstable-ties-on-pages-of-1",
    ),
    pytest.param(
        NUMBERS, ignores("rows"), [SIZE, SLICE, PARTITION], "at most 1 row", "10 rows", id="numbers-size-ignored"
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[size * page :][: size + 1]),
        [SIZE, PARTITION],
        "at most 10 rows",
        "11 rows",
        id="numbers-one-row-too-many",
    ),
    pytest.param(
        NUMBERS,
        lambda given, honest: honest({"rows": "20", **given}),
        [SIZE],
        "at most 10 rows",
        "20 rows",
        id="numbers-another-default-size",
    ),
    pytest.param(
        NUMBERS,
        lambda given, honest: honest({**given, "rows": str(min(30, int(given.get("rows") or 10)))}),
        [PARTITION, SLICE],
        "47 rows on this page",
        "30 rows",
        id="numbers-large-pages-cut",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[size * max(0, page - 1) :][:size]),
        [SLICE, PARTITION],
        "rows 11 to 20 of the sorted list",
        "other rows",
        id="numbers-start-at-1",
    ),
    pytest.param(
        NUMBERS,
        lambda given, honest: honest({"page": "1", **given}),
        [START],
        "each row on one page",
        "another page when no page is named",
        id="numbers-second-page-by-default",
    ),
    pytest.param(
        NUMBERS,
        ignores("page"),
        [SLICE, PARTITION],
        "rows 11 to 20 of the sorted list",
        "other rows",
        id="numbers-page-ignored",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[size * min(page, (len(rows) - 1) // size) :][:size]),
        [SLICE],
        "0 rows on this page",
        "12 rows",
        id="numbers-last-page-again-past-the-end",
    ),
    pytest.param(
        NUMBERS,
        refuses(lambda given: int(given.get("page") or 0) * int(given.get("rows") or 10) >= 48),
        [BEYOND],
        "a success",
        "error 9",
        id="numbers-refused-past-the-end",
    ),
    pytest.param(
        NUMBERS,
        cuts(lambda rows, size, page: rows[size * page :][:size][::-1]),
        [ORDER],
        "rows ascending by started",
        "the other way round",
        id="numbers-each-page-turned-round",
    ),
    pytest.param(
        NUMBERS,
        cuts(each_page_sorted),
        [ORDER, START, SLICE, PARTITION],
        "order of started across both pages",
        "the second one not after the first",
        id="numbers-each-page-in-order-by-itself",
    ),
    pytest.param(NUMBERS, total_of_the_page, [SUM], "a total of 48", "a total of ", id="numbers-total-of-the-page"),
    pytest.param(
        OFFSETS,
        ignores("skip"),
        [SLICE, PARTITION],
        "rows 2 to 11 of the sorted list",
        "other rows",
        id="offset-ignored",
    ),
    pytest.param(
        OFFSETS,
        skips(lambda rows, size, skip: rows[max(0, skip - 1) :][:size]),
        [SLICE, PARTITION],
        "rows 2 to 11 of the sorted list",
        "other rows",
        id="offset-counts-from-1",
    ),
    pytest.param(
        OFFSETS,
        skips(lambda rows, size, skip: rows[skip * size :][:size]),
        [SLICE, PARTITION],
        "of the sorted list",
        "other rows",
        id="offset-is-a-page-number",
    ),
    pytest.param(
        OFFSETS,
        skips(lambda rows, size, skip: rows[skip // size * size :][:size]),
        [SLICE],
        "rows 2 to 11 of the sorted list",
        "other rows",
        id="offset-rounded-down-to-a-page",
    ),
    pytest.param(OFFSETS, ignores("rows"), [SIZE], "at most 1 row", "10 rows", id="offset-size-ignored"),
    pytest.param(
        OFFSETS,
        skips(lambda rows, size, skip: rows[skip:][: size + 1]),
        [SIZE, DEFAULT_SIZE, PARTITION],
        "at most 1 row",
        "2 rows",
        id="offset-one-row-too-many",
    ),
    pytest.param(
        OFFSETS,
        lambda given, honest: honest({"rows": "100", **given}),
        [DEFAULT_SIZE],
        "at most 10 rows",
        "48 rows",
        id="offset-all-by-default",
    ),
    pytest.param(
        OFFSETS,
        lambda given, honest: honest({"skip": "1", **given}),
        [START],
        "each row on one page",
        "another page when no page is named",
        id="offset-of-1-by-default",
    ),
    pytest.param(
        OFFSETS,
        skips(lambda rows, size, skip: rows[min(skip, len(rows) - 1) :][:size]),
        [SLICE, SUM],
        "0 rows on this page",
        "1 row",
        id="offset-last-row-again-past-the-end",
    ),
    pytest.param(LIMIT, ignores("limit"), [SIZE], "at most 1 row", "48 rows", id="limit-ignored"),
    pytest.param(
        LIMIT,
        limits(lambda rows, limit: rows[: limit + 1] if limit else rows),
        [SIZE],
        "at most 1 row",
        "2 rows",
        id="limit-one-row-too-many",
    ),
    pytest.param(
        LIMIT,
        limits(lambda rows, limit: rows[: max(1, limit - 1)] if limit else rows),
        [SLICE],
        "2 rows on this page",
        "1 row",
        id="limit-one-row-too-few",
    ),
    pytest.param(
        LIMIT,
        limits(lambda rows, limit: rows[-limit:]),
        [SLICE],
        "rows 1 to 1 of the sorted list",
        "other rows",
        id="limit-shows-the-last-rows",
    ),
    pytest.param(
        LIMIT,
        limits(lambda rows, limit: rows[: min(limit, 20)] if limit else rows),
        [SLICE],
        "47 rows on this page",
        "20 rows",
        id="limit-never-above-20",
    ),
    pytest.param(LIMIT, limit_before_filter, [SLICE], "2 rows on this page", "1 row", id="limit-cut-before-filter"),
    pytest.param(
        LIMIT,
        lambda given, honest: {"code": 0, "calls": []} if given.get("limit") == "0" else honest(given),
        [DEFAULT_SIZE],
        "48 rows",
        "0 rows;",
        id="limit-of-0-shows-nothing",
    ),
]


@pytest.mark.parametrize(("form", "lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_pages_that_deviate_fail_their_clause(
    said: Told, form: Form, lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    assert said(form, lie).failed == sorted(clauses)


@pytest.mark.parametrize(("form", "lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_finding_on_pages_says_what_was_due_and_what_came(
    said: Told, form: Form, lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    told = said(form, lie).told[clauses[0]]
    assert (expected in told[0], actual in told[1]) == (True, True), told


def test_a_page_that_is_forgotten_beside_a_filter_fails_the_slice() -> None:
    assert of_rules([check_filtered_pages], tern(NUMBERS), goes_on_with_a_filter).failed == [SLICE]


def test_a_page_that_is_cut_before_it_is_filtered_fails() -> None:
    assert of_rules([check_filtered_pages], tern(NUMBERS), filter_on_the_page).failed != []


def test_a_page_far_larger_than_the_list_that_holds_nothing_fails() -> None:
    spec = tern(NUMBERS, ("least: 1, most: 100", "least: 1"))

    def nothing_on_large_pages(given: Given, honest: Honest) -> Body:
        body = listed(given, honest)
        return {**body, "calls": []} if given.get("rows") == "5000" else body

    assert of_rules([check_pages], spec, nothing_on_large_pages).failed == [PARTITION]


# --- what is no failure of its own ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "lie"),
    [
        pytest.param(NUMBERS, ignores("rows"), id="numbers-size-ignored"),
        pytest.param(NUMBERS, ignores("page"), id="numbers-page-ignored"),
        pytest.param(OFFSETS, ignores("skip"), id="offset-ignored"),
    ],
)
def test_whether_pages_share_out_the_list_is_judged_although_single_pages_fail(
    said: Told, form: Form, lie: Lie
) -> None:
    assert said(form, lie).verdict(PARTITION) is Verdict.FAIL


@pytest.mark.parametrize(
    ("form", "clause"),
    [
        *((NUMBERS, clause) for clause in (SIZE, START, SLICE, PARTITION, BEYOND)),
        *((OFFSETS, clause) for clause in (SIZE, DEFAULT_SIZE, START, SLICE, PARTITION)),
        *((LIMIT, clause) for clause in (SIZE, DEFAULT_SIZE, SLICE)),
    ],
)
def test_no_rows_exercise_no_page(form: Form, clause: str) -> None:
    assert of_rules([check_pages], tern(form), calls=0).verdict(clause) is Verdict.NOT_EXERCISED


def test_one_row_cannot_show_that_a_limit_is_kept() -> None:
    assert of_rules([check_pages], tern(LIMIT), calls=1).verdict(SIZE) is Verdict.NOT_EXERCISED


def test_pages_of_a_list_that_moves_are_inconclusive_and_no_failure() -> None:
    asked: list[None] = []

    def moves(given: Given, honest: Honest) -> Body:
        asked.append(None)
        rows = all_rows(given, honest)
        rows = rows[: 12 + len(asked)]
        size = int(given.get("rows") or 10)
        begin = size * int(given.get("page") or 0)
        return {"code": 0, "total": len(rows), "calls": rows[begin : begin + size]}

    run = of_rules([check_pages], tern(NUMBERS), moves)
    assert (run.failed, run.verdict(PARTITION)) == ([], Verdict.INCONCLUSIVE)


# --- a whole run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "lie", "failed"),
    [
        pytest.param(NUMBERS, truth, [], id="honest"),
        pytest.param(
            NUMBERS,
            cuts(lambda rows, size, page: rows[max(0, size * page - 1) :][:size]),
            [SLICE, PARTITION],
            id="numbers-overlap",
        ),
        pytest.param(
            LIMIT,
            limits(lambda rows, limit: rows[: limit + 1] if limit else rows),
            [SIZE],
            id="limit-one-row-too-many",
        ),
    ],
)
def test_a_whole_run_blames_the_same_promise_on_pages(form: Form, lie: Lie, failed: list[str]) -> None:
    clauses = (SIZE, START, SLICE, PARTITION, BEYOND, DEFAULT_SIZE)
    assert of_whole_run(tern(form), lie, *clauses).failed == failed


def test_a_wrong_sum_of_pages_shows_the_request_of_the_page_that_is_wrong() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        rows, size = all_rows(given, honest), int(given.get("rows") or 10)
        begin = size * int(given.get("page") or 0)
        shown = rows[begin : begin + size] if begin == 0 or begin + size != len(rows) else []
        return {"code": 0, "total": len(rows), "calls": shown}

    context, mirror = asked_of(tern(NUMBERS), lie, calls=50)
    check_pages(context, mirror)
    (finding,) = (one for one in context.results.findings() if one.clause == PARTITION)
    assert finding.expected == "50 rows over all pages of 10: 10, 10, 10, 10, 10"
    assert finding.actual == "40 rows: 10, 10, 10, 10, 0; page 5 of 5 is wrong"
    assert "page=4&rows=10" in finding.curl
    assert len(finding.rows) == 8


def test_pages_that_do_not_share_out_the_list_say_what_is_not_known_for_it() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        rows, size = all_rows(given, honest), int(given.get("rows") or 10)
        begin = (size + 1) * int(given.get("page") or 0)
        return {"code": 0, "total": len(rows), "calls": rows[begin : begin + size]}

    context, mirror = asked_of(tern(NUMBERS), lie, calls=50)
    mirror.tear_reason = "walks with pages of different sizes meet 45 and 48 rows"
    check_pages(context, mirror)
    assert PARTITION in [finding.clause for finding in context.results.findings()]
    assert "as long as pages do not share out the list, nobody knows which rows filters leave out" in context.notes
