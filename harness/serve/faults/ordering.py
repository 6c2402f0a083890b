"""Faults in the order of rows: turned round, by another field, sort words not heeded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.serve.faults.base import Fault, bent, breach, on_given, on_query, with_part
from harness.serve.faults.hooks import Seams
from harness.serve.faults.parameters import flipped
from harness.serve.query.parameters import Given
from harness.serve.query.planner import Plan
from harness.specification.model import Listing, Open, Order
from harness.wire.request_codec import Refused


def of_order(listing: Listing) -> Iterator[Fault]:
    """The wrong key, the wrong direction, a sort that has no effect."""
    order = listing.order
    if order is None:
        return
    other = _another_field(listing, order)
    if other is not None:
        yield from breach(
            order.clause,
            f"sorted-by-{other}",
            f"calls come in the order of {other}",
            on_query(lambda query: replace(query, sorting=replace(query.sorting, path=other))),
        )
    if not isinstance(order.direction, Open):
        yield from breach(
            order.clause,
            "reversed",
            "calls come in the opposite order",
            Seams(plan=lambda plan, given: _turned(plan, given, order)),
        )
    if order.descending is not None:
        flag = order.descending
        yield from breach(
            order.descending_clause,
            f"{flag}-ignored",
            f"{flag} has no effect",
            on_given(lambda given: given.without((flag,))),
        )
        yield from breach(
            order.descending_default_clause,
            f"{flag}-default",
            f"without {flag} the order descends",
            flipped(listing, flag),
        )
    yield from _of_sort(listing, order)


def _turned(plan: Plan | Refused, given: Given, order: Order) -> Plan | Refused:
    """The opposite order, where none is asked for."""
    named = (order.sort.parameter if order.sort else None, order.descending)
    if isinstance(plan, Refused) or any(given.has(name) for name in named):
        return plan
    sorting = plan.query.sorting
    return replace(plan, query=replace(plan.query, sorting=replace(sorting, descending=not sorting.descending)))


def _another_field(listing: Listing, order: Order) -> str | None:
    """A text that orders rows otherwise."""
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    texts = [name for name, field in listing.fields.items() if field.as_ == "text" and field.shows is not None]
    return next((name for name in texts if name not in (by, listing.lists.identity)), None)


def _of_sort(listing: Listing, order: Order) -> Iterator[Fault]:
    sort = order.sort
    if sort is None:
        return
    yield from breach(
        sort.clauses.get("words", ()),
        f"{sort.parameter}-ignored",
        f"{sort.parameter} has no effect",
        on_given(lambda given: given.without((sort.parameter,))),
    )
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    for word, path in list(sort.words.items())[:3]:
        # The record of a call is made when the call begins: nobody could see the one taken for the other.
        instants = {listing.fields[name].shows for name in (path, by) if name in listing.fields}
        if path != by and instants != {"created_at", "started_at"}:
            yield from breach(
                sort.clauses.get("words", ()),
                f"{sort.parameter}-{word}-ignored",
                f"{sort.parameter}={word} orders by {by}",
                bent(with_part("order", sort=replace(sort, words={**sort.words, word: by}))),
            )
    if sort.signed:
        yield from breach(
            sort.clauses.get("words", ()),
            f"{sort.parameter}-sign-ignored",
            f"a minus in {sort.parameter} has no effect",
            on_given(lambda given: _unsigned(given, sort.parameter)),
        )
    if sort.undocumented:
        yield from breach(
            sort.clauses.get("undocumented", ()),
            f"{sort.undocumented[0]}-refused",
            f"{sort.parameter}={sort.undocumented[0]} is refused",
            Seams(plan=lambda plan, given: _refuse_word(plan, given, sort.parameter, sort.undocumented, order)),
        )
    if sort.unknown == "refused":
        open_minded = replace(sort, unknown="default", refused=())
        for kind in ("unknown", "refused"):
            yield from breach(
                sort.clauses.get(kind, ()) if kind == "unknown" or sort.refused else (),
                f"{sort.parameter}-{kind}-ignored",
                f"{'an unknown' if kind == 'unknown' else 'a forbidden'} word of {sort.parameter} has no effect",
                bent(with_part("order", sort=open_minded if kind == "unknown" else _forgiving(order))),
            )


def _forgiving(order: Order) -> object:
    """The sort parameter under which only forbidden words are passed over."""
    sort = order.sort
    assert sort is not None
    by = order.by.assumed if isinstance(order.by, Open) else order.by
    return replace(sort, refused=(), words={**sort.words, **dict.fromkeys(sort.refused, by)})


def _unsigned(given: Given, name: str) -> Given:
    value = given.values.get(name)
    if isinstance(value, str) and value.startswith("-"):
        return replace(given, values={**given.values, name: value[1:]})
    return given


def _refuse_word(
    plan: Plan | Refused, given: Given, parameter: str, words: tuple[str, ...], order: Order
) -> Plan | Refused:
    if given.values.get(parameter) in words and order.sort is not None:
        return Refused(fault=order.sort.unknown_fault, parameter=parameter)
    return plan
