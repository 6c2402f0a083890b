"""Faults in the order of rows: reversed, by another field, sort words ignored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harness.serve.faults.base import (
    Fault,
    make_fault,
    narrowing_parameters,
    on_parameters,
    on_query,
    with_changed_listing,
    with_part,
)
from harness.serve.faults.hooks import Hooks
from harness.serve.faults.parameters import with_opposite_default
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.specification.field_path import FieldPath
from harness.specification.model import Listing, OpenChoice, Order, SortParameter
from harness.specification.sort_spellings import read_sort_spelling
from harness.wire.request_codec import RefusedRequest
from harness.wire.row_codec import field_at


def order_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of order and sort parameters: wrong key, wrong direction, a sort that has no effect."""
    order = listing.order
    if order is None:
        return
    other = _other_text_field(listing, order)
    if other is not None:
        yield from make_fault(
            order.clause,
            f"sorted-by-{other}",
            f"calls come in the order of {other}",
            on_query(lambda query: query._replace(sort_order=query.sort_order._replace(path=FieldPath.of(other)))),
        )
    if not isinstance(order.direction, OpenChoice):
        yield from make_fault(
            order.clause,
            "reversed",
            "calls come in the opposite order",
            Hooks(plan=lambda plan, given: _reverse_default_order(plan, given, order)),
        )
    if order.descending is not None:
        flag = order.descending
        yield from make_fault(
            order.descending_clause,
            f"{flag}-ignored",
            f"{flag} has no effect",
            on_parameters(lambda given: given.without((flag,))),
        )
        yield from make_fault(
            order.descending_clause if narrowing_parameters(listing) else (),
            f"{flag}-lost-beside-filters",
            f"{flag} has no effect beside a filter",
            _lost_beside(flag, narrowing_parameters(listing)),
        )
        yield from make_fault(
            order.descending_default_clause,
            f"{flag}-default",
            f"without {flag} the order descends",
            with_opposite_default(listing, flag),
        )
    yield from _sort_faults(listing, order)


def _reverse_default_order(
    plan: AnswerPlan | RefusedRequest, given: ParsedParameters, order: Order
) -> AnswerPlan | RefusedRequest:
    """The reversed default order; a request that names an order gets what it asks for."""
    named = (order.sort.parameter if order.sort else None, order.descending)
    if isinstance(plan, RefusedRequest) or any(given.has(name) for name in named):
        return plan
    sorting = plan.query.sort_order
    return plan._replace(query=plan.query._replace(sort_order=sorting._replace(descending=not sorting.descending)))


def _other_text_field(listing: Listing, order: Order) -> str | None:
    """The path of another text field, by which rows stand in another order."""
    by = order.by.assumed if isinstance(order.by, OpenChoice) else order.by
    texts = [name for name, field in listing.fields.items() if field.as_ == "text" and field.shows is not None]
    return next((name for name in texts if FieldPath.of(name) != by and name != listing.lists.identity), None)


def _sort_faults(listing: Listing, order: Order) -> Iterator[Fault]:
    sort = order.sort
    if sort is None:
        return
    yield from make_fault(
        sort.clauses.words,
        f"{sort.parameter}-ignored",
        f"{sort.parameter} has no effect",
        on_parameters(lambda given: given.without((sort.parameter,))),
    )
    parts = frozenset(include.parameter for include in listing.includes)
    for what, names in (("filters", narrowing_parameters(listing)), ("parts", parts)):
        if names:
            yield from make_fault(
                sort.clauses.words,
                f"{sort.parameter}-lost-beside-{what}",
                f"{sort.parameter} has no effect beside {what}",
                _lost_beside(sort.parameter, names),
            )
    by = order.by.assumed if isinstance(order.by, OpenChoice) else order.by
    for word, path in list(sort.words.items())[:3]:
        # The record of a call is made when the call begins: nobody could see the one taken for the other.
        instants = {field.shows for one in (path, by) if (field := field_at(listing.fields, one)) is not None}
        if path != by and instants != {"created_at", "started_at"}:
            yield from make_fault(
                sort.clauses.words,
                f"{sort.parameter}-{word}-ignored",
                f"{sort.parameter}={word} orders by {by}",
                with_changed_listing(with_part("order", sort=replace(sort, words={**sort.words, word: by}))),
            )
    if sort.signed or sort.suffixes:
        yield from make_fault(
            sort.clauses.words,
            f"{sort.parameter}-sign-ignored",
            f"what says the direction in {sort.parameter} has no effect",
            on_parameters(lambda given: _remove_sign(given, sort)),
        )
    if sort.undocumented:
        yield from make_fault(
            sort.clauses.undocumented,
            f"{sort.undocumented[0]}-refused",
            f"{sort.parameter}={sort.undocumented[0]} is refused",
            Hooks(plan=lambda plan, given: _refuse_word(plan, given, sort.parameter, sort.undocumented, order)),
        )
    if sort.unknown == "refused":
        yield from make_fault(
            sort.clauses.unknown,
            f"{sort.parameter}-unknown-ignored",
            f"an unknown word of {sort.parameter} has no effect",
            with_changed_listing(with_part("order", sort=replace(sort, unknown="default", refused=()))),
        )
        yield from make_fault(
            sort.clauses.refused if sort.refused else (),
            f"{sort.parameter}-refused-ignored",
            f"a forbidden word of {sort.parameter} has no effect",
            with_changed_listing(with_part("order", sort=_tolerant_sort(order))),
        )


def _lost_beside(parameter: str, others: Iterable[str]) -> Hooks:
    """Hooks that drop a parameter where any of the others is given."""
    return on_parameters(
        lambda given: given.without((parameter,)) if any(given.has(name) for name in others) else given
    )


def _tolerant_sort(order: Order) -> object:
    """The sort parameter as it is when only forbidden words are ignored."""
    sort = order.sort
    assert sort is not None
    by = order.by.assumed if isinstance(order.by, OpenChoice) else order.by
    return replace(sort, refused=(), words={**sort.words, **dict.fromkeys(sort.refused, by)})


def _remove_sign(given: ParsedParameters, sort: SortParameter) -> ParsedParameters:
    value = given.values.get(sort.parameter)
    if isinstance(value, str):
        return given._replace(values={**given.values, sort.parameter: read_sort_spelling(sort, value)[0]})
    return given


def _refuse_word(
    plan: AnswerPlan | RefusedRequest, given: ParsedParameters, parameter: str, words: tuple[str, ...], order: Order
) -> AnswerPlan | RefusedRequest:
    if given.values.get(parameter) in words and order.sort is not None:
        return RefusedRequest(fault=order.sort.unknown_fault, parameter=parameter)
    return plan
