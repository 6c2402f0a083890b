"""Which clauses a difference breaks: by what the smallest request that shows it still asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from harness.check.context import CheckContext
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.differences import PRIMARY_ASPECTS, Aspect, Difference
from harness.check.probe.mirror import Mirror
from harness.check.probe.reduction import added_parameters
from harness.specification.model import Clauses, CursorPaging, Filter, Listing, OpenChoice, Order, PageNumberPaging
from harness.specification.paging_clauses import (
    partition_clauses,
    prefix_clauses,
    size_clauses,
    size_default_clauses,
    slice_clauses,
    start_clauses,
)
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import decode_parameter, is_left_out
from harness.wire.scalar_codecs import DecodeError, first_instant, zone_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is asked, and the clauses that the request puts to the test.

    `clauses` are told for a difference in a primary aspect, those in `blame` for one in another aspect.
    """

    ask: ListRequest
    purpose: str
    clauses: Clauses
    blame: Mapping[Aspect, Clauses]
    only: tuple[Aspect, ...]
    credentials: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BlamedClauses:
    """The clauses that a difference breaks: the first of `clauses` that the spec declares, and each of `also`."""

    clauses: Clauses
    also: Clauses = ()


def blamed_clauses(
    context: CheckContext,
    mirror: Mirror,
    probe: Probe,
    smallest: ListRequest,
    difference: Difference,
    meaning: ExpectedAnswer | None,
) -> BlamedClauses:
    """The clauses that a difference breaks, shown by the smallest request that was found for it.

    As long as nothing of what the probe is about could be left out, these are the probe's own; otherwise those that
    promise what is left.
    """
    own = set(probe.ask.values) - added_parameters(context, mirror, probe.ask) - mirror.scope
    paging = context.listing.paging
    later = bool(smallest.values.keys() & set(paging.place_parameters))
    if later or (len(own) > 1 and difference.aspect in PRIMARY_ASPECTS):
        # How many rows a page holds matters to few promises about which rows come, and a later page is one anyway.
        own.discard(paging.size_parameter or "")
    whole = own <= smallest.values.keys() and smallest.encoding_name == probe.ask.encoding_name
    if difference.kind == "missing" and (whose := clauses_of_scope(context, mirror)):
        # A filter that is forgotten keeps too much: where rows are lost it is whose calls were asked for.
        return BlamedClauses(whose)
    if whole and own:
        blamed = _clauses_of_probe(context, mirror, probe, smallest, difference, meaning)
        blamed = blamed or clauses_of_request(context, mirror, smallest, difference, meaning)
    elif whole and probe.clauses and difference.aspect in PRIMARY_ASPECTS:
        blamed = probe.clauses
    elif whole and difference.aspect in probe.blame:
        blamed = probe.blame[difference.aspect]
    else:
        blamed = clauses_of_request(context, mirror, smallest, difference, meaning) or probe.clauses
    no_match = context.listing.no_match_clause
    if not (difference.nothing_due and no_match) or smallest.encoding_name is not None or later:
        return BlamedClauses(blamed)
    if difference.kind in ("refused", "no-rows"):
        # The filters keep what they should where something matches: it is "nothing matches" that is told wrongly.
        return BlamedClauses(no_match)
    return BlamedClauses(blamed, also=no_match[:1] if blamed[:1] != no_match[:1] else ())


def _clauses_of_probe(
    context: CheckContext,
    mirror: Mirror,
    probe: Probe,
    smallest: ListRequest,
    difference: Difference,
    meaning: ExpectedAnswer | None,
) -> Clauses:
    aspect = difference.aspect
    if aspect in probe.blame:
        return probe.blame[aspect]
    if aspect in PRIMARY_ASPECTS or _is_left_to_filters(context, mirror, smallest, difference):
        return _clauses_of_bound(context, probe, smallest, difference, meaning) or probe.clauses
    return _clauses_of_page(context, smallest, difference, meaning) or probe.clauses


def clauses_of_request(
    context: CheckContext, mirror: Mirror, ask: ListRequest, difference: Difference, meaning: ExpectedAnswer | None
) -> Clauses:
    """The clauses that promise what a request asks for, in the aspect in which its answer differs."""
    listing = context.listing
    if ask.encoding_name is not None and ask.encoding_name in listing.transport.also:
        return listing.transport.also[ask.encoding_name].clause
    if difference.aspect not in PRIMARY_ASPECTS and not _is_left_to_filters(context, mirror, ask, difference):
        return _clauses_of_page(context, ask, difference, meaning)
    names = _names_beside_window(mirror, ask)
    if listing.count_only is not None and listing.count_only.parameter in names:
        counting = listing.count_only.clauses
        return (counting.ignores if names & set(listing.count_only.ignores) else ()) or counting.on
    if mirror.scope and names & listing.filters.keys() and listing.conjunction_clause:
        return listing.conjunction_clause
    return _clauses_of_rows(context, names, ask, difference, meaning)


def clauses_of_scope(context: CheckContext, mirror: Mirror) -> Clauses:
    """The clauses on whose calls a list holds that was read for others than the account by default."""
    # A recursion is about more than the customer beside it.
    names = sorted(mirror.scope, key=lambda name: context.listing.parameters[name].as_ != "flag")
    promised = (clauses_of_parameter(context, name, mirror.base[name]) for name in names)
    return next(filter(None, promised), ())


def _names_beside_window(mirror: Mirror, ask: ListRequest) -> set[str]:
    """The parameters that a request has beside the window of the run."""
    return {name for name, raw in ask.values.items() if mirror.base.get(name) != raw}


def _clauses_of_rows(
    context: CheckContext, names: set[str], ask: ListRequest, difference: Difference, meaning: ExpectedAnswer | None
) -> Clauses:
    """The clauses on which rows come for the parameters with these names."""
    listing = context.listing
    zone = listing.zone
    if zone is not None and zone.parameter in names and zone.clauses.shift:
        # Without it the times mean what they should.
        return zone.clauses.shift
    if difference.aspect == "rows" and names & set(listing.paging.place_parameters) and slice_clauses(listing.paging):
        # It takes a later page: on one page the filters keep what they should.
        return slice_clauses(listing.paging)
    filters = [name for name in ask.values if name in listing.filters and (name in names or name == difference.about)]
    if len(filters) > 1:
        return _clauses_of_filters(context, filters, ask, difference, meaning)
    if filters:
        rule = listing.filters[filters[0]]
        return _clauses_of_comparison(context, rule, ask) or clauses_of_value(rule, ask.values[filters[0]])
    promised = (clauses_of_parameter(context, name, ask.values[name]) for name in sorted(names))
    whole = completeness_clauses(context) if difference.kind in ("missing", "unlisted", "not-empty") else None
    lists = listing.lists.clauses
    return next(filter(None, promised), lists.rows or lists.reach if whole is None else whole)


def _is_left_to_filters(context: CheckContext, mirror: Mirror, ask: ListRequest, difference: Difference) -> bool:
    """Whether a first page holds later rows by its filters alone: without them it is right, so they lose rows."""
    listing = context.listing
    names = _names_beside_window(mirror, ask)
    others = {*listing.paging.place_parameters, listing.paging.size_parameter}
    return (
        difference.kind == "displaced"
        and difference.about == "first page"
        and bool(names & listing.filters.keys())
        and not names & others
        and not _asks_for_an_order(context, ask)
    )


def _clauses_of_bound(
    context: CheckContext, probe: Probe, ask: ListRequest, difference: Difference, meaning: ExpectedAnswer | None
) -> Clauses:
    """The clauses of the bound that goes wrong, where a probe of one bound of a field has another one beside it."""
    rules = context.listing.filters
    filters = [name for name in ask.values if name in rules]
    if len(filters) < 2 or probe.clauses not in [rules[name].clause for name in filters]:
        return ()
    culprit = _filter_of_one_field(context, filters, ask, difference, meaning)
    return rules[culprit].clause if culprit is not None else ()


def _clauses_of_filters(
    context: CheckContext,
    filters: list[str],
    ask: ListRequest,
    difference: Difference,
    meaning: ExpectedAnswer | None,
) -> Clauses:
    """The clauses on several filters together: what one of them says of the others, or that all of them hold."""
    rules = context.listing.filters
    for name in filters:
        rule, others = rules[name], set(filters) - {name}
        if rule.loses_to in others:
            return rule.loses_clause
        if others & set(rule.excludes):
            return rule.excludes_clause
    needed = {name for name in filters for other in filters if name in rules[other].applies_if_any}
    # Two that have an effect only together need one another.
    rest = [name for name in filters if name not in needed] or list(filters)
    if len(rest) == 1:
        return rules[rest[0]].clause
    culprit = _filter_of_one_field(context, rest, ask, difference, meaning)
    if culprit is not None:
        return rules[culprit].clause
    return context.listing.conjunction_clause or rules.get(difference.about, rules[filters[0]]).clause


def _filter_of_one_field(
    context: CheckContext,
    filters: list[str],
    ask: ListRequest,
    difference: Difference,
    meaning: ExpectedAnswer | None,
) -> str | None:
    """Of filters that all compare the same field the one that goes wrong; None where they compare different ones.

    A row that came and should not have is the fault of the filter that excludes it; one that is missing, of the
    bound that it lies nearest to; what else goes wrong, of a filter that goes wrong alone, too.
    """
    rules = context.listing.filters
    if len({rules[name].compares for name in filters}) > 1:
        return None
    if difference.about in filters:
        return difference.about
    tests = dict(meaning.tests) if meaning is not None else {}
    excluding = [
        name for name in filters if name in tests and any(tests[name](row.shown) is False for row in difference.rows)
    ]
    if len(excluding) == 1:
        return excluding[0]
    distances = {name: gap for name in filters if (gap := _gap_to_bound(context, name, ask, difference)) is not None}
    if len(distances) == len(filters):
        return min(distances, key=lambda name: distances[name])
    failed = [name for name in filters if context.results.first_failed(rules[name].clause)]
    return failed[0] if failed else None


def _gap_to_bound(context: CheckContext, name: str, ask: ListRequest, difference: Difference) -> float | None:
    """How far the rows of a difference lie from a filter's value, in seconds or units; None where nothing tells."""
    rule, parameter = context.listing.filters[name], context.listing.parameters[name]
    try:
        zone = zone_named(context.zone)
        bound = decode_parameter(parameter, ask.values[name], zone=zone, in_json=isinstance(ask.values[name], int))
    except DecodeError:
        return None
    if isinstance(bound, date) and not isinstance(bound, datetime):
        bound = first_instant(bound, zone)
    gaps: list[float] = []
    for row in difference.rows:
        for shown in row.values(rule.compares[0]):
            if isinstance(shown, datetime) and isinstance(bound, datetime):
                gaps.append(abs((shown - bound).total_seconds()))
            elif isinstance(shown, int) and isinstance(bound, int):
                gaps.append(abs(shown - bound))
    return min(gaps, default=None)


def _clauses_of_comparison(context: CheckContext, rule: Filter, ask: ListRequest) -> Clauses:
    """The clauses on a comparison by which a filter keeps every row; none where it compares."""
    named = rule.named_by
    if named is None:
        return ()
    word = ask.values.get(named.parameter, context.listing.parameters[named.parameter].default)
    return named.clauses.none if word in named.none else ()


def clauses_of_value(rule: Filter, value: object) -> Clauses:
    """The clauses on one value of a filter."""
    meant = rule.words.get(str(value))
    if isinstance(meant, OpenChoice) and meant.clause:
        return meant.clause
    return rule.word_clauses.get(str(value), rule.clause) if rule.word_clauses else rule.clause


def clauses_of_parameter(context: CheckContext, name: str, value: object) -> Clauses:
    """The clauses on what a parameter that is no filter does."""
    promises = _promises_of_parameters(context.listing, value)
    return next((clauses for parameter, clauses in promises if parameter == name), ())


def _promises_of_parameters(listing: Listing, value: object) -> Iterator[tuple[str | None, Clauses]]:
    """Parameters that are no filters, each with the clauses on what this value of it does; the first one counts."""
    paging, order, scope, zone = listing.paging, listing.order, listing.scope, listing.zone
    if isinstance(paging, CursorPaging) and value in ("", *paging.start_words):
        yield paging.after, paging.clauses.start or slice_clauses(paging)
    yield from ((name, slice_clauses(paging)) for name in paging.place_parameters)
    yield paging.size_parameter, size_clauses(paging)
    if order is not None:
        yield order.descending, order.descending_clause or order.clause
        yield order.sort_parameter, _clauses_of_sort_word(order, value)
    for include in listing.includes:
        yield include.parameter, include.clauses.on or include.clauses.off or include.clauses.default
    if listing.total is not None and (switch := listing.total.switch) is not None:
        yield switch.parameter, switch.clauses.off or switch.clauses.default
    if scope is not None:
        yield scope.parameter, scope.word_clauses.get(str(value), ()) or scope.clauses.identity or scope.clauses.unset
        yield scope.recursive, scope.clauses.recursive
        yield from ((switch.parameter, switch.clauses.on) for switch in (scope.children_only,) if switch is not None)
    if zone is not None:
        yield zone.parameter, zone.clauses.shift


def unsteady_clauses(context: CheckContext) -> Clauses:
    """The clauses that identical requests break when they get different answers."""
    order, lists = context.listing.order, context.listing.lists.clauses
    return (order.clause if order else ()) or lists.unique or lists.rows or lists.reach


def completeness_clauses(context: CheckContext) -> Clauses:
    """The clauses that a list breaks when it leaves rows out."""
    paging, total, lists = context.listing.paging, context.listing.total, context.listing.lists.clauses
    return partition_clauses(paging) or (total.clauses.sum if total else ()) or lists.one_per or lists.rows


def _clauses_of_page(
    context: CheckContext, ask: ListRequest, difference: Difference, meaning: ExpectedAnswer | None
) -> Clauses:
    """The clauses that promise order, size, slice, total and uniqueness, by the way in which they are broken."""
    listing = context.listing
    total, order = listing.total, listing.order
    if difference.kind == "total" and total is not None and total.clauses.independent:
        paged = bool(set(ask.values) & {*listing.paging.place_parameters, listing.paging.size_parameter})
        if paged or difference.about == "rows of the page":
            return total.clauses.independent
    if difference.kind == "part" and (clauses := _clauses_of_part(context, ask, difference)) is not None:
        return clauses
    ordered = _asks_for_an_order(context, ask)
    if difference.kind == "reversed" and order is not None and order.descending is not None and not ordered:
        # Nobody asked for the other direction: it is the flag's default that is wrong.
        return order.descending_default_clause or order.clause
    later = difference.about != "first page" and bool(ask.values.keys() & set(listing.paging.place_parameters))
    if difference.kind == "displaced" and ordered and not (later and _order_holds(context)):
        # Without it the page would be the right one: it is cut from the list in another order.
        return _clauses_of_order(context, ask)
    if difference.about == "another page" and isinstance(listing.paging, PageNumberPaging):
        # The number leads to another page, as it should: it is how pages share out the list that is wrong.
        return listing.paging.clauses.partition or listing.paging.clauses.slice
    return clauses_of_aspect(context, ask, difference.aspect, meaning)


def _clauses_of_part(context: CheckContext, ask: ListRequest, difference: Difference) -> Clauses | None:
    """The clauses of the switch whose part rows have or lack; None where it is no switch's."""
    for include in context.listing.includes:
        if difference.about.startswith(f"{include.parameter} "):
            clauses = include.clauses
            # One that is only there or not is switched off by leaving it out.
            said = include.parameter in ask.values or is_left_out(
                context.listing.parameters[include.parameter], False
            )
            off = clauses.off if said else ()
            return clauses.on or clauses.default if difference.about.endswith(" on") else off or clauses.default
    return None


def _order_holds(context: CheckContext) -> bool:
    """Whether no first page was seen in another order than was asked for: then later pages are cut wrongly."""
    places = set(context.listing.paging.place_parameters)
    return not any(
        known.difference.aspect in ("order", "slice")
        and not known.ask.values.keys() & places
        and _asks_for_an_order(context, known.ask)
        for known in context.known_differences
    )


def clauses_of_aspect(
    context: CheckContext, ask: ListRequest, aspect: Aspect, meaning: ExpectedAnswer | None
) -> Clauses:
    """The clauses of the constructs that promise order, size, slice, total and uniqueness."""
    listing, paging = context.listing, context.listing.paging
    size_default = size_default_clauses(paging) if meaning is not None and meaning.size_default else ()
    shared = partition_clauses(paging) or prefix_clauses(paging) or slice_clauses(paging)
    slice_ = prefix_clauses(paging) or slice_clauses(paging)
    if isinstance(paging, PageNumberPaging) and meaning is not None and meaning.start == 0:
        slice_ = start_clauses(paging) or paging.clauses.slice
    promises: dict[Aspect, Clauses] = {
        "unique": listing.lists.clauses.unique,
        "order": _clauses_of_order(context, ask),
        "total": listing.total.clauses.sum if listing.total else (),
        "size": size_default or size_clauses(paging),
        "short": size_default or shared or size_clauses(paging),
        "slice": slice_,
    }
    return promises.get(aspect, ())


def _asks_for_an_order(context: CheckContext, ask: ListRequest) -> bool:
    order = context.listing.order
    return order is not None and not ask.values.keys().isdisjoint({order.descending, order.sort_parameter})


def _clauses_of_order(context: CheckContext, ask: ListRequest) -> Clauses:
    order = context.listing.order
    if order is None:
        return ()
    if order.descending is not None and order.descending in ask.values:
        return order.descending_clause or order.clause
    word = ask.values.get(order.sort_parameter or "")
    return order.clause if word is None else _clauses_of_sort_word(order, word)


def _clauses_of_sort_word(order: Order, word: object) -> Clauses:
    if order.sort is None:
        return ()
    undocumented = order.sort.clauses.undocumented if str(word) in order.sort.undocumented else ()
    return undocumented or order.sort.clauses.words or order.clause
