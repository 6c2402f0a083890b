"""Values that a request may hold: bad ones, blank ones, defaults, other spellings, ranges; and how a refusal is told.

`judge_fault`, `agree` and `difference` are shared with the other rules: they send, confirm and write the ledger.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from harness.check.judging import Aspect, Mismatch, compare, expect, let_copies_agree, living, unsettled
from harness.check.mirror import Mirror, ask_for, number, page_cap, reread, window_needed, windows, written
from harness.check.oracle import Meaning, sort_key
from harness.check.rules.filters import default_comparison
from harness.check.session import Exchange, Row, Session
from harness.spec.model import (
    Bad,
    ClauseId,
    Clauses,
    CursorPaging,
    EnvelopeField,
    Fault,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    Open,
    PageNumberPaging,
    Parameter,
)
from harness.wire.ask import Ask
from harness.wire.exchange import HttpResponse
from harness.wire.json_body import MISSING
from harness.wire.pages import count_in
from harness.wire.problems import Tree
from harness.wire.rows import compared

_OUTCOME_ONLY: Final[tuple[Aspect, ...]] = ("unreadable", "outcome")
_ROWS_TOO: Final[tuple[Aspect, ...]] = ("unreadable", "outcome", "count", "rows", "size")
_LAST_MONTH: Final = timedelta(days=32)


# --- sending again, blaming, witnessing ---------------------------------------------------------------------


def repeat(session: Session, exchange: Exchange) -> Exchange:
    """The very same bytes once more."""
    return session.send(
        exchange.ask,
        f"again: {exchange.purpose}",
        credentials=exchange.ask.credentials,
        witness=False,
        edit=lambda _: exchange.request,
    )


def binding(session: Session, clauses: Clauses) -> Clauses:
    """Those of the clauses that can be broken: a `may` is only observed."""
    return tuple(name for name in clauses if (known := session.clause(name)) is not None and known.level != "may")


def blame(
    session: Session, clauses: Clauses, *, expected: str, actual: str, exchange: Exchange, kind: str = ""
) -> None:
    """Writes a confirmed breach under the first clause that can be broken; a `may` is observed."""
    firm = binding(session, clauses)
    if not firm:
        session.ledger.observed(clauses, actual)
        return
    known = session.clause(firm[0])
    says = known.says if known else ""
    session.fail(firm, says, expected=expected, actual=actual, exchange=exchange, aspect="fault", kind=kind)


def kept(session: Session, clauses: Clauses, reading: str) -> None:
    """Writes an observation that could have broken the clauses: a witness, or the reading of a `may`."""
    firm = binding(session, clauses)
    session.ledger.witness(firm)
    session.ledger.observed(tuple(name for name in clauses if name not in firm), reading)


def told(exchange: Exchange) -> str:
    """What came back, in a few words."""
    answer = exchange.answer
    if answer is None:
        return "no answer"
    if answer.outcome == "unreadable":
        return f"an answer that cannot be read (HTTP {answer.http_status})"
    if answer.outcome == "error":
        return f"the error {answer.code!r} (HTTP {answer.http_status})"
    return "a success" + (f" with {len(exchange.rows)} rows" if exchange.rows is not None else "")


def is_refused(exchange: Exchange) -> bool:
    """Whether the answer is an error, be it one that only its HTTP status tells."""
    answer = exchange.answer
    if answer is None:
        return False
    return answer.outcome == "error" or (answer.outcome == "unreadable" and answer.http_status >= 400)


# --- how a refusal is told ----------------------------------------------------------------------------------


def judge_fault(
    session: Session,
    exchange: Exchange,
    fault: str,
    clauses: Clauses,
    *,
    parameter: str = "",
    operation: str = "",
    status: bool = True,
) -> Generator[None, None, bool | None]:
    """Judges an answer that the named fault is due for; True when it is an error, however it is told.

    A success breaks `clauses`, another code the clause of the fault, another HTTP status (where the fault has one
    of its own, and unless `status` is False) `clauses`, a silent message the fault's clause on names. What is wrong
    is confirmed by sending the same bytes again.
    """
    if broke_down(session, exchange, fault):
        yield from _broken_down(session, exchange, fault, clauses)
        return None
    if session.not_judged(exchange, clauses):
        return None
    problems = _fault_problems(session, exchange, fault, clauses, parameter, operation, status)
    again: list[tuple[str, Clauses, str, str]] = []
    if any(_may_break(session, blamed) for _, blamed, _, _ in problems):
        second = repeat(session, exchange)
        yield
        if session.not_judged(second, clauses):
            return None
        again = _fault_problems(session, second, fault, clauses, parameter, operation, status)
    kinds = {kind for kind, _, _, _ in again}
    for kind, blamed, expected, actual in problems:
        if kind in kinds:
            blame(session, blamed, expected=expected, actual=actual, exchange=exchange, kind=kind)
        elif _may_break(session, blamed):
            session.ledger.inconclusive(blamed, "not repeatable")
        else:
            session.ledger.observed(blamed, actual)
    wrong = {kind for kind, _, _, _ in problems}
    if "unreadable" in wrong:
        return None
    if "outcome" in wrong:
        return False
    told_by = session.listing.outcome.faults.get(fault)
    if not wrong & {"rows", "status"}:
        kept(session, clauses, told(exchange))
    if told_by is not None and exchange.answer is not None and exchange.answer.outcome == "error":
        if not wrong & {"code", "key", "message"}:
            kept(session, told_by.clause, told(exchange))
        if "names" not in wrong and told_by.names and (parameter or operation):
            kept(session, told_by.names_clause, told(exchange))
    return True


def broke_down(session: Session, exchange: Exchange, fault: str) -> bool:
    """Whether the server failed where the named fault is due: a 5xx that is none of the ways to tell it."""
    response, answer = exchange.response, exchange.answer
    if not isinstance(response, HttpResponse) or response.http_status < 500:
        return False
    code = answer.code if answer is not None else MISSING
    if code is MISSING:
        return True
    named = session.listing.outcome.faults.get(fault)
    if named is None or str(code) in {str(one) for one in (named.code, *named.codes)}:
        # The right code under a wrong status is judged as a status.
        return False
    own = {
        str(one) for kind in session.listing.outcome.faults.values() if kind.own for one in (kind.code, *kind.codes)
    }
    return response.http_status not in statuses(session, named) and str(code) in own


def _broken_down(session: Session, exchange: Exchange, fault: str, clauses: Clauses) -> Iterator[None]:
    """A breakdown in place of a refusal, confirmed: the probe's clause has it, or the one on server errors."""
    second = repeat(session, exchange)
    yield
    if not broke_down(session, second, fault):
        session.ledger.inconclusive(clauses, "a server error that did not come again")
        return
    known = {id(exchange), id(second)}
    session.server_errors = [one for one in session.server_errors if id(one) not in known]
    session.ledger.observed(tuple(name for name in clauses if name not in binding(session, clauses)), told(second))
    firm = binding(session, clauses) or (ClauseId("HTTP-SERVER-ERRORS"),)
    actual = f"HTTP {second.response.http_status}" if isinstance(second.response, HttpResponse) else "no answer"
    blame(session, firm, expected=f"an error ({fault})", actual=actual, exchange=second, kind="broken-down")


def _may_break(session: Session, clauses: Clauses) -> bool:
    firm = binding(session, clauses)
    return bool(firm) and session.ledger.failed(firm[:1]) is None


def _fault_problems(
    session: Session,
    exchange: Exchange,
    fault: str,
    clauses: Clauses,
    parameter: str,
    operation: str,
    status: bool,
) -> list[tuple[str, Clauses, str, str]]:
    """What is wrong with a refusal: a kind, the clauses to blame, expected, actual."""
    answer = exchange.answer
    if answer is None:
        return []
    due = f"an error ({fault})"
    if answer.outcome == "success":
        return [("outcome", clauses, due, told(exchange))]
    if answer.outcome == "unreadable":
        # An error page of another shape still refuses; that it cannot be read is told under the format's clause.
        return [] if answer.http_status >= 400 else [("unreadable", (), due, told(exchange))]
    found: list[tuple[str, Clauses, str, str]] = []
    error = session.listing.outcome.error
    if exchange.rows and "rows-in-errors" not in session.settings:
        session.settings = {**session.settings, "rows-in-errors": (fault, clauses)}
    first_told = session.settings.get("rows-in-errors") in (None, (fault, clauses))
    if exchange.rows and not error.clauses.get("no-rows") and first_told:
        found.append(("rows", clauses, "an error without rows", f"an error with {len(exchange.rows)} rows"))
    named = session.listing.outcome.faults.get(fault)
    if named is None:
        return found
    codes = {str(code) for code in (named.code, *named.codes) if code is not None}
    shapeless = answer.code is MISSING and session.ledger.failed(error.clauses.get("shape", ())) is not None
    # A part that is missing or of another type breaks the promise of the envelope, which every answer is held to.
    promised = {part.at: part for part in session.listing.outcome.envelope.values()}
    if (
        codes
        and str(answer.code) not in codes
        and not _misshapen(answer.code, promised.get(error.code_at))
        and not shapeless
        and not _odd_before(session, fault, answer.code)
    ):
        found.append(("code", named.clause, f"the code {' or '.join(sorted(codes))}", told(exchange)))
    if status and not _never_right(session, answer.http_status):
        wanted = statuses(session, named)
        known = session.ledger.failed(error.clauses.get("http", ()))
        if (
            wanted
            and not known
            and answer.http_status not in wanted
            and str(answer.http_status) != _code_of(session, exchange)
        ):
            listed = " or ".join(str(one) for one in sorted(wanted))
            found.append(("status", clauses, f"the HTTP status {listed}", told(exchange)))
    _settle_status(session, named, answer.http_status)
    message = answer.message if isinstance(answer.message, str) else ""
    wants = {"parameter": parameter, "operation": operation}
    silent = [wants[what] for what in named.names if wants[what] and wants[what].lower() not in message.lower()]
    told_not = _misshapen(answer.message, promised.get(error.message_at or ""))
    if silent and not told_not:
        found.append(("names", named.names_clause, f"a message that names {' and '.join(silent)}", repr(message)))
    if named.speaks and not message.strip() and not silent and not told_not:
        found.append(("message", named.clause, "a message that says something", repr(answer.message)))
    unkeyed = error.key_at is None or _misshapen(answer.key, promised.get(error.key_at))
    if parameter and not unkeyed and named.clause and "code" not in {kind for kind, *_ in found}:
        key = answer.key if isinstance(answer.key, str) else ""
        others = set(session.listing.parameters) - {parameter}
        if not key or key in others:
            found.append(("key", named.clause, f"the key {parameter}", f"the key {answer.key!r}"))
    return found


def _misshapen(value: object, part: EnvelopeField | None) -> bool:
    """Whether an envelope part is not there, or of another type than the one that it promises."""
    if part is None or not part.clause:
        return False
    if value is MISSING:
        return True
    text = str(value)
    return part.as_ in ("integer", "digits") and not (isinstance(value, int | str) and text.lstrip("-").isdigit())


def _odd_before(session: Session, fault: str, code: object) -> bool:
    """Whether a code that stands for nothing was already told for another fault: one defect, however often."""
    faults = session.listing.outcome.faults
    if any(str(code) in {str(one) for one in (known.code, *known.codes)} for known in faults.values()):
        return False
    told: Mapping[str, str] = session.settings.get("odd-codes", {})
    session.settings = {**session.settings, "odd-codes": {str(code): fault, **told}}
    named = faults[fault].clause
    return str(code) in told and faults[told[str(code)]].clause != named


def _never_right(session: Session, status: int) -> bool:
    """Whether no error at all may come with this status, and that was told already."""
    error = session.listing.outcome.error
    legal = error.http.options if isinstance(error.http, Open) else (error.http,)
    patterns = {"4xx": 400 <= status < 500, "5xx": status >= 500, "same-as-code": True}
    fits = status in legal or any(patterns.get(word, False) for word in error.https)
    return not fits and session.ledger.failed(error.clauses.get("http", ())) is not None


def statuses(session: Session, fault: Fault) -> set[int]:
    """The HTTP statuses of a fault that has some of its own; empty where it has none."""
    if fault.http is None:
        return set()
    own = fault.http.options if isinstance(fault.http, Open) else (fault.http,)
    return {*own, *fault.https}


def _code_of(session: Session, exchange: Exchange) -> str:
    """The code that the HTTP status may repeat."""
    same = "same-as-code" in session.listing.outcome.error.https
    return str(exchange.answer.code) if same and exchange.answer is not None else ""


def _settle_status(session: Session, fault: Fault, status: int) -> None:
    if isinstance(fault.http, Open) and status in fault.http.options and not session.knowledge.known(fault.http.id):
        session.knowledge.set(fault.http.id, status, "an error")


# --- two answers that must be the same ----------------------------------------------------------------------


def same_answer(session: Session, first: Exchange, second: Exchange) -> str | None:
    """How two answers differ (outcome, number, rows, order, parts of rows, total), or None."""
    one, two = first.answer, second.answer
    if one is None or two is None:
        return "one of them is missing"
    if one.outcome != two.outcome:
        return f"{told(first)} and {told(second)}"
    if one.outcome == "error":
        return None if str(one.code) == str(two.code) else f"{told(first)} and {told(second)}"
    if one.outcome == "unreadable":
        return None
    if first.rows is None or second.rows is None:
        numbers = (count_in(one), count_in(two))
        return None if numbers[0] == numbers[1] else f"{_count_told(numbers[0])} and {_count_told(numbers[1])}"
    return (
        _rows_differ(session, first.rows, second.rows)
        or _parts_differ(session, first.rows, second.rows)
        or _totals_differ(first, second)
    )


def _count_told(told_: tuple[int, str] | None) -> str:
    return "no number" if told_ is None else f"the number {told_[0]}"


def _rows_differ(session: Session, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    keys, others = [row.key for row in first], [row.key for row in second]
    if keys == others:
        return None
    if len(keys) != len(others):
        return f"{len(keys)} rows and {len(others)} rows"
    only = [row for row in first if row.key not in set(others)]
    only += [row for row in second if row.key not in set(keys)]
    if only:
        # Where a page cuts rows of one sort value apart, either of them may stand on it.
        last = {_sort_value(session, rows[-1]) for rows in (first, second)}
        if not _sorted(session) or len(last) != 1 or any(_sort_value(session, row) not in last for row in only):
            return f"{len(keys)} rows each, but {len(only) - len(only) // 2} of them differ"
    if not _sorted(session):
        return None
    if [_sort_value(session, row) for row in first] != [_sort_value(session, row) for row in second]:
        return "the same rows in another order"
    return None


def _sorted(session: Session) -> bool:
    return session.listing.order is not None


def _sort_value(session: Session, row: Row) -> Hashable:
    order = session.listing.order
    if order is None:
        return None
    paths = order.by.options if isinstance(order.by, Open) else (order.by,)
    return tuple(sort_key((compared(row.shown, path) or (None,))[0], "code-point") for path in paths)


def _parts_differ(session: Session, first: Sequence[Row], second: Sequence[Row]) -> str | None:
    """Whether switched parts are shown in one answer only."""
    parts = {name for include in session.listing.includes for name in include.adds}
    by_key = {row.key: row for row in second}
    for row in first:
        other = by_key.get(row.key)
        if other is None:
            continue
        mine, theirs = _shape(row, parts), _shape(other, parts)
        if mine != theirs:
            names = ", ".join(sorted(mine ^ theirs))
            return f"{names} in one of them only"
    return None


def _shape(row: Row, parts: set[str]) -> set[str]:
    raw = row.raw if isinstance(row.raw, dict) else {}
    return {name for name in parts if raw.get(name) not in (None, "", [], {})}


def _totals_differ(first: Exchange, second: Exchange) -> str | None:
    assert first.answer is not None
    assert second.answer is not None
    one, two = number(first.answer.total), number(second.answer.total)
    return None if one == two else f"a total of {one} and a total of {two}"


def difference(session: Session, mirror: Mirror, first: Exchange, middle: Exchange, last: Exchange) -> str | None:
    """How `middle` surely differs from what was answered before and after it, although the list moves."""
    if first.answer is None or middle.answer is None or last.answer is None:
        return None
    if first.answer.outcome != last.answer.outcome:
        return None
    if first.answer.outcome != middle.answer.outcome:
        return f"{told(first)} and {told(middle)}"
    if first.rows is None or last.rows is None or middle.rows is None:
        return None
    around = set(first.keys) | set(last.keys)
    stayed = set(first.keys) & set(last.keys)
    known = [key for key in middle.keys if key not in around and mirror.row(key) is not None]
    cut = not isinstance(session.listing.paging, NoPaging | LimitPaging)
    if cut:
        # A page moves with the list: only an empty one, or one that fills up, says something.
        if stayed and not middle.rows:
            return f"{len(stayed)} rows and none"
        if not around and known:
            return f"no rows and {len(known)} rows"
        return None
    missing = stayed - set(middle.keys)
    if missing:
        return f"{len(missing)} rows that stood still are missing"
    if known:
        return f"{len(known)} rows that are not in the other answer"
    return None


def agree(
    session: Session,
    mirror: Mirror,
    reference: Exchange,
    ask: Ask,
    purpose: str,
    clauses: Clauses,
    *,
    expected: str,
    credentials: Mapping[str, str] | None = None,
    blaming: bool = True,
    witness: bool = True,
) -> Generator[None, None, bool | None]:
    """Sends `ask`, which must get the same answer as `reference` did; None when that cannot be decided.

    With `blaming` False a difference is confirmed but not written.
    """
    exchange = session.send(ask, purpose, credentials=credentials, witness=witness)
    yield
    if session.not_judged(exchange, clauses):
        return None
    return (yield from agreed(session, mirror, reference, exchange, clauses, expected=expected, blaming=blaming))


def agreed(
    session: Session,
    mirror: Mirror,
    reference: Exchange,
    exchange: Exchange,
    clauses: Clauses,
    *,
    expected: str,
    blaming: bool = True,
) -> Generator[None, None, bool | None]:
    """Judges an exchange that must be the same as a reference, confirming what differs."""
    found = same_answer(session, reference, exchange)
    if found is None:
        kept(session, clauses, "the same answer")
        return True
    firm = binding(session, clauses)
    if blaming and firm and session.ledger.failed(firm[:1]):
        return False
    before = reference
    for attempt in range(2):
        after = repeat(session, reference)
        yield
        if session.not_judged(after, clauses):
            return None
        if same_answer(session, before, after) is not None:
            found = difference(session, mirror, before, exchange, after)
            mirror.volatile = True
        else:
            found = same_answer(session, after, exchange)
        if found is None:
            session.ledger.inconclusive(firm, "data-changed: the list moved between two requests")
            return None
        if attempt:
            break
        exchange = repeat(session, exchange)
        before = after
        yield
        if session.not_judged(exchange, clauses):
            return None
    # The reference was asked every second time until here: a list that comes and goes in that step looks different.
    let_copies_agree(session)
    at_once = repeat(session, reference)
    yield
    if session.not_judged(at_once, clauses):
        return None
    if same_answer(session, after, at_once) is not None:
        session.ledger.inconclusive(firm, "data-changed: the list moved between two requests")
        mirror.volatile = True
        return None
    if (yield from unsettled(session, mirror)):
        session.ledger.inconclusive(firm, "data-changed: the newest rows come and go")
        return None
    if blaming:
        blame(session, clauses, expected=expected, actual=f"they differ: {found}", exchange=exchange)
    return False


def plain(session: Session, mirror: Mirror, purpose: str) -> Generator[None, None, Exchange | None]:
    """The list as it is asked for without anything special; None when it is no success."""
    exchange = session.send(ask_for(session, mirror.base), purpose)
    yield
    answer = exchange.answer
    return exchange if answer is not None and answer.outcome == "success" else None


# --- bad values ---------------------------------------------------------------------------------------------


def bad_values(session: Session, mirror: Mirror) -> Iterator[None]:
    """Values that cannot be read or are out of bounds; what must be given; ranges; defaults; spellings."""
    yield from living(session, mirror)
    yield from _defaults(session, mirror)
    for name, parameter in session.listing.parameters.items():
        for raw, bad in _odd_values(parameter):
            yield from _odd(session, mirror, name, raw, bad)
    yield from _longest_page(session, mirror)
    yield from _too_many(session, mirror)
    yield from _required(session, mirror)
    yield from _ranges(session, mirror)
    yield from _lenient(session, mirror)
    yield from _spellings(session, mirror)
    yield from _false_is_true(session, mirror)


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
    only: Sequence[Aspect] = _OUTCOME_ONLY if blind else _ROWS_TOO
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
    if not _may_break(session, clauses):
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
        only = _OUTCOME_ONLY if narrowed else _ROWS_TOO
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


# --- defaults and spellings ---------------------------------------------------------------------------------


def _defaults(session: Session, mirror: Mirror) -> Iterator[None]:
    """A parameter that is absent means its default: all defaults said aloud, and on a difference each alone."""
    chosen = {
        name: parameter
        for name, parameter in session.listing.parameters.items()
        if parameter.default is not None and parameter.default_clause and session.usable(name)
    }
    shown = {name: value for name, value in chosen.items() if _matters(session, mirror, name)}
    for name, parameter in chosen.items():
        if name not in shown:
            reason = f"the rows at hand would be the same with any {name}"
            session.ledger.not_exercised(parameter.default_clause, reason)
    if not shown:
        return
    reference = yield from plain(session, mirror, "the list without anything said")
    if reference is None:
        return
    values = {name: _default_value(session, name) for name in shown}
    clauses = tuple(dict.fromkeys(clause for parameter in shown.values() for clause in parameter.default_clause))
    expected = "the same answer with the default said and not said"
    same = yield from agree(
        session,
        mirror,
        reference,
        ask_for(session, mirror.base, values),
        "every default said aloud",
        clauses if len(shown) == 1 else (),
        expected=expected,
        blaming=len(shown) == 1,
        witness=False,
    )
    if same:
        kept(session, clauses, "the same answer")
    if same is not False or len(shown) == 1:
        return
    for name, parameter in shown.items():
        # What a default says aloud changes is the default's fault, not that of the order or of the rows.
        ask = ask_for(session, mirror.base, {name: values[name]})
        yield from agree(
            session,
            mirror,
            reference,
            ask,
            f"{name} at its default",
            parameter.default_clause,
            expected=expected,
            witness=False,
        )


def _default_value(session: Session, name: str) -> Tree:
    parameter = session.listing.parameters[name]
    default = parameter.default
    if parameter.as_ == "flag" and not isinstance(default, bool):
        return str(default)
    return written(session, name, default)


def _matters(session: Session, mirror: Mirror, name: str) -> bool:
    """Whether the rows at hand would tell one value of a parameter from another."""
    listing, paging, rows = session.listing, session.listing.paging, mirror.rows
    if isinstance(paging, OffsetPaging | CursorPaging | PageNumberPaging | LimitPaging) and name == paging.size:
        default = listing.parameters[name].default
        return isinstance(default, int) and len(rows) > default and page_cap(session) is None
    if listing.order is not None and name == listing.order.descending:
        return len({_sort_value(session, row) for row in rows}) > 1
    for include in listing.includes:
        if include.parameter == name:
            return any(_shape(row, set(include.adds)) for row in rows)
    return bool(rows)


def _spellings(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each other spelling of a flag is understood as the documented one."""
    flags = {
        name: parameter
        for name, parameter in session.listing.parameters.items()
        if parameter.as_ == "flag" and parameter.spellings_clause and session.usable(name)
    }
    scope = session.listing.scope
    # These flags may leave no rows, which would hide the others.
    apart = {scope.children_only.parameter} if scope is not None and scope.children_only is not None else set()
    if session.listing.count_only is not None:
        apart.add(session.listing.count_only.parameter)
    groups = [[name for name in flags if name not in apart], *([name] for name in flags if name in apart)]
    for group in groups:
        for value in (True, False):
            if group and not (value is False and len(group) == 1 and group[0] in apart):
                yield from _spelled(session, mirror, group, value)


def _false_is_true(session: Session, mirror: Mirror) -> Iterator[None]:
    """Several flags that are wrong when they are said to be off: it is the word that is read wrongly."""
    listing, order = session.listing, session.listing.order
    wrong: dict[str, tuple[ClauseId, ...]] = {}
    for name, parameter in listing.parameters.items():
        if parameter.as_ != "flag" or not parameter.spellings_clause:
            continue
        own = [*parameter.default_clause, *(parameter.bad.clause if parameter.bad else ())]
        for include in listing.includes:
            if include.parameter == name:
                own += [*include.clauses.get("off", ()), *include.clauses.get("default", ())]
        if order is not None and order.descending == name:
            own += [*order.descending_default_clause, *order.clause]
        if listing.total is not None and listing.total.switch is not None and listing.total.switch.parameter == name:
            own += listing.total.switch.clauses.get("off", ())
        failed = tuple(clause for clause in dict.fromkeys(own) if session.ledger.failed((clause,)))
        if failed:
            wrong[name] = failed
    if len(wrong) < 3:
        return
    odd: list[str] = []
    evidence: Exchange | None = None
    for name in wrong:
        parameter = listing.parameters[name]
        said = session.send(ask_for(session, mirror.base, {name: parameter.false[0]}), f"{name} said to be off")
        yield
        other = session.send(ask_for(session, mirror.base, {name: parameter.true[0]}), f"{name} said to be on")
        yield
        if same_answer(session, said, other) is None:
            odd.append(name)
            evidence = said
    if len(odd) < 3 or evidence is None:
        return
    clauses = listing.parameters[odd[0]].spellings_clause
    actual = f"{', '.join(odd)} are on when they are said to be off"
    blame(session, clauses, expected="a flag that is off", actual=actual, exchange=evidence)
    for clause in dict.fromkeys(clause for name in odd for clause in wrong[name] if clause not in clauses):
        session.ledger.explain(clause, clauses[0])


def _spelled(session: Session, mirror: Mirror, names: Sequence[str], value: bool) -> Iterator[None]:
    parameters = session.listing.parameters
    words = {name: parameters[name].true if value else parameters[name].false for name in names}
    clauses = tuple(dict.fromkeys(clause for name in names for clause in parameters[name].spellings_clause))
    documented = ask_for(session, mirror.base, {name: words[name][0] for name in names})
    reference = session.send(documented, "flags as they are documented")
    yield
    if reference.answer is None or reference.answer.outcome != "success":
        return
    if not mirror.rows:
        session.ledger.not_exercised(clauses, "the list is empty")
        return
    expected = "the same answer for each spelling"
    for place in range(1, max(len(spelled) for spelled in words.values())):
        given = {name: spelled[min(place, len(spelled) - 1)] for name, spelled in words.items()}
        ask = ask_for(session, mirror.base, given)
        same = yield from agree(
            session,
            mirror,
            reference,
            ask,
            "flags in another spelling",
            (),
            expected=expected,
            blaming=False,
            witness=False,
        )
        if same:
            kept(session, clauses, "the same answer")
        if same is not False:
            continue
        for name in names:
            one = session.send(ask_for(session, mirror.base, {name: words[name][0]}), f"{name} as it is documented")
            yield
            if one.answer is None or one.answer.outcome != "success":
                continue
            yield from agree(
                session,
                mirror,
                one,
                ask_for(session, mirror.base, {name: given[name]}),
                f"{name} in another spelling",
                parameters[name].spellings_clause,
                expected=expected,
                witness=False,
            )
        if session.ledger.failed(clauses):
            return


# --- blank values -------------------------------------------------------------------------------------------


def blanks(session: Session, mirror: Mirror) -> Iterator[None]:
    """A parameter that is there and empty: all together, and on a difference each alone."""
    reference = yield from plain(session, mirror, "the list without anything said")
    if reference is None:
        return
    firm: dict[str, Clauses] = {}
    open_: dict[str, Clauses] = {}
    for name, parameter in session.listing.parameters.items():
        if not _can_be_blank(session, name, parameter, mirror):
            continue
        means = parameter.blank if parameter.blank is not None else session.listing.blank.means
        own = session.listing.filters[name].blank_clause if name in session.listing.filters else ()
        clauses = own or (session.listing.blank.clause if parameter.blank is None else ())
        (open_ if isinstance(means, Open) else firm)[name] = clauses
    yield from _blank_together(session, mirror, reference, firm)
    yield from _blank_open(session, mirror, open_)


def _can_be_blank(session: Session, name: str, parameter: Parameter, mirror: Mirror) -> bool:
    paging = session.listing.paging
    walking = {paging.after, paging.before} if isinstance(paging, CursorPaging) else set()
    if name in walking or parameter.required is not None or name in mirror.base:
        return False
    if session.listing.transport.carries == "json":
        # What an empty text means where a number or a time is due, JSON's own types leave open.
        return name in session.listing.filters and parameter.as_ in ("text", "digits", "word", "list")
    return name in session.listing.filters or parameter.blank is not None


def _blank(session: Session, name: str) -> Tree:
    parameter = session.listing.parameters[name]
    if parameter.as_ == "list" and session.listing.transport.carries == "json":
        return []
    return "[]" if parameter.as_ == "json-list" else ""


def _blank_together(
    session: Session, mirror: Mirror, reference: Exchange, chosen: Mapping[str, Clauses]
) -> Iterator[None]:
    if not chosen:
        return
    clauses = tuple(dict.fromkeys(clause for many in chosen.values() for clause in many))
    if not reference.rows:
        session.ledger.not_exercised(clauses, "the list is empty")
        return
    expected = "the same answer as without the parameter"
    ask = ask_for(session, mirror.base, {name: _blank(session, name) for name in chosen})
    same = yield from agree(
        session, mirror, reference, ask, "every filter given and empty", (), expected=expected, blaming=False
    )
    if same:
        kept(session, clauses, "the same answer")
        yield from _blank_compared(session, mirror, reference, chosen)
    if same is not False:
        return
    for name, own in chosen.items():
        one = ask_for(session, mirror.base, {name: _blank(session, name)})
        yield from agree(session, mirror, reference, one, f"{name} given and empty", own, expected=expected)


def _blank_compared(
    session: Session, mirror: Mirror, reference: Exchange, chosen: Mapping[str, Clauses]
) -> Iterator[None]:
    """An empty value says nothing either when the comparison beside it is said aloud."""
    asked = {name: {name: _blank(session, name), **default_comparison(session, name)} for name in chosen}
    asked = {name: values for name, values in asked.items() if len(values) > 1}
    if not asked:
        return
    every = {name: value for values in asked.values() for name, value in values.items()}
    expected = "the same answer as without the parameters"
    purpose = "empty filters beside their comparisons"
    ask = ask_for(session, mirror.base, every)
    same = yield from agree(session, mirror, reference, ask, purpose, (), expected=expected, blaming=False)
    if same is not False:
        return
    for name, values in asked.items():
        ask = ask_for(session, mirror.base, values)
        purpose = f"{name} empty beside its comparison"
        yield from agree(session, mirror, reference, ask, purpose, chosen[name], expected=expected)


def _blank_open(session: Session, mirror: Mirror, chosen: Mapping[str, Clauses]) -> Iterator[None]:
    """Where the document says nothing: first all together, which settles all if it is taken."""
    if not chosen:
        return
    values = {name: _blank(session, name) for name in chosen}
    judged = yield from expect(
        session, mirror, ask_for(session, mirror.base, values), "parameters given and empty", (), only=_ROWS_TOO
    )
    if not is_refused(judged.exchange):
        return
    # One of several that share a choice speaks for all.
    speakers: dict[str, str] = {}
    for name in chosen:
        means = _blank_rule(session, name)
        speakers.setdefault(means.id if isinstance(means, Open) else name, name)
    for name in chosen:
        if name in speakers.values():
            yield from expect(
                session,
                mirror,
                ask_for(session, mirror.base, {name: values[name]}),
                f"{name} given and empty",
                chosen[name],
                only=_ROWS_TOO,
            )


def _blank_rule(session: Session, name: str) -> Any:
    blank = session.listing.parameters[name].blank
    return blank if blank is not None else session.listing.blank.means
