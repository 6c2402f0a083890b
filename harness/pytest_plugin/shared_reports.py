"""Reports that the workers of pytest-xdist share: the first to need one reads the target, the others wait."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from harness.check.results.findings import RunReport

_INPUT: Final = "callharness_reports"
_DIRECTORY: Final = pytest.StashKey[str]()


def give_directory(node: Any) -> None:
    """Name a directory to a worker that is being started; it is private, and one for all workers of the run."""
    stash = node.config.stash
    if _DIRECTORY not in stash:
        stash[_DIRECTORY] = tempfile.mkdtemp(prefix="callharness-")
    node.workerinput[_INPUT] = stash[_DIRECTORY]


def remove_directory(config: pytest.Config) -> None:
    """Remove it at the end of the run."""
    if _DIRECTORY in config.stash:
        shutil.rmtree(config.stash[_DIRECTORY], ignore_errors=True)


def shared_report(config: pytest.Config, api: str, read: Callable[[], RunReport]) -> RunReport:
    """The report on an API: of another worker, where one has read the target; else what `read` gives.

    Raises HarnessError, also where another worker could not read the target.
    """
    directory = getattr(config, "workerinput", {}).get(_INPUT)
    if directory is None:
        return read()
    from harness.errors import HarnessError
    from harness.output.atomic_files import write_atomically
    from harness.report.run_record import RunRecord, journal_text, report_from_journal

    file = Path(directory, sha256(api.encode()).hexdigest())
    failed = file.with_suffix(".failed")
    with _locked(file.with_suffix(".lock")):
        if failed.exists():
            raise HarnessError(failed.read_text(encoding="utf-8"))
        if file.exists():
            return report_from_journal(file)
        try:
            report = read()
        except HarnessError as problem:
            write_atomically(failed, str(problem))
            raise
        write_atomically(file, journal_text(RunRecord(report=report, plan=report.clauses)))
        return report


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Nobody else holds this file meanwhile; without locks, as on Windows, several workers may read at once."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
