"""A day of a living world, polled all the time: every call that was active ends up in the history, once."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import World

# Polling every quarter of a second at sixty times the speed of the world.
STEP = timedelta(seconds=15)


class Door:
    """Asks a simulator in this process."""

    def __init__(self, api: str, world: World) -> None:
        self._spec = load_spec(api)
        self._simulator = Simulator(self._spec, world)
        access = self._spec.listing.access
        self._credentials = dict(access.example) or {access.token: "callharness-token"}

    def rows(self, at: datetime, **values: Any) -> list[dict[str, Any]]:
        request = encode_request(self._spec, ListRequest(values=values, credentials=self._credentials))
        request = replace(request, target=self._simulator.base_path.encode() + request.target)
        answer = decode_response(self._spec.listing, self._simulator.answer(request, at))
        if answer.outcome != "success":
            return []
        return cast("list[dict[str, Any]]", list(answer.rows or ()))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def live(hours: float) -> list[int]:
    """Follows active calls and the history; the resident memory after each hour."""
    world = World.of(seed=5, calls=400)
    active, history = Door("ozeki/list-active-calls", world), Door("ozeki/list-call-history", world)
    at = began = world.instant
    seen: dict[str, tuple[str, str]] = {}
    memory: list[int] = []
    polls = int(timedelta(hours=hours) / STEP)
    for poll in range(polls):
        at += STEP
        for row in active.rows(at):
            identity, told = row["CallId"], (row["StartTime"], row["Source"])
            assert seen.setdefault(identity, told) == told, f"{identity} changed while it lived"
        if poll % 20 == 0:
            history.rows(at, RowsPerPage="50")
        if (poll + 1) % (3600 // 15) == 0:
            memory.append(resident())
    # By then all of them have ended.
    at += timedelta(hours=6)
    found: dict[str, tuple[str, str]] = {}
    page = 0
    since = f"{began - timedelta(hours=12):%Y-%m-%d %H:%M:%S}"
    while rows := history.rows(at, From=since, RowsPerPage="500", PageNumber=str(page)):
        for row in rows:
            assert row["CallId"] not in found, "a call stands twice in the history"
            found[row["CallId"]] = (row["StartTime"], row["Source"])
        page += 1
    lost = {identity for identity in seen if identity not in found}
    assert not lost, f"{len(lost)} of {len(seen)} calls that were active never reached the history"
    assert {identity: found[identity] for identity in seen} == seen
    assert len(seen) > 20 * hours
    return memory


def test_what_was_active_reaches_the_history() -> None:
    live(0.5)


@pytest.mark.thorough
def test_a_whole_day_keeps_its_calls_and_its_memory() -> None:
    memory = live(24)
    # What is remembered of living calls is bounded, and full after the busy hours.
    shown = [round(one / 1e6) for one in memory]
    assert memory[-1] <= memory[7] * 1.05, shown
    assert memory[-1] <= memory[0] * 1.25, shown
