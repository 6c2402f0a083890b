"""The ways into an API: which credentials each takes, where a single secret stands, and which of them are secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from harness.specification.load import Spec
from harness.specification.model import Access, AccessKey, AccessWay, Jwt, Listing, LogIn, Parameter, Signature
from harness.specification.narrowing_defaults import demanded_filters

AUTHORIZATION: Final = "Authorization"
_PATH_PART: Final = re.compile(r"\{([^{}]*)\}")


# --- ways in ------------------------------------------------------------------------------------------------


def ways_of(access: Access) -> tuple[AccessWay, ...]:
    """The ways in, the first of the spec first."""
    first = AccessWay(
        kind=access.kind,
        user=access.user,
        password=access.password,
        pair=access.pair,
        token=access.token,
        key=access.key,
        session=access.session,
        signature=access.signature,
        clause=access.clauses.accepted,
        refused_clause=access.clauses.wrong_refused,
    )
    return (first, *access.also)


def way_credentials(way: AccessWay) -> tuple[str, ...]:
    """The credentials that a request for the list takes, by name: a pair, a single secret, or none."""
    if way.kind == "signature" and way.signature is not None:
        return way.signature.credential_names
    if way.kind in ("password", "basic"):
        return tuple(name for name in (way.user, way.password) if name)
    key = key_of(way)
    return (key.credential,) if key is not None else ()


def key_of(way: AccessWay) -> AccessKey | None:
    """The single secret of a way and where it stands: a key, a token, a token of a session; None for a pair."""
    match way.kind:
        case "key":
            return way.key
        case "bearer":
            return AccessKey(credential=way.token, place="header", name=AUTHORIZATION, scheme="Bearer")
        case "session" if way.session is not None:
            session = way.session
            return AccessKey(credential=way.token, place=session.place, name=session.name, scheme=session.scheme)
    return None


def chosen_way(access: Access, credentials: Mapping[str, str]) -> AccessWay | None:
    """The way by which credentials travel: the first that they suffice for, else the first that they are part of."""
    ways = ways_of(access)
    for enough in (all, any):
        for way in ways:
            names = way_credentials(way)
            if names and enough(name in credentials for name in names):
                return way
    return None


def signature_of(access: Access, credentials: Mapping[str, str]) -> Signature | None:
    """How a request with these credentials is signed; None where it is not."""
    way = chosen_way(access, credentials)
    return way.signature if way is not None and way.kind == "signature" else None


def session_way(access: Access) -> AccessWay | None:
    """The way in that has a log-in operation, if there is one."""
    return next((way for way in ways_of(access) if way.kind == "session" and way.session is not None), None)


def log_in_of(access: Access) -> LogIn | None:
    """The log-in operation, if there is one."""
    way = session_way(access)
    return way.session if way is not None else None


# --- names --------------------------------------------------------------------------------------------------


def all_credential_names(access: Access) -> tuple[str, ...]:
    """The names that a credential of an API can have, in the order of the spec."""
    names: list[str | None] = []
    for way in ways_of(access):
        if way.kind == "session" and way.session is not None:
            names += way.session.credential_names
        names += way_credentials(way)
        names.append(way.pair)
    if access.jwt is not None:
        names += [access.jwt.issuer, access.jwt.key_id, access.jwt.private_key]
    for legacy in access.legacy:
        names += legacy.parameters
    names += access.accounts
    return tuple(dict.fromkeys(name for name in names if name))


def is_shared_key(jwt: Jwt) -> bool:
    """Whether a token is signed and examined with one and the same secret (HMAC), not with a pair of keys."""
    return jwt.algorithm.upper().startswith("HS")


def secret_credential_names(access: Access) -> frozenset[str]:
    """Those of the names whose values are secrets: not a user's name, not an account's id, not a key's id."""
    public = {*access.accounts}
    for way in ways_of(access):
        public |= {way.user or ""} if way.kind in ("password", "basic") else set()
        public |= {way.session.user or ""} if way.kind == "session" and way.session is not None else set()
        public |= {way.signature.key or ""} if way.signature is not None else set()
    if access.jwt is not None:
        public |= {access.jwt.issuer, access.jwt.key_id or ""}
    # The first of an older pair says who, the second proves it.
    public |= {legacy.parameters[0] for legacy in access.legacy if len(legacy.parameters) > 1}
    return frozenset(all_credential_names(access)) - public


def example_account(access: Access) -> Mapping[str, str]:
    """What is no secret of the account that a simulator knows first: the document's example, or made-up names."""
    public = set(all_credential_names(access)) - secret_credential_names(access)
    made_up = {name: "account" if name in access.accounts else "default" for name in sorted(public)}
    return {**made_up, **{name: text for name, text in access.example.items() if name in public}}


# --- parts of the path and parameters that nobody chooses ---------------------------------------------------


@lru_cache(maxsize=256)
def path_parts(path: str) -> tuple[str, ...]:
    """The names that stand in braces in a path."""
    return tuple(_PATH_PART.findall(path))


@lru_cache(maxsize=256)
def path_pattern(path: str) -> re.Pattern[str]:
    """What a path with parts in braces matches; the parts are groups in their order, none of them empty."""
    pieces = _PATH_PART.split(path)
    return re.compile(
        "".join(re.escape(piece) if index % 2 == 0 else "([^/]+)" for index, piece in enumerate(pieces))
    )


def is_settled(parameter: Parameter) -> bool:
    """Whether nobody chooses the value of a parameter: a credential or a constant decides it."""
    return parameter.bound_to is not None or parameter.constant is not None


def chosen_parameters(listing: Listing) -> Iterator[tuple[str, Parameter]]:
    """The parameters whose value a client chooses, by name."""
    return ((name, parameter) for name, parameter in listing.parameters.items() if not is_settled(parameter))


def free_path_values(spec: Spec) -> Mapping[str, str]:
    """A value for each part of the path that a client chooses, as `chosen_values` has it."""
    parts = (name for name in path_parts(spec.path) if name in spec.listing.parameters)
    return {name: _chosen_value(spec, name) for name in parts if not is_settled(spec.listing.parameters[name])}


def chosen_values(spec: Spec) -> Mapping[str, str]:
    """A value for each part of the path that a client chooses and each filter that must be given.

    The document's example, else the first known word; empty where there is neither.
    """
    demanded = {name: _chosen_value(spec, name) for name in demanded_filters(spec.listing)}
    return {**free_path_values(spec), **demanded}


def _chosen_value(spec: Spec, name: str) -> str:
    example, rule = spec.listing.parameters[name].example, spec.listing.filters.get(name)
    shown = [spec.listing.fields.get(str(path)) for path in rule.compares] if rule is not None else []
    words = (word for field in shown if field is not None for word in field.words.values())
    return str(example) if example is not None else next(words, "")


def account_names(listing: Listing) -> tuple[str, ...]:
    """The credentials whose values parameters and rows repeat."""
    bound = (one.bound_to.credential for one in listing.parameters.values() if one.bound_to is not None)
    shown = (
        field.repeats.credential for field in listing.fields.values() if field.repeats and field.repeats.credential
    )
    return tuple(dict.fromkeys((*bound, *shown)))
