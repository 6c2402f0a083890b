"""Edge cases: each is valid by the spec, and what is awkward stands where the index says."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from invented_spec import CALLBOOK, acmepbx
from one_answer import Situation
from test_breach_place import NOTHING, found_in_json, found_in_xml

from harness.check.context import CheckContext
from harness.check.credentials import ClientIdentity
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Gate
from harness.check.rules.responses.every_response import check_response
from harness.check.target_facts import RunOptions
from harness.generate import edge_answers
from harness.generate.edge_answers import EdgeAnswer, make_edge_answers
from harness.generate.edge_records import HUGE, clock_changes, instantaneous, lengthened, shifted, with_texts
from harness.generate.sample_exchanges import SampleClient
from harness.generate.sample_files import make_sample_files
from harness.output.redaction import Redactor
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, load_spec, spec_ids
from harness.telephony.records import call_record
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import decode_response
from harness.world import World

LINKED = str(Path(CALLBOOK).parent / "linked_pages.yaml")
APIS = (*spec_ids(), CALLBOOK, LINKED)
HISTORY = "ozeki/list-call-history"


def world() -> World:
    return World.of(seed=7, calls=3)


@cache
def edges(api: str) -> tuple[EdgeAnswer, ...]:
    return tuple(make_edge_answers(load_spec(api), world(), Dialect()))


def the(api: str, name: str) -> EdgeAnswer:
    [found] = [one for one in edges(api) if one.name == name]
    return found


# --- valid by the checker, and by the plain judge -----------------------------------------------------------


class _Given:
    """A server that has one answer."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response

    def send(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return self.response


def findings(spec: Spec, client: SampleClient, one: EdgeAnswer) -> list[str]:
    """What the rules of the checker on every response find in this one."""
    ask = client.simulator.decode_list_request(one.request)
    assert isinstance(ask, ListRequest)
    identity = ClientIdentity(
        name="default", credentials=client.credentials, role=None, customer=None, everyone=False
    )
    context = CheckContext(
        spec=spec,
        sender=_Given(one.response),  # type: ignore[arg-type]
        identity=identity,
        identities=(identity,),
        results=ResultCollector(clauses=spec.clauses, families={}, gate=Gate.CI),
        dialect=InferredDialect(spec),
        evidence=EvidenceRenderer(base="http://target", redactor=Redactor([]), secrets={}),
        rng=random.Random(1),
        options=RunOptions(now=client.world.instant),
        response_check=check_response,
    )
    if spec.listing.zone is not None:
        context.zone = Dialect().resolve(spec.listing.zone.default)
    context.send(ask, one.name)
    return [f"{finding.clause}: {finding.expected}, not {finding.actual}" for finding in context.results.findings()]


@pytest.mark.parametrize("api", APIS)
def test_the_checker_finds_nothing_in_an_edge_case(api: str) -> None:
    client = SampleClient(load_spec(api), world(), Dialect())
    found = {one.name: findings(load_spec(api), client, one) for one in edges(api)}
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("api", APIS)
def test_the_plain_judge_finds_nothing_in_an_edge_case(api: str) -> None:
    spec, client = load_spec(api), SampleClient(load_spec(api), world(), Dialect())
    for one in edges(api):
        rows = decode_response(spec.listing, one.response).rows or ()
        situation = Situation(
            spec=spec,
            credentials=client.credentials,
            zone=client.zone,
            now=world().instant,
            base_path=client.simulator.base_path,
            all_rows=len(rows),
            due=one.response,
            fault=None,
        )
        assert situation.broken(one.request, one.response) == set(), one.name


def test_an_answer_that_is_not_valid_would_be_found() -> None:
    client = SampleClient(load_spec(HISTORY), world(), Dialect())
    good = the(HISTORY, "one-row")
    bad = HttpResponse(
        http_status=200,
        headers=good.response.headers,
        body=good.response.body.replace(b"<Direction>", b"<Direction>no-"),
    )
    wrong = EdgeAnswer(name="bad", says="", request=good.request, response=bad, places=())
    assert findings(load_spec(HISTORY), client, wrong)[0].startswith("OZ-LCH-013")


# --- what there is ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
def test_every_list_has_an_empty_a_short_and_a_full_answer(api: str) -> None:
    counts = {
        one.name: len(decode_response(load_spec(api).listing, one.response).rows or ())
        for one in edges(api)
        if one.name in ("empty-list", "one-row", "largest-page")
    }
    assert (counts["empty-list"], counts["one-row"]) == (0, 1)
    assert counts["largest-page"] >= 20


@pytest.mark.parametrize(
    ("api", "rows", "says"),
    [
        ("asterisk-cdr-api/list-calls", 500, "a page of 500 rows, of at most 500"),
        ("etelecom/list-call-logs", 100, "a page of 100 rows, of at most 100"),
        (HISTORY, 100, "a page of 100 rows; no limit is documented"),
    ],
)
def test_the_largest_page_is_the_largest_that_the_document_allows(api: str, rows: int, says: str) -> None:
    one = the(api, "largest-page")
    assert len(decode_response(load_spec(api).listing, one.response).rows or ()) == rows
    assert one.says == says


def test_a_page_that_would_take_very_many_bytes_is_cut_down_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_answers, "LARGEST_PAGE_BYTES", 1 << 20)
    spec = load_spec("twilio/list-calls")
    [one] = [one for one in make_edge_answers(spec, world(), Dialect()) if one.name == "largest-page"]
    rows = len(decode_response(spec.listing, one.response).rows or ())
    # Each row takes about two thousand bytes.
    assert 450 < rows < 600
    assert len(one.response.body) < 1.02 * (1 << 20)
    assert one.says == f"a page of {rows} rows, of at most 1000, as many as 1 MiB hold"


def test_every_word_of_a_field_stands_there_those_too_that_no_call_has() -> None:
    words = {value for one in edges(HISTORY) if "words-State" in one.name for _, value in one.places}
    field = load_spec(HISTORY).listing.fields["State"]
    assert words == {*field.words.values(), *field.more_words}


def test_every_word_of_every_field_has_a_place() -> None:
    missing = []
    for api in spec_ids():
        for name, field in load_spec(api).listing.fields.items():
            told = {value for one in edges(api) if one.name == f"words-{name}" for _, value in one.places}
            if field.as_ == "word" and field.shows is not None:
                missing += [f"{api} {name} {word}" for word in set(field.words.values()) - told]
    assert sorted(missing) == []


def test_a_missing_value_is_written_in_every_form_that_the_document_knows() -> None:
    forms = {one.name for one in edges("twilio/list-calls") if one.name.startswith("absent-")}
    assert forms == {"absent-empty", "absent-missing", "absent-none", "absent-zero"}


def test_texts_come_back_as_they_were_put_in() -> None:
    for name in ("non-ascii", "escapes", "long-texts", "short-texts"):
        one = the(HISTORY, name)
        [text] = {value for _, value in one.places}
        assert found_in_xml(one.response.body, "/Response/CallHistory/Call[1]/CallerId") == text


def test_calls_of_thirty_days_have_seconds_of_seven_digits() -> None:
    durations = [
        value for at, value in the("telnyx/list-detail-records", "huge-durations").places if "call_sec" in at
    ]
    # One that was answered, and one that was not.
    assert sorted(isinstance(value, int) and value >= 30 * 86_400 for value in durations) == [False, True]


def test_live_calls_around_a_change_of_the_clock_are_seen_soon_after_it() -> None:
    # 02:00 in Berlin came twice: at 00:00 and at 01:00 UTC.
    at = int(datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp())
    starts = [value for _, value in the("enswitch/calls-active-list", "clock-back").places]
    assert starts == [at - 3600, at - 1, at, at + 3599]
    assert the("ozeki/list-active-calls", "clock-forward").places[0][1] == "2025-03-30 00:00:00"


def test_calls_around_a_change_of_the_clock_lie_on_both_sides_of_it() -> None:
    at = datetime(2025, 10, 26, 1, tzinfo=UTC)
    starts = [
        datetime.fromisoformat(str(value)) for _, value in the("telnyx/list-detail-records", "clock-back").places
    ]
    assert [round((start - at) / timedelta(hours=1)) for start in sorted(starts)] == [-1, 0, 0, 1]
    assert min(starts) < at <= max(starts)


# --- the index ----------------------------------------------------------------------------------------------


@cache
def written(api: str) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    files = make_sample_files(load_spec(api), world(), Dialect(), parts=("edge",)).files
    return json.loads(files["edge/index.json"])["payloads"], dict(files)


@pytest.mark.parametrize("api", [HISTORY, "voximplant/get-call-history", "plivo/list-live-calls"])
def test_a_place_of_the_index_holds_what_is_told_of_it(api: str) -> None:
    for entry in written(api)[0]:
        body = written(api)[1][f"edge/{entry['file']}"]
        for place in entry["places"]:
            found = (found_in_xml if body.startswith(b"<") else found_in_json)(body, place["at"])
            if "value_kind" not in place and not isinstance(place.get("value"), dict | list):
                assert found == place.get("value", NOTHING), entry["name"]


def test_an_entry_of_the_index_says_what_is_awkward_and_where() -> None:
    [entry] = [one for one in written(HISTORY)[0] if one["name"] == "words-Type"]
    assert entry["file"] == "words-Type.xml"
    assert entry["says"] == "every word of Type"
    assert entry["places"] == [
        {"at": "/Response/CallHistory/Call[1]/Type", "value": "Audio"},
        {"at": "/Response/CallHistory/Call[2]/Type", "value": "Video"},
    ]
    assert entry["request"].startswith("GET /api?command=ListCallHistory")


# --- records ------------------------------------------------------------------------------------------------


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 3, 11, 9, minute, second, tzinfo=UTC)


def answered() -> Any:
    return call_record(
        call_id=1, started_at=at(0), answered_at=at(1), ended_at=at(3), source="101", caller_name="Ann", note=None
    )


def test_a_lengthened_call_ends_when_it_did() -> None:
    made = lengthened(answered(), HUGE, at(5))
    assert (made["ended_at"], made["started_at"]) == (at(3), at(0) - HUGE)
    assert (made["duration_seconds"], made["talk_seconds"]) == (2_592_180.0, 2_592_120.0)


def test_an_instantaneous_call_took_no_time() -> None:
    made = instantaneous(answered(), at(5))
    assert (made["started_at"], made["answered_at"], made["ended_at"]) == (at(3), at(3), at(3))
    assert (made["duration_seconds"], made["talk_seconds"], made["bill_seconds"]) == (0.0, 0.0, 0.0)


def test_a_text_is_put_only_where_there_was_one() -> None:
    made = with_texts(answered(), ("caller_name", "note"), "x")
    assert (made["caller_name"], made["note"], made["source"]) == ("x", None, "101")


def test_a_shifted_call_keeps_its_spans() -> None:
    made = shifted(answered(), timedelta(hours=2))
    assert made["started_at"] == at(0) + timedelta(hours=2)
    assert made["duration_seconds"] == 180.0


def test_a_zone_without_changes_has_those_of_another() -> None:
    assert dict(clock_changes(ZoneInfo("UTC"), at(0))) == {
        "back": datetime(2025, 10, 26, 1, tzinfo=UTC),
        "forward": datetime(2025, 3, 30, 1, tzinfo=UTC),
    }
    assert dict(clock_changes(ZoneInfo("America/New_York"), at(0))) == {
        "forward": datetime(2026, 3, 8, 7, tzinfo=UTC),
        "back": datetime(2025, 11, 2, 6, tzinfo=UTC),
    }


def test_a_spec_of_ones_own_has_edge_cases_too() -> None:
    names = [one.name for one in make_edge_answers(acmepbx(), world(), Dialect())]
    assert names[:3] == ["empty-list", "one-row", "largest-page"]
    assert "words-dir" in names
