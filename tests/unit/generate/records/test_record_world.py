"""Worlds of real records: what stays, what goes, what is refused, and that nobody in the file is met again."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, unquote_plus
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from record_files import master_row, write_master

from harness.check.options import CheckOptions
from harness.check.runner import run_check
from harness.check_target import simulator_identities
from harness.cli.selftest_trials import DirectSender
from harness.errors import UsageProblem
from harness.generate.fixtures import write_fixtures
from harness.generate.records.attribute_columns import CALL_COLUMNS
from harness.generate.records.pseudonyms import PseudonymMap, digits_of
from harness.generate.records.record_world import RecordWorld, read_record_world
from harness.serve.authentication import make_key_pair
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.telephony.attributes import AttributeKind, Grain
from harness.telephony.call_invariants import broken_invariants
from harness.telephony.records import Record
from harness.world.listed_calls import ListedCalls

KEY = b"a key of tests, long enough"
BERLIN = ZoneInfo("Europe/Berlin")


def read(file: Path, kind: str, *, key: bytes = KEY, skip_bad: bool = False) -> RecordWorld:
    return read_record_world(file, kind=kind, key=key, zone=BERLIN, skip_bad=skip_bad)


def calls_of(found: RecordWorld) -> list[Record]:
    return found.world.records(Grain.CALL, ListedCalls.BOTH, found.world.instant)


def at(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=UTC)


# --- formats ------------------------------------------------------------------------------------------------


def test_of_an_asterisk_record_the_times_and_the_end_stay(tmp_path: Path) -> None:
    file = write_master(
        tmp_path / "Master.csv",
        master_row(),
        master_row(src="101", dst="102", answer="", disposition="BUSY", end="2026-03-02 14:30:05", dstchannel=""),
        master_row(src="102", dst="0061255501234", answer="", disposition="NO ANSWER", uniqueid="1772461800.43"),
    )
    first, *_ = calls = sorted(calls_of(read(file, "asterisk-csv")), key=lambda call: str(call["direction"]))
    assert [call["direction"] for call in calls] == ["inbound", "internal", "outbound"]
    assert [call["disposition"] for call in calls] == ["answered", "busy", "no_answer"]
    # 14:30 in Berlin.
    assert (first["started_at"], first["answered_at"], first["ended_at"]) == (
        at(13, 30, 0), at(13, 30, 7), at(13, 32, 0),
    )  # fmt: skip
    assert (first["duration_seconds"], first["talk_seconds"], first["answer_seconds"]) == (120.0, 113.0, 7.0)
    assert [calls[1]["source"], calls[2]["source"]] == [first["destination"], calls[1]["destination"]]
    assert digits_of(str(first["source"])) == str(calls[2]["destination"]).removeprefix("00")
    assert all(broken_invariants(call) == () for call in calls)


def test_two_records_of_one_asterisk_call_are_two_calls_of_one_session(tmp_path: Path) -> None:
    row = master_row()
    file = write_master(tmp_path / "Master.csv", row, [*row, "peer", "1772461800.41", "7"])
    one, two = calls_of(read(file, "asterisk-csv"))
    assert one["call_id"] != two["call_id"]
    assert one["session_id"] == two["session_id"]


def test_an_hour_that_comes_twice_is_read_in_the_right_order(tmp_path: Path) -> None:
    night = master_row(start="2026-10-25 02:59:50", answer="2026-10-25 02:00:10", end="2026-10-25 02:10:10")
    (call,) = calls_of(read(write_master(tmp_path / "Master.csv", night), "asterisk-csv"))
    assert (call["answer_seconds"], call["talk_seconds"]) == (20.0, 600.0)


def freeswitch_document(**variables: str) -> dict[str, object]:
    times = {
        "created_time": "1772458200000000",
        "progress_time": "1772458202500000",
        "answered_time": "1772458207000000",
        "hangup_time": "1772458320000000",
    }
    caller = {
        "caller_id_name": "Jane%20Realperson",
        "caller_id_number": "+61255501234",
        "destination_number": "101",
        "chan_name": "sofia/internal/101@192.168.7.9",
    }
    told = {"uuid": "c37517e6-7fe3-42f7-8560-03df6cca0306", "hangup_cause": "NORMAL_CLEARING", **variables}
    return {"variables": told, "callflow": [{"caller_profile": caller, "times": times}]}


@pytest.mark.parametrize("form", ["one", "row", "lines", "list"])
def test_freeswitch_records_are_read_in_each_form(tmp_path: Path, form: str) -> None:
    document = freeswitch_document(hangup_cause_q850="16")
    texts = {
        "one": json.dumps(document, indent=2),
        "lines": json.dumps(document) + "\n",
        "list": json.dumps([document, document]),
        "row": json.dumps(document, indent=1) + json.dumps(document),
    }
    file = tmp_path / "cdr.json"
    file.write_text(texts[form])
    call, *more = calls_of(read(file, "freeswitch-json"))
    assert len(more) == (form in ("row", "list"))
    assert (call["direction"], call["disposition"], call["hangup_cause"]) == ("inbound", "answered", 16)
    assert (call["setup_seconds"], call["ring_seconds"], call["talk_seconds"]) == (2.5, 4.5, 113.0)
    assert call["caller_name"] == PseudonymMap(KEY).name("Jane Realperson")


@pytest.mark.parametrize(
    ("cause", "disposition"),
    [
        ("USER_BUSY", "busy"),
        ("ORIGINATOR_CANCEL", "cancelled"),
        ("NO_ANSWER", "no_answer"),
        ("GATEWAY_DOWN", "failed"),
    ],
)
def test_a_freeswitch_call_that_nobody_answered_ends_as_its_cause_says(
    tmp_path: Path, cause: str, disposition: str
) -> None:
    document = freeswitch_document(hangup_cause=cause)
    document["callflow"][0]["times"]["answered_time"] = "0"  # type: ignore[index]
    file = tmp_path / "cdr.json"
    file.write_text(json.dumps(document))
    (call,) = calls_of(read(file, "freeswitch-json"))
    assert (call["disposition"], call["answered_at"]) == (disposition, None)


COLUMNS = {
    "call_id": 7_000_001,
    "started_at": "2026-03-02T13:30:00Z",
    "answered_at": "2026-03-02T14:30:07+01:00",
    "duration_seconds": 120,
    "source": 61255501234,
    "destination": "101",
    "caller_name": "Jane Realperson",
    "note": "a secret",
    "direction": "inbound",
    "user_id": 12,
    "customer_id": 5,
    "price": 0.25,
    "price_unit": "EUR",
    "hangup_cause": 31,
}


def test_ndjson_and_parquet_hold_attributes_of_calls(tmp_path: Path) -> None:
    lines, table = tmp_path / "calls.ndjson", tmp_path / "calls.parquet"
    lines.write_text(json.dumps(COLUMNS) + "\n")
    typed = {**COLUMNS, "started_at": at(13, 30, 0), "answered_at": at(13, 30, 7)}
    pl.DataFrame([typed]).write_parquet(table)
    (call,), (other,) = calls_of(read(lines, "ndjson")), calls_of(read(table, "parquet"))
    assert call == other
    assert (call["ended_at"], call["disposition"], call["talk_seconds"]) == (at(13, 32, 0), "answered", 113.0)
    assert (call["price"], call["price_unit"], call["hangup_cause"], call["note"]) == (0.25, "EUR", 31, None)
    assert call["user_id"] != 12
    assert call["customer_id"] not in (1, 5)


# --- what is refused ----------------------------------------------------------------------------------------


def test_columns_that_nobody_knows_are_named_in_one_error(tmp_path: Path) -> None:
    file = tmp_path / "calls.ndjson"
    file.write_text(
        json.dumps(COLUMNS | {"Caller": "x"}) + "\n" + json.dumps(COLUMNS | {"legs": [], "Caller": "y"}) + "\n"
    )
    with pytest.raises(UsageProblem) as told:
        read(file, "ndjson", skip_bad=True)
    assert told.value.actual == "Caller (line 1), legs (line 2)"


BAD = (
    (["too", "few"], "2 columns where 16 to 21 are due"),
    (master_row(start="yesterday"), "start is no time such as 2026-03-02 14:30:00"),
    (master_row(start="2026-02-30 14:30:00"), "start is a time that there is not"),
    (master_row(disposition="WON"), "disposition is none of ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION"),
    (master_row(end="2026-03-02 14:00:00"), "its instants are out of order"),
)


def test_bad_lines_are_named_by_their_numbers_and_show_nothing_of_themselves(tmp_path: Path) -> None:
    file = write_master(tmp_path / "Master.csv", *(row for one, _ in BAD for row in (master_row(), one)))
    with file.open("a") as more:
        more.write('"no end of this Realperson\n')
    with pytest.raises(UsageProblem) as told:
        read(file, "asterisk-csv")
    lines = [f"    {file}:{2 * place}: {why}" for place, (_, why) in enumerate(BAD, 1)]
    assert told.value.actual.splitlines() == ["6 that do not", *lines, "    and 1 more"]
    assert "Realperson" not in str(told.value)
    found = read(file, "asterisk-csv", skip_bad=True)
    assert (found.calls, found.skipped) == (5, 6)


@pytest.mark.parametrize("kind", ["asterisk-csv", "freeswitch-json", "ndjson", "parquet"])
def test_a_file_of_something_else_is_one_clear_error(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\x00\xff\xfe nothing of the kind\n")
    with pytest.raises(UsageProblem, match=r"--from .*file"):
        read(file, kind, skip_bad=True)


# --- nobody is met again ------------------------------------------------------------------------------------

# The ranges that pseudonyms are taken from as well: what one call hides, another must not show.
DIGITS = st.one_of(
    st.builds("1202555{:04d}".format, st.integers(100, 199)),
    st.builds("44770090{:04d}".format, st.integers(0, 999)),
    st.builds("6125550{:04d}".format, st.integers(0, 9999)),
)
NUMBERS = st.builds("{}{}".format, st.sampled_from(["+", "00", ""]), DIGITS)
EXTENSIONS = st.integers(10, 9999).map(str)
# Letters that no syllable of ours puts side by side.
NAMES = st.text("QXJWqxjwéñßжλ", min_size=6, max_size=12)
CALLS = st.lists(
    st.tuples(NUMBERS, st.one_of(NUMBERS, EXTENSIONS), NAMES, NAMES, NAMES, st.integers(0, 300)),
    min_size=1,
    max_size=6,
)


def write_calls(file: Path, calls: list[tuple[str, str, str, str, str, int]]) -> None:
    rows = []
    for number, (source, destination, name, word, note, seconds) in enumerate(calls):
        start = datetime(2026, 3, 2, 9, 0, 0) + timedelta(minutes=7 * number)
        rows.append(
            master_row(
                src=source,
                dst=destination,
                clid=f'"{name}" <{source}>',
                channel=f"PJSIP/{word}-0000001a",
                dstchannel=f"SIP/{destination}@{word}.test-00000abc",
                dcontext=word,
                lastdata=f"SIP/{destination},{note}",
                userfield=note,
                accountcode=word,
                start=f"{start}",
                answer=f"{start}",
                end=f"{start + timedelta(seconds=seconds)}",
                uniqueid=f"17724618{number:02d}.{number}",
            )
        )
    write_master(file, *rows)


def texts_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file as text, as it stands and with all that is encoded in it taken apart."""
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            text = file.name + file.read_bytes().decode("utf-8", "replace")
            forms = {text, unquote(text), unquote_plus(text), re.sub(r"(?<=\d)[ ().\-/]+(?=\d)", "", text)}
            for token in re.findall(r"[A-Za-z0-9+/_-]{8,}", unquote(text)):
                padded = token.replace("-", "+").replace("_", "/") + "=="
                for begin in range(4):
                    try:
                        data = base64.b64decode(padded[begin : len(padded) - (len(padded) - begin) % 4])
                    except binascii.Error:
                        continue
                    forms.add(data.decode("utf-8", "replace"))
            for form in forms:
                yield file.name, form.casefold()


# Without a smallest example: each takes a second, and the first one says enough.
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    calls=CALLS, api=st.sampled_from(["asterisk-cdr-api/list-calls", "ozeki/list-call-history", "twilio/list-calls"])
)
def test_nobody_and_nothing_of_the_records_is_met_again(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str, str, str, str, str, int]], api: str
) -> None:
    folder = tmp_path_factory.mktemp("records")
    write_calls(folder / "Master.csv", calls)
    found = read(folder / "Master.csv", "asterisk-csv")
    out = folder / "out"
    write_fixtures(load_spec(api), world=found.world, out=out)
    secrets = {text.casefold() for call in calls for text in call[2:5]}
    secrets |= {digits_of(number) for call in calls for number in call[:2] if len(digits_of(number)) >= 7}
    met = {(name, secret) for name, text in texts_of(out) for secret in secrets if secret in text}
    assert met == set()
    # Who was one person still is one, and two are two.
    sources = [call["source"] for call in calls_of(found)]
    for one, first in zip(calls, sources, strict=True):
        for other, second in zip(calls, sources, strict=True):
            assert one[0] != other[0] or first == second


TEXTS = [name for name, one in CALL_COLUMNS.items() if one.kind in (AttributeKind.TEXT, AttributeKind.TEXT_LIST)]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", ["Realperson of 61255501234", "+61255501234", "SIP/Realperson-1a2b3c4d"])
def test_no_text_of_a_record_comes_through(tmp_path: Path, name: str, value: str) -> None:
    listed = CALL_COLUMNS[name].kind is AttributeKind.TEXT_LIST
    (tmp_path / "calls.ndjson").write_text(
        json.dumps({"started_at": "2026-03-02T13:30:00Z", "duration_seconds": 5, name: [value] if listed else value})
    )
    (call,) = calls_of(read(tmp_path / "calls.ndjson", "ndjson"))
    assert "61255501234" not in repr(call)
    assert "realperson" not in repr(call).lower()
    assert "1a2b3c4d" not in repr(call)


def test_what_would_be_met_again_is_found(tmp_path: Path) -> None:
    hidden = base64.urlsafe_b64encode(b"x:+61255501234").decode()
    (tmp_path / "a").write_text(f"next={hidden}")
    (tmp_path / "b").write_text("%2B61%32" + "55501234")
    (tmp_path / "c").write_text("+61 2 5550-1234")
    assert {name for name, text in texts_of(tmp_path) if "61255501234" in text} == {"a", "b", "c"}


@pytest.mark.parametrize(
    "api",
    [
        "voximplant/get-call-history",
        *(pytest.param(api, marks=pytest.mark.thorough) for api in ("etelecom/list-call-logs", "twilio/list-calls")),
    ],
)
@pytest.mark.usefixtures("few_combinations")
def test_a_simulator_of_such_calls_keeps_every_promise(tmp_path: Path, api: str) -> None:
    rows = []
    for number in range(24):
        start = datetime(2026, 3, 2, 9, 0, 0) + timedelta(seconds=97 * number)
        ends = [f"+6125550{number % 5:04d}", str(101 + number % 4)]
        answered = number % 3 > 0
        rows.append(
            master_row(
                src=ends[number % 2],
                dst=ends[1 - number % 2],
                start=f"{start}",
                answer=f"{start + timedelta(seconds=4)}" if answered else "",
                end=f"{start + timedelta(seconds=30 + number)}",
                disposition="ANSWERED" if answered else ("BUSY", "NO ANSWER")[number % 2],
                uniqueid=f"1772461800.{number}",
            )
        )
    world = read(write_master(tmp_path / "Master.csv", *rows), "asterisk-csv").world
    spec = load_spec(api)
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    simulator = Simulator(spec, world, key=key)
    options = CheckOptions(now=world.instant, target=f"http://127.0.0.1:0{simulator.base_path}", seed=1)
    report = run_check(spec, DirectSender(simulator, world.instant), simulator_identities(simulator), options)
    assert report.rows_seen == 24
    assert [finding.message for finding in report.findings] == []


def test_the_same_key_gives_the_same_bytes_and_another_key_others(tmp_path: Path) -> None:
    file = write_master(tmp_path / "Master.csv", master_row(), master_row(src="101", dst="102", answer=""))
    spec = load_spec("asterisk-cdr-api/list-calls")
    one, again, other = (
        write_fixtures(spec, world=read(file, "asterisk-csv", key=key).world, out=tmp_path / name).files
        for name, key in (("one", KEY), ("again", KEY), ("other", b"another key, also long enough"))
    )
    assert one == again
    assert one["rows.ndjson"] != other["rows.ndjson"]
