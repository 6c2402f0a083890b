"""Words of order that no document names: a server may take some of them and not others, but not none at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from rule_runs import CURSORS, SORT, Given, Lie, of_rules, refuses, tern, truth

from harness.check.rules.paging.ordering import check_sort_orders
from harness.specification.load import Spec
from harness.specification.model import ClauseId


def with_basis(basis: Literal["documented", "inferred"]) -> Spec:
    spec = tern(CURSORS)
    clauses = {**spec.listing.clauses, ClauseId(SORT): replace(spec.clauses[ClauseId(SORT)], basis=basis)}
    return replace(spec, listing=replace(spec.listing, clauses=clauses))


def some_words(given: Given) -> bool:
    return given.get("sort", "").endswith("ended")


def every_word(given: Given) -> bool:
    return bool(given.get("sort"))


@pytest.mark.parametrize(
    ("basis", "lie", "failed"),
    [
        pytest.param("inferred", truth, [], id="all taken"),
        pytest.param("inferred", refuses(some_words), [], id="some taken"),
        pytest.param("inferred", refuses(every_word), [SORT], id="none taken"),
        pytest.param("documented", refuses(some_words), [SORT], id="some of those that a document names"),
    ],
)
def test_words_that_are_inferred_may_be_refused_where_others_are_taken(
    basis: Literal["documented", "inferred"], lie: Lie, failed: list[str]
) -> None:
    assert of_rules([check_sort_orders], with_basis(basis), lie).failed == failed
