"""Many rows as bytes of one form, or as a typed table, from their columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast, final

import numpy as np

from harness.specification.model import Field
from harness.telephony.attributes import ATTRIBUTES
from harness.telephony.columns import Flags, Integers
from harness.wire.columns.column_source import ColumnSource, NestingSource
from harness.wire.columns.field_columns import FieldColumn, rows_field
from harness.wire.columns.row_block import RowBlock
from harness.wire.columns.row_bytes import Bytes, rows_as_bytes
from harness.wire.columns.row_cells import Cell, CellMaker, PlainCell, RowRules
from harness.wire.columns.row_forms import JsonForm, RowForm, escape_json
from harness.wire.columns.row_pieces import PieceMaker
from harness.wire.columns.row_texts import ChosenTexts, NestedPieces, Piece, Texts, few_texts, nested_texts
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing
from harness.wire.row_objects import object_around

_COMMA_OR_NONE: Final = few_texts(",", "")


@final
@dataclass(slots=True)
class _Seen:
    """Whether a row has any field so far: none has, all have, or these."""

    rows: Flags | bool = False

    def add(self, written: Flags | bool) -> None:
        """Take in the rows that have one more field."""
        if written is True or self.rows is True:
            self.rows = True
        elif not isinstance(written, bool):
            self.rows = written if isinstance(self.rows, bool) else self.rows | written


@final
@dataclass(frozen=True, slots=True)
class _ObjectRows:
    """The rows in which an object stands, None for all; the others write `other` in its place."""

    there: Flags | None
    other: Tree | Missing


@final
class RowEncoder:
    """Writes rows of one API in one form; what was made of pools of texts is kept from slice to slice."""

    def __init__(self, rules: RowRules, form: RowForm, fallbacks: dict[str, str], path: str = "") -> None:
        self.rules = rules
        self.form = form
        self._cells = CellMaker(rules, fallbacks, path)
        self._pieces = PieceMaker(form.escape, escape_json)
        self._inner = inner_encoders(rules, fallbacks, path)
        self._is_nested = bool(path)

    def encode(self, source: NestingSource) -> Iterator[Bytes]:
        """The rows, one after the other, some thousand at a time."""
        return rows_as_bytes(self._row_pieces(source), len(source)) if len(source) else iter(())

    def block(self, source: NestingSource) -> RowBlock:
        """The rows as pieces, of which a few rows at a time can be written."""
        return RowBlock(self._row_pieces(source), len(source))

    @property
    def nests(self) -> bool:
        """Whether rows hold rows."""
        return bool(self._inner)

    def nested_pieces(self, source: ColumnSource, counts: Integers) -> NestedPieces:
        """Nested rows, of which each row has so many; all but the first of a row begin with a comma."""
        if not len(source):
            return NestedPieces(counts, ())
        first = np.zeros(len(source), dtype=np.int64)
        first[(np.cumsum(counts) - counts)[counts > 0]] = 1
        found = self._pieces.joined_pieces([ChosenTexts(_COMMA_OR_NONE, first), *self._row_pieces(source)])
        return NestedPieces(counts, tuple(piece for piece in found if not isinstance(piece, NestedPieces)))

    def _row_pieces(self, source: ColumnSource) -> list[Piece]:
        fields = self.rules.fields
        cells = {name: self._cell(name, source) for name in fields}
        seen = _Seen()
        inner = self._fields_pieces(None, cells, seen, None, len(source))
        before, after, empty = self.form.row_around()
        pieces = _around(inner, before, after, empty, seen, len(source))
        return self._pieces.joined_pieces(pieces)

    def _cell(self, name: str, source: ColumnSource) -> Cell | PlainCell | None:
        # Rows in nested rows are texts: what is nested is made of pieces that are none themselves.
        nested = nested_field(self._inner, name, self.rules, source, as_texts=self._is_nested)
        return self._cells.cell(name, source, nested)

    # --- the fields of a row, or of an object in it -----------------------------------------------------------

    def _fields_pieces(
        self,
        around: str | None,
        cells: Mapping[str, Cell | PlainCell | None],
        seen: _Seen,
        there: Flags | None,
        rows: int,
    ) -> list[Piece]:
        """The pieces of the fields that stand in the row itself, or in an object; only in the rows of `there`."""
        fields, found = self.rules.fields, list[Piece]()
        for name in fields:
            if object_around(fields, name) != around or not follows_object(fields, name):
                continue
            key = name if around is None else name[len(around) + 1 :]
            if fields[name].as_ == "object":
                found += self._object_pieces(name, key, cells, seen, there, rows)
                continue
            cell = cells[name]
            if isinstance(cell, PlainCell):
                found += self._plain_pieces(key, cell, seen, there)
            elif cell is not None:
                found += self._cell_pieces(key, cell, seen, there, rows)
        return found

    def _object_pieces(
        self,
        name: str,
        key: str,
        cells: Mapping[str, Cell | PlainCell | None],
        seen: _Seen,
        there: Flags | None,
        rows: int,
    ) -> list[Piece]:
        state = object_rows(self.rules, name, cells, rows)
        if state is None:
            return []
        within, seen_within = _both_rows(state.there, there), _Seen()
        inner = self._fields_pieces(name, cells, seen_within, within, rows)
        before, after, empty = self.form.object_around(key)
        written: Flags | bool = True if there is None else there
        other = ""
        if isinstance(state.other, Missing):
            written = True if within is None else within
        else:
            other = self.form.other(key, state.other)
        separator = _only_where(written, self._separator_pieces(seen, written))
        if within is None:
            return [*separator, *_around(inner, before, after, empty, seen_within, rows)]
        # Each row has an object with or without fields, what stands in its place, or nothing.
        filled = within if seen_within.rows is True else within & seen_within.rows
        places = np.where(within, np.where(filled, 0, 1), 2)
        if there is not None:
            places = np.where(there, places, 3)
        opening = ChosenTexts(few_texts(before, empty, other, ""), places)
        closing = ChosenTexts(few_texts(after, ""), (places > 0).astype(np.int64))
        return [*separator, opening, *inner, closing]

    def _cell_pieces(self, key: str, cell: Cell, seen: _Seen, there: Flags | None, rows: int) -> list[Piece]:
        form = self.form
        others = [("" if isinstance(tree, Missing) else form.other(key, tree)) for tree in cell.others]
        chosen = cell.chosen
        value = cell.value
        if value is None:
            if there is None and isinstance(cell.others[0], Missing):
                return []
            written: Flags | bool = not isinstance(cell.others[0], Missing)
            written = there if there is not None and written else written
            separator = self._separator_pieces(seen, written)
            if there is None:
                return [*separator, others[0]]
            return [*separator, ChosenTexts(few_texts("", others[0]), there.astype(np.int64))]
        if not form.separated and value.text:
            blank = value.blank()
            if blank is not None and blank.any():
                # In XML an empty text is an element without content.
                others.append(form.other(key, ""))
                chosen = _chosen_also(chosen, blank, len(others), rows)
        gone = [place for place, tree in enumerate(cell.others, 1) if isinstance(tree, Missing)]
        if there is not None:
            others.append("")
            chosen = np.where(there, _no_choice(chosen, rows), len(others))
            gone.append(len(others))
        written = True if chosen is None or not gone else ~np.isin(chosen, gone)
        before, after = form.around(key, text=value.text)
        separator = self._separator_pieces(seen, written)
        if len(separator) == 1 and isinstance(separator[0], str):
            # A comma that always stands before the field is a part of it.
            before = separator[0] + before
            others = [separator[0] + other if place not in gone else "" for place, other in enumerate(others, 1)]
            separator = []
        pieces = self._pieces.value_pieces(value.parts, before, after, tuple(others), chosen, escaped=value.text)
        return [*separator, *pieces]

    def _plain_pieces(self, key: str, cell: PlainCell, seen: _Seen, there: Flags | None) -> list[Piece]:
        written = np.asarray([not isinstance(tree, Missing) for tree in cell.trees], dtype=np.bool_)
        if there is not None:
            written = written & there
        texts = ["" if isinstance(tree, Missing) else self.form.other(key, tree) for tree in cell.trees]
        separator = _only_where(written, self._separator_pieces(seen, written))
        places = np.where(written, np.arange(len(texts)), len(texts))
        return [*separator, ChosenTexts(Texts([*texts, ""], lasting=False), places)]

    def _separator_pieces(self, seen: _Seen, written: Flags | bool) -> list[Piece]:
        """The comma before a field that these rows write."""
        before = seen.rows
        seen.add(written)
        if not self.form.separated or before is False or written is False:
            return []
        if before is True:
            return [","]
        places = before if isinstance(written, bool) else before & written
        return [ChosenTexts(few_texts("", ","), places.astype(np.int64))]


def _only_where(written: Flags | bool, separator: list[Piece]) -> list[Piece]:
    """A comma before a field only in the rows that write it."""
    if isinstance(written, bool):
        return separator
    return [
        ChosenTexts(few_texts("", piece), written.astype(np.int64)) if isinstance(piece, str) else piece
        for piece in separator
    ]


def _no_choice(chosen: Integers | None, rows: int) -> Integers:
    return np.zeros(rows, dtype=np.int64) if chosen is None else chosen


def _chosen_also(chosen: Integers | None, here: Flags, place: int, rows: int) -> Integers:
    base = _no_choice(chosen, rows)
    return np.where(here & (base == 0), place, base)


def _both_rows(first: Flags | None, second: Flags | None) -> Flags | None:
    if first is None or second is None:
        return first if second is None else second
    return first & second


def follows_object(fields: Mapping[str, Field], name: str) -> bool:
    """Whether the object around a field stands before it: otherwise it has no place."""
    around = object_around(fields, name)
    names = list(fields)
    return around is None or (names.index(around) < names.index(name) and follows_object(fields, around))


def _around(inner: Sequence[Piece], before: str, after: str, empty: str, seen: _Seen, rows: int) -> list[Piece]:
    if seen.rows is True:
        return [before, *inner, after]
    if seen.rows is False:
        return [empty]
    places = (~seen.rows).astype(np.int64)
    return [ChosenTexts(few_texts(before, empty), places), *inner, ChosenTexts(few_texts(after, ""), places)]


def object_rows(
    rules: RowRules, name: str, cells: Mapping[str, Cell | PlainCell | None], rows: int
) -> _ObjectRows | None:
    """In which rows an object is written; None where it never is, nor anything in its place."""
    fields = rules.fields
    parts = [part for part in fields if part.startswith(f"{name}.")]
    told = [part for part in parts if fields[part].is_told]
    if not told:
        return None if fields[name].optional or parts else _ObjectRows(None, MISSING)
    shown: Flags | bool = False
    for part in told:
        cell = cells.get(part)
        here = cell.shown if cell is not None else False
        if here is True or shown is True:
            shown = True
        elif not isinstance(here, bool):
            shown = here if isinstance(shown, bool) else shown | here
    absent = rules.choices.resolve(fields[name].absent)
    if shown is True or absent not in ("none", "missing"):
        return _ObjectRows(None, MISSING)
    there = np.zeros(rows, dtype=np.bool_) if isinstance(shown, bool) else shown
    return _ObjectRows(there, None if absent == "none" else MISSING)


# --- nested rows ----------------------------------------------------------------------------------------------


def inner_encoders(rules: RowRules, fallbacks: dict[str, str], path: str) -> dict[str, RowEncoder]:
    """An encoder for each field of nested rows; they are JSON whatever the form of the row."""
    found: dict[str, RowEncoder] = {}
    for name, one in rules.fields.items():
        inner = ATTRIBUTES[rules.grain].get(one.shows or "")
        if one.as_ == "rows" and inner is not None and inner.rows is not None:
            nested = replace(rules, grain=inner.rows, fields=one.fields, repeated={})
            found[name] = RowEncoder(nested, JsonForm(), fallbacks, f"{path}{name}.")
    return found


def nested_field(
    encoders: Mapping[str, RowEncoder], name: str, rules: RowRules, source: ColumnSource, *, as_texts: bool
) -> FieldColumn | None:
    """The column of a field of nested rows, in pieces or as texts; None for any other field."""
    encoder = encoders.get(name)
    if encoder is None:
        return None
    counts, inner = cast(NestingSource, source).nested(rules.fields[name].shows or "")
    nested = encoder.nested_pieces(inner, counts)
    return rows_field(counts, nested_texts(nested) if as_texts else nested)
