"""`callharness selftest`: the checker is checked. Honest servers must pass, every fault must be found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from harness.cli.console import Console
from harness.cli.option_values import complete_api
from harness.cli.selftest_plan import SelftestPlan, parse_conditions, trials_of
from harness.cli.selftest_trials import FIRST_SEED, TrialResult, run_trials
from harness.errors import UsageProblem, require_extra

if TYPE_CHECKING:
    from harness.cli.selftest_score import SelftestScore

STANDARD_OUTPUT: Final = "-"


@click.command()
@click.argument("apis", metavar="[API]...", nargs=-1, shell_complete=complete_api)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Worlds per fault.")
@click.option(
    "--honest",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="Honest runs per API and seed, over sizes, dialects and clocks.",
)
@click.option(
    "--together",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="K",
    help="Also serve K faults of different constructs at once, each fault in at least one set.",
)
@click.option(
    "--deviant",
    "deviant",
    multiple=True,
    is_flag=False,
    flag_value="all",
    metavar="[NAME]",
    help="Also serve everything by an imperfect but correct server: the name of a deviation, `all` (each in turn, "
    "then all at once; without NAME the same), `at-once`, or `drawn` (one by chance for each run). May be repeated.",
)
@click.option("--sample", type=click.IntRange(0), metavar="N", help="Only N faults per API, always the same ones.")
@click.option("--no-faults", is_flag=True, help="Honest runs alone.")
@click.option("--red", "with_red", is_flag=True, help="Show and require a red gate for each broken binding must.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes (default: one per core).")
@click.option(
    "--json",
    "json_file",
    is_flag=False,
    flag_value=STANDARD_OUTPUT,
    metavar="[FILE]",
    help="The score and every trial as JSON, on standard output in place of the text, or in a file beside it.",
)
@click.pass_obj
def selftest(
    console: Console,
    /,
    apis: tuple[str, ...],
    seeds: int,
    honest: int,
    together: int,
    deviant: tuple[str, ...],
    sample: int | None,
    no_faults: bool,
    with_red: bool,
    workers: int | None,
    json_file: str | None,
) -> int:
    """Serve every spec with every fault to the checker, and print how many it finds.

    Exit 0 when every fault is found alone, no honest server is red, and none that answers as the spec would is
    blamed at all; with --red, when the gate is red where it must be, too. Else 1. Name the APIs before the options.
    """
    require_extra("explore", "hypothesis", what="selftest")
    if json_file is not None:
        _require_place_for(json_file)
    plan = SelftestPlan(
        seeds=tuple(FIRST_SEED + index for index in range(seeds)),
        honest=honest,
        together=together,
        conditions=parse_conditions(deviant),
        sample=sample,
        with_faults=not no_faults,
    )
    from harness.specification.load import spec_ids

    results = _run_plan(apis or spec_ids(), plan, workers=workers or os.cpu_count() or 1)
    from harness.cli.selftest_score import score_results

    score = score_results(results)
    _write_score(console, score, results, json_file=json_file, together=together, with_red=with_red)
    return 0 if score.is_good and not (with_red and score.not_red) else 1


def _require_place_for(json_file: str) -> None:
    """Refuse a file that nobody can write before hours are spent on what belongs in it."""
    path = Path(json_file)
    if json_file != STANDARD_OUTPUT and (path.is_dir() or not path.parent.is_dir()):
        raise UsageProblem("--json", "a file in a directory that exists", repr(json_file))


def _run_plan(apis: tuple[str, ...], plan: SelftestPlan, *, workers: int) -> list[TrialResult]:
    from harness.cli.progress import count_progress

    trials = [trial for api in apis for trial in trials_of(api, plan)]
    with count_progress(total=len(trials), unit="runs") as advance:
        return run_trials(trials, workers=workers, on_result=lambda result: advance(result.trial.api))


def _write_score(
    console: Console,
    score: SelftestScore,
    results: list[TrialResult],
    *,
    json_file: str | None,
    together: int,
    with_red: bool,
) -> None:
    from harness.cli.selftest_report import score_as_json, score_as_text

    if json_file is not None:
        import json

        text = json.dumps(score_as_json(score, results), indent=1, default=str)
        if json_file == STANDARD_OUTPUT:
            console.write_result(text)
            return
        from harness.output.atomic_files import write_atomically

        write_atomically(Path(json_file), (text + "\n").encode())
    console.write_result(score_as_text(score, together=together, with_red=with_red))
