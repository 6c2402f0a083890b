"""Which construct carries which clause, and the clauses that every API shares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from invented_spec import acmepbx

import harness
from harness.specification.clause_families import (
    ClauseFamily,
    constructs_by_clause,
    constructs_of,
    families_by_clause,
    family_of_clause,
    load_standard_clauses,
)
from harness.specification.model import ClauseId


def test_every_place_that_names_a_clause_is_found_with_its_path() -> None:
    carried = {clause: [place.name for place in places] for clause, places in constructs_by_clause(acmepbx()).items()}
    assert carried[ClauseId("AC-LST-027")] == ["filters.from.boundary.clause"]
    assert carried[ClauseId("AC-LST-040")] == ["paging.clauses.size"]
    assert carried[ClauseId("AC-LST-071")] == ["laws.1.clause"]
    assert carried[ClauseId("AC-LST-023")] == ["filters.number.named-by.clauses.default", "filters.number.clause"]
    assert carried[ClauseId("AC-LST-051")] == ["access.clauses.user-required", "access.clauses.password-required"]
    assert ClauseId("AC-LST-080") not in carried


def test_constructs_without_clauses_are_left_out() -> None:
    assert all(place.clauses for place in constructs_of(acmepbx()))


@pytest.mark.parametrize(
    ("clause", "family"),
    [
        ("AC-LST-002", ClauseFamily.SHAPE),
        ("AC-LST-010", ClauseFamily.SHAPE),
        ("AC-LST-020", ClauseFamily.FILTERS),
        ("AC-LST-026", ClauseFamily.VALUES),
        ("AC-LST-028", ClauseFamily.BLANK),
        ("AC-LST-030", ClauseFamily.ORDER),
        ("AC-LST-043", ClauseFamily.PAGING),
        ("AC-LST-044", ClauseFamily.TOTAL),
        ("AC-LST-050", ClauseFamily.ACCESS),
        ("AC-LST-063", ClauseFamily.ERRORS),
        ("AC-LST-070", ClauseFamily.LAWS),
        ("AC-LST-080", ClauseFamily.SHAPE),
    ],
)
def test_a_clause_belongs_to_the_family_of_its_construct(clause: str, family: ClauseFamily) -> None:
    assert family_of_clause(acmepbx(), ClauseId(clause)) is family


def test_every_declared_clause_has_a_family() -> None:
    assert set(families_by_clause(acmepbx())) == set(acmepbx().clauses)


@pytest.mark.parametrize(
    ("problem", "clause"),
    [
        ("framing:two-lengths", "HTTP-FRAMING"),
        ("truncated", "HTTP-FRAMING"),
        ("limit:wire-bytes", "HTTP-LIMITS"),
        ("bad-encoding", "HTTP-ENCODING"),
        ("encoding:bom", "TEXT-ENCODING"),
        ("charset", "TEXT-CHARSET"),
        ("json:syntax", "JSON-SYNTAX"),
        ("json:duplicate-key", "JSON-DUPLICATE-KEYS"),
        ("json:depth", "JSON-DEPTH"),
        ("xml:dtd", "XML-DTD"),
        ("xml:limit", "XML-LIMITS"),
        ("pagination:cycle", "PAGING-LOOP"),
        ("timeout:total", None),
        ("reset", None),
        ("json:unsafe-integer", None),
        ("xml:root", None),
    ],
)
def test_a_problem_of_the_wire_breaks_the_clause_with_the_longest_beginning(problem: str, clause: str | None) -> None:
    assert load_standard_clauses().clause_for_problem(problem) == clause


def test_standard_clauses_are_of_standard_basis_and_known_ids() -> None:
    for name, clause in load_standard_clauses().clauses.items():
        assert re.fullmatch(r"(HTTP|JSON|XML|CSV|TEXT)-[A-Z-]+|PAGING-LOOP|LIST-STEADY", name)
        assert clause.clause.basis == "standard"


def test_a_json_api_is_not_held_to_xml() -> None:
    names = set(load_standard_clauses().clauses_for(acmepbx()))
    assert "JSON-SYNTAX" in names
    assert "PAGING-LOOP" in names
    assert not any(name.startswith("XML-") for name in names)


def test_no_problem_code_belongs_to_two_clauses() -> None:
    codes = [code for clause in load_standard_clauses().clauses.values() for code in clause.problems]
    assert len(codes) == len(set(codes))


def test_every_framing_and_encoding_code_in_the_harness_has_a_clause() -> None:
    standard = load_standard_clauses()
    found: set[str] = set()
    for path in Path(harness.__file__).parent.rglob("*.py"):
        found |= set(
            re.findall(r'"((?:framing|protocol|encoding|limit|charset):[a-z-]+)"', path.read_text(encoding="utf-8"))
        )
    assert found
    assert {code for code in found if standard.clause_for_problem(code) is None} == set()
