"""Lines of real records: what is read of them, and what is told of those that tell no call."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import polars
import pytest

from harness.cli.recorded_traffic import read_recorded_traffic
from harness.errors import UsageProblem
from harness.traffic.call_columns import CallColumns
from harness.traffic.figures import shares_of
from harness.world.call_times import NEVER

# 2026-03-02 09:00:00 in Berlin, in milliseconds since 1970.
NINE = 1_772_438_400_000

ANSWERED = (
    '"","+12025550101","101","from-trunk","""Ann ""+""Ltd"" <+12025550101>","PJSIP/t-1","PJSIP/101-2","Dial","x",'
    '"2026-03-02 09:00:00","2026-03-02 09:00:05","2026-03-02 09:01:05",65,60,"ANSWERED","DOCUMENTATION"'
)
UNANSWERED = ANSWERED.replace("09:00:05", "").replace("ANSWERED", "NO ANSWER").replace("09:00:00", "09:00:30")
BUSY = ANSWERED.replace('"ANSWERED"', '"BUSY"').replace('"2026-03-02 09:01:05"', '""')


def read(folder: Path, kind: str, *lines: str, skip_bad: bool = False) -> CallColumns:
    path = folder / "records"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_recorded_traffic(path, kind=kind, zone=ZoneInfo("Europe/Berlin"), skip_bad=skip_bad).calls


def test_calls_of_an_asterisk_are_read(tmp_path: Path) -> None:
    unanswered = UNANSWERED.replace('"2026-03-02 "', '""')
    calls = read(tmp_path, "asterisk-csv", ANSWERED, "", unanswered, BUSY)
    assert calls.started.tolist() == [NINE, NINE, NINE + 30_000]
    assert calls.answered.tolist() == [NINE + 5000, NEVER, NEVER]
    # Without an end, it is the start and the duration.
    assert calls.ended.tolist() == [NINE + 65_000, NINE + 65_000, NINE + 65_000]
    assert calls.dispositions.tolist() == [0, 2, 1]
    # As `generate --from` takes them: from a number outside to an extension.
    assert calls.directions is not None
    assert calls.directions.tolist() == [0, 0, 0]
    assert calls.begins_session is None
    assert (calls.begin, calls.end) == (NINE, NINE + 3_600_000)


def test_calls_as_attributes_are_read(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        "ndjson",
        '{"started_at": "2026-03-02T08:00:00Z", "answered_at": "2026-03-02T08:00:04Z", "duration_seconds": 10.5,'
        ' "direction": "inbound", "recording_urls": ["x"], "session_id": 1, "outcome_state": "transferred"}',
        '{"started_at": "2026-03-02 09:00:09", "ended_at": "2026-03-02T08:00:30Z", "disposition": "cancelled",'
        ' "direction": "transit", "recording_urls": [], "session_id": 1, "outcome_state": "cancelled"}',
    )
    assert calls.started.tolist() == [NINE, NINE + 9000]
    assert calls.answered.tolist() == [NINE + 4000, NEVER]
    assert calls.ended.tolist() == [NINE + 10_500, NINE + 30_000]
    for values, expected in (
        (calls.dispositions, [0, 3]),
        (calls.directions, [0, 3]),
        (calls.recorded, [True, False]),
        (calls.transferred, [True, False]),
        (calls.begins_session, [True, False]),
    ):
        assert values is not None
        assert values.tolist() == expected


@pytest.mark.parametrize(
    ("kind", "line", "words"),
    [
        ("asterisk-csv", "a,b,c", "3 columns where 16 to 21 are due"),
        ("asterisk-csv", '"' + ANSWERED, "no line of CSV"),
        ("asterisk-csv", ANSWERED.replace("ANSWERED", "FINE"), "disposition is none of"),
        ("asterisk-csv", ANSWERED.replace("2026-03-02 09:00:00", "yesterday"), "start is no time"),
        ("asterisk-csv", ANSWERED.replace("09:01:05", "08:01:05"), "before that can be"),
        ("asterisk-csv", BUSY.replace(",65,", ",-65,"), "duration is no number"),
        ("ndjson", "{", "no JSON"),
        ("ndjson", "[]", "no JSON object"),
        ("ndjson", '{"ended_at": "2026-03-02T08:00:00Z"}', "started_at is missing"),
        ("ndjson", '{"started_at": "2026-03-02T08:00:00Z"}', "when it began or ended is missing"),
        ("ndjson", '{"started_at": "2026-03-02T08:00:00Z", "duration_seconds": 1, "disposition": "ok"}', "none of"),
        ("ndjson", '{"started_at": "0001-01-01T00:00:00Z", "duration_seconds": 1}', "started_at is no time"),
    ],
)
def test_a_line_that_tells_no_call_is_named_by_its_number(tmp_path: Path, kind: str, line: str, words: str) -> None:
    good = ANSWERED if kind == "asterisk-csv" else '{"started_at": "2026-03-02T08:00:00Z", "duration_seconds": 1}'
    with pytest.raises(UsageProblem) as caught:
        read(tmp_path, kind, good, "", line, good)
    assert "line 3: " in caught.value.actual
    assert words in caught.value.actual
    assert "2025550101" not in str(caught.value)
    assert len(read(tmp_path, kind, good, "", line, good, skip_bad=True)) == 2


def test_legs_of_one_call_are_one_session_also_the_first(tmp_path: Path) -> None:
    # uniqueid, userfield, peeraccount, linkedid.
    legs = [f'{ANSWERED},"1772438400.{leg}","","","1772438400.{call}"' for leg, call in ((1, 1), (2, 1), (3, 3))]
    calls = read(tmp_path, "asterisk-csv", *legs)
    assert calls.begins_session is not None
    assert calls.begins_session.tolist() == [True, False, True]


def test_calls_of_a_freeswitch_and_of_a_table_are_read(tmp_path: Path) -> None:
    times = {
        "created_time": "1772438400000000",
        "answered_time": "1772438405000000",
        "hangup_time": "1772438465000000",
    }
    profile = {"caller_id_number": "101", "destination_number": "+12025550101"}
    document = {"variables": {"uuid": "a"}, "callflow": [{"times": times, "caller_profile": profile}]}
    table = polars.DataFrame({"started_at": ["2026-03-02T08:00:00Z"], "answer_seconds": [5], "duration_seconds": [65],
                              "source": ["101"], "destination": ["+12025550101"]})  # fmt: skip
    (tmp_path / "cdr.json").write_text(json.dumps(document))
    table.write_parquet(tmp_path / "calls.parquet")
    for name, kind in (("cdr.json", "freeswitch-json"), ("calls.parquet", "parquet")):
        calls = read_recorded_traffic(tmp_path / name, kind=kind, zone=UTC).calls
        assert (calls.started.tolist(), calls.talk_seconds.tolist()) == ([NINE], [60.0])
        assert calls.directions is not None
        assert calls.directions.tolist() == [1]


def test_a_direction_that_is_not_known_leaves_the_others(tmp_path: Path) -> None:
    hidden = ANSWERED.replace('"","+12025550101"', '"",""')
    calls = read(tmp_path, "asterisk-csv", ANSWERED, hidden)
    assert calls.directions is not None
    assert calls.directions.tolist() == [0, -1]
    assert shares_of(calls.directions, 4) == (1.0, 0.0, 0.0, 0.0)


def test_a_file_without_calls_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="none that tells a call"):
        read(tmp_path, "ndjson", "{", skip_bad=True)
    with pytest.raises(UsageProblem, match="no such file"):
        read_recorded_traffic(tmp_path / "nothing", kind="ndjson", zone=UTC)
