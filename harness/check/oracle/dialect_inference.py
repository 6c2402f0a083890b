"""Inference of a server's dialect: the answers to open choices that observation leaves possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from harness.specification.load import Spec
from harness.specification.model import OpenChoice, options_of

T = TypeVar("T")
R = TypeVar("R")

# Of a request that more open choices touch, the further branches are not evaluated.
MOST_BRANCHES: Final = 96
# Before an answer is called wrong, so many readings of its request are tried.
MOST_READINGS: Final = 2000


@dataclass(eq=False)
class ChoiceUndecided(Exception):
    """Evaluation needs the answer to an open choice that has several."""

    key: str
    candidates: tuple[Any, ...]


@dataclass(slots=True)
class AssumedDialect:
    """The answers to open choices that one evaluation assumes: those assigned to it, or those already certain."""

    candidates: Mapping[str, tuple[Any, ...]]
    assigned: Mapping[str, Any]

    def resolve(self, value: T | OpenChoice[T], detail: str = "") -> T:
        """The value itself, or the answer; raises ChoiceUndecided where several answers are still possible.

        `detail` keeps apart what a server may decide case by case, such as each kind of bad value.
        """
        if not isinstance(value, OpenChoice):
            return value
        key = f"{value.id}={detail}" if detail else value.id
        if key in self.assigned:
            return cast(T, self.assigned[key])
        candidates = self.candidates.get(key) or value.options or (value.assumed,)
        if len(candidates) == 1:
            return cast(T, candidates[0])
        raise ChoiceUndecided(key, candidates)


@dataclass(slots=True)
class InferredDialect:
    """The candidates that observation has left for each choice, and which choices were seen at work."""

    spec: Spec
    candidates: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    decided_by: dict[str, str] = field(default_factory=dict)

    def evaluate_branches(
        self, evaluate: Callable[[AssumedDialect], R], *, at_most: int = MOST_BRANCHES
    ) -> list[tuple[Mapping[str, Any], R]]:
        """Every result that `evaluate` can have under the answers still possible, with those answers.

        Where there are more than `at_most`, as many of them: what fits none of them may fit another one.
        """
        results: list[tuple[Mapping[str, Any], R]] = []
        waiting: list[Mapping[str, Any]] = [{}]
        while waiting and len(results) < at_most:
            assigned = waiting.pop()
            try:
                results.append((assigned, evaluate(AssumedDialect(self.candidates, assigned))))
            except ChoiceUndecided as unsettled:
                waiting.extend({**assigned, unsettled.key: candidate} for candidate in reversed(unsettled.candidates))
        return results

    def narrow_candidates(self, matching: list[Mapping[str, Any]], purpose: str) -> dict[str, Any]:
        """Keeps the answers under which an observation is right; returns those that are now certain."""
        certain: dict[str, Any] = {}
        keys = {key for assigned in matching for key in assigned}
        for key in keys:
            if not all(key in assigned for assigned in matching):
                continue
            left: tuple[Any, ...] = ()
            for assigned in matching:
                if assigned[key] not in left:
                    left = (*left, assigned[key])
            self.candidates[key] = left
            if len(left) == 1:
                certain[key] = left[0]
                self.decided_by.setdefault(key, purpose)
        return certain

    def fix_answer(self, choice: str, value: Any, purpose: str) -> None:
        """Fixes the answer to a choice that was learned by other means."""
        self.candidates[choice] = (value,)
        self.decided_by.setdefault(choice, purpose)

    def candidates_of(self, choice: str) -> tuple[Any, ...]:
        """The candidates of a choice; empty when nothing was observed."""
        return self.candidates.get(choice, ())

    def known_answers(self, value: T | OpenChoice[T]) -> tuple[T, ...]:
        """What is left of a value that the document may leave open; empty where nothing was observed of it."""
        return self.candidates_of(value.id) if isinstance(value, OpenChoice) else (value,)

    def possible_answers(self, value: T | OpenChoice[T]) -> tuple[T, ...]:
        """As `known_answers`; all options where nothing was observed."""
        return self.known_answers(value) or options_of(value)

    def learn_answer(self, value: T | OpenChoice[T], answer: T, purpose: str) -> None:
        """Fixes the answer to a choice that was learned by other means; what the document decides stays."""
        if isinstance(value, OpenChoice):
            self.fix_answer(value.id, answer, purpose)

    def certain_answers(self) -> dict[str, Any]:
        """The certain answers, by choice; answers case by case count when all cases agree."""
        found: dict[str, list[Any]] = {}
        for key, values in self.candidates.items():
            name = key.partition("=")[0]
            if len(values) == 1 and name in self.spec.choices:
                found.setdefault(name, []).append(values[0])
        return {
            name: values[0] for name, values in sorted(found.items()) if all(value == values[0] for value in values)
        }
