"""Arrangements of the list: which borders, sizes and pairs are chosen."""

from __future__ import annotations

from itertools import product

import pytest

from harness.check.rules.paging.arrangements import (
    Arrangement,
    Depth,
    DueRows,
    SizeKind,
    cover_pairs,
    page_size,
    pick_border,
)

# kind, rows, the largest page, the size
SIZES: list[tuple[SizeKind, int, int, int]] = [
    ("one", 40, 100, 1),
    ("two", 40, 100, 2),
    ("two", 2, 100, 1),
    ("divisor", 40, 100, 4),
    ("divisor", 41, 100, 3),
    ("other", 40, 100, 6),
    ("other", 41, 100, 4),
    ("other", 4, 100, 3),
    ("most", 40, 100, 39),
    ("most", 400, 100, 100),
    ("most", 1, 100, 1),
]


@pytest.mark.parametrize(("kind", "rows", "most", "size"), SIZES)
def test_a_page_size_of_each_kind_leaves_a_page_to_follow(kind: SizeKind, rows: int, most: int, size: int) -> None:
    assert page_size(kind, rows, most) == size


@pytest.mark.parametrize(("border", "tied"), [(0, False), (1, False), (2, True), (3, True), (4, False), (5, False)])
def test_a_border_is_tied_between_rows_of_one_sort_value(border: int, tied: bool) -> None:
    assert DueRows(rows=(), sort_values=(1, 2, 2, 2, 3)).is_tied(border) is tied


@pytest.mark.parametrize(("border", "tied"), [(1, False), (2, True), (3, False), (4, True)])
def test_a_border_is_tied_under_any_order_that_the_list_may_have(border: int, tied: bool) -> None:
    assert DueRows(rows=(), sort_values=(), ties=frozenset({2, 4})).is_tied(border) is tied


@pytest.mark.parametrize(("depth", "border"), [("first", 2), ("middle", 6), ("last", 8)])
def test_borders_are_picked_by_depth(depth: Depth, border: int) -> None:
    assert pick_border([2, 4, 6, 8], depth) == border


def test_every_two_values_of_different_factors_come_together() -> None:
    orders, filters, sizes = ["a", "b"], [False, True], [1, 2, 3, 4, 5]
    cells = list(cover_pairs(orders, filters, sizes))
    assert {cell[:2] for cell in cells} == set(product(orders, filters))
    assert {cell[1:] for cell in cells} == set(product(filters, sizes))
    assert {(cell[0], cell[2]) for cell in cells} == set(product(orders, sizes))
    assert len(cells) <= 12


def test_of_many_orders_each_comes_once() -> None:
    orders = list(range(26))
    assert {cell[0] for cell in cover_pairs(orders, [False, True], [1, 2, 3, 4, 5])} == set(orders)


def test_what_is_smaller_than_an_arrangement_begins_with_the_plain_list() -> None:
    whole = Arrangement(order={"sort": "-ended"}, narrowed={"dir": "in"})
    smaller = [one.values for one in whole.smaller()]
    assert smaller == [{}, {"sort": "-ended"}, {"dir": "in"}]


def test_a_label_names_the_order_and_the_filters() -> None:
    labels = [one.label for one in (Arrangement(), Arrangement(order={"sort": "-ended"}, narrowed={"dir": "in"}))]
    assert labels == ["", ", under sort=-ended and dir"]
