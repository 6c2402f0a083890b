"""What further accounts see: each its own list, whatever another one was just shown, or everybody the same one."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.check.context import CheckContext, ClientIdentity, Exchange, Row, instants_of
from harness.check.probe.answer_checks import NO_LIST, listed_check
from harness.check.probe.error_responses import record_kept, report_breach
from harness.check.probe.filter_values import filters_of_row, largest_page
from harness.check.probe.mirror import MIRROR_ROWS_AT_MOST, Mirror, largest_page_size, reread_mirror
from harness.check.probe.reduction import smallest_part
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.authentication import redact_credentials
from harness.check.rules.access.login_attempts import documented_credentials
from harness.check.rules.access.row_owners import holds_whole_list
from harness.specification.model import Clauses, CursorPaging
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

ACCOUNTS_AT_MOST: Final = 4
ROWS_TRIED: Final = 60
"""Rows of another account, of which the one is taken that satisfies most filters."""


def check_account_lists(context: CheckContext, mirror: Mirror) -> None:
    """Asks as each further account: for the list that all see, or with what the run's own account was given.

    Servers keep an answer for whoever asks next (`cache_without_key`), let a cursor carry whose list it is
    (`tenant_from_cursor`), or show others less than all (`even_lines_only_for_others`).
    """
    scope = context.listing.scope
    if scope is None or not mirror.rows:
        return
    everyone = context.dialect.possible_answers(scope.unset) == ("everyone",)
    others = [one for one in context.identities if one.name != context.identity.name][:ACCOUNTS_AT_MOST]
    for number, identity in enumerate(others):
        redact_credentials(context, documented_credentials(context, identity))
        if everyone:
            _check_common_list(context, mirror, identity, scope.clauses.unset)
        elif scope.clauses.tenant:
            _check_own_list(context, mirror, identity, scope.clauses.tenant, share=slice(number, None, len(others)))


def _check_common_list(context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses) -> None:
    """The list that all accounts see: the rows that stand in it all the time are in every account's answer."""
    ask = mirror.request(largest_page(context))
    # What every copy of the list has had since the run began.
    known = mirror.first.by_key if mirror.first is not None else {}
    for attempt in ("", "again: "):
        reread_mirror(context, mirror)
        exchange = _ask_as(context, identity, ask, f"{attempt}the list as {identity.name} sees it")
        if exchange.rows is None or not holds_whole_list(context, exchange):
            return
        reread_mirror(context, mirror)
        lost = [row for key, row in known.items() if key in mirror.steady_keys and key not in exchange.keys]
        if not lost:
            record_kept(context, clauses, "the same rows for every account")
            context.facts.equal_accounts += (identity,)
            return
    expected = f"every row that {context.identity.name} sees"
    check = listed_check(context, mirror, "with", lost)
    report_breach(
        context, clauses, expected=expected, actual=f"{len(lost)} of them missing", exchange=exchange, check=check
    )


def _check_own_list(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses, *, share: slice
) -> None:
    """An account's own list, by a request that nobody else sends: what it is shown otherwise is a part of that.

    `share` are the filters that it gives alone: the accounts share them out.
    """
    size = context.listing.paging.size_parameter
    if size is None or identity.everyone or not context.parameters_work(size):
        return
    most = (largest_page_size(context)[1] or MIRROR_ROWS_AT_MOST) - 1
    alone = mirror.request({size: context.encode(size, most)})
    own = _ask_as(context, identity, alone, f"the list as {identity.name} sees it")
    if own.rows is None:
        return
    foreign = _rows_of_others(context, mirror, own, whole=len(own.listed) < most)
    lists = [own]

    def strays(exchange: Exchange) -> list[Row]:
        known = [row for row in exchange.listed if row.key in foreign]
        return [row for row in known if not any(row.key in one.keys for one in lists)]

    for values, what in _questions(context, mirror, identity, list(foreign.values()), size, share):
        exchange = _ask_as(context, identity, mirror.request(values), f"{what}, sent by {identity.name}")
        if not strays(exchange):
            record_kept(context, clauses, f"no row of another account by {what}")
            continue
        lists.append(_ask_as(context, identity, alone, f"again: the list as {identity.name} sees it"))
        _, exchange = smallest_part(
            values,
            exchange,
            lambda part: _ask_as(context, identity, mirror.request(part), "the same with less"),
            lambda answer: bool(strays(answer)),
        )
        again = _ask_as(context, identity, exchange.list_request, f"again: {what}, sent by {identity.name}")
        if rows := strays(again):
            expected = f"only rows of the list that {identity.name} sees by itself"
            actual = f"{rows_in_words(len(rows))} of the run's own list"
            check = listed_check(context, mirror, "without", rows)
            check = None if check is None else replace(check, alternatives=(NO_LIST,))
            report_breach(context, clauses, expected=expected, actual=actual, exchange=again, check=check)
            return


def _rows_of_others(context: CheckContext, mirror: Mirror, own: Exchange, *, whole: bool) -> dict[Hashable, Row]:
    """The rows of the run's own list that are none of an account's, by key: those that its own list has not.

    A list that goes on tells so of the time between its rows, where these are in the order of time.
    """
    strange = {row.key: row for row in mirror.rows if row.key not in own.keys}
    if whole:
        return strange
    for name in context.fields_showing("started_at"):
        times = instants_of(own.listed, name)
        if len(times) == len(own.listed) and sorted(times) in (times, times[::-1]):
            first, last = min(times), max(times)
            return {key: row for key, row in strange.items() if first < (row.instant(name) or first) < last}
    return {}


def _questions(
    context: CheckContext,
    mirror: Mirror,
    identity: ClientIdentity,
    foreign: Sequence[Row],
    size: str,
    share: slice,
) -> Iterator[tuple[dict[str, Tree], str]]:
    """What belongs to the run's own account, for another one with a list of its own to ask; with words on it."""
    some = (filters_of_row(context, mirror, row) for row in foreign[:ROWS_TRIED])
    filters: dict[str, Tree] = max(some, key=len, default={})
    if filters:
        yield filters, "the values of another account's row"
    # A filter that looks few rows up may do so by a way of its own (`tenant_leak_external`, foreign servers).
    parameters = context.listing.parameters
    names = [name for name in filters if name in context.listing.filters and parameters[name].as_ != "word"]
    for name in names[share] if len(names) > 1 else ():
        yield {name: filters[name]}, f"{name} of another account's row"
    if identity.customer is None:
        # Of an account whose customer is known the rows themselves tell.
        whole = largest_page(context)
        context.send(mirror.request(whole), "a request for another account to repeat")
        yield whole, "the same request as another account's"
    paging = context.listing.paging
    if isinstance(paging, CursorPaging):
        page: dict[str, Tree] = {size: context.encode(size, 2)}
        first = context.seen_exchange(mirror.request(page)) or context.send(
            mirror.request(page), "a page with a cursor"
        )
        if first.next_cursor is not None:
            yield {**page, paging.after: first.next_cursor}, "another account's cursor"


def _ask_as(context: CheckContext, identity: ClientIdentity, ask: ListRequest, purpose: str) -> Exchange:
    return context.send(ask, purpose, credentials=documented_credentials(context, identity))
