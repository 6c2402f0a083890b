"""Cells that a spreadsheet would take for formulas, defused: an apostrophe before what begins like one."""

from __future__ import annotations

import csv
import io
from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may evaluate when it opens the file."""


def defuse_cells(table: bytes) -> bytes:
    """The lines of a CSV file (whole ones, in UTF-8) with an apostrophe before each cell that begins like a formula.

    It changes values: whoever reads the file has to take the apostrophe off again. Numbers with a sign get one too.
    """
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    for line in csv.reader(io.StringIO(table.decode(), newline="")):
        writer.writerow(["'" + cell if cell.startswith(FORMULA_STARTS) else cell for cell in line])
    return made.getvalue().encode()
