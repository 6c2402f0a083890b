"""One row of a vast world: how long the world takes to open, and then any row alone, from the seed to its bytes.

python benchmarks/generate/one_row.py [--calls 1000000000000] [--rows 200] [--api API ...]

One process on one core; times of the clock and of the processor. The rows lie anywhere in the list.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import argparse
import random
import statistics
import time
from collections.abc import Callable

from harness.generate.row_slices import RowSlices
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec
from harness.world import World

APIS = (
    "ozeki/list-call-history",
    "etelecom/list-call-logs",
    "voximplant/get-call-history",
    "enswitch/calls-active-list",
)


def milliseconds(run: Callable[[], object]) -> tuple[float, float]:
    """What something takes by the clock, and of the processor."""
    begin, busy = time.perf_counter(), time.process_time()
    run()
    return 1000 * (time.perf_counter() - begin), 1000 * (time.process_time() - busy)


def main() -> None:
    """Prints the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=10**12)
    options.add_argument("--rows", type=int, default=200)
    options.add_argument("--api", action="append")
    chosen = options.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("| API | rows of the list | opened in ms | processor | one row in ms, median | most | processor | most |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for api in chosen.api or APIS:
        made: list[RowSlices] = []
        spec = load_spec(api)
        opened = milliseconds(
            lambda spec=spec, made=made: made.append(
                RowSlices.of(spec, World.of(seed=5, calls=chosen.calls), Dialect())
            )
        )
        (slices,) = made
        draws = random.Random(1)
        # The first one makes what all share.
        slices.encode("native", 0, 1)
        found = []
        for _ in range(chosen.rows):
            place = draws.randrange(len(slices))
            found.append(milliseconds(lambda place=place, slices=slices: slices.encode("native", place, place + 1)))
        clock, busy = zip(*found, strict=True)
        figures = (*opened, statistics.median(clock), max(clock), statistics.median(busy), max(busy))
        print(f"| {api} | {len(slices):,} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
