"""How a sort parameter spells the key and the direction of an order: `started`, `-started`, `started:desc`."""

from __future__ import annotations

from harness.specification.model import SortParameter


def sort_spellings(sort: SortParameter, word: str) -> tuple[str, ...]:
    """Every spelling of a word: by itself, and with each sign or suffix that says a direction."""
    signed = (f"-{word}",) if sort.signed else ()
    return (word, *signed, *(f"{word}{suffix}" for suffix in sort.suffixes))


def read_sort_spelling(sort: SortParameter, text: str) -> tuple[str, bool | None]:
    """The word of a spelling, known or not, and whether it says descending; None where it says nothing of it."""
    if sort.signed:
        return (text[1:], True) if text.startswith("-") else (text, False)
    if text not in sort.words:
        for suffix, direction in sort.suffixes.items():
            if text.removesuffix(suffix) in sort.words:
                return text.removesuffix(suffix), direction == "descending"
    return text, None


def descending_spelling(sort: SortParameter, word: str) -> str:
    """The spelling of a word that says descending, or the word where none does."""
    suffix = next((suffix for suffix, direction in sort.suffixes.items() if direction == "descending"), "")
    return f"-{word}" if sort.signed else f"{word}{suffix}"
