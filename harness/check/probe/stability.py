"""Whether the rows of a target stood still: young rows, replicas that lag, calls in progress."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from harness.check.client.budget import MannerlyClient
from harness.check.context import Row, Session
from harness.check.probe.mirror import Mirror, ask_for, largest_size, only_live, time_filters, written

LAGS: Final = 1.2
"""So many seconds copies of one list may be apart."""


# A call that began this long before the run may not have reached every replica yet; one that began in a run is new.
SETTLES: Final = timedelta(minutes=1)


LASTS: Final = timedelta(minutes=5)


REPLICAS: Final = 6


REPLICA_TESTS: Final = 4


# A list whose latest call began so lately is a living one.
LIVELY: Final = timedelta(minutes=10)


def came_meanwhile(session: Session, row: Row, path: str) -> bool:
    """Whether a row is so young that it may have come after the walk, or not have reached every replica then."""
    at, now = row.shown.get(path), session.settings.get("now")
    if not isinstance(at, datetime) or not isinstance(now, datetime):
        return False
    began = _began(session, now)
    return began - SETTLES < at.astimezone(UTC) < began + LASTS


def young(session: Session, rows: Sequence[Row]) -> bool:
    """Whether there are rows, and all of them so young that replicas may differ on them."""
    path = time_filters(session)[2]
    return path is not None and bool(rows) and all(came_meanwhile(session, row, path) for row in rows)


def _began(session: Session, now: datetime) -> datetime:
    """When the run began, by the clock of the server."""
    return now.astimezone(UTC) + timedelta(seconds=session.skew_seconds or 0.0)


def let_copies_agree(session: Session) -> None:
    """Waits a moment where calls come and go: copies of one list may be a little behind one another."""
    if only_live(session) and not session.settings.get("stands-still") and isinstance(session.sender, MannerlyClient):
        session.sender.grow_old(session.sender.budget.seconds + LAGS)


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
    if rows and not any(came_meanwhile(session, row, path) for row in (*rows, *mirror.rows)):
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
        young = {row.key for row in exchange.rows if came_meanwhile(session, row, path)}
        if first is not None and young != first:
            mirror.volatile, mirror.since = True, (path, since)
            mirror.forget()
            return True
        first = young
    return False
