"""Answers that break exactly one clause each, made from valid ones by one change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast, final

from harness.generate.sample_exchanges import PAGE_SIZE, SampleClient, filter_values
from harness.specification.clauses import body_format
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import (
    ClauseId,
    Clauses,
    Echo,
    EnvelopeField,
    ErrorKind,
    Field,
    FieldCondition,
    Filter,
    Include,
    Law,
    Listing,
    NoPaging,
    Scalar,
)
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, Missing, put_value, split_pointer, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import decode_response, encode_response, is_xml
from harness.wire.row_codec import ApiRow, absent_forms, decode_row, encode_field
from harness.world.world import World

RowObject = dict[str, Tree]
_NO_WORD: Final = "no-such-word"
_NO_TIME: Final = {"epoch-seconds": "soon", "local-time": "11/03/2026 10.30", "rfc3339": "2026-03-11 10:30"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidResponse:
    """One answer that breaks a clause: what was done to a valid one, and the request that it answers."""

    clause: ClauseId
    change: str
    request: HttpRequest
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True)
class _ValidResponse:
    """A valid answer to start from."""

    request: HttpRequest
    response: HttpResponse
    tree: RowObject

    def copy_tree(self) -> RowObject:
        return copy.deepcopy(self.tree)


@final
class _ResponseBreaker:
    """Makes invalid answers of one API."""

    def __init__(self, asker: SampleClient) -> None:
        self.client = asker
        self.listing: Listing = asker.listing
        self.is_xml = is_xml(asker.listing)
        self.first_page = self.fetch_valid(asker.list_request(asker.size_values(PAGE_SIZE)))
        self.full_list = self.fetch_valid(asker.list_request(asker.largest_size_values()))

    def fetch_valid(self, ask: ListRequest) -> _ValidResponse:
        request = self.client.encode(ask)
        response, _ = self.client.send(request)
        tree = decode_response(self.listing, response).tree
        return _ValidResponse(request, response, tree if isinstance(tree, dict) else {})

    def break_clause(
        self, clauses: Clauses, done: str, valid: _ValidResponse, tree: Tree
    ) -> Iterator[InvalidResponse]:
        """The answer with this tree in place of its own; nothing unless exactly one clause is named."""
        if len(clauses) != 1 or tree == valid.tree:
            return
        body = encode_response(self.listing, tree)[1]
        response = replace(valid.response, body=body)
        yield InvalidResponse(clause=clauses[0], change=done, request=valid.request, response=response)

    def rows_in(self, tree: Tree) -> list[Tree]:
        found = tree_at(tree, self.listing.lists.rows_at)
        return found if isinstance(found, list) else []

    def with_rows(self, valid: _ValidResponse, rows: list[Tree], *, total: int = 0) -> RowObject:
        """The tree with other rows, and the numbers around them put right; `total` is added to the total."""
        tree = valid.copy_tree()
        put_value(tree, self.listing.lists.rows_at, list(rows))
        if self.listing.returned is not None:
            put_value(tree, self.listing.returned.at, len(rows))
        if self.listing.total is not None and total:
            told = tree_at(tree, self.listing.total.at)
            if isinstance(told, (int, str)) and not isinstance(told, bool):
                put_value(tree, self.listing.total.at, self.scalar_tree(int(told) + total))
        return tree

    def scalar_tree(self, value: Scalar) -> Tree:
        return str(value) if self.is_xml else value


def make_invalid_responses(spec: Spec, world: World, dialect: Dialect) -> Iterator[InvalidResponse]:
    """Answers that break one clause each, clause by clause as far as one answer can show it.

    A clause that only several answers together break (pages that overlap, a list that moves) has none here.
    """
    maker = _ResponseBreaker(SampleClient(spec, world, dialect))
    once: set[tuple[ClauseId, str]] = set()
    for source in (
        _break_fields,
        _break_list,
        _break_envelope,
        _break_outcome,
        _break_counts,
        _break_order,
        _break_filters,
        _break_laws,
        _break_errors,
        _break_switches,
        _break_body,
    ):
        for one in source(maker):
            mark = (one.clause, one.change.partition(":")[0])
            if mark not in once:
                once.add(mark)
                yield one


# --- fields of a row ----------------------------------------------------------------------------------------


def _break_fields(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    yield from _break_field_group(maker, maker.first_page, dict(maker.listing.fields), ())
    for name, field in maker.listing.fields.items():
        valid = _valid_with_nested(maker, name) if field.as_ == "rows" else None
        if valid is not None:
            yield from _break_field_group(maker, valid, dict(field.fields), (name,))


def _break_field_group(
    maker: _ResponseBreaker, valid: _ValidResponse, fields: dict[str, Field], path: tuple[str, ...]
) -> Iterator[InvalidResponse]:
    keys = maker.listing.lists.clauses.get("keys", ())
    for name, field in fields.items():
        if field.shows is None or _first_holder(maker, valid.tree, (*path, name)) is None:
            continue
        label = "[].".join((*path, name))
        lawful = absent_forms(field)
        if not field.optional and "missing" not in lawful:
            tree = valid.copy_tree()
            holder = _first_holder(maker, tree, (*path, name))
            if holder is not None:
                del holder[name]
                clauses = field.clause if path else keys or field.clause
                yield from maker.break_clause(clauses, f"field missing: {label}", valid, tree)
        for done, value in _wrong_values(maker, field):
            tree = valid.copy_tree()
            holder = _first_holder(maker, tree, (*path, name))
            if holder is not None:
                holder[name] = value
                yield from maker.break_clause(field.clause, f"{done}: {label}", valid, tree)


def _wrong_values(maker: _ResponseBreaker, field: Field) -> Iterator[tuple[str, Tree]]:
    if not maker.is_xml and not field.other_types:
        numeric = field.as_ in ("integer", "epoch-seconds", "decimal", "flag", "rows", "text-list")
        yield "wrong type", "five" if numeric else True
    if field.as_ in _NO_TIME and (maker.is_xml or field.as_ != "epoch-seconds"):
        yield "wrong form of a time", _NO_TIME[field.as_]
    if field.as_ == "word" and field.unknown_words == "refused":
        yield "wrong word", _NO_WORD
    if field.as_ in ("digits", "integer", "decimal") and (maker.is_xml or field.as_ == "digits"):
        yield "no number", "12a"
    if field.non_empty:
        yield "empty", ""


def _first_holder(maker: _ResponseBreaker, tree: RowObject, path: tuple[str, ...]) -> RowObject | None:
    """The first row, or nested row, that has the field at the end of the path."""
    for row in maker.rows_in(tree):
        holders = [row] if isinstance(row, dict) else []
        for name in path[:-1]:
            inner = [holder.get(name) for holder in holders]
            holders = [item for items in inner if isinstance(items, list) for item in items if isinstance(item, dict)]
        for holder in holders:
            if path[-1] in holder:
                return holder
    return None


def _valid_with_nested(maker: _ResponseBreaker, name: str) -> _ValidResponse | None:
    """An answer with nested rows in that field, the switch turned on that adds them."""
    include = _include_of(maker.listing, name)
    if include is None:
        return maker.first_page
    asker = maker.client
    values = {**asker.size_values(PAGE_SIZE), include.parameter: asker.encode_value(include.parameter, True)}
    return maker.fetch_valid(asker.list_request(values))


def _include_of(listing: Listing, name: str) -> Include | None:
    return next((include for include in listing.includes if name in include.adds), None)


# --- the list, the envelope, the outcome --------------------------------------------------------------------


def _break_list(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    lists = maker.listing.lists
    valid = maker.first_page
    tree = valid.copy_tree()
    if _remove_at(tree, lists.rows_at):
        yield from maker.break_clause(
            lists.clauses.get("rows", ()), "the container of the rows is missing", valid, tree
        )
    rows = maker.rows_in(valid.tree)
    if rows:
        # The last row is the first one again: as many rows as before.
        twice = maker.with_rows(valid, [*rows[:-1], copy.deepcopy(rows[0])])
        unordered = maker.with_rows(valid, [rows[0], copy.deepcopy(rows[0]), *rows[2:]])
        tree = unordered if len(rows) > 1 else twice
        yield from maker.break_clause(lists.clauses.get("unique", ()), "two rows with one identity", valid, tree)
    element = lists.row_element
    clauses = lists.clauses.get("row-element", ())
    if element is not None and len(clauses) == 1 and rows:
        body = valid.response.body
        for old, new in ((f"<{element}>", "<Other>"), (f"</{element}>", "</Other>")):
            body = body.replace(old.encode(), new.encode(), 1)
        response = replace(valid.response, body=body)
        yield InvalidResponse(
            clause=clauses[0], change="a row of another name", request=valid.request, response=response
        )


def _break_envelope(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    for name, part in maker.listing.outcome.envelope.items():
        if part.when == "error":
            continue
        valid = maker.first_page
        tree = valid.copy_tree()
        if not part.optional and _remove_at(tree, part.at) and not _tells_outcome(maker, part):
            yield from maker.break_clause(part.clause, f"a part of the answer is missing: {name}", valid, tree)
        tree = valid.copy_tree()
        if tree_at(tree, part.at) is not MISSING and not _tells_outcome(maker, part):
            wrong = _wrong_part_value(maker, part)
            if wrong is not MISSING:
                put_value(tree, part.at, wrong)
                clauses = part.form_clause or part.clause
                yield from maker.break_clause(clauses, f"a part of the answer of a wrong type: {name}", valid, tree)


def _tells_outcome(maker: _ResponseBreaker, part: EnvelopeField) -> bool:
    """Whether success is told by this part, so that a change to it is told as another outcome."""
    return any(
        pointer == part.at or pointer.startswith(part.at + "/") for pointer in maker.listing.outcome.success.shows
    )


def _wrong_part_value(maker: _ResponseBreaker, part: EnvelopeField) -> Tree | Missing:
    if maker.is_xml:
        return "many" if part.as_ in ("integer", "digits") else MISSING
    match part.as_:
        case "integer":
            return "many"
        case "object" | "list":
            # What stands inside would be missing as well.
            return MISSING
        case _:
            return 7


def _break_outcome(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    outcome, valid = maker.listing.outcome, maker.first_page
    for pointer in outcome.success.shows:
        if pointer != outcome.error.code_at:
            tree = valid.copy_tree()
            put_value(tree, pointer, "Something else")
            yield from maker.break_clause(
                outcome.success.clause, f"success told in other words: {pointer}", valid, tree
            )
    clauses = maker.listing.transport.answers_clause
    if len(clauses) == 1:
        headers = (("Content-Type", "application/octet-stream"),)
        response = replace(valid.response, headers=headers)
        yield InvalidResponse(
            clause=clauses[0], change="another media type", request=valid.request, response=response
        )


def _remove_at(tree: Tree, pointer: str) -> bool:
    names = split_pointer(pointer)
    holder = tree_at(tree, names[:-1])
    if isinstance(holder, dict) and names[-1] in holder:
        del holder[names[-1]]
        return True
    return False


# --- totals, sizes, orders ----------------------------------------------------------------------------------


def _break_counts(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    listing = maker.listing
    valid = maker.first_page
    rows = maker.rows_in(valid.tree)
    if listing.total is not None:
        present = listing.total.clauses.get("present", ())
        tree = valid.copy_tree()
        if _remove_at(tree, listing.total.at):
            yield from maker.break_clause(present, "the total is missing", valid, tree)
        for done, wrong in (("the total is no number", "many"), ("the total is negative", maker.scalar_tree(-1))):
            tree = valid.copy_tree()
            put_value(tree, listing.total.at, wrong)
            yield from maker.break_clause(present, done, valid, tree)
        tree = maker.full_list.copy_tree()
        all_rows = maker.rows_in(tree)
        if len(all_rows) > 1:
            put_value(tree, listing.total.at, maker.scalar_tree(len(all_rows) + 1))
            done = "the total is not the number of all rows"
            yield from maker.break_clause(listing.total.clauses.get("sum", ()), done, maker.full_list, tree)
            bound = listing.total.clauses.get("bound", ())
            tree = valid.copy_tree()
            put_value(tree, listing.total.at, maker.scalar_tree(len(rows) - 1))
            yield from maker.break_clause(bound, "the total is below the number of rows", valid, tree)
    if listing.returned is not None:
        tree = valid.copy_tree()
        put_value(tree, listing.returned.at, maker.scalar_tree(len(rows) + 1))
        yield from maker.break_clause(
            listing.returned.clause, "the number of rows told is not that of the rows", valid, tree
        )
    more = maker.rows_in(maker.full_list.tree)
    if not isinstance(listing.paging, NoPaging) and len(more) > len(rows) > 0:
        clauses = listing.paging.clauses.get("size", ())
        tree = maker.with_rows(valid, copy.deepcopy(more[: len(rows) + 1]))
        yield from maker.break_clause(clauses, "one row more than was asked for", valid, tree)
    if listing.zone is not None and listing.zone.echo is not None:
        tree = valid.copy_tree()
        put_value(tree, listing.zone.echo, "Pacific/Auckland")
        yield from maker.break_clause(listing.zone.clauses.get("echo", ()), "another zone is named", valid, tree)
    for echo in listing.echoes:
        yield from _break_echo(maker, echo)


def _break_echo(maker: _ResponseBreaker, echo: Echo) -> Iterator[InvalidResponse]:
    told = tree_at(maker.first_page.tree, echo.at)
    if not echo.exact or told is MISSING or isinstance(told, bool):
        return
    tree = maker.first_page.copy_tree()
    put_value(tree, echo.at, told + 1 if isinstance(told, int) else "something-else")
    yield from maker.break_clause(
        echo.clause, f"what was asked is repeated wrongly: {echo.of}", maker.first_page, tree
    )


def _break_order(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    order = maker.listing.order
    if order is None:
        return
    asker = maker.client
    by = asker.dialect.resolve(order.by)
    yield from _swap_rows(maker, maker.full_list, by, order.clause, "rows out of order")
    size = asker.largest_size_values()
    if order.descending is not None:
        valid = maker.fetch_valid(
            asker.list_request({**size, order.descending: asker.encode_value(order.descending, True)})
        )
        yield from _swap_rows(maker, valid, by, order.descending_clause, "rows out of order, descending")
    if order.sort is not None:
        for word, path in order.sort.words.items():
            clauses = order.sort.clauses.get("undocumented" if word in order.sort.undocumented else "words", ())
            if path != by and not path.startswith("hidden."):
                valid = maker.fetch_valid(asker.list_request({**size, order.sort.parameter: word}))
                yield from _swap_rows(maker, valid, path, clauses, "rows out of order, sorted by a parameter")


def _swap_rows(
    maker: _ResponseBreaker, valid: _ValidResponse, path: str, clauses: Clauses, done: str
) -> Iterator[InvalidResponse]:
    """First, middle and last row change places, so that neither direction fits."""
    rows = maker.rows_in(valid.copy_tree())
    middle = len(rows) // 2
    # Nobody promises where rows without a value stand.
    values = [row.get(path) for row in rows if isinstance(row, dict) and row.get(path) not in (None, "", 0, "0")]
    if len(values) == len(rows) >= 5 and len({str(values[place]) for place in (0, middle, -1)}) == 3:
        rows[0], rows[middle], rows[-1] = rows[middle], rows[-1], rows[0]
        yield from maker.break_clause(clauses, done, valid, maker.with_rows(valid, rows))


# --- filters ------------------------------------------------------------------------------------------------


def _break_filters(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    for name, rule in maker.listing.filters.items():
        yield from _add_unfiltered_row(maker, name, rule)


def _add_unfiltered_row(maker: _ResponseBreaker, name: str, rule: Filter) -> Iterator[InvalidResponse]:
    """An answer to a filtered request with one row that the filter does not keep."""
    asker = maker.client
    if any(path.startswith("hidden.") or "[]." in path for path in rule.compares):
        return
    values = filter_values(asker, name)
    if values is None:
        return
    kept_by = _filter_clauses(asker, name, rule, values)
    valid = maker.fetch_valid(asker.list_request({**asker.largest_size_values(), **values}))
    identity = maker.listing.lists.identity
    kept = {row.get(identity) for row in maker.rows_in(valid.tree) if isinstance(row, dict)}
    # Beside a filter without which this one has no effect, the stranger is one that the other keeps.
    beside = {other: values[other] for other in rule.applies_if_any if other in values}
    around = (
        maker.fetch_valid(asker.list_request({**asker.largest_size_values(), **beside}))
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
        yield from maker.break_clause(kept_by, f"a row that the filter does not keep ({name})", valid, tree)


def _is_excluded_row(maker: _ResponseBreaker, row: RowObject, rule: Filter, wanted: Tree) -> bool:
    """Whether no reading of the filter keeps the row: each compared field is shown and is quite another."""
    if rule.keeps in ("at-or-after", "at-or-before", "at-most", "at-least"):
        return True
    plain = [
        str(row[path])
        for path in (*rule.compares, *_alternative_fields(rule))
        if row.get(path) not in (None, "", 0, "0", [])
    ]
    texts = [str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]
    return bool(plain) and not any(
        text.lower() in value.lower() or value.lower() in text.lower() for value in plain for text in texts
    )


def _alternative_fields(rule: Filter) -> tuple[str, ...]:
    alternatives = rule.alternatives if isinstance(rule.alternatives, tuple) else ()
    return tuple(path for path in alternatives if not path.startswith("hidden."))


def _filter_clauses(asker: SampleClient, name: str, rule: Filter, values: dict[str, Tree]) -> Clauses:
    word = values[name]
    if isinstance(word, str) and word in rule.word_clauses:
        return rule.word_clauses[word]
    return rule.clause


# --- laws ---------------------------------------------------------------------------------------------------


def _break_laws(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    for law in maker.listing.laws:
        yield from _break_law(maker, law)


def _break_law(maker: _ResponseBreaker, law: Law) -> Iterator[InvalidResponse]:
    valid = _valid_for_law(maker, law)
    if valid is None:
        return
    for index, raw in enumerate(maker.rows_in(valid.tree)):
        if not isinstance(raw, dict):
            continue
        tree = valid.copy_tree()
        row = cast(RowObject, maker.rows_in(tree)[index])
        if _break_row(maker, law, row, valid):
            yield from maker.break_clause(
                law.clause, f"a law is broken: {law.law} {law.field or ''}".rstrip(), valid, tree
            )
            return


def _valid_for_law(maker: _ResponseBreaker, law: Law) -> _ValidResponse | None:
    head, nested, _ = (law.field or "").partition("[].")
    return _valid_with_nested(maker, head) if nested else maker.full_list


def _break_row(maker: _ResponseBreaker, law: Law, row: RowObject, valid: _ValidResponse) -> bool:
    """Change one field of the row so that the law is broken; False where this row cannot show it."""
    fields = maker.listing.fields
    shown = decode_row(fields, row, zone=maker.client.zone, text_carried=maker.is_xml).values
    head, nested, tail = (law.field or "").partition("[].")
    match law.law:
        case "non-negative" if not nested and head in row:
            if fields[head].as_ in ("integer", "decimal"):
                return _set_field(maker, row, head, -1)
            if fields[head].as_ == "epoch-seconds":
                return _set_field(maker, row, head, datetime.fromtimestamp(-1, UTC))
        case "one-of" if not nested and head in row:
            numbers = [value for value in law.values if isinstance(value, int)]
            return len(numbers) == len(law.values) and _set_field(maker, row, head, max(numbers) + 1)
        case "not-before" if not nested and law.than is not None:
            earlier, later = shown.get(law.than), shown.get(head)
            if isinstance(earlier, datetime) and isinstance(later, datetime):
                return _set_field(maker, row, head, earlier - timedelta(seconds=law.slack_seconds + 60))
        case "inside" if nested and law.than is not None:
            earlier = shown.get(law.than)
            inner = row.get(head)
            if isinstance(earlier, datetime) and isinstance(inner, list) and inner and isinstance(inner[0], dict):
                moment = earlier - timedelta(seconds=law.slack_seconds + 60)
                field = fields[head].fields[tail]
                inner[0][tail] = _encode_value(maker, field, moment)
                return True
        case "not-future" if head in row and not nested:
            moment = maker.client.world.instant + timedelta(seconds=law.slack_seconds + 3600)
            return _set_field(maker, row, head, moment)
        case "implies" if law.when is not None and law.then is not None:
            return _break_implication(maker, law, row, shown)
    return False


def _break_implication(maker: _ResponseBreaker, law: Law, row: RowObject, shown: ApiRow) -> bool:
    assert law.when is not None
    assert law.then is not None
    condition, name = law.when, law.then.field
    if "[]." in condition.field or "[]." in name or name not in row or condition.field not in shown:
        return False
    if not _meets_condition(condition, shown):
        return False
    field = maker.listing.fields[name]
    changed: Tree = None
    if field.as_ in ("integer", "decimal") and (law.then.present is False or 0 in law.then.is_):
        changed = _encode_value(maker, field, 5)
    elif field.as_ == "word" and law.then.is_:
        changed = next((word for word in field.words.values() if word not in law.then.is_), None)
    if changed is None:
        return False
    row[name] = changed
    after = decode_row(maker.listing.fields, row, zone=maker.client.zone, text_carried=maker.is_xml).values
    broken = {clause for other in maker.listing.laws if _breaks_implication(other, after) for clause in other.clause}
    return broken == set(law.clause)


def _breaks_implication(law: Law, shown: ApiRow) -> bool:
    """Whether a row breaks an implication."""
    if law.law != "implies" or law.when is None or law.then is None:
        return False
    return _meets_condition(law.when, shown) and not _meets_condition(law.then, shown)


def _meets_condition(condition: FieldCondition, shown: ApiRow) -> bool:
    if condition.field not in shown:
        return condition.present is False
    value = shown[condition.field]
    if (condition.is_ and value not in condition.is_) or value in condition.not_:
        return False
    return condition.present is None or condition.present == (value not in (None, ""))


def _set_field(maker: _ResponseBreaker, row: RowObject, name: str, value: int | datetime) -> bool:
    row[name] = _encode_value(maker, maker.listing.fields[name], value)
    return True


def _encode_value(maker: _ResponseBreaker, field: Field, value: int | datetime) -> Tree:
    if field.as_ == "decimal" and maker.is_xml and isinstance(value, int):
        return f"{value}.{'0' * field.digits}"
    found = encode_field(field, value, zone=maker.client.zone, picks=maker.client.dialect, text_carried=maker.is_xml)
    return None if isinstance(found, Missing) else found


# --- errors -------------------------------------------------------------------------------------------------


def _break_errors(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    listing, asker = maker.listing, maker.client
    access = listing.access
    base = asker.list_request().values
    success = maker.first_page
    for place, (name, clauses) in enumerate(
        (
            (access.user, access.clauses.get("user-required", ())),
            (access.password, access.clauses.get("password-required", ())),
            (access.token if access.kind == "bearer" else None, access.clauses.get("missing-refused", ())),
            (access.password or access.token, access.clauses.get("wrong-refused", ())),
        )
    ):
        if name is None:
            continue
        wrong = place == 3
        credentials = dict(asker.credentials)
        if wrong:
            credentials[name] = "callharness-wrong"
        else:
            del credentials[name]
        request = asker.encode(ListRequest(values={**base, **asker.size_values(PAGE_SIZE)}, credentials=credentials))
        valid = _ValidResponse(request, success.response, {})
        done = f"a success in spite of {'a wrong' if wrong else 'a missing'} {name}"
        yield from maker.break_clause(clauses, done, valid, success.copy_tree())
        if place in (0, 2, 3):
            yield from _break_error(maker, request)


def _break_error(maker: _ResponseBreaker, request: HttpRequest) -> Iterator[InvalidResponse]:
    outcome = maker.listing.outcome
    error = outcome.error
    response, name = maker.client.send(request)
    decoded = decode_response(maker.listing, response).tree
    if name is None or not isinstance(decoded, dict):
        return
    valid = _ValidResponse(request, response, decoded)
    fault = outcome.faults[name]
    clauses = error.clauses.get("shape", ())
    tree = valid.copy_tree()
    if error.message_at is not None and _remove_at(tree, error.message_at):
        envelope = next((part.clause for part in outcome.envelope.values() if part.at == error.message_at), clauses)
        yield from maker.break_clause(envelope, "an error without its message", valid, tree)
    tree = valid.copy_tree()
    put_value(tree, maker.listing.lists.rows_at, copy.deepcopy(maker.rows_in(maker.first_page.tree)[:1]))
    yield from maker.break_clause(error.clauses.get("no-rows", ()), "an error with rows", valid, tree)
    tree = valid.copy_tree()
    put_value(tree, error.code_at, _wrong_code(maker, fault))
    yield from maker.break_clause(fault.clause, f"an error with the code of another: {name}", valid, tree)
    if "5xx" not in error.https:
        yield from _change_status(maker, error.clauses.get("http", ()), valid)


def _change_status(maker: _ResponseBreaker, clauses: Clauses, valid: _ValidResponse) -> Iterator[InvalidResponse]:
    if len(clauses) == 1:
        response = replace(valid.response, http_status=302)
        yield InvalidResponse(
            clause=clauses[0], change="an error with HTTP status 302", request=valid.request, response=response
        )


def _wrong_code(maker: _ResponseBreaker, fault: ErrorKind) -> Tree:
    """A code that some other error has and this one may not have."""
    lawful = {fault.code, *fault.codes}
    for other in maker.listing.outcome.faults.values():
        if other.code is not None and other.code not in lawful:
            return maker.scalar_tree(other.code)
    return maker.scalar_tree(fault.code if fault.code is not None else 0)


# --- switches -----------------------------------------------------------------------------------------------


def _break_switches(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    listing, asker = maker.listing, maker.client
    if listing.count_only is not None:
        name = listing.count_only.parameter
        valid = maker.fetch_valid(asker.list_request({name: asker.encode_value(name, True)}))
        tree = valid.copy_tree()
        put_value(tree, listing.lists.rows_at, copy.deepcopy(maker.rows_in(maker.full_list.tree)))
        yield from maker.break_clause(
            listing.count_only.clauses.get("on", ()), "rows in place of their number", valid, tree
        )
    if listing.total is not None and listing.total.switch is not None:
        switch = listing.total.switch
        valid = maker.fetch_valid(
            asker.list_request(
                {**asker.size_values(PAGE_SIZE), switch.parameter: asker.encode_value(switch.parameter, False)}
            )
        )
        tree = valid.copy_tree()
        put_value(tree, listing.total.at, maker.scalar_tree(len(asker.visible_rows)))
        yield from maker.break_clause(switch.clauses.get("off", ()), "a total that was switched off", valid, tree)
    for include in listing.includes:
        yield from _break_include(maker, include)


def _break_include(maker: _ResponseBreaker, include: Include) -> Iterator[InvalidResponse]:
    asker = maker.client
    on, off = (
        maker.fetch_valid(
            asker.list_request(
                {**asker.largest_size_values(), include.parameter: asker.encode_value(include.parameter, value)}
            )
        )
        for value in (True, False)
    )
    for name in include.adds:
        rows = maker.rows_in(on.copy_tree())
        if include.any_names or not any(isinstance(row, dict) and row.get(name) for row in rows):
            continue
        tree = off.copy_tree()
        for index, row in enumerate(maker.rows_in(tree)):
            full = rows[index]
            if isinstance(row, dict) and isinstance(full, dict) and full.get(name):
                row[name] = full[name]
        clauses = include.clauses.get("off", ())
        yield from maker.break_clause(clauses, f"a part that was switched off: {name}", off, tree)
        tree = on.copy_tree()
        for row in maker.rows_in(tree):
            if isinstance(row, dict):
                row.pop(name, None)
        clauses = include.clauses.get("on", ())
        yield from maker.break_clause(clauses, f"a part that was switched on is missing: {name}", on, tree)


# --- the body itself ----------------------------------------------------------------------------------------


def _break_body(maker: _ResponseBreaker) -> Iterator[InvalidResponse]:
    valid = maker.first_page
    body = valid.response.body
    changes = [
        ("TEXT-ENCODING", "a byte that is not UTF-8", _with_invalid_byte(maker, body)),
        ("TEXT-ENCODING", "a byte order mark", b"\xef\xbb\xbf" + body if not maker.is_xml else body),
    ]
    if body_format(maker.client.spec) == "json":
        changes += [
            ("JSON-SYNTAX", "the end is missing", body[:-2]),
            ("JSON-SYNTAX", "a comma too many", body[:-1] + b",}"),
            ("JSON-DUPLICATE-KEYS", "a key twice", b'{"x-twice":1,"x-twice":2,' + body[1:]),
            ("JSON-NUMBERS", "a number that is none", b'{"x-number":NaN,' + body[1:]),
            ("JSON-DEPTH", "very deep nesting", b'{"x-deep":' + b"[" * 80 + b"]" * 80 + b"," + body[1:]),
        ]
    else:
        root = b"<" + (maker.listing.lists.root or "").encode()
        dtd = b'<!DOCTYPE x [<!ENTITY x "y">]>'
        changes += [
            ("XML-SYNTAX", "the end is missing", body[:-4]),
            ("XML-SYNTAX", "a bare ampersand", body.replace(b"<Code>", b"<Code>&", 1) if b"<Code>" in body else body),
            ("XML-DTD", "a document type with an entity", body.replace(root, dtd + root, 1)),
        ]
    for clause, done, changed in changes:
        if changed != body:
            response = replace(valid.response, body=changed)
            yield InvalidResponse(clause=ClauseId(clause), change=done, request=valid.request, response=response)


def _with_invalid_byte(maker: _ResponseBreaker, body: bytes) -> bytes:
    """The body with a lone continuation byte inside the first text of a row."""
    for row in maker.rows_in(maker.first_page.tree):
        for value in row.values() if isinstance(row, dict) else ():
            if isinstance(value, str) and len(value) > 3 and value.isascii() and value.isalnum():
                found = value.encode()
                return body.replace(found, found[:2] + b"\x80" + found[2:], 1)
    return body
