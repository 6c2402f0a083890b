"""The orders that a list can be asked for in."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.specification.sort_spellings import sort_spellings
from harness.wire.decoded_body import Tree


def orders_of(context: CheckContext) -> list[dict[str, Tree]]:
    """The parameters of each order that can be asked for: the default one, every word, both directions."""
    order = context.listing.order
    found: list[dict[str, Tree]] = [{}]
    if order is None:
        return found
    flag: dict[str, Tree] = {}
    if order.descending is not None and context.supports_parameters(order.descending):
        flag = {order.descending: context.encode(order.descending, other_direction(context, order.descending))}
        found.append(flag)
    sort = order.sort
    if sort is None or not context.supports_parameters(sort.parameter):
        return found
    for word in sort.words:
        if word in (*sort.undocumented, *sort.refused) or word in context.facts.refused_sort_words:
            continue
        found += ({sort.parameter: spelling} for spelling in sort_spellings(sort, word))
        if flag:
            found.append({sort.parameter: word, **flag})
    return found


def other_direction(context: CheckContext, descending: str) -> bool:
    """Whether the flag of the direction is to be on, so that it says another one than nothing does."""
    return context.listing.parameters[descending].default is not True


def working_orders(context: CheckContext) -> list[dict[str, Tree]]:
    """Those of the orders whose parameters were not found to fail; the default one is always among them."""
    return [order for order in orders_of(context) if all(context.parameters_work(name) for name in order)]
