"""The rows that live: few at any instant, but shown anew at every one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, final

import numpy as np

from harness.telephony.records import Record
from harness.telephony.visibility import seen_at
from harness.world.row_timeline import LIFE, Timeline

_SPARE: Final = 100


@final
class Living:
    """The living rows of a timeline. Their whole lives are remembered for as long as they are asked for."""

    def __init__(self, timeline: Timeline, attributes: Sequence[str]) -> None:
        self._timeline = timeline
        self._names = tuple(dict.fromkeys((*attributes, *LIFE[timeline.grain])))
        self._wholes: dict[int, Record] = {}

    def seen(self, rows: Sequence[int], at: datetime) -> list[Record]:
        """Rows that live at an instant, as they are seen then."""
        missing = [row for row in rows if row not in self._wholes]
        if missing:
            made = self._timeline.wholes(np.asarray(missing, dtype=np.int64), self._names)
            if len(self._wholes) > 4 * len(rows) + _SPARE:
                self._wholes = {row: self._wholes[row] for row in rows if row in self._wholes}
            self._wholes.update(zip(missing, made, strict=True))
        return [self._seen(self._wholes[row], at) for row in rows]

    def _seen(self, whole: Record, at: datetime) -> Record:
        seen = seen_at(self._timeline.grain, whole, at)
        if seen is None:
            raise ValueError("a row that lives has begun")
        return seen
