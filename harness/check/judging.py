"""Holding an answer against the oracle, in the order in which one defect explains another.

An answer is compared aspect by aspect (was it refused, which rows, how many, in which order, which slice, which
total). The first aspect that differs is the defect; the later ones are its consequences and are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from harness.check.budget import MannerlyClient
from harness.check.mirror import (
    Mirror,
    ask_for,
    largest_size,
    number,
    only_live,
    reread,
    time_filters,
    written,
)
from harness.check.oracle import Meaning, sort_key
from harness.check.session import Exchange, Row, Session
from harness.spec.model import Clauses, CursorPaging, LimitPaging, NoPaging, Open, PageNumberPaging
from harness.wire.ask import Ask
from harness.wire.json_body import MISSING
from harness.wire.pages import count_in
from harness.wire.rows import compared

Aspect = Literal["unreadable", "outcome", "count", "unique", "rows", "size", "short", "order", "slice", "total"]
ASPECTS: Final[tuple[Aspect, ...]] = (
    "unreadable",
    "outcome",
    "count",
    "unique",
    "rows",
    "size",
    "short",
    "order",
    "slice",
    "total",
)
PRIMARY: Final = ("unreadable", "outcome", "count", "rows")
MOST_REREADS: Final = 14
REPEATS: Final = 3
LAGS: Final = 1.2
"""So many seconds copies of one list may be apart."""
MOST_WAITS: Final = 6
# So many rows after all that were read, and as many again, a moving list has surely ended, too.
FAR_BEYOND: Final = 200
OTHERS_ASKED: Final = 4
# A call that began this long before the run may not have reached every replica yet; one that began in a run is new.
SETTLES: Final = timedelta(minutes=1)
LASTS: Final = timedelta(minutes=5)
REPLICAS: Final = 6
REPLICA_TESTS: Final = 4
# A list whose latest call began so lately is a living one.
LIVELY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The first aspect in which an answer differs from what is due."""

    aspect: Aspect
    expected: str
    actual: str
    rows: tuple[Row, ...] = ()
    reverse: bool = False
    nothing_due: bool = False
    kind: str = ""
    by_page: bool = False
    """A total that counts the page, or all rows whatever was asked for."""
    unlisted: bool = False
    """The rows are right by what they show, but the whole list does not hold them."""
    shapeless: bool = False
    """There are no rows at all, not even none."""
    elsewhere: bool = False
    """What was asked for is not at fault."""
    elsewhere_on_the_list: bool = False
    """A later page with rows that stand neither in its place nor on the first page."""
    more: bool = False
    """A total above the number of rows that are known."""

    @property
    def rank(self) -> int:
        return ASPECTS.index(self.aspect)


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


def unsteady_clauses(session: Session) -> Clauses:
    """The clauses that identical requests break when they get different answers."""
    order, lists = session.listing.order, session.listing.lists.clauses
    return (
        (order.clause if order else ()) or lists.get("unique", ()) or lists.get("rows", ()) or lists.get("reach", ())
    )


def completeness_clauses(session: Session) -> Clauses:
    """The clauses that a list breaks when it leaves rows out."""
    paging, total, lists = session.listing.paging, session.listing.total, session.listing.lists.clauses
    roles: Mapping[Any, Clauses] = {} if isinstance(paging, NoPaging) else paging.clauses
    return roles.get("partition") or (total.clauses.get("sum", ()) if total else ()) or lists.get("one-per", ())


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
        unknown = [row for row in here if mirror.row(row.key) is None and not _came_meanwhile(session, row, path)]
        wanted = {row.key for row in mismatch.rows} if mismatch.kind == "unknown" else {row.key for row in unknown}
        if any(row.key in wanted for row in unknown):
            mirror.torn = f"a walk over all pages misses {len(unknown)} rows that a narrow time range shows"
            return True
    return False


def _came_meanwhile(session: Session, row: Row, path: str) -> bool:
    """Whether a row is so young that it may have come after the walk, or not have reached every replica then."""
    at, now = row.shown.get(path), session.settings.get("now")
    if not isinstance(at, datetime) or not isinstance(now, datetime):
        return False
    began = _began(session, now)
    return began - SETTLES < at.astimezone(UTC) < began + LASTS


def young(session: Session, rows: Sequence[Row]) -> bool:
    """Whether there are rows, and all of them so young that replicas may differ on them."""
    path = time_filters(session)[2]
    return path is not None and bool(rows) and all(_came_meanwhile(session, row, path) for row in rows)


def _began(session: Session, now: datetime) -> datetime:
    """When the run began, by the clock of the server."""
    return now.astimezone(UTC) + timedelta(seconds=session.skew_seconds or 0.0)


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


def let_copies_agree(session: Session) -> None:
    """Waits a moment where calls come and go: copies of one list may be a little behind one another."""
    if only_live(session) and not session.settings.get("stands-still") and isinstance(session.sender, MannerlyClient):
        session.sender.grow_old(session.sender.budget.seconds + LAGS)


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


def living(session: Session, mirror: Mirror) -> Iterator[None]:
    """Before answers are held against one another: do all replicas of a living list tell the same?"""
    path, now = time_filters(session)[2], session.settings.get("now")
    times = [at for row in mirror.rows if isinstance(at := row.shown.get(path or ""), datetime)]
    if times and isinstance(now, datetime) and max(times).astimezone(UTC) > _began(session, now) - LIVELY:
        yield from unsettled(session, mirror)


def unsettled(session: Session, mirror: Mirror, rows: Sequence[Row] = ()) -> Generator[None, None, bool]:
    """Whether the calls of the last minute come and go: one replica has them already and another has not."""
    lower, upper, path = time_filters(session)
    now = session.settings.get("now")
    if lower is None or upper is None or path is None or not isinstance(now, datetime) or mirror.torn:
        return False
    asked = int(session.settings.get("replicas", 0))
    if mirror.since is not None or asked >= REPLICA_TESTS:
        return mirror.since is not None
    if rows and not any(_came_meanwhile(session, row, path) for row in (*rows, *mirror.rows)):
        return False
    session.settings = {**session.settings, "replicas": asked + 1}
    since = _began(session, now) - SETTLES
    size_name, size = largest_size(session)
    window = {lower: written(session, lower, since.replace(microsecond=0))}
    if upper not in mirror.base:
        window[upper] = written(session, upper, (since + SETTLES + LASTS).replace(microsecond=0))
    if size_name is not None:
        window[size_name] = written(session, size_name, size)
    first: set[Hashable] | None = None
    for _ in range(REPLICAS):
        exchange = session.send(ask_for(session, mirror.base, window), "do the newest rows stay?")
        yield
        if exchange.rows is None:
            return False
        young = {row.key for row in exchange.rows if _came_meanwhile(session, row, path)}
        if first is not None and young != first:
            mirror.volatile, mirror.since = True, (path, since)
            mirror.forget()
            return True
        first = young
    return False


# --- comparing ----------------------------------------------------------------------------------------------


def compare(
    session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange, only: Sequence[Aspect] = ASPECTS
) -> Mismatch | None:
    """The first aspect in which the answer differs from its meaning, or None."""
    answer = exchange.answer
    assert answer is not None
    if meaning.anything:
        return None
    if meaning.fault is not None:
        if answer.outcome == "error" or (answer.outcome == "unreadable" and answer.http_status >= 400):
            # An error page of another shape still refuses; its shape is judged by itself.
            return None
        came = "an answer that cannot be read" if answer.outcome == "unreadable" else "a success"
        held = f" with {len(exchange.rows)} rows" if exchange.rows is not None else ""
        return Mismatch(aspect="outcome", expected=f"an error ({meaning.fault})", actual=came + held)
    if answer.outcome == "unreadable":
        return Mismatch(aspect="unreadable", expected="an answer that can be read", actual=_problem(exchange))
    if answer.outcome == "error" and (
        _about_a_stranger(session, mirror, meaning, exchange) or _past_the_end(session, mirror, meaning, exchange)
    ):
        return None
    if answer.outcome == "error":
        told = f"the error {answer.code!r}" + (f" ({answer.message!r})" if isinstance(answer.message, str) else "")
        return Mismatch(aspect="outcome", expected="a success", actual=told)
    if meaning.numbered:
        return _compare_count(session, mirror, meaning, exchange)
    if exchange.rows is None:
        return Mismatch(aspect="rows", expected="rows", actual="no rows in the answer", shapeless=True)
    for aspect, check in (
        ("unique", _repeats),
        ("rows", _stray_rows),
        ("size", _page_size),
        ("order", _order),
        ("slice", _slice),
        ("total", _total),
    ):
        if aspect in only or aspect == "rows":
            found = check(session, mirror, meaning, exchange)
            if found is not None and (found.aspect in only):
                return found
    return None


def _about_a_stranger(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> bool:
    """Whether an error is legitimate because a value names nothing that the server knows."""
    for name, raw in exchange.ask.values.items():
        kept = session.listing.filters.get(name)
        if kept is None or kept.stranger == "nothing" or not any(tested == name for tested, _ in meaning.tests):
            continue
        shown = {
            str(value)
            for row in mirror.rows
            for path in kept.compares
            if not path.startswith("hidden.")
            for value in compared(row.shown, path)
        }
        separator = session.listing.parameters[name].separated_by
        named = raw if isinstance(raw, list) else str(raw).split(separator)
        if all(str(item).strip() in shown for item in named):
            continue
        if isinstance(kept.stranger, Open):
            left = session.knowledge.known(kept.stranger.id) or kept.stranger.options
            if "refused" not in left:
                continue
            session.knowledge.set(kept.stranger.id, "refused", exchange.purpose)
        return True
    return False


def _past_the_end(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> bool:
    """Whether an error is legitimate because the page lies beyond the last one."""
    paging = session.listing.paging
    if not isinstance(paging, PageNumberPaging) or meaning.start == 0:
        return False
    sure, _ = matching_rows(mirror, meaning)
    choice = paging.past_the_end
    left = (session.knowledge.known(choice.id) or choice.options) if isinstance(choice, Open) else (choice,)
    if len(sure) > meaning.start or "refused" not in left:
        return False
    if not mirror.complete and meaning.start <= 2 * len(mirror.rows) + FAR_BEYOND:
        # Of what a filter keeps nothing is known there; the list itself is known to go on.
        return bool(meaning.tests)
    if isinstance(choice, Open):
        session.knowledge.set(choice.id, "refused", exchange.purpose)
    return True


def _problem(exchange: Exchange) -> str:
    assert exchange.answer is not None
    problems = exchange.answer.problems
    return f"{problems[0].code}: {problems[0].text}" if problems else "a body of another shape"


def merged(mirror: Mirror, row: Row) -> Mapping[str, Any]:
    """What is known of a row: what it shows itself, and what the mirror's fuller copy shows."""
    known = mirror.row(row.key)
    return (
        {**known.shown, **{k: v for k, v in row.shown.items() if v is not None or k not in known.shown}}
        if known
        else row.shown
    )


def matching_rows(mirror: Mirror, meaning: Meaning) -> tuple[list[Row], list[Row]]:
    """Rows of the mirror that surely match, and rows that may match (hidden attributes, moving data)."""
    if meaning.empty:
        return [], []
    known = mirror.matches.get(id(meaning))
    if known is not None and known[0] is meaning:
        return known[1], known[2]
    if len(mirror.matches) > 64:
        mirror.matches.clear()
    sure: list[Row] = []
    may: list[Row] = []
    for row in mirror.rows:
        kept = meaning.keeps(row.shown)
        if row.flaws and doubtful(meaning, row):
            may.append(row)
        elif kept is True and mirror.steady(row):
            sure.append(row)
        elif kept is not False:
            may.append(row)
    mirror.matches[id(meaning)] = (meaning, sure, may)
    return sure, may


def doubtful(meaning: Meaning, row: Row) -> bool:
    """Whether a row shows a compared field otherwise than documented: what it means there, nobody knows."""
    return any(
        flaw.field in meaning.paths and (flaw.kind != "form" or not any(compared(row.shown, flaw.field)))
        for flaw in row.flaws
    )


def _stray_rows(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    rows = exchange.rows or ()
    if meaning.empty and rows:
        return Mismatch(aspect="rows", expected="no rows", actual=f"{len(rows)} rows", rows=tuple(rows))
    # While data moves the mirror's copy of a row may be out of date: then only what came itself counts.
    stray = [
        row
        for row in rows
        if meaning.keeps(row.shown if mirror.volatile else merged(mirror, row)) is False
        and not doubtful(meaning, row)
    ]
    if stray:
        asked = ", ".join(name for name, _ in meaning.tests)
        return Mismatch(
            aspect="rows",
            expected=f"only rows that satisfy {asked}",
            actual=f"{len(stray)} of {len(rows)} rows do not",
            kind="stray",
            rows=tuple(stray),
        )
    if mirror.complete and not mirror.volatile and mirror.after is not None:
        unknown = [row for row in rows if row.key not in mirror.after.by_key and not young(session, (row,))]
        if unknown:
            return Mismatch(
                aspect="rows",
                expected="rows that the list without this request's parameters holds too",
                actual=f"{len(unknown)} rows that it does not hold",
                kind="unknown",
                rows=tuple(unknown),
                unlisted=bool(meaning.tests) and all(meaning.keeps(row.shown) is True for row in unknown),
            )
    return None


def _page_size(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    rows = exchange.rows or ()
    paging = session.listing.paging
    if meaning.size is not None and len(rows) > meaning.size:
        return Mismatch(aspect="size", expected=f"at most {meaning.size} rows", actual=f"{len(rows)} rows")
    if not mirror.complete or mirror.volatile or meaning.cursor:
        return None
    sure, may = matching_rows(mirror, meaning)
    if may:
        return None
    due = (
        len(sure[meaning.start :])
        if meaning.size is None
        else len(sure[meaning.start : meaning.start + meaning.size])
    )
    if len(rows) < due:
        if _told_short(session, meaning, len(rows)):
            return None
        if (
            isinstance(paging, PageNumberPaging)
            and meaning.start == 0
            and rows
            and _own_bound(session, meaning, exchange, len(sure))
        ):
            return None
        if (
            rows
            and not _filtered(session, mirror, exchange)
            and ((meaning.size is not None and len(sure) > meaning.size) or meaning.start)
        ):
            return Mismatch(aspect="short", expected=f"{due} rows on this page", actual=f"{len(rows)} rows")
        shown = {row.key for row in rows}
        missing = [row for row in sure if row.key not in shown]
        return Mismatch(
            aspect="rows",
            expected=f"{due} rows",
            actual=f"{len(rows)} rows; {len(missing)} that match are missing",
            kind="missing",
            rows=tuple(missing),
        )
    if len(rows) > due:
        return Mismatch(aspect="slice", expected=f"{due} rows on this page", actual=f"{len(rows)} rows")
    return None


def _told_short(session: Session, meaning: Meaning, came: int) -> bool:
    """Whether a short page is as short as the server's pages were found to be: at a bound, or by so many rows."""
    told = session.settings.get("page-cap")
    if told is None or not came:
        return False
    cap, asked, _ = told
    return bool(came == cap or (meaning.size is not None and meaning.size - came == asked - cap))


def _filtered(session: Session, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether the request asks for a filter beyond the run's own window."""
    values = exchange.ask.values
    return any(name in values and values[name] != mirror.base.get(name) for name in session.listing.filters)


def _own_bound(session: Session, meaning: Meaning, exchange: Exchange, matches: int) -> bool:
    """Whether a short page shows the server's own bound: its default page size, or its limit on any page."""
    paging = session.listing.paging
    assert isinstance(paging, PageNumberPaging)
    assert exchange.answer is not None
    came = len(exchange.rows or ())
    total = number(exchange.answer.total)
    known = session.listing.total.clauses if session.listing.total else {}
    if total is not None and total != matches and not any(session.ledger.failed(names) for names in known.values()):
        return False
    choice = paging.default_size if meaning.size_given is None else paging.cap
    if not isinstance(choice, Open) or choice.options:
        return False
    if meaning.size_given is not None and came < session.widest and not session.knowledge.known(choice.id):
        # Other pages held more: what is missing here is missing.
        return False
    filtered = any(name in session.listing.filters for name in exchange.ask.values)
    if total is None and filtered and not session.knowledge.known(choice.id):
        # Without a total a short page of a filter may as well be the filter's doing.
        return False
    if session.knowledge.known(choice.id):
        return bool(came == session.knowledge.known(choice.id)[0])
    session.knowledge.set(choice.id, came, exchange.purpose)
    return True


def _repeats(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    keys = exchange.keys
    if len(set(keys)) == len(keys):
        return None
    twice = [row for row in exchange.rows or () if keys.count(row.key) > 1]
    return Mismatch(aspect="unique", expected="each row once", actual="the same row twice", rows=tuple(twice[:4]))


def _order(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    if meaning.sort is None or meaning.sort[0].startswith("hidden."):
        return None
    path, descends = meaning.sort
    rows = [row for row in exchange.rows or () if compared(row.shown, path)]
    keys = [sort_key(compared(row.shown, path)[0], meaning.collation) for row in rows]
    for index in range(1, len(keys)):
        first, second = keys[index - 1], keys[index]
        if (first < second) if descends else (first > second):
            way = "descending" if descends else "ascending"
            return Mismatch(
                aspect="order",
                expected=f"rows {way} by {path}",
                actual=f"row {index} and row {index + 1} stand the other way round",
                rows=(rows[index - 1], rows[index]),
                reverse=keys == sorted(keys, reverse=not descends),
            )
    return None


def _slice(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    rows = exchange.rows or ()
    if not mirror.complete or mirror.volatile or meaning.cursor or meaning.sort is None or not rows:
        return None
    path, descends = meaning.sort
    if path.startswith("hidden.") or session.ledger.failed(_order_clauses(session)):
        return None
    sure, may = matching_rows(mirror, meaning)
    if may or any(not compared(row.shown, path) for row in sure):
        return None

    def place_of(row: Row) -> tuple[Any, ...]:
        return sort_key((compared(row.shown, path) or (None,))[0], meaning.collation)

    due = sorted((place_of(row) for row in sure), reverse=descends)
    stop = len(due) if meaning.size is None else meaning.start + meaning.size
    wanted = due[meaning.start : stop][: len(rows)]
    came = [place_of(row) for row in rows]
    if wanted != came:
        where = next((i for i, pair in enumerate(zip(wanted, came, strict=False)) if pair[0] != pair[1]), 0)
        begin = due[: len(rows)]
        return Mismatch(
            elsewhere_on_the_list=meaning.start > 0 and came != begin,
            # Where a filter is asked for and the pages are sound, other rows mean that the filter is not.
            aspect="rows" if _filtered(session, mirror, exchange) and meaning.start == 0 else "slice",
            expected=f"rows {meaning.start + 1} to {meaning.start + len(wanted)} of the sorted list",
            actual=f"other rows, from place {where + 1} of the page on",
            rows=tuple(rows[where : where + 3]),
        )
    return None


def _order_clauses(session: Session) -> Clauses:
    order = session.listing.order
    if order is None:
        return ()
    words = order.sort.clauses.get("words", ()) if order.sort else ()
    return (*order.clause, *order.descending_default_clause, *order.descending_clause, *words)


def _total(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    listing = session.listing
    if listing.total is None or not meaning.total_shown or exchange.answer is None:
        return None
    total = number(exchange.answer.total)
    if total is None or not mirror.complete or session.ledger.failed(listing.lists.clauses.get("unique", ())):
        # Rows that come twice may be counted twice.
        return None
    sure, may = matching_rows(mirror, meaning)
    low, high = len(sure), len(sure) + len(may)
    if mirror.volatile:
        # A list that is read while it grows is short of rows, and has others than a moment later.
        high += 10 + len(mirror.rows) // 2
        low = max(0, low - 10 - len(mirror.rows) // 2)
    if low <= total <= high:
        return None
    due = str(low) if low == high else f"{low} to {high}"
    came = len(exchange.rows or ())
    by_page = total != high and (total == came or total == len(mirror.rows))
    return Mismatch(
        aspect="total",
        expected=f"a total of {due}",
        actual=f"a total of {total}",
        by_page=by_page,
        more=total > high,
    )


def _compare_count(session: Session, mirror: Mirror, meaning: Meaning, exchange: Exchange) -> Mismatch | None:
    assert exchange.answer is not None
    assert session.listing.count_only is not None
    told = count_in(exchange.answer)
    if told is None:
        held = f"{len(exchange.rows)} rows" if exchange.rows is not None else "something else"
        return Mismatch(aspect="count", expected="a number in place of the rows", actual=held)
    count, shape = told
    choice = session.listing.count_only.shape
    if isinstance(choice, Open):
        if session.knowledge.known(choice.id) and shape not in session.knowledge.known(choice.id):
            return Mismatch(aspect="count", expected="the same form of number as before", actual=f"a {shape}")
        session.knowledge.set(choice.id, shape, exchange.purpose)
    if not mirror.complete:
        return None
    sure, may = matching_rows(mirror, meaning)
    low, high = len(sure), len(sure) + len(may)
    if mirror.volatile:
        low, high = max(0, low - 10 - len(mirror.rows) // 2), high + 10 + len(mirror.rows) // 2
    if low <= count <= high:
        return None
    return Mismatch(
        aspect="count", expected=f"the number {low}" + (f" to {high}" if high > low else ""), actual=str(count)
    )


# --- blame and witness --------------------------------------------------------------------------------------


def blamed_clauses(
    session: Session,
    ask: Ask,
    mismatch: Mismatch,
    clauses: Clauses,
    blame: Mapping[Aspect, Clauses],
    meaning: Meaning | None = None,
) -> Clauses:
    """The clauses that promise the aspect in which an answer differs, best first."""
    aspect = mismatch.aspect
    order = session.listing.order
    rows_clause = session.listing.lists.clauses.get("rows", ())
    if mismatch.nothing_due and mismatch.shapeless and session.ledger.failed(rows_clause):
        return rows_clause
    if mismatch.nothing_due and session.listing.no_match_clause and ask.carriage is None:
        # The filters keep what they should where something matches: it is "nothing matches" that is told wrongly.
        return session.listing.no_match_clause
    if mismatch.reverse and order is not None and order.descending is not None and order.descending not in ask.values:
        # Nobody asked for the other direction: it is the flag's default that is wrong.
        return (
            order.clause if session.ledger.failed(order.clause) else order.descending_default_clause or order.clause
        )
    total = session.listing.total
    if mismatch.by_page and total is not None and total.clauses.get("independent"):
        return total.clauses["independent"]
    sized = meaning is not None and meaning.size is not None and mismatch.kind != "stray"
    if aspect in ("rows", "slice", "short") and sized:
        paging = session.listing.paging
        roles: Mapping[Any, Clauses] = {} if isinstance(paging, NoPaging) else paging.clauses
        for role in ("prefix", "slice", "partition"):
            if session.ledger.failed(roles.get(role, ())):
                # Where pages are known to be cut wrongly, that one lacks rows says nothing new.
                return roles[role]
    if mismatch.elsewhere_on_the_list and isinstance(session.listing.paging, PageNumberPaging):
        # The number leads to another page, as it should: it is how pages share out the list that is wrong.
        return session.listing.paging.clauses.get("partition") or blame.get("slice", clauses)
    if aspect in blame:
        return blame[aspect]
    if aspect in PRIMARY:
        return clauses
    return promised(session, ask, aspect, meaning) or clauses


def promised(session: Session, ask: Ask, aspect: Aspect, meaning: Meaning | None) -> Clauses:
    """The clauses of the constructs that promise order, size, slice, total and uniqueness."""
    listing = session.listing
    paging = listing.paging
    order = listing.order
    match aspect:
        case "unique":
            return listing.lists.clauses.get("unique", ())
        case "order":
            if order is None:
                return ()
            if order.descending is not None and order.descending in ask.values:
                return order.descending_clause or order.clause
            if order.sort is not None and order.sort.parameter in ask.values:
                word = str(ask.values[order.sort.parameter])
                if word in order.sort.undocumented and order.sort.clauses.get("undocumented"):
                    return order.sort.clauses["undocumented"]
                return order.sort.clauses.get("words", ()) or order.clause
            return order.clause
        case "total":
            return listing.total.clauses.get("sum", ()) if listing.total else ()
        case "size":
            if isinstance(paging, NoPaging):
                return ()
            default: Clauses = ()
            if meaning is not None and meaning.size_default and not isinstance(paging, PageNumberPaging):
                default = paging.clauses.get("size-default", ())
            return default or paging.clauses.get("size", ())
        case "short":
            roles: Mapping[Any, Clauses] = {} if isinstance(paging, NoPaging) else paging.clauses
            if meaning is not None and meaning.size_default and roles.get("size-default"):
                return roles["size-default"]
            return roles.get("partition") or roles.get("prefix") or roles.get("slice") or roles.get("size", ())
        case "slice":
            if isinstance(paging, NoPaging):
                return ()
            if isinstance(paging, LimitPaging):
                return paging.clauses.get("prefix", ())
            if session.ledger.failed(paging.clauses.get("partition", ())):
                return paging.clauses["partition"]
            if isinstance(paging, PageNumberPaging) and meaning is not None and meaning.start == 0:
                return paging.clauses.get("first", ()) or paging.clauses.get("slice", ())
            return paging.clauses.get("slice", ())
        case _:
            return ()


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
