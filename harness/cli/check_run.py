"""One run of the checker from the command line: set up, listen, end in good order, write what was asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, final

from harness.cli.check_report import (
    RunCollector,
    RunOutcome,
    empty_report,
    journal_header,
    limits_of,
    planned_results,
    report_of,
    result_fields,
    run_record_of,
    unjudged_clauses,
    worst_exit_code,
)
from harness.cli.check_setup import PreparedRun, current_time
from harness.cli.console import Console, harness_version
from harness.cli.signals import Interrupted, interruptible
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.check.results.findings import Event, RunReport
    from harness.cli.report_files import ReportSink
    from harness.output.journal import JournalWriter
    from harness.report import RunRecord

# How long an interrupted engine may take to say what it knows.
DRAIN_SECONDS: Final = 0.8


# --- what an engine needs -----------------------------------------------------------------------------------


# --- the engine ---------------------------------------------------------------------------------------------


def engine_events(
    prepared: PreparedRun, *, only: tuple[str, ...] | None = None, stop: Callable[[], str | None] = lambda: None
) -> Iterator[Event]:
    """The events of a run, as the engine yields them; `stop` names the signal that ends it."""
    from harness.check.client.budget import Budget, RateLimitedClient
    from harness.check.context import ClientIdentity as Asking
    from harness.check.options import CheckOptions
    from harness.check.runner import run_check

    settings = prepared.settings
    budget = Budget(
        max_requests=settings.max_requests,
        max_seconds=settings.max_seconds,
        per_second=settings.rate,
    )
    options = _build_options(CheckOptions, prepared, only=only, stop=stop)
    asking = [
        Asking(
            name=one.name,
            credentials=one.credentials,
            role=one.role,
            customer=one.customer,
            everyone=one.everyone,
        )
        for one in prepared.identities
    ]
    yield from run_check(prepared.spec, RateLimitedClient(prepared.client, budget), asking, options)


def _build_options(
    kind: type[Any], prepared: PreparedRun, *, only: tuple[str, ...] | None, stop: Callable[[], str | None]
) -> Any:
    from harness.check.results.findings import Gate
    from harness.specification.model import ClauseId

    settings = prepared.settings
    wanted: dict[str, Any] = {
        "seed": settings.seed,
        "gate": Gate(settings.gate),
        "only": tuple(ClauseId(name) for name in (settings.only if only is None else only)),
        "window": settings.window,
        "dialect": prepared.dialect,
        "max_requests": settings.max_requests,
        "max_seconds": settings.max_seconds,
        "rate": settings.rate,
        "timeout": settings.timeout,
        "allow_empty": settings.allow_empty,
        "evidence": prepared.evidence,
        "known_values": settings.known_values,
        "target": prepared.target,
        "now": current_time(),
        "harness_version": harness_version(),
        "secrets": prepared.secrets,
        "stop": stop,
        "limits": limits_of(settings),
    }
    known = {one.name for one in dataclasses.fields(kind)}
    extra = {"fuzz": settings.fuzz, "world": prepared.world}
    for name, value in extra.items():
        if value and name not in known:
            raise HarnessError(f"--{name} is not part of this version")
    wanted |= {name: value for name, value in extra.items() if value}
    return kind(**{name: value for name, value in wanted.items() if name in known})


@final
class EventThread:
    """The same events, made on a thread of their own, so that a signal always finds the main thread awake."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._queue: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._produce_events, name="callharness-engine", daemon=True).start()

    def _produce_events(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
        except BaseException as problem:
            self._queue.put(problem)
        else:
            self._queue.put(None)

    def __iter__(self) -> Iterator[Event]:
        while (event := self._queue.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event

    def drain(self, hear: Callable[[Event], None], *, seconds: float) -> None:
        """Hear what an engine that was asked to stop still says, for so long at most."""
        until = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while (event := self._queue.get(timeout=max(0.0, until - time.monotonic()))) is not None:
                if isinstance(event, BaseException):
                    return
                hear(event)


def _repeat_flaky_clauses(
    prepared: PreparedRun,
    heard: RunCollector,
    engine: Callable[..., Iterator[Event]],
    *,
    stop: Callable[[], str | None],
) -> Iterator[Event]:
    """The further runs that flaky clauses ask for; yields their requests and keeps their verdicts in `heard`."""
    from harness.check.results.findings import ClauseJudged, Exchanged, Verdict

    flaky = prepared.known.flaky if prepared.known is not None else {}
    names = tuple(name for name in flaky if name in heard.judged)
    heard.outcomes = {name: [heard.judged[name].verdict] for name in names}
    runs = max((entry.flaky.runs for name in names if (entry := flaky[name]).flaky is not None), default=1)
    for _ in range(runs - 1):
        for event in EventThread(engine(prepared, only=names, stop=stop)):
            if isinstance(event, Exchanged):
                yield event
            elif isinstance(event, ClauseJudged) and event.result.verdict is not Verdict.NOT_RUN:
                heard.outcomes[event.result.id].append(event.result.verdict)


# --- listening ----------------------------------------------------------------------------------------------


def run_prepared(
    session: Console,
    prepared: PreparedRun,
    wanted: Sequence[ReportSink],
    *,
    engine: Callable[..., Iterator[Event]] = engine_events,
    earlier: RunRecord | None = None,
    journal: str | None = None,
) -> RunOutcome:
    """Run the checker, write the reports, show the result; never raises for what the target does.

    `earlier` is what a run to be finished knew already, and `journal` the file it goes on in.
    """
    from harness.cli.progress import progress_listener
    from harness.cli.report_files import open_journals, write_reports
    from harness.report import event_line, footer_line

    began = earlier.began if earlier is not None else current_time()
    heard = RunCollector()
    stop: Interrupted | None = None
    problem: Exception | None = None
    frame = empty_report(prepared)
    plan = planned_results(prepared, earlier)
    only = unjudged_clauses(earlier) if earlier is not None else None
    asked: list[str] = []
    started = time.monotonic()
    writers, sound = open_journals(session, wanted, journal_header(prepared, plan, began))
    if journal is not None:
        writers.append(_reopen_journal(session, journal))

    def hear(event: Event) -> None:
        nonlocal sound
        heard(event)
        sound = _write_journal_line(session, writers, event_line(event)) and sound

    with ExitStack() as stack:
        stack.callback(_close_journals, writers)
        with interruptible() as watch:
            events = EventThread(engine(prepared, only=only, stop=lambda: asked[0] if asked else None))
            try:
                with progress_listener(budget=prepared.settings.max_requests) as draw:
                    for event in events:
                        hear(event)
                        draw(event)
                    if heard.report is None:
                        raise HarnessError("the checker stopped without a report")
                    for event in _repeat_flaky_clauses(
                        prepared, heard, engine, stop=lambda: asked[0] if asked else None
                    ):
                        hear(event)
                        draw(event)
                watch.stop_raising()
            except Interrupted as interruption:
                stop = interruption
                asked.append(stop.name)
                events.drain(hear, seconds=DRAIN_SECONDS)
            except Exception as trouble:
                problem = trouble
            watch.stop_raising()
            prepared.client.close()
            seconds = time.monotonic() - started
            report = report_of(prepared, heard, frame, plan, earlier, stop=stop, problem=problem, seconds=seconds)
            recording = run_record_of(prepared, report, heard, plan, earlier, began)
            for result in report.clauses:
                if heard.judged.get(result.id) != result and (
                    earlier is None or result not in earlier.report.clauses
                ):
                    sound = (
                        _write_journal_line(session, writers, {"kind": "clause", **result_fields(result)}) and sound
                    )
            # Written first, so that the footer can tell how the process ends.
            sound = write_reports(session, recording, wanted) and sound
            code = _exit_code(session, report, sound=sound, stop=stop, problem=problem)
            report = dataclasses.replace(report, exit_code=code)
            for writer in writers:
                try:
                    writer.write_footer(footer_line(report))
                except HarnessError as trouble:
                    code = session.report_error(str(trouble), 3)
    return RunOutcome(run_record=dataclasses.replace(recording, report=report), exit_code=code)


def _exit_code(
    session: Console, report: RunReport, *, sound: bool, stop: Interrupted | None, problem: Exception | None
) -> int:
    if problem is not None:
        if isinstance(problem, HarnessError):
            return worst_exit_code([session.report_error(str(problem), problem.exit_code), 0 if sound else 3])
        return session.report_crash(problem)
    if not sound:
        return 3
    if stop is not None:
        session.write_message(f"callharness: interrupted by {stop.name}")
        return stop.exit_code
    return report.exit_code


def _close_journals(writers: Sequence[JournalWriter]) -> None:
    for writer in writers:
        writer.close()


def _write_journal_line(session: Console, writers: list[JournalWriter], line: dict[str, Any] | None) -> bool:
    """Write a line to every journal; one that cannot be written is told once and given up."""
    if line is None:
        return True
    sound = True
    for writer in tuple(writers):
        try:
            writer.append_check(line)
        except HarnessError as problem:
            session.report_error(str(problem), 3)
            writers.remove(writer)
            writer.close()
            sound = False
    return sound


def _reopen_journal(session: Console, journal: str) -> JournalWriter:
    from harness.output.journal import JournalWriter

    writer, _ = JournalWriter.resume(journal, redact=session.redact)
    return writer


# --- showing ------------------------------------------------------------------------------------------------


def print_result(session: Console, outcome: RunOutcome, wanted: Sequence[ReportSink]) -> int:
    """Print the text report unless a report already goes to standard output; the exit code."""
    if any(sink.file in ("-", "/dev/stdout") for sink in wanted):
        return outcome.exit_code
    from harness.report.text import text_report

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    session.write_result(text_report(outcome.run_record.report, coloured=coloured))
    return outcome.exit_code
