"""Calls in progress are listed from their beginning to their end: breaches, and what is none beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from live_calls import LiveCall, LiveSystem, Show, Shown, StepClock, findings_of, honest, leg_document, watch

from harness.wire.http_messages import HttpRequest, HttpResponse

LISTED, LEG = "OZ-LAC-018", "EN-CAL-063"


SHORT_CALLS = tuple(LiveCall(n, n * 4.0, 2.0 + n % 3, 40.0 + n % 5) for n in range(-20, 40))


TWO_CALLS = (LiveCall(1, -30.0, 3.0, 50.0), LiveCall(2, -5.0, 5.0, 120.0))


def hidden(when: Callable[[Shown, float], bool]) -> Show:
    """A list without the calls of which `when` is true, of what is shown and of the age of the call."""

    def show(call: LiveCall, now: float) -> Shown | None:
        row = honest(call, now)
        return None if row is None or when(row, now - call.start) else row

    return show


def oldest_by_source(rows: list[Shown], poll: int) -> list[Shown]:
    """One call of each source."""
    return list({row.source: row for row in reversed(rows)}.values())


def newest_left_out(rows: list[Shown]) -> list[Shown]:
    """The rows in the order of their beginnings, but for the last one."""
    return sorted(rows, key=lambda row: row.start)[:-1]


BREACHES: list[tuple[str, LiveSystem, str]] = [
    ("a gap", LiveSystem(StepClock(), show=hidden(lambda row, age: 30 <= age < 38)), "red"),
    ("blinks", LiveSystem(StepClock(), pick=lambda rows, poll: rows[poll % 3 == 0 :]), "red"),
    ("new calls hidden", LiveSystem(StepClock(), show=hidden(lambda row, age: age < 12)), "red"),
    ("ringing hidden", LiveSystem(StepClock(), show=hidden(lambda row, age: row.state == "Ringing")), "red"),
    (
        "five calls at most, old ones first",
        LiveSystem(StepClock(), pick=lambda rows, poll: rows[:5], calls=SHORT_CALLS),
        "red",
    ),
    ("few calls at most, new ones first", LiveSystem(StepClock(), pick=lambda rows, poll: rows[-10:]), "red"),
    ("one call at most", LiveSystem(StepClock(), pick=lambda rows, poll: rows[:1], calls=TWO_CALLS), "amber"),
    ("one call of each source", LiveSystem(StepClock(), pick=oldest_by_source, calls=SHORT_CALLS), "red"),
    ("remembered for 20 seconds", LiveSystem(StepClock(), seen_at=lambda now, poll: now // 20 * 20), "red"),
    ("remembered once", LiveSystem(StepClock(), seen_at=lambda now, poll: 20 if 20 < now < 32 else now), "amber"),
    ("the newest call left out", LiveSystem(StepClock(), pick=lambda rows, poll: newest_left_out(rows)), "red"),
]


@pytest.mark.parametrize(("system", "colour"), [one[1:] for one in BREACHES], ids=[one[0] for one in BREACHES])
def test_calls_that_are_not_listed_are_found(system: LiveSystem, colour: str) -> None:
    system = replace(system, clock=StepClock())
    assert (LISTED, colour) in set(findings_of(watch(system)))


@dataclass
class ListOfConnection(LiveSystem):
    """A kept connection gets the list of its first request for ever."""

    first_at: float | None = None

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        first = self.clock.now if self.first_at is None else self.first_at
        self.seen_at = (lambda now, poll: now) if request.asks_to_close else (lambda now, poll: first)
        self.first_at = first
        return super().send(request, deadline_seconds=deadline_seconds)


@pytest.mark.parametrize("max_seconds", [None, 60.0])
def test_a_list_that_a_connection_keeps_is_found_beside_that_of_another_connection(
    max_seconds: float | None,
) -> None:
    context = watch(ListOfConnection(StepClock()), max_seconds=max_seconds)
    assert {("OZ-LAC-015", "red"), ("OZ-LAC-016", "red")} <= set(findings_of(context))


LEG_BREACHES: list[tuple[str, LiveSystem]] = [
    ("new legs hidden", LiveSystem(StepClock(), show=hidden(lambda row, age: age < 15), render=leg_document)),
    ("ringing hidden", LiveSystem(StepClock(), show=hidden(lambda row, age: row.up is None), render=leg_document)),
    ("remembered", LiveSystem(StepClock(), seen_at=lambda now, poll: now // 30 * 30, render=leg_document)),
]


@pytest.mark.parametrize("system", [one[1] for one in LEG_BREACHES], ids=[one[0] for one in LEG_BREACHES])
def test_legs_that_are_not_listed_are_found(system: LiveSystem) -> None:
    assert LEG in {clause for clause, _ in findings_of(watch(replace(system, clock=StepClock())))}


def lagging(now: float, poll: int) -> float:
    """Every second answer comes from a copy that is a second behind."""
    return now - poll % 2


def with_second_legs(rows: list[Shown], poll: int) -> list[Shown]:
    """A call that has talked for seconds rings another party, on a leg that shows the beginning of the call."""
    legs = [replace(row, identity=f"{row.identity}/2", destination="299", up=None) for row in rows if row.talk > 8]
    return [*rows, *legs]


def each_five_seconds(now: float, poll: int) -> float:
    """The list is taken once in five seconds."""
    return now // 5 * 5


def transferred(call: LiveCall, now: float) -> Shown | None:
    """Each fourth call goes on under another identity, with another party, and keeps its age."""
    row = honest(call, now)
    if row is None or call.number % 4 or row.talk < 20:
        return row
    return replace(row, identity=f"{row.identity}t", destination="299")


def used_again(call: LiveCall, now: float) -> Shown | None:
    """Identities are numbers of lines: a new call has the one of a call that ended."""
    row = honest(call, now)
    return None if row is None else replace(row, identity=f"line{call.number % 60}", source=str(call.number))


def half_transferred(call: LiveCall, now: float) -> Shown | None:
    """Each second call goes on under another identity once it is answered, and keeps its age."""
    row = honest(call, now)
    return (
        row
        if row is None or call.number % 2 or row.up is None
        else replace(row, identity=f"{row.identity}t", destination="299")
    )


LEGITIMATE: list[tuple[str, LiveSystem]] = [
    ("nothing of the kind", LiveSystem(StepClock())),
    ("copies that lag", LiveSystem(StepClock(), seen_at=lagging)),
    ("taken once a second", LiveSystem(StepClock(), seen_at=lambda now, poll: now // 1)),
    ("taken once in five seconds", LiveSystem(StepClock(), seen_at=each_five_seconds)),
    ("transfers under another identity", LiveSystem(StepClock(), show=transferred)),
    ("many transfers", LiveSystem(StepClock(), show=half_transferred)),
    ("identities used again", LiveSystem(StepClock(), show=used_again)),
    ("a list of the newest first", LiveSystem(StepClock(), pick=lambda rows, poll: rows[::-1])),
    ("legs", LiveSystem(StepClock(), render=leg_document)),
    ("legs of copies that lag", LiveSystem(StepClock(), seen_at=lagging, render=leg_document)),
    ("legs taken once in five seconds", LiveSystem(StepClock(), seen_at=each_five_seconds, render=leg_document)),
    ("second legs", LiveSystem(StepClock(), pick=with_second_legs, render=leg_document)),
    ("legs with another clock", LiveSystem(StepClock(), seen_at=lambda now, poll: now - 40, render=leg_document)),
    ("short calls", LiveSystem(StepClock(), calls=tuple(LiveCall(n, n * 0.5, 0.3, 0.9) for n in range(-10, 130)))),
    ("a few calls", LiveSystem(StepClock(), calls=(LiveCall(1, -30.0, 3.0, 300.0), LiveCall(2, 10.0, 5.0, 12.0)))),
]  # fmt: skip


@pytest.mark.parametrize("system", [one[1] for one in LEGITIMATE], ids=[one[0] for one in LEGITIMATE])
def test_lists_of_correct_systems_are_no_finding(system: LiveSystem) -> None:
    assert list(findings_of(watch(replace(system, clock=StepClock())))) == []
