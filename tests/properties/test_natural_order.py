"""Numbers in texts by their digits, words without case: oracle and simulator, written apart, agree on the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.check.oracle.interpreter import sort_key
from harness.serve.query.table import collation_key

TEXTS = st.text("aBÄß019+-. ", max_size=6)


@given(TEXTS, TEXTS)
def test_two_texts_stand_in_the_same_natural_order(one: str, other: str) -> None:
    keys = [collation_key(text, "natural") for text in (one, other)]
    due = [sort_key(text, "natural") for text in (one, other)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (due[0] < due[1], due[0] == due[1])


def test_signs_between_digits_and_the_case_of_words_do_not_count() -> None:
    texts = ["+1 555-0101", "7", "Anonymous", "", "15550100"]
    assert sorted(texts, key=lambda text: collation_key(text, "natural")) == [
        "",
        "Anonymous",
        "7",
        "15550100",
        "+1 555-0101",
    ]
