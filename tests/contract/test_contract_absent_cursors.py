"""What stands in place of a cursor where no page follows: nothing, null, an empty text, or words of the API's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

from harness.serve.simulator import Simulator
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import MISSING
from harness.wire.response_codec import decode_response
from harness.world.world import World

LINKS = (
    "          links:\n"
    "            next: {at: /more, clause: BR-CLL-020}\n"
    "            first: {at: /first, clause: BR-CLL-021}\n"
    "            form: relative\n"
    "            absent: missing\n"
    "            clauses: {keeps: BR-CLL-022, ends: BR-CLL-023, form: BR-CLL-024}\n"
)


def written(absent: str) -> ChangedSpec:
    return ChangedSpec(
        "page_tokens",
        (
            (LINKS, f"          next-at: /more\n          absent: {absent}\n"),
            ("garbage: BR-CLL-019}", "garbage: BR-CLL-019, absent: BR-CLL-023}"),
        ),
    )


WORDS = written("text\n          absent-text: The End")


@pytest.mark.parametrize("changed", [WORDS, written("none"), written("missing")], ids=["text", "none", "missing"])
def test_the_linter_finds_nothing(changed: ChangedSpec) -> None:
    assert_linter_finds_nothing(changed)


@pytest.mark.parametrize(
    ("changed", "told"),
    [(WORDS, "The End"), (written("none"), None), (written("empty"), ""), (written("missing"), MISSING)],
    ids=["text", "none", "empty", "missing"],
)
def test_the_last_page_tells_it_and_it_is_read_as_no_cursor(changed: ChangedSpec, told: object) -> None:
    spec = changed.spec()
    world = World.of(seed=1, calls=3)
    simulator = Simulator(spec, world)
    key = next(iter(simulator.users[0].credentials.values()))
    target = f"{simulator.base_path}{spec.path}".encode()
    asked = HttpRequest(method="GET", target=target, headers=(("Authorization", f"Bearer {key}"),))
    answer = simulator.answer(asked, world.instant)
    assert json.loads(answer.body).get("more", MISSING) == told
    assert decode_response(spec.listing, answer).next_cursor in ("", None, MISSING)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(WORDS, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("changed", [WORDS, written("missing")], ids=["text", "missing"])
def test_another_way_is_noticed(tmp_path: Path, changed: ChangedSpec) -> None:
    assert_liar_is_caught(changed, tmp_path, "BR-CLL-023/no-page-otherwise")


def test_the_linter_refuses_what_means_nothing() -> None:
    alone = ("absent: text\n          absent-text: The End\n", "absent: text\n")
    assert_linter_refuses(WORDS, alone, ("absent-text beside `absent: text`, and nowhere else", "None"))
    in_header = ("next-at: /more", "next-at: header:X-More")
    assert_linter_refuses(WORDS, in_header, ("a cursor in the body: next-at or prev-at", "none"))
