"""Authentication of the simulated API: the users a simulator knows, and the checks of their credentials."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, final

from harness.errors import UsageProblem, did_you_mean
from harness.integers import is_integer
from harness.output.bounded_files import read_at_most
from harness.specification.access import is_shared_key, key_of, log_in_of, session_way, way_credentials, ways_of
from harness.specification.load import Spec
from harness.specification.model import Access, AccessWay, Jwt, Signature
from harness.specification.yaml_source import PlainValue, load_source_file
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.wire.request_signature import is_in_time, make_signature, read_signature
from harness.world.customers import Customers

DEFAULT_USER: Final = "default"
_LONGEST_CREDENTIAL: Final = 65536
NO_ROLE_USER: Final = "no-role"
CHILD_USER: Final = "child"
FOREIGN_USER: Final = "foreign"
_USER_KEYS: Final = ("name", "credentials", "roles", "customer", "everyone")
_LONGEST_TOKEN: Final = 8192
_MAX_CACHED_TOKENS: Final = 1024
_SKEW_SECONDS: Final = 60


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedUser:
    """One user of the simulated API: credentials by their names in the spec, roles, and whose calls are its own.

    `everyone` says that it may look at every customer; without it only at its own and those below.
    `customer_id` None means a user of an API without customers.
    """

    name: str
    credentials: Mapping[str, str] = field(repr=False)
    roles: tuple[str, ...] = ()
    customer_id: int | None = None
    everyone: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An RSA key pair for signed tokens, as PEM."""

    private_pem: str = field(repr=False)

    @property
    def public_pem(self) -> str:
        """The public key, as PEM."""
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )

        key = load_pem_private_key(self.private_pem.encode(), password=None)
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def make_key_pair() -> KeyPair:
    """A fresh RSA key pair for signed tokens; the one thing here that no seed decides."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(private_pem=pem.decode())


# --- identities ---------------------------------------------------------------------------------------------


def built_in_users(
    spec: Spec, *, customers: Customers, home: int, key: KeyPair | None = None
) -> tuple[SimulatedUser, ...]:
    """The users that a simulator knows without a users file, the default one first.

    | name | credentials (a pair; a token or a key) | may see |
    |---|---|---|
    | `default` | the document's example; `callharness-token` | all; its own is the home customer |
    | `role-ROLE` | user `role-ROLE`, password `callharness-role-ROLE`; `callharness-token-role-ROLE` | as default |
    | `no-role` | `no-role`, `callharness-no-role`; `callharness-token-no-role` | nothing: its role does not suffice |
    | `child` | `child`, `callharness-child`; `callharness-token-child` | a child of the home customer, and below |
    | `foreign` | `foreign`, `callharness-foreign`; `callharness-token-foreign` | another customer, not related |

    The document's example counts wherever it names a credential. A key is called as a token is, with the credential's
    name in place of `token`, and so are what requests are signed with and whose it is; an account of `accounts` is
    `account`, or `account-NAME`. A session's token follows from name and password.
    Spaces in a role become hyphens. With a key pair each also has a signed identity, of the key id
    `callharness-key` or `callharness-key-NAME`. Identities of roles exist where the spec names roles.
    """
    access = spec.listing.access
    all_roles = access.roles
    found = [_built_in_user(access, DEFAULT_USER, roles=all_roles, customer_id=home, everyone=True, key=key)]
    for role in all_roles:
        name = f"role-{_slug(role)}"
        found.append(_built_in_user(access, name, roles=(role,), customer_id=home, everyone=True, key=key))
    if all_roles:
        found.append(_built_in_user(access, NO_ROLE_USER, roles=(), customer_id=home, everyone=True, key=key))
    children = customers.children_of(home)
    if children:
        found.append(_built_in_user(access, CHILD_USER, roles=all_roles, customer_id=children[0].id, key=key))
    foreign = _foreign_customer_id(customers, home)
    if foreign is not None:
        found.append(_built_in_user(access, FOREIGN_USER, roles=all_roles, customer_id=foreign, key=key))
    return tuple(found)


def _foreign_customer_id(customers: Customers, home: int) -> int | None:
    related = {home, *(member.id for member in customers.descendants_of(home))}
    above = {member.id for member in customers.ancestors_of(home)}
    outside = [member for member in customers.members if member.id not in related | above]
    outside.sort(key=lambda member: -member.share)
    return outside[0].id if outside else None


def _built_in_user(
    access: Access,
    name: str,
    *,
    roles: tuple[str, ...],
    customer_id: int,
    everyone: bool = False,
    key: KeyPair | None,
) -> SimulatedUser:
    suffix = "" if name == DEFAULT_USER else f"-{name}"
    credentials: dict[str, str] = {}
    for way in ways_of(access):
        credentials |= _built_in_credentials(way, name, suffix)
    session = log_in_of(access)
    further = session.further.values() if session is not None else ()
    # Where the name of a user is the account, it stays.
    accounts = (one for one in access.accounts if one not in credentials or one in further)
    credentials |= dict.fromkeys(accounts, f"account{suffix}")
    if name == DEFAULT_USER:
        credentials |= access.example
    for legacy in access.legacy:
        for place, parameter in enumerate(legacy.parameters):
            # The first of a pair says who, the second proves it.
            value = str(customer_id) if place == 0 else f"callharness-key-{parameter}{suffix}"
            credentials.setdefault(parameter, value)
    if access.jwt is not None and (key is not None or is_shared_key(access.jwt)):
        credentials.setdefault(access.jwt.issuer, str(customer_id))
        if access.jwt.key_id is not None:
            credentials[access.jwt.key_id] = f"callharness-key{suffix}"
        shared = f"callharness-shared-secret-of-{name}".ljust(64, "x")
        credentials[access.jwt.private_key] = key.private_pem if not is_shared_key(access.jwt) and key else shared
    user = SimulatedUser(name=name, credentials=credentials, roles=roles, customer_id=customer_id, everyone=everyone)
    return with_session_token(access, user)


def _built_in_credentials(way: AccessWay, name: str, suffix: str) -> dict[str, str]:
    """The credentials that a built-in user has for a way in; a pair is the user's name and a password of its own."""
    session = way.session if way.kind == "session" else None
    pair = (session.user, session.password) if session is not None else (way.user, way.password)
    if way.kind in ("password", "basic", "session"):
        values = (name, f"callharness-{name}")
        further = session.further.values() if session is not None else ()
        made_up = {other: f"callharness-{_slug(other)}{suffix}" for other in further}
        return {**made_up, **{key: value for key, value in zip(pair, values, strict=True) if key is not None}}
    if way.signature is not None:
        return {one: f"callharness-{_slug(one)}{suffix}" for one in way.signature.credential_names}
    key = key_of(way)
    if key is None:
        return {}
    word = "token" if way.kind == "bearer" else _slug(key.credential)
    return {key.credential: f"callharness-{word}{suffix}"}


def with_session_token(access: Access, user: SimulatedUser) -> SimulatedUser:
    """The user with the token that its name and password open, where tokens are given for them."""
    way = session_way(access)
    if way is None or way.session is None:
        return user
    known = [user.credentials.get(name) for name in way.session.credential_names]
    if None in known:
        return user
    # Always the same: an answer follows from its request alone.
    token = hashlib.sha256("\0".join(("callharness-session", *map(str, known))).encode()).hexdigest()[:40]
    return replace(user, credentials={**user.credentials, way.token: token})


def default_credentials(access: Access) -> Mapping[str, str]:
    """What a client must give to be the default user of a simulator: the credentials of the document's example."""
    user = _built_in_user(access, DEFAULT_USER, roles=(), customer_id=0, key=None)
    session = log_in_of(access)
    first = ways_of(access)[0]
    names = session.credential_names if first.kind == "session" and session else way_credentials(first)
    return {name: user.credentials[name] for name in dict.fromkeys((*names, *access.accounts))}


def _slug(role: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", role.lower()).strip("-")


def read_users_file(path: Path) -> tuple[SimulatedUser, ...]:
    """The users in a YAML file: `users:`, a list of name, credentials, roles, customer, everyone. Raises
    UsageProblem.

    A credential may be given as `{file: PATH}`, relative to the YAML file (a private key, say).
    """
    source = load_source_file(path)
    users = source.tree.get("users") if isinstance(source.tree, Mapping) else None
    if not isinstance(users, list) or not users:
        raise UsageProblem(str(path), "a list of identities under the key users", "something else")
    found = []
    for index, user in enumerate(users):
        where = source.location(("users", index))
        if not isinstance(user, Mapping):
            raise UsageProblem(where, "an identity with name and credentials", "something else")
        for key in user:
            if key not in _USER_KEYS:
                expected = f"one of {', '.join(_USER_KEYS)}"
                here = source.location(("users", index, key))
                raise UsageProblem(here, expected, repr(key), did_you_mean(str(key), _USER_KEYS))
        missing = [key for key in ("name", "credentials") if key not in user]
        if missing:
            raise UsageProblem(where, "name and credentials", f"no {' and no '.join(missing)}")
        found.append(_decode_user(where, path.parent, user))
    return tuple(found)


def _decode_user(where: str, folder: Path, user: Mapping[str, PlainValue]) -> SimulatedUser:
    credentials, roles = user["credentials"], user.get("roles", [])
    customer, everyone = user.get("customer"), user.get("everyone", False)
    if not isinstance(credentials, Mapping) or not credentials:
        raise UsageProblem(where, "credentials by name", "something else")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise UsageProblem(where, "roles as a list of texts", "something else")
    if customer is not None and not is_integer(customer):
        raise UsageProblem(where, "customer as an integer", repr(customer))
    if not isinstance(everyone, bool):
        raise UsageProblem(where, "everyone as true or false", repr(everyone))
    return SimulatedUser(
        name=str(user["name"]),
        credentials={name: _decode_credential(where, folder, value) for name, value in credentials.items()},
        roles=tuple(str(role) for role in roles),
        customer_id=customer,
        everyone=everyone,
    )


def _decode_credential(where: str, folder: Path, value: PlainValue) -> str:
    if isinstance(value, Mapping) and set(value) == {"file"}:
        file = folder / str(value["file"])
        try:
            text = read_at_most(file, _LONGEST_CREDENTIAL).decode("utf-8")
        except OSError as error:
            raise UsageProblem(where, f"a readable file {file}", error.strerror or "an error") from None
        except UnicodeDecodeError:
            raise UsageProblem(where, f"a file of text {file}", "bytes that are not UTF-8") from None
        if len(text) > _LONGEST_CREDENTIAL:
            raise UsageProblem(where, f"a credential of at most {_LONGEST_CREDENTIAL} characters", f"more in {file}")
        # Editors end a file with a line end, which belongs to no password.
        return text.rstrip("\r\n")
    if isinstance(value, str) or is_integer(value):
        return str(value)
    raise UsageProblem(where, "a text, or {file: PATH}", "something else")


# --- checks of credentials ------------------------------------------------------------------------------------


class _WaysIn(NamedTuple):
    """The ways in, the credentials of the first, each way by its credentials, and all sets that may be given."""

    ways: tuple[AccessWay, ...]
    first: tuple[str, ...]
    by_names: Mapping[tuple[str, ...], AccessWay]
    sets: tuple[tuple[str, ...], ...]


@final
@dataclass(frozen=True, kw_only=True)
class Authenticator:
    """Decides which user sends a request.

    With `any_jwt` a well-formed, unexpired token of any key counts as the first user.
    """

    access: Access
    users: tuple[SimulatedUser, ...]
    any_jwt: bool = False
    # Reading a private key takes longer than checking a signature: the public keys are cached.
    _public_keys: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    # Tokens whose signature was right, until they expire: clients send one many times.
    _verified_tokens: dict[str, tuple[SimulatedUser, Mapping[str, Any]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    # Credentials that were right once: identities do not change.
    _verified_credentials: dict[tuple[str, ...], SimulatedUser] = field(
        default_factory=dict, repr=False, compare=False
    )

    def authenticate(self, ask: ListRequest, now: datetime) -> SimulatedUser | RefusedRequest:
        """The user who sends a request, or the fault for bad credentials or a role that may not read the list.

        `now` is the wall clock, by which tokens expire.
        """
        user = self.identify_user(ask, now)
        if isinstance(user, RefusedRequest):
            return user
        if self.access.roles and not set(self.access.roles) & set(user.roles):
            return RefusedRequest(fault=self.access.role_fault)
        return user

    @cached_property
    def _ways_in(self) -> _WaysIn:
        ways = ways_of(self.access)
        return _WaysIn(
            ways,
            way_credentials(ways[0]),
            {way_credentials(way): way for way in reversed(ways)},
            (*map(way_credentials, ways), *(legacy.parameters for legacy in self.access.legacy)),
        )

    def identify_user(self, ask: ListRequest, now: datetime) -> SimulatedUser | RefusedRequest:
        """The user who sends a request, whatever its roles, or the fault that the request gets."""
        access = self.access
        ways, first, by_names, sets = self._ways_in
        if ask.log_in:
            return self._identify_by_password(ask)
        if ways[0].kind == "none":
            return self.users[0]
        given = [names for names in sets if all(ask.credentials.get(name) for name in names)]
        if not given:
            some = next((name for name in first if not ask.credentials.get(name)), "")
            return RefusedRequest(
                fault=access.missing_fault, parameter=some if ways[0].kind in ("password", "basic") else ""
            )
        names = given[0]
        way = by_names.get(names)
        if way is not None and way.signature is not None:
            signer = user_who_signed(way.signature, self.users, ask, now)
            return RefusedRequest(fault=access.wrong_fault) if signer is None else signer
        if way is not None and way.kind == "bearer":
            if ask.scheme is not None and ask.scheme.lower() != "bearer":
                return RefusedRequest(fault=access.wrong_fault)
            token = ask.credentials[way.token]
            if access.jwt is not None and is_signed_token(token):
                return self._authenticate_token(access.jwt, token, now)
        return self._user_with(ask, names)

    def _identify_by_password(self, ask: ListRequest) -> SimulatedUser | RefusedRequest:
        """The user whose name and password ask for a token."""
        session = log_in_of(self.access)
        names = session.credential_names if session is not None else ()
        missing = next((name for name in names if not ask.credentials.get(name)), None)
        if missing is not None:
            return RefusedRequest(fault=self.access.missing_fault, parameter=missing)
        return self._user_with(ask, names)

    def _user_with(self, ask: ListRequest, names: tuple[str, ...]) -> SimulatedUser | RefusedRequest:
        """The user who has the credentials of these names, or the fault for wrong ones."""
        access = self.access
        # In a body of JSON a credential may be anything.
        given_as_text = all(isinstance(ask.credentials[name], str) for name in names)
        shown = (*names, *(ask.credentials[name] for name in names)) if given_as_text else ()
        known = self._verified_credentials.get(shown)
        if known is not None:
            return known
        matching = [identity for identity in self.users if _credentials_match(identity, names, ask.credentials)]
        if not matching:
            return RefusedRequest(fault=access.wrong_fault)
        if len(self._verified_credentials) >= _MAX_CACHED_TOKENS:
            self._verified_credentials.clear()
        if shown:
            self._verified_credentials[shown] = matching[0]
        return matching[0]

    def _authenticate_token(self, jwt: Jwt, token: str, now: datetime) -> SimulatedUser | RefusedRequest:
        import jwt as pyjwt

        refused = RefusedRequest(fault=self.access.wrong_fault)
        if len(token) > _LONGEST_TOKEN:
            return refused
        remembered = self._verified_tokens.get(token)
        if remembered is not None:
            if _is_token_current(remembered[1], now, longest=jwt.longest_seconds):
                return remembered[0]
            self._verified_tokens.pop(token, None)
            return refused
        try:
            known = self._users_of_key(jwt, token)
            if not known and not self.any_jwt:
                return refused
            user = known[0] if known else self.users[0]
            key_pem = user.credentials.get(jwt.private_key)
            if key_pem is None and not self.any_jwt:
                return refused
            claims = _decode_claims(jwt, token, None if self.any_jwt else self._public_key_of(key_pem or ""))
        except (pyjwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return refused
        if not _is_token_current(claims, now, longest=jwt.longest_seconds):
            return refused
        issuer = claims.get(jwt.issuer_claim)
        if not all(claims.get(name) for name in jwt.fresh_claims):
            return refused
        if not self.any_jwt and not _texts_match(user.credentials.get(jwt.issuer), issuer):
            return refused
        if len(self._verified_tokens) >= _MAX_CACHED_TOKENS:
            self._verified_tokens.clear()
        self._verified_tokens[token] = (user, claims)
        return user

    def _users_of_key(self, jwt: Jwt, token: str) -> list[SimulatedUser]:
        """The users whose key a token names, or, where keys have no names, whose token it says it is."""
        read = decode_unverified_token(token)
        if read is None:
            return []
        header, claims = read
        named, name = (
            (jwt.issuer, claims.get(jwt.issuer_claim)) if jwt.key_id is None else (jwt.key_id, header.get("kid"))
        )
        return [user for user in self.users if _texts_match(user.credentials.get(named), name)]

    def _public_key_of(self, pem: str) -> str:
        found = self._public_keys.get(pem)
        if found is None:
            found = self._public_keys[pem] = KeyPair(private_pem=pem).public_pem if "PRIVATE" in pem else pem
        return found


def user_who_signed(
    rules: Signature, users: Iterable[SimulatedUser], ask: ListRequest, now: datetime | None
) -> SimulatedUser | None:
    """The user whose secret made the signature of a request, about now; without `now` whenever that was."""
    if ask.signed is None:
        return None
    told = read_signature(rules, ask.signed)
    if now is not None and not is_in_time(rules, told, now):
        return None
    given = told.pop("signature", "")
    for user in users:
        secret = user.credentials.get(rules.secret)
        whose = rules.key is None or _texts_match(user.credentials.get(rules.key), told.get("key"))
        if whose and secret and _texts_match(make_signature(rules, ask.signed, told, secret), given):
            return user
    return None


def is_signed_token(token: object) -> bool:
    """Whether a token has the three parts of a signed one."""
    return isinstance(token, str) and token.count(".") == 2


def _decode_claims(jwt: Jwt, token: str, key_pem: str | None) -> Mapping[str, Any]:
    import jwt as pyjwt

    # Only the signature is the library's to check: it reads its own clock, and wants texts where numbers are legal.
    names = ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")
    options: Any = {"verify_signature": key_pem is not None} | {f"verify_{name}": False for name in names}
    if key_pem is None:
        return dict(pyjwt.decode(token, options=options))
    return dict(pyjwt.decode(token, key_pem, algorithms=[jwt.algorithm], options=options))


def decode_unverified_token(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Header and claims of a signed token as they stand, or None for a text that is none."""
    import jwt as pyjwt

    if len(token) > _LONGEST_TOKEN:
        return None
    try:
        options: Any = {"verify_signature": False}
        return pyjwt.get_unverified_header(token), dict(pyjwt.decode(token, options=options))
    except (pyjwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        return None


def _is_token_current(claims: Mapping[str, Any], now: datetime, *, longest: int) -> bool:
    issued, expires = _number_or_none(claims.get("iat")), _number_or_none(claims.get("exp"))
    if issued is None or expires is None:
        return False
    wall = now.timestamp()
    return issued <= wall + _SKEW_SECONDS and wall < expires <= issued + longest


def _number_or_none(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _credentials_match(identity: SimulatedUser, names: tuple[str, ...], given: Mapping[str, str]) -> bool:
    # No short cut: the time of a comparison says nothing about where it failed.
    same = [_texts_match(identity.credentials.get(name), given.get(name)) for name in names]
    return all(same)


def _texts_match(ours: str | None, theirs: object) -> bool:
    if ours is None or not (isinstance(theirs, str) or is_integer(theirs)):
        return False
    return hmac.compare_digest(ours.encode(), str(theirs).encode("utf-8", "surrogatepass"))
