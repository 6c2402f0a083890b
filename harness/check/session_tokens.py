"""Tokens of sessions: each identity with all that a log-in takes logs in before it asks."""

from __future__ import annotations

from dataclasses import replace

from harness.check.context import CheckContext, ClientIdentity, Exchange
from harness.check.probe.error_responses import enforceable_clauses
from harness.output.redaction import Secret
from harness.specification.access import log_in_of, session_way, way_credentials, ways_of
from harness.wire.http_messages import HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import token_told


def open_sessions(context: CheckContext) -> Exchange | None:
    """Logs in every identity that can; the exchange where the run's own one is refused and has no other way in."""
    refused: Exchange | None = None
    identities: list[ClientIdentity] = []
    for identity in context.identities:
        if not _needs_token(context, identity):
            identities.append(identity)
            continue
        exchange = _log_in(context, identity)
        opened = _with_token(context, identity, exchange)
        if opened is None and not identities and not _has_other_way(context, identity):
            refused = exchange
        identities.append(opened or identity)
    context.identities, context.identity = tuple(identities), identities[0]
    return refused


def renew_session(context: CheckContext) -> None:
    """Logs in once more as the run's own identity, whose token may have run out."""
    if session_way(context.listing.access) is None:
        return
    exchange = _log_in(context, context.identity)
    renewed = _with_token(context, context.identity, exchange)
    if renewed is not None:
        context.identities = (renewed, *context.identities[1:])
        context.identity = renewed


def _log_in(context: CheckContext, identity: ClientIdentity) -> Exchange:
    session = log_in_of(context.listing.access)
    names = session.credential_names if session is not None else ()
    pair = {name: identity.credentials[name] for name in names if name in identity.credentials}
    return context.send(ListRequest(log_in=True), f"log in as {identity.name}", credentials=pair, witness=False)


def _with_token(context: CheckContext, identity: ClientIdentity, exchange: Exchange) -> ClientIdentity | None:
    """The identity with the token that it was given; None where it was given none."""
    way = session_way(context.listing.access)
    response = exchange.response
    token = token_told(context.listing, response) if isinstance(response, HttpResponse) else None
    if way is None or way.session is None or token is None:
        return None
    context.results.record_pass(enforceable_clauses(context, way.session.opened_clause))
    return replace(identity, credentials={**identity.credentials, way.token: Secret(token)})


def _needs_token(context: CheckContext, identity: ClientIdentity) -> bool:
    way = session_way(context.listing.access)
    if way is None or way.session is None:
        return False
    held = identity.credentials
    # A token that is given all the same would never be renewed, and says nothing about the log-in.
    return all(held.get(name) for name in way.session.credential_names)


def _has_other_way(context: CheckContext, identity: ClientIdentity) -> bool:
    held = identity.credentials
    ways = (way for way in ways_of(context.listing.access) if way.kind != "session")
    return any((names := way_credentials(way)) and all(held.get(name) for name in names) for way in ways)
