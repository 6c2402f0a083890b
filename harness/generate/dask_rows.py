"""Rows made by the workers of a Dask scheduler: a task for each file, made again elsewhere when a worker is lost."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, final

from distributed import Client, KilledWorker, LocalCluster, Worker, WorkerPlugin, as_completed, get_worker

from harness.errors import UsageProblem
from harness.generate.row_file_writer import RowPlace, write_row_file_to
from harness.generate.row_files import FinishedRows, RowFile
from harness.generate.row_slices import RowSlices
from harness.generate.row_source import pack_row_source, unpack_row_source
from harness.generate.row_workers import WorkerLost

_RETRIES: Final = 2
_CONNECT_SECONDS: Final = 10


@final
class RowSourcePlugin(WorkerPlugin):  # type: ignore[misc]
    """What each worker has once: the rows, unpacked when the worker joins."""

    def __init__(self, packed: bytes, name: str) -> None:
        self.packed = packed
        self.name = name
        self.slices: RowSlices | None = None

    def setup(self, worker: Worker) -> None:
        """Called by Dask on each worker."""
        self.slices = unpack_row_source(self.packed)


@final
class DaskRows:
    """The workers of a scheduler, or so many of this machine; within `with`.

    Raises UsageProblem when no scheduler answers at the address.
    """

    def __init__(self, slices: RowSlices, *, scheduler: str | None, workers: int) -> None:
        self._packed = pack_row_source(slices)
        # What becomes of a lost worker is told by the result; Dask would tell it on standard error as well.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._cluster = None
        if scheduler is None:
            self._cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        try:
            self._client = Client(self._cluster or scheduler, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as problem:
            reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise UsageProblem(f"--scheduler {scheduler}", "the address of a Dask scheduler", reason) from problem

    def __enter__(self) -> DaskRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def write_files(self, files: Sequence[RowFile], place: RowPlace) -> Iterator[FinishedRows]:
        """Write whole files; they are told as they are finished. Raises what writing raises, and WorkerLost."""
        name = f"callharness-{self._client.id}"
        self._client.register_plugin(RowSourcePlugin(self._packed, name), name=name)
        try:
            futures = [
                self._client.submit(_write_on_worker, name, file, place, retries=_RETRIES, pure=False)
                for file in files
            ]
            for _, one in as_completed(futures, loop=self._client.loop, with_results=True):
                yield one
        except KilledWorker as problem:
            raise WorkerLost from problem
        finally:
            self._client.unregister_worker_plugin(name)


def _write_on_worker(plugin: str, file: RowFile, place: RowPlace) -> FinishedRows:
    slices = get_worker().plugins[plugin].slices
    owner = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}-"
    return write_row_file_to(place, slices, file, owner=owner)
