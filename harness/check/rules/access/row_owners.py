"""The owners that rows show, and the account that asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.check.context import CheckContext, Exchange, Row, values_of
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror, largest_page_size, parse_row_count
from harness.specification.model import CallScope
from harness.wire.decoded_body import Tree


def owners_of(row: Row, rule: CallScope) -> set[Any]:
    """The owners that a row shows."""
    return set(values_of([row], *rule.owners))


def own_customer(context: CheckContext, rows: tuple[Row, ...] | list[Row], rule: CallScope) -> Any:
    """The one owner that all rows share, if the rows leave no doubt; or the one that the user named."""
    if context.identity.customer is not None:
        return context.identity.customer
    counted: Counter[Any] = Counter(owner for row in rows for owner in owners_of(row, rule))
    everywhere = [owner for owner, count in counted.items() if count == len(rows)]
    return everywhere[0] if len(everywhere) == 1 else None


def own_account(context: CheckContext, rule: CallScope) -> Any:
    """The own customer as the user named it, or as a credential does; None where neither says."""
    if context.identity.customer is not None or rule.own_credential is None:
        return context.identity.customer
    held = getattr(context.identity.credentials, "given", context.identity.credentials)
    named = held.get(rule.own_credential, "")
    return int(named) if named.isascii() and named.isdigit() and len(named) < 20 else named or None


def read_scoped_list(context: CheckContext, mirror: Mirror, values: Mapping[str, Tree], purpose: str) -> Exchange:
    """The list as a scope shows it: one request with the largest page and these values."""
    return context.send(mirror.request({**largest_page(context), **values}), purpose)


def holds_whole_list(context: CheckContext, exchange: Exchange) -> bool:
    """Whether an answer to such a request holds all rows that match: the largest page may be too small for them."""
    _, size = largest_page_size(context)
    total = parse_row_count(exchange.total) if context.listing.total is not None else None
    rows = len(exchange.rows or ())
    return rows >= total if total is not None else size is None or rows < size
