"""Known failures: findings that are accepted for a while, under rules that keep them from being forgotten.

A waived check is run; only its effect on the gate changes. The file belongs to the implementation, not to the
harness. `B3` and the like in comments are the rules of `verdicts.md`, part B.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.check.results.gate import colour_of, gate_colour
from harness.check.results.known_failures_file import EXPECTABLE_VERDICTS, KnownFailure, KnownFailures
from harness.errors import UsageProblem
from harness.specification.model import ClauseId, Level

# The numbers of the rules B11 to B15 in `verdicts.md`.
DRAFT_DAYS: Final = 30
MOST_WAIVED_SHARE: Final = 0.2
CONSECUTIVE_PASSES: Final = 20


# --- what a file says ---------------------------------------------------------------------------------------


# --- reading ------------------------------------------------------------------------------------------------


# --- applying -----------------------------------------------------------------------------------------------


def apply_known_failures(
    report: RunReport,
    known: KnownFailures,
    *,
    allow_empty: bool = False,
    outcomes: Mapping[ClauseId, Sequence[Verdict]] = MappingProxyType({}),
) -> RunReport:
    """The report with known failures taken into account: waived, stale, or counted all the same.

    `outcomes` are the verdicts of all the runs of the flaky clauses.
    """
    certify = report.gate is Gate.CERTIFY
    results: list[ClauseResult] = []
    notes: list[str] = []
    waived: dict[ClauseId, KnownFailure] = {}
    deviations: list[str] = []
    texts = _finding_texts(report.findings)
    for result in report.clauses:
        entry = known.by_clause.get(result.id)
        if result.id in known.quarantined and result.verdict is not Verdict.PASS:
            results.append(_quarantine_result(result, known.quarantined[result.id]))
            continue
        shaky = known.flaky.get(result.id)
        if shaky is not None and outcomes.get(result.id) and not certify:
            judged = judge_flaky_clause(result, shaky, outcomes[result.id])
            results.append(dataclasses.replace(judged, colour=_flaky_colour(judged, report.gate)))
            continue
        if entry is None or result.verdict is not entry.expect:
            results.append(result)  # B4
            continue
        if not _matches_signature(entry, result, texts.get(result.id, ())):  # B5
            notes.append(f"{entry.id} does not explain {result.id}: its signature {entry.signature!r} does not occur")
            results.append(result)
            continue
        if certify:  # B12
            deviations.append(f"{result.id} ({entry.id})")
            results.append(_mark_deviation(result))
            continue
        waived[result.id] = entry
        results.append(dataclasses.replace(result, waived=entry.id, colour=Colour.NONE))  # B2
    if deviations:
        notes.append(f"stated deviations: {', '.join(deviations)}")
    # A run that was cut short asked each clause less: what passes in it may fail in a whole one.
    whole = report.interrupted is None and all(result.verdict is not Verdict.NOT_RUN for result in results)
    if whole:
        results = [_mark_stale_entry(result, known, waived, certify=certify) for result in results]
    findings = tuple(_waive_finding(finding, waived, results, certify=certify) for finding in report.findings)
    colour = gate_colour(results)
    summary, excessive = _waiver_summary(known, results, certify=certify)
    notes += summary
    if excessive and colour is Colour.GREEN:
        colour = Colour.AMBER
    changed = dataclasses.replace(
        report, clauses=tuple(results), findings=findings, colour=colour, notes=(*report.notes, *notes)
    )
    return dataclasses.replace(changed, exit_code=exit_code_of(changed, allow_empty=allow_empty))


def exit_code_of(report: RunReport, *, allow_empty: bool) -> int:
    """The exit code after the gate's colour has changed; what does not depend on the gate stays as it was."""
    if report.exit_code not in (0, 1, 5):
        return report.exit_code
    if report.colour is Colour.RED:
        return 1
    if report.exit_code == 5:
        return 5
    # A red run does not tell whether the target showed calls; now that it is not red, that counts.
    empty = report.exit_code == 1 and report.rows_seen == 0 and not allow_empty
    return 5 if empty else 0


def _finding_texts(findings: Iterable[Finding]) -> dict[ClauseId, tuple[str, ...]]:
    found: dict[ClauseId, tuple[str, ...]] = {}
    for finding in findings:
        text = "\n".join((finding.message, finding.expected, finding.actual, finding.reason, finding.response))
        found[finding.clause] = (*found.get(finding.clause, ()), text)
    return found


def _matches_signature(entry: KnownFailure, result: ClauseResult, texts: tuple[str, ...]) -> bool:
    """Whether every finding of the clause, or its reason, holds the signature; one without it is another failure."""
    signature = entry.signature
    if signature is None:
        return True
    return all(signature in text for text in texts) if texts else signature in result.reason


def _mark_stale_entry(
    result: ClauseResult, known: KnownFailures, waived: Mapping[ClauseId, KnownFailure], *, certify: bool
) -> ClauseResult:
    entry = known.by_clause.get(result.id)
    if entry is None or result.verdict is not Verdict.PASS or certify:
        return result
    if "*" in entry.clause and any(other.id == entry.id for other in waived.values()):
        return result
    expected = {Verdict.FAIL: "fail", Verdict.ERROR: "end in an error"}.get(entry.expect, f"be {entry.expect.value}")
    reason = f"it was expected to {expected} and passes: remove {entry.id}"  # B3
    return dataclasses.replace(result, colour=Colour.RED, reason=reason)


def _flaky_colour(result: ClauseResult, gate: Gate) -> Colour:
    """The colour after all runs: the first run's says nothing about the others."""
    if result.waived is not None or result.verdict is Verdict.PASS:
        return result.colour
    return colour_of(result.verdict, level=result.level, basis=result.basis, gate=gate)


def _quarantine_result(result: ClauseResult, entry: KnownFailure) -> ClauseResult:
    if result.verdict is Verdict.ERROR:
        return result
    return dataclasses.replace(result, waived=entry.id, colour=Colour.NONE)


def _mark_deviation(result: ClauseResult) -> ClauseResult:
    """A `should` that is broken is red in `certify` unless the vendor states it."""
    if result.verdict is Verdict.FAIL and result.level == "should":
        return dataclasses.replace(result, colour=Colour.AMBER)
    return result


def _waive_finding(
    finding: Finding, waived: Mapping[ClauseId, KnownFailure], results: Iterable[ClauseResult], *, certify: bool
) -> Finding:
    if finding.clause in waived:
        return dataclasses.replace(finding, waived=waived[finding.clause].id, colour=Colour.NONE)
    about = next((result for result in results if result.id == finding.clause), None)
    if about is not None and about.waived is not None:
        return dataclasses.replace(finding, waived=about.waived, colour=Colour.NONE)
    if certify and about is not None and about.colour is Colour.AMBER:
        return dataclasses.replace(finding, colour=Colour.AMBER)
    return finding


def _waiver_summary(
    known: KnownFailures, results: Sequence[ClauseResult], *, certify: bool
) -> tuple[list[str], bool]:
    """B15: how many, the oldest, the next to expire, the share of required checks waived; and if that is too much."""
    entries = known.entries
    if not entries:
        return [], False
    required = [result for result in results if result.level == "must"]
    share = sum(result.waived is not None for result in required) / len(required) if required else 0.0
    oldest = min(entries, key=lambda entry: (entry.added, entry.id))
    following = min(entries, key=lambda entry: (entry.expires, entry.id))
    used = "not counted under certify" if certify else f"{sum(r.waived is not None for r in results)} waived"
    text = (
        f"known failures: {len(entries)} ({used}), oldest {oldest.id} of {oldest.added}, "
        f"next to expire {following.id} on {following.expires}, {share:.0%} of the required checks waived"
    )
    excessive = share > MOST_WAIVED_SHARE
    return [text + (f", more than {MOST_WAIVED_SHARE:.0%}" if excessive else "")], excessive


# --- flaky checks and skips ---------------------------------------------------------------------------------


def judge_flaky_clause(result: ClauseResult, entry: KnownFailure, outcomes: Sequence[Verdict]) -> ClauseResult:
    """The verdict on a flaky check after all its runs (B11): good enough is amber, always good must be removed."""
    assert entry.flaky is not None
    passes = sum(outcome is Verdict.PASS for outcome in outcomes)
    rate = f"{passes} of {len(outcomes)} runs passed"
    if passes == len(outcomes):
        result = dataclasses.replace(result, colour=Colour.GREEN)
        straight = entry.flaky.consecutive_passes + passes
        if straight >= CONSECUTIVE_PASSES:
            reason = f"{straight} passes in a row: remove {entry.id}"
            return dataclasses.replace(result, verdict=Verdict.PASS, colour=Colour.RED, reason=reason)
        return dataclasses.replace(result, verdict=Verdict.PASS, reason=rate)
    if passes >= entry.flaky.min_pass:
        return dataclasses.replace(result, verdict=Verdict.FAIL, waived=entry.id, colour=Colour.AMBER, reason=rate)
    return dataclasses.replace(result, verdict=Verdict.FAIL, reason=f"{rate}, at least {entry.flaky.min_pass} must")


def with_unexpected_skips(report: RunReport, baseline: Mapping[ClauseId, Verdict]) -> RunReport:
    """The report with checks marked that were exercised last time and are not now (B13)."""
    exercised = (Verdict.PASS, Verdict.FAIL)
    colour = Colour.RED if report.gate in (Gate.STRICT, Gate.CERTIFY) else Colour.AMBER
    results = []
    for result in report.clauses:
        skipped = result.verdict in (Verdict.NOT_EXERCISED, Verdict.NOT_APPLICABLE)
        if (
            skipped
            and result.waived is None
            and baseline.get(result.id) in exercised
            and report.gate is not Gate.EXPLORE
        ):
            reason = "; ".join(filter(None, (result.reason, "it was exercised last time")))
            result = dataclasses.replace(result, colour=colour, reason=reason)
        results.append(result)
    after = gate_colour(results)
    # Too many waivers made it amber, which no single clause shows.
    after = report.colour if after is Colour.GREEN else after
    changed = dataclasses.replace(report, clauses=tuple(results), colour=after)
    return dataclasses.replace(changed, exit_code=exit_code_of(changed, allow_empty=True))


def load_baseline(path: Path) -> Mapping[ClauseId, Verdict]:
    """The verdicts of an earlier run, from its JSON report. Raises UsageProblem."""
    try:
        report = json.loads(path.read_bytes())
        return {ClauseId(one["id"]): Verdict(one["verdict"]) for one in report["clauses"]}
    except OSError as problem:
        raise UsageProblem(
            str(path), "the JSON report of an earlier run", problem.strerror or str(problem)
        ) from problem
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        wanted = "the JSON report of an earlier run (check --report json=FILE)"
        raise UsageProblem(str(path), wanted, "something else") from problem


# --- writing ------------------------------------------------------------------------------------------------


def draft_known_failures(
    report: RunReport, *, today: date, given: KnownFailures | None = None, redact: Callable[[str], str] = str
) -> str:
    """Entries for the failures of a run that nothing explains yet; each still needs a reason and an owner (B14).

    What a gate makes red without a failure, such as a clause that was not exercised, gets an entry too: with all of
    them the run is not red. The numbers go on after those of the same day in `given`, the file that the run had.
    """
    first = _last_number(given, today) + 1
    entries: list[dict[str, Any]] = []
    for number, result in enumerate(filter(_counts_against, report.clauses), start=first):
        finding = next((found for found in report.findings if found.clause == result.id), None)
        entry: dict[str, Any] = {
            "id": f"W-{today:%Y%m%d}-{number:03d}",
            "clause": str(result.id),
            "expect": result.verdict.value,
        }
        if finding is not None and finding.message:
            entry["signature"] = redact(finding.message)
        entry |= {"reason": "", "owner": ""}
        if result.level == "must":
            entry["issue"] = ""
        entry |= {"added": str(today), "expires": str(today + timedelta(days=DRAFT_DAYS))}
        entries.append(entry)
    head = f"# Failures of {report.api} on {today}. Each entry needs a reason, an owner and, for a must, an issue.\n"
    body = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=100) if entries else "[]\n"
    return head + str(body)


def _last_number(given: KnownFailures | None, today: date) -> int:
    """The highest number that an entry of that day has; 0 without one."""
    known = given.entries if given is not None else ()
    numbers = [entry.id.removeprefix(f"W-{today:%Y%m%d}-") for entry in known]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0)


def _counts_against(result: ClauseResult) -> bool:
    """Whether an entry could take away what a clause means for the gate."""
    if result.waived is not None or result.verdict not in EXPECTABLE_VERDICTS:
        return False
    if result.verdict is Verdict.FAIL:
        return result.colour is not Colour.NONE
    return result.colour is Colour.RED


def sample_known_failure(clause: ClauseId, *, level: Level, today: date) -> str:
    """An entry for one clause that loads as it is; who uses it puts in a true reason, owner and issue."""
    entry = {"id": "W-0001", "clause": str(clause), "expect": "fail"}
    entry |= {"reason": "why we live with it", "owner": "who sees to it"}
    if level == "must":
        entry["issue"] = "where it is tracked"
    entry |= {"added": str(today), "expires": str(today + timedelta(days=DRAFT_DAYS))}
    return str(yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=100))
