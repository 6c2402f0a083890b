"""Given calls among generated ones: in their places on every page, without the world being read row by row."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from simulator_prober import base_ask

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.telephony.records import Record, call_record
from harness.wire.http_messages import HttpRequest
from harness.wire.request_codec import encode_request
from harness.world import BUSY_HOUR, World

GENERATED = World.of(seed=2, calls=400)


def given_calls() -> list[Record]:
    """Calls of seven minutes, one a minute, of which two begin at the same instant."""
    starts = [BUSY_HOUR - timedelta(minutes=minutes) for minutes in (7, 6, 5, 4, 4, 2, 1)]
    return [
        call_record(call_id=number, started_at=start, ended_at=start + timedelta(seconds=30), source="999")
        for number, start in enumerate(starts, 1)
    ]


def asked(simulator: Simulator, **values: str) -> HttpRequest:
    return encode_request(simulator.documented_spec, base_ask(simulator, dict(values)), base_path=simulator.base_path)


@pytest.mark.parametrize("values", [{}, {"Source": "999"}, {"Direction": "Inbound"}], ids=str)
def test_given_calls_stand_in_their_places_on_every_page(values: dict[str, str]) -> None:
    spec, world = load_spec("ozeki/list-call-history"), GENERATED.with_records(given_calls())
    quick, plain = (Simulator(spec, world, fast=fast) for fast in (True, False))
    for page in range(4):
        request = asked(quick, PageNumber=str(page), RowsPerPage="6", **values)
        assert quick.answer(request, BUSY_HOUR).body == plain.answer(request, BUSY_HOUR).body
    # Nothing was read the plain way.
    assert not quick._views


def test_given_calls_are_counted_and_found() -> None:
    simulator = Simulator(load_spec("ozeki/list-call-history"), GENERATED.with_records(given_calls()))
    told = simulator.answer(asked(simulator, Source="999"), BUSY_HOUR).body
    assert b"<TotalRecords>7</TotalRecords>" in told
    assert len(re.findall(rb"<Source>999</Source>", told)) == 7


def test_one_call_more_does_not_make_the_index_anew() -> None:
    before = Simulator(load_spec("ozeki/list-call-history"), GENERATED)
    total = before.answer(asked(before), BUSY_HOUR).body
    after = before.with_world(GENERATED.with_records(given_calls()[:1]))
    assert after.answer(asked(after), BUSY_HOUR).body != total
    assert after._row_index is before._row_index
    assert before.answer(asked(before), BUSY_HOUR).body == total


def test_given_calls_that_last_are_among_the_live_ones() -> None:
    lasting = call_record(call_id=1, started_at=BUSY_HOUR - timedelta(minutes=1), source="999")
    world = GENERATED.with_records([lasting])
    quick, plain = (Simulator(load_spec("ozeki/list-active-calls"), world, fast=fast) for fast in (True, False))
    request = asked(quick)
    assert quick.answer(request, BUSY_HOUR) == plain.answer(request, BUSY_HOUR)
    assert b"999" in quick.answer(request, BUSY_HOUR).body
