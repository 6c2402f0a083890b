"""The frame of contract tests: an invented spec with pieces of its text changed, on trial and under the linter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from harness.cli.selftest_trials import Trial, TrialResult, run_trial
from harness.specification.lint.linter import lint_spec
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text

SUPPORT: Final = Path(__file__).parent
_CLAUSE: Final = re.compile(r" +([A-Z]+-[A-Z]+-\d+): \{level: ")
Change = tuple[str, str]


@final
@dataclass(frozen=True, slots=True)
class ChangedSpec:
    """The invented spec of a file beside this one, each change replacing a piece that occurs exactly once.

    Clauses that nothing names any more are left out.
    """

    name: str
    changes: tuple[Change, ...] = ()

    def text(self) -> str:
        text = (SUPPORT / f"{self.name}.yaml").read_text(encoding="utf-8")
        for old, new in self.changes:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
            text = text.replace(old, new)
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if not (found := _CLAUSE.match(line)) or text.count(found[1]) > 1)

    def spec(self) -> Spec:
        return build_spec(parse_source_text(self.text(), name=f"{self.name}.yaml"), spec_id=f"{self.name}/list")

    def written_to(self, folder: Path) -> str:
        """The path of the spec as a file in a folder."""
        file = folder / f"{self.name}.yaml"
        file.write_text(self.text(), encoding="utf-8")
        return str(file)

    def findings(self) -> list[tuple[str, str]]:
        """What the linter expects and finds in its place."""
        return [(one.expected, one.actual) for one in lint_spec(self.spec()).findings]

    def mended(self, old: str, new: str) -> ChangedSpec:
        """The spec with another text in the place of what its changes put in."""
        changes = tuple((one, other.replace(old, new)) for one, other in self.changes)
        assert changes != self.changes, f"no change holds {old!r}"
        return ChangedSpec(self.name, changes)


def tried(file: str, fault: str | None = None, calls: int = 150) -> TrialResult:
    """What a check finds of the simulator of a spec, honest or with a fault."""
    return run_trial(Trial(api=file, fault=fault, calls=calls))


def assert_honest_passes(file: str, calls: int) -> None:
    """An honest simulator keeps all promises; of a few calls some show nothing."""
    result = tried(file, calls=calls)
    assert (result.clauses, result.exit_code in ((0,) if calls > 3 else (0, 5))) == ((), True), result.messages


def assert_is_caught(file: str, fault: str, calls: int = 150) -> None:
    """A simulator with a fault breaks the promise that the fault is named by."""
    result = tried(file, fault, calls)
    assert fault.partition("/")[0] in result.clauses, result.messages
