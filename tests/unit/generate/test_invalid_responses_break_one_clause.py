"""Invalid answers: each breaks the clause that it is named by, and no other."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from one_answer import Situation
from support.invented_spec import CALLBOOK

from harness.generate.breach_place import BreachPlace
from harness.generate.invalid_responses import InvalidResponse, make_invalid_responses
from harness.generate.sample_exchanges import SampleClient, SampleExchange, make_sample_exchanges
from harness.specification.clause_families import load_standard_clauses
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId
from harness.wire.json_body import MISSING
from harness.world import World

SUPPORT = Path(CALLBOOK).parent
APIS = (*spec_ids(), CALLBOOK, str(SUPPORT / "linked_pages.yaml"))

NOWHERE = BreachPlace(at="", expected=MISSING, actual=MISSING)


@cache
def world() -> World:
    return World.of(seed=7, calls=60)


@cache
def asker_of(api: str) -> SampleClient:
    return SampleClient(load_spec(api), world(), Dialect())


@cache
def invalid_of(api: str) -> tuple[InvalidResponse, ...]:
    return tuple(make_invalid_responses(load_spec(api), world(), Dialect()))


@cache
def honest_of(api: str) -> tuple[SampleExchange, ...]:
    return tuple(make_sample_exchanges(load_spec(api), world(), Dialect()))


def broken_by(api: str, one: InvalidResponse) -> set[str]:
    asker = asker_of(api)
    answer = asker.send(one.request)
    situation = Situation(
        spec=asker.spec,
        credentials=asker.credentials,
        zone=asker.zone,
        now=world().instant,
        base_path=asker.simulator.base_path,
        all_rows=len(asker.visible_rows),
        due=answer.response,
        fault=answer.error_name,
    )
    return situation.broken(one.request, one.response)


def cases() -> list[object]:
    return [
        pytest.param(api, index, id=f"{api}-{index}-{one.clause}")
        for api in APIS
        for index, one in enumerate(invalid_of(api))
    ]


@pytest.mark.parametrize(("api", "index"), cases())
def test_an_invalid_answer_breaks_its_clause_and_no_other(api: str, index: int) -> None:
    one = invalid_of(api)[index]
    assert broken_by(api, one) == {one.clause}, one.change


@pytest.mark.parametrize("api", APIS)
def test_the_honest_answers_break_nothing(api: str) -> None:
    for page in honest_of(api):
        if page.request is None or page.error_name is not None:
            continue
        honest = InvalidResponse(
            clause=ClauseId("none"), change=page.name, breach=NOWHERE, request=page.request, response=page.response
        )
        assert broken_by(api, honest) == set(), page.name


@pytest.mark.parametrize("api", APIS)
def test_an_invalid_answer_names_a_clause_that_there_is(api: str) -> None:
    known = {*load_spec(api).clauses, *load_standard_clauses().clauses}
    assert {one.clause for one in invalid_of(api)} <= known


@pytest.mark.parametrize("api", APIS)
def test_there_are_invalid_answers_of_many_clauses(api: str) -> None:
    # Of rows that are bare texts there is less to say.
    bare = load_spec(api).listing.lists.row_values == "text"
    assert len({one.clause for one in invalid_of(api)}) >= (10 if bare else 15)


@pytest.mark.parametrize("api", APIS)
def test_an_invalid_answer_differs_from_the_due_one(api: str) -> None:
    for one in invalid_of(api):
        due = asker_of(api).send(one.request).response
        assert (due.http_status, due.headers, due.body) != (
            one.response.http_status,
            one.response.headers,
            one.response.body,
        ), one.change
