"""Continuity of calls between polls: identity, beginning and parties of a call stay as they are.

Names in backticks are variants of the foreign servers in `tests/foreign/`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, combinations, pairwise
from typing import Final

from harness.check.context import CheckContext, Row, instants_of
from harness.check.exchange import steps_of
from harness.check.probe.answer_checks import AnswerCheck, poll_check
from harness.check.probe.mirror import Mirror
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_readings import COPY_LAG_SECONDS, LifeFields, Sighting, WatchedCalls
from harness.check.rules.responses.row_laws import as_number
from harness.specification.field_path import FieldPath
from harness.specification.model import Clauses, Field, ImpliesLaw, MovingLaw, StandsStillLaw
from harness.wire.row_codec import ApiValue

# By then every copy of a list has the call: the copies of `legs_copies_that_lag` are up to 0.8 seconds behind, the
# replica of `ReplicaBehind` (tests/foreign_json) is 3.
SETTLED_SECONDS: Final = 60
# Beginnings in whole seconds, and a call that reaches the list a moment after it began.
_JITTER_SECONDS: Final = 2
# One row may be a transfer and back, or a recording that pauses.
_FLIPS_NEEDED: Final = 2
# A few equal rows may be different calls that look alike: rows of `all_alike` differ in their identity only.
_RENAMES_NEEDED: Final = 5
_HANDED_OVER_NEEDED: Final = 2
_TALK_STATES: Final = frozenset({"answered", "held"})
_RING_STATES: Final = frozenset({"dialing", "ringing"})
# What may go to and fro while a call goes on: numbers that count, holds, recordings that pause, limits of a customer.
_CHANGING_ATTRIBUTES: Final = frozenset(
    {"ring_seconds", "talk_seconds", "duration_seconds", "state_text", "recording_path", "over_limit"}
)
PARTY_ATTRIBUTES: Final = frozenset(
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


# Where a call goes, which a transfer changes.
END_ATTRIBUTES: Final = frozenset({"destination", "destination_number"})


def check_same_calls(watched: WatchedCalls, one_per: Clauses) -> None:
    """Judges what each row shows in all readings of the list, from the first of the run to the last poll."""
    if watched.context.identity_unique:
        _check_flips(watched)
        _check_swapped_parties(watched)
        _check_renamed_calls(watched, one_per)
        _check_handed_over_calls(watched, one_per)


def check_stands_still(watched: WatchedCalls, law: StandsStillLaw) -> None:
    """Judges stands-still with a slack: an instant such as a beginning does not move, however far polls lie apart.

    A beginning that is computed as "now minus duration" jumps by the slack here and there, but not all rows the same
    way, as they do where the start is the time of the reply (`active_start_moves`, `legs_start_moves`).
    """
    name, context = str(law.field), watched.context
    pairs: list[tuple[Row, Row, float]] = []
    for rows in watched.rows_by_key.values():
        alike = [row for row in rows if same_parties(context, row, rows[-1])]
        shown = [(instant, row) for row in alike if (instant := row.instant(name)) is not None]
        if len(shown) < 2:
            continue
        # The first and the last tell a drift; the two that are furthest apart tell everything else.
        least, most = (pick(shown, key=lambda item: item[0]) for pick in (min, max))
        apart = (most[0] - least[0]).total_seconds()
        one, other = (least, most) if apart > law.slack_seconds else (shown[0], shown[-1])
        pairs.append((one[1], other[1], (other[0] - one[0]).total_seconds()))
    moved = [pair for pair in pairs if abs(pair[2]) > law.slack_seconds]
    # Within the slack it may be rounding, of all rows alike.
    certain = bool(moved)
    for drifting in ([pair for pair in pairs if pair[2] >= 1], [pair for pair in pairs if pair[2] <= -1]):
        if not moved and len(drifting) >= max(3, (len(pairs) * 4) // 5):
            moved = drifting
    if moved:
        before, row, _ = moved[0]
        context.fail(
            law.clause,
            f"{name} of a call stands still",
            expected=f"{name}={render_value(before.shown.get(name))}, as in another poll",
            actual=f"{render_value(row.shown.get(name))}; it moved in {len(moved)} of {len(pairs)} rows",
            rows=[one for pair in moved for one in pair[:2]],
            fields=[name],
            inferred=not certain,
            check=poll_check(context, "still", field=name, slack_seconds=law.slack_seconds) if certain else None,
            steps=watched.steps_of_rows((before, row)),
        )
    elif pairs:
        context.results.record_pass(law.clause, times=len(pairs))
    else:
        context.results.record_not_exercised(law.clause, f"no row showed {name} in two polls")


def _check_flips(watched: WatchedCalls) -> None:
    """Judges that values do not change and change back, and that a call that talks does not ring in between.

    One such row may be a transfer: only several rows, a fifth of them, speak against the server. Copies of the list
    that lag (`legs_copies_that_lag`) may differ on what happened in the last seconds, and on nothing else.
    """
    context = watched.context
    histories, clear = _settled_histories(watched)
    # How far these may go to and fro, their own law says.
    laws = [law for law in context.listing.laws if isinstance(law, StandsStillLaw)]
    rounded = {str(law.field) for law in laws if law.slack_seconds}
    for name, field in context.listing.fields.items():
        if field.shows in _CHANGING_ATTRIBUTES or name in rounded:
            continue
        found = [
            (history, _find_flip(field, history, name, COPY_LAG_SECONDS if clear else 0)) for history in histories
        ]
        flipped = [(history, flip) for history, flip in found if flip is not None]
        if len(flipped) < max(_FLIPS_NEEDED, len(histories) // 5):
            continue
        (history, (first, other)), clauses = flipped[0], field_clauses(context, name, field)
        context.fail(
            clauses,
            f"{name} of a call stays as it is",
            expected=f"{name}={render_value(first)} all the time, as the first and the last poll show it",
            actual=f"{render_value(other)} in between; in {len(flipped)} of {len(histories)} rows",
            rows=[one.row for one in history],
            fields=[name],
            # A call may get another party and the old one back; an answer that was is never undone.
            inferred=not clear or field.shows != "answered_at",
            steps=watched.steps_of_rows([one.row for one in history]),
        )


def _find_flip(field: Field, history: Sequence[Sighting], name: str, lag: float) -> tuple[ApiValue, ApiValue] | None:
    """A value that came back, and the one in between; of states only talk with ringing in between.

    The one in between lies more than `lag` seconds from the others, before and after.
    """
    shown = [(one.at, one.row.shown[name]) for one in history if name in one.row.shown]
    if all(value == shown[0][1] for _, value in shown):
        return None
    # Of two meanings with one word the first counts.
    meanings = {word: meaning for meaning, word in reversed([*field.words.items()])} if field.shows == "state" else {}
    for first in (value for place, (_, value) in enumerate(shown) if value not in [one for _, one in shown[:place]]):
        seen = [at for at, value in shown if value == first]
        for at, other in shown:
            back = meanings.get(str(first)) in _TALK_STATES and meanings.get(str(other)) in _RING_STATES
            if other != first and seen[0] + lag < at < seen[-1] - lag and (back or field.shows != "state"):
                return first, other
    return None


def _settled_histories(watched: WatchedCalls) -> tuple[list[Sequence[Sighting]], bool]:
    """What calls showed, three times at least; True where the time is known and long enough for all copies.

    Where it is not, only those calls that had gone on for a good while, which each copy had.
    """
    timed, last = list(watched.histories.values()), watched.last
    clear = bool(timed) and (last.at or 0) - (watched.readings[0].at or 0) > 4 * COPY_LAG_SECONDS
    if not clear:
        timed = [
            [Sighting(place=place, at=float(place), row=row) for place, row in enumerate(rows)]
            for key, rows in watched.rows_by_key.items()
            if key in last.by_key and is_settled(watched.fields, last.by_key, key)
        ]
    return [history for history in timed if len(history) > 2], clear


def _check_swapped_parties(watched: WatchedCalls) -> None:
    """Judges that the parties of calls do not change places: a transfer replaces one of them."""
    context = watched.context
    names = context.fields_showing(*PARTY_ATTRIBUTES, *END_ATTRIBUTES)
    swapped: list[tuple[Row, Row, str, str]] = []
    changed = 0
    for rows in watched.rows_by_key.values():
        for before, after in pairwise(rows):
            if same_fields(before, after, names):
                continue
            changed += 1
            for one, other in combinations(names, 2):
                first, second = before.shown.get(one), before.shown.get(other)
                if first != second and (second, first) == (after.shown.get(one), after.shown.get(other)):
                    swapped.append((before, after, one, other))
                    break
    if len(swapped) >= _FLIPS_NEEDED and 2 * len(swapped) > changed:
        _, _, one, other = swapped[0]
        context.fail(
            field_clauses(context, one, context.listing.fields[one]),
            f"{one} and {other} of a call stay as they are",
            expected="the same parties in each poll",
            actual=f"{one} and {other} change places in {len(swapped)} calls",
            rows=[row for pair in swapped for row in pair[:2]],
            fields=(one, other),
            # No document promises it in words.
            inferred=True,
            steps=watched.steps_of_rows(swapped[0][:2]),
        )


def _check_handed_over_calls(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that no call goes on under another identity: with the same beginning and the same parties.

    A transfer that makes a new call changes a party or begins anew.
    """
    context, readings, start = watched.context, watched.readings, watched.fields.start
    if start is None or context.listing.lists.one_row_per == "leg":
        # The legs of a call may come and go, and show the beginning and the parties of the call.
        return
    ends = context.fields_showing(*END_ATTRIBUTES)
    seen: set[Hashable] = set()
    pairs: list[tuple[Row, Row]] = []
    last_place = {key: place for place, reading in enumerate(readings) for key in reading.by_key}
    for place, (earlier, later) in enumerate(pairwise(readings)):
        seen |= earlier.by_key.keys()
        left = [row for key, row in earlier.by_key.items() if last_place[key] == place]
        came = {key: row for key, row in later.by_key.items() if key not in seen}
        for row in left if came else ():
            if row.instant(start) is None:
                continue
            heirs = (key for key, other in came.items() if same_fields(row, other, [start, *ends]))
            heir = next((key for key in heirs if same_parties(context, row, came[key])), None)
            if heir is not None:
                pairs.append((row, came.pop(heir)))
    if len(pairs) >= _HANDED_OVER_NEEDED:
        watched.fail(
            clauses,
            "a call keeps its identity",
            expected="calls in progress under the same identity in each poll",
            actual=f"{len(pairs)} calls that left the list while another identity came with the same beginning and "
            "the same parties",
            rows=chain(*pairs),
            fields=[start],
            # Two may be chance, in a system that makes many calls alike.
            inferred=len(pairs) == _HANDED_OVER_NEEDED,
            difference="calls change their identity",
        )


def field_clauses(context: CheckContext, name: str, field: Field) -> Clauses:
    """The clauses on what a field shows; those on all fields where it has none of its own."""
    still = [law for law in context.listing.laws if not isinstance(law, ImpliesLaw | MovingLaw)]
    laws = [law.clause for law in still if law.field == FieldPath.of(name)]
    return (laws[-1] if laws else ()) or field.clause or context.listing.lists.clauses.keys


def same_fields(one: Row, other: Row, names: Iterable[str]) -> bool:
    """Whether two rows show the same in these fields."""
    return all(one.shown.get(name) == other.shown.get(name) for name in names)


def same_parties(context: CheckContext, one: Row, other: Row) -> bool:
    """Whether two rows show the same parties, two of them at least."""
    names = context.fields_showing(*PARTY_ATTRIBUTES)
    shown = [(one.shown.get(name), other.shown.get(name)) for name in names]
    return all(first == second for first, second in shown) and sum(bool(first) for first, _ in shown) > 1


def is_same_call(context: CheckContext, one: Row, other: Row) -> bool:
    """Whether two rows of one identity are about one call: an identity may be used again."""
    start = LifeFields.of_listing(context.listing).start
    if start is None or start not in one.shown or one.shown.get(start) == other.shown.get(start):
        return True
    names = context.fields_showing(*PARTY_ATTRIBUTES)
    return same_fields(one, other, names)


def _check_renamed_calls(watched: WatchedCalls, clauses: Clauses) -> None:
    """Judges that lasting calls keep their identity from poll to poll (`active_new_id_at_each_poll` breaks it)."""
    context, taken = watched.context, watched.readings
    starts = context.fields_showing("started_at")
    if not starts or len(taken) < 3:
        return
    start = starts[0]
    renamed_pairs: list[tuple[Row, Row]] = []
    for earlier, later in pairwise(taken):
        if set(earlier.by_key) & set(later.by_key):
            return
        # A call that began well before a poll was in that poll, if it is in a later one.
        youngest = max(instants_of(earlier.rows, start), default=datetime.max.replace(tzinfo=UTC))
        old = [
            row
            for row in earlier.rows
            if (began := row.instant(start)) is not None and (youngest - began).total_seconds() > _JITTER_SECONDS
        ]
        found = [
            (row, other)
            for row in old
            for other in later.rows
            if other.shown.get(start) == row.shown.get(start) and same_parties(context, row, other)
        ]
        if len({row.key for row, _ in found}) < max(3, len(old) // 2):
            return
        renamed_pairs = found
    watched.fail(
        clauses,
        "a call keeps its identity",
        expected="calls in progress under the same identity in each poll",
        actual=f"another identity in each of {len(taken)} polls for {len(renamed_pairs)} calls that began alike",
        rows=chain(*renamed_pairs),
        fields=[start],
        inferred=True,
        check=poll_check(context, "kept"),
    )


def check_same_rows(context: CheckContext, mirror: Mirror) -> None:
    """Judges that rows of the past keep their identity when the list is read again."""
    first, last = mirror.first, mirror.after
    if first is None or last is None or first is last or not context.identity_unique:
        return
    identity = context.listing.lists.identity
    new = {_content_without_identity(row, identity): row for row in last.rows if row.key not in first.by_key}
    lost = [row for row in first.rows if row.key not in last.by_key]
    renamed = [(row, new[beside]) for row in lost if (beside := _content_without_identity(row, identity)) in new]
    if len(renamed) < max(_RENAMES_NEEDED, len(lost) // 2, len(first.rows) // 10):
        return
    clauses = context.listing.lists.clauses.unique
    context.fail(
        clauses,
        context.clause_text(clauses, "a row keeps its identity"),
        expected="the same rows under the same identities",
        actual=f"{len(renamed)} of {len(first.rows)} rows came back under others",
        rows=chain(*renamed),
        inferred=True,
        check=AnswerCheck(kind="same", fields=("rows",)),
        steps=steps_of(first.first_page, last.first_page),
    )


def _content_without_identity(row: Row, identity: str) -> str:
    """All that a row shows but its identity."""
    return repr(sorted((name, repr(value)) for name, value in row.shown.items() if name != identity))


def is_settled(fields: LifeFields, rows: Mapping[Hashable, Row], key: Hashable) -> bool:
    """Whether a call began a good while before: by its own durations, or long before the youngest."""
    spans = [as_number(rows[key].shown.get(name or "")) for name in (fields.ring, fields.talk)]
    if sum(span for span in spans if span is not None and span > 0) > SETTLED_SECONDS:
        return True
    began = rows[key].instant(fields.start)
    youngest = max(instants_of(rows.values(), fields.start), default=began)
    return began is not None and youngest is not None and (youngest - began).total_seconds() > SETTLED_SECONDS
