"""What a call shows of its parties while its state changes: it is answered, held and taken back as the same call."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from harness.check.context import Row
from harness.check.results.evidence import render_value
from harness.check.rules.live.call_continuity import END_ATTRIBUTES, PARTY_ATTRIBUTES, field_clauses, is_same_call
from harness.check.rules.live.call_readings import Phase, WatchedCalls

# A few may be transfers, or calls that go on to the next of a group; what most calls do is the server's doing.
_CHANGES_NEEDED: Final = 3
# Which line a call uses may only be known when somebody answers, and so may where it went.
_KNOWN_AT_ANSWER: Final = END_ATTRIBUTES | {"channel"}
_Change = tuple[Phase, Phase]
_CHANGES: Final[tuple[_Change, ...]] = (("ringing", "answered"), ("answered", "held"), ("held", "answered"))


def check_state_changes(watched: WatchedCalls) -> None:
    """Judges that the parties of most calls are not others, or none, as soon as they are answered or put on hold.

    Servers write a row of another table once a call is in another state (foreign servers).
    """
    context = watched.context
    for change in _CHANGES:
        pairs = list(_rows_around(watched, change))
        known = _KNOWN_AT_ANSWER if change == ("ringing", "answered") else frozenset[str]()
        for name in context.fields_showing(*sorted((PARTY_ATTRIBUTES | END_ATTRIBUTES) - known)):
            other = [(one, two) for one, two in pairs if one.shown.get(name) != two.shown.get(name)]
            if len(other) < _CHANGES_NEEDED or 3 * len(other) < 2 * len(pairs):
                continue
            before, after = other[0]
            watched.fail(
                field_clauses(context, name, context.listing.fields[name]),
                f"{name} of a call stays as it is",
                expected=f"{name}={render_value(before.shown.get(name))}, as long as the call was {change[0]}",
                actual=f"{render_value(after.shown.get(name))} once it is {change[1]}; so in {len(other)} of "
                f"{len(pairs)} calls",
                rows=[row for pair in other for row in pair],
                fields=(name, watched.fields.state, watched.fields.answer),
                difference="parties change with the state",
            )


def _rows_around(watched: WatchedCalls, change: _Change) -> Iterator[tuple[Row, Row]]:
    """The rows of calls just before and just after they came from one state into another."""
    for history in watched.histories.values():
        for one, other in pairwise(history):
            phases = (watched.fields.phase_of(one.row), watched.fields.phase_of(other.row))
            if phases == change and is_same_call(watched.context, one.row, other.row):
                yield one.row, other.row
