"""Whether the rows of a target stand still: recent rows, replicas that lag, calls in progress.

Names in backticks are variants of the foreign servers in `tests/foreign*/`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, timedelta
from typing import Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Row, instants_of
from harness.check.probe.mirror import (
    Mirror,
    largest_page_size,
    lists_only_live_calls,
    reread_mirror,
)
from harness.check.probe.time_ranges import time_range_filters

REPLICA_LAG_SECONDS: Final = 1.2
"""The most seconds that copies of a list of live calls lag behind one another: 0.8 in `legs_copies_that_lag`."""


# A call that began this long before the run may not have reached every replica yet (3 seconds in `ReplicaBehind`; an
# overloaded replica takes longer); one that began in a run is new.
REPLICATION_TIME: Final = timedelta(minutes=1)


# The time that a run is allowed for: rows that began in it may have come after the walk.
RUN_TIME: Final = timedelta(minutes=5)


# Where every other answer comes from the replica behind (`ReplicaBehind`), six agree by luck once in 32 times.
REPLICA_PROBES: Final = 6


# Each test costs REPLICA_PROBES requests.
MAX_REPLICA_TESTS: Final = 4


# A list whose latest call began so lately gets new calls while the run lasts.
RECENT_ACTIVITY: Final = timedelta(minutes=10)


def is_recent_row(context: CheckContext, row: Row, path: str) -> bool:
    """Whether a row began so lately that it may have come after the walk, or not yet be on every replica."""
    at, began = row.instant(path), context.server_time
    if at is None or began is None:
        return False
    return began - REPLICATION_TIME < at.astimezone(UTC) < began + RUN_TIME


def all_recent(context: CheckContext, rows: Sequence[Row]) -> bool:
    """Whether there are rows, and all of them so recent that replicas may differ on them."""
    path = time_range_filters(context)[2]
    return path is not None and bool(rows) and all(is_recent_row(context, row, path) for row in rows)


def record_repeatable_failures(context: CheckContext, mirror: Mirror, check: Callable[[], None]) -> None:
    """Carries out a check of lists that the mirror does not hold; what it finds must be found a second time."""
    broken = dict(context.broken_parameters)
    with context.hold_failures() as found:
        check()
    if not found:
        return
    # As long as nobody knows whether a parameter is broken, the list is read as before: another way of reading it
    # would look as if its rows changed.
    at_first, context.broken_parameters = context.broken_parameters, broken
    reread_mirror(context, mirror)
    with context.hold_failures() as again:
        check()
    context.broken_parameters = {
        name: clause for name, clause in context.broken_parameters.items() if name in at_first
    }
    kept = {finding.clause for finding in found} & {finding.clause for finding in again}
    moved = mirror.volatile or mirror.moving_fields
    reason = "data-changed: the list moved while it was read" if moved else "not repeatable"
    context.drop_failures([one for one in (*found, *again) if one.clause not in kept], reason)
    context.record_failures(one for one in again if one.clause in kept)


def wait_for_replicas(context: CheckContext) -> None:
    """Waits for REPLICA_LAG_SECONDS where calls come and go: copies of one list may lag behind one another."""
    if (
        lists_only_live_calls(context)
        and not context.facts.stands_still
        and isinstance(context.sender, RateLimitedClient)
    ):
        context.sender.wait_until_age(context.sender.budget.seconds + REPLICA_LAG_SECONDS)


def probe_replicas(context: CheckContext, mirror: Mirror) -> None:
    """Probes whether all replicas of a list that gets new calls show the same rows, before answers are compared."""
    path, now = time_range_filters(context)[2], context.server_time
    times = instants_of(mirror.rows, path)
    if times and now is not None and max(times).astimezone(UTC) > now - RECENT_ACTIVITY:
        replicas_disagree(context, mirror)


def replicas_disagree(context: CheckContext, mirror: Mirror, rows: Sequence[Row] = ()) -> bool:
    """Whether calls of the last minute come and go from answer to answer: not every replica has them yet."""
    lower, upper, path = time_range_filters(context)
    now = context.server_time
    if lower is None or upper is None or path is None or now is None or mirror.tear_reason:
        return False
    if mirror.moving_since is not None or context.facts.replica_tests >= MAX_REPLICA_TESTS:
        return mirror.moving_since is not None
    if rows and not any(is_recent_row(context, row, path) for row in (*rows, *mirror.rows)):
        return False
    context.facts.replica_tests += 1
    since = now - REPLICATION_TIME
    size_name, size = largest_page_size(context)
    window = {lower: context.encode(lower, since.replace(microsecond=0))}
    if upper not in mirror.base:
        window[upper] = context.encode(upper, (since + REPLICATION_TIME + RUN_TIME).replace(microsecond=0))
    if size_name is not None:
        window[size_name] = context.encode(size_name, size)
    first: set[Hashable] | None = None
    for _ in range(REPLICA_PROBES):
        exchange = context.send(mirror.request(window), "do the newest rows stay?")
        if exchange.rows is None:
            return False
        young = {row.key for row in exchange.rows if is_recent_row(context, row, path)}
        if first is not None and young != first:
            mirror.volatile, mirror.moving_since = True, (path, since)
            mirror.clear_caches()
            return True
        first = young
    return False
