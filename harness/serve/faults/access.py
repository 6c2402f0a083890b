"""Breaches of access: who gets in who should not, and who is turned away who should get in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from harness.serve.authentication import Identity, unverified
from harness.serve.faults.base import Fault, breach
from harness.serve.faults.hooks import Seams
from harness.specification.model import Access, Jwt, Listing
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused

Known: TypeAlias = "tuple[Identity, ...]"


def of_access(listing: Listing) -> Iterator[Fault]:
    """Credentials and roles that are not looked at."""
    access = listing.access
    for kind, name in (("user-required", access.user), ("password-required", access.password)):
        if name is not None:
            yield from breach(
                access.clauses.get(kind, ()),  # type: ignore[call-overload]
                f"{name}-not-needed",
                f"a request without {name} is answered",
                Seams(who=_lets_in(lambda ask, name=name: not ask.credentials.get(name))),  # type: ignore[misc]
            )
    yield from breach(
        access.clauses.get("missing-refused", ()),
        "nobody-let-in",
        "a request without credentials is answered",
        Seams(who=_lets_in(lambda ask: not ask.credentials)),
    )
    yield from breach(
        access.clauses.get("wrong-refused", ()),
        "wrong-let-in",
        "wrong credentials are as good as right ones",
        Seams(who=_lets_in(lambda ask: all(ask.credentials.get(name) for name in _own(access)))),
    )
    yield from breach(
        access.clauses.get("role-refused", ()),
        "role-ignored",
        "any role may read the list",
        Seams(who=_any_role(access)),
    )
    for role, clause in access.role_clauses.items():
        yield from breach(
            clause,
            f"{'-'.join(role.lower().split())}-turned-away",
            f"the role {role} does not suffice",
            Seams(who=_turns_away(access, role)),
        )
    if access.jwt is not None:
        yield from _of_tokens(access, access.jwt)


def _own(access: Access) -> tuple[str, ...]:
    return tuple(name for name in (access.user, access.password) if name) or (access.token,)


Who: TypeAlias = "Callable[[Identity | Refused, Ask, Known, datetime], Identity | Refused]"


def _lets_in(when: Callable[[Ask], bool]) -> Who:
    def bend(who: Identity | Refused, ask: Ask, known: Known, now: datetime) -> Identity | Refused:
        return known[0] if isinstance(who, Refused) and when(ask) else who

    return bend


def _any_role(access: Access) -> Who:
    def bend(who: Identity | Refused, ask: Ask, known: Known, now: datetime) -> Identity | Refused:
        return known[0] if isinstance(who, Refused) and who.fault == access.role_fault else who

    return bend


def _turns_away(access: Access, role: str) -> Who:
    def bend(who: Identity | Refused, ask: Ask, known: Known, now: datetime) -> Identity | Refused:
        if isinstance(who, Identity) and who.roles == (role,):
            return Refused(fault=access.role_fault)
        return who

    return bend


# --- signed tokens ------------------------------------------------------------------------------------------


def _of_tokens(access: Access, jwt: Jwt) -> Iterator[Fault]:
    tests: Mapping[str, tuple[str, Callable[[str, Known, datetime], bool]]] = {
        "malformed": ("any text is as good as a token", lambda token, known, now: unverified(token) is None),
        "expired": ("an expired token is as good as a fresh one", lambda token, known, now: _is_old(token, now)),
        "future": ("a token issued in the future is accepted", lambda token, known, now: _is_new(token, now)),
        "too-long": (
            "a token may be valid for longer than allowed",
            lambda token, known, now: _is_long(token, jwt.longest_seconds, now),
        ),
        "wrong-key": (
            "the signature of a token is not checked",
            lambda token, known, now: _is_timely(token, jwt, now) and _knows(token, jwt, known),
        ),
        "unknown-key": (
            "a token of an unknown key is accepted",
            lambda token, known, now: _is_timely(token, jwt, now) and not _knows(token, jwt, known),
        ),
    }
    for kind, (text, test) in tests.items():
        yield from breach(
            jwt.clauses.get(kind, ()),  # type: ignore[call-overload]
            f"{kind}-token-let-in",
            text,
            Seams(who=_lets_token_in(access, test)),
        )


def _lets_token_in(access: Access, test: Callable[[str, Known, datetime], bool]) -> Who:
    def bend(who: Identity | Refused, ask: Ask, known: Known, now: datetime) -> Identity | Refused:
        token = ask.credentials.get(access.token)
        return known[0] if isinstance(who, Refused) and token and test(token, known, now) else who

    return bend


def _claim(token: str, name: str) -> float:
    read = unverified(token)
    value: Any = read[1].get(name) if read else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _is_old(token: str, now: datetime) -> bool:
    return 0 < _claim(token, "exp") <= now.timestamp()


def _is_new(token: str, now: datetime) -> bool:
    return _claim(token, "iat") > now.timestamp()


def _is_long(token: str, longest: int, now: datetime) -> bool:
    return _claim(token, "exp") - _claim(token, "iat") > longest and not _is_old(token, now)


def _is_timely(token: str, jwt: Jwt, now: datetime) -> bool:
    timely = not (_is_old(token, now) or _is_new(token, now) or _is_long(token, jwt.longest_seconds, now))
    return unverified(token) is not None and timely


def _knows(token: str, jwt: Jwt, known: Known) -> bool:
    read = unverified(token)
    kid = read[0].get("kid") if read else None
    return any(who.credentials.get(jwt.key_id) == kid for who in known)
