"""Rules between polls: what must hold when the same list is read again and again."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, cast

from harness.check.budget import MannerlyClient
from harness.check.evidence import value_text
from harness.check.mirror import Mirror, Snapshot, ask_for, everything_shown, only_live, reread, walk
from harness.check.rules.laws import Context, View, as_number, compare, describe, holds
from harness.check.session import Exchange, Row, Session
from harness.spec.model import Clauses, Filter, Law, LimitPaging, NoPaging
from harness.wire.ask import Ask
from harness.wire.rows import Shown, compared

POLLS: Final = 2
"""So often the list is read here; the mirror is one more poll, an earlier one."""
POLLS_OF_LIVE: Final = 5
"""What goes wrong in each second or third answer goes wrong in one of these, and is right in another."""
ROWS_AT_MOST: Final = 200
SETTLED_SECONDS: Final = 60
GROUPS: Final = 2
LOOKED_UP: Final = 3
# A call whose own clock is that far behind its neighbours' has stopped counting long ago.
_STALLED_SECONDS: Final = 900
_AGED_SECONDS: Final = 86_400
_BETWEEN: Final = ("never-falls", "stands-still", "vanishes", "shared", "in-other-list")
_MOVING: Final = ("never-falls", "stands-still")
_JITTER_SECONDS: Final = 2
_GAP_SECONDS: Final = 3
_RATES: Final = 4
_TOO_FAST: Final = 5
"""So many seconds longer for one second earlier is another unit, whatever was on hold."""
_APART_SECONDS: Final = 1.3
"""The run is at least so old at its last poll: what moves with the clock has moved by then, in whole seconds too."""
_PARTIES: Final = frozenset(
    {
        "source",
        "source_dialed",
        "source_number",
        "dialed",
        "destination_dialed",
        "called_number",
        "caller_id",
        "caller_name",
        "caller_name_internal",
        "caller_name_external",
        "caller_number_internal",
        "caller_number_external",
        "channel",
    }
)
_LIVE: Final = frozenset({"dialing", "ringing", "answered", "held"})


def polls(session: Session, mirror: Mirror) -> Iterator[None]:
    """Reads the list again and judges the laws that hold between polls; a list without such laws is left alone."""
    laws = [law for law in session.listing.laws if law.law in _BETWEEN]
    named = session.listing.lists.clauses
    only, one_per = (named.get("only", ()), named.get("one-per", ())) if only_live(session) else ((), ())
    if not laws and not only and not one_per:
        return
    every = tuple(dict.fromkeys((*(clause for law in laws for clause in law.clause), *only, *one_per)))
    sender = session.sender
    aged = not isinstance(sender, MannerlyClient) or sender.budget.seconds >= _APART_SECONDS
    taken = yield from _taken(session, mirror, every)
    if taken is None:
        return
    if not any(snapshot.rows for snapshot in taken):
        session.ledger.not_exercised(every, "the list was empty in every poll")
        return
    for law in laws:
        match law.law:
            case word if word in _MOVING:
                _between(session, law, taken)
            case "shared":
                yield from _shared(session, mirror, law)
            case "in-other-list":
                yield from _in_other_list(session, mirror, law)
    if only_live(session):
        _identity(session, mirror, taken)
        _renamed(session, one_per or named.get("unique", ()), taken)
    vanishing = tuple(clause for law in laws if law.law == "vanishes" for clause in law.clause)
    paced = _paced(session, taken[-1]) if only_live(session) else True
    _ended(session, tuple(dict.fromkeys((*vanishing, *only))), taken, paced=paced)
    yield from _one_per(session, mirror, one_per, taken, aged=aged)


def _taken(session: Session, mirror: Mirror, clauses: Clauses) -> Generator[None, None, list[Snapshot] | None]:
    """The polls in the order of time, or None when one of them failed."""
    earlier = mirror.before or mirror.after
    taken = [earlier] if earlier is not None and earlier.trouble is None else []
    whole = isinstance(session.listing.paging, NoPaging | LimitPaging)
    times = POLLS_OF_LIVE if whole and only_live(session) else POLLS
    for number in range(1, times + 1):
        found: Snapshot | None = None
        if number == max(2, times - 2) and only_live(session) and isinstance(session.sender, MannerlyClient):
            session.sender.grow_old(_APART_SECONDS)
        # Only as many rows as the first pages hold: a long list is not read to its end three times.
        for step in walk(session, mirror.base, purpose=f"poll {number} of the list", rows_at_most=ROWS_AT_MOST):
            if isinstance(step, Snapshot):
                found = step
            yield
        if found is None:
            return None
        if found.trouble is not None:
            if not session.not_judged(found.trouble, clauses):
                session.ledger.inconclusive(clauses, "a poll of the list was not answered with rows")
            return None
        taken.append(found)
    return taken


# --- values from poll to poll -------------------------------------------------------------------------------


def _between(session: Session, law: Law, taken: Sequence[Snapshot]) -> None:
    """never-falls and stands-still: a row is compared with itself, while the condition holds both times."""
    path = cast(str, law.field)
    context = Context(fields=session.listing.fields)
    broken: list[tuple[Row, Row]] = []
    times = 0
    for earlier, later in pairwise(taken):
        for key, row in later.by_key.items():
            before = earlier.by_key.get(key)
            verdict = None if before is None else moved_rightly(law, View(before.shown), View(row.shown), context)
            if verdict is None:
                continue
            times += 1
            if not verdict and before is not None:
                broken.append((before, row))
    if broken:
        before, row = broken[0]
        wanted = "does not fall" if law.law == "never-falls" else "stands still"
        while_ = f" while {describe(law.when)}" if law.when is not None else ""
        session.fail(
            law.clause,
            _says(session, law.clause, law.law),
            expected=f"{path} {wanted}{while_}",
            actual=f"{value_text(before.shown.get(path))}, then {value_text(row.shown.get(path))}; "
            f"in {len(broken)} of {times} comparisons",
            rows=[_line(session, one, path) for pair in broken[:4] for one in pair],
        )
    elif times:
        session.ledger.witness(law.clause, times=times)
    else:
        when = f" with {describe(law.when)}" if law.when is not None else ""
        session.ledger.not_exercised(law.clause, f"no row{when} showed {path} in two polls")


def moved_rightly(law: Law, before: View, after: View, context: Context) -> bool | None:
    """Whether a value moved as the law wants from one poll to the next; None where it cannot be asked."""
    path = cast(str, law.field)
    if not before.has(path) or not after.has(path):
        return None
    if law.when is not None and not all(holds(law.when, view, context) is True for view in (before, after)):
        return None
    earlier, later = before.value(path), after.value(path)
    if law.law == "stands-still" and not law.slack_seconds:
        return earlier == later
    order = compare(later, earlier)
    if order is None:
        return None
    if law.slack_seconds and abs(_distance(earlier, later)) <= law.slack_seconds:
        return True
    return order == 0 or (order > 0 and law.law == "never-falls")


def _distance(first: Shown, second: Shown) -> float:
    if isinstance(first, datetime) and isinstance(second, datetime):
        return (second - first).total_seconds()
    left, right = as_number(first), as_number(second)
    try:
        return float(right - left) if left is not None and right is not None else float("inf")
    except OverflowError:
        return float("inf")


def _identity(session: Session, mirror: Mirror, taken: Sequence[Snapshot]) -> None:
    """One identity stays with one call: its beginning does not move.

    Clocks that are rounded may jump by a second here and there, but not all of them the same way.
    """
    earlier, later = mirror.first or taken[0], taken[-1]
    for name, field in session.listing.fields.items():
        if field.shows != "started_at":
            continue
        pairs: list[tuple[Row, Row, float]] = []
        for key, row in later.by_key.items():
            before = earlier.by_key.get(key)
            if before is None or not _same_parties(session, before, row):
                continue
            one, two = before.shown.get(name), row.shown.get(name)
            if isinstance(one, datetime) and isinstance(two, datetime):
                pairs.append((before, row, (two - one).total_seconds()))
        moved = [pair for pair in pairs if abs(pair[2]) > _JITTER_SECONDS]
        drifting = [pair for pair in pairs if pair[2] >= 1]
        if not moved and len(drifting) >= max(3, (len(pairs) * 4) // 5):
            moved = drifting
        if not moved:
            continue
        before, row, _ = moved[0]
        laws = [law.clause for law in session.listing.laws if law.field == name and law.law not in _MOVING]
        session.fail(
            laws[-1] if laws else field.clause,
            f"{name} of a call stands still",
            expected=f"{name}={value_text(before.shown.get(name))}, as in an earlier poll",
            actual=f"{value_text(row.shown.get(name))}; it moved in {len(moved)} of {len(pairs)} rows",
            rows=[_line(session, one, name) for pair in moved[:4] for one in pair[:2]],
            inferred=True,
        )
        return


def _same_parties(session: Session, one: Row, other: Row) -> bool:
    """Whether two rows show the same parties, two of them at least."""
    names = [name for name, field in session.listing.fields.items() if field.shows in _PARTIES]
    shown = [(one.shown.get(name), other.shown.get(name)) for name in names]
    return all(first == second for first, second in shown) and sum(bool(first) for first, _ in shown) > 1


def _renamed(session: Session, clauses: Clauses, taken: Sequence[Snapshot]) -> None:
    """Calls that last keep their identity: a list whose calls all have another one each time tells none apart."""
    starts = [name for name, field in session.listing.fields.items() if field.shows == "started_at"]
    if not starts or not session.identity_unique or len(taken) < 3:
        return
    start = starts[0]
    twins: list[tuple[Row, Row]] = []
    for earlier, later in pairwise(taken):
        if set(earlier.by_key) & set(later.by_key):
            return
        # A call that began well before a poll was in that poll, if it is in a later one.
        moments = [moment for row in earlier.rows if isinstance(moment := row.shown.get(start), datetime)]
        old = [
            row
            for row in earlier.rows
            if isinstance(moment := row.shown.get(start), datetime)
            and (max(moments) - moment).total_seconds() > _JITTER_SECONDS
        ]
        found = [
            (row, other)
            for row in old
            for other in later.rows
            if other.shown.get(start) == row.shown.get(start) and _same_parties(session, row, other)
        ]
        if len({row.key for row, _ in found}) < max(3, len(old) // 2):
            return
        twins = found
    session.fail(
        clauses,
        _says(session, clauses, "a call keeps its identity"),
        expected="calls in progress under the same identity in each poll",
        actual=f"another identity in each of {len(taken)} polls for {len(twins)} calls that began alike",
        rows=[_line(session, one, start) for pair in twins[:4] for one in pair],
        inferred=True,
    )


# --- ended calls leave, calls in progress stay --------------------------------------------------------------


def _paced(session: Session, snapshot: Snapshot) -> bool:
    """What calls have rung and talked is counted in seconds: who began earlier has so many more, as a rule."""
    by_attribute = {field.shows: name for name, field in session.listing.fields.items() if field.shows is not None}
    start, ring, talk = (by_attribute.get(name) for name in ("started_at", "ring_seconds", "talk_seconds"))
    if start is None or ring is None or talk is None:
        return True
    lives: list[tuple[datetime, float, Row]] = []
    for row in snapshot.rows:
        began, numbers = row.shown.get(start), [as_number(row.shown.get(name)) for name in (ring, talk)]
        if isinstance(began, datetime) and all(number is not None and 0 <= number < 10**10 for number in numbers):
            lives.append((began, sum(float(number or 0) for number in numbers), row))
    # Calls that talk, or those that only ring, may be the ones whose numbers count something else.
    talks = [life for life in lives if as_number(life[2].shown.get(talk))]
    rings = [life for life in lives if not as_number(life[2].shown.get(talk))]
    lives, rate = next(
        ((some, rate) for some in (lives, talks, rings) if (rate := _rate(some)) >= _TOO_FAST), (lives, 0.0)
    )
    if rate < _TOO_FAST:
        return True
    longest = max(lives, key=lambda life: life[1])[2]
    name = max((ring, talk), key=lambda one: as_number(longest.shown.get(one)) or 0)
    clauses = session.listing.fields[name].clause
    if session.ledger.failed(clauses) is None:
        session.fail(
            clauses,
            _says(session, clauses, f"{name} is a number of seconds"),
            expected="a call that began a second earlier to have lasted a second longer",
            actual=f"{rate:.0f} longer",
            rows=[_line(session, row, start, ring, talk) for _, _, row in lives[:8]],
        )
    return False


def _rate(lives: list[tuple[datetime, float, Row]]) -> float:
    """How much longer a call has lasted for each second that it began earlier, as a rule; 0 when few can tell."""
    rates: list[float] = []
    for (early, long, _), (late, short, _) in pairwise(sorted(lives, key=lambda life: life[0])):
        gap = (late - early).total_seconds()
        if gap >= _GAP_SECONDS:
            rates.append((long - short) / gap)
    # Time on hold may be left out of a call's talk: such calls are few, the others decide.
    return sorted(rates)[len(rates) // 2] if len(rates) >= _RATES else 0.0


def _ended(session: Session, clauses: Clauses, taken: Sequence[Snapshot], *, paced: bool = True) -> None:
    """A call that has ended is not listed: by what rows show of themselves, and by calls that left for good."""
    if not clauses:
        return
    ended: dict[Hashable, tuple[Row, str]] = {}
    alive: set[Hashable] = set()
    for snapshot in taken:
        for row in snapshot.rows:
            shows = shows_life(session, row)
            if shows is True:
                alive.add(row.key)
            elif isinstance(shows, str):
                ended.setdefault(row.key, (row, shows))
    if ended:
        row, why = next(iter(ended.values()))
        _fail_listed(session, clauses, [row for row, _ in ended.values()], why, inferred=False)
        return
    moving = tuple(clause for law in session.listing.laws if law.law in _MOVING for clause in law.clause)
    wrong = session.ledger.failed(moving) is not None or not paced
    stale = [] if wrong else [(row, why) for snapshot in taken for row, why in overdue(session, snapshot.rows)]
    if stale:
        rows = list({row.key: row for row, _ in stale}.values())
        # A long call may be what it looks like: only the comparison with its neighbours speaks against it.
        _fail_listed(session, clauses, rows, stale[0][1], inferred=True)
        return
    last = taken[-1].by_key
    gone = {key for snapshot in taken[:-1] for key in snapshot.by_key if key not in last}
    compared_ = {row.key for snapshot in taken for row in snapshot.rows if _clocked(session, row)}
    if len(compared_) < 2:
        compared_ = set()
    seen = alive | gone | compared_
    if seen:
        session.ledger.witness(clauses, times=len(seen))
    else:
        session.ledger.not_exercised(
            clauses, "no call ended between the polls, and rows do not show whether they live"
        )


def _fail_listed(session: Session, clauses: Clauses, rows: Sequence[Row], why: str, *, inferred: bool) -> None:
    names = [name for name, field in session.listing.fields.items() if field.shows in _TELLING]
    session.fail(
        clauses,
        _says(session, clauses, "a call that has ended is not listed"),
        expected="calls in progress only",
        actual=f"{why}; {len(rows)} such rows",
        rows=[session.evidence.row(row, [session.listing.lists.identity, *names]) for row in rows[:8]],
        inferred=inferred,
    )


_TELLING: Final = ("started_at", "ended_at", "state", "disposition", "hangup_cause", "ring_seconds", "talk_seconds")


def shows_life(session: Session, row: Row) -> bool | str | None:
    """True when a row shows that its call lives, a sentence when it shows that it has ended, None else."""
    alive: bool | None = None
    for name, field in session.listing.fields.items():
        if name not in row.shown:
            continue
        value = row.shown[name]
        if field.shows in ("ended_at", "disposition", "hangup_cause"):
            if value is not None and value != "":
                return f"{name} shows {value_text(value)}"
            alive = True
        elif field.shows == "state" and field.as_ == "word" and value in _live_words(field.words):
            alive = True
    return alive


def _live_words(words: Mapping[str, str]) -> set[str]:
    return {word for meaning, word in words.items() if meaning in _LIVE}


def _clocked(session: Session, row: Row) -> bool:
    """Whether a row shows when its call began."""
    names = [name for name, field in session.listing.fields.items() if field.shows == "started_at"]
    return any(isinstance(row.shown.get(name), datetime) for name in names)


def overdue(session: Session, rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """Rows whose own clocks stopped long before those of their neighbours.

    While a call lives, its beginning and what it has rung and talked since add up to about now: the same for all
    rows of an answer. Where rows show no durations, only the beginnings are left to compare.
    """
    fields = session.listing.fields
    by_attribute = {field.shows: name for name, field in fields.items() if field.shows is not None}
    start = by_attribute.get("started_at")
    spans = [by_attribute[name] for name in ("ring_seconds", "talk_seconds") if name in by_attribute]
    state = by_attribute.get("state")
    held = {word for meaning, word in fields[state].words.items() if meaning == "held"} if state else set()
    if start is None:
        return []
    limit = _STALLED_SECONDS if len(spans) == 2 else _AGED_SECONDS
    clocks: list[tuple[Row, datetime, datetime]] = []
    for row in rows:
        began = row.shown.get(start)
        if not isinstance(began, datetime) or (state is not None and row.shown.get(state) in held):
            continue
        numbers = [as_number(row.shown.get(name)) for name in spans] if len(spans) == 2 else []
        if any(number is None or not 0 <= number < 10**8 for number in numbers):
            continue
        try:
            clocks.append((row, began, began + timedelta(seconds=sum(float(number or 0) for number in numbers))))
        except OverflowError:
            continue
    # What reaches far beyond the youngest call counts wrongly, and says nothing about its neighbours.
    youngest = max((began for _, began, _ in clocks), default=None)
    if youngest is None:
        return []
    reached = [(row, moment) for row, _, moment in clocks if (moment - youngest).total_seconds() <= _AGED_SECONDS]
    if len(reached) < 2:
        return []
    newest = max(moment for _, moment in reached)
    told = "began, rang and talked" if limit == _STALLED_SECONDS else "began"
    return [
        (row, f"the call {told} until {value_text(moment)}, while others reach {value_text(newest)}")
        for row, moment in reached
        if (newest - moment).total_seconds() > limit
    ]


def _one_per(
    session: Session, mirror: Mirror, clauses: Clauses, taken: Sequence[Snapshot], *, aged: bool
) -> Iterator[None]:
    """A call that was in progress before and after a poll is in that poll.

    Copies of a list that lag behind differ on calls that have just begun or ended: before is what was read well
    before the last three polls (before all of them when the run was old by then), after is what is read later still.
    """
    whole = isinstance(session.listing.paging, NoPaging | LimitPaging)
    if not clauses or not whole or not session.identity_unique or len(taken) < POLLS_OF_LIVE:
        return
    earlier = [one for one in (mirror.first, mirror.before) if one is not None and one.trouble is None]
    before = {key: row for snapshot in earlier for key, row in snapshot.by_key.items()}
    middle = [set(snapshot.by_key) for snapshot in (taken[1:] if aged else taken[-3:])]
    lasting = before.keys() & set().union(*middle)
    doubtful = {key for key in lasting if any(key not in keys for keys in middle)}
    # A call that had gone on for a while has long reached every copy: it is in each poll.
    every = [set(snapshot.by_key) for snapshot in taken[1:]]
    old = {key for key in before.keys() & set().union(*every) if _settled(session, before, key)}
    doubtful |= {key for key in old if any(key not in keys for keys in every)}
    if doubtful:
        late: set[Hashable] = set()
        if isinstance(session.sender, MannerlyClient):
            session.sender.grow_old(session.sender.budget.seconds + _APART_SECONDS)
        for number in (1, 2):
            for step in walk(session, mirror.base, purpose=f"late poll {number}", rows_at_most=ROWS_AT_MOST):
                if isinstance(step, Snapshot):
                    late |= set(step.by_key)
                yield
        doubtful &= late
    if doubtful:
        session.fail(
            clauses,
            _says(session, clauses, "each call in progress is listed"),
            expected="calls that are listed before and after a poll also in that poll",
            actual=f"{len(doubtful)} of them are left out there",
            rows=[_line(session, row) for key, row in before.items() if key in doubtful][:8],
        )
    elif lasting:
        session.ledger.witness(clauses, times=len(lasting))
    else:
        session.ledger.not_exercised(clauses, "no call lasted over three polls")


def _settled(session: Session, rows: Mapping[Hashable, Row], key: Hashable) -> bool:
    """Whether a call began a good while before: by its own durations, or long before the youngest."""
    by_attribute = {field.shows: name for name, field in session.listing.fields.items() if field.shows is not None}
    shown = rows[key].shown
    spans = [as_number(shown.get(by_attribute.get(name, ""))) for name in ("ring_seconds", "talk_seconds")]
    if sum(span for span in spans if span is not None and span > 0) > SETTLED_SECONDS:
        return True
    start = by_attribute.get("started_at", "")
    began = shown.get(start)
    starts = [at for row in rows.values() if isinstance(at := row.shown.get(start), datetime)]
    return isinstance(began, datetime) and (max(starts) - began).total_seconds() > SETTLED_SECONDS


# --- rows of one call ---------------------------------------------------------------------------------------


def _shared(session: Session, mirror: Mirror, law: Law) -> Generator[None, None, None]:
    """Rows with the same value are one call: asking for that value gives them all, each once."""
    path = cast(str, law.field)
    groups = _groups(mirror, path)
    if not groups:
        session.ledger.not_exercised(law.clause, f"no two rows show the same {path}")
        return
    name, kept = _filter_on(session, path)
    if name is None or kept is None:
        session.ledger.not_exercised(law.clause, f"no parameter asks for one {path}")
        return
    culprit = session.ledger.failed(kept.clause)
    if culprit is not None or not session.usable(name):
        session.ledger.blocked(law.clause, culprit or session.broken[name])
        return
    for value in list(groups)[:GROUPS]:
        again = False
        while True:
            ask = ask_for(session, mirror.base, {**everything_shown(session), name: value})
            exchange = session.send(ask, f"the rows of one call, {name}={value}")
            yield
            if session.not_judged(exchange, law.clause):
                break
            wrong = _group_differs(session, mirror, exchange, path, value)
            if wrong is None:
                session.ledger.witness(law.clause, times=len(_groups(mirror, path).get(value, ())) or 1)
                break
            if not again:
                again = True
                yield from reread(session, mirror)
                continue
            if mirror.volatile:
                session.ledger.inconclusive(law.clause, "data-changed: the list moved while it was read")
                break
            session.fail(
                law.clause,
                _says(session, law.clause, law.law),
                expected=f"the {len(_groups(mirror, path).get(value, ()))} rows with {path}={value}, each once",
                actual=wrong,
                exchange=exchange,
                rows=[_line(session, row, path) for row in (exchange.rows or ())[:8]],
            )
            return


def _groups(mirror: Mirror, path: str) -> dict[str, list[Row]]:
    """Rows by the value they share; the largest groups first, and only those of several rows."""
    found: dict[str, list[Row]] = {}
    for row in mirror.rows:
        for value in compared(row.shown, path)[:1]:
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                found.setdefault(str(value), []).append(row)
    several = [(value, rows) for value, rows in found.items() if len(rows) > 1]
    return dict(sorted(several, key=lambda item: (-len(item[1]), item[0])))


def _filter_on(session: Session, path: str) -> tuple[str | None, Filter | None]:
    for name, kept in session.listing.filters.items():
        if kept.compares == (path,) and kept.keeps == "equal" and kept.named_by is None:
            return name, kept
    return None, None


def _group_differs(session: Session, mirror: Mirror, exchange: Exchange, path: str, value: str) -> str | None:
    """How the answer differs from the group that the mirror knows; None when it does not."""
    if exchange.answer is None or exchange.answer.outcome != "success" or exchange.rows is None:
        return "no rows"
    due = _groups(mirror, path).get(value, [])
    if len(due) < 2:
        # The call ended while the list was read: nothing to compare with.
        return None
    keys = [row.key for row in exchange.rows]
    if len(set(keys)) < len(keys):
        return "the same row twice"
    others = [row for row in exchange.rows if [str(one) for one in compared(row.shown, path)] not in ([value], [])]
    if others:
        return f"{len(others)} rows of another {path}"
    missing = [row for row in due if row.key not in keys and mirror.steady(row)]
    if missing:
        return f"{len(keys)} rows; {len(missing)} of those in the whole list are missing"
    known = {row.key for row in due}
    more = [key for key in keys if key not in known]
    if more and mirror.complete and not mirror.volatile:
        return f"{len(keys)} rows; {len(more)} of them are not in the whole list"
    return None


def _in_other_list(session: Session, mirror: Mirror, law: Law) -> Generator[None, None, None]:
    """Rows are found by another operation of the same target, where a session of it is at hand."""
    siblings = session.settings.get("siblings")
    other = siblings.get(law.operation) if isinstance(siblings, Mapping) else None
    if not isinstance(other, Session):
        session.ledger.not_applicable(law.clause, f"only a run that also reads {law.operation} can tell")
        return
    path = cast(str, law.field)
    rows = [row for row in mirror.rows if isinstance(row.shown.get(path), str | int)][:LOOKED_UP]
    if not rows:
        session.ledger.not_exercised(law.clause, f"no row shows {path}")
        return
    lost: list[tuple[Row, Exchange]] = []
    found = 0
    for row in rows:
        value = str(row.shown[path])
        ask = Ask(values={cast(str, law.other_field): value})
        exchange = other.send(ask, f"look up {path}={value} of {session.spec.id}", witness=False)
        yield
        if session.not_judged(exchange, law.clause):
            return
        came = exchange.answer is not None and exchange.answer.outcome == "success"
        if came and exchange.rows:
            found += 1
        else:
            lost.append((row, exchange))
    binding = [name for name in law.clause if (clause := session.clause(name)) and clause.level != "may"]
    if not binding:
        session.ledger.observed(law.clause, f"{found} of {len(rows)} were found by {law.operation}")
    elif not lost:
        session.ledger.witness(law.clause, times=found)
    elif mirror.volatile:
        session.ledger.inconclusive(law.clause, "data-changed: the list moved while it was read")
    else:
        session.fail(
            law.clause,
            _says(session, law.clause, law.law),
            expected=f"each row to be found by {law.operation}",
            actual=f"{len(lost)} of {len(rows)} were not",
            exchange=lost[0][1],
            rows=[_line(session, row, path) for row, _ in lost],
        )


# --- words --------------------------------------------------------------------------------------------------


def _says(session: Session, clauses: Clauses, otherwise: str) -> str:
    return next((known.says for name in clauses if (known := session.clause(name)) is not None), otherwise)


def _line(session: Session, row: Row, *names: str) -> str:
    return session.evidence.row(row, [session.listing.lists.identity, *names])
