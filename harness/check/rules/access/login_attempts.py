"""Credentials that must be refused, way by way: missing, empty, half, nearly right, of another, elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from harness.check.context import CheckContext, ClientIdentity
from harness.check.credentials import (
    SignedToken,
    TokenMaking,
    can_sign,
    sign_token,
    signing_credentials,
    token_claims,
)
from harness.check.secret_alterations import ALTERATIONS
from harness.check.signed_requests import RequestEdit, SignedEdit, with_altered_signature
from harness.errors import UsageProblem
from harness.specification.access import account_names, is_settled, key_of, signature_of, way_credentials, ways_of
from harness.specification.model import AccessKey, AccessWay, Clauses, Jwt, LogIn, Signature, all_clauses
from harness.specification.signed_text import covered_parts
from harness.wire.decoded_body import Tree
from harness.wire.forms import encode_pairs
from harness.wire.http_messages import HttpRequest

_HOUR: Final = 3600
_WELL_BEYOND_SECONDS: Final = 600
_SIGNATURE_CHANGES: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("the first half of the", lambda text: text[: len(text) // 2]),
    ("another", lambda text: text[::-1]),
)


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Credentials that must be refused, the fault that is due and the clauses that promise it.

    `edit` changes the finished request, a SignedEdit after it was signed; with `log_in` they ask for a token. Who
    takes those of `habit` as well reads all that is given so, and promises nothing else: blanks around values are
    cut off by many frameworks (`trimmed_values`, foreign servers).
    """

    purpose: str
    credentials: Mapping[str, str]
    fault: str
    clauses: Clauses
    _: KW_ONLY
    scheme: str | None = None
    example: bool = False
    log_in: bool = False
    habit: Mapping[str, str] | None = None
    edit: RequestEdit | SignedEdit | None = field(default=None, compare=False)


def example_values(context: CheckContext) -> dict[str, Tree]:
    """The parameters as the document shows them."""
    return {
        name: parameter.example
        for name, parameter in context.listing.parameters.items()
        if parameter.example is not None and parameter.required is not None
    }


def documented_credentials(context: CheckContext, identity: ClientIdentity) -> dict[str, str]:
    """The credentials that the documented way of asking carries, and no others but the account's name."""
    held = identity.credentials
    own = (*way_credentials(way_of(context, identity)), *account_names(context.listing))
    return {name: held[name] for name in own if name in held}


def way_of(context: CheckContext, identity: ClientIdentity) -> AccessWay:
    """The way in by which an identity asks: the first that its credentials suffice for."""
    held = identity.credentials
    ways = ways_of(context.listing.access)
    sufficient = (way for way in ways if (names := way_credentials(way)) and all(name in held for name in names))
    return next(sufficient, ways[0])


# --- attempts by way ----------------------------------------------------------------------------------------


def missing_attempts(context: CheckContext) -> Iterator[LoginAttempt]:
    """Requests without credentials, or with half of them."""
    way = way_of(context, context.identity)
    if way.kind in ("password", "basic"):
        yield from _missing_halves(context, way)
    elif way.kind != "none":
        yield from _missing_secret(context)


def wrong_attempts(context: CheckContext) -> Iterator[LoginAttempt]:
    """Requests with credentials that are not quite right."""
    way = way_of(context, context.identity)
    if way.kind in ("password", "basic"):
        yield from _wrong_passwords(context, way)
    elif way.kind == "bearer":
        yield from _wrong_tokens(context)
    elif way.signature is not None:
        own = documented_credentials(context, context.identity)
        yield from wrong_signatures(context, way.signature, own, way.refused_clause)
    else:
        yield from _wrong_keys(context, way)
    yield from _attempts_elsewhere(context, way)


def _missing_secret(context: CheckContext) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    fault = rules.missing_fault
    missing = rules.clauses.missing_refused or rules.clauses.wrong_refused
    yield LoginAttempt("no credentials", {}, fault, missing)
    own = documented_credentials(context, context.identity)
    signature = signature_of(rules, own)
    if signature is not None and signature.key is not None:
        unsigned = {name: text for name, text in own.items() if name != signature.secret}
        yield LoginAttempt("a request that is not signed", unsigned, _either_fault(context), missing)
    if example_values(context):
        yield LoginAttempt("the documented example without credentials", {}, fault, missing, example=True)


def _missing_halves(context: CheckContext, way: AccessWay) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    fault = rules.missing_fault
    missing = rules.clauses.missing_refused
    own = documented_credentials(context, context.identity)
    for name, clauses in ((way.user, rules.clauses.user_required), (way.password, rules.clauses.password_required)):
        if name is not None and name in own:
            rest = {other: text for other, text in own.items() if other != name}
            yield LoginAttempt(f"no {name}", rest, fault, clauses or missing)
    both = missing or rules.clauses.user_required or rules.clauses.password_required
    if way.kind == "basic":
        both = both or rules.clauses.wrong_refused
    yield LoginAttempt("no credentials", {}, fault, both, example=True)
    if way.password is not None:
        blank = {**own, way.password: ""}
        clauses = rules.clauses.password_required or rules.clauses.wrong_refused
        yield LoginAttempt("an empty password", blank, fault, clauses)


def _wrong_passwords(context: CheckContext, way: AccessWay) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    own = documented_credentials(context, context.identity)
    if way.user is None or way.password is None or way.user not in own or way.password not in own:
        return
    clauses = rules.clauses.wrong_refused
    yield from _wrong_pairs(context, (way.user, way.password), own, clauses)
    if way.kind == "basic":
        # What another word, or a text that is no pair, counts as is not said: only that it does not suffice.
        fault = _either_fault(context)
        yield LoginAttempt(
            "name and password after another word than Basic",
            own,
            fault,
            clauses or rules.clauses.missing_refused,
            scheme="Bearer",
        )
        yield LoginAttempt(
            "name and password that are not encoded",
            own,
            fault,
            clauses or rules.clauses.missing_refused,
            edit=_with_header("Authorization", f"Basic {own[way.user]}:{own[way.password]}"),
        )


def _wrong_pairs(
    context: CheckContext, names: tuple[str, ...], own: Mapping[str, str], clauses: Clauses, *, log_in: bool = False
) -> Iterator[LoginAttempt]:
    """A name and a password, one of them altered, or a secret alone."""
    password = names[-1]
    fault = context.listing.access.wrong_fault
    others = [
        held[password]
        for identity in context.identities
        if password in (held := identity.credentials) and held[password] != own[password]
    ]
    near = [*altered_secrets(own[password])]
    # Alone it says who it is.
    near += [("another user's", text) for text in others[:1] if len(names) > 1]
    for what, text in near:
        yield LoginAttempt(
            f"the right user with {what} password", {**own, password: text}, fault, clauses, log_in=log_in
        )
    # Tokens travel in headers, whose ends do not count.
    padded = {**own, password: f"{own[password]} "}
    trimmed = {**own, names[0]: f"{own[names[0]]} "} if len(names) > 1 else None
    purpose = "the right user with a padded password"
    yield LoginAttempt(purpose, padded, fault, clauses, log_in=log_in, habit=trimmed)
    for user in names[:-1]:
        altered = (("a wrong user", own[user] + "x"), ("a pattern for the user", ALTERATIONS["pattern"](own[user])))
        for what, text in altered:
            yield LoginAttempt(f"{what} with the right password", {**own, user: text}, fault, clauses, log_in=log_in)


def log_in_attempts(context: CheckContext, session: LogIn) -> Iterator[LoginAttempt]:
    """Names and passwords that must get no token."""
    rules, held = context.listing.access, context.identity.credentials
    own = {name: held[name] for name in session.credential_names if held.get(name)}
    clauses = session.refused_clause
    if len(own) < len(session.credential_names) or not clauses:
        return
    for name in own:
        rest = {other: text for other, text in own.items() if other != name}
        for what, credentials in ((f"no {name}", rest), (f"an empty {name}", {**own, name: ""})):
            yield LoginAttempt(f"log in with {what}", credentials, rules.missing_fault, clauses, log_in=True)
    for attempt in _wrong_pairs(context, session.own_names, own, clauses, log_in=True):
        yield replace(attempt, purpose=f"log in with {attempt.purpose}")
    for name in session.further.values():
        # The id of an account may be read in any case, and with blanks around it.
        altered = altered_secrets(own[name]) if name not in rules.accounts else ()
        for what, text in (("a wrong", f"not-a-{name.lower()}"), *altered):
            yield LoginAttempt(
                f"log in with {what} {name}", {**own, name: text}, rules.wrong_fault, clauses, log_in=True
            )


def _wrong_keys(context: CheckContext, way: AccessWay) -> Iterator[LoginAttempt]:
    """A key, or the token of a session, that is not quite right."""
    rules, key, clauses = context.listing.access, key_of(way), way.refused_clause
    own = documented_credentials(context, context.identity)
    if key is None or key.credential not in own:
        return
    name, secret = key.credential, own[key.credential]
    fault = rules.wrong_fault
    for what, text in (("a wrong", f"not-a-{key.credential.lower()}"), *altered_secrets(secret)):
        credentials = {**own, name: text}
        yield LoginAttempt(f"{what} {name}", credentials, fault, clauses)
    others = [one.credentials[name] for one in context.identities if one.credentials.get(name, secret) != secret]
    if key.word:
        word = "Basic" if key.word.lower() != "basic" else "Bearer"
        yield LoginAttempt(
            f"the {name} after another word than {key.word}", own, _either_fault(context), clauses, scheme=word
        )
    if others:
        # Two keys side by side in one text are no key.
        both = {**own, name: f"{others[0]},{secret}"}
        yield LoginAttempt(f"two values as one {name}", both, fault, clauses)
    missing = rules.clauses.missing_refused or clauses
    yield LoginAttempt(f"an empty {name}", {**own, name: ""}, rules.missing_fault, missing)


def _attempts_elsewhere(context: CheckContext, way: AccessWay) -> Iterator[LoginAttempt]:
    """The right secret in a place that is not its own, where the document says that it does not count there."""
    rules, key = context.listing.access, key_of(way)
    clauses = rules.clauses.elsewhere_refused
    own = documented_credentials(context, context.identity)
    if not clauses or key is None or key.credential not in own:
        return
    rest = {name: text for name, text in own.items() if name != key.credential}
    secret = str(own[key.credential])
    place = "a header" if key.place == "query" else "the query"
    yield LoginAttempt(
        f"the {key.credential} in {place}", rest, rules.missing_fault, clauses, edit=_with_key_elsewhere(key, secret)
    )


def _with_key_elsewhere(key: AccessKey, secret: str) -> RequestEdit:
    if key.place == "query":
        return _with_header(key.name, secret)
    pair = encode_pairs([(key.name, secret)])

    def edit(request: HttpRequest) -> HttpRequest:
        mark = b"&" if b"?" in request.target else b"?"
        return replace(request, target=request.target + mark + pair)

    return edit


def _with_header(name: str, value: str) -> RequestEdit:
    def edit(request: HttpRequest) -> HttpRequest:
        others = tuple(header for header in request.headers if header[0].lower() != name.lower())
        return replace(request, headers=(*others, (name, value)))

    return edit


def _either_fault(context: CheckContext) -> str:
    """The fault of credentials of which it is open whether they are missing or wrong."""
    rules = context.listing.access
    missing, wrong = rules.missing_fault, rules.wrong_fault
    return missing if missing == wrong else f"{missing} or {wrong}"


def further_way_attempts(context: CheckContext, way: AccessWay) -> Iterator[LoginAttempt]:
    """The attempts that tell most of a further way in: its secret altered."""
    held = context.identity.credentials
    names = way_credentials(way)
    own = {name: held[name] for name in (*names, *account_names(context.listing)) if name in held}
    if way.signature is not None:
        yield from wrong_signatures(context, way.signature, own, way.refused_clause)
        return
    secret = names[-1]
    for what, text in islice(altered_secrets(own[secret]), 3):
        yield LoginAttempt(
            f"{what} {secret} by {way.kind}",
            {**own, secret: text},
            context.listing.access.wrong_fault,
            way.refused_clause,
        )


def altered_secrets(secret: str) -> Iterator[tuple[str, str]]:
    """Values that are nearly the right one."""
    if not secret:
        return
    wrong = _altered(secret, "wrong")
    yield "a slightly wrong", wrong
    if len(secret) > 5:
        yield "the first half of the", _altered(secret, "half")
    if len(secret) > 1:
        yield "a truncated", _altered(secret, "truncated")
    yield "an extended", _altered(secret, "extended")
    cased = _altered(secret, "otherwise-cased")
    if cased not in (secret, wrong):
        yield "an otherwise cased", cased
    if secret.count(".") != 2:
        # A signed token is examined by its signature, not looked up.
        yield "a pattern for the", _altered(secret, "pattern")


def _altered(secret: str, way: str) -> str:
    text = ALTERATIONS[way](secret)
    return secret.altered(text, way) if isinstance(secret, SignedToken) else text


def _wrong_tokens(context: CheckContext) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    own = documented_credentials(context, context.identity)
    token = own.get(rules.token, "")
    jwt = rules.jwt
    wrong = rules.clauses.wrong_refused
    malformed = wrong or (jwt.clauses.malformed if jwt else ())
    # What is left of a signed token is one with a wrong signature.
    clauses = wrong or (jwt.clauses.wrong_key if jwt and token.count(".") == 2 else malformed)
    fault = rules.wrong_fault
    for text in ("not-a-token", "not.a.token") if jwt is not None else ("not-a-token",):
        yield LoginAttempt("a wrong token", {rules.token: text}, fault, malformed)
    for what, text in altered_secrets(token):
        yield LoginAttempt(f"{what} token", {rules.token: text}, fault, clauses)
    if token:
        yield LoginAttempt(
            "the token after another word than Bearer",
            own,
            fault,
            wrong or rules.clauses.missing_refused,
            scheme="Basic",
        )
    if jwt is not None:
        yield from _wrong_signed_tokens(context, jwt)
    # Half missing and half wrong: by now it is known how each is told.
    missing = rules.clauses.missing_refused or wrong
    yield LoginAttempt("an empty token", {rules.token: ""}, rules.missing_fault, missing)


def _wrong_signed_tokens(context: CheckContext, jwt: Jwt) -> Iterator[LoginAttempt]:
    """Signed tokens, each wrong in one point."""
    rules = context.listing.access
    held = getattr(context.identity.credentials, "given", context.identity.credentials)
    now = context.options.now
    if not can_sign(held, jwt) or not isinstance(now, datetime):
        clauses = all_clauses(replace(jwt.clauses, malformed=()))
        names = ", ".join(signing_credentials(jwt))
        context.results.record_not_exercised(clauses, f"to sign tokens, give the credentials {names}")
        return
    # By the server's clock: nobody is blamed for the difference.
    at = int((now + timedelta(seconds=context.clock_skew_seconds or 0)).timestamp())
    longest = jwt.longest_seconds

    def token(iat: int, exp: int, *, stranger: str = "") -> SignedToken | None:
        # Where keys have no names, a stranger's is that of another issuer.
        claims = token_claims(jwt, held[jwt.issuer] + ("" if jwt.key_id else stranger), issued=iat, expires=exp)
        kid = held[jwt.key_id] + stranger if jwt.key_id else None
        try:
            text = sign_token(claims, key_id=kid, private_key=held[jwt.private_key], algorithm=jwt.algorithm)
        except UsageProblem:
            return None
        return SignedToken(text, TokenMaking(iat - at, exp - at, "stranger" if stranger else ""))

    good = token(at - 5, at - 5 + min(longest, _HOUR))
    made: tuple[tuple[Clauses, str, SignedToken | None], ...] = (
        (jwt.clauses.expired, "an expired token", token(at - longest - _HOUR, at - _HOUR)),
        (
            jwt.clauses.future,
            "a token issued in the future",
            token(at + 2 * _HOUR, at + 2 * _HOUR + min(longest, _HOUR)),
        ),
        (jwt.clauses.too_long, "a token that is valid for too long", token(at - 5, at - 5 + longest + 24 * _HOUR)),
        (jwt.clauses.wrong_key, "a token with a wrong signature", _with_wrong_signature(good)),
        (jwt.clauses.wrong_key, "a token without a signature", _without_signature(good)),
        (jwt.clauses.unknown_key, "a token of an unknown key", token(at - 5, at - 5 + _HOUR, stranger="x")),
    )
    for clauses, purpose, text in made:
        if text is not None:
            yield LoginAttempt(purpose, {rules.token: text}, rules.wrong_fault, clauses)


def _with_wrong_signature(token: SignedToken | None) -> SignedToken | None:
    """The same token with another signature, as well-formed as the true one."""
    if token is None:
        return None
    head, _, signature = token.rpartition(".")
    half = len(signature) // 2
    # The last letter stays: not every letter may end a text in base64.
    turned = signature[:half][::-1] + signature[half:]
    return token.altered(f"{head}.{turned}", "turned") if turned != signature else None


def _without_signature(token: SignedToken | None) -> SignedToken | None:
    """The same claims under a header that says that nothing is signed."""
    if token is None:
        return None
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return token.altered(f"{header}.{token.split('.')[1]}.", "unsigned")


# --- signed requests ----------------------------------------------------------------------------------------


def wrong_signatures(
    context: CheckContext, rules: Signature, own: Mapping[str, str], refused: Clauses
) -> Iterator[LoginAttempt]:
    """Requests that are signed with a wrong secret, altered after they were signed, or signed at another time."""
    fault = context.listing.access.wrong_fault
    if not all(own.get(name) for name in rules.credential_names):
        return
    for what, text in islice(altered_secrets(own[rules.secret]), 2):
        yield LoginAttempt(f"signed with {what} {rules.secret}", {**own, rules.secret: text}, fault, refused)
    if rules.key is not None:
        held = [one.credentials.get(rules.key) for one in context.identities]
        others = [text for text in held if text and text != own[rules.key]]
        for whose, other in (("nobody's", own[rules.key] + "x"), *(("another's", text) for text in others[:1])):
            yield LoginAttempt(f"signed in {whose} name", {**own, rules.key: other}, fault, refused)
    for what, change in _SIGNATURE_CHANGES:
        edit = SignedEdit(change=with_altered_signature(rules, change))
        yield LoginAttempt(f"{what} signature", own, fault, refused, edit=edit)
    if rules.clauses.altered:
        for what, alter in _alterations_of_requests(context, rules):
            yield LoginAttempt(what, own, fault, rules.clauses.altered, edit=SignedEdit(change=alter))
    if rules.time is not None:
        beyond = rules.time.skew_seconds + _WELL_BEYOND_SECONDS
        for clauses, what, seconds in (
            (rules.clauses.old, "signed too long ago", -beyond),
            (rules.clauses.future, "signed in the future", beyond),
        ):
            if clauses:
                yield LoginAttempt(what, own, fault, clauses, edit=SignedEdit(seconds=seconds))


def _alterations_of_requests(context: CheckContext, rules: Signature) -> Iterator[tuple[str, RequestEdit]]:
    """What may be done to a request whose signature must show it, with what it is."""
    covered, carries = covered_parts(rules.signed_texts), context.listing.transport.carries
    pair = _harmless_pair(context)
    if carries == "json":
        if "body" in covered:
            yield (
                "a blank added to the body after signing",
                lambda request: replace(request, body=request.body + b" "),
            )
    elif pair is not None and ("query" if carries == "query" else "body") in covered:
        yield f"{pair[0]} added after signing", _with_pair(pair)


def _harmless_pair(context: CheckContext) -> tuple[str, str] | None:
    """A parameter of the query with a value that nobody refuses: the size of a page, a flag."""
    listing = context.listing
    size = listing.paging.size_parameter
    if size is not None and listing.parameters[size].place is None:
        return size, str(context.encode(size, max(listing.parameters[size].least or 1, 1)))
    settled = {name for name, one in listing.parameters.items() if is_settled(one) or one.place or one.at}
    flags = (name for name, one in listing.parameters.items() if one.as_ == "flag" and name not in settled)
    flag = next(flags, None)
    return None if flag is None else (flag, str(context.encode(flag, True)))


def _with_pair(pair: tuple[str, str]) -> RequestEdit:
    def edit(request: HttpRequest) -> HttpRequest:
        if request.body:
            return replace(request, body=request.body + b"&" + encode_pairs([pair]))
        mark = b"&" if request.query else b"?"
        return replace(request, target=request.target + mark + encode_pairs([pair]))

    return edit


def attempts_by_encoding(context: CheckContext) -> Iterator[LoginAttempt]:
    """The attempts that tell most, for ways that carry the same request otherwise: few, as accounts may be locked."""
    password = way_of(context, context.identity).password
    missing = [attempt for attempt in missing_attempts(context) if not attempt.example]
    without = [attempt for attempt in missing if password is not None and password not in attempt.credentials]
    yield from (without or missing)[:1]
    yield from islice(wrong_attempts(context), 1)
