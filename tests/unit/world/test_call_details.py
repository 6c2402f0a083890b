"""What calls follow from, what they are charged, who answered, how long one waited."""

from __future__ import annotations

from datetime import timedelta

from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.world.listed_calls import ListedCalls
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

WORLD = World.of(seed=5, calls=3000)
ENDED = WORLD.records(Grain.CALL, ListedCalls.ENDED, BUSY_HOUR)
BY_ID = {call["call_id"]: call for call in ENDED}
CHILDREN = [call for call in ENDED if call["parent_call_id"] is not None]


def test_some_calls_follow_from_another_one_and_most_do_not() -> None:
    assert 0.03 < len(CHILDREN) / len(ENDED) < 0.2


def test_a_call_follows_from_an_earlier_one_of_its_session_that_the_same_list_holds() -> None:
    for call in CHILDREN:
        parent = BY_ID[call["parent_call_id"]]
        assert parent["session_id"] == call["session_id"]
        assert parent["customer_id"] == call["customer_id"]
        assert parent.instant("started_at") <= call.instant("started_at")  # type: ignore[operator]
        assert (parent["call_code"], parent["call_ref"]) == (call["parent_call_code"], call["parent_call_ref"])


def test_a_parent_follows_from_nothing() -> None:
    assert all(BY_ID[call["parent_call_id"]]["parent_call_id"] is None for call in CHILDREN)


def test_a_price_is_the_cost_or_nothing() -> None:
    assert all(call["price"] == (call["cost"] or 0) for call in ENDED)
    assert {call["price_unit"] for call in ENDED} == {"USD", "EUR", "GBP"}
    assert all((call["minute_rate"] is None) == (call["direction"] == "internal") for call in ENDED)


def test_somebody_or_something_answered_exactly_the_answered_calls() -> None:
    assert all((call["answered_by"] is not None) == (call["answered_at"] is not None) for call in ENDED)
    assert {call["answered_by"] for call in ENDED} == {"human", "machine", None}


def test_one_waits_in_a_queue_until_the_answer_or_the_end() -> None:
    waited = [call for call in ENDED if call["queue_seconds"] is not None]
    assert waited
    for call in waited:
        assert call["direction"] == "inbound"
        whole = call["setup_seconds"] + call["ring_seconds"]  # type: ignore[operator]
        assert 0 <= call["queue_seconds"] <= whole  # type: ignore[operator]


def test_a_subaccount_is_part_of_its_account() -> None:
    for call in ENDED:
        account, part = str(call["account_code"]), call["subaccount_code"]
        assert account == f"acc-{call['customer_id']}"
        assert part is None or str(part).endswith(f"-{call['customer_id']}")


def test_columns_and_rows_of_live_calls_tell_the_same() -> None:
    at = BUSY_HOUR + timedelta(seconds=17)
    names = ("answered_by", "queue_seconds", "price", "destination_channel", "source_channel", "parent_call_id")
    assert set(names) <= set(ATTRIBUTES[Grain.CALL])
    columns = WORLD.columns(Grain.CALL, ListedCalls.LIVE, at, names)
    rows = WORLD.records(Grain.CALL, ListedCalls.LIVE, at, attributes=names)
    assert len(rows) > 10
    for name in names:
        assert columns[name].to_list() == [row[name] for row in rows], name


def test_a_call_completes_when_it_was_answered_and_has_ended() -> None:
    for call in ENDED:
        answered = call["answered_at"] is not None
        assert call["completed_at"] == (call["ended_at"] if answered else None)
        assert call["completed_seconds"] == (call["talk_seconds"] if answered else None)
