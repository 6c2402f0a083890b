"""Plans of other pages: everything but the page is as it was planned, and other requests are planned anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from harness.serve.query.parameters import ParsedParameters, parse_parameters
from harness.serve.query.plan_memory import PlanMemory
from harness.serve.query.query_builder import AnswerPlan, plan_answer, plan_other_page
from harness.serve.query.table import Query
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest
from harness.world import BUSY_HOUR, World

LISTING = load_spec("etelecom/list-call-logs").listing
SIMULATOR = Simulator(load_spec("etelecom/list-call-logs"), World.of(seed=1, calls=10))


def ask(**values: Tree) -> ListRequest:
    return ListRequest(values=values, credentials={"token": "callharness-token"})


def planned(asked: ListRequest) -> tuple[ParsedParameters, AnswerPlan]:
    given = parse_parameters(LISTING, asked, Dialect())
    assert isinstance(given, ParsedParameters)
    customers = SIMULATOR.world.customers
    plan = plan_answer(given, SIMULATOR.users[0], customers=customers, at=BUSY_HOUR, choices=Dialect())
    assert isinstance(plan, AnswerPlan)
    return given, plan


def memory_of(asked: ListRequest) -> PlanMemory:
    memory = PlanMemory.of(LISTING, Dialect())
    assert memory is not None
    key = memory.key_of(asked, BUSY_HOUR)
    assert key is not None
    memory.keep(key, *planned(asked))
    return memory


def found(memory: PlanMemory, asked: ListRequest) -> AnswerPlan | None:
    key = memory.key_of(asked, BUSY_HOUR)
    return memory.find(key, asked) if key is not None else None


@pytest.mark.parametrize(
    "values", [{"limit": 7}, {"limit": 0}, {"after": ""}, {}, {"limit": 3, "sort": "-started_at"}]
)
def test_another_page_is_planned_as_if_it_were_the_first(values: dict[str, Tree]) -> None:
    sort = {"sort": values["sort"]} if "sort" in values else {}
    memory = memory_of(ask(limit=20, **sort))
    assert found(memory, ask(**values)) == planned(ask(**values))[1]


def test_nothing_of_a_plan_is_lost_on_the_way_to_another_page() -> None:
    given, plan = planned(ask(limit=20))
    # Whatever there is now, or will be: the very same object must come through.
    kept = set(AnswerPlan._fields) - {"query", "asked_slice", "echoes"}
    of_query = set(Query._fields) - {"page_slice", "matches_nothing", "sort_order"}
    query = plan.query._replace(**{name: object() for name in of_query})
    plan = plan._replace(query=query, **{name: object() for name in kept})
    other = plan_other_page(plan, given, Dialect(), ())
    assert other is not None
    assert all(getattr(other, name) is getattr(plan, name) for name in kept)
    assert all(getattr(other.query, name) is getattr(plan.query, name) for name in of_query)


@pytest.mark.parametrize(
    "values",
    [
        {"limit": 20, "direction": "in"},
        {"limit": 20, "sort": "-started_at"},
        {"limit": "twenty"},
        {"limit": True},
        {"limit": -1},
        {"after": "never given"},
    ],
    ids=str,
)
def test_what_differs_in_more_than_the_page_or_is_wrong_is_planned_anew(values: dict[str, Tree]) -> None:
    plan = found(memory_of(ask(limit=20)), ask(**values))
    given = parse_parameters(LISTING, ask(**values), Dialect())
    if isinstance(given, RefusedRequest) or plan is None:
        assert plan is None
    else:
        assert plan == planned(ask(**values))[1]


def test_true_is_not_taken_for_one() -> None:
    memory = memory_of(ask(limit=20, duration=1))
    assert found(memory, ask(limit=20, duration=1)) is not None
    assert found(memory, ask(limit=20, duration=True)) is None
    assert found(memory, ask(limit=20, duration="1")) is None


def test_a_later_instant_and_other_credentials_are_planned_anew() -> None:
    memory = memory_of(ask(limit=20))
    asked = ask(limit=20)
    other = ListRequest(values=asked.values, credentials={"token": "callharness-token-second"})
    assert found(memory, other) is None
    key = memory.key_of(asked, BUSY_HOUR + timedelta(seconds=1))
    assert key is not None
    assert memory.find(key, asked) is None
