"""Worlds that run: what two pollers see, what replicas agree on, and what is kept in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from harness.serve.index import row_index
from harness.serve.index.row_index import RowIndex
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import BUSY_HOUR, World

HISTORY, ACTIVE, LOGS = "ozeki/list-call-history", "ozeki/list-active-calls", "etelecom/list-call-logs"


def simulator(api: str, **world: Any) -> Simulator:
    return Simulator(load_spec(api), World.of(**{"seed": 11, "calls": 300, **world}))


def request(api: Simulator, values: dict[str, Tree] | None = None) -> HttpRequest:
    access, who = api.documented_spec.listing.access, api.users[0]
    names = [name for name in (access.user, access.password) if name] or [access.token]
    ask = ListRequest(values=values or {}, credentials={name: who.credentials[name] for name in names})
    return encode_request(api.documented_spec, ask, base_path=api.base_path)


def rows(api: Simulator, response: HttpResponse) -> list[dict[str, Any]]:
    answer = decode_response(api.documented_spec.listing, response)
    assert answer.outcome == "success", answer
    return [row for row in answer.rows or () if isinstance(row, dict)]


def polled(active: Simulator, *, step: timedelta, polls: int) -> Iterator[tuple[datetime, list[dict[str, Any]]]]:
    for number in range(1, polls + 1):
        at = BUSY_HOUR + number * step
        yield at, rows(active, active.answer(request(active), at))


def assert_no_drift(*, step: timedelta, polls: int, **world: Any) -> None:
    active, history = simulator(ACTIVE, **world), simulator(HISTORY, **world)
    met: dict[str, tuple[str, str]] = {}
    last = BUSY_HOUR
    for at, now in polled(active, step=step, polls=polls):
        for row in now:
            life = (row["StartTime"], row["Source"])
            assert met.setdefault(row["CallId"], life) == life
        last = at
    # By then every call has ended.
    over = last + timedelta(hours=3)
    told = rows(history, history.answer(request(history, {"RowsPerPage": "10000000"}), over))
    found = [(row["CallId"], (row["StartTime"], row["Source"])) for row in told if row["CallId"] in met]
    assert len(found) == len(met) > 0
    assert dict(found) == met


def test_every_call_that_was_active_is_in_the_history_once_with_the_same_times() -> None:
    assert_no_drift(step=timedelta(seconds=47), polls=60, concurrent=30)


@pytest.mark.thorough
def test_a_day_of_polling_does_not_drift() -> None:
    assert_no_drift(step=timedelta(seconds=30), polls=2880, concurrent=60)


@pytest.mark.parametrize("api", [HISTORY, ACTIVE, LOGS, "enswitch/calls-active-list"])
def test_two_simulators_with_the_same_arguments_agree_at_an_instant_whatever_they_were_asked_before(api: str) -> None:
    first, second = simulator(api, concurrent=25), simulator(api, concurrent=25)
    asked = request(first)
    for minutes in (200, 3, 90, 45, 3):
        first.answer(asked, BUSY_HOUR + timedelta(minutes=minutes, microseconds=minutes))
    at = BUSY_HOUR + timedelta(minutes=45, microseconds=123_456)
    assert first.answer(asked, at) == second.answer(asked, at)


def test_a_walk_goes_on_at_any_replica() -> None:
    replicas = [simulator(LOGS), simulator(LOGS)]
    seen: list[str] = []
    values: dict[str, Tree] = {"limit": 7}
    for number in range(200):
        api = replicas[number % 2]
        response = api.answer(request(api, values), BUSY_HOUR)
        page = rows(api, response)
        if not page:
            break
        seen += [row["id"] for row in page]
        values = {"limit": 7, "after": str(decode_response(api.documented_spec.listing, response).next_cursor)}
    whole = simulator(LOGS)
    total = [row["id"] for row in rows(whole, whole.answer(request(whole, {"limit": 100}), BUSY_HOUR))]
    assert seen[:100] == total
    assert len(seen) == len(set(seen)) > 100


def test_what_is_remembered_does_not_grow_with_the_instants_that_were_asked_for() -> None:
    history, active = simulator(HISTORY, concurrent=30), simulator(ACTIVE, concurrent=30)
    for number in range(150):
        at = BUSY_HOUR + timedelta(seconds=41 * number)
        history.answer(request(history, {"State": "InCall", "PageNumber": str(number % 7)}), at)
        active.answer(request(active), at)
    ledger = history._row_index
    assert isinstance(ledger, RowIndex)
    assert len(history._snapshots) <= 4
    assert len(active._views) <= 4
    assert active._live_rows is not None
    assert len(active._live_rows[1]._whole_records) < 1500
    assert len(ledger._selections) <= 512


def test_rows_that_were_written_are_forgotten_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_index, "_RENDERED_ROW_BYTES", 20_000)
    history, plain = simulator(HISTORY), Simulator(load_spec(HISTORY), World.of(seed=11, calls=300), fast=False)
    for page in ("0", "3", "0", "7"):
        asked = request(history, {"PageNumber": page, "RowsPerPage": "40"})
        assert history.answer(asked, BUSY_HOUR) == plain.answer(asked, BUSY_HOUR)
    assert history._row_index is not None
    assert history._row_index._rendered_bytes <= 20_000
