"""The invariants of a call, whatever the API: checks of generated worlds and of calls given by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harness.telephony.enums import LiveCallState, OutcomeState
from harness.telephony.records import Record

CallInvariant = Callable[[Record], bool]


def instants_are_in_order(call: Record) -> bool:
    """Started, ringing, answered, ended follow one another, as far as they have come."""
    names = ("started_at", "ringing_at", "answered_at", "ended_at")
    stamps = [stamp for name in names if (stamp := call.instant(name)) is not None]
    return stamps == sorted(stamps)


def nobody_talks_unanswered(call: Record) -> bool:
    """Talk and billed time are 0 and the time to answer is none unless the call was answered."""
    if call.instant("answered_at") is not None:
        return call["answer_seconds"] is not None
    return call["talk_seconds"] == 0 and call["bill_seconds"] == 0 and call["answer_seconds"] is None


def the_parts_add_up(call: Record) -> bool:
    """Setup, ring and talk make the duration."""
    parts = (call["setup_seconds"], call["ring_seconds"], call["talk_seconds"])
    millis = [round(part * 1000) for part in parts if isinstance(part, int | float)]
    whole = call["duration_seconds"]
    return isinstance(whole, int | float) and len(millis) == 3 and sum(millis) == round(whole * 1000)


def only_the_living_have_a_state(call: Record) -> bool:
    """A state while the call is live, a disposition and a hang-up cause once it has ended, never both."""
    lives = call.instant("ended_at") is None
    told = (call["disposition"], call["hangup_cause"], call["hangup_text"])
    return (call["state"] is not None) == lives and all((value is None) == lives for value in told)


def the_words_agree(call: Record) -> bool:
    """State, outcome, disposition and answer state agree with one another."""
    answered = call.instant("answered_at") is not None
    if call["state"] is not None:
        talking = call["state"] in (LiveCallState.ANSWERED, LiveCallState.HELD)
        outcome = OutcomeState.IN_CALL if talking else OutcomeState.RINGING
        return talking == answered and call["outcome_state"] == outcome
    return (
        (call["disposition"] == "answered") == answered
        and (call["answer_state"] == "answered") == answered
        and call["successful"] is answered
    )


def legs_share_the_reference(call: Record) -> bool:
    """Every leg carries the call's reference, which is the identity of the first."""
    legs = call.rows("legs")
    return all(leg["call_ref"] == call["call_ref"] for leg in legs) and (
        not legs or legs[0]["leg_id"] == call["call_ref"]
    )


def legs_live_within_the_call(call: Record) -> bool:
    """The first leg begins with the call, and none outlives it."""
    legs, ended = call.rows("legs"), call.instant("ended_at")
    starts = [leg.instant("started_at") for leg in legs]
    ends = [leg.instant("ended_at") for leg in legs]
    within = all(end is not None and end <= ended for end in ends) if ended else True
    return (not legs or starts[0] == call.instant("started_at")) and within


CALL_INVARIANTS: Final[tuple[CallInvariant, ...]] = (
    instants_are_in_order,
    nobody_talks_unanswered,
    the_parts_add_up,
    only_the_living_have_a_state,
    the_words_agree,
    legs_share_the_reference,
    legs_live_within_the_call,
)


def broken_invariants(call: Record) -> tuple[str, ...]:
    """The names of the invariants that a call breaks."""
    return tuple(law.__name__ for law in CALL_INVARIANTS if not law(call))
