"""Whether a spec says how many rows a page has: by a parameter, or by a number where nobody can choose."""

from __future__ import annotations

from collections.abc import Iterator

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import CursorPaging, LimitPaging, OffsetPaging, PageNumberPaging


def check_page_sizes(spec: Spec) -> Iterator[LintFinding]:
    """Pages by number or cursor have a parameter for their size, or say how many rows they have."""
    paging = spec.listing.paging
    if isinstance(paging, OffsetPaging | LimitPaging) and paging.all is not None:
        size = spec.listing.parameters.get(paging.size)
        if size is not None and not (size.least or paging.all) <= paging.all <= (size.most or paging.all):
            expected = f"a number that {paging.size} can be"
            yield finding_at(spec, "page-size", ("paging", "all"), expected, str(paging.all))
        if isinstance(paging, OffsetPaging) and not paging.clauses.all:
            yield finding_at(spec, "clause", ("paging",), "a clause on the number that means all (all)", "none")
    if isinstance(paging, CursorPaging) and paging.links is not None and paging.links.full_last != "ends":
        expected = "next-on-last of the paging, which says what the last page of cursors has"
        yield finding_at(spec, "page-size", ("paging", "links", "full-last"), expected, "full-last")
    if isinstance(paging, OffsetPaging) and paging.first:
        offset = spec.listing.parameters.get(paging.offset)
        said = None if offset is None else (offset.default, offset.least)
        if said is not None and any(one not in (None, paging.first) for one in said):
            expected = f"{paging.first} as the default and the least of {paging.offset}, where they are said"
            yield finding_at(spec, "page-size", ("paging", "first"), expected, f"{said[0]} and {said[1]}")
    if not isinstance(paging, PageNumberPaging | CursorPaging):
        return
    if paging.size is None and paging.default_size is None:
        yield finding_at(
            spec,
            "page-size",
            ("paging",),
            "the parameter of the page size (size), or how many rows a page has (default-size)",
            "neither",
            "where the document does not say: default-size: {open: integer, assumed: 50}",
        )
    if isinstance(paging, CursorPaging) and paging.size is not None and paging.default_size is not None:
        expected = f"the default of {paging.size} under parameters.{paging.size}"
        yield finding_at(spec, "page-size", ("paging", "default-size"), expected, "default-size beside size")
