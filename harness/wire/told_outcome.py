"""Whether an answer tells a success or an error, as far as it can be known, and what it tells in place of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.integers import is_integer
from harness.specification.answer_place import PARAMETER_STEP
from harness.specification.model import ErrorKind, Listing, Scalar, options_of
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing, tree_at
from harness.wire.other_forms import integer_said, says_nothing

_ERROR_NAMES: Final = frozenset({"error", "errors", "fault", "exception"})
_DONE_NAMES: Final = frozenset({"success", "ok"})


def tells_success(listing: Listing, tree: dict[str, Tree], http_status: int, rows: tuple[Tree, ...] | None) -> bool:
    """Whether this is a success: by the code if one is told, else by what else tells an error or shows rows."""
    error = listing.outcome.error
    shows = listing.outcome.success.shows
    code = tree_at(tree, error.code_at) if error.code_at is not None else MISSING
    listed = isinstance(tree_at(tree, listing.lists.rows_at), list)
    if error.code_at is not None and error.code_at in shows:
        # Read leniently here: a code of the wrong type is judged elsewhere, under its own clause.
        if not says_nothing(code):
            promised = scalar_text(code) == str(shows[error.code_at])
            return promised or (bool(rows) and http_status < 400 and not _is_code_of_error(listing, code))
        if http_status >= 400 or _names_error(tree):
            return False
        # The code is missing, which is judged elsewhere: what else a success shows tells it, or rows do.
        marks = [(tree_at(tree, at), mark) for at, mark in shows.items() if at != error.code_at]
        told = any(not isinstance(value, Missing) and scalar_text(value) != str(mark) for value, mark in marks)
        numbered = number_and_shape(tree_at(tree, listing.lists.rows_at)) is not None
        return bool(rows) or ((listed or numbered) and not told)
    if http_status >= 400 or (error.code_at is None and _contradicts_success(tree, shows)):
        return False
    if code is not MISSING:
        # An empty code beside a list of rows says that there is no error.
        return listed and (says_nothing(code) or integer_said(code) == 0)
    if rows:
        return True
    # Where the object around the code is something else, and no rows are there, an error is told in another shape.
    around = (error.code_at or "").rpartition("/")[0]
    inside = tree_at(tree, around) if around else MISSING
    return (listed or says_nothing(inside)) and not _names_error(tree)


def _contradicts_success(tree: Tree, shows: Mapping[str, Scalar]) -> bool:
    """Whether a mark of success is there and says something else."""
    marks = ((tree_at(tree, at), mark) for at, mark in shows.items())
    return any(not isinstance(value, Missing) and scalar_text(value) != str(mark) for value, mark in marks)


def _is_code_of_error(listing: Listing, code: Tree | Missing) -> bool:
    """Whether a code is one that the spec names for an error; rows beside any other one are those of a success."""
    outcome = listing.outcome
    told = [one for fault in outcome.faults.values() for one in (fault.code, *fault.codes) if one is not None]
    return scalar_text(code) in {str(one) for one in (*told, *outcome.error.only_codes)}


def _names_error(tree: Mapping[str, Tree]) -> bool:
    """Whether an answer tells an error in the common words: an error object, or a success that is false."""
    for name, value in tree.items():
        word = name.lower() if len(name) <= 16 else ""
        if word in _ERROR_NAMES and not says_nothing(value) and value is not False and value != 0:
            return True
        if word in _DONE_NAMES and value is False:
            return True
    return False


def scalar_text(value: Tree | Missing) -> str:
    """A scalar as text, so that 200, 200.0 and "200" are one."""
    number = None if isinstance(value, str) else integer_said(value)
    return str(value if number is None else number).strip()


def number_and_shape(raw: Tree | Missing) -> tuple[int, str] | None:
    """The number that stands in place of rows, and its shape; None when there is none."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw, "integer"
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 20:
        return int(raw), "digits"
    shape = "object"
    if isinstance(raw, list) and len(raw) == 1 and isinstance(raw[0], dict) and len(raw[0]) == 1:
        raw, shape = raw[0], "list-of-object"
    if isinstance(raw, dict) and len(raw) == 1:
        (number,) = raw.values()
        if is_integer(number):
            return number, shape
        if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) < 20:
            return int(number), shape
    return None


def statuses_of(listing: Listing, told: ErrorKind) -> frozenset[int]:
    """The HTTP statuses under which an error is told."""
    http = told.http if told.http is not None else listing.outcome.error.http
    return frozenset((*options_of(http), *told.https))


def code_told(listing: Listing, tree: dict[str, Tree], status: int) -> Tree | Missing:
    """The code of an error: where errors have it, or where an error of that HTTP status has its own."""
    error = listing.outcome.error
    code = tree_at(tree, error.code_at) if error.code_at is not None else MISSING
    if not isinstance(code, Missing):
        return code
    for told in listing.outcome.faults.values():
        if told.code_at is not None and status in statuses_of(listing, told):
            own = tree_at(tree, told.code_at)
            if not isinstance(own, Missing):
                return own
    return code


def message_told(listing: Listing, tree: dict[str, Tree], status: int) -> Tree | Missing:
    """The message of an error: where errors have it, or where an error of that HTTP status has its own."""
    error = listing.outcome.error
    message = tree_at(tree, error.message_at) if error.message_at else MISSING
    if isinstance(message, str):
        return message
    for told in listing.outcome.faults.values():
        if told.message_at is not None and status in statuses_of(listing, told):
            own = _own_message(tree, told.message_at)
            if isinstance(own, str):
                return own
    return message


def _own_message(tree: dict[str, Tree], place: str) -> Tree | Missing:
    """The message at the place of an error's own; of several parameters at fault that of the first."""
    before, step, after = place.partition(PARAMETER_STEP)
    if not step:
        return tree_at(tree, place)
    named = tree_at(tree, before)
    found = (tree_at(one, after) for one in named.values()) if isinstance(named, dict) else ()
    return next((one for one in found if isinstance(one, str)), MISSING)
