"""Many rows as lines of a table of texts, and as a typed table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, cast, final

import numpy as np
import polars as pl

from harness.specification.model import Field
from harness.telephony.attributes import ATTRIBUTES
from harness.telephony.columns import Flags, TextListColumn, TextPool, made_once
from harness.wire.columns.column_source import ColumnSource, NestingSource, NotVectorised
from harness.wire.columns.field_columns import FieldColumn, typed_instants
from harness.wire.columns.nested_columns import column_of_lists, list_column, nested_type, table_type
from harness.wire.columns.row_bytes import Bytes, rows_as_bytes
from harness.wire.columns.row_cells import Cell, CellMaker, PlainCell, RowRules
from harness.wire.columns.row_encoder import follows_object, inner_encoders, nested_field, object_rows
from harness.wire.columns.row_forms import csv_cell, csv_cell_of, escape_json, quotes_doubled
from harness.wire.columns.row_pieces import PieceMaker, text_part_flags
from harness.wire.columns.row_texts import ChosenTexts, Piece, Texts, few_texts, rows_as_series
from harness.wire.json_body import Missing, encode_json
from harness.wire.row_objects import object_around

_LINE_END: Final = "\r\n"
_LISTS: Final = ("rows", "text-list")


def told_names(rules: RowRules) -> tuple[str, ...]:
    """The fields that a table has as columns."""
    return tuple(name for name, field in rules.fields.items() if field.is_told)


@final
class TableEncoder:
    """Makes tables of the rows of one API; what was made of pools of texts is kept from slice to slice."""

    def __init__(self, rules: RowRules, fallbacks: dict[str, str], path: str = "") -> None:
        self.rules = rules
        self.names = told_names(rules)
        self._cells = CellMaker(rules, fallbacks, path)
        self._inner = inner_encoders(rules, fallbacks, path)
        self._inner_tables = {
            name: TableEncoder(encoder.rules, fallbacks, f"{path}{name}.") for name, encoder in self._inner.items()
        }
        self._cell_texts = PieceMaker(csv_cell, escape_json)
        self._quoted_texts = PieceMaker(quotes_doubled, escape_json, doubles_quotes=True)
        self._json_texts = PieceMaker(escape_json, escape_json)

    def _made(self, source: ColumnSource) -> dict[str, Cell | PlainCell | None]:
        return {
            name: self._cells.cell(name, source, nested_field(self._inner, name, self.rules, source, as_texts=True))
            for name in self.rules.fields
        }

    def encode_lines(self, source: NestingSource) -> Iterator[Bytes]:
        """The rows as lines of a table (RFC 4180), some thousand at a time."""
        if not len(source):
            return iter(())
        cells, rows = self._made(source), len(source)
        pieces: list[Piece] = []
        for place, name in enumerate(self.names):
            if place:
                pieces.append(",")
            there, cell = self._rows_with(name, cells, rows), cells[name]
            if len(self.names) == 1:
                # An empty cell is quoted where it is the only one.
                cell = self._cells.plain_cell(name, source)
            if isinstance(cell, PlainCell):
                texts = [csv_cell_of(tree) for tree in cell.trees]
                if len(self.names) == 1:
                    texts = [text or '""' for text in texts]
                pieces.append(ChosenTexts(Texts([*texts, ""], lasting=False), _places(there, rows, len(texts))))
            elif cell is not None:
                pieces += self._cell_pieces(cell, there, rows)
        pieces.append(_LINE_END)
        return rows_as_bytes(self._cell_texts.joined_pieces(pieces), rows)

    def _rows_with(self, name: str, cells: dict[str, Cell | PlainCell | None], rows: int) -> Flags | None:
        """The rows that have the objects in which a field stands; None for all."""
        fields, there = self.rules.fields, None
        if not follows_object(fields, name):
            return np.zeros(rows, dtype=np.bool_)
        around = object_around(fields, name)
        while around is not None:
            state = object_rows(self.rules, around, cells, rows)
            if state is None:
                return np.zeros(rows, dtype=np.bool_)
            if state.there is not None:
                there = state.there if there is None else there & state.there
            around = object_around(fields, around)
        return there

    def _cell_pieces(self, cell: Cell, there: Flags | None, rows: int) -> list[Piece]:
        others, chosen = [csv_cell_of(tree) for tree in cell.others], cell.chosen
        value = cell.value
        if value is None:
            if there is None:
                return [others[0]]
            return [ChosenTexts(few_texts("", others[0]), there.astype(np.int64))]
        if there is not None:
            others.append("")
            base = np.zeros(rows, dtype=np.int64) if chosen is None else chosen
            chosen = np.where(there, base, len(others))
        if value.text and len(value.parts) == 1:
            return list(self._cell_texts.value_pieces(value.parts, "", "", tuple(others), chosen, escaped=True))
        special = text_part_flags(value.parts, _needs_quotes)
        if isinstance(special, bool):
            quote = '"' if special else ""
            parts = self._quoted_texts.value_pieces(value.parts, quote, quote, tuple(others), chosen, escaped=special)
            return list(parts)
        if chosen is not None:
            special = special & (chosen == 0)
        mark = ChosenTexts(few_texts("", '"'), special.astype(np.int64))
        inner = self._quoted_texts.value_pieces(value.parts, "", "", tuple(others), chosen, escaped=True)
        return [mark, *inner, mark]

    # --- typed ----------------------------------------------------------------------------------------------

    def table(self, source: NestingSource) -> pl.DataFrame:
        """A typed table: instants in UTC, numbers as numbers, none as null, lists as JSON."""
        fields, columns = self.rules.fields, list[pl.Series]()
        # Which rows have an object, and so the list in it, hangs on the other fields of it.
        cells = self._made(source) if any(fields[name].as_ in _LISTS for name in self.names) else {}
        for name in self.names:
            if fields[name].as_ in _LISTS:
                series = self._json_column(cells[name], self._rows_with(name, cells, len(source)), len(source))
            else:
                series = self._typed_column(name, source)
            columns.append(series.alias(name))
        return pl.DataFrame(columns)

    def nested_table(self, source: NestingSource) -> pl.DataFrame:
        """A typed table whose lists are lists, of structs for nested rows, and empty where a row has none."""
        fields = self.rules.fields
        return pl.DataFrame(
            (
                self._list_column(name, fields[name], source)
                if fields[name].as_ in _LISTS
                else self._typed_column(name, source)
            ).alias(name)
            for name in self.names
        )

    def _list_column(self, name: str, field: Field, source: NestingSource) -> pl.Series:
        if name in self._inner_tables:
            counts, inner = source.nested(field.shows or "")
            if not len(inner):
                return column_of_lists(field, [None] * len(counts))
            rows = self._inner_tables[name].nested_table(cast(NestingSource, inner))
            return list_column(counts, rows).cast(nested_type(field))
        shows = field.shows or ""
        if field.as_ == "text-list" and shows in ATTRIBUTES[self.rules.grain]:
            column = source.column(shows)
            if isinstance(column, TextListColumn):
                return column.series()
        return column_of_lists(field, self._cells.plain_values(name, source))

    def _typed_column(self, name: str, source: ColumnSource) -> pl.Series:
        field, rows = self.rules.fields[name], len(source)
        kind = table_type(field)
        if field.constant and field.when is None:
            return pl.Series([field.constant[0]], dtype=kind, strict=False).new_from_index(0, rows)
        if field.template is not None and field.shows is None and field.present_of is None:
            try:
                # A table holds rows, and what they repeat of a request is no part of them.
                made = self._cells.template_column(name, source, with_repeated=False)
            except NotVectorised:
                return pl.Series(self._cells.plain_values(name, source), dtype=kind)
            return pl.Series([None], dtype=kind).new_from_index(0, rows) if made is None else made.series()
        shows = field.shows or ""
        if (
            kind.is_temporal()
            and field.present_of is None
            and field.when is None
            and shows in ATTRIBUTES[self.rules.grain]
        ):
            # The texts of times take the longest to make, and a table has none.
            with suppress(NotVectorised):
                return typed_instants(field, source.column(shows), self.rules.zone).cast(kind)
        cell = self._cells.cell(name, source, None)
        if isinstance(cell, Cell) and cell.value is not None:
            return cell.value.table().cast(kind)
        return pl.Series(self._cells.plain_values(name, source), dtype=kind)

    def _json_column(self, cell: Cell | PlainCell | None, there: Flags | None, rows: int) -> pl.Series:
        if isinstance(cell, PlainCell):
            trees = [None if there is not None and not there[row] else tree for row, tree in enumerate(cell.trees)]
            texts = [
                None if tree is None or isinstance(tree, Missing) else encode_json(tree).decode() for tree in trees
            ]
            return pl.Series(texts, dtype=pl.String)
        if cell is None or cell.value is None:
            return pl.Series([None], dtype=pl.String).new_from_index(0, rows)
        others = tuple(
            "" if tree is None or isinstance(tree, Missing) else encode_json(tree).decode() for tree in cell.others
        )
        value: FieldColumn = cell.value
        pieces = self._json_texts.value_pieces(value.parts, "", "", others, cell.chosen, escaped=False)
        series = rows_as_series(self._json_texts.joined_pieces(list(pieces)), rows)
        none = [place for place, tree in enumerate(cell.others, 1) if tree is None or isinstance(tree, Missing)]
        gone = np.zeros(rows, dtype=np.bool_) if cell.chosen is None else np.isin(cell.chosen, none)
        if there is not None:
            gone = gone | ~there
        return series.zip_with(pl.Series(~gone), pl.Series([None], dtype=pl.String)) if gone.any() else series


def _places(there: Flags | None, rows: int, nothing: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    places = np.arange(rows, dtype=np.int64)
    return (
        places
        if there is None
        else cast("np.ndarray[tuple[int, ...], np.dtype[np.int64]]", np.where(there, places, nothing))
    )


@made_once
def _needs_quotes(pool: TextPool, inner: bool) -> Flags:
    texts = [escape_json(text) if inner else text for text in pool.texts]
    return np.asarray([*(csv_cell(text) != text for text in texts), False], dtype=np.bool_)
