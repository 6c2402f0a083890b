"""Odd values: bad ones, missing ones, reversed ranges, other types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from harness.check.context import Exchange, Row, Session
from harness.check.oracle.interpreter import Meaning
from harness.check.probe.comparison import Aspect, Mismatch, compare
from harness.check.probe.equivalence import agreed, same_answer
from harness.check.probe.error_responses import (
    ROWS_TOO,
    binding,
    blame,
    broke_down,
    is_refused,
    judge_fault,
    kept,
    may_break,
    repeat,
    told,
)
from harness.check.probe.expect import expect
from harness.check.probe.mirror import Mirror, ask_for, number, reread, window_needed, windows, written
from harness.check.probe.stability import living
from harness.check.rules.parameters.defaults import defaults_given, false_is_true, spellings
from harness.specification.model import Bad, Clauses, LimitPaging, NoPaging, OffsetPaging, Open, Parameter
from harness.wire.format_problems import Tree
from harness.wire.list_request import Ask
from harness.wire.row_codec import compared

_OUTCOME_ONLY: Final[tuple[Aspect, ...]] = ("unreadable", "outcome")
_LAST_MONTH: Final = timedelta(days=32)


# --- bad values ---------------------------------------------------------------------------------------------


def bad_values(session: Session, mirror: Mirror) -> Iterator[None]:
    """Values that cannot be read or are out of bounds; what must be given; ranges; defaults; spellings."""
    yield from living(session, mirror)
    yield from defaults_given(session, mirror)
    for name, parameter in session.listing.parameters.items():
        for raw, bad in _odd_values(parameter):
            yield from _odd(session, mirror, name, raw, bad)
    yield from _longest_page(session, mirror)
    yield from _too_many(session, mirror)
    yield from _required(session, mirror)
    yield from _ranges(session, mirror)
    yield from _lenient(session, mirror)
    yield from spellings(session, mirror)
    yield from false_is_true(session, mirror)


def _odd_values(parameter: Parameter) -> Iterator[tuple[Tree, Bad]]:
    """Each odd value to try and the rule for it."""
    bad = parameter.bad
    done: set[str] = set()

    def fresh(raw: Tree) -> bool:
        new = str(raw) not in done
        done.add(str(raw))
        return new

    in_text = not any(isinstance(item, int) for rule in (bad, parameter.beyond) if rule for item in rule.like)
    if parameter.zero is not None and fresh(0):
        yield ("0" if in_text else 0), parameter.zero
    over = parameter.beyond or bad
    if parameter.most is not None and over is not None:
        for raw in (parameter.beyond.like if parameter.beyond else ()) or (parameter.most + 1,):
            if fresh(raw):
                yield (str(raw) if in_text else raw), over
    for raw in bad.like if bad is not None else ():
        if bad is not None and fresh(raw):
            wrapped: Tree = [raw] if parameter.as_ == "list" and parameter.at is not None else raw
            yield wrapped, bad


def _odd(session: Session, mirror: Mirror, name: str, raw: Tree, bad: Bad) -> Iterator[None]:
    ask = ask_for(session, mirror.base, {name: raw})
    purpose = f"an odd value of {name}"
    meanings = _odd_meanings(session, mirror, name, raw, bad)
    # With a broken default the rows of an odd value say nothing new.
    default = session.ledger.failed(session.listing.parameters[name].default_clause) is not None
    blind = default or not session.usable(name) or _in_window(session, mirror, name)
    only: Sequence[Aspect] = _OUTCOME_ONLY if blind else ROWS_TOO
    paging = session.listing.paging
    if not blind and isinstance(paging, OffsetPaging) and name == paging.offset:
        only = (*only, "slice")
    if not blind and not isinstance(paging, NoPaging) and name == paging.size:
        only = (*only, "short")
    yield from _hold(session, mirror, ask, purpose, bad, name, meanings, only)


def _in_window(session: Session, mirror: Mirror, name: str) -> bool:
    """Whether a parameter bounds the mirror, so that without it other rows come."""
    return name in mirror.base or any(
        name in (pair.first, pair.last) and (pair.first in mirror.base or pair.last in mirror.base)
        for pair in session.listing.ranges
    )


def _hold(
    session: Session,
    mirror: Mirror,
    ask: Ask,
    purpose: str,
    bad: Bad,
    name: str,
    meanings: list[tuple[Mapping[str, Any], Meaning]],
    only: Sequence[Aspect],
) -> Iterator[None]:
    """Holds a probe against the meanings that it may have; confirms and blames what is none of them."""
    exchange = session.send(ask, purpose)
    yield
    clauses = bad.clause
    if any(meaning.fault for _, meaning in meanings) and broke_down(session, exchange, bad.fault):
        yield from judge_fault(session, exchange, bad.fault, clauses, parameter=name)
        return
    if session.not_judged(exchange, clauses):
        return
    mismatch = _match(session, mirror, exchange, meanings, only, purpose)
    if mismatch is None:
        nothing = session.ledger.failed(session.listing.no_match_clause) is not None
        if nothing and isinstance(bad.gets, Open) and "nothing" in bad.gets.options:
            # It may match nothing, too, and how that is told is known to be wrong.
            session.ledger.observed(clauses, told(exchange))
        elif is_refused(exchange):
            yield from judge_fault(session, exchange, bad.fault, clauses, parameter=name)
        elif session.listing.parameters[name].as_ == "flag" and _counts_as_absent(bad):
            yield from _as_if_absent(session, mirror, exchange, name, clauses)
        else:
            kept(session, clauses, f"{name}={_short(ask.values.get(name))}: {told(exchange)}")
        return
    if mismatch.shapeless and session.ledger.failed(session.listing.lists.clauses.get("rows", ())):
        return
    if not may_break(session, clauses):
        session.ledger.observed(clauses, f"{name}={_short(ask.values.get(name))}: {told(exchange)}")
        return
    if mismatch.aspect not in _OUTCOME_ONLY:
        yield from reread(session, mirror)
    second = repeat(session, exchange)
    yield
    if session.not_judged(second, clauses):
        return
    again = _match(session, mirror, second, meanings, only, purpose)
    if again is None or (mirror.volatile and again.aspect not in _OUTCOME_ONLY):
        session.ledger.inconclusive(clauses, "not repeatable, or the list moved")
        return
    blame(session, clauses, expected=again.expected, actual=again.actual, exchange=second)


def _counts_as_absent(bad: Bad) -> bool:
    """Whether a bad value that is taken can only count as none."""
    ways = bad.gets.options if isinstance(bad.gets, Open) else (bad.gets,)
    return set(ways) <= {"refused", "default", "ignored"}


def _as_if_absent(
    session: Session, mirror: Mirror, exchange: Exchange, name: str, clauses: Clauses
) -> Iterator[None]:
    """A flag with a word that is taken counts as absent: the parts of rows, their order and the total, too."""
    reference = session.settings.get("plain")
    if not isinstance(reference, Exchange):
        reference = session.send(ask_for(session, mirror.base), f"the list without {name}")
        yield
        # One reading serves all flags: what differs is held against a fresh one.
        session.settings = {**session.settings, "plain": reference}
    if reference.answer is None or reference.answer.outcome != "success":
        return
    expected = f"the same answer as without {name}"
    yield from agreed(session, mirror, reference, exchange, clauses, expected=expected)


def _short(raw: Tree) -> str:
    return str(raw)[:40]


def _match(
    session: Session,
    mirror: Mirror,
    exchange: Exchange,
    meanings: list[tuple[Mapping[str, Any], Meaning]],
    only: Sequence[Aspect],
    purpose: str,
) -> Mismatch | None:
    """None when some meaning fits (what it assumes is then known), else the mismatch of the nearest."""
    if is_refused(exchange) and any(meaning.fault is not None for _, meaning in meanings):
        fitting = [assigned for assigned, meaning in meanings if meaning.fault is not None]
        session.knowledge.settle(fitting, purpose)
        return None
    held = [(assigned, compare(session, mirror, meaning, exchange, only)) for assigned, meaning in meanings]
    fitting = [assigned for assigned, mismatch in held if mismatch is None]
    if fitting:
        session.knowledge.settle(fitting, purpose)
        return None
    return max((mismatch for _, mismatch in held if mismatch is not None), key=lambda item: item.rank)


def _odd_meanings(
    session: Session, mirror: Mirror, name: str, raw: Tree, bad: Bad
) -> list[tuple[Mapping[str, Any], Meaning]]:
    """What an odd value may mean: each treatment that the spec allows, told by a request without oddity."""
    choice = bad.gets
    key = f"{choice.id}={_short(raw)}" if isinstance(choice, Open) else ""
    ways: Sequence[Any] = (choice,)
    if isinstance(choice, Open):
        ways = session.knowledge.known(key) or choice.options or (choice.assumed,)
    without = Ask(values={given: value for given, value in mirror.base.items() if given != name})
    found: list[tuple[Mapping[str, Any], Meaning]] = []
    for way in ways:
        assigned = {key: way} if key else {}
        match way:
            case "refused":
                found.append((assigned, Meaning(fault=bad.fault, parameter=name)))
            case "nothing":
                found.append((assigned, Meaning(empty=True)))
            case "clamped":
                for value in _clamps(session.listing.parameters[name], raw):
                    clamped = without.having({name: written(session, name, value)})
                    found.extend(({**more, **assigned}, meaning) for more, meaning in session.meanings(clamped))
            case "honoured":
                found.append((assigned, _honoured(session, without, raw)))
            case _:
                found.extend(({**more, **assigned}, meaning) for more, meaning in session.meanings(without))
    found.extend(_older(session, name, without))
    return found


def _clamps(parameter: Parameter, raw: Tree) -> list[int]:
    value = number(str(raw).lstrip("-"))
    below = str(raw).startswith("-") or value == 0
    bounds = (parameter.least, parameter.most) if below or value is None else (parameter.most,)
    return [bound for bound in bounds if bound is not None]


def _honoured(session: Session, without: Ask, raw: Tree) -> Meaning:
    """The value taken as it is: at most so many rows, where it is a size."""
    meaning = session.meanings(without)[0][1]
    return replace(meaning, size=number(raw), size_given=number(raw)) if number(raw) else Meaning(anything="honoured")


def _older(session: Session, name: str, without: Ask) -> list[tuple[Mapping[str, Any], Meaning]]:
    """A server of a version that does not know the parameter ignores it."""
    versions, since = session.listing.versions, session.listing.parameters[name].since
    if versions is None or since is None or not isinstance(versions.serves, Open):
        return []
    left = session.knowledge.known(versions.serves.id) or versions.serves.options
    older = [one for one in left if versions.order.index(one) < versions.order.index(since)]
    return [
        ({**more, versions.serves.id: one}, meaning) for one in older for more, meaning in session.meanings(without)
    ]


def _too_many(session: Session, mirror: Mirror) -> Iterator[None]:
    """A list that is one element longer than the longest legal one."""
    listing = session.listing
    for name, parameter in listing.parameters.items():
        if parameter.most_items is None or parameter.too_many is None:
            continue
        items = _many_items(session, mirror, name, parameter.most_items + 1)
        if items is None:
            session.ledger.not_applicable(parameter.too_many.clause, f"the rows show no value for {name}")
            continue
        # So long a list may be too long for a URL, which would prove nothing.
        carriage = next(
            (
                key
                for key, way in listing.transport.also.items()
                if way.carries == "form" and way.level == "same" and way.path is None
            ),
            None,
        )
        raw = written(session, name, items)
        ask = replace(ask_for(session, mirror.base, {name: raw}), carriage=carriage)
        exchange = session.send(ask, f"a list of {len(items)} elements in {name}", witness=False)
        yield
        if session.not_judged(exchange, parameter.too_many.clause) or exchange.answer is None:
            continue
        choice = parameter.too_many.gets
        refused = is_refused(exchange)
        if isinstance(choice, Open) and exchange.answer.outcome != "unreadable":
            options = tuple(way for way in choice.options if (way == "refused") == refused)
            if len(options) == 1:
                session.knowledge.set(choice.id, options[0], exchange.purpose)
        if not refused and choice == "refused":
            yield from judge_fault(session, exchange, parameter.too_many.fault, parameter.too_many.clause)
        elif exchange.answer.outcome == "error":
            few = replace(ask_for(session, mirror.base, {name: written(session, name, items[:2])}), carriage=carriage)
            short = session.send(few, f"a list of two elements in {name}, in the same way", witness=False)
            yield
            if short.answer is None or short.answer.outcome != "success":
                # It is the way that is not understood, and that is judged by itself.
                continue
            yield from judge_fault(
                session, exchange, parameter.too_many.fault, parameter.too_many.clause, parameter=name
            )
        else:
            session.ledger.observed(parameter.too_many.clause, told(exchange))


def _longest_page(session: Session, mirror: Mirror) -> Iterator[None]:
    """The bound of a page, asked of a list that is longer than it, where the checked part of it is not."""
    paging = session.listing.paging
    if isinstance(paging, NoPaging | LimitPaging) or session.settings.get("window") is not None:
        return
    parameter = session.listing.parameters[paging.size]
    beyond = parameter.beyond
    ways = () if beyond is None else beyond.gets.options if isinstance(beyond.gets, Open) else (beyond.gets,)
    if parameter.most is None or beyond is None or "honoured" in ways or len(mirror.rows) > parameter.most:
        return
    size = {paging.size: written(session, paging.size, parameter.most + 1)}
    for base in _wider(session, mirror, parameter.most):
        exchange = session.send(Ask(values={**base, **size}), "more rows than a page may hold, of a longer list")
        yield
        if session.not_judged(exchange, beyond.clause) or exchange.rows is None:
            return
        if len(exchange.rows) > parameter.most:
            second = repeat(session, exchange)
            yield
            if len(second.rows or ()) > parameter.most:
                expected, actual = f"an error, or at most {parameter.most} rows", f"{len(second.rows or ())} rows"
                blame(session, beyond.clause, expected=expected, actual=actual, exchange=second)
            return


def _wider(session: Session, mirror: Mirror, most: int) -> Sequence[Mapping[str, Tree]]:
    """Time ranges around the checked one that may hold more rows than a page."""
    if window_needed(session):
        every = list(windows(session, session.settings["now"]))
        return every[every.index(dict(mirror.base)) + 1 :][:1] if mirror.base in every else every[1:2]
    widest = mirror.widest
    return [widest.base] if widest is not None and (widest.total or len(widest.rows)) > most else []


def _many_items(session: Session, mirror: Mirror, name: str, number_: int) -> tuple[Any, ...] | None:
    """So many values that the server knows, repeated if need be: a stranger may be refused for another reason."""
    rule = session.listing.filters.get(name)
    if rule is None:
        return None
    known = [value for row in mirror.rows for value in compared(row.shown, rule.compares[0]) if value is not None]
    whole = session.listing.parameters[name].of == "integer"
    items = [value for value in dict.fromkeys(known) if isinstance(value, int) or not whole]
    return tuple((items * (number_ // len(items) + 1))[:number_]) if items else None


# --- required -----------------------------------------------------------------------------------------------


def _required(session: Session, mirror: Mirror) -> Iterator[None]:
    parameters = session.listing.parameters
    together: set[tuple[str, ...]] = set()
    for name, parameter in parameters.items():
        rule = parameter.required
        if rule is None:
            continue
        clauses = (*rule.clause, *parameter.clause)
        alone = {given: value for given, value in mirror.base.items() if given != name}
        if rule.unless_all_missing and not any(other in alone for other in rule.unless_all_missing):
            session.ledger.not_exercised(
                rule.clause, f"the run has no values for {', '.join(rule.unless_all_missing)}"
            )
        else:
            exchange = session.send(Ask(values=alone), f"a request without {name}")
            yield
            yield from judge_fault(session, exchange, rule.fault, rule.clause or clauses, parameter=name)
        if rule.unless_all_missing:
            together.add(rule.unless_all_missing)
    for names in sorted(together):
        yield from _all_missing(session, mirror, names)


def _all_missing(session: Session, mirror: Mirror, names: tuple[str, ...]) -> Iterator[None]:
    """Without any of them: one behaviour, however many parameters leave it open."""
    rules = [rule for name in names if (rule := session.listing.parameters[name].required) is not None]
    clauses = tuple(dict.fromkeys(clause for rule in rules for clause in rule.clause))
    values = {given: value for given, value in mirror.base.items() if given not in names}
    exchange = session.send(Ask(values=values), f"a request without {' and '.join(names)}")
    yield
    if session.not_judged(exchange, clauses) or exchange.answer is None:
        return
    allowed: set[str] = set()
    for rule in rules:
        allowed |= set(rule.then.options) if isinstance(rule.then, Open) else {rule.then}
    reading = ""
    if is_refused(exchange) and "refused" in allowed:
        yield from judge_fault(session, exchange, rules[0].fault, clauses)
        reading = "refused"
    elif exchange.answer.outcome == "success" and "last-month" in allowed:
        reading = "last-month"
        early = _before_last_month(session, mirror, names, exchange)
        if early and "everything" not in allowed:
            second = repeat(session, exchange)
            yield
            if _before_last_month(session, mirror, names, second):
                expected = "an error, or the calls of the last month"
                blame(session, clauses, expected=expected, actual=f"{early} older rows", exchange=second)
            return
        session.ledger.witness(binding(session, clauses))
    elif exchange.answer.outcome == "success" and "everything" in allowed:
        reading = "everything"
    elif not is_refused(exchange):
        yield from judge_fault(session, exchange, rules[0].fault, clauses)
    if reading:
        for rule in rules:
            if isinstance(rule.then, Open):
                session.knowledge.set(rule.then.id, reading, exchange.purpose)


def _before_last_month(session: Session, mirror: Mirror, names: Sequence[str], exchange: Exchange) -> int:
    """How many rows are surely older than a month: compared with the newest row that was ever seen."""
    filters = session.listing.filters
    path = next((filters[name].compares[0] for name in names if name in filters), None)
    if path is None:
        return 0

    def times(rows: Sequence[Row]) -> list[datetime]:
        return [moment for row in rows for moment in compared(row.shown, path) if isinstance(moment, datetime)]

    seen = times((*mirror.rows, *(exchange.rows or ())))
    return sum(moment < max(seen) - _LAST_MONTH for moment in times(exchange.rows or ())) if seen else 0


# --- ranges -------------------------------------------------------------------------------------------------


def _ranges(session: Session, mirror: Mirror) -> Iterator[None]:
    listing = session.listing
    for pair in listing.ranges:
        first, last = listing.parameters[pair.first], listing.parameters[pair.last]
        ends = _two_values(session, mirror, pair.first)
        if ends is None or first.as_ != last.as_:
            reason = "the rows show no two different values for a range"
            session.ledger.not_exercised(
                (*pair.clauses.get("reversed", ()), *pair.clauses.get("one-alone", ())), reason
            )
            continue
        low, high = written(session, pair.first, ends[0]), written(session, pair.last, ends[1])
        rest = {given: value for given, value in mirror.base.items() if given not in (pair.first, pair.last)}
        clauses = pair.clauses.get("reversed", ())
        turned = {pair.first: written(session, pair.first, ends[1]), pair.last: written(session, pair.last, ends[0])}
        judged = yield from expect(
            session, mirror, Ask(values={**rest, **turned}), "a range whose ends are the wrong way round", clauses
        )
        if judged.right and judged.meaning is not None and judged.meaning.fault is not None:
            yield from judge_fault(session, judged.exchange, pair.reversed_fault, clauses)
        if any(listing.parameters[name].required is not None for name in (pair.first, pair.last)):
            continue
        clauses = pair.clauses.get("one-alone", ())
        narrowed = _in_window(session, mirror, pair.first) or _in_window(session, mirror, pair.last)
        only = _OUTCOME_ONLY if narrowed else ROWS_TOO
        middle = _two_values(session, mirror, pair.first, part=4)
        if middle is not None:
            # Bounds that leave rows out on their own side: an end that is ignored keeps them.
            low, high = written(session, pair.first, middle[1]), written(session, pair.last, middle[0])
        for alone in ({pair.first: low}, {pair.last: high}):
            judged = yield from expect(
                session, mirror, Ask(values={**rest, **alone}), "one end of a range alone", clauses, only=only
            )
            if judged.right and judged.meaning is not None and judged.meaning.fault is not None:
                yield from judge_fault(session, judged.exchange, pair.one_alone_fault, clauses)
            elif judged.right and narrowed:
                _one_end_kept(session, judged.exchange, clauses)


def _one_end_kept(session: Session, exchange: Exchange, clauses: Clauses) -> None:
    """An end that is taken alone keeps rows out, also of those that the run did not read."""
    meanings = [meaning for _, meaning in session.meanings(exchange.ask) if meaning.fault is None and meaning.tests]
    strays = [row for row in exchange.rows or () if all(meaning.keeps(row.shown) is False for meaning in meanings)]
    if meanings and strays:
        paths = sorted(set().union(*(meaning.paths for meaning in meanings)))
        session.fail(
            clauses,
            "one end of a range alone is refused, or kept",
            expected="an error, or only rows within the range",
            actual=f"{len(strays)} of {len(exchange.rows or ())} rows are not within it",
            exchange=exchange,
            rows=[session.evidence.row(row, [session.listing.lists.identity, *paths]) for row in strays[:4]],
        )


def _two_values(session: Session, mirror: Mirror, name: str, part: int = 0) -> tuple[Any, Any] | None:
    """The ends of the values that a filter compares, a second apart; with `part` nearer to one another."""
    rule = session.listing.filters.get(name)
    if rule is None:
        return None
    path = rule.compares[0]
    found: list[Any] = [value for row in mirror.rows for value in compared(row.shown, path) if value is not None]
    if not found:
        return None
    found.sort()
    low, high = (found[len(found) // part], found[-1 - len(found) // part]) if part else (found[0], found[-1])
    if isinstance(low, datetime):
        low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    return (low, high) if low < high else None


# --- lenient types ------------------------------------------------------------------------------------------


def _lenient(session: Session, mirror: Mirror) -> Iterator[None]:
    """A number where digits in a text are documented: known to some servers, relied on by nobody."""
    listing = session.listing
    if listing.transport.carries != "json":
        return
    tried: set[bool] = set()
    for name, parameter in listing.parameters.items():
        listed = parameter.as_ == "list"
        if not parameter.lenient or not parameter.lenient_clause or listed in tried:
            continue
        value = _an_integer(session, mirror, name)
        if value is None:
            continue
        tried.add(listed)
        as_text = session.send(
            ask_for(session, mirror.base, {name: [str(value)] if listed else str(value)}),
            f"{name} as it is documented",
        )
        yield
        as_number = session.send(
            ask_for(session, mirror.base, {name: [value] if listed else value}), f"{name} as a number", witness=False
        )
        yield
        if session.not_judged(as_number, parameter.lenient_clause) or as_number.answer is None:
            continue
        same = same_answer(session, as_text, as_number) is None
        reading = "understood" if same else "refused" if is_refused(as_number) else "another answer"
        session.ledger.observed(parameter.lenient_clause, f"a number in {name}: {reading}")


def _an_integer(session: Session, mirror: Mirror, name: str) -> int | None:
    rule = session.listing.filters.get(name)
    if rule is None:
        return None
    for row in mirror.rows:
        for value in compared(row.shown, rule.compares[0]):
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None
