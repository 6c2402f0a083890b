"""Invalid answers of a log-in operation: no token for whoever may have one, a token for whoever may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from harness.generate.breach_place import STATUS_PLACE, BreachPlace
from harness.generate.response_breaker import InvalidResponse, ResponseBreaker, ValidResponse, remove_at
from harness.specification.access import session_way
from harness.specification.answer_place import header_at
from harness.specification.model import LogIn
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, tree_at
from harness.wire.list_request import ListRequest

_WRONG: Final = "callharness-wrong"


def break_log_in(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Answers to a log-in, where the API has one: without its token, and with one in spite of a wrong password."""
    way = session_way(maker.listing.access)
    if way is None or way.session is None:
        return
    session = way.session
    pair = {name: maker.client.simulator.users[0].credentials.get(name, "") for name in session.credential_names}
    valid = maker.fetch_valid(ListRequest(credentials=pair, log_in=True))
    yield from _withhold_token(maker, session, valid)
    wrong = maker.client.encode(ListRequest(credentials={**pair, session.password: _WRONG}, log_in=True))
    due = maker.client.send(wrong).response
    if len(session.refused_clause) == 1:
        breach = BreachPlace(at=session.token_at, expected=MISSING, actual=_token_in(session, valid))
        if due.http_status != valid.response.http_status:
            breach = BreachPlace(at=STATUS_PLACE, expected=due.http_status, actual=valid.response.http_status)
        given = ValidResponse(wrong, valid.response, valid.tree)
        yield maker.broken(
            session.refused_clause, "a token in spite of a wrong password", given, valid.response, breach
        )


def _withhold_token(maker: ResponseBreaker, session: LogIn, valid: ValidResponse) -> Iterator[InvalidResponse]:
    done = "a log-in without a token"
    header = header_at(session.token_at)
    if header is None:
        tree = valid.copy_tree()
        if remove_at(tree, session.token_at):
            yield from maker.break_clause(session.opened_clause, done, valid, tree, session.token_at)
    elif len(session.opened_clause) == 1 and valid.response.header(header) is not None:
        kept = tuple(pair for pair in valid.response.headers if pair[0].lower() != header.lower())
        breach = BreachPlace(at=session.token_at, expected=valid.response.header(header), actual=MISSING)
        yield maker.broken(session.opened_clause, done, valid, replace(valid.response, headers=kept), breach)


def _token_in(session: LogIn, valid: ValidResponse) -> Tree | Missing:
    header = header_at(session.token_at)
    return tree_at(valid.tree, session.token_at) if header is None else valid.response.header(header)
