"""Which clauses promise what about pages, whatever the kind of paging; none where a kind promises nothing."""

from __future__ import annotations

from harness.specification.model import (
    Clauses,
    CursorPaging,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    PageNumberPaging,
    Paging,
)


def size_clauses(paging: Paging) -> Clauses:
    """The clauses on how many rows a page holds."""
    return () if isinstance(paging, NoPaging) else paging.clauses.size


def size_default_clauses(paging: Paging) -> Clauses:
    """The clauses on how many rows come when no size is given."""
    return () if isinstance(paging, NoPaging | PageNumberPaging) else paging.clauses.size_default


def start_clauses(paging: Paging) -> Clauses:
    """The clauses on the page that comes when none is named: the first."""
    match paging:
        case PageNumberPaging():
            return paging.clauses.first
        case OffsetPaging():
            return paging.clauses.offset_default
        case CursorPaging() | LimitPaging() | NoPaging():
            return ()


def slice_clauses(paging: Paging) -> Clauses:
    """The clauses on which rows a page holds."""
    return () if isinstance(paging, NoPaging | LimitPaging) else paging.clauses.slice


def partition_clauses(paging: Paging) -> Clauses:
    """The clauses that say that the pages share out the list."""
    return () if isinstance(paging, NoPaging | LimitPaging) else paging.clauses.partition


def prefix_clauses(paging: Paging) -> Clauses:
    """The clauses that say that limited rows are the first ones of the list."""
    return paging.clauses.prefix if isinstance(paging, LimitPaging) else ()
