"""What tells from a row alone whether a filter keeps it: True, False, or None where the row does not tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from harness.check.oracle.value_comparison import ValueComparison, comparison_holds, values_are_kept
from harness.specification.field_path import FieldPath
from harness.specification.model import Period
from harness.wire.periods import period_span
from harness.wire.row_codec import ApiRow, row_values_at

RowPredicate = Callable[[ApiRow], bool | None]
# A run takes its time, and clocks differ: what lies so near to the end of a period may be in it or not.
_CLOCK_SLACK: Final = timedelta(minutes=10)


def period_test(path: FieldPath, period: Period, now: datetime, zone: ZoneInfo) -> RowPredicate:
    """What tells whether a row lies in a period; None near its ends, for the server's clock is not ours."""
    begin, end = period_span(period, now, zone)
    slack = min(_CLOCK_SLACK, ((end or now) - begin) / 4)
    spans = [period_span(period, now + step, zone) for step in (-slack, slack)]

    def test(row: ApiRow) -> bool | None:
        if path.hidden or path.head not in row:
            return None
        shown = [value for value in row_values_at(row, path) if isinstance(value, datetime)]
        kept = {any(first <= one and (last is None or one < last) for one in shown) for first, last in spans}
        return kept.pop() if len(kept) == 1 else None

    return test


def row_test(paths: tuple[FieldPath, ...], chosen: tuple[Any, ...], compared: ValueComparison) -> RowPredicate:
    """What tells whether a filter keeps a row; None where it cannot be told from what the row shows."""
    if compared.first_filled:
        return _first_filled_test(paths, chosen, compared)
    if compared.keeps in ("not-equal", "present", "absent") or compared.must_match_all:
        return _whole_row_test(paths, chosen, compared)
    keeps, folded = compared.keeps, compared.folded
    shown_paths = tuple(path for path in paths if not path.hidden)
    heads = tuple(path.head for path in shown_paths)
    some_hidden = len(shown_paths) < len(paths)
    simple = chosen[0] if len(chosen) == 1 and keeps == "equal" and not folded else None
    plain = simple is not None and all(path.inner is None for path in shown_paths)

    def test(row: ApiRow) -> bool | None:
        for head, path in zip(heads, shown_paths, strict=True):
            # The common case first: one field, one value, equality.
            if plain and row.get(head) == simple and type(row.get(head)) is type(simple):
                return True
            for shown in row_values_at(row, path):
                if any(comparison_holds(compared, shown, item) for item in chosen):
                    return True
        # A field that was not read, or that rows do not show, leaves the question open.
        return None if some_hidden or any(head not in row for head in heads) else False

    return test


def _first_filled_test(
    paths: tuple[FieldPath, ...], chosen: tuple[Any, ...], compared: ValueComparison
) -> RowPredicate:
    """The test of the first field that shows a value: one that was not read before it leaves the question open."""

    def test(row: ApiRow) -> bool | None:
        for path in paths:
            if path.head not in row:
                return None
            values = [value for value in row_values_at(row, path) if value is not None]
            if values:
                return values_are_kept(compared, values, chosen)
        return values_are_kept(compared, (), chosen)

    return test


def _whole_row_test(paths: tuple[FieldPath, ...], chosen: tuple[Any, ...], compared: ValueComparison) -> RowPredicate:
    """The test of a comparison that takes all values of a row together: what is not shown leaves it open."""
    some_hidden = any(path.hidden for path in paths)
    shown_paths = tuple(path for path in paths if not path.hidden)

    def test(row: ApiRow) -> bool | None:
        known = [value for path in shown_paths for value in row_values_at(row, path)]
        kept = values_are_kept(compared, known, chosen)
        if not some_hidden and all(path.head in row for path in shown_paths):
            return kept
        # What is not known can only add values: these decide what an added one does not change.
        if compared.keeps == "not-equal":
            clashes = not values_are_kept(replace(compared, absent_kept=True), known, chosen)
            return False if clashes else None
        any_value = any(value not in (None, ()) for value in known)
        if compared.keeps in ("present", "absent"):
            return kept if any_value else None
        return True if kept else None

    return test
