"""Which clauses a difference breaks, by the aspect in which an answer differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.check.context import CheckContext
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.comparison import Aspect, Mismatch
from harness.specification.model import Clauses, PageNumberPaging
from harness.specification.paging_clauses import (
    partition_clauses,
    prefix_clauses,
    size_clauses,
    size_default_clauses,
    slice_clauses,
)
from harness.wire.list_request import ListRequest

PRIMARY: Final = ("unreadable", "outcome", "count", "rows")


def unsteady_clauses(session: CheckContext) -> Clauses:
    """The clauses that identical requests break when they get different answers."""
    order, lists = session.listing.order, session.listing.lists.clauses
    return (order.clause if order else ()) or lists.unique or lists.rows or lists.reach


def completeness_clauses(session: CheckContext) -> Clauses:
    """The clauses that a list breaks when it leaves rows out."""
    paging, total, lists = session.listing.paging, session.listing.total, session.listing.lists.clauses
    return partition_clauses(paging) or (total.clauses.sum if total else ()) or lists.one_per


def blamed_clauses(
    session: CheckContext,
    ask: ListRequest,
    mismatch: Mismatch,
    clauses: Clauses,
    blame: Mapping[Aspect, Clauses],
    meaning: ExpectedAnswer | None = None,
) -> Clauses:
    """The clauses that promise the aspect in which an answer differs, best first."""
    aspect = mismatch.aspect
    order = session.listing.order
    rows_clause = session.listing.lists.clauses.rows
    if mismatch.nothing_due and mismatch.shapeless and session.results.first_failed(rows_clause):
        return rows_clause
    if mismatch.nothing_due and session.listing.no_match_clause and ask.encoding_name is None:
        # The filters keep what they should where something matches: it is "nothing matches" that is told wrongly.
        return session.listing.no_match_clause
    if mismatch.reverse and order is not None and order.descending is not None and order.descending not in ask.values:
        # Nobody asked for the other direction: it is the flag's default that is wrong.
        return (
            order.clause
            if session.results.first_failed(order.clause)
            else order.descending_default_clause or order.clause
        )
    total = session.listing.total
    if mismatch.by_page and total is not None and total.clauses.independent:
        return total.clauses.independent
    sized = meaning is not None and meaning.size is not None and mismatch.kind != "stray"
    if aspect in ("rows", "slice", "short") and sized:
        paging = session.listing.paging
        for known in (prefix_clauses(paging), slice_clauses(paging), partition_clauses(paging)):
            if session.results.first_failed(known):
                # Where pages are known to be cut wrongly, that one lacks rows says nothing new.
                return known
    if mismatch.elsewhere_on_the_list and isinstance(session.listing.paging, PageNumberPaging):
        # The number leads to another page, as it should: it is how pages share out the list that is wrong.
        return session.listing.paging.clauses.partition or blame.get("slice", clauses)
    if aspect in blame:
        return blame[aspect]
    if aspect in PRIMARY:
        return clauses
    return promised(session, ask, aspect, meaning) or clauses


def promised(session: CheckContext, ask: ListRequest, aspect: Aspect, meaning: ExpectedAnswer | None) -> Clauses:
    """The clauses of the constructs that promise order, size, slice, total and uniqueness."""
    listing = session.listing
    paging = listing.paging
    order = listing.order
    match aspect:
        case "unique":
            return listing.lists.clauses.unique
        case "order":
            if order is None:
                return ()
            if order.descending is not None and order.descending in ask.values:
                return order.descending_clause or order.clause
            if order.sort is not None and order.sort.parameter in ask.values:
                word = str(ask.values[order.sort.parameter])
                if word in order.sort.undocumented and order.sort.clauses.undocumented:
                    return order.sort.clauses.undocumented
                return order.sort.clauses.words or order.clause
            return order.clause
        case "total":
            return listing.total.clauses.sum if listing.total else ()
        case "size":
            default = size_default_clauses(paging) if meaning is not None and meaning.size_default else ()
            return default or size_clauses(paging)
        case "short":
            default = size_default_clauses(paging) if meaning is not None and meaning.size_default else ()
            shared = partition_clauses(paging) or prefix_clauses(paging) or slice_clauses(paging)
            return default or shared or size_clauses(paging)
        case "slice":
            if session.results.first_failed(partition_clauses(paging)):
                return partition_clauses(paging)
            if isinstance(paging, PageNumberPaging) and meaning is not None and meaning.start == 0:
                return paging.clauses.first or paging.clauses.slice
            return prefix_clauses(paging) or slice_clauses(paging)
        case _:
            return ()
