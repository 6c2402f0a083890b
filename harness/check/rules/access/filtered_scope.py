"""Filters, orders, pages and counts beside the words and switches of a scope: a list of others' calls is a list."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from harness.check.context import CheckContext, Row
from harness.check.probe.answer_checks import listed_check
from harness.check.probe.blame import clauses_of_scope
from harness.check.probe.expect import check_probe, judge_exchange
from harness.check.probe.filter_groups import combined_request, telling_groups
from harness.check.probe.filter_values import filters_of_row, is_time_filter, largest_page, visible_filters
from harness.check.probe.mirror import MIRROR_ROWS_WANTED, Mirror, walk_pages
from harness.check.probe.orders import working_orders
from harness.check.probe.reduction import smallest_part
from harness.check.rules.access.row_owners import own_customer, owners_of, read_scoped_list
from harness.check.rules.paging.arrangements import shown_sort_values
from harness.specification.model import CallScope
from harness.wire.decoded_body import Tree


def check_filters_in_scopes(context: CheckContext, mirror: Mirror) -> None:
    """Reads the list of each scope as a whole and holds it, filtered, ordered and counted, to what was read.

    Servers forget a filter, an order, or the scope, where both are given (`machines_lost_system`,
    `sort_by_customer_first`, `limit_per_customer`).
    """
    looked_up: set[Hashable] = set()
    for turn, values in enumerate(_scopes(context, mirror)):
        scoped = _read_scope(context, mirror, values)
        if scoped is None:
            continue
        strange = [row for row in scoped.rows if mirror.row_with_key(row.key) is None]
        _check_filters(context, scoped, strange or scoped.rows, turn, _text_of(values))
        _check_order(context, scoped, turn, _text_of(values))
        _check_row_without_scope(context, mirror, scoped.rows, looked_up)


def _read_scope(context: CheckContext, mirror: Mirror, values: Mapping[str, Tree]) -> Mirror | None:
    """The list of a scope as a mirror of its own; None where the account may not ask for it, or it is empty."""
    base = {**mirror.base, **values}
    found = walk_pages(context, base, purpose=f"{_text_of(values)}, as a whole", rows_at_most=MIRROR_ROWS_WANTED)
    if found.failed_exchange is not None or not found.rows:
        return None
    return Mirror(
        base=base,
        scope=frozenset(values),
        before=found,
        after=found,
        volatile=mirror.volatile,
        moving_fields=set(mirror.moving_fields),
    )


def _check_filters(context: CheckContext, scoped: Mirror, rows: Sequence[Row], turn: int, scope: str) -> None:
    """Asks by groups of filters, each with the values of a row that only this scope shows; and counts one group."""
    listing = context.listing
    names = [name for name in visible_filters(context) if context.supports_parameters(name)]
    names = [name for name in names if context.parameters_work(name) and not is_time_filter(context, name)]
    counting = listing.count_only
    groups = list(telling_groups(context, scoped, names, rows))
    for group in groups:
        clauses = listing.conjunction_clause or listing.filters[next(iter(group))].clause
        ask = combined_request(context, scoped, group)
        check_probe(context, scoped, ask, f"{scope}, with {' and '.join(group)}", clauses)
    if groups and counting is not None and context.parameters_work(counting.parameter):
        group = groups[turn % len(groups)]
        on = {counting.parameter: context.encode(counting.parameter, True)}
        ask = combined_request(context, scoped, group).with_values(on)
        check_probe(context, scoped, ask, f"{scope}, a count with {' and '.join(group)}", counting.clauses.on)


def _check_order(context: CheckContext, scoped: Mirror, turn: int, scope: str) -> None:
    """Asks for half of the list in another order each time: customers may be ordered, or cut, one by one."""
    paging, orders = context.listing.paging, working_orders(context)
    turned = (orders[(place + 7 * turn) % len(orders)] for place in range(len(orders)))
    order = next((order for order in turned if _reorders(context, scoped, order)), {})
    half: dict[str, Tree] = {}
    size = paging.size_parameter
    if size is not None and context.parameters_work(size) and len(scoped.rows) > 3:
        half = {size: context.encode(size, len(scoped.rows) // 2)}
    plain = scoped.after.first_page if scoped.after is not None else None
    judged = judge_exchange(context, scoped, plain, scope, ("order",)) if plain is not None else None
    if judged is not None and judged.differences:
        check_probe(context, scoped, scoped.request(largest_page(context)), scope, (), only=("order",))
    if order or half:
        ask = scoped.request({**largest_page(context), **half, **order})
        purpose = f"{scope}, a part in the order of {', '.join(map(str, order.values())) or 'nothing'}"
        check_probe(context, scoped, ask, purpose, clauses_of_scope(context, scoped))


def _reorders(context: CheckContext, scoped: Mirror, order: Mapping[str, Tree]) -> bool:
    """Whether the list stands in another order as it was read, whatever the direction."""
    values: list[Any] = shown_sort_values(context, scoped, order, scoped.rows)
    return values not in (sorted(values), sorted(values, reverse=True))


def _check_row_without_scope(
    context: CheckContext, mirror: Mirror, rows: Sequence[Row], looked_up: set[Hashable]
) -> None:
    """Looks a row of others up by every filter at once, without the scope: it is not found among the own ones.

    Servers that look a call up by its identity forget whose calls are asked for. Each row is looked up once.
    """
    rule = context.listing.scope
    if rule is None or rule.unset != "own" or not mirror.complete:
        return
    own = own_customer(context, mirror.rows, rule)
    row = next((row for row in rows if own is not None and _is_of_others(mirror, row, own, rule)), None)
    filters = filters_of_row(context, mirror, row) if row is not None else {}
    if row is None or not filters or row.key in looked_up:
        return
    looked_up.add(row.key)
    exchange = read_scoped_list(context, mirror, filters, f"the own calls, by {len(filters)} values of another's row")
    if row.key not in exchange.keys:
        context.results.record_pass(rule.clauses.unset)
        return
    exchange = read_scoped_list(context, mirror, filters, "again: the own calls, by values of another's row")
    if row.key not in exchange.keys:
        return
    guilty, exchange = smallest_part(
        filters,
        exchange,
        lambda part: read_scoped_list(context, mirror, part, "the same with fewer filters"),
        lambda part: row.key in part.keys,
    )
    context.fail(
        rule.clauses.unset or rule.clauses.tenant,
        "only the own calls are listed where nothing is said, whatever else is asked for",
        expected="no row of others",
        actual=f"one that {', '.join(guilty)} finds",
        exchange=exchange,
        rows=[row],
        fields=(*map(str, rule.owners), *guilty),
        difference="own calls forgotten",
        check=listed_check(context, mirror, "without", [row]),
    )


def _is_of_others(mirror: Mirror, row: Row, own: object, rule: CallScope) -> bool:
    owners = owners_of(row, rule)
    return bool(owners) and own not in owners and mirror.row_with_key(row.key) is None


def _scopes(context: CheckContext, mirror: Mirror) -> Iterator[Mapping[str, Tree]]:
    """The parameters of each scope that lists more than the own calls, as far as the account may ask for it."""
    rule = context.listing.scope
    if rule is None:
        return
    if rule.parameter is not None:
        words = sorted(rule.words.items(), key=lambda pair: pair[1] != "everyone")
        yield from ({rule.parameter: word} for word, whose in words if whose != "own")
        own = own_customer(context, mirror.rows, rule)
        if own is not None and rule.identity and rule.recursive is not None:
            deep = context.encode(rule.recursive, True)
            yield {rule.parameter: str(own), rule.recursive: deep}
    if rule.recursive is not None and rule.recursive_own:
        yield {rule.recursive: context.encode(rule.recursive, True)}
    if rule.children_only is not None:
        yield {rule.children_only.parameter: context.encode(rule.children_only.parameter, True)}


def _text_of(values: Mapping[str, Tree]) -> str:
    return ", ".join(f"{name} = {raw}" for name, raw in values.items())
