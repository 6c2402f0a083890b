"""Which construct carries which clause, and the clauses that every API shares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from invented_spec import acmepbx

import harness
from harness.specification.clauses import Family, carriers, constructs, families, family_of, load_standard
from harness.specification.model import ClauseId


def test_every_place_that_names_a_clause_is_found_with_its_path() -> None:
    carried = {clause: [place.name for place in places] for clause, places in carriers(acmepbx()).items()}
    assert carried[ClauseId("AC-LST-027")] == ["filters.from.boundary.clause"]
    assert carried[ClauseId("AC-LST-040")] == ["paging.clauses.size"]
    assert carried[ClauseId("AC-LST-071")] == ["laws.1.clause"]
    assert carried[ClauseId("AC-LST-023")] == ["filters.number.named-by.clauses.default", "filters.number.clause"]
    assert carried[ClauseId("AC-LST-051")] == ["access.clauses.user-required", "access.clauses.password-required"]
    assert ClauseId("AC-LST-080") not in carried


def test_constructs_without_clauses_are_left_out() -> None:
    assert all(place.clauses for place in constructs(acmepbx()))


@pytest.mark.parametrize(
    ("clause", "family"),
    [
        ("AC-LST-002", Family.SHAPE),
        ("AC-LST-010", Family.SHAPE),
        ("AC-LST-020", Family.FILTERS),
        ("AC-LST-026", Family.VALUES),
        ("AC-LST-028", Family.BLANK),
        ("AC-LST-030", Family.ORDER),
        ("AC-LST-043", Family.PAGING),
        ("AC-LST-044", Family.TOTAL),
        ("AC-LST-050", Family.ACCESS),
        ("AC-LST-063", Family.ERRORS),
        ("AC-LST-070", Family.LAWS),
        ("AC-LST-080", Family.SHAPE),
    ],
)
def test_a_clause_belongs_to_the_family_of_its_construct(clause: str, family: Family) -> None:
    assert family_of(acmepbx(), ClauseId(clause)) is family


def test_every_declared_clause_has_a_family() -> None:
    assert set(families(acmepbx())) == set(acmepbx().clauses)


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
    assert load_standard().clause_of(problem) == clause


def test_standard_clauses_are_of_standard_basis_and_known_ids() -> None:
    for name, clause in load_standard().clauses.items():
        assert re.fullmatch(r"(HTTP|JSON|XML|TEXT)-[A-Z-]+|PAGING-LOOP", name)
        assert clause.clause.basis == "standard"


def test_a_json_api_is_not_held_to_xml() -> None:
    names = set(load_standard().applying_to(acmepbx()))
    assert "JSON-SYNTAX" in names
    assert "PAGING-LOOP" in names
    assert not any(name.startswith("XML-") for name in names)


def test_no_problem_code_belongs_to_two_clauses() -> None:
    codes = [code for clause in load_standard().clauses.values() for code in clause.problems]
    assert len(codes) == len(set(codes))


def test_every_framing_and_encoding_code_in_the_harness_has_a_clause() -> None:
    standard = load_standard()
    found: set[str] = set()
    for path in Path(harness.__file__).parent.rglob("*.py"):
        found |= set(
            re.findall(r'"((?:framing|protocol|encoding|limit|charset):[a-z-]+)"', path.read_text(encoding="utf-8"))
        )
    assert found
    assert {code for code in found if standard.clause_of(code) is None} == set()
