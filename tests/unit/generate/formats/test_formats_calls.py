"""Call records as telephone systems write them: the calls of the world, field by field."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from format_files import call_file

from harness.generate.fixtures import write_fixtures
from harness.generate.records.record_world import read_record_world
from harness.specification.load import load_spec
from harness.telephony.attributes import Grain
from harness.telephony.enums import Direction, Disposition
from harness.telephony.records import Record, call_record
from harness.world import World
from harness.world.listed_calls import ListedCalls

COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield"),
)


def at(minute: int, second: int, millis: int = 0) -> datetime:
    return datetime(2026, 3, 11, 9, minute, second, millis * 1000, tzinfo=UTC)


def answered() -> Record:
    return call_record(
        call_id=5_000_000_001,
        started_at=at(0, 0, 900),
        ringing_at=at(0, 2, 500),
        answered_at=at(0, 10, 100),
        ended_at=at(1, 10, 50),
        direction=Direction.INBOUND.value,
        source="+442079460911",
        destination="101",
        dialed="+442079460912",
        caller_name='Ann "A" O\'Hara, Ltd',
        account_code="acc-1200",
        source_channel="PJSIP/trunk-a-00000001",
        destination_channel="PJSIP/101-00000002",
        custom_data="vip",
    )


def unanswered(disposition: Disposition = Disposition.BUSY) -> Record:
    return call_record(
        call_id=5_000_000_002,
        started_at=at(5, 0),
        ended_at=at(5, 7),
        disposition=disposition,
        source="102",
        destination="+15155550110",
        source_channel="SIP/102-00000003",
    )


def world(*calls: Record) -> World:
    return World.from_records(calls or (answered(), unanswered()))


def asterisk(*calls: Record) -> list[dict[str, str]]:
    lines = csv.reader(io.StringIO(call_file("asterisk-csv", world(*calls)).decode(), newline=""))
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def freeswitch(*calls: Record) -> list[dict[str, Any]]:
    return [json.loads(line) for line in call_file("freeswitch-json", world(*calls)).splitlines()]


# --- Asterisk -----------------------------------------------------------------------------------------------


def test_a_line_of_master_csv_has_the_documented_columns() -> None:
    assert asterisk()[0] == {
        "accountcode": "acc-1200",
        "src": "+442079460911",
        "dst": "+442079460912",
        "dcontext": "from-trunk",
        "clid": '"Ann "A" O\'Hara, Ltd" <+442079460911>',
        "channel": "PJSIP/trunk-a-00000001",
        "dstchannel": "PJSIP/101-00000002",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101,60,tT",
        "start": "2026-03-11 09:00:00",
        "answer": "2026-03-11 09:00:10",
        "end": "2026-03-11 09:01:10",
        "duration": "70",
        "billsec": "60",
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": "1773219600.00000001",
        "userfield": "vip",
    }


def test_numbers_and_instants_that_there_are_not_stand_without_quotes() -> None:
    line = call_file("asterisk-csv", world(unanswered())).decode()
    assert line.split('"2026-03-11 09:05:00"')[1].startswith(',,"2026-03-11 09:05:07",7,0,"BUSY"')
    assert line.startswith('"","102","+15155550110","from-internal","102",')


@pytest.mark.parametrize(
    ("disposition", "word"),
    [
        (Disposition.NO_ANSWER, "NO ANSWER"),
        (Disposition.CANCELLED, "NO ANSWER"),
        (Disposition.BUSY, "BUSY"),
        (Disposition.FAILED, "FAILED"),
    ],
)
def test_a_disposition_is_one_of_asterisks_words(disposition: Disposition, word: str) -> None:
    assert asterisk(unanswered(disposition))[0]["disposition"] == word


def test_a_call_that_has_not_ended_has_no_record() -> None:
    live = call_record(call_id=7, started_at=at(0, 0), source="101")
    assert call_file("asterisk-csv", world(live)) == call_file("freeswitch-json", world(live)) == b""


# --- FreeSWITCH ---------------------------------------------------------------------------------------------


def test_a_document_tells_times_in_seconds_microseconds_and_as_text() -> None:
    told = freeswitch()[0]["variables"]
    assert {name: told[name] for name in told if name.startswith(("start_", "answer_", "end_"))} == {
        "start_stamp": "2026-03-11 09:00:00",
        "answer_stamp": "2026-03-11 09:00:10",
        "end_stamp": "2026-03-11 09:01:10",
        "start_epoch": "1773219600",
        "start_uepoch": "1773219600900000",
        "answer_epoch": "1773219610",
        "answer_uepoch": "1773219610100000",
        "end_epoch": "1773219670",
        "end_uepoch": "1773219670050000",
    }


def test_durations_are_those_between_the_epochs() -> None:
    told = freeswitch()[0]["variables"]
    assert (told["duration"], told["billsec"], told["progresssec"], told["answersec"]) == ("70", "60", "2", "10")
    # From 0.9 s to 70.05 s; from 10.1 s on.
    assert (told["mduration"], told["billmsec"], told["uduration"]) == ("69150", "59950", "69150000")


def test_the_call_flow_tells_who_called_whom_and_when() -> None:
    [flow] = freeswitch()[0]["callflow"]
    assert flow["caller_profile"]["caller_id_name"] == 'Ann "A" O\'Hara, Ltd'
    assert flow["caller_profile"]["destination_number"] == "+442079460912"
    assert flow["times"]["created_time"] == "1773219600900000"
    assert flow["times"]["hangup_time"] == "1773219670050000"
    assert flow["times"]["last_hold_time"] == "0"


def test_a_call_that_nobody_answered_has_no_stamp_of_an_answer() -> None:
    told = freeswitch(unanswered())[0]["variables"]
    assert "answer_stamp" not in told
    assert (told["answer_epoch"], told["billsec"]) == ("0", "0")
    assert (told["hangup_cause"], told["hangup_cause_q850"]) == ("USER_BUSY", "17")


def test_a_held_call_tells_for_how_long() -> None:
    held = answered().with_values(held_at=at(0, 20), resumed_at=at(0, 25))
    assert freeswitch(held)[0]["callflow"][0]["times"]["hold_accum_time"] == "5000000"


def test_every_ended_call_of_a_world_has_a_line_and_a_document() -> None:
    made = World.of(seed=7, calls=300)
    lines = list(csv.reader(io.StringIO(call_file("asterisk-csv", made).decode(), newline="")))
    documents = call_file("freeswitch-json", made).splitlines()
    assert len(lines) == len(documents) > 200
    assert {len(line) for line in lines} == {18}


# --- files ---------------------------------------------------------------------------------------------------


def test_call_records_are_shared_out_to_files_like_rows(tmp_path: Path) -> None:
    made = World.of(seed=7, calls=120)
    spec = load_spec("ozeki/list-active-calls")
    for name, shard_rows in (("whole", None), ("shards", 50)):
        write_fixtures(
            spec,
            world=made,
            out=tmp_path / name,
            formats=("asterisk-csv",),
            pages=False,
            invalid=False,
            shard_rows=shard_rows,
        )
    shards = sorted((tmp_path / "shards").glob("Master-*.csv"))
    assert len(shards) == 2
    assert b"".join(path.read_bytes() for path in shards) == (tmp_path / "whole/Master.csv").read_bytes()
    # No row of the API is written, nor what it hides.
    assert {path.name for path in (tmp_path / "whole").iterdir()} == {"Master.csv", "manifest.json"}


@pytest.mark.parametrize("kind", ["asterisk-csv", "freeswitch-json"])
def test_who_reads_real_records_reads_these(kind: str, tmp_path: Path) -> None:
    made = World.of(seed=7, calls=120)
    file = tmp_path / "calls"
    file.write_bytes(call_file(kind, made))
    again = read_record_world(file, kind=kind, key=b"k" * 32, zone=UTC).world
    due = made.records(Grain.CALL, ListedCalls.ENDED, made.instant)
    found = again.records(Grain.CALL, ListedCalls.ENDED, again.instant)
    # What is told to the second alone leaves the order within one open.
    assert sorted(map(told, found)) == sorted(map(told, due))


def told(call: Record) -> tuple[datetime, bool]:
    """What must come back whoever the people are: when a call began, and whether it was answered."""
    started = call.instant("started_at")
    assert started is not None
    return started.replace(microsecond=0), call.instant("answered_at") is not None
