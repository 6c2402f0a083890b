"""Totals, and pages of what filters keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.check.context import Session
from harness.check.oracle.interpreter import holds
from harness.check.probe.comparison import Aspect
from harness.check.probe.expect import expect
from harness.check.probe.filter_values import (
    companions,
    default_comparison,
    is_time,
    pair_values,
    partner,
    raw_value,
    shown_filters,
    some_filter,
    values_shown,
    whole,
    wide,
)
from harness.check.probe.mirror import Mirror, ask_for, number, reread, written
from harness.check.probe.page_probe import total_blame
from harness.check.probe.stability import living, unsettled
from harness.specification.model import (
    ClauseId,
    Clauses,
    CursorPaging,
    Filter,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    Open,
    PageNumberPaging,
)
from harness.wire.format_problems import Tree
from harness.wire.json_body import MISSING
from harness.wire.row_codec import compared


def totals(session: Session, mirror: Mirror) -> Iterator[None]:
    """The total with filters, without matches, and switched off."""
    yield from living(session, mirror)
    total = session.listing.total
    no_match = session.listing.no_match_clause
    chosen = some_filter(session, mirror)
    if total is not None:
        clauses = total.clauses.get("independent") or total.clauses.get("sum", ())
        if chosen:
            yield from expect(
                session,
                mirror,
                ask_for(session, mirror.base, {**wide(session), **chosen}),
                "the total with a filter",
                clauses,
                blame={"total": clauses},
            )
        if total.switch is not None:
            yield from _total_switch(session, mirror)
    name = next(
        (
            name
            for name in shown_filters(session)
            if session.usable(name)
            and session.listing.filters[name].keeps in ("equal", "contains")
            and session.listing.parameters[name].as_ == "text"
            and not session.listing.filters[name].applies_if_any
        ),
        None,
    )
    if name is not None:
        blame: Clauses = total.clauses.get("sum", ()) if total else no_match
        yield from expect(
            session,
            mirror,
            ask_for(session, mirror.base, {name: "no-such-value-9c1e"}),
            "no row matches",
            no_match,
            blame={"total": blame},
        )


def _total_switch(session: Session, mirror: Mirror) -> Iterator[None]:
    total = session.listing.total
    assert total is not None
    assert total.switch is not None
    switch = total.switch
    off = session.send(
        ask_for(session, mirror.base, {switch.parameter: written(session, switch.parameter, False)}),
        "the total switched off",
    )
    yield
    on = session.send(
        ask_for(session, mirror.base, {switch.parameter: written(session, switch.parameter, True)}),
        "the total switched on",
    )
    yield
    plain = session.send(ask_for(session, mirror.base), "the total by default")
    yield
    clauses = switch.clauses.get("off", ())
    if not session.not_judged(off, clauses) and off.answer is not None:
        came = off.answer.total
        shape = "missing" if came is MISSING else "none" if came is None else "zero" if number(came) == 0 else "given"
        options = switch.off.options if isinstance(switch.off, Open) else (switch.off,)
        if shape in options:
            session.ledger.witness(clauses)
            if isinstance(switch.off, Open):
                session.knowledge.set(switch.off.id, shape, "the total switched off")
        elif shape == "zero" and not mirror.rows:
            session.ledger.not_exercised(clauses, "the target shows no rows")
        else:
            session.fail(
                clauses,
                "the total can be switched off",
                expected=f"a total that is {' or '.join(options)}",
                actual=f"total {came!r}",
                exchange=off,
            )
    clauses = switch.clauses.get("default", ())
    if not session.not_judged(plain, clauses) and plain.answer is not None and on.answer is not None:
        told, said = number(plain.answer.total), number(on.answer.total)
        if told is not None and told != said and not mirror.volatile:
            yield from reread(session, mirror)
        moved = told is not None and told != said and (mirror.volatile or (yield from unsettled(session, mirror)))
        if (told != said and not moved) or told is None:
            session.fail(
                clauses,
                "the total is told by default",
                expected=f"the total {said}",
                actual=f"{plain.answer.total!r}",
                exchange=plain,
            )
        else:
            session.ledger.witness(clauses)


def pages_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter together with a later page, and with a page of one row: neither forgets the other."""
    paging = session.listing.paging
    yield from _one_row_of_filters(session, mirror)
    if isinstance(paging, NoPaging | LimitPaging) or len(mirror.rows) < 4 or mirror.torn:
        return
    clauses: Clauses = paging.clauses.get("slice", ())
    before = session.ledger.failures()
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if not session.usable(name) or not session.in_force(name) or session.ledger.failed(clauses):
            continue
        raw = _half(session, mirror, name)
        if raw is None:
            continue
        values = {**partner(session, mirror, name), **default_comparison(session, name)}
        values |= {**companions(session, mirror, name), name: raw, paging.size: written(session, paging.size, 2)}
        sizes: Clauses = paging.clauses.get("size", ()) or clauses
        blame: dict[Aspect, Clauses] = {"rows": kept.clause, "slice": clauses, "size": sizes}
        if session.ledger.failures() - before:
            # A second filter that is forgotten, too: it is the pages that forget.
            blame["rows"] = clauses
        if not isinstance(paging, CursorPaging):
            place, second = (
                (paging.page, paging.first + 1) if isinstance(paging, PageNumberPaging) else (paging.offset, 2)
            )
            ask = ask_for(session, mirror.base, {**values, place: written(session, place, second)})
            yield from expect(session, mirror, ask, f"{name} with a later page", clauses, blame=blame)
            continue
        first = session.send(ask_for(session, mirror.base, values), f"{name} with pages of 2")
        yield
        token = first.answer.next if first.answer else MISSING
        if isinstance(token, str) and token:
            ask = ask_for(session, mirror.base, {**values, paging.after: token})
            yield from expect(session, mirror, ask, f"{name} with a following page", clauses, blame=blame)
    _forgotten_by_pages(session, clauses, before)


def _one_row_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter with pages of one row, at values that the first row of the list does not have."""
    paging = session.listing.paging
    if isinstance(paging, NoPaging) or len(mirror.rows) < 4 or mirror.torn or not session.in_force(paging.size):
        return
    if isinstance(paging, OffsetPaging):
        # A later page tells the same: rows that are left out first are left out of what the filter keeps.
        return
    size_clauses: Clauses = paging.clauses.get("size", ())
    if session.ledger.failed(size_clauses) or not session.usable(paging.size):
        return
    first = session.send(
        ask_for(session, mirror.base, {paging.size: written(session, paging.size, 1)}), "the first row of the list"
    )
    yield
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if not session.usable(name) or not session.in_force(name) or is_time(kept) or not first.rows:
            continue
        own = values_shown(first.rows, kept.compares)
        others = values_shown(mirror.rows, kept.compares).most_common()
        value = next((value for value, count in others if count > 1 and not _holds_any(kept, own, value)), None)
        if value is None or not whole(session, name, value):
            continue
        values = {**companions(session, mirror, name), **default_comparison(session, name)}
        values |= {name: raw_value(session, name, value), paging.size: written(session, paging.size, 1)}
        values |= _first_page(session)
        blame: dict[Aspect, Clauses] = {"total": total_blame(session)}
        yield from expect(
            session, mirror, ask_for(session, mirror.base, values), f"{name} with one row", kept.clause, blame=blame
        )


def _first_page(session: Session) -> dict[str, Tree]:
    """The first page said aloud, where it is not what comes when no page is named."""
    paging = session.listing.paging
    if isinstance(paging, PageNumberPaging) and session.ledger.failed(paging.clauses.get("first", ())):
        return {paging.page: written(session, paging.page, paging.first)}
    if isinstance(paging, OffsetPaging) and session.ledger.failed(paging.clauses.get("offset-default", ())):
        return {paging.offset: written(session, paging.offset, 0)}
    return {}


def _holds_any(kept: Filter, shown: Iterable[Any], value: Any) -> bool:
    """Whether one of the values that a row shows satisfies the filter at another value."""
    keeps = kept.keeps.assumed if isinstance(kept.keeps, Open) else kept.keeps
    return any(holds(keeps, one, value) for one in shown)


def filters_by_other_ways(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every filter by another carriage of the request: a server that reads two forms must read all of each."""
    transport = session.listing.transport
    ways = [
        name
        for name, way in transport.also.items()
        if way.level == "same"
        and not session.ledger.failed(way.clause)
        and way.carries not in session.settings.get("deaf", ())
    ]
    # Bodies are where a second reader of parameters lives: they come first.
    # A separator that is not read in one form is not read in another.
    unread = {way.separator for way in transport.also.values() if session.ledger.failed(way.clause)} - {None}
    if session.ledger.failed(transport.separator_clause):
        unread.add(transport.separator)
    ways = [name for name in ways if (transport.also[name].separator or transport.separator) not in unread]
    ways.sort(key=lambda name: transport.also[name].carries == "query")
    if not ways:
        return
    names = [name for name in shown_filters(session) if session.usable(name) and session.in_force(name)]
    turn = 0
    while names:
        # Two at a time: with the right values the loss of either shows.
        name = names.pop(0)
        alone = session.ledger.failed(session.listing.conjunction_clause) is not None
        halves = ((other, pair_values(session, mirror, name, other)) for other in names if not alone)
        other, values = next(((other, values) for other, values in halves if values is not None), ("", None))
        if values is None:
            raw = _half(session, mirror, name)
            if raw is None:
                continue
            values = {**partner(session, mirror, name), **default_comparison(session, name)}
            values |= {**companions(session, mirror, name), name: raw}
        else:
            names.remove(other)
        for way in dict.fromkeys((ways[turn % len(ways)], ways[0])):
            clauses = transport.also[way].clause
            if session.ledger.failed(clauses):
                continue
            ask = replace(ask_for(session, mirror.base, {**wide(session), **values}), carriage=way)
            told = f"{name} and {other}" if other else name
            yield from expect(session, mirror, ask, f"{told} by {way}", clauses)
        turn += 1


def _forgotten_by_pages(session: Session, clauses: Clauses, before: frozenset[ClauseId]) -> None:
    """Several filters that fail only with a later page are one defect of the pages."""
    if clauses and session.ledger.failed(clauses):
        for clause in session.ledger.failures() - before - set(clauses):
            session.ledger.explain(clause, clauses[0])


def _half(session: Session, mirror: Mirror, name: str) -> Tree:
    """A value that keeps some rows but not all; None when there is none."""
    kept = session.listing.filters[name]
    if is_time(kept):
        shown = [moment for row in mirror.rows for moment in compared(row.shown, kept.compares[0])]
        times = sorted(moment for moment in shown if isinstance(moment, datetime))
        if len(times) < 6 or times[0] == times[-1]:
            return None
        return raw_value(session, name, times[len(times) // 2].replace(microsecond=0))
    values = values_shown(mirror.rows, kept.compares).most_common()
    value = next((value for value, count in values if 3 <= count < len(mirror.rows)), None)
    return None if value is None else raw_value(session, name, value)


def combinations_of_all(session: Session, mirror: Mirror) -> Iterator[None]:
    """Two filters, a small page and an order at once."""
    names = [name for name in shown_filters(session) if session.usable(name)]
    clauses = session.listing.conjunction_clause
    for _ in range(2):
        if len(names) < 2:
            return
        first, second = session.rng.sample(names, 2)
        values = pair_values(session, mirror, first, second)
        if values is None:
            continue
        more: dict[str, Tree] = {}
        paging = session.listing.paging
        if not isinstance(paging, NoPaging):
            more |= {paging.size: written(session, paging.size, 2), **_first_page(session)}
        order = session.listing.order
        if order is not None and order.descending is not None and session.usable(order.descending):
            more[order.descending] = written(session, order.descending, True)
        yield from expect(
            session,
            mirror,
            ask_for(session, mirror.base, {**values, **more}),
            f"{first} and {second}, two rows a page",
            clauses,
        )
