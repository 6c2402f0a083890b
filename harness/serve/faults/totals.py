"""Faults in totals and in replies that are only a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.serve.faults.base import Fault, bent, breach, on_given, on_page, removed, with_part
from harness.serve.faults.hooks import Page, Scene, Seams
from harness.serve.faults.parameters import flipped
from harness.specification.model import Listing


def of_totals(listing: Listing) -> Iterator[Fault]:
    """Totals, returned numbers and counts that are wrong."""
    total = listing.total
    if total is not None:
        yield from breach(
            total.clauses.get("present", ()),
            "no-total",
            "the total is missing",
            Seams(tree=lambda tree, told: removed(tree, total.at)),
        )
        yield from breach(
            total.clauses.get("independent", ()),
            "total-of-the-page",
            "the total counts the rows of the page",
            on_page(lambda page, scene: _total(page, len(page.rows))),
        )
        yield from breach(
            total.clauses.get("independent", ()),
            "total-ignores-filters",
            "the total counts all calls, whatever was asked",
            on_page(lambda page, scene: _total(page, _unfiltered(scene))),
        )
        yield from breach(
            total.clauses.get("sum", ()),
            "total-one-more",
            "the total is one too many",
            on_page(lambda page, scene: _total(page, (page.total or 0) + 1)),
        )
        yield from breach(
            total.clauses.get("bound", ()),
            "total-below-the-page",
            "the total is less than the rows of the page",
            on_page(lambda page, scene: _total(page, max(0, page.returned - 1))),
        )
        switch = total.switch
        if switch is not None:
            yield from breach(
                switch.clauses.get("off", ()),
                f"{switch.parameter}-ignored",
                f"the total is there whatever {switch.parameter} says",
                on_given(lambda given: given.without((switch.parameter,))),
            )
            yield from breach(
                switch.clauses.get("default", ()),
                f"{switch.parameter}-default",
                f"without {switch.parameter} the total is missing",
                flipped(listing, switch.parameter),
            )
    if listing.returned is not None:
        yield from breach(
            listing.returned.clause,
            "returned-one-more",
            "the number of rows told is one too many",
            on_page(lambda page, scene: replace(page, returned=page.returned + 1)),
        )
        yield from breach(
            listing.returned.clause,
            "returned-is-the-total",
            "the number of rows told is that of all matching calls",
            on_page(lambda page, scene: replace(page, returned=scene.found.total)),
        )
    yield from _of_count(listing)


def _total(page: Page, total: int) -> Page:
    """The page with another total, where it tells one."""
    return page if page.total is None else replace(page, total=total)


def _unfiltered(scene: Scene) -> int:
    return len(scene.table.matching(replace(scene.plan.query, conditions=(), nothing=False)))


def _of_count(listing: Listing) -> Iterator[Fault]:
    count = listing.count_only
    if count is None:
        return
    clauses = count.clauses
    yield from breach(
        clauses.get("on", ()),
        f"{count.parameter}-ignored",
        f"{count.parameter} has no effect",
        on_given(lambda given: given.without((count.parameter,))),
    )
    yield from breach(
        clauses.get("on", ()),
        "count-one-more",
        "the count is one too many",
        on_page(lambda page, scene: page if page.count is None else replace(page, count=page.count + 1)),
    )
    yield from breach(
        clauses.get("on", ()),
        "count-ignores-filters",
        "the count is that of all calls",
        on_page(lambda page, scene: page if page.count is None else replace(page, count=_unfiltered(scene))),
    )
    if count.counts == "rows" and listing.lists.one_row_per == "leg":
        yield from breach(
            clauses.get("on", ()),
            "counts-calls",
            "calls are counted and not rows",
            bent(with_part("count_only", counts="calls")),
        )
    for name in count.ignores:
        yield from breach(
            clauses.get("ignores", ()),
            f"{name}-limits-the-count",
            f"{name} has an effect on the count",
            bent(with_part("count_only", ignores=())),
        )
    yield from breach(
        clauses.get("default", ()),
        f"{count.parameter}-default",
        f"without {count.parameter} a number is shown",
        flipped(listing, count.parameter),
    )
