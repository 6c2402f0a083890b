"""One meaning for each word of a report, and one number of clauses for each API, wherever they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.check.results.explanations import word_table
from harness.cli.main import main
from harness.specification.clause_families import planned_clauses
from harness.specification.lint.linter import lint_spec
from harness.specification.load import load_spec, spec_ids
from harness.specification.source_facts import cited_facts, load_source_facts

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_on_verdicts_says_of_each_word_what_explain_says() -> None:
    page = (DOCS / "verdicts.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(("| verdict", "| colour", "| level", "| basis"))]
    assert rows == [f"| {kind} | `{word}` | {says} |" for kind, word, says in word_table()]


def test_explain_without_a_word_explains_all(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain"])
    said = capsys.readouterr().out
    assert [word for _, word, _ in word_table() if f"\n  {word} " not in said] == []


def test_an_api_has_the_same_number_of_clauses_in_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apis", "--json"])
    listed = {row["id"]: row["clauses"] for row in json.loads(capsys.readouterr().out)}
    assert listed == {name: len(planned_clauses(load_spec(name))) for name in spec_ids()}
    assert listed == {name: lint_spec(load_spec(name)).counts.clauses for name in spec_ids()}
    api = "ozeki/list-active-calls"
    main(["spec", "show", api])
    assert f", {listed[api]} clauses (" in capsys.readouterr().out
    main(["check", api, "--target", "sim:", "--max-requests", "1", "--report", f"json={tmp_path / 'r.json'}"])
    assert len(json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["clauses"]) == listed[api] == 40


@pytest.mark.parametrize("name", spec_ids())
def test_every_citation_leads_to_a_fact_and_every_fact_to_a_page(name: str) -> None:
    spec = load_spec(name)
    known = load_source_facts(spec)
    cited = {fact for clause in spec.clauses.values() for fact in cited_facts(clause.source)}
    assert not any("api-facts" in clause.source for clause in spec.clauses.values())
    if known is None:
        assert cited == set()
        return
    assert cited <= set(known.facts)
    tags = {tag.strip() for fact in known.facts.values() for tag in fact.pages.split(",")} - {"none"}
    assert tags <= set(known.pages)
    assert {fact.basis for fact in known.facts.values()} <= {"documented", "corroborated", "inferred", "unknown"}


@pytest.mark.parametrize("name", spec_ids())
def test_every_spec_names_the_page_that_it_was_written_from(name: str) -> None:
    document = load_spec(name).listing.document
    assert document.title
    assert document.read
    # Where the address is not known, the spec says so.
    assert document.url or document.note
