"""Which constructs promise something, so that the linter asks for their clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import (
    Clauses,
    Field,
    Listing,
    OpenChoice,
    all_clauses,
    links_of,
    more_part,
    page_number_parts,
)
from harness.specification.paging_clauses import size_clauses, size_default_clauses
from harness.specification.yaml_source import KeyPath


def check_clause_coverage(spec: Spec) -> Iterator[LintFinding]:
    """Each construct that promises something names the clause that it rests on."""
    for path, what, clauses in _required_clauses(spec):
        if not clauses:
            yield finding_at(
                spec,
                "construct-without-clause",
                path,
                f"a clause on {what}",
                "none",
                "name the clause that promises it, or leave the construct out",
            )


def _required_clauses(spec: Spec) -> Iterator[tuple[KeyPath, str, Clauses]]:
    listing = spec.listing
    lists = listing.lists.clauses
    yield ("lists", "clauses"), "the container of the rows (rows)", lists.rows
    # A clause that every row has its named fields speaks for the simple types, too.
    yield from _required_field_clauses(listing.fields, ("fields",), lists.keys)
    for name, parameter in listing.parameters.items():
        path: KeyPath = ("parameters", name)
        if parameter.required is not None:
            carried = (*parameter.required.clause, *parameter.clause)
            yield (*path, "required"), "its being required", carried
        if parameter.beside is not None and not isinstance(parameter.beside.lacking, OpenChoice):
            yield (*path, "beside"), "what a filter gets without it", parameter.beside.clause
    for name, rule in listing.filters.items():
        named = all_clauses(rule.named_by.clauses) if rule.named_by else ()
        yield ("filters", name), f"what {name} keeps", (*rule.clause, *named)
        if rule.compares_by is not None:
            yield ("filters", name, "compares-by"), "the field that is chosen", rule.compares_by.clause
    if listing.scope is not None and (listing.scope.parameter or listing.scope.listed_children):
        scope = listing.scope
        of_words = tuple(clause for clauses in scope.word_clauses.values() for clause in clauses)
        yield ("scope",), "whose calls are listed", (*all_clauses(scope.clauses), *of_words)
    if listing.lists.empty_fault is not None:
        told = (*listing.no_match_clause, *listing.lists.clauses.empty)
        yield ("lists", "empty-fault"), "what an answer without rows is told by", told
    if listing.order is not None:
        order = listing.order
        # An order that is open, which a simulator merely needs, promises nothing.
        if not isinstance(order.direction, OpenChoice) and not isinstance(order.by, OpenChoice):
            yield ("order",), "the order", order.clause
        if order.sort is not None:
            yield ("order", "sort"), f"the words of {order.sort.parameter}", all_clauses(order.sort.clauses)
        if order.descending is not None:
            yield ("order",), f"the flag {order.descending}", order.descending_clause
    fixed = getattr(listing.paging, "default_size", None)
    if listing.paging.size_parameter is not None or isinstance(fixed, int):
        clauses = size_clauses(listing.paging) or size_default_clauses(listing.paging)
        yield ("paging",), "the size of a page (size)", clauses
    yield from _required_page_clauses(listing)
    if listing.total is not None:
        yield ("total",), "the total", all_clauses(listing.total.clauses)
        if listing.total.unfiltered is not None:
            yield ("total", "unfiltered"), "the number of all rows", listing.total.unfiltered.clause
    if listing.returned is not None:
        yield ("returned",), "the number of rows told", listing.returned.clause
    if listing.count_only is not None:
        yield ("count-only",), "the reply that is only a number (on)", listing.count_only.clauses.on
    for index, pair in enumerate(listing.ranges):
        if pair.recent_seconds is not None:
            yield ("ranges", index, "recent-seconds"), "that only recent rows are meant", pair.clauses.recent
        if pair.most_seconds is not None:
            yield ("ranges", index, "most-seconds"), "the longest range", pair.clauses.too_long
        if pair.value is not None:
            yield ("ranges", index, "value"), "both ends in one value", pair.value.clause
    for name, shared in listing.shared_values.items():
        yield ("shared-values", name), "several parts in one value", shared.clause
    for index, choice in enumerate(listing.at_least_one):
        yield ("at-least-one", index), "what a request gets without any of them", choice.clause
    for index, include in enumerate(listing.includes):
        yield ("includes", index), f"what {include.parameter} adds", all_clauses(include.clauses)
    for index, echo in enumerate(listing.echoes):
        yield ("echoes", index), f"the echo of {echo.of}", echo.clause
    for index, law in enumerate(listing.laws):
        yield ("laws", index), f"the law {law.law}", law.clause
    access = listing.access
    if access.kind != "none":
        yield ("access",), "access", all_clauses(access.clauses)
    for index, further in enumerate(access.also):
        yield ("access", "also", index), f"this way in ({further.kind})", further.clause
    for name, parameter in listing.parameters.items():
        if parameter.bound_to is not None:
            bound_to = ("parameters", name, "bound-to")
            yield bound_to, "refusing another account's value", parameter.bound_to.clause
            if parameter.bound_to.words:
                yield bound_to, "words for the account that asks", parameter.bound_to.words_clause
    yield (
        ("outcome",),
        "how success and errors are told",
        (
            *listing.outcome.success.clause,
            *all_clauses(listing.outcome.error.clauses),
        ),
    )
    for name, way in listing.transport.also.items():
        yield ("transport", "also", name), "this way to carry a request", way.clause


def _required_page_clauses(listing: Listing) -> Iterator[tuple[KeyPath, str, Clauses]]:
    """Links, the number of pages, the places of rows, and words that stand for a number of rows."""
    links = links_of(listing.paging)
    for link_name, link in (links.by_name if links is not None else {}).items():
        yield ("paging", "links", link_name), f"where the {link_name} link leads", link.clause
    if links is not None:
        yield ("paging", "links"), "what links carry on (keeps)", links.clauses.keeps
    for key, part in zip(("page-count", "first-index", "last-index"), page_number_parts(listing.paging), strict=True):
        if part is not None:
            yield ("paging", key), f"the number told ({key})", part.clause
    more = more_part(listing.paging)
    if more is not None:
        yield ("paging", "more"), "whether rows follow", more.clause
    for name, parameter in listing.parameters.items():
        if parameter.number_words:
            path: KeyPath = ("parameters", name, "number-words")
            yield path, f"the words of {name} (number-words-clause)", parameter.number_words_clause


def _required_field_clauses(
    fields: Mapping[str, Field], path: KeyPath, above: Clauses
) -> Iterator[tuple[KeyPath, str, Clauses]]:
    for name, field in fields.items():
        speaks = field.clause or above
        if field.repeats is not None:
            yield (*path, name), f"what {name} repeats", speaks
        if field.as_ not in ("text", "integer", "digits") or field.pattern or field.non_empty:
            # Words and times are promises of their own unless a nested row's clause speaks for them all.
            yield (*path, name), f"how {name} is written ({field.as_})", speaks
        yield from _required_field_clauses(field.fields, (*path, name, "fields"), speaks)
