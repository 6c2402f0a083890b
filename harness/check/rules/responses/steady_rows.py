"""Whether calls of the past come and go: what was listed, was not, and is listed again."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Final

from harness.check.context import CheckContext, Exchange, Row, instants_of
from harness.check.probe.answer_checks import steady_check
from harness.check.probe.error_responses import record_kept, report_breach
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.page_sizes import page_size_values
from harness.check.probe.stability import is_recent_row
from harness.check.probe.time_ranges import time_range_filters
from harness.specification.clause_families import STEADY_LIST, planned_clauses
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import takes_instants

_CLAUSES: Final = (STEADY_LIST,)

# Every second or third answer comes from a replica that lacks what others have: `stale_replica` of foreign servers.
_ANSWERS_AT_FIRST: Final = 3
_ANSWERS_IN_ALL: Final = 9


def check_steady_rows(context: CheckContext, mirror: Mirror) -> None:
    """Asks the same question some times; a row may come, and it may go, but no row goes and comes back.

    Calls that began within the run, or shortly before, may be on one replica and not yet on another: they are not
    judged, and where they come and go nothing is, since they move others over the end of the answer.
    """
    if _CLAUSES[0] not in planned_clauses(context.spec):
        return
    if not mirror.rows:
        context.results.record_not_exercised(_CLAUSES, "the target shows no rows")
        return
    _, size = largest_page_size(context)
    values = page_size_values(context, size) if size is not None else {}
    ask = mirror.request({**values, **_older_window(context, mirror, size or context.longest_page)})
    answers: list[Exchange] = []
    while len(answers) < _ANSWERS_IN_ALL:
        exchange = context.send(ask, "does the same question get the same rows?")
        if context.note_unusable(exchange, _CLAUSES):
            return
        if exchange.rows is None:
            context.results.record_inconclusive(_CLAUSES, "the list cannot be read")
            return
        answers.append(exchange)
        stood_still = len({frozenset(one.keys) for one in answers}) == 1
        if len(answers) == _ANSWERS_AT_FIRST and stood_still and not mirror.volatile:
            break
    returned = _returned_keys(answers)
    if any(_may_be_new(context, row) for one in answers for row in one.listed if row.key in returned):
        context.results.record_inconclusive(_CLAUSES, "data-changed: the newest rows come and go")
    elif returned:
        found = f"{len(returned)} {'row comes and goes' if len(returned) == 1 else 'rows come and go'}"
        counts = ", ".join(str(len(one.listed)) for one in answers)
        actual = f"{found} from answer to answer ({counts} rows)"
        report_breach(
            context,
            _CLAUSES,
            expected="the same rows each time",
            actual=actual,
            exchange=answers[-1],
            check=steady_check(context, answers=_ANSWERS_IN_ALL),
        )
    else:
        record_kept(context, _CLAUSES, "the same rows each time")


def _older_window(context: CheckContext, mirror: Mirror, size: int) -> dict[str, Tree]:
    """A range of time that leaves out calls which may be new, where the first page would hold some."""
    lower, upper, path = time_range_filters(context)
    if lower is None or upper is None or path is None or not takes_instants(context.listing.parameters[upper]):
        return {}
    if not any(_may_be_new(context, row) for row in mirror.rows[:size]):
        return {}
    older = instants_of([row for row in mirror.rows if not _may_be_new(context, row)], path)
    # Whole seconds, which every server can read.
    first, last = (instant.replace(microsecond=0) for instant in (min(older), max(older))) if older else (None, None)
    return {} if first is None else context.encode_all({lower: first, upper: last})


def _may_be_new(context: CheckContext, row: Row) -> bool:
    """Whether a call may have come to pass within the run, by any instant of its row."""
    instants = [path for path, value in row.shown.items() if isinstance(value, datetime)]
    return not instants or any(is_recent_row(context, row, path) for path in instants)


def _returned_keys(answers: Sequence[Exchange]) -> set[Hashable]:
    """The rows that an answer lacks although one before it and one after it have them."""
    found: set[Hashable] = set()
    gone: set[Hashable] = set()
    before: set[Hashable] = set()
    for exchange in answers:
        listed = set(exchange.keys)
        found |= gone & listed
        before |= listed
        gone = before - listed
    return found
