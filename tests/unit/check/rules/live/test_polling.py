"""Rules between polls: hand-made lists, read again and again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripted_polls import HISTORY, LEGS, LIVE, Script, call, live, run, verdict

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror, reread_mirror
from harness.check.results.findings import Verdict
from harness.check.rules.live.polling import check_polling


def leg(identity: str, call_id: str, **values: Any) -> dict[str, Any]:
    return {"uniqueid": identity, "callid": call_id, "start": 1772000000, **values}


def legs(*rows: Mapping[str, Any]) -> bytes:
    return json.dumps({"responses": [{"code": "200", "key": "", "message": "OK"}], "data": list(rows)}).encode()


# --- from poll to poll --------------------------------------------------------------------------------------


def test_a_list_that_stands_still_witnesses_that_nothing_falls() -> None:
    session = run(LIVE, Script([live(call("a", talk="9.000", state="InCall"))]))
    assert verdict(session, "OZ-LAC-015") is Verdict.PASS
    assert session.results.findings() == ()


def test_talk_that_grows_is_a_pass() -> None:
    bodies = [live(call("a", talk=f"{second}.000", state="InCall")) for second in (9, 10, 11)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-015") is Verdict.PASS


def test_talk_that_falls_is_a_finding_with_both_values() -> None:
    bodies = [live(call("a", talk=f"{second}.000", state="InCall")) for second in (9, 10, 8)]
    session = run(LIVE, Script(bodies))
    assert verdict(session, "OZ-LAC-015") is Verdict.FAIL
    assert session.results.findings()[0].actual.startswith("10.000, then 8.000")


def test_talk_may_be_reset_when_the_condition_no_longer_holds() -> None:
    bodies = [live(call("a", talk="9.000", state="InCall")), live(call("a", talk="0.000", state="Hold"))]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-015") is Verdict.NOT_EXERCISED


def test_ringing_that_goes_on_after_the_answer_is_found() -> None:
    bodies = [live(call("a", ring=f"{second}.000", talk="1.000", state="InCall")) for second in (2, 3, 4)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-016") is Verdict.FAIL


def test_an_empty_list_exercises_nothing() -> None:
    assert verdict(run(LIVE, Script([live()])), "OZ-LAC-015") is Verdict.NOT_EXERCISED


def test_a_poll_without_answer_decides_nothing() -> None:
    session = run(LIVE, Script([live(call("a")), None]))
    assert verdict(session, "OZ-LAC-015") is Verdict.INCONCLUSIVE


def test_a_beginning_that_moves_is_a_finding() -> None:
    session = run(LIVE, Script([live(call("a")), live(call("a", start="10:35:00"))]))
    assert verdict(session, "OZ-LAC-028") is Verdict.FAIL


def test_a_beginning_that_rounding_moves_is_none() -> None:
    calls = [call("a", start="10:34:07"), call("b", start="10:34:07"), call("c", start="10:34:07")]
    moved = [call("a", start="10:34:08"), *calls[1:]]
    assert verdict(run(LIVE, Script([live(*calls), live(*moved)])), "OZ-LAC-028") is not Verdict.FAIL


def test_beginnings_that_all_move_with_the_clock_are_a_finding() -> None:
    bodies = [live(*(call(name, start=f"10:34:0{second}") for name in "abc")) for second in (7, 8)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-028") is Verdict.FAIL


def test_a_beginning_that_goes_to_and_fro_by_more_than_rounding_is_a_finding() -> None:
    bodies = [live(call("a", start=f"10:34:{second:02}"), call("b")) for second in (7, 8, 9, 7, 8, 9)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-028") is Verdict.FAIL


OLD = {"start": "10:20:00", "talk": "800.000", "state": "InCall"}
YOUNG = call("young")


def test_talk_that_rings_in_between_is_a_finding() -> None:
    ringing = {**OLD, "state": "Ringing", "talk": "0.000"}
    bodies = [live(call("a", **how), call("b", **how), YOUNG) for how in (OLD, ringing, OLD, OLD)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-013") is Verdict.FAIL


def test_talk_that_is_held_in_between_is_none() -> None:
    held = {**OLD, "state": "Hold"}
    bodies = [live(call("a", **how), call("b", **how), YOUNG) for how in (OLD, held, OLD, OLD)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-013") is not Verdict.FAIL


def test_parties_that_change_places_and_back_are_a_finding() -> None:
    calls = [call("a", **OLD), call("b", **OLD)]
    swapped = [one.replace("<Source>1<", "<Source>9<") for one in calls]
    bodies = [live(*rows, YOUNG) for rows in (calls, swapped, calls, calls)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-009") is Verdict.FAIL


def test_one_party_that_changes_and_stays_is_a_transfer() -> None:
    calls = [call("a", **OLD), call("b", **OLD)]
    moved = [one.replace("<Source>1<", "<Source>9<") for one in calls]
    bodies = [live(*rows, YOUNG) for rows in (calls, moved, moved, moved)]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-009") is not Verdict.FAIL


def test_talk_that_is_longer_than_the_call_is_a_finding() -> None:
    rings = [call(f"r{number}", start="10:34:07", ring="2.000") for number in range(2)]
    talks = [call(f"t{number}", start="10:33:00", talk="500.000", state="InCall") for number in range(2)]
    assert verdict(run(LIVE, Script([live(*rings, *talks)])), "OZ-LAC-012") is Verdict.FAIL


def test_talk_since_an_answer_that_is_told_as_the_beginning_is_none() -> None:
    rings = [call(f"r{number}", start="10:34:07", ring="2.000") for number in range(2)]
    talks = [
        call(f"t{number}", start="10:33:09", ring="90.000", talk="60.000", state="InCall") for number in range(2)
    ]
    assert verdict(run(LIVE, Script([live(*rings, *talks)])), "OZ-LAC-012") is not Verdict.FAIL


def stopped(*states: str, talk: int = 40) -> CheckContext:
    def body(second: int) -> bytes:
        going = [call(f"g{number}", talk=f"{talk + second}.000", state="InCall") for number in range(3)]
        still = [call(f"s{number}", talk="20.000", state=state) for number, state in enumerate(states)]
        return live(*going, *still)

    return run(LIVE, Script([body(second) for second in range(6)]))


def test_calls_that_talk_no_more_while_others_do_are_found_as_ended() -> None:
    assert verdict(stopped("InCall", "InCall", "InCall"), "OZ-LAC-019") is Verdict.FAIL


def test_numbers_that_are_brought_up_to_date_now_and_then_are_none_that_ended() -> None:
    assert verdict(stopped("InCall", "InCall", "InCall", talk=22), "OZ-LAC-019") is Verdict.PASS


def test_one_call_that_stands_still_may_be_on_hold() -> None:
    assert verdict(stopped("InCall"), "OZ-LAC-019") is Verdict.PASS


def test_calls_that_stand_still_on_hold_are_none_that_ended() -> None:
    assert verdict(stopped("Hold", "Hold", "Hold"), "OZ-LAC-019") is Verdict.PASS


def test_calls_that_have_another_identity_in_each_poll_are_a_finding() -> None:
    starts = ("10:30:00", "10:31:00", "10:32:00", "10:34:07")
    bodies = [live(*(call(f"{poll}{start[3:5]}", start=start) for start in starts)) for poll in "abcdef"]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-018") is Verdict.FAIL


def test_calls_that_come_and_go_between_polls_are_no_renamed_ones() -> None:
    bodies = [
        live(*(call(f"{poll}{number}", start=f"10:{34 + poll}:0{number}") for number in range(4)))
        for poll in range(3)
    ]
    assert verdict(run(LIVE, Script(bodies)), "OZ-LAC-018") is not Verdict.FAIL


def test_durations_in_another_unit_are_a_finding() -> None:
    calls = [call(f"a{number}", talk=f"{9000 * number}.000", start=f"10:34:{50 - 9 * number}") for number in range(6)]
    assert verdict(run(LIVE, Script([live(*calls)])), "OZ-LAC-012") is Verdict.FAIL


def test_a_list_without_such_laws_is_not_read_again() -> None:
    body = b"<Response><Code>200</Code><TotalRecords>0</TotalRecords><CallHistory/></Response>"
    script = Script([body])
    run(HISTORY, script)
    assert script.sent == 1


def past(poll: str, count: int = 8) -> bytes:
    """A page of the past whose calls have identities that end in `poll`."""
    calls = [call(f"{number}{poll}", start=f"10:34:0{number}") for number in range(count)]
    rows = "".join(one.replace("<Call>", "<Call><Direction>Inbound</Direction>") for one in calls)
    head = f"<Code>200</Code><Message>Command successfully executed</Message><TotalRecords>{count}</TotalRecords>"
    return f"<Response>{head}<CallHistory>{rows}</CallHistory></Response>".encode()


def read_twice(session: CheckContext, mirror: Mirror) -> None:
    reread_mirror(session, mirror)
    check_polling(session, mirror)


def test_rows_of_the_past_that_come_back_under_other_identities_are_a_finding() -> None:
    session = run(HISTORY, Script([past("a"), past("b")]), read_twice)
    assert [finding.clause for finding in session.results.findings()] == list(
        session.listing.lists.clauses.unique[:1]
    )


def test_other_rows_of_the_past_are_none_that_were_renamed() -> None:
    later = past("b").replace(b"<Source>1<", b"<Source>7<")
    assert run(HISTORY, Script([past("a"), later]), read_twice).results.findings() == ()
    assert run(HISTORY, Script([past("a"), past("a")]), read_twice).results.findings() == ()


# --- calls that leave and calls that stay -------------------------------------------------------------------


def test_a_state_of_a_living_call_witnesses_that_ended_calls_are_gone() -> None:
    assert verdict(run(LIVE, Script([live(call("a"))])), "OZ-LAC-019") is Verdict.PASS


def test_a_call_whose_clock_stopped_long_before_the_others_is_found_as_inferred() -> None:
    old = call("old", talk="60.000", state="InCall", start="08:00:00")
    session = run(LIVE, Script([live(call("a"), call("b"), old)]))
    (finding,) = session.results.findings()
    assert (finding.clause, finding.basis) == ("OZ-LAC-019", "inferred")


def test_a_long_call_whose_clock_still_runs_is_no_finding() -> None:
    long = call("long", talk="9240.000", state="InCall", start="08:00:00")
    assert verdict(run(LIVE, Script([live(call("a"), long)])), "OZ-LAC-019") is Verdict.PASS


def test_a_call_on_hold_may_have_stopped_its_clock() -> None:
    held = call("held", talk="60.000", state="Hold", start="08:00:00")
    assert verdict(run(LIVE, Script([live(call("a"), held)])), "OZ-LAC-019") is Verdict.PASS


def test_a_call_that_leaves_for_good_is_a_witness() -> None:
    bodies = [legs(leg("1.1", "1.1")), legs(leg("1.1", "1.1")), legs()]
    assert verdict(run(LEGS, Script(bodies)), "EN-CAL-077") is Verdict.PASS


def test_one_leg_alone_that_shows_nothing_of_its_life_proves_nothing() -> None:
    assert verdict(run(LEGS, Script([legs(leg("1.1", "1.1"))])), "EN-CAL-077") is Verdict.NOT_EXERCISED


def test_a_call_that_is_left_out_of_one_poll_is_found() -> None:
    bodies = [live(call("a"), call("b")), live(call("a")), live(call("a"), call("b"))]
    session = run(LIVE, Script(bodies))
    assert [finding.clause for finding in session.results.findings()] == ["OZ-LAC-018"]


# --- rows of one call ---------------------------------------------------------------------------------------

BOTH = (leg("1.1", "c"), leg("1.2", "c"))


def test_the_legs_of_one_call_are_found_by_its_id() -> None:
    script = Script([legs(*BOTH, leg("2.1", "d"))], {b"callid=c": legs(*BOTH)})
    assert verdict(run(LEGS, script), "EN-CAL-064") is Verdict.PASS


def test_a_leg_that_its_call_does_not_bring_along_is_found() -> None:
    script = Script([legs(*BOTH)], {b"callid=c": legs(BOTH[0])})
    assert verdict(run(LEGS, script), "EN-CAL-064") is Verdict.FAIL


def test_calls_of_one_leg_each_say_nothing_about_shared_ids() -> None:
    script = Script([legs(leg("1.1", "c"), leg("2.1", "d"))])
    assert verdict(run(LEGS, script), "EN-CAL-064") is Verdict.NOT_EXERCISED


# --- another list -------------------------------------------------------------------------------------------


def test_without_the_other_operation_the_law_does_not_apply() -> None:
    assert verdict(run(LIVE, Script([live(call("a"))])), "OZ-LAC-026") is Verdict.NOT_APPLICABLE


def test_what_the_other_list_says_to_a_mere_possibility_is_observed() -> None:
    body = b"<Response><Code>200</Code><TotalRecords>0</TotalRecords><CallHistory/></Response>"
    other = run(HISTORY, Script([body]))
    session = run(LIVE, Script([live(call("a"))]), other_lists={HISTORY: other})
    assert verdict(session, "OZ-LAC-026") is Verdict.OBSERVED
