"""Values of an API's own forms in requests and answers: the index and the table tell the same."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from support.invented_spec import CALLBOOK

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.specification.model import IdForm
from harness.telephony.attributes import Grain
from harness.wire.http_messages import HttpRequest
from harness.wire.id_forms import shown_id
from harness.world.listed_calls import ListedCalls
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

HEADERS = (("Authorization", "Bearer callbook-example-token"),)


@cache
def simulator(*, fast: bool) -> Simulator:
    return Simulator(load_spec(CALLBOOK), World.of(seed=3, calls=400), fast=fast)


def body(query: str, *, fast: bool = True) -> bytes:
    request = HttpRequest(method="GET", target=f"/calls{query}".encode(), headers=HEADERS)
    return simulator(fast=fast).answer(request, BUSY_HOUR).body


def calls(query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(body(query))["calls"]
    return found


@cache
def some_calls() -> list[dict[str, Any]]:
    return calls("?size=100")


def child() -> dict[str, Any]:
    return next(call for call in some_calls() if call["parent"] is not None)


QUERIES = (
    "?size=7&page=2",
    "?from_number=103",
    "?from_channel=PJSIP/1",
    "?answered_by=robot",
    "?created_after=" + quote("Wed, 11 Mar 2026 09:30:00 +0000"),
    "?created_until=" + quote("Wed, 11 Mar 2026 10:30:00 +0100"),
    "?began_after=" + quote("2026-03-11 09:30"),
    "?ticks_until=1773223867000",
    "?day=2026-03-11",
    "?day=2026-03-12",
    "?lasted_at_least=30000",
    "?price_at_most=-0.1",
    "?recorded=true",
    "?recorded=maybe",
    "?id=CL1",
    "?team_of=TM0000000000000000",
    "?sort=started&size=100",
    "?sort=name&size=100",
    "?sort=price&size=100",
    "?sort=day&size=100",
)


@pytest.mark.parametrize("query", QUERIES)
def test_the_index_and_the_table_give_the_same_bytes(query: str) -> None:
    assert body(query, fast=True) == body(query, fast=False)


@pytest.mark.parametrize("name", ["id", "key", "parent"])
def test_an_id_of_the_apis_own_form_finds_the_calls_that_show_it(name: str) -> None:
    wanted = child()[name]
    found = calls(f"?{name}={wanted}")
    assert found
    assert all(call[name] == wanted for call in found)
    assert body(f"?{name}={wanted}", fast=False) == body(f"?{name}={wanted}")


def test_the_parent_of_a_call_is_a_call_of_the_list() -> None:
    (parent,) = calls(f"?id={child()['parent']}")
    assert parent["ticks"] <= child()["ticks"]


def test_a_hidden_id_is_asked_for_in_its_form() -> None:
    world = simulator(fast=True).world.records(Grain.CALL, ListedCalls.ENDED, BUSY_HOUR)
    departments = Counter(call["department_id"] for call in world if call["department_id"] is not None)
    ((number, count),) = departments.most_common(1)
    asked = shown_id(IdForm(prefix="TM", digits=16), "department_id", int(str(number)))
    assert json.loads(body(f"?team_of={asked}"))["total"] == count > 1


def test_every_answer_has_an_id_of_its_own_and_the_same_request_the_same() -> None:
    ids = [json.loads(body(query))["request_id"] for query in ("?page=1", "?page=2", "?page=0", "?recorded=maybe")]
    assert len(set(ids)) == 4
    assert json.loads(body("?page=1"))["request_id"] == ids[0]


def test_constants_stand_around_rows_and_errors() -> None:
    success, error = json.loads(body("?page=1")), json.loads(body("?page=0"))
    assert (success["api"], success["warnings"]) == ("callbook", None)
    assert (error["api"], "warnings" in error) == ("callbook", False)


def test_prices_are_in_the_order_of_their_numbers() -> None:
    prices = [float(call["price"]) for call in calls("?sort=price&size=100")]
    assert prices == sorted(prices)
    assert prices[0] < -0.1


def test_a_filter_by_a_part_of_an_object_keeps_what_it_shows() -> None:
    found = calls("?from_number=103")
    assert found
    assert {call["from"]["number"] for call in found} == {"103"}
