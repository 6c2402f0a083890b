"""What an API hides of many rows, from their columns: the lines of `encode_hidden_rows`, not made row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast, final

import numpy as np
import polars as pl

from harness.generate.rows import plain_hidden_value
from harness.specification.field_path import AttributePath
from harness.specification.model import HiddenAttribute, Listing
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.wire.columns.column_source import ColumnSource
from harness.wire.columns.row_cells import RowRules
from harness.wire.columns.row_encoder import RowEncoder
from harness.wire.columns.row_forms import JsonForm, escape_json
from harness.wire.decoded_body import Tree
from harness.wire.id_forms import hidden_ids
from harness.wire.json_body import encode_json
from harness.world.column_types import column_values
from harness.world.random_streams import IntArray
from harness.world.row_columns import RowColumns


def has_plain_identity(listing: Listing) -> bool:
    """Whether the identity of a row hangs on no other field, so that it can be written alone."""
    name = listing.lists.identity
    return name in listing.fields and "." not in name and listing.fields[name].template is None


@final
class HiddenEncoder:
    """Writes for each row a line with its identity, its hidden values and its owners."""

    def __init__(self, listing: Listing, rules: RowRules) -> None:
        self._listing = listing
        self._grain = rules.grain
        name = listing.lists.identity
        identity = replace(rules, fields={name: rules.fields[name]})
        self._identities = RowEncoder(identity, JsonForm("\n"), {})
        self._before = f'{{"{escape_json(name)}":'

    def encode(self, columns: RowColumns) -> bytes:
        """The lines of these rows."""
        lines = b"".join(self._identities.encode(columns)).decode().split("\n")[:-1]
        identities = pl.Series(lines, dtype=pl.String).str.strip_prefix(self._before).str.strip_suffix("}")
        parts: list[pl.Series | str] = ['{"identity":', identities, ',"hidden":{']
        for number, (name, hidden) in enumerate(self._listing.hidden.items()):
            comma = "," if number else ""
            parts += [f'{comma}"{escape_json(name)}":[', self._values(columns, hidden.holds, hidden), "]"]
        parts.append("}")
        scope = self._listing.scope
        owners = scope.owner_attributes if scope is not None else ()
        if owners:
            found = [self._values(columns, path, None).replace("", None) for path in owners]
            joined = pl.select(pl.concat_str([pl.lit(one) for one in found], separator=",", ignore_nulls=True))
            parts += [',"owners":[', joined.to_series(), "]"]
        parts.append("}\n")
        texts = [pl.lit(part, dtype=pl.String) if isinstance(part, str) else pl.lit(part) for part in parts]
        return "".join(pl.select(pl.concat_str(texts)).to_series().to_list()).encode()

    def _values(self, columns: RowColumns, path: AttributePath, hidden: HiddenAttribute | None) -> pl.Series:
        """For each row its values at a path as JSON, with commas between them; an empty text for none."""
        counts, texts = _values_at(columns, self._grain, path, hidden)
        if counts is None:
            return texts.fill_null("")
        rows = pl.DataFrame({"row": np.repeat(np.arange(len(counts)), counts), "text": texts}).drop_nulls()
        joined = rows.group_by("row", maintain_order=True).agg(pl.col("text").str.join(","))
        all_rows = pl.DataFrame({"row": np.arange(len(counts))})
        return all_rows.join(joined, on="row", how="left", maintain_order="left")["text"].fill_null("")


def _values_at(
    source: ColumnSource, grain: Grain, path: AttributePath, hidden: HiddenAttribute | None
) -> tuple[IntArray | None, pl.Series]:
    """How many values each row has at a path, None for one each, and all of them as JSON; null for none."""
    attribute = ATTRIBUTES[grain][path.head]
    if path.inner is not None:
        if not isinstance(source, RowColumns) or attribute.rows is None:
            raise ValueError(f"a {grain} has no rows {path.head}")
        counts, nested = source.nested(path.head)
        inner, texts = _values_at(nested, attribute.rows, path.inner, hidden)
        if inner is None:
            return counts, texts
        ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(inner)])
        borders = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
        return np.diff(ends[borders]), texts
    series = source.column(path.head).series()
    if attribute.kind is AttributeKind.TEXT_LIST:
        return series.list.len().to_numpy().astype(np.int64), _as_json(
            series.explode(empty_as_null=False), AttributeKind.TEXT, hidden
        )
    return None, _as_json(series, attribute.kind, hidden)


def _as_json(series: pl.Series, kind: AttributeKind, hidden: HiddenAttribute | None) -> pl.Series:
    """Each value as JSON, made once for all rows that have it."""
    known = series.drop_nulls().unique()
    texts = [encode_json(_shown_value(value, hidden)).decode() for value in column_values(known, kind)]
    return series.replace_strict(known, pl.Series(texts, dtype=pl.String), default=None, return_dtype=pl.String)


def _shown_value(value: Any, hidden: HiddenAttribute | None) -> Tree:
    if hidden is None:
        return cast(Tree, value)
    (shown,) = hidden_ids(hidden, (value,))
    words: dict[Any, str] = dict(hidden.words)
    return plain_hidden_value(words.get(shown, shown) if not isinstance(shown, datetime) else shown)
