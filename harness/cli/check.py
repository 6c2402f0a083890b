"""`callharness check`: put every promise of an API to the test on a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from harness.cli.check_run import print_result, run_prepared
from harness.cli.check_setup import CheckSettings, check_value_names, prepare_run
from harness.cli.console import Console, current_time
from harness.cli.option_values import (
    combine_options,
    complete_api,
    parse_headers,
    parse_pairs,
    parse_window,
    positive_number,
)
from harness.cli.report_files import parse_report_sinks
from harness.cli.target_wait import wait_for_target
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.check.results.findings import RunReport
    from harness.check.results.known_failures_file import KnownFailures

# Written out, so that the help needs no checker; a test holds them against `Gate`.
GATES: Final = ("ci", "full", "strict", "certify", "explore")

F = TypeVar("F", bound=Callable[..., Any])

ACCESS_OPTIONS: Final = combine_options(
    click.option(
        "--credential", "credentials", metavar="NAME=VALUE", multiple=True, help="A credential, as the spec names it."
    ),
    click.option("--credentials", "credentials_file", metavar="FILE", help="Identities in a YAML file."),
    click.option("--header", "headers", metavar="NAME:VALUE", multiple=True, help="A header for every request."),
    click.option("--ca", metavar="FILE", help="The certificate authorities to trust (PEM)."),
)
REPORT_OPTION: Final = click.option(
    "--report",
    "reports",
    metavar="KIND=FILE",
    multiple=True,
    help="text, json, junit, html, ndjson, har, sarif, ctrf or markdown; pytest=DIR writes a test for each finding.",
)
BUDGET_OPTIONS: Final = combine_options(
    click.option("--max-requests", type=click.IntRange(0), default=500, show_default=True, metavar="N"),
    click.option(
        "--max-seconds",
        type=float,
        callback=positive_number,
        metavar="N",
        help="For the whole run; half an hour where it is not given.",
    ),
    click.option("--rate", type=float, callback=positive_number, metavar="R", help="Requests a second, at most."),
    click.option(
        "--timeout",
        type=float,
        default=30.0,
        show_default=True,
        callback=positive_number,
        metavar="S",
        help="For one exchange.",
    ),
    click.option("--seed", type=int, default=1, show_default=True, metavar="S"),
)


@click.command()
@click.argument("api", metavar="API", shell_complete=complete_api)
@click.option("--target", required=True, metavar="URL", help="The base URL of the server, or sim: for the simulator.")
@click.option(
    "--wait",
    type=float,
    callback=positive_number,
    metavar="SECONDS",
    help="Wait so long for a target that starts late, until it answers over HTTP.",
)
@ACCESS_OPTIONS
@REPORT_OPTION
@click.option(
    "--gate", type=click.Choice(["ci", "full", "strict", "certify", "explore"]), default="ci", show_default=True
)
@click.option("--only", metavar="CLAUSE", multiple=True, help="Check only this clause.")
@click.option("--part", metavar="NAME", multiple=True, help="With --only: this part of the run, too.")
@click.option("--window", metavar="FROM..TO", help="The dates to look at, where the API needs some.")
@click.option("--dialect", metavar="FILE", help="Hold the server to these answers to open choices.")
@click.option("--known", metavar="FILE", help="Known failures.")
@click.option("--baseline", metavar="FILE", help="JSON report of an earlier run: what it exercised must be again.")
@click.option("--write-known", metavar="FILE", help="Write entries for the failures of this run.")
@click.option(
    "--known-value", "known_values", metavar="NAME=VALUE", multiple=True, help="A value that occurs in the data."
)
@click.option(
    "--world",
    metavar="FILE",
    help="The world that was loaded into the server: a directory that `generate` wrote, its manifest, or its rows.",
)
@click.option("--fuzz", is_flag=True, help="Let Schemathesis draw requests, too: up to 200 beside --max-requests.")
@click.option("--evidence", type=click.Choice(["masked", "full"]), help="Whether people's data may stand in reports.")
@click.option("--product", metavar="NAME", help="What the server is, for the head of the reports.")
@click.option("--product-version", metavar="V", help="Its version.")
@click.option("--allow-empty", is_flag=True, help="A server without calls is good enough.")
@BUDGET_OPTIONS
@click.pass_obj
def check(console: Console, /, api: str, **values: Any) -> int:
    """Put every promise of the API to the test on a server, and say which are kept."""
    sinks = parse_report_sinks(values["reports"])
    settings = parse_settings(api, values)
    _check_written_file(values["write_known"], settings.known)
    with ExitStack() as stack:
        prepared = prepare_run(
            console,
            settings,
            stack,
            credentials=parse_pairs("--credential", values["credentials"]),
            credentials_file=values["credentials_file"],
            headers=parse_headers(values["headers"]),
        )
        check_value_names(prepared.spec, settings.known_values)
        if values["wait"] is not None:
            wait_for_target(console, prepared.client.send, seconds=values["wait"])
        outcome = run_prepared(console, prepared, sinks)
    if values["write_known"] is not None:
        _write_known_failures(console, values["write_known"], outcome.run_record.report, prepared.known)
    return print_result(console, outcome, sinks)


def parse_settings(api: str, values: Mapping[str, Any]) -> CheckSettings:
    """The settings of a run from the values of its options; `dialect` has only some of these options."""
    return CheckSettings(
        api=api,
        target=values["target"],
        gate=values.get("gate", "ci"),
        only=tuple(dict.fromkeys(values.get("only", ()))),
        window=parse_window(values.get("window")),
        dialect=values.get("dialect"),
        known=values.get("known"),
        baseline=values.get("baseline"),
        world=values.get("world"),
        known_values=_parse_known_values(values.get("known_values", ())),
        fuzz=values.get("fuzz", False),
        evidence=values.get("evidence"),
        allow_empty=values.get("allow_empty", False),
        max_requests=values["max_requests"],
        max_seconds=values["max_seconds"],
        rate=values["rate"],
        timeout=values["timeout"],
        seed=values["seed"],
        ca=values["ca"],
        parts=tuple(dict.fromkeys(values.get("part", ()))),
        product=values.get("product") or "",
        product_version=values.get("product_version") or "",
    )


def _parse_known_values(texts: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    values_by_name: dict[str, tuple[str, ...]] = {}
    for name, value in parse_pairs("--known-value", texts):
        if not value:
            raise UsageProblem(f"--known-value {name}", "a value", "nothing")
        values_by_name[name] = (*values_by_name.get(name, ()), value)
    return values_by_name


def _check_written_file(written: str | None, known: str | None) -> None:
    """Raises UsageProblem where the drafts would take the place of the entries that are used."""
    if written is not None and known is not None and Path(written).resolve() == Path(known).resolve():
        expected, actual = "a file of its own", "the file of --known, whose entries would be lost"
        do = "write the drafts to another file, and move over what you keep"
        raise UsageProblem(f"--write-known {written}", expected, actual, do)


def _write_known_failures(console: Console, file: str, report: RunReport, given: KnownFailures | None) -> None:
    from harness.check.results.known_failures import draft_known_failures
    from harness.output.atomic_files import write_atomically

    # Not redacted as a whole: to the net by name, the key `signature` looks like that of a secret.
    text = draft_known_failures(report, today=current_time().date(), given=given, redact=console.redact)
    write_atomically(Path(file), text)
    console.write_message(f"callharness: {file} is written; fill in the empty places of each entry before you use it")
