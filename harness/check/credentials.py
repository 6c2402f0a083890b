"""The credentials of a check: identities from options, a file and the environment, and tokens signed when due."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, final
from uuid import NAMESPACE_OID, uuid5

from harness.errors import UsageProblem, did_you_mean
from harness.integers import is_integer
from harness.output.redaction import Secret
from harness.specification.access import all_credential_names, is_shared_key, secret_credential_names
from harness.specification.load import Spec
from harness.specification.model import Access, Jwt, Listing
from harness.specification.yaml_source import (
    PlainValue,
    SourceFile,
    SourceFileError,
    SourceFileErrors,
    load_source_file,
)
from harness.wire.credentials_codec import with_pairs_taken_apart
from harness.wire.owner_ids import shown_customer

__all__ = [
    "DEFAULT_NAME",
    "ENVIRONMENT_PREFIX",
    "ClientIdentity",
    "FreshCredentials",
    "ServedUser",
    "SignedToken",
    "TokenMaking",
    "all_credential_names",
    "bearer_token",
    "can_sign",
    "credentials_from_environment",
    "credentials_from_options",
    "environment_variable_of",
    "gather_identities",
    "identities_of_users",
    "load_credentials",
    "secret_credential_names",
    "secrets_of",
    "sign_token",
    "signing_line",
    "signing_credentials",
    "token_claims",
    "with_fresh_token",
]

ENVIRONMENT_PREFIX: Final = "CALLHARNESS_CREDENTIAL_"
DEFAULT_NAME: Final = "default"

_WITH_SCHEME: Final = re.compile(r"(?i:bearer|basic)\s+\S")
_USER_KEYS: Final = ("name", "credentials", "role", "roles", "customer", "everyone")
# A signer's clock may be ahead of the server's; a token issued in the future is refused.
_BACKDATED_SECONDS: Final = 5
# Longer than one exchange may take, so that no token expires on its way.
_RENEWED_BEFORE_SECONDS: Final = 60


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """One identity of the checker: credentials by their names in the spec, and the rights behind them.

    `role` is its one role, None when nobody said; `customer` the id of the customer it belongs to; `everyone` whether
    it may look at customers beside and above its own.
    """

    name: str
    credentials: Mapping[str, str] = field(repr=False)
    role: str | None = None
    customer: int | str | None = None
    everyone: bool | None = None


class ServedUser(Protocol):
    """A user as a simulated API knows it: none, one or several roles."""

    @property
    def name(self) -> str: ...
    @property
    def credentials(self) -> Mapping[str, str]: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def customer_id(self) -> int | None: ...
    @property
    def everyone(self) -> bool: ...


def identities_of_users(users: Iterable[ServedUser], listing: Listing) -> tuple[ClientIdentity, ...]:
    """The identities of a simulated API's users: with their one role, or a word of its own where there is none."""

    def role(roles: tuple[str, ...]) -> str | None:
        if not listing.access.roles or len(roles) > 1:
            return None
        return roles[0] if roles else "no-role"

    return tuple(
        ClientIdentity(
            name=user.name,
            credentials=dict(user.credentials),
            role=role(user.roles),
            customer=None if user.customer_id is None else shown_customer(listing, user.customer_id),
            everyone=user.everyone,
        )
        for user in users
    )


def secrets_of(identities: Iterable[ClientIdentity], access: Access) -> Mapping[str, str]:
    """The secret values by the name under which a reproducer may speak of them (`Password`, `Password_child`)."""
    secret = secret_credential_names(access)
    found: dict[str, str] = {}
    for index, identity in enumerate(identities):
        held = identity.credentials
        values = held.given if isinstance(held, FreshCredentials) else held
        for name, value in values.items():
            if name in secret and value and value not in found.values():
                found[name if index == 0 else f"{name}_{identity.name}"] = str(value)
    return found


# --- where credentials come from ----------------------------------------------------------------------------


def gather_identities(
    spec: Spec,
    *,
    options: Iterable[tuple[str, str]] = (),
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[ClientIdentity, ...]:
    """The identities of a run, the default one first; empty when nothing was given. Raises UsageProblem.

    An option beats the file, the file beats the environment; the first two must name credentials of the API.
    """
    access = spec.listing.access
    default = dict(credentials_from_environment(access, environment or {}))
    others: tuple[ClientIdentity, ...] = ()
    first: ClientIdentity | None = None
    if file is not None:
        first, *rest = load_credentials(file, spec)
        others = tuple(rest)
        default |= first.credentials
    given = credentials_from_options(access, options, api=spec.id)
    if access.jwt is not None and access.jwt.private_key in given and access.token not in given:
        # Whoever gives a key on the command line does not mean a token that lay elsewhere.
        default.pop(access.token, None)
    default |= given
    default = with_pairs_taken_apart(access, default)
    if not default:
        return others
    mine = ClientIdentity(
        name=first.name if first else DEFAULT_NAME,
        credentials=_wrap_secrets(default, access),
        role=first.role if first else None,
        customer=first.customer if first else None,
        everyone=first.everyone if first else None,
    )
    return (mine, *others)


def names_with_scheme(identities: Iterable[ClientIdentity]) -> tuple[str, ...]:
    """The credentials that were given with the word of a scheme before them, as it stands in a header."""
    given = (pair for identity in identities for pair in identity.credentials.items())
    return tuple(dict.fromkeys(name for name, value in given if _WITH_SCHEME.match(value)))


def credentials_from_options(access: Access, options: Iterable[tuple[str, str]], *, api: str) -> dict[str, str]:
    """`--credential NAME=VALUE` by name; a private key may be given as the path of its file. Raises UsageProblem."""
    found: dict[str, str] = {}
    for name, value in options:
        known = _find_credential_name(access, name)
        if known is None:
            raise _unknown_credential(f"--credential {name}", access, name, api=api)
        found[known] = _credential_text(access, known, value, where=f"--credential {known}")
    return found


def credentials_from_environment(access: Access, environment: Mapping[str, str]) -> dict[str, str]:
    """`CALLHARNESS_CREDENTIAL_<NAME>` by name; what belongs to another API is passed over."""
    found: dict[str, str] = {}
    for name in all_credential_names(access):
        variable = environment_variable_of(name)
        if environment.get(variable):
            found[name] = _credential_text(access, name, environment[variable], where=variable)
    return found


def environment_variable_of(name: str) -> str:
    """The environment variable of a credential."""
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper())


def load_credentials(file: Path, spec: Spec) -> tuple[ClientIdentity, ...]:
    """The identities in a YAML file, at least one. Raises UsageProblem.

    Either `credentials:` for one identity, or `identities:` (also `users:`, as `serve --users` takes it), a list of
    name, credentials, role, customer, everyone. A credential may be `{file: PATH}`, relative to the YAML file.
    """
    source = _load_secret_file(file)
    tree = source.tree
    if isinstance(tree, Mapping) and set(tree) == {"credentials"}:
        return (_parse_identity(source, ("credentials",), {"name": DEFAULT_NAME, **tree}, spec, file.parent),)
    key = next((key for key in ("identities", "users") if isinstance(tree, Mapping) and key in tree), None)
    listed = tree[key] if key is not None and isinstance(tree, Mapping) else None
    if key is None or not isinstance(listed, list) or not listed:
        raise UsageProblem(str(file), "the key credentials, or a list under the key identities", "something else")
    found = []
    for index, user in enumerate(listed):
        place = (key, index)
        if not isinstance(user, Mapping):
            raise UsageProblem(source.location(place), "an identity with name and credentials", "something else")
        found.append(_parse_identity(source, place, user, spec, file.parent))
    names = [identity.name for identity in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageProblem(source.location((key,)), "each name once", f"{name!r} more than once")
    return tuple(found)


def _load_secret_file(file: Path) -> SourceFile:
    """The file; what is wrong with it is told by its line alone, for what stands there may be a secret."""
    try:
        return load_source_file(file)
    except SourceFileErrors as problems:
        where = problems.errors[0].where
    except SourceFileError as problem:
        if not problem.where.removeprefix(str(file)).startswith(":"):
            raise
        where = problem.where
    raise UsageProblem(where, "well-formed YAML, with quotes around values that are no plain words", "something else")


def _parse_identity(
    source: SourceFile, place: tuple[str | int, ...], user: Mapping[str, PlainValue], spec: Spec, folder: Path
) -> ClientIdentity:
    where = source.location(place)
    for key in user:
        if key not in _USER_KEYS:
            here, expected = source.location((*place, key)), f"one of {', '.join(_USER_KEYS)}"
            raise UsageProblem(here, expected, repr(key), did_you_mean(str(key), _USER_KEYS))
    name, held = user.get("name"), user.get("credentials")
    if not isinstance(name, str) or not name or not isinstance(held, Mapping) or not held:
        raise UsageProblem(where, "a name, and credentials by name", "one of them is missing")
    access = spec.listing.access
    credentials: dict[str, str] = {}
    for key, value in held.items():
        known = _find_credential_name(access, key)
        here = source.location((*place, "credentials", key))
        if known is None:
            raise _unknown_credential(here, access, key, api=spec.id)
        credentials[known] = _parse_credential(access, known, value, here, folder)
    customer, everyone = user.get("customer"), user.get("everyone")
    if customer is not None and not is_integer(customer) and not isinstance(customer, str):
        raise UsageProblem(source.location((*place, "customer")), "an integer or a text", repr(customer))
    if everyone is not None and not isinstance(everyone, bool):
        raise UsageProblem(source.location((*place, "everyone")), "true or false", repr(everyone))
    return ClientIdentity(
        name=name,
        credentials=_wrap_secrets(with_pairs_taken_apart(access, credentials), access),
        role=_parse_role(source, place, user),
        customer=customer,
        everyone=everyone,
    )


def _parse_role(source: SourceFile, place: tuple[str | int, ...], user: Mapping[str, PlainValue]) -> str | None:
    role, roles = user.get("role"), user.get("roles")
    if role is not None and not isinstance(role, str):
        raise UsageProblem(source.location((*place, "role")), "a text", repr(role))
    if roles is None or role is not None:
        return role
    if not isinstance(roles, list) or not all(isinstance(one, str) for one in roles):
        raise UsageProblem(source.location((*place, "roles")), "a list of texts", repr(roles))
    # An identity with several roles proves nothing about any one of them.
    return str(roles[0]) if len(roles) == 1 else None if roles else "no-role"


def _parse_credential(access: Access, name: str, value: PlainValue, where: str, folder: Path) -> str:
    if isinstance(value, Mapping) and set(value) == {"file"}:
        return _read_text_file(folder / str(value["file"]), where)
    if isinstance(value, str) or is_integer(value):
        return _credential_text(access, name, str(value), where=where, folder=folder)
    raise UsageProblem(where, "a text, or {file: PATH}", "something else")


def _credential_text(access: Access, name: str, value: str, *, where: str, folder: Path | None = None) -> str:
    """The value itself, or for a private key that is not PEM the content of the file it names."""
    if access.jwt is None or name != access.jwt.private_key or is_shared_key(access.jwt):
        return value
    # A variable or an option often carries the line ends of a key as \n.
    text = value.replace("\\n", "\n") if "-----BEGIN" in value else _read_text_file((folder or Path()) / value, where)
    if "-----BEGIN" not in text or "PRIVATE KEY" not in text:
        raise UsageProblem(where, "a private key in PEM form, or the path of its file", "something else")
    return text


def _read_text_file(path: Path, where: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
        # The end of the line is that of the file, and no part of the secret in it; a key has lines of its own.
        return text if "-----BEGIN" in text else text.rstrip("\r\n")
    except UnicodeDecodeError as problem:
        raise UsageProblem(where, "a text file", "a file that is not UTF-8") from problem
    except OSError as problem:
        # The name is not told: it may be a secret that was taken for a path.
        raise UsageProblem(where, "a readable file", (problem.strerror or "an error").lower()) from None


def _find_credential_name(access: Access, name: str) -> str | None:
    names = all_credential_names(access)
    if name in names:
        return name
    return next((known for known in names if known.lower() == name.lower()), None)


def _unknown_credential(where: str, access: Access, name: str, *, api: str) -> UsageProblem:
    names = all_credential_names(access)
    expected = f"a credential of {api}: {', '.join(names)}"
    return UsageProblem(where, expected, repr(name), did_you_mean(name, names))


def _wrap_secrets(credentials: Mapping[str, str], access: Access) -> Mapping[str, str]:
    secret = secret_credential_names(access)
    return {name: Secret(value) if name in secret else value for name, value in credentials.items()}


# --- signed tokens ------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class TokenMaking:
    """How a token was made: its times in seconds from when it was sent, and the name of what was done to it then.

    `way` is one of `ALTERATIONS` or of what `_wrong_signed_tokens` does; empty for a right one.
    """

    issued: int
    expires: int
    way: str = ""


@final
class SignedToken(Secret):
    """A token that was signed for a request; `made` says how, so that another one can be made for it."""

    __slots__ = ("made",)
    made: TokenMaking

    def __new__(cls, text: str, made: TokenMaking) -> SignedToken:
        token = super().__new__(cls, text)
        token.made = made
        return token

    def altered(self, text: str, way: str) -> SignedToken:
        """What became of this token in some way."""
        return SignedToken(text, replace(self.made, way=way))


def bearer_token(identity: ClientIdentity, *, access: Access, now: datetime) -> Secret | None:
    """The token to send now: the given one, or one signed with the identity's key; None with neither.

    The same identity and instant give the same token.
    """
    given = identity.credentials
    held = given.given if isinstance(given, FreshCredentials) else given
    if held.get(access.token):
        return Secret(held[access.token])
    jwt = access.jwt
    if jwt is None or not can_sign(held, jwt):
        return None
    issued = int(now.timestamp()) - _BACKDATED_SECONDS
    claims = token_claims(jwt, held[jwt.issuer], issued=issued, expires=issued + jwt.longest_seconds)
    key_id = held[jwt.key_id] if jwt.key_id is not None else None
    text = sign_token(claims, key_id=key_id, private_key=held[jwt.private_key], algorithm=jwt.algorithm)
    return SignedToken(text, TokenMaking(-_BACKDATED_SECONDS, jwt.longest_seconds - _BACKDATED_SECONDS))


def token_claims(jwt: Jwt, issuer: str, *, issued: int, expires: int) -> Mapping[str, str | int]:
    """The claims of a token, times in seconds since 1970. The same arguments give the same claims, fresh ones too."""
    fresh = {name: str(uuid5(NAMESPACE_OID, f"{name} {issuer} {issued} {expires}")) for name in jwt.fresh_claims}
    return {jwt.issuer_claim: issuer, "iat": issued, "exp": expires, **fresh}


def can_sign(credentials: Mapping[str, str], jwt: Jwt) -> bool:
    """Whether all that a signed token needs is there."""
    return all(credentials.get(name) for name in signing_credentials(jwt))


def signing_credentials(jwt: Jwt) -> tuple[str, ...]:
    """The credentials that it takes to sign a token."""
    return tuple(name for name in (jwt.issuer, jwt.key_id, jwt.private_key) if name is not None)


def signing_line(access: Access) -> str:
    """A line for a shell, where the harness is installed, that prints a token to send; empty where none is signed."""
    jwt = access.jwt
    if jwt is None:
        return ""
    key, key_word = ("k", "") if is_shared_key(jwt) else ("open(k).read()", "_FILE")
    claims = "".join(f', "{name}": str(t)' for name in jwt.fresh_claims)
    headers = ', headers={"kid": n}' if jwt.key_id is not None else ""
    code = (
        f"import jwt, sys, time; {'i, n, k' if headers else 'i, k'} = sys.argv[1:]; t = int(time.time()) - 5; "
        f'print(jwt.encode({{"{jwt.issuer_claim}": i, "iat": t, "exp": t + {jwt.longest_seconds}{claims}}}, '
        f'{key}, "{jwt.algorithm}"{headers}))'
    )
    return f"python3 -c '{code}' {' '.join(name.upper() for name in signing_credentials(jwt))}{key_word}"


def sign_token(claims: Mapping[str, Any], *, key_id: str | None, private_key: str, algorithm: str) -> Secret:
    """A JWT with these claims. Raises UsageProblem for a key that cannot sign."""
    import jwt as pyjwt

    try:
        headers = None if key_id is None else {"kid": key_id}
        return Secret(pyjwt.encode(dict(claims), private_key, algorithm=algorithm, headers=headers))
    except (pyjwt.PyJWTError, ValueError, TypeError, NotImplementedError) as problem:
        raise UsageProblem("the private key", f"a key that can sign with {algorithm}", "one that cannot") from problem


@final
class FreshCredentials(Mapping[str, str]):
    """Credentials whose token is signed anew whenever the last one is about to expire.

    `given` is what they are made from; `on_token` hears of each new token, so that it can be redacted.
    """

    def __init__(
        self,
        given: Mapping[str, str],
        *,
        access: Access,
        clock: Callable[[], datetime],
        on_token: Callable[[str], None] | None = None,
    ) -> None:
        self.given: Final = dict(given)
        self._access = access
        self._clock = clock
        self._on_token = on_token
        self._token: Secret | None = None
        self._renew_at = 0.0

    def __getitem__(self, name: str) -> str:
        if name == self._access.token and not self.given.get(name):
            return self._current_token()
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.given
        if self._access.token not in self.given:
            yield self._access.token

    def __len__(self) -> int:
        return len(set(self))

    def __repr__(self) -> str:
        return "FreshCredentials(***)"

    def _current_token(self) -> Secret:
        now = self._clock()
        jwt = self._access.jwt
        if self._token is None or jwt is None or now.timestamp() >= self._renew_at:
            token = bearer_token(ClientIdentity(name="", credentials=self.given), access=self._access, now=now)
            if token is None or jwt is None:
                raise KeyError(self._access.token)
            self._token = token
            self._renew_at = now.timestamp() + max(1, jwt.longest_seconds - _RENEWED_BEFORE_SECONDS)
            if self._on_token is not None:
                self._on_token(token)
        return self._token


def with_fresh_token(
    identity: ClientIdentity,
    *,
    access: Access,
    clock: Callable[[], datetime],
    on_token: Callable[[str], None] | None = None,
) -> ClientIdentity:
    """The identity with a token that is always in time, where it holds a key and no token; else as it is."""
    jwt = access.jwt
    if jwt is None or identity.credentials.get(access.token) or not can_sign(identity.credentials, jwt):
        return identity
    fresh = FreshCredentials(identity.credentials, access=access, clock=clock, on_token=on_token)
    return ClientIdentity(
        name=identity.name,
        credentials=fresh,
        role=identity.role,
        customer=identity.customer,
        everyone=identity.everyone,
    )
