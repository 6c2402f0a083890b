"""Faults in access: wrong credentials or roles that are accepted, and right ones that are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from harness.serve.authentication import SimulatedUser, decode_unverified_token
from harness.serve.faults.base import Fault, make_fault, narrowing_parameters, with_changed_listing, with_entry
from harness.serve.faults.hooks import Hooks
from harness.specification.access import chosen_way, key_of, way_credentials, ways_of
from harness.specification.model import Access, AccessKey, AccessWay, Clauses, Jwt, Listing
from harness.wire.credentials_codec import written_key
from harness.wire.forms import FormError, decode_pairs
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest

KnownUsers: TypeAlias = "tuple[SimulatedUser, ...]"


def access_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of access rules: credentials, tokens and roles that are not checked, or checked wrongly."""
    access = listing.access
    for clauses, name in (
        (access.clauses.user_required, access.user),
        (access.clauses.password_required, access.password),
    ):
        if name is not None:
            yield from make_fault(
                clauses,
                f"{name}-not-needed",
                f"a request without {name} is answered",
                Hooks(user=_admit_when(lambda ask, name=name: not ask.credentials.get(name))),  # type: ignore[misc]
            )
    yield from make_fault(
        access.clauses.missing_refused,
        "nobody-let-in",
        "a request without credentials is answered",
        Hooks(user=_admit_when(lambda ask: not ask.credentials)),
    )
    yield from make_fault(
        access.clauses.wrong_refused,
        "wrong-let-in",
        "wrong credentials are as good as right ones",
        Hooks(user=_admit_when(lambda ask: all(ask.credentials.get(name) for name in _own_credential_names(access)))),
    )
    narrowing = narrowing_parameters(listing)
    yield from make_fault(
        access.clauses.wrong_refused if narrowing else (),
        "wrong-let-in-beside-filters",
        "wrong credentials are as good as right ones where a filter is given",
        Hooks(
            user=_admit_when(
                lambda ask: (
                    not narrowing.isdisjoint(ask.values)
                    and all(ask.credentials.get(name) for name in _own_credential_names(access))
                )
            )
        ),
    )
    yield from make_fault(
        access.clauses.role_refused,
        "role-ignored",
        "any role may read the list",
        Hooks(user=_admit_any_role(access)),
    )
    for role, clause in access.role_clauses.items():
        yield from make_fault(
            clause,
            f"{'-'.join(role.lower().split())}-turned-away",
            f"the role {role} does not suffice",
            Hooks(user=_refuse_role(access, role)),
        )
    if access.jwt is not None:
        yield from _token_faults(access, access.jwt)
    for place, way in enumerate(ways_of(access)):
        yield from _way_faults(access, way, "" if place == 0 else f"-{place}", first=place == 0)
    for name, parameter in listing.parameters.items():
        if parameter.bound_to is not None:
            yield from make_fault(
                parameter.bound_to.clause,
                f"any-{name}-answered",
                f"any {name} is answered with the calls of who asks",
                Hooks(list_request=_without_value(name)),
            )
            words = parameter.bound_to.words
            yield from make_fault(
                parameter.bound_to.words_clause,
                f"{name}-words-unknown",
                f"{name} is refused where a word stands for the account",
                with_changed_listing(
                    with_entry("parameters", name, bound_to=replace(parameter.bound_to, words=words[len(words) :]))
                ),
            )


def _own_credential_names(access: Access) -> tuple[str, ...]:
    return way_credentials(ways_of(access)[0])


def _way_faults(access: Access, way: AccessWay, mark: str, *, first: bool) -> Iterator[Fault]:
    """The faults of one way in: of a further way, of a log-in operation, of another place than the documented one."""
    names = way_credentials(way)
    if not first:
        yield from make_fault(
            way.clause,
            f"{way.kind}-turned-away{mark}",
            f"right credentials by {way.kind} are refused",
            Hooks(user=_refuse_when(access, lambda ask: chosen_way(access, ask.credentials) == way)),
        )
        yield from make_fault(
            way.refused_clause,
            f"wrong-{way.kind}-let-in{mark}",
            f"wrong credentials by {way.kind} are as good as right ones",
            Hooks(user=_admit_when(lambda ask: all(ask.credentials.get(name) for name in names))),
        )
    if way.kind == "session" and way.session is not None:
        pair = way.session.own_names
        for name in dict.fromkeys(way.session.further.values()):
            yield from make_fault(
                way.session.refused_clause,
                f"any-{name}-gets-a-token{mark}",
                f"{name} is not examined before a token is given",
                Hooks(user=_admit_without(name)),
            )
        yield from make_fault(
            way.session.refused_clause,
            f"any-password-gets-a-token{mark}",
            "wrong credentials get a token",
            Hooks(user=_admit_when(lambda ask: ask.log_in and all(ask.credentials.get(name) for name in pair))),
        )
    yield from _near_secret_faults(access, way, mark, first=first)
    key = key_of(way)
    if first and key is not None:
        yield from make_fault(
            access.clauses.elsewhere_refused,
            "any-place-will-do",
            f"{key.credential} counts in another place, too",
            Hooks(request=lambda request: _with_moved_key(key, request)),
        )


def _near_secret_faults(access: Access, way: AccessWay, mark: str, *, first: bool) -> Iterator[Fault]:
    """The faults of a secret that is compared carelessly: the blanks around it, what follows, or letters' case."""
    log_in = way.session if way.kind == "session" else None
    names = log_in.credential_names if log_in is not None else way_credentials(way)
    secret = log_in.password if log_in is not None else names[-1] if names else None
    if secret is None or way.signature is not None or (way.kind == "bearer" and access.jwt is not None):
        # What is signed is examined by its signature, not compared.
        return
    clauses = log_in.refused_clause if log_in is not None else way.refused_clause
    ways: list[tuple[str, str, Callable[[str, str], bool]]] = [
        ("beginning-suffices", f"the beginning of {secret} suffices", lambda given, right: right.startswith(given))
    ]
    if first or log_in is not None:
        ways.append(
            (
                "case-ignored",
                f"letters' case does not count in {secret}",
                lambda given, right: given.casefold() == right.casefold(),
            )
        )
        ways.append(("pattern", f"% stands for any text in {secret}", _meets_pattern))
    if log_in is not None or (first and way.password is not None):
        # Around what stands in a header blanks do not count.
        ways.append(
            ("trimmed", f"blanks around {secret} do not count", lambda given, right: given.strip() == right.strip())
        )
    for word, says, alike in ways:
        hook = _admit_near_secret(names, secret, alike, log_in=log_in is not None)
        yield from make_fault(clauses, f"{secret}-{word}{mark}", says, Hooks(user=hook))


def _meets_pattern(given: str, right: str) -> bool:
    """Whether a text is the right one where `%` stands for anything, as in SQL."""
    return re.fullmatch(".*".join(map(re.escape, given.split("%"))), right) is not None


def _with_moved_key(key: AccessKey, request: HttpRequest) -> HttpRequest:
    """The request with the key where it belongs, if it stands in another place."""
    if key.place == "query":
        text = request.header(key.name)
        mark = b"&" if request.query else b"?"
        pair = f"{key.name}={text}".encode("latin-1", "replace")
        return request if text is None else replace(request, target=request.target + mark + pair)
    try:
        text = dict(decode_pairs(request.query)).get(key.name)
    except FormError:
        return request
    if text is None:
        return request
    header = ("Cookie", f"{key.name}={text}") if key.place == "cookie" else (key.name, written_key(key, text))
    return replace(request, headers=(*request.headers, header))


def _without_value(name: str) -> Callable[[ListRequest | RefusedRequest], ListRequest | RefusedRequest]:
    def change(ask: ListRequest | RefusedRequest) -> ListRequest | RefusedRequest:
        if isinstance(ask, RefusedRequest):
            return ask
        return replace(ask, values={other: value for other, value in ask.values.items() if other != name})

    return change


UserHook: TypeAlias = (
    "Callable[[SimulatedUser | RefusedRequest, ListRequest, KnownUsers, datetime], SimulatedUser | RefusedRequest]"
)


def _admit_when(when: Callable[[ListRequest], bool]) -> UserHook:
    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        return known[0] if isinstance(user, RefusedRequest) and when(ask) else user

    return change


def _admit_without(name: str) -> UserHook:
    """Whoever knows everything else gets a token, whatever stands for this credential."""

    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        rest = [(other, text) for other, text in ask.credentials.items() if other != name]
        if not isinstance(user, RefusedRequest) or not ask.log_in or not ask.credentials.get(name):
            return user
        return next((one for one in known if all(one.credentials.get(other) == text for other, text in rest)), user)

    return change


def _admit_near_secret(
    names: tuple[str, ...], secret: str, alike: Callable[[str, str], bool], *, log_in: bool
) -> UserHook:
    """Whoever gives the other credentials as they are, and a secret that is like the right one, is let in."""

    def is_near(one: SimulatedUser, credentials: Mapping[str, str]) -> bool:
        given, right = str(credentials.get(secret) or ""), one.credentials.get(secret, "")
        others = (name for name in names if name != secret)
        if any(credentials.get(name) != one.credentials.get(name) for name in others):
            return False
        return given not in ("", right) and alike(given, right)

    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        if not isinstance(user, RefusedRequest) or ask.log_in != log_in:
            return user
        return next((one for one in known if is_near(one, ask.credentials)), user)

    return change


def _refuse_when(access: Access, when: Callable[[ListRequest], bool]) -> UserHook:
    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        return RefusedRequest(fault=access.wrong_fault) if when(ask) else user

    return change


def _admit_any_role(access: Access) -> UserHook:
    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        return known[0] if isinstance(user, RefusedRequest) and user.fault == access.role_fault else user

    return change


def _refuse_role(access: Access, role: str) -> UserHook:
    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        if isinstance(user, SimulatedUser) and user.roles == (role,):
            return RefusedRequest(fault=access.role_fault)
        return user

    return change


# --- signed tokens ------------------------------------------------------------------------------------------


def _token_faults(access: Access, jwt: Jwt) -> Iterator[Fault]:
    tests: Mapping[str, tuple[Clauses, str, Callable[[str, KnownUsers, datetime], bool]]] = {
        "malformed": (
            jwt.clauses.malformed,
            "any text is as good as a token",
            lambda token, known, now: decode_unverified_token(token) is None,
        ),
        "expired": (
            jwt.clauses.expired,
            "an expired token is as good as a fresh one",
            lambda token, known, now: _is_expired(token, now),
        ),
        "future": (
            jwt.clauses.future,
            "a token issued in the future is accepted",
            lambda token, known, now: _is_from_future(token, now),
        ),
        "too-long": (
            jwt.clauses.too_long,
            "a token may be valid for longer than allowed",
            lambda token, known, now: _is_valid_too_long(token, jwt.longest_seconds, now),
        ),
        "wrong-key": (
            jwt.clauses.wrong_key,
            "the signature of a token is not checked",
            lambda token, known, now: _has_valid_times(token, jwt, now) and _has_known_key(token, jwt, known),
        ),
        "unknown-key": (
            jwt.clauses.unknown_key,
            "a token of an unknown key is accepted",
            lambda token, known, now: _has_valid_times(token, jwt, now) and not _has_known_key(token, jwt, known),
        ),
    }
    for kind, (clauses, text, test) in tests.items():
        yield from make_fault(
            clauses,
            f"{kind}-token-let-in",
            text,
            Hooks(user=_admit_token_when(access, test)),
        )


def _admit_token_when(access: Access, test: Callable[[str, KnownUsers, datetime], bool]) -> UserHook:
    def change(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: KnownUsers, now: datetime
    ) -> SimulatedUser | RefusedRequest:
        token = ask.credentials.get(access.token)
        return known[0] if isinstance(user, RefusedRequest) and token and test(token, known, now) else user

    return change


def _claim_number(token: str, name: str) -> float:
    read = decode_unverified_token(token)
    value: Any = read[1].get(name) if read else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _is_expired(token: str, now: datetime) -> bool:
    return 0 < _claim_number(token, "exp") <= now.timestamp()


def _is_from_future(token: str, now: datetime) -> bool:
    return _claim_number(token, "iat") > now.timestamp()


def _is_valid_too_long(token: str, longest: int, now: datetime) -> bool:
    return _claim_number(token, "exp") - _claim_number(token, "iat") > longest and not _is_expired(token, now)


def _has_valid_times(token: str, jwt: Jwt, now: datetime) -> bool:
    timely = not (
        _is_expired(token, now) or _is_from_future(token, now) or _is_valid_too_long(token, jwt.longest_seconds, now)
    )
    return decode_unverified_token(token) is not None and timely


def _has_known_key(token: str, jwt: Jwt, known: KnownUsers) -> bool:
    header, claims = decode_unverified_token(token) or ({}, {})
    if jwt.key_id is None:
        return any(user.credentials.get(jwt.issuer) == claims.get(jwt.issuer_claim) for user in known)
    return any(user.credentials.get(jwt.key_id) == header.get("kid") for user in known)
