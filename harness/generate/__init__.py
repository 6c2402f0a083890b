"""Machine 1: a spec and a world make files.

`write_fixtures(spec, *, world, out, dialect=None, formats=("native",), pages=True, invalid=True) -> Written`
writes the rows in each format, whole answers with their requests, answers that break one clause each, and a
manifest. Same arguments: same bytes. It raises Misuse when `out` cannot take files.
"""

from harness.generate.fixtures import Written, write_fixtures
from harness.generate.formats import FORMATS, Format
from harness.generate.invalid_responses import Invalid, invalid_answers
from harness.generate.rows import RowSet, rows_of
from harness.generate.sample_exchanges import Page, pages_of

__all__ = [
    "FORMATS",
    "Format",
    "Invalid",
    "Page",
    "RowSet",
    "Written",
    "invalid_answers",
    "pages_of",
    "rows_of",
    "write_fixtures",
]
