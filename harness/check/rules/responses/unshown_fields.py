"""Fields that no row shows: one row may leave out what it has no value for, but not all of them."""

from __future__ import annotations

from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror
from harness.specification.model import Field
from harness.wire.decoded_body import Tree
from harness.wire.row_codec import absent_forms

ROWS_NEEDED: Final = 20
"""Of fewer rows all may lack the same value by chance."""


def check_unshown_fields(context: CheckContext, mirror: Mirror) -> None:
    """Judges that each named field stands in some row at least, where rows may leave it out."""
    switched = context.listing.switched_fields
    if len(mirror.rows) < ROWS_NEEDED:
        return
    for name, field in context.listing.fields.items():
        if name in switched or not _may_be_left_out(field):
            continue
        clauses = field.clause or context.listing.lists.clauses.keys
        if any(_stands_in(row.raw, name, field.other_names) for row in mirror.rows):
            context.results.record_pass(clauses)
            continue
        context.fail(
            clauses,
            f"rows show {name}",
            expected=f"{name} in the rows that have a value for it",
            actual=f"no {name} in any of {len(mirror.rows)} rows",
            difference=f"unshown {name}",
        )


def _may_be_left_out(field: Field) -> bool:
    # Which rows have a field with a condition is judged row by row: no row at all may meet it.
    return not field.optional and field.when is None and "missing" in absent_forms(field)


def _stands_in(row: Tree, name: str, other_names: tuple[str, ...]) -> bool:
    """Whether a row has the field; a part of an object stands in that object."""
    *around, last = name.split(".")
    for step in around:
        row = row.get(step) if isinstance(row, dict) else None
    return isinstance(row, dict) and not row.keys().isdisjoint((last, *other_names))
