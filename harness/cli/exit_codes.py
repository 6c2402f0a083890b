"""How a run ended, and which exit code counts when several apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from harness.cli.signals import Interrupted
from harness.errors import HarnessError

HARNESS_EXIT_CODE: Final = 3
# Which exit code counts when several apply, the highest first.
_EXIT_CODE_PRECEDENCE: Final = (3, 2, 4, 1, 5, 0)


def worst_exit_code(codes: Sequence[int]) -> int:
    """The exit code that counts of several: the highest applicable of 3 > 2 > 4 > 1 > 5 > 0."""
    return next((code for code in _EXIT_CODE_PRECEDENCE if code in codes), max(codes, default=0))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnding:
    """What ended the engine of a run: a signal, an exception, or nothing but its own end."""

    cause: Interrupted | Exception | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code that the cause means; None for a run that came to its end."""
        match self.cause:
            case None:
                return None
            case Interrupted() | HarnessError():
                return self.cause.exit_code
            case _:
                return HARNESS_EXIT_CODE

    @property
    def interrupted(self) -> str | None:
        """What a report names as the interruption."""
        match self.cause:
            case None:
                return None
            case Interrupted():
                return self.cause.name
            case _:
                return "harness error"

    @property
    def reason(self) -> str:
        """Why a clause that the run did not come to has no verdict."""
        match self.cause:
            case None:
                return "not reached"
            case Interrupted():
                return f"interrupted by {self.cause.name}"
            case _:
                return "the harness stopped"

    def process_exit_code(self, report_code: int, *, all_written: bool) -> int:
        """The exit code of the process: of the ending or else of the report, unless a report was lost."""
        own = report_code if self.exit_code is None else self.exit_code
        return worst_exit_code([own] if all_written else [own, HARNESS_EXIT_CODE])
