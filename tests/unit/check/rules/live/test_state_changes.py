"""What calls show of their parties stays as it is when they are answered, held and taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from live_calls import LiveCall, LiveSystem, Show, Shown, StepClock, findings_of, honest, watch

Change = Callable[[Shown, LiveCall], Shown]


def shown_as(change: Change) -> Show:
    """A list of calls of which each second one is on hold from the 10th to the 20th second of its talk."""

    def show(call: LiveCall, now: float) -> Shown | None:
        row = honest(call, now)
        if row is None:
            return None
        return change(replace(row, state="Hold") if call.number % 2 and 10 <= row.talk < 20 else row, call)

    return show


def source_of_callee(row: Shown, call: LiveCall) -> Shown:
    """Each answered call shows its destination as its source."""
    return row if row.up is None else replace(row, source=row.destination)


def no_source_before_the_answer(row: Shown, call: LiveCall) -> Shown:
    return replace(row, source="") if row.up is None else row


def no_destination_on_hold(row: Shown, call: LiveCall) -> Shown:
    return replace(row, destination="") if row.state == "Hold" else row


def few_transfers(row: Shown, call: LiveCall) -> Shown:
    """Each fifth call is taken by another party once it is answered."""
    return row if row.up is None or call.number % 5 else replace(row, destination="299")


def transfers_from_hold(row: Shown, call: LiveCall) -> Shown:
    """Of the calls on hold each third one goes to another party afterwards."""
    return row if row.talk < 20 or call.number % 6 != 1 else replace(row, destination="299")


@pytest.mark.parametrize("change", [source_of_callee, no_source_before_the_answer, no_destination_on_hold])
def test_parties_that_change_with_the_state_are_found(change: Change) -> None:
    assert ("OZ-LAC-009", "red") in set(findings_of(watch(LiveSystem(StepClock(), show=shown_as(change)))))


@pytest.mark.parametrize("change", [few_transfers, transfers_from_hold])
def test_calls_that_get_another_party_are_no_finding(change: Change) -> None:
    assert list(findings_of(watch(LiveSystem(StepClock(), show=shown_as(change))))) == []
