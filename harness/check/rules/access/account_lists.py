"""What further accounts see: each its own list, whatever another one was just shown, or everybody the same one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from harness.check.context import CheckContext, ClientIdentity, Exchange, Row
from harness.check.probe.answer_checks import NO_LIST, AnswerCheck, listed_check
from harness.check.probe.error_responses import record_kept, report_breach
from harness.check.probe.filter_values import filters_of_row, largest_page
from harness.check.probe.mirror import Mirror, largest_page_size, reread_mirror
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.authentication import redact_credentials
from harness.check.rules.access.login_attempts import documented_credentials
from harness.check.rules.access.row_owners import holds_whole_list
from harness.specification.model import Clauses, CursorPaging
from harness.wire.list_request import ListRequest

ACCOUNTS_AT_MOST: Final = 4


def check_account_lists(context: CheckContext, mirror: Mirror) -> None:
    """Asks as each further account: for the list that all see, or with what the run's own account was given.

    Servers keep an answer for whoever asks next (`cache_without_key`), let a cursor carry whose list it is
    (`tenant_from_cursor`), or show others less than all (`even_lines_only_for_others`).
    """
    scope = context.listing.scope
    if scope is None or not mirror.rows:
        return
    everyone = context.dialect.possible_answers(scope.unset) == ("everyone",)
    others = [one for one in context.identities if one.name != context.identity.name]
    for identity in others[:ACCOUNTS_AT_MOST]:
        redact_credentials(context, documented_credentials(context, identity))
        if everyone:
            _check_common_list(context, mirror, identity, scope.clauses.unset)
        elif scope.clauses.tenant:
            _check_own_list(context, mirror, identity, scope.clauses.tenant)


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


def _check_own_list(context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses) -> None:
    """An account's own list, by a request that nobody else sends: what it is shown otherwise is a part of that."""
    size, most = largest_page_size(context)
    if size is None or most is None:
        return
    alone = mirror.request({size: context.encode(size, most - 1)})
    own = _ask_as(context, identity, alone, f"the list as {identity.name} sees it")
    if own.rows is None or len(own.listed) >= most - 1:
        return
    for ask, what in _questions(context, mirror, identity, own, size):
        exchange = _ask_as(context, identity, ask, f"{what}, sent by {identity.name}")
        strays = _strays(mirror, exchange, own)
        if not strays:
            record_kept(context, clauses, f"no row of another account by {what}")
            continue
        later = _ask_as(context, identity, alone, f"again: the list as {identity.name} sees it")
        exchange = _ask_as(context, identity, ask, f"again: {what}, sent by {identity.name}")
        strays = _strays(mirror, exchange, own, later)
        if strays:
            expected = f"only rows of the list that {identity.name} sees by itself"
            actual = f"{rows_in_words(len(strays))} of the run's own list"
            check = _without_rows(context, mirror, strays)
            report_breach(context, clauses, expected=expected, actual=actual, exchange=exchange, check=check)
            return


def _questions(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity, own: Exchange, size: str
) -> Iterator[tuple[ListRequest, str]]:
    """What belongs to the run's own account, for another one with a list of its own to ask; with words on it."""
    if identity.customer is None:
        # Of an account whose customer is known the rows themselves tell.
        ask = mirror.request(largest_page(context))
        context.send(ask, "a request for another account to repeat")
        yield ask, "the same request as another account's"
        row = next((row for row in mirror.rows if row.key not in own.keys), None)
        if row is not None and (filters := filters_of_row(context, mirror, row)):
            yield mirror.request(filters), "the values of another account's row"
    paging = context.listing.paging
    if isinstance(paging, CursorPaging):
        page = mirror.request({size: context.encode(size, 2)})
        first = context.seen_exchange(page) or context.send(page, "a page to take a cursor from")
        if first.next_cursor is not None:
            yield page.with_values({paging.after: first.next_cursor}), "another account's cursor"


def _ask_as(context: CheckContext, identity: ClientIdentity, ask: ListRequest, purpose: str) -> Exchange:
    return context.send(ask, purpose, credentials=documented_credentials(context, identity))


def _strays(mirror: Mirror, exchange: Exchange, *own: Exchange) -> list[Row]:
    """Rows of the run's own list that none of an account's lists holds."""
    return [
        row
        for row in exchange.listed
        if mirror.row_with_key(row.key) is not None and not any(row.key in one.keys for one in own)
    ]


def _without_rows(context: CheckContext, mirror: Mirror, rows: list[Row]) -> AnswerCheck | None:
    check = listed_check(context, mirror, "without", rows)
    return None if check is None else replace(check, alternatives=(NO_LIST,))
