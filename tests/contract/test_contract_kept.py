"""Rows that are kept for so long and no longer."""

from __future__ import annotations

import json
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

KEPT = ChangedSpec(
    "page_tokens",
    (
        (
            "        clauses:\n          BR-CLL-001",
            "        laws:\n          - {law: not-older, field: began, seconds: 300, clause: BR-CLL-030}\n"
            "        clauses:\n          BR-CLL-001",
        ),
        (
            "          BR-CLL-040: {",
            '          BR-CLL-030: {level: must, basis: documented, says: "calls are kept for 300 s", source: Top}\n'
            "          BR-CLL-040: {",
        ),
    ),
)
WORLD = World.of(seed=3, calls=150)


def begun(spec: ChangedSpec) -> list[str]:
    server = Simulator(spec.spec(), WORLD)
    headers = (("Host", "pbx.example:8080"), ("Authorization", f"Bearer {server.users[0].credentials['key']}"))
    request = HttpRequest(method="GET", target=b"/api/calls.json?size=100", headers=headers)
    return [row["began"] for row in json.loads(server.answer(request, WORLD.instant).body)["calls"]]


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(KEPT)


def test_older_rows_are_not_listed() -> None:
    kept, every = begun(KEPT), begun(ChangedSpec("page_tokens"))
    assert WORLD.instant.isoformat() == "2026-03-11T10:30:00+00:00"
    assert kept == [began for began in every if began >= "2026-03-11T10:25:00"]
    assert 0 < len(kept) < len(every)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 300])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(KEPT, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
def test_a_liar_is_caught(tmp_path: Path) -> None:
    assert_liar_is_caught(KEPT, tmp_path, "BR-CLL-030/not-older-began-1", calls=300)


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        ("seconds: 300", "seconds: 30", ("a minute or more", "30")),
        ("field: began", "field: caller", ("an instant that the row itself shows", "caller")),
    ],
)
def test_the_linter_refuses_what_means_nothing(old: str, new: str, remark: tuple[str, str]) -> None:
    assert_linter_refuses(KEPT, (old, new), remark)
