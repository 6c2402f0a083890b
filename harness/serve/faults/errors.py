"""Faults in error responses and envelopes: error code, message, HTTP status, rows beside an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.integers import is_integer
from harness.serve.faults.base import (
    Fault,
    change_at_pointer,
    make_fault,
    remove_at_pointer,
    with_changed_listing,
    with_part,
)
from harness.serve.faults.hooks import AnswerContext, Hooks
from harness.specification.answer_place import PARAMETER_STEP, named_place
from harness.specification.model import EnvelopeField, ErrorBody, ErrorKind, Listing, Scalar
from harness.wire.decoded_body import Tree
from harness.wire.id_forms import id_of_number
from harness.wire.json_body import MISSING, put_value
from harness.wire.json_body import tree_at as part_at
from harness.wire.response_codec import is_xml
from harness.wire.told_outcome import statuses_of


def envelope_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of the envelope: parts of an answer that are missing or of the wrong type."""
    for name, part in listing.outcome.envelope.items():
        yield from make_fault(
            part.clause if not part.optional else (),
            f"{name}-missing",
            f"{name} is missing in {'an error' if _only_on_errors(listing, part) else 'an answer'}",
            Hooks(tree=lambda tree, context, part=part: _remove_envelope_part(listing, tree, context, part)),  # type: ignore[misc]
        )
        wrong = _wrong_type_change(part, text=is_xml(listing))
        if wrong is not None:
            yield from make_fault(
                part.form_clause or part.clause,
                f"{name}-type",
                f"{name} is of another type",
                Hooks(
                    tree=lambda tree, context, part=part, wrong=wrong: _change_envelope_part(
                        listing, tree, context, part, wrong
                    )  # type: ignore[misc]
                ),
            )
        yield from _made_part_faults(listing, name, part)
        other = _value_beside(part)
        if other is not None and part.at not in (listing.outcome.error.code_at, *listing.outcome.success.shows):
            yield from make_fault(
                part.form_clause or part.clause,
                f"{name}-other-value",
                f"{name} has a value that it cannot have",
                Hooks(
                    tree=lambda tree, context, part=part, other=other: _change_envelope_part(
                        listing, tree, context, part, lambda _: str(other) if is_xml(listing) else other
                    )  # type: ignore[misc]
                ),
            )
    shows = listing.outcome.success.shows
    code_at = listing.outcome.error.code_at
    told_at = [pointer for pointer in shows if pointer != code_at]
    if told_at:
        place = told_at[-1]
        yield from make_fault(
            listing.outcome.success.clause,
            "success-in-other-words",
            f"a success shows another value at {place}",
            Hooks(
                tree=lambda tree, context: (
                    tree if context.refusal else change_at_pointer(tree, place, lambda _: "All is well")
                )
            ),
        )


def _made_part_faults(listing: Listing, name: str, part: EnvelopeField) -> Iterator[Fault]:
    """The faults of parts that are always the same, never the same, or never empty."""
    wrong: tuple[str, str, Tree] | None = None
    if part.constant:
        wrong = ("another-constant", f"{name} has another value", "another one")
    elif part.fresh is not None:
        wrong = ("never-fresh", f"{name} is the same in every answer", id_of_number(part.fresh, 1))
    elif part.non_empty:
        wrong = ("empty", f"{name} is empty", "")
    if wrong is None:
        return
    fault, says, value = wrong
    yield from make_fault(
        part.form_clause or part.clause,
        f"{name}-{fault}",
        says,
        Hooks(tree=lambda tree, context: _change_envelope_part(listing, tree, context, part, lambda _: value)),
    )


def _only_on_errors(listing: Listing, part: EnvelopeField) -> bool:
    return part.when == "error" or part.at == listing.outcome.error.code_at


def _shows_in_answer(listing: Listing, context: AnswerContext, part: EnvelopeField) -> bool:
    """Whether a fault in this envelope part shows in the answer.

    The code of a success stays, so that clients still know it as a success.
    """
    if context.refusal is not None:
        return part.when != "success"
    return not _only_on_errors(listing, part)


def _remove_envelope_part(listing: Listing, tree: Tree, context: AnswerContext, part: EnvelopeField) -> Tree:
    return remove_at_pointer(tree, part.at) if _shows_in_answer(listing, context, part) else tree


def _change_envelope_part(
    listing: Listing, tree: Tree, context: AnswerContext, part: EnvelopeField, wrong: Callable[[Tree], Tree]
) -> Tree:
    return change_at_pointer(tree, part.at, wrong) if _shows_in_answer(listing, context, part) else tree


def _value_beside(part: EnvelopeField) -> Scalar | None:
    """A value of the part's own type that is none of its values; None where it may have any."""
    numbers = [value for value in part.values if is_integer(value)]
    if not part.values or part.other_values == "tolerated" or part.as_ in ("object", "list", "flag"):
        return None
    if part.as_ in ("integer", "decimal"):
        return max(numbers, default=0) + 1
    return "0" * (1 + max(len(str(value)) for value in part.values)) if part.as_ == "digits" else "something-else"


def _wrong_type_change(part: EnvelopeField, *, text: bool) -> Callable[[Tree], Tree] | None:
    match part.as_:
        case "integer" | "decimal":
            return (lambda value: f"E{value}") if text else (lambda value: f"{value}")
        case "digits":
            return lambda value: int(str(value)) if str(value).isdigit() and not text else f"E{value}"
        case "text":
            return None if text else (lambda value: 0)
        case "list":
            return lambda value: {"items": value}
        case "flag":
            return lambda value: "yes" if value else "no"
        case "object":
            return lambda value: [value]


def _message_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of an error's message: none, and that of a success."""
    outcome = listing.outcome
    message_at = outcome.error.message_at
    if message_at is None:
        return
    yield from make_fault(
        outcome.error.clauses.shape,
        "no-message",
        "an error has no message",
        Hooks(tree=lambda tree, context: remove_at_pointer(tree, message_at) if context.refusal else tree),
    )
    praise = outcome.success.shows.get(message_at)
    if praise is not None:
        yield from make_fault(
            outcome.error_message_clauses,
            "message-of-a-success",
            "an error has the message of a success",
            Hooks(
                tree=lambda tree, context: (
                    change_at_pointer(tree, message_at, lambda _: praise) if context.refusal else tree
                )
            ),
        )


def error_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of error responses: wrong code, message, HTTP status or shape."""
    yield from _message_faults(listing)
    error = listing.outcome.error
    code_at = error.code_at
    if code_at is not None:
        yield from make_fault(
            error.clauses.shape,
            "code-type",
            "the code of an error is of another type",
            Hooks(
                tree=lambda tree, context: change_at_pointer(tree, code_at, _change_type) if context.refusal else tree
            ),
        )
    filled_in = [pointer for pointer, shown in error.shows.items() if isinstance(shown, str) and "{" in shown]
    if filled_in:
        yield from make_fault(
            error.clauses.shape,
            "other-parts",
            f"an error shows something else at {filled_in[0]}",
            Hooks(
                tree=lambda tree, context: (
                    change_at_pointer(tree, filled_in[0], _change_part) if context.refusal else tree
                )
            ),
        )
    # Where no code tells an error, a server error is none of its errors at all.
    other_status = 500 if code_at is not None else _unlisted_status(listing)
    yield from make_fault(
        error.clauses.http,
        f"http-{other_status}",
        f"errors come with HTTP status {other_status}",
        Hooks(
            response=lambda response, context: (
                replace(response, http_status=other_status) if context.refusal else response
            )
        ),
    )
    # Where the body is the list itself an error with rows would be none.
    yield from make_fault(
        error.clauses.no_rows if listing.lists.rows_at else (),
        "rows-on-errors",
        "an error shows calls",
        Hooks(tree=lambda tree, context: _add_rows(listing, tree) if context.refusal else tree),
    )
    if code_at is not None:
        yield from make_fault(
            error.clauses.only_codes,
            "an-unknown-code",
            "errors have a code that is not listed",
            Hooks(
                tree=lambda tree, context: (
                    change_at_pointer(tree, code_at, lambda _: _unlisted_code(error.code_as))
                    if context.refusal
                    else tree
                )
            ),
        )
    for name, fault in listing.outcome.faults.items():
        yield from _shape_faults(listing, name, fault)
        if fault.code is not None and code_at is not None:
            told_as = replace(fault, code=_unlisted_code(error.code_as))
            yield from make_fault(
                fault.clause,
                f"{name}-code",
                f"the fault '{name}' has another code",
                with_changed_listing(_with_error_kind(name, told_as)),
            )
        if fault.names:
            yield from make_fault(
                fault.names_clause,
                f"{name}-names-nothing",
                f"the message of the fault '{name}' names nothing",
                with_changed_listing(_with_error_kind(name, replace(fault, says="Something is wrong"))),
            )


def _shape_faults(listing: Listing, name: str, fault: ErrorKind) -> Iterator[Fault]:
    """The faults of one error's own form: its HTTP status where no code tells it, its parts, media type and body."""
    changes: dict[str, tuple[str, ErrorKind]] = {}
    wrong = _status_of_another(listing, fault)
    if listing.outcome.error.code_at is None and fault.http is not None and wrong is not None:
        changes["status"] = ("HTTP status", replace(fault, http=wrong))
    if fault.body == "shape" and fault.shows:
        other: dict[str, Scalar] = {pointer: _other_scalar(shown) for pointer, shown in fault.shows.items()}
        changes["parts"] = ("value in its parts", replace(fault, shows=other))
    if fault.code_at is not None:
        changes["place"] = ("place of its code", replace(fault, code_at=None))
    if PARAMETER_STEP in (fault.message_at or ""):
        changes["parameter"] = (
            "parameter's name",
            replace(fault, message_at=named_place(fault.message_at or "", "error")),
        )
    if fault.body != "empty" and (fault.media_type is not None or fault.body == "text"):
        changes["media-type"] = ("media type", replace(fault, media_type="application/octet-stream"))
    if fault.body != "shape":
        body: ErrorBody = "empty" if fault.body == "text" else "text"
        if body not in fault.bodies:
            changes["body"] = ("body", replace(fault, body=body, media_type=fault.media_type or "text/plain"))
    for what, (says, told_as) in changes.items():
        yield from make_fault(
            fault.clause if what == "status" else fault.form_clause or fault.clause,
            f"{name}-{what}",
            f"the fault '{name}' has another {says}",
            with_changed_listing(_with_error_kind(name, told_as)),
        )


def _unlisted_status(listing: Listing) -> int:
    """A status that tells a refusal and that no error of the spec has."""
    known = {status for fault in listing.outcome.faults.values() for status in statuses_of(listing, fault)}
    return next(status for status in (409, 410, 412, 418, 424) if status not in known)


def _status_of_another(listing: Listing, fault: ErrorKind) -> int | None:
    """A status that tells another error, and never this one."""
    own = statuses_of(listing, fault)
    known = (status for other in listing.outcome.faults.values() for status in sorted(statuses_of(listing, other)))
    return next((status for status in known if status not in own and 400 <= status < 500), None)


def _other_scalar(shown: Scalar) -> Scalar:
    if isinstance(shown, bool):
        return not shown
    return shown + 1 if isinstance(shown, int) else f"not {shown}"


def _change_part(value: Tree) -> Tree:
    return value + 1 if isinstance(value, int) else f"not {value}"


def _with_error_kind(name: str, fault: object) -> Callable[[Listing], Listing]:
    def change(listing: Listing) -> Listing:
        return with_part("outcome", faults={**listing.outcome.faults, name: fault})(listing)

    return change


def _change_type(value: Tree) -> Tree:
    return str(value) if isinstance(value, int) else 0


def _unlisted_code(kind: str) -> str | int:
    return 999 if kind == "integer" else "999" if kind == "digits" else "whatever"


def _add_rows(listing: Listing, tree: Tree) -> Tree:
    if not isinstance(tree, dict):
        return tree
    row: Tree = {listing.lists.identity: "1"}
    return put_value(tree, listing.lists.rows_at, [row]) if part_at(tree, listing.lists.rows_at) is MISSING else tree
