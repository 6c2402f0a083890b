"""The report of a check as the command line writes it: exit code, journal header, unfinished runs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from harness.cli.check_setup import CheckSettings, PreparedRun, planned_clauses
from harness.cli.console import harness_version
from harness.cli.signals import Interrupted
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.check.results.findings import ClauseResult, Event, Exchanged, Finding, RunReport, Verdict
    from harness.report import RunRecord
    from harness.specification.model import ClauseId


# Which exit code counts when several apply, the highest first.
_EXIT_CODE_PRECEDENCE: Final = (3, 2, 4, 1, 5, 0)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run ended: what was recorded, and the exit code."""

    run_record: RunRecord
    exit_code: int


def worst_exit_code(codes: Sequence[int]) -> int:
    """The exit code that counts of several: the highest applicable of 3 > 2 > 4 > 1 > 5 > 0."""
    return next((code for code in _EXIT_CODE_PRECEDENCE if code in codes), max(codes, default=0))


@dataclass(slots=True)
class RunCollector:
    """What a run has told so far."""

    exchanges: list[Exchanged] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    judged: dict[ClauseId, ClauseResult] = field(default_factory=dict)
    plan: tuple[ClauseId, ...] = ()
    report: RunReport | None = None
    outcomes: dict[ClauseId, list[Verdict]] = field(default_factory=dict)

    def __call__(self, event: Event, /) -> None:
        """Take one event in."""
        from harness.check.results.findings import ClauseJudged, Exchanged, FindingMade, RunEnded, RunStarted

        match event:
            case RunStarted(clauses=clauses):
                self.plan = clauses
            case Exchanged():
                self.exchanges.append(event)
            case FindingMade(finding=finding):
                self.findings.append(finding)
            case ClauseJudged(result=result):
                self.judged[result.id] = result
            case RunEnded(report=report):
                self.report = report
            case _:
                pass


def result_fields(result: ClauseResult) -> dict[str, Any]:
    from harness.report.run_record import plain_value

    return {one.name: plain_value(getattr(result, one.name)) for one in dataclasses.fields(result)}


def unjudged_clauses(earlier: RunRecord) -> tuple[ClauseId, ...]:
    """The clauses that a run left unjudged. What an interrupted one had not seen broken, it might still have."""
    kept = _standing_verdicts(earlier)
    return tuple(result.id for result in earlier.report.clauses if result.id not in kept)


def _standing_verdicts(earlier: RunRecord) -> dict[ClauseId, ClauseResult]:
    """The verdicts of an earlier run that stand."""
    from harness.check.results.findings import Verdict

    # A killed run has a verdict only where its engine had come to the end.
    partial = earlier.complete and earlier.report.interrupted is not None
    return {
        result.id: result
        for result in earlier.report.clauses
        if (result.verdict is Verdict.FAIL if partial else result.verdict is not Verdict.NOT_RUN)
    }


def empty_report(prepared: PreparedRun) -> RunReport:
    """A report of nothing yet."""
    from harness.check.results.findings import Colour, Gate, RunReport

    settings = prepared.settings
    return RunReport(
        api=prepared.spec.id,
        title=prepared.spec.title,
        target=prepared.target,
        gate=Gate(settings.gate),
        colour=Colour.NONE,
        exit_code=0,
        seed=settings.seed,
        requests=0,
        seconds=0.0,
        dialect={},
        clauses=(),
        findings=(),
        evidence=prepared.evidence,
        spec_version=prepared.spec.listing.version,
        harness_version=harness_version(),
        limits=limits_of(settings),
    )


def limits_of(settings: CheckSettings) -> dict[str, Any]:
    return {
        "max_requests": settings.max_requests,
        "max_seconds": settings.max_seconds,
        "rate": settings.rate,
        "timeout": settings.timeout,
    }


def planned_results(prepared: PreparedRun, earlier: RunRecord | None) -> tuple[ClauseResult, ...]:
    """All clauses that this run may judge, none of them judged."""
    if earlier is not None:
        return earlier.plan
    from harness.check.results.findings import ClauseResult, Gate, Verdict
    from harness.check.results.gate import colour_of
    from harness.specification.clauses import families_by_clause, load_standard_clauses

    about = {name: family.value for name, family in families_by_clause(prepared.spec).items()}
    about |= {name: clause.family.value for name, clause in load_standard_clauses().clauses.items()}  # type: ignore[misc]
    gate = Gate(prepared.settings.gate)
    return tuple(
        ClauseResult(
            id=name,
            level=clause.level,
            basis=clause.basis,
            family=about[name],
            says=clause.says,
            source=clause.source,
            verdict=Verdict.NOT_RUN,
            colour=colour_of(Verdict.NOT_RUN, level=clause.level, basis=clause.basis, gate=gate),
        )
        for name, clause in planned_clauses(prepared.spec).items()
        if not prepared.settings.only or name in prepared.settings.only
    )


def journal_header(prepared: PreparedRun, plan: tuple[ClauseResult, ...], began: datetime | None) -> dict[str, Any]:
    from harness.report import RunRecord, header_line

    return header_line(
        RunRecord(report=empty_report(prepared), plan=plan, began=began, settings=_resumable_settings(prepared))
    )


def _resumable_settings(prepared: PreparedRun) -> Mapping[str, Any]:
    """What `resume` needs to go on in the same way, and to notice when it cannot."""
    settings = prepared.settings
    values: dict[str, Any] = {one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)}
    if settings.window is not None:
        values["window"] = [end.isoformat() for end in settings.window]
    values["identities"] = [identity.name for identity in prepared.identities]
    values["digests"] = file_digests(prepared)
    return values


def file_digests(prepared: PreparedRun) -> dict[str, str]:
    """A hash of each file that a run rests on."""
    settings = prepared.settings
    files = {
        "spec": prepared.spec.file,
        "dialect": settings.dialect,
        "known": settings.known,
        "baseline": settings.baseline,
        "world": settings.world,
    }
    if settings.world is not None and Path(settings.world).is_dir():
        # The manifest holds the digest of each file beside it.
        files["world"] = str(Path(settings.world) / "manifest.json")
    return {
        name: hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for name, file in files.items()
        if file is not None and Path(file).is_file()
    }


def report_of(
    prepared: PreparedRun,
    heard: RunCollector,
    frame: RunReport,
    plan: tuple[ClauseResult, ...],
    earlier: RunRecord | None,
    *,
    stop: Interrupted | None,
    problem: Exception | None,
    seconds: float,
) -> RunReport:
    """The report of a run, of one cut short, or of one finished later."""
    report = heard.report
    if report is not None:
        report = dataclasses.replace(
            report, seconds=seconds, harness_version=report.harness_version or frame.harness_version
        )
        if stop is not None and report.interrupted is None:
            report = dataclasses.replace(report, interrupted=stop.name, exit_code=stop.exit_code)
    frame = dataclasses.replace(frame, seconds=seconds)
    before = _standing_verdicts(earlier) if earlier is not None else {}
    if report is None or earlier is not None:
        source = report or dataclasses.replace(frame, findings=tuple(heard.findings), requests=len(heard.exchanges))
        judged = {result.id: result for result in source.clauses} | heard.judged
        report = _cut_short_report(
            prepared, source, plan, {**before, **_judged_results(judged)}, stop=stop, problem=problem
        )
        if earlier is not None:
            again = {finding.clause for finding in report.findings}
            old = tuple(one for one in earlier.report.findings if one.clause not in again)
            report = dataclasses.replace(
                report,
                findings=(*old, *report.findings),
                requests=earlier.report.requests + report.requests,
                seconds=earlier.report.seconds + report.seconds,
                rows_seen=max(earlier.report.rows_seen, report.rows_seen),
            )
    if prepared.known is not None:
        from harness.check.results.known_failures import apply_known_failures

        report = apply_known_failures(
            report, prepared.known, allow_empty=prepared.settings.allow_empty, outcomes=heard.outcomes
        )
    if prepared.baseline is not None:
        from harness.check.results.known_failures import with_unexpected_skips

        report = with_unexpected_skips(report, prepared.baseline)
    return report


def _judged_results(results: Mapping[ClauseId, ClauseResult]) -> dict[ClauseId, ClauseResult]:
    from harness.check.results.findings import Verdict

    return {name: result for name, result in results.items() if result.verdict is not Verdict.NOT_RUN}


def _cut_short_report(
    prepared: PreparedRun,
    source: RunReport,
    plan: tuple[ClauseResult, ...],
    judged: Mapping[ClauseId, ClauseResult],
    *,
    stop: Interrupted | None,
    problem: Exception | None,
) -> RunReport:
    from harness.check.results.findings import Colour
    from harness.report import assemble_report

    reason = "not reached"
    if stop is not None:
        reason = f"interrupted by {stop.name}"
    elif problem is not None:
        reason = "the harness stopped"
    report = assemble_report(source, plan=plan, judged=judged, reason=reason)
    if stop is not None:
        report = dataclasses.replace(report, interrupted=stop.name, exit_code=stop.exit_code)
    elif problem is not None:
        code = problem.exit_code if isinstance(problem, HarnessError) else 3
        report = dataclasses.replace(report, interrupted="harness error", exit_code=code, colour=Colour.RED)
    elif source.exit_code in (3, 4, 5) and report.exit_code != 1:
        report = dataclasses.replace(report, exit_code=source.exit_code)
    return report


def run_record_of(
    prepared: PreparedRun,
    report: RunReport,
    heard: RunCollector,
    plan: tuple[ClauseResult, ...],
    earlier: RunRecord | None,
    began: datetime | None,
) -> RunRecord:
    from harness.report import RunRecord

    before = earlier.exchanges if earlier is not None else ()
    return RunRecord(
        report=report,
        exchanges=(*before, *heard.exchanges),
        plan=plan,
        began=began,
        settings=_resumable_settings(prepared),
    )
