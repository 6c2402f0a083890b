"""Holding an answer against the oracle, in the order in which one defect explains another.

An answer is compared aspect by aspect (was it refused, which rows, how many, in which order, which slice, which
total). The first aspect that differs is the defect; the later ones are its consequences and are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from harness.check.client.budget import MannerlyClient
from harness.check.context import Exchange, Row, Session
from harness.check.oracle.interpreter import Meaning
from harness.check.probe.blame import PRIMARY, blamed_clauses, completeness_clauses, promised, unsteady_clauses
from harness.check.probe.comparison import ASPECTS, Aspect, Mismatch, compare, matching_rows
from harness.check.probe.mirror import Mirror, ask_for, largest_size, only_live, reread, time_filters, written
from harness.check.probe.stability import came_meanwhile, let_copies_agree, unsettled, young
from harness.specification.model import Clauses, CursorPaging, NoPaging, Open, PageNumberPaging
from harness.wire.json_body import MISSING
from harness.wire.list_request import Ask
from harness.wire.row_codec import compared

MOST_REREADS: Final = 14
REPEATS: Final = 3
MOST_WAITS: Final = 6
OTHERS_ASKED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a probe: `right` None means that it could not be decided."""

    right: bool | None
    exchange: Exchange
    meaning: Meaning | None = None
    mismatch: Mismatch | None = None
    answers: Mapping[str, Any] | None = None


def expect(
    session: Session,
    mirror: Mirror,
    ask: Ask,
    purpose: str,
    clauses: Clauses,
    *,
    blame: Mapping[Aspect, Clauses] | None = None,
    message: str = "",
    inferred: Callable[[Exchange], bool] | None = None,
    credentials: Mapping[str, str] | None = None,
    only: Sequence[Aspect] = ASPECTS,
) -> Generator[None, None, Judged]:
    """Sends a probe, judges it by the oracle and the mirror, and writes the ledger.

    A mismatch in a primary aspect (refused, rows, count) is blamed on `clauses`; in a later one on `blame`, or on
    the construct that promises it. Every mismatch is confirmed: the list is read again and the probe repeated.
    """
    exchange = session.send(ask, purpose, credentials=credentials)
    yield
    if session.not_judged(exchange, clauses):
        return Judged(right=None, exchange=exchange)
    judged = _judge(session, mirror, ask, exchange, purpose, only)
    if judged.mismatch is not None and judged.mismatch.shapeless:
        shape = session.ledger.failed(session.listing.lists.clauses.get("rows", ()))
        if shape is not None:
            # Every answer is held to its shape already: here it would only be said again.
            session.ledger.inconclusive(clauses, f"cannot be judged while {shape} fails")
            return Judged(right=None, exchange=exchange, meaning=judged.meaning)
    if judged.mismatch is None:
        _witness(session, mirror, judged, clauses, blame or {})
        return judged
    blamed = blamed_clauses(session, ask, judged.mismatch, clauses, blame or {}, judged.meaning)
    if session.ledger.failed(blamed[:1]) or _told(session, judged.mismatch):
        if judged.mismatch.aspect not in PRIMARY:
            session.ledger.witness(clauses)
        return judged
    confirmed = yield from _confirm(session, mirror, ask, judged, purpose, credentials, only)
    if confirmed is None:
        reason = "data-changed: the list moved while it was read" if mirror.volatile else "not repeatable"
        session.ledger.inconclusive(blamed, reason)
        return Judged(right=None, exchange=exchange, meaning=judged.meaning)
    last, rate = confirmed
    mismatch = last.mismatch
    assert mismatch is not None
    if (yield from _lost_by_pages(session, mirror, last)):
        # The pages of the whole list lose rows that are there: that is told where pages are judged.
        return Judged(right=None, exchange=exchange, meaning=judged.meaning)
    blamed = blamed_clauses(session, ask, mismatch, clauses, blame or {}, last.meaning)
    if rate and not strays(last):
        # Right and wrong over data that stood still: it is not what was asked for that is wrong.
        blamed = unsteady_clauses(session) or blamed
        last = replace(last, mismatch=replace(mismatch, elsewhere=True))
    elif mismatch.unlisted:
        other = yield from _other_filter(session, mirror, ask, mismatch.rows[0])
        if other:
            blamed = completeness_clauses(session) or blamed
            last = replace(last, mismatch=replace(mismatch, elsewhere=True))
            mirror.lacking = True
            mirror.forget()
            counted = session.listing.total.clauses.get("sum", ()) if session.listing.total else ()
            if blamed and blamed != counted and session.ledger.failed(counted):
                # The total counts more rows than were met because there are more.
                session.ledger.explain(counted[0], blamed[0])
    if not session.ledger.failed(blamed[:1]):
        report(session, mirror, last, blamed, message or purpose, rate, inferred)
    return last


def _told(session: Session, mismatch: Mismatch) -> bool:
    """Whether a total is known to be wrong: it has one finding, whatever it was found beside."""
    total = session.listing.total
    if mismatch.aspect != "total" or total is None:
        return False
    return session.ledger.failed([name for names in total.clauses.values() for name in names]) is not None


def strays(judged: Judged) -> bool:
    """Whether the answer holds rows that it must not hold."""
    came = set(judged.exchange.keys)
    mismatch = judged.mismatch
    return mismatch is not None and (
        mismatch.aspect in ("outcome", "unreadable")
        or (mismatch.aspect == "rows" and any(row.key in came for row in mismatch.rows))
    )


def _other_filter(session: Session, mirror: Mirror, ask: Ask, row: Row) -> Generator[None, None, bool]:
    """Whether another filter shows a row, too, that the whole list does not hold."""
    listing = session.listing
    size_name, size = largest_size(session)
    tried = 0
    for name, kept in listing.filters.items():
        plain = kept.keeps == "equal" and not (kept.named_by or kept.applies_if_any or kept.loses_to or kept.words)
        if name in ask.values or not plain or not session.usable(name) or not session.in_force(name):
            continue
        if listing.parameters[name].as_ not in ("text", "word") or kept.compares[0].startswith("hidden."):
            continue
        value = next(
            (value for value in compared(row.shown, kept.compares[0]) if isinstance(value, str) and value), None
        )
        if value is None:
            continue
        more = {name: value, **({size_name: written(session, size_name, size)} if size_name and size else {})}
        exchange = session.send(ask_for(session, mirror.base, more), f"does {name} show such a row, too?")
        yield
        if row.key in exchange.keys:
            return True
        tried += 1
        if tried >= OTHERS_ASKED:
            break
    return False


def _lost_by_pages(session: Session, mirror: Mirror, judged: Judged) -> Generator[None, None, bool]:
    """Whether rows that the mirror lacks are in the list all the same: a narrow time range shows them."""
    mismatch = judged.mismatch
    lower, upper, path = time_filters(session)
    if mismatch is None or mirror.volatile or mirror.torn or lower is None or upper is None or path is None:
        return False
    times = sorted(moment for row in mirror.rows if isinstance(moment := row.shown.get(path), datetime))
    second = timedelta(seconds=1)
    ranges: list[tuple[datetime, datetime]] = []
    if mismatch.kind == "unknown":
        moment = mismatch.rows[0].shown.get(path)
        ranges = [(moment - second, moment + second)] if isinstance(moment, datetime) else []
    elif mismatch.aspect == "total" and mismatch.more and len(times) > 3 and not session.settings.get("halved"):
        session.settings = {**session.settings, "halved": True}
        edge, middle, end = min(9, len(times) // 2), times[len(times) // 2], times[-1] + timedelta(days=1)
        ranges = [
            (times[-1 - edge], end),
            (times[0] - second, times[edge]),
            (times[0] - second, middle),
            (middle, end),
        ]
    size_name, size = largest_size(session)
    wide = {size_name: written(session, size_name, size)} if size_name is not None else {}
    for first, last in ranges:
        first, last = first.replace(microsecond=0), last.replace(microsecond=0)
        window = {lower: written(session, lower, first), upper: written(session, upper, last)}
        exchange = session.send(
            ask_for(session, mirror.base, {**wide, **window}), "is a row that was not read there?"
        )
        yield
        here = [
            row
            for row in exchange.rows or ()
            if isinstance(at := row.shown.get(path), datetime) and first <= at <= last
        ]
        if len(here) < len(exchange.rows or ()):
            # The range itself is not kept: it proves nothing.
            continue
        unknown = [row for row in here if mirror.row(row.key) is None and not came_meanwhile(session, row, path)]
        wanted = {row.key for row in mismatch.rows} if mismatch.kind == "unknown" else {row.key for row in unknown}
        if any(row.key in wanted for row in unknown):
            mirror.torn = f"a walk over all pages misses {len(unknown)} rows that a narrow time range shows"
            return True
    return False


def report(
    session: Session,
    mirror: Mirror,
    judged: Judged,
    blamed: Clauses,
    message: str,
    rate: str,
    inferred: Callable[[Exchange], bool] | None,
) -> None:
    """Writes the finding of a confirmed mismatch."""
    mismatch = judged.mismatch
    assert mismatch is not None
    said = next((known.says for name in blamed if (known := session.clause(name)) is not None), message)
    names = _names_that_matter(session, judged.exchange.ask)
    session.fail(
        blamed,
        said,
        expected=mismatch.expected,
        actual=mismatch.actual + rate,
        exchange=judged.exchange,
        rows=[session.evidence.row(row, names) for row in mismatch.rows[:8]],
        inferred=bool(mismatch.aspect == "rows" and inferred is not None and inferred(judged.exchange)),
        aspect=mismatch.aspect,
        kind=mismatch.kind,
        nothing_due=_no_row_due(mirror, judged.meaning),
    )


def _no_row_due(mirror: Mirror, meaning: Meaning | None) -> bool:
    if meaning is None or meaning.fault is not None or meaning.anything or not mirror.complete:
        return False
    sure, may = matching_rows(mirror, meaning)
    return not may and len(sure) <= meaning.start


def _judge(
    session: Session, mirror: Mirror, ask: Ask, exchange: Exchange, purpose: str, only: Sequence[Aspect]
) -> Judged:
    branches = session.meanings(ask)
    compared_to = [
        (answers, meaning, compare(session, mirror, meaning, exchange, only)) for answers, meaning in branches
    ]
    matching = [answers for answers, _, mismatch in compared_to if mismatch is None]
    if matching:
        session.knowledge.settle(matching, purpose)
        answers, meaning, _ = next(item for item in compared_to if item[2] is None)
        return Judged(right=True, exchange=exchange, meaning=meaning, answers=answers)
    # The reading that explains most is the one that goes wrong last.
    _, meaning, mismatch = max(compared_to, key=lambda item: item[2].rank if item[2] else 99)
    if mismatch is not None and mismatch.shapeless and _page_empty(mirror, meaning):
        mismatch = replace(mismatch, nothing_due=True, elsewhere=True)
    elif mismatch is not None and mismatch.aspect in ("rows", "outcome") and _nothing_due(mirror, meaning, exchange):
        mismatch = replace(mismatch, nothing_due=True, elsewhere=bool(session.listing.no_match_clause))
    return Judged(right=False, exchange=exchange, meaning=meaning, mismatch=mismatch)


def _page_empty(mirror: Mirror, meaning: Meaning) -> bool:
    """Whether the page that was asked for holds no rows, for sure."""
    if meaning.fault or meaning.anything or meaning.numbered or not mirror.complete or mirror.volatile:
        return False
    sure, may = matching_rows(mirror, meaning)
    return not may and len(sure) <= meaning.start


def _nothing_due(mirror: Mirror, meaning: Meaning, exchange: Exchange) -> bool:
    """Whether no row matches, and the answer is the whole list or an error in its place."""
    if meaning.fault or meaning.anything or meaning.empty or not meaning.tests:
        return False
    if not mirror.complete or mirror.volatile:
        return False
    if any(matching_rows(mirror, meaning)) or not mirror.rows:
        return False
    return exchange.rows is None or len(exchange.rows) >= min(len(mirror.rows), meaning.size or len(mirror.rows))


def _confirm(
    session: Session,
    mirror: Mirror,
    ask: Ask,
    first: Judged,
    purpose: str,
    credentials: Mapping[str, str] | None,
    only: Sequence[Aspect],
) -> Generator[None, None, tuple[Judged, str] | None]:
    """The mismatch again, or None when it cannot be shown a second time."""
    spent = int(session.settings.get("rereads", 0))
    if spent < MOST_REREADS and first.mismatch is not None and first.mismatch.aspect not in ("unreadable", "outcome"):
        session.settings = {**session.settings, "rereads": spent + 1}
        yield from reread(session, mirror)
    rows = first.mismatch.rows if first.mismatch is not None else ()
    # What only young rows show may be luck with replicas: then they are asked about once more.
    for _ in range(2 if young(session, rows) else 1):
        if not mirror.volatile and (yield from unsettled(session, mirror, rows)):
            return None
    wrong = 1
    last: Judged | None = None
    for attempt in range(1, REPEATS + 1):
        exchange = session.send(ask, f"again: {purpose}", credentials=credentials)
        yield
        if session.not_judged(exchange, ()):
            return None
        again = _judge(session, mirror, ask, exchange, purpose, only)
        if again.mismatch is not None:
            wrong += 1
            last = again
            if attempt == 1:
                break
        elif mirror.volatile:
            return None
    twice_at_once = last is not None and attempt == 1
    if not twice_at_once and young(session, rows):
        # They have not reached every replica yet, or they came between two of the requests.
        return None
    if not twice_at_once and not rows and any(young(session, (row,)) for row in mirror.rows):
        # A number alone does not say which rows it is about.
        for _ in range(2):
            if (yield from unsettled(session, mirror)):
                return None
    flaky = "" if twice_at_once else f" (in {wrong} of {REPEATS + 1} identical requests)"
    if last is None:
        # Never pass by luck: it was wrong once over data that did not move.
        last = first if first.mismatch is not None and not mirror.volatile else None
    if last is None or not (yield from _wrong_later_too(session, mirror, ask, last, purpose, only)):
        return None
    return last, flaky


def _wrong_later_too(
    session: Session, mirror: Mirror, ask: Ask, last: Judged, purpose: str, only: Sequence[Aspect]
) -> Generator[None, None, bool]:
    """Whether an answer is also wrong by a list of calls in progress that is read when some time has passed.

    Several copies of such a list may each be a little behind: what one shows last, another has dropped already.
    """
    settings = session.settings
    if not only_live(session) or settings.get("stands-still") or not isinstance(session.sender, MannerlyClient):
        return True
    if last.mismatch is None or last.mismatch.aspect in ("unreadable", "outcome") or last.mismatch.kind == "stray":
        return True
    waits = int(settings.get("waits", 0))
    if waits >= MOST_WAITS:
        return not mirror.volatile
    session.settings = {**settings, "waits": waits + 1}
    let_copies_agree(session)
    yield from reread(session, mirror)
    if not mirror.volatile:
        # A list that stood still for so long twice stands still.
        session.settings = {**session.settings, "stands-still": waits > 0}
        return True
    found = _judge(session, mirror, ask, last.exchange, purpose, only).mismatch
    return found is not None and (found.aspect, found.kind) == (last.mismatch.aspect, last.mismatch.kind)


# --- comparing ----------------------------------------------------------------------------------------------


# --- blame and witness --------------------------------------------------------------------------------------


def _witness(
    session: Session, mirror: Mirror, judged: Judged, clauses: Clauses, blame: Mapping[Aspect, Clauses]
) -> None:
    meaning, exchange = judged.meaning, judged.exchange
    if meaning is None:
        return
    if meaning.anything:
        session.ledger.observed(clauses, meaning.anything)
        return
    session.ledger.witness(clauses)
    if meaning.fault is not None or meaning.numbered:
        return
    rows = exchange.rows or ()
    seen: list[Aspect] = []
    if meaning.sort is not None and len({str(compared(row.shown, meaning.sort[0])) for row in rows}) > 1:
        seen.append("order")
    sure, _ = matching_rows(mirror, meaning)
    if meaning.size is not None and len(sure) > meaning.size:
        seen.append("size")
    if mirror.complete and rows and not isinstance(session.listing.paging, CursorPaging | NoPaging):
        seen.append("slice")
    if session.listing.total is not None and exchange.answer is not None and exchange.answer.total is not MISSING:
        seen.append("total")
    paging = session.listing.paging
    if isinstance(paging, PageNumberPaging) and isinstance(paging.past_the_end, Open) and mirror.complete:
        beyond = bool(meaning.start) and len(sure) <= meaning.start
        if beyond and not rows and exchange.answer is not None and exchange.answer.outcome == "success":
            session.knowledge.set(paging.past_the_end.id, "empty", exchange.purpose)
    for aspect in seen:
        session.ledger.witness(blame.get(aspect) or promised(session, exchange.ask, aspect, meaning))


def _names_that_matter(session: Session, ask: Ask) -> list[str]:
    listing = session.listing
    names = [listing.lists.identity]
    for name in ask.values:
        if name in listing.filters:
            names.extend(path.partition("[].")[0] for path in listing.filters[name].compares)
    if listing.order is not None:
        by = listing.order.by
        names.extend(by.options if isinstance(by, Open) else (by,))
    return [*names, *list(listing.fields)[:6]]
