"""Patterns of a spec that no text can keep busy for long."""

from __future__ import annotations

import re
from typing import Final

LONGEST_MATCHED_TEXT: Final = 4096
"""No longer text is held against a pattern: with two open repeats the time grows with the square of its length."""


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern is refused: broken, a repeat or a choice inside a repeat, a back-reference; else None."""
    try:
        re.compile(pattern, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        return f"not a regular expression ({error})"
    return _backtracking_problem(pattern)


_REPEAT: Final = re.compile(r"[*+?]|\{[0-9]*,?[0-9]*\}")
_OPEN_REPEAT: Final = re.compile(r"[*+]|\{[0-9]*,\}")
_MOST_OPEN_REPEATS: Final = 2
_BACK_REFERENCE: Final = re.compile(r"\\[1-9]|\(\?P=")
_SINGLE_REPEAT: Final = re.compile(r"\?|\{1\}|\{0,1\}|\{0\}")


def _backtracking_problem(pattern: str) -> str | None:
    """A reading of the text alone: groups that hold a repeat or a choice and are themselves repeated."""
    bare = re.sub(r"\\\\", "__", pattern)
    if _BACK_REFERENCE.search(bare):
        return "a back-reference"
    bare = re.sub(r"\\.", "_", bare)
    # A class is one character, whatever stands in it.
    bare = re.sub(r"\[\^?\]?[^]]*\]", "_", bare)
    # What stands behind an opening bracket names the group and repeats nothing.
    bare = re.sub(r"\(\?(:|P<[^>]*>|=|!|<=|<!)", "(", bare)
    # Each more of them is one more power of the text's length.
    if len(_OPEN_REPEAT.findall(bare)) > _MOST_OPEN_REPEATS:
        return f"more than {_MOST_OPEN_REPEATS} repeats without an end"
    holds: list[bool] = [False]
    index = 0
    while index < len(bare):
        letter = bare[index]
        if letter == "(":
            holds.append(False)
        elif letter == ")":
            inner = holds.pop()
            repeat = _REPEAT.match(bare, index + 1)
            if repeat is not None and inner and not _SINGLE_REPEAT.fullmatch(repeat.group()):
                return "a repeat or a choice inside a repeat"
            holds[-1] = holds[-1] or inner or repeat is not None
            index = repeat.end() - 1 if repeat is not None else index
        elif letter == "|":
            holds[-1] = True
        else:
            repeat = _REPEAT.match(bare, index)
            if repeat is not None:
                # So many and no other number leaves nothing to try again.
                holds[-1] = holds[-1] or "," in repeat.group() or letter != "{"
                index = repeat.end() - 1
        index += 1
    return None
