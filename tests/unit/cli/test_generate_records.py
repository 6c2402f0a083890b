"""`generate --from`: options that go together, keys that are not shown, nothing written where something is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.cli.main import main

API = "asterisk-cdr-api/list-calls"
GOOD = (
    '"","+61255501234","101","in","""Jane"" <+61255501234>","PJSIP/c-0000001a","","","","2026-03-02 14:30:00",'
    '"2026-03-02 14:30:07","2026-03-02 14:32:00",120,113,"ANSWERED","DOCUMENTATION"\n'
)
SHOWN = {"calls": "2", "asr": "50.0 %", "acd": "113.0 s", "direction-inbound": "100.0 %", "transferred": "-"}
SECRET = "Kn0wn-canary-of-a-key"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Master.csv").write_text(GOOD)
    (tmp_path / "key").write_text(SECRET + "\n")
    return tmp_path


def generate(folder: Path, *options: str, file: str = "Master.csv", out: str = "out") -> int:
    where = ("--from", str(folder / file), "--out", str(folder / out))
    return main(["generate", API, *where, *options])


def test_calls_of_records_are_written_and_the_key_is_shown_nowhere(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(folder, "--as", "asterisk-csv", "--key-file", str(folder / "key")) == 0
    told = capsys.readouterr()
    assert ", 1 row, " in told.out
    assert told.err == ""
    written = b"".join(file.read_bytes() for file in (folder / "out").rglob("*") if file.is_file())
    assert SECRET.encode() not in written
    assert b"61255501234" not in written


def test_the_manifest_says_why_no_command_makes_the_calls_again(folder: Path) -> None:
    assert generate(folder, "--as", "asterisk-csv", "--key-file", str(folder / "key")) == 0
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert manifest["command"] is None
    assert manifest["why_no_command"].startswith("its calls were given")
    assert len(manifest["world_id"]) == 16


def test_a_report_shows_what_the_traffic_of_the_records_is_like(folder: Path) -> None:
    # Answered after 7 seconds and 113 seconds long; cut off before an answer.
    unanswered = GOOD.replace('"2026-03-02 14:30:07"', '""').replace("120,113", "120,0")
    (folder / "Master.csv").write_text(GOOD + unanswered.replace("ANSWERED", "NO ANSWER"))
    assert generate(folder, "--as", "asterisk-csv", "--report", str(folder / "traffic.html")) == 0
    page = (folder / "traffic.html").read_text()
    shown = {key: re.findall(rf'<tr id="{key}">.*?<td class="number">(.*?)</td>', page) for key in SHOWN}
    assert shown == {key: [value] for key, value in SHOWN.items()}
    assert "There is no profile to hold these figures against." in page
    assert "61255501234" not in page


def test_without_a_key_one_is_made_and_not_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out in ("one", "two"):
        assert generate(folder, "--as", "asterisk-csv", out=out) == 0
        assert "a key made for this run, which is not kept" in capsys.readouterr().err
    assert (folder / "one/rows.ndjson").read_bytes() != (folder / "two/rows.ndjson").read_bytes()


def test_a_bad_line_stops_it_with_its_number_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "Master.csv").write_text(GOOD + GOOD.replace("ANSWERED", "Jane won"))
    assert generate(folder, "--as", "asterisk-csv") == 2
    told = capsys.readouterr().err
    assert f"{folder / 'Master.csv'}:2: disposition is none of ANSWERED" in told
    assert "Jane" not in told
    assert not (folder / "out").exists()
    assert generate(folder, "--as", "asterisk-csv", "--skip-bad") == 0
    assert "1 records that tell no call were left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "expected  --as with it: asterisk-csv, freeswitch-json, ndjson, parquet"),
        (("--as", "asterisk-csv", "--calls", "5"), "actual    --calls, which invents calls"),
        (("--as", "asterisk-csv", "--zone", "Mars/Base"), "expected  a zone such as Europe/Berlin"),
        (("--as", "asterisk-csv", "--key-file", "no-such-file"), "actual    no such file or directory"),
    ],
)
def test_options_that_do_not_go_together_stop_it(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    assert generate(folder, *options) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_a_key_that_is_too_short_is_refused_and_not_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "key").write_text("s3cret\n")
    assert generate(folder, "--as", "asterisk-csv", "--key-file", str(folder / "key")) == 2
    told = capsys.readouterr().err
    assert "actual    6 bytes" in told
    assert "s3cret" not in told


def test_options_of_records_need_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", API, "--skip-bad", "--out", str(folder / "out")]) == 2
    assert "expected  --from FILE with it" in capsys.readouterr().err
