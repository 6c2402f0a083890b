"""What one command has at hand: its streams, what must be kept out of them, and how it ends badly."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from harness.output.redaction import Redactor

MAX_MESSAGE: Final = 20_000
# A character beyond the basic plane: \Uxxxxxxxx.
_WIDEST_ESCAPE: Final = 10


@final
class Console:
    """Results go to standard output, talk to standard error; both pass the redactor, once there is one."""

    def __init__(self) -> None:
        self.redactor: Redactor | None = None
        self.stdout_lost = False
        self.reader_left = False

    def use_redactor(self, redactor: Redactor) -> None:
        """From now on, everything passes this redactor."""
        self.redactor = redactor

    def redact_secrets(self, secrets: Iterable[str], *, words: Iterable[str] = ()) -> Redactor:
        """A redactor of these secrets, used from now on."""
        from harness.output.redaction import Redactor

        self.redactor = Redactor(secrets, words=words)
        return self.redactor

    def add_secret(self, secret: str) -> None:
        """From now on this secret is masked, too."""
        from harness.output.redaction import Redactor

        self.redactor = (self.redactor or Redactor(())).with_secrets([secret])

    def redact(self, text: str) -> str:
        """The text without the secrets of this run."""
        return text if self.redactor is None else self.redactor.redact(text)

    def write_result(self, text: str, *, redacted: bool = False, coloured: bool = False) -> None:
        """Write a result, whole lines, to standard output at once.

        What is `redacted` already goes out as it is: JSON is no longer JSON when a mask cuts through its syntax.
        All but `coloured` lines, which have escapes of ours, lose what acts on a terminal: names and texts of a spec
        or of a journal come from anywhere.
        """
        from harness.output.escaping import visible_text

        text = text if text.endswith("\n") or not text else text + "\n"
        data = text if redacted else self.redact(text)
        if not redacted and not coloured:
            data = visible_text(data, limit=_WIDEST_ESCAPE * len(data) + 1, multiline=True)
        try:
            sys.stdout.write(data.encode("utf-8", "backslashreplace").decode("utf-8"))
            sys.stdout.flush()
        except BrokenPipeError:
            # `| head` has read enough: that is no failure, but nothing more can be told.
            self.stdout_lost = self.reader_left = True
            raise
        except (OSError, UnicodeEncodeError) as problem:
            if isinstance(problem, UnicodeEncodeError):
                encoding = sys.stdout.encoding or "ascii"
                sys.stdout.write(data.encode(encoding, "backslashreplace").decode(encoding))
                sys.stdout.flush()
                return
            self.stdout_lost = True
            raise

    def write_message(self, text: str, *, redacted: bool = False) -> None:
        """Tell the person at the terminal something; a closed stream is no reason to stop.

        What is `redacted` already, or no secret though it looks like one, goes out as it is.
        """
        text = text if text.endswith("\n") else text + "\n"
        data = text if redacted else self.redact(text)
        with contextlib.suppress(OSError, ValueError):
            encoding = sys.stderr.encoding or "ascii"
            sys.stderr.write(data.encode(encoding, "backslashreplace").decode(encoding))
            sys.stderr.flush()

    def report_error(self, message: str, exit_code: int) -> int:
        """Tell what went wrong; gives back the exit code."""
        from harness.output.escaping import visible_text

        self.write_message("callharness: " + visible_text(message.rstrip(), limit=MAX_MESSAGE, multiline=True))
        return exit_code

    def report_crash(self, problem: BaseException) -> int:
        """One line about a fault of our own, with the traceback put into a file; exit code 3."""
        from harness.output.escaping import visible_text

        if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
            return self.report_error(
                f"harness error: no space left on the device ({problem.filename or 'a stream'})", 3
            )
        what = visible_text(f"{type(problem).__name__}: {problem}", limit=300)
        where = self._save_traceback(problem)
        return self.report_error(f"harness error: {what}; {where}", 3)

    def _save_traceback(self, problem: BaseException) -> str:
        import tempfile
        import traceback

        text = "".join(traceback.format_exception(problem))
        try:
            handle, path = tempfile.mkstemp(prefix="callharness-crash-", suffix=".txt")
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self.redact(text))
        except OSError:
            return "the traceback could not be saved"
        return f"the traceback is in {path}"


def harness_version() -> str:
    """The version of the installed harness."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("callharness")
    except PackageNotFoundError:
        return "0"


def current_time() -> datetime:
    """What the machine's clock says."""
    return datetime.now(UTC)
