"""Which rules a run needs that is asked for some clauses only, and when it knows enough of them.

What a rule judges in passing it still judges; a rule is left out only where none of the clauses that are asked for is
of a family for which it is needed. Rules by which a run learns how a server works (its order, its largest page, its
version) are never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from harness.check.probe.count_only import check_count_only
from harness.check.results.collector import ResultCollector
from harness.check.rules.access.account_lists import check_account_lists
from harness.check.rules.access.authentication import check_authentication
from harness.check.rules.access.filtered_scope import check_filters_in_scopes
from harness.check.rules.access.scope import check_scope
from harness.check.rules.exploration.random_combinations import check_combinations
from harness.check.rules.filters.combinations import check_filter_dependences, check_filter_pairs
from harness.check.rules.filters.earlier_calls import check_earlier_calls
from harness.check.rules.filters.single_filter import check_filters_once, check_single_filters
from harness.check.rules.filters.unshown_attributes import check_hidden_filters
from harness.check.rules.live.polling import check_polling
from harness.check.rules.paging.following_rows import check_following_rows
from harness.check.rules.paging.ordering import check_sort_orders
from harness.check.rules.paging.page_counts import check_page_counts
from harness.check.rules.paging.page_links import check_page_links
from harness.check.rules.paging.pages import check_pages
from harness.check.rules.paging.totals import (
    check_filtered_pages,
    check_filters_by_encoding,
    check_full_combinations,
    check_totals,
)
from harness.check.rules.parameters.defaults import check_blank_values
from harness.check.rules.parameters.invalid_values import check_invalid_values
from harness.check.rules.parameters.remembered_values import check_remembered_letters, check_remembered_values
from harness.check.rules.responses.call_ends import check_call_ends
from harness.check.rules.responses.echoes import check_echoes
from harness.check.rules.responses.includes import check_includes
from harness.check.rules.responses.row_consistency import check_row_consistency
from harness.check.rules.responses.steady_rows import check_steady_rows
from harness.check.rules.responses.unshown_fields import check_unshown_fields
from harness.check.rules.transport.request_encoding import check_request_encoding
from harness.specification.clause_families import (
    ClauseFamily,
    Construct,
    constructs_by_clause,
    constructs_of,
    planned_families,
)
from harness.specification.load import Spec
from harness.specification.model import ClauseId, Clauses

_F: Final = ClauseFamily
_ROWS: Final = "rows"
"""What the clauses on single rows and their fields are about: each list of rows is a witness of them."""
_REFUSALS: Final = "refusals"
"""What the clauses on every error are about, whatever it is for."""
_WITNESSED: Final = frozenset({_F.SHAPE, _F.LAWS, _F.ERRORS, _F.TRANSPORT})
"""Families whose clauses have no probes of their own: answers of the right kind are their witnesses."""
_LISTS: Final = frozenset({_ROWS, _F.SHAPE})

SUBJECTS_BY_RULE: Final[Mapping[Callable[..., None], frozenset[str]]] = {
    check_includes: _LISTS | {_F.INCLUDE},
    check_filters_once: _LISTS | {_F.FILTERS},
    check_sort_orders: frozenset({_F.ORDER, _F.ERRORS}),
    check_pages: frozenset({_F.PAGING, _F.ORDER, _F.TOTAL}),
    check_single_filters: frozenset({_F.FILTERS, _F.ZONE}),
    check_hidden_filters: frozenset({_F.FILTERS}),
    check_blank_values: frozenset({_F.BLANK, _F.ERRORS}),
    check_filtered_pages: frozenset({_F.PAGING, _F.ORDER, _F.TOTAL}),
    check_page_links: frozenset({_F.PAGING}),
    check_page_counts: frozenset({_F.PAGING}),
    check_following_rows: frozenset({_F.PAGING}),
    check_totals: frozenset({_F.TOTAL, _F.FILTERS}),
    check_count_only: frozenset({_F.COUNT_ONLY, _F.DEPENDENCE}),
    check_scope: frozenset({_F.SCOPE, _F.ERRORS}),
    check_filters_in_scopes: frozenset({_F.SCOPE}),
    check_filter_dependences: frozenset({_F.DEPENDENCE, _F.ERRORS}),
    check_filter_pairs: frozenset({_F.FILTERS, _F.DEPENDENCE}),
    check_full_combinations: frozenset({_F.FILTERS, _F.TOTAL, _F.PAGING, _F.ORDER}),
    check_combinations: frozenset({_F.FILTERS, _F.TOTAL, _F.PAGING, _F.ORDER, _F.DEPENDENCE, _F.COUNT_ONLY}),
    check_remembered_values: frozenset({_F.FILTERS, _F.SCOPE, _F.PAGING, _F.ORDER}),
    check_remembered_letters: frozenset({_F.FILTERS}),
    check_invalid_values: (_WITNESSED - {_F.LAWS})
    | {_REFUSALS, _F.VALUES, _F.BLANK, _F.PAGING, _F.FILTERS, _F.ORDER, _F.INCLUDE, _F.SCOPE},
    check_authentication: frozenset({_REFUSALS, _F.SHAPE, _F.ERRORS, _F.ACCESS, _F.SCOPE}),
    check_account_lists: frozenset({_F.SCOPE, _F.ERRORS}),
    check_request_encoding: frozenset({_F.TRANSPORT, _F.ERRORS}),
    check_filters_by_encoding: frozenset({_F.TRANSPORT}),
    check_echoes: _LISTS | {_F.ZONE},
    check_row_consistency: _LISTS,
    check_unshown_fields: _LISTS,
    check_call_ends: _LISTS,
    check_steady_rows: frozenset({_F.PAGING}),
    check_earlier_calls: frozenset({_F.FILTERS}),
    check_polling: _LISTS,
}
"""For which families of clauses, for those on rows or on refusals, a rule is needed; always where it has no entry."""

# One filter alone is judged by its own probes; that filters hold together is a promise of its own.
_NOT_FOR_ONE_FILTER: Final = frozenset({check_filter_pairs, check_invalid_values, check_remembered_values})


def is_needed(rule: Callable[..., None], spec: Spec, only: Iterable[ClauseId]) -> bool:
    """Whether a run that is asked for these clauses needs a rule; a run that is asked for all of them does."""
    asked = frozenset(only)
    subjects = SUBJECTS_BY_RULE.get(rule)
    if not asked or subjects is None:
        return True
    by_clause = planned_families(spec)
    known = {clause: by_clause[clause] for clause in asked if clause in by_clause}
    if len(known) < len(asked):
        return True
    if rule in _NOT_FOR_ONE_FILTER and set(known.values()) == {_F.FILTERS} and _are_of_filters(spec, asked):
        return False
    return any(not subjects.isdisjoint(_subjects_of(spec, *told)) for told in known.items())


def _subjects_of(spec: Spec, clause: ClauseId, family: ClauseFamily) -> frozenset[str]:
    """What a clause is about: its family, or rows; where answers are its witnesses, in every place that names it."""
    places = constructs_by_clause(spec).get(clause, ())
    if family not in _WITNESSED:
        return frozenset({family, *(_F.SCOPE for place in places if place.path[0] == "scope")})
    return frozenset(map(_subject_of_place, places)) or frozenset({family})


def _subject_of_place(place: Construct) -> str:
    match place.path:
        case ("fields" | "lists" | "laws", *_):
            return _ROWS
        case ("outcome", "error", *_):
            return _REFUSALS
        case ("transport", *_):
            return _F.TRANSPORT
    return place.family


def clauses_to_probe(spec: Spec, only: Iterable[ClauseId]) -> frozenset[ClauseId]:
    """The clauses, where each has probes of its own; none where one of them is kept or broken by any answer."""
    asked, by_clause = frozenset(only), planned_families(spec)
    return asked if all(by_clause.get(clause) not in (None, *_WITNESSED) for clause in asked) else frozenset()


def clauses_by_filter(spec: Spec) -> Mapping[str, Clauses]:
    """The clauses about each filter: its own, those of its range, those of what it compares and rows do not show."""
    found: dict[str, dict[ClauseId, None]] = {name: {} for name in spec.listing.filters}
    for construct in constructs_of(spec):
        for name in _filters_of_place(spec, construct):
            found[name] |= dict.fromkeys(construct.clauses)
    return {name: tuple(clauses) for name, clauses in found.items()}


def _filters_of_place(spec: Spec, place: Construct) -> Iterator[str]:
    filters = spec.listing.filters
    match place.path:
        case ("filters" | "parameters", name, *_) if name in filters:
            yield str(name)
        case ("ranges", number, *_):
            pair = spec.listing.ranges[int(number)]
            yield from (name for name in (pair.first, pair.last) if name in filters)
        case ("hidden", name, *_):
            compared = {f"hidden.{name}"}
            yield from (key for key, rule in filters.items() if compared & set(map(str, rule.compares)))


def _are_of_filters(spec: Spec, asked: Iterable[ClauseId]) -> bool:
    """Whether each of the clauses is about single filters and nothing else."""
    constructs = constructs_by_clause(spec)
    paths = [[construct.path for construct in constructs.get(clause, ())] for clause in asked]
    return all(places and all(path[:1] == ("filters",) for path in places) for places in paths)


def all_failed(results: ResultCollector, only: Iterable[ClauseId]) -> bool:
    """Whether each clause that is asked for has failed: no further evidence can change that."""
    asked = tuple(only)
    return bool(asked) and all(results.is_settled(clause) for clause in asked)
