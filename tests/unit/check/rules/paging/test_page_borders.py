"""Rules on the borders between pages: servers that lose and repeat rows in one arrangement of the list alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from rule_runs import (
    DIR,
    NUMBERS,
    OFFSETS,
    PARTITION,
    SLICE,
    SUM,
    Body,
    Form,
    Given,
    Honest,
    Lie,
    Row,
    Rows,
    Said,
    all_rows,
    listed,
    of_rules,
    tern,
    truth,
    without,
)

from harness.check.rules.filters.single_filter import check_single_filters
from harness.check.rules.paging.pages import check_pages
from harness.check.rules.paging.totals import check_filtered_pages

SORT = "TN-LST-041"
WORDS = f"{{parameter: sort, words: {{started: started, ended: ended}}, signed: true, clauses: {{words: {SORT}}}}}"
NUMBERED, SKIPPING = (replace(form, parameters=(*form.parameters, "sort"), sort=WORDS) for form in (NUMBERS, OFFSETS))


def place(given: Given) -> tuple[int, int]:
    """The number of rows before the page, and its size."""
    size = int(given.get("rows") or 10)
    return int(given.get("skip") or 0) + size * int(given.get("page") or 0), size


def instant(row: Row, given: Given) -> str:
    return str(row[given.get("sort", "started").lstrip("-")])


def tied_row_again(rows: Rows, given: Given) -> Rows:
    """A page that begins with the last row of the page before, where both have one sort value."""
    begin, size = place(given)
    tied = 0 < begin < len(rows) and instant(rows[begin], given) == instant(rows[begin - 1], given)
    return [rows[begin - 1], *rows[begin + 1 : begin + size]] if tied else rows[begin : begin + size]


def first_row_again(rows: Rows, given: Given) -> Rows:
    begin, size = place(given)
    return rows[max(0, begin - 1) :][:size]


def without_the_last_row(rows: Rows, given: Given) -> Rows:
    begin, size = place(given)
    return rows[begin : begin + size][: -1 if 0 < begin < len(rows) <= begin + size else None]


def other_tied_row_at_the_head(rows: Rows, given: Given) -> Rows:
    """A page near the first that ends with the row after it, where both have one sort value."""
    begin, size = place(given)
    end = begin + size
    tied = end < min(24, len(rows)) and instant(rows[end], given) == instant(rows[end - 1], given)
    return [*rows[begin : end - 1], rows[end]] if tied else rows[begin:end]


def cut(when: Callable[[Given], bool], change: Callable[[Rows, Given], Rows]) -> Lie:
    """A server that cuts pages otherwise where the request says something."""

    def lie(given: Given, honest: Honest) -> Body:
        body = listed(given, honest)
        return {**body, "calls": change(all_rows(given, honest), given)} if when(given) else body

    return lie


def counts(when: Callable[[Given], bool], change: Callable[[int, Body], int]) -> Lie:
    def lie(given: Given, honest: Honest) -> Body:
        body = listed(given, honest)
        return {**body, "total": change(body["total"], body)} if when(given) else body

    return lie


def descending(given: Given) -> bool:
    return given.get("sort", "").startswith("-")


def filtered(given: Given) -> bool:
    return bool(given.get("dir"))


def deep(given: Given) -> bool:
    return place(given)[0] >= 30


@cache
def said(form: Form, lie: Lie) -> Said:
    return of_rules([check_pages, check_filtered_pages], tern(form), lie)


@pytest.mark.parametrize("form", [NUMBERED, SKIPPING], ids=["numbers", "offsets"])
@pytest.mark.parametrize("calls", [0, 1, 2, 4, 11, 48])
def test_pages_of_an_honest_server_fail_nothing_under_any_order(form: Form, calls: int) -> None:
    assert of_rules([check_pages, check_filtered_pages], tern(form), truth, calls=calls).failed == []


@pytest.mark.parametrize("form", [NUMBERED, SKIPPING], ids=["numbers", "offsets"])
@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        pytest.param(cut(descending, tied_row_again), [PARTITION], id="tied-row-again-descending"),
        pytest.param(cut(filtered, tied_row_again), [PARTITION], id="tied-row-again-beside-a-filter"),
        pytest.param(cut(deep, tied_row_again), [PARTITION], id="tied-row-again-at-depth"),
        pytest.param(
            cut(lambda given: given.get("sort") == "-started" and place(given)[1] > 3, other_tied_row_at_the_head),
            [PARTITION],
            id="another-tied-row-at-the-head",
        ),
        pytest.param(counts(deep, lambda total, body: len(body["calls"])), [SUM], id="total-of-the-page-at-depth"),
        pytest.param(counts(filtered, lambda total, body: 48), [SUM], id="total-ignores-the-filter"),
        pytest.param(counts(descending, lambda total, body: total + 1), [SUM], id="another-total-descending"),
        pytest.param(counts(lambda given: True, lambda total, body: min(20, total)), [SUM], id="total-capped-at-20"),
    ],
)
def test_what_goes_wrong_in_one_arrangement_alone_fails(form: Form, lie: Lie, failed: list[str]) -> None:
    assert said(form, lie).failed == failed


@pytest.mark.parametrize("form", [NUMBERED, SKIPPING], ids=["numbers", "offsets"])
def test_pages_beside_a_filter_that_is_ignored_are_not_blamed(form: Form) -> None:
    def ignores_the_filter(given: Given, honest: Honest) -> Body:
        return honest(without(given, "dir"))

    rules = [check_single_filters, check_pages, check_filtered_pages]
    failed = of_rules(rules, tern(form), ignores_the_filter).failed
    assert DIR in failed
    assert not {SLICE, PARTITION, SUM} & set(failed)


@pytest.mark.parametrize("form", [NUMBERED, SKIPPING], ids=["numbers", "offsets"])
@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(cut(descending, first_row_again), id="row-again-descending"),
        pytest.param(cut(descending, without_the_last_row), id="last-row-lost-descending"),
        pytest.param(cut(filtered, without_the_last_row), id="last-row-lost-beside-a-filter"),
    ],
)
def test_rows_that_stand_at_another_place_fail_the_slices(form: Form, lie: Lie) -> None:
    failed = set(said(form, lie).failed) - {SUM}
    assert failed
    assert failed <= {SLICE, PARTITION}


@pytest.mark.parametrize("form", [NUMBERED, SKIPPING], ids=["numbers", "offsets"])
def test_a_finding_names_the_order_that_it_takes(form: Form) -> None:
    expected, actual = said(form, cut(descending, tied_row_again)).told[PARTITION]
    assert expected.startswith("each row on one page, under sort=-")
    assert actual == "1 row on two pages side by side"


def test_a_finding_names_no_order_that_it_does_not_take() -> None:
    assert "under" not in said(NUMBERED, cut(lambda given: True, tied_row_again)).told[PARTITION][0]


def test_a_bound_of_pages_and_rows_of_one_instant_in_another_order_fail_nothing() -> None:
    def lie(given: Given, honest: Honest) -> Body:
        body = listed(given, honest)
        rows = sorted(
            all_rows(given, honest),
            key=lambda row: (instant(row, given), -row["id"] if descending(given) else row["id"] % 7),
            reverse=descending(given),
        )
        begin, size = place(given)
        return {**body, "calls": rows[begin : begin + size]}

    assert said(SKIPPING, lie).failed == []
