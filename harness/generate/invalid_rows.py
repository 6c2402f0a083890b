"""Invalid answers by their rows: fields, order, filters and laws."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from harness.generate.breach_place import BreachPlace
from harness.generate.response_breaker import InvalidResponse, ResponseBreaker, RowObject, ValidResponse
from harness.generate.sample_exchanges import PAGE_SIZE, SampleClient, filter_values
from harness.specification.field_path import FieldPath
from harness.specification.laws import condition_of_law
from harness.specification.model import (
    Clauses,
    Field,
    FieldCondition,
    Filter,
    ImpliesLaw,
    Include,
    InsideLaw,
    Law,
    Listing,
    NonNegativeLaw,
    NotBeforeLaw,
    NotFutureLaw,
    NotOlderLaw,
    OneOfLaw,
)
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, tree_at
from harness.wire.row_codec import ApiRow, absent_forms, decode_row, encode_field
from harness.wire.row_objects import places_in_tree, value_in_tree
from harness.wire.time_codecs import EPOCH_CODECS

_NO_WORD: Final = "no-such-word"
_NO_TEXT: Final = frozenset({*EPOCH_CODECS, "integer", "decimal", "flag", "rows", "text-list", "object"})
_NO_TIME: Final = {
    "epoch-seconds": "soon",
    "epoch-milliseconds": "soon",
    "local-time": "11/03/2026 10.30",
    "iso-local": "11/03/2026 10.30",
    "offset-time": "11/03/2026 10.30",
    "rfc2822": "2026-03-11 10:30",
    "rfc3339": "2026-03-11 10:30",
    "formatted-time": "soon",
    "calendar-day": "11th of March",
    "formatted-duration": "an hour",
}


def break_fields(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Fields that are missing, or of a wrong type, form or word."""
    yield from _break_field_group(maker, maker.first_page, dict(maker.listing.fields), None)
    for name, field in maker.listing.fields.items():
        valid = _valid_with_nested(maker, name) if field.as_ == "rows" else None
        if valid is not None:
            yield from _break_field_group(maker, valid, dict(field.fields), name)


def _break_field_group(
    maker: ResponseBreaker, valid: ValidResponse, fields: dict[str, Field], around: str | None
) -> Iterator[InvalidResponse]:
    keys = maker.listing.lists.clauses.keys
    for name, field in fields.items():
        path = FieldPath.of(name) if around is None else FieldPath.of(name).nested_in(around)
        if not (field.is_told or field.as_ == "object") or _first_place(maker, valid.tree, path) is None:
            continue
        lawful = absent_forms(field)
        if not field.optional and field.unset is None and "missing" not in lawful:
            tree = valid.copy_tree()
            place = _first_place(maker, tree, path)
            if place is not None:
                del place[0][place[1]]
                clauses = field.clause if around is not None else keys or field.clause
                yield from maker.break_clause(clauses, f"field missing: {path}", valid, tree)
        for done, value in _wrong_values(maker, field):
            tree = valid.copy_tree()
            place = _first_place(maker, tree, path)
            if place is not None:
                place[0][place[1]] = value
                yield from maker.break_clause(field.clause, f"{done}: {path}", valid, tree)


def _wrong_values(maker: ResponseBreaker, field: Field) -> Iterator[tuple[str, Tree]]:
    if field.constant and field.other_values == "refused":
        yield "another constant", "another one"
        return
    if not maker.carries_text and not field.other_types:
        numeric = field.as_ in _NO_TEXT or field.word_type != "text"
        yield "wrong type", "five" if numeric else True
    if field.as_ in _NO_TIME and (maker.carries_text or field.as_ not in EPOCH_CODECS):
        yield "wrong form of a time", _NO_TIME[field.as_]
    if field.as_ == "word" and field.unknown_words == "refused":
        yield "wrong word", _NO_WORD
    if field.as_ in ("digits", "decimal-text") or (field.as_ in ("integer", "decimal") and maker.carries_text):
        yield "no number", "12a"
    if field.form is not None:
        yield "wrong form of an id", "#1"
    if field.template is not None:
        yield "made of something else", "#1"
    if field.non_empty:
        yield "empty", ""


def _first_place(maker: ResponseBreaker, tree: Tree, path: FieldPath) -> tuple[RowObject, str] | None:
    """The object and key of the field at the end of the path, in the first row or nested row that has it."""
    for row in maker.rows_in(tree):
        places = places_in_tree(row, path) if isinstance(row, dict) else []
        if places:
            return places[0]
    return None


def _valid_with_nested(maker: ResponseBreaker, name: str) -> ValidResponse | None:
    """An answer with nested rows in that field, the switch turned on that adds them."""
    include = _include_of(maker.listing, name)
    if include is None:
        return maker.first_page
    client = maker.client
    values = {**client.size_values(PAGE_SIZE), include.parameter: client.encode_value(include.parameter, True)}
    return maker.fetch_valid(client.list_request(values))


def _include_of(listing: Listing, name: str) -> Include | None:
    return next((include for include in listing.includes if FieldPath.of(name) in include.adds), None)


def break_order(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Rows in an order that the request did not ask for."""
    order = maker.listing.order
    if order is None:
        return
    client = maker.client
    by = client.dialect.resolve(order.by)
    yield from _swap_rows(maker, maker.full_list, by, order.clause, "rows out of order")
    size = client.largest_size_values()
    if order.descending is not None:
        valid = maker.fetch_valid(
            client.list_request({**size, order.descending: client.encode_value(order.descending, True)})
        )
        yield from _swap_rows(maker, valid, by, order.descending_clause, "rows out of order, descending")
    if order.sort is not None:
        for word, path in order.sort.words.items():
            clauses = order.sort.clauses.undocumented if word in order.sort.undocumented else order.sort.clauses.words
            if path != by and not path.hidden:
                valid = maker.fetch_valid(client.list_request({**size, order.sort.parameter: word}))
                yield from _swap_rows(maker, valid, path, clauses, "rows out of order, sorted by a parameter")


def _swap_rows(
    maker: ResponseBreaker, valid: ValidResponse, path: FieldPath, clauses: Clauses, done: str
) -> Iterator[InvalidResponse]:
    """First, middle and last row change places, so that neither direction fits."""
    rows = maker.rows_in(valid.copy_tree())
    middle = len(rows) // 2
    # Nobody promises where rows without a value stand.
    name = str(path)
    found = [value_in_tree(row, name) for row in rows if isinstance(row, dict)]
    values = [value for value in found if value not in (None, "", 0, "0", MISSING)]
    if len(values) == len(rows) >= 5 and len({str(values[place]) for place in (0, middle, -1)}) == 3:
        rows[0], rows[middle], rows[-1] = rows[middle], rows[-1], rows[0]
        first = maker.row_pointer(0, name)
        yield from maker.break_clause(clauses, done, valid, maker.with_rows(valid, rows), first)


def break_filters(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Rows that a filter of the request does not keep."""
    for name, rule in maker.listing.filters.items():
        yield from _add_unfiltered_row(maker, name, rule)


def _add_unfiltered_row(maker: ResponseBreaker, name: str, rule: Filter) -> Iterator[InvalidResponse]:
    """An answer to a filtered request with one row that the filter does not keep."""
    client = maker.client
    if any(path.hidden or path.inner is not None for path in rule.compares):
        return
    values = filter_values(client, name)
    if values is None:
        return
    kept_by = _filter_clauses(client, name, rule, values)
    valid = maker.fetch_valid(client.list_request({**client.largest_size_values(), **values}))
    identity = maker.listing.lists.identity
    kept = {row.get(identity) for row in maker.rows_in(valid.tree) if isinstance(row, dict)}
    # Beside a filter without which this one has no effect, the stranger is one that the other keeps.
    beside = {other: values[other] for other in rule.applies_if_any if other in values}
    around = (
        maker.fetch_valid(client.list_request({**client.largest_size_values(), **beside}))
        if beside
        else maker.full_list
    )
    whole = maker.rows_in(around.copy_tree())
    strangers = [row for row in whole if isinstance(row, dict) and row.get(identity) not in kept]
    outside = [row for row in strangers if _is_excluded_row(maker, row, rule, values[name])]
    if not kept or not outside:
        return
    chosen = outside[len(outside) // 2].get(identity)
    rows: list[Tree] = [row for row in whole if isinstance(row, dict) and row.get(identity) in {*kept, chosen}]
    if len(rows) == len(kept) + 1:
        tree = maker.with_rows(valid, rows, total=1)
        place = next(index for index, row in enumerate(rows) if isinstance(row, dict) and row.get(identity) == chosen)
        breach = _breach_of_filter(maker, tree, place, rule, values[name])
        yield from maker.break_clause(kept_by, f"a row that the filter does not keep ({name})", valid, tree, breach)


def _breach_of_filter(maker: ResponseBreaker, tree: Tree, index: int, rule: Filter, wanted: Tree) -> BreachPlace:
    """The compared field of the row that should not be there: due is what the filter asks for."""
    pointers = [maker.row_pointer(index, str(path)) for path in rule.compares]
    found = next((pointer for pointer in pointers if tree_at(tree, pointer) is not MISSING), None)
    if found is None:
        return BreachPlace(
            at=maker.row_pointer(index), expected=MISSING, actual=tree_at(tree, maker.row_pointer(index))
        )
    return BreachPlace(at=found, expected=wanted, actual=tree_at(tree, found))


def _is_excluded_row(maker: ResponseBreaker, row: RowObject, rule: Filter, wanted: Tree) -> bool:
    """Whether no reading of the filter keeps the row: each compared field is shown and is quite another."""
    if isinstance(rule.keeps, str) and rule.keeps not in ("equal", "contains", "starts", "ends"):
        return True
    found = [value_in_tree(row, name) for name in map(str, (*rule.compares, *_alternative_fields(rule)))]
    plain = [str(value) for value in found if value not in (None, "", 0, "0", [], MISSING)]
    texts = [str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]
    return bool(plain) and not any(
        text.lower() in value.lower() or value.lower() in text.lower() for value in plain for text in texts
    )


def _alternative_fields(rule: Filter) -> tuple[FieldPath, ...]:
    alternatives = rule.alternatives if isinstance(rule.alternatives, tuple) else ()
    return tuple(path for path in alternatives if not path.hidden)


def _filter_clauses(client: SampleClient, name: str, rule: Filter, values: dict[str, Tree]) -> Clauses:
    word = values[name]
    if isinstance(word, str) and word in rule.word_clauses:
        return rule.word_clauses[word]
    return rule.clause


def break_laws(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Rows that contradict themselves: one for each law of the spec."""
    for law in maker.listing.laws:
        yield from _break_law(maker, law)


def _break_law(maker: ResponseBreaker, law: Law) -> Iterator[InvalidResponse]:
    if isinstance(law, ImpliesLaw) and _unlawful_value(maker, law) is None:
        # No row can show it: none is looked at.
        return
    valid = _valid_for_law(maker, law)
    if valid is None:
        return
    about = law.law if isinstance(law, ImpliesLaw) else f"{law.law} {law.field}"
    for index, raw in enumerate(maker.rows_in(valid.tree)):
        if not isinstance(raw, dict):
            continue
        # Many rows may be tried: only that of the answer is worth a copy of the whole.
        row = copy.deepcopy(raw)
        if _break_row(maker, law, row):
            tree = valid.copy_tree()
            maker.rows_in(tree)[index] = row
            yield from maker.break_clause(law.clause, f"a law is broken: {about}", valid, tree)
            return


def _valid_for_law(maker: ResponseBreaker, law: Law) -> ValidResponse | None:
    if isinstance(law, ImpliesLaw) or law.field.inner is None:
        return maker.full_list
    return _valid_with_nested(maker, law.field.head)


def _break_row(maker: ResponseBreaker, law: Law, row: RowObject) -> bool:
    """Change one field of the row so that the law is broken; False where this row cannot show it."""
    fields = maker.listing.fields
    shown = decode_row(fields, row, zone=maker.client.zone, text_carried=maker.carries_text).values
    if isinstance(law, ImpliesLaw):
        return _break_implication(maker, law, row, shown)
    head, inner = law.field.head, law.field.inner
    when = condition_of_law(law)
    if when is not None and when.field.inner is None and not _meets_condition(when, shown):
        return False
    match law:
        case NonNegativeLaw() if inner is None and places_in_tree(row, law.field):
            if fields[head].as_ in ("integer", "decimal"):
                return _set_field(maker, row, head, -1)
            if fields[head].as_ == "epoch-seconds":
                return _set_field(maker, row, head, datetime.fromtimestamp(-1, UTC))
        case OneOfLaw() if inner is None and places_in_tree(row, law.field):
            numbers = [value for value in law.values if isinstance(value, int)]
            return len(numbers) == len(law.values) and _set_field(maker, row, head, max(numbers) + 1)
        case NotBeforeLaw() if inner is None:
            earlier, later = shown.get(str(law.than)), shown.get(head)
            if isinstance(earlier, datetime) and isinstance(later, datetime):
                return _set_field(maker, row, head, earlier - timedelta(seconds=law.slack_seconds + 60))
        case InsideLaw() if inner is not None:
            earlier, nested = shown.get(str(law.than)), row.get(head)
            if isinstance(earlier, datetime) and isinstance(nested, list) and nested and isinstance(nested[0], dict):
                instant = earlier - timedelta(seconds=law.slack_seconds + 60)
                nested[0][inner.head] = _encode_value(maker, fields[head].fields[inner.head], instant)
                return True
        case NotOlderLaw() if inner is None and places_in_tree(row, law.field):
            instant = maker.client.world.instant - timedelta(seconds=law.slack_seconds + law.seconds + 3600)
            return _set_field(maker, row, head, instant)
        case NotFutureLaw() if inner is None and places_in_tree(row, law.field):
            instant = maker.client.world.instant + timedelta(seconds=law.slack_seconds + 3600)
            return _set_field(maker, row, head, instant)
    return False


def _break_implication(maker: ResponseBreaker, law: ImpliesLaw, row: RowObject, shown: ApiRow) -> bool:
    nested = law.when.field.inner is not None or law.then.field.inner is not None
    name = law.then.field.head
    if nested or name not in row or law.when.field.head not in shown:
        return False
    if not _meets_condition(law.when, shown):
        return False
    row[name] = _unlawful_value(maker, law)
    after = decode_row(maker.listing.fields, row, zone=maker.client.zone, text_carried=maker.carries_text).values
    broken = {clause for other in maker.listing.laws if breaks_law(other, after) for clause in other.clause}
    return broken == set(law.clause)


def _unlawful_value(maker: ResponseBreaker, law: ImpliesLaw) -> Tree:
    """What a field may not have where an implication holds; None where nothing is known."""
    field = maker.listing.fields[law.then.field.head]
    if field.as_ in ("integer", "decimal") and (law.then.present is False or 0 in law.then.is_):
        return _encode_value(maker, field, 5)
    if field.as_ == "word" and law.then.is_:
        return next((word for word in field.words.values() if word not in law.then.is_), None)
    return None


def breaks_law(law: Law, shown: ApiRow) -> bool:
    """Whether a row breaks an implication, or has a number that is below the one that it must not be below."""
    if isinstance(law, ImpliesLaw):
        return _meets_condition(law.when, shown) and not _meets_condition(law.then, shown)
    if not isinstance(law, NotBeforeLaw):
        return False
    more, less = shown.get(str(law.field)), shown.get(str(law.than))
    if not isinstance(more, int | Decimal) or not isinstance(less, int | Decimal):
        return False
    return more < less - law.slack_seconds


def _meets_condition(condition: FieldCondition, shown: ApiRow) -> bool:
    if str(condition.field) not in shown:
        return condition.present is False
    value = shown[str(condition.field)]
    if (condition.is_ and value not in condition.is_) or value in condition.not_:
        return False
    return condition.present is None or condition.present == (value not in (None, ""))


def _set_field(maker: ResponseBreaker, row: RowObject, name: str, value: int | datetime) -> bool:
    places = places_in_tree(row, FieldPath.of(name))
    for holder, key in places:
        holder[key] = _encode_value(maker, maker.listing.fields[name], value)
    return bool(places)


def _encode_value(maker: ResponseBreaker, field: Field, value: int | datetime) -> Tree:
    if field.as_ == "decimal" and maker.carries_text and isinstance(value, int):
        return f"{value}.{'0' * field.digits}"
    found = encode_field(
        field, value, zone=maker.client.zone, choices=maker.client.dialect, text_carried=maker.carries_text
    )
    return None if isinstance(found, Missing) else found
