"""Files: what is written, that it is the same twice, and what is left alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from pathlib import Path

import polars
import pytest
from invented_spec import ACMEPBX

from harness.errors import UsageProblem
from harness.generate.fixtures import write_fixtures
from harness.output.atomic_files import FileNotWritten
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.wire.json_body import decode_json
from harness.wire.xml_body import decode_xml
from harness.world import World

APIS = spec_ids()
REPOSITORY = Path(__file__).resolve().parents[3]


def world(calls: int = 25, seed: int = 3) -> World:
    return World.of(seed=seed, calls=calls)


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("api", APIS)
def test_the_same_arguments_give_the_same_bytes(api: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_fixtures(load_spec(api), world=world(), out=tmp_path / name, formats=("native", "csv"))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("api", APIS)
def test_the_committed_fixtures_are_what_their_manifest_says(api: str, tmp_path: Path) -> None:
    committed = REPOSITORY / "fixtures" / api
    manifest = json.loads((committed / "manifest.json").read_text(encoding="utf-8"))
    made = World.of(seed=manifest["seed"], calls=manifest["calls"])
    assert "--parts rows,pages,invalid,edge" in manifest["command"]
    write_fixtures(load_spec(api), world=made, out=tmp_path, formats=manifest["formats"], edge=True)
    again, there = contents(tmp_path), contents(committed)
    assert sorted(again) == sorted(there)
    assert [name for name in again if again[name] != there[name]] == [], "see fixtures/README.md: make them again"


def test_the_manifest_tells_the_digest_of_each_file(tmp_path: Path) -> None:
    written = write_fixtures(load_spec("ozeki/list-call-history"), world=world(), out=tmp_path)
    told = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["files"]
    found = {name: hashlib.sha256(data).hexdigest() for name, data in contents(tmp_path).items()}
    del found["manifest.json"]
    assert told == found == dict(written.files)


def test_the_manifest_tells_how_to_make_the_files_again(tmp_path: Path) -> None:
    write_fixtures(load_spec("ozeki/list-call-history"), world=world(), out=tmp_path)
    told = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert told["command"] == "callharness generate ozeki/list-call-history --calls 25 --seed 3 --out DIR"


def test_another_seed_gives_other_calls(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_fixtures(load_spec("ozeki/list-call-history"), world=world(seed=seed), out=tmp_path / str(seed))
    assert (tmp_path / "1/rows.xml").read_bytes() != (tmp_path / "2/rows.xml").read_bytes()


def test_a_dialect_changes_the_pages(tmp_path: Path) -> None:
    spec = load_spec("ozeki/list-call-history")
    newest = Dialect({"order.direction": "descending"})
    write_fixtures(spec, world=world(), out=tmp_path / "a", invalid=False)
    write_fixtures(spec, world=world(), out=tmp_path / "b", dialect=newest, invalid=False)
    name = "pages/002-first-page.response.xml"
    assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes()


def test_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/mine.txt").write_text("mine")
    write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path)
    assert (tmp_path / "pages/mine.txt").read_text() == "mine"


def test_what_an_earlier_run_wrote_and_nobody_changed_goes(tmp_path: Path) -> None:
    spec = load_spec("ozeki/list-active-calls")
    write_fixtures(spec, world=world(), out=tmp_path)
    changed = tmp_path / "pages/001-whole-list.response.xml"
    changed.write_text("changed by hand")
    write_fixtures(spec, world=world(), out=tmp_path, pages=False)
    assert [path.name for path in (tmp_path / "pages").iterdir()] == [changed.name]


@pytest.mark.parametrize("entry", ["../outside.txt", "/etc/hostname", "rows.xml/../../outside.txt"])
def test_a_forged_manifest_cannot_remove_other_files(tmp_path: Path, entry: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    digest = hashlib.sha256(b"mine").hexdigest()
    (out / "manifest.json").write_text(json.dumps({"files": {entry: digest}}))
    write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=out)
    assert outside.read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[1", "[]", '{"files": 5}', '{"files": {"rows.xml": 1}}'])
def test_a_broken_manifest_does_not_stop_the_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["api"] == "ozeki/list-active-calls"


def test_a_file_in_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageProblem, match="a file"):
        write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path / "out")


def test_a_file_on_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageProblem, match="a file stands on the way"):
        write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path / "out/deeper")


def test_a_directory_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the answer of the system is made up.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageProblem, match="permission denied"):
        write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path)


def test_a_directory_where_a_file_belongs_is_told(tmp_path: Path) -> None:
    (tmp_path / "rows.xml").mkdir()
    with pytest.raises(FileNotWritten, match="it is a directory"):
        write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path)


def test_an_unknown_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="native, ndjson, csv, csv-safe, parquet"):
        write_fixtures(load_spec("ozeki/list-active-calls"), world=world(), out=tmp_path, formats=("excel",))


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("calls", [0, 1, 3])
def test_small_worlds_have_files_too(api: str, calls: int, tmp_path: Path) -> None:
    formats = ("native", "ndjson", "csv", "parquet")
    written = write_fixtures(load_spec(api), world=world(calls=calls), out=tmp_path, formats=formats)
    assert written.rows <= 3 * calls
    assert written.pages > 5


@pytest.mark.parametrize("api", APIS)
def test_every_format_holds_the_same_rows(api: str, tmp_path: Path) -> None:
    spec = load_spec(api)
    formats = ("native", "ndjson", "csv", "parquet")
    count = write_fixtures(spec, world=world(), out=tmp_path, formats=formats, pages=False, invalid=False).rows
    lines = (tmp_path / "rows.ndjson").read_bytes().splitlines()
    table = list(csv.reader(io.StringIO((tmp_path / "rows.csv").read_text(encoding="utf-8"), newline="")))
    assert len(lines) == len(table) - 1 == len(polars.read_parquet(tmp_path / "rows.parquet")) == count > 0
    assert all(not decode_json(line).problems for line in lines)
    if (tmp_path / "rows.xml").exists():
        lists = spec.listing.lists
        decoded = decode_xml(
            (tmp_path / "rows.xml").read_bytes(),
            root=lists.root or "",
            lists={lists.rows_at: lists.row_element or ""},
        )
        assert not decoded.problems


@pytest.mark.parametrize("api", APIS)
def test_every_fault_of_the_spec_has_an_answer(api: str, tmp_path: Path) -> None:
    spec = load_spec(api)
    write_fixtures(spec, world=world(calls=60), out=tmp_path, invalid=False)
    pages = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["pages"]
    assert {page["fault"] for page in pages if "fault" in page} == set(spec.listing.outcome.faults)


def test_files_of_a_spec_of_ones_own_do_not_hang_on_how_its_path_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_bytes(ACMEPBX.read_bytes())
    monkeypatch.chdir(tmp_path)
    digests = [
        write_fixtures(load_spec(typed), world=world(calls=5), out=tmp_path / f"out{number}").files
        for number, typed in enumerate(("mine.yaml", str(tmp_path / "mine.yaml")))
    ]
    assert digests[0] == digests[1]
    command = json.loads((tmp_path / "out1" / "manifest.json").read_text())["command"]
    assert command == "callharness generate mine.yaml --calls 5 --seed 3 --out DIR"
