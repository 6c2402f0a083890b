"""Faults in how an error is told: envelope, code, media type, rows beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.serve.faults.base import Fault, bent, breach, changed, removed, with_part
from harness.serve.faults.hooks import Seams, Told
from harness.specification.model import EnvelopeField, Listing
from harness.wire.format_problems import Tree
from harness.wire.json_body import MISSING, put
from harness.wire.json_body import at as part_at
from harness.wire.response_codec import text_carried


def of_envelopes(listing: Listing) -> Iterator[Fault]:
    """Parts of an answer that are missing or of the wrong type."""
    for name, part in listing.outcome.envelope.items():
        yield from breach(
            part.clause if not part.optional else (),
            f"{name}-missing",
            f"{name} is missing in {'an error' if _only_on_errors(listing, part) else 'an answer'}",
            Seams(tree=lambda tree, told, part=part: _without_part(listing, tree, told, part)),  # type: ignore[misc]
        )
        wrong = _wrong_type(part, text=text_carried(listing))
        if wrong is not None:
            yield from breach(
                part.form_clause or part.clause,
                f"{name}-type",
                f"{name} is of another type",
                Seams(
                    tree=lambda tree, told, part=part, wrong=wrong: _with_part(listing, tree, told, part, wrong)  # type: ignore[misc]
                ),
            )
    shows = listing.outcome.success.shows
    code_at = listing.outcome.error.code_at
    told_at = [pointer for pointer in shows if pointer != code_at]
    if told_at:
        place = told_at[-1]
        yield from breach(
            listing.outcome.success.clause,
            "success-in-other-words",
            f"a success shows another value at {place}",
            Seams(tree=lambda tree, told: tree if told.fault else changed(tree, place, lambda _: "All is well")),
        )


def _only_on_errors(listing: Listing, part: EnvelopeField) -> bool:
    return part.when == "error" or part.at == listing.outcome.error.code_at


def _concerned(listing: Listing, told: Told, part: EnvelopeField) -> bool:
    """Whether the breach shows in this answer; the code of a success stays, so that it is still known as one."""
    if told.fault is not None:
        return part.when != "success"
    return not _only_on_errors(listing, part)


def _without_part(listing: Listing, tree: Tree, told: Told, part: EnvelopeField) -> Tree:
    return removed(tree, part.at) if _concerned(listing, told, part) else tree


def _with_part(listing: Listing, tree: Tree, told: Told, part: EnvelopeField, wrong: Callable[[Tree], Tree]) -> Tree:
    return changed(tree, part.at, wrong) if _concerned(listing, told, part) else tree


def _wrong_type(part: EnvelopeField, *, text: bool) -> Callable[[Tree], Tree] | None:
    match part.as_:
        case "integer":
            return (lambda value: f"E{value}") if text else (lambda value: f"{value}")
        case "digits":
            return lambda value: int(str(value)) if str(value).isdigit() and not text else f"E{value}"
        case "text":
            return None if text else (lambda value: 0)
        case "list":
            return lambda value: {"items": value}
        case "object":
            return lambda value: [value]


def of_errors(listing: Listing) -> Iterator[Fault]:
    """Errors told wrongly."""
    error = listing.outcome.error
    if error.message_at is not None:
        message_at = error.message_at
        yield from breach(
            error.clauses.get("shape", ()),
            "no-message",
            "an error has no message",
            Seams(tree=lambda tree, told: removed(tree, message_at) if told.fault else tree),
        )
    yield from breach(
        error.clauses.get("shape", ()),
        "code-type",
        "the code of an error is of another type",
        Seams(tree=lambda tree, told: changed(tree, error.code_at, _retyped) if told.fault else tree),
    )
    yield from breach(
        error.clauses.get("http", ()),
        "http-500",
        "errors come with HTTP status 500",
        Seams(response=lambda response, told: replace(response, http_status=500) if told.fault else response),
    )
    yield from breach(
        error.clauses.get("no-rows", ()),
        "rows-on-errors",
        "an error shows calls",
        Seams(tree=lambda tree, told: _with_rows(listing, tree) if told.fault else tree),
    )
    yield from breach(
        error.clauses.get("only-codes", ()),
        "an-unknown-code",
        "errors have a code that is not listed",
        Seams(
            tree=lambda tree, told: (
                changed(tree, error.code_at, lambda _: _strange(error.code_as)) if told.fault else tree
            )
        ),
    )
    for name, fault in listing.outcome.faults.items():
        if fault.code is not None:
            told_as = replace(fault, code=_strange(error.code_as))
            yield from breach(
                fault.clause,
                f"{name}-code",
                f"the fault '{name}' has another code",
                bent(_with_fault(name, told_as)),
            )
        if fault.names:
            yield from breach(
                fault.names_clause,
                f"{name}-names-nothing",
                f"the message of the fault '{name}' names nothing",
                bent(_with_fault(name, replace(fault, says="Something is wrong"))),
            )


def _with_fault(name: str, fault: object) -> Callable[[Listing], Listing]:
    def bend(listing: Listing) -> Listing:
        return with_part("outcome", faults={**listing.outcome.faults, name: fault})(listing)

    return bend


def _retyped(value: Tree) -> Tree:
    return str(value) if isinstance(value, int) else 0


def _strange(kind: str) -> str | int:
    return 999 if kind == "integer" else "999" if kind == "digits" else "whatever"


def _with_rows(listing: Listing, tree: Tree) -> Tree:
    row: Tree = {listing.lists.identity: "1"}
    return put(tree, listing.lists.rows_at, [row]) if part_at(tree, listing.lists.rows_at) is MISSING else tree
