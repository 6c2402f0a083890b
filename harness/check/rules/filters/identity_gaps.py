"""Rules on look-ups by identity: what the list does not show is not found by its number either."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import encode_shown_value, largest_page
from harness.check.probe.mirror import Mirror

GAP_LENGTH: Final = 8
"""Numbers between two identities that are asked for: further ones are nobody's."""
GAPS_AT_MOST: Final = 3
"""The identities between those shown that are asked for one by one."""
LISTED_GAPS: Final = 40
"""The identities between those shown that are asked for as one list."""


def check_identity_gaps(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges that a look-up by identity finds no row that the list does not hold: identities between those shown.

    Where calls are counted through, the numbers in between are other accounts'. Servers that look a call up forget
    whose calls may be seen.
    """
    filter_, identity = context.listing.filters[name], context.listing.lists.identity
    if [str(path) for path in filter_.compares] != [identity] or filter_.keeps != "equal" or not mirror.complete:
        return
    shown = sorted({int(text) for row in mirror.rows if (text := str(row.shown.get(identity))).isdecimal()})
    pairs = sorted(pairwise(shown), key=lambda pair: pair[1] - pair[0])
    gaps = [number for low, high in pairs for number in range(low + 1, min(high, low + GAP_LENGTH))]
    listed = context.listing.parameters[name].as_ in ("list", "json-list")
    scope = context.listing.scope
    clauses = (*(scope.clauses.tenant if scope is not None else ()), *filter_.clause)
    for chosen in [tuple(gaps[:LISTED_GAPS])] if listed and gaps else gaps[:GAPS_AT_MOST]:
        values = {**largest_page(context), name: encode_shown_value(context, name, chosen)}
        ask = mirror.request(values)
        check_probe(context, mirror, ask, f"{name} between those that are listed", clauses)
