"""`callharness dialect`: how a server settles what its document leaves open."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click

from harness.cli.check import ACCESS_OPTIONS, BUDGET_OPTIONS, parse_settings
from harness.cli.check_run import run_prepared
from harness.cli.check_setup import prepare_run
from harness.cli.console import Console
from harness.cli.option_values import complete_api, parse_headers, parse_pairs


@click.command()
@click.argument("api", metavar="API", shell_complete=complete_api)
@click.option("--target", required=True, metavar="URL", help="The base URL of the server, or sim: for the simulator.")
@click.option("--out", required=True, metavar="FILE", help="Where the dialect is written; - is standard output.")
@ACCESS_OPTIONS
@click.option("--window", metavar="FROM..TO", help="The dates to look at, where the API needs some.")
@BUDGET_OPTIONS
@click.pass_obj
def dialect(console: Console, /, api: str, out: str, **values: Any) -> int:
    """Observe a server and write its answers to open choices into a file.

    `serve`, `generate` and `check` take that file with --dialect.
    """
    from harness.output.atomic_files import write_atomically
    from harness.specification.dialect import dialect_text

    with ExitStack() as stack:
        prepared = prepare_run(
            console,
            parse_settings(api, {**values, "gate": "explore", "allow_empty": True}),
            stack,
            credentials=parse_pairs("--credential", values["credentials"]),
            credentials_file=values["credentials_file"],
            headers=parse_headers(values["headers"]),
        )
        outcome = run_prepared(console, prepared, ())
        if outcome.exit_code not in (0, 1):
            return outcome.exit_code
        choices = outcome.run_record.report.dialect
        observed = {name: value for name, value in choices.items() if name in prepared.spec.choices}
        text = console.redact(dialect_text(prepared.spec, observed))
        if out == "-":
            console.write_result(text)
        else:
            write_atomically(out, text)
        unobserved = set(prepared.spec.choices) - set(observed)
    console.write_message(
        f"callharness: {len(observed)} choices observed" + (f", {len(unobserved)} not" if unobserved else "")
    )
    return 0
