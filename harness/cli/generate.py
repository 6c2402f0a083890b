"""`callharness generate`: invented calls, written the way an API shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.console import Console
from harness.cli.generate_records import RECORD_OPTIONS, record_world_of
from harness.cli.option_values import load_dialect_file
from harness.cli.traffic_options import choice_beside_records, make_chosen_world, traffic_options_beside_records
from harness.cli.traffic_report import write_traffic_report


@click.command()
@click.argument("api", metavar="API")
@click.option("--calls", type=click.IntRange(0), default=200, show_default=True, metavar="N", help="How many calls.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Which world.")
@click.option("--format", "formats", metavar="FORMAT", multiple=True, help="How rows are written; native by default.")
@traffic_options_beside_records
@click.option("--dialect", metavar="FILE", help="Answers to open choices.")
@click.option(
    "--report", metavar="FILE.html", type=click.Path(), help="Show what the traffic is like as an HTML page, too."
)
@click.option("--out", required=True, metavar="DIR", type=click.Path(), help="Where the files go.")
@RECORD_OPTIONS
@click.pass_obj
def generate(
    console: Console,
    /,
    api: str,
    calls: int,
    seed: int,
    formats: tuple[str, ...],
    dialect: str | None,
    out: str,
    report: str | None,
    **values: Any,
) -> None:
    """Invent calls and write them as rows, as whole answers, and as answers that each break one promise.

    The same command gives the same bytes.
    """
    from harness.generate.fixtures import write_fixtures
    from harness.specification.load import load_spec
    from harness.world.traffic import BUSY_HOUR

    spec = load_spec(api)
    choice, records = choice_beside_records(values)
    world = record_world_of(console, records)
    if world is None:
        world = make_chosen_world(choice, seed=seed, calls=calls, instant=BUSY_HOUR)
    if report is not None:
        write_traffic_report(Path(report), world)
    written = write_fixtures(
        spec,
        world=world,
        out=Path(out),
        dialect=load_dialect_file(dialect, spec),
        formats=formats or ("native",),
    )
    console.write_result(
        f"{written.out}: {len(written.files) + 1} files, {written.rows} rows, {written.pages} pages, "
        f"{written.invalid} invalid answers"
    )
