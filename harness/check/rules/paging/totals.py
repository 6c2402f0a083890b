"""Rules on totals, and on pages of filtered lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.oracle.value_comparison import comparison_of_filter, values_are_kept
from harness.check.probe.answer_checks import AnswerCheck, part_check
from harness.check.probe.comparison_values import ORDER_COMPARISONS, comparison_of
from harness.check.probe.differences import Aspect
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    companion_parameters,
    count_values,
    count_values_of,
    default_comparison,
    disjoint_filter_pairs,
    encode_shown_value,
    fits_one_element,
    is_time_filter,
    largest_page,
    overlapping_values,
    selective_filter,
    visible_filters,
)
from harness.check.probe.mirror import Mirror, first_page_number, parse_row_count, reread_mirror
from harness.check.probe.orders import orders_of
from harness.check.probe.page_probe import independent_total_clauses
from harness.check.probe.stability import probe_replicas, replicas_disagree
from harness.check.rules.paging.arrangements import due_rows
from harness.check.rules.paging.cursor_journeys import check_cursor_journeys, narrowed_journeys
from harness.check.rules.paging.page_borders import check_page_borders, narrowed_border_probes
from harness.specification.model import (
    Clauses,
    CursorPaging,
    Filter,
    LimitPaging,
    OffsetPaging,
    PageNumberPaging,
    TotalSwitch,
    UnfilteredTotal,
    options_of,
)
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest


def check_totals(context: CheckContext, mirror: Mirror) -> None:
    """Judges the total with filters, without matches, and switched off.

    Servers count before the filter, or only the page (`total_before_filter`, `total_of_page`, foreign servers).
    """
    probe_replicas(context, mirror)
    total = context.listing.total
    no_match = context.listing.no_match_clause
    chosen = selective_filter(context, mirror)
    if total is not None:
        clauses = total.clauses.independent or total.clauses.sum
        if chosen:
            ask = mirror.request({**largest_page(context), **chosen})
            purpose = "the total with a filter"
            judged = check_probe(context, mirror, ask, purpose, clauses, blame={"total": clauses})
            if total.unfiltered is not None and context.asked.include(total.unfiltered.clause):
                _check_unfiltered_total(context, mirror, total.unfiltered, judged.exchange)
        if total.switch is not None:
            _check_total_switch(context, mirror, total.switch)
            if chosen:
                _check_switched_on_total(context, mirror, total.switch.parameter, chosen, clauses)
    name = next(
        (
            name
            for name in visible_filters(context)
            if context.listing.filters[name].keeps in ("equal", "contains")
            and context.listing.parameters[name].as_ == "text"
            and context.listing.parameters[name].pattern is None
            and not context.listing.filters[name].applies_if_any
        ),
        None,
    )
    if name is not None:
        blame: Clauses = total.clauses.sum if total else no_match
        ask = mirror.request({name: "no-such-value-9c1e"})
        check_probe(context, mirror, ask, "no row matches", no_match, blame={"total": blame})


def _check_unfiltered_total(
    context: CheckContext, mirror: Mirror, whole: UnfilteredTotal, filtered: Exchange
) -> None:
    """The number of all rows is the total of the list without a filter, and a filter does not change it.

    Servers tell one count twice (`unfiltered-total-of-the-matches`).
    """
    plain = [context.send(ListRequest(), f"the total without a filter, {turn}") for turn in ("before", "after")]
    if any(context.note_unusable(exchange, whole.clause) for exchange in (*plain, filtered)):
        return
    due = {parse_row_count(exchange.total) for exchange in plain}
    told = [parse_row_count(exchange.part_at(whole.at)) for exchange in (*plain, filtered)]
    if len(due) > 1 or None in due or len(mirror.rows) < 2:
        context.results.record_not_exercised(whole.clause, "it is not known how many rows the list has")
        return
    wrong = [place for place, number in enumerate(told) if number is not None and number not in due]
    if not wrong:
        # What is no number at all is told of every response.
        context.results.record_pass(whole.clause if None not in told else ())
        return
    exchange = (*plain, filtered)[wrong[0]]
    context.fail(
        whole.clause,
        "the number of all rows is that of the list without a filter",
        expected=f"{whole.at}: {due.pop()}, the total without a filter",
        actual=str(told[wrong[0]]),
        exchange=exchange,
        check=part_check(context, exchange, whole.at),
    )


def _check_switched_on_total(
    context: CheckContext, mirror: Mirror, switch: str, chosen: Mapping[str, Tree], clauses: Clauses
) -> None:
    """What is switched on by a word counts what is asked for, as it does when nothing is said."""
    size = context.listing.paging.size_parameter
    values = {switch: context.encode(switch, True), **chosen}
    if size is not None:
        values[size] = context.encode(size, 2)
    ask = mirror.request(values)
    check_probe(context, mirror, ask, "the total switched on, of a page with a filter", clauses)


def _check_total_switch(context: CheckContext, mirror: Mirror, switch: TotalSwitch) -> None:
    if not context.asked.include(switch.clauses.off, switch.clauses.default):
        return
    answers: dict[str, Exchange] = {}
    for state, values in (
        ("switched off", {switch.parameter: False}),
        ("switched on", {switch.parameter: True}),
        ("by default", {}),
    ):
        ask = mirror.request(context.encode_all(values))
        answers[state] = context.send(ask, f"the total {state}")
    _judge_total_off(context, mirror, switch, answers["switched off"], switch.clauses.off)
    parameter = context.listing.parameters[switch.parameter]
    if parameter.default is False or str(parameter.default) in parameter.false:
        _judge_total_off(context, mirror, switch, answers["by default"], switch.clauses.default)
    else:
        _check_default_total(context, mirror, switch, answers["by default"], answers["switched on"])


def _judge_total_off(
    context: CheckContext, mirror: Mirror, switch: TotalSwitch, off: Exchange, clauses: Clauses
) -> None:
    if context.note_unusable(off, clauses):
        return
    came = off.total
    given = "zero" if parse_row_count(came) == 0 else "given"
    shape = "missing" if came is MISSING else "none" if came is None else given
    options = options_of(switch.off)
    if shape in options:
        context.results.record_pass(clauses)
        context.dialect.learn_answer(switch.off, shape, "the total switched off")
    elif shape == "zero" and not mirror.rows:
        context.results.record_not_exercised(clauses, "the target shows no rows")
    else:
        expected = f"a total that is {' or '.join(options)}"
        asked = off.list_request.values.get(switch.parameter)
        message = "the total can be switched off" if asked is not None else "the total is left out by default"
        check = _total_check(context, off)
        context.fail(clauses, message, expected=expected, actual=f"total {came!r}", exchange=off, check=check)


def _check_default_total(
    context: CheckContext, mirror: Mirror, switch: TotalSwitch, plain: Exchange, on: Exchange
) -> None:
    clauses = switch.clauses.default
    if context.note_unusable(plain, clauses) or on.answer is None:
        return
    told, due = parse_row_count(plain.total), parse_row_count(on.total)
    moved = False
    if told is not None and told != due:
        if not mirror.volatile:
            reread_mirror(context, mirror)
        moved = mirror.volatile or replicas_disagree(context, mirror)
    if told is not None and (told == due or moved):
        context.results.record_pass(clauses)
        return
    expected, actual = f"the total {due}", f"{plain.total!r}"
    message, check = "the total is told by default", _total_check(context, plain)
    context.fail(clauses, message, expected=expected, actual=actual, exchange=plain, check=check)


def _total_check(context: CheckContext, exchange: Exchange) -> AnswerCheck | None:
    total = context.listing.total
    return None if total is None else part_check(context, exchange, total.at)


def check_filtered_pages(context: CheckContext, mirror: Mirror) -> None:
    """Judges every filter together with a later page, and with a page of one row: neither is lost.

    Servers forget filters on later pages (`source_ignored_on_later_pages`, foreign servers).
    """
    _check_one_row_pages(context, mirror)
    check_page_borders(context, mirror, narrowed_border_probes(context, mirror))
    check_cursor_journeys(context, mirror, narrowed_journeys(context, mirror))


def _check_one_row_pages(context: CheckContext, mirror: Mirror) -> None:
    """Every filter with a page of one row, at values that the first row of the list does not have."""
    paging = context.listing.paging
    size = paging.size_parameter
    if size is None or len(mirror.rows) < 4 or mirror.tear_reason or not context.supports_parameters(size):
        return
    if isinstance(paging, OffsetPaging | CursorPaging):
        # A later page tells the same: rows that are left out first are left out of what the filter keeps.
        return
    # Where later pages are none, the first rows under each order tell whether a limit cuts what is sorted.
    orders = orders_of(context)[::-1] if isinstance(paging, LimitPaging) else [{}]
    for turn, name in enumerate(visible_filters(context)):
        filter_ = context.listing.filters[name]
        if not context.supports_parameters(name) or is_time_filter(context, name):
            continue
        if comparison_of(filter_) in ORDER_COMPARISONS:
            # A bound that goes wrong at its border counts otherwise, too: that is no matter of totals.
            continue
        order = orders[turn % len(orders)]
        due = due_rows(context, mirror, order)
        own = count_values((due.rows if due is not None else mirror.rows)[:1], filter_.compares)
        others = count_values_of(mirror, filter_.compares).most_common()
        value = next(
            (value for value, count in others if count > 1 and not _any_value_matches(filter_, own, value)), None
        )
        if value is None or not fits_one_element(context, name, value):
            continue
        values = {**companion_parameters(context, mirror, name), **default_comparison(context, name), **order}
        values |= {name: encode_shown_value(context, name, value), size: context.encode(size, 1)}
        blame: dict[Aspect, Clauses] = {"total": independent_total_clauses(context)}
        ask = mirror.request(values)
        check_probe(context, mirror, ask, f"{name} with one row", filter_.clause, blame=blame)


def _any_value_matches(filter_: Filter, shown: Iterable[Any], value: Any) -> bool:
    """Whether one of the values that a row shows satisfies the filter at another value."""
    return values_are_kept(comparison_of_filter(filter_), shown, (value,))


def check_filters_by_encoding(context: CheckContext, mirror: Mirror) -> None:
    """Judges every filter by another encoding of the request: a server that reads two must read all of each."""
    transport = context.listing.transport
    ways = [
        name
        for name, way in transport.also.items()
        if way.level == "same" and way.carries not in context.facts.unread_carriers
    ]
    # Bodies are where a second reader of parameters lives: they come first.
    ways.sort(key=lambda name: transport.also[name].carries == "query")
    if not ways:
        return
    names = [name for name in visible_filters(context) if context.supports_parameters(name)]
    # Two at a time: with the right values the loss of either shows.
    for turn, (purpose, values) in enumerate(disjoint_filter_pairs(context, mirror, names)):
        for way in dict.fromkeys((ways[turn % len(ways)], ways[0])):
            clauses = transport.also[way].clause
            ask = replace(mirror.request({**largest_page(context), **values}), encoding_name=way)
            check_probe(context, mirror, ask, f"{purpose} by {way}", clauses)
    more = _parameters_beside_filters(context)
    # Where there are no rows, an encoding that is not read gets the same answer.
    for way in ways if mirror.rows else ():
        if more:
            ask = replace(mirror.request(more), encoding_name=way)
            check_probe(
                context, mirror, ask, f"{', '.join(more)} by {way}", context.listing.transport.also[way].clause
            )


def _parameters_beside_filters(context: CheckContext) -> dict[str, Tree]:
    """A later page in another order with the optional parts: what a request may ask for beside filters."""
    listing, paging, order = context.listing, context.listing.paging, context.listing.order
    values: dict[str, Tree] = {}
    if paging.size_parameter is not None:
        values[paging.size_parameter] = context.encode(paging.size_parameter, 3)
    if isinstance(paging, PageNumberPaging | OffsetPaging):
        (place,) = paging.place_parameters
        first = first_page_number(context, paging) if isinstance(paging, PageNumberPaging) else paging.first
        values[place] = context.encode(place, first + 2)
    if order is not None and order.descending is not None:
        values[order.descending] = context.encode(order.descending, True)
    if order is not None and order.sort is not None:
        unusable = {*order.sort.refused, *order.sort.undocumented, *context.facts.refused_sort_words}
        words = [word for word in order.sort.words if word not in unusable]
        values |= {order.sort.parameter: words[-1]} if words else {}
    for include in listing.includes:
        on = listing.parameters[include.parameter].default is not True
        values[include.parameter] = context.encode(include.parameter, on)
    return {name: raw for name, raw in values.items() if context.supports_parameters(name)}


def check_full_combinations(context: CheckContext, mirror: Mirror) -> None:
    """Judges two filters, a small page and an order at once."""
    names = list(visible_filters(context))
    clauses = context.listing.conjunction_clause
    for _ in range(2):
        if len(names) < 2:
            return
        first, second = context.rng.sample(names, 2)
        values = overlapping_values(context, mirror, first, second)
        if values is None:
            continue
        more: dict[str, Tree] = {}
        size = context.listing.paging.size_parameter
        if size is not None:
            more |= {size: context.encode(size, 2)}
        order = context.listing.order
        if order is not None and order.descending is not None:
            more[order.descending] = context.encode(order.descending, True)
        ask = mirror.request({**values, **more})
        check_probe(context, mirror, ask, f"{first} and {second}, two rows a page", clauses)
