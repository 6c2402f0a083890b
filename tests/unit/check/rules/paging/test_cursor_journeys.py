"""Rules on journeys by cursor: servers that lead astray in one arrangement, in one direction, with other sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from rule_runs import (
    BACK,
    CURSORS,
    PARTITION,
    SIZE,
    SLICE,
    Body,
    Given,
    Honest,
    Lie,
    Row,
    Rows,
    Said,
    all_rows,
    of_rules,
    tern,
    truth,
    without,
)

from harness.check.rules.paging.pages import check_pages
from harness.check.rules.paging.totals import check_filtered_pages

REFUSED: Body = {"code": 9, "message": "Not that"}
Place = Callable[[Rows, int, Given], int]


def goes_on(
    place: Place = lambda rows, end, given: end,
    *,
    size: Callable[[int, int], int] = lambda asked, before: asked,
    back: Callable[[int, Given], int] = lambda begin, given: begin,
) -> Lie:
    """A server with cursors of its own that hold the order, a place and the size of the page that gave them.

    `place` says where the following page begins, `size` how long a page is by what was asked for and by the size
    before, `back` where the page before ends.
    """

    def lie(given: Given, honest: Honest) -> Body:
        rows = all_rows(without(given, "rows"), honest)
        sort = given.get("sort") or "started"
        after, before = given.get("after", ""), given.get("before", "")
        asked = int(given.get("rows") or 10)
        way, made_under, at, long = f"{after or before or f'after/{sort}/0/{asked}'}///".split("/")[:4]
        if (after and before) or made_under != sort or way != ("before" if before else "after"):
            return REFUSED
        length = size(asked, int(long))
        end = back(int(at), given) if before else min(len(rows), int(at) + length)
        begin = max(0, end - length) if before else int(at)
        shown = rows[begin:end]
        if not shown:
            return {"code": 0, "calls": [], "next": "", "prev": ""}
        following = f"after/{sort}/{place(rows, end, given)}/{length}"
        return {"code": 0, "calls": shown, "next": following, "prev": f"before/{sort}/{begin}/{length}"}

    return lie


def instant(row: Row, given: Given) -> str:
    return str(row[given.get("sort", "started").lstrip("-")])


def tied(rows: Rows, end: int, given: Given) -> bool:
    return 0 < end < len(rows) and instant(rows[end], given) == instant(rows[end - 1], given)


def beyond_tied(rows: Rows, end: int, given: Given) -> int:
    while tied(rows, end, given):
        end += 1
    return end


def under(when: Callable[[Given], bool], place: Place) -> Place:
    return lambda rows, end, given: place(rows, end, given) if when(given) else end


def descending(given: Given) -> bool:
    return given.get("sort", "").startswith("-")


def filtered(given: Given) -> bool:
    return bool(given.get("dir"))


def forgets_the_filter(given: Given, honest: Honest) -> Body:
    return goes_on()(without(given, "dir") if given.get("after") else given, honest)


def takes_a_cursor_once() -> Lie:
    """A server whose cursor leads one page further with each use under an order that was asked for."""
    used: dict[str, int] = {}

    def lie(given: Given, honest: Honest) -> Body:
        after = given.get("after", "")
        if after and given.get("sort") and not after.startswith("@"):
            used[after] = used.get(after, 0) + 1
            way, sort, at, long = after.split("/")
            if used[after] > 1:
                return goes_on()({**given, "after": f"{way}/{sort}/{int(at) + 1}/{long}"}, honest)
        return goes_on()(given, honest)

    return lie


ONCE = takes_a_cursor_once()


@cache
def said(lie: Lie) -> Said:
    return of_rules([check_pages, check_filtered_pages], tern(CURSORS), lie)


HONEST = goes_on()


@pytest.mark.parametrize("lie", [truth, HONEST], ids=["simulator", "another-make"])
@pytest.mark.parametrize("calls", [0, 1, 2, 4, 11, 48])
def test_cursors_of_an_honest_server_fail_nothing_under_any_order(lie: Lie, calls: int) -> None:
    run = of_rules([check_pages, check_filtered_pages], tern(CURSORS), lie, calls=calls)
    assert set(run.failed) & {SIZE, SLICE, PARTITION, BACK} == set()


def test_pages_that_the_server_cuts_short_fail_no_walk() -> None:
    spec = tern(CURSORS, ("least: 1, most: 100", "least: 1"))
    short = goes_on(size=lambda asked, before: min(asked, 30))
    run = of_rules([check_pages, check_filtered_pages], spec, short)
    assert set(run.failed) & {SLICE, BACK} == set()


DEVIATIONS = [
    pytest.param(
        goes_on(under(descending, lambda rows, end, given: end - 1)), [PARTITION, SLICE], id="row-again-descending"
    ),
    pytest.param(
        goes_on(under(filtered, lambda rows, end, given: end - 1)), [PARTITION, SLICE], id="row-again-beside-a-filter"
    ),
    pytest.param(goes_on(under(descending, beyond_tied)), [PARTITION], id="tied-rows-lost-descending"),
    pytest.param(goes_on(under(filtered, beyond_tied)), [PARTITION], id="tied-rows-lost-beside-a-filter"),
    pytest.param(
        goes_on(back=lambda begin, given: begin - 1 if descending(given) else begin), [BACK], id="astray-descending"
    ),
    pytest.param(forgets_the_filter, [SLICE], id="filter-lost-on-the-way"),
    pytest.param(ONCE, [PARTITION, SLICE], id="cursor-that-leads-on-with-each-use"),
]


@pytest.mark.parametrize(("lie", "among"), DEVIATIONS)
def test_a_journey_that_goes_astray_in_one_arrangement_fails(lie: Lie, among: list[str]) -> None:
    failed = set(said(lie).failed) & {SIZE, SLICE, PARTITION, BACK}
    assert failed
    assert failed <= set(among)


def test_a_last_row_that_is_lost_beside_a_filter_fails_the_walk() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        body = goes_on()(given, honest)
        rows = all_rows(without(given, "rows", "after", "before"), honest)
        lost = bool(given.get("dir") and given.get("after"))
        return {**body, "calls": [row for row in body["calls"] if row["id"] != rows[-1]["id"]]} if lost else body

    assert PARTITION in said(lie).failed


def test_a_size_that_is_kept_from_the_page_before_fails() -> None:
    kept = goes_on(size=lambda asked, before: before)
    assert set(said(kept).failed) & {SIZE, PARTITION, SLICE, BACK}


def test_a_finding_names_the_order_that_it_takes() -> None:
    expected, _ = said(goes_on(under(descending, beyond_tied))).told[PARTITION]
    assert "under sort=-" in expected


def test_a_finding_names_no_order_that_it_does_not_take() -> None:
    assert "under" not in said(goes_on(beyond_tied)).told[PARTITION][0]
