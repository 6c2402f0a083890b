"""Filters beside the words and switches of a scope: what a list of others' calls holds is filtered like any list."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import listed_check
from harness.check.probe.filter_values import count_values, encode_shown_value, filters_of_row, plain_filters
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.reduction import smallest_part
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.row_owners import own_customer, owners_of, read_scoped_list
from harness.specification.model import CallScope, Clauses
from harness.wire.decoded_body import Tree

ROWS_NEEDED = 4
"""Of fewer rows a filter hardly keeps some and drops some."""


def check_filters_in_scopes(context: CheckContext, mirror: Mirror) -> None:
    """Asks for the list of each scope with one filter; its rows are those of the whole one that the filter keeps.

    Which filter it is goes by turns, so that several scopes meet several filters. Servers forget a filter, or the
    scope, where both are given.
    """
    looked_up: set[Hashable] = set()
    for values in _scopes(context, mirror):
        listed = read_scoped_list(context, mirror, values, f"{_text_of(values)}, to be filtered")
        chosen = _splitting_filter(context, listed.listed)
        if chosen is not None:
            _check_filter(context, mirror, values, listed, chosen)
        _check_row_by_all_filters(context, mirror, values, listed)
        _check_row_without_scope(context, mirror, listed, looked_up)


def _check_row_without_scope(
    context: CheckContext, mirror: Mirror, listed: Exchange, looked_up: set[Hashable]
) -> None:
    """Looks a row of others up by every filter at once, without the scope: it is not found among the own ones.

    Servers that look a call up by its identity forget whose calls are asked for. Each row is looked up once.
    """
    rule = context.listing.scope
    if rule is None or rule.unset != "own" or not mirror.complete:
        return
    own = own_customer(context, mirror.rows, rule)
    row = next((row for row in listed.listed if own is not None and _is_of_others(mirror, row, own, rule)), None)
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


def _check_row_by_all_filters(
    context: CheckContext, mirror: Mirror, scope: dict[str, Tree], listed: Exchange
) -> None:
    """Looks one row of others up by every filter at once: with none of them the scope is forgotten."""
    strange = [row for row in listed.listed if mirror.row_with_key(row.key) is None]
    rows = strange or list(listed.listed)
    if not rows:
        return
    row = rows[len(rows) // 2]
    filters = filters_of_row(context, mirror, row)
    exchange = listed
    for attempt in ("", "again: "):
        purpose = f"{attempt}{_text_of(scope)} with {len(filters)} filters that one row satisfies"
        exchange = read_scoped_list(context, mirror, {**scope, **filters}, purpose)
        if exchange.rows is None or row.key in exchange.keys:
            return
        after = read_scoped_list(context, mirror, scope, f"{_text_of(scope)}, after a row was looked up")
        if row.key not in after.keys:
            return
    filters, exchange = smallest_part(
        filters,
        exchange,
        lambda part: read_scoped_list(context, mirror, {**scope, **part}, "the same with fewer filters"),
        lambda part: part.rows is not None and row.key not in part.keys,
    )
    clauses = _clauses_of_scope(context, scope) or context.listing.conjunction_clause
    context.fail(
        clauses,
        "a row of a scope is found by its own values",
        expected=f"the row that the list with {_text_of(scope)} holds",
        actual=f"it is missing beside {', '.join(filters)}",
        exchange=exchange,
        difference="scope forgotten",
        check=listed_check(context, mirror, "with", [row]),
    )


def _clauses_of_scope(context: CheckContext, scope: dict[str, Tree]) -> Clauses:
    rule = context.listing.scope
    if rule is None:
        return ()
    if rule.recursive in scope:
        return rule.clauses.recursive
    if rule.children_only is not None and rule.children_only.parameter in scope:
        return rule.children_only.clauses.on
    return next((rule.word_clauses[word] for word in map(str, scope.values()) if word in rule.word_clauses), ())


def _scopes(context: CheckContext, mirror: Mirror) -> Iterator[dict[str, Tree]]:
    """The parameters of each scope that lists more than the own calls, as far as the account may ask for it."""
    rule = context.listing.scope
    if rule is None:
        return
    if rule.parameter is not None:
        for word, whose in rule.words.items():
            if whose in ("everyone", "children"):
                yield {rule.parameter: word}
        own = own_customer(context, mirror.rows, rule)
        if own is not None and rule.identity and rule.recursive is not None:
            deep = context.encode(rule.recursive, True)
            yield {rule.parameter: str(own), rule.recursive: deep}
    if rule.children_only is not None:
        yield {rule.children_only.parameter: context.encode(rule.children_only.parameter, True)}


def _check_filter(
    context: CheckContext,
    mirror: Mirror,
    scope: dict[str, Tree],
    listed: Exchange,
    chosen: tuple[str, dict[str, Tree], Clauses],
) -> None:
    """Holds the filtered list of a scope against the whole one; what is wrong must be wrong twice."""
    name, values, clauses = chosen
    for attempt in ("", "again: "):
        filtered = read_scoped_list(context, mirror, {**scope, **values}, f"{attempt}{_text_of(scope)} with {name}")
        wrong = _filtered_difference(context, listed, filtered, listed)
        if wrong is not None:
            after = read_scoped_list(context, mirror, scope, f"{_text_of(scope)}, after {name}")
            wrong, listed = _filtered_difference(context, listed, filtered, after), after
        if wrong is None:
            context.results.record_pass(clauses)
            return
    context.fail(
        clauses,
        f"{name} keeps only what it names, whoever's calls are listed",
        expected=f"the rows of the list with {_text_of(scope)} that {name} keeps",
        actual=wrong or "",
        exchange=filtered,
        difference=f"{name} in a scope",
    )


def _text_of(values: dict[str, Tree]) -> str:
    return ", ".join(f"{name} = {raw}" for name, raw in values.items())


def _splitting_filter(context: CheckContext, rows: Sequence[Row]) -> tuple[str, dict[str, Tree], Clauses] | None:
    """A filter with a value that some of the rows show and some do not; another one each time."""
    if len(rows) < ROWS_NEEDED:
        return None
    names = plain_filters(context)
    turn = context.requests % max(1, len(names))
    for name in (*names[turn:], *names[:turn]):
        rule = context.listing.filters[name]
        counted = count_values(rows, rule.compares)
        value = next((value for value, count in counted.most_common() if 2 * count <= len(rows)), None)
        if value is not None:
            clauses = context.listing.conjunction_clause or rule.clause
            return name, {name: encode_shown_value(context, name, value)}, clauses
    return None


def _filtered_difference(context: CheckContext, before: Exchange, filtered: Exchange, after: Exchange) -> str | None:
    """How a filtered list is not the part of the whole one that the filter keeps, or None.

    Only rows that stand in the whole list before and after can be missing.
    """
    meanings = [meaning for _, meaning in context.expected_answers(filtered.list_request)]
    meanings = [meaning for meaning in meanings if meaning.error_name is None and meaning.tests]
    if not meanings or filtered.rows is None or after.rows is None:
        return None
    strays = [row for row in filtered.listed if all(meaning.keeps_row(row.shown) is False for meaning in meanings)]
    if strays:
        return f"{len(strays)} of {len(filtered.listed)} rows that it does not keep"
    stood: set[Hashable] = set(after.keys)
    due = [
        row
        for row in before.listed
        if row.key in stood and all(meaning.keeps_row(row.shown) is True for meaning in meanings)
    ]
    came = set(filtered.keys)
    size = largest_page_size(context)[1]
    if size is None or max(len(before.keys), len(after.keys)) < size:
        strange = came - stood - set(before.keys)
        if strange:
            return f"{rows_in_words(len(strange))} that the whole list does not hold"
    missing = [row for row in due if row.key not in came]
    return f"{len(missing)} of {len(due)} rows are missing" if missing else None
