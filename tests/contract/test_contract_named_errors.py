"""Errors that stand under the name of the parameter at fault: `{"errors": {"many": ["many is not valid"]}}`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from changed_specs import (
    Change,
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

from harness.specification.dialect import Dialect
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import encode_json
from harness.wire.response_codec import decode_response, error_tree

CHANGES: Final[tuple[Change, ...]] = (
    ("message-at: /errors/0/text", 'message-at: "/errors/{parameter}/0"'),
    (", shows: {/errors/0/kind: value}, clause: PT-CLS-074}", ", clause: PT-CLS-074}"),
    ("        errors: {type: array, items: {type: object}}\n", "        errors: {type: object}\n"),
)
CHANGED: Final = ChangedSpec("parlatel", CHANGES)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(CHANGED)


@pytest.mark.parametrize(("parameter", "step"), [("many", "many"), ("a/b~c", "a/b~c"), ("", "invalid")])
def test_the_message_is_written_under_the_name_and_read_there(parameter: str, step: str) -> None:
    listing = CHANGED.spec().listing
    status, tree = error_tree(listing, "invalid", choices=Dialect(), parameter=parameter)
    assert isinstance(tree, dict)
    assert (status, tree["errors"]) == (422, {step: [f"{parameter} is not valid"]})
    head = (("Content-Type", "application/json"),)
    answer = decode_response(listing, HttpResponse(http_status=status, headers=head, body=encode_json(tree)))
    assert (answer.outcome, answer.message) == ("error", f"{parameter} is not valid")


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(CHANGED, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["PT-CLS-074/invalid-parameter", "PT-CLS-074/invalid-names-nothing"])
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(CHANGED, tmp_path, fault)


@pytest.mark.parametrize("place", ["/errors/{parameter}s", "/{parameter}/{parameter}", "/errors/{name}"])
def test_the_linter_refuses_what_means_nothing(place: str) -> None:
    change = ('message-at: "/errors/{parameter}/0"', f'message-at: "{place}"')
    assert_linter_refuses(CHANGED, change, ("{parameter} once, as a whole step of the pointer", repr(place)))
