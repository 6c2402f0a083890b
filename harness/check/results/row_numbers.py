"""Numbers of rows in words."""

from __future__ import annotations


def rows_in_words(number: int | None) -> str:
    """So many rows, one of them in the singular."""
    return "1 row" if number == 1 else f"{number} rows"
