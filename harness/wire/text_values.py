"""Texts in rows: what a field shows of an attribute, and whether a text looks as the field promises."""

from __future__ import annotations

import re

from harness.specification.model import Field
from harness.specification.patterns import LONGEST_MATCHED_TEXT
from harness.specification.value_forms import described_form, id_pattern
from harness.wire.decoded_body import printable_text as in_ascii


def shown_text(field: Field, text: str) -> str | None:
    """The text as the field shows it; None where it is of the kind that the field does not show."""
    if field.only is not None and not is_of_kind(field, text):
        return None
    return text.removeprefix("+") if field.number == "bare" else text


def is_of_kind(field: Field, text: str) -> bool:
    """Whether who takes part is one of those that the field shows alone: numbers have a plus sign."""
    return text.startswith("+") == (field.only == "numbers")


def text_flaw(field: Field, raw: str) -> str | None:
    """What is wrong with the look of a text; None where it looks as it should."""
    if field.form is not None and id_pattern(field.form).fullmatch(raw) is None:
        return f"{in_ascii(raw)} does not look like {described_form(field.form)}"
    if field.only is not None and field.number == "plus" and not is_of_kind(field, raw):
        return f"{in_ascii(raw)} is none of the {field.only}"
    if field.pattern is not None and not looks_like(field.pattern, raw):
        return f"{in_ascii(raw)} does not look like {field.pattern}"
    return None


def looks_like(pattern: str, text: str) -> bool:
    """Whether the whole text is as a pattern says; a very long one never is."""
    return len(text) <= LONGEST_MATCHED_TEXT and re.fullmatch(pattern, text, re.ASCII) is not None
