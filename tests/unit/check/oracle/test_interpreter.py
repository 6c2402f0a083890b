"""The oracle says what is due, and asks back where the document leaves a choice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.oracle.interpreter import ExpectedAnswer, interpret_request, sort_key
from harness.specification.load import load_spec
from harness.wire.list_request import ListRequest

NOON = datetime(2026, 3, 11, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("collation", "ordered"),
    [
        ("code-point", ["10", "9", "B", "a"]),
        ("folded", ["10", "9", "a", "B"]),
        ("numeric", ["9", "10", "B", "a"]),
        ("natural", ["a", "B", "9", "10"]),
    ],
)
def test_texts_sort_by_the_collation(collation: str, ordered: list[str]) -> None:
    assert sorted(["a", "B", "10", "9"], key=lambda text: sort_key(text, collation)) == ordered


def meanings(api: str, known: dict[str, Any] | None = None, **values: Any) -> list[ExpectedAnswer]:
    spec = load_spec(api)
    knowledge = InferredDialect(spec)
    for name, value in (known or {}).items():
        knowledge.fix_answer(name, value, "test")
    return [
        meaning
        for _, meaning in knowledge.evaluate_branches(
            lambda pick: interpret_request(spec, ListRequest(values=values), pick)
        )
    ]


def test_every_reading_of_an_open_choice_is_a_meaning() -> None:
    found = meanings("ozeki/list-call-history", Direction="Sideways")
    assert {meaning.error_name for meaning in found} == {"invalid", None}
    assert any(meaning.no_rows for meaning in found)


def test_a_settled_choice_leaves_one_meaning() -> None:
    known = {"parameters.Direction.bad.gets=Sideways": "refused", "order.direction": "ascending"}
    found = meanings("ozeki/list-call-history", known, Direction="Sideways")
    assert [(meaning.error_name, meaning.parameter) for meaning in found] == [("invalid", "Direction")]


def test_a_blank_filter_keeps_everything() -> None:
    assert all(meaning.tests == () for meaning in meanings("ozeki/list-call-history", CallerId="", State=""))


def test_filters_conjoin() -> None:
    (meaning, *_) = meanings("ozeki/list-call-history", Source="102", Destination="106")
    assert meaning.keeps_row({"Source": "102", "Destination": "106"}) is True
    assert meaning.keeps_row({"Source": "102", "Destination": "107"}) is False


def test_a_field_that_was_not_read_leaves_the_question_open() -> None:
    (meaning, *_) = meanings("ozeki/list-call-history", Source="102")
    assert meaning.keeps_row({"Destination": "106"}) is None


def test_a_filter_on_what_rows_do_not_show_is_never_decided_by_a_row() -> None:
    (meaning, *_) = meanings("etelecom/list-call-logs", hotline_ids=["5"])
    assert meaning.keeps_row({"id": 1}) is None


WINDOW = {"from_date": "2026-03-11 00:00:00", "to_date": "2026-03-12 00:00:00"}


def test_a_filter_that_needs_another_one_does_nothing_alone() -> None:
    found = meanings("voximplant/get-call-history", **WINDOW, rule_name="in")
    assert all("rule_name" not in [name for name, _ in meaning.tests] for meaning in found)


def test_the_winner_of_two_filters_silences_the_other() -> None:
    found = meanings("voximplant/get-call-history", **WINDOW, remote_number="1", remote_number_list='["2"]')
    assert all([name for name, _ in meaning.tests][-1] == "remote_number_list" for meaning in found)
    found = meanings("voximplant/get-call-history", **WINDOW, remote_number="1", remote_number_list="[]")
    assert all([name for name, _ in meaning.tests][-1] == "remote_number" for meaning in found)


def test_a_missing_required_parameter_is_refused() -> None:
    found = meanings("voximplant/get-call-history", from_date=WINDOW["from_date"])
    assert {meaning.error_name for meaning in found} == {"missing"}


def test_a_nested_field_decides_if_any_nested_row_matches() -> None:
    (meaning, *_) = meanings("voximplant/get-call-history", **WINDOW, local_number="7")
    start = datetime(2026, 3, 11, 10, tzinfo=UTC)
    row = {"start_date": start, "calls": ({"local_number": "5"}, {"local_number": "7"})}
    assert meaning.keeps_row(row) is True
    assert meaning.keeps_row({"start_date": start, "calls": ({"local_number": "5"},)}) is False


def test_an_older_version_does_not_know_a_later_parameter() -> None:
    (meaning, *_) = meanings("enswitch/calls-active-list", {"versions.serves": "3.13"}, snumber="1")
    assert meaning.tests == ()
    (meaning, *_) = meanings("enswitch/calls-active-list", {"versions.serves": "4.4"}, snumber="1")
    assert [name for name, _ in meaning.tests] == ["snumber"]
