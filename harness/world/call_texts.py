"""What programs and people write beside calls, as columns: applications, their data, ids of elsewhere, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from harness.telephony.columns import (
    Column,
    TextColumn,
    TextListColumn,
    case_column,
    joined_column,
    pooled_column,
    text_where,
)
from harness.world.call_codes import call_codes_of
from harness.world.column_types import integer_column
from harness.world.invented_values import APPLICATION_WEIGHTS, CUSTOM_DATA_WEIGHTS, RULE_WEIGHTS
from harness.world.random_streams import (
    IntArray,
    Thresholds,
    chance_flags,
    choose_indexes,
    integers_below,
    weight_thresholds,
    zipf_thresholds,
)

if TYPE_CHECKING:
    from harness.world.calls import CallBatch


_TAG_SHARES: Final = (0.3, 0.25, 0.15, 0.05)


def _application_index(batch: CallBatch) -> IntArray:
    return choose_indexes(batch.draw_for_sessions("application"), weight_thresholds(APPLICATION_WEIGHTS))


def _application_name_column(batch: CallBatch) -> Column:
    return pooled_column(batch.pools.texts["application"], _application_index(batch))


def _rule_name_column(batch: CallBatch) -> Column:
    rules = choose_indexes(batch.draw_for_sessions("rule"), weight_thresholds(RULE_WEIGHTS))
    return pooled_column(batch.pools.texts["rule"], rules)


def _text_or_code_column(batch: CallBatch, what: str, pool: str, weights: Thresholds, common: float) -> TextColumn:
    """A text of a pool, or one of its prefixes with the call's own code."""
    prefixes = batch.pools.texts[pool + "_prefix"]
    bits = batch.draw_for_calls(what + ".which")
    own = joined_column(pooled_column(prefixes, integers_below(bits, len(prefixes))), batch.call_code)
    shared = pooled_column(batch.pools.texts[pool], choose_indexes(batch.draw_for_calls(what + ".text"), weights))
    return case_column(own, (chance_flags(batch.draw_for_calls(what + ".common"), common), shared))


def _custom_data_column(batch: CallBatch) -> Column:
    text = _text_or_code_column(batch, "data", "data", weight_thresholds(CUSTOM_DATA_WEIGHTS), 0.7)
    return text_where(chance_flags(batch.draw_for_calls("data"), 0.6), text)


def _external_id_column(batch: CallBatch) -> Column:
    text = _text_or_code_column(batch, "outside", "outside", zipf_thresholds(9, 1.0), 0.2)
    return text_where(chance_flags(batch.draw_for_calls("outside"), 0.65), text)


def _external_session_id_column(batch: CallBatch) -> Column:
    shared = pooled_column(
        batch.pools.texts["outside"], choose_indexes(batch.draw_for_sessions("outside.text"), zipf_thresholds(9, 1.0))
    )
    own = joined_column("web:", call_codes_of(batch.session_numbers * 4, is_vast=batch.traffic.vast is not None))
    text = case_column(own, (chance_flags(batch.draw_for_sessions("outside.common"), 0.25), shared))
    return text_where(chance_flags(batch.draw_for_sessions("outside"), 0.5), text)


def _note_column(batch: CallBatch) -> Column:
    shared = pooled_column(
        batch.pools.texts["note"], choose_indexes(batch.draw_for_calls("note.text"), zipf_thresholds(10, 0.9))
    )
    own = joined_column("ticket #", batch.call_code, ' & "follow-up"')
    text = case_column(own, (chance_flags(batch.draw_for_calls("note.common"), 0.85), shared))
    return text_where(chance_flags(batch.draw_for_calls("note"), 0.3), text)


def _tags_column(batch: CallBatch) -> Column:
    pool = batch.pools.texts["tag"]
    tags = tuple(
        pooled_column(
            pool,
            np.full(len(batch), place, dtype=np.int64),
            chance_flags(batch.draw_for_calls(f"tag.{place}"), share),
        )
        for place, share in enumerate(_TAG_SHARES)
    )
    return TextListColumn(len(batch), tags)


TEXT_COLUMNS: Final[Mapping[str, Callable[[CallBatch], Column]]] = MappingProxyType(
    {
        "custom_data": _custom_data_column,
        "external_id": _external_id_column,
        "external_session_id": _external_session_id_column,
        "note": _note_column,
        "tags": _tags_column,
        "application_id": lambda b: integer_column(1001 + _application_index(b)),
        "application_name": _application_name_column,
        "rule_name": _rule_name_column,
    }
)
