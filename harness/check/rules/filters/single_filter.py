"""Filters: each alone at its cut points, times among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from harness.check.context import Exchange, Session
from harness.check.oracle.interpreter import Meaning
from harness.check.probe.comparison import Aspect
from harness.check.probe.expect import Judged, expect
from harness.check.probe.filter_clauses import all_clauses, note_broken, word_clauses
from harness.check.probe.filter_values import (
    NO_NUMBER,
    NOWHERE,
    PATTERN,
    SPECIAL,
    companions,
    default_comparison,
    fits,
    flat,
    is_hidden,
    is_time,
    near_misses,
    only_as_text,
    raw_value,
    shown_filters,
    telling_values,
    values_shown,
    whole,
    wide,
)
from harness.check.probe.mirror import Mirror, ask_for, time_filters, window_needed
from harness.check.rules.filters.time_filters import time_filter
from harness.check.rules.filters.word_filters import partition, unseen_words
from harness.specification.model import ClauseId, Clauses, Open
from harness.wire.format_problems import Tree
from harness.wire.row_codec import compared

ROWS_THAT_TELL: Final = 60
LONG: Final = 1000
"""So many characters are more than any value has, and less than what a request can carry everywhere."""


# --- rules --------------------------------------------------------------------------------------------------


def first_looks(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each filter once, at the value that most rows tell apart: what is broken outright shows early."""
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if is_time(kept):
            yield from time_filter(session, mirror, name, first_look=True)
            continue
        values = _values_of(session, mirror, name) if session.in_force(name) and mirror.rows else []
        if not values or values_shown(mirror.rows, kept.compares).total() == 0:
            continue
        alone = yield from _works_alone(session, mirror, name, values[0])
        # Right by itself and wrong within the window: it is the two together that fail.
        blame: dict[Aspect, Clauses] | None = {"rows": session.listing.conjunction_clause} if alone else None
        yield from _at_value(session, mirror, name, values[0], blame)
        session.looked_at[name] = values[0]


def single_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each filter alone, at values that tell readings apart."""
    wrong: dict[ClauseId, str] = {}
    longest = 0
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if is_time(kept):
            yield from time_filter(session, mirror, name)
            continue
        if not session.in_force(name):
            yield from not_yet_known(session, mirror, name)
            continue
        if not mirror.rows:
            session.ledger.not_exercised(all_clauses(kept), "the target shows no rows")
            continue
        values = _values_of(session, mirror, name)
        counted = values_shown(mirror.rows, kept.compares)
        if not values or counted.total() == 0:
            if kept.partition_clause:
                yield from unseen_words(session, mirror, name)
            session.ledger.not_exercised(all_clauses(kept), f"no row shows a value that {name} compares")
            continue
        asked = _told_before(session, name, values)
        seen = session.looked_at.get(name)
        if not session.usable(name):
            # The first look found it broken: only where else it goes wrong is left to ask.
            if (clauses := word_clauses(kept, seen)) and session.ledger.failed(clauses[:1]):
                wrong.setdefault(clauses[0], str(seen))
            asked = []
        elif (yield from _strangers_at_once(session, mirror, name, asked)):
            asked = [value for value in asked if counted[value]]
        for value in asked:
            if value == seen:
                continue
            judged, clauses = yield from _at_value(session, mirror, name, value)
            if not session.usable(name):
                if clauses and session.ledger.failed(clauses[:1]):
                    wrong.setdefault(clauses[0], str(value))
                break
            longest = max(longest, len(str(value)) if judged.exchange.rows else 0)
        if session.usable(name):
            yield from long_value(session, mirror, name)
        yield from hidden_alternatives(session, mirror, name)
        if session.usable(name):
            yield from every_companion(session, mirror, name, values[0])
        if session.usable(name):
            yield from list_filter(session, mirror, name)
        if session.usable(name):
            yield from named_comparison(session, mirror, name)
        if session.usable(name) and kept.partition_clause:
            yield from partition(session, mirror, name)
    _one_reader(session, wrong, longest)


def _values_of(session: Session, mirror: Mirror, name: str) -> list[Any]:
    """The values to ask a filter for, those first that most rows show."""
    values = [*telling_values(session, mirror.rows, name), *near_misses(session, mirror.rows, name)]
    return [value for value in dict.fromkeys(values) if whole(session, name, value)]


def _at_value(
    session: Session, mirror: Mirror, name: str, value: Any, blame: Mapping[Aspect, Clauses] | None = None
) -> Generator[None, None, tuple[Judged, Clauses]]:
    """Asks a filter for one value, and notes whether it is broken; also gives the clauses on that value."""
    kept = session.listing.filters[name]
    clauses = word_clauses(kept, value)
    if value in (NOWHERE, NO_NUMBER) and session.listing.no_match_clause:
        # The filter has just kept what it should: what is left is how "nothing matches" is told.
        clauses = session.listing.no_match_clause
    row = next((row for row in mirror.rows if value in values_shown([row], kept.compares)), None)
    ask = ask_for(
        session,
        mirror.base,
        {
            **wide(session),
            **companions(session, mirror, name, row),
            **default_comparison(session, name),
            name: raw_value(session, name, value),
        },
    )
    inferred = only_as_text(session, mirror, name, value)
    judged = yield from expect(session, mirror, ask, f"{name} = {value!r}", clauses, inferred=inferred, blame=blame)
    note_broken(session, name, judged, clauses)
    return judged, clauses


def _one_reader(session: Session, wrong: Mapping[ClauseId, str], longest: int) -> None:
    """Filters that all go wrong at values special in the same way have one cause: how requests are read.

    `wrong` holds the value at which each failed; `longest` is the length of the longest that kept rows.
    """
    marks = {
        clause: (SPECIAL & set(text))
        | ({"long"} if 0 < longest < len(text) else set())
        | ({"pattern"} if PATTERN & set(text) else set())
        for clause, text in wrong.items()
    }
    shared = Counter(mark for several in marks.values() for mark in several)
    mark, times = max(shared.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if times > 1:
        first, *others = [clause for clause, several in marks.items() if mark in several]
        for clause in others:
            session.ledger.explain(clause, first)


def long_value(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A text far longer than any that a row shows: it may be refused, but it matches nothing and breaks nothing."""
    kept, parameter = session.listing.filters[name], session.listing.parameters[name]
    if parameter.as_ != "text" or kept.keeps not in ("equal", "contains") or kept.applies_if_any:
        return
    more = {**default_comparison(session, name), name: "long" * (LONG // 4)}
    ask = ask_for(session, mirror.base, more)
    exchange = session.send(ask, f"{name} with {LONG} characters", witness=False)
    yield
    if session.not_judged(exchange, ()) or not exchange.rows:
        return
    meanings = [meaning for _, meaning in session.meanings(ask) if meaning.fault is None]
    if any(all(meaning.keeps(row.shown) is not False for row in exchange.rows) for meaning in meanings):
        # By a reading that is still open nothing has gone wrong: an older server may not know the filter at all.
        return
    again = session.send(ask, f"again: {name} with {LONG} characters", witness=False)
    yield
    if again.rows and not session.ledger.failed(kept.clause):
        session.fail(
            kept.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(again.rows)} rows",
            exchange=again,
            aspect="rows",
            nothing_due=True,
        )
        session.broken.setdefault(name, kept.clause[0] if kept.clause else ClauseId(name))


def _strangers_at_once(
    session: Session, mirror: Mirror, name: str, values: Sequence[Any]
) -> Generator[None, None, bool]:
    """Values that no row has, asked for as one list: where that keeps nothing, none of them keeps anything."""
    kept, parameter = session.listing.filters[name], session.listing.parameters[name]
    if parameter.as_ not in ("list", "json-list") or kept.keeps != "equal" or mirror.volatile:
        return False
    counted = values_shown(mirror.rows, kept.compares)
    apart = (
        parameter.separated_by if parameter.as_ == "list" and session.listing.transport.carries != "json" else None
    )
    strange = [
        value
        for value in values
        if not counted[value] and value not in kept.no_filter and (apart is None or apart not in str(value))
    ]
    if len(strange) < 2 or len(strange) < sum(not counted[value] for value in values):
        return False
    values_asked = {**companions(session, mirror, name), name: raw_value(session, name, tuple(strange))}
    exchange = session.send(
        ask_for(session, mirror.base, {**wide(session), **values_asked}), f"{name} with {len(strange)} strangers"
    )
    yield
    if exchange.answer is None or exchange.answer.outcome != "success" or not fits(session, mirror, exchange):
        return False
    session.ledger.witness((*kept.clause, *session.listing.no_match_clause))
    return True


def _told_before(session: Session, name: str, values: list[Any]) -> list[Any]:
    """The values, fewer where another filter over the same fields was right about the odd ones already."""
    filters = session.listing.filters
    before = list(filters)[: list(filters).index(name)]
    if len(values) > 5 and any(
        filters[other].compares == filters[name].compares and session.usable(other) and not is_hidden(filters[other])
        for other in before
    ):
        return [*values[:4], values[-1]]
    return values


def every_companion(session: Session, mirror: Mirror, name: str, value: Any) -> Iterator[None]:
    """A filter that needs one of several others: with each of them."""
    kept = session.listing.filters[name]
    for other in kept.applies_if_any[1:]:
        if not session.usable(other) or other not in session.listing.filters:
            continue
        row = next((row for row in mirror.rows if value in values_shown([row], kept.compares)), None)
        shown = values_shown([row] if row is not None else mirror.rows, session.listing.filters[other].compares)
        if shown:
            more = {
                other: raw_value(session, other, shown.most_common(1)[0][0]),
                name: raw_value(session, name, value),
            }
            ask = ask_for(session, mirror.base, {**wide(session), **more})
            judged = yield from expect(session, mirror, ask, f"{name} with {other}", kept.clause)
            if note_broken(session, name, judged, kept.clause):
                return


def hidden_alternatives(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A filter that may also look at what rows do not show: does it, and does it keep anything out at all?"""
    kept = session.listing.filters[name]
    choice = kept.alternatives
    if not isinstance(choice, Open) or not session.usable(name):
        return
    stranger: Any = NO_NUMBER if session.listing.parameters[name].of in ("integer", "digits") else NOWHERE
    for value in (stranger, stranger):
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        exchange = session.send(ask, f"{name} with a value that nothing has")
        yield
        if session.not_judged(exchange, kept.clause) or not exchange.rows:
            break
    else:
        session.fail(
            kept.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(exchange.rows or ())} rows",
            exchange=exchange,
            aspect="rows",
            kind="stray",
            nothing_due=True,
        )
        session.broken.setdefault(name, kept.clause[0] if kept.clause else ClauseId(name))
        return
    counted = values_shown(mirror.rows, kept.compares)
    others = seen = 0
    for value, _ in counted.most_common(2):
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        exchange = session.send(ask, f"{name} = {value!r}, all of its rows")
        yield
        others += sum(value not in flat(compared(row.shown, kept.compares[0])) for row in exchange.rows or ())
        seen += len(exchange.rows or ())
    fuller = max(choice.options, key=len)
    if not others and seen < ROWS_THAT_TELL:
        # Too few rows to be sure that none of them is kept for what it does not show.
        return
    session.knowledge.set(choice.id, fuller if others else min(choice.options, key=len), f"rows kept by {name}")
    if not others and len(counted) > 1:
        value = counted.most_common(1)[0][0]
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        judged = yield from expect(session, mirror, ask, f"{name} = {value!r}", kept.clause)
        note_broken(session, name, judged, kept.clause)


def _works_alone(session: Session, mirror: Mirror, name: str, value: Any) -> Generator[None, None, bool]:
    """Whether a filter keeps only what it should when the run's own window is left out."""
    if not mirror.base or window_needed(session) or not session.listing.conjunction_clause:
        return False
    ask = ask_for(
        session, {}, {**wide(session), **default_comparison(session, name), name: raw_value(session, name, value)}
    )
    exchange = session.send(ask, f"{name} = {value!r} alone")
    yield
    if not exchange.rows:
        return False
    meanings = [meaning for _, meaning in session.meanings(ask) if meaning.tests]
    strays = [row for row in exchange.rows if all(meaning.keeps(row.shown) is False for meaning in meanings)]
    return not strays and bool(meanings) and not _others_than_mirrored(session, mirror, exchange, meanings)


def _others_than_mirrored(session: Session, mirror: Mirror, exchange: Exchange, meanings: Sequence[Meaning]) -> bool:
    """Whether a filter without the run's window lacks rows of the window that it keeps, or has others there."""
    path = time_filters(session)[2]
    if path is None or mirror.volatile or not mirror.complete:
        return False
    whole = [meaning for _, meaning in session.meanings(ask_for(session, mirror.base))]
    came = {row.key: row for row in exchange.rows or ()}
    times = [at for row in came.values() if isinstance(at := row.shown.get(path), datetime)]
    if not times:
        return False
    # The page may end early: what lies beyond its times, or at its edges, is not known.
    first, last = min(times), max(times)
    for row in mirror.rows:
        at = row.shown.get(path)
        inside = isinstance(at, datetime) and first < at < last and row.key not in came
        if inside and all(meaning.keeps(row.shown) is True for meaning in meanings):
            return True
    return any(
        mirror.row(key) is None and all(meaning.keeps(row.shown) is True for meaning in whole)
        for key, row in came.items()
    )


def not_yet_known(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A filter of a later version than the server's: it is ignored."""
    kept = session.listing.filters[name]
    versions = session.listing.versions
    assert versions is not None
    session.ledger.not_applicable(all_clauses(kept), "the server follows an older version")
    value: Any = NO_NUMBER if session.listing.parameters[name].of == "integer" else NOWHERE
    ask = ask_for(session, mirror.base, {name: raw_value(session, name, value)})
    yield from expect(session, mirror, ask, f"{name} is not known yet", versions.older_clause)


def list_filter(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A list parameter: two elements, many, a repeated one, one that matches nothing beside one that does."""
    kept = session.listing.filters[name]
    parameter = session.listing.parameters[name]
    if parameter.as_ not in ("list", "json-list"):
        return
    counted = values_shown(mirror.rows, kept.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if len(values) < 2:
        session.ledger.not_exercised(parameter.list_clause, "fewer than two values occur")
        return
    nowhere: Any = NO_NUMBER if parameter.of in ("integer", "digits") else NOWHERE
    rare = values[-1]
    lists: list[tuple[Any, ...]] = [
        (values[0], values[1]),
        (rare, nowhere, rare),
        tuple(values[1:8]),
    ]
    clauses = parameter.list_clause or kept.clause
    for chosen in lists:
        ask = ask_for(
            session,
            mirror.base,
            {**wide(session), **companions(session, mirror, name), name: raw_value(session, name, chosen)},
        )
        judged = yield from expect(session, mirror, ask, f"{name} with {len(chosen)} elements", clauses)
        if note_broken(session, name, judged, clauses):
            return


def named_comparison(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """The comparison named by another parameter: the default word said aloud, other words, none."""
    kept = session.listing.filters[name]
    named = kept.named_by
    if named is None:
        return
    counted = values_shown(mirror.rows, kept.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if not values:
        return
    # A cut text tells the comparisons apart, if no row shows it whole.
    cut = [text for text in values if isinstance(text, str) and len(text) > 1 and text[1:] not in counted]
    long = [text for text in cut if len(text) > 3] or cut
    value: Any = long[len(long) // 2][1:] if long else values[len(values) // 2]
    base = {**wide(session), **companions(session, mirror, name), name: raw_value(session, name, value)}
    default = session.listing.parameters[named.parameter].default
    if default in named.words:
        clauses = named.clauses.get("default", kept.clause)
        judged = yield from expect(
            session, mirror, ask_for(session, mirror.base, base), f"{name} without {named.parameter}", clauses
        )
        if judged.right is False:
            return
    for word in named.words:
        clauses = kept.clause
        if word != default and named.clauses.get("may") and word in named.may:
            clauses = named.clauses["may"]
        ask = ask_for(session, mirror.base, {**base, named.parameter: word})
        judged = yield from expect(session, mirror, ask, f"{name} with {named.parameter}={word}", clauses)
        if note_broken(session, named.parameter, judged, clauses):
            return
    for word in named.none:
        ask = ask_for(session, mirror.base, {**base, named.parameter: word})
        yield from expect(
            session, mirror, ask, f"{named.parameter}={word} switches {name} off", named.clauses.get("none", ())
        )
    yield from _other_words(session, mirror, name, base)


def _other_words(session: Session, mirror: Mirror, name: str, base: Mapping[str, Tree]) -> Iterator[None]:
    named = session.listing.filters[name].named_by
    assert named is not None
    clauses = named.clauses.get("other", ())
    ask = ask_for(session, mirror.base, {**base, named.parameter: "nosuchmatch"})
    yield from expect(session, mirror, ask, f"{named.parameter}=nosuchmatch", clauses)
    for word in named.may[:2]:
        exchange = session.send(
            ask_for(session, mirror.base, {**base, named.parameter: word}), f"{named.parameter}={word}"
        )
        yield
        if exchange.answer is not None:
            told = "refused" if exchange.answer.outcome == "error" else f"{len(exchange.rows or ())} rows"
            session.ledger.observed(named.clauses.get("may", clauses), f"{named.parameter}={word}: {told}")


# --- times --------------------------------------------------------------------------------------------------
