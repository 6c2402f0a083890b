"""Which rows stand in which file, and what a file's pieces are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars
import pytest

from harness.errors import UsageProblem
from harness.generate.compression import COMPRESSIONS
from harness.generate.fixtures import write_fixtures
from harness.generate.formats import FORMATS
from harness.generate.row_files import RowChoices, row_files_of, slice_rows_of
from harness.specification.load import load_spec
from harness.world import World

LOGS = "etelecom/list-call-logs"
HISTORY = "ozeki/list-call-history"


def world(calls: int = 40) -> World:
    return World.of(seed=3, calls=calls)


def rows_only(api: str, out: Path, **more: object) -> Path:
    write_fixtures(load_spec(api), world=world(), out=out, pages=False, invalid=False, **more)  # type: ignore[arg-type]
    return out


def named(choices: RowChoices, total: int) -> list[tuple[str, int, int]]:
    return [(file.name, file.first, file.last) for file in row_files_of(load_spec(HISTORY), choices, total)]


def test_rows_are_shared_out_by_their_places_in_the_whole_list() -> None:
    formats = (FORMATS["csv"],)
    assert [one for one in named(RowChoices(formats=formats, shard_rows=10), 25) if "rows" in one[0]] == [
        ("rows-00000.csv", 0, 10),
        ("rows-00001.csv", 10, 20),
        ("rows-00002.csv", 20, 25),
    ]
    part = RowChoices(formats=formats, shard_rows=10, rows=(12, 21))
    assert [one for one in named(part, 25) if "rows" in one[0]] == [
        ("rows-00001.csv", 12, 20),
        ("rows-00002.csv", 20, 21),
    ]


def test_a_list_without_rows_has_a_file_all_the_same() -> None:
    assert named(RowChoices(shard_rows=10), 0) == [("rows-00000.xml", 0, 0)]


@pytest.mark.parametrize(("rows", "asked"), [((5, 11), "5:11"), ((11, None), "11:"), ((4, 3), "4:3")])
def test_rows_that_there_are_not_are_refused(rows: tuple[int, int | None], asked: str) -> None:
    with pytest.raises(UsageProblem, match=f"--rows {asked}\n.*<= 10, the number of rows"):
        named(RowChoices(rows=rows), 10)


def test_shards_one_after_another_are_the_whole_file(tmp_path: Path) -> None:
    whole = rows_only(LOGS, tmp_path / "whole")
    shards = rows_only(LOGS, tmp_path / "shards", shard_rows=7)
    names = sorted(path.name for path in shards.glob("rows-*"))
    assert names[:2] == ["rows-00000.ndjson", "rows-00001.ndjson"]
    assert b"".join((shards / name).read_bytes() for name in names) == (whole / "rows.ndjson").read_bytes()


def test_some_rows_alone_are_those_of_the_whole_file(tmp_path: Path) -> None:
    lines = (rows_only(LOGS, tmp_path / "whole") / "rows.ndjson").read_bytes().splitlines()
    some = rows_only(LOGS, tmp_path / "some", span=(5, 17))
    assert (some / "rows.ndjson").read_bytes().splitlines() == lines[5:17]
    rest = rows_only(LOGS, tmp_path / "rest", span=(len(lines) - 3, None))
    assert (rest / "rows.ndjson").read_bytes().splitlines() == lines[-3:]


def test_parts_made_apart_are_the_shards_of_one_run(tmp_path: Path) -> None:
    whole = rows_only(HISTORY, tmp_path / "whole", shard_rows=10)
    for number, span in enumerate([(0, 20), (20, None)]):
        part = rows_only(HISTORY, tmp_path / f"part{number}", shard_rows=10, span=span)
        for path in part.glob("*-0*"):
            assert path.read_bytes() == (whole / path.name).read_bytes()


def test_the_manifest_tells_the_rows_and_the_digest_of_each_shard(tmp_path: Path) -> None:
    out = rows_only(HISTORY, tmp_path / "out", shard_rows=30)
    manifest = json.loads((out / "manifest.json").read_text())
    rows = [one for one in manifest["row_files"] if one["format"] == "native"]
    assert [(one["file"], one["rows"]) for one in rows] == [
        ("rows-00000.xml", [0, 30]),
        ("rows-00001.xml", [30, 40]),
    ]
    assert rows[0]["sha256"] == manifest["files"]["rows-00000.xml"]
    assert rows[0]["bytes"] == (out / "rows-00000.xml").stat().st_size
    assert manifest["command"].endswith("--parts rows --shard-rows 30 --out DIR")
    assert len(manifest["world_id"]) == 16


@pytest.mark.parametrize(
    ("api", "rows"), [(HISTORY, 32_768), ("twilio/list-calls", 16_384), ("voximplant/get-call-history", 8192)]
)
def test_fewer_rows_are_made_at_a_time_the_wider_they_are(api: str, rows: int) -> None:
    assert slice_rows_of(load_spec(api).listing) == rows


def test_every_manifest_tells_which_world_it_is_of(tmp_path: Path) -> None:
    plain, shards = rows_only(HISTORY, tmp_path / "plain"), rows_only(LOGS, tmp_path / "shards", shard_rows=30)
    ids = [json.loads((out / "manifest.json").read_text())["world_id"] for out in (plain, shards)]
    assert ids[0] == ids[1]


def test_how_many_rows_are_made_at_a_time_changes_no_byte(tmp_path: Path) -> None:
    formats = ("native", "csv", "parquet")
    few = rows_only(HISTORY, tmp_path / "few", slice_rows=3, formats=formats)
    many = rows_only(HISTORY, tmp_path / "many", formats=formats)
    for name in ("rows.xml", "rows.csv", "hidden.ndjson"):
        assert (few / name).exists() == (many / name).exists()
        assert not (few / name).exists() or (few / name).read_bytes() == (many / name).read_bytes()
    tables = [polars.read_parquet(place / "rows.parquet") for place in (few, many)]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_rows_are_the_same_rows_for_every_reader(name: str, tmp_path: Path) -> None:
    plain = rows_only(LOGS, tmp_path / "plain") / "rows.ndjson"
    small = rows_only(LOGS, tmp_path / "small", compression=name, slice_rows=9)
    again = rows_only(LOGS, tmp_path / "again", compression=name, slice_rows=9)
    path = small / f"rows.ndjson.{COMPRESSIONS[name].file_extension}"
    assert path.read_bytes() == (again / path.name).read_bytes()
    # Polars reads both, and files of several frames.
    assert polars.read_ndjson(path).equals(polars.read_ndjson(plain))


def test_a_gzip_file_holds_no_time_and_no_system(tmp_path: Path) -> None:
    data = COMPRESSIONS["gzip"].compress(b"rows\n")
    assert data[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
    assert gzip.decompress(data + COMPRESSIONS["gzip"].compress(b"more\n")) == b"rows\nmore\n"


def test_a_format_that_is_written_as_it_is_cannot_be_compressed(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="--compress zstd"):
        rows_only(LOGS, tmp_path, formats=("parquet",), compression="zstd")
    with pytest.raises(UsageProblem, match="one of zstd, gzip"):
        rows_only(LOGS, tmp_path, compression="lzma")
    assert list(tmp_path.iterdir()) == []
