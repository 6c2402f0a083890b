"""`callharness world`: what invented traffic looks like, in figures, and profiles like real traffic."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from harness.cli.console import Console
from harness.cli.generate_records import RECORD_KINDS
from harness.cli.traffic_options import TrafficChoice, make_chosen_world, traffic_options
from harness.cli.traffic_report import world_title, write_traffic_report
from harness.errors import UsageProblem


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


@world.command("profile")
@click.option("--like", "file", required=True, metavar="FILE", type=click.Path(), help="Records of real calls.")
@click.option(
    "--as",
    "kind",
    required=True,
    type=click.Choice(RECORD_KINDS),
    help="What the file is; ndjson and parquet hold attributes of a call in each record.",
)
@click.option("--zone", default="UTC", show_default=True, metavar="NAME", help="The zone of times that tell none.")
@click.option("--skip-bad", is_flag=True, help="Leave out lines that tell no call, and count them.")
@click.option("--name", metavar="NAME", help="What the profile is called; the name of its file otherwise.")
@click.option("--out", required=True, metavar="PROFILE.yaml", type=click.Path(), help="Where the profile goes.")
@click.pass_obj
def fit(console: Console, /, file: str, kind: str, zone: str, skip_bad: bool, name: str | None, out: str) -> None:
    """Fit a profile to records of real calls, and write it as a file that --traffic takes.

    No number, name or text of the records goes into it. Shows the laws that were tried for each duration, the best
    first, with the distance of the records from them (Kolmogorov, Smirnov).
    """
    from harness.cli.recorded_traffic import read_recorded_traffic
    from harness.output.atomic_files import write_atomically
    from harness.traffic.profile_file import profile_text
    from harness.traffic.profile_fit import fit_profile
    from harness.traffic.text_report import fit_text

    traffic = read_recorded_traffic(Path(file), kind=kind, zone=_zone(zone), skip_bad=skip_bad)
    fitted = fit_profile(traffic, name=_profile_name(name, Path(out)))
    words = fit_text(fitted, traffic)
    write_atomically(out, profile_text(fitted.profile, comment=words))
    console.write_result(f"{words}\n{out}: the profile {fitted.profile.name}, for --traffic {out}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageProblem("--zone", "a zone such as Europe/Berlin", repr(name)) from None


def _profile_name(name: str | None, out: Path) -> str:
    """The name that was given, if a profile may have it, or one made of the file's name."""
    if name is None:
        return re.sub(r"[^a-z0-9]+", "-", out.stem.lower()).strip("-")[:40] or "fitted"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise UsageProblem("--name", "lower-case letters, digits and hyphens, at most 40", repr(name))
    return name


def _can_show_blocks() -> bool:
    try:
        "█▁".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
