"""A place for files that a URL names, by way of fsspec: a bucket, a server, the memory of this process."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from harness.errors import UsageProblem, require_extra
from harness.output.atomic_files import FileNotWritten, os_error_reason

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SEPARATOR: Final = "://"


def is_url(place: object) -> bool:
    """Whether a place is named by a URL and not by the path of a directory."""
    return isinstance(place, str) and _SEPARATOR in place


@final
@dataclass(frozen=True, slots=True)
class UrlPlace:
    """The place below a URL. Whether a file that is half uploaded can be seen there is up to its storage."""

    url: str

    def put(self, name: str, path: Path) -> None:
        """Upload a file of this machine. Raises FileNotWritten."""
        with self._open_storage(name) as (storage, target):
            storage.makedirs(target.rpartition("/")[0], exist_ok=True)
            storage.put_file(str(path), target)

    def write(self, name: str, data: bytes) -> None:
        """Write a file. Raises FileNotWritten."""
        with self._open_storage(name) as (storage, target):
            storage.makedirs(target.rpartition("/")[0], exist_ok=True)
            storage.pipe_file(target, data)

    def read_json(self, name: str) -> Any:
        """A JSON document that stands there; None where none can be read."""
        with self._open_storage(name) as (storage, target):
            try:
                return json.loads(storage.cat_file(target))
            except (FileNotFoundError, ValueError, RecursionError):
                return None

    def remove_unchanged(self, digests: Mapping[str, str]) -> None:
        """Remove files that still have these digests."""
        for name, sha256 in digests.items():
            with self._open_storage(name) as (storage, target):
                if storage.exists(target) and hashlib.sha256(storage.cat_file(target)).hexdigest() == sha256:
                    storage.rm_file(target)

    def check(self) -> None:
        """Raise UsageProblem for a URL that nothing can be written to."""
        url_to_fs = _fsspec_door()
        try:
            url_to_fs(self.url)
        except ImportError as problem:
            raise UsageProblem(f"--out {self.url}", "an URL whose package is installed", str(problem)) from None
        except ValueError as problem:
            raise UsageProblem(f"--out {self.url}", "a directory, or a URL that fsspec knows", str(problem)) from None

    @contextmanager
    def _open_storage(self, name: str) -> Iterator[tuple[AbstractFileSystem, str]]:
        target = f"{self.url.rstrip('/')}/{name}"
        try:
            yield _fsspec_door()(target)
        except OSError as problem:
            raise FileNotWritten(target, os_error_reason(problem)) from problem


@contextmanager
def room_for_upload() -> Iterator[Path]:
    """A directory of this machine for a file on its way to a URL."""
    try:
        with tempfile.TemporaryDirectory(prefix="callharness-upload-") as directory:
            yield Path(directory)
    except OSError as problem:
        raise FileNotWritten(tempfile.gettempdir(), os_error_reason(problem)) from problem


def _fsspec_door() -> Any:
    require_extra("bulk", "fsspec", what="--out URL")
    from fsspec.core import url_to_fs

    return url_to_fs
