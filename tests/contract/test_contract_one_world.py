"""One call is the same call in every API: while it lives in the active lists, once ended in the histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.telephony import Grain, Record
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import ListedCalls, World

WORLD = World.of(seed=11, calls=400)
SECOND = timedelta(seconds=1)


def rows_of(api: str, at: datetime, **values: Any) -> list[dict[str, Any]]:
    """The rows that an API shows at an instant."""
    spec = load_spec(api)
    simulator = Simulator(spec, WORLD)
    credentials = dict(spec.listing.access.example) or {spec.listing.access.token: "callharness-token"}
    request = encode_request(spec, ListRequest(values=values, credentials=credentials))
    request = replace(request, target=simulator.base_path.encode() + request.target)
    answer = decode_response(spec.listing, simulator.answer(request, at))
    assert answer.outcome == "success", answer.message
    return cast("list[dict[str, Any]]", list(answer.rows or ()))


def a_long_call() -> Record:
    """An ended call of the home customer that was talked on for a while, alone in its session."""
    home = WORLD.home_customer_id
    for call in WORLD.records(Grain.CALL, ListedCalls.ENDED, WORLD.instant):
        talk = cast(float, call["talk_seconds"])
        if (
            talk > 20
            and call["customer_id"] == home
            and call["direction"] == "inbound"
            and call["outcome_state"] != "transferred"
        ):
            return call
    raise AssertionError("no such call in this world")


def test_one_call_is_followed_through_all_five_apis() -> None:
    call = a_long_call()
    started, answered = cast(datetime, call["started_at"]), cast(datetime, call["answered_at"])
    during = answered + 5 * SECOND
    local = f"{started:%Y-%m-%d %H:%M:%S}"

    active = [row for row in rows_of("ozeki/list-active-calls", during) if row["CallId"] == call["call_code"]]
    assert [(row["StartTime"], row["Source"], row["CallState"]) for row in active] == [
        (local, call["source"], "InCall")
    ]

    legs = rows_of("enswitch/calls-active-list", during, callid=str(call["call_ref"]))
    assert legs
    assert {leg["callid"] for leg in legs} == {call["call_ref"]}
    assert legs[0]["start"] == int(started.timestamp())
    assert legs[0]["snumber"] == call["source"]

    history = rows_of("ozeki/list-call-history", WORLD.instant, CallId=str(call["call_code"]))
    assert [(row["StartTime"], row["Source"], row["Dialed"]) for row in history] == [
        (local, call["source"], call["dialed"])
    ]

    ids = str(call["session_id"])
    window = {
        "from_date": f"{started - SECOND:%Y-%m-%d %H:%M:%S}",
        "to_date": f"{started + SECOND:%Y-%m-%d %H:%M:%S}",
    }
    sessions = rows_of(
        "voximplant/get-call-history", WORLD.instant, **window, call_session_history_id=ids, with_calls="true"
    )
    assert [row["start_date"] for row in sessions] == [local]
    assert call["call_id"] in [inner["call_id"] for inner in sessions[0]["calls"]]

    logs = rows_of("etelecom/list-call-logs", WORLD.instant, external_id=call["external_id"])
    mine = [row for row in logs if row["id"] == str(call["call_id"])]
    assert [(row["caller"], row["call_state"]) for row in mine] == [(call["source"], "answered")]
    assert datetime.fromisoformat(mine[0]["started_at"]) == started


def test_an_active_call_is_in_no_history_of_ended_calls_and_the_reverse() -> None:
    call = a_long_call()
    during = cast(datetime, call["answered_at"]) + 5 * SECOND
    logs = rows_of("etelecom/list-call-logs", during, external_id=call["external_id"])
    assert str(call["call_id"]) not in {row["id"] for row in logs}
    later = rows_of("enswitch/calls-active-list", WORLD.instant, callid=str(call["call_ref"]))
    assert later == []
