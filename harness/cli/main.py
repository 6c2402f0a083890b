"""`callharness`: the machines as verbs. Each verb is imported only when it is asked for."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, final

import click

from harness.cli.console import Console
from harness.cli.standard_streams import open_standard_streams
from harness.errors import HarnessError

VERBS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "apis": ("harness.cli.apis:apis", "List the APIs that the harness knows."),
        "check": ("harness.cli.check:check", "Put every promise of an API to the test on a server."),
        "completion": ("harness.cli.completion:completion", "Print what completes commands in bash, zsh or fish."),
        "demo": ("harness.cli.demo:demo", "Show all of it on this machine, in under a minute."),
        "dialect": ("harness.cli.dialect:dialect", "Find out how a server settles what the document leaves open."),
        "doctor": ("harness.cli.doctor:doctor", "Say whether this machine has what the harness needs."),
        "explain": ("harness.cli.explain:explain", "Say what a clause, a verdict or a fault means."),
        "generate": ("harness.cli.generate:generate", "Invent calls and write them the way an API shows them."),
        "mutate": ("harness.cli.mutate:mutate", "Find the broken promises that your own tests do not notice."),
        "report": ("harness.cli.report:report", "Write a report from the journal of a run."),
        "resume": ("harness.cli.resume:resume", "Finish a run that was interrupted."),
        "selftest": ("harness.cli.selftest:selftest", "Check the checker: every fault must be found."),
        "serve": ("harness.cli.serve:serve", "Answer requests the way the documentation says."),
        "spec": (
            "harness.cli.spec:spec",
            "Look into specs, compare and draft them: lint, show, attributes, openapi, diff, new.",
        ),
        "world": (
            "harness.cli.world:world",
            "Look at invented traffic: figures, and profiles like real calls.",
        ),
    }
)

COMPLETION_VARIABLE: Final = "_CALLHARNESS_COMPLETE"
"""By this a shell asks what a word could become."""
READER_LEFT: Final = 141
"""The exit code where the reader of standard output has left: that of a program that SIGPIPE ends."""

EPILOG: Final = (
    "API is the id of a spec (see `callharness apis`) or the path of a spec file.\n\n"
    "Exit codes: 0 gate green, 1 gate red, 2 usage or file wrong, 3 harness error or report not written, "
    "4 target unreachable or log-in failed, 5 nothing was exercised, 129/130/143 interrupted, "
    "141 the reader of the output left."
)


class VerbGroup(click.Group):
    """A group that knows the names and one line of each verb, and loads a verb when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as problem:
            if problem.name != module:
                raise
            raise NotInstalled(cmd_name) from problem
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            from harness.cli.option_values import suggest_word

            ctx.fail(f"No such command {args[0]!r}. {suggest_word(args[0], VERBS)}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in VERBS.items()])


class NotInstalled(HarnessError):
    """A verb whose module is missing from this installation."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"`callharness {verb}` is not part of this installation")


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from harness.cli.console import harness_version

        click.echo(f"callharness {harness_version()}")
        ctx.exit()


group: Final = VerbGroup(
    name="callharness",
    help="From the documentation of a call API as a spec: generate calls, serve the API, check a server.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version and exit.",
        )
    ],
)


@final
class _SilentStream:
    """Takes the place of a stream that nobody reads any more."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is held."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Nothing that goes wrong shows a traceback."""
    open_standard_streams()
    console = Console()
    args = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run_command(console, args)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as problem:
        code = _report_problem(console, problem)
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    if console.stdout_lost:
        _abandon_stdout()
    return code


def _run_command(console: Console, args: list[str]) -> int:
    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(group, {}, "callharness", COMPLETION_VARIABLE, instruction)
    try:
        with group.make_context("callharness", args, obj=console) as context:
            result: Any = group.invoke(context)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    return result if isinstance(result, int) else 0


def _report_problem(console: Console, problem: BaseException) -> int:
    """Tell what went wrong in a few words; the exit code that it means."""
    match problem:
        case click.exceptions.NoArgsIsHelpError():
            return console.report_error(problem.format_message(), 2)
        case click.UsageError():
            where = f"{problem.ctx.get_usage()}\n" if problem.ctx is not None else ""
            hint = f"\ntry `{problem.ctx.command_path} --help`" if problem.ctx is not None else ""
            return console.report_error(f"{where}{problem.format_message()}{hint}", 2)
        case click.Abort() | KeyboardInterrupt():
            return console.report_error("interrupted", 130)
        case click.ClickException():
            return console.report_error(problem.format_message(), 2)
        case HarnessError():
            return console.report_error(str(problem), problem.exit_code)
        case BrokenPipeError():
            # As a program ends that knows nothing of pipes: without a word.
            console.stdout_lost = True
            return READER_LEFT
        case OSError() if console.stdout_lost or problem.errno == errno.EBADF:
            return console.report_error(f"harness error: standard output: not written, {problem.strerror}", 3)
        case _:
            return console.report_crash(problem)


def _abandon_stdout() -> None:
    """Keep the interpreter from complaining, at its end, about text that nobody can take."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
    sys.stdout = _SilentStream()


if __name__ == "__main__":
    sys.exit(main())
