"""Where an invalid answer breaks its clause: the place is found by the usual tools, and it holds what is told."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from invented_spec import CALLBOOK
from lxml import etree
from parlatel_spec import parlatel, session_by

from harness.generate.breach_place import BreachPlace, byte_breach, first_breach
from harness.generate.fixtures import write_fixtures
from harness.generate.invalid_responses import make_invalid_responses
from harness.generate.response_breaker import InvalidResponse
from harness.generate.sample_files import make_sample_files
from harness.specification.dialect import Dialect
from harness.specification.load import load_spec, spec_ids
from harness.wire.json_body import MISSING
from harness.world import World

SUPPORT = Path(CALLBOOK).parent
OTHERS = ("callbook", "linked_pages", "bare_list", "page_tokens", "csv_table")
APIS = (*spec_ids(), *(str(SUPPORT / f"{name}.yaml") for name in OTHERS))
NOTHING = object()


def world() -> World:
    return World.of(seed=7, calls=60)


@cache
def broken(api: str) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """The index of invalid answers, and their bodies by file."""
    made = make_sample_files(load_spec(api), world(), Dialect(), parts=("invalid",))
    files = {name.removeprefix("invalid/"): data for name, data in made.files.items()}
    return json.loads(files.pop("index.json"))["payloads"], files


# --- places, looked up without the harness ------------------------------------------------------------------


def found_in_json(body: bytes, at: str) -> Any:
    node = json.loads(body)
    for name in at.split("/")[1:]:
        key: Any = name.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            key = int(key)
            if key >= len(node):
                return NOTHING
        elif key not in node:
            return NOTHING
        node = node[key]
    return node


def found_in_xml(body: bytes, at: str) -> Any:
    nodes = etree.fromstring(body).xpath(at)
    assert len(nodes) <= 1, at
    if not nodes:
        return NOTHING
    return nodes[0] if len(nodes[0]) else nodes[0].text or ""


def assert_it_stands_there(entry: dict[str, Any], body: bytes) -> None:
    at, actual = entry["at"], entry.get("actual", NOTHING)
    if at == "status":
        assert actual == entry["http_status"]
    elif at == "header:Content-Type":
        assert actual == entry["content_type"]
    elif at.startswith("byte:"):
        put = b"" if actual is NOTHING else actual.encode().replace(b"\\x80", b"\x80")
        assert body[int(at[5:]) :].startswith(put)
    elif not at.startswith("header:"):
        found = found_in_xml(body, at) if body.startswith(b"<") else found_in_json(body, at)
        if "actual_kind" in entry or isinstance(actual, dict | list):
            assert found is not NOTHING
        else:
            assert found == actual


def entries(api: str) -> list[dict[str, Any]]:
    csv = api.endswith("csv_table.yaml")
    # In a table of texts a pointer counts lines and names columns: no tool of JSON reads that.
    return [one for one in broken(api)[0] if not (csv and one["at"].startswith("/"))]


@pytest.mark.parametrize("api", APIS)
def test_a_place_holds_what_is_told_of_it(api: str) -> None:
    for entry in entries(api):
        assert_it_stands_there(entry, broken(api)[1][entry["file"]])


@pytest.mark.parametrize("api", APIS)
def test_what_is_due_is_not_what_is_there(api: str) -> None:
    for entry in broken(api)[0]:
        due = (entry.get("expected", NOTHING), entry.get("expected_kind"))
        assert due != (entry.get("actual", NOTHING), entry.get("actual_kind")), entry["done"]


@pytest.mark.parametrize("api", APIS)
def test_an_index_tells_level_and_promise(api: str) -> None:
    known = load_spec(api).clauses
    for entry in broken(api)[0]:
        assert entry["level"] in ("must", "should", "may")
        if entry["clause"] in known:
            assert entry["promise"] == known[entry["clause"]].says


# --- by hand ------------------------------------------------------------------------------------------------


def told(api: str, clause: str, done: str) -> dict[str, Any]:
    [entry] = [one for one in broken(api)[0] if (one["clause"], one["done"]) == (clause, done)]
    return {name: entry[name] for name in ("at", "expected", "actual", "level") if name in entry}


def test_a_field_in_xml_has_an_xpath() -> None:
    assert told("ozeki/list-call-history", "OZ-LCH-013", "wrong word: Direction") == {
        "at": "/Response/CallHistory/Call[1]/Direction",
        "expected": "Outbound",
        "actual": "no-such-word",
        "level": "must",
    }


def test_a_total_has_a_pointer() -> None:
    done = "the total is not the number of all rows"
    assert told("telnyx/list-detail-records", "TX-DRC-016", done) == {
        "at": "/meta/total_results",
        "expected": 27,
        "actual": 28,
        "level": "should",
    }


def test_a_row_that_a_filter_does_not_keep_is_told_by_the_field_and_by_what_was_asked() -> None:
    done = "a row that the filter does not keep (disposition)"
    assert told("asterisk-cdr-api/list-calls", "AC-CLS-012", done) == {
        "at": "/calls/1/disposition",
        "expected": "ANSWERED",
        "actual": "NO ANSWER",
        "level": "must",
    }


def test_an_unrefused_request_is_told_by_the_status() -> None:
    done = "a success in spite of a wrong key"
    assert told("asterisk-cdr-api/list-calls", "AC-CLS-062", done) == {
        "at": "status",
        "expected": 401,
        "actual": 200,
        "level": "must",
    }


def test_a_missing_field_has_no_actual_value() -> None:
    assert "actual" not in told("asterisk-cdr-api/list-calls", "AC-CLS-003", "field missing: id")


@pytest.mark.parametrize(
    ("was", "now", "breach"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, BreachPlace(at="/a/1/b", expected=2, actual=3)),
        ({"a": [1]}, {"a": [1, 2]}, BreachPlace(at="/a/1", expected=MISSING, actual=2)),
        ({"a/b": 1}, {}, BreachPlace(at="/a~1b", expected=1, actual=MISSING)),
        ([1, 2], {"rows": []}, BreachPlace(at="", expected=[1, 2], actual={"rows": []})),
        ({"a": 1}, {"a": True}, BreachPlace(at="/a", expected=1, actual=True)),
    ],
)
def test_the_first_difference_is_as_deep_as_it_goes(was: Any, now: Any, breach: BreachPlace) -> None:
    assert first_breach(was, now) == breach


@pytest.mark.parametrize(
    ("was", "now", "breach"),
    [
        (b"[1,2]", b"[1,,2]", BreachPlace(at="byte:3", expected=MISSING, actual=",")),
        (b"[1,2]", b"[1,", BreachPlace(at="byte:3", expected="2]", actual=MISSING)),
        (b"abc", b"a\xffc", BreachPlace(at="byte:1", expected="b", actual="\\xff")),
    ],
)
def test_bytes_differ_from_the_first_that_is_another(was: bytes, now: bytes, breach: BreachPlace) -> None:
    assert byte_breach(was, now) == breach


# --- links and log-ins --------------------------------------------------------------------------------------

LINKED = str(SUPPORT / "linked_pages.yaml")


def test_links_are_broken_in_every_way_that_a_client_meets() -> None:
    done = {(one["clause"], one["done"]) for one in broken(LINKED)[0] if "link" in one["done"]}
    assert done == {
        ("LU-CLL-024", "the next link leads to the page itself"),
        ("LU-CLL-024", "the next link leads to another page"),
        ("LU-CLL-024", "the next link is missing"),
        ("LU-CLL-024", "the previous link leads to the page itself"),
        ("LU-CLL-024", "the previous link is missing"),
        ("LU-CLL-025", "the first link leads to another page"),
        ("LU-CLL-025", "the first link is missing"),
        ("LU-CLL-025", "the last link leads to another page"),
        ("LU-CLL-025", "the last link is missing"),
        ("LU-CLL-025", "the self link leads to another page"),
        ("LU-CLL-025", "the self link is missing"),
        ("LU-CLL-027", "a next link on the last page"),
        ("LU-CLL-027", "a previous link on the first page"),
        ("LU-CLL-026", "a next link without the filter: since"),
        ("LU-CLL-030", "a next link without scheme and host"),
    }


def test_links_in_a_header_are_broken_there() -> None:
    found = [one for one in broken(str(SUPPORT / "bare_list.yaml"))[0] if "link" in one["done"]]
    assert {one["at"] for one in found} == {"header:Link"}
    [missing] = [one for one in found if one["done"] == "the next link is missing"]
    assert 'rel="next"' in missing["expected"]
    assert 'rel="next"' not in missing.get("actual", "")


def log_in_answers(*session: str) -> list[InvalidResponse]:
    spec = parlatel(*session_by(*session))
    return [one for one in make_invalid_responses(spec, world(), Dialect()) if b"/tickets" in one.request.target]


def test_a_log_in_without_its_token_and_one_with_a_wrong_password() -> None:
    withheld, given = log_in_answers("json", "/ticket", "header", "X-Ticket")
    assert (withheld.change, withheld.breach.at) == ("a log-in without a token", "/ticket")
    assert "ticket" not in json.loads(withheld.response.body)
    assert (given.change, given.breach.at) == ("a token in spite of a wrong password", "status")
    assert (given.breach.expected, given.breach.actual, given.response.http_status) == (401, 200, 200)
    assert json.loads(given.response.body)["ticket"]


def test_a_token_in_a_header_is_withheld_there() -> None:
    withheld, _ = log_in_answers("form", "header:X-New-Ticket", "header", "X-Ticket")
    assert withheld.breach.at == "header:X-New-Ticket"
    assert withheld.response.header("X-New-Ticket") is None


def test_the_index_of_a_written_directory_is_the_same(tmp_path: Path) -> None:
    write_fixtures(load_spec(LINKED), world=world(), out=tmp_path, rows=False, pages=False)
    written = json.loads((tmp_path / "invalid/index.json").read_text(encoding="utf-8"))["payloads"]
    assert written == broken(LINKED)[0]
