"""Filters on what rows do not show: the relations between their answers, held by an honest server and by no liar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_runs import found as findings_of
from simulated_runs import liar, meeting, on_query

from harness.check.context import CheckContext
from harness.check.results.collector import roll_up_verdicts
from harness.check.results.findings import Verdict
from harness.check.rules.filters.unshown_attributes import check_hidden_filters, guess_values, is_single_valued
from harness.serve.faults.base import Fault, on_condition
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import Condition, Query
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId

CALLS = "etelecom/list-call-logs"
LEGS = "enswitch/calls-active-list"
HOTLINES = ("9013", "9014", "9016")
DEPARTMENTS = ("840", "841", "850")


def judged(
    api: str, *faults: Fault, known: Mapping[str, tuple[str, ...]] | None = None, calls: int = 400
) -> CheckContext:
    """The session after the hidden filters of an API were examined."""
    session, mirror = meeting(api, *faults, calls=calls)
    session.known_values = known or {}
    if session.listing.versions is not None:
        session.dialect.fix_answer("versions.serves", session.listing.versions.order[-1], "a test")
    if api == CALLS:
        # What rows are kept does not depend on their order; but this rule asks that nothing at all is open.
        session.dialect.fix_answer("order.by", FieldPath.of("started_at"), "a test")
    check_hidden_filters(session, mirror)
    return session


def failed(session: CheckContext) -> list[str]:
    return [finding.clause for finding in session.results.findings()]


def where(parameter: str, change: Callable[[Condition], Condition | None]) -> Fault:
    return Fault(
        clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=on_condition(parameter, change)
    )


# --- honest -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [CALLS, LEGS])
def test_an_honest_server_keeps_all_relations(api: str) -> None:
    session = judged(api)
    assert failed(session) == []


def test_known_values_are_witnesses() -> None:
    session = judged(CALLS, known={"hotline_ids": HOTLINES, "department_id": DEPARTMENTS})
    assert failed(session) == []
    assert session.results.pass_count(ClauseId("ET-LCL-021")) > 5
    assert roll_up_verdicts(session.results.tally_of(ClauseId("ET-LCL-021")).counts) is Verdict.PASS


def test_a_known_value_of_another_kind_is_left_out() -> None:
    session = judged(CALLS, known={"department_id": ("sales",)})
    assert failed(session) == []
    assert any("--known-value department_id" in note for note in session.notes)


def test_without_a_value_that_selects_rows_the_report_says_what_would_help() -> None:
    session = judged(CALLS)
    assert any("--known-value hotline_ids=VALUE" in note for note in session.notes)


def test_guesses_are_of_the_parameters_kind() -> None:
    session, mirror = meeting(CALLS)
    assert all(isinstance(guess, int) for guess in guess_values(session, mirror, "department_id"))
    session, mirror = meeting(LEGS)
    assert all(isinstance(guess, str) for guess in guess_values(session, mirror, "phone"))


def test_an_attribute_of_nested_rows_may_have_many_values() -> None:
    session, _ = meeting(CALLS)
    listing = session.listing
    kept = listing.filters["department_id"]
    assert is_single_valued(session, kept)
    session.spec = replace(
        session.spec,
        listing=replace(
            listing,
            hidden={**listing.hidden, "department": replace(listing.hidden["department"], holds="calls[].user_id")},
        ),
    )
    assert not is_single_valued(session, kept)


# --- liars --------------------------------------------------------------------------------------------------


def test_an_ignored_filter_is_found_without_any_value() -> None:
    assert failed(judged(LEGS, where("phone", lambda condition: None))) == ["EN-CAL-046"]


def test_a_list_of_which_only_the_first_counts_is_found_by_known_values() -> None:
    first = where("hotline_ids", lambda condition: replace(condition, wanted=condition.wanted[:1]))
    assert failed(judged(CALLS, first, known={"hotline_ids": HOTLINES})) == ["ET-LCL-021"]


def test_a_filter_whose_rows_fill_more_than_a_page_is_examined_within_a_range() -> None:
    def forgets(query: Query, given: ParsedParameters) -> Query:
        asked.extend(one for one in query.conditions if one.wanted == (840,))
        others = tuple(replace(one, wanted=(841,)) if one.wanted == (840,) else one for one in query.conditions)
        return query._replace(conditions=others) if len(asked) > 2 else query

    asked: list[Condition] = []
    known = {"department_id": ("840", "841")}
    assert failed(judged(CALLS, known=known, calls=30_000)) == []
    assert failed(judged(CALLS, on_query(forgets), known=known, calls=30_000)) == ["ET-LCL-033"]


def test_a_list_of_which_only_the_last_counts_is_found_by_one_known_value() -> None:
    last = where("hotline_ids", lambda condition: replace(condition, wanted=condition.wanted[-1:]))
    assert failed(judged(CALLS, last, known={"hotline_ids": HOTLINES[:1]})) == ["ET-LCL-021"]


def test_a_list_of_which_the_last_of_many_do_not_count_is_found_by_one_known_value() -> None:
    short = where("hotline_ids", lambda condition: replace(condition, wanted=condition.wanted[:30]))
    assert failed(judged(CALLS, short, known={"hotline_ids": HOTLINES[:1]})) == ["ET-LCL-021"]


def test_a_value_that_selects_its_neighbours_rows_too_is_found() -> None:
    def wider(condition: Condition) -> Condition:
        return replace(condition, wanted=(*condition.wanted, 840)) if 841 in condition.wanted else condition

    session = judged(CALLS, where("department_id", wider), known={"department_id": DEPARTMENTS})
    assert failed(session) == ["ET-LCL-033"]


def test_a_value_that_the_user_knows_and_the_server_does_not_is_found() -> None:
    nothing = where("department_id", lambda condition: replace(condition, wanted=(-1,)))
    assert failed(judged(CALLS, nothing, known={"department_id": DEPARTMENTS})) == ["ET-LCL-033"]


def test_a_hidden_filter_that_forgets_the_shown_one_is_found() -> None:
    def bend(query: Query, given: ParsedParameters) -> Query:
        hidden = tuple(one for one in query.conditions if one.parameter == "department_id")
        return query._replace(conditions=hidden) if hidden and len(query.conditions) > 1 else query

    session = judged(CALLS, on_query(bend), known={"department_id": DEPARTMENTS})
    assert failed(session) == list(session.listing.conjunction_clause[:1])


def test_a_filter_that_answers_otherwise_each_time_is_found() -> None:
    asked: list[None] = []

    def bend(plan: AnswerPlan, given: ParsedParameters) -> AnswerPlan:
        if not given.has("department_id") or not plan.query.conditions:
            return plan
        asked.append(None)
        odd = tuple(
            replace(one, wanted=(841,)) if len(asked) % 2 and 840 in one.wanted else one
            for one in plan.query.conditions
        )
        return plan._replace(query=plan.query._replace(conditions=odd))

    session = judged(CALLS, liar(bend), known={"department_id": DEPARTMENTS[:1]})
    verdict = roll_up_verdicts(session.results.tally_of(ClauseId("ET-LCL-033")).counts)
    assert verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)


def test_a_whole_run_tells_an_ignored_hidden_filter_once() -> None:
    findings = findings_of(LEGS, where("phone", lambda condition: None))
    assert [finding.clause for finding in findings] == ["EN-CAL-046"]


def test_a_filter_that_is_left_out_beside_another_is_found_without_any_value() -> None:
    def without_hotlines(query: Query, given: ParsedParameters) -> Query:
        if not given.has("user_id"):
            return query
        return query._replace(conditions=tuple(one for one in query.conditions if one.parameter != "hotline_ids"))

    assert failed(judged(CALLS, on_query(without_hotlines))) == ["ET-LCL-037"]


# --- words --------------------------------------------------------------------------------------------------


def bare_ids(tmp_path: Path) -> str:
    """A list of bare ids with a filter by words on what they do not show."""
    text = (Path(__file__).parents[4] / "support/bare_texts.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("        parameters:\n          limit:", HIDDEN_WAY + "          limit:"),
        ("        clauses:\n", f"        clauses:\n{WAY_KEEPS}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (tmp_path / "ids.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "ids.yaml")


HIDDEN_WAY = """        hidden:
          way: {holds: direction, words: {inbound: in, outbound: out, internal: out, transit: in}}
        filters: {way: {compares: hidden.way, clause: FE-IDS-009}}
        parameters:
          way: {as: word, bad: {gets: refused, like: [sideways], clause: FE-IDS-012}}
"""


WAY_KEEPS = "          FE-IDS-009: {level: must, basis: documented, says: way keeps those calls, source: Top}\n"


def test_each_word_of_a_hidden_attribute_is_asked_for(tmp_path: Path) -> None:
    session = judged(bare_ids(tmp_path))
    assert failed(session) == []
    assert session.results.pass_count(ClauseId("FE-IDS-009")) > 0


def test_a_filter_by_words_that_is_ignored_is_found(tmp_path: Path) -> None:
    assert failed(judged(bare_ids(tmp_path), where("way", lambda condition: None))) == ["FE-IDS-009"]
