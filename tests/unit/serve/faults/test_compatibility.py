"""Faults that can be applied together, and the sets that are drawn of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from invented_spec import acmepbx

from harness.serve.faults.base import Fault, on_rows, with_changed_listing, with_entry, with_part
from harness.serve.faults.catalogue import faults_of
from harness.serve.faults.compatibility import (
    FaultFootprint,
    are_compatible,
    draw_fault_sets,
    footprints_of,
)
from harness.serve.faults.hooks import NO_HOOKS, Hooks, RowTree
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId
from harness.wire.decoded_body import Tree

SPEC = acmepbx()
AT = datetime(2031, 3, 4, 9, 0, tzinfo=UTC)
ROWS: tuple[Mapping[str, Tree], ...] = (
    {"id": 1, "who": "ada", "legs": [{"secs": 4}]},
    {"id": 2, "who": "", "legs": []},
)


def fault(clause: str, hooks: Hooks = NO_HOOKS) -> Fault:
    return Fault(clause=ClauseId(clause), name="made-up", description="a test's own", hooks=hooks)


def footprint(one: Fault) -> FaultFootprint:
    return footprints_of(SPEC, [one], ROWS, AT)[0]


def together(one: Fault, other: Fault) -> bool:
    return are_compatible(SPEC.listing, footprint(one), footprint(other))


def test_a_filter_and_its_parameter_are_one_construct() -> None:
    assert footprint(fault("AC-LST-020")).constructs == {"parameters.from"}


def test_a_part_that_is_no_table_is_one_construct() -> None:
    assert footprint(fault("AC-LST-041")).constructs == {"paging"}


def test_a_clause_of_several_constructs_has_them_all() -> None:
    assert footprint(fault("AC-LST-026")).constructs == {
        "parameters.from",
        "parameters.until",
        "parameters.dir",
        "parameters.page",
        "parameters.rows",
    }


def test_a_clause_that_only_a_rule_carries_is_a_construct_of_its_own() -> None:
    assert footprint(fault("AC-LST-080")).constructs == {"AC-LST-080"}


def test_faults_of_different_constructs_go_together() -> None:
    assert together(fault("AC-LST-020"), fault("AC-LST-041"))


def test_faults_of_one_construct_do_not() -> None:
    assert not together(fault("AC-LST-041"), fault("AC-LST-042"))


def test_faults_of_one_clause_do_not() -> None:
    assert not together(fault("AC-LST-080"), fault("AC-LST-080"))


def set_part(name: str, value: Tree) -> Hooks:
    def change(row: RowTree) -> None:
        if name in row:
            row[name] = value

    return on_rows(change)


def test_the_fields_that_a_fault_changes_are_seen_on_rows() -> None:
    assert footprint(fault("AC-LST-003", set_part("who", "x"))).fields == {("who",)}


def test_a_changed_value_in_a_nested_row_has_the_path_of_every_such_row() -> None:
    def change(row: RowTree) -> None:
        legs = row["legs"]
        assert isinstance(legs, list)
        for leg in legs:
            assert isinstance(leg, dict)
            leg["secs"] = 5

    assert footprint(fault("AC-LST-003", on_rows(change))).fields == {("legs", "*", "secs")}


def test_a_number_that_becomes_a_text_has_changed() -> None:
    assert footprint(fault("AC-LST-003", set_part("id", "1"))).fields == {("id",)}


def test_the_rows_of_the_caller_stay_as_they_are() -> None:
    footprint(fault("AC-LST-003", set_part("who", "x")))
    assert ROWS[0]["who"] == "ada"


def test_faults_that_change_one_field_do_not_go_together() -> None:
    assert not together(fault("AC-LST-010", set_part("who", "x")), fault("AC-LST-012", set_part("who", "y")))


def test_a_field_and_a_part_of_it_do_not_go_together() -> None:
    def change(row: RowTree) -> None:
        row["legs"] = [{"secs": 9}] if row["legs"] else []

    assert not together(fault("AC-LST-010", set_part("legs", "none")), fault("AC-LST-012", on_rows(change)))


def test_changes_of_different_parts_of_the_listing_both_stand() -> None:
    one = fault("AC-LST-020", with_changed_listing(with_entry("filters", "from", keeps="equal")))
    other = fault("AC-LST-021", with_changed_listing(with_entry("filters", "until", keeps="equal")))
    assert together(one, other)


def test_a_change_of_the_listing_that_overwrites_another_does_not_go_with_it() -> None:
    one = fault("AC-LST-020", with_changed_listing(with_part("paging", default_size=5)))
    other = fault("AC-LST-030", with_changed_listing(with_part("paging", default_size=6)))
    assert not together(one, other)


def test_a_change_of_the_listing_that_another_makes_as_well_does_not_go_with_it() -> None:
    one = fault("AC-LST-020", with_changed_listing(with_part("paging", default_size=5)))
    assert not together(one, replace(one, clause=ClauseId("AC-LST-030")))


# --- sets ---------------------------------------------------------------------------------------------------


def sets_of(clauses: list[str], *, size: int, seed: int = 1) -> list[set[str]]:
    footprints = [footprint(fault(clause)) for clause in clauses]
    drawn = draw_fault_sets(SPEC.listing, footprints, size=size, rng=random.Random(seed))
    return [{str(member.clause) for member in members} for members in drawn]


def test_every_fault_is_in_a_set() -> None:
    clauses = ["AC-LST-020", "AC-LST-021", "AC-LST-022", "AC-LST-041", "AC-LST-042"]
    assert set().union(*sets_of(clauses, size=2)) == set(clauses)


def test_no_set_holds_faults_of_one_construct() -> None:
    found = sets_of(["AC-LST-040", "AC-LST-041", "AC-LST-020"], size=3)
    assert sorted(map(sorted, found)) == [["AC-LST-020", "AC-LST-040"], ["AC-LST-020", "AC-LST-041"]]


def test_a_fault_that_goes_with_no_other_is_in_no_set() -> None:
    assert sets_of(["AC-LST-040", "AC-LST-041"], size=2) == []


def test_the_same_seed_draws_the_same_sets() -> None:
    clauses = ["AC-LST-020", "AC-LST-021", "AC-LST-022", "AC-LST-030", "AC-LST-041", "AC-LST-045"]
    assert sets_of(clauses, size=3) == sets_of(clauses, size=3)
    assert len({str(sets_of(clauses, size=3, seed=seed)) for seed in range(8)}) > 1


@pytest.mark.parametrize("api", spec_ids())
@pytest.mark.parametrize("size", [2, 3, 5])
def test_every_fault_of_a_shipped_spec_is_in_a_set(api: str, size: int) -> None:
    spec = load_spec(api)
    footprints = footprints_of(spec, faults_of(spec), (), AT)
    sets = draw_fault_sets(spec.listing, footprints, size=size, rng=random.Random(7))
    assert {one.id for members in sets for one in members} == {one.fault.id for one in footprints}
    assert all(len({one.clause for one in members}) == len(members) for members in sets)
