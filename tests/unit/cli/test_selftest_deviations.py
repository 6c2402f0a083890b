"""Deviations: answers written otherwise with the same meaning, where no binding promise is about the form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from invented_spec import acmepbx

from harness.cli.selftest_deviations import DEVIATIONS, DeviantSender, deviations_for, is_binding, rewrite_answer
from harness.cli.selftest_trials import DirectSender
from harness.serve.authentication import default_credentials
from harness.serve.simulator import Simulator
from harness.specification.load import Spec, load_spec
from harness.specification.model import ClauseId
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.response_codec import decode_response
from harness.world import World

# The clause on the fields of a row, which also stands for the form of a field that has no clause.
FREE_ROWS = ("AC-LST-003: {level: must", "AC-LST-003: {level: should")
WHO_MAY_BE_EMPTY = ("who: {shows: source}", "who: {shows: source, absent: empty}")


def answer(tree: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    body = json.dumps(tree, separators=(",", ":")).encode()
    return HttpResponse(http_status=status, headers=(("Content-Type", "application/json"), *headers), body=body)


def page(*rows: dict[str, object], **more: object) -> dict[str, object]:
    return {"code": 0, "total": len(rows), "calls": list(rows), **more}


def rewritten(spec: Spec, tree: object, *names: str) -> Any:
    changes = [change for name in names if (change := DEVIATIONS[name].make_change(spec)) is not None]
    assert changes, "the spec has no room for it"
    return json.loads(rewrite_answer(spec, answer(tree), changes).body)


# --- what is binding ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "binding"),
    [("AC-LST-001", True), ("AC-LST-004", False), ("AC-LST-081", False), ("JSON-BODY", False)],
    ids=["a documented must", "an inferred should", "a may", "a clause that nobody knows"],
)
def test_binding_is_what_turns_the_default_gate_red(clause: str, binding: bool) -> None:
    assert is_binding(acmepbx(), (ClauseId(clause),)) is binding


def test_one_binding_clause_of_several_suffices() -> None:
    assert is_binding(acmepbx(), (ClauseId("AC-LST-004"), ClauseId("AC-LST-001")))


def test_a_field_that_a_binding_clause_is_about_leaves_no_room() -> None:
    assert DEVIATIONS["numbers-as-texts"].make_change(acmepbx()) is None
    assert "numbers-as-texts" not in deviations_for(acmepbx())
    assert "numbers-as-texts" in deviations_for(acmepbx(FREE_ROWS))


# --- rows ---------------------------------------------------------------------------------------------------


def test_an_empty_text_becomes_null() -> None:
    tree = page({"id": 1, "who": ""}, {"id": 2, "who": "ada"})
    found = rewritten(acmepbx(FREE_ROWS, WHO_MAY_BE_EMPTY), tree, "null-texts")
    assert found["calls"] == [{"id": 1, "who": None}, {"id": 2, "who": "ada"}]


def test_an_integer_becomes_a_text_and_a_bound_field_stays() -> None:
    tree = page({"id": 12, "picked": 1900000000, "secs": 0})
    found = rewritten(acmepbx(FREE_ROWS), tree, "numbers-as-texts")
    assert found["calls"] == [{"id": "12", "picked": 1900000000, "secs": "0"}]
    assert found["code"] == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [("200", 200), ("0", 0), ("007", "007"), ("+15550100", "+15550100"), ("", ""), ("9" * 16, "9" * 16)],
)
def test_a_text_becomes_a_number_only_where_it_can_be_read_back(text: str, number: object) -> None:
    found = rewritten(acmepbx(FREE_ROWS), page({"id": 1, "who": text}), "texts-as-numbers")
    assert found["calls"] == [{"id": 1, "who": number}]


def test_what_is_empty_is_left_out() -> None:
    tree = page({"id": 1, "who": ""}, {"id": 2, "who": "ada"})
    found = rewritten(acmepbx(FREE_ROWS, WHO_MAY_BE_EMPTY), tree, "empty-parts-missing")
    assert found["calls"] == [{"id": 1}, {"id": 2, "who": "ada"}]


def test_a_list_without_rows_stays_where_a_binding_clause_wants_it() -> None:
    found = rewritten(acmepbx(FREE_ROWS, WHO_MAY_BE_EMPTY), page(), "empty-parts-missing")
    assert found == {"code": 0, "total": 0, "calls": []}


def test_a_list_without_rows_is_left_out_where_none_does() -> None:
    spec = acmepbx(("AC-LST-002: {level: must", "AC-LST-002: {level: should"))
    assert rewritten(spec, page(), "empty-parts-missing") == {"code": 0, "total": 0}


def test_rows_and_answers_hold_more() -> None:
    found = rewritten(acmepbx(), page({"id": 1}), "extra-parts")
    more = {
        "extra_part_text": "more",
        "extra_part_number": 7,
        "extra_part_list": [],
        "extra_part_object": {"more": None},
    }
    assert found == {"code": 0, "total": 1, "calls": [{"id": 1, **more}], **more}


# --- errors -------------------------------------------------------------------------------------------------


def test_an_error_is_told_in_other_words() -> None:
    found = rewritten(acmepbx(), {"code": 7, "message": "Who are you?"}, "other-error-text")
    assert found == {"code": 7, "message": "Sorry, this did not work."}


def test_what_an_error_must_name_is_still_named() -> None:
    spec = acmepbx(
        (
            'invalid: {code: 9, says: "Cannot read {parameter}"',
            'invalid: {code: 9, names: [parameter], says: "{parameter}?"',
        )
    )
    found = rewritten(spec, {"code": 9, "message": "from?"}, "other-error-text")
    assert found["message"] == "Sorry, this did not work: from?"


def test_a_success_has_no_other_words() -> None:
    tree = page(message="fine")
    assert rewritten(acmepbx(), tree, "other-error-text") == tree


def status_of(spec: Spec, code: int, *, status: int = 200) -> int:
    change = DEVIATIONS["other-error-status"].make_change(spec)
    assert change is not None
    return rewrite_answer(spec, answer({"code": code, "message": "no"}, status=status), [change]).http_status


def test_an_error_has_another_status_that_is_tolerated() -> None:
    spec = acmepbx(("http: {open: [200, 400], assumed: 200}", "http: 200\n            https: [4xx]"))
    assert status_of(spec, 9) == 400
    assert status_of(spec, 9, status=400) == 422


def test_a_status_of_one_kind_of_error_is_its_own() -> None:
    spec = acmepbx(("refused: {code: 7,", "refused: {code: 7, https: [403],"))
    assert status_of(spec, 7) == 403
    assert status_of(spec, 9) == 200


def test_without_a_tolerated_status_there_is_no_room() -> None:
    assert "other-error-status" not in deviations_for(acmepbx())


def test_an_error_holds_more_and_an_empty_list() -> None:
    found = rewritten(acmepbx(), {"code": 7, "message": "no"}, "other-error-parts")
    assert found == {"code": 7, "message": "no", "extra_part_details": "none", "calls": []}


def test_an_empty_list_beside_an_error_is_left_out() -> None:
    found = rewritten(acmepbx(), {"code": 7, "calls": []}, "other-error-parts")
    assert found == {"code": 7, "extra_part_details": "none"}


# --- bytes --------------------------------------------------------------------------------------------------


def test_the_length_is_told_rightly() -> None:
    before = answer({"code": 7}, headers=(("Content-Length", "10"),))
    change = DEVIATIONS["extra-parts"].make_change(acmepbx())
    assert change is not None
    after = rewrite_answer(acmepbx(), before, [change])
    assert after.header("content-length") == str(len(after.body)) != "10"


@pytest.mark.parametrize(
    "body",
    [b'{"code":0,"code":0}', b'\xef\xbb\xbf{"code":0}', b'{"code": 0}', b"[]", b"", b"no JSON"],
    ids=["a key twice", "a byte order mark", "other spaces", "no object", "nothing", "no JSON"],
)
def test_an_answer_whose_bytes_are_unlike_the_writers_stays_as_it_is(body: bytes) -> None:
    change = DEVIATIONS["extra-parts"].make_change(acmepbx())
    assert change is not None
    before = HttpResponse(http_status=200, headers=(("Content-Type", "application/json"),), body=body)
    assert rewrite_answer(acmepbx(), before, [change]) == before


def test_answers_in_xml_are_rewritten_too() -> None:
    spec = load_spec("ozeki/list-active-calls")
    world = World.of(seed=7, calls=200)
    direct = DirectSender(Simulator(spec, world), world.instant)
    credentials = default_credentials(spec.listing.access)
    query = "&".join(["command=ListActiveCalls", *(f"{name}={value}" for name, value in credentials.items())])
    request = HttpRequest(method="GET", target=f"{spec.path}?{query}".encode())
    plain = decode_response(spec.listing, direct.send(request))
    response = DeviantSender(direct, spec, ["extra-parts"]).send(request)
    assert isinstance(response, HttpResponse)
    found = decode_response(spec.listing, response)
    assert plain.rows
    assert found.rows
    assert not found.problems
    more = {"extra_part_text": "more", "extra_part_number": "7"}
    assert list(found.rows) == [{**row, **more} for row in plain.rows if isinstance(row, dict)]
