"""The committed reference and grammar are those that the code generates."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from pathlib import Path

import pytest

from harness.errors import UsageProblem
from harness.specification import model
from harness.specification.load import specs_directory
from harness.specification.reference_docs import (
    GENERATED_MARKER,
    readme_text,
    reference_text,
    schema_text,
    write_reference,
)

DO = "run `python -m harness.specification.reference_docs`"


def test_the_committed_reference_is_the_generated_one() -> None:
    committed = (specs_directory() / "README.md").read_text(encoding="utf-8")
    assert committed == readme_text(committed), DO


def test_the_committed_grammar_is_the_generated_one() -> None:
    assert (specs_directory() / "listing.schema.json").read_text(encoding="utf-8") == schema_text(), DO


def test_every_construct_has_a_section_and_every_key_a_meaning() -> None:
    text = reference_text()
    records = (one for one in vars(model).values() if isinstance(one, type) and one.__module__ == model.__name__)
    for record in records:
        name = record.__name__
        if dataclasses.is_dataclass(record) and name not in ("OpenChoice", "Listing"):
            assert f"### {name}\n" in text
            assert all(field.metadata["says"] for field in dataclasses.fields(record))


def test_the_same_words_always_stand_in_the_same_order() -> None:
    """Sets of the same words are equal: which one a generic type remembers depends on what was imported first."""
    orders: dict[frozenset[str], set[str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(model))):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal":
            words = ast.unparse(node.slice).strip("()").split(", ")
            orders.setdefault(frozenset(words), set()).add(", ".join(words))
    assert len(orders) > 40
    assert [sorted(found) for found in orders.values() if len(found) > 1] == []


def test_rewriting_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"By hand.\n\n{GENERATED_MARKER}\nold\n", encoding="utf-8")
    assert [path.name for path in write_reference(tmp_path)] == ["README.md", "listing.schema.json"]
    assert (
        (tmp_path / "README.md")
        .read_text(encoding="utf-8")
        .startswith(f"By hand.\n\n{GENERATED_MARKER}\n\n## Reference\n")
    )
    assert write_reference(tmp_path) == ()


def test_a_readme_without_the_marker_is_left_alone() -> None:
    with pytest.raises(UsageProblem):
        readme_text("nothing here")


def test_the_examples_in_the_readme_use_words_of_the_language() -> None:
    text = (specs_directory() / "README.md").read_text(encoding="utf-8")
    keys = set(json.loads(schema_text())["$defs"]["Listing"]["properties"])
    for name in ("lists", "fields", "hidden", "filters", "ranges", "count-only", "includes", "echoes", "laws"):
        assert name in keys
        assert f"`{name}`" in text
