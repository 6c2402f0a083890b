"""Rules on rows that come in several answers: filters, pages, order and other parts do not change what a row shows.

A session that a number finds by one of its calls still shows all of them.

Every answer is noted (`note_rows`). Where a row came in two ways, both requests are sent again in turn at the end of
a run (`check_row_consistency`): what changes with the request and back again is no movement of the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import shown_check
from harness.check.probe.mirror import Mirror
from harness.specification.field_path import FieldPath
from harness.specification.model import Clauses, Field, Listing
from harness.wire.row_codec import ApiValue, field_at

# Three turns tell a server that depends on the request from one that is wrong now and then.
COMPARED_TURNS: Final = 3
TRIES_PER_FIELD: Final = 2
REQUESTS_AT_MOST: Final = 24
# One or two rows may have been edited between two answers.
CHANGED_ROWS_NEEDED: Final = 3


@dataclass(slots=True)
class RowSightings:
    """How each row came first in each light, and the pairs of answers that show one of them in two ways."""

    context: CheckContext
    neutral_parameters: frozenset[str]
    first_sightings: dict[tuple[Hashable, Hashable], tuple[Row, Exchange]] = field(default_factory=dict)
    differing_pairs: dict[FieldPath, list[tuple[Hashable, Exchange, Exchange]]] = field(default_factory=dict)


def note_rows(context: CheckContext, exchange: Exchange) -> None:
    """Remembers the rows of an answer, and pairs each with an earlier answer that shows it otherwise."""
    sightings = _sightings_of(context)
    request = exchange.list_request
    asked = sorted(
        (name, value) for name, value in request.values.items() if name not in sightings.neutral_parameters
    )
    # Each account may number its calls by itself; secrets are told apart by value, not by `repr`.
    asker = tuple(sorted(request.credentials.items()))
    light = (repr((asked, request.encoding_name, request.extra, exchange.zone)), asker)
    for row in exchange.listed:
        known = sightings.first_sightings.setdefault((light, row.key), (row, exchange))
        if known[0].shown == row.shown:
            continue
        switched = _switched_parts(context, known[1], exchange)
        for path in _differing_fields(context, known[0].shown, row.shown, switched):
            pairs = sightings.differing_pairs.setdefault(path, [])
            if len(pairs) < TRIES_PER_FIELD:
                pairs.append((row.key, known[1], exchange))


def check_row_consistency(context: CheckContext, mirror: Mirror) -> None:
    """Asks again for rows that two answers show in two ways, and judges what differs."""
    sightings = _sightings_of(context)
    if mirror.moving_since is not None:
        return
    most = context.requests + REQUESTS_AT_MOST
    told: set[str] = set()
    # Fields that move come last: turns tell what the request changes from what moves by itself (`peer_leaks`).
    for path, pairs in sorted(
        sightings.differing_pairs.items(), key=lambda item: (item[0].head in mirror.moving_fields, str(item[0]))
    ):
        if path.head in mirror.moving_fields and _runs_with_the_clock(context, path):
            continue
        for key, first, second in tuple(pairs):
            if context.requests >= most or path.head in told:
                break
            if _compare_sightings(context, path, key, first, second):
                told.add(path.head)


def _runs_with_the_clock(context: CheckContext, path: FieldPath) -> bool:
    """Whether a field counts time or tells a state: polls judge these, and turns would only take their time."""
    known = field_at(context.listing.fields, path)
    shown = str(known.shows) if known is not None else ""
    return shown.endswith("_seconds") or "state" in shown


def _compare_sightings(
    context: CheckContext, path: FieldPath, key: Hashable, first: Exchange, second: Exchange
) -> bool:
    seen: list[tuple[Any, Any]] = []
    answers: list[tuple[Exchange, Exchange]] = []
    for _ in range(COMPARED_TURNS):
        pair: list[Exchange] = []
        for ask in (first.list_request, second.list_request):
            exchange = context.send(
                ask, f"does a row show another {path} here?", credentials=ask.credentials, witness=False
            )
            if context.note_unusable(exchange, ()) or exchange.rows is None:
                return False
            pair.append(exchange)
        shown = [_value_at_path(context, exchange, key, path) for exchange in pair]
        if None in shown or shown[0] == shown[1]:
            return False
        seen.append((shown[0], shown[1]))
        answers.append((pair[0], pair[1]))
        if any(one != seen[0] for one in seen):
            break
    steady = len(seen) == COMPARED_TURNS
    if not steady and not _identities_change(context, path, answers):
        return False
    row = next(row for row in answers[-1][1].listed if row.key == key)
    context.fail(
        _clauses_of_path(context, path, of_part=steady),
        f"a row shows the same {path} whatever else is asked",
        expected=f"{path} as other answers show it: {seen[-1][0]}"[:200],
        actual=f"{seen[-1][1]}"[:200] + (" (each time)" if steady else " (another one in every answer)"),
        exchange=answers[-1][1],
        rows=[row],
        fields=[path.head],
        check=shown_check(context, [row], [path.head]) if steady else None,
    )
    return True


def _identities_change(context: CheckContext, path: FieldPath, answers: list[tuple[Exchange, Exchange]]) -> bool:
    """Whether an identity inside of rows is another one in every answer, in many rows at once."""
    known = field_at(context.listing.fields, path)
    if known is None or known.as_ not in ("integer", "digits") or not str(known.shows).endswith("_id"):
        return False
    if len(answers) < 2:
        return False
    before = {row.key: _value_at_path(context, answers[0][0], row.key, path) for row in answers[0][0].listed}
    after = {row.key: _value_at_path(context, answers[1][0], row.key, path) for row in answers[1][0].listed}
    both = [key for key in before if key in after and before[key] and after[key]]
    changed = [key for key in both if before[key] != after[key]]
    return len(changed) >= CHANGED_ROWS_NEEDED and len(changed) * 2 > len(both)


def _switched_parts(context: CheckContext, first: Exchange, second: Exchange) -> Set[str]:
    """The names of the optional parts that one of two answers was asked for, and the other was not."""
    asked, other = first.list_request.values, second.list_request.values
    return {
        name
        for include in context.listing.includes
        if asked.get(include.parameter) != other.get(include.parameter)
        for name in include.added_names
    }


def _differing_fields(
    context: CheckContext, first: Mapping[str, ApiValue], second: Mapping[str, ApiValue], switched: Set[str]
) -> Iterator[FieldPath]:
    """The fields that two sights of a row show differently, or that only one of them shows.

    Servers show a part in the first row of an answer alone (`calls_first_row_only`), or what another row has where it
    has none (`recording_leaks`).
    """
    for name, known in context.listing.fields.items():
        if name in switched:
            continue
        one, other = (_told_value(known, sight.get(name)) for sight in (first, second))
        if one == other:
            continue
        nested = known.as_ == "rows" and isinstance(one, tuple | list) and isinstance(other, tuple | list)
        if not nested or len(one) != len(other):
            yield FieldPath.of(name)
            continue
        for inner, field_ in known.fields.items():
            told = _inner_values(field_, one, inner), _inner_values(field_, other, inner)
            # Whether nested rows show a part may be said by a switch of another one.
            if len(told[0]) == len(told[1]) and told[0] != told[1]:
                yield FieldPath.of(inner).nested_in(name)


def _told_value(known: Field, shown: Any) -> Any:
    """What a field tells, for comparison: an address without its query, where it may be signed anew each time."""
    if shown is None or shown in ("", (), []):
        return "nothing"
    if "url" not in str(known.shows):
        return shown
    return [str(one).partition("?")[0] for one in (shown if isinstance(shown, tuple | list) else (shown,))]


def _inner_values(known: Field, rows: Sequence[Any], name: str) -> list[str]:
    """What nested rows show in a field, whatever their order: a filter may find them in another one."""
    told = (_told_value(known, row[name]) for row in rows if name in row)
    return sorted(str(one) for one in told if one != "nothing")


def _value_at_path(context: CheckContext, exchange: Exchange, key: Hashable, path: FieldPath) -> Any:
    """What a row of an answer shows at a path, for comparison; None when it is not there."""
    row = next((row for row in exchange.listed if row.key == key), None)
    if row is None:
        return None
    known, inner = context.listing.fields[path.head], path.inner
    told = _told_value(known, row.shown.get(path.head))
    if not isinstance(told, tuple | list):
        return told
    if inner is not None:
        return _inner_values(known.fields[inner.head], told, inner.head)
    return f"{len(told)} of them" if known.as_ == "rows" else told


def _clauses_of_path(context: CheckContext, path: FieldPath, *, of_part: bool) -> Clauses:
    for include in context.listing.includes:
        if of_part and path.head in include.added_names:
            return include.clauses.on
    known = field_at(context.listing.fields, path)
    return known.clause[-1:] if known is not None else ()


def _sightings_of(context: CheckContext) -> RowSightings:
    known = context.facts.seen_rows
    if isinstance(known, RowSightings) and known.context is context:
        return known
    sightings = RowSightings(context, frozenset(_neutral_parameters(context.listing)))
    context.facts.seen_rows = sightings
    return sightings


def _neutral_parameters(listing: Listing) -> Iterator[str]:
    """The parameters that say which rows come, and in which order: nothing that a row shows depends on them."""
    yield from listing.filters
    yield from (filter_.named_by.parameter for filter_ in listing.filters.values() if filter_.named_by is not None)
    yield from (rule.compares_by.parameter for rule in listing.filters.values() if rule.compares_by is not None)
    yield from listing.paging.place_parameters
    if listing.paging.size_parameter is not None:
        yield listing.paging.size_parameter
    if listing.order is not None:
        if listing.order.descending is not None:
            yield listing.order.descending
        if listing.order.sort is not None:
            yield listing.order.sort.parameter
    if listing.total is not None and listing.total.switch is not None:
        yield listing.total.switch.parameter
    # A row shows a part or not; what else it shows, and what the part holds, is the same.
    yield from (include.parameter for include in listing.includes if include.added_names)
