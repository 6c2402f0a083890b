"""Whether a spec holds together: clauses and constructs, names and places, words and kinds, both its sides.

`lint_spec` finds what the loader cannot see because each part alone is well-formed. Every finding says where, what
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

from harness.specification.clause_families import constructs_by_clause, planned_clauses
from harness.specification.lint.answer_places import (
    check_bare_list,
    check_cursors,
    check_headers,
    check_number_words,
    check_page_links,
    check_table,
)
from harness.specification.lint.clause_coverage import check_clause_coverage
from harness.specification.lint.cross_references import (
    check_error_names,
    check_field_names,
    check_filter_names,
    check_laws,
    check_parameter_names,
    check_pointers,
)
from harness.specification.lint.document_sources import check_citations, check_document_page
from harness.specification.lint.error_forms import check_error_forms, check_success_marks
from harness.specification.lint.field_values import check_made_values
from harness.specification.lint.filter_comparisons import (
    check_filter_comparisons,
    check_longest_ranges,
    check_needed_choices,
    check_operators,
    check_parameter_forms,
    check_recent_ranges,
    check_sort_spellings,
)
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.lint.id_lock import IdLock, check_id_lock
from harness.specification.lint.list_elements import check_list_elements
from harness.specification.lint.openapi_agreement import check_request_agreement, check_response_agreement
from harness.specification.lint.page_sizes import check_page_sizes
from harness.specification.lint.promise_power import (
    check_added_parts,
    check_bad_values,
    check_echo_types,
    check_envelope_values,
    check_parameter_roles,
    check_shown_fields,
)
from harness.specification.lint.range_values import check_range_values
from harness.specification.lint.regex_safety import check_patterns
from harness.specification.lint.settled_values import (
    check_constant_company,
    check_path_parts,
    check_settled_values,
    check_zone_forms,
)
from harness.specification.lint.shared_values import check_shared_values
from harness.specification.lint.telephony_words import check_attributes, check_filter_words
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import KeyPath, SourceFile


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LintCounts:
    """How many clauses there are, and how each is covered: the five parts add up to `clauses`."""

    clauses: int
    carried: int
    checked: int
    excluded: int
    shared: int
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


def lint_spec(
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
    findings += _check_coverage(spec, rules)
    if documents is not None:
        findings += _check_document(spec, documents)
    if lock is not None:
        findings += check_id_lock(spec, lock)
    return LintResult(spec=spec.id, counts=_count_clauses(spec), findings=tuple(findings))


def lint_source_file(
    source: SourceFile, *, spec_id: str | None = None, rules: Collection[str] | None = None
) -> LintResult:
    """The same for a parsed file."""
    return lint_spec(build_spec(source, spec_id=spec_id), rules=rules)


def _count_clauses(spec: Spec) -> LintCounts:
    planned = planned_clauses(spec)
    carried = constructs_by_clause(spec)
    how: Counter[str] = Counter()
    for name, clause in spec.clauses.items():
        if clause.excluded is not None:
            how["excluded"] += 1
        elif name in carried:
            how["carried"] += 1
        else:
            how["checked" if clause.checked_by else "uncovered"] += 1
    return LintCounts(
        clauses=len(planned),
        shared=len(planned) - len(spec.clauses),
        carried=how["carried"],
        checked=how["checked"],
        excluded=how["excluded"],
        uncovered=how["uncovered"],
        open_choices=len(spec.choices),
        levels=MappingProxyType(dict(Counter(clause.level for clause in planned.values()))),
        bases=MappingProxyType(dict(Counter(clause.basis for clause in planned.values()))),
    )


def _check_coverage(spec: Spec, rules: Collection[str] | None) -> Iterator[LintFinding]:
    """Each clause is carried by a construct, checked by a rule that exists, or excluded with a reason."""
    carried = constructs_by_clause(spec)
    for name, clause in spec.clauses.items():
        path: KeyPath = ("clauses", name)
        for rule in clause.checked_by:
            if rules is not None and rule not in rules:
                known = ", ".join(sorted(rules)) or "no rule at all"
                yield finding_at(spec, "checked-by", (*path, "checked-by"), f"a rule: {known}", repr(rule))
        if name not in carried and not clause.checked_by and clause.excluded is None:
            yield finding_at(
                spec,
                "carried",
                path,
                "a construct that names it, checked-by, or excluded with a reason",
                "none of them",
                "name it where x-listing says what it promises",
            )


def _check_declarations(spec: Spec) -> Iterator[LintFinding]:
    """Each clause that a construct names is declared."""
    for name, places in constructs_by_clause(spec).items():
        if name not in spec.clauses:
            for place in places:
                yield finding_at(spec, "declared", place.path, "a clause that stands under clauses", f"{name!r}")


_ID_PATTERN: Final = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+")
_STRONGER_VERBS: Final = MappingProxyType(
    {
        "must": re.compile(r"(?!)"),
        "should": re.compile(r"\b(must|shall|has to|have to)\b", re.IGNORECASE),
        "may": re.compile(r"\b(must|shall|has to|have to|should|ought)\b", re.IGNORECASE),
    }
)


def _check_wording(spec: Spec) -> Iterator[LintFinding]:
    """An id looks like one, a sentence is no stronger than its level, and a clause that may not fail is a may."""
    for name, clause in spec.clauses.items():
        path: KeyPath = ("clauses", name)
        if _ID_PATTERN.fullmatch(name) is None:
            yield finding_at(spec, "id", path, "an id such as AC-LST-001", repr(name))
        stronger = _STRONGER_VERBS[clause.level].search(clause.says)
        if stronger is not None:
            word = stronger.group()
            yield finding_at(
                spec,
                "modal-verb",
                (*path, "says"),
                f"no verb stronger than {clause.level}",
                f"{word!r}",
                "say what is",
            )
        if not clause.says.strip() or not clause.source.strip():
            yield finding_at(spec, "worded", path, "a sentence and a source", "an empty one")
        if clause.excluded is not None and not clause.excluded.why.strip():
            yield finding_at(spec, "worded", (*path, "excluded", "why"), "a reason", "nothing")
        if clause.basis == "standard":
            yield finding_at(
                spec, "basis", (*path, "basis"), "a basis in the vendor's words", "'standard'", "see standard.yaml"
            )


def _check_document(spec: Spec, documents: Path) -> Iterator[LintFinding]:
    """The document is the one that the spec was written from, when it is there."""
    document = spec.listing.document
    path = documents / document.name
    if path.is_file():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != document.sha256:
            yield finding_at(
                spec,
                "document",
                ("document", "sha256"),
                f"{digest}, the digest of {path}",
                document.sha256,
                "read the clauses again that rest on changed rows",
            )


_CHECKS: Final = (
    _check_declarations,
    _check_wording,
    check_clause_coverage,
    check_parameter_names,
    check_filter_names,
    check_field_names,
    check_laws,
    check_attributes,
    check_filter_words,
    check_made_values,
    check_operators,
    check_filter_comparisons,
    check_parameter_forms,
    check_recent_ranges,
    check_longest_ranges,
    check_needed_choices,
    check_range_values,
    check_shared_values,
    check_sort_spellings,
    check_page_sizes,
    check_error_names,
    check_pointers,
    check_headers,
    check_bare_list,
    check_table,
    check_page_links,
    check_cursors,
    check_number_words,
    check_patterns,
    check_request_agreement,
    check_response_agreement,
    check_path_parts,
    check_settled_values,
    check_constant_company,
    check_list_elements,
    check_zone_forms,
    check_error_forms,
    check_success_marks,
    check_added_parts,
    check_shown_fields,
    check_envelope_values,
    check_echo_types,
    check_parameter_roles,
    check_bad_values,
    check_document_page,
    check_citations,
)
