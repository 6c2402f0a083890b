"""The watch over a list of calls in progress: it is read again and again, for as long as the run has time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext
from harness.check.probe.filter_values import visible_filters
from harness.check.probe.mirror import Mirror, Snapshot, lists_only_live_calls, walk_pages
from harness.check.rules.live.call_readings import ZONE_STEP_SECONDS, LifeFields, Reading, list_moves, live_readings
from harness.check.rules.live.watched_filters import WatchedFilters
from harness.check.rules.responses.row_laws import as_number

WATCH_SECONDS_AT_MOST: Final = 120.0
DEFAULT_WATCH_SECONDS: Final = 10.0
"""The seconds from the first reading of a run to the last one, where no time is given."""
SHARE_OF_TIME: Final = 0.8
"""The share of the time left that a run is given; the rest is for what comes after the polls."""
POLLS_AT_MOST: Final = 40
_POLL_SECONDS: Final = 1.25
_POLLS_PER_LOOK_UP: Final = 3
# The requests left to the rules that come after the polls.
_REQUESTS_SPARED: Final = 10
# A list that shows the same for so long does not go on.
_STILL_SECONDS: Final = 32.0
# The beginning of the youngest call, and its own seconds, lie so close to the server's time where calls are live.
_FRESH_SECONDS: Final = 30.0


def watch_list(context: CheckContext, mirror: Mirror) -> None:
    """Reads a list of live calls until its time is over; every answer is kept as a reading of the run.

    Nothing is waited for where the sender has no clock, and where nothing shows that the calls are live.
    """
    sender = context.sender
    if not isinstance(sender, RateLimitedClient) or not lists_only_live_calls(context):
        return
    if not context.listing.paging.is_single_page:
        return
    readings = live_readings(context, ())
    first = readings[0].at if readings else None
    if first is None or not any(reading.rows for reading in readings):
        return
    began = sender.budget.seconds
    seconds = _seconds_to_watch(context, began - first)
    left = sender.budget.remaining_requests()
    polls = min(POLLS_AT_MOST, POLLS_AT_MOST if left is None else left - _REQUESTS_SPARED)
    if seconds < _POLL_SECONDS or polls < 1:
        return
    given = sender.budget.remaining_seconds() is not None
    filters = WatchedFilters(context, mirror, LifeFields.of_listing(context.listing))
    if visible_filters(context):
        # Each third poll brings a question with filters.
        polls = max(1, polls * _POLLS_PER_LOOK_UP // (_POLLS_PER_LOOK_UP + 1))
    pause = max(_POLL_SECONDS, seconds / polls)
    earlier: Snapshot | None = None
    for number in range(1, int(seconds / pause) + 1):
        readings = live_readings(context, ())
        if sender.budget.seconds - began > seconds:
            return
        patient = given and sender.budget.seconds - first < _STILL_SECONDS
        if not list_moves(readings) and not (patient and _may_be_live(context, readings[-1])):
            return
        sender.wait_seconds(began + number * pause - sender.budget.seconds)
        taken = _poll_in_turn(context, mirror, number)
        if taken.failed_exchange is not None:
            return
        if earlier is not None and number % _POLLS_PER_LOOK_UP == 0:
            filters.look_up(earlier, taken)
        earlier = taken if number % _POLLS_PER_LOOK_UP == 1 else earlier


def _poll_in_turn(context: CheckContext, mirror: Mirror, number: int) -> Snapshot:
    """A reading of the list, by the next of the accounts that all see the same one (`second_user_gets_old_list`).

    In every other turn each reading has a connection of its own: servers keep with a connection what its first
    request showed (a foreign server).
    """
    accounts = (context.identity, *context.facts.equal_accounts)
    turn, place = divmod(number, len(accounts))
    asking = accounts[place]
    by = f" as {asking.name} sees it" if place else ""
    own, context.identity = context.identity, asking
    try:
        purpose = f"watch the list{by}, {number}"
        return walk_pages(context, mirror.base, purpose=purpose, own_connection=bool(turn % 2))
    finally:
        context.identity = own


def _seconds_to_watch(context: CheckContext, since_first: float) -> float:
    """The seconds that the watch may take from now on."""
    assert isinstance(context.sender, RateLimitedClient)
    left = context.sender.budget.remaining_seconds()
    seconds = (
        max(0.0, DEFAULT_WATCH_SECONDS - since_first)
        if left is None
        else min(WATCH_SECONDS_AT_MOST, SHARE_OF_TIME * left)
    )
    most = context.options.watch_seconds
    return seconds if most is None else min(seconds, most)


def _may_be_live(context: CheckContext, reading: Reading) -> bool:
    """Whether a call reaches to about the server's time, whatever the zone in which its beginning is shown."""
    fields, now = LifeFields.of_listing(context.listing), reading.server_time
    if fields.start is None or now is None:
        return False
    for row in reading.rows:
        began = row.shown.get(fields.start)
        if isinstance(began, datetime):
            spans = [as_number(row.shown.get(name or "")) or 0 for name in (fields.ring, fields.talk)]
            apart = (now - began).total_seconds() - float(min(sum(spans), 10**8))
            step = ZONE_STEP_SECONDS
            if abs((apart + step / 2) % step - step / 2) <= _FRESH_SECONDS:
                return True
    return False
