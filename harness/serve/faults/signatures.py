"""Faults of signed requests: a signature that covers less than it should, or that holds for longer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from harness.serve.authentication import SimulatedUser, user_who_signed
from harness.serve.faults.base import Fault, make_fault
from harness.serve.faults.hooks import Hooks
from harness.specification.access import ways_of
from harness.specification.model import Clauses, Listing, Signature
from harness.specification.signed_text import covered_parts
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.wire.request_signature import make_signature, read_signature, signed_at

KnownUsers: TypeAlias = "tuple[SimulatedUser, ...]"
_Signer: TypeAlias = "Callable[[ListRequest, KnownUsers, datetime], SimulatedUser | None]"
# A shorter beginning would be right by chance.
_LEAST_BEGINNING = 8


def signature_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of each way in by a signature."""
    for place, way in enumerate(ways_of(listing.access)):
        if way.signature is not None:
            refused = listing.access.clauses.wrong_refused if place == 0 else way.refused_clause
            yield from _faults_of(listing, way.signature, refused, "" if place == 0 else f"-{place}")


def _faults_of(listing: Listing, rules: Signature, refused: Clauses, mark: str) -> Iterator[Fault]:
    clauses, covered, carries = rules.clauses, covered_parts(rules.signed_texts), listing.transport.carries

    def fault(clause: Clauses, name: str, says: str, signer: _Signer) -> tuple[Fault, ...]:
        return make_fault(clause, f"{name}{mark}", says, Hooks(user=_let_in(signer)))

    yield from fault(
        refused,
        "beginning-of-signature-suffices",
        "a signature that is cut short is as good as a whole one",
        lambda ask, known, now: _user_of_beginning(rules, known, ask),
    )
    if carries == "json" and "body" in covered:
        yield from fault(
            clauses.altered,
            "blanks-behind-body-not-signed",
            "blanks at the end of the body are not covered by the signature",
            lambda ask, known, now: user_who_signed(rules, known, _changed(ask, _without_blanks), now),
        )
    elif carries != "json" and ("query" if carries == "query" else "body") in covered:
        yield from fault(
            clauses.altered,
            "added-parameter-not-signed",
            "the last parameter of a request is not covered by the signature",
            lambda ask, known, now: user_who_signed(rules, known, _changed(ask, _without_last_pair), now),
        )
    for clause, name, is_later in ((clauses.old, "old", False), (clauses.future, "future", True)):
        yield from fault(
            clause,
            f"{name}-request-let-in",
            f"a request may be signed any time {'ahead' if is_later else 'ago'}",
            lambda ask, known, now, is_later=is_later: (  # type: ignore[misc]
                user_who_signed(rules, known, ask, None) if _is_signed_later(rules, ask, now) is is_later else None
            ),
        )


def _let_in(
    signer: _Signer,
) -> Callable[[SimulatedUser | RefusedRequest, ListRequest, KnownUsers, datetime], SimulatedUser | RefusedRequest]:
    """A refused request is that of the user whom the fault takes for its signer."""

    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        if not isinstance(user, RefusedRequest) or ask.signed is None:
            return user
        return signer(ask, known, now) or user

    return change


def _changed(ask: ListRequest, change: Callable[[HttpRequest], HttpRequest]) -> ListRequest:
    return ask if ask.signed is None else replace(ask, signed=change(ask.signed))


def _without_last_pair(request: HttpRequest) -> HttpRequest:
    if request.body:
        return replace(request, body=request.body.rpartition(b"&")[0])
    path, _, query = request.target.partition(b"?")
    kept = query.rpartition(b"&")[0]
    return replace(request, target=path + (b"?" + kept if kept else b""))


def _without_blanks(request: HttpRequest) -> HttpRequest:
    return replace(request, body=request.body.rstrip())


def _is_signed_later(rules: Signature, ask: ListRequest, now: datetime) -> bool | None:
    """Whether a request says that it was signed after now; None where it does not say."""
    told = "" if ask.signed is None else read_signature(rules, ask.signed).get("time", "")
    at = signed_at(rules.time, told) if rules.time is not None else None
    return None if at is None else at > now


def _user_of_beginning(rules: Signature, known: KnownUsers, ask: ListRequest) -> SimulatedUser | None:
    if ask.signed is None:
        return None
    told = read_signature(rules, ask.signed)
    given = told.pop("signature", "")
    if len(given) < _LEAST_BEGINNING:
        return None
    for user in known:
        secret = user.credentials.get(rules.secret)
        whose = rules.key is None or user.credentials.get(rules.key) == told.get("key")
        if secret and whose and make_signature(rules, ask.signed, told, secret).startswith(given):
            return user
    return None
