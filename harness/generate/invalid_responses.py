"""Answers that break exactly one clause each, made from valid ones by one change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast, final

from harness.generate.sample_exchanges import PAGE_SIZE, Asker, filter_values
from harness.specification.clauses import body_of
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import (
    ClauseId,
    Clauses,
    Echo,
    EnvelopeField,
    Fault,
    Field,
    Filter,
    Holds,
    Include,
    Law,
    Listing,
    NoPaging,
    Scalar,
)
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, Missing, at, put, split_pointer
from harness.wire.list_request import Ask
from harness.wire.response_codec import decode_answer, encode_answer, text_carried
from harness.wire.row_codec import ShownRow, absents_of, decode_row, encode_field
from harness.world.world import World

Row = dict[str, Tree]
_NO_WORD: Final = "no-such-word"
_NO_TIME: Final = {"epoch-seconds": "soon", "local-time": "11/03/2026 10.30", "rfc3339": "2026-03-11 10:30"}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """One answer that breaks a clause: what was done to a valid one, and the request that it answers."""

    clause: ClauseId
    done: str
    request: HttpRequest
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True)
class _Valid:
    """A valid answer to start from."""

    request: HttpRequest
    response: HttpResponse
    tree: Row

    def copy(self) -> Row:
        return copy.deepcopy(self.tree)


@final
class _Maker:
    """Makes invalid answers of one API."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.listing: Listing = asker.listing
        self.text = text_carried(asker.listing)
        self.page = self.valid(asker.ask(asker.size(PAGE_SIZE)))
        self.whole = self.valid(asker.ask(asker.most()))

    def valid(self, ask: Ask) -> _Valid:
        request = self.asker.encoded(ask)
        response, _ = self.asker.send(request)
        tree = decode_answer(self.listing, response).tree
        return _Valid(request, response, tree if isinstance(tree, dict) else {})

    def made(self, clauses: Clauses, done: str, valid: _Valid, tree: Tree) -> Iterator[Invalid]:
        """The answer with this tree in place of its own; nothing unless exactly one clause is named."""
        if len(clauses) != 1 or tree == valid.tree:
            return
        body = encode_answer(self.listing, tree)[1]
        response = replace(valid.response, body=body)
        yield Invalid(clause=clauses[0], done=done, request=valid.request, response=response)

    def rows(self, tree: Tree) -> list[Tree]:
        found = at(tree, self.listing.lists.rows_at)
        return found if isinstance(found, list) else []

    def with_rows(self, valid: _Valid, rows: list[Tree], *, total: int = 0) -> Row:
        """The tree with other rows, and the numbers around them put right; `total` is added to the total."""
        tree = valid.copy()
        put(tree, self.listing.lists.rows_at, list(rows))
        if self.listing.returned is not None:
            put(tree, self.listing.returned.at, len(rows))
        if self.listing.total is not None and total:
            told = at(tree, self.listing.total.at)
            if isinstance(told, (int, str)) and not isinstance(told, bool):
                put(tree, self.listing.total.at, self.scalar(int(told) + total))
        return tree

    def scalar(self, value: Scalar) -> Tree:
        return str(value) if self.text else value


def invalid_answers(spec: Spec, world: World, dialect: Dialect) -> Iterator[Invalid]:
    """Answers that break one clause each, clause by clause as far as one answer can show it.

    A clause that only several answers together break (pages that overlap, a list that moves) has none here.
    """
    maker = _Maker(Asker(spec, world, dialect))
    once: set[tuple[ClauseId, str]] = set()
    for source in (_fields, _list, _envelope, _outcome, _numbers, _order, _filters, _laws, _errors, _switches, _body):
        for one in source(maker):
            mark = (one.clause, one.done.partition(":")[0])
            if mark not in once:
                once.add(mark)
                yield one


# --- fields of a row ----------------------------------------------------------------------------------------


def _fields(maker: _Maker) -> Iterator[Invalid]:
    yield from _fields_of(maker, maker.page, dict(maker.listing.fields), ())
    for name, field in maker.listing.fields.items():
        valid = _with_nested(maker, name) if field.as_ == "rows" else None
        if valid is not None:
            yield from _fields_of(maker, valid, dict(field.fields), (name,))


def _fields_of(maker: _Maker, valid: _Valid, fields: dict[str, Field], path: tuple[str, ...]) -> Iterator[Invalid]:
    keys = maker.listing.lists.clauses.get("keys", ())
    for name, field in fields.items():
        if field.shows is None or _place(maker, valid.tree, (*path, name)) is None:
            continue
        label = "[].".join((*path, name))
        lawful = absents_of(field)
        if not field.optional and "missing" not in lawful:
            tree = valid.copy()
            holder = _place(maker, tree, (*path, name))
            if holder is not None:
                del holder[name]
                clauses = field.clause if path else keys or field.clause
                yield from maker.made(clauses, f"field missing: {label}", valid, tree)
        for done, value in _wrong_values(maker, field):
            tree = valid.copy()
            holder = _place(maker, tree, (*path, name))
            if holder is not None:
                holder[name] = value
                yield from maker.made(field.clause, f"{done}: {label}", valid, tree)


def _wrong_values(maker: _Maker, field: Field) -> Iterator[tuple[str, Tree]]:
    if not maker.text and not field.other_types:
        numeric = field.as_ in ("integer", "epoch-seconds", "decimal", "flag", "rows", "text-list")
        yield "wrong type", "five" if numeric else True
    if field.as_ in _NO_TIME and (maker.text or field.as_ != "epoch-seconds"):
        yield "wrong form of a time", _NO_TIME[field.as_]
    if field.as_ == "word" and field.unknown_words == "refused":
        yield "wrong word", _NO_WORD
    if field.as_ in ("digits", "integer", "decimal") and (maker.text or field.as_ == "digits"):
        yield "no number", "12a"
    if field.non_empty:
        yield "empty", ""


def _place(maker: _Maker, tree: Row, path: tuple[str, ...]) -> Row | None:
    """The first row, or nested row, that has the field at the end of the path."""
    for row in maker.rows(tree):
        holders = [row] if isinstance(row, dict) else []
        for name in path[:-1]:
            inner = [holder.get(name) for holder in holders]
            holders = [item for items in inner if isinstance(items, list) for item in items if isinstance(item, dict)]
        for holder in holders:
            if path[-1] in holder:
                return holder
    return None


def _with_nested(maker: _Maker, name: str) -> _Valid | None:
    """An answer with nested rows in that field, the switch turned on that adds them."""
    include = _include_of(maker.listing, name)
    if include is None:
        return maker.page
    asker = maker.asker
    values = {**asker.size(PAGE_SIZE), include.parameter: asker.written(include.parameter, True)}
    return maker.valid(asker.ask(values))


def _include_of(listing: Listing, name: str) -> Include | None:
    return next((include for include in listing.includes if name in include.adds), None)


# --- the list, the envelope, the outcome --------------------------------------------------------------------


def _list(maker: _Maker) -> Iterator[Invalid]:
    lists = maker.listing.lists
    valid = maker.page
    tree = valid.copy()
    if _remove(tree, lists.rows_at):
        yield from maker.made(lists.clauses.get("rows", ()), "the container of the rows is missing", valid, tree)
    rows = maker.rows(valid.tree)
    if rows:
        # The last row is the first one again: as many rows as before.
        twice = maker.with_rows(valid, [*rows[:-1], copy.deepcopy(rows[0])])
        unordered = maker.with_rows(valid, [rows[0], copy.deepcopy(rows[0]), *rows[2:]])
        tree = unordered if len(rows) > 1 else twice
        yield from maker.made(lists.clauses.get("unique", ()), "two rows with one identity", valid, tree)
    element = lists.row_element
    clauses = lists.clauses.get("row-element", ())
    if element is not None and len(clauses) == 1 and rows:
        body = valid.response.body
        for old, new in ((f"<{element}>", "<Other>"), (f"</{element}>", "</Other>")):
            body = body.replace(old.encode(), new.encode(), 1)
        response = replace(valid.response, body=body)
        yield Invalid(clause=clauses[0], done="a row of another name", request=valid.request, response=response)


def _envelope(maker: _Maker) -> Iterator[Invalid]:
    for name, part in maker.listing.outcome.envelope.items():
        if part.when == "error":
            continue
        valid = maker.page
        tree = valid.copy()
        if not part.optional and _remove(tree, part.at) and not _tells_outcome(maker, part):
            yield from maker.made(part.clause, f"a part of the answer is missing: {name}", valid, tree)
        tree = valid.copy()
        if at(tree, part.at) is not MISSING and not _tells_outcome(maker, part):
            wrong = _wrong_part(maker, part)
            if wrong is not MISSING:
                put(tree, part.at, wrong)
                clauses = part.form_clause or part.clause
                yield from maker.made(clauses, f"a part of the answer of a wrong type: {name}", valid, tree)


def _tells_outcome(maker: _Maker, part: EnvelopeField) -> bool:
    """Whether success is told by this part, so that a change to it is told as another outcome."""
    return any(
        pointer == part.at or pointer.startswith(part.at + "/") for pointer in maker.listing.outcome.success.shows
    )


def _wrong_part(maker: _Maker, part: EnvelopeField) -> Tree | Missing:
    if maker.text:
        return "many" if part.as_ in ("integer", "digits") else MISSING
    match part.as_:
        case "integer":
            return "many"
        case "object" | "list":
            # What stands inside would be missing as well.
            return MISSING
        case _:
            return 7


def _outcome(maker: _Maker) -> Iterator[Invalid]:
    outcome, valid = maker.listing.outcome, maker.page
    for pointer in outcome.success.shows:
        if pointer != outcome.error.code_at:
            tree = valid.copy()
            put(tree, pointer, "Something else")
            yield from maker.made(outcome.success.clause, f"success told in other words: {pointer}", valid, tree)
    clauses = maker.listing.transport.answers_clause
    if len(clauses) == 1:
        headers = (("Content-Type", "application/octet-stream"),)
        response = replace(valid.response, headers=headers)
        yield Invalid(clause=clauses[0], done="another media type", request=valid.request, response=response)


def _remove(tree: Tree, pointer: str) -> bool:
    names = split_pointer(pointer)
    holder = at(tree, names[:-1])
    if isinstance(holder, dict) and names[-1] in holder:
        del holder[names[-1]]
        return True
    return False


# --- totals, sizes, orders ----------------------------------------------------------------------------------


def _numbers(maker: _Maker) -> Iterator[Invalid]:
    listing = maker.listing
    valid = maker.page
    rows = maker.rows(valid.tree)
    if listing.total is not None:
        present = listing.total.clauses.get("present", ())
        tree = valid.copy()
        if _remove(tree, listing.total.at):
            yield from maker.made(present, "the total is missing", valid, tree)
        for done, wrong in (("the total is no number", "many"), ("the total is negative", maker.scalar(-1))):
            tree = valid.copy()
            put(tree, listing.total.at, wrong)
            yield from maker.made(present, done, valid, tree)
        tree = maker.whole.copy()
        all_rows = maker.rows(tree)
        if len(all_rows) > 1:
            put(tree, listing.total.at, maker.scalar(len(all_rows) + 1))
            done = "the total is not the number of all rows"
            yield from maker.made(listing.total.clauses.get("sum", ()), done, maker.whole, tree)
            bound = listing.total.clauses.get("bound", ())
            tree = valid.copy()
            put(tree, listing.total.at, maker.scalar(len(rows) - 1))
            yield from maker.made(bound, "the total is below the number of rows", valid, tree)
    if listing.returned is not None:
        tree = valid.copy()
        put(tree, listing.returned.at, maker.scalar(len(rows) + 1))
        yield from maker.made(listing.returned.clause, "the number of rows told is not that of the rows", valid, tree)
    more = maker.rows(maker.whole.tree)
    if not isinstance(listing.paging, NoPaging) and len(more) > len(rows) > 0:
        clauses = listing.paging.clauses.get("size", ())
        tree = maker.with_rows(valid, copy.deepcopy(more[: len(rows) + 1]))
        yield from maker.made(clauses, "one row more than was asked for", valid, tree)
    if listing.zone is not None and listing.zone.echo is not None:
        tree = valid.copy()
        put(tree, listing.zone.echo, "Pacific/Auckland")
        yield from maker.made(listing.zone.clauses.get("echo", ()), "another zone is named", valid, tree)
    for echo in listing.echoes:
        yield from _echo(maker, echo)


def _echo(maker: _Maker, echo: Echo) -> Iterator[Invalid]:
    told = at(maker.page.tree, echo.at)
    if not echo.exact or told is MISSING or isinstance(told, bool):
        return
    tree = maker.page.copy()
    put(tree, echo.at, told + 1 if isinstance(told, int) else "something-else")
    yield from maker.made(echo.clause, f"what was asked is repeated wrongly: {echo.of}", maker.page, tree)


def _order(maker: _Maker) -> Iterator[Invalid]:
    order = maker.listing.order
    if order is None:
        return
    asker = maker.asker
    by = asker.dialect.pick(order.by)
    yield from _swapped(maker, maker.whole, by, order.clause, "rows out of order")
    size = asker.most()
    if order.descending is not None:
        valid = maker.valid(asker.ask({**size, order.descending: asker.written(order.descending, True)}))
        yield from _swapped(maker, valid, by, order.descending_clause, "rows out of order, descending")
    if order.sort is not None:
        for word, path in order.sort.words.items():
            clauses = order.sort.clauses.get("undocumented" if word in order.sort.undocumented else "words", ())
            if path != by and not path.startswith("hidden."):
                valid = maker.valid(asker.ask({**size, order.sort.parameter: word}))
                yield from _swapped(maker, valid, path, clauses, "rows out of order, sorted by a parameter")


def _swapped(maker: _Maker, valid: _Valid, path: str, clauses: Clauses, done: str) -> Iterator[Invalid]:
    """First, middle and last row change places, so that neither direction fits."""
    rows = maker.rows(valid.copy())
    middle = len(rows) // 2
    # Nobody promises where rows without a value stand.
    values = [row.get(path) for row in rows if isinstance(row, dict) and row.get(path) not in (None, "", 0, "0")]
    if len(values) == len(rows) >= 5 and len({str(values[place]) for place in (0, middle, -1)}) == 3:
        rows[0], rows[middle], rows[-1] = rows[middle], rows[-1], rows[0]
        yield from maker.made(clauses, done, valid, maker.with_rows(valid, rows))


# --- filters ------------------------------------------------------------------------------------------------


def _filters(maker: _Maker) -> Iterator[Invalid]:
    for name, rule in maker.listing.filters.items():
        yield from _intruder(maker, name, rule)


def _intruder(maker: _Maker, name: str, rule: Filter) -> Iterator[Invalid]:
    """An answer to a filtered request with one row that the filter does not keep."""
    asker = maker.asker
    if any(path.startswith("hidden.") or "[]." in path for path in rule.compares):
        return
    values = filter_values(asker, name)
    if values is None:
        return
    kept_by = _clauses_of(asker, name, rule, values)
    valid = maker.valid(asker.ask({**asker.most(), **values}))
    identity = maker.listing.lists.identity
    kept = {row.get(identity) for row in maker.rows(valid.tree) if isinstance(row, dict)}
    # Beside a filter without which this one has no effect, the stranger is one that the other keeps.
    beside = {other: values[other] for other in rule.applies_if_any if other in values}
    around = maker.valid(asker.ask({**asker.most(), **beside})) if beside else maker.whole
    whole = maker.rows(around.copy())
    strangers = [row for row in whole if isinstance(row, dict) and row.get(identity) not in kept]
    outside = [row for row in strangers if _far(maker, row, rule, values[name])]
    if not kept or not outside:
        return
    chosen = outside[len(outside) // 2].get(identity)
    rows: list[Tree] = [row for row in whole if isinstance(row, dict) and row.get(identity) in {*kept, chosen}]
    if len(rows) == len(kept) + 1:
        tree = maker.with_rows(valid, rows, total=1)
        yield from maker.made(kept_by, f"a row that the filter does not keep ({name})", valid, tree)


def _far(maker: _Maker, row: Row, rule: Filter, wanted: Tree) -> bool:
    """Whether no reading of the filter keeps the row: each compared field is shown and is quite another."""
    if rule.keeps in ("at-or-after", "at-or-before", "at-most", "at-least"):
        return True
    plain = [
        str(row[path]) for path in (*rule.compares, *_others(rule)) if row.get(path) not in (None, "", 0, "0", [])
    ]
    texts = [str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]
    return bool(plain) and not any(
        text.lower() in value.lower() or value.lower() in text.lower() for value in plain for text in texts
    )


def _others(rule: Filter) -> tuple[str, ...]:
    alternatives = rule.alternatives if isinstance(rule.alternatives, tuple) else ()
    return tuple(path for path in alternatives if not path.startswith("hidden."))


def _clauses_of(asker: Asker, name: str, rule: Filter, values: dict[str, Tree]) -> Clauses:
    word = values[name]
    if isinstance(word, str) and word in rule.word_clauses:
        return rule.word_clauses[word]
    return rule.clause


# --- laws ---------------------------------------------------------------------------------------------------


def _laws(maker: _Maker) -> Iterator[Invalid]:
    for law in maker.listing.laws:
        yield from _broken_law(maker, law)


def _broken_law(maker: _Maker, law: Law) -> Iterator[Invalid]:
    valid = _law_base(maker, law)
    if valid is None:
        return
    for index, raw in enumerate(maker.rows(valid.tree)):
        if not isinstance(raw, dict):
            continue
        tree = valid.copy()
        row = cast(Row, maker.rows(tree)[index])
        if _break(maker, law, row, valid):
            yield from maker.made(law.clause, f"a law is broken: {law.law} {law.field or ''}".rstrip(), valid, tree)
            return


def _law_base(maker: _Maker, law: Law) -> _Valid | None:
    head, nested, _ = (law.field or "").partition("[].")
    return _with_nested(maker, head) if nested else maker.whole


def _break(maker: _Maker, law: Law, row: Row, valid: _Valid) -> bool:
    """Change one field of the row so that the law is broken; False where this row cannot show it."""
    fields = maker.listing.fields
    shown = decode_row(fields, row, zone=maker.asker.zone, text_carried=maker.text).shown
    head, nested, tail = (law.field or "").partition("[].")
    match law.law:
        case "non-negative" if not nested and head in row:
            if fields[head].as_ in ("integer", "decimal"):
                return _set(maker, row, head, -1)
            if fields[head].as_ == "epoch-seconds":
                return _set(maker, row, head, datetime.fromtimestamp(-1, UTC))
        case "one-of" if not nested and head in row:
            numbers = [value for value in law.values if isinstance(value, int)]
            return len(numbers) == len(law.values) and _set(maker, row, head, max(numbers) + 1)
        case "not-before" if not nested and law.than is not None:
            earlier, later = shown.get(law.than), shown.get(head)
            if isinstance(earlier, datetime) and isinstance(later, datetime):
                return _set(maker, row, head, earlier - timedelta(seconds=law.slack_seconds + 60))
        case "inside" if nested and law.than is not None:
            earlier = shown.get(law.than)
            inner = row.get(head)
            if isinstance(earlier, datetime) and isinstance(inner, list) and inner and isinstance(inner[0], dict):
                moment = earlier - timedelta(seconds=law.slack_seconds + 60)
                field = fields[head].fields[tail]
                inner[0][tail] = _encoded(maker, field, moment)
                return True
        case "not-future" if head in row and not nested:
            moment = maker.asker.world.instant + timedelta(seconds=law.slack_seconds + 3600)
            return _set(maker, row, head, moment)
        case "implies" if law.when is not None and law.then is not None:
            return _break_implication(maker, law, row, shown)
    return False


def _break_implication(maker: _Maker, law: Law, row: Row, shown: ShownRow) -> bool:
    assert law.when is not None
    assert law.then is not None
    condition, name = law.when, law.then.field
    if "[]." in condition.field or "[]." in name or name not in row or condition.field not in shown:
        return False
    if not _meets(condition, shown):
        return False
    field = maker.listing.fields[name]
    changed: Tree = None
    if field.as_ in ("integer", "decimal") and (law.then.present is False or 0 in law.then.is_):
        changed = _encoded(maker, field, 5)
    elif field.as_ == "word" and law.then.is_:
        changed = next((word for word in field.words.values() if word not in law.then.is_), None)
    if changed is None:
        return False
    row[name] = changed
    after = decode_row(maker.listing.fields, row, zone=maker.asker.zone, text_carried=maker.text).shown
    broken = {clause for other in maker.listing.laws if _contradicts(other, after) for clause in other.clause}
    return broken == set(law.clause)


def _contradicts(law: Law, shown: ShownRow) -> bool:
    """Whether a row breaks an implication."""
    if law.law != "implies" or law.when is None or law.then is None:
        return False
    return _meets(law.when, shown) and not _meets(law.then, shown)


def _meets(condition: Holds, shown: ShownRow) -> bool:
    if condition.field not in shown:
        return condition.present is False
    value = shown[condition.field]
    if (condition.is_ and value not in condition.is_) or value in condition.not_:
        return False
    return condition.present is None or condition.present == (value not in (None, ""))


def _set(maker: _Maker, row: Row, name: str, value: int | datetime) -> bool:
    row[name] = _encoded(maker, maker.listing.fields[name], value)
    return True


def _encoded(maker: _Maker, field: Field, value: int | datetime) -> Tree:
    if field.as_ == "decimal" and maker.text and isinstance(value, int):
        return f"{value}.{'0' * field.digits}"
    found = encode_field(field, value, zone=maker.asker.zone, picks=maker.asker.dialect, text_carried=maker.text)
    return None if isinstance(found, Missing) else found


# --- errors -------------------------------------------------------------------------------------------------


def _errors(maker: _Maker) -> Iterator[Invalid]:
    listing, asker = maker.listing, maker.asker
    access = listing.access
    base = asker.ask().values
    success = maker.page
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
        request = asker.encoded(Ask(values={**base, **asker.size(PAGE_SIZE)}, credentials=credentials))
        valid = _Valid(request, success.response, {})
        done = f"a success in spite of {'a wrong' if wrong else 'a missing'} {name}"
        yield from maker.made(clauses, done, valid, success.copy())
        if place in (0, 2, 3):
            yield from _error_forms(maker, request)


def _error_forms(maker: _Maker, request: HttpRequest) -> Iterator[Invalid]:
    outcome = maker.listing.outcome
    error = outcome.error
    response, name = maker.asker.send(request)
    decoded = decode_answer(maker.listing, response).tree
    if name is None or not isinstance(decoded, dict):
        return
    valid = _Valid(request, response, decoded)
    fault = outcome.faults[name]
    clauses = error.clauses.get("shape", ())
    tree = valid.copy()
    if error.message_at is not None and _remove(tree, error.message_at):
        envelope = next((part.clause for part in outcome.envelope.values() if part.at == error.message_at), clauses)
        yield from maker.made(envelope, "an error without its message", valid, tree)
    tree = valid.copy()
    put(tree, maker.listing.lists.rows_at, copy.deepcopy(maker.rows(maker.page.tree)[:1]))
    yield from maker.made(error.clauses.get("no-rows", ()), "an error with rows", valid, tree)
    tree = valid.copy()
    put(tree, error.code_at, _wrong_code(maker, fault))
    yield from maker.made(fault.clause, f"an error with the code of another: {name}", valid, tree)
    if "5xx" not in error.https:
        yield from _other_status(maker, error.clauses.get("http", ()), valid)


def _other_status(maker: _Maker, clauses: Clauses, valid: _Valid) -> Iterator[Invalid]:
    if len(clauses) == 1:
        response = replace(valid.response, http_status=302)
        yield Invalid(
            clause=clauses[0], done="an error with HTTP status 302", request=valid.request, response=response
        )


def _wrong_code(maker: _Maker, fault: Fault) -> Tree:
    """A code that some other error has and this one may not have."""
    lawful = {fault.code, *fault.codes}
    for other in maker.listing.outcome.faults.values():
        if other.code is not None and other.code not in lawful:
            return maker.scalar(other.code)
    return maker.scalar(fault.code if fault.code is not None else 0)


# --- switches -----------------------------------------------------------------------------------------------


def _switches(maker: _Maker) -> Iterator[Invalid]:
    listing, asker = maker.listing, maker.asker
    if listing.count_only is not None:
        name = listing.count_only.parameter
        valid = maker.valid(asker.ask({name: asker.written(name, True)}))
        tree = valid.copy()
        put(tree, listing.lists.rows_at, copy.deepcopy(maker.rows(maker.whole.tree)))
        yield from maker.made(listing.count_only.clauses.get("on", ()), "rows in place of their number", valid, tree)
    if listing.total is not None and listing.total.switch is not None:
        switch = listing.total.switch
        valid = maker.valid(
            asker.ask({**asker.size(PAGE_SIZE), switch.parameter: asker.written(switch.parameter, False)})
        )
        tree = valid.copy()
        put(tree, listing.total.at, maker.scalar(len(asker.visible)))
        yield from maker.made(switch.clauses.get("off", ()), "a total that was switched off", valid, tree)
    for include in listing.includes:
        yield from _include(maker, include)


def _include(maker: _Maker, include: Include) -> Iterator[Invalid]:
    asker = maker.asker
    on, off = (
        maker.valid(asker.ask({**asker.most(), include.parameter: asker.written(include.parameter, value)}))
        for value in (True, False)
    )
    for name in include.adds:
        rows = maker.rows(on.copy())
        if include.any_names or not any(isinstance(row, dict) and row.get(name) for row in rows):
            continue
        tree = off.copy()
        for index, row in enumerate(maker.rows(tree)):
            full = rows[index]
            if isinstance(row, dict) and isinstance(full, dict) and full.get(name):
                row[name] = full[name]
        clauses = include.clauses.get("off", ())
        yield from maker.made(clauses, f"a part that was switched off: {name}", off, tree)
        tree = on.copy()
        for row in maker.rows(tree):
            if isinstance(row, dict):
                row.pop(name, None)
        clauses = include.clauses.get("on", ())
        yield from maker.made(clauses, f"a part that was switched on is missing: {name}", on, tree)


# --- the body itself ----------------------------------------------------------------------------------------


def _body(maker: _Maker) -> Iterator[Invalid]:
    valid = maker.page
    body = valid.response.body
    changes = [
        ("TEXT-ENCODING", "a byte that is not UTF-8", _inside_text(maker, body)),
        ("TEXT-ENCODING", "a byte order mark", b"\xef\xbb\xbf" + body if not maker.text else body),
    ]
    if body_of(maker.asker.spec) == "json":
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
            yield Invalid(clause=ClauseId(clause), done=done, request=valid.request, response=response)


def _inside_text(maker: _Maker, body: bytes) -> bytes:
    """The body with a lone continuation byte inside the first text of a row."""
    for row in maker.rows(maker.page.tree):
        for value in row.values() if isinstance(row, dict) else ():
            if isinstance(value, str) and len(value) > 3 and value.isascii() and value.isalnum():
                found = value.encode()
                return body.replace(found, found[:2] + b"\x80" + found[2:], 1)
    return body
