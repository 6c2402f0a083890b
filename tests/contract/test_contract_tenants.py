"""Whose calls are meant where a header names the customer, by an id of the API's own, with a flag for those below."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.world.world import World
from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

TENANTS = ChangedSpec(
    "bare_list",
    (
        (
            "        - {name: skip, in: query,",
            "        - {name: X-Tenant, in: header, schema: {type: string}, description: Whose calls}\n"
            "        - {name: below, in: query, schema: {type: boolean}, description: With all tenants below}\n"
            "        - {name: skip, in: query,",
        ),
        (
            "          caller: {shows: source}\n",
            "          caller: {shows: source}\n          tenant: {shows: customer_id, form: uuid}\n",
        ),
        (
            "          caller: {}\n",
            "          caller: {}\n          X-Tenant: {place: header}\n"
            '          below: {as: flag, "true": ["true"], "false": ["false"], default: false}\n',
        ),
        (
            "        order: {by: began",
            "        scope:\n          owners: [tenant]\n          unset: own\n          parameter: X-Tenant\n"
            "          identity: true\n          recursive: below\n          recursive-own: true\n"
            "          bad-fault: unauthenticated\n          foreign-fault: unauthenticated\n"
            "          clauses: {identity: TA-CLL-050, bad: TA-CLL-051, recursive: TA-CLL-052, "
            "recursive-own: TA-CLL-053, tenant: TA-CLL-054}\n        order: {by: began",
        ),
        (
            "          TA-CLL-040: {",
            '          TA-CLL-050: {level: must, basis: documented, says: "X-Tenant chooses it", source: Top}\n'
            '          TA-CLL-051: {level: must, basis: documented, says: "an unknown one is refused", source: Top}\n'
            '          TA-CLL-052: {level: must, basis: documented, says: "below adds all below", source: Top}\n'
            '          TA-CLL-053: {level: must, basis: documented, says: "also without X-Tenant", source: Top}\n'
            '          TA-CLL-054: {level: must, basis: documented, says: "nobody sees others", source: Top}\n'
            "          TA-CLL-040: {",
        ),
        ("        caller: {type: string}", "        caller: {type: string}\n        tenant: {type: string}"),
    ),
)
WORLD = World.of(seed=3, calls=150)


def listed(query: str = "", tenant: str | None = None) -> Counter[str]:
    server = Simulator(TENANTS.spec(), WORLD)
    headers = [("Host", "pbx.example"), ("Authorization", f"Bearer {server.users[0].credentials['token']}")]
    headers += [("x-tenant", tenant)] if tenant is not None else []
    target = f"/calls?take=100{query}".encode()
    answer = server.answer(HttpRequest(method="GET", target=target, headers=tuple(headers)), WORLD.instant)
    rows = json.loads(answer.body)
    return Counter(row["tenant"] for row in rows) if isinstance(rows, list) else Counter({rows["code"]: 1})


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(TENANTS)


def test_a_header_names_the_tenant_in_any_case_and_a_flag_adds_those_below() -> None:
    ((own, count),) = listed().items()
    assert listed(tenant=own) == {own: count}
    below = listed("&below=true")
    assert below == listed("&below=true", tenant=own)
    assert below[own] == count
    assert len(below) > 1
    other = next(tenant for tenant in below if tenant != own)
    assert listed(tenant=other)[other] == below[other]
    assert listed(tenant="7") == listed(tenant="00000000-0000-4000-8000-000000000000") == {"who": 1}


def test_a_query_pair_of_that_name_is_not_the_header() -> None:
    assert listed("&X-Tenant=7") == listed()


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(TENANTS, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["TA-CLL-053/recursive-needs-a-name"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(TENANTS, tmp_path, fault)


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("{place: header}", "{}", ("in: query, path or body, as x-listing says", "in: header")),
        (
            "          below: {as: flag",
            "          below: {place: header, as: flag",
            ("in: header, as x-listing says", "in: query"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(old: str, new: str, remark: tuple[str, str]) -> None:
    assert_linter_refuses(TENANTS, (old, new), remark)
