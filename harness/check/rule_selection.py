"""Which rules a run needs that is asked for some clauses only, and when it knows enough of them.

What a rule judges in passing it still judges; a rule is left out only where none of the clauses that are asked for is
of a family for which it is needed. Rules by which a run learns how a server works (its order, its largest page, its
version) are never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

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
from harness.specification.clause_families import ClauseFamily, constructs_by_clause, planned_families
from harness.specification.load import Spec
from harness.specification.model import ClauseId

_F: Final = ClauseFamily
_WITNESSED: Final = frozenset({_F.SHAPE, _F.LAWS, _F.ERRORS, _F.TRANSPORT})
"""Families whose clauses every answer is a witness of: the rules with most requests add little to the others."""

FAMILIES_BY_RULE: Final[Mapping[Callable[..., None], frozenset[ClauseFamily]]] = {
    check_includes: _WITNESSED | {_F.INCLUDE},
    check_filters_once: _WITNESSED | {_F.FILTERS, _F.TOTAL},
    check_sort_orders: _WITNESSED | {_F.ORDER},
    check_pages: frozenset({_F.PAGING, _F.ORDER, _F.TOTAL}),
    check_single_filters: frozenset({_F.FILTERS, _F.ZONE}),
    check_hidden_filters: _WITNESSED | {_F.FILTERS},
    check_blank_values: _WITNESSED | {_F.BLANK},
    check_filtered_pages: frozenset({_F.PAGING, _F.ORDER, _F.TOTAL}),
    check_page_links: _WITNESSED | {_F.PAGING},
    check_page_counts: _WITNESSED | {_F.PAGING},
    check_following_rows: _WITNESSED | {_F.PAGING},
    check_totals: _WITNESSED | {_F.TOTAL},
    check_scope: _WITNESSED | {_F.SCOPE},
    check_filters_in_scopes: _WITNESSED | {_F.SCOPE},
    check_filter_dependences: _WITNESSED | {_F.DEPENDENCE},
    check_filter_pairs: frozenset({_F.FILTERS, _F.DEPENDENCE}),
    check_full_combinations: frozenset({_F.FILTERS, _F.TOTAL, _F.PAGING, _F.ORDER}),
    check_combinations: frozenset({_F.FILTERS, _F.TOTAL, _F.PAGING, _F.ORDER, _F.DEPENDENCE, _F.COUNT_ONLY}),
    check_remembered_values: _WITNESSED | {_F.FILTERS, _F.SCOPE, _F.PAGING, _F.ORDER},
    check_remembered_letters: frozenset({_F.FILTERS}),
    check_invalid_values: _WITNESSED | {_F.VALUES, _F.BLANK, _F.PAGING, _F.FILTERS, _F.ORDER, _F.INCLUDE, _F.SCOPE},
    check_authentication: _WITNESSED | {_F.ACCESS, _F.SCOPE},
    check_account_lists: _WITNESSED | {_F.SCOPE},
    check_request_encoding: _WITNESSED,
    check_filters_by_encoding: _WITNESSED,
    check_echoes: _WITNESSED | {_F.ZONE},
    check_row_consistency: _WITNESSED,
    check_unshown_fields: _WITNESSED,
    check_call_ends: _WITNESSED,
    check_steady_rows: frozenset({_F.PAGING}),
    check_earlier_calls: _WITNESSED | {_F.FILTERS},
    check_polling: _WITNESSED,
}
"""For which families a rule is needed; a rule that does not stand here always runs."""

# One filter alone is judged by its own probes; that filters hold together is a promise of its own.
_NOT_FOR_ONE_FILTER: Final = frozenset({check_filter_pairs, check_invalid_values, check_remembered_values})


def is_needed(rule: Callable[..., None], spec: Spec, only: Iterable[ClauseId]) -> bool:
    """Whether a run that is asked for these clauses needs a rule; a run that is asked for all of them does."""
    asked = frozenset(only)
    families = FAMILIES_BY_RULE.get(rule)
    if not asked or families is None:
        return True
    by_clause = planned_families(spec)
    wanted = {by_clause.get(clause) for clause in asked}
    if None in wanted:
        return True
    if rule in _NOT_FOR_ONE_FILTER and wanted == {_F.FILTERS} and filters_of_clauses(spec, asked):
        return False
    return not families.isdisjoint(wanted)


def filters_of_clauses(spec: Spec, only: Iterable[ClauseId]) -> frozenset[str]:
    """The filters that clauses are about; empty where one of them is about more, or is no clause of a filter."""
    constructs = constructs_by_clause(spec)
    found: set[str] = set()
    for clause in only:
        paths: list[tuple[Any, ...]] = [construct.path for construct in constructs.get(clause, ())]
        if not paths or any(path[:1] != ("filters",) for path in paths):
            return frozenset()
        found |= {str(path[1]) for path in paths}
    return frozenset(found)


def all_failed(results: ResultCollector, only: Iterable[ClauseId]) -> bool:
    """Whether each clause that is asked for has failed: no further evidence can change that."""
    asked = tuple(only)
    return bool(asked) and all(results.is_settled(clause) for clause in asked)
