"""The codec of CSV bodies (RFC 4180): a header line with the names of the fields, and a line for each row."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

from harness.wire.decoded_body import DEFAULT_BODY_LIMITS, PROBLEM_LIMIT, BodyLimits, DecodedBody, FormatProblem, Tree

MEDIA_TYPE: Final = "text/csv"
_LINE_END: Final = "\r\n"


def encode_csv_lines(names: Sequence[str], rows: Sequence[Tree]) -> bytes:
    """The lines of rows without the header line, their cells in the order of `names`; what is missing is empty."""
    return _lines([[_cell(row, name) for name in names] for row in rows])


def encode_csv_header(names: Sequence[str]) -> bytes:
    """The header line."""
    return _lines([list(names)])


def _lines(table: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=_LINE_END).writerows(table)
    return text.getvalue().encode("utf-8", "replace")


def _cell(row: Tree, name: str) -> str:
    value = row.get(name) if isinstance(row, Mapping) else None
    return "" if value is None else str(value)


def decode_csv(body: bytes, *, limits: BodyLimits = DEFAULT_BODY_LIMITS) -> DecodedBody:
    """The rows of a CSV body as objects of texts, and its problems; total, whatever the bytes are."""
    problems: list[FormatProblem] = []
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        text = body.decode("utf-8", "replace")
        problems.append(
            FormatProblem("encoding:invalid-utf8", "the body is not UTF-8 throughout", f"byte {error.start}")
        )
    if text.startswith("\ufeff"):
        problems.append(FormatProblem("encoding:bom", "the body starts with a byte order mark", "byte 0"))
        text = text.removeprefix("\ufeff")
    if not text.strip():
        return DecodedBody(None, tuple(problems), missing=True)
    rows: list[Tree] = []
    names: list[str] | None = None
    cells = 0
    try:
        for number, line in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            cells += len(line)
            if cells > limits.nodes:
                problems.append(FormatProblem("csv:size", f"more than {limits.nodes} cells", f"line {number}"))
                break
            if names is None:
                names = line
            elif len(line) == len(names):
                rows.append(dict(zip(names, line, strict=True)))
            elif len(problems) < PROBLEM_LIMIT:
                told = f"{len(line)} cells under {len(names)} names"
                problems.append(FormatProblem("csv:syntax", told, f"line {number}"))
    except csv.Error as error:
        problems.append(FormatProblem("csv:syntax", str(error).encode("ascii", "replace").decode(), ""))
    return DecodedBody(rows, tuple(problems))
