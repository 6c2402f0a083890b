"""Numbers with what they count, in the singular where it is one."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """`1 row`, `2 rows`; `several` is the plural where it is not the word with an s."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"
