"""`callharness mutate`: does a test suite notice when the API breaks a promise?"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never

import click

from harness.cli.console import Console, harness_version
from harness.cli.exit_codes import HARNESS_EXIT_CODE, worst_exit_code
from harness.cli.mutate_plan import HONEST_SIMULATOR, MutatePlan, MutateSettings, make_mutate_plan, settings_header
from harness.cli.mutate_run import MutateLimits, MutateRun, requests_of
from harness.cli.option_values import parse_pairs, positive_number
from harness.cli.report_files import STDOUT, parse_report_sinks, write_rendered_reports
from harness.cli.serve_setup import make_plan
from harness.cli.signals import Interrupted, interruptible
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.output.journal import JournalRecord, JournalWriter
    from harness.report import ReportKind
    from harness.report.mutation_report import MutationReport
    from harness.specification.load import Spec

_KINDS: Final = ("text", "json", "junit", "html")
NOTHING_SELECTED_EXIT_CODE: Final = 5


@click.command()
@click.argument("api", metavar="API")
@click.argument("command", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@click.option("--fixtures", is_flag=True, help="Invalid answers, one by one, in place of a simulator with faults.")
@click.option("--only", metavar="FAULT", multiple=True, help="Only this fault or invalid answer, or this clause's.")
@click.option("--clause", "clauses", metavar="ID", multiple=True, help="Only the faults of this clause.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only N of them, drawn by --seed.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Which world, and which sample.")
@click.option(
    "--calls", type=click.IntRange(0), metavar="N", help="Calls of the world (default: 2000; with --fixtures 200)."
)
@click.option("--clock", default="frozen", show_default=True, metavar="frozen[=INSTANT]|live|scaled=K")
@click.option("--dialect", metavar="FILE", help="Answers to open choices.")
@click.option("--credential", "credentials", metavar="NAME=VALUE", multiple=True, help="A credential to accept.")
@click.option("--users", metavar="FILE", help="Who may log in; the command is told the first one's credentials.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="A fixed port, for a command that takes no address."
)
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N", help="Runs at once.")
@click.option(
    "--timeout",
    type=float,
    callback=positive_number,
    metavar="SECONDS",
    help="For one run (default: five times the honest run's, at least 10).",
)
@click.option(
    "--min-noticed",
    type=click.FloatRange(0, 100),
    default=100,
    show_default=True,
    metavar="PERCENT",
    help="How many of the broken promises the command must notice.",
)
@click.option(
    "--resume", metavar="FILE", help="A journal: what stands in it is not run again; made if it is not there."
)
@click.option(
    "--report", "reports", metavar="KIND=FILE", multiple=True, help="text, json, junit or html; - is stdout."
)
@click.pass_obj
def mutate(console: Console, /, api: str, command: tuple[str, ...], **values: Any) -> int:
    """Run your own tests against a simulator that breaks one promise after another: which does nobody notice?

    COMMAND runs once against the honest simulator, where it must exit with 0, and once against each fault, where it
    should not. The address is in CALLHARNESS_URL, the credentials are in CALLHARNESS_USER, CALLHARNESS_PASSWORD,
    CALLHARNESS_TOKEN and CALLHARNESS_CREDENTIAL_<NAME>. With --fixtures it reads the answer in the file
    CALLHARNESS_FIXTURE, or asks CALLHARNESS_URL for it. Name the options before API or the `--`.

    Exit 0 when enough was noticed, 1 when not, 2 when the command fails on right answers or never asks, 5 when there
    was nothing to judge.
    """
    settings = MutateSettings(api=api, command=command, **values)
    sinks = parse_report_sinks(settings.reports, kinds=_KINDS)
    _require_sound(settings)
    from harness.report.mutation_report import redacted_report
    from harness.specification.load import load_spec

    spec = load_spec(api)
    console.redact_secrets(
        [value for _, value in parse_pairs("--credential", settings.credentials)], words=list(spec.listing.parameters)
    )
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="callharness-mutate-"))
        plan = make_mutate_plan(settings, make_plan(console, settings.serve_settings, {spec.id: spec}, Path(scratch)))
        if not plan.mutants:
            return console.report_error(f"{api}: nothing to run, no fault is left", NOTHING_SELECTED_EXIT_CODE)
        for secret in (value for value in plan.credentials.values() if "PRIVATE KEY" in value):
            console.add_secret(secret)
        report, code = _run_and_judge(console, settings, plan, spec, stack)
    report = redacted_report(report, console.redact)
    all_written = write_rendered_reports(console, _renderer(report), sinks)
    if not any(sink.file == STDOUT for sink in sinks):
        from harness.report.mutation_text import mutation_text

        console.write_result(mutation_text(report), redacted=True)
    return worst_exit_code([code] if all_written else [code, HARNESS_EXIT_CODE])


def _require_sound(settings: MutateSettings) -> None:
    """Stop at options that do not go together. Raises UsageProblem."""
    if not settings.command:
        raise UsageProblem("COMMAND", "the command that runs your tests, after --", "nothing", "add -- COMMAND")
    if settings.port and settings.jobs > 1:
        raise UsageProblem("--port", "one run at a time: they share the port", f"--jobs {settings.jobs}")
    if settings.resume is not None and Path(settings.resume).is_dir():
        raise UsageProblem("--resume", "a file, or a name that is free", f"the directory {settings.resume}")


def _run_and_judge(
    console: Console, settings: MutateSettings, plan: MutatePlan, spec: Spec, stack: ExitStack
) -> tuple[MutationReport, int]:
    """Run all that is not known yet; the report and the exit code, also of a run that was interrupted."""
    from harness.cli.progress import count_progress

    writer, known = _open_journal(console, settings, plan, spec, stack)
    advance = stack.enter_context(
        count_progress(total=len(plan.honest) + len(plan.mutants) - len(known), unit="runs")
    )

    def tell(record: JournalRecord) -> None:
        if writer is not None:
            writer.append_check(record)
        advance(str(record.get("mutant") or "right answers"))

    run = MutateRun(
        plan,
        settings.command,
        limits=MutateLimits(jobs=settings.jobs, timeout_seconds=settings.timeout),
        known=known,
        on_run=tell,
        redact=console.redact,
    )
    began = time.monotonic()
    interrupted: Interrupted | None = None
    with interruptible() as watch:
        try:
            run.require_honest_pass()
            _require_requests(settings, run)
            run.run_rest()
        except Interrupted as signal:
            interrupted = signal
        finally:
            # Whatever ended it, nothing of the command goes on behind it.
            run.stop()
        watch.stop_raising()
    if writer is not None and interrupted is None:
        writer.write_footer({})
    report = _report_of(settings, plan, spec, run, seconds=time.monotonic() - began, interrupted=interrupted)
    return report, report.exit_code if interrupted is None else interrupted.exit_code


def _require_requests(settings: MutateSettings, run: MutateRun) -> None:
    """Stop where the command passes without having asked the simulator anything. Raises UsageProblem."""
    first = run.honest.get(HONEST_SIMULATOR)
    if first is None or first.requests:
        return
    where = f"port {settings.port}" if settings.port else "the address in CALLHARNESS_URL"
    raise UsageProblem(
        "COMMAND",
        f"requests to {where}",
        "it passed, and not one request "
        + (f"for {settings.api} came ({first.strays} for something else did)" if first.strays else "came"),
        "let the tests ask that address, credentials are in CALLHARNESS_USER and so on; "
        "or --port N, if they ask a fixed one",
    )


def _report_of(
    settings: MutateSettings,
    plan: MutatePlan,
    spec: Spec,
    run: MutateRun,
    *,
    seconds: float,
    interrupted: Interrupted | None,
) -> MutationReport:
    from harness.report.mutation_report import MutationReport

    reason = f"interrupted by {interrupted.name}" if interrupted is not None else "not reached"
    results = run.all_results(reason=reason)
    notes = []
    if settings.fixtures and not requests_of(run.honest, run.results) and not any(one.exit_code for one in results):
        notes.append(
            "No request came, and nothing was noticed: does the command read the file in CALLHARNESS_FIXTURE, or ask "
            "the address in CALLHARNESS_URL?"
        )
    return MutationReport(
        api=spec.id,
        title=spec.title,
        spec_version=spec.listing.version,
        harness_version=harness_version(),
        source="fixtures" if settings.fixtures else "faults",
        command=settings.command,
        seed=settings.seed,
        calls=settings.world_calls,
        min_noticed=settings.min_noticed,
        seconds=seconds,
        honest=tuple(run.honest[case.name] for case in plan.honest if case.name in run.honest),
        results=results,
        notes=tuple(notes),
        interrupted=None if interrupted is None else interrupted.name,
    )


def _renderer(report: MutationReport) -> Callable[[ReportKind], str]:
    """What renders the report in each kind that there is of it."""
    from harness.report import ReportKind

    def render(kind: ReportKind) -> str:
        match kind:
            case ReportKind.TEXT:
                from harness.report.mutation_text import mutation_text

                return mutation_text(report)
            case ReportKind.JSON:
                from harness.report.mutation_report import mutation_json

                return mutation_json(report)
            case ReportKind.JUNIT:
                from harness.report.mutation_junit import mutation_junit

                return mutation_junit(report)
            case ReportKind.HTML:
                from harness.report.mutation_html import mutation_html

                return mutation_html(report)
            case ReportKind.NDJSON | ReportKind.HAR | ReportKind.SARIF | ReportKind.CTRF | ReportKind.MARKDOWN:
                raise ValueError(f"no report of mutants is {kind.value}")
            case _:
                assert_never(kind)

    return render


# --- the journal --------------------------------------------------------------------------------------------


def _open_journal(
    console: Console, settings: MutateSettings, plan: MutatePlan, spec: Spec, stack: ExitStack
) -> tuple[JournalWriter | None, Sequence[JournalRecord]]:
    """The journal of --resume, opened for more lines (None where it needs none), and the runs that stand in it."""
    from harness.output.journal import FIXED_KEYS, JournalWriter, read_journal
    from harness.output.redaction import redact_tree

    if settings.resume is None:
        return None, ()
    header = redact_tree(settings_header(settings, plan, spec), console.redact, fixed=FIXED_KEYS)
    path = Path(settings.resume)
    # A run that was killed at once leaves a file without a whole line.
    if not path.exists() or (path.is_file() and b"\n" not in path.read_bytes()[:1_000_000]):
        return stack.enter_context(JournalWriter.start(path, header, redact=console.redact)), ()
    before = read_journal(path)
    changed = sorted(name for name, value in header.items() if before.header.get(name) != value)
    if changed:
        raise UsageProblem(
            f"--resume {settings.resume}",
            "the journal of a run with the same options, command and spec",
            f"{', '.join(changed)} changed",
            "give the options of that run, or name a file that is not there",
        )
    if before.complete:
        return None, before.records
    writer, journal = JournalWriter.resume(path, redact=console.redact)
    return stack.enter_context(writer), journal.records
