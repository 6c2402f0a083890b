"""The quick way through columns against the plain way row by row: the same bytes, whatever is asked."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from random_asks import some_ask, some_dialect, some_instant

from harness.serve.authentication import make_key_pair
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import CursorPaging
from harness.wire.http_messages import HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import decode_response
from harness.world import World

SPECS = [load_spec(name) for name in spec_ids()]
WORLDS = (World.of(seed=3, calls=400), World.of(seed=4, calls=700, concurrent=60), World.of(seed=5, calls=3))
KEY = make_key_pair()


def pair(spec: Spec, world: World, dialect: Dialect) -> tuple[Simulator, Simulator]:
    made = [Simulator(spec, world, dialect=dialect, key=KEY, fast=fast) for fast in (True, False)]
    return made[0], made[1]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9))
def test_the_quick_way_answers_byte_for_byte_as_the_plain_way(spec: Spec, seed: int) -> None:
    chance = Random(seed)
    world, at = chance.choice(WORLDS), some_instant(chance)
    quick, plain = pair(spec, world, some_dialect(spec, chance))
    for _ in range(12):
        ask = some_ask(spec, plain, at, chance.choice(plain.users), chance)
        answer = decode_response(spec.listing, same_answer(quick, plain, ask, at))
        paging = spec.listing.paging
        if isinstance(paging, CursorPaging) and answer.rows:
            for name, cursor in ((paging.after, answer.next_cursor), (paging.before, answer.previous_cursor)):
                values = {key: value for key, value in ask.values.items() if key not in (paging.after, paging.before)}
                onward = ListRequest(values={**values, name: str(cursor)}, credentials=ask.credentials)
                same_answer(quick, plain, onward, at)


def same_answer(quick: Simulator, plain: Simulator, ask: ListRequest, at: datetime) -> HttpResponse:
    request = encode_request(plain.documented_spec, ask, base_path=plain.base_path)
    expected = plain.answer(request, at)
    assert quick.answer(request, at) == expected, (request, at)
    return expected
