"""`callharness generate`: invented calls, written the way an API shows them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import click

from harness.cli.console import Console
from harness.cli.generate_records import RECORD_OPTIONS, record_world_of
from harness.cli.option_values import combine_options, complete_api, load_dialect_file, suggest_word
from harness.cli.process_memory import keep_freed_blocks
from harness.cli.traffic_options import choice_beside_records, make_chosen_world, traffic_options_beside_records
from harness.cli.traffic_report import write_traffic_report
from harness.errors import UsageProblem
from harness.output.counted_words import counted

if TYPE_CHECKING:
    from harness.generate.fixtures import FixtureListener
    from harness.generate.row_engines import RowEngine
    from harness.specification.load import Spec
    from harness.world.world import World

_PARTS: Final = ("rows", "pages", "invalid", "edge")
# As the help lists them, which loads nothing.
_ROWS: Final = ("ndjson", "csv", "parquet", "arrow", "sqlite", "sql")
_CALLS: Final = ("asterisk-csv", "freeswitch-json")
_PAGES: Final = ("har", "vcr", "responses", "wiremock", "postman")

_WORLD_OPTIONS: Final = combine_options(
    click.option(
        "--calls",
        type=click.IntRange(0),
        default=200,
        show_default=True,
        metavar="N",
        help="How many calls, up to 10^13.",
    ),
    click.option("--seed", type=int, default=1, show_default=True, metavar="S", help="Which world."),
    traffic_options_beside_records,
    click.option("--dialect", metavar="FILE", help="Answers to open choices."),
)
_FILE_OPTIONS: Final = combine_options(
    click.option(
        "--format",
        "formats",
        metavar="FORMAT",
        multiple=True,
        help=f"native by default; of rows also {', '.join(_ROWS)}; of calls {', '.join(_CALLS)}; "
        f"of pages {', '.join(_PAGES)}.",
    ),
    click.option(
        "--csv-safe", is_flag=True, help="CSV: an apostrophe before cells that spreadsheets take for formulas."
    ),
    click.option("--parts", metavar="PART,...", help="What is written: rows, pages, invalid by default; edge."),
    click.option("--invalid", is_flag=True, help="Answers that each break one promise, besides the other parts."),
    click.option("--edge", is_flag=True, help="Valid and awkward answers, besides the other parts."),
    click.option(
        "--rows",
        "span",
        metavar="FROM:TO",
        help="Only the rows from one place of the list to another, counted from 0; TO is not among them.",
    ),
    click.option(
        "--shard-rows", type=click.IntRange(1), metavar="N", help="Files of N rows: rows-00000.ndjson and so on."
    ),
    click.option("--compress", metavar="zstd|gzip", help="Compress files of rows."),
    click.option(
        "--report", metavar="FILE.html", type=click.Path(), help="Show what the traffic is like as an HTML page, too."
    ),
    click.option("--out", metavar="DIR", help="Where the files go: a directory, or a URL that fsspec knows."),
    click.option("--stdout", "to_stdout", is_flag=True, help="Write the rows alone to standard output, for a pipe."),
)
_RUN_OPTIONS: Final = combine_options(
    click.option("--resume", is_flag=True, help="Go on from what an interrupted run has finished."),
    click.option(
        "--jobs", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help="Processes to use."
    ),
    click.option("--engine", metavar="local|dask", default="local", show_default=True, help="Where rows are made."),
    click.option(
        "--scheduler", metavar="ADDRESS", help="Dask's scheduler, tcp://HOST:PORT; else one on this machine."
    ),
    click.option("--quiet", is_flag=True, help="Say nothing unless something goes wrong."),
    click.option(
        "--verbose",
        is_flag=True,
        help="Say how busy the world is, and which columns are made row by row, and so slowly.",
    ),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """What is written, and where to."""

    formats: tuple[str, ...]
    parts: tuple[str, ...]
    span: tuple[int, int | None] | None
    shard_rows: int | None
    compress: str | None
    out: str | None
    to_stdout: bool


@final
class GenerateCommand(click.Command):
    """`generate`, which knows a part that was given as an option of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command line; `--pages` is told to be `--parts pages`."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as problem:
            part = problem.option_name.lstrip("-")
            if part in _PARTS:
                name, meant = problem.option_name, [f"--parts {part}"]
                raise click.NoSuchOption(name, possibilities=meant, ctx=ctx) from problem
            raise


@click.command(cls=GenerateCommand)
@click.argument("api", metavar="API", shell_complete=complete_api)
@_WORLD_OPTIONS
@_FILE_OPTIONS
@_RUN_OPTIONS
@RECORD_OPTIONS
@click.pass_obj
def generate(
    console: Console,
    /,
    api: str,
    calls: int,
    seed: int,
    dialect: str | None,
    formats: tuple[str, ...],
    csv_safe: bool,
    parts: str | None,
    invalid: bool,
    edge: bool,
    span: str | None,
    shard_rows: int | None,
    compress: str | None,
    out: str | None,
    to_stdout: bool,
    resume: bool,
    jobs: int,
    engine: str,
    scheduler: str | None,
    quiet: bool,
    verbose: bool,
    report: str | None,
    **values: Any,
) -> int:
    """Invent calls and write them as rows, as whole answers, and as answers that each break one promise.

    The same command gives the same bytes. Rows are made slice by slice, however many there are; pages and invalid
    answers are of the last 200 calls, edge cases (valid and
    awkward answers, where --edge or --parts asks for them) of a world of their own.
    """
    keep_freed_blocks()
    from harness.generate.row_engines import engine_of
    from harness.specification.load import load_spec
    from harness.world.traffic import BUSY_HOUR

    asked = _Files(
        formats=_safe_formats(formats or ("native",)) if csv_safe else formats or ("native",),
        parts=_parse_parts(parts, invalid=invalid, edge=edge),
        span=_parse_span(span),
        shard_rows=shard_rows,
        compress=compress,
        out=out,
        to_stdout=to_stdout,
    )
    where = engine_of(engine, scheduler=scheduler, jobs=jobs)
    _check_places(asked, resume=resume, engine=engine)
    spec = load_spec(api)
    choice, records = choice_beside_records(values)
    world = record_world_of(console, records)
    if world is None:
        world = make_chosen_world(choice, seed=seed, calls=calls, instant=BUSY_HOUR)
    if verbose and world.rates is not None:
        usual, last = world.rates
        tail = f", in the last hours of the world {last:,.6g}" if last != usual else ""
        console.write_message(f"calls a second in the busiest hour: {usual:,.6g}{tail}")
    if report is not None:
        write_traffic_report(Path(report), world)
    with _listener(console, quiet=quiet, verbose=verbose, to_stdout=to_stdout) as listener:
        if to_stdout:
            return _stream(console, asked, spec, world, dialect, jobs, listener)
        return _write(console, asked, spec, world, dialect, where, listener, resume=resume, quiet=quiet)


def _write(
    console: Console,
    asked: _Files,
    spec: Spec,
    world: World,
    dialect: str | None,
    engine: RowEngine,
    listener: FixtureListener,
    *,
    resume: bool,
    quiet: bool,
) -> int:
    from harness.cli.signals import Interrupted, interruptible
    from harness.generate.fixtures import write_fixtures

    try:
        with interruptible():
            written = write_fixtures(
                spec,
                world=world,
                out=asked.out or "",
                dialect=load_dialect_file(dialect, spec),
                formats=asked.formats,
                rows="rows" in asked.parts,
                pages="pages" in asked.parts,
                invalid="invalid" in asked.parts,
                edge="edge" in asked.parts,
                span=asked.span,
                shard_rows=asked.shard_rows,
                compression=asked.compress,
                engine=engine,
                resume=resume,
                listener=listener,
            )
    except Interrupted as interruption:
        return console.report_error("interrupted; the same command with --resume goes on", interruption.exit_code)
    if not quiet:
        console.write_result(
            f"{written.out}: {counted(len(written.files) + 1, 'file')}, {counted(written.rows, 'row')}, "
            f"{counted(written.pages, 'page')}, {counted(written.invalid, 'invalid answer')}"
            + (f", {counted(written.edge, 'edge case')}" if written.edge else "")
        )
    return 0


def _stream(
    console: Console,
    asked: _Files,
    spec: Spec,
    world: World,
    dialect: str | None,
    jobs: int,
    listener: FixtureListener,
) -> int:
    from harness.cli.signals import Interrupted, interruptible
    from harness.generate.fixtures import stream_rows

    try:
        with interruptible():
            stream_rows(
                spec,
                sys.stdout.buffer,
                world=world,
                dialect=load_dialect_file(dialect, spec),
                format_name=asked.formats[0],
                span=asked.span,
                compression=asked.compress,
                jobs=jobs,
                listener=listener,
            )
    except BrokenPipeError:
        # Whoever reads has enough.
        console.stdout_lost = True
    except OSError:
        console.stdout_lost = True
        raise
    except Interrupted as interruption:
        return console.report_error("interrupted", interruption.exit_code)
    return 0


@contextmanager
def _listener(console: Console, *, quiet: bool, verbose: bool, to_stdout: bool) -> Iterator[FixtureListener]:
    from harness.cli.progress import rate_progress
    from harness.generate.fixtures import FixtureListener

    # Rows that go to the terminal are not to be drawn over.
    hidden = quiet or (to_stdout and os.isatty(1))
    with rate_progress(unit="rows", hidden=hidden) as (set_total, add_rows):

        def start(total: int, fallbacks: Mapping[str, str]) -> None:
            set_total(total)
            if verbose:
                for name, reason in fallbacks.items():
                    console.write_message(f"{name} is made row by row: {reason}")
                if not fallbacks:
                    console.write_message("no column is made row by row")

        yield FixtureListener(starts=start, rows=add_rows)


# --- options ------------------------------------------------------------------------------------------------


def _safe_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """The formats with cells of CSV that no spreadsheet takes for formulas."""
    if not {"csv", "csv-safe"}.intersection(formats):
        raise UsageProblem("--csv-safe", "--format csv beside it", ", ".join(formats))
    return tuple("csv-safe" if name == "csv" else name for name in formats)


def _parse_parts(text: str | None, *, invalid: bool, edge: bool) -> tuple[str, ...]:
    names = _PARTS[:3] if text is None else tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in _PARTS:
            raise UsageProblem(
                f"--parts {text}", f"some of {', '.join(_PARTS)}", repr(name), suggest_word(name, _PARTS)
            )
    return (*names, *(["invalid"] if invalid else []), *(["edge"] if edge else []))


def _parse_span(text: str | None) -> tuple[int, int | None] | None:
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{0,18}):([0-9]{0,18})", text, re.ASCII)
    if found is None:
        raise UsageProblem("--rows", "FROM:TO, such as 0:1000, 1000: or :1000", repr(text))
    return int(found[1] or 0), int(found[2]) if found[2] else None


def _check_places(asked: _Files, *, resume: bool, engine: str) -> None:
    """Refuse a place, or what does not go with it, before anything is made."""
    if not asked.to_stdout:
        if asked.out is None:
            raise UsageProblem("--out", "a directory, or --stdout in its place", "neither")
        return
    for given, option in (
        (asked.out is not None, "--out"),
        (asked.shard_rows is not None, "--shard-rows"),
        (len(asked.formats) > 1, "several formats"),
        (resume, "--resume"),
        (engine != "local", "--engine dask"),
    ):
        if given:
            raise UsageProblem("--stdout", "one stream of rows alone", f"{option} beside it")
