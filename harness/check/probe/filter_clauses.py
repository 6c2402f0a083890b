"""The clauses that a filter, a word or a value of it carries."""

from __future__ import annotations

from typing import Any

from harness.check.context import CheckContext
from harness.check.probe.expect import ProbeResult
from harness.specification.model import ClauseId, Clauses, Filter, OpenChoice


def clauses_of_word(filter_: Filter, value: Any) -> Clauses:
    """The clauses on one value of a filter."""
    meant = filter_.words.get(str(value))
    if isinstance(meant, OpenChoice) and meant.clause:
        return meant.clause
    return filter_.word_clauses.get(str(value), filter_.clause) if filter_.word_clauses else filter_.clause


def clauses_of_filter(filter_: Filter) -> Clauses:
    """Every clause that a filter carries for what it keeps."""
    return tuple(
        dict.fromkeys((*filter_.clause, *(name for names in filter_.word_clauses.values() for name in names)))
    )


def note_broken_parameter(context: CheckContext, name: str, judged: ProbeResult, clauses: Clauses) -> bool:
    """Remembers that a parameter does not work, so that nothing else is judged by it."""
    wrong = judged.passed is False and judged.mismatch is not None and not judged.mismatch.elsewhere
    if wrong and judged.mismatch is not None and judged.mismatch.aspect in ("rows", "outcome", "unreadable", "count"):
        context.broken_parameters.setdefault(name, clauses[0] if clauses else ClauseId(name))
        return True
    return False
