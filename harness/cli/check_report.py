"""The report of a check as the command line writes it: journal header, unfinished runs, runs finished later."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from harness.cli.check_setup import PreparedRun
from harness.cli.console import harness_version
from harness.cli.exit_codes import RunEnding
from harness.cli.signals import Interrupted

if TYPE_CHECKING:
    from harness.check.results.findings import ClauseResult, Event, Exchanged, Finding, RunReport, Verdict
    from harness.report import RunRecord
    from harness.specification.model import ClauseId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How a run ended: what was recorded, and the exit code."""

    run_record: RunRecord
    exit_code: int


@final
@dataclass(slots=True)
class RunCollector:
    """What the events of a run have told so far.

    `verdicts_by_run` are the verdicts of each flaky clause in all the runs of it.
    """

    exchanges: list[Exchanged] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    judged: dict[ClauseId, ClauseResult] = field(default_factory=dict)
    report: RunReport | None = None
    verdicts_by_run: dict[ClauseId, list[Verdict]] = field(default_factory=dict)

    def record_event(self, event: Event) -> None:
        """Keep what an event tells."""
        from harness.check.results.findings import ClauseJudged, Exchanged, FindingMade, RunEnded

        match event:
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


# --- before the run -----------------------------------------------------------------------------------------


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
    report = RunReport(
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
        limits=settings.limits,
    )
    return _with_subject(prepared, report)


def _with_subject(prepared: PreparedRun, report: RunReport) -> RunReport:
    """The report with what was tested and what it was held to."""
    from harness.report.run_subject import with_subject

    settings = prepared.settings
    return with_subject(report, prepared.spec, product=settings.product, product_version=settings.product_version)


def planned_results(prepared: PreparedRun, earlier: RunRecord | None) -> tuple[ClauseResult, ...]:
    """All clauses that this run may judge, none of them judged."""
    if earlier is not None:
        return earlier.plan
    from harness.check.results.findings import ClauseResult, Gate, Verdict
    from harness.check.results.gate import colour_of
    from harness.specification.clause_families import planned_clauses, planned_families

    families = planned_families(prepared.spec)
    gate = Gate(prepared.settings.gate)
    return tuple(
        ClauseResult(
            id=name,
            level=clause.level,
            basis=clause.basis,
            family=families[name].value,
            says=clause.says,
            source=clause.source,
            verdict=Verdict.NOT_RUN,
            colour=colour_of(Verdict.NOT_RUN, level=clause.level, basis=clause.basis, gate=gate),
        )
        for name, clause in planned_clauses(prepared.spec).items()
        if not prepared.only or name in prepared.only
    )


def journal_header(prepared: PreparedRun, plan: tuple[ClauseResult, ...], began: datetime | None) -> dict[str, Any]:
    """The first line of the run's journal."""
    from harness.report import RunRecord, header_line

    return header_line(
        RunRecord(report=empty_report(prepared), plan=plan, began=began, settings=_resumable_settings(prepared))
    )


def _resumable_settings(prepared: PreparedRun) -> Mapping[str, Any]:
    """What `resume` needs to go on in the same way, and to notice when it cannot."""
    settings = prepared.settings
    values: dict[str, Any] = {option.name: getattr(settings, option.name) for option in dataclasses.fields(settings)}
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


# --- after the run ------------------------------------------------------------------------------------------


def report_of(
    prepared: PreparedRun,
    collector: RunCollector,
    *,
    plan: tuple[ClauseResult, ...],
    earlier: RunRecord | None,
    ending: RunEnding,
    seconds: float,
) -> RunReport:
    """The report of a run, of one cut short, or of one finished later."""
    if collector.report is None or earlier is not None:
        report = _assembled_report(prepared, collector, plan=plan, earlier=earlier, ending=ending, seconds=seconds)
    else:
        report = _engine_report(collector.report, ending=ending, seconds=seconds)
    report = _with_subject(prepared, report)
    if prepared.known is not None:
        from harness.check.results.known_failures import apply_known_failures

        report = apply_known_failures(
            report, prepared.known, allow_empty=prepared.settings.allow_empty, outcomes=collector.verdicts_by_run
        )
    if prepared.baseline is not None:
        from harness.check.results.known_failures import with_unexpected_skips

        report = with_unexpected_skips(report, prepared.baseline)
    return report


def _engine_report(report: RunReport, *, ending: RunEnding, seconds: float) -> RunReport:
    """The report of an engine that came to its end, whatever happened after that."""
    cut_off = isinstance(ending.cause, Interrupted) and report.interrupted is None
    return dataclasses.replace(
        report,
        seconds=seconds,
        harness_version=report.harness_version or harness_version(),
        interrupted=ending.interrupted if cut_off else report.interrupted,
        exit_code=(ending.exit_code if cut_off else None) or report.exit_code,
    )


def _assembled_report(
    prepared: PreparedRun,
    collector: RunCollector,
    *,
    plan: tuple[ClauseResult, ...],
    earlier: RunRecord | None,
    ending: RunEnding,
    seconds: float,
) -> RunReport:
    """A report put together from what an engine told before it stopped, and what an earlier run knew."""
    from harness.check.results.defects import numbered_findings
    from harness.check.results.findings import Colour
    from harness.report import assemble_report

    ended = collector.report
    frame = ended or empty_report(prepared)
    findings = ended.findings if ended else tuple(collector.findings)
    results = {result.id: result for result in frame.clauses} | collector.judged
    known = _standing_verdicts(earlier) if earlier else {}
    report = assemble_report(frame, plan=plan, judged=known | _without_unjudged(results), reason=ending.reason)
    before = earlier.report if earlier else empty_report(prepared)
    found_again = {finding.clause for finding in findings}
    kept = tuple(old for old in before.findings if old.clause not in found_again)
    return dataclasses.replace(
        report,
        findings=(*kept, *numbered_findings(findings, earlier=kept)),
        requests=before.requests + (ended.requests if ended else len(collector.exchanges)),
        seconds=before.seconds + seconds,
        rows_seen=max(before.rows_seen, frame.rows_seen),
        harness_version=frame.harness_version or harness_version(),
        interrupted=ending.interrupted or frame.interrupted,
        colour=Colour.RED if isinstance(ending.cause, Exception) else report.colour,
        exit_code=ending.exit_code or _resumed_exit_code(report, frame),
    )


def _resumed_exit_code(report: RunReport, frame: RunReport) -> int:
    """The exit code of a run that came to its end: the gate's, unless it says nothing and the engine knows more."""
    return frame.exit_code if report.exit_code != 1 and frame.exit_code in (3, 4, 5) else report.exit_code


def _without_unjudged(results: Mapping[ClauseId, ClauseResult]) -> dict[ClauseId, ClauseResult]:
    from harness.check.results.findings import Verdict

    return {name: result for name, result in results.items() if result.verdict is not Verdict.NOT_RUN}


def clause_lines(
    report: RunReport, collector: RunCollector, *, earlier: RunRecord | None
) -> Iterator[dict[str, Any]]:
    """The journal's lines of the verdicts that no event has told, or that have changed since."""
    from harness.check.results.findings import ClauseJudged
    from harness.report import event_line

    known = earlier.report.clauses if earlier is not None else ()
    for result in report.clauses:
        if collector.judged.get(result.id) != result and result not in known:
            line = event_line(ClauseJudged(result=result))
            assert line is not None
            yield line


def run_record_of(
    prepared: PreparedRun,
    report: RunReport,
    collector: RunCollector,
    *,
    plan: tuple[ClauseResult, ...],
    earlier: RunRecord | None,
    began: datetime | None,
) -> RunRecord:
    """The run as it is kept: its report with what that rests on, the exchanges of an earlier run first."""
    from harness.report import RunRecord

    before = earlier.exchanges if earlier is not None else ()
    return RunRecord(
        report=report,
        exchanges=(*before, *collector.exchanges),
        plan=plan,
        began=began,
        settings=_resumable_settings(prepared),
    )
