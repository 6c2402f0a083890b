"""Faults in whose calls an answer holds: other customers, children, everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.serve.authentication import Identity
from harness.serve.faults.base import Fault, bent, breach, on_given, with_part
from harness.serve.faults.hooks import Seams
from harness.serve.faults.parameters import flipped
from harness.serve.query.parameters import Given
from harness.serve.query.planner import Plan
from harness.specification.model import Clauses, Listing, Scope
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused


def of_scope(listing: Listing) -> Iterator[Fault]:
    """Another's calls, too many, too few."""
    scope = listing.scope
    if scope is None:
        return
    clauses: Mapping[Any, Clauses] = scope.clauses
    yield from breach(
        clauses.get("unset", ()),
        "unset-is-everyone",
        "without a customer everybody's calls are shown",
        bent(with_part("scope", unset="everyone")),
    )
    yield from breach(
        clauses.get("unset", ()),
        "unset-is-children",
        "without a customer the children's calls are shown too",
        bent(with_part("scope", unset="own-and-children")),
    )
    for word, whose in scope.words.items():
        other = "own" if whose in ("everyone", "own-and-children") else "own-and-children"
        yield from breach(
            scope.word_clauses.get(word, ()),
            f"{word}-is-{other}",
            f"{word} means {other.replace('-', ' ')}",
            bent(with_part("scope", words={**scope.words, word: other})),
        )
        if whose == "children":
            yield from breach(
                scope.word_clauses.get(word, ()),
                f"{word}-is-everyone",
                f"{word} means everyone",
                bent(with_part("scope", words={**scope.words, word: "everyone"})),
            )
    if scope.parameter is not None:
        yield from _of_named_customer(scope, scope.parameter, clauses)
    yield from _of_tenants(scope, clauses)
    if scope.listed_children is not None:
        listed = scope.listed_children
        yield from breach(
            clauses.get("listed-children", ()),
            f"{listed}-ignored",
            f"{listed} has no effect",
            on_given(lambda given: given.without((listed,))),
        )
        yield from breach(
            clauses.get("listed-children", ()),
            f"{listed}-first-only",
            f"only the first of several values of {listed} counts",
            on_given(lambda given: _first_of(given, listed)),
        )
    switch = scope.children_only
    if switch is not None:
        yield from breach(
            switch.clauses.get("on", ()),
            f"{switch.parameter}-ignored",
            f"{switch.parameter} has no effect",
            on_given(lambda given: given.without((switch.parameter,))),
        )
        yield from breach(
            switch.clauses.get("on", ()),
            f"{switch.parameter}-with-own",
            f"{switch.parameter} shows one's own calls too",
            bent(with_part("scope", children_only=replace(switch, keeps="own-and-children"))),
        )
        yield from breach(
            switch.clauses.get("default", ()),
            f"{switch.parameter}-default",
            f"without {switch.parameter} only the children's calls are shown",
            flipped(listing, switch.parameter),
        )
    if scope.recursive is not None:
        yield from breach(
            clauses.get("recursive-default", ()),
            "recursive-default",
            "sub-customers are included without being asked for",
            flipped(listing, scope.recursive),
        )


def _of_named_customer(scope: Scope, parameter: str, clauses: Mapping[Any, Clauses]) -> Iterator[Fault]:
    def is_id(given: Given) -> bool:
        return str(given.values.get(parameter, "")).isdigit()

    yield from breach(
        clauses.get("identity", ()),
        "id-ignored",
        "the id of a customer has no effect",
        on_given(lambda given: given.without((parameter,)) if is_id(given) else given),
    )
    yield from breach(
        clauses.get("bad", ()),
        "unknown-customer-ignored",
        "a customer that is neither a word nor an id has no effect",
        on_given(
            lambda given: (
                given if is_id(given) or given.values.get(parameter) in scope.words else given.without((parameter,))
            )
        ),
    )
    recursive = scope.recursive
    if recursive is None:
        return
    yield from breach(
        clauses.get("recursive", ()),
        "recursive-ignored",
        "sub-customers are never included",
        on_given(lambda given: given.without((recursive,))),
    )
    children = next((word for word, whose in scope.words.items() if whose == "children"), None)
    everyone = next((word for word, whose in scope.words.items() if whose == "everyone"), None)
    if children is not None and everyone is not None:
        yield from breach(
            clauses.get("recursive-ignored", ()),
            f"{children}-recurses",
            f"{recursive} has an effect beside {children}",
            on_given(
                lambda given: (
                    replace(given, values={**given.values, parameter: everyone})
                    if given.values.get(parameter) == children and given.flag(recursive)
                    else given
                )
            ),
        )


def _of_tenants(scope: Scope, clauses: Mapping[Any, Clauses]) -> Iterator[Fault]:
    def everyone(who: Identity | Refused, ask: Ask, known: tuple[Identity, ...], now: datetime) -> Identity | Refused:
        return who if isinstance(who, Refused) else replace(who, everyone=True)

    def leak(plan: Plan | Refused, given: Given) -> Plan | Refused:
        return plan if isinstance(plan, Refused) else replace(plan, query=replace(plan.query, owners=None))

    if scope.parameter is not None:
        yield from breach(
            clauses.get("tenant", ()), "tenants-see-all", "any account may see every customer", Seams(who=everyone)
        )
    else:
        yield from breach(
            clauses.get("tenant", ()), "owners-ignored", "everybody's calls are shown to everyone", Seams(plan=leak)
        )


def _first_of(given: Given, name: str) -> Given:
    value = given.values.get(name)
    return replace(given, values={**given.values, name: value[:1]}) if isinstance(value, tuple) else given
