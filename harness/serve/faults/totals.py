"""Faults in totals and in replies that are only a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.serve.faults.base import (
    Fault,
    make_fault,
    on_page,
    on_parameters,
    with_changed_listing,
    with_part,
    without_part,
)
from harness.serve.faults.hooks import AnswerContent, PageContext
from harness.serve.faults.parameters import with_opposite_default
from harness.specification.model import Listing


def total_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of numbers: wrong totals, wrong returned numbers, wrong counts."""
    total = listing.total
    if total is not None:
        yield from make_fault(
            total.clauses.present,
            "no-total",
            "the total is missing",
            without_part(total.at),
        )
        yield from make_fault(
            total.clauses.independent,
            "total-of-the-page",
            "the total counts the rows of the page",
            on_page(lambda page, scene: _with_total(page, len(page.rows))),
        )
        yield from make_fault(
            total.clauses.independent,
            "total-ignores-filters",
            "the total counts all calls, whatever was asked",
            on_page(lambda page, scene: _with_total(page, _count_unfiltered(scene))),
        )
        yield from make_fault(
            total.clauses.sum,
            "total-one-more",
            "the total is one too many",
            on_page(lambda page, scene: _with_total(page, (page.total or 0) + 1)),
        )
        yield from make_fault(
            total.clauses.bound,
            "total-below-the-page",
            "the total is less than the rows of the page",
            on_page(lambda page, scene: _with_total(page, max(0, page.returned - 1))),
        )
        if total.unfiltered is not None:
            yield from make_fault(
                total.unfiltered.clause,
                "unfiltered-total-of-the-matches",
                "the number of all rows counts only those that match",
                on_page(lambda page, scene: replace(page, unfiltered=scene.query_result.total)),
            )
            yield from make_fault(
                total.unfiltered.clause,
                "unfiltered-total-one-more",
                "the number of all rows is one too many",
                on_page(lambda page, scene: replace(page, unfiltered=(page.unfiltered or 0) + 1)),
            )
        switch = total.switch
        if switch is not None:
            yield from make_fault(
                switch.clauses.off,
                f"{switch.parameter}-ignored",
                f"the total is there whatever {switch.parameter} says",
                on_parameters(lambda given: given._replace(values={**given.values, switch.parameter: True})),
            )
            yield from make_fault(
                switch.clauses.default,
                f"{switch.parameter}-default",
                f"without {switch.parameter} the total is there, or missing, against the default",
                with_opposite_default(listing, switch.parameter),
            )
    if listing.returned is not None:
        yield from make_fault(
            listing.returned.clause,
            "returned-one-more",
            "the number of rows told is one too many",
            on_page(lambda page, scene: replace(page, returned=page.returned + 1)),
        )
        yield from make_fault(
            listing.returned.clause,
            "returned-is-the-total",
            "the number of rows told is that of all matching calls",
            on_page(lambda page, scene: replace(page, returned=scene.query_result.total)),
        )
    yield from _count_faults(listing)


def _with_total(page: AnswerContent, total: int) -> AnswerContent:
    """The page with another total, where it shows one."""
    return page if page.total is None else replace(page, total=total)


def _count_unfiltered(context: PageContext) -> int:
    return len(context.table.matching_rows(context.plan.query._replace(conditions=(), matches_nothing=False)))


def _count_faults(listing: Listing) -> Iterator[Fault]:
    count = listing.count_only
    if count is None:
        return
    clauses = count.clauses
    yield from make_fault(
        clauses.on,
        f"{count.parameter}-ignored",
        f"{count.parameter} has no effect",
        on_parameters(lambda given: given.without((count.parameter,))),
    )
    yield from make_fault(
        clauses.on,
        "count-one-more",
        "the count is one too many",
        on_page(lambda page, context: page if page.count is None else replace(page, count=page.count + 1)),
    )
    yield from make_fault(
        clauses.on,
        "count-ignores-filters",
        "the count is that of all calls",
        on_page(
            lambda page, context: page if page.count is None else replace(page, count=_count_unfiltered(context))
        ),
    )
    yield from make_fault(
        clauses.on,
        "count-one-for-nothing",
        "the count of nothing is one",
        on_page(lambda page, context: replace(page, count=1) if page.count == 0 else page),
    )
    if count.counts == "rows" and listing.lists.one_row_per == "leg":
        yield from make_fault(
            clauses.on,
            "counts-calls",
            "calls are counted and not rows",
            with_changed_listing(with_part("count_only", counts="calls")),
        )
    for name in count.ignores:
        yield from make_fault(
            clauses.ignores,
            f"{name}-limits-the-count",
            f"{name} has an effect on the count",
            with_changed_listing(with_part("count_only", ignores=())),
        )
    yield from make_fault(
        clauses.default,
        f"{count.parameter}-default",
        f"without {count.parameter} a number is shown",
        with_opposite_default(listing, count.parameter),
    )
