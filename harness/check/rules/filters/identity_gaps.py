"""Rules on look-ups by identity: what the list does not show is not found by its number, and one row is one page."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.mirror import first_page_number
from harness.specification.model import OffsetPaging, PageNumberPaging

GAP_LENGTH: Final = 8
"""Numbers between two identities that are asked for: further ones are nobody's."""
GAPS_AT_MOST: Final = 3
"""The identities between those shown that are asked for one by one."""
LISTED_GAPS: Final = 40
"""The identities between those shown that are asked for as one list."""


def check_identity_gaps(about: AskedFilter) -> None:
    """Judges that a look-up by identity finds no row that the list does not hold: identities between those shown.

    Where calls are counted through, the numbers in between are other accounts'. Servers that look a call up forget
    whose calls may be seen.
    """
    filter_, mirror, listing = about.rule, about.mirror, about.context.listing
    identity = listing.lists.identity
    if [str(path) for path in filter_.compares] != [identity] or filter_.keeps != "equal" or not mirror.complete:
        return
    shown = sorted({int(text) for row in mirror.rows if (text := str(row.shown.get(identity))).isdecimal()})
    pairs = sorted(pairwise(shown), key=lambda pair: pair[1] - pair[0])
    gaps = [number for low, high in pairs for number in range(low + 1, min(high, low + GAP_LENGTH))]
    clauses = (*(listing.scope.clauses.tenant if listing.scope is not None else ()), *filter_.clause)
    for chosen in [tuple(gaps[:LISTED_GAPS])] if about.takes_one_list and gaps else gaps[:GAPS_AT_MOST]:
        about.check(about.request(chosen), f"{about.name} between those that are listed", clauses)


def check_identity_page(about: AskedFilter) -> None:
    """Judges that the page after the one row of an identity is empty: look-ups forget the page.

    Servers answer them by a query of their own (`callid_beside_page`, foreign servers).
    """
    context, filter_, paging = about.context, about.rule, about.context.listing.paging
    if not isinstance(paging, PageNumberPaging | OffsetPaging) or filter_.keeps != "equal":
        return
    name = paging.page if isinstance(paging, PageNumberPaging) else paging.offset
    first = first_page_number(context, paging) if isinstance(paging, PageNumberPaging) else paging.first
    shown = [value for value, number in about.counted.items() if number == 1]
    if [str(path) for path in filter_.compares] != [context.listing.lists.identity] or not shown:
        return
    if context.parameters_work(name):
        ask = about.request(shown[0]).with_values({name: context.encode(name, first + 1)})
        about.check(ask, f"the page after the one row of {about.name} = {shown[0]!r}", paging.clauses.slice)
