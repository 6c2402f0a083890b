"""Rules on authentication: missing and wrong credentials, invalid tokens, roles, and whose rows come."""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from harness.check.context import CheckContext, ClientIdentity, Exchange, Row
from harness.check.credentials import can_sign, sign_token
from harness.check.probe.error_responses import (
    describe_answer,
    enforceable_clauses,
    is_refused,
    judge_error_response,
    record_kept,
    repeat_exchange,
    report_breach,
)
from harness.check.probe.filter_values import (
    companion_parameters,
    count_values,
    encode_shown_value,
    is_time_filter,
    largest_page,
    selective_filter,
    visible_filters,
)
from harness.check.probe.mirror import Mirror, build_request, encode_request_value
from harness.errors import UsageProblem
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Clauses,
    CursorPaging,
    Jwt,
    OffsetPaging,
    OpenChoice,
    PageNumberPaging,
    all_clauses,
)
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

_ADD_HINT: Final = "to the file of --credentials"
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """Credentials that must be refused, the fault that is due and the clauses that promise it."""

    purpose: str
    credentials: Mapping[str, str]
    fault: str
    clauses: Clauses
    scheme: str = "Bearer"
    example: bool = False


def check_authentication(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    """Judges that bad credentials are refused, good ones accepted, and that each identity sees its own rows."""
    rules = context.listing.access
    if mirror.after is not None and mirror.after.failed_exchange is None:
        context.results.record_pass(rules.clauses.accepted)
    missing = list(_missing_credentials(context))
    wrong = list(_wrong_passwords(context) if rules.kind == "password" else _wrong_tokens(context))
    for attempt in (*missing, *wrong):
        if attempt in (*missing[:1], *wrong[:1]):
            # An answer that the right credentials have just got must not be remembered for others.
            context.send(build_request(context, mirror.base), "the right credentials before others")
            yield
        yield from _check_refused(context, mirror, attempt)
    yield from _check_refused_elsewhere(context, mirror, [*missing[:1], *wrong[:1]])
    yield from _check_legacy_credentials(context, mirror)
    yield from _check_roles_and_tenants(context, mirror)
    yield from _check_still_accepted(context, mirror)


def _check_refused(context: CheckContext, mirror: Mirror, attempt: LoginAttempt) -> Iterator[None]:
    redact_credentials(context, attempt.credentials)
    ask = replace(
        build_request(context, mirror.base, _example_values(context) if attempt.example else None),
        scheme=attempt.scheme,
    )
    exchange = context.send(ask, attempt.purpose, credentials=attempt.credentials)
    yield
    yield from judge_error_response(context, exchange, attempt.fault, attempt.clauses)


def _check_refused_elsewhere(
    context: CheckContext, mirror: Mirror, attempts: Sequence[LoginAttempt]
) -> Iterator[None]:
    """Credentials are examined whatever is asked for: also beside a filter, and on another page."""
    page = yield from _second_page(context, mirror)
    for values in (selective_filter(context, mirror), page):
        for attempt in attempts if values else ():
            ask = replace(build_request(context, mirror.base, values), scheme=attempt.scheme)
            purpose = f"{attempt.purpose}, with {', '.join(values)}"
            exchange = context.send(ask, purpose, credentials=attempt.credentials)
            yield
            yield from judge_error_response(context, exchange, attempt.fault, attempt.clauses, status=False)


def _second_page(context: CheckContext, mirror: Mirror) -> Generator[None, None, dict[str, Tree]]:
    """The parameters of a page after the first; a cursor to it is one that the right credentials were given."""
    paging = context.listing.paging
    page: dict[str, Tree] = {}
    if paging.size_parameter is not None:
        page[paging.size_parameter] = encode_request_value(context, paging.size_parameter, 2)
    if isinstance(paging, PageNumberPaging | OffsetPaging):
        (place,) = paging.place_parameters
        page[place] = encode_request_value(context, place, 2)
    if isinstance(paging, CursorPaging):
        first = context.send(build_request(context, mirror.base, page), "a page to take a cursor from")
        yield
        cursor = first.answer.next_cursor if first.answer is not None else None
        if isinstance(cursor, str) and cursor:
            page[paging.after] = cursor
    return page


def redact_credentials(context: CheckContext, credentials: Mapping[str, str]) -> None:
    """Masks altered credentials in reports: one with a single letter changed gives the true one away."""
    rules = context.listing.access
    secret = [text for name, text in credentials.items() if name != rules.user and len(text) > 1]
    context.evidence = replace(context.evidence, redactor=context.evidence.redactor.with_secrets(secret))


def _example_values(context: CheckContext) -> dict[str, Tree]:
    """The parameters as the document shows them."""
    return {
        name: parameter.example
        for name, parameter in context.listing.parameters.items()
        if parameter.example is not None and parameter.required is not None
    }


def documented_credentials(context: CheckContext, identity: ClientIdentity) -> dict[str, str]:
    """The credentials that the documented way of asking carries, and no others."""
    rules = context.listing.access
    names = (rules.user, rules.password) if rules.kind == "password" else (rules.token,)
    held = identity.credentials
    return {name: held[name] for name in names if name is not None and name in held}


# --- credentials that must be refused -----------------------------------------------------------------------


def _missing_credentials(context: CheckContext) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    fault = rules.missing_fault
    missing = rules.clauses.missing_refused
    own = documented_credentials(context, context.identity)
    if rules.kind == "bearer":
        missing = missing or rules.clauses.wrong_refused
        yield LoginAttempt(purpose="no credentials", credentials={}, fault=fault, clauses=missing)
        if _example_values(context):
            yield LoginAttempt(
                purpose="the documented example without credentials",
                credentials={},
                fault=fault,
                clauses=missing,
                example=True,
            )
        return
    for name, clauses in (
        (rules.user, rules.clauses.user_required),
        (rules.password, rules.clauses.password_required),
    ):
        if name is not None and name in own:
            rest = {other: text for other, text in own.items() if other != name}
            yield LoginAttempt(purpose=f"no {name}", credentials=rest, fault=fault, clauses=clauses or missing)
    both = missing or rules.clauses.user_required or rules.clauses.password_required
    yield LoginAttempt(purpose="no credentials", credentials={}, fault=fault, clauses=both, example=True)
    if rules.password is not None:
        blank = {**own, rules.password: ""}
        clauses = rules.clauses.password_required or rules.clauses.wrong_refused
        yield LoginAttempt(purpose="an empty password", credentials=blank, fault=fault, clauses=clauses)


def _wrong_passwords(context: CheckContext) -> Iterator[LoginAttempt]:
    rules = context.listing.access
    own = documented_credentials(context, context.identity)
    if rules.user is None or rules.password is None or rules.user not in own or rules.password not in own:
        return
    clauses = rules.clauses.wrong_refused
    others = [
        held[rules.password]
        for identity in context.identities
        if rules.password in (held := documented_credentials(context, identity))
        and held[rules.password] != own[rules.password]
    ]
    for what, password in (
        *_altered_secrets(own[rules.password]),
        *(("another user's", text) for text in others[:1]),
    ):
        yield LoginAttempt(
            purpose=f"the right user with {what} password",
            credentials={**own, rules.password: password},
            fault=rules.wrong_fault,
            clauses=clauses,
        )
    yield LoginAttempt(
        purpose="a wrong user with the right password",
        credentials={**own, rules.user: own[rules.user] + "x"},
        fault=rules.wrong_fault,
        clauses=clauses,
    )


def _altered_secrets(secret: str) -> Iterator[tuple[str, str]]:
    """Values that are nearly the right one."""
    if not secret:
        return
    middle = len(secret) // 2
    other = "a" if secret[middle] not in "aA" else "b"
    yield "a slightly wrong", secret[:middle] + other + secret[middle + 1 :]
    if len(secret) > 5:
        yield "the first half of the", secret[: len(secret) // 2]
    if len(secret) > 1:
        # A signed token loses three whole bytes of its signature: what is left can still be decoded.
        yield "a truncated", secret[:-4] if secret.count(".") == 2 else secret[:-1]
    # Who puts credentials into the text of an SQL statement breaks down over the quote.
    yield "an extended", secret + "'"
    if secret.swapcase() not in (secret, other):
        yield "an otherwise cased", secret.swapcase()


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
        yield LoginAttempt(purpose="a wrong token", credentials={rules.token: text}, fault=fault, clauses=malformed)
    for what, text in _altered_secrets(token):
        yield LoginAttempt(purpose=f"{what} token", credentials={rules.token: text}, fault=fault, clauses=clauses)
    if token:
        yield LoginAttempt(
            purpose="the token after another word than Bearer",
            credentials=own,
            fault=fault,
            clauses=wrong or rules.clauses.missing_refused,
            scheme="Basic",
        )
    if jwt is not None:
        yield from _wrong_signed_tokens(context, jwt)
    # Half missing and half wrong: by now it is known how each is told.
    missing = rules.clauses.missing_refused or wrong
    yield LoginAttempt(
        purpose="an empty token", credentials={rules.token: ""}, fault=rules.missing_fault, clauses=missing
    )


def _wrong_signed_tokens(context: CheckContext, jwt: Jwt) -> Iterator[LoginAttempt]:
    """Signed tokens, each wrong in one point."""
    rules = context.listing.access
    held = getattr(context.identity.credentials, "given", context.identity.credentials)
    now = context.options.now
    if not can_sign(held, jwt) or not isinstance(now, datetime):
        clauses = all_clauses(replace(jwt.clauses, malformed=()))
        names = ", ".join((jwt.issuer, jwt.key_id, jwt.private_key))
        context.results.record_not_exercised(clauses, f"to sign tokens, give the credentials {names}")
        return
    # By the server's clock: nobody is blamed for the difference.
    at = int((now + timedelta(seconds=context.clock_skew_seconds or 0)).timestamp())
    longest = jwt.longest_seconds

    def token(iat: int, exp: int, kid: str = held[jwt.key_id]) -> str | None:
        claims = {"iss": held[jwt.issuer], "iat": iat, "exp": exp}
        try:
            return sign_token(claims, key_id=kid, private_key=held[jwt.private_key], algorithm=jwt.algorithm)
        except UsageProblem:
            return None

    good = token(at - 5, at - 5 + min(longest, _HOUR))
    made: tuple[tuple[Clauses, str, str | None], ...] = (
        (jwt.clauses.expired, "an expired token", token(at - longest - _HOUR, at - _HOUR)),
        (
            jwt.clauses.future,
            "a token issued in the future",
            token(at + 2 * _HOUR, at + 2 * _HOUR + min(longest, _HOUR)),
        ),
        (jwt.clauses.too_long, "a token that is valid for too long", token(at - 5, at - 5 + longest + 24 * _HOUR)),
        (jwt.clauses.wrong_key, "a token with a wrong signature", _with_wrong_signature(good)),
        (jwt.clauses.wrong_key, "a token without a signature", _without_signature(good)),
        (
            jwt.clauses.unknown_key,
            "a token of an unknown key",
            token(at - 5, at - 5 + _HOUR, held[jwt.key_id] + "x"),
        ),
    )
    for clauses, purpose, text in made:
        if text is not None:
            yield LoginAttempt(
                purpose=purpose, credentials={rules.token: text}, fault=rules.wrong_fault, clauses=clauses
            )


def _with_wrong_signature(token: str | None) -> str | None:
    """The same token with another signature, as well-formed as the true one."""
    if token is None:
        return None
    head, _, signature = token.rpartition(".")
    half = len(signature) // 2
    # The last letter stays: not every letter may end a text in base64.
    turned = signature[:half][::-1] + signature[half:]
    return f"{head}.{turned}" if turned != signature else None


def _without_signature(token: str | None) -> str | None:
    """The same claims under a header that says that nothing is signed."""
    if token is None:
        return None
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def attempts_by_encoding(context: CheckContext) -> Iterator[LoginAttempt]:
    """The attempts that tell most, for ways that carry the same request otherwise: few, as accounts may be locked."""
    password = context.listing.access.password
    missing = [attempt for attempt in _missing_credentials(context) if not attempt.example]
    without = [attempt for attempt in missing if password is not None and password not in attempt.credentials]
    yield from (without or missing)[:1]
    yield from islice(
        _wrong_passwords(context) if context.listing.access.kind == "password" else _wrong_tokens(context), 1
    )


# --- credentials that may or must suffice -------------------------------------------------------------------


def _check_legacy_credentials(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    """Older pairs, which a server may still take: sent only where the user gave them."""
    for legacy in context.listing.access.legacy:
        held = getattr(context.identity.credentials, "given", context.identity.credentials)
        if not all(held.get(name) for name in legacy.parameters):
            reason = f"the older credentials {' and '.join(legacy.parameters)} are not given"
            context.results.record_not_applicable(legacy.clause, reason)
            continue
        pair = {name: held[name] for name in legacy.parameters}
        exchange = context.send(build_request(context, mirror.base), "older credentials", credentials=pair)
        yield
        if context.note_unusable(exchange, legacy.clause):
            continue
        context.results.record_observed(legacy.clause, "refused" if is_refused(exchange) else "taken")
        if not is_refused(exchange):
            yield from _check_altered_pairs(context, mirror, pair)


def _check_altered_pairs(context: CheckContext, mirror: Mirror, pair: Mapping[str, str]) -> Iterator[None]:
    """An older pair that is taken: with one half altered, empty or left out it must be refused."""
    rules = context.listing.access
    clauses = rules.clauses.wrong_refused or rules.clauses.missing_refused
    *names, secret = pair
    near = [(what, text) for what, text in _altered_secrets(pair[secret]) if what != "an extended"]
    altered = [(f"{what} {secret}", {**pair, secret: text}) for what, text in near]
    altered += [(f"an empty {secret}", {**pair, secret: ""})]
    altered += [(f"no {secret}", {name: text for name, text in pair.items() if name != secret})]
    altered += [(f"another {name}", {**pair, name: pair[name] + "1"}) for name in names]
    for what, credentials in altered:
        redact_credentials(context, {name: text for name, text in credentials.items() if name == secret})
        exchange = context.send(
            build_request(context, mirror.base), f"older credentials with {what}", credentials=credentials
        )
        yield
        if context.note_unusable(exchange, clauses):
            continue
        if is_refused(exchange):
            record_kept(context, clauses, describe_answer(exchange))
            continue
        second = repeat_exchange(context, exchange)
        yield
        if second.answer is not None and second.answer.outcome == "success":
            report_breach(
                context,
                clauses,
                expected="a refusal",
                actual=f"{describe_answer(second)} for {what}",
                exchange=second,
            )
            return


def _check_roles_and_tenants(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    rules = context.listing.access
    mine = context.identity
    for role in rules.roles:
        if mine.role == role and mirror.after is not None and mirror.after.failed_exchange is None:
            context.results.record_pass(rules.role_clauses.get(role, ()))
    seen: dict[str, Exchange] = {}
    for identity in context.identities:
        if identity.name == mine.name:
            continue
        known_role = identity.role is not None and bool(rules.roles)
        elsewhere = identity.customer is not None and identity.customer != mine.customer
        tenant = context.listing.scope is not None and context.listing.scope.clauses.tenant
        if not known_role and not (elsewhere and tenant):
            continue
        own = documented_credentials(context, identity)
        redact_credentials(context, own)
        exchange = context.send(
            build_request(context, mirror.base), f"the list as {identity.name} sees it", credentials=own
        )
        yield
        if identity.role is not None and known_role:
            yield from _judge_role(context, identity.role, exchange)
        if exchange.rows is not None:
            seen[identity.name] = exchange
    _note_missing_roles(context)
    yield from _check_tenants(context, mirror, seen)


def _judge_role(context: CheckContext, role: str, exchange: Exchange) -> Iterator[None]:
    rules = context.listing.access
    if role not in rules.roles:
        yield from judge_error_response(context, exchange, rules.role_fault, rules.clauses.role_refused)
        return
    clauses = rules.role_clauses.get(role, ())
    if context.note_unusable(exchange, clauses):
        return
    if not is_refused(exchange):
        record_kept(context, clauses, describe_answer(exchange))
        return
    second = repeat_exchange(context, exchange)
    yield
    if is_refused(second):
        report_breach(
            context,
            clauses,
            expected=f"a success for the role {role}",
            actual=describe_answer(second),
            exchange=second,
        )
    else:
        context.results.record_inconclusive(clauses, "not repeatable")


def _note_missing_roles(context: CheckContext) -> None:
    """Says which identities would have been needed."""
    rules = context.listing.access
    if not rules.roles:
        return
    given = {identity.role for identity in (context.identity, *context.identities)}
    for role in rules.roles:
        if role not in given:
            reason = f"add an identity with the role {role} {_ADD_HINT}"
            context.results.record_not_exercised(rules.role_clauses.get(role, ()), reason)
    if not any(role is not None and role not in rules.roles for role in given):
        reason = f"add an identity whose role is none of {', '.join(rules.roles)} {_ADD_HINT}"
        context.results.record_not_exercised(rules.clauses.role_refused, reason)


def _check_tenants(context: CheckContext, mirror: Mirror, seen: Mapping[str, Exchange]) -> Iterator[None]:
    scope = context.listing.scope
    clauses = scope.clauses.tenant if scope is not None else ()
    if scope is None or not clauses:
        return
    mine = context.identity
    judged = False
    for identity in context.identities:
        exchange = seen.get(identity.name)
        if exchange is None or identity.customer is None or identity.customer == mine.customer:
            continue
        if not scope.owners and mine.customer is None:
            continue
        judged = True
        strays = _foreign_rows(context, mirror, identity, exchange)
        if strays:
            second = repeat_exchange(context, exchange)
            yield
            strays = _foreign_rows(context, mirror, identity, second)
            if strays:
                report_breach(
                    context,
                    clauses,
                    expected=f"only rows of the customer of {identity.name}",
                    actual=f"{len(strays)} of {len(second.rows or ())} rows belong to another",
                    exchange=second,
                )
                continue
            context.results.record_inconclusive(enforceable_clauses(context, clauses), "not repeatable")
        elif exchange.rows or mirror.rows:
            context.results.record_pass(enforceable_clauses(context, clauses))
        else:
            context.results.record_not_exercised(clauses, "neither list holds a row")
        yield from _check_own_customer_request(context, mirror, identity, clauses)
        yield from _check_lookup_of_own_rows(context, mirror, identity, clauses)
    if not judged:
        reason = f"add identities of two customers, each with its customer, {_ADD_HINT}"
        context.results.record_not_exercised(clauses, reason)


def _check_own_customer_request(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses
) -> Iterator[None]:
    """Another customer's account asks for the calls of the run's own customer: by its id, and among everyone's."""
    scope, mine = context.listing.scope, context.identity.customer
    if scope is None or scope.parameter is None or not scope.identity or mine is None or identity.everyone:
        return
    own = documented_credentials(context, identity)
    if identity.everyone is None and not (yield from _everyone_is_refused(context, mirror, identity)):
        context.results.record_not_exercised(
            clauses, f"say whether {identity.name} may see everyone, in --credentials"
        )
        return

    def strays(exchange: Exchange) -> list[Row]:
        return [
            row for row in _foreign_rows(context, mirror, identity, exchange) if _has_owner(row, scope.owners, mine)
        ]

    probes = [(str(mine), "another customer's calls")]
    if identity.everyone is False:
        probes += [(word, "everyone's calls") for word, whose in scope.words.items() if whose == "everyone"]
    for value, whose in probes:
        ask = build_request(context, mirror.base, {scope.parameter: value})
        exchange = context.send(ask, f"{identity.name} asks for {whose}", credentials=own)
        yield
        if context.note_unusable(exchange, clauses):
            return
        if not strays(exchange):
            if is_refused(exchange) or mirror.rows:
                context.results.record_pass(enforceable_clauses(context, clauses))
            continue
        its_own: set[Hashable] = set()
        if scope.recursive is not None:
            below = {
                scope.parameter: str(identity.customer),
                scope.recursive: encode_request_value(context, scope.recursive, True),
            }
            family = context.send(
                build_request(context, mirror.base, below), f"the calls below {identity.name}", credentials=own
            )
            yield
            # What it sees from above is its own.
            its_own = set(family.keys)
        second = repeat_exchange(context, exchange)
        yield
        # Rows that were there before and after its own were read are not among them because they are another's.
        before = {row.key for row in strays(exchange)}
        others = [row for row in strays(second) if row.key in before and row.key not in its_own]
        if others:
            expected = "an error, or no rows"
            actual = f"{len(others)} rows of another customer"
            report_breach(context, clauses, expected=expected, actual=actual, exchange=second)
            return


def _everyone_is_refused(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity
) -> Generator[None, None, bool]:
    """Whether an account of which nobody said so is refused the list of everyone: then it may not see others'."""
    scope = context.listing.scope
    word = next((word for word, meaning in scope.words.items() if meaning == "everyone"), None) if scope else None
    if scope is None or scope.parameter is None or word is None:
        return False
    ask = build_request(context, mirror.base, {scope.parameter: word})
    purpose = f"{scope.parameter} = {word}, asked by {identity.name}"
    exchange = context.send(ask, purpose, credentials=documented_credentials(context, identity), witness=False)
    yield
    return is_refused(exchange)


def _check_lookup_of_own_rows(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses
) -> Iterator[None]:
    """Another customer's account asks by values of the run's own rows: a look-up must not forget whose they are."""
    if identity.everyone:
        return
    own = documented_credentials(context, identity)
    for name in visible_filters(context):
        rule = context.listing.filters[name]
        if rule.keeps != "equal" and not isinstance(rule.keeps, OpenChoice):
            continue
        if is_time_filter(rule) or rule.words or not context.supports_parameters(name):
            continue
        counted = count_values(mirror.rows, rule.compares)
        if not counted or context.listing.parameters[name].as_ == "word":
            continue
        value = min(counted, key=lambda one: (counted[one], str(one)))
        values = {
            **largest_page(context),
            **companion_parameters(context, mirror, name),
            name: encode_shown_value(context, name, value),
        }
        ask = build_request(context, mirror.base, values)
        exchange = context.send(ask, f"{identity.name} asks for another customer's {name}", credentials=own)
        yield
        if context.note_unusable(exchange, clauses):
            continue
        if not _foreign_rows(context, mirror, identity, exchange):
            context.results.record_pass(enforceable_clauses(context, clauses))
            continue
        second = repeat_exchange(context, exchange)
        yield
        strays = _foreign_rows(context, mirror, identity, second)
        if strays:
            actual = f"{len(strays)} rows of another customer by {name}"
            report_breach(context, clauses, expected="no rows of another customer", actual=actual, exchange=second)
            return


def _has_owner(row: Row, owners: tuple[FieldPath, ...], customer: int) -> bool:
    return not owners or any(row.shown.get(str(path)) == customer for path in owners)


def _foreign_rows(context: CheckContext, mirror: Mirror, identity: ClientIdentity, exchange: Exchange) -> list[Row]:
    """Rows of an identity's own list that are surely another customer's."""
    scope = context.listing.scope
    rows = exchange.rows or ()
    if scope is None:
        return []
    if scope.owners:
        return [row for row in rows if not _may_be_owned_by(row, scope.owners, identity.customer)]
    return [row for row in rows if mirror.row_with_key(row.key) is not None]


def _may_be_owned_by(row: Row, owners: tuple[FieldPath, ...], customer: int | None) -> bool:
    """Whether an owner of the row is the customer; a row that does not show its owners counts as owned."""
    shown = [row.shown[name] for name in map(str, owners) if name in row.shown]
    return len(shown) < len(owners) or customer in shown


def _check_still_accepted(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    """The right credentials still work after so many wrong ones: else an account is locked, and one should know."""
    clauses = context.listing.access.clauses.accepted
    exchange = context.send(ListRequest(values=dict(mirror.base)), "the right credentials after wrong ones")
    yield
    if context.note_unusable(exchange, clauses):
        return
    if is_refused(exchange):
        context.results.record_inconclusive(
            clauses, "after wrong credentials the right ones are refused: a locked account?"
        )
        context.notes.append("after wrong credentials the right ones are refused: the account may be locked")
        return
    context.results.record_pass(clauses)
