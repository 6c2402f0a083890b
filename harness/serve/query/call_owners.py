"""Whose calls a request means: the customers named by its words, ids and switches, as far as the user sees them."""

from __future__ import annotations

from typing import assert_never, cast

from harness.serve.authentication import SimulatedUser
from harness.serve.query.parameters import ParsedParameters
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import CallScope, OwnerGroup
from harness.wire.decoded_body import printable_text
from harness.wire.owner_ids import customer_named, shown_customer
from harness.wire.request_codec import RefusedRequest
from harness.world.customers import Customers


def resolve_owners(
    given: ParsedParameters, user: SimulatedUser, customers: Customers, choices: ChoiceResolver
) -> frozenset[int | str] | RefusedRequest | None:
    """The owners of the calls that a request means, as rows show them; None for those of all customers."""
    owners = _chosen_customers(given, user, customers, choices)
    if owners is None or isinstance(owners, RefusedRequest):
        return owners
    return frozenset(shown_customer(given.listing, owner) for owner in owners)


def _chosen_customers(
    given: ParsedParameters, user: SimulatedUser, customers: Customers, choices: ChoiceResolver
) -> frozenset[int] | RefusedRequest | None:
    scope = given.listing.scope
    if scope is None or user.customer_id is None:
        return None
    whose = _resolve_scope_word(given, scope, choices)
    if isinstance(whose, RefusedRequest):
        return whose
    chosen = _select_customers(whose[0], whose[1], user, customers)
    if chosen is None:
        owners: frozenset[int] | None = None
    else:
        owners = frozenset(chosen)
    above = {"that": whose[1], "own": user.customer_id if scope.recursive_own else None}.get(whose[0])
    if above is not None and given.is_true(scope.recursive):
        below = {member.id for member in customers.descendants_of(above)}
        owners = (owners or frozenset()) | below
    allowed = None if chosen is None and not given.has(scope.parameter or "") else _visible_customers(user, customers)
    if allowed is not None and (owners is None or not owners <= allowed):
        if choices.resolve(scope.foreign) == "refused":
            return RefusedRequest(fault=scope.foreign_fault, parameter=scope.parameter or "")
        return (owners or frozenset()) & allowed
    if whose[0] == "that" and customers.get(cast(int, whose[1])) is None:
        return RefusedRequest(fault=scope.bad_fault, parameter=scope.parameter or "", value=str(whose[1]))
    return _restrict_to_children(given, user, scope, customers, owners, choices)


def _resolve_scope_word(
    given: ParsedParameters, scope: CallScope, choices: ChoiceResolver
) -> tuple[OwnerGroup, int | None] | RefusedRequest:
    value = given.value(scope.parameter)
    if value is None:
        return choices.resolve(scope.unset), None
    word = str(value)
    if word in scope.words:
        return scope.words[word], None
    customer = customer_named(given.listing, word) if scope.identity else None
    if customer is not None:
        return "that", customer
    return RefusedRequest(fault=scope.bad_fault, parameter=scope.parameter or "", value=printable_text(word))


def _select_customers(
    whose: OwnerGroup, that: int | None, user: SimulatedUser, customers: Customers
) -> set[int] | None:
    own = cast(int, user.customer_id)
    children = {member.id for member in customers.children_of(own)}
    match whose:
        case "own":
            return {own}
        case "children":
            return children
        case "own-and-children":
            return {own, *children}
        case "that":
            return {cast(int, that)}
        case "everyone":
            return None
        case "nobody":
            return set()
        case _:
            assert_never(whose)


def _visible_customers(user: SimulatedUser, customers: Customers) -> frozenset[int] | None:
    """The customers whose calls a user may see; None for all."""
    if user.everyone:
        return None
    own = cast(int, user.customer_id)
    return frozenset({own, *(member.id for member in customers.descendants_of(own))})


def _restrict_to_children(
    given: ParsedParameters,
    user: SimulatedUser,
    scope: CallScope,
    customers: Customers,
    owners: frozenset[int] | None,
    choices: ChoiceResolver,
) -> frozenset[int] | RefusedRequest | None:
    own = cast(int, user.customer_id)
    listed = given.values.get(scope.listed_children or "")
    if isinstance(listed, tuple):
        below = {member.id for member in customers.descendants_of(own)}
        named = (customer_named(given.listing, str(item)) for item in listed)
        ask = {customer for customer in named if customer is not None}
        if ask - below and choices.resolve(scope.foreign) == "refused":
            return RefusedRequest(fault=scope.foreign_fault, parameter=scope.listed_children or "")
        beside = {own} if choices.resolve(scope.own_beside_listed) == "listed" else set()
        owners = frozenset((ask & below) | beside)
    switch = scope.children_only
    if switch is not None and given.is_true(switch.parameter):
        kept = _select_customers(switch.keeps, None, user, customers)
        if kept is not None:
            # With listed children both hold: those of the list, and never one's own.
            owners = frozenset(kept) & owners if isinstance(listed, tuple) and owners is not None else frozenset(kept)
    return owners
