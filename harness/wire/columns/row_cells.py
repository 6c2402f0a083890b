"""The cells of rows: for each field what its rows write, and what those write that have nothing to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast, final
from zoneinfo import ZoneInfo

import numpy as np

from harness.specification.dialect import ChoiceResolver
from harness.specification.model import Field, UnsetParts
from harness.specification.value_forms import TEMPLATE_PLACE
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.columns import Column, Flags, Integers, TextColumn, TextPart
from harness.wire.columns.column_source import ColumnSource, NotVectorised
from harness.wire.columns.field_columns import (
    FieldColumn,
    constant_text,
    field_column,
    presence_column,
    shown_parts,
    text_field,
)
from harness.wire.decoded_body import Tree
from harness.wire.derived_fields import parts_of_value, shown_attributes
from harness.wire.json_body import MISSING, Missing
from harness.wire.row_codec import absent_forms, encode_field, encode_repeated, encode_row, show_record

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What the bytes of rows depend on besides the rows themselves."""

    grain: Grain
    fields: Mapping[str, Field]
    zone: ZoneInfo
    choices: ChoiceResolver
    text_carried: bool
    unset: UnsetParts
    repeated: Mapping[str, str]


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """One field of many rows.

    `chosen` says for each row which of `others` it writes in place of its value, counted from 1, or 0 for the value;
    None where all write their value. Without `value` all rows write the first of `others`. `shown` says which rows
    show anything at all.
    """

    name: str
    value: FieldColumn | None
    chosen: Integers | None
    others: tuple[Tree | Missing, ...]
    shown: Flags | bool


@final
@dataclass(frozen=True, slots=True)
class PlainCell:
    """One field of many rows whose values were made row by row."""

    name: str
    trees: tuple[Tree | Missing, ...]
    shown: Flags


@final
class CellMaker:
    """Makes the cells of rows; `fallbacks` gathers the fields that were made row by row, with the reason."""

    def __init__(self, rules: RowRules, fallbacks: dict[str, str], path: str = "") -> None:
        self.rules = rules
        self.fallbacks = fallbacks
        self.path = path
        # What is once found to have no columns is not tried again.
        self._plain: dict[str, str] = {}

    def cell(self, name: str, source: ColumnSource, nested: FieldColumn | None) -> Cell | PlainCell | None:
        """The cell of a field; None for one that is never written. `nested` is the column of a list of rows."""
        rules, field = self.rules, self.rules.fields[name]
        if field.repeats is not None and name in rules.repeated:
            tree = encode_repeated(field, rules.repeated[name], text_carried=rules.text_carried)
            return Cell(name, None, None, (tree,), False)
        if field.as_ == "object" or not field.is_told:
            return None
        if field.constant and field.when is None:
            return self._constant_cell(name, field)
        if name not in self._plain:
            try:
                value = nested if nested is not None else self._value(name, field, source)
                return self._cell_of_value(name, field, value)
            except NotVectorised as problem:
                self._plain[name] = str(problem)
                self.fallbacks[self.path + name] = f"it is {problem}"
        return self.plain_cell(name, source)

    def _constant_cell(self, name: str, field: Field) -> Cell:
        value = field.constant[0]
        rules = self.rules
        encoded = encode_field(
            field, value, zone=rules.zone, choices=rules.choices, text_carried=rules.text_carried, unset=rules.unset
        )
        out = rules.unset == "left-out" and (
            (field.unset is not None and value == field.unset)
            or (value in (None, (), "") and "missing" in absent_forms(field))
        )
        return Cell(name, None, None, (MISSING if out else encoded,), value is not None)

    def _value(self, name: str, field: Field, source: ColumnSource) -> FieldColumn:
        if field.when is not None:
            raise NotVectorised("there in some rows alone")
        if field.word_type != "text" and not self.rules.text_carried:
            raise NotVectorised("a word that is no text")
        if field.template is not None and field.shows is None and field.present_of is None:
            return self._template_field(name, source)
        return field_column(
            field, self._column(field, source), zone=self.rules.zone, text_carried=self.rules.text_carried
        )

    def _column(self, field: Field, source: ColumnSource) -> Column:
        known = ATTRIBUTES[self.rules.grain]
        if field.present_of is not None:
            if field.present_of not in known or known[field.present_of].kind is AttributeKind.ROWS:
                raise NotVectorised("a flag of rows")
            return presence_column(source.column(field.present_of))
        shows = field.shows or ""
        if shows not in known or known[shows].kind is AttributeKind.ROWS:
            raise NotVectorised("a field of what these rows do not have")
        return source.column(shows)

    def _cell_of_value(self, name: str, field: Field, value: FieldColumn) -> Cell:
        rules = self.rules
        others: list[Tree | Missing] = []
        chosen: Integers | None = None
        leaves = rules.unset == "left-out"
        if value.present is not None and not value.present.all():
            missing = leaves and "missing" in absent_forms(field)
            encoded = encode_field(
                field, None, zone=rules.zone, choices=rules.choices, text_carried=rules.text_carried
            )
            others.append(MISSING if missing else encoded)
            chosen = (~value.present).astype(np.int64)
        if leaves:
            for left in self._left_out(field, value):
                others.append(MISSING)
                chosen = np.zeros(value.length, dtype=np.int64) if chosen is None else chosen
                chosen = np.where(left & (chosen == 0), len(others), chosen)
        return Cell(name, value, chosen, tuple(others), True if value.present is None else value.present)

    @staticmethod
    def _left_out(field: Field, value: FieldColumn) -> Iterator[Flags]:
        if field.unset is not None:
            same = value.equals(field.unset)
            if same is not None:
                yield same
        if "missing" in absent_forms(field):
            blank = value.blank()
            if blank is not None:
                yield blank

    # --- templates ------------------------------------------------------------------------------------------

    def _template_field(self, name: str, source: ColumnSource) -> FieldColumn:
        if self.rules.fields[name].as_ not in ("text", "word"):
            raise NotVectorised("a template that is no text")
        found = self.template_column(name, source, with_repeated=True)
        if found is None:
            return text_field(TextColumn(len(source), ("",), np.zeros(len(source), dtype=np.bool_)))
        return text_field(found)

    def template_column(self, name: str, source: ColumnSource, *, with_repeated: bool) -> TextColumn | None:
        """The texts of a template; None where not all is known that it is made of."""
        fields = self.rules.fields
        made: dict[str, TextColumn] = {}
        templates = [one for one, field in fields.items() if field.template is not None]
        for values in ({}, self.rules.repeated) if with_repeated else ({},):
            for one in templates:
                if one not in made:
                    filled = self._filled(fields[one].template or "", source, made, values)
                    if filled is not None:
                        made[one] = filled
                if one == name and one in made:
                    return made[one]
        return None

    def _filled(
        self, template: str, source: ColumnSource, made: Mapping[str, TextColumn], values: Mapping[str, str]
    ) -> TextColumn | None:
        parts: list[TextPart] = []
        present: Flags | None = None
        end = 0
        for match in TEMPLATE_PLACE.finditer(template):
            parts.append(template[end : match.start()])
            end = match.end()
            found = self._known(match[1], source, made, values)
            if found is None:
                return None
            parts += found.parts
            if found.present is not None:
                present = found.present if present is None else present & found.present
        return TextColumn(len(source), (*parts, template[end:]), present)

    def _known(
        self, name: str, source: ColumnSource, made: Mapping[str, TextColumn], values: Mapping[str, str]
    ) -> TextColumn | None:
        if name in values:
            return TextColumn(len(source), (values[name],))
        if name in made:
            return made[name]
        field = self.rules.fields.get(name)
        if field is None or (field.shows is None and field.present_of is None and not field.constant):
            return None
        if field.when is not None:
            raise NotVectorised("made of a field that some rows have alone")
        if field.constant:
            value = field.constant[0]
            none = np.zeros(len(source), dtype=np.bool_) if value is None else None
            return TextColumn(len(source), (constant_text(value),), none)
        parts, present = shown_parts(field, self._column(field, source))
        return TextColumn(len(source), parts, present)

    # --- row by row -----------------------------------------------------------------------------------------

    def plain_cell(self, name: str, source: ColumnSource) -> PlainCell:
        """The cell of a field as the row codec makes it."""
        rules = self.rules
        names = tuple(other for other in rules.fields if other == name or rules.fields[other].template is not None)
        inner = {part for other in names for part in _names_in(rules.fields, other)}
        inner |= {part for other in inner for part in _names_in(rules.fields, other)}
        fields = {other: field for other, field in rules.fields.items() if other in inner or other in names}
        fields = {other: field for other, field in fields.items() if field.as_ != "object"}
        attributes = [
            attribute for attribute in shown_attributes(fields, fields) if attribute in ATTRIBUTES[rules.grain]
        ]
        trees: list[Tree | Missing] = []
        shown: list[bool] = []
        for record in plain_records(rules.grain, source, attributes):
            row = show_record(fields, record, zone=rules.zone)
            tree = encode_row(
                fields,
                row,
                zone=rules.zone,
                choices=rules.choices,
                text_carried=rules.text_carried,
                unset=rules.unset,
                repeated=rules.repeated,
            )
            trees.append(tree.get(name, MISSING))
            shown.append(row.get(name) is not None)
        return PlainCell(name, tuple(trees), np.asarray(shown, dtype=np.bool_))

    def plain_values(self, name: str, source: ColumnSource) -> list[Any]:
        """The values that a field shows, row by row."""
        rules = self.rules
        attributes = [one for one in shown_attributes(rules.fields, (name,)) if one in ATTRIBUTES[rules.grain]]
        records = plain_records(rules.grain, source, attributes)
        fields = {one: rules.fields[one] for one in (*_names_in(rules.fields, name), name)}
        return [show_record(fields, record, zone=rules.zone).get(name) for record in records]


def _names_in(fields: Mapping[str, Field], name: str) -> tuple[str, ...]:
    return tuple(one for one in parts_of_value(fields[name]) if one in fields)


def plain_records(grain: Grain, source: ColumnSource, attributes: list[str]) -> list[Mapping[str, Any]]:
    """Rows as mappings of some attributes, nested rows as such mappings of all of theirs."""
    columns: list[list[Any]] = []
    for attribute in attributes:
        known = ATTRIBUTES[grain][attribute]
        if known.rows is None:
            columns.append(_plain_values(source.column(attribute), known.kind))
            continue
        counts, inner = source.nested(attribute)  # type: ignore[attr-defined]
        rows = plain_records(known.rows, inner, list(ATTRIBUTES[known.rows]))
        ends = np.cumsum(counts).tolist()
        columns.append([tuple(rows[end - many : end]) for end, many in zip(ends, counts.tolist(), strict=True)])
    if not attributes:
        return [{} for _ in range(len(source))]
    return [dict(zip(attributes, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain_values(column: Column, kind: AttributeKind) -> list[Any]:
    series = column.series()
    if kind is AttributeKind.INSTANT:
        physical = cast("list[int | None]", series.to_physical().to_list())
        return [None if millis is None else _EPOCH + timedelta(milliseconds=millis) for millis in physical]
    if kind is AttributeKind.TEXT_LIST:
        return [tuple(texts or ()) for texts in series.to_list()]
    return series.to_list()
