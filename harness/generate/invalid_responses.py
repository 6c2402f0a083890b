"""Answers that break exactly one clause each, made from valid ones by one change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace

from harness.generate.breach_place import STATUS_PLACE, BreachPlace, breach_at, byte_breach, first_breach
from harness.generate.invalid_links import break_links
from harness.generate.invalid_log_in import break_log_in
from harness.generate.invalid_rows import break_fields, break_filters, break_laws, break_order
from harness.generate.response_breaker import InvalidResponse, ResponseBreaker, ValidResponse, remove_at
from harness.generate.sample_exchanges import PAGE_SIZE, SampleClient
from harness.specification.access import way_credentials, ways_of
from harness.specification.answer_place import header_at
from harness.specification.clause_families import body_format_of
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import (
    ClauseId,
    Clauses,
    Echo,
    EnvelopeField,
    ErrorKind,
    Include,
    Scalar,
    links_of,
    more_part,
    page_number_parts,
)
from harness.specification.paging_clauses import size_clauses
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import MISSING, Missing, put_value, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import is_left_out
from harness.wire.response_codec import decode_response
from harness.world.world import World


def make_invalid_responses(spec: Spec, world: World, dialect: Dialect) -> Iterator[InvalidResponse]:
    """Answers that break one clause each, clause by clause as far as one answer can show it.

    A clause that only several answers together break (pages that overlap, a list that moves) has none here.
    """
    return break_responses(SampleClient(spec, world, dialect))


def break_responses(client: SampleClient) -> Iterator[InvalidResponse]:
    """The same answers from those that a client gets that is there already."""
    maker = ResponseBreaker(client)
    once: set[tuple[ClauseId, str]] = set()
    for source in (
        break_fields,
        _break_list,
        _break_envelope,
        _break_outcome,
        _break_counts,
        break_order,
        break_filters,
        break_laws,
        break_links,
        _break_errors,
        break_log_in,
        _break_switches,
        _break_body,
    ):
        for one in source(maker):
            mark = (one.clause, one.change.partition(":")[0])
            if mark not in once:
                once.add(mark)
                yield one


# --- the list, the envelope, the outcome --------------------------------------------------------------------


def _break_list(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    lists = maker.listing.lists
    valid = maker.first_page
    tree = valid.copy_tree()
    rows = maker.rows_in(valid.tree)
    if "missing" in lists.absent_forms:
        # What is not there would say that there are no rows.
        put_value(tree, lists.rows_at, {})
        yield from maker.break_clause(lists.clauses.rows, "an object in place of the rows", valid, tree)
    elif not lists.rows_at:
        yield from maker.break_clause(lists.clauses.rows, "an object in place of the list", valid, {"rows": tree})
    elif remove_at(tree, lists.rows_at):
        yield from maker.break_clause(lists.clauses.rows, "the container of the rows is missing", valid, tree)
    if rows:
        # The last row is the first one again: as many rows as before.
        twice = maker.with_rows(valid, [*rows[:-1], copy.deepcopy(rows[0])])
        unordered = maker.with_rows(valid, [rows[0], copy.deepcopy(rows[0]), *rows[2:]])
        tree = unordered if len(rows) > 1 else twice
        second = maker.row_pointer(min(1, len(rows) - 1), lists.identity)
        yield from maker.break_clause(lists.clauses.unique, "two rows with one identity", valid, tree, second)
    element = lists.row_element
    clauses = lists.clauses.row_element
    if element is not None and len(clauses) == 1 and rows:
        body = valid.response.body
        for old, new in ((f"<{element}>", "<Other>"), (f"</{element}>", "</Other>")):
            body = body.replace(old.encode(), new.encode(), 1)
        response = replace(valid.response, body=body)
        around, _, _ = maker.row_pointer(0).rpartition("/")
        breach = BreachPlace(at=f"{around}/Other", expected=MISSING, actual=rows[0])
        yield maker.broken(clauses, "a row of another name", valid, response, breach)


def _break_envelope(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    for name, part in maker.listing.outcome.envelope.items():
        if part.when == "error":
            continue
        valid = maker.first_page
        tree = valid.copy_tree()
        told = _tells_outcome(maker, part) or _holds_other_promise(maker, part)
        if not part.optional and not told and remove_at(tree, part.at):
            yield from maker.break_clause(part.clause, f"a part of the answer is missing: {name}", valid, tree)
        tree = valid.copy_tree()
        if tree_at(tree, part.at) is not MISSING and not _tells_outcome(maker, part):
            wrong = _wrong_part_value(maker, part)
            if wrong is not MISSING:
                put_value(tree, part.at, wrong)
                clauses = part.form_clause or part.clause
                yield from maker.break_clause(clauses, f"a part of the answer of a wrong type: {name}", valid, tree)


def _tells_outcome(maker: ResponseBreaker, part: EnvelopeField) -> bool:
    """Whether success is told by this part, so that a change to it is told as another outcome."""
    return any(
        pointer == part.at or pointer.startswith(part.at + "/") for pointer in maker.listing.outcome.success.shows
    )


def _holds_other_promise(maker: ResponseBreaker, part: EnvelopeField) -> bool:
    """Whether a number of rows or a link stands inside this part: without it another clause is broken as well."""
    total, returned, links = maker.listing.total, maker.listing.returned, links_of(maker.listing.paging)
    numbers = [] if total is None else [(total.at, total.clauses.present)]
    numbers += [] if returned is None else [(returned.at, returned.clause)]
    numbers += [] if links is None else [(link.at, link.clause) for link in links.by_name.values()]
    return any(at.startswith(part.at + "/") and clauses != part.clause for at, clauses in numbers)


def _wrong_part_value(maker: ResponseBreaker, part: EnvelopeField) -> Tree | Missing:
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


def _break_outcome(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
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
        was = valid.response.header("content-type")
        breach = BreachPlace(at="header:Content-Type", expected=was, actual=headers[0][1])
        yield maker.broken(clauses, "another media type", valid, response, breach)


# --- totals, sizes, echoes ----------------------------------------------------------------------------------


def _break_counts(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    listing = maker.listing
    valid = maker.first_page
    rows = maker.rows_in(valid.tree)
    if listing.total is not None:
        present, place = listing.total.clauses.present, listing.total.at
        wrongs: tuple[tuple[str, Scalar | None], ...] = (
            ("the total is missing", None),
            ("the total is no number", "many"),
            ("the total is negative", -1),
        )
        for done, wrong in wrongs:
            yield from maker.break_number(present, done, valid, place, wrong)
        all_rows = maker.rows_in(maker.full_list.tree)
        if len(all_rows) > 1:
            done, sum_ = "the total is not the number of all rows", listing.total.clauses.sum
            yield from maker.break_number(sum_, done, maker.full_list, place, len(all_rows) + 1)
            done, bound = "the total is below the number of rows", listing.total.clauses.bound
            yield from maker.break_number(bound, done, valid, place, len(rows) - 1)
    if listing.returned is not None:
        done = "the number of rows told is not that of the rows"
        yield from maker.break_number(listing.returned.clause, done, valid, listing.returned.at, len(rows) + 1)
    yield from _break_page_numbers(maker)
    more = maker.rows_in(maker.full_list.tree)
    if listing.paging.size_parameter is not None and len(more) > len(rows) > 0:
        tree = maker.with_rows(valid, copy.deepcopy(more[: len(rows) + 1]))
        last = maker.row_pointer(len(rows))
        yield from maker.break_clause(
            size_clauses(listing.paging), "one row more than was asked for", valid, tree, last
        )
    if listing.zone is not None and listing.zone.echo is not None:
        tree = valid.copy_tree()
        put_value(tree, listing.zone.echo, "Pacific/Auckland")
        yield from maker.break_clause(listing.zone.clauses.echo, "another zone is named", valid, tree)
    for echo in listing.echoes:
        yield from _break_echo(maker, echo)


def _break_page_numbers(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """The number of pages and the places of rows, one too many."""
    for what, part in zip(
        ("the number of pages", "the place of the first row", "the place of the last row"),
        page_number_parts(maker.listing.paging),
        strict=True,
    ):
        told = (
            decode_response(maker.listing, maker.first_page.response).part_at(part.at) if part is not None else None
        )
        if part is not None and isinstance(told, int | str) and str(told).isdigit():
            done = f"{what} is one too many"
            yield from maker.break_number(part.clause, done, maker.first_page, part.at, int(told) + 1)
    more = more_part(maker.listing.paging)
    told = tree_at(maker.first_page.tree, more.at) if more is not None and header_at(more.at) is None else None
    if more is not None and isinstance(told, bool):
        tree = maker.first_page.copy_tree()
        put_value(tree, more.at, not told)
        yield from maker.break_clause(more.clause, "whether rows follow is turned round", maker.first_page, tree)


def _break_echo(maker: ResponseBreaker, echo: Echo) -> Iterator[InvalidResponse]:
    told = tree_at(maker.first_page.tree, echo.at)
    if not echo.exact or told is MISSING or isinstance(told, bool):
        return
    tree = maker.first_page.copy_tree()
    put_value(tree, echo.at, told + 1 if isinstance(told, int) else "something-else")
    yield from maker.break_clause(
        echo.clause, f"what was asked is repeated wrongly: {echo.of}", maker.first_page, tree
    )


# --- errors -------------------------------------------------------------------------------------------------


def _break_errors(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    listing, client = maker.listing, maker.client
    access = listing.access
    names = way_credentials(ways_of(access)[0])
    base = client.list_request().values
    success = maker.first_page
    for place, (name, clauses) in enumerate(
        (
            (access.user if len(names) > 1 else None, access.clauses.user_required),
            (access.password if len(names) > 1 else None, access.clauses.password_required),
            (names[0] if len(names) == 1 else None, access.clauses.missing_refused),
            (names[-1] if names else None, access.clauses.wrong_refused),
        )
    ):
        if name is None:
            continue
        wrong = place == 3
        credentials = dict(client.credentials)
        if wrong:
            credentials[name] = "callharness-wrong"
        else:
            del credentials[name]
        request = client.encode(
            ListRequest(
                values={**base, **client.size_values(PAGE_SIZE)}, credentials=credentials, account=client.credentials
            )
        )
        valid = ValidResponse(request, success.response, {})
        done = f"a success in spite of {'a wrong' if wrong else 'a missing'} {name}"
        yield from maker.break_clause(
            clauses, done, valid, success.copy_tree(), _breach_of_outcome(maker, request, success)
        )
        if place in (0, 2, 3):
            yield from _break_error(maker, request)


def _breach_of_outcome(maker: ResponseBreaker, request: HttpRequest, success: ValidResponse) -> BreachPlace:
    """What first tells a success where an error is due: the HTTP status, or else the code in the body."""
    due = maker.client.send(request).response
    if due.http_status != success.response.http_status:
        return BreachPlace(at=STATUS_PLACE, expected=due.http_status, actual=success.response.http_status)
    tree = decode_response(maker.listing, due).tree
    was: Tree = tree if isinstance(tree, dict | list) else {}
    code_at = maker.listing.outcome.error.code_at
    return first_breach(was, success.tree) if code_at is None else breach_at(was, success.tree, code_at)


def _break_error(maker: ResponseBreaker, request: HttpRequest) -> Iterator[InvalidResponse]:
    outcome = maker.listing.outcome
    error = outcome.error
    answer = maker.client.send(request)
    name = answer.error_name
    decoded = decode_response(maker.listing, answer.response).tree
    if name is None or not isinstance(decoded, dict):
        return
    valid = ValidResponse(request, answer.response, decoded)
    fault = outcome.faults[name]
    clauses = error.clauses.shape
    tree = valid.copy_tree()
    if error.message_at is not None and remove_at(tree, error.message_at):
        envelope = next((part.clause for part in outcome.envelope.values() if part.at == error.message_at), clauses)
        yield from maker.break_clause(envelope, "an error without its message", valid, tree)
        if any(part.non_empty for part in outcome.envelope.values() if part.at == error.message_at):
            tree = valid.copy_tree()
            put_value(tree, error.message_at, "")
            yield from maker.break_clause(
                outcome.error_message_clauses, "an error with an empty message", valid, tree
            )
    if maker.listing.lists.rows_at:
        tree = valid.copy_tree()
        put_value(tree, maker.listing.lists.rows_at, copy.deepcopy(maker.rows_in(maker.first_page.tree)[:1]))
        yield from maker.break_clause(error.clauses.no_rows, "an error with rows", valid, tree)
    if error.code_at is not None:
        tree = valid.copy_tree()
        put_value(tree, fault.code_at or error.code_at, _wrong_code(maker, fault))
        yield from maker.break_clause(fault.clause, f"an error with the code of another: {name}", valid, tree)
    if "5xx" not in error.https:
        yield from _change_status(maker, error.clauses.http, valid)


def _change_status(maker: ResponseBreaker, clauses: Clauses, valid: ValidResponse) -> Iterator[InvalidResponse]:
    if len(clauses) == 1:
        response = replace(valid.response, http_status=302)
        # Where the status alone tells an error, another one tells none: what should be refused is not.
        if decode_response(maker.listing, response).outcome == "error":
            breach = BreachPlace(at=STATUS_PLACE, expected=valid.response.http_status, actual=302)
            yield maker.broken(clauses, "an error with HTTP status 302", valid, response, breach)


def _wrong_code(maker: ResponseBreaker, fault: ErrorKind) -> Tree:
    """A code that some other error has and this one may not have."""
    lawful = {fault.code, *fault.codes}
    for other in maker.listing.outcome.faults.values():
        if other.code is not None and other.code not in lawful:
            return maker.scalar_tree(other.code)
    return maker.scalar_tree(fault.code if fault.code is not None else 0)


# --- switches -----------------------------------------------------------------------------------------------


def _break_switches(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    listing, client = maker.listing, maker.client
    if listing.count_only is not None:
        name = listing.count_only.parameter
        valid = maker.fetch_valid(client.list_request({name: client.encode_value(name, True)}))
        tree = valid.copy_tree()
        put_value(tree, listing.lists.rows_at, copy.deepcopy(maker.rows_in(maker.full_list.tree)))
        first = maker.row_pointer(0)
        yield from maker.break_clause(
            listing.count_only.clauses.on, "rows in place of their number", valid, tree, first
        )
    if listing.total is not None and listing.total.switch is not None:
        switch = listing.total.switch
        valid = maker.fetch_valid(
            client.list_request(
                {**client.size_values(PAGE_SIZE), switch.parameter: client.encode_value(switch.parameter, False)}
            )
        )
        tree = valid.copy_tree()
        put_value(tree, listing.total.at, maker.scalar_tree(len(client.visible_rows)))
        yield from maker.break_clause(switch.clauses.off, "a total that was switched off", valid, tree)
    for include in listing.includes:
        yield from _break_include(maker, include)


def _break_include(maker: ResponseBreaker, include: Include) -> Iterator[InvalidResponse]:
    client, switch = maker.client, include.parameter
    said = {switch: client.encode_value(switch, True)}
    off_value = (
        {} if is_left_out(maker.listing.parameters[switch], False) else {switch: client.encode_value(switch, False)}
    )
    on, off = (
        maker.fetch_valid(client.list_request({**client.largest_size_values(), **values}))
        for values in (said, off_value)
    )
    for name in map(str, include.adds):
        rows = maker.rows_in(on.copy_tree())
        if not any(isinstance(row, dict) and row.get(name) for row in rows):
            continue
        tree = off.copy_tree()
        for index, row in enumerate(maker.rows_in(tree)):
            full = rows[index]
            if isinstance(row, dict) and isinstance(full, dict) and full.get(name):
                row[name] = full[name]
        clauses = include.clauses.off
        yield from maker.break_clause(clauses, f"a part that was switched off: {name}", off, tree)
        if include.any_names:
            # The part may go by another name: one answer without it proves nothing.
            continue
        tree = on.copy_tree()
        for row in maker.rows_in(tree):
            if isinstance(row, dict):
                row.pop(name, None)
        clauses = include.clauses.on
        yield from maker.break_clause(clauses, f"a part that was switched on is missing: {name}", on, tree)


# --- the body itself ----------------------------------------------------------------------------------------


def _break_body(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    valid = maker.first_page
    body = valid.response.body
    changes = [
        ("TEXT-ENCODING", "a byte that is not UTF-8", _with_invalid_byte(maker, body)),
        ("TEXT-ENCODING", "a byte order mark", b"\xef\xbb\xbf" + body if not maker.is_xml else body),
    ]
    if body_format_of(maker.client.spec) == "json":
        # Of a list the first row gets what an object gets itself.
        before = 2 if body.startswith(b"[{") else 1
        head, rest = body[:before], body[before:]
        changes += [
            ("JSON-SYNTAX", "the end is missing", body[:-2]),
            ("JSON-SYNTAX", "a comma too many", body[:-1] + b"," + body[-1:]),
            ("JSON-DUPLICATE-KEYS", "a key twice", head + b'"x-twice":1,"x-twice":2,' + rest),
            ("JSON-NUMBERS", "a number that is none", head + b'"x-number":NaN,' + rest),
            ("JSON-DEPTH", "very deep nesting", head + b'"x-deep":' + b"[" * 80 + b"]" * 80 + b"," + rest),
        ]
    elif body_format_of(maker.client.spec) == "csv":
        changes += [("CSV-SYNTAX", "a cell too many", body[:-2] + b",more" + body[-2:])]
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
            yield maker.broken((ClauseId(clause),), done, valid, response, byte_breach(body, changed))


def _with_invalid_byte(maker: ResponseBreaker, body: bytes) -> bytes:
    """The body with a lone continuation byte inside the first text of a row."""
    for row in maker.rows_in(maker.first_page.tree):
        for value in row.values() if isinstance(row, dict) else ():
            if isinstance(value, str) and len(value) > 3 and value.isascii() and value.isalnum():
                found = value.encode()
                return body.replace(found, found[:2] + b"\x80" + found[2:], 1)
    return body
