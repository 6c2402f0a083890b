"""Several processes, or a cluster: the bytes are those of one process."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from harness.errors import ExtraNotInstalled, UsageProblem
from harness.generate.fixtures import FixtureListener, write_fixtures
from harness.generate.row_engines import DaskEngine, LocalEngine, engine_of
from harness.generate.row_workers import WorkerLost
from harness.specification.load import load_spec
from harness.world import World

API = "ozeki/list-call-history"


def write(out: Path | str, *, calls: int = 60, **more: object) -> None:
    made = World.of(seed=3, calls=calls)
    write_fixtures(load_spec(API), world=made, out=out, pages=False, invalid=False, **more)  # type: ignore[arg-type]


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_processes_make_the_bytes_of_one(tmp_path: Path) -> None:
    for name, more in (("single", {"slice_rows": 7}), ("shards", {"shard_rows": 9, "formats": ("csv", "parquet")})):
        write(tmp_path / name, **more)
        write(tmp_path / f"{name}-jobs", engine=LocalEngine(jobs=2), **more)
        assert contents(tmp_path / name) == contents(tmp_path / f"{name}-jobs")


def test_a_process_that_is_killed_is_told_and_what_it_left_is_removed(tmp_path: Path) -> None:
    import multiprocessing

    def kill(rows: int) -> None:
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)

    listener = FixtureListener(starts=lambda total, _: None, rows=kill)
    with pytest.raises(WorkerLost, match="--resume goes on"):
        write(tmp_path / "out", slice_rows=3, engine=LocalEngine(jobs=2), listener=listener)
    assert contents(tmp_path / "out") == {}


def test_an_unknown_engine_and_a_scheduler_without_one_are_refused() -> None:
    with pytest.raises(UsageProblem, match="one of local, dask"):
        engine_of("spark", scheduler=None, jobs=1)
    with pytest.raises(UsageProblem, match="--engine dask beside it"):
        engine_of("local", scheduler="tcp://127.0.0.1:1", jobs=1)
    assert engine_of("dask", scheduler=None, jobs=3) == DaskEngine(workers=3)


def test_a_cluster_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "harness.generate.dask_rows", raising=False)
    with pytest.raises(ExtraNotInstalled, match=r"pip install 'callharness\[dask\]'"):
        write(tmp_path / "out", engine=DaskEngine())
    assert contents(tmp_path / "out") == {}
