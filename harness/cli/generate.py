"""`callharness generate`: invented calls, written the way an API shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harness.cli.console import Console
from harness.cli.generate_records import RECORD_OPTIONS, record_world_of
from harness.cli.option_values import complete_api, load_dialect_file, suggest_word
from harness.errors import UsageProblem


@click.command()
@click.argument("api", metavar="API", shell_complete=complete_api)
@click.option("--calls", type=click.IntRange(0), default=200, show_default=True, metavar="N", help="How many calls.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Which world.")
@click.option("--format", "formats", metavar="FORMAT", multiple=True, help="How rows are written; native by default.")
@click.option("--traffic", metavar="PROFILE", default="office", show_default=True, help="What traffic looks like.")
@click.option("--dialect", metavar="FILE", help="Answers to open choices.")
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
    traffic: str,
    dialect: str | None,
    out: str,
    **records: Any,
) -> None:
    """Invent calls and write them as rows, as whole answers, and as answers that each break one promise.

    The same command gives the same bytes.
    """
    from harness.generate.fixtures import write_fixtures
    from harness.specification.load import load_spec
    from harness.world import PROFILES
    from harness.world.world import World

    spec = load_spec(api)
    given = record_world_of(console, records)
    profiles = {profile.name: profile for profile in PROFILES}
    if traffic not in profiles:
        hint = suggest_word(traffic, profiles)
        raise UsageProblem(f"--traffic {traffic}", f"one of {', '.join(profiles)}", repr(traffic), hint)
    written = write_fixtures(
        spec,
        world=given or World.of(seed=seed, calls=calls, profile=profiles[traffic]),
        out=Path(out),
        dialect=load_dialect_file(dialect, spec),
        formats=formats or ("native",),
    )
    console.write_result(
        f"{written.out}: {len(written.files) + 1} files, {written.rows} rows, {written.pages} pages, "
        f"{written.invalid} invalid answers"
    )
