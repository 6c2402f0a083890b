"""What is known of an open choice, and what it may still be."""

from __future__ import annotations

from harness.check.oracle.dialect_inference import InferredDialect
from harness.specification.load import load_spec
from harness.specification.model import OpenChoice

CHOICE: str | OpenChoice[str] = OpenChoice(id="numbering", options=("from zero", "from one"), assumed="from one")


def dialect() -> InferredDialect:
    return InferredDialect(load_spec("ozeki/list-active-calls"))


def test_what_the_document_decides_is_known_and_not_learned_anew() -> None:
    known = dialect()
    known.learn_answer("from zero", "from one", "a test")
    assert known.known_answers("from zero") == known.possible_answers("from zero") == ("from zero",)


def test_an_open_choice_may_be_anything_until_an_answer_is_learned() -> None:
    known = dialect()
    assert list(known.known_answers(CHOICE)) == []
    assert list(known.possible_answers(CHOICE)) == ["from zero", "from one"]
    known.learn_answer(CHOICE, "from zero", "a test")
    assert list(known.known_answers(CHOICE)) == list(known.possible_answers(CHOICE)) == ["from zero"]
