"""Calls leave the list when they end: breaches, and what is none beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from live_calls import LiveCall, LiveSystem, Show, Shown, StepClock, findings_of, honest, leg_document, watch


def lingering(seconds: float, state: str | None = None) -> Show:
    """A list that shows calls for seconds after their end, as they were then."""

    def show(call: LiveCall, now: float) -> Shown | None:
        row = honest(call, min(now, call.start + call.life - 0.001))
        if row is None or now >= call.start + call.life + seconds:
            return None
        return row if now < call.start + call.life or state is None else replace(row, state=state)

    return show


def held_at_the_end(call: LiveCall, now: float) -> Shown | None:
    """Each third call is on hold for the last quarter of a minute, without a word and without counting."""
    row = honest(call, now)
    rest = call.start + call.life - 15
    if row is None or call.number % 3 or now < rest:
        return row
    return honest(call, max(rest, call.start))


def forgotten(hours: float) -> Show:
    """A list in which each fourth call stopped hours ago, as its numbers say, and stays."""

    def show(call: LiveCall, now: float) -> Shown | None:
        row = honest(call, now)
        return (
            row if row is None or call.number % 4 else replace(row, start=row.start - hours * 3600, ring=5, talk=60)
        )

    return show


def missed(call: LiveCall, now: float) -> Shown | None:
    """Each third call is answered by nobody, and stays as it was when the caller gave up."""
    row = honest(call, min(now, call.start + call.ring - 0.001)) if call.number % 3 == 0 else honest(call, now)
    return None if row is None or call.start < -60 else row


def slowly_dialed(call: LiveCall, now: float) -> Shown | None:
    """Each third call is dialed for half a minute, and has rung for no second then."""
    row = honest(call, now)
    if row is None or call.number % 3 or now - call.start > 30:
        return row
    return replace(row, ring=0.0, talk=0.0, state="Ringing")


def test_calls_that_say_they_ring_and_ring_no_more_are_found() -> None:
    assert ("OZ-LAC-019", "red") in set(findings_of(watch(LiveSystem(StepClock(), show=missed))))


def test_calls_that_are_dialed_and_have_not_rung_yet_are_not_over() -> None:
    context = watch(LiveSystem(StepClock(), show=slowly_dialed))
    assert "OZ-LAC-019" not in {clause for clause, _ in findings_of(context)}


@pytest.mark.parametrize("seconds", [12.0, 30.0])
def test_calls_that_stand_still_before_they_leave_are_found(seconds: float) -> None:
    assert ("OZ-LAC-019", "red") in set(findings_of(watch(LiveSystem(StepClock(), show=lingering(seconds)))))


def test_calls_that_are_listed_as_completed_are_found() -> None:
    system = LiveSystem(StepClock(), show=lingering(8.0, "Completed"))
    assert ("OZ-LAC-019", "red") in set(findings_of(watch(system)))


@pytest.mark.parametrize(("hours", "colour"), [(1.0, "amber"), (23.0, "amber"), (25.0, "red"), (9000.0, "red")])
def test_calls_whose_numbers_stopped_long_ago_are_over_for_certain_when_no_hold_lasts_so_long(
    hours: float, colour: str
) -> None:
    assert ("OZ-LAC-019", colour) in set(findings_of(watch(LiveSystem(StepClock(), show=forgotten(hours)))))


def test_legs_that_are_listed_as_hung_up_are_found() -> None:
    system = LiveSystem(StepClock(), show=lingering(40.0, "Hang up"), render=leg_document)
    assert ("EN-CAL-077", "red") in set(findings_of(watch(system)))


@pytest.mark.parametrize(
    "show",
    [lingering(1.0), lingering(4.0), lingering(1.5, "Completed"), held_at_the_end],
    ids=["a second longer", "a few seconds longer", "a word for a moment", "hold before the end"],
)
def test_calls_that_leave_in_time_are_no_finding(show: Show) -> None:
    assert list(findings_of(watch(LiveSystem(StepClock(), show=show)))) == []
