"""Why the harness itself could not work; never why a target failed (that is a finding)."""

from __future__ import annotations

from dataclasses import dataclass


class HarnessError(Exception):
    """No verdict exists because the harness could not do its work; exit code 3."""

    exit_code: int = 3


class UsageError(HarnessError):
    """The command line, a spec, a credentials file or a known-failures file is wrong; exit code 2."""

    exit_code = 2


@dataclass(eq=False)
class UsageProblem(UsageError):
    """A value given by the user that cannot be used: where it stands, what was expected, what came.

    `do` says what to do next and may be empty.
    """

    where: str
    expected: str
    actual: str
    do: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}", f"  expected  {self.expected}", f"  actual    {self.actual}"]
        if self.do:
            lines.append(f"  do        {self.do}")
        return "\n".join(lines)
