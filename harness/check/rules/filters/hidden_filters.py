"""Filters on what rows do not show: relations between their answers stand in for the values that nobody sees.

Whatever the hidden values are: a value that nothing has selects nothing, the rows of two values of a single-valued
attribute are disjoint, a list selects the union of its elements' rows, the same request selects the same rows, and
together with a shown filter it selects the rows that both keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from harness.check.context import Exchange, Session
from harness.check.probe.blame import unsteady_clauses
from harness.check.probe.expect import expect
from harness.check.probe.filter_clauses import note_broken
from harness.check.probe.filter_values import (
    NO_NUMBER,
    NOWHERE,
    is_hidden,
    is_time,
    raw_value,
    shown_filters,
    values_shown,
    wide,
)
from harness.check.probe.mirror import Mirror, ask_for, largest_size, number
from harness.check.rules.filters.single_filter import not_yet_known
from harness.specification.model import ClauseId, Clauses, Filter, Open
from harness.telephony.attributes import ATTRIBUTES, Grain, Kind
from harness.wire.format_problems import Tree
from harness.wire.json_body import MISSING

GUESSES_AT_MOST: Final = 8
KNOWN_AT_MOST: Final = 12
ENOUGH: Final = 3
"""So many values that select rows are enough to hold against one another."""
SMALL: Final = (1, 2, 3)
ASPECTS: Final = ("outcome", "unreadable", "rows", "size", "unique", "order")


@dataclass(slots=True)
class _Hidden:
    """One filter under examination, and the rows that each value selected."""

    name: str
    clauses: Clauses
    found: dict[Any, frozenset[Hashable]] = field(default_factory=dict)
    exchanges: dict[Any, Exchange] = field(default_factory=dict)
    cut: set[Any] = field(default_factory=set)


def hidden_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each filter on a hidden attribute, by the relations that must hold between its answers."""
    for name, kept in session.listing.filters.items():
        if not is_hidden(kept):
            continue
        if not session.in_force(name):
            yield from not_yet_known(session, mirror, name)
        elif not mirror.rows:
            session.ledger.not_exercised(kept.clause, "the target shows no rows")
        else:
            yield from _one(session, mirror, _Hidden(name=name, clauses=kept.clause))


def _one(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    works = yield from _stranger(session, mirror, about)
    if not works:
        return
    yield from _values(session, mirror, about)
    if not session.usable(about.name):
        return
    if not about.found:
        if session.settings.get("world") is not None:
            return
        session.notes.append(
            f"{about.name}: no value is known that selects rows; --known-value {about.name}=VALUE would tell more"
        )
        return
    for relation in (_near_misses, _disjoint, _lists, _together, _repeated):
        if session.usable(about.name):
            yield from relation(session, mirror, about)


# --- single values ------------------------------------------------------------------------------------------


def stranger_of(session: Session, name: str) -> Any:
    """A value that nothing has."""
    parameter = session.listing.parameters[name]
    return NO_NUMBER if parameter.as_ in ("digits", "integer") or _of_numbers(session, name) else NOWHERE


def _of_numbers(session: Session, name: str) -> bool:
    parameter = session.listing.parameters[name]
    return parameter.as_ in ("digits", "integer") or parameter.of in ("integer", "digits")


def _send(session: Session, mirror: Mirror, name: str, value: Any, purpose: str, more: Any = None) -> Exchange:
    values: dict[str, Tree] = {**wide(session), **(more or {}), name: raw_value(session, name, value)}
    return session.send(ask_for(session, mirror.base, values), purpose)


def _stranger(session: Session, mirror: Mirror, about: _Hidden) -> Generator[None, None, bool]:
    """A value that nothing has selects nothing; a filter that is ignored selects all."""
    name, value = about.name, stranger_of(session, about.name)
    purpose = f"{name} with a value that nothing has"
    exchange = _send(session, mirror, name, value, purpose)
    yield
    if session.not_judged(exchange, about.clauses):
        return False
    if exchange.answer is not None and exchange.answer.outcome == "error":
        kept = session.listing.filters[name]
        refusable = kept.stranger == "refused" or isinstance(kept.stranger, Open)
        if not refusable:
            yield from _refused(session, mirror, about, exchange, value)
            return False
        return True
    if exchange.rows:
        again = _send(session, mirror, name, value, f"again: {purpose}")
        yield
        if again.rows:
            _fail(
                session,
                about,
                f"{name} keeps only rows with that value",
                "no rows for a value that nothing has",
                f"{len(again.rows)} rows",
                again,
            )
            return False
        if not mirror.volatile:
            session.ledger.inconclusive(about.clauses, "not repeatable")
        return False
    if exchange.rows is not None:
        session.ledger.witness(about.clauses)
    return True


def _refused(session: Session, mirror: Mirror, about: _Hidden, exchange: Exchange, value: Any) -> Iterator[None]:
    """An error for a well-formed value: is it one each time?"""
    again = _send(session, mirror, about.name, value, "again: a well-formed value that nothing has")
    yield
    if again.answer is not None and again.answer.outcome == "error" and exchange.answer is not None:
        told = session.evidence.text(f"{exchange.answer.code!r}", limit=80)
        clauses = session.listing.no_match_clause or about.clauses
        _fail(
            session, about, f"{about.name} takes any well-formed value", "a success", f"error {told}", again, clauses
        )


def _values(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """Values that may select rows: those that the user knows, else those that the data suggest."""
    given = dict.fromkeys(session.known_values.get(about.name, ()))
    known = [value for value in given if not _of_numbers(session, about.name) or value.isdecimal()][:KNOWN_AT_MOST]
    if len(known) < min(len(given), KNOWN_AT_MOST):
        session.notes.append(f"--known-value {about.name}: it takes numbers; other values are left out")
    guesses = known or guesses_of(session, mirror, about.name)
    empty: list[Exchange] = []
    if not known and len(guesses) > 2 and session.listing.parameters[about.name].as_ in ("list", "json-list"):
        any_at_all = yield from _any_of(session, mirror, about, guesses)
        if not any_at_all:
            return
    for value in guesses[: max(len(known), GUESSES_AT_MOST)]:
        ask = ask_for(session, mirror.base, {**wide(session), about.name: raw_value(session, about.name, value)})
        judged = yield from expect(session, mirror, ask, f"{about.name} = {value!r}", about.clauses, only=ASPECTS)
        if note_broken(session, about.name, judged, about.clauses) or judged.right is None:
            return
        rows = judged.exchange.rows
        if rows:
            about.found[value] = frozenset(judged.exchange.keys)
            about.exchanges[value] = judged.exchange
            if _is_cut(session, judged.exchange):
                about.cut.add(value)
            _total(session, mirror, about, judged.exchange)
        elif value in known and rows is not None:
            empty.append(judged.exchange)
        if len(about.found) >= ENOUGH and not known:
            return
    if known and len(empty) == len(known) and not mirror.base and mirror.complete and not mirror.volatile:
        _fail(
            session,
            about,
            f"{about.name} keeps the rows with that value",
            f"rows for {' or '.join(known)}, which --known-value names",
            "no rows",
            empty[0],
        )
    elif empty:
        session.notes.append(f"{about.name}: {len(empty)} of {len(known)} values of --known-value select no rows")


def _any_of(session: Session, mirror: Mirror, about: _Hidden, guesses: Sequence[Any]) -> Generator[None, None, bool]:
    """Whether a list of all guesses selects anything: one request in place of many."""
    exchange = _send(session, mirror, about.name, tuple(guesses), f"{about.name} with {len(guesses)} guesses")
    yield
    return bool(exchange.rows)


def guesses_of(session: Session, mirror: Mirror, name: str) -> list[Any]:
    """Values that a hidden attribute may well have: what rows show of a like kind, then small numbers."""
    numbers = _of_numbers(session, name)
    counted: Counter[Any] = Counter()
    for row in mirror.rows[:300]:
        for field_name, known in session.listing.fields.items():
            shown = row.shown.get(field_name)
            if known.as_ == "word" or isinstance(shown, bool):
                continue
            if isinstance(shown, int if numbers else str) and shown not in ("", 0):
                counted[shown] += 1
    common = [value for value, count in counted.most_common(12) if count > 1]
    return list(dict.fromkeys([*common, *SMALL] if numbers else common))


def _is_cut(session: Session, exchange: Exchange) -> bool:
    """Whether the answer may be only the first page of the rows that match."""
    _, size = largest_size(session)
    return size is not None and len(exchange.rows or ()) >= size


def _total(session: Session, mirror: Mirror, about: _Hidden, exchange: Exchange) -> None:
    """The total of a page that holds all rows is their number."""
    total = session.listing.total
    answer = exchange.answer
    if total is None or answer is None or answer.total is MISSING or mirror.volatile or _is_cut(session, exchange):
        return
    told = number(answer.total)
    clauses = total.clauses.get("sum", ())
    came = len(exchange.rows or ())
    if told is None or session.ledger.failed(clauses):
        return
    if told == came:
        session.ledger.witness(clauses)
    else:
        _fail(
            session,
            about,
            "the total counts the rows that match",
            f"a total of {came}: all rows are on this page",
            f"a total of {told}",
            exchange,
            clauses,
        )


# --- relations ----------------------------------------------------------------------------------------------


def single_valued(session: Session, kept: Filter) -> bool:
    """Whether a row has at most one value of what the filter compares."""
    if len(kept.compares) != 1 or kept.keeps != "equal" or kept.words or kept.named_by is not None:
        return False
    holds = session.listing.hidden[kept.compares[0].partition(".")[2]].holds
    attribute = ATTRIBUTES[Grain(session.listing.lists.one_row_per)].get(holds)
    return attribute is not None and attribute.kind not in (Kind.TEXT_LIST, Kind.ROWS)


def _near_misses(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """A text that is nearly a value which selects rows selects none of those rows."""
    kept, parameter = session.listing.filters[about.name], session.listing.parameters[about.name]
    if parameter.as_ != "text" or not single_valued(session, kept) or mirror.volatile:
        return
    value = next((one for one in about.found if isinstance(one, str) and len(one) > 2), None)
    if value is None:
        return
    place = len(value) // 2
    for near in (value[:-1], value[1:], f"{value} zz", f"{value[:place]}%{value[place + 1 :]}"):
        purpose = f"{about.name} = {near!r}, nearly {value!r}"
        exchange = _send(session, mirror, about.name, near, purpose)
        yield
        if session.not_judged(exchange, about.clauses):
            return
        if not set(exchange.keys) & about.found[value]:
            session.ledger.witness(about.clauses)
            continue
        again = _send(session, mirror, about.name, near, f"again: {purpose}")
        yield
        shared = set(again.keys) & about.found[value]
        if shared:
            expected = f"none of the rows for {value}"
            _fail(session, about, purpose, expected, f"{len(shared)} of them for {near}", again)
            return


def _disjoint(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """No row has two values. Where all rows are shared out, the values known are complete."""
    kept = session.listing.filters[about.name]
    if not single_valued(session, kept) or mirror.volatile:
        return
    for one, two in combinations(about.found, 2):
        shared = about.found[one] & about.found[two]
        if shared and str(one) != str(two):
            again = _send(session, mirror, about.name, one, f"again: {about.name} = {one!r}")
            yield
            if again.rows is None or not set(again.keys) & about.found[two]:
                return
            _fail(
                session,
                about,
                f"a row has one value of {about.name}",
                f"other rows for {two} than for {one}",
                f"{len(shared)} rows for both",
                about.exchanges[two],
            )
            return
        session.ledger.witness(about.clauses)


def _lists(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """A list selects what its elements select, in any order; more elements never select fewer rows."""
    parameter = session.listing.parameters[about.name]
    if parameter.as_ not in ("list", "json-list") or mirror.volatile:
        return
    clauses = parameter.list_clause or about.clauses
    stranger = stranger_of(session, about.name)
    values = [value for value in about.found if value not in about.cut]
    values.sort(key=lambda value: (len(about.found[value]), str(value)))
    if not values:
        return
    first = values[0]
    lists: list[tuple[Any, ...]] = [(first, stranger), (stranger, first)]
    if len(values) > 1:
        lists = [(first, stranger, values[1]), (values[1], first), tuple(values)][: 2 if len(values) == 2 else 3]
    for chosen in lists:
        due = frozenset[Hashable]().union(*(about.found.get(value, frozenset()) for value in chosen))
        _, size = largest_size(session)
        if size is not None and len(due) >= size:
            continue
        right = yield from _equal(session, mirror, about, chosen, due, clauses, {}, f"{len(chosen)} elements")
        if not right:
            return


def _together(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """Together with a filter on what rows show: the rows that both keep."""
    clauses = session.listing.conjunction_clause or about.clauses
    tried = 0
    for value, keys in about.found.items():
        if value in about.cut or mirror.volatile or tried >= 2:
            continue
        rows = [row for row in mirror.rows if row.key in keys]
        for name in shown_filters(session):
            kept = session.listing.filters[name]
            plain = kept.keeps == "equal" and not (
                kept.named_by or kept.applies_if_any or kept.words or is_time(kept)
            )
            if not plain or not session.usable(name) or not session.in_force(name) or kept.loses_to:
                continue
            counted = values_shown(rows, kept.compares)
            shown = next((one for one, count in counted.most_common() if 0 < count < len(rows)), None)
            if shown is None or session.ledger.failed(clauses):
                continue
            more = {name: raw_value(session, name, shown)}
            keeps = [
                meaning
                for _, meaning in session.meanings(ask_for(session, mirror.base, more))
                if meaning.fault is None and not meaning.anything
            ]
            if len(keeps) != 1:
                continue
            due = frozenset(row.key for row in rows if keeps[0].keeps(row.shown) is True)
            tried += 1
            yield from _equal(session, mirror, about, value, due, clauses, more, f"{name} beside it")
            break


def _repeated(session: Session, mirror: Mirror, about: _Hidden) -> Iterator[None]:
    """The same request selects the same rows."""
    value = next((value for value in about.found if value not in about.cut), None)
    if value is not None and not mirror.volatile:
        yield from _equal(session, mirror, about, value, about.found[value], about.clauses, {}, "the same again")


def _equal(
    session: Session,
    mirror: Mirror,
    about: _Hidden,
    value: Any,
    due: frozenset[Hashable],
    clauses: Clauses,
    more: dict[str, Tree],
    how: str,
) -> Generator[None, None, bool]:
    """Whether a request selects exactly the rows that earlier answers promise."""
    purpose = f"{about.name}: {how}"
    exchange = _send(session, mirror, about.name, value, purpose, more)
    yield
    if session.not_judged(exchange, clauses):
        return False
    if exchange.rows is not None and frozenset(exchange.keys) == due:
        session.ledger.witness(clauses)
        return True
    again = _send(session, mirror, about.name, value, f"again: {purpose}", more)
    yield
    if session.not_judged(again, clauses):
        return False
    if again.rows is not None and frozenset(again.keys) == due:
        session.ledger.inconclusive(clauses, "not repeatable")
        return False
    if session.ledger.failed(unsteady_clauses(session)):
        session.ledger.inconclusive(clauses, "identical requests get different answers")
        return False
    came = frozenset(again.keys)
    if again.rows is None:
        actual = "no rows in the answer" if again.answer is None else f"an answer that is {again.answer.outcome}"
    else:
        actual = f"{len(came)} rows: {len(due - came)} missing, {len(came - due)} too many"
    _fail(session, about, f"{about.name}, {how}", f"{len(due)} rows", actual, again, clauses)
    return False


def _fail(
    session: Session,
    about: _Hidden,
    message: str,
    expected: str,
    actual: str,
    exchange: Exchange,
    clauses: Clauses | None = None,
) -> None:
    blamed = about.clauses if clauses is None else clauses
    if blamed == about.clauses:
        session.broken.setdefault(about.name, blamed[0] if blamed else ClauseId(about.name))
    said = next((known.says for name in blamed if (known := session.clause(name)) is not None), message)
    nothing = expected.startswith("no rows")
    session.fail(
        blamed, said, expected=expected, actual=actual, exchange=exchange, aspect="rows", nothing_due=nothing
    )
