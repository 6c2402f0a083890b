"""A telephone system of calls in progress on a clock of its own: what it does right, and what it does wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from scripted_polls import LEGS, LIVE, run

from harness.check.client.budget import Budget, RateLimitedClient
from harness.check.context import CheckContext
from harness.wire.http_messages import HttpRequest, HttpResponse

BEGAN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ANSWER_SECONDS = 0.02


class StepClock:
    """A clock that goes on where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class LiveCall:
    """A call that begins at a second of the clock, rings, talks and ends; `number` tells it from the others."""

    number: int
    start: float
    ring: float
    life: float


@dataclass(frozen=True)
class Shown:
    """What a list shows of a call at an instant, in seconds of the clock."""

    identity: str
    start: float
    ring: float
    talk: float
    state: str
    source: str
    destination: str
    up: float | None = None
    """When it was answered."""


def calls_from(first: int, last: int, *, apart: float = 4.0) -> tuple[LiveCall, ...]:
    """Calls that begin in equal distances and last from a quarter of a minute to a quarter of an hour."""
    lives = (18.0, 33.0, 61.0, 140.0, 900.0)
    return tuple(LiveCall(n, n * apart, 2.0 + n * 5 % 15, lives[n % 5]) for n in range(first, last))


CALLS = calls_from(-60, 40)


def honest(call: LiveCall, now: float) -> Shown | None:
    """What a correct list shows."""
    age = now - call.start
    if not 0 <= age < call.life:
        return None
    talking = age >= call.ring
    return Shown(
        identity=f"c{call.number}",
        start=call.start,
        ring=call.ring if talking else age,
        talk=age - call.ring if talking else 0.0,
        state="InCall" if talking else "Ringing",
        source=str(100 + call.number % 7),
        destination=str(200 + call.number % 11),
        up=call.start + call.ring if talking else None,
    )


Show = Callable[[LiveCall, float], Shown | None]
Pick = Callable[[list[Shown], int], list[Shown]]


@dataclass
class LiveSystem:
    """A sender that lists calls: `show` shows a call, `seen_at` is the instant of the list, `pick` what comes."""

    clock: StepClock
    show: Show = honest
    seen_at: Callable[[float, int], float] = lambda now, poll: now
    pick: Pick = lambda rows, poll: rows
    calls: Iterable[LiveCall] = CALLS
    render: Callable[[list[Shown]], bytes] = field(default=lambda rows: live_document(rows))
    polls: int = 0
    times: list[float] = field(default_factory=list)

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        self.clock.now += ANSWER_SECONDS
        self.polls += 1
        self.times.append(self.clock.now)
        at = self.seen_at(self.clock.now, self.polls)
        shown = [row for call in self.calls if (row := self.show(call, at)) is not None]
        date = format_datetime(BEGAN + timedelta(seconds=math.floor(self.clock.now)), usegmt=True)
        body = self.render(self.pick(shown, self.polls))
        return HttpResponse(http_status=200, headers=(("Date", date),), body=body)


def live_document(rows: Iterable[Shown], *, zone_hours: float = 1.0, digits: int = 3) -> bytes:
    """The XML list, its local times in a zone of its own."""
    text = "".join(_live_row(row, zone_hours, digits) for row in rows)
    head = "<Code>200</Code><Message>Command successfully executed</Message>"
    return f"<Response>{head}<ActiveCalls>{text}</ActiveCalls></Response>".encode()


def _live_row(row: Shown, zone_hours: float, digits: int) -> str:
    start = BEGAN + timedelta(hours=zone_hours, seconds=math.floor(row.start))
    scale = 10**digits
    ring, talk = (f"{math.floor(value * scale) / scale:.3f}" for value in (row.ring, row.talk))
    return (
        f"<Call><CallId>{row.identity}</CallId><Source>{row.source}</Source><CallerId>{row.source}</CallerId>"
        f"<Destination>{row.destination}</Destination><CallerDialed>{row.destination}</CallerDialed>"
        f"<CalleeDialed>{row.destination}</CalleeDialed><StartTime>{start:%Y-%m-%d %H:%M:%S}</StartTime>"
        f"<RingDuration>{ring}</RingDuration><TalkDuration>{talk}</TalkDuration><CallState>{row.state}</CallState></Call>"
    )


def leg_document(rows: Iterable[Shown]) -> bytes:
    """The JSON list of legs, with Unix times."""
    began = int(BEGAN.timestamp())
    legs: list[Mapping[str, Any]] = [
        {
            "uniqueid": row.identity,
            "callid": row.identity.partition("/")[0],
            "start": began + math.floor(row.start),
            "answered": 0 if row.up is None else began + math.floor(row.up),
            "snumber": row.source,
            "dnumber": row.destination,
            "cnumber": row.destination,
            "status": row.state,
        }
        for row in rows
    ]
    return json.dumps({"responses": [{"code": "200", "key": "", "message": "OK"}], "data": legs}).encode()


def watch(
    system: LiveSystem, *, max_seconds: float | None = 60.0, max_requests: int | None = None, **options: Any
) -> CheckContext:
    """A run of the polls over a system."""
    budget = Budget(max_requests=max_requests, max_seconds=max_seconds, clock=system.clock, sleep=system.clock.sleep)
    api = LEGS if system.render is leg_document else LIVE
    return run(api, RateLimitedClient(system, budget), **options)


def changed(**changes: Any) -> Show:
    """A list whose rows are honest but for these fields, each a function of the row, the call and the instant."""

    def show(call: LiveCall, now: float) -> Shown | None:
        row = honest(call, now)
        if row is None:
            return None
        return replace(row, **{name: change(row, call, now) for name, change in changes.items()})

    return show


def findings_of(context: CheckContext) -> Iterator[tuple[str, str]]:
    """The clause and the colour of each finding."""
    for finding in context.results.findings():
        yield str(finding.clause), str(finding.colour)
