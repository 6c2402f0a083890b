"""Machine 1, generate: writes files from a spec and a world.

`write_fixtures(spec, *, world, out, dialect=None, formats=("native",), pages=True, invalid=True) -> Written`
writes the rows in each format, whole answers with their requests, answers that break one clause each, and a
manifest. Same arguments: same bytes. It raises UsageProblem when `out` cannot take files.
"""

from harness.generate.fixtures import WrittenFixtures, write_fixtures
from harness.generate.formats import FORMATS, RowFormat
from harness.generate.invalid_responses import make_invalid_responses
from harness.generate.response_breaker import InvalidResponse
from harness.generate.rows import RowSet, row_set_of
from harness.generate.sample_exchanges import SampleExchange, make_sample_exchanges

__all__ = [
    "FORMATS",
    "InvalidResponse",
    "RowFormat",
    "RowSet",
    "SampleExchange",
    "WrittenFixtures",
    "make_invalid_responses",
    "make_sample_exchanges",
    "row_set_of",
    "write_fixtures",
]
