"""Builds index columns: the values that every row shows at a path of the spec, as integer keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, final

import numpy as np

from harness.serve.index.columns import (
    DictionaryKeys,
    HashKeys,
    IdKeys,
    InstantKeys,
    KeyColumn,
    NumberKeys,
    column_from_values,
)
from harness.serve.query.table import Comparable
from harness.serve.row_writer import value_for_none, values_at_path
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import AttributePath, FieldPath, ValuePath
from harness.specification.model import Field, IdForm, Listing
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.wire.derived_fields import parts_of_value, shown_attributes
from harness.wire.row_codec import field_at, show_record
from harness.wire.time_codecs import TIME_CODECS, time_step
from harness.world.ordered_rows import NO_VALUE, OrderedRowTable

_BATCH_ROWS: Final = 5_000


@final
class ColumnBuilder:
    """Builds the columns of one API over one timeline."""

    def __init__(self, listing: Listing, dialect: Dialect, timeline: OrderedRowTable) -> None:
        self._listing = listing
        self._dialect = dialect
        self._timeline = timeline
        self._grain = Grain(listing.lists.one_row_per)

    def build(self, path: ValuePath, *, equal_only: bool) -> KeyColumn:
        """The column at a path; with `equal_only` keys may be hashes, which have neither values nor an order."""
        if self._is_derived(path):
            made_from = shown_attributes(self._listing.fields, [path.head])
            return self._build_from_rows(path, any(one in self._timeline.changing_attributes for one in made_from))
        attribute, field, words = self._find_source(path)
        head, tail = attribute.head, attribute.inner
        changes = head in self._timeline.changing_attributes
        inner = (None, self._timeline) if tail is None else self._timeline.nested_rows(head)
        if inner is None or (tail is not None and tail.inner is not None):
            return self._build_from_rows(path, changes)
        rows, timeline = inner
        name = head if tail is None else tail.head
        if name not in ATTRIBUTES[timeline.grain]:
            return self._build_from_rows(path, changes)
        form = self._form_at(path, field)
        if form is not None:
            keyed = self._build_ids(timeline, name, form) if equal_only else None
            if keyed is None:
                return self._build_from_rows(path, changes)
            return KeyColumn(keyed[0], keyed[1], rows=rows, changes=changes)
        made = self._build_from_timeline(
            timeline, name, field, words, value_for_none(field, self._dialect), equal_only
        )
        if made is None:
            return self._build_from_rows(path, changes)
        return KeyColumn(made[0], made[1], rows=rows, changes=changes)

    def _is_derived(self, path: ValuePath) -> bool:
        """Whether the field at a path is not one attribute as it stands."""
        if isinstance(path, AttributePath) or path.hidden:
            return False
        field = field_at(self._listing.fields, path)
        return field is not None and (field.shows is None or field.when is not None)

    def _form_at(self, path: ValuePath, field: Field | None) -> IdForm | str | None:
        if isinstance(path, FieldPath) and path.hidden:
            return self._listing.hidden[path.head].form
        return field.form if field is not None else None

    def _build_ids(self, timeline: OrderedRowTable, name: str, form: IdForm | str) -> tuple[Any, IdKeys] | None:
        """Keys and scale by which ids can be found; None for attributes whose values are positions in a list."""
        made = self._build_from_timeline(timeline, name, None, None, None, True)
        if made is None or isinstance(made[1], DictionaryKeys):
            return None
        return made[0], IdKeys(made[1], form, name)

    def _find_source(self, path: ValuePath) -> tuple[AttributePath, Field | None, dict[str, str] | None]:
        """The world's attribute at a path, and the field that shows it or the words that stand for its values."""
        if isinstance(path, AttributePath):
            return path, None, None
        if path.hidden:
            hidden = self._listing.hidden[path.head]
            return hidden.holds, None, dict(hidden.words) or None
        field = field_at(self._listing.fields, path)
        around = self._listing.fields[path.head]
        if field is None or field.shows is None or around.shows is None:
            return AttributePath(path.steps), field, None
        steps = (around.shows, field.shows) if len(path.steps) == 2 else (field.shows,)
        return AttributePath(steps), field, None

    def _build_from_timeline(
        self,
        timeline: OrderedRowTable,
        name: str,
        field: Field | None,
        words: dict[str, str] | None,
        none: int | None,
        equal_only: bool,
    ) -> tuple[Any, Any] | None:
        """Keys and scale, made without looking at single rows; None for kinds of values that only rows give."""
        kind = ATTRIBUTES[timeline.grain][name].kind
        codec = field.as_ if field is not None else None
        if field is not None and (field.unit != "seconds" or field.negative or field.number == "bare" or field.only):
            return None
        if kind is AttributeKind.INSTANT and words is None and codec is None:
            return timeline.integer_column(name), InstantKeys(1_000)
        if kind is AttributeKind.INSTANT and field is not None and field.as_ in TIME_CODECS:
            millis = timeline.integer_column(name)
            step = max(time_step(field.as_, field.format) // timedelta(milliseconds=1), 1)
            keys = millis if step == 1 else np.where(millis == NO_VALUE, NO_VALUE, millis // step)
            return keys, InstantKeys(step * 1_000)
        if (
            kind in (AttributeKind.INTEGER, AttributeKind.FLAG)
            and words is None
            and codec in (None, "integer", "digits", "flag")
        ):
            numbers = timeline.integer_column(name)
            return numbers if none is None else np.where(numbers == NO_VALUE, none, numbers), NumberKeys()
        if kind is AttributeKind.SECONDS and codec == "integer":
            millis = timeline.integer_column(name)
            return np.where(millis == NO_VALUE, NO_VALUE if none is None else none, millis // 1000), NumberKeys()
        if kind is AttributeKind.SECONDS and codec == "decimal" and field is not None and field.digits == 3:
            return timeline.integer_column(name), NumberKeys(3)
        if kind is AttributeKind.TEXT and codec in (None, "text") and words is None:
            if equal_only and not timeline.has_repeated_texts(name):
                return timeline.hash_column(name).numbers, HashKeys()
            found = timeline.word_column(name)
            return found.codes, DictionaryKeys(found.values)
        if kind in (AttributeKind.WORD, AttributeKind.TEXT) and (words is not None or codec == "word"):
            table = words if words is not None else field.words if field is not None else {}
            found = timeline.word_column(name)
            words_shown = [table.get(value) for value in found.values]
            values = sorted({value for value in words_shown if value is not None})
            codes = [-1 if value is None else values.index(value) for value in words_shown]
            return np.asarray([*codes, -1], dtype=np.int32)[found.codes], DictionaryKeys(values)
        if kind is AttributeKind.WORD and codec in (None, "text") and words is None:
            found = timeline.word_column(name)
            return found.codes, DictionaryKeys(found.values)
        return None

    def _build_from_rows(self, path: ValuePath, changes: bool) -> KeyColumn:
        """The column from the rows themselves, one by one: slow, but right for every kind of value."""
        return column_from_values(list(self._row_values(path)), len(self._timeline), changes=changes)

    def _row_values(self, path: ValuePath) -> Iterator[tuple[int, Comparable | None]]:
        names: list[str] = []
        if isinstance(path, AttributePath):
            attributes = [path.head]
        elif path.hidden:
            attributes = [self._listing.hidden[path.head].holds.head]
        else:
            fields = self._listing.fields
            attributes = list(shown_attributes(fields, [path.head]))
            names = [*(name for name in parts_of_value(fields[path.head]) if name in fields), path.head]
        zone = default_zone(self._listing, self._dialect)
        known = tuple(name for name in attributes if name in ATTRIBUTES[self._grain])
        for first in range(0, len(self._timeline), _BATCH_ROWS):
            rows = np.arange(first, min(first + _BATCH_ROWS, len(self._timeline)), dtype=np.int64)
            for row, record in zip(rows.tolist(), self._timeline.records_at(rows, known), strict=True):
                shown = show_record({name: self._listing.fields[name] for name in names}, record, zone=zone)
                for value in values_at_path(self._listing, self._dialect, path, record, shown):
                    yield row, value
