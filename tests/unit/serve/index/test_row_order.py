"""Lists whose rows share their sort keys: in stretches, small and large, as the plain way puts them in order."""

from __future__ import annotations

import pytest

from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.list_request import ListRequest
from harness.world import BUSY_HOUR, World

SPEC = load_spec("asterisk-cdr-api/list-calls")
# Of so many calls more than a thousand are unanswered: they share their talk time.
WORLD = World.of(seed=6, calls=2_500)
QUICK, PLAIN = Simulator(SPEC, WORLD), Simulator(SPEC, WORLD, fast=False)


def body(api: Simulator, **values: str) -> bytes:
    """The answer to a list request of the first user."""
    ask = ListRequest(values=values, credentials=api.users[0].credentials)
    response = api.answer_list_request(ask, BUSY_HOUR)
    assert response.http_status == 200, response.body
    return response.body


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("field", ["billsec", "duration", "src"])
def test_pages_of_any_size_and_place_hold_tied_rows_in_the_plain_order(field: str, direction: str) -> None:
    for offset, limit in ((0, 7), (5, 30), (16, 16), (470, 100), (33, 1), (901, 40), (2490, 40), (3, 60)):
        asked = {"order_by": field, "order_dir": direction, "offset": str(offset), "limit": str(limit)}
        assert body(QUICK, **asked) == body(PLAIN, **asked), asked


def test_the_unanswered_calls_are_a_large_group() -> None:
    """What the test above is about."""
    view = PLAIN._view_at(BUSY_HOUR)
    talks = [view.row_at(row)["billsec"] for row in range(len(view.table))]
    assert talks.count(0) > 512
