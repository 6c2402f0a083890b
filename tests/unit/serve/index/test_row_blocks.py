"""Rows made in blocks from columns: the same rows as one by one, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from harness.serve.index import row_blocks
from harness.serve.index.row_blocks import RowBlocks
from harness.serve.index.row_index import RowIndex
from harness.serve.index.row_order import RenderedRow
from harness.serve.row_writer import RowVariant
from harness.serve.simulator import attributes_of
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec, load_spec, spec_ids
from harness.telephony.attributes import Grain
from harness.world import World

WORLD = World.of(seed=8, calls=9_000)
SPECS = [load_spec(name) for name in spec_ids()]
HISTORY = load_spec("ozeki/list-call-history")
KOLKATA = ZoneInfo("Asia/Kolkata")


class Rows:
    """The rows of one API in blocks, and one by one."""

    def __init__(self, spec: Spec) -> None:
        self.listing, self.dialect = spec.listing, Dialect()
        timeline = WORLD.timeline(Grain(spec.listing.lists.one_row_per), WORLD.instant)
        assert timeline is not None
        self.timeline = timeline
        self.index = RowIndex(self.listing, self.dialect, timeline, attributes_of(self.listing))
        self.blocks = RowBlocks(self.listing, self.dialect, timeline)

    def variant(self, *omitted: str, zone: ZoneInfo | None = None) -> RowVariant:
        own = default_zone(self.listing, self.dialect)
        return RowVariant(zone or own, frozenset(map(FieldPath.of, omitted)), frozenset())

    def one_by_one(self, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        records = self.timeline.records_at(np.asarray(rows), self.index.attributes_for(variant))
        return dict(zip(rows, self.index.render_records(records, variant), strict=True))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_rows_of_a_block_are_those_that_are_made_one_by_one(spec: Spec) -> None:
    rows = Rows(spec)
    many = len(rows.timeline)
    # Neighbours, the last ones, and some of everywhere; 512 and 8192 are borders of blocks.
    for wanted in (list(range(500, 530)), list(range(many - 9, many)), Random(2).sample(range(many), 40)):
        for variant in (
            rows.variant(),
            rows.variant(zone=KOLKATA),
            rows.variant(list(spec.listing.fields)[-1]),
        ):
            made = rows.blocks.render_rows(wanted, variant)
            assert made == {
                row: rendered for row, rendered in rows.one_by_one(wanted, variant).items() if row in made
            }


def test_rows_of_the_history_are_all_made_in_blocks_on_both_sides_of_a_border() -> None:
    rows = Rows(HISTORY)
    wanted = list(range(8_182, 8_202))
    made = rows.blocks.render_rows(wanted, rows.variant())
    assert made == rows.one_by_one(wanted, rows.variant())
    assert all(row in made for row in wanted)


def test_few_rows_far_apart_are_left_to_who_makes_them_one_by_one() -> None:
    rows = Rows(HISTORY)
    assert rows.blocks.render_rows([5, 17, 3_000, 8_500], rows.variant()) == {}
    assert set(rows.index.render_rows([5, 17, 3_000, 8_500], rows.variant())) == {5, 17, 3_000, 8_500}


def test_a_part_shown_empty_is_left_to_who_makes_rows_one_by_one() -> None:
    rows = Rows(load_spec("voximplant/get-call-history"))
    emptied = rows.variant()._replace(emptied_parts=frozenset({FieldPath.of("calls")}))
    assert rows.blocks.render_rows(list(range(30)), emptied) == {}


def test_blocks_beyond_the_memory_go_and_come_back_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows(load_spec("etelecom/list-call-logs"))
    wanted = [list(range(first, first + 20)) for first in range(0, 5_120, 512)]
    expected = [rows.blocks.render_rows(some, rows.variant()) for some in wanted]
    bound = rows.blocks.memory * 9 // 10
    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", bound)
    bounded = RowBlocks(rows.listing, rows.dialect, rows.timeline)
    for _ in range(3):
        assert [bounded.render_rows(some, rows.variant()) for some in wanted] == expected
        assert 0 < bounded.memory <= bound


# --- before anybody asks ------------------------------------------------------------------------------------


def test_nothing_is_made_ahead_of_a_list_that_nobody_asked_for() -> None:
    rows = Rows(HISTORY)
    assert not rows.blocks.make_ahead()
    assert not rows.index.make_rows_ahead()
    assert rows.blocks.memory == 0


@pytest.mark.parametrize("api", ["ozeki/list-call-history", "voximplant/get-call-history"])
def test_blocks_made_ahead_are_those_that_are_made_when_asked_for(api: str) -> None:
    ahead, asked = Rows(load_spec(api)), Rows(load_spec(api))
    many = len(ahead.timeline)
    # Fewer rows make no block, but tell how rows are asked for.
    ahead.blocks.render_rows([3, 4], ahead.variant())
    steps = 0
    while ahead.blocks.make_ahead():
        steps += 1
    assert steps == -(-many // (8192 if api.startswith("ozeki") else 512))
    for wanted in (list(range(500, 530)), list(range(many - 9, many)), [7, many // 2, many - 1]):
        made = ahead.blocks.render_rows(wanted, ahead.variant())
        assert made == ahead.one_by_one(wanted, ahead.variant())
        assert made.items() >= asked.blocks.render_rows(wanted, asked.variant()).items()


def test_no_block_goes_for_one_that_is_made_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows(load_spec("etelecom/list-call-logs"))
    wanted = [list(range(first, first + 20)) for first in range(0, 2_560, 512)]
    for some in wanted:
        rows.blocks.render_rows(some, rows.variant())
    bound = rows.blocks.memory * 5 // 4
    monkeypatch.setattr(row_blocks, "_BLOCK_BYTES", bound)
    made = 0
    while rows.blocks.make_ahead():
        made += 1
        assert rows.blocks.memory <= bound
    assert 0 < made < len(rows.timeline) // 512 - len(wanted), "there was no room for all"
    # Few of a block are made one by one, unless the block is still there.
    for some in wanted:
        assert set(rows.blocks.render_rows(some[:2], rows.variant())) == set(some[:2])
