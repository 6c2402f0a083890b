"""Fixtures: files from a spec and a world, listed with their digests in a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, final

from harness.errors import UsageProblem, did_you_mean
from harness.generate.formats import EXCHANGE_FORMATS, FORMATS, ROW_FORMATS
from harness.generate.formats.call_rows import count_ended_calls
from harness.generate.formats.row_format import SerialRows
from harness.generate.generation_record import GenerationRecord, RecordOfOthers, file_digest
from harness.generate.manifest import PARTS, Generation, build_manifest
from harness.generate.row_engines import LocalEngine, RowEngine, serial_chunks, write_rows
from harness.generate.row_file_writer import RowListener, ignore_rows, write_chunks
from harness.generate.row_files import (
    FinishedRows,
    RowChoices,
    RowFile,
    check_row_choices,
    row_files_of,
    serial_format_names,
    slice_rows_of,
    slow_columns,
)
from harness.generate.row_slices import RowSlices
from harness.generate.sample_files import SampleFiles, encode_json_file, make_sample_files
from harness.generate.url_place import UrlPlace, is_url
from harness.output.atomic_files import FileNotWritten, os_error_reason, write_atomically
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.world.world import World

MANIFEST_FILE: Final = "manifest.json"
_OWN_FILE_PATTERN: Final = re.compile(
    r"(?:(?:rows|hidden|Master|cdr)(?:-[0-9]{5,})?(?:\.[a-z0-9]+)+|pages(?:\.[a-z]+)+|pages_responses\.py|"
    r"wiremock/mappings/pages\.json|(?:pages|invalid|edge)/[A-Za-z0-9._-]+)"
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFixtures:
    """The files that were written: the digest of each by its name below `out`, and the number of each kind."""

    out: Path | str
    files: Mapping[str, str]
    rows: int
    pages: int
    invalid: int
    edge: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureListener:
    """Who is told of a run: once how many rows go to files in all, and then how many more are written.

    `starts` is also told which columns are made row by row, and so slowly, each with the reason.
    """

    starts: Callable[[int, Mapping[str, str]], None]
    rows: RowListener


def _ignore_start(total: int, fallbacks: Mapping[str, str]) -> None:
    """Nobody listens."""


NO_LISTENER: Final = FixtureListener(starts=_ignore_start, rows=ignore_rows)


def write_fixtures(
    spec: Spec,
    *,
    world: World,
    out: Path | str,
    dialect: Dialect | None = None,
    formats: Sequence[str] = ("native",),
    pages: bool = True,
    invalid: bool = True,
    rows: bool = True,
    edge: bool = False,
    span: tuple[int, int | None] | None = None,
    shard_rows: int | None = None,
    compression: str | None = None,
    slice_rows: int | None = None,
    engine: RowEngine = LocalEngine(),  # noqa: B008
    resume: bool = False,
    listener: FixtureListener = NO_LISTENER,
) -> WrittenFixtures:
    """Write rows, pages, invalid answers and `manifest.json` into `out`; the same arguments give the same bytes.

    `span` selects rows by their places, `shard_rows` shares them out to files of so many, `compression` is "zstd" or
    "gzip". In memory there are `slice_rows` rows at a time for each process of the `engine`, without a choice as many
    as suit the API. Pages and invalid answers are of the last 200 calls of the world. With `resume` what an
    interrupted run of the same arguments has finished is kept.

    Files of other origin in `out` stay; what an earlier run wrote and this one does not is removed, unless it was
    changed since. Raises UsageProblem for an argument that cannot be used and when `out` cannot take files, and
    FileNotWritten; nothing half-written is left then.
    """
    names = check_formats(formats)
    choices = RowChoices(
        formats=tuple(ROW_FORMATS[name] for name in names if name in ROW_FORMATS),
        rows=span,
        shard_rows=shard_rows,
        compression=compression,
        slice_rows=slice_rows or slice_rows_of(spec.listing),
    )
    check_row_choices(choices)
    chosen = {"rows": rows, "pages": pages, "invalid": invalid, "edge": edge}
    made = Generation(
        spec=spec,
        world=world,
        dialect=dialect if dialect is not None else Dialect(),
        formats=names,
        parts=tuple(part for part in PARTS if chosen[part]),
        choices=choices,
    )
    slices = RowSlices.of(spec, world, made.dialect)
    calls = count_ended_calls(world) if any(made.of_calls for made in choices.formats) else 0
    files = row_files_of(spec, choices, len(slices), calls) if rows else ()
    if isinstance(out, str) and is_url(out):
        if resume:
            raise UsageProblem("--resume", "a directory as --out", out, "leave --resume out")
        return _write_to_url(made, slices, files, UrlPlace(out), engine, listener)
    place = Path(out)
    _prepare_directory(place)
    with _record_in(place, made, files, resume=resume) as record:
        samples = _samples_of(made)
        listener.starts(sum(len(file) for file in files), slow_columns(slices, files))
        finished = write_rows(slices, files, record, engine, listener.rows)
        return _write_around(made, samples, finished, record)


def _write_to_url(
    made: Generation,
    slices: RowSlices,
    files: Sequence[RowFile],
    place: UrlPlace,
    engine: RowEngine,
    listener: FixtureListener,
) -> WrittenFixtures:
    """The same to a URL: no record is kept there, and so nothing can be gone on with."""
    place.check()
    samples = _samples_of(made)
    listener.starts(sum(len(file) for file in files), slow_columns(slices, files))
    finished = write_rows(slices, files, place, engine, listener.rows)
    digests = _all_digests(samples, finished)
    stale = _own_names(place.read_json(MANIFEST_FILE), {}, digests)
    for name, data in samples.files.items():
        place.write(name, data)
    manifest = build_manifest(made, rows=finished, pages=samples.pages, digests=digests)
    place.write(MANIFEST_FILE, encode_json_file(manifest))
    place.remove_unchanged(stale)
    return _written(place.url, digests, samples, finished)


def _samples_of(made: Generation) -> SampleFiles:
    formats = [EXCHANGE_FORMATS[name] for name in made.formats if name in EXCHANGE_FORMATS]
    return make_sample_files(made.spec, made.world, made.dialect, parts=made.parts, formats=formats)


def stream_rows(
    spec: Spec,
    stream: BinaryIO,
    *,
    world: World,
    dialect: Dialect | None = None,
    format_name: str = "native",
    span: tuple[int, int | None] | None = None,
    compression: str | None = None,
    jobs: int = 1,
    listener: FixtureListener = NO_LISTENER,
) -> int:
    """Write the rows alone to a stream, slice by slice, as the file of them would hold them; how many there are.

    Raises UsageProblem for a format that is no row of bytes, and whatever the stream raises.
    """
    (name,) = check_formats([format_name])
    made = ROW_FORMATS.get(name)
    if made is None or not isinstance(made.rows, SerialRows):
        raise UsageProblem(
            f"--stdout --format {name}",
            f"a format that can be piped: {', '.join(serial_format_names())}",
            name,
            "write it to a directory with --out",
        )
    slice_rows = slice_rows_of(spec.listing)
    choices = RowChoices(formats=(made,), rows=span, compression=compression, slice_rows=slice_rows)
    check_row_choices(choices)
    slices = RowSlices.of(spec, world, dialect if dialect is not None else Dialect())
    calls = count_ended_calls(world) if made.of_calls else 0
    file = row_files_of(spec, choices, len(slices), calls)[0]
    listener.starts(len(file), slow_columns(slices, [file]))
    with serial_chunks(slices, jobs) as chunks:
        write_chunks(chunks(file, 0), stream, file=file, told=listener.rows)
    return len(file)


def check_formats(names: Collection[str]) -> tuple[str, ...]:
    """The formats, each once. Raises UsageProblem for one that nobody knows."""
    for name in names:
        if name not in FORMATS:
            raise UsageProblem("--format", f"one of {', '.join(FORMATS)}", repr(name), did_you_mean(name, FORMATS))
    return tuple(dict.fromkeys(names))


@contextmanager
def _record_in(out: Path, made: Generation, files: Sequence[RowFile], *, resume: bool) -> Iterator[GenerationRecord]:
    """The record of the run. A run that fails leaves what a later one can use, and nothing that is half of a file."""
    for file in files:
        if (out / file.name).is_dir():
            raise FileNotWritten(str(out / file.name), "it is a directory")
    record = GenerationRecord.open(out)
    done = False
    try:
        record.begin(made.plan([file.name for file in files]), resume=resume)
        done = True
        yield record
    except RecordOfOthers:
        raise
    except Exception:
        record.remove_parts()
        # Whole shards are worth going on from; of anything else nothing is left.
        done = made.choices.shard_rows is None or not record.holds_files
        raise
    except BaseException:
        done = not record.holds_work
        if done:
            record.remove_parts()
        raise
    finally:
        record.close(remove=done)


def _write_around(
    made: Generation, samples: SampleFiles, finished: Sequence[FinishedRows], record: GenerationRecord
) -> WrittenFixtures:
    """Write what stands beside the rows, the manifest last, and remove what an earlier run left."""
    out = record.out
    digests = _all_digests(samples, finished)
    manifest = build_manifest(made, rows=finished, pages=samples.pages, digests=digests)
    stale = _stale_files(out, digests, record.earlier_files)
    for name, data in samples.files.items():
        _write_file(out / name, data)
    # Last, so that a manifest never names a file that is not there.
    _write_file(out / MANIFEST_FILE, encode_json_file(manifest))
    for path in stale:
        path.unlink(missing_ok=True)
    # What a process left that was lost in the middle of a file.
    record.remove_parts()
    return _written(out, digests, samples, finished)


def _all_digests(samples: SampleFiles, finished: Sequence[FinishedRows]) -> dict[str, str]:
    digests = {one.file.name: one.sha256 for one in finished}
    digests |= {name: hashlib.sha256(data).hexdigest() for name, data in samples.files.items()}
    return dict(sorted(digests.items()))


def _written(
    out: Path | str, digests: Mapping[str, str], samples: SampleFiles, finished: Sequence[FinishedRows]
) -> WrittenFixtures:
    return WrittenFixtures(
        out=out,
        files=digests,
        rows=_rows_of_list(finished),
        pages=len(samples.pages),
        invalid=samples.invalid,
        edge=samples.edge,
    )


def _rows_of_list(finished: Sequence[FinishedRows]) -> int:
    """The rows that are written, each counted once however many formats it is in."""
    return sum(len(one.file) for one in finished if one.file.format.name == finished[0].file.format.name)


def _prepare_directory(out: Path) -> None:
    where = f"--out {out}"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageProblem(where, "a directory, or a name that is free", "a file") from None
    except NotADirectoryError:
        raise UsageProblem(where, "a directory, or a name that is free", "a file stands on the way") from None
    except OSError as problem:
        raise UsageProblem(where, "a directory that can be made", os_error_reason(problem)) from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise UsageProblem(where, "a directory that can be written to", "permission denied")


def _write_file(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FileNotWritten(str(path), os_error_reason(problem)) from problem
    write_atomically(path, data)


def _stale_files(out: Path, digests: Mapping[str, str], unfinished: Mapping[str, str]) -> list[Path]:
    """Files of an earlier run, whole or not, that this run does not write, and that nobody has changed."""
    try:
        manifest = json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        manifest = None
    found = []
    for name, digest in _own_names(manifest, unfinished, digests).items():
        path = out / name
        if not path.resolve().is_relative_to(out.resolve()):
            # A folder that is a link leads elsewhere, where nothing is ours.
            continue
        if path.is_file() and not path.is_symlink() and file_digest(path) == digest:
            found.append(path)
    return found


def _own_names(manifest: object, unfinished: Mapping[str, str], digests: Mapping[str, str]) -> dict[str, str]:
    """The files that a manifest and an unfinished run list, and that are not written now, with their digests."""
    listed = manifest.get("files") if isinstance(manifest, dict) else None
    known = {**(listed if isinstance(listed, dict) else {}), **unfinished}
    return {
        name: digest
        for name, digest in known.items()
        if name not in digests and _OWN_FILE_PATTERN.fullmatch(name) and isinstance(digest, str)
    }
