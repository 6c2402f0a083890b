"""What `explain` says: of a clause, a fault, or a word of a report, as values to print or to write as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from harness.check.results.explanations import ColoursByClause, WordMeaning
    from harness.check.results.findings import Colour, Verdict
    from harness.serve.faults.catalogue import Fault
    from harness.serve.faults.transport import TransportFault
    from harness.specification.clause_families import ClauseFamily, Construct
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId, Document

PORT: Final = 8080
EVERY_CLAUSE: Final = "every clause"
# Often enough to be met, and not so often that nobody can log in.
SOMETIMES: Final = "0.3"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WordExplanation:
    """A verdict, colour, level or basis; `gates` says for each gate which clauses get which colour."""

    word: str
    kind: str
    says: str
    blames: str
    do: str
    gates: Mapping[str, Mapping[str, str]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedConstruct:
    """A place in a spec that carries a clause: its path, and what the listing language says of it."""

    place: str
    says: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedFault:
    """A fault as `serve --fault` takes it, and what it does."""

    fault: str
    says: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseExplanation:
    """A clause: its promise and where it stands, how it is tested, what breaks it, how one lives with it."""

    clause: str
    api: str
    shared: bool
    says: str
    level: str
    level_says: str
    basis: str
    basis_says: str
    source: str
    facts: tuple[str, ...]
    document: str
    since: str | None
    family: str
    constructs: tuple[ExplainedConstruct, ...]
    checked_by: tuple[str, ...]
    excluded: str | None
    tested: tuple[str, ...]
    faults: tuple[ExplainedFault, ...]
    commands: tuple[str, ...]
    needs: str
    waivable: bool
    waiver: str
    known_entry: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultExplanation:
    """A fault: what it changes, which clause it breaks (if a right server may not do the same), how to serve it."""

    fault: str
    api: str
    says: str
    value: str
    clause: str | None
    clause_says: str
    more: str
    commands: tuple[str, ...]


Explanation = WordExplanation | ClauseExplanation | FaultExplanation


# --- words --------------------------------------------------------------------------------------------------


def explained_words() -> Mapping[str, WordExplanation]:
    """Every word of a report that can be explained, by itself."""
    from harness.check.results.explanations import (
        BASES,
        BASIS_MEANINGS,
        COLOUR_MEANINGS,
        LEVEL_MEANINGS,
        LEVELS,
        VERDICT_MEANINGS,
        WAIVED,
        colours_by_clause,
    )
    from harness.check.results.findings import Gate, Verdict

    tables = {gate: {verdict: colours_by_clause(verdict, gate) for verdict in Verdict} for gate in Gate}
    found: dict[str, WordExplanation] = {}
    for verdict, meaning in VERDICT_MEANINGS.items():
        gates = {gate.value: _subjects_with_colours(table[verdict]) for gate, table in tables.items()}
        found[verdict.value] = _word_explanation(verdict.value, "verdict", meaning, gates)
    for colour, meaning in COLOUR_MEANINGS.items():
        gates = {gate.value: _verdicts_of_colour(table, colour) for gate, table in tables.items()}
        found[colour] = _word_explanation(colour, "colour", meaning, {} if colour == WAIVED else gates)
    for level in LEVELS:
        gates = {
            gate.value: _subjects_with_colours({level: table[Verdict.FAIL][level]}) for gate, table in tables.items()
        }
        found[level] = _word_explanation(level, "level", LEVEL_MEANINGS[level], gates)
    for basis in BASES:
        gates = {
            gate.value: {level: _colour_word(table[Verdict.FAIL][level][basis]) for level in LEVELS}
            for gate, table in tables.items()
        }
        found[basis] = _word_explanation(basis, "basis", BASIS_MEANINGS[basis], gates)
    return found


def _word_explanation(
    word: str, kind: str, meaning: WordMeaning, gates: Mapping[str, Mapping[str, str]]
) -> WordExplanation:
    return WordExplanation(word=word, kind=kind, says=meaning.says, blames=meaning.blames, do=meaning.do, gates=gates)


def _subjects_with_colours(table: ColoursByClause) -> dict[str, str]:
    """The colours of a verdict in few words: one for all clauses, or by level, and a basis where it differs."""
    colours = [colour for by_basis in table.values() for colour in by_basis.values()]
    if len(set(colours)) == 1 and len(table) > 1:
        return {EVERY_CLAUSE: _colour_word(colours[0])}
    found = {}
    for level, by_basis in table.items():
        ordinary = by_basis["documented"]
        found[f"a {level}"] = _colour_word(ordinary)
        found |= {
            f"a {level} that is {basis}": _colour_word(colour)
            for basis, colour in by_basis.items()
            if colour != ordinary
        }
    return found


def _verdicts_of_colour(table: Mapping[Verdict, ColoursByClause], colour: str) -> dict[str, str]:
    """The verdicts that may get a colour, and for which clauses."""
    found = {}
    for verdict, colours in table.items():
        subjects = [
            subject
            for subject, given in _subjects_with_colours(colours).items()
            if given == _COLOUR_WORDS.get(colour, colour)
        ]
        if subjects:
            found[verdict.value] = ", ".join(subjects)
    return found


# A verdict without a colour is still told.
_COLOUR_WORDS: Final[Mapping[str, str]] = MappingProxyType({"none": "informs"})


def _colour_word(colour: Colour) -> str:
    return _COLOUR_WORDS.get(colour.value, colour.value)


# --- clauses ------------------------------------------------------------------------------------------------


def explain_clause(spec: Spec, clause_id: ClauseId, *, today: date) -> ClauseExplanation:
    """A clause that a check of the spec plans: one of its own, or one that every API shares."""
    from harness.check.results.explanations import BASIS_MEANINGS, LEVEL_MEANINGS
    from harness.check.results.known_failures import sample_known_failure
    from harness.check.results.known_failures_file import LONGEST_WAIVER_DAYS, security_clauses
    from harness.specification.clause_families import (
        constructs_by_clause,
        meaning_of_construct,
        planned_clauses,
        planned_families,
    )
    from harness.specification.source_facts import load_source_facts

    clause = planned_clauses(spec)[clause_id]
    shared = clause_id not in spec.clauses
    constructs = () if shared else constructs_by_clause(spec).get(clause_id, ())
    family = planned_families(spec)[clause_id]
    faults = _faults_of_clause(spec, clause_id)
    obstacle = _waiver_obstacle(clause, is_security=clause_id in security_clauses(spec))
    document = spec.listing.document
    facts = load_source_facts(spec)
    return ClauseExplanation(
        clause=clause_id,
        api=spec.id,
        shared=shared,
        says=clause.says,
        level=clause.level,
        level_says=LEVEL_MEANINGS[clause.level].says,
        basis=clause.basis,
        basis_says=BASIS_MEANINGS[clause.basis].says,
        source=clause.source,
        facts=() if facts is None else facts.lines_of(clause.source),
        document="" if shared else _document_text(document),
        since=clause.since,
        family=family.value,
        constructs=tuple(
            ExplainedConstruct(place=construct.name, says=meaning_of_construct(spec, construct))
            for construct in constructs
        ),
        checked_by=clause.checked_by,
        excluded=None if clause.excluded is None else f"{clause.excluded.code}: {clause.excluded.why}",
        tested=tuple(_test_texts(clause_id, clause, family, constructs)),
        faults=faults,
        commands=_commands(spec, faults[0].fault if faults else None, clause_id),
        needs="" if clause.excluded is not None else _needs_text(spec, clause, constructs),
        waivable=obstacle is None,
        waiver=obstacle
        or f"A failure that one lives with goes into a file for --known, with its true reason and owner. It expires, "
        f"at most {LONGEST_WAIVER_DAYS} days after it was added. The least that such a file needs:",
        known_entry="" if obstacle else sample_known_failure(clause_id, level=clause.level, today=today),
    )


def _test_texts(
    clause_id: ClauseId, clause: Clause, family: ClauseFamily, constructs: Iterable[Construct]
) -> Iterator[str]:
    """How the clause is tested: by the rules that it names, and by those of the families of its constructs."""
    from harness.check.results.explanations import FAMILY_TESTS, RULE_TESTS, SHARED_TESTS, STANDARD_TEST
    from harness.specification.clause_families import load_standard_clauses

    if clause.excluded is not None:
        return
    yield from (RULE_TESTS[name] for name in clause.checked_by if name in RULE_TESTS)
    if clause_id in SHARED_TESTS:
        yield SHARED_TESTS[clause_id]
        return
    if clause.basis == "standard":
        shared = load_standard_clauses().clauses.get(clause_id)
        if shared is not None and shared.problems:
            yield STANDARD_TEST.format(problems=", ".join(shared.problems))
            return
    families = dict.fromkeys(construct.family for construct in constructs)
    if not families and not clause.checked_by:
        families = {family: None}
    yield from (FAMILY_TESTS[one] for one in families)


def _document_text(document: Document) -> str:
    page = f"{document.title or document.name}" + (f", read on {document.read}" if document.read else "")
    where = ", ".join(part for part in (document.url, document.note) if part)
    return f"{page}; {where}" if where else f"{page} (sha256 {document.sha256})"


def _faults_of_clause(spec: Spec, clause_id: ClauseId) -> tuple[ExplainedFault, ...]:
    """What the simulator can do to break the clause: faults of the catalogue, or of the transport."""
    from harness.serve.faults.catalogue import faults_of
    from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS, TRANSPORT_PREFIX

    found = [
        ExplainedFault(fault=f"{spec.id}:{fault.id}", says=fault.description)
        for fault in faults_of(spec)
        if fault.clause == clause_id
    ]
    found += [
        ExplainedFault(fault=f"{spec.id}:{TRANSPORT_PREFIX}{name}={SOMETIMES}", says=kind.description)
        for name, kind in TRANSPORT_FAULT_KINDS.items()
        if _clause_of_transport_fault(kind.problem) == clause_id
    ]
    return tuple(found)


def _clause_of_transport_fault(problem: str | None) -> ClauseId | None:
    from harness.specification.clause_families import load_standard_clauses

    return None if problem is None else load_standard_clauses().clause_for_problem(problem)


def _needs_text(spec: Spec, clause: Clause, constructs: Iterable[Construct]) -> str:
    """What a run needs beside one user's credentials."""
    places = [construct.path for construct in constructs]
    needs = []
    if "known-world" in clause.checked_by:
        needs.append("--world with a world that was loaded into the server")
    # A text that is no token needs no key.
    if any(path[:2] == ("access", "jwt") and path[-1] != "malformed" for path in places):
        needs.append("an identity that signs tokens (a private key)")
    if any(path[:2] == ("access", "role-clauses") or path[-1] in ("role-refused", "tenant") for path in places):
        needs.append(
            "more than one user, in a file for --credentials (the simulator behind --target sim: knows some)"
        )
    return f"It needs {' and '.join(needs)}." if needs else ""


def _waiver_obstacle(clause: Clause, *, is_security: bool) -> str | None:
    """Why a failure of the clause cannot be waived, or need not be."""
    if clause.excluded is not None:
        return "It is not checked, so there is nothing to waive."
    if is_security:
        return "It is about who may see calls: a failure is mended and cannot be waived."
    if clause.level == "may":
        return "It never fails, so there is nothing to waive."
    return None


# --- faults -------------------------------------------------------------------------------------------------


def explain_fault(spec: Spec, fault: Fault) -> FaultExplanation:
    """A fault of the catalogue."""
    from harness.specification.clause_families import planned_clauses

    return FaultExplanation(
        fault=f"{spec.id}:{fault.id}",
        api=spec.id,
        says=fault.description,
        value="",
        clause=fault.clause,
        clause_says=planned_clauses(spec)[fault.clause].says,
        more=_more(spec, fault.clause),
        commands=_commands(spec, f"{spec.id}:{fault.id}", fault.clause),
    )


def explain_transport_fault(spec: Spec, fault: TransportFault) -> FaultExplanation:
    """A fault of the transport, with the value that was given."""
    from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS
    from harness.specification.clause_families import load_standard_clauses

    kind = TRANSPORT_FAULT_KINDS[fault.name]
    clause = _clause_of_transport_fault(kind.problem)
    served = fault.id if fault.value or clause is None else f"{fault.id}={SOMETIMES}"
    return FaultExplanation(
        fault=f"{spec.id}:{fault.id}",
        api=spec.id,
        says=fault.description,
        value=kind.value_syntax,
        clause=clause,
        clause_says="" if clause is None else load_standard_clauses().clauses[clause].says,
        more="" if clause is None else _more(spec, clause),
        commands=_commands(spec, f"{spec.id}:{served}", clause),
    )


def _more(spec: Spec, clause: ClauseId) -> str:
    """The command that explains a clause, of a spec of one's own too."""
    from harness.output.escaping import shell_word

    own = [] if spec.given_as == spec.id else ["--spec", spec.given_as]
    return " ".join(map(shell_word, ["callharness", "explain", clause, *own]))


def _commands(spec: Spec, fault: str | None, clause: ClauseId | None) -> tuple[str, ...]:
    """The simulator with the fault, and a check of the clause on it as the user of the document's example."""
    from harness.cli.selftest_plan import clock_step_of
    from harness.output.escaping import shell_word
    from harness.serve.authentication import default_credentials
    from harness.serve.simulator import base_paths_of

    serve = ["callharness", "serve", spec.given_as, "--port", str(PORT)]
    check = ["callharness", "check", spec.given_as, "--target", f"http://127.0.0.1:{PORT}{base_paths_of(spec)[0]}"]
    if fault is not None:
        serve += ["--fault", fault]
        if clock_step_of(fault.partition(":")[2]):
            serve += ["--clock", "live"]
    for name, value in default_credentials(spec.listing.access).items():
        check += ["--credential", f"{name}={value}"]
    if clause is not None:
        check += ["--only", clause]
    return tuple(" ".join(map(shell_word, words)) for words in (serve, check))
