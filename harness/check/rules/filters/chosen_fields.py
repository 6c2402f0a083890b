"""Filters that compare what another parameter chooses: each word of it, at a value that tells the fields apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from harness.check.context import CheckContext
from harness.check.oracle.value_comparison import comparison_of_filter, values_are_kept
from harness.check.probe.error_responses import ROW_ASPECTS
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    companion_parameters,
    count_values_of,
    default_comparison,
    encode_shown_value,
    largest_page,
    open_range_end,
)
from harness.check.probe.mirror import Mirror
from harness.specification.field_path import FieldPath
from harness.specification.model import Clauses
from harness.wire.decoded_body import Tree
from harness.wire.scalar_codecs import zone_named
from harness.wire.time_codecs import encode_instant

# Values that are tried for one that tells two fields apart: those of rows from all over the list.
_VALUES_TRIED = 60


def check_chosen_fields(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter beside each word that makes it compare another field."""
    for name, word, path, clauses in _choices(context):
        if not context.supports_parameters(name) or context.results.first_failed(clauses):
            continue
        parameter = context.listing.filters[name].compares_by
        assert parameter is not None
        found = _telling_value(context, mirror, name, path)
        if found is None:
            why = f"no value of {path} tells it from what {name} compares by itself"
            context.results.record_not_exercised(clauses, why)
            continue
        beside = {
            **largest_page(context),
            **open_range_end(context, mirror, name),
            **default_comparison(context, name),
            **companion_parameters(context, mirror, name),
        }
        ask = mirror.request({**beside, name: found, parameter.parameter: word})
        purpose = f"{name} with {parameter.parameter}={word}"
        # By another field the list may hold rows that were not read: how many there are is not known.
        judged = check_probe(context, mirror, ask, purpose, clauses, only=ROW_ASPECTS)
        if judged.fails_itself:
            context.mark_broken(parameter.parameter, clauses)


def _choices(context: CheckContext) -> Iterator[tuple[str, str, FieldPath, Clauses]]:
    """Each filter with each word that makes it compare another field than its own, and the clauses on that."""
    for name, rule in context.listing.filters.items():
        if rule.compares_by is not None:
            for word, path in rule.compares_by.words.items():
                if rule.compares != (path,):
                    yield name, word, path, rule.compares_by.clause


def _telling_value(context: CheckContext, mirror: Mirror, name: str, path: FieldPath) -> Tree:
    """The value that tells the field best from what the filter compares by itself; None where none does."""
    rule = context.listing.filters[name]
    compared = comparison_of_filter(rule, zone=context.zone)
    values = list(count_values_of(mirror, (path,)))
    best: tuple[int, Tree] | None = None
    for value in values[:: max(1, len(values) // _VALUES_TRIED)]:
        meant = value.replace(microsecond=0) if isinstance(value, datetime) else value
        kept = [values_are_kept(compared, row.values(path), (meant,)) for row in mirror.rows]
        own = [values_are_kept(compared, row.values(*rule.compares), (meant,)) for row in mirror.rows]
        apart = sum(one != other for one, other in zip(kept, own, strict=True))
        if apart and any(kept) and (best is None or apart > best[0]):
            best = (apart, _written(context, name, meant))
    return best[1] if best is not None else None


def _written(context: CheckContext, name: str, value: Any) -> Tree:
    """The value as the request writes it; beside days an instant in its own form."""
    parameter = context.listing.parameters[name]
    if isinstance(value, datetime) and parameter.as_ == "calendar-day" and parameter.format:
        return encode_instant(value, "formatted-time", zone_named(context.zone), formats=parameter.format)
    if isinstance(value, date) and not isinstance(value, datetime):
        return context.encode(name, value)
    return encode_shown_value(context, name, value)
