"""From a field of the spec to a column of the world: what every row shows there, as keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, final

import numpy as np

from harness.serve.index.columns import Column, Hashed, Instants, Listed, Numbers, listed_column
from harness.serve.query.table import Comparable
from harness.serve.row_writer import none_of, values_at
from harness.specification.dialect import Dialect
from harness.specification.model import Field, Listing
from harness.telephony.attributes import ATTRIBUTES, Grain, Kind
from harness.wire.row_codec import field_at, show
from harness.world.row_timeline import NONE, Timeline

_SLICE: Final = 5_000


@final
class Reckoner:
    """Makes the columns of one API over one timeline."""

    def __init__(self, listing: Listing, dialect: Dialect, timeline: Timeline) -> None:
        self._listing = listing
        self._dialect = dialect
        self._timeline = timeline
        self._grain = Grain(listing.lists.one_row_per)

    def column(self, path: str, *, equal_only: bool) -> Column:
        """The column at a path; with `equal_only` it need not tell its values, nor their order."""
        attribute, field, words = self._source(path)
        head, nested, tail = attribute.partition("[].")
        changes = head in self._timeline.changing
        inner = self._timeline.inner(head) if nested else (None, self._timeline)
        if inner is None or ("[]." in tail):
            return self._told(path, changes)
        rows, timeline = inner
        name = tail if nested else head
        if name not in ATTRIBUTES[timeline.grain]:
            return self._told(path, changes)
        made = self._made(timeline, name, field, words, none_of(field, self._dialect), equal_only)
        if made is None:
            return self._told(path, changes)
        return Column(made[0], made[1], rows=rows, changes=changes)

    def _source(self, path: str) -> tuple[str, Field | None, dict[str, str] | None]:
        """The attribute at a path, by its name in the world; the field that shows it, or the words it is told in."""
        head, _, tail = path.partition(".")
        if head == "attribute":
            return tail, None, None
        if head == "hidden":
            hidden = self._listing.hidden[tail]
            return hidden.holds, None, dict(hidden.words) or None
        outer, nested, inner = path.partition("[].")
        field = field_at(self._listing.fields, path)
        around = self._listing.fields[outer]
        if field is None or field.shows is None or around.shows is None:
            return path, field, None
        return f"{around.shows}[].{field.shows}" if nested and "[]." not in inner else field.shows, field, None

    def _made(
        self,
        timeline: Timeline,
        name: str,
        field: Field | None,
        words: dict[str, str] | None,
        none: int | None,
        equal_only: bool,
    ) -> tuple[Any, Any] | None:
        """Keys and scale, made without looking at single rows; None for a kind of value that is too rare for that."""
        kind = ATTRIBUTES[timeline.grain][name].kind
        codec = field.as_ if field is not None else None
        if kind is Kind.INSTANT and words is None and codec in (None, "rfc3339"):
            return timeline.numbers(name), Instants(1_000)
        if kind is Kind.INSTANT and codec in ("epoch-seconds", "local-time"):
            millis = timeline.numbers(name)
            return np.where(millis == NONE, NONE, millis // 1000), Instants(1_000_000)
        if kind in (Kind.INTEGER, Kind.FLAG) and words is None and codec in (None, "integer", "digits", "flag"):
            numbers = timeline.numbers(name)
            return numbers if none is None else np.where(numbers == NONE, none, numbers), Numbers()
        if kind is Kind.SECONDS and codec == "integer":
            millis = timeline.numbers(name)
            return np.where(millis == NONE, NONE if none is None else none, millis // 1000), Numbers()
        if kind is Kind.SECONDS and codec == "decimal" and field is not None and field.digits == 3:
            return timeline.numbers(name), Numbers(3)
        if kind is Kind.TEXT and codec in (None, "text") and words is None:
            if equal_only and not timeline.repeats(name):
                return timeline.hashes(name).numbers, Hashed()
            found = timeline.words(name)
            return found.codes, Listed(found.values)
        if kind in (Kind.WORD, Kind.TEXT) and (words is not None or codec == "word"):
            table = words if words is not None else field.words if field is not None else {}
            found = timeline.words(name)
            told = [table.get(value) for value in found.values]
            values = sorted({value for value in told if value is not None})
            codes = [-1 if value is None else values.index(value) for value in told]
            return np.asarray([*codes, -1], dtype=np.int32)[found.codes], Listed(values)
        if kind is Kind.WORD and codec in (None, "text") and words is None:
            found = timeline.words(name)
            return found.codes, Listed(found.values)
        return None

    def _told(self, path: str, changes: bool) -> Column:
        """The column as the rows themselves tell it, one by one."""
        return listed_column(list(self._tell(path)), len(self._timeline), changes=changes)

    def _tell(self, path: str) -> Iterator[tuple[int, Comparable | None]]:
        head, _, tail = path.partition(".")
        names: list[str]
        if head in ("attribute", "hidden"):
            holds = tail if head == "attribute" else self._listing.hidden[tail].holds
            attributes, names = [holds.partition("[].")[0]], []
        else:
            field = self._listing.fields[path.partition("[].")[0]]
            attributes = [field.shows] if field.shows else []
            names = [path.partition("[].")[0]]
        known = tuple(name for name in attributes if name in ATTRIBUTES[self._grain])
        for first in range(0, len(self._timeline), _SLICE):
            rows = np.arange(first, min(first + _SLICE, len(self._timeline)), dtype=np.int64)
            for row, record in zip(rows.tolist(), self._timeline.wholes(rows, known), strict=True):
                shown = show({name: self._listing.fields[name] for name in names}, record)
                for value in values_at(self._listing, self._dialect, path, record, shown):
                    yield row, value
