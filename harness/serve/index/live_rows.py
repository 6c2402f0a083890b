"""The rows of live calls: few at any instant, but shown anew at every one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, final

import numpy as np

from harness.telephony.record_at_instant import visible_record
from harness.telephony.records import Record
from harness.world.ordered_rows import VISIBILITY_ATTRIBUTES, OrderedRowTable

_SPARE_ROWS: Final = 100


@final
class LiveRows:
    """The rows of live calls of a timeline; their whole records are cached for as long as they are asked for."""

    def __init__(self, timeline: OrderedRowTable, attributes: Sequence[str]) -> None:
        self._timeline = timeline
        self._attributes = tuple(dict.fromkeys((*attributes, *VISIBILITY_ATTRIBUTES[timeline.grain])))
        self._whole_records: dict[int, Record] = {}

    def records_at(self, rows: Sequence[int], at: datetime) -> list[Record]:
        """The records of rows that are live at an instant, as they are visible then."""
        missing = [row for row in rows if row not in self._whole_records]
        if missing:
            made = self._timeline.records_at(np.asarray(missing, dtype=np.int64), self._attributes)
            if len(self._whole_records) > 4 * len(rows) + _SPARE_ROWS:
                self._whole_records = {row: self._whole_records[row] for row in rows if row in self._whole_records}
            self._whole_records.update(zip(missing, made, strict=True))
        return [self._record_at(self._whole_records[row], at) for row in rows]

    def _record_at(self, whole: Record, at: datetime) -> Record:
        seen = visible_record(self._timeline.grain, whole, at)
        if seen is None:
            raise ValueError("a row that lives has begun")
        return seen
