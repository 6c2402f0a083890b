"""A cluster of two workers, one of which is killed in the middle: the bytes are those of one process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra callharness[dask] is not installed")

from distributed import Client, LocalCluster

from harness.errors import UsageProblem
from harness.generate import dask_rows
from harness.generate.fixtures import FixtureListener, write_fixtures
from harness.generate.row_engines import DaskEngine, LocalEngine, RowEngine
from harness.specification.load import load_spec
from harness.world import World

API = "ozeki/list-call-history"


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=0, dashboard_address=None, silence_logs=50
    ) as made:
        yield made


def write(out: Path | str, engine: RowEngine = LocalEngine(), told: list[int] | None = None) -> dict[str, str]:  # noqa: B008
    spec, world = load_spec(API), World.of(seed=3, calls=120)
    heard = told if told is not None else []
    listener = FixtureListener(starts=lambda total, _: None, rows=heard.append)
    made = {"shard_rows": 5, "pages": False, "invalid": False, "engine": engine, "listener": listener}
    return dict(write_fixtures(spec, world=world, out=out, **made).files)  # type: ignore[arg-type]


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_worker_that_is_killed_in_the_middle_changes_no_byte(cluster: LocalCluster, tmp_path: Path) -> None:
    write(tmp_path / "one")

    class KillingList(list[int]):
        """Hears of finished rows, and kills a worker when the first are."""

        def append(self, rows: int) -> None:
            if not self:
                with Client(cluster, set_as_default=False) as client:
                    (victim, *_) = client.run(os.getpid).values()
                    os.kill(victim, signal.SIGKILL)
            super().append(rows)

    told = KillingList()
    write(tmp_path / "cluster", DaskEngine(scheduler=cluster.scheduler_address), told)
    assert sum(told) == 120
    assert contents(tmp_path / "cluster") == contents(tmp_path / "one")


def test_a_url_takes_the_same_files(cluster: LocalCluster, tmp_path: Path) -> None:
    digests = write(tmp_path / "one")
    place = tmp_path / "by-url"
    assert write(f"file://{place}", DaskEngine(scheduler=cluster.scheduler_address)) == digests
    assert contents(place) == contents(tmp_path / "one")


def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_rows, "_CONNECT_SECONDS", 1)
    with pytest.raises(UsageProblem, match=r"--scheduler tcp://127\.0\.0\.1:1\n"):
        write(tmp_path / "out", DaskEngine(scheduler="tcp://127.0.0.1:1"))
    assert contents(tmp_path / "out") == {}
