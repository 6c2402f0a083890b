"""A call keeps its identity, its beginning and its parties: breaches, and what is none beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from live_calls import LiveCall, LiveSystem, Show, Shown, StepClock, changed, findings_of, honest, leg_document, watch


def is_up(row: Shown) -> bool:
    return row.state == "InCall"


def back_to_ringing(rows: list[Shown], poll: int) -> list[Shown]:
    return [replace(row, state="Ringing") if poll % 3 == 0 else row for row in rows]


def with_destination_before(rows: list[Shown], poll: int) -> list[Shown]:
    return [replace(row, destination=before.destination) for before, row in zip([rows[0], *rows], rows, strict=False)]


BREACHES: list[tuple[str, LiveSystem, str, str]] = [
    (
        "an identity of the answer",
        LiveSystem(
            StepClock(), show=changed(identity=lambda row, call, now: row.identity + ("a" if is_up(row) else ""))
        ),
        "OZ-LAC-018",
        "red",
    ),
    (
        "another identity in each answer",
        LiveSystem(
            StepClock(), pick=lambda rows, poll: [replace(row, identity=f"{row.identity}{poll}") for row in rows]
        ),
        "OZ-LAC-018",
        "red",
    ),
    (
        "a beginning that is the answer",
        LiveSystem(StepClock(), show=changed(start=lambda row, call, now: row.start if row.up is None else row.up)),
        "OZ-LAC-028",
        "red",
    ),
    (
        "a beginning that is now",
        LiveSystem(StepClock(), show=changed(start=lambda row, call, now: now)),
        "OZ-LAC-028",
        "red",
    ),
    (
        "the parties of the answer change places",
        LiveSystem(
            StepClock(),
            show=changed(
                source=lambda row, call, now: row.destination if is_up(row) else row.source,
                destination=lambda row, call, now: row.source if is_up(row) else row.destination,
            ),
        ),
        "OZ-LAC-009",
        "red",
    ),
    (
        "the destination of the row before",
        LiveSystem(StepClock(), pick=with_destination_before),
        "OZ-LAC-009",
        "red",
    ),
    ("talk that rings in between", LiveSystem(StepClock(), pick=back_to_ringing), "OZ-LAC-013", "amber"),
    (
        "a leg whose beginning is the answer",
        LiveSystem(
            StepClock(),
            show=changed(start=lambda row, call, now: row.start if row.up is None else row.up),
            render=leg_document,
        ),
        "EN-CAL-084",
        "red",
    ),
]


@pytest.mark.parametrize(
    ("system", "clause", "colour"), [one[1:] for one in BREACHES], ids=[one[0] for one in BREACHES]
)
def test_calls_that_do_not_stay_the_same_are_found(system: LiveSystem, clause: str, colour: str) -> None:
    assert (clause, colour) in set(findings_of(watch(replace(system, clock=StepClock()))))


def transferred(call: LiveCall, now: float) -> Shown | None:
    """Each third call gets another party in its talk."""
    row = honest(call, now)
    return row if row is None or call.number % 3 or row.talk < 9 else replace(row, destination="299")


def rounded(call: LiveCall, now: float) -> Shown | None:
    """The beginning is counted back from now, and so goes to and fro by a second."""
    row = honest(call, now)
    return None if row is None else replace(row, start=round(now) - int(now - call.start))


def newest_change_first(rows: list[Shown], poll: int) -> list[Shown]:
    return sorted(rows, key=lambda row: row.talk - 9 if row.destination == "299" else row.talk)


def test_calls_that_move_to_the_top_with_another_party_are_no_breach() -> None:
    assert list(findings_of(watch(LiveSystem(StepClock(), show=transferred, pick=newest_change_first)))) == []


LEGITIMATE: list[tuple[str, Show]] = [
    ("a transfer", transferred),
    ("rounding", rounded),
    ("holds that come and go", changed(state=lambda row, call, now: "Hold" if 8 < row.talk % 20 < 14 else row.state)),
]


@pytest.mark.parametrize("show", [one[1] for one in LEGITIMATE], ids=[one[0] for one in LEGITIMATE])
def test_calls_of_correct_systems_stay_the_same(show: Show) -> None:
    assert list(findings_of(watch(LiveSystem(StepClock(), show=show)))) == []
