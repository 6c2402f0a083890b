"""The record of a run: journal lines from events, and the report from journal lines.

The journal holds a header with the plan, one line for each exchange, finding and judged clause, and a footer. What
the footer lacks because the process was killed is filled in: a planned clause without a line is `not_run`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, final

from harness.check.results.findings import (
    SCHEMA_VERSION,
    ClauseJudged,
    ClauseResult,
    Colour,
    Event,
    Exchanged,
    Finding,
    FindingMade,
    FindingStep,
    Gate,
    RunReport,
    Verdict,
)
from harness.check.results.gate import colour_of, gate_colour
from harness.output.escaping import visible_text
from harness.output.journal import FIXED_KEYS, JOURNAL_VERSION, BadJournal, Journal, read_journal
from harness.output.redaction import redact_tree
from harness.specification.model import Basis, ClauseId, Document, Level
from harness.specification.source_facts import SourceFact

R = TypeVar("R")

UNFINISHED_REASON: Final = "the run did not come to its end"
_LONGEST_TEXT: Final = 65536
_PLAN_FIELDS: Final = ("id", "level", "basis", "family", "says", "source")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A report with what it rests on.

    `plan` are all clauses of the run, as they were before it; `complete` is false when the journal has no footer;
    `began` is the wall clock at the start, where it is known; `settings` are the options of the run.
    """

    report: RunReport
    exchanges: tuple[Exchanged, ...] = ()
    plan: tuple[ClauseResult, ...] = ()
    complete: bool = True
    began: datetime | None = None
    settings: Mapping[str, Any] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    settings_intact: bool = True
    """Whether the settings of a journal are those that the run began with."""


def redacted_record(recording: RunRecord, redact: Callable[[str], str]) -> RunRecord:
    """The record with every text of its run redacted; the words of ours in it stay."""
    return cast(RunRecord, _redacted(recording, redact))


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name not in FIXED_KEYS]
        return dataclasses.replace(value, **{name: _redacted(getattr(value, name), redact) for name in names})
    if isinstance(value, tuple) and any(dataclasses.is_dataclass(inner) for inner in value):
        return tuple(_redacted(inner, redact) for inner in value)
    if isinstance(value, tuple | Mapping):
        return _freeze_lists(redact_tree(value, redact, fixed=FIXED_KEYS))
    return redact(value) if isinstance(value, str) and not isinstance(value, Enum) else value


# --- to lines -----------------------------------------------------------------------------------------------


def header_line(recording: RunRecord) -> dict[str, Any]:
    """The journal's first line: the plan, and all that identifies the run."""
    report = recording.report
    return {
        "schema_version": SCHEMA_VERSION,
        "api": report.api,
        "title": report.title,
        "target": report.target,
        "gate": report.gate.value,
        "seed": report.seed,
        "evidence": report.evidence,
        "spec_version": report.spec_version,
        "harness_version": report.harness_version,
        "limits": plain_value(report.limits),
        "product": report.product,
        "product_version": report.product_version,
        "document": None if report.document is None else _plain_fields(report.document),
        "facts": [_plain_fields(fact) for fact in report.facts],
        "fact_pages": plain_value(report.fact_pages),
        "began": recording.began.isoformat() if recording.began else None,
        "settings": plain_value(recording.settings),
        "settings_digest": settings_digest(recording.settings),
        "plan": [
            {name: plain_value(getattr(planned, name)) for name in _PLAN_FIELDS}
            for planned in (recording.plan or report.clauses)
        ],
    }


def settings_digest(settings: Mapping[str, Any]) -> str:
    """A digest of the settings of a run, by which `resume` notices that they were changed by hand."""
    text = json.dumps(plain_value(settings), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def event_line(event: Event) -> dict[str, Any] | None:
    """The journal's line for an event; None for events that need none."""
    match event:
        case Exchanged():
            return {"kind": "exchange", **_plain_fields(event)}
        case FindingMade(finding=finding):
            return {"kind": "finding", **_plain_fields(finding)}
        case ClauseJudged(result=result):
            return {"kind": "clause", **_plain_fields(result)}
        case _:
            return None


def footer_line(report: RunReport) -> dict[str, Any]:
    """The journal's last line: how the run ended, and the findings as they stand in the end."""
    return {
        "verdict": report.verdict.value,
        "colour": report.colour.value,
        "exit_code": report.exit_code,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "rows_seen": report.rows_seen,
        "interrupted": report.interrupted,
        "dialect": plain_value(report.dialect),
        "limits": plain_value(report.limits),
        "notes": plain_value(report.notes),
        "counts": dict(sorted(Counter(result.verdict.value for result in report.clauses).items())),
        "findings": [_plain_fields(finding) for finding in report.findings],
    }


def journal_text(recording: RunRecord) -> str:
    """The whole journal of a run as text."""
    lines: list[dict[str, Any]] = [{**header_line(recording), "line": "header", "journal_version": JOURNAL_VERSION}]
    lines += [{"line": "check", "kind": "exchange", **_plain_fields(exchange)} for exchange in recording.exchanges]
    lines += [{"line": "check", "kind": "finding", **_plain_fields(found)} for found in recording.report.findings]
    judged = [
        result for result in recording.report.clauses if recording.complete or result.reason != UNFINISHED_REASON
    ]
    lines += [{"line": "check", "kind": "clause", **_plain_fields(result)} for result in judged]
    if recording.complete:
        lines.append({**footer_line(recording.report), "line": "footer"})
    return "".join(json.dumps(line, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n" for line in lines)


def _plain_fields(value: Any) -> dict[str, Any]:
    return {field.name: plain_value(getattr(value, field.name)) for field in dataclasses.fields(value)}


def plain_value(value: Any) -> Any:
    """The value as JSON can hold it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(name): plain_value(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain_value(inner) for inner in value]
    if isinstance(value, float):
        return round(value, 6)
    if value is None or isinstance(value, bool | int):
        return value
    return visible_text(str(value), limit=_LONGEST_TEXT, multiline=True)


# --- from lines ---------------------------------------------------------------------------------------------


def report_from_journal(path: str | os.PathLike[str]) -> RunReport:
    """The report of the run with this journal. Raises BadJournal."""
    return read_run_record(path).report


def read_run_record(path: str | os.PathLike[str]) -> RunRecord:
    """The record of the run with the journal at a path, as far as it came. Raises BadJournal."""
    return run_record_from_journal(read_journal(path), name=os.fspath(path))


def run_record_from_journal(journal: Journal, *, name: str = "the journal") -> RunRecord:
    """The record of the run with this journal. Raises BadJournal."""
    from harness.report.journal_lines import check_journal_lines, clean_line

    check_journal_lines(journal, name)
    try:
        # Whoever changed the file may have put what acts on a terminal into any text of it.
        harmless = dataclasses.replace(
            journal,
            header=clean_line(journal.header),
            records=tuple(clean_line(record) for record in journal.records),
            footer=clean_line(journal.footer),
        )
        return _build_run_record(harmless)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        what = f"the key {problem} is missing" if isinstance(problem, KeyError) else str(problem)
        raise BadJournal(name, 1, f"a line is not as this version writes it ({what})") from problem


def _build_run_record(journal: Journal) -> RunRecord:
    header, footer = journal.header, journal.footer
    if header["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"its schema_version is not {SCHEMA_VERSION}")
    gate = Gate(header["gate"])
    plan = tuple(_parse_planned_clause(one, gate=gate) for one in header["plan"])
    by_kind: dict[str, list[Mapping[str, Any]]] = {"exchange": [], "finding": [], "clause": []}
    for record in journal.records:
        by_kind.setdefault(str(record.get("kind")), []).append(record)
    exchanges = tuple(_parse_exchange(record) for record in by_kind["exchange"])
    raw_findings = by_kind["finding"] if footer is None else cast(Sequence[Mapping[str, Any]], footer["findings"])
    judged = {result.id: result for result in map(_parse_result, by_kind["clause"])}
    end: Mapping[str, Any] = footer or {}
    report = assemble_report(
        RunReport(
            api=header["api"],
            title=header["title"],
            target=header["target"],
            gate=gate,
            colour=Colour.NONE,
            exit_code=0,
            seed=header["seed"],
            requests=end.get("requests", len(exchanges)),
            seconds=end.get("seconds", round(sum(exchange.seconds for exchange in exchanges), 3)),
            dialect=_freeze_lists(end.get("dialect", {})),
            clauses=(),
            findings=tuple(parse_finding(record) for record in raw_findings),
            notes=tuple(end.get("notes", ())),
            evidence=header["evidence"],
            spec_version=header["spec_version"],
            harness_version=header["harness_version"],
            interrupted=end.get("interrupted", "killed"),
            rows_seen=end.get("rows_seen", 0),
            limits=_freeze_lists(end.get("limits", header["limits"])),
            **_parse_subject(header),
        ),
        # A run that came to its end says itself which clauses it had; one that was killed had all of its plan.
        plan=plan if footer is None else (one for one in plan if one.id in judged),
        judged=judged,
        reason=UNFINISHED_REASON,
    )
    if footer is not None:
        report = dataclasses.replace(report, colour=Colour(footer["colour"]), exit_code=footer["exit_code"])
    began = header.get("began")
    return RunRecord(
        report=report,
        exchanges=exchanges,
        plan=plan,
        complete=footer is not None,
        began=datetime.fromisoformat(began) if began else None,
        settings=MappingProxyType(dict(header.get("settings", {}))),
        settings_intact=header.get("settings_digest") == settings_digest(header.get("settings", {})),
    )


def _parse_subject(header: Mapping[str, Any]) -> dict[str, Any]:
    """What was tested and what it was held to; journals of before have none of it."""
    document = header.get("document")
    return {
        "product": str(header.get("product", "")),
        "product_version": str(header.get("product_version", "")),
        "document": None if document is None else Document(**_known_fields(Document, document)),
        "facts": tuple(SourceFact(**_known_fields(SourceFact, fact)) for fact in header.get("facts", ())),
        "fact_pages": _freeze_lists(header.get("fact_pages", {})),
    }


def assemble_report(
    frame: RunReport,
    *,
    plan: Iterable[ClauseResult],
    judged: Mapping[ClauseId, ClauseResult],
    reason: str,
) -> RunReport:
    """The report of a run that stopped: planned clauses without a verdict are `not_run`, for that reason."""
    planned = tuple(plan)
    results = tuple(
        judged.get(one.id) or dataclasses.replace(one, reason=reason, colour=_not_run_colour(one, frame.gate))
        for one in planned
    )
    extra = tuple(result for name, result in judged.items() if name not in {one.id for one in planned})
    clauses = (*results, *extra)
    colour = gate_colour(clauses)
    return dataclasses.replace(frame, clauses=clauses, colour=colour, exit_code=1 if colour is Colour.RED else 0)


def _not_run_colour(planned: ClauseResult, gate: Gate) -> Colour:
    return colour_of(Verdict.NOT_RUN, level=planned.level, basis=planned.basis, gate=gate)


def _parse_planned_clause(record: Mapping[str, Any], *, gate: Gate) -> ClauseResult:
    level, basis = cast(Level, record["level"]), cast(Basis, record["basis"])
    return ClauseResult(
        id=ClauseId(record["id"]),
        level=level,
        basis=basis,
        family=record["family"],
        says=record["says"],
        source=record["source"],
        verdict=Verdict.NOT_RUN,
        colour=colour_of(Verdict.NOT_RUN, level=level, basis=basis, gate=gate),
    )


def _parse_result(record: Mapping[str, Any]) -> ClauseResult:
    values = _known_fields(ClauseResult, record)
    values["verdict"] = Verdict(values["verdict"])
    values["colour"] = Colour(values["colour"])
    values["counts"] = MappingProxyType(
        {Verdict(name): int(count) for name, count in values.get("counts", {}).items()}
    )
    return ClauseResult(**values)


def parse_finding(record: Mapping[str, Any]) -> Finding:
    """A finding from its line, which was held against its schema."""
    values = _known_fields(Finding, record)
    values["verdict"] = Verdict(values["verdict"])
    values["colour"] = Colour(values["colour"])
    values["rows"] = tuple(values.get("rows", ()))
    values["steps"] = tuple(FindingStep(**_known_fields(FindingStep, step)) for step in values.get("steps", ()))
    return Finding(**values)


def _parse_exchange(record: Mapping[str, Any]) -> Exchanged:
    values = _known_fields(Exchanged, record)
    for name in ("request_headers", "response_headers"):
        values[name] = tuple((str(key), str(value)) for key, value in values.get(name, ()))
    return Exchanged(**values)


def _known_fields(kind: type[Any], record: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in record.items() if name in names}


def _freeze_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({name: _freeze_lists(inner) for name, inner in value.items()})
    if isinstance(value, list):
        return tuple(_freeze_lists(inner) for inner in value)
    return value
