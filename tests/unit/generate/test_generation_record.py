"""What an interrupted run leaves, and what the next one makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import UsageProblem
from harness.generate.fixtures import FixtureListener, WrittenFixtures, write_fixtures
from harness.generate.generation_record import RECORD_FILE, GenerationRecord, part_path
from harness.specification.load import load_spec
from harness.world import World

API = "ozeki/list-call-history"
ROWS = 40


class Stopped(BaseException):
    """What a signal raises: no fault."""


def stop_after(rows: int, problem: type[BaseException]) -> FixtureListener:
    count = 0

    def add(more: int) -> None:
        nonlocal count
        count += more
        if count >= rows:
            raise problem

    def start(total: int, fallbacks: Mapping[str, str]) -> None:
        assert total >= rows

    return FixtureListener(starts=start, rows=add)


def write(out: Path, *, seed: int = 3, listener: FixtureListener | None = None, **more: object) -> WrittenFixtures:
    if listener is not None:
        more["listener"] = listener
    made = World.of(seed=seed, calls=ROWS)
    chosen = {"pages": False, "invalid": False, "slice_rows": 5, **more}
    return write_fixtures(load_spec(API), world=made, out=out, **chosen)  # type: ignore[arg-type]


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    write(tmp_path / "whole")
    return contents(tmp_path / "whole")


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        write(out, listener=stop_after(20, Stopped))
    return out


def test_a_stopped_run_is_gone_on_with_to_the_same_bytes(stopped: Path, whole: dict[str, bytes]) -> None:
    assert sorted(contents(stopped)) == [RECORD_FILE, part_path(stopped, "rows.xml").name]
    told: list[int] = []
    write(stopped, resume=True, listener=FixtureListener(starts=lambda total, _: None, rows=told.append))
    assert contents(stopped) == whole
    assert sum(told) == ROWS


def test_pieces_that_were_changed_since_are_made_again(stopped: Path, whole: dict[str, bytes]) -> None:
    part = part_path(stopped, "rows.xml")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    write(stopped, resume=True)
    assert contents(stopped) == whole


@pytest.mark.parametrize("cut", [1, 7, 30, 80, 200])
def test_a_record_cut_anywhere_is_no_hindrance(cut: int, stopped: Path, whole: dict[str, bytes]) -> None:
    record = stopped / RECORD_FILE
    record.write_bytes(record.read_bytes()[:-cut])
    with pytest.raises(Stopped):
        write(stopped, resume=True, listener=stop_after(30, Stopped))
    write(stopped, resume=True)
    assert contents(stopped) == whole


def test_a_run_of_other_arguments_cannot_be_gone_on_with(stopped: Path) -> None:
    with pytest.raises(UsageProblem, match="--resume"):
        write(stopped, resume=True, seed=4)
    assert part_path(stopped, "rows.xml").exists()


def test_a_run_that_starts_anew_removes_what_was_left(stopped: Path, whole: dict[str, bytes]) -> None:
    (stopped / ".callharness-part-9-rows.csv").write_text("of a process that was killed")
    (stopped / ".mine").write_text("mine")
    write(stopped)
    assert contents(stopped) == {**whole, ".mine": b"mine"}


def test_whole_shards_are_kept_and_others_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(tmp_path / "whole", shard_rows=10)
    with pytest.raises(Stopped):
        write(out, shard_rows=10, listener=stop_after(25, Stopped))
    first, second = out / "rows-00000.xml", out / "rows-00001.xml"
    kept = first.stat().st_mtime_ns
    second.write_bytes(b"damaged")
    write(out, shard_rows=10, resume=True)
    assert first.stat().st_mtime_ns == kept
    assert contents(out) == contents(tmp_path / "whole")


def test_shards_of_an_unfinished_run_go_when_another_is_made(tmp_path: Path, whole: dict[str, bytes]) -> None:
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        write(out, shard_rows=10, listener=stop_after(25, Stopped))
    (out / "rows-00001.xml").write_bytes(b"changed by hand")
    write(out)
    assert contents(out) == {**whole, "rows-00001.xml": b"changed by hand"}


def test_a_fault_leaves_nothing_that_is_half_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "out", listener=stop_after(20, ZeroDivisionError))
    assert contents(tmp_path / "out") == {}


def test_a_second_run_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    record = GenerationRecord.open(tmp_path)
    with pytest.raises(UsageProblem, match="is being written to"):
        write(tmp_path)
    record.close(remove=True)
    write(tmp_path)


def test_a_forged_record_removes_nothing_outside(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "outside.txt").write_text("mine")
    lines = [{"plan": "p"}, {"file": "../outside.txt", "whole": True, "sha256": "x"}, {"file": 5}, ["list"]]
    (out / RECORD_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))
    write(out)
    assert (tmp_path / "outside.txt").read_text() == "mine"
