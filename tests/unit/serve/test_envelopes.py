"""Envelopes that are written once: those that share all but their cursors are filled, and never wrongly."""

from __future__ import annotations

import itertools
import json
from zoneinfo import ZoneInfo

import pytest

from harness.serve.envelopes import EnvelopeMemory
from harness.serve.faults.hooks import AnswerContent
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import OffsetSlice, Query, SortOrder
from harness.serve.row_writer import Envelope

FIRST, SECOND = "A" * 20, "b_-" * 9


class Maker:
    """Makes envelopes of JSON, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, page: AnswerContent, plan: AnswerPlan) -> Envelope:
        self.made += 1
        tree = {"total": page.total, "next": page.next, "prev": page.prev, **plan.echoes}
        headers = (("X-Rows", str(page.returned)), ("X-Share", "5%"))
        return Envelope("application/json", json.dumps(tree).encode(), b"%]", headers)


def plan(**echoes: str) -> AnswerPlan:
    cut = OffsetSlice()
    return AnswerPlan(
        query=Query(sort_order=SortOrder(path=None), page_slice=cut),
        asked_slice=cut,
        echoes=echoes,
        zone=ZoneInfo("UTC"),
        zone_name="UTC",
    )


def page(following: str | None, before: str | None = None, total: int = 3) -> AnswerContent:
    return AnswerContent(rows=(), count=None, total=total, returned=1, next=following, prev=before)


@pytest.mark.parametrize(
    "echoes",
    [
        {},
        {"after": "C" * 30},
        {"after": "short"},
        # What a client writes is repeated as it is, also where it looks like a mark of ours.
        {"after": "callharness-mark-00-8d1c7b5e0f3a4926"},
        {"after": "x callharness-mark-01-8d1c7b5e0f3a4926"},
        {"after": "x callharness-mark-00-8d1c7b5e0f3a4926", "before": "callharness-mark-00-8d1c7b5e0f3a4926"},
        {"after": "8140773529603300"},
        {"after": "8140773529603300 per cent", "before": "5 %b"},
    ],
)
def test_an_envelope_is_as_if_it_had_been_written_anew(echoes: dict[str, str]) -> None:
    memory, make = EnvelopeMemory(), Maker()
    for following, before in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, None), (None, None), ("", FIRST)):
        for total in (3, 4, 0, 81407735296033):
            for _ in range(2):
                asked = page(following, before, total), plan(**echoes)
                assert memory.find(*asked, (), make) == Maker()(*asked)


def test_pages_of_one_walk_share_what_is_written() -> None:
    memory, make = EnvelopeMemory(), Maker()
    cursors = [f"cursor-number-{number:04d}" for number in range(12)]
    for here, following in itertools.pairwise(cursors):
        asked = page(following, here), plan(after=here)
        assert memory.find(*asked, (), make) == Maker()(*asked)
    # The first, and the pattern that all others fill.
    assert make.made == 2


def test_an_echo_of_another_type_is_another_envelope() -> None:
    memory, make = EnvelopeMemory(), Maker()
    values = [1, "1", True, "True"]
    for value in values:
        asked = page(None), plan(after=value)  # type: ignore[arg-type]
        assert memory.find(*asked, (), make) == Maker()(*asked)
    # Each anew, and again with marks in place of its numbers.
    assert make.made == 2 * len(values)


def test_pages_that_differ_in_their_numbers_share_what_is_written() -> None:
    memory, make = EnvelopeMemory(), Maker()
    for total in range(1, 9):
        asked = page(None, total=total), plan()
        assert memory.find(*asked, (), make) == Maker()(*asked)
    assert make.made == 2
    # None at all may be told in another way.
    memory.find(page(None, total=0), plan(), (), make)
    assert make.made == 4
