"""Where rows are made: in this process, in several of this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, final

from harness.errors import UsageProblem, require_extra
from harness.generate.formats.row_format import SerialRows
from harness.generate.generation_record import GenerationRecord
from harness.generate.row_file_writer import (
    ChunkSource,
    RowListener,
    continue_chunks,
    write_row_file,
    write_row_file_to,
)
from harness.generate.row_files import FinishedRows, RowFile, encode_chunk
from harness.generate.row_slices import RowSlices
from harness.generate.row_workers import RowWorkers
from harness.generate.url_place import UrlPlace

if TYPE_CHECKING:
    from harness.generate.dask_rows import DaskRows


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEngine:
    """So many processes of this machine."""

    jobs: int = 1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DaskEngine:
    """The workers of a Dask scheduler, by its address; without one, `workers` of this machine.

    They must reach the place that is written to.
    """

    scheduler: str | None = None
    workers: int = 2


RowEngine: TypeAlias = LocalEngine | DaskEngine
ENGINES: Final = ("local", "dask")


def engine_of(name: str, *, scheduler: str | None, jobs: int) -> RowEngine:
    """The engine of a name. Raises UsageProblem for one that nobody knows, and for what does not go with it."""
    if name not in ENGINES:
        raise UsageProblem(f"--engine {name}", f"one of {', '.join(ENGINES)}", repr(name))
    if jobs < 1:
        raise UsageProblem("--jobs", "1 process or more", str(jobs))
    if name == "dask":
        return DaskEngine(scheduler=scheduler, workers=jobs)
    if scheduler is not None:
        raise UsageProblem(f"--scheduler {scheduler}", "--engine dask beside it", "--engine local")
    return LocalEngine(jobs=jobs)


def write_rows(
    slices: RowSlices,
    files: Sequence[RowFile],
    place: GenerationRecord | UrlPlace,
    engine: RowEngine,
    told: RowListener,
) -> list[FinishedRows]:
    """Write files of rows, but those that the record of a directory has whole; in the order of `files`."""
    found: dict[str, FinishedRows] = {}
    if isinstance(place, GenerationRecord):
        for file in files:
            whole = place.whole_file(file)
            if whole is not None:
                found[file.name] = whole
                told(len(file))
    for one in _make_files(slices, [file for file in files if file.name not in found], place, engine, told):
        if isinstance(place, GenerationRecord):
            place.add_file(one.file.name, one.sha256)
        found[one.file.name] = one
    return [found[file.name] for file in files]


def _make_files(
    slices: RowSlices,
    files: Sequence[RowFile],
    place: GenerationRecord | UrlPlace,
    engine: RowEngine,
    told: RowListener,
) -> Iterator[FinishedRows]:
    target = place if isinstance(place, UrlPlace) else place.out.absolute()
    match engine:
        case _ if not files:
            return
        case DaskEngine(scheduler=scheduler, workers=workers):
            with _dask_rows(slices, scheduler, workers) as cluster:
                yield from _counted(cluster.write_files(files, target), told)
        case LocalEngine(jobs=jobs) if jobs > 1:
            with RowWorkers(slices, jobs) as workers_here:
                if isinstance(place, UrlPlace):
                    yield from _counted(workers_here.write_files(files, place), told)
                else:
                    yield from _made_by_workers(workers_here, files, place, told)
        case LocalEngine():
            for file in files:
                if isinstance(place, UrlPlace):
                    yield write_row_file_to(place, slices, file, owner="", told=told)
                else:
                    yield _made_here(slices, file, place, told)


def _dask_rows(slices: RowSlices, scheduler: str | None, workers: int) -> DaskRows:
    require_extra("dask", "distributed", what="--engine dask")
    from harness.generate.dask_rows import DaskRows

    return DaskRows(slices, scheduler=scheduler, workers=workers)


def _made_here(slices: RowSlices, file: RowFile, record: GenerationRecord, told: RowListener) -> FinishedRows:
    if isinstance(file.format.rows, SerialRows):
        return continue_chunks(file, _chunks_here(slices), record, told=told)
    return write_row_file(slices, file, record.out, told=told)


def _made_by_workers(
    workers: RowWorkers, files: Sequence[RowFile], record: GenerationRecord, told: RowListener
) -> Iterator[FinishedRows]:
    """Shards are written by the workers; of a single file they make the pieces, as far as it has some."""
    if len({file.format.name for file in files}) < len(files):
        yield from _counted(workers.write_files(files, record.out), told)
        return
    for file in files:
        if isinstance(file.format.rows, SerialRows):
            yield continue_chunks(file, workers.chunks, record, told=told)
        else:
            yield from _counted(workers.write_files([file], record.out), told)


def _counted(files: Iterator[FinishedRows], told: RowListener) -> Iterator[FinishedRows]:
    for one in files:
        yield one
        told(len(one.file))


@contextmanager
def serial_chunks(slices: RowSlices, jobs: int) -> Iterator[ChunkSource]:
    """What gives the pieces of a file, by so many processes."""
    if jobs == 1:
        yield _chunks_here(slices)
        return
    with RowWorkers(slices, jobs) as workers:
        yield workers.chunks


def _chunks_here(slices: RowSlices) -> ChunkSource:
    def make_chunks(file: RowFile, first: int) -> Iterator[bytes]:
        return (encode_chunk(slices, file, chunk) for chunk in range(first, file.chunks))

    return make_chunks
