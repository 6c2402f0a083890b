"""Errors of the harness itself; what is wrong with a target is a finding."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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


@dataclass(eq=False)
class UsageProblems(UsageError):
    """Several values in one file that cannot be used, told all at once."""

    problems: tuple[UsageProblem, ...]

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


@dataclass(eq=False)
class ExtraNotInstalled(UsageError):
    """What was asked for needs packages that come with an extra of this project: `what` needs `package`."""

    what: str
    package: str
    extra: str

    def __str__(self) -> str:
        lines = [self.what, f"  expected  the package {self.package}, which comes with the extra [{self.extra}]"]
        lines.append("  actual    it is not installed")
        lines.append(f"  do        pip install 'callharness[{self.extra}]'")
        return "\n".join(lines)


def require_extra(extra: str, package: str, *, what: str) -> None:
    """Raise ExtraNotInstalled where the package cannot be found; it is not imported."""
    if not is_installed(package):
        raise ExtraNotInstalled(what, package, extra)


def is_installed(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        # A module inside of a package that is not there itself.
        return False


# --- what was meant -----------------------------------------------------------------------------------------


def nearest_words(word: str, known: Iterable[str], *, limit: int = 1) -> tuple[str, ...]:
    """The known words that a misspelt one may stand for, the nearest first; upper and lower case are alike."""
    by_lowered_word = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), list(by_lowered_word), n=limit, cutoff=0.5)
    return tuple(by_lowered_word[name] for name in found)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean X?`, for the `do` of a UsageProblem; empty when no known word is near."""
    return "".join(f"did you mean {name}?" for name in nearest_words(word, known))
