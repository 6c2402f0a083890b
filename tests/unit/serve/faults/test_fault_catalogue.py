"""Every liar tells at least one lie, and only about what its clause says."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from simulator_prober import Prober, asks, make_world, requests, walk, with_bare_separators
from tidewater_spec import tidewater

from harness.errors import UsageProblem
from harness.serve.authentication import KeyPair, make_key_pair
from harness.serve.faults.catalogue import Fault, faults_of, find_faults
from harness.serve.simulator import Simulator
from harness.specification.clause_families import planned_clauses
from harness.specification.load import load_spec, spec_ids
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.request_codec import encode_request
from harness.world import BUSY_HOUR, World


@pytest.fixture(scope="module")
def key() -> KeyPair:
    return make_key_pair()


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


def lies(
    fault: Fault,
    honest: Simulator,
    key: KeyPair,
    heard: list[tuple[HttpRequest, HttpResponse]],
    walked: Callable[[], object],
) -> bool:
    """Whether some answer of the liar differs from the honest one, of those heard or of those walked."""
    liar = Simulator(honest.documented_spec, honest.world, key=key, faults=[fault])
    lists, fields = liar.spec.listing.lists, liar.spec.listing.fields
    if (lists, fields) == (honest.spec.listing.lists, honest.spec.listing.fields):
        # The rows are the same: no need to make them again for hundreds of liars.
        liar._views[BUSY_HOUR] = honest._view_at(BUSY_HOUR)
    # Requests that speak of what the fault speaks of show it first; and the last fault was of the same kind.
    subject = fault.name.partition("-")[0].encode()
    for request, response in sorted(heard, key=lambda told: subject not in told[0].target + told[0].body):
        if liar.answer(request, BUSY_HOUR) != response:
            heard.remove((request, response))
            heard.insert(0, (request, response))
            return True
    return walk(Prober(liar), 3) != walked()


@pytest.mark.parametrize("spec_id", spec_ids())
def test_each_fault_changes_an_answer(spec_id: str, world: World, key: KeyPair) -> None:
    spec = load_spec(spec_id)
    honest = Simulator(spec, world, key=key)
    sent = [encode_request(spec, ask, base_path=honest.base_path) for ask in asks(honest, key)]
    more = with_bare_separators(sent)
    heard = [(request, honest.answer(request, BUSY_HOUR)) for request in (*sent, *requests(honest), *more)]
    walked = cache(lambda: walk(Prober(honest), 3))
    silent = [fault.id for fault in faults_of(spec) if not lies(fault, honest, key, heard, walked)]
    assert silent == []


@pytest.mark.parametrize("spec_id", spec_ids())
def test_faults_belong_to_clauses_that_bind_and_can_be_seen(spec_id: str) -> None:
    spec = load_spec(spec_id)
    clauses = planned_clauses(spec)
    for fault in faults_of(spec):
        clause = clauses[fault.clause]
        assert clause.level in ("must", "should"), fault.id
        assert clause.excluded is None, fault.id
        assert fault.description, fault.id


@pytest.mark.parametrize("spec_id", spec_ids())
def test_fault_names_are_unique_words(spec_id: str) -> None:
    ids = [fault.id for fault in faults_of(load_spec(spec_id))]
    assert len(ids) == len(set(ids))
    assert all(" " not in name for name in ids)


def test_a_clause_names_all_its_faults() -> None:
    spec = load_spec("ozeki/list-call-history")
    found = find_faults(spec, "OZ-LCH-039")
    assert [fault.name for fault in found] == ["total-one-more"]


def test_an_unknown_fault_is_refused_with_its_nearest_names() -> None:
    spec = load_spec("ozeki/list-call-history")
    with pytest.raises(UsageProblem, match="OZ-LCH-022/CallerId-ignored"):
        find_faults(spec, "OZ-LCH-022/CallerId-ignore")


FLAG = (
    "recording: {shows: recording_url, absent: none}",
    "taped: {present-of: recording_url, as: flag, clause: TD-REC-003}",
)
WITHOUT_FILTER = ("          recorded: {compares: recording, keeps: present, clause: TD-REC-037}\n", "")
BY_FLAG = ("compares: recording, keeps: present", "compares: taped, keeps: equal")
BESIDE = (FLAG[0], f"{FLAG[0]}\n          {FLAG[1]}")


@pytest.mark.parametrize(
    ("changes", "there"),
    [((FLAG, WITHOUT_FILTER), False), ((FLAG, BY_FLAG), True), ((BESIDE,), True)],
    ids=["nothing else tells it", "a filter tells it", "another field tells it"],
)
def test_a_flag_is_turned_round_only_where_something_else_tells_the_same(
    changes: tuple[tuple[str, str], ...], there: bool
) -> None:
    names = [fault.name for fault in faults_of(tidewater(*changes))]
    assert ("taped-turned-round" in names) is there
