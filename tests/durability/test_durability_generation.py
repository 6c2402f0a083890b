"""However a generation ends, no file is torn: kills at random moments, full disks, readers that go away."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from harness.cli.main import main
from harness.generate.generation_record import RECORD_FILE
from tests.durability.installed import COMMAND, environment, in_shell

API: Final = "ozeki/list-call-history"
CALLS: Final = 300

# A run that kills itself at some moment: when so many rows are written, or as a file is about to take its place.
KILLED_RUN: Final = """
import os, signal, sys
from harness.generate.fixtures import FixtureListener, write_fixtures
from harness.output import atomic_files
from harness.specification.load import load_spec
from harness.world import World

out, rows, moves, shard_rows, resume = sys.argv[1], *map(int, sys.argv[2:6])
count = {"rows": 0, "moves": 0}

def end():
    os.kill(os.getpid(), signal.SIGKILL)

def add(more):
    count["rows"] += more
    if count["rows"] >= rows > 0:
        end()

replace = os.replace

def move(source, target):
    count["moves"] += 1
    if count["moves"] == moves:
        end()
    replace(source, target)
    if count["moves"] == -moves:
        end()

os.replace = move
write_fixtures(
    load_spec("ozeki/list-call-history"), world=World.of(seed=3, calls=300), out=out, formats=("native", "csv"),
    slice_rows=20, shard_rows=shard_rows or None, resume=bool(resume), pages=False, invalid=False,
    listener=FixtureListener(starts=lambda total, fallbacks: None, rows=add),
)
"""


def run(out: Path, *, rows: int = 0, moves: int = 0, shard_rows: int = 0, resume: bool = False) -> int:
    words = [str(out), str(rows), str(moves), str(shard_rows), str(int(resume))]
    return subprocess.run([sys.executable, "-c", KILLED_RUN, *words], timeout=60, check=False).returncode


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def seen(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(out).items() if not name.rpartition("/")[2].startswith(".")}


@pytest.mark.parametrize("shard_rows", [0, 70])
def test_kills_at_random_moments_tear_no_file_and_the_resumed_result_is_the_same(
    shard_rows: int, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run(whole, shard_rows=shard_rows) == 0
    expected = contents(whole)
    chance = random.Random(shard_rows)
    # Resumed rows count from the first one, so that each kill comes later than the one before.
    for number, rows in enumerate(sorted(chance.sample(range(40, 560), 2))):
        assert run(out, rows=rows, shard_rows=shard_rows, resume=number > 0) == -signal.SIGKILL
        assert seen(out).items() <= expected.items()
    assert run(out, moves=chance.choice([1, -1]), shard_rows=shard_rows, resume=True) == -signal.SIGKILL
    assert seen(out).items() <= expected.items()
    assert run(out, shard_rows=shard_rows, resume=True) == 0
    assert contents(out) == expected


def test_what_a_kill_left_is_removed_by_a_run_that_starts_anew(tmp_path: Path) -> None:
    assert run(tmp_path / "whole") == 0
    assert run(tmp_path / "out", rows=150) == -signal.SIGKILL
    assert any(name.startswith(".callharness-part-") for name in contents(tmp_path / "out"))
    assert run(tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def command(*words: str, place: Path, largest_file: int | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [COMMAND, "generate", API, "--calls", str(CALLS), "--parts", "rows", *words],
        capture_output=True, text=True, cwd=place, env=environment(place), preexec_fn=limit, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["native", "parquet"])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    done = command("--format", name, "--out", "out", place=tmp_path, largest_file=4096)
    assert done.returncode == 3
    assert done.stdout == ""
    ending = "xml" if name == "native" else name
    assert done.stderr == f"callharness: out/rows.{ending}: not written, file too large\n"
    assert contents(tmp_path / "out") == {}


def test_whole_shards_outlive_a_full_disk(tmp_path: Path) -> None:
    done = command("--shard-rows", "100", "--format", "native", "--out", "out", place=tmp_path)
    assert done.returncode == 0
    size = (tmp_path / "out" / "rows-00000.xml").stat().st_size
    limited = command("--shard-rows", "100", "--out", "again", place=tmp_path, largest_file=size)
    assert (limited.returncode, limited.stderr.count("\n")) == (3, 1)
    assert RECORD_FILE in contents(tmp_path / "again")
    assert not [name for name in contents(tmp_path / "again") if "part" in name]
    assert command("--shard-rows", "100", "--out", "again", "--resume", place=tmp_path).returncode == 0
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


def test_an_interruption_says_how_to_go_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "generate", API, "--calls", "200000", "--parts", "rows", "--shard-rows", "50", "--out", "out"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(tmp_path),
    )  # fmt: skip
    while not (tmp_path / "out" / "rows-00003.xml").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (143, "")
    assert err == "callharness: interrupted; the same command with --resume goes on\n"
    assert RECORD_FILE in contents(tmp_path / "out")


# --- pipes --------------------------------------------------------------------------------------------------


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    found = in_shell(
        f"set -o pipefail; callharness generate {API} --calls 3000 --format csv --stdout | head -n 1", tmp_path
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("StartTime,Direction,")


def test_a_pipe_gets_the_bytes_of_the_file_and_nothing_else(tmp_path: Path) -> None:
    command("--format", "ndjson", "--rows", "10:20", "--out", "out", "--quiet", place=tmp_path)
    piped = command("--format", "ndjson", "--rows", "10:20", "--stdout", place=tmp_path)
    assert piped.stdout == (tmp_path / "out" / "rows.ndjson").read_text(encoding="utf-8")
    assert (piped.returncode, piped.stderr, piped.stdout.count("\n")) == (0, "", 10)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "out", "--format", "ndjsn"], "did you mean ndjson?"),
        (["--out", "out", "--rows", "5"], "FROM:TO, such as 0:1000, 1000: or :1000"),
        (["--out", "out", "--rows", "200:400"], "FROM:TO with FROM <= TO <= 300, the number of rows"),
        (["--out", "out", "--parts", "rows,page"], "did you mean pages?"),
        (["--out", "out", "--compress", "lzma"], "one of zstd, gzip"),
        (["--out", "/proc/nothing"], "a directory that can be made"),
        (["--stdout", "--format", "parquet"], "a format that can be piped"),
        (["--stdout", "--resume"], "one stream of rows alone"),
        ([], "a directory, or --stdout in its place"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate", API, "--calls", str(CALLS), *words]) == 2
    out, err = capsys.readouterr()
    assert (out, list(tmp_path.iterdir())) == ("", [])
    assert told.lower() in err.lower()
