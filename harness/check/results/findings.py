"""The results of a run as values: verdicts, findings, results per clause, events, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from harness.specification.model import Basis, ClauseId, Document, Level
from harness.specification.source_facts import SourceFact

SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """How the check of one clause ended; the words of `verdicts.md`, worst first."""

    ERROR = "error"
    FAIL = "fail"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105 - a verdict, no password
    OBSERVED = "observed"
    NOT_EXERCISED = "not_exercised"
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"


class Gate(StrEnum):
    """A profile that decides which verdicts turn a run red."""

    CI = "ci"
    FULL = "full"
    STRICT = "strict"
    CERTIFY = "certify"
    EXPLORE = "explore"


class Colour(StrEnum):
    """What a verdict means for the gate: `none` only informs."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingStep:
    """One of the requests that show a finding together, and what of its answer matters.

    `seconds_later` is how long after the step before it was asked, where that matters; 0 where it does not.
    """

    request: str
    curl: str
    told: str
    seconds_later: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken clause: what was expected, what came, and the smallest request that shows it.

    All texts are already visible and free of secrets. `rows` are the rows that differ, each on a line.
    `found_after` is the number of requests that had been sent, `place` the number of failures told before it.
    """

    clause: ClauseId
    level: Level
    basis: Basis
    family: str
    message: str
    expected: str
    actual: str
    request: str = ""
    curl: str = ""
    response: str = ""
    rows: tuple[str, ...] = ()
    verdict: Verdict = Verdict.FAIL
    colour: Colour = Colour.RED
    replay: str = ""
    waived: str | None = None
    reason: str = ""
    found_after: int = 0
    place: int = 0
    difference: str = ""
    """The way in which the answer differs from what is due."""
    defect: int = 0
    """The number of the defect, from 1: findings with one number have the same smallest request and difference.

    0 where nobody has numbered it: then it is a defect of its own.
    """
    case: str = ""
    """The requests and what their answers must be, as JSON for a test of its own; empty where that cannot be told."""
    steps: tuple[FindingStep, ...] = ()
    """The requests that show it together, in order; empty where one request does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseResult:
    """How the checks of one clause ended together.

    `witnesses` counts the observations that could have broken it; `counts` how often each verdict occurred;
    `reason` says why it is not a pass, or what was observed.
    """

    id: ClauseId
    level: Level
    basis: Basis
    family: str
    says: str
    source: str
    verdict: Verdict
    witnesses: int = 0
    reason: str = ""
    colour: Colour = Colour.NONE
    counts: Mapping[Verdict, int] = field(default_factory=lambda: MappingProxyType({}))
    waived: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything a run found out. `seconds` is the only part that depends on the machine."""

    api: str
    title: str
    target: str
    gate: Gate
    colour: Colour
    exit_code: int
    seed: int
    requests: int
    seconds: float
    dialect: Mapping[str, Any]
    clauses: tuple[ClauseResult, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    evidence: Literal["masked", "full"] = "full"
    spec_version: str = "1"
    harness_version: str = ""
    interrupted: str | None = None
    rows_seen: int = 0
    limits: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    product: str = ""
    """What the target is, as whoever ran the check calls it."""
    product_version: str = ""
    document: Document | None = None
    """The document that the promises come from."""
    facts: tuple[SourceFact, ...] = ()
    """The facts beside the document that the clauses cite."""
    fact_pages: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The addresses of the pages that these facts name, by tag."""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all clauses, read as one; a run with nothing exercised is never a pass."""
        found = {result.verdict for result in self.clauses if result.waived is None}
        for verdict in (Verdict.ERROR, Verdict.FAIL, Verdict.BLOCKED):
            if verdict in found:
                return verdict
        if Verdict.PASS in found:
            return Verdict.PASS
        return next((verdict for verdict in Verdict if verdict in found), Verdict.NOT_RUN)


# --- events -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """Event: the run begins; these clauses get a verdict."""

    api: str
    title: str
    target: str
    seed: int
    gate: Gate
    clauses: tuple[ClauseId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStarted:
    """A part of the run begins (`preflight`, `mirror`, `filters` ...)."""

    phase: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One request was answered (or not); for progress, the journal and HAR. Texts are visible and masked."""

    number: int
    phase: str
    purpose: str
    method: str
    url: str
    http_status: int | None
    seconds: float
    reason: str = ""
    request_headers: tuple[tuple[str, str], ...] = ()
    request_body: str = ""
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingMade:
    """Event: a clause was found broken."""

    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseJudged:
    """Event: a clause has its verdict."""

    result: ClauseResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """Event: the run is over."""

    report: RunReport


Event = RunStarted | PhaseStarted | Exchanged | FindingMade | ClauseJudged | RunEnded
