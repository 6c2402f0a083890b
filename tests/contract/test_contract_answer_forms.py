"""Two forms of one list at one path, as two specs: a CSV table where `Accept` asks for it, or a parameter does."""

from __future__ import annotations

from pathlib import Path

import pytest
from changed_specs import ChangedSpec, assert_honest_passes, assert_liar_is_caught, assert_linter_finds_nothing

from harness.serve.api_router import Router
from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.world.world import World

PLACES = {
    "Accept": ("header", "{constant: text/csv, place: header}"),
    "format": ("query", "{constant: text/csv}"),
}


def table_by(name: str) -> ChangedSpec:
    place, written = PLACES[name]
    declared = f"{{name: {name}, in: {place}, required: true, schema: {{const: text/csv}}, description: Form}}"
    return ChangedSpec(
        "csv_table",
        (
            ("          caller: {}\n", f"          caller: {{}}\n          {name}: {written}\n"),
            ("        - {name: skip, in: query,", f"        - {declared}\n        - {{name: skip, in: query,"),
        ),
    )


JSON = ChangedSpec(
    "csv_table",
    (
        ("            text/csv: {schema", "            application/json: {schema"),
        ("answers: [text/csv, application/json]", "answers: [application/json]"),
    ),
)


@pytest.mark.parametrize("name", PLACES)
def test_the_linter_finds_nothing(name: str) -> None:
    assert_linter_finds_nothing(table_by(name))
    assert_linter_finds_nothing(JSON)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("name", PLACES)
def test_an_honest_simulator_passes(tmp_path: Path, name: str) -> None:
    assert_honest_passes(table_by(name), tmp_path, calls=60)


@pytest.mark.usefixtures("few_combinations")
def test_a_liar_is_caught(tmp_path: Path) -> None:
    assert_liar_is_caught(table_by("Accept"), tmp_path, "RI-TAB-010/way-ignored", calls=90)


@pytest.mark.parametrize(
    ("name", "headers", "query", "media_type"),
    [
        ("Accept", (("Accept", "text/csv"),), b"", "text/csv"),
        ("Accept", (("Accept", "*/*"),), b"", "application/json"),
        ("Accept", (), b"", "application/json"),
        ("format", (), b"&format=text/csv", "text/csv"),
        ("format", (("Accept", "text/csv"),), b"", "application/json"),
    ],
)
def test_the_form_is_the_one_that_the_request_asks_for(
    name: str, headers: tuple[tuple[str, str], ...], query: bytes, media_type: str
) -> None:
    world = World.of(seed=3, calls=30)
    both = [Simulator(JSON.spec(), world), Simulator(table_by(name).spec(), world)]
    key = f"Bearer {both[0].users[0].credentials['token']}"
    request = HttpRequest(method="GET", target=b"/calls?take=2" + query, headers=(*headers, ("Authorization", key)))
    answer = Router.of(both).answer(request, world.instant)
    assert (answer.http_status, answer.media_type.partition(";")[0]) == (200, media_type)
