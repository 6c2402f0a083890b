"""Faults in scope: rows of other customers, of children, of everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from harness.serve.authentication import SimulatedUser
from harness.serve.faults.base import Fault, make_fault, on_parameters, with_changed_listing, with_part
from harness.serve.faults.hooks import Hooks
from harness.serve.faults.parameters import with_opposite_default
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.specification.model import CallScope, CursorPaging, Listing, OwnerGroup, ScopeSwitch, options_of
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest


def scope_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of scope: rows of foreign customers shown, or own rows left out."""
    scope = listing.scope
    if scope is None:
        return
    clauses = scope.clauses
    other_groups: Mapping[OwnerGroup, str] = {
        "own": "only the account's own calls are shown",
        "everyone": "everybody's calls are shown",
        "own-and-children": "the children's calls are shown too",
    }
    for group, says in other_groups.items():
        # A group that the document leaves open is no lie.
        if group not in options_of(scope.unset):
            yield from make_fault(
                clauses.unset,
                f"unset-is-{group.rpartition('-')[2]}",
                f"without a customer {says}",
                with_changed_listing(with_part("scope", unset=group)),
            )
    for word, whose in scope.words.items():
        other = "own" if whose in ("everyone", "own-and-children") else "own-and-children"
        yield from make_fault(
            scope.word_clauses.get(word, ()),
            f"{word}-is-{other}",
            f"{word} means {other.replace('-', ' ')}",
            with_changed_listing(with_part("scope", words={**scope.words, word: other})),
        )
        if whose == "children":
            yield from make_fault(
                scope.word_clauses.get(word, ()),
                f"{word}-is-everyone",
                f"{word} means everyone",
                with_changed_listing(with_part("scope", words={**scope.words, word: "everyone"})),
            )
    if scope.parameter is not None:
        yield from _named_customer_faults(scope, scope.parameter)
    yield from _tenant_faults(listing, scope)
    if scope.listed_children is not None:
        listed = scope.listed_children
        yield from make_fault(
            clauses.listed_children,
            f"{listed}-ignored",
            f"{listed} has no effect",
            on_parameters(lambda given: given.without((listed,))),
        )
        yield from make_fault(
            clauses.listed_children,
            f"{listed}-first-only",
            f"only the first of several values of {listed} counts",
            on_parameters(lambda given: _keep_first_value(given, listed)),
        )
    switch = scope.children_only
    if switch is not None:
        yield from make_fault(
            switch.clauses.on,
            f"{switch.parameter}-ignored",
            f"{switch.parameter} has no effect",
            on_parameters(lambda given: given.without((switch.parameter,))),
        )
        yield from make_fault(
            switch.clauses.on,
            f"{switch.parameter}-with-own",
            f"{switch.parameter} shows one's own calls too",
            with_changed_listing(with_part("scope", children_only=replace(switch, keeps="own-and-children"))),
        )
        yield from make_fault(
            switch.clauses.default,
            f"{switch.parameter}-default",
            f"without {switch.parameter} only the children's calls are shown",
            with_opposite_default(listing, switch.parameter),
        )
    if scope.recursive_own:
        yield from make_fault(
            clauses.recursive_own,
            "recursive-needs-a-name",
            f"{scope.recursive} has no effect where no customer is named",
            with_changed_listing(with_part("scope", recursive_own=False)),
        )
    if switch is not None and scope.listed_children is not None:
        yield from _listed_beside_switch_faults(scope, switch, scope.listed_children)
    for turn, (what, is_asked) in enumerate(_wider_scopes(scope)):
        yield from _beside_scope_faults(listing, what, is_asked, turn)
    if scope.recursive is not None:
        yield from make_fault(
            clauses.recursive_default,
            "recursive-default",
            "sub-customers are included without being asked for",
            with_opposite_default(listing, scope.recursive),
        )


def _wider_scopes(scope: CallScope) -> Iterator[tuple[str, Callable[[ParsedParameters], bool]]]:
    """Each way to ask for more than the own calls, by the parameter or its word."""
    parameter, recursive, switch = scope.parameter, scope.recursive, scope.children_only
    if parameter is not None:
        words = sorted(scope.words.items(), key=lambda pair: pair[1] != "everyone")
        yield from ((word, _says(parameter, word)) for word, whose in words if whose != "own")
    if recursive is not None:
        yield recursive, lambda given: given.is_true(recursive)
    if switch is not None:
        yield switch.parameter, lambda given: given.is_true(switch.parameter)


def _says(parameter: str, word: str) -> Callable[[ParsedParameters], bool]:
    return lambda given: given.values.get(parameter) == word


def _beside_scope_faults(
    listing: Listing, what: str, is_asked: Callable[[ParsedParameters], bool], turn: int
) -> Iterator[Fault]:
    """The faults of a filter, an order and a count beside a scope: they are forgotten where others' calls come."""

    def without(*names: str, only: Callable[[ParsedParameters], bool] = is_asked) -> Hooks:
        return on_parameters(lambda given: given.without(names) if only(given) else given)

    filters = [
        name
        for name, rule in listing.filters.items()
        if rule.keeps == "equal" and not (rule.has_words or rule.named_by or rule.applies_if_any or rule.loses_to)
        if not any(path.hidden for path in rule.compares)
    ]
    if filters:
        # Another filter beside each.
        name = filters[turn % len(filters)]
        clauses = listing.conjunction_clause or listing.filters[name].clause
        yield from make_fault(
            clauses, f"{name}-beside-{what}-lost", f"{name} has no effect beside {what}", without(name)
        )
    sort = listing.order.sort if listing.order is not None else None
    if sort is not None:
        lost, says = f"{sort.parameter}-beside-{what}-lost", f"{sort.parameter} has no effect beside {what}"
        yield from make_fault(sort.clauses.words, lost, says, without(sort.parameter))
    counting = listing.count_only
    if counting is not None:
        yield from make_fault(
            counting.clauses.on,
            f"{counting.parameter}-beside-{what}-unfiltered",
            f"{counting.parameter} counts what no filter keeps, too, beside {what}",
            without(*listing.filters, only=lambda given: is_asked(given) and given.is_true(counting.parameter)),
        )


def _listed_beside_switch_faults(scope: CallScope, switch: ScopeSwitch, listed: str) -> Iterator[Fault]:
    """The faults of listed children beside the switch for children alone: one makes the other forgotten."""

    def without_if_both(given: ParsedParameters, lost: str) -> ParsedParameters:
        return given.without((lost,)) if given.has(listed) and given.is_true(switch.parameter) else given

    yield from make_fault(
        switch.clauses.on,
        f"{switch.parameter}-beats-{listed}",
        f"{listed} has no effect beside {switch.parameter}",
        on_parameters(lambda given: without_if_both(given, listed)),
    )
    if "listed" in options_of(scope.own_beside_listed):
        # One's own calls may stand beside those of listed children, but for where only children are asked for.
        yield from make_fault(
            switch.clauses.on,
            f"{switch.parameter}-with-own-beside-{listed}",
            f"{switch.parameter} shows one's own calls too beside {listed}",
            replace(
                on_parameters(lambda given: without_if_both(given, switch.parameter)),
                listing=with_part("scope", own_beside_listed="listed"),
            ),
        )


def _named_customer_faults(scope: CallScope, parameter: str) -> Iterator[Fault]:
    clauses = scope.clauses

    def is_id(given: ParsedParameters) -> bool:
        return str(given.values.get(parameter, "")).isdigit()

    yield from make_fault(
        clauses.identity,
        "id-ignored",
        "the id of a customer has no effect",
        on_parameters(lambda given: given.without((parameter,)) if is_id(given) else given),
    )
    yield from make_fault(
        clauses.bad,
        "unknown-customer-ignored",
        "a customer that is neither a word nor an id has no effect",
        on_parameters(
            lambda given: (
                given if is_id(given) or given.values.get(parameter) in scope.words else given.without((parameter,))
            )
        ),
    )
    recursive = scope.recursive
    if recursive is None:
        return
    yield from make_fault(
        clauses.recursive,
        "recursive-ignored",
        "sub-customers are never included",
        on_parameters(lambda given: given.without((recursive,))),
    )
    children = next((word for word, whose in scope.words.items() if whose == "children"), None)
    everyone = next((word for word, whose in scope.words.items() if whose == "everyone"), None)
    if children is not None and everyone is not None:
        yield from make_fault(
            clauses.recursive_ignored,
            f"{children}-recurses",
            f"{recursive} has an effect beside {children}",
            on_parameters(
                lambda given: (
                    given._replace(values={**given.values, parameter: everyone})
                    if given.values.get(parameter) == children and given.is_true(recursive)
                    else given
                )
            ),
        )


def _tenant_faults(listing: Listing, scope: CallScope) -> Iterator[Fault]:
    paging = listing.paging

    def owner_of_cursor(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: tuple[SimulatedUser, ...], now: datetime
    ) -> SimulatedUser | RefusedRequest:
        if isinstance(paging, CursorPaging) and ask.values.get(paging.after) and isinstance(user, SimulatedUser):
            return replace(user, customer_id=known[0].customer_id)
        return user

    if isinstance(paging, CursorPaging):
        yield from make_fault(
            scope.clauses.tenant,
            "cursor-of-the-first-account",
            "a cursor opens the list of the first account, whoever sends it",
            Hooks(user=owner_of_cursor),
        )

    def everyone(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: tuple[SimulatedUser, ...], now: datetime
    ) -> SimulatedUser | RefusedRequest:
        return user if isinstance(user, RefusedRequest) else replace(user, everyone=True)

    def leak(plan: AnswerPlan | RefusedRequest, given: ParsedParameters) -> AnswerPlan | RefusedRequest:
        return plan if isinstance(plan, RefusedRequest) else plan._replace(query=plan.query._replace(owners=None))

    if scope.parameter is not None:
        yield from make_fault(
            scope.clauses.tenant, "tenants-see-all", "any account may see every customer", Hooks(user=everyone)
        )
    else:
        yield from make_fault(
            scope.clauses.tenant, "owners-ignored", "everybody's calls are shown to everyone", Hooks(plan=leak)
        )


def _keep_first_value(given: ParsedParameters, name: str) -> ParsedParameters:
    value = given.values.get(name)
    return given._replace(values={**given.values, name: value[:1]}) if isinstance(value, tuple) else given
