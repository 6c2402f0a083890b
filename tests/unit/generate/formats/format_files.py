"""The file of one format, for the tests of formats."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from harness.generate.formats import FORMATS
from harness.generate.formats.call_rows import count_ended_calls
from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet
from harness.generate.formats.row_format import FileRows, RowFormat
from harness.generate.row_slices import RowSlices
from harness.generate.sample_exchanges import make_sample_exchanges
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, load_spec
from harness.world import World


def row_file(name: str, spec: Spec, world: World, path: Path, *, slice_rows: int = 7) -> Path:
    """The file of a row format at `path`, made of several slices."""
    made = FORMATS[name]
    assert isinstance(made, RowFormat)
    slices = RowSlices.of(spec, world, Dialect())
    count = count_ended_calls(world) if made.of_calls else len(slices)
    spans = [(first, min(first + slice_rows, count)) for first in range(0, count, slice_rows)]
    if isinstance(made.rows, FileRows):
        made.rows.write(slices, path, iter(spans))
        return path
    parts = [made.rows.head(slices, count), *(made.rows.encode(slices, *span) for span in spans)]
    path.write_bytes(b"".join((*parts, made.rows.tail(slices, count))))
    return path


def call_file(name: str, world: World) -> bytes:
    """The bytes of a format of call records; which API is asked makes no difference to it."""
    with TemporaryDirectory() as directory:
        return row_file(name, load_spec("ozeki/list-active-calls"), world, Path(directory) / "calls").read_bytes()


def exchanges_of(spec: Spec, world: World) -> ExchangeSet:
    """The sample exchanges of an API."""
    return ExchangeSet.of(spec, world.instant, list(make_sample_exchanges(spec, world, Dialect())))


def exchange_file(name: str, exchanges: ExchangeSet) -> bytes:
    """The bytes of a format of exchanges."""
    made = FORMATS[name]
    assert isinstance(made, ExchangeFormat)
    return made.encode(exchanges)
