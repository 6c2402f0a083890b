"""Invented specs with some pieces of their text changed, and what the linter, honest simulators and liars must show.

A test of one word of the language says what it changes (`ChangedSpec`), and holds the frame by four functions: the
linter finds nothing, an honest simulator passes, a liar is caught, and the linter refuses what means nothing.
`frame_tests` makes the tests of all four from a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import pytest

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text

SUPPORT: Final = Path(__file__).parents[1] / "support"
Change = tuple[str, str]
_CLAUSE: Final = re.compile(r" +([A-Z]+-[A-Z]+-\d+): \{level: ")


@final
@dataclass(frozen=True, slots=True)
class ChangedSpec:
    """The invented spec `tests/support/NAME.yaml`; each change replaces a piece of its text that occurs exactly once.

    Clauses that nothing names any more are left out.
    """

    name: str
    changes: tuple[Change, ...] = ()

    def text(self) -> str:
        """The whole text."""
        text = (SUPPORT / f"{self.name}.yaml").read_text(encoding="utf-8")
        for old, new in self.changes:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
            text = text.replace(old, new)
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if not (found := _CLAUSE.match(line)) or text.count(found[1]) > 1)

    def spec(self) -> Spec:
        """The spec itself."""
        return build_spec(parse_source_text(self.text(), name=f"{self.name}.yaml"), spec_id=f"{self.name}/changed")

    def file(self, folder: Path) -> str:
        """The path of a file in that folder that holds the text."""
        file = folder / f"{self.name}.yaml"
        file.write_text(self.text(), encoding="utf-8")
        return str(file)

    def with_change(self, old: str, new: str) -> ChangedSpec:
        """The same with a piece replaced in what its changes write; where none writes it, in the text itself."""
        mended = tuple((before, after.replace(old, new)) for before, after in self.changes)
        return replace(self, changes=(*self.changes, (old, new)) if mended == self.changes else mended)

    def remarks(self) -> list[tuple[str, str]]:
        """What the linter finds: what is due, and what stands there."""
        return [(one.expected, one.actual) for one in lint_spec(self.spec()).findings]


def assert_linter_finds_nothing(changed: ChangedSpec) -> None:
    """Hold that the spec is clean."""
    assert changed.remarks() == []


def assert_linter_refuses(changed: ChangedSpec, change: Change, remark: tuple[str, str]) -> None:
    """Hold that the linter says the remark (what is due, what stands there) once that piece is replaced."""
    found = changed.with_change(*change).remarks()
    assert remark in found, found


def assert_honest_passes(changed: ChangedSpec, folder: Path, *, calls: int) -> None:
    """Hold that a simulator of so many calls gets no finding, and with more than a few calls a green gate."""
    result = run_trial(Trial(api=changed.file(folder), calls=calls))
    assert result.clauses == (), result.messages
    # Of a few calls some promises show nothing.
    assert result.exit_code in ((0,) if calls > 3 else (0, 5)), result.undecided


def assert_liar_is_caught(
    changed: ChangedSpec, folder: Path, fault: str, *, calls: int = 150, first: bool = True
) -> None:
    """Hold that the clause which a simulator with that fault breaks gets a finding, on the first evidence of all."""
    result = run_trial(Trial(api=changed.file(folder), fault=fault, calls=calls))
    found = result.clauses[:1] if first else result.clauses
    assert fault.partition("/")[0] in found, result.messages


def frame_tests(
    changed: ChangedSpec,
    *,
    faults: Sequence[str],
    refused: Sequence[tuple[Change, str, str]],
    calls: Sequence[int] = (3, 150),
) -> tuple[Callable[..., None], ...]:
    """The four tests of a word: clean, honest with so many calls, a liar for each fault, and what lint refuses.

    Liars have the last of the numbers of calls.

    `refused` has a change, what the linter says is due then, and what it says stands there.
    """

    def linter_finds_nothing() -> None:
        assert_linter_finds_nothing(changed)

    @pytest.mark.usefixtures("few_combinations")
    @pytest.mark.parametrize("calls", calls)
    def honest_passes(tmp_path: Path, calls: int) -> None:
        assert_honest_passes(changed, tmp_path, calls=calls)

    @pytest.mark.usefixtures("few_combinations")
    @pytest.mark.parametrize("fault", faults)
    def liar_is_caught(tmp_path: Path, fault: str) -> None:
        assert_liar_is_caught(changed, tmp_path, fault, calls=calls[-1])

    @pytest.mark.parametrize(("change", "expected", "actual"), refused)
    def linter_refuses(change: Change, expected: str, actual: str) -> None:
        assert_linter_refuses(changed, change, (expected, actual))

    return linter_finds_nothing, honest_passes, liar_is_caught, linter_refuses
