"""Deviations of imperfect servers that are correct all the same: answers written otherwise, with the same meaning.

A deviation touches only what no binding promise of the spec is about: neither a `must` that is documented, entailed,
corroborated or standard, nor anything that would turn the default gate red. There it would be a defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias, final

from harness.wire.json_body import MISSING, Missing, put_value, split_pointer, tree_at
from harness.wire.response_codec import decode_response, encode_response, is_xml

if TYPE_CHECKING:
    from harness.check.client.budget import Sender
    from harness.specification.load import Spec
    from harness.specification.model import Clauses, ErrorKind, Field
    from harness.wire.decoded_body import Tree
    from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

Row: TypeAlias = "dict[str, Tree]"
RowChange: TypeAlias = "Callable[[Row], None]"

NEIGHBOUR: Final = "neighbour"
EXTRA_NAME: Final = "extra_part"
OTHER_ERROR_TEXT: Final = "Sorry, this did not work"
_TEXT_CODECS: Final = frozenset({"text", "word", "digits", "local-time", "rfc3339"})
_NUMBER_CODECS: Final = frozenset({"integer", "epoch-seconds"})
# As many digits as every reader of JSON holds exactly.
_LEGIBLE_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedAnswer:
    """An answer that may be rewritten in place: its tree, its HTTP status, and whether it tells an error."""

    http_status: int
    tree: Row
    is_error: bool


AnswerChange: TypeAlias = "Callable[[DecodedAnswer], DecodedAnswer]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One habit of imperfect servers: its name, what it does, and the change that it makes of a spec's answers.

    `make_change` gives None where the spec leaves no room for it.
    """

    name: str
    description: str
    make_change: Callable[[Spec], AnswerChange | None]


@final
class DeviantSender:
    """A sender that rewrites the answers of another one; what is no plain answer of the spec stays as it is."""

    def __init__(self, sender: Sender, spec: Spec, names: Iterable[str]) -> None:
        self._sender = sender
        self._spec = spec
        changes = (DEVIATIONS[name].make_change(spec) for name in names)
        self._changes = [change for change in changes if change is not None]

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        """The answer, rewritten."""
        from harness.wire.http_messages import HttpResponse

        answer = self._sender.send(request, deadline_seconds=deadline_seconds)
        return rewrite_answer(self._spec, answer, self._changes) if isinstance(answer, HttpResponse) else answer


def rewrite_answer(spec: Spec, response: HttpResponse, changes: Sequence[AnswerChange]) -> HttpResponse:
    """The response after all changes, with its length told rightly.

    A body that the spec's own writer would write otherwise has a defect in its very bytes: it stays as it is, since
    writing it anew would heal it.
    """
    decoded = decode_response(spec.listing, response)
    tree = decoded.tree
    if not isinstance(tree, dict) or decoded.problems or encode_response(spec.listing, tree)[1] != response.body:
        return response
    answer = DecodedAnswer(http_status=response.http_status, tree=tree, is_error=decoded.outcome == "error")
    for change in changes:
        answer = change(answer)
    body = encode_response(spec.listing, answer.tree)[1]
    headers = tuple(
        (name, str(len(body)) if name.lower() == "content-length" else value) for name, value in response.headers
    )
    return replace(response, http_status=answer.http_status, headers=headers, body=body)


def deviations_for(spec: Spec) -> tuple[str, ...]:
    """The names of the deviations that the spec leaves room for, `neighbour` not among them."""
    return tuple(name for name, deviation in DEVIATIONS.items() if deviation.make_change(spec) is not None)


def is_binding(spec: Spec, clauses: Clauses) -> bool:
    """Whether one of the clauses, broken, turns the default gate red."""
    from harness.check.results.findings import Colour, Gate, Verdict
    from harness.check.results.gate import colour_of
    from harness.specification.clause_families import planned_clauses

    known = planned_clauses(spec)
    return any(
        colour_of(Verdict.FAIL, level=known[clause].level, basis=known[clause].basis, gate=Gate.CI) is Colour.RED
        for clause in clauses
        if clause in known
    )


# --- fields of rows -----------------------------------------------------------------------------------------


FieldTable: TypeAlias = "Mapping[tuple[str, ...], Field]"


def _free_fields(spec: Spec, suits: Callable[[Field], bool], *, presence: bool = False) -> FieldTable:
    """The fields, by path, whose form (or `presence`) no binding clause is about."""
    keys = spec.listing.lists.clauses.keys

    def is_free(field: Field) -> bool:
        if presence and (field.optional or field.absent == "missing" or "missing" in field.tolerates):
            return True
        # What has no clause of its own is told under the clause on the fields of a row, and so is what is missing.
        promised = (*field.clause, *keys) if presence else (field.clause or keys)
        return not is_binding(spec, promised)

    return {steps: field for steps, field in _walk_fields(spec.listing.fields, ()) if suits(field) and is_free(field)}


def _walk_fields(fields: Mapping[str, Field], around: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Field]]:
    for name, field in fields.items():
        yield (*around, name), field
        yield from _walk_fields(field.fields, (*around, name))


def _row_change(
    spec: Spec, fields: FieldTable, change: Callable[[Field, Tree], Tree | Missing]
) -> AnswerChange | None:
    """A change of these fields in every row; MISSING takes the field out. None where there is no such field."""
    if not fields:
        return None

    def change_rows(answer: DecodedAnswer) -> DecodedAnswer:
        rows = tree_at(answer.tree, spec.listing.lists.rows_at)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                _change_row(row, (), fields, change)
        return answer

    return change_rows


def _change_row(
    row: Row, around: tuple[str, ...], fields: FieldTable, change: Callable[[Field, Tree], Tree | Missing]
) -> None:
    for name, value in list(row.items()):
        steps = (*around, name)
        if isinstance(value, list):
            for inner in value:
                if isinstance(inner, dict):
                    _change_row(inner, steps, fields, change)
        if steps in fields:
            new = change(fields[steps], value)
            if new is MISSING:
                del row[name]
            else:
                row[name] = new


def _null_texts(spec: Spec) -> AnswerChange | None:
    fields = _free_fields(spec, lambda field: field.as_ in _TEXT_CODECS and field.absent != "never")
    return _row_change(spec, fields, lambda field, value: None if value == "" else value)


def _numbers_as_texts(spec: Spec) -> AnswerChange | None:
    if is_xml(spec.listing):
        return None
    fields = _free_fields(spec, lambda field: field.as_ in _NUMBER_CODECS)
    pointers = _free_parts(spec, ("integer",))
    return _both(
        _row_change(spec, fields, lambda field, value: _number_as_text(value)),
        _part_change(pointers, _number_as_text),
    )


def _texts_as_numbers(spec: Spec) -> AnswerChange | None:
    if is_xml(spec.listing):
        return None
    fields = _free_fields(spec, lambda field: field.as_ in ("digits", "text"))
    pointers = _free_parts(spec, ("digits",))
    return _both(
        _row_change(spec, fields, lambda field, value: _text_as_number(value)),
        _part_change(pointers, _text_as_number),
    )


def _number_as_text(value: Tree) -> Tree:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text_as_number(value: Tree) -> Tree:
    return int(value) if isinstance(value, str) and _LEGIBLE_NUMBER.fullmatch(value) else value


# --- parts that are empty, parts that are new ---------------------------------------------------------------


def _empty_parts_missing(spec: Spec) -> AnswerChange | None:
    from harness.wire.row_codec import absent_forms

    fields = _free_fields(spec, lambda field: field.absent not in ("never", "missing"), presence=True)

    def leave_out(field: Field, value: Tree) -> Tree | Missing:
        is_none = value is None or value in ("", []) or (value in (0, "0") and "zero" in absent_forms(field))
        return MISSING if is_none and not isinstance(value, bool) else value

    return _both(_row_change(spec, fields, leave_out), _empty_rows_missing(spec), _empty_texts_missing(spec))


def _empty_rows_missing(spec: Spec) -> AnswerChange | None:
    listing = spec.listing
    promised = (*listing.lists.clauses.rows, *listing.lists.clauses.empty, *listing.no_match_clause)
    promised += tuple(
        clause
        for part in listing.outcome.envelope.values()
        if part.at == listing.lists.rows_at and not part.optional
        for clause in part.clause
    )
    if is_binding(spec, promised):
        return None

    def leave_out(answer: DecodedAnswer) -> DecodedAnswer:
        if tree_at(answer.tree, listing.lists.rows_at) == []:
            _remove_part(answer.tree, listing.lists.rows_at)
        return answer

    return leave_out


def _empty_texts_missing(spec: Spec) -> AnswerChange | None:
    outcome = spec.listing.outcome
    marks = _mark_pointers(spec)
    pointers = [
        part.at
        for part in outcome.envelope.values()
        if part.as_ in ("text", "list")
        and part.at not in (*marks, spec.listing.lists.rows_at)
        and (part.optional or not is_binding(spec, part.clause))
    ]
    if not pointers:
        return None

    def leave_out(answer: DecodedAnswer) -> DecodedAnswer:
        for pointer in pointers:
            if tree_at(answer.tree, pointer) in ("", [], None):
                _remove_part(answer.tree, pointer)
        return answer

    return leave_out


def _extra_parts(spec: Spec) -> AnswerChange | None:
    """New parts in every row and beside the rows; a reader must pass over what it does not know."""
    text_only = is_xml(spec.listing)
    extra: Row = {f"{EXTRA_NAME}_text": "more", f"{EXTRA_NAME}_number": "7" if text_only else 7}
    if not text_only:
        extra |= {f"{EXTRA_NAME}_list": [], f"{EXTRA_NAME}_object": {"more": None}}

    def add(answer: DecodedAnswer) -> DecodedAnswer:
        rows = tree_at(answer.tree, spec.listing.lists.rows_at)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                row.update(deepcopy(extra))
        answer.tree.update(deepcopy(extra))
        return answer

    return add


# --- errors -------------------------------------------------------------------------------------------------


def _other_error_text(spec: Spec) -> AnswerChange | None:
    """Other words for the same error; where the spec wants something named, they are added to what is there."""
    error = spec.listing.outcome.error
    at = error.message_at
    if at is None:
        return None

    def reword(answer: DecodedAnswer) -> DecodedAnswer:
        told = tree_at(answer.tree, at)
        if answer.is_error and isinstance(told, str) and told:
            names_something = any(kind.names for kind in _kinds_of(spec, answer.tree))
            put_value(answer.tree, at, f"{OTHER_ERROR_TEXT}: {told}" if names_something else f"{OTHER_ERROR_TEXT}.")
        return answer

    return reword


def _other_error_status(spec: Spec) -> AnswerChange | None:
    """Another HTTP status around an error, of those that the spec tolerates."""
    outcome = spec.listing.outcome
    if not (outcome.error.https or any(kind.https for kind in outcome.faults.values())):
        return None

    def change_status(answer: DecodedAnswer) -> DecodedAnswer:
        if not answer.is_error:
            return answer
        others = [status for status in _tolerated_statuses(spec, answer) if status != answer.http_status]
        return replace(answer, http_status=others[0]) if others else answer

    return change_status


def _tolerated_statuses(spec: Spec, answer: DecodedAnswer) -> Iterator[int]:
    """The statuses that the spec allows around this error besides the usual one; of `5xx` none, the error of a
    request is not one of the server."""
    error = spec.listing.outcome.error
    if error.code_at is None:
        # The status alone tells what is wrong.
        return
    code = str(tree_at(answer.tree, error.code_at))
    kinds = _kinds_of(spec, answer.tree)
    if kinds:
        # Several kinds may tell the same code: what one of them does not allow is not meant.
        yield from (status for status in kinds[0].https if all(status in kind.https for kind in kinds))
    for word in error.https:
        if word == "same-as-code" and re.fullmatch("[45][0-9][0-9]", code, re.ASCII):
            yield int(code)
        elif word == "4xx":
            yield from (400, 422)


def _other_error_parts(spec: Spec) -> AnswerChange | None:
    """An error with more in it, and without rows in the other of the two ways, where both are allowed."""
    listing = spec.listing
    around = (listing.outcome.error.code_at or "").rpartition("/")[0]
    may_hold_none = listing.outcome.error.no_rows == "absent-or-empty"

    def change_parts(answer: DecodedAnswer) -> DecodedAnswer:
        told = tree_at(answer.tree, around)
        if not answer.is_error or not isinstance(told, dict):
            return answer
        told[f"{EXTRA_NAME}_details"] = "none"
        rows = tree_at(answer.tree, listing.lists.rows_at)
        if may_hold_none and rows is MISSING:
            put_value(answer.tree, listing.lists.rows_at, [])
        elif may_hold_none and rows == []:
            _remove_part(answer.tree, listing.lists.rows_at)
        return answer

    return change_parts


def _kinds_of(spec: Spec, tree: Row) -> list[ErrorKind]:
    """The kinds of error that an answer with this code may mean."""
    outcome = spec.listing.outcome
    code = str(tree_at(tree, outcome.error.code_at or "/code"))
    return [kind for kind in outcome.faults.values() if str(kind.code) == code]


# --- parts of the envelope ----------------------------------------------------------------------------------


def _mark_pointers(spec: Spec) -> frozenset[str]:
    """The pointers by which success and error are told, where a binding clause is about that."""
    outcome = spec.listing.outcome
    shown = tuple(outcome.success.shows) if is_binding(spec, outcome.success.clause) else ()
    return frozenset((*shown, *((outcome.error.code_at,) if outcome.error.code_at is not None else ())))


def _free_parts(spec: Spec, types: Sequence[str]) -> list[str]:
    """The pointers to parts of the envelope of these types whose form no binding clause is about."""
    outcome = spec.listing.outcome
    marks = frozenset(outcome.success.shows) if is_binding(spec, outcome.success.clause) else frozenset()
    return [
        part.at
        for part in outcome.envelope.values()
        if part.as_ in types and part.at not in marks and not is_binding(spec, part.form_clause or part.clause)
    ]


def _part_change(pointers: Sequence[str], change: Callable[[Tree], Tree]) -> AnswerChange | None:
    if not pointers:
        return None

    def change_parts(answer: DecodedAnswer) -> DecodedAnswer:
        for pointer in pointers:
            value = tree_at(answer.tree, pointer)
            if value is not MISSING:
                put_value(answer.tree, pointer, change(value))
        return answer

    return change_parts


def _remove_part(tree: Row, pointer: str) -> None:
    *above, name = split_pointer(pointer)
    around = tree_at(tree, tuple(above))
    if isinstance(around, dict):
        around.pop(name, None)


def _both(*changes: AnswerChange | None) -> AnswerChange | None:
    """All of the changes, one after the other; None where there is none."""
    found = [change for change in changes if change is not None]
    if not found:
        return None

    def change_all(answer: DecodedAnswer) -> DecodedAnswer:
        for change in found:
            answer = change(answer)
        return answer

    return change_all


_EVERY: Final = (
    Deviation(name="null-texts", description="an empty text in a row is null", make_change=_null_texts),
    Deviation(
        name="numbers-as-texts", description="an integer is written as a JSON text", make_change=_numbers_as_texts
    ),
    Deviation(
        name="texts-as-numbers",
        description="a text that reads as an integer is written as one",
        make_change=_texts_as_numbers,
    ),
    Deviation(
        name="empty-parts-missing",
        description="what is empty, none or an empty list is left out",
        make_change=_empty_parts_missing,
    ),
    Deviation(name="extra-parts", description="rows and answers hold more than documented", make_change=_extra_parts),
    Deviation(name="other-error-text", description="errors are told in other words", make_change=_other_error_text),
    Deviation(
        name="other-error-status",
        description="errors have another HTTP status that the spec tolerates",
        make_change=_other_error_status,
    ),
    Deviation(
        name="other-error-parts",
        description="errors hold more, and an empty list for no rows or the reverse",
        make_change=_other_error_parts,
    ),
)
DEVIATIONS: Final[Mapping[str, Deviation]] = MappingProxyType({deviation.name: deviation for deviation in _EVERY})
