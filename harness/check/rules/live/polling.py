"""Rules between polls: what must hold when the same list is read again and again."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.mirror import (
    Mirror,
    Snapshot,
    build_request,
    include_everything,
    lists_only_live_calls,
    reread_mirror,
    walk_pages,
)
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import (
    check_same_calls,
    check_same_rows,
    check_stands_still,
    clause_text,
    evidence_line,
    is_settled,
)
from harness.check.rules.responses.row_laws import (
    LawContext,
    RowView,
    as_number,
    compare_values,
    condition_holds,
    describe_condition,
)
from harness.integers import is_integer
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Clauses,
    Filter,
    InOtherListLaw,
    MovingLaw,
    NeverFallsLaw,
    RowLaw,
    SharedLaw,
    StandsStillLaw,
    VanishesLaw,
)
from harness.wire.list_request import ListRequest
from harness.wire.row_codec import ApiValue, row_values_at

# Names in backticks are variants of the foreign servers in `tests/foreign/`, correct ones and defects.
POLLS: Final = 2
"""The number of polls here; the mirror is one more, an earlier one."""
LIVE_POLLS: Final = 5
"""Servers that are wrong in each second or third answer are both wrong and right within so many polls.

Such are `active_newest_in_every_second_answer` and `active_talk_halved_in_every_third_answer`.
"""
# Calls in progress fit; of a longer list the first pages do, or polls would eat the budget of other rules.
POLLED_ROWS_AT_MOST: Final = 200
GROUPS_ASKED: Final = 2
ROWS_LOOKED_UP: Final = 3
# Far beyond what a wait in a queue or on hold leaves out of a call's durations (`hold_not_counted`).
_STALLED_AFTER_SECONDS: Final = 900
# Without durations only beginnings can be compared: few calls last a day, and lines that stay up do.
_AGED_SECONDS: Final = 86_400
# Beginnings in whole seconds are off by up to one each (`coarse_durations` rounds the durations as well).
_GAP_SECONDS: Final = 3
# With fewer pairs the median could be one call on hold.
_RATES_NEEDED: Final = 4
_TOO_FAST_RATE: Final = 5
"""So many seconds longer for one second earlier is another unit, whatever was on hold.

Milliseconds in place of seconds give a thousand: `active_durations_in_milliseconds`, `active_talk_in_milliseconds`.
"""
# Calls that ring give the server's clock: they agree within what rounding and a cache (`cached_for_a_second`) move.
_ALIKE_SECONDS: Final = 5
# Two readings may fall between two updates of a server that writes its numbers every few seconds.
_READINGS_NEEDED: Final = 3
_STOPPED_CALLS_NEEDED: Final = 3
# Longer than servers take to bring all numbers up to date; shorter than anybody takes a dead call for a live one.
_LATE_SECONDS: Final = 10
# Where the answer is shown as the beginning, or numbers are updated now and then, calls are off by seconds.
_OVERLONG_SECONDS: Final = 60
_APART_SECONDS: Final = 1.3
"""The least age of the run at its last poll, so that clocks have moved on, in whole seconds too.

`coarse_durations` counts in whole seconds, and `cached_for_a_second` gives the same answer for one.
"""
_LIVE_STATES: Final = frozenset({"dialing", "ringing", "answered", "held"})


def check_polling(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    """Reads the list again and judges the laws between polls; a list without such laws is not read."""
    if not lists_only_live_calls(context):
        check_same_rows(context, mirror)
    laws = [law for law in context.listing.laws if not isinstance(law, RowLaw)]
    named = context.listing.lists.clauses
    only, one_per = (named.only, named.one_per) if lists_only_live_calls(context) else ((), ())
    if not laws and not only and not one_per:
        return
    every = tuple(dict.fromkeys((*(clause for law in laws for clause in law.clause), *only, *one_per)))
    sender = context.sender
    aged = not isinstance(sender, RateLimitedClient) or sender.budget.seconds >= _APART_SECONDS
    taken = yield from _take_polls(context, mirror, every)
    if taken is None:
        return
    if not any(snapshot.rows for snapshot in taken):
        context.results.record_not_exercised(every, "the list was empty in every poll")
        return
    readings = taken if mirror.first is None or mirror.first is taken[0] else [mirror.first, *taken]
    for law in laws:
        match law:
            case StandsStillLaw() if law.slack_seconds:
                check_stands_still(context, law, readings)
            case StandsStillLaw() | NeverFallsLaw():
                _check_between_polls(context, law, taken)
            case SharedLaw():
                yield from _check_shared_values(context, mirror, law)
            case InOtherListLaw():
                yield from _check_other_list(context, mirror, law)
            case VanishesLaw():
                # Of ended calls the list itself may promise as much: they are looked for once, below.
                pass
    if lists_only_live_calls(context):
        check_same_calls(context, readings, one_per or named.unique)
    vanishing = tuple(clause for law in laws if isinstance(law, VanishesLaw) for clause in law.clause)
    paced = _check_pace(context, taken[-1]) if lists_only_live_calls(context) else True
    _check_ended_calls(context, tuple(dict.fromkeys((*vanishing, *only))), readings, paced=paced)
    yield from _check_one_row_per_call(context, mirror, one_per, taken, aged=aged)


def _take_polls(
    context: CheckContext, mirror: Mirror, clauses: Clauses
) -> Generator[None, None, list[Snapshot] | None]:
    """The polls in the order of time, or None when one of them failed."""
    earlier = mirror.before or mirror.after
    taken = [earlier] if earlier is not None and earlier.failed_exchange is None else []
    whole = context.listing.paging.is_single_page
    times = LIVE_POLLS if whole and lists_only_live_calls(context) else POLLS
    for number in range(1, times + 1):
        found: Snapshot | None = None
        if (
            number == max(2, times - 2)
            and lists_only_live_calls(context)
            and isinstance(context.sender, RateLimitedClient)
        ):
            context.sender.wait_until_age(_APART_SECONDS)
        # Only as many rows as the first pages hold: a long list is not read to its end three times.
        for step in walk_pages(
            context, mirror.base, purpose=f"poll {number} of the list", rows_at_most=POLLED_ROWS_AT_MOST
        ):
            if isinstance(step, Snapshot):
                found = step
            yield
        if found is None:
            return None
        if found.failed_exchange is not None:
            if not context.note_unusable(found.failed_exchange, clauses):
                context.results.record_inconclusive(clauses, "a poll of the list was not answered with rows")
            return None
        taken.append(found)
    return taken


# --- values from poll to poll -------------------------------------------------------------------------------


def _check_between_polls(context: CheckContext, law: MovingLaw, taken: Sequence[Snapshot]) -> None:
    """never-falls and stands-still: a row is compared with itself, while the condition holds both times."""
    path = law.field
    law_context = LawContext(fields=context.listing.fields)
    broken: list[tuple[Row, Row]] = []
    times = 0
    for earlier, later in pairwise(taken):
        for key, row in later.by_key.items():
            before = earlier.by_key.get(key)
            verdict = (
                None
                if before is None
                else moves_as_promised(law, RowView(before.shown), RowView(row.shown), law_context)
            )
            if verdict is None:
                continue
            times += 1
            if not verdict and before is not None:
                broken.append((before, row))
    if broken:
        before, row = broken[0]
        wanted = "does not fall" if isinstance(law, NeverFallsLaw) else "stands still"
        while_ = f" while {describe_condition(law.when)}" if law.when is not None else ""
        context.fail(
            law.clause,
            clause_text(context, law.clause, law.law),
            expected=f"{path} {wanted}{while_}",
            actual=f"{render_value(before.shown.get(str(path)))}, then {render_value(row.shown.get(str(path)))}; "
            f"in {len(broken)} of {times} comparisons",
            rows=[evidence_line(context, one, str(path)) for pair in broken[:4] for one in pair],
        )
    elif times:
        context.results.record_pass(law.clause, times=times)
    else:
        when = f" with {describe_condition(law.when)}" if law.when is not None else ""
        context.results.record_not_exercised(law.clause, f"no row{when} showed {path} in two polls")


def moves_as_promised(law: MovingLaw, before: RowView, after: RowView, law_context: LawContext) -> bool | None:
    """Whether a value moved as the law wants from one poll to the next; None where it cannot be asked."""
    path = law.field
    if not before.has_field(path) or not after.has_field(path):
        return None
    if law.when is not None and not all(
        condition_holds(law.when, view, law_context) is True for view in (before, after)
    ):
        return None
    earlier, later = before.field_value(path), after.field_value(path)
    if isinstance(law, StandsStillLaw):
        return earlier == later
    order = compare_values(later, earlier)
    if order is None:
        return None
    if law.slack_seconds and abs(_value_distance(earlier, later)) <= law.slack_seconds:
        return True
    return order >= 0


def _value_distance(first: ApiValue, second: ApiValue) -> float:
    if isinstance(first, datetime) and isinstance(second, datetime):
        return (second - first).total_seconds()
    left, right = as_number(first), as_number(second)
    try:
        return float(right - left) if left is not None and right is not None else float("inf")
    except OverflowError:
        return float("inf")


# --- ended calls leave, calls in progress stay --------------------------------------------------------------


def _check_pace(context: CheckContext, snapshot: Snapshot) -> bool:
    """Whether ring and talk times are counted in seconds: a call that began earlier has so many more, as a rule."""
    by_attribute = {field.shows: name for name, field in context.listing.fields.items() if field.shows is not None}
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
        ((some, rate) for some in (lives, talks, rings) if (rate := _ageing_rate(some)) >= _TOO_FAST_RATE),
        (lives, 0.0),
    )
    if rate < _TOO_FAST_RATE:
        _check_overlong_talk(context, start, ring, talk, snapshot)
        return True
    longest = max(lives, key=lambda life: life[1])[2]
    name = max((ring, talk), key=lambda one: as_number(longest.shown.get(one)) or 0)
    clauses = context.listing.fields[name].clause
    if context.results.first_failed(clauses) is None:
        context.fail(
            clauses,
            clause_text(context, clauses, f"{name} is a number of seconds"),
            expected="a call that began a second earlier to have lasted a second longer",
            actual=f"{rate:.0f} longer",
            rows=[evidence_line(context, row, start, ring, talk) for _, _, row in lives[:8]],
        )
    return False


def _check_overlong_talk(context: CheckContext, start: str, ring: str, talk: str, snapshot: Snapshot) -> None:
    """Judges that no call has talked for longer than since it began; calls that ring give the server's time."""
    clauses = context.listing.fields[talk].clause
    counted = tuple(clause for law in context.listing.laws if isinstance(law, MovingLaw) for clause in law.clause)
    if context.results.first_failed(counted):
        # What counts wrongly from poll to poll does not tell how long a call has lasted either.
        return
    rings: list[datetime] = []
    talks: list[tuple[datetime, Row]] = []
    for row in snapshot.rows:
        began, rang, talked = row.shown.get(start), as_number(row.shown.get(ring)), as_number(row.shown.get(talk))
        if not isinstance(began, datetime) or rang is None or talked is None:
            continue
        if not (0 <= rang < _AGED_SECONDS and 0 <= talked < 10**8):
            continue
        try:
            reached = began + timedelta(seconds=float(talked or rang))
        except OverflowError:
            continue
        if talked:
            talks.append((reached, row))
        else:
            rings.append(reached)
    now = max(rings, default=None)
    if now is None or sum((now - one).total_seconds() <= _ALIKE_SECONDS for one in rings) < 2:
        return
    beyond = [(reached, row) for reached, row in talks if (reached - now).total_seconds() > _OVERLONG_SECONDS]
    if len(beyond) < 2 or context.results.first_failed(clauses) is not None:
        return
    context.fail(
        clauses,
        clause_text(context, clauses, f"{talk} is a number of seconds"),
        expected=f"{talk} not above the time since {start}: calls that ring have rung until {render_value(now)}",
        actual=f"calls that talked until {render_value(beyond[0][0])}; {len(beyond)} of {len(talks)}",
        rows=[evidence_line(context, row, start, ring, talk) for _, row in beyond[:8]],
        inferred=True,
    )


def _ageing_rate(lives: list[tuple[datetime, float, Row]]) -> float:
    """The median of how many seconds longer a call has lasted per second that it began earlier; 0 for few calls."""
    rates: list[float] = []
    for (early, long, _), (late, short, _) in pairwise(sorted(lives, key=lambda life: life[0])):
        gap = (late - early).total_seconds()
        if gap >= _GAP_SECONDS:
            rates.append((long - short) / gap)
    # Time on hold may be left out of talk (`hold_not_counted`): such calls are few, the others decide.
    return sorted(rates)[len(rates) // 2] if len(rates) >= _RATES_NEEDED else 0.0


def _check_ended_calls(
    context: CheckContext, clauses: Clauses, taken: Sequence[Snapshot], *, paced: bool = True
) -> None:
    """Judges that ended calls are not listed, by what rows show of themselves and by calls that leave the list."""
    if not clauses:
        return
    ended: dict[Hashable, tuple[Row, str]] = {}
    alive: set[Hashable] = set()
    for snapshot in taken:
        for row in snapshot.rows:
            shows = call_liveness(context, row)
            if shows is True:
                alive.add(row.key)
            elif isinstance(shows, str):
                ended.setdefault(row.key, (row, shows))
    if ended:
        row, why = next(iter(ended.values()))
        _report_ended_calls(context, clauses, [row for row, _ in ended.values()], why, inferred=False)
        return
    moving = tuple(clause for law in context.listing.laws if isinstance(law, MovingLaw) for clause in law.clause)
    wrong = context.results.first_failed(moving) is not None or not paced
    stale = [] if wrong else [(row, why) for snapshot in taken for row, why in overdue_calls(context, snapshot.rows)]
    if stale:
        rows = list({row.key: row for row, _ in stale}.values())
        # A long call may be what it looks like: only the comparison with its neighbours speaks against it.
        _report_ended_calls(context, clauses, rows, stale[0][1], inferred=True)
        return
    stopped = [] if wrong else _stopped_calls(context, taken)
    if stopped:
        why = "they say that they talk, and talk no more, while others go on"
        _report_ended_calls(context, clauses, stopped, why, inferred=True)
        return
    last = taken[-1].by_key
    gone = {key for snapshot in taken[:-1] for key in snapshot.by_key if key not in last}
    compared_ = {row.key for snapshot in taken for row in snapshot.rows if _shows_start(context, row)}
    if len(compared_) < 2:
        compared_ = set()
    seen = alive | gone | compared_
    if seen:
        context.results.record_pass(clauses, times=len(seen))
    else:
        context.results.record_not_exercised(
            clauses, "no call ended between the polls, and rows do not show whether they live"
        )


def _stopped_calls(context: CheckContext, readings: Sequence[Snapshot]) -> list[Row]:
    """Rows that say they talk while their talk has stood still from reading to reading, and that of others has not.

    A few of them may be on hold where a server has no word for it: then only many speak against it. Nor do those
    that are hardly behind the others: a server may bring its numbers up to date every few seconds.
    """
    fields = context.listing.fields
    by_attribute = {field.shows: name for name, field in fields.items() if field.shows is not None}
    state, talk = by_attribute.get("state"), by_attribute.get("talk_seconds")
    talking = fields[state].words.get("answered") if state is not None else None
    if state is None or talk is None or talking is None or len(readings) < _READINGS_NEEDED:
        return []
    stopped: list[Row] = []
    going = 0
    for key in readings[-1].by_key:
        rows = [reading.by_key[key] for reading in readings if key in reading.by_key]
        if len(rows) < _READINGS_NEEDED or any(row.shown.get(state) != talking for row in rows):
            continue
        numbers = [as_number(row.shown.get(talk)) for row in rows]
        known = [number for number in numbers if number is not None and number > 0]
        if len(known) < len(rows):
            continue
        if known[0] == known[-1] == max(known):
            stopped.append(rows[-1])
        elif known[-1] - known[0] >= 1:
            going += 1
    late = {row.key for row, _ in overdue_calls(context, readings[-1].rows, stalled=_LATE_SECONDS)}
    stopped = [row for row in stopped if row.key in late]
    held = fields[state].words.get("held")
    says_hold = held is not None and any(row.shown.get(state) == held for row in readings[-1].rows)
    enough = _STOPPED_CALLS_NEEDED if says_hold else max(_STOPPED_CALLS_NEEDED, (going + len(stopped)) // 3 + 1)
    return stopped if going and len(stopped) >= enough else []


def _report_ended_calls(
    context: CheckContext, clauses: Clauses, rows: Sequence[Row], why: str, *, inferred: bool
) -> None:
    names = [name for name, field in context.listing.fields.items() if field.shows in _EVIDENCE_ATTRIBUTES]
    context.fail(
        clauses,
        clause_text(context, clauses, "a call that has ended is not listed"),
        expected="calls in progress only",
        actual=f"{why}; {len(rows)} such rows",
        rows=[context.evidence.render_row(row, [context.listing.lists.identity, *names]) for row in rows[:8]],
        inferred=inferred,
    )


_EVIDENCE_ATTRIBUTES: Final = (
    "started_at",
    "ended_at",
    "state",
    "disposition",
    "hangup_cause",
    "ring_seconds",
    "talk_seconds",
)


def call_liveness(context: CheckContext, row: Row) -> bool | str | None:
    """True when a row shows that its call is live, a sentence when it shows that it has ended, None else."""
    alive: bool | None = None
    for name, field in context.listing.fields.items():
        if name not in row.shown:
            continue
        value = row.shown[name]
        if field.shows in ("ended_at", "disposition", "hangup_cause"):
            if value is not None and value != "":
                return f"{name} shows {render_value(value)}"
            alive = True
        elif field.shows == "state" and field.as_ == "word" and value in _live_words(field.words):
            alive = True
    return alive


def _live_words(words: Mapping[str, str]) -> set[str]:
    return {word for meaning, word in words.items() if meaning in _LIVE_STATES}


def _shows_start(context: CheckContext, row: Row) -> bool:
    """Whether a row shows when its call began."""
    names = [name for name, field in context.listing.fields.items() if field.shows == "started_at"]
    return any(isinstance(row.shown.get(name), datetime) for name in names)


def overdue_calls(
    context: CheckContext, rows: Sequence[Row], *, stalled: int = _STALLED_AFTER_SECONDS
) -> list[tuple[Row, str]]:
    """Rows whose start and durations add up to an instant long before that of other rows, with the reason.

    While a call lives, its beginning and what it has rung and talked since add up to about now: the same for all
    rows of an answer. Where rows show no durations, only the beginnings are left to compare.
    """
    fields = context.listing.fields
    by_attribute = {field.shows: name for name, field in fields.items() if field.shows is not None}
    start = by_attribute.get("started_at")
    spans = [by_attribute[name] for name in ("ring_seconds", "talk_seconds") if name in by_attribute]
    state = by_attribute.get("state")
    held = {word for meaning, word in fields[state].words.items() if meaning == "held"} if state else set()
    if start is None:
        return []
    limit = stalled if len(spans) == 2 else _AGED_SECONDS
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
    # What reaches far beyond the youngest call counts in another unit (`active_durations_in_milliseconds`), and says
    # nothing about its neighbours.
    youngest = max((began for _, began, _ in clocks), default=None)
    if youngest is None:
        return []
    reached = [(row, instant) for row, _, instant in clocks if (instant - youngest).total_seconds() <= _AGED_SECONDS]
    if len(reached) < 2:
        return []
    newest = max(instant for _, instant in reached)
    told = "began, rang and talked" if len(spans) == 2 else "began"
    return [
        (row, f"the call {told} until {render_value(instant)}, while others reach {render_value(newest)}")
        for row, instant in reached
        if (newest - instant).total_seconds() > limit
    ]


def _check_one_row_per_call(
    context: CheckContext, mirror: Mirror, clauses: Clauses, taken: Sequence[Snapshot], *, aged: bool
) -> Iterator[None]:
    """Judges that a call in progress before and after a poll is in that poll.

    Servers lose rows now and then (`active_call_missing_now_and_then`), and copies of a list that lag behind
    (`legs_copies_that_lag`) differ on calls that have just begun or ended: before is what was read well before the
    last three polls (before all of them when the run was old by then), after is what is read later still.
    """
    whole = context.listing.paging.is_single_page
    if not clauses or not whole or not context.identity_unique or len(taken) < LIVE_POLLS:
        return
    # In the order of time: the mirror may have been read again since the polls.
    earlier = [one for one in (mirror.first, taken[0]) if one is not None and one.failed_exchange is None]
    before = {key: row for snapshot in earlier for key, row in snapshot.by_key.items()}
    middle = [set(snapshot.by_key) for snapshot in (taken[1:] if aged else taken[-3:])]
    lasting = before.keys() & set().union(*middle)
    doubtful = {key for key in lasting if any(key not in keys for keys in middle)}
    # A call that had gone on for a while has long reached every copy: once it was listed, it is in each poll.
    known = {key: row for snapshot in (*earlier, *taken[1:]) for key, row in snapshot.by_key.items()}
    polled = [set(snapshot.by_key) for snapshot in (*earlier, *taken[1:])]
    gone = {key for keys, later in pairwise(polled) for key in keys - later}
    doubtful |= {key for key in gone if is_settled(context, known, key)}
    if doubtful:
        late: set[Hashable] = set()
        if isinstance(context.sender, RateLimitedClient):
            context.sender.wait_until_age(context.sender.budget.seconds + _APART_SECONDS)
        for number in (1, 2):
            for step in walk_pages(
                context, mirror.base, purpose=f"late poll {number}", rows_at_most=POLLED_ROWS_AT_MOST
            ):
                if isinstance(step, Snapshot):
                    late |= set(step.by_key)
                yield
        doubtful &= late
    if doubtful:
        context.fail(
            clauses,
            clause_text(context, clauses, "each call in progress is listed"),
            expected="calls that are listed before and after a poll also in that poll",
            actual=f"{len(doubtful)} of them are left out there",
            rows=[evidence_line(context, row) for key, row in known.items() if key in doubtful][:8],
        )
    elif lasting:
        context.results.record_pass(clauses, times=len(lasting))
    else:
        context.results.record_not_exercised(clauses, "no call lasted over three polls")


# --- rows of one call ---------------------------------------------------------------------------------------


def _check_shared_values(context: CheckContext, mirror: Mirror, law: SharedLaw) -> Generator[None, None, None]:
    """Judges that rows with one value are one call: the filter on that value gives them all, each once."""
    path = law.field
    groups = _rows_by_value(mirror, path)
    if not groups:
        context.results.record_not_exercised(law.clause, f"no two rows show the same {path}")
        return
    name, filter_ = _filter_on_path(context, path)
    if name is None or filter_ is None:
        context.results.record_not_exercised(law.clause, f"no parameter asks for one {path}")
        return
    for value in list(groups)[:GROUPS_ASKED]:
        again = False
        while True:
            ask = build_request(context, mirror.base, {**include_everything(context), name: value})
            exchange = context.send(ask, f"the rows of one call, {name}={value}")
            yield
            if context.note_unusable(exchange, law.clause):
                break
            wrong = _group_difference(context, mirror, exchange, path, value)
            if wrong is None:
                context.results.record_pass(law.clause, times=len(_rows_by_value(mirror, path).get(value, ())) or 1)
                break
            if not again:
                again = True
                yield from reread_mirror(context, mirror)
                continue
            if mirror.volatile:
                context.results.record_inconclusive(law.clause, "data-changed: the list moved while it was read")
                break
            context.fail(
                law.clause,
                clause_text(context, law.clause, law.law),
                expected=f"the {len(_rows_by_value(mirror, path).get(value, ()))} rows with {path}={value}, "
                "each once",
                actual=wrong,
                exchange=exchange,
                rows=[evidence_line(context, row, str(path)) for row in (exchange.rows or ())[:8]],
            )
            return


def _rows_by_value(mirror: Mirror, path: FieldPath) -> dict[str, list[Row]]:
    """Rows by the value they share; the largest groups first, and only those of several rows."""
    found: dict[str, list[Row]] = {}
    for row in mirror.rows:
        for value in row_values_at(row.shown, path)[:1]:
            if (isinstance(value, str) or is_integer(value)) and value != "":
                found.setdefault(str(value), []).append(row)
    several = [(value, rows) for value, rows in found.items() if len(rows) > 1]
    return dict(sorted(several, key=lambda item: (-len(item[1]), item[0])))


def _filter_on_path(context: CheckContext, path: FieldPath) -> tuple[str | None, Filter | None]:
    for name, filter_ in context.listing.filters.items():
        if filter_.compares == (path,) and filter_.keeps == "equal" and filter_.named_by is None:
            return name, filter_
    return None, None


def _group_difference(
    context: CheckContext, mirror: Mirror, exchange: Exchange, path: FieldPath, value: str
) -> str | None:
    """The difference between the answer and the group of rows that the mirror knows; None when there is none."""
    if exchange.answer is None or exchange.answer.outcome != "success" or exchange.rows is None:
        return "no rows"
    due = _rows_by_value(mirror, path).get(value, [])
    if len(due) < 2:
        # The call ended while the list was read: nothing to compare with.
        return None
    keys = [row.key for row in exchange.rows]
    if len(set(keys)) < len(keys):
        return "the same row twice"
    others = [
        row for row in exchange.rows if [str(one) for one in row_values_at(row.shown, path)] not in ([value], [])
    ]
    if others:
        return f"{len(others)} rows of another {path}"
    missing = [row for row in due if row.key not in keys and mirror.is_steady(row)]
    if missing:
        return f"{len(keys)} rows; {len(missing)} of those in the whole list are missing"
    known = {row.key for row in due}
    more = [key for key in keys if key not in known]
    if more and mirror.complete and not mirror.volatile:
        return f"{len(keys)} rows; {len(more)} of them are not in the whole list"
    return None


def _check_other_list(context: CheckContext, mirror: Mirror, law: InOtherListLaw) -> Generator[None, None, None]:
    """Judges that another operation of the target finds the same calls, where the run has its context."""
    other = context.options.other_lists.get(law.operation)
    if other is None:
        context.results.record_not_applicable(law.clause, f"only a run that also reads {law.operation} can tell")
        return
    name = str(law.field)
    rows = [row for row in mirror.rows if isinstance(row.shown.get(name), str | int)][:ROWS_LOOKED_UP]
    if not rows:
        context.results.record_not_exercised(law.clause, f"no row shows {name}")
        return
    lost: list[tuple[Row, Exchange]] = []
    found = 0
    for row in rows:
        value = str(row.shown[name])
        ask = ListRequest(values={law.other_field: value})
        exchange = other.send(ask, f"look up {name}={value} of {context.spec.id}", witness=False)
        yield
        if context.note_unusable(exchange, law.clause):
            return
        came = exchange.answer is not None and exchange.answer.outcome == "success"
        if came and exchange.rows:
            found += 1
        else:
            lost.append((row, exchange))
    binding = [name for name in law.clause if (clause := context.clause(name)) and clause.level != "may"]
    if not binding:
        context.results.record_observed(law.clause, f"{found} of {len(rows)} were found by {law.operation}")
    elif not lost:
        context.results.record_pass(law.clause, times=found)
    elif mirror.volatile:
        context.results.record_inconclusive(law.clause, "data-changed: the list moved while it was read")
    else:
        context.fail(
            law.clause,
            clause_text(context, law.clause, law.law),
            expected=f"each row to be found by {law.operation}",
            actual=f"{len(lost)} of {len(rows)} were not",
            exchange=lost[0][1],
            rows=[evidence_line(context, row, name) for row, _ in lost],
        )
