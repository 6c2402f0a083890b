"""Whether a reader can find what a spec was written from: the page of its document, the facts that clauses cite."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from harness.errors import UsageProblem
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.source_facts import cited_facts, load_source_facts

_SCHEMES: Final = ("https://", "http://")


def check_document_page(spec: Spec) -> Iterator[LintFinding]:
    """A page with an address has a title and the day on which it was read, so that a reader finds the same one."""
    document = spec.listing.document
    if document.url is not None and not document.url.startswith(_SCHEMES):
        yield finding_at(spec, "document", ("document", "url"), "an address, https://...", repr(document.url))
    if document.read is not None and not _is_day(document.read):
        yield finding_at(spec, "document", ("document", "read"), "a day such as 2026-03-31", repr(document.read))
    for key in ("title", "read"):
        if document.url is not None and not getattr(document, key):
            yield finding_at(
                spec, "document", ("document",), f"{key}, beside url", "no such key", "say what was read, and when"
            )


def check_citations(spec: Spec) -> Iterator[LintFinding]:
    """Each fact that a clause cites stands in the file of facts."""
    cited = {name: ids for name, clause in spec.clauses.items() if (ids := cited_facts(clause.source))}
    try:
        known = load_source_facts(spec)
    except UsageProblem as problem:
        yield finding_at(spec, "facts", ("document", "facts"), "a file of facts", str(problem))
        return
    for name, ids in cited.items():
        for fact in ids:
            if known is None or fact not in known.facts:
                told = f"{fact}, which no file has" if known is None else f"{fact}, which {known.file} lacks"
                yield finding_at(spec, "facts", ("clauses", name, "source"), "facts that are written down", told)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-03-31")
