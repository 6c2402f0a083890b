"""Ring and talk of calls in progress count the seconds that pass: breaches, and what is none beside them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from live_calls import (
    LiveCall,
    LiveSystem,
    Show,
    Shown,
    StepClock,
    calls_from,
    changed,
    findings_of,
    honest,
    leg_document,
    live_document,
    watch,
)

TALK, RING = "OZ-LAC-015", "OZ-LAC-016"


def found(show: Show) -> set[tuple[str, str]]:
    return set(findings_of(watch(LiveSystem(StepClock(), show=show))))


def is_up(row: Shown) -> bool:
    return row.state == "InCall"


def stuck(call: LiveCall, now: float, *, holds: bool) -> Shown | None:
    """Each sixth call talks for 5 seconds and for no more; others are on hold for a while where that has a word."""
    row = honest(call, now)
    if row is None or not is_up(row):
        return row
    if call.number % 6 == 1:
        return replace(row, talk=min(row.talk, 5.0))
    return replace(row, state="Hold") if holds and call.number % 6 == 2 and 10 < row.talk < 20 else row


def held(call: LiveCall, now: float, *, talk: float = 0.0, destination: str = "") -> Shown | None:
    """Each second call is on hold from the 10th to the 20th second of its talk, which may begin anew afterwards."""
    row = honest(call, now)
    if row is None or call.number % 2 or row.talk < 10:
        return row
    if row.talk < 20:
        return replace(row, state="Hold")
    return replace(row, talk=row.talk + talk, destination=destination or row.destination)


BREACHES: list[tuple[str, Show, str, str]] = [
    ("talk stands still", changed(talk=lambda row, call, now: 1.0 if is_up(row) else 0.0), TALK, "red"),
    ("talk in minutes", changed(talk=lambda row, call, now: row.talk / 60), TALK, "red"),
    ("talk in milliseconds", changed(talk=lambda row, call, now: row.talk * 1000), "OZ-LAC-012", "amber"),
    ("talk counts down", changed(talk=lambda row, call, now: 900 - row.talk if is_up(row) else 0.0), TALK, "red"),
    ("talk of some calls stands still", lambda call, now: stuck(call, now, holds=True), TALK, "red"),
    ("talk begins anew after a hold", lambda call, now: held(call, now, talk=-19.0), TALK, "red"),
    ("talk begins anew", changed(talk=lambda row, call, now: row.talk % 30), TALK, "red"),
    (
        "talk from the beginning",
        changed(talk=lambda row, call, now: now - call.start if is_up(row) else 0.0),
        TALK,
        "red",
    ),
    ("talk while ringing", changed(talk=lambda row, call, now: row.talk if is_up(row) else row.ring), TALK, "red"),
    (
        "the state lags far behind",
        changed(state=lambda row, call, now: "Ringing" if row.talk < 10 else "InCall"),
        TALK,
        "red",
    ),
    ("ringing stands still", changed(ring=lambda row, call, now: row.ring if is_up(row) else 0.0), RING, "red"),
    ("ringing goes on", changed(ring=lambda row, call, now: now - call.start), RING, "red"),
    ("ringing is forgotten", changed(ring=lambda row, call, now: 0.0 if is_up(row) else row.ring), RING, "red"),
]


@pytest.mark.parametrize(
    ("show", "clause", "colour"), [one[1:] for one in BREACHES], ids=[one[0] for one in BREACHES]
)
def test_counters_that_do_not_go_with_the_clock_are_found(show: Show, clause: str, colour: str) -> None:
    assert (clause, colour) in found(show)


def on_hold(call: LiveCall, now: float, *, said: bool) -> Shown | None:
    """Each fifth call is on hold from its fifth second of talk on, and counts no talk meanwhile."""
    row = honest(call, now)
    if row is None or call.number % 5 or row.talk < 5:
        return row
    return replace(row, talk=5.0, state="OnHold" if said else "InCall")


def refreshed(call: LiveCall, now: float, every: float) -> Shown | None:
    """Durations that are brought up to date now and then; the state is always that of now."""
    row, old = honest(call, now), honest(call, now // every * every)
    return None if row is None else replace(row, talk=old.talk, ring=old.ring) if old is not None else row


def rings_again(call: LiveCall, now: float) -> Shown | None:
    """Each third call is transferred in its talk: it rings a new party, and has talked all the same."""
    row = honest(call, now)
    if row is None or call.number % 3 or not 10 < row.talk < 18:
        return row
    return replace(row, state="Ringing", destination="277", talk=10.0)


LEGITIMATE: list[tuple[str, Show]] = [
    ("nothing of the kind", honest),
    (
        "whole seconds",
        changed(
            ring=lambda row, call, now: float(math.floor(row.ring)),
            talk=lambda row, call, now: float(math.floor(row.talk)),
        ),
    ),
    ("hold that is said", lambda call, now: on_hold(call, now, said=True)),
    ("hold that is not said", lambda call, now: on_hold(call, now, said=False)),
    ("durations brought up to date each five seconds", lambda call, now: refreshed(call, now, 5.0)),
    ("the state a second late", changed(state=lambda row, call, now: "Ringing" if row.talk < 1 else "InCall")),
    ("a new party rings", rings_again),
    ("a hold", held),
    ("some that stand still, where no hold is told", lambda call, now: stuck(call, now, holds=False)),
    (
        "a setup before the ringing",
        changed(state=lambda row, call, now: "Setup" if now - call.start < 1 else row.state),
    ),
]  # fmt: skip


@pytest.mark.parametrize("show", [one[1] for one in LEGITIMATE], ids=[one[0] for one in LEGITIMATE])
def test_counters_of_correct_systems_are_no_finding(show: Show) -> None:
    # A call that rings and has talked is another matter: the spec says that one that rings has not.
    assert {clause for clause, _ in found(show)} <= {"OZ-LAC-014"}


def test_counters_of_a_system_that_shows_other_zones_are_no_finding() -> None:
    system = LiveSystem(StepClock(), render=lambda rows: live_document(rows, zone_hours=-3.5))
    assert list(findings_of(watch(system))) == []


def test_a_list_of_now_that_stands_still_is_a_finding() -> None:
    assert set(findings_of(watch(LiveSystem(StepClock(), seen_at=lambda now, poll: 1.0)))) == {(TALK, "red")}


def test_a_list_of_another_instant_that_stands_still_is_none() -> None:
    assert list(findings_of(watch(LiveSystem(StepClock(), seen_at=lambda now, poll: 20.0)))) == []


def test_talk_that_begins_anew_with_another_party_after_a_hold_is_no_finding() -> None:
    system = LiveSystem(StepClock(), show=lambda call, now: held(call, now, talk=-19.0, destination="299"))
    assert (TALK, "red") not in set(findings_of(watch(system)))


# --- when a leg was answered --------------------------------------------------------------------------------


def test_legs_that_last_for_minutes_and_are_never_answered_are_a_finding() -> None:
    system = LiveSystem(
        StepClock(),
        show=changed(up=lambda row, call, now: None),
        calls=calls_from(-200, 40),
        render=leg_document,
    )
    assert ("EN-CAL-067", "amber") in set(findings_of(watch(system)))


def test_legs_of_which_one_was_answered_are_none() -> None:
    system = LiveSystem(
        StepClock(),
        show=changed(up=lambda row, call, now: row.up if call.number == -51 else None),
        calls=calls_from(-200, 40),
        render=leg_document,
    )
    assert set(findings_of(watch(system))) == set()
