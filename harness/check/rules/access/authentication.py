"""Rules on authentication: missing and wrong credentials, invalid tokens, roles, and whose rows come."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from harness.check.context import CheckContext, ClientIdentity, Exchange, Row
from harness.check.credentials import all_credential_names, secret_credential_names
from harness.check.probe.answer_checks import (
    A_LIST,
    NO_LIST,
    NO_ROWS,
    AnswerCheck,
    apart_check,
    listed_check,
    owner_check,
)
from harness.check.probe.error_responses import (
    describe_answer,
    enforceable_clauses,
    judge_error_response,
    judge_twice,
    record_kept,
    repeat_exchange,
    report_breach,
)
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    filters_of_row,
    largest_page,
)
from harness.check.probe.mirror import Mirror, lists_only_live_calls
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.login_attempts import (
    LoginAttempt,
    altered_secrets,
    documented_credentials,
    example_values,
    further_way_attempts,
    log_in_attempts,
    missing_attempts,
    way_of,
    wrong_attempts,
)
from harness.specification.access import account_names, log_in_of, way_credentials, ways_of
from harness.specification.field_path import FieldPath
from harness.specification.model import CallScope, Clauses, CursorPaging, OffsetPaging, PageNumberPaging
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

_ADD_HINT: Final = "to the file of --credentials"


def check_authentication(context: CheckContext, mirror: Mirror) -> None:
    """Judges that bad credentials are refused, good ones accepted, and that each identity sees its own rows."""
    rules = context.listing.access
    if mirror.after is not None and mirror.after.failed_exchange is None:
        context.results.record_pass(rules.clauses.accepted)
    missing, wrong = list(missing_attempts(context)), list(wrong_attempts(context))
    for attempt in (*missing, *wrong):
        if attempt in (*missing[:1], *wrong[:1]):
            # An answer that the right credentials have just got must not be remembered for others.
            context.send(mirror.request(), "the right credentials before others")
        _check_refused(context, mirror, attempt)
    _check_refused_elsewhere(context, mirror, [*missing[:1], *wrong[:1]])
    session = log_in_of(rules)
    for attempt in log_in_attempts(context, session) if session is not None else ():
        _check_refused(context, mirror, attempt)
    _check_further_ways(context, mirror)
    _check_account_words(context, mirror)
    _check_other_accounts(context, mirror)
    _check_legacy_credentials(context, mirror)
    _check_roles_and_tenants(context, mirror)
    _check_still_accepted(context, mirror)


def _check_refused(context: CheckContext, mirror: Mirror, attempt: LoginAttempt) -> None:
    redact_credentials(context, attempt.credentials)
    ask = ListRequest(log_in=True)
    if not attempt.log_in:
        values = example_values(context) if attempt.example else None
        ask = replace(mirror.request(values), scheme=attempt.scheme)
    exchange = context.send(
        ask, attempt.purpose, credentials=attempt.credentials, edit=attempt.edit, witness=not attempt.log_in
    )
    if attempt.habit is not None and exchange.outcome == "success":
        alike = context.send(ask, "blanks around what is no secret", credentials=attempt.habit, witness=False)
        if alike.outcome == "success":
            return
    _judge_refusal(context, exchange, attempt)


def _judge_refusal(context: CheckContext, exchange: Exchange, attempt: LoginAttempt, *, status: bool = True) -> None:
    """Judges that a request is refused as documented, and that the refusal shows nobody's calls."""
    judge_error_response(context, exchange, attempt.fault, attempt.clauses, status=status)

    def shown(answer: Exchange) -> str:
        return f"an error with {rows_in_words(len(answer.listed))}" if answer.is_refusal and answer.rows else ""

    if shown(exchange):
        # Who builds the answer before the right is examined (`refused_with_rows`, foreign servers).
        judge_twice(context, exchange, attempt.clauses, shown, expected="an error without rows", check=NO_ROWS)


def _check_refused_elsewhere(context: CheckContext, mirror: Mirror, attempts: Sequence[LoginAttempt]) -> None:
    """Credentials are examined whatever is asked for: also beside the filters, on another page, and for a count.

    A lookup by one filter, or a count, may take a way of its own (`call_id_skips_password`, `unchecked_count`).
    """
    listing = context.listing
    filters = filters_of_row(context, mirror, mirror.rows[0]) if mirror.rows else {}
    counting = listing.count_only.parameter if listing.count_only is not None else None
    count = {counting: context.encode(counting, True)} if counting and context.supports_parameters(counting) else {}
    for values in (filters, _second_page(context, mirror), count):
        for attempt in attempts if values else ():
            ask = replace(mirror.request(values), scheme=attempt.scheme)
            what = f"{len(values)} filters" if values is filters and len(values) > 3 else ", ".join(values)
            purpose = f"{attempt.purpose}, with {what}"
            exchange = context.send(ask, purpose, credentials=attempt.credentials)
            _judge_refusal(context, exchange, attempt, status=False)


def _second_page(context: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """The parameters of a page after the first; a cursor to it is one that the right credentials were given."""
    paging = context.listing.paging
    page: dict[str, Tree] = {}
    if paging.size_parameter is not None:
        page[paging.size_parameter] = context.encode(paging.size_parameter, 2)
    if isinstance(paging, PageNumberPaging | OffsetPaging):
        (place,) = paging.place_parameters
        page[place] = context.encode(place, 2)
    if isinstance(paging, CursorPaging):
        first = context.send(mirror.request(page), "a page to take a cursor from")
        if first.next_cursor is not None:
            page[paging.after] = first.next_cursor
    return page


def redact_credentials(context: CheckContext, credentials: Mapping[str, str]) -> None:
    """Masks altered credentials in reports: one with a single letter changed gives the true one away."""
    public = {*account_names(context.listing), *_public_names(context)}
    secret = [text for name, text in credentials.items() if name not in public and len(text) > 1]
    context.evidence = replace(context.evidence, redactor=context.evidence.redactor.with_secrets(secret))


def _public_names(context: CheckContext) -> frozenset[str]:
    """The credentials that are no secrets: names of users and accounts."""
    rules = context.listing.access
    return frozenset(all_credential_names(rules)) - secret_credential_names(rules)


# --- further ways in, and other accounts --------------------------------------------------------------------


def _check_further_ways(context: CheckContext, mirror: Mirror) -> None:
    """Each further way in for which the run has credentials opens the list, and its wrong ones do not."""
    held = context.identity.credentials
    mine = way_of(context, context.identity)
    for way in ways_of(context.listing.access):
        names = way_credentials(way)
        if way == mine:
            context.results.record_pass(way.clause)
            continue
        if not names or not all(held.get(name) for name in names):
            reason = f"to ask by {way.kind}, give the credentials {' and '.join(names)}"
            context.results.record_not_exercised((*way.clause, *way.refused_clause), reason)
            continue
        own = {name: held[name] for name in (*names, *account_names(context.listing)) if name in held}
        exchange = context.send(mirror.request(), f"the list by {way.kind}", credentials=own)
        _judge_acceptance(context, exchange, way.clause, f"a success by {way.kind}")
        for attempt in further_way_attempts(context, way) if way.refused_clause else ():
            _check_refused(context, mirror, attempt)


def _judge_acceptance(context: CheckContext, exchange: Exchange, clauses: Clauses, expected: str) -> None:
    """Judges that the request was let in; a refusal is confirmed."""

    def refused(answer: Exchange) -> str:
        return describe_answer(answer) if answer.is_refusal else ""

    judge_twice(context, exchange, clauses, refused, expected=expected, doubtful=clauses, check=A_LIST)


def _check_account_words(context: CheckContext, mirror: Mirror) -> None:
    """Each word that stands for the account of who asks opens the list, as the account itself does."""
    for parameter in context.listing.parameters.values():
        bound = parameter.bound_to
        for word in bound.words if bound is not None else ():
            assert bound is not None
            ask = replace(mirror.request(), account={bound.credential: word})
            check_probe(
                context,
                mirror,
                ask,
                f"{word} for {bound.credential}",
                bound.words_clause,
                credentials=documented_credentials(context, context.identity),
            )


def _check_other_accounts(context: CheckContext, mirror: Mirror) -> None:
    """Right credentials open their own account alone: a path or parameter of another one is refused."""
    for parameter in context.listing.parameters.values():
        bound = parameter.bound_to
        own = context.identity.credentials.get(bound.credential) if bound is not None else None
        if bound is None or not bound.clause:
            continue
        if not own:
            context.results.record_not_exercised(bound.clause, f"give the credential {bound.credential}")
            continue
        known = [identity.credentials.get(bound.credential) for identity in context.identities]
        others = [text for text in known if text and text != own]
        # One that nobody has, and one that somebody has.
        for other in (next(text for what, text in altered_secrets(own) if what == "a slightly wrong"), *others[:1]):
            ask = replace(mirror.request(), account={bound.credential: other})
            exchange = context.send(
                ask,
                f"another account than {bound.credential}",
                credentials=documented_credentials(context, context.identity),
            )
            judge_error_response(context, exchange, bound.fault, bound.clause)


# --- credentials that may or must suffice -------------------------------------------------------------------


def _check_legacy_credentials(context: CheckContext, mirror: Mirror) -> None:
    """Older pairs, which a server may still take: sent only where the user gave them."""
    for legacy in context.listing.access.legacy:
        held = getattr(context.identity.credentials, "given", context.identity.credentials)
        if not all(held.get(name) for name in legacy.parameters):
            reason = f"the older credentials {' and '.join(legacy.parameters)} are not given"
            context.results.record_not_applicable(legacy.clause, reason)
            continue
        pair = {name: held[name] for name in legacy.parameters}
        exchange = context.send(mirror.request(), "older credentials", credentials=pair)
        if context.note_unusable(exchange, legacy.clause):
            continue
        context.results.record_observed(legacy.clause, "refused" if exchange.is_refusal else "taken")
        if not exchange.is_refusal:
            _check_altered_pairs(context, mirror, pair)


def _check_altered_pairs(context: CheckContext, mirror: Mirror, pair: Mapping[str, str]) -> None:
    """An older pair that is taken: with one half altered, empty or left out it must be refused."""
    rules = context.listing.access
    clauses = rules.clauses.wrong_refused or rules.clauses.missing_refused
    *names, secret = pair
    near = [(what, text) for what, text in altered_secrets(pair[secret]) if what != "an extended"]

    altered = [(f"{what} {secret}", {**pair, secret: text}) for what, text in near]
    altered += [(f"an empty {secret}", {**pair, secret: ""})]
    altered += [(f"no {secret}", {name: text for name, text in pair.items() if name != secret})]
    altered += [(f"another {name}", {**pair, name: pair[name] + "1"}) for name in names]
    for what, credentials in altered:
        redact_credentials(context, {name: text for name, text in credentials.items() if name == secret})
        exchange = context.send(mirror.request(), f"older credentials with {what}", credentials=credentials)
        if context.note_unusable(exchange, clauses):
            continue
        if exchange.is_refusal:
            record_kept(context, clauses, describe_answer(exchange))
            continue
        second = repeat_exchange(context, exchange)
        if second.outcome == "success":
            report_breach(
                context,
                clauses,
                expected="a refusal",
                actual=f"{describe_answer(second)} for {what}",
                exchange=second,
                check=NO_LIST,
            )
            return


def _check_roles_and_tenants(context: CheckContext, mirror: Mirror) -> None:
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
        if rules.roles and not known_role and not (elsewhere and tenant):
            continue
        own = documented_credentials(context, identity)
        redact_credentials(context, own)
        exchange = context.send(mirror.request(), f"the list as {identity.name} sees it", credentials=own)
        if identity.role is not None and known_role:
            _judge_role(context, identity.role, exchange)
        elif not rules.roles and way_of(context, identity).kind != "none":
            # Who reads a password wrongly lets most in (`special_password_refused`, foreign servers).
            clauses = rules.clauses.accepted or context.listing.lists.clauses.reach
            _judge_acceptance(context, exchange, clauses, f"{identity.name} is let in")
        if exchange.rows is not None:
            seen[identity.name] = exchange
    _judge_role_lists(context, mirror, seen)
    _note_missing_roles(context)
    _check_tenants(context, mirror, seen)


def _judge_role(context: CheckContext, role: str, exchange: Exchange) -> None:
    rules = context.listing.access
    if role not in rules.roles:
        judge_error_response(context, exchange, rules.role_fault, rules.clauses.role_refused)
        return
    clauses = rules.role_clauses.get(role, ())
    _judge_acceptance(context, exchange, clauses, f"a success for the role {role}")


def _judge_role_lists(context: CheckContext, mirror: Mirror, seen: Mapping[str, Exchange]) -> None:
    """A role that suffices opens the list of its account: it holds rows where the run's own login was shown some.

    Servers let a role in and show it nothing (`auth_supervisor_empty`). Which rows a role sees is its own matter.
    """
    rules, mine = context.listing.access, context.identity
    if not mirror.rows or mirror.volatile or mine.customer is None or lists_only_live_calls(context):
        return

    def empty(answer: Exchange) -> str:
        return describe_answer(answer) if answer.rows is not None and not answer.listed else ""

    for identity in context.identities:
        clauses = rules.role_clauses.get(identity.role or "", ())
        if identity.name in seen and identity.customer == mine.customer and clauses:
            expected = f"rows of the account's list for the role {identity.role}, as {mine.name} is shown"
            check = listed_check(context, mirror, "with", mirror.rows[:1])
            judge_twice(
                context, seen[identity.name], clauses, empty, expected=expected, doubtful=clauses, check=check
            )


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


def _check_tenants(context: CheckContext, mirror: Mirror, seen: Mapping[str, Exchange]) -> None:
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
            strays = _foreign_rows(context, mirror, identity, second)
            if strays:
                report_breach(
                    context,
                    clauses,
                    expected=f"only rows of the customer of {identity.name}",
                    actual=f"{len(strays)} of {len(second.listed)} rows belong to another",
                    exchange=second,
                    check=owner_check(scope.owners, identity.customer) or _apart_from_own(context, mirror),
                )
                continue
            context.results.record_inconclusive(enforceable_clauses(context, clauses), "not repeatable")
        elif exchange.rows or mirror.rows:
            context.results.record_pass(enforceable_clauses(context, clauses))
        else:
            context.results.record_not_exercised(clauses, "neither list holds a row")
        _check_own_customer_request(context, mirror, identity, clauses)
    if not judged:
        reason = f"add identities of two customers, each with its customer, {_ADD_HINT}"
        context.results.record_not_exercised(clauses, reason)


def _apart_from_own(context: CheckContext, mirror: Mirror) -> AnswerCheck | None:
    """The check that a list has no row of the run's own list."""
    plain = context.seen_exchange(mirror.request(largest_page(context)))
    return None if plain is None else apart_check(context, plain)


def _check_own_customer_request(
    context: CheckContext, mirror: Mirror, identity: ClientIdentity, clauses: Clauses
) -> None:
    """Another customer's account asks for the calls of the run's own customer: by its id, and among everyone's."""
    scope, mine = context.listing.scope, context.identity.customer
    if scope is None or scope.parameter is None or not scope.identity or mine is None or identity.everyone:
        return
    own = documented_credentials(context, identity)
    if identity.everyone is None and not _everyone_is_refused(context, mirror, identity):
        context.results.record_not_exercised(
            clauses, f"say whether {identity.name} may see everyone, in --credentials"
        )
        return

    def strays(exchange: Exchange) -> list[Row]:
        return [
            row for row in _foreign_rows(context, mirror, identity, exchange) if _has_owner(row, scope.owners, mine)
        ]

    named: dict[str, Tree] = {scope.parameter: str(mine)}
    probes = [(named, "another customer's calls")]
    if scope.recursive is not None:
        # The right may be examined on a way of its own (`foreign_by_recursive`).
        below = {**named, scope.recursive: context.encode(scope.recursive, True)}
        probes.append((below, "another customer's calls and those below"))
    if identity.everyone is False:
        words = (word for word, whose in scope.words.items() if whose == "everyone")
        probes += [({scope.parameter: word}, "everyone's calls") for word in words]
    for values, whose in probes:
        ask = mirror.request(values)
        exchange = context.send(ask, f"{identity.name} asks for {whose}", credentials=own)
        if context.note_unusable(exchange, clauses):
            return
        if not strays(exchange):
            if exchange.is_refusal or mirror.rows:
                context.results.record_pass(enforceable_clauses(context, clauses))
            continue
        its_own = _keys_below(context, mirror, scope, identity)
        second = repeat_exchange(context, exchange)
        # Rows that were there before and after its own were read are not among them because they are another's.
        before = {row.key for row in strays(exchange)}
        others = [row for row in strays(second) if row.key in before and row.key not in its_own]
        if others:
            expected = "an error, or no rows"
            actual = f"{rows_in_words(len(others))} of another customer"
            check = listed_check(context, mirror, "without", others)
            check = None if check is None else replace(check, alternatives=(NO_LIST,))
            report_breach(context, clauses, expected=expected, actual=actual, exchange=second, check=check)
            return


def _keys_below(context: CheckContext, mirror: Mirror, scope: CallScope, identity: ClientIdentity) -> set[Hashable]:
    """The keys of the rows that a customer sees from above: they are its own."""
    if scope.recursive is None or scope.parameter is None:
        return set()
    below = {scope.parameter: str(identity.customer), scope.recursive: context.encode(scope.recursive, True)}
    own = documented_credentials(context, identity)
    return set(context.send(mirror.request(below), f"the calls below {identity.name}", credentials=own).keys)


def _everyone_is_refused(context: CheckContext, mirror: Mirror, identity: ClientIdentity) -> bool:
    """Whether an account of which nobody said so is refused the list of everyone: then it may not see others'."""
    scope = context.listing.scope
    word = next((word for word, meaning in scope.words.items() if meaning == "everyone"), None) if scope else None
    if scope is None or scope.parameter is None or word is None:
        return False
    ask = mirror.request({scope.parameter: word})
    purpose = f"{scope.parameter} = {word}, asked by {identity.name}"
    exchange = context.send(ask, purpose, credentials=documented_credentials(context, identity), witness=False)
    return exchange.is_refusal


def _has_owner(row: Row, owners: tuple[FieldPath, ...], customer: int | str) -> bool:
    return not owners or any(row.shown.get(str(path)) == customer for path in owners)


def _foreign_rows(context: CheckContext, mirror: Mirror, identity: ClientIdentity, exchange: Exchange) -> list[Row]:
    """Rows of an identity's own list that are surely another customer's."""
    scope = context.listing.scope
    rows = exchange.listed
    if scope is None:
        return []
    if scope.owners and context.dialect.possible_answers(scope.unset) != ("own",):
        # With the calls of its children an account may see those of any other.
        return []
    if scope.owners:
        return [row for row in rows if not _may_be_owned_by(row, scope.owners, identity.customer)]
    return [row for row in rows if mirror.row_with_key(row.key) is not None]


def _may_be_owned_by(row: Row, owners: tuple[FieldPath, ...], customer: int | str | None) -> bool:
    """Whether an owner of the row is the customer; a row that does not show its owners counts as owned."""
    shown = [row.shown[name] for name in map(str, owners) if name in row.shown]
    return len(shown) < len(owners) or customer in shown


def _check_still_accepted(context: CheckContext, mirror: Mirror) -> None:
    """The right credentials still work after so many wrong ones: else an account is locked, and one should know."""
    clauses = context.listing.access.clauses.accepted
    exchange = context.send(ListRequest(values=dict(mirror.base)), "the right credentials after wrong ones")
    if context.note_unusable(exchange, clauses):
        return
    if exchange.is_refusal:
        context.results.record_inconclusive(
            clauses, "after wrong credentials the right ones are refused: a locked account?"
        )
        context.notes.append("after wrong credentials the right ones are refused: the account may be locked")
        return
    context.results.record_pass(clauses)
