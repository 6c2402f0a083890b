"""The clauses that a filter, a word or a value of it carries."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.check.probe.expect import ProbeResult
from harness.specification.model import ClauseId, Clauses, Filter


def clauses_of_filter(filter_: Filter) -> Clauses:
    """Every clause that a filter carries for what it keeps."""
    return tuple(
        dict.fromkeys((*filter_.clause, *(name for names in filter_.word_clauses.values() for name in names)))
    )


def note_broken_parameter(context: CheckContext, name: str, judged: ProbeResult, clauses: Clauses) -> bool:
    """Remembers that a parameter does not work, so that it is no tool for anything else; it is itself judged on."""
    if judged.fails_itself:
        context.broken_parameters.setdefault(name, clauses[0] if clauses else ClauseId(name))
        return True
    return False
