"""What is wrong with a field of a row, in two halves: what is documented, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from harness.specification.model import Field
from harness.wire.row_codec import FieldProblem, field_at

_WORDS_SHOWN: Final = 6
_VALUES_SHOWN: Final = 3


def due_and_came(fields: Mapping[str, Field], flaws: Sequence[FieldProblem]) -> tuple[str, str]:
    """What is documented of the field that the first flaw is about, and the different values that came instead."""
    halves = [_halves(fields, flaw) for flaw in flaws if flaw.field == flaws[0].field]
    due = halves[0][0]
    came = list(dict.fromkeys(value for other, value in halves if other == due))
    return due, " or ".join(came[:_VALUES_SHOWN]) + (" or others" if len(came) > _VALUES_SHOWN else "")


def _halves(fields: Mapping[str, Field], flaw: FieldProblem) -> tuple[str, str]:
    field = field_at(fields, flaw.field)
    if flaw.kind == "word" and field is not None:
        words = sorted({*field.words.values(), *field.more_words})
        return _one_of(words), flaw.text.removesuffix(f" is none of {', '.join(words)}")
    wanted, got, came = flaw.text.removeprefix("expected ").partition(", got ")
    if got and flaw.text.startswith("expected "):
        return wanted, came
    came, like, form = flaw.text.partition(" does not look like ")
    return (f"a text that looks like {form}", came) if like else ("as documented", flaw.text)


def _one_of(words: Sequence[str]) -> str:
    if len(words) <= _WORDS_SHOWN:
        return f"one of {', '.join(words)}"
    return f"one of {len(words)} words: {', '.join(words[:_WORDS_SHOWN])}, ..."
