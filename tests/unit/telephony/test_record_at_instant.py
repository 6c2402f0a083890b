"""What is seen of a call at an instant; expected values are written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from harness.telephony import (
    Disposition,
    Grain,
    HangupCause,
    Record,
    broken_invariants,
    call_record,
    call_state_at,
    visible_record,
)

START = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def answered_call(**values: object) -> Record:
    return call_record(
        call_id=5_000_000_001,
        started_at=START,
        ringing_at=after(1),
        answered_at=after(9.5),
        ended_at=after(70),
        direction="outbound",
        cost=0.5,
        held_at=after(20),
        resumed_at=after(30),
        **values,  # type: ignore[arg-type]
    )


def seen(call: Record, at: datetime) -> Record:
    record = visible_record(Grain.CALL, call, at)
    assert record is not None
    return record


def test_before_it_begins_nothing_is_seen() -> None:
    assert visible_record(Grain.CALL, answered_call(), after(-0.001)) is None


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (0, "dialing"), (0.999, "dialing"), (1, "ringing"), (9.499, "ringing"), (9.5, "answered"),
        (20, "held"), (29, "held"), (30, "answered"), (69.999, "answered"), (70, None),
    ],
)  # fmt: skip
def test_the_state_follows_the_timeline(second: float, state: str | None) -> None:
    assert call_state_at(answered_call(), after(second)) == state


def test_a_ringing_call_has_not_talked() -> None:
    call = seen(answered_call(), after(5))
    assert (call["ring_seconds"], call["talk_seconds"], call["duration_seconds"]) == (4.0, 0.0, 5.0)
    assert (call["answered_at"], call["ended_at"], call["answer_seconds"]) == (None, None, None)
    assert (call["outcome_state"], call["answer_state"], call["completion"]) == ("ringing", "unknown", "unknown")


def test_an_answered_call_shows_its_talk_so_far() -> None:
    call = seen(answered_call(), after(12))
    assert (call["ring_seconds"], call["talk_seconds"], call["answer_seconds"]) == (8.5, 2.5, 9.5)
    assert (call["outcome_state"], call["disposition"], call["cost"]) == ("in_call", None, None)
    assert call["updated_at"] == after(9.5)


def test_a_call_that_lives_has_not_completed() -> None:
    whole = answered_call()
    call = seen(whole, after(12))
    assert (call["completed_at"], call["completed_seconds"]) == (None, None)
    assert (whole["completed_at"], whole["completed_seconds"]) == (whole["ended_at"], whole["talk_seconds"])


def test_an_ended_call_is_shown_whole_and_never_changes() -> None:
    call = answered_call()
    assert seen(call, after(70)) is call
    assert seen(call, after(7000)) is call
    assert (call["talk_seconds"], call["duration_seconds"]) == (60.5, 70.0)


def test_the_tariff_rounds_outbound_talk_up_to_steps_of_six_seconds() -> None:
    assert answered_call()["bill_seconds"] == 66.0


def test_ringing_that_nobody_answers_ends_at_hangup() -> None:
    call = call_record(call_id=1, started_at=START, ringing_at=after(2), ended_at=after(32))
    assert (call["ring_seconds"], call["setup_seconds"], call["disposition"]) == (30.0, 2.0, "no_answer")
    assert call["hangup_text"] == "19 No answer"


def test_a_call_without_an_end_lives_for_ever() -> None:
    call = call_record(call_id=1, started_at=START, answered_at=after(1))
    assert seen(call, after(10**6))["state"] == "answered"


@pytest.mark.parametrize("second", [0, 1, 5, 9.5, 20, 30, 60, 70, 80])
def test_a_given_call_keeps_the_laws_at_every_instant(second: float) -> None:
    assert broken_invariants(seen(answered_call(), after(second))) == ()


@pytest.mark.parametrize(
    ("name", "value", "law"),
    [
        ("answered_at", START - timedelta(seconds=1), "instants_are_in_order"),
        ("talk_seconds", 61.0, "the_parts_add_up"),
        ("state", "answered", "only_the_living_have_a_state"),
        ("answer_state", "not_answered", "the_words_agree"),
    ],
)
def test_each_law_finds_its_breach(name: str, value: object, law: str) -> None:
    assert law in broken_invariants(answered_call().with_values(**{name: value}))  # type: ignore[arg-type]


def test_unanswered_talk_breaks_a_law() -> None:
    call = call_record(call_id=1, started_at=START, ended_at=after(3)).with_values(bill_seconds=6.0)
    assert "nobody_talks_unanswered" in broken_invariants(call)


def test_a_strange_leg_breaks_a_law() -> None:
    leg = Record({"leg_id": "1.2", "call_ref": "1.1", "started_at": START, "ended_at": after(80)})
    assert {"legs_share_the_reference", "legs_live_within_the_call"} <= set(
        broken_invariants(answered_call(legs=(leg,)))
    )


def test_instants_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        call_record(call_id=1, started_at=START, ended_at=after(-1))


def test_instants_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        call_record(call_id=1, started_at=datetime(2026, 3, 11))


def test_an_unknown_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        call_record(call_id=1, started_at=START, colour="red")


@pytest.mark.parametrize("disposition", Disposition)
def test_every_disposition_has_a_cause(disposition: Disposition) -> None:
    assert HangupCause.of(disposition) in HangupCause


def test_a_record_is_a_value() -> None:
    assert Record({"a": 1}) == Record({"a": 1})
    assert hash(Record({"a": 1})) == hash(Record({"a": 1}))
    assert Record({"a": 1}).with_values(a=2) == {"a": 2}
