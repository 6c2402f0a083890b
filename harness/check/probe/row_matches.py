"""Which rows of the mirror match a request, surely or perhaps, and where a row's own form leaves that open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.check.context import Row
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.mirror import Mirror
from harness.specification.field_path import FieldPath
from harness.wire.row_codec import FieldProblem


def merged_row_values(mirror: Mirror, row: Row) -> Mapping[str, Any]:
    """What is known of a row: what it shows itself, and what the mirror's fuller copy shows."""
    known = mirror.row_with_key(row.key)
    return (
        {**known.shown, **{k: v for k, v in row.shown.items() if v is not None or k not in known.shown}}
        if known
        else row.shown
    )


def matching_rows(mirror: Mirror, meaning: ExpectedAnswer) -> tuple[list[Row], list[Row]]:
    """Rows of the mirror that surely match, and rows that may match (hidden attributes, moving data)."""
    if meaning.no_rows:
        return [], []
    known = mirror.match_cache.get(id(meaning))
    if known is not None and known[0] is meaning:
        return known[1], known[2]
    if len(mirror.match_cache) > 64:
        mirror.match_cache.clear()
    sure: list[Row] = []
    may: list[Row] = []
    for row in mirror.rows:
        verdict = _match_over_time(mirror, meaning, row)
        if verdict is True:
            sure.append(row)
        elif verdict is None:
            may.append(row)
    if mirror.before is not None and mirror.after is not None and mirror.before is not mirror.after:
        gone = [row for row in mirror.before.rows if row.key not in mirror.after.by_key]
        may += [row for row in gone if meaning.keeps_row(row.shown) is not False]
    mirror.match_cache[id(meaning)] = (meaning, sure, may)
    return sure, may


def _match_over_time(mirror: Mirror, meaning: ExpectedAnswer, row: Row) -> bool | None:
    """Whether a row matched all the time between the two readings; None when it may have matched at some time."""
    if row.flaws and is_doubtful_match(mirror, meaning, row):
        return None
    now = meaning.keeps_row(row.shown)
    if mirror.moving_since is not None and not mirror.is_steady(row):
        return None if now is not False else False
    if mirror.before is mirror.after or mirror.before is None:
        return now
    earlier = mirror.before.by_key.get(row.key)
    if earlier is None:
        return None if now is not False else False
    before = meaning.keeps_row(earlier.shown)
    return now if before is now else None


def is_doubtful_match(mirror: Mirror, meaning: ExpectedAnswer, row: Row) -> bool:
    """Whether a row shows a compared field in a way that cannot be understood: what it means there, nobody knows."""
    return any(flaw.field in meaning.compared_paths and _is_doubtful(mirror, row, flaw) for flaw in row.flaws)


def _is_doubtful(mirror: Mirror, row: Row, flaw: FieldProblem) -> bool:
    """Whether it is open what a field says that stands otherwise than documented.

    Nothing in another form than the documented one says that there is no value only where other rows have a value,
    no filter finds such rows by one, and, where the field is missing, none of them says so as documented.
    """
    if not flaw.understood:
        return True
    if not says_no_value_at(row, flaw.field):
        return False
    if flaw.field in mirror.hidden_values:
        return True
    return not mirror.shows_value(flaw.field) or (flaw.kind == "missing" and mirror.shows_none(flaw.field))


def _sights(mirror: Mirror, row: Row) -> tuple[Row, ...]:
    """A row as it came, and as the list shows it, which may hold parts that this answer leaves out."""
    known = None if mirror.volatile else mirror.row_with_key(row.key)
    return (row,) if known is None or known is row else (row, known)


def says_no_value_at(row: Row, path: FieldPath) -> bool:
    return all(value in (None, ()) for value in row.values(path))


def is_none_otherwise(row: Row, path: FieldPath) -> bool:
    """Whether a row says in an undocumented form that it has no value: where it sorts, no document says."""
    return any(flaw.field == path for flaw in row.flaws) and says_no_value_at(row, path)
