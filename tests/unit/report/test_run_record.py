"""A run goes into a journal and comes out of it as it was, also when it was cut short."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from report_samples import exchange, grouped_report, recording, red_report

from harness.check.results.findings import ClauseJudged, Colour, FindingMade, Gate, RunReport, RunStarted, Verdict
from harness.output.journal import BadJournal, JournalWriter
from harness.report import (
    ReportKind,
    RunRecord,
    event_line,
    footer_line,
    header_line,
    read_run_record,
    render_report,
    report_from_journal,
)


def written(path: Path, run: RunRecord, *, ended: bool = True, lines: int | None = None) -> Path:
    events = [*run.exchanges, *map(_made, run.report.findings), *map(_judged, run.report.clauses)]
    with JournalWriter.start(path, header_line(run)) as writer:
        for event in events[:lines]:
            line = event_line(event)
            assert line is not None
            writer.append_check(line)
        if ended:
            writer.write_footer(footer_line(run.report))
    return path


def _made(found: object) -> FindingMade:
    return FindingMade(finding=found)  # type: ignore[arg-type]


def _judged(found: object) -> ClauseJudged:
    return ClauseJudged(result=found)  # type: ignore[arg-type]


def plain_dialect(report: RunReport) -> RunReport:
    return replace(report, dialect=dict(report.dialect), limits=dict(report.limits))


def test_a_journal_gives_back_the_report(tmp_path: Path) -> None:
    found = report_from_journal(written(tmp_path / "run.jsonl", recording()))
    assert plain_dialect(found) == plain_dialect(red_report())


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_every_kind_of_report_can_be_rebuilt(kind: ReportKind, tmp_path: Path) -> None:
    run = recording()
    assert render_report(read_run_record(written(tmp_path / "run.jsonl", run)), kind) == render_report(run, kind)


def test_the_rendered_journal_is_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(render_report(recording(), ReportKind.NDJSON), encoding="utf-8")
    assert plain_dialect(report_from_journal(path)) == plain_dialect(red_report())


@pytest.mark.parametrize("lines", range(15))
def test_a_killed_run_gives_every_planned_clause_one_verdict(lines: int, tmp_path: Path) -> None:
    run = read_run_record(written(tmp_path / "run.jsonl", recording(), ended=False, lines=lines))
    assert [result.id for result in run.report.clauses] == [result.id for result in red_report().clauses]
    assert not run.complete


def test_a_clause_without_a_line_is_not_run(tmp_path: Path) -> None:
    run = read_run_record(written(tmp_path / "run.jsonl", recording(), ended=False, lines=5))
    judged = [result.verdict for result in run.report.clauses]
    assert judged == [Verdict.PASS] + [Verdict.NOT_RUN] * 9


def test_a_killed_run_is_called_incomplete(tmp_path: Path) -> None:
    run = read_run_record(written(tmp_path / "run.jsonl", recording(), ended=False, lines=5))
    assert "INCOMPLETE" in render_report(run, ReportKind.TEXT)


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", recording())
    path.write_bytes(path.read_bytes()[:-10])
    assert not read_run_record(path).complete


def test_what_is_not_run_is_red_under_the_strict_gate(tmp_path: Path) -> None:
    run = recording(replace(red_report(), gate=Gate.STRICT))
    read = read_run_record(written(tmp_path / "run.jsonl", run, ended=False, lines=3))
    assert read.report.colour is Colour.RED


def test_a_later_line_of_a_clause_counts(tmp_path: Path) -> None:
    run = recording()
    path = tmp_path / "run.jsonl"
    with JournalWriter.start(path, header_line(run)) as writer:
        for verdict in (Verdict.INCONCLUSIVE, Verdict.PASS):
            line = event_line(ClauseJudged(result=replace(run.report.clauses[0], verdict=verdict)))
            assert line is not None
            writer.append_check(line)
    assert report_from_journal(path).clauses[0].verdict is Verdict.PASS


def test_a_start_needs_no_line() -> None:
    run = RunStarted(api="a", title="t", target="x", seed=1, gate=Gate.CI, clauses=())
    assert event_line(run) is None


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with JournalWriter.start(path, {"hello": "world"}):
        pass
    with pytest.raises(BadJournal, match="schema_version"):
        report_from_journal(path)


def test_exchanges_survive(tmp_path: Path) -> None:
    run = read_run_record(written(tmp_path / "run.jsonl", recording()))
    assert run.exchanges == (exchange(1), exchange(2))


def test_the_numbers_of_defects_survive(tmp_path: Path) -> None:
    run = read_run_record(written(tmp_path / "run.jsonl", recording(grouped_report())))
    assert [found.defect for found in run.report.findings] == [1, 1, 1, 2, 2, 3]
    assert run.report.findings == grouped_report().findings


def test_a_journal_from_before_defects_had_numbers_gives_each_finding_a_block(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", recording(grouped_report()))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for found in (one for line in lines for one in (line, *line.get("findings", ()))):
        for name in ("defect", "difference", "place"):
            found.pop(name, None)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    report = report_from_journal(path)
    assert [found.defect for found in report.findings] == [0] * 6
    assert "6 defects" not in (text := render_report(report, ReportKind.TEXT))
    assert "5 defects break 5 clauses" in text
    assert "also breaks" not in text
