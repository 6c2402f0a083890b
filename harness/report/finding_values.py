"""A finding as a page shows it: what was asked for, what is due and what came, with the differences marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, final
from urllib.parse import urlsplit

from harness.check.results.findings import Finding
from harness.output.escaping import visible_text

_CELL: Final = re.compile(r"(?:^|  )([^\s=]{1,80})=(.*?)(?=  [^\s=]{1,80}=|$)")
_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST_COMPARED: Final = 600
_MOST_ROWS: Final = 12
_MOST_COLUMNS: Final = 16
# Sentences share words by chance; values that differ in a part share most of them.
_LEAST_ALIKE: Final = 0.6
# What a person reads easily in a URL, and what no secret or control character can hide in.
_READABLE: Final = {"%20": " ", "+": " ", "%3A": ":", "%2C": ",", "%2F": "/", "%3a": ":", "%2c": ",", "%2f": "/"}
_READABLE_CODES: Final = re.compile(r"%20|\+|%3[Aa]|%2[CcFf]")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A part of a text; `differs` where the other side has another one."""

    text: str
    differs: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowTable:
    """Rows with their fields below one another: names of the columns, and for each row its sign and cells.

    `about` are the columns that the finding is about.
    """

    columns: tuple[str, ...]
    about: frozenset[str]
    rows: tuple[tuple[str, tuple[TextPiece, ...]], ...]
    hidden: int


def side_by_side(expected: str, actual: str, *, limit: int) -> tuple[tuple[TextPiece, ...], tuple[TextPiece, ...]]:
    """Both texts in pieces, those marked in which they differ; whole where they have too little in common."""
    left, right = _shown(expected, limit), _shown(actual, limit)
    one, other = _TOKEN.findall(left[:_LONGEST_COMPARED]), _TOKEN.findall(right[:_LONGEST_COMPARED])
    comparable = max(len(left), len(right)) <= _LONGEST_COMPARED
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    if not comparable or matcher.ratio() < _LEAST_ALIKE:
        return (TextPiece(text=left, differs=False),), (TextPiece(text=right, differs=False),)
    pieces: tuple[list[TextPiece], list[TextPiece]] = ([], [])
    for code, begin, end, other_begin, other_end in matcher.get_opcodes():
        for side, tokens in ((pieces[0], one[begin:end]), (pieces[1], other[other_begin:other_end])):
            if tokens:
                side.append(TextPiece(text="".join(tokens), differs=code != "equal"))
    return tuple(pieces[0]), tuple(pieces[1])


def row_table(finding: Finding, *, limit: int) -> RowTable | None:
    """The rows of a finding with their fields aligned; None where they are no fields with values."""
    rows = [_parse_row(row, limit) for row in finding.rows[:_MOST_ROWS]]
    if not rows or not all(cells for _, cells in rows):
        return None
    columns = tuple(dict.fromkeys(name for _, cells in rows for name in cells))[:_MOST_COLUMNS]
    about = {*finding.difference.split(" "), finding.actual.partition(":")[0]}
    return RowTable(
        columns=columns,
        about=frozenset(name for name in columns if name in about),
        rows=tuple((sign, _cells(index, columns, rows)) for index, (sign, _) in enumerate(rows)),
        hidden=len(finding.rows) - len(rows),
    )


def _parse_row(row: str, limit: int) -> tuple[str, dict[str, str]]:
    text = _shown(row, limit)
    sign = text[0] if text[:2] in ("- ", "+ ") else ""
    found = dict(_CELL.findall(text[2:] if sign else text))
    return sign, found


def _cells(index: int, columns: Sequence[str], rows: Sequence[tuple[str, dict[str, str]]]) -> tuple[TextPiece, ...]:
    """The cells of a row; of a due row and the one that came in its place, those that differ are marked."""
    sign, own = rows[index]
    place = {"-": index + 1, "+": index - 1}.get(sign, -1)
    partner = rows[place][1] if 0 <= place < len(rows) and {sign, rows[place][0]} == {"-", "+"} else own
    return tuple(TextPiece(text=own.get(name, ""), differs=own.get(name) != partner.get(name)) for name in columns)


def asked_for(finding: Finding, *, limit: int) -> tuple[tuple[str, str], ...]:
    """The parameters of the request and their values, as far as the query tells them; masked values are left out."""
    url = finding.request.split(" ")[1:2]
    try:
        query = urlsplit(url[0]).query if url else ""
    except ValueError:
        return ()
    pairs = [part.partition("=") for part in re.split(r"[&;]", query) if part]
    return tuple((_readable(name, limit), _readable(value, limit)) for name, _, value in pairs if "***" not in value)


def _readable(text: str, limit: int) -> str:
    return _shown(_READABLE_CODES.sub(lambda found: _READABLE[found[0]], text), limit)


def _shown(text: str, limit: int) -> str:
    return visible_text(text, limit=limit, multiline=True)
