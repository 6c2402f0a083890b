"""Rules on look-ups by identity: what the list does not show is not found by its number either."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from harness.check.probe.asked_filter import AskedFilter

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
