"""One run of the checker from the command line: run the engine, end in good order, write what was asked for."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final, Protocol, final

from harness.cli.check_report import (
    RunCollector,
    RunOutcome,
    clause_lines,
    journal_header,
    planned_results,
    report_of,
    run_record_of,
    unjudged_clauses,
)
from harness.cli.check_setup import PreparedRun, check_options, request_budget
from harness.cli.console import Console, current_time
from harness.cli.exit_codes import HARNESS_EXIT_CODE, RunEnding
from harness.cli.journals import RunJournals
from harness.cli.report_files import ReportSink, write_reports
from harness.cli.signals import Interrupted, SignalWatch, interruptible
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.check.results.findings import Event
    from harness.report import RunRecord
    from harness.specification.model import ClauseId

# How long an interrupted engine may take to say what it knows.
DRAIN_SECONDS: Final = 0.8


# --- the engine ---------------------------------------------------------------------------------------------


class Engine(Protocol):
    """What tells `listen` of a run, for some clauses or for all, until `stop` names the signal that ends it."""

    def __call__(
        self,
        prepared: PreparedRun,
        listen: Callable[[Event], None],
        /,
        *,
        only: tuple[ClauseId, ...] | None,
        stop: Callable[[], str | None],
    ) -> None: ...


def run_engine(
    prepared: PreparedRun,
    listen: Callable[[Event], None],
    /,
    *,
    only: tuple[ClauseId, ...] | None,
    stop: Callable[[], str | None],
) -> None:
    """A run of the checker."""
    from harness.check.client.budget import RateLimitedClient
    from harness.check.runner import run_check

    client = RateLimitedClient(prepared.client, request_budget(prepared.settings))
    options = check_options(prepared, only=only, stop=stop)
    run_check(prepared.spec, client, prepared.identities, options, listen)


@final
class StopRequest:
    """The name of the signal by which an engine is asked to stop; None until then."""

    def __init__(self) -> None:
        self.signal_name: str | None = None

    def __call__(self) -> str | None:
        return self.signal_name


@final
class EventThread:
    """The events of a run on a thread of its own, so that a signal always finds the main thread awake."""

    def __init__(self, run: Callable[[Callable[[Event], None]], None]) -> None:
        self._run = run
        self._queue: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._produce_events, name="callharness-engine", daemon=True).start()

    def _produce_events(self) -> None:
        try:
            self._run(self._queue.put)
        except BaseException as problem:
            self._queue.put(problem)
        else:
            self._queue.put(None)

    def __iter__(self) -> Iterator[Event]:
        while (event := self._queue.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event

    def remaining_events(self, *, seconds: float) -> Iterator[Event]:
        """What an engine that was asked to stop still says, for so long at most."""
        until = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while (event := self._queue.get(timeout=max(0.0, until - time.monotonic()))) is not None:
                if isinstance(event, BaseException):
                    return
                yield event


# --- the run ------------------------------------------------------------------------------------------------


def run_prepared(
    console: Console,
    prepared: PreparedRun,
    sinks: Sequence[ReportSink],
    *,
    engine: Engine = run_engine,
    earlier: RunRecord | None = None,
    journal: str | None = None,
) -> RunOutcome:
    """Run the checker and write the reports; never raises for what the target does.

    `earlier` is what a run to be finished knew already, and `journal` the file it goes on in.
    """
    from harness.report import footer_line

    began = earlier.began if earlier is not None else current_time()
    plan = planned_results(prepared, earlier)
    collector = RunCollector()
    started = time.monotonic()
    with closing(RunJournals(console)) as journals:
        journals.start(sinks, journal_header(prepared, plan, began))
        if journal is not None:
            journals.resume(journal)
        only = unjudged_clauses(earlier) if earlier is not None else None
        with interruptible() as watch:
            ending = _run_engine(engine, prepared, EventRecorder(collector, journals), only=only, watch=watch)
            watch.stop_raising()
            prepared.client.close()
            seconds = time.monotonic() - started
            report = report_of(prepared, collector, plan=plan, earlier=earlier, ending=ending, seconds=seconds)
            record = run_record_of(prepared, report, collector, plan=plan, earlier=earlier, began=began)
            for line in clause_lines(report, collector, earlier=earlier):
                journals.write_line(line)
            # Written first, so that the footer can tell how the process ends.
            all_written = write_reports(console, record, sinks) and journals.all_written
            _report_ending(console, ending, all_written=all_written)
            exit_code = ending.process_exit_code(report.exit_code, all_written=all_written)
            report = dataclasses.replace(report, exit_code=exit_code)
            journals.write_footer(footer_line(report))
    return RunOutcome(
        run_record=dataclasses.replace(record, report=report),
        exit_code=exit_code if journals.all_written else HARNESS_EXIT_CODE,
    )


@final
@dataclasses.dataclass(frozen=True, slots=True)
class EventRecorder:
    """Where the events of a run are kept: in memory for its report, and in its journals."""

    collector: RunCollector
    journals: RunJournals

    def record_event(self, event: Event) -> None:
        """Keep one event in both places."""
        from harness.report import event_line

        self.collector.record_event(event)
        self.journals.write_line(event_line(event))


def _run_engine(
    engine: Engine,
    prepared: PreparedRun,
    recorder: EventRecorder,
    *,
    only: tuple[ClauseId, ...] | None,
    watch: SignalWatch,
) -> RunEnding:
    """Record what the engine yields, and say what ended it."""
    from harness.cli.progress import progress_listener

    stop = StopRequest()
    events = EventThread(lambda listen: engine(prepared, listen, only=only, stop=stop))
    try:
        with progress_listener(budget=prepared.settings.max_requests) as draw_progress:
            for event in _with_repeated_runs(events, engine, prepared, recorder.collector, stop=stop):
                recorder.record_event(event)
                draw_progress(event)
        watch.stop_raising()
    except Interrupted as interruption:
        stop.signal_name = interruption.name
        for event in events.remaining_events(seconds=DRAIN_SECONDS):
            recorder.record_event(event)
        return RunEnding(cause=interruption)
    except Exception as problem:
        return RunEnding(cause=problem)
    return RunEnding()


def _with_repeated_runs(
    events: EventThread,
    engine: Engine,
    prepared: PreparedRun,
    collector: RunCollector,
    *,
    stop: Callable[[], str | None],
) -> Iterator[Event]:
    """The events of a run, and the exchanges of the further runs that flaky clauses ask for.

    The verdicts of these further runs are kept in the collector. Raises HarnessError where the run gives no report.
    """
    from harness.check.results.findings import ClauseJudged, Exchanged, Verdict

    yield from events
    if collector.report is None:
        raise HarnessError("the checker stopped without a report")
    flaky = prepared.known.flaky if prepared.known is not None else {}
    names = tuple(name for name in flaky if name in collector.judged)
    collector.verdicts_by_run = {name: [collector.judged[name].verdict] for name in names}
    runs = max((entry.flaky.runs for name in names if (entry := flaky[name]).flaky is not None), default=1)
    for _ in range(runs - 1):
        for event in EventThread(lambda listen: engine(prepared, listen, only=names, stop=stop)):
            if isinstance(event, Exchanged):
                yield event
            elif isinstance(event, ClauseJudged) and event.result.verdict is not Verdict.NOT_RUN:
                collector.verdicts_by_run[event.result.id].append(event.result.verdict)


def _report_ending(console: Console, ending: RunEnding, *, all_written: bool) -> None:
    """Tell what ended the run, unless a lost report, which was told of already, counts more."""
    match ending.cause:
        case Interrupted():
            if all_written:
                console.write_message(f"callharness: interrupted by {ending.cause.name}")
        case HarnessError():
            console.report_error(str(ending.cause), ending.cause.exit_code)
        case Exception():
            console.report_crash(ending.cause)
        case None:
            pass


# --- the result ---------------------------------------------------------------------------------------------


def print_result(console: Console, outcome: RunOutcome, sinks: Sequence[ReportSink]) -> int:
    """Print the text report unless a report already goes to standard output, and tell GitHub; the exit code."""
    from harness.cli.github_actions import tell_github

    tell_github(console, outcome.run_record)
    if any(sink.file in ("-", "/dev/stdout") for sink in sinks):
        return outcome.exit_code
    from harness.report.text import text_report

    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    with contextlib.suppress(BrokenPipeError):
        # Who reads only the beginning (`| head`) still gets the gate's exit code.
        console.write_result(text_report(outcome.run_record.report, coloured=coloured), coloured=coloured)
    return outcome.exit_code
