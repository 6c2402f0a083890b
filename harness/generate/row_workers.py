"""Processes of this machine that make rows: pieces of a file for the one that writes it, or whole files."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Final, TypeVar, final

from harness.errors import HarnessError
from harness.generate.row_file_writer import RowPlace, write_row_file_to
from harness.generate.row_files import FinishedRows, RowFile, encode_chunk
from harness.generate.row_slices import RowSlices
from harness.generate.row_source import pack_row_source, unpack_row_source

T = TypeVar("T")
U = TypeVar("U")

# Pieces for each process that are made but not yet written: one that is waited for, and the next.
_AHEAD: Final = 2


@final
class WorkerLost(HarnessError):
    """A process that made rows has ended before its work was done."""

    def __str__(self) -> str:
        return (
            "a process that makes rows was ended from outside (perhaps for want of memory)\n"
            "  do        the same command with --resume goes on; a smaller --jobs needs less memory"
        )


@final
class RowWorkers:
    """So many processes that make rows; within `with`, after which they are gone."""

    def __init__(self, slices: RowSlices, jobs: int) -> None:
        self._jobs = jobs
        # A forked process could not use polars, whose threads do not follow it.
        self._pool = ProcessPoolExecutor(
            jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(pack_row_source(slices),),
        )

    def __enter__(self) -> RowWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            # What they are at is of no use any more.
            for worker in multiprocessing.active_children():
                worker.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def chunks(self, file: RowFile, first: int) -> Iterator[bytes]:
        """The pieces of a file in their order, from one of them on."""
        return self._in_order(_make_chunk, ((file, chunk) for chunk in range(first, file.chunks)))

    def write_files(self, files: Iterable[RowFile], place: RowPlace) -> Iterator[FinishedRows]:
        """Write whole files; they are told in their order."""
        return self._in_order(_write_file, ((file, place) for file in files))

    def _in_order(self, function: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
        waiting: deque[Future[U]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(function, item))
                if len(waiting) >= self._jobs * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as problem:
            raise WorkerLost from problem
        finally:
            for future in waiting:
                future.cancel()


# --- inside a worker ----------------------------------------------------------------------------------------

# A worker serves one run and nothing else: what it makes rows of is all that it knows.
_SLICES: list[RowSlices] = []


def _start_worker(packed: bytes) -> None:
    # A terminal tells all of its processes of an interruption; the one that writes decides what then happens.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.join,), daemon=True).start()
    _SLICES[:] = [unpack_row_source(packed)]


def _end_with(wait: Callable[[], None]) -> None:
    """End at once when nobody waits for the work any more."""
    wait()
    os._exit(1)


def _make_chunk(asked: tuple[RowFile, int]) -> bytes:
    file, chunk = asked
    return encode_chunk(_SLICES[0], file, chunk)


def _write_file(asked: tuple[RowFile, RowPlace]) -> FinishedRows:
    file, place = asked
    return write_row_file_to(place, _SLICES[0], file, owner=f"{os.getpid()}-")
