"""What a run learns of its target on the way, and the options that rules read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from harness.specification.field_path import FieldPath
from harness.specification.model import Clauses

if TYPE_CHECKING:
    from harness.check.context import CheckContext, ClientIdentity, Exchange
    from harness.check.rules.responses.judged_response import ResponseMemory
    from harness.check.rules.responses.known_world import KnownWorld
    from harness.check.rules.responses.row_consistency import RowSightings


ROWS_READ: Final = 25_000
"""So many rows of one answer are read; what an answer lacks beyond that breaks no promise."""
ROWS_OF_A_RUN: Final = 1_500_000
"""After so many rows in a run only ROWS_READ_LATER of each answer are read: no server takes up its time for ever."""
ROWS_READ_LATER: Final = 2000
KEPT_BODY_BYTES: Final = 4096
"""Bytes of the body of an answer that is kept only to be shown."""
KEPT_SERVER_ERRORS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of a run that rules read; `now` is the instant of the caller's wall clock."""

    now: datetime | None = None
    address: str = ""
    """The URL under which the target is asked."""
    window: tuple[datetime, datetime] | None = None
    max_requests: int | None = None
    world: KnownWorld | None = None
    fuzz: bool = False
    replay: tuple[tuple[str, str], ...] = ()
    """Further options of the command line that repeats the run."""
    other_lists: Mapping[str, CheckContext] = field(default_factory=lambda: MappingProxyType({}))
    """The contexts of other operations of the target, by the name of the operation."""
    clauses_by_filter: Mapping[str, Clauses] = field(default_factory=lambda: MappingProxyType({}))
    """The clauses of each filter, wherever the spec says something about it."""
    watch_seconds: float | None = None
    """At most so long a list of live calls is watched; None for as long as the run allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCap:
    """The server's own limit on a page: `rows` came where `asked` were asked for, and more followed."""

    rows: int
    asked: int
    exchange: Exchange


@dataclass(slots=True)
class TargetFacts:
    """What is known of the target beside its rows."""

    rows_read: int = 0
    """How many rows the run has read so far."""
    blocked: str | None = None
    """Why nothing can be asked at all: no log-in, no answer."""
    gone: bool = False
    """Whether the target, which had answered before, no longer answers."""
    server_time: tuple[datetime, float | None] | None = None
    """What the server's clock said last, and the second of the run at which it did."""
    window_ahead: timedelta = timedelta(days=1)
    """How far the windows of the run reach beyond its beginning."""
    page_cap: PageCap | None = None
    unkept_filters: frozenset[str] = frozenset()
    """Filters of the run's own window that the server does not keep."""
    identity_shared: bool = False
    """Whether different rows were seen under one identity, so that it does not tell rows apart."""
    stands_still: bool = False
    """Whether a list of live calls was seen to stand still for a while, twice."""
    reread_requests: int = 0
    copies_lag: bool = False
    """Whether copies of a list of live calls were seen to lag behind one another."""
    waits: int = 0
    replica_tests: int = 0
    range_halved: bool = False
    unread_carriers: frozenset[str] = frozenset()
    """Places of a request whose parameters the server does not read."""
    readings: dict[Hashable, list[Exchange]] = field(default_factory=dict)
    """Each whole reading of a list of live calls, by its request, in the order of time."""
    reading_bytes: int = 0
    newest_shown: Mapping[FieldPath, datetime] = field(default_factory=lambda: MappingProxyType({}))
    """The latest instant so far in each field whose rows are kept for so long and no longer."""
    odd_codes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The fault for which each code that stands for nothing was first told."""
    rows_in_errors: tuple[str, Clauses] | None = None
    """The fault and the clauses under which an error with rows was first met."""
    refused_sort_words: frozenset[str] = frozenset()
    """Words of order that no document names and the server does not take, where it takes others."""
    covered_pairs: frozenset[tuple[str, ...]] = frozenset()
    company_turns: Counter[str] = field(default_factory=Counter)
    """How often each filter was asked with a switch or an order beside it."""
    fickle_refusals: int = 0
    """How often the run's own credentials were refused for a request that was accepted just afterwards."""
    equal_accounts: tuple[ClientIdentity, ...] = ()
    """The further accounts that were seen to have the same list, where everybody has."""
    repeated_server_errors: tuple[Exchange, ...] = ()
    response_memory: ResponseMemory | None = None
    seen_rows: RowSightings | None = None

    def take_rows(self, came: int) -> int:
        """How many rows of an answer with so many are read, now that the run has read what it has."""
        most = ROWS_READ if self.rows_read < ROWS_OF_A_RUN else ROWS_READ_LATER
        self.rows_read += min(came, most)
        return most
