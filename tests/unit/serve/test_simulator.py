"""The simulator answers as the listing says, construct by construct."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from simulator_prober import Prober, base_ask, make_world, window

from harness.serve.authentication import make_key_pair
from harness.serve.simulator import Simulator, base_paths_of
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import count_in, decode_response
from harness.world import BUSY_HOUR, World

OZEKI = "ozeki/list-call-history"
ACTIVE = "ozeki/list-active-calls"
ENSWITCH = "enswitch/calls-active-list"
VOXIMPLANT = "voximplant/get-call-history"
ETELECOM = "etelecom/list-call-logs"


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def prober(world: World, spec_id: str, **dialect: Any) -> Prober:
    return Prober(Simulator(load_spec(spec_id), world, dialect=Dialect(dialect)))


def code(prober: Prober, *args: Any, **more: Any) -> object:
    return decode_response(prober.spec.listing, prober.get(*args, **more)).code


# --- the documents' own requests ----------------------------------------------------------------------------


def test_the_example_request_of_the_history_gets_a_first_page(world: World) -> None:
    target = (
        b"/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123&PageNumber=0&RowsPerPage=20"
        b"&CallId=&Source=&Destination=&CallerId=&Dialed=&State=&Type=&Direction=&From="
    )
    response = prober(world, OZEKI).send(HttpRequest(method="GET", target=target))
    assert response.http_status == 200
    assert response.media_type == "application/xml"
    answer = decode_response(load_spec(OZEKI).listing, response)
    assert answer.code == "200"
    assert answer.total == "2000"
    assert len(answer.rows or ()) == 20


def test_semicolons_separate_the_parameters_of_the_example(world: World) -> None:
    target = b"/api/json/calls/active/list/?auth_username=user;auth_password=password;limit=2"
    response = prober(world, ENSWITCH).send(HttpRequest(method="GET", target=target))
    body = json.loads(response.body)
    assert body["responses"] == [{"code": "200", "key": "", "message": "OK"}]
    assert len(body["data"]) == 2


@pytest.mark.parametrize("base", ["/v1/shop.Etelecom", "/v1/partner.Etelecom"])
def test_every_documented_base_of_a_server_is_known(world: World, base: str) -> None:
    asked = HttpRequest(
        method="POST",
        target=f"{base}/ListCallLogs".encode(),
        headers=(("Content-Type", "application/json"), ("Authorization", "Bearer callharness-token")),
        body=b'{"filter": {"call_state": "answered"}, "paging": {"limit": 3}}',
    )
    body = json.loads(prober(world, ETELECOM).send(asked).body)
    assert [row["call_state"] for row in body["call_logs"]] == ["answered"] * 3


def test_a_method_call_with_a_token_gets_sessions(world: World) -> None:
    rows = prober(world, VOXIMPLANT).rows({"with_calls": "true", "count": "3"})
    assert len(rows) == 3
    assert all(row["calls"] for row in rows)
    assert all("records" not in row for row in rows)


def test_another_path_is_nobodys(world: World) -> None:
    assert prober(world, OZEKI).send(HttpRequest(method="GET", target=b"/other")).http_status == 404


def test_the_same_arguments_give_the_same_bytes() -> None:
    first, second = (
        Prober(Simulator(load_spec(VOXIMPLANT), make_world())).get({"with_records": "true"}).body for _ in range(2)
    )
    assert first == second


# --- filters ------------------------------------------------------------------------------------------------


def test_an_equality_filter_keeps_exactly_the_calls_with_the_value(world: World) -> None:
    api = prober(world, OZEKI)
    everything = api.rows({"RowsPerPage": "5000"})
    source = everything[0]["Source"]
    kept = api.rows({"Source": source, "RowsPerPage": "5000"})
    assert kept == [row for row in everything if row["Source"] == source]


def test_filters_together_must_all_hold(world: World) -> None:
    api = prober(world, OZEKI)
    everything = api.rows({"RowsPerPage": "5000"})
    kept = api.rows({"Direction": "Outbound", "State": "Busy", "RowsPerPage": "5000"})
    assert kept
    assert kept == [row for row in everything if row["Direction"] == "Outbound" and row["State"] == "Busy"]


@pytest.mark.parametrize(("boundary", "kept"), [("inclusive", True), ("exclusive", False)])
def test_an_instant_itself_belongs_as_the_dialect_says(world: World, boundary: str, kept: bool) -> None:
    listing = load_spec(OZEKI).listing
    choice = listing.filters["From"].boundary
    api = Prober(Simulator(load_spec(OZEKI), world, dialect=Dialect({choice.id: boundary})))  # type: ignore[union-attr]
    start = api.rows({"RowsPerPage": "1", "PageNumber": "700"})[0]["StartTime"]
    first = api.rows({"From": start, "RowsPerPage": "1"})[0]["StartTime"]
    assert (first == start) is kept


def test_an_alias_of_a_word_keeps_what_the_word_keeps(world: World) -> None:
    api = prober(world, OZEKI)
    assert api.rows({"State": "CallerHangUp"}) == api.rows({"State": "CallerHungUp"}) != []


def test_a_word_for_a_set_keeps_all_its_members(world: World) -> None:
    api = prober(world, ENSWITCH)
    both = api.rows({"direction": "in_out", "customer": "system"})
    assert {row["direction"] for row in both} == {"in", "out"}


def test_a_list_keeps_rows_with_any_of_its_values(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    ids = [str(row["call_session_history_id"]) for row in api.rows({"count": "3"})]
    kept = api.rows({"call_session_history_id": f"{ids[2]}; {ids[0]};"})
    assert [str(row["call_session_history_id"]) for row in kept] == [ids[0], ids[2]]


def test_a_nested_value_keeps_the_row_around_it(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    row = api.rows({"with_calls": "1", "count": "1"})[0]
    number = row["calls"][0]["remote_number"]
    kept = api.rows({"remote_number": number, "with_calls": "1"})
    assert all(number in [call["remote_number"] for call in one["calls"]] for one in kept)
    assert row in kept


def test_a_filter_without_its_companion_has_no_effect(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    assert api.rows({"rule_name": "nosuchrule"}) == api.rows()
    assert api.rows({"rule_name": "nosuchrule", "application_id": "1001"}) == []


def test_the_winner_of_two_filters_wins_unless_it_is_empty(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    numbers = [row["calls"][0]["remote_number"] for row in api.rows({"with_calls": "1", "count": "40"})]
    first, other = numbers[0], next(number for number in numbers if number != numbers[0])
    assert api.rows({"remote_number": first, "remote_number_list": json.dumps([other])}) == api.rows(
        {"remote_number": other}
    )
    assert api.rows({"remote_number": first, "remote_number_list": "[]"}) == api.rows({"remote_number": first})


def test_a_comparison_is_named_by_another_parameter(world: World) -> None:
    api = prober(world, ETELECOM)
    kept = api.rows({"comparison": "less_than_or_equal_to", "duration": 30})
    assert kept
    assert all(row["duration"] <= 30 for row in kept)
    assert api.rows({"comparison": "unknow", "duration": 30}) == api.rows()


def test_offsets_name_the_same_instant(world: World) -> None:
    api = prober(world, ETELECOM)
    utc = {"date_from": "2026-03-11T10:00:00Z", "date_to": "2026-03-11T10:05:00Z"}
    east = {"date_from": "2026-03-11T17:00:00+07:00", "date_to": "2026-03-11T17:05:00+07:00"}
    assert api.rows(utc) == api.rows(east) != []  # type: ignore[arg-type]


def test_blank_filters_count_as_absent(world: World) -> None:
    api = prober(world, ETELECOM)
    assert api.rows({"call_number": "", "extension_ids": [], "after": ""}) == api.rows()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"PageNumber": "abc"}, "302"),
        ({"PageNumber": "-1"}, "302"),
        ({"RowsPerPage": "0"}, "302"),
        ({"RowsPerPage": "٣"}, "302"),
        ({"RowsPerPage": "1_000"}, "302"),
        ({"From": "yesterday"}, "302"),
        ({"Direction": "Sideways"}, "302"),
    ],
)
def test_a_bad_value_is_refused_by_its_own_fault(world: World, values: dict[str, Any], fault: str) -> None:
    api = prober(world, OZEKI)
    answer = decode_response(api.spec.listing, api.get(values))
    assert answer.code == fault
    assert next(iter(values)) in str(answer.message)


def test_a_bad_value_gets_what_the_dialect_says(world: World) -> None:
    choice = load_spec(OZEKI).listing.parameters["RowsPerPage"].bad
    assert choice is not None
    api = Prober(Simulator(load_spec(OZEKI), world, dialect=Dialect({choice.gets.id: "default"})))  # type: ignore[union-attr]
    assert len(api.rows({"RowsPerPage": "abc"})) == 20


# --- required, ranges, exclusions ---------------------------------------------------------------------------


def test_what_must_be_given_is_missed(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    whole = window(api.spec)
    for name in whole:
        values = {other: value for other, value in whole.items() if other != name}
        asked = ListRequest(values=values, credentials={"token": "callharness-token"})
        assert decode_response(api.spec.listing, api.ask(asked)).code == 101


def test_all_required_missing_may_mean_the_last_month(world: World) -> None:
    spec = load_spec(VOXIMPLANT)
    values = {choice: "last-month" for choice in spec.choices if choice.endswith("required.then")}
    api = Prober(Simulator(spec, world, dialect=Dialect(values)))
    asked = ListRequest(values={}, credentials={"token": "callharness-token"})
    assert decode_response(spec.listing, api.ask(asked)).rows


def test_a_reversed_range_is_refused(world: World) -> None:
    values = {"date_from": "2026-03-11T11:00:00Z", "date_to": "2026-03-11T10:00:00Z"}
    assert code(prober(world, ETELECOM), values) == "invalid_argument"


# --- scope --------------------------------------------------------------------------------------------------


def owners(rows: list[dict[str, Any]]) -> set[int]:
    return {row[name] for row in rows for name in ("scustomer", "dcustomer")} - {0}


def test_an_unset_customer_is_ones_own(world: World) -> None:
    rows = prober(world, ENSWITCH).rows()
    assert rows
    assert all(1200 in (row["scustomer"], row["dcustomer"]) for row in rows)


def test_all_means_direct_children_and_system_means_everyone(world: World) -> None:
    api = prober(world, ENSWITCH)
    children = api.rows({"customer": "all"})
    assert all({row["scustomer"], row["dcustomer"]} & {1201, 1202, 1203} for row in children)
    ids = {row["uniqueid"] for row in api.rows({"customer": "system"})}
    assert ids > {row["uniqueid"] for row in children}


def test_recursion_adds_those_below_a_customer(world: World) -> None:
    api = prober(world, ENSWITCH)
    alone = api.rows({"customer": "1200"})
    deep = api.rows({"customer": "1200", "recursive": "1"})
    assert len(deep) > len(alone)
    assert api.rows({"customer": "all", "recursive": "1"}) == api.rows({"customer": "all"})


def test_a_tenant_never_sees_another(world: World) -> None:
    api = prober(world, ENSWITCH)
    assert code(api, {"customer": "system"}, who="foreign") == "400"
    assert code(api, {"customer": "1200"}, who="foreign") == "400"
    assert code(api, {"customer": "999999"}) == "400"
    assert all(1300 in (row["scustomer"], row["dcustomer"]) for row in api.rows(who="foreign"))


def test_children_are_listed_by_id_or_all_of_them(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    assert {row["account_id"] for row in api.rows()} == {1200}
    assert {row["account_id"] for row in api.rows({"child_account_id": "1202"})} == {1202}
    assert {row["account_id"] for row in api.rows({"children_calls_only": "1", "count": "900"})} == {1201, 1202, 1203}
    assert code(api, {"child_account_id": "1300"}) == 194


def test_a_key_of_another_account_lists_another_accounts_calls(world: World) -> None:
    api = prober(world, ETELECOM)
    own = {row["id"] for row in api.rows()}
    assert own.isdisjoint({row["id"] for row in api.rows(who="foreign")})


# --- order and pages ----------------------------------------------------------------------------------------


def test_a_sort_word_orders_and_a_flag_turns_it_around(world: World) -> None:
    api = prober(world, ENSWITCH)
    rows = api.rows({"sort": "snumber", "customer": "system"})
    assert [row["snumber"] for row in rows] == sorted(row["snumber"] for row in rows)
    assert api.rows({"sort": "snumber", "customer": "system", "descending": "1"}) == rows[::-1]


def test_pages_by_number_share_out_the_list(world: World) -> None:
    api = prober(world, OZEKI)
    pages = [api.rows({"RowsPerPage": "300", "PageNumber": str(number)}) for number in range(8)]
    assert [row for page in pages for row in page] == api.rows({"RowsPerPage": "5000"})
    assert pages[-1] == []


@pytest.mark.parametrize("number", ["10000000000000000", "999999999999999999"])
def test_a_page_far_beyond_the_end_is_empty(world: World, number: str) -> None:
    assert prober(world, OZEKI).rows({"PageNumber": number, "RowsPerPage": "999999999"}) == []


def test_a_walk_by_cursor_meets_every_row_once(world: World) -> None:
    api = prober(world, ETELECOM)
    ids: list[str] = []
    cursor = ""
    for _ in range(40):
        body = json.loads(api.get({"limit": 37, "after": cursor}).body)
        ids += [row["id"] for row in body["call_logs"]]
        cursor = body["paging"]["next"]
        if not cursor:
            break
    assert len(ids) == len(set(ids)) == len(list(_all_ids(api)))
    assert (body["call_logs"], body["paging"]["prev"]) == ([], "")


def _all_ids(api: Prober) -> list[int]:
    view = api.simulator._view_at(BUSY_HOUR)
    return [row for row, record in enumerate(view._records) if record["customer_id"] == 1200]


def test_prev_leads_back_in_the_usual_order(world: World) -> None:
    api = prober(world, ETELECOM)
    first = json.loads(api.get({"limit": 5}).body)
    second = json.loads(api.get({"limit": 5, "after": first["paging"]["next"]}).body)
    assert api.rows({"limit": 5, "before": second["paging"]["prev"]}) == first["call_logs"]


def test_prev_leads_back_through_after_in_the_other_dialect(world: World) -> None:
    spec = load_spec(ETELECOM)
    name = next(choice for choice in spec.choices if choice.endswith("prev-goes-into"))
    api = Prober(Simulator(spec, world, dialect=Dialect({name: "after"})))
    first = json.loads(api.get({"limit": 5}).body)
    second = json.loads(api.get({"limit": 5, "after": first["paging"]["next"]}).body)
    assert api.rows({"limit": 5, "after": second["paging"]["prev"]}) == first["call_logs"]


def test_new_calls_do_not_shift_the_pages_behind_a_cursor(world: World) -> None:
    api = prober(world, ETELECOM)
    earlier = BUSY_HOUR - timedelta(minutes=5)
    spec = api.spec

    def page(at: Any, after: str) -> dict[str, Any]:
        asked = base_ask(api.simulator, {"limit": 10, "after": after})
        request = encode_request(spec, asked, base_path=api.simulator.base_path)
        body: dict[str, Any] = json.loads(api.simulator.answer(request, at).body)
        return body

    cursor = page(earlier, "")["paging"]["next"]
    then = [row["id"] for row in page(earlier, cursor)["call_logs"]]
    now = [row["id"] for row in page(BUSY_HOUR, cursor)["call_logs"]]
    # Calls that ended since stand where they began: newer ones are before the cursor, long ones may come in between.
    assert [one for one in now if one in then] == [one for one in then if one in now]


@pytest.mark.parametrize("cursor", ["@@", "A", "AAAAAAAAAAAAAAAA", "x" * 100_000])
def test_a_cursor_that_was_never_given_is_refused(world: World, cursor: str) -> None:
    assert code(prober(world, ETELECOM), {"after": cursor}) == "invalid_argument"


def test_a_limit_keeps_the_first_rows(world: World) -> None:
    api = prober(world, ENSWITCH)
    assert api.rows({"limit": "3"}) == api.rows()[:3]
    assert api.rows({"limit": "0"}) == api.rows()


def test_a_count_ignores_the_limit(world: World) -> None:
    api = prober(world, ENSWITCH)
    answer = decode_response(api.spec.listing, api.get({"count": "1", "limit": "1"}))
    assert count_in(answer) == (len(api.rows()), "integer")


def test_a_total_is_left_out_when_switched_off(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    assert "total_count" in json.loads(api.get().body)
    assert "total_count" not in json.loads(api.get({"with_total_count": "false"}).body)


def test_times_are_told_in_the_zone_that_was_asked_for(world: World) -> None:
    api = prober(world, VOXIMPLANT)
    utc = api.rows({"count": "1"})[0]["start_date"]
    body = json.loads(api.get({"count": "1", "timezone": "Etc/GMT-1"}).body)
    assert body["timezone"] == "Etc/GMT-1"
    assert int(body["result"][0]["start_date"][11:13]) == int(utc[11:13]) + 1


def test_an_older_version_ignores_what_came_later(world: World) -> None:
    spec = load_spec(ENSWITCH)
    name = next(choice for choice in spec.choices if choice.endswith("serves"))
    api = Prober(Simulator(spec, world, dialect=Dialect({name: "3.13"})))
    assert api.rows({"limit": "1"}) == api.rows()


# --- access -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec_id", spec_ids())
def test_without_credentials_nothing_is_told(world: World, spec_id: str) -> None:
    api = prober(world, spec_id)
    answer = decode_response(api.spec.listing, api.get(credentials={}))
    assert answer.outcome == "error"
    assert not answer.rows


def test_each_role_suffices_and_none_does_not(world: World) -> None:
    api = prober(world, ENSWITCH)
    for role in ("callshop", "line-reports", "user"):
        assert code(api, who=f"role-{role}") == "200"
    assert code(api, who="no-role") == "402"


@pytest.mark.parametrize("spec_id", spec_ids())
def test_every_carriage_gets_the_same_answer(world: World, spec_id: str) -> None:
    api = prober(world, spec_id)
    plain = api.get()
    for way in api.spec.listing.transport.also:
        assert api.get(encoding_name=way) == plain, way


@pytest.mark.parametrize("spec_id", spec_ids())
def test_base_paths_begin_with_a_slash_or_are_empty(spec_id: str) -> None:
    assert all(
        path == "" or (path.startswith("/") and not path.endswith("/")) for path in base_paths_of(load_spec(spec_id))
    )


def test_special_characters_survive_in_every_answer(world: World) -> None:
    api = prober(world, ACTIVE)
    answer = decode_response(api.spec.listing, api.get())
    assert answer.problems == ()
    assert answer.rows


def test_a_key_pair_signs_for_an_account(world: World) -> None:
    key = make_key_pair()
    simulator = Simulator(load_spec(VOXIMPLANT), world, key=key)
    assert simulator.users[0].credentials["private_key"] == key.private_pem
    assert key.public_pem.startswith("-----BEGIN PUBLIC KEY-----")


# --- what stands behind an answer -----------------------------------------------------------------------------


def history_request(values: dict[str, Any], **more: Any) -> HttpRequest:
    simulator = Simulator(load_spec(OZEKI), make_world())
    return encode_request(simulator.spec, base_ask(simulator, values, **more), base_path=simulator.base_path)


@pytest.mark.parametrize(
    ("values", "more", "error_name"),
    [
        ({}, {}, None),
        ({"RowsPerPage": "many"}, {}, "invalid"),
        ({}, {"credentials": {}}, "unauthenticated"),
        ({}, {"operation": "NoSuchThing"}, "unknown-operation"),
    ],
)
def test_a_simulated_answer_names_the_error_that_it_tells(
    world: World, values: dict[str, Any], more: dict[str, Any], error_name: str | None
) -> None:
    simulated = prober(world, OZEKI).simulator.simulate(history_request(values, **more), BUSY_HOUR)
    assert simulated.error_name == error_name


def test_a_simulated_answer_holds_the_response_that_answer_gives(world: World) -> None:
    simulator, request = prober(world, OZEKI).simulator, history_request({"RowsPerPage": "3"})
    assert simulator.simulate(request, BUSY_HOUR).response == simulator.answer(request, BUSY_HOUR)


def test_a_simulated_answer_to_another_path_tells_no_error(world: World) -> None:
    simulated = prober(world, OZEKI).simulator.simulate(HttpRequest(method="GET", target=b"/nowhere"), BUSY_HOUR)
    assert (simulated.response.http_status, simulated.error_name) == (404, None)


def test_the_rows_of_an_answer_are_selected_as_values(world: World) -> None:
    api = prober(world, OZEKI)
    values = {"RowsPerPage": "3", "PageNumber": "1"}
    selected = api.simulator.select_rows(base_ask(api.simulator, values), BUSY_HOUR)
    assert [row["CallId"] for row in selected] == [row["CallId"] for row in api.rows(values)]
    assert len(selected) == 3


def test_a_refused_request_selects_no_rows(world: World) -> None:
    api = prober(world, OZEKI)
    assert api.simulator.select_rows(base_ask(api.simulator, {"RowsPerPage": "many"}), BUSY_HOUR) == ()
