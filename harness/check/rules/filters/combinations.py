"""Rules on filters in one request: pairs, and filters that depend on one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from harness.check.context import CheckContext, Row
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.expect import check_probe, tells_nothing_new
from harness.check.probe.filter_groups import combined_request, each_filter_matters
from harness.check.probe.filter_values import (
    absent_value,
    encode_shown_value,
    filters_interact,
    flatten_values,
    is_hidden_filter,
    is_time_filter,
    largest_page,
    overlapping_values,
    visible_filters,
)
from harness.check.probe.mirror import Mirror
from harness.wire.list_request import ListRequest

# Of the pairs of a dozen filters; exploration draws further combinations.
PAIRS_AT_MOST: Final = 60


# --- together -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _PairCover:
    """The pairs of filters that are left to ask for, those that were found to work, and what asking cost."""

    left: set[frozenset[str]]
    covered: set[tuple[str, ...]] = field(default_factory=set)
    requests: int = 0


def check_filter_pairs(context: CheckContext, mirror: Mirror) -> None:
    """Judges every two filters at once, with as many in one request as leave each of them rows to drop.

    Servers lose one filter beside another (`callerid_ignored_with_state`), or keep rows of either (`any_of_two`,
    foreign servers).
    """
    clauses = context.listing.conjunction_clause
    if not context.asked.include(clauses):
        return
    names = [name for name in visible_filters(context) if not is_time_filter(context, name)]
    times = [name for name in visible_filters(context) if is_time_filter(context, name)]
    pairs = [*combinations(names, 2), *((name, time) for name in names for time in times)]
    context.rng.shuffle(pairs)
    pairs.sort(key=lambda pair: _is_doubtful(context, pair))
    cover = _PairCover({frozenset(pair) for pair in pairs})
    for first, second in pairs:
        if cover.requests >= PAIRS_AT_MOST:
            break
        if frozenset((first, second)) not in cover.left:
            continue
        cover.left.discard(frozenset((first, second)))
        several = _extended_pair(context, mirror, first, second, [*names, *times], cover.left)
        if len(several) > 2:
            _check_several(context, mirror, several, (first, second), cover)
            continue
        values = overlapping_values(context, mirror, first, second)
        if values is None:
            continue
        ask = mirror.request({**largest_page(context), **values})
        judged = check_probe(context, mirror, ask, f"{first} and {second} together", clauses)
        cover.requests += judged.passed is not None
        if judged.passed:
            cover.covered.add((min(first, second), max(first, second)))
    context.facts.covered_pairs = frozenset(cover.covered)
    if not cover.requests and clauses:
        context.results.record_not_exercised(clauses, "no two filters could be combined on these rows")


def _is_doubtful(context: CheckContext, names: Sequence[str]) -> bool:
    """Whether one of the filters fails by itself: that says little about how filters come together."""
    return any(context.results.first_failed(context.listing.filters[name].clause) for name in names)


def _check_several(
    context: CheckContext, mirror: Mirror, several: Mapping[str, Row], asked: tuple[str, str], cover: _PairCover
) -> None:
    """Three or four filters at once; where the answer is wrong, two of them and at last all of them."""
    clauses, purpose = context.listing.conjunction_clause, f"{' and '.join(several)} together"
    exchange = context.send(combined_request(context, mirror, several), purpose)
    cover.requests += 1
    if context.note_unusable(exchange, clauses):
        return
    pairs = list(combinations(several, 2))
    if tells_nothing_new(context, mirror, exchange):
        fresh = [pair for pair in pairs if frozenset(pair) in cover.left or pair == asked]
        context.results.record_pass(clauses, times=len(fresh))
        cover.covered |= {(min(pair), max(pair)) for pair in pairs}
        cover.left -= {frozenset(pair) for pair in fresh}
        return
    for one, other in sorted(pairs, key=lambda pair: _is_doubtful(context, pair)):
        # The smallest request that goes wrong tells most.
        ask = combined_request(context, mirror, {name: several[name] for name in (one, other)})
        judged = check_probe(context, mirror, ask, f"{one} and {other} together", clauses)
        if judged.passed is False:
            return
    ask = combined_request(context, mirror, several)
    check_probe(context, mirror, ask, purpose, clauses)


def _extended_pair(
    context: CheckContext, mirror: Mirror, first: str, second: str, names: Sequence[str], left: Set[frozenset[str]]
) -> dict[str, Row]:
    """The two filters and up to two more, with a row that they all keep; the loss of each would show."""
    if filters_interact(context, first, second) or _is_doubtful(context, (first, second)):
        # What one filter does wrong by itself would hide what the others do.
        return {}
    best: dict[str, Row] = {}
    gained = 0
    rows = list(mirror.rows)
    context.rng.shuffle(rows)
    for row in rows[:8]:
        chosen = [first, second]
        if not each_filter_matters(context, mirror, chosen, row, rows):
            continue
        gain = 1
        for name in names:
            fresh = sum(frozenset((name, other)) in left for other in chosen if other != name)
            if len(chosen) > 3 or not fresh or name in chosen or _is_doubtful(context, (name,)):
                continue
            apart = not any(filters_interact(context, name, one) for one in chosen)
            if apart and each_filter_matters(context, mirror, [*chosen, name], row, rows):
                chosen.append(name)
                gain += fresh
        if gain > gained:
            best, gained = dict.fromkeys(chosen, row), gain
    return best


# --- dependence ---------------------------------------------------------------------------------------------


def check_filter_dependences(context: CheckContext, mirror: Mirror) -> None:
    """Judges filters that need, beat or exclude one another."""
    for name, filter_ in context.listing.filters.items():
        if is_hidden_filter(filter_):
            continue
        about = AskedFilter(context, mirror, name)
        values = about.parting_values
        if not values:
            dependent = (*filter_.applies_clause, *filter_.loses_clause, *filter_.regains_clause)
            reason = f"no two values occur that {name} compares"
            context.results.record_not_exercised((*dependent, *filter_.excludes_clause), reason)
            continue
        for value in (values[0], absent_value(context.listing.parameters[name])) if filter_.applies_if_any else ():
            purpose = f"{name} without {' or '.join(filter_.applies_if_any)}"
            if about.check(about.request(value), purpose, filter_.applies_clause).passed is False:
                break
        if filter_.loses_to is not None:
            _check_precedence(about, AskedFilter(context, mirror, filter_.loses_to), values)
        for other in filter_.excludes if filter_.excludes_clause else ():
            _check_exclusion(about, AskedFilter(context, mirror, other))


def _check_precedence(about: AskedFilter, winner: AskedFilter, values: list[Any]) -> None:
    filter_, context = about.rule, about.context
    if len(values) < 2:
        context.results.record_not_exercised(
            (*filter_.loses_clause, *filter_.regains_clause), "only one value occurs"
        )
        return
    # Servers fall back on the weaker one where the stronger one finds nothing (`list_falls_back`, foreign servers).
    nowhere, nothing = absent_value(about.parameter), absent_value(winner.parameter, winner.counted)
    for weak, strong in ((values[0], values[1]), (nowhere, values[-1]), (values[0], nothing)):
        ask = _request_of_both(about, weak, winner, strong)
        if about.check(ask, f"{winner.name} beats {about.name}", filter_.loses_clause).passed is False:
            return
    empty = context.encode(winner.name, ()) if winner.takes_one_list else ""
    clauses = filter_.regains_clause or filter_.loses_clause
    ask = about.request(values[0]).with_values({winner.name: empty})
    about.check(ask, f"an empty {winner.name} leaves {about.name} in force", clauses)


def _check_exclusion(about: AskedFilter, other: AskedFilter) -> None:
    results, clauses = about.context.results, about.rule.excludes_clause
    shown = ([flatten_values(row.values(*one.rule.compares)) for one in (about, other)] for row in about.mirror.rows)
    mine, theirs = next((both for both in shown if all(both)), ([], []))
    if not mine:
        results.record_not_exercised(clauses, f"no row shows values for both {about.name} and {other.name}")
        return
    ask = _request_of_both(about, mine[0], other, theirs[0])
    judged = about.check(ask, f"{about.name} and {other.name} together", clauses)
    if judged.passed:
        results.record_observed(clauses, "refused" if judged.due_error else "both apply")


def _request_of_both(about: AskedFilter, value: Any, other: AskedFilter, beside: Any) -> ListRequest:
    """The request for the rows with a value of each of two filters."""
    return about.request(value).with_values({other.name: encode_shown_value(other.context, other.name, beside)})
