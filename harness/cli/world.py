"""`callharness world`: what invented traffic looks like, in figures, and profiles like real traffic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from harness.cli.console import Console
from harness.cli.traffic_options import TrafficChoice, make_chosen_world, traffic_options
from harness.cli.traffic_report import world_title, write_traffic_report


@click.group(short_help="Look at invented traffic: figures and profiles.")
def world() -> None:
    """Look at invented traffic: what its figures are and should be, and profiles like real traffic."""


@world.command()
@click.option(
    "--calls",
    type=click.IntRange(1, 20_000_000),
    default=100_000,
    show_default=True,
    metavar="N",
    help="How many calls.",
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Which world.")
@traffic_options
@click.option(
    "--trunks",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Blocking is that of N trunks, and not of as many as 1 % blocking takes.",
)
@click.option("--json", "as_json", is_flag=True, help="Figures and plots as JSON.")
@click.option("--report", metavar="FILE.html", type=click.Path(), help="Write them as an HTML page, too.")
@click.pass_obj
def describe(
    console: Console,
    /,
    calls: int,
    seed: int,
    trunks: int | None,
    as_json: bool,
    report: str | None,
    **choice: Any,
) -> int:
    """Show the figures of a world and the band in which the profile wants each; nothing is written.

    The exit code is 1 when a figure lies outside its band.
    """
    from harness.traffic.summary import summarize_world
    from harness.traffic.text_report import summary_text
    from harness.world.traffic import BUSY_HOUR

    made = make_chosen_world(TrafficChoice(**choice), seed=seed, calls=calls, instant=BUSY_HOUR)
    summary = summarize_world(made, trunks=trunks)
    if report is not None:
        write_traffic_report(Path(report), made, trunks=trunks)
    if as_json:
        console.write_result(json.dumps(summary.as_json(), indent=2))
    else:
        console.write_result(summary_text(summary, title=world_title(made), blocks=_can_show_blocks()))
    return 1 if summary.off else 0


def _can_show_blocks() -> bool:
    try:
        "█▁".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
