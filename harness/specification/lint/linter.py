"""Whether a spec holds together: clauses and constructs, names and places, words and kinds, both its sides.

`lint` finds what the loader cannot see because each part alone is well-formed. Every finding says where, what
was expected, what stands there instead, and which rule found it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

from harness.specification.clauses import carriers
from harness.specification.lint.clause_coverage import promises
from harness.specification.lint.cross_references import (
    faults_exist,
    fields_exist,
    filters_exist,
    laws_complete,
    parameters_exist,
    pointers,
)
from harness.specification.lint.finding import LintFinding, say
from harness.specification.lint.id_lock import IdLock, locked
from harness.specification.lint.openapi_agreement import answer_sides, request_sides
from harness.specification.lint.regex_safety import patterns
from harness.specification.load import Spec, build_spec
from harness.specification.vocabulary import attributes, filter_words
from harness.specification.yaml_source import Path_, Source


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LintCounts:
    """How many clauses there are, and how each is covered: the four parts add up to `clauses`."""

    clauses: int
    carried: int
    checked: int
    excluded: int
    uncovered: int
    open_choices: int
    levels: Mapping[str, int]
    bases: Mapping[str, int]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """What the linter counted and what it found."""

    spec: str
    counts: LintCounts
    findings: tuple[LintFinding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def lint(
    spec: Spec,
    *,
    rules: Collection[str] | None = None,
    documents: Path | None = None,
    lock: IdLock | None = None,
) -> LintResult:
    """Everything in a spec that does not hold together.

    `rules` are the names that `checked-by` may use (None: any); `documents` is a directory that may hold the
    document; `lock` the ids given out so far.
    """
    findings = [finding for check in _CHECKS for finding in check(spec)]
    findings += _covered(spec, rules)
    if documents is not None:
        findings += _document(spec, documents)
    if lock is not None:
        findings += locked(spec, lock)
    return LintResult(spec=spec.id, counts=_counts(spec), findings=tuple(findings))


def lint_source(source: Source, *, spec_id: str, rules: Collection[str] | None = None) -> LintResult:
    """The same for a parsed file."""
    return lint(build_spec(source, spec_id=spec_id), rules=rules)


def _counts(spec: Spec) -> LintCounts:
    carried = carriers(spec)
    how: Counter[str] = Counter()
    for name, clause in spec.clauses.items():
        if clause.excluded is not None:
            how["excluded"] += 1
        elif name in carried:
            how["carried"] += 1
        else:
            how["checked" if clause.checked_by else "uncovered"] += 1
    return LintCounts(
        clauses=len(spec.clauses),
        carried=how["carried"],
        checked=how["checked"],
        excluded=how["excluded"],
        uncovered=how["uncovered"],
        open_choices=len(spec.choices),
        levels=MappingProxyType(dict(Counter(clause.level for clause in spec.clauses.values()))),
        bases=MappingProxyType(dict(Counter(clause.basis for clause in spec.clauses.values()))),
    )


def _covered(spec: Spec, rules: Collection[str] | None) -> Iterator[LintFinding]:
    """Each clause is carried by a construct, checked by a rule that exists, or excluded with a reason."""
    carried = carriers(spec)
    for name, clause in spec.clauses.items():
        path: Path_ = ("clauses", name)
        for rule in clause.checked_by:
            if rules is not None and rule not in rules:
                known = ", ".join(sorted(rules)) or "no rule at all"
                yield say(spec, "checked-by", (*path, "checked-by"), f"a rule: {known}", repr(rule))
        if name not in carried and not clause.checked_by and clause.excluded is None:
            yield say(
                spec,
                "carried",
                path,
                "a construct that names it, checked-by, or excluded with a reason",
                "none of them",
                "name it where x-listing says what it promises",
            )


def _declared(spec: Spec) -> Iterator[LintFinding]:
    """Each clause that a construct names is declared."""
    for name, places in carriers(spec).items():
        if name not in spec.clauses:
            for place in places:
                yield say(spec, "declared", place.path, "a clause that stands under clauses", f"{name!r}")


_ID: Final = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_STRONGER: Final = MappingProxyType(
    {
        "must": re.compile(r"(?!)"),
        "should": re.compile(r"\b(must|shall|has to|have to)\b", re.IGNORECASE),
        "may": re.compile(r"\b(must|shall|has to|have to|should|ought)\b", re.IGNORECASE),
    }
)


def _worded(spec: Spec) -> Iterator[LintFinding]:
    """An id looks like one, a sentence is no stronger than its level, and a clause that may not fail is a may."""
    for name, clause in spec.clauses.items():
        path: Path_ = ("clauses", name)
        if _ID.fullmatch(name) is None:
            yield say(spec, "id", path, "an id such as AC-LST-001", repr(name))
        stronger = _STRONGER[clause.level].search(clause.says)
        if stronger is not None:
            word = stronger.group()
            yield say(
                spec,
                "modal-verb",
                (*path, "says"),
                f"no verb stronger than {clause.level}",
                f"{word!r}",
                "say what is",
            )
        if not clause.says.strip() or not clause.source.strip():
            yield say(spec, "worded", path, "a sentence and a source", "an empty one")
        if clause.excluded is not None and not clause.excluded.why.strip():
            yield say(spec, "worded", (*path, "excluded", "why"), "a reason", "nothing")
        if clause.basis == "standard":
            yield say(
                spec, "basis", (*path, "basis"), "a basis in the vendor's words", "'standard'", "see standard.yaml"
            )


def _document(spec: Spec, documents: Path) -> Iterator[LintFinding]:
    """The document is the one that the spec was written from, when it is there."""
    document = spec.listing.document
    path = documents / document.name
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != document.sha256:
            yield say(
                spec,
                "document",
                ("document", "sha256"),
                f"{digest}, the digest of {path}",
                document.sha256,
                "read the clauses again that rest on changed rows",
            )


_CHECKS: Final = (
    _declared,
    _worded,
    promises,
    parameters_exist,
    filters_exist,
    fields_exist,
    laws_complete,
    attributes,
    filter_words,
    faults_exist,
    pointers,
    patterns,
    request_sides,
    answer_sides,
)
