"""Rows a second on one core: ours, libraries for invented data, and polars writing the same columns.

python benchmarks/generate/run.py [--rows 100000] [--rounds 5] [--api API ...]

All run in one process that keeps to one core, in turns: each round asks everybody once. The times are those that the
processor spent on this process, so that others on the machine count for less; the table has medians.
"""

from __future__ import annotations

import os

from harness.cli.process_memory import keep_freed_blocks

os.environ["POLARS_MAX_THREADS"] = "1"
if __name__ == "__main__":
    # As `generate` does, before polars is there.
    keep_freed_blocks()

import argparse
import io
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import polars as pl
from row_libraries import faker_rows, mimesis_rows, polyfactory_rows

from harness.generate.formats.parquet import COMPRESSION_LEVEL
from harness.generate.row_slices import RowSlices
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.world import World

APIS = (
    "ozeki/list-call-history",
    "enswitch/calls-active-list",
    "etelecom/list-call-logs",
    "voximplant/get-call-history",
    "asterisk-cdr-api/list-calls",
    "plivo/list-calls",
    "telnyx/list-detail-records",
    "twilio/list-calls",
)
LIBRARIES = {"Faker": (faker_rows, 1000), "Mimesis": (mimesis_rows, 5000), "Polyfactory": (polyfactory_rows, 1000)}


def slices_of(api: str, rows: int) -> RowSlices:
    """More rows than are asked for; of a list of live calls a world in which as many are in progress."""
    live = "active" in api or "live" in api
    world = World.of(seed=5, calls=rows * 3, concurrent=rows * 0.7) if live else World.of(seed=5, calls=rows * 2)
    return RowSlices.of(load_spec(api), world, Dialect())


def native(slices: RowSlices, rows: int) -> int:
    """Rows in the API's own format."""
    return sum(len(block) for block in slices.blocks("native", 0, rows))


def parquet(slices: RowSlices, rows: int) -> int:
    """Rows as a Parquet file."""
    target = io.BytesIO()
    slices.table(0, rows).write_parquet(
        target, compression="zstd", compression_level=COMPRESSION_LEVEL, statistics=False
    )
    return target.tell()


def polars_json(frame: pl.DataFrame) -> int:
    """Columns that are there already, as lines of JSON: what is left when nothing has to be made."""
    target = io.BytesIO()
    frame.write_ndjson(target)
    return target.tell()


def measure(contenders: dict[str, tuple[int, Callable[[], object]]], rounds: int) -> dict[str, float]:
    """Rows a second of processor time, the median of all rounds."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _, run in contenders.values():
        run()
    for _ in range(rounds):
        for name, (_, run) in contenders.items():
            begin = time.process_time()
            run()
            times[name].append(time.process_time() - begin)
    return {name: contenders[name][0] / statistics.median(found) for name, found in times.items()}


def main() -> None:
    """Prints the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--api", action="append")
    chosen = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    contenders: dict[str, tuple[int, Callable[[], object]]] = {}
    for api in chosen.api or APIS:
        slices = slices_of(api, chosen.rows)
        rows = min(len(slices), chosen.rows)
        frame = pl.read_ndjson(slices.encode("ndjson", 0, rows), infer_schema_length=None)
        contenders[f"{api} native"] = (rows, lambda slices=slices, rows=rows: native(slices, rows))
        contenders[f"{api} parquet"] = (rows, lambda slices=slices, rows=rows: parquet(slices, rows))
        contenders[f"{api} polars"] = (rows, lambda frame=frame: polars_json(frame))
    for name, (maker, rows) in LIBRARIES.items():
        make = maker()
        contenders[name] = (rows, lambda make=make, rows=rows: make(rows))
    found = measure(contenders, chosen.rounds)
    print(
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("polars", "numpy", "faker", "mimesis", "polyfactory"))
    )
    print(
        "\n| API | native rows/s | Parquet rows/s | polars alone rows/s | of polars | "
        + " | ".join(f"times {name}" for name in LIBRARIES)
        + " |"
    )
    print("|---|---:|---:|---:|---:|" + "---:|" * len(LIBRARIES))
    for api in chosen.api or APIS:
        ours, table, limit = (found[f"{api} {what}"] for what in ("native", "parquet", "polars"))
        times = " | ".join(f"{ours / found[name]:,.0f}" for name in LIBRARIES)
        print(f"| {api} | {ours:,.0f} | {table:,.0f} | {limit:,.0f} | {ours / limit:.2f} | {times} |")
    print("\n| library | rows/s |\n|---|---:|")
    for name in LIBRARIES:
        print(f"| {name} | {found[name]:,.0f} |")


if __name__ == "__main__":
    main()
