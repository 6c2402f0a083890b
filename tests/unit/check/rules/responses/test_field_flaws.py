"""What a finding on a field says: what is documented, what came in how many rows, and the field in each of them."""

from __future__ import annotations

import pytest

from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.rules.responses.field_flaws import due_and_came
from harness.check.runner import run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.field_path import FieldPath
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.row_codec import FieldProblem, decode_row
from harness.wire.scalar_codecs import zone_named
from harness.world import World

HISTORY = load_spec("ozeki/list-call-history")
FIELDS = HISTORY.listing.fields
STATES = "one of 29 words: Aborted, Answered, Busy, CalleeHangUp, CalleeHungUp, CalleeOnHold, ..."


def flaws_of(*values: str, field: str) -> list[FieldProblem]:
    rows = [decode_row(FIELDS, {field: one}, zone=zone_named("UTC"), text_carried=True) for one in values]
    return [flaw for row in rows for flaw in row.problems if str(flaw.field) == field]


@pytest.mark.parametrize(
    ("field", "values", "due", "came"),
    [
        ("State", ["Rejected", "Rejected"], STATES, "'Rejected'"),
        ("State", ["A1", "A2", "A1", "A3", "A4"], STATES, "'A1' or 'A2' or 'A3' or others"),
    ],
)
def test_a_flaw_is_told_in_two_halves(field: str, values: list[str], due: str, came: str) -> None:
    assert due_and_came(FIELDS, flaws_of(*values, field=field)) == (due, came)


def test_what_has_no_halves_is_told_as_it_is() -> None:
    empty = FieldProblem(field=FieldPath.of("CallId"), kind="form", text="the field is empty", clause=())
    assert due_and_came(FIELDS, [empty]) == ("as documented", "the field is empty")


def test_a_finding_counts_all_rows_of_its_answer_and_shows_the_field_in_each() -> None:
    world = World.of(seed=1, calls=90)
    simulator = Simulator(HISTORY, world, faults=find_faults(HISTORY, "OZ-LCH-014/State-form"))
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0", only=(ClauseId("OZ-LCH-014"),))
    identities = identities_of_users(simulator.users, HISTORY.listing)
    report = run_check(HISTORY, DirectSender(simulator, world.instant), identities, options)
    (finding,) = report.findings
    assert (finding.expected, finding.actual) == (f"State: {STATES}", "State: 'Whatever'; in 45 of 90 rows")
    assert [row.partition("  ")[2] for row in finding.rows] == ["State='Whatever'"] * 8
