"""Rules between polls: what must hold when the same list is read again and again."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import poll_check
from harness.check.probe.error_responses import enforceable_clauses
from harness.check.probe.filter_values import is_plain_equality
from harness.check.probe.mirror import (
    Mirror,
    Snapshot,
    include_everything,
    lists_only_live_calls,
    reread_mirror,
    walk_pages,
)
from harness.check.results.evidence import render_value
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.live.call_continuity import (
    END_ATTRIBUTES,
    PARTY_ATTRIBUTES,
    check_same_calls,
    check_same_rows,
    check_stands_still,
    is_same_call,
    is_settled,
    same_fields,
)
from harness.check.rules.live.call_counters import check_counters
from harness.check.rules.live.call_departures import check_departures
from harness.check.rules.live.call_presence import check_presence
from harness.check.rules.live.call_readings import (
    REFRESH_SECONDS,
    LifeFields,
    WatchedCalls,
    live_readings,
    phase_stretches,
    seconds_shown,
)
from harness.check.rules.live.list_watch import watch_list
from harness.check.rules.live.row_neighbours import check_neighbours
from harness.check.rules.live.state_changes import check_state_changes
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
    InOtherListLaw,
    Law,
    MovingLaw,
    NeverFallsLaw,
    RowLaw,
    SharedLaw,
    StandsStillLaw,
    VanishesLaw,
)
from harness.wire.list_request import ListRequest
from harness.wire.row_codec import ApiValue

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
# Copies of a list may lag by so much from one answer to the next.
_LAG_SECONDS: Final = 1.0
_APART_SECONDS: Final = 1.3
"""The least age of the run at its last poll, so that clocks have moved on, in whole seconds too.

`coarse_durations` counts in whole seconds, and `cached_for_a_second` gives the same answer for one.
"""


def check_polling(context: CheckContext, mirror: Mirror) -> None:
    """Reads the list again and judges the laws between polls; a list without such laws is not read."""
    if not lists_only_live_calls(context):
        check_same_rows(context, mirror)
    laws = [law for law in context.listing.laws if not isinstance(law, RowLaw)]
    named = context.listing.lists.clauses
    only, one_per = (named.only, named.one_per) if lists_only_live_calls(context) else ((), ())
    every = tuple(dict.fromkeys((*(clause for law in laws for clause in law.clause), *only, *one_per)))
    if not laws and not every:
        return
    sender = context.sender
    aged = not isinstance(sender, RateLimitedClient) or sender.budget.seconds >= _APART_SECONDS
    taken = _take_polls(context, mirror, every)
    if taken is None:
        return
    if not any(snapshot.rows for snapshot in taken):
        context.results.record_not_exercised(every, "the list was empty in every poll")
        return
    watch_list(context, mirror)
    snapshots = taken if mirror.first is None or mirror.first is taken[0] else [mirror.first, *taken]
    watched = WatchedCalls.of_readings(context, live_readings(context, snapshots))
    for law in laws:
        _check_law(watched, mirror, law)
    if lists_only_live_calls(context):
        check_same_calls(watched, one_per or named.unique)
        check_neighbours(watched)
        check_state_changes(watched)
        check_counters(watched)
        check_presence(watched, one_per)
    vanishing = tuple(clause for law in laws if isinstance(law, VanishesLaw) for clause in law.clause)
    check_departures(watched, tuple(dict.fromkeys((*vanishing, *only))))
    _check_one_row_per_call(context, mirror, one_per, taken, aged=aged)


def _check_law(watched: WatchedCalls, mirror: Mirror, law: Law) -> None:
    """Judges a law between polls; that calls vanish the list itself may promise, too: it is judged once for both."""
    match law:
        case StandsStillLaw() if law.slack_seconds:
            check_stands_still(watched, law)
        case StandsStillLaw() | NeverFallsLaw():
            _check_between_polls(watched, law)
        case SharedLaw():
            _check_shared_values(watched.context, mirror, law)
        case InOtherListLaw():
            _check_other_list(watched.context, mirror, law)


def _take_polls(context: CheckContext, mirror: Mirror, clauses: Clauses) -> list[Snapshot] | None:
    """The polls in the order of time, or None when one of them failed."""
    earlier = mirror.before or mirror.after
    taken = [earlier] if earlier is not None and earlier.failed_exchange is None else []
    live = lists_only_live_calls(context)
    times = LIVE_POLLS if live and context.listing.paging.is_single_page else POLLS
    for number in range(1, times + 1):
        if live and number == max(2, times - 2) and isinstance(context.sender, RateLimitedClient):
            context.sender.wait_until_age(_APART_SECONDS)
        # Only as many rows as the first pages hold: a long list is not read to its end three times.
        found = walk_pages(
            context,
            mirror.base,
            purpose=f"poll {number} of the list",
            rows_at_most=POLLED_ROWS_AT_MOST,
            # What a server keeps with a connection is no list of calls in progress: the others have one in common.
            own_connection=live and number == times,
        )
        if found.failed_exchange is not None:
            if not context.note_unusable(found.failed_exchange, clauses):
                context.results.record_inconclusive(clauses, "a poll of the list was not answered with rows")
            return None
        taken.append(found)
    return taken


# --- values from poll to poll -------------------------------------------------------------------------------


def _check_between_polls(watched: WatchedCalls, law: MovingLaw) -> None:
    """never-falls and stands-still: a row is compared with itself, while the condition holds both times.

    Copies of the list that lag by a moment show a little less than another one did.
    """
    path, context = law.field, watched.context
    law_context = LawContext(fields=context.listing.fields)
    broken: list[tuple[Row, Row]] = []
    times = 0
    lag = _LAG_SECONDS if isinstance(context.sender, RateLimitedClient) else 0.0
    settling, falls = _settling_rows(watched, law), isinstance(law, NeverFallsLaw)
    for rows in watched.rows_by_key.values():
        highest: Row | None = None
        for before, row, comparable in _neighbouring_rows(watched, law, rows):
            judged = comparable and id(before) not in settling and is_same_call(context, before, row)
            verdict = (
                moves_as_promised(law, RowView(before.shown), RowView(row.shown), law_context) if judged else None
            )
            if verdict is None:
                highest = None
                continue
            times += 1
            if not falls:
                broken += [] if verdict else [(before, row)]
                continue
            # Polls that follow close upon another each see a little of a fall: what counts is all of it.
            highest = before if highest is None or _fall(highest, before, str(path)) < 0 else highest
            if _fall(highest, row, str(path)) > lag:
                broken.append((highest, row))
    if broken:
        before, row = broken[0]
        wanted = "does not fall" if isinstance(law, NeverFallsLaw) else "stands still"
        while_ = f" while {describe_condition(law.when)}" if law.when is not None else ""
        watched.fail(
            law.clause,
            law.law,
            expected=f"{path} {wanted}{while_}",
            actual=f"{render_value(before.shown.get(str(path)))}, then {render_value(row.shown.get(str(path)))}; "
            f"in {len(broken)} of {times} comparisons",
            rows=chain(*broken),
            fields=[str(path)],
            check=poll_check(
                context,
                "rising" if isinstance(law, NeverFallsLaw) else "still",
                field=str(path),
                when=law.when,
                slack_seconds=lag,
            ),
        )
    elif times:
        context.results.record_pass(law.clause, times=times)
    else:
        when = f" with {describe_condition(law.when)}" if law.when is not None else ""
        context.results.record_not_exercised(law.clause, f"no row{when} showed {path} in two polls")


def _settling_rows(watched: WatchedCalls, law: MovingLaw) -> set[int]:
    """The rows of calls that were answered seconds ago: their state may be newer than the numbers beside it."""
    fields = watched.fields
    if not isinstance(law, StandsStillLaw) or law.when is None or str(law.field) not in (fields.ring, fields.talk):
        return set()
    if not isinstance(watched.context.sender, RateLimitedClient):
        return set()
    return {
        id(sighting.row)
        for history in watched.histories.values()
        for phase, stretch in phase_stretches(fields, history)
        for sighting in stretch
        if phase == "answered"
        and sighting.at - stretch[0].at <= REFRESH_SECONDS
        and (seconds_shown(sighting.row, fields.talk) or 0.0) <= REFRESH_SECONDS
    }


def _neighbouring_rows(watched: WatchedCalls, law: MovingLaw, rows: Sequence[Row]) -> Iterator[tuple[Row, Row, bool]]:
    """The rows of a call that follow on one another, and whether they may be compared.

    A value that never falls is after a hold, in which a law says nothing, at least what it was before. Only where the
    call has other parties then it may be another talk.
    """
    listing, falls = watched.context.listing, isinstance(law, NeverFallsLaw)
    law_context = LawContext(fields=listing.fields)
    parties = watched.context.fields_showing(*PARTY_ATTRIBUTES, *END_ATTRIBUTES)

    def is_silent(row: Row) -> bool:
        says = law.when is None or condition_holds(law.when, RowView(row.shown), law_context) is True
        return falls and not says and watched.fields.phase_of(row) not in ("ringing", "answered")

    told = [(place, row) for place, row in enumerate(rows) if not is_silent(row)]
    for (place, before), (next_place, row) in pairwise(told):
        yield before, row, next_place == place + 1 or same_fields(before, row, parties)


def _fall(before: Row, after: Row, name: str) -> float:
    """By how much a number fell."""
    return -_value_distance(before.shown.get(name), after.shown.get(name))


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


# --- calls in progress stay ---------------------------------------------------------------------------------


def _check_one_row_per_call(
    context: CheckContext, mirror: Mirror, clauses: Clauses, taken: Sequence[Snapshot], *, aged: bool
) -> None:
    """Judges that a call in progress before and after a poll is in that poll.

    Servers lose rows now and then (`active_call_missing_now_and_then`), and copies of a list that lag behind
    (`legs_copies_that_lag`) differ on calls that have just begun or ended: before is what was read well before the
    last three polls (before all of them when the run was old by then), after is what is read later still.
    """
    if not clauses or not context.listing.paging.is_single_page or not context.identity_unique:
        return
    if len(taken) < LIVE_POLLS:
        return
    # In the order of time: the mirror may have been read again since the polls.
    earlier = [one.by_key for one in (mirror.first, taken[0]) if one is not None and one.failed_exchange is None]
    polled = [*earlier, *(snapshot.by_key for snapshot in taken[1:])]
    known = {key: row for by_key in polled for key, row in by_key.items()}
    middle = [snapshot.by_key.keys() for snapshot in (taken[1:] if aged else taken[-3:])]
    lasting = set[Hashable]().union(*earlier) & set().union(*middle)
    doubtful = {key for key in lasting if not all(key in keys for keys in middle)}
    # A call that had gone on for a while has long reached every copy: once it was listed, it is in each poll.
    gone = {key for before, later in pairwise(polled) for key in before.keys() - later.keys()}
    fields = LifeFields.of_listing(context.listing)
    doubtful |= {key for key in gone if is_settled(fields, known, key)}
    if doubtful:
        doubtful &= _listed_later(context, mirror)
    if doubtful:
        context.fail(
            clauses,
            context.clause_text(clauses, "each call in progress is listed"),
            expected="calls that are listed before and after a poll also in that poll",
            actual=f"{len(doubtful)} of them are left out there",
            rows=[row for key, row in known.items() if key in doubtful],
        )
    elif lasting:
        context.results.record_pass(clauses, times=len(lasting))
    else:
        context.results.record_not_exercised(clauses, "no call lasted over three polls")


def _listed_later(context: CheckContext, mirror: Mirror) -> set[Hashable]:
    """The keys of the rows that two polls show when some time has passed."""
    if isinstance(context.sender, RateLimitedClient):
        context.sender.wait_until_age(context.sender.budget.seconds + _APART_SECONDS)
    late: set[Hashable] = set()
    for number in (1, 2):
        purpose = f"late poll {number}"
        poll = walk_pages(context, mirror.base, purpose=purpose, rows_at_most=POLLED_ROWS_AT_MOST)
        late |= set(poll.by_key)
    return late


# --- rows of one call ---------------------------------------------------------------------------------------


def _check_shared_values(context: CheckContext, mirror: Mirror, law: SharedLaw) -> None:
    """Judges that rows with one value are one call: the filter on that value gives them all, each once."""
    path = law.field
    groups = _rows_by_value(mirror, path)
    if not groups:
        context.results.record_not_exercised(law.clause, f"no two rows show the same {path}")
        return
    filters = context.listing.filters.items()
    name = next((name for name, rule in filters if rule.compares == (path,) and is_plain_equality(rule)), None)
    if name is None:
        context.results.record_not_exercised(law.clause, f"no parameter asks for one {path}")
        return
    for value in list(groups)[:GROUPS_ASKED]:
        exchange, wrong = _ask_for_group(context, mirror, law, name, value)
        due = len(_rows_by_value(mirror, path).get(value, ()))
        if wrong is None:
            continue
        if not wrong:
            context.results.record_pass(law.clause, times=due or 1)
        elif mirror.volatile:
            context.results.record_inconclusive(law.clause, "data-changed: the list moved while it was read")
        else:
            context.fail(
                law.clause,
                context.clause_text(law.clause, law.law),
                expected=f"the {due} rows with {path}={value}, each once",
                actual=wrong,
                exchange=exchange,
                rows=exchange.listed,
                fields=[str(path)],
            )
            return


def _ask_for_group(
    context: CheckContext, mirror: Mirror, law: SharedLaw, name: str, value: str
) -> tuple[Exchange, str | None]:
    """The answer that should be the rows of one value, and what is wrong with it twice; None where none can tell."""
    ask = mirror.request({**include_everything(context), name: value})
    wrong: str | None = None
    for attempt in range(2):
        exchange = context.send(ask, f"the rows of one call, {name}={value}")
        if context.note_unusable(exchange, law.clause):
            return exchange, None
        wrong = _group_difference(context, mirror, exchange, law.field, value) or ""
        if not wrong:
            break
        if not attempt:
            reread_mirror(context, mirror)
    return exchange, wrong


def _rows_by_value(mirror: Mirror, path: FieldPath) -> dict[str, list[Row]]:
    """Rows by the value they share; the largest groups first, and only those of several rows."""
    found: dict[str, list[Row]] = {}
    for row in mirror.rows:
        for value in row.values(path)[:1]:
            if (isinstance(value, str) or is_integer(value)) and value != "":
                found.setdefault(str(value), []).append(row)
    several = [(value, rows) for value, rows in found.items() if len(rows) > 1]
    return dict(sorted(several, key=lambda item: (-len(item[1]), item[0])))


def _group_difference(
    context: CheckContext, mirror: Mirror, exchange: Exchange, path: FieldPath, value: str
) -> str | None:
    """The difference between the answer and the group of rows that the mirror knows; None when there is none."""
    if exchange.outcome != "success" or exchange.rows is None:
        return "no rows"
    due = _rows_by_value(mirror, path).get(value, [])
    if len(due) < 2:
        # The call ended while the list was read: nothing to compare with.
        return None
    keys = [row.key for row in exchange.rows]
    if len(set(keys)) < len(keys):
        return "the same row twice"
    others = [row for row in exchange.rows if [str(one) for one in row.values(path)] not in ([value], [])]
    if others:
        return f"{rows_in_words(len(others))} of another {path}"
    missing = [row for row in due if row.key not in keys and mirror.is_steady(row)]
    if missing:
        return f"{rows_in_words(len(keys))}; {len(missing)} of those in the whole list are missing"
    known = {row.key for row in due}
    more = [key for key in keys if key not in known]
    if more and mirror.complete and not mirror.volatile:
        return f"{rows_in_words(len(keys))}; {len(more)} of them are not in the whole list"
    return None


def _check_other_list(context: CheckContext, mirror: Mirror, law: InOtherListLaw) -> None:
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
        if context.note_unusable(exchange, law.clause):
            return
        if exchange.outcome == "success" and exchange.rows:
            found += 1
        else:
            lost.append((row, exchange))
    if not enforceable_clauses(context, law.clause):
        context.results.record_observed(law.clause, f"{found} of {len(rows)} were found by {law.operation}")
    elif not lost:
        context.results.record_pass(law.clause, times=found)
    elif mirror.volatile:
        context.results.record_inconclusive(law.clause, "data-changed: the list moved while it was read")
    else:
        context.fail(
            law.clause,
            context.clause_text(law.clause, law.law),
            expected=f"each row to be found by {law.operation}",
            actual=f"{len(lost)} of {len(rows)} were not",
            exchange=lost[0][1],
            rows=[row for row, _ in lost],
            fields=[name],
        )
