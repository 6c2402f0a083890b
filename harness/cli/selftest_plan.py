"""Which trials a self-test runs: faults alone and in company, honest servers, perfect ones and deviant ones."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

from harness.cli.selftest_deviations import DEVIATIONS, NEIGHBOUR, deviations_for, is_binding
from harness.cli.selftest_trials import FIRST_SEED, PERFECT, Trial
from harness.errors import UsageProblem, did_you_mean

if TYPE_CHECKING:
    from harness.serve.faults.base import Fault
    from harness.serve.faults.compatibility import FaultFootprint
    from harness.specification.load import Spec
    from harness.specification.model import Listing

WORLD_SIZES: Final = (0, 1, 3, 40, 400)
# The largest is for honest runs alone: it takes its time.
HONEST_SIZES: Final = (*WORLD_SIZES, 5000)
CLOCK_STEPS: Final = (0.2, 1.0, 5.0)
# Enough rows for every fault of a field to change one.
SAMPLE_ROWS: Final = 60

# Words of `--deviant` beside the names of deviations.
ALL: Final = "all"
AT_ONCE: Final = "at-once"
DRAWN: Final = "drawn"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestPlan:
    """What a self-test is asked for: seeds (worlds per fault), honest runs per API and seed, the number of faults
    together, the kinds of deviant servers, and how many faults of each API are drawn (None: all)."""

    seeds: tuple[int, ...] = (FIRST_SEED,)
    honest: int = 10
    together: int = 1
    conditions: tuple[str, ...] = ()
    sample: int | None = None
    with_faults: bool = True


def deviation_words() -> tuple[str, ...]:
    """Everything that `--deviant` takes."""
    return (*DEVIATIONS, NEIGHBOUR, ALL, AT_ONCE, DRAWN)


def parse_conditions(words: Sequence[str]) -> tuple[str, ...]:
    """The kinds of deviant servers that `--deviant` asks for, each once. Raises UsageProblem for an unknown word.

    `all` is each deviation in turn and all at once.
    """
    found: list[str] = []
    for word in words:
        if word not in deviation_words():
            hint = did_you_mean(word, deviation_words()) or "name the APIs before the options"
            raise UsageProblem("--deviant", f"one of {', '.join(deviation_words())}", repr(word), hint)
        found += [*DEVIATIONS, NEIGHBOUR, AT_ONCE] if word == ALL else [word]
    return tuple(dict.fromkeys(found))


def trials_of(api: str, plan: SelftestPlan) -> list[Trial]:
    """The trials of one API, those that others are compared with among them."""
    planner = _ApiPlanner(api, plan)
    trials: list[Trial] = []
    for seed in plan.seeds:
        for condition in (PERFECT, *plan.conditions):
            if plan.with_faults:
                trials += planner.fault_trials(seed, condition)
        trials += planner.honest_trials(seed)
    # What a deviation or a neighbour shows by itself must be known before a fault on top of it can be judged.
    deviant = [trial for trial in trials if trial.faults and trial.condition != PERFECT]
    backgrounds = {background_key(trial): background_of(trial) for trial in deviant}
    for seed in plan.seeds:
        for condition in (PERFECT, *plan.conditions):
            bare = planner.on_condition(Trial(api=api, seed=seed, round=seed), condition, ())
            if bare is not None:
                backgrounds.setdefault(background_key(bare), background_of(bare))
    return [*backgrounds.values(), *trials]


def background_key(trial: Trial) -> tuple[object, ...]:
    """What the honest server beneath a trial is told by; no honest run of chance has the same."""
    world = (trial.api, trial.seed, trial.calls, trial.step_seconds, trial.told_hidden)
    return (*world, trial.condition, trial.deviations, trial.neighbour)


def background_of(trial: Trial) -> Trial:
    """The same server without the faults that the trial is about."""
    return replace(trial, fault=None, company=())


@final
class _ApiPlanner:
    """The trials of one API."""

    def __init__(self, api: str, plan: SelftestPlan) -> None:
        from harness.generate.rows import row_set_of
        from harness.serve.faults.catalogue import faults_of
        from harness.serve.faults.compatibility import footprints_of
        from harness.specification.dialect import Dialect
        from harness.specification.load import load_spec
        from harness.world import World

        self.api = api
        self.plan = plan
        self.spec = load_spec(api)
        world = World.of(seed=FIRST_SEED, calls=400)
        rows = row_set_of(self.spec, world, Dialect({})).trees[:SAMPLE_ROWS]
        footprints = footprints_of(self.spec, faults_of(self.spec), rows, world.instant)
        self.footprints = {footprint.fault.id: footprint for footprint in footprints}
        self.drawn = sample_of(tuple(self.footprints), plan.sample, api=self.spec.id)
        self.neighbours = [footprint for footprint in footprints if is_harmless(self.spec, footprint)]

    def fault_trials(self, seed: int, condition: str) -> Iterator[Trial]:
        """Every drawn fault alone, then the sets."""
        for fault in self.drawn:
            yield from self._trial_of((fault,), seed, condition)
        for members in self._sets(seed):
            yield from self._trial_of(tuple(fault.id for fault in members), seed, condition)

    def _sets(self, seed: int) -> tuple[tuple[Fault, ...], ...]:
        from harness.serve.faults.compatibility import draw_fault_sets

        if self.plan.together < 2:
            return ()
        rng = random.Random(f"{seed} {self.spec.id} together")  # noqa: S311 - chance that can be repeated, not a secret
        drawn = [self.footprints[name] for name in self.drawn]
        return draw_fault_sets(self.spec.listing, drawn, size=self.plan.together, rng=rng)

    def _trial_of(self, faults: tuple[str, ...], seed: int, condition: str) -> Iterator[Trial]:
        trial = Trial(
            api=self.api,
            fault=faults[0],
            company=faults[1:],
            seed=seed,
            round=seed,
            step_seconds=max(clock_step_of(fault) for fault in faults),
            told_hidden=any(needs_hidden_values(self.spec, fault) for fault in faults),
        )
        placed = self.on_condition(trial, condition, faults)
        if placed is not None:
            yield placed

    def on_condition(self, trial: Trial, condition: str, faults: tuple[str, ...]) -> Trial | None:
        """The trial on such a server; None where the API has no room for that."""
        if condition == PERFECT:
            return trial
        room = deviations_for(self.spec)
        neighbour = self._neighbour_for(faults, trial.round)
        if condition == AT_ONCE:
            return _with_neighbour(replace(trial, condition=condition, deviations=room), neighbour)
        name = condition
        if condition == DRAWN:
            choice = (*room, *(() if neighbour is None else (NEIGHBOUR,)))
            name = random.Random(f"{trial.round} {self.spec.id} {faults}").choice(choice)  # noqa: S311
        if name == NEIGHBOUR:
            return None if neighbour is None else _with_neighbour(replace(trial, condition=condition), neighbour)
        return replace(trial, condition=condition, deviations=(name,)) if name in room else None

    def _neighbour_for(self, faults: tuple[str, ...], seed: int) -> str | None:
        """The first weak fault of this seed that can be applied together with the faults."""
        from harness.serve.faults.compatibility import are_compatible

        rng = random.Random(f"{seed} {self.spec.id} neighbour")  # noqa: S311
        order = list(self.neighbours)
        rng.shuffle(order)
        members = [self.footprints[name] for name in faults]
        listing = self.spec.listing
        fits = (one for one in order if all(are_compatible(listing, one, member) for member in members))
        return next((footprint.fault.id for footprint in fits), None)

    def honest_trials(self, seed: int) -> Iterator[Trial]:
        """Honest runs over sizes, dialects, clocks that move, and deviations where they are asked for."""
        rng = random.Random(f"{seed} {self.spec.id} {self.plan.honest}")  # noqa: S311
        for number in range(self.plan.honest):
            trial = Trial(
                api=self.api,
                calls=HONEST_SIZES[number % len(HONEST_SIZES)],
                seed=rng.randrange(10_000),
                round=seed,
                check_seed=number,
                dialect=random_dialect(self.spec, rng) if number % 2 else {},
                # Two servers of five live: so much time goes by with each request. The first large world stands
                # still, since a large one that lives takes minutes.
                step_seconds=rng.choice(CLOCK_STEPS) if number % 5 in (1, 3) else 0.0,
            )
            conditions = self.plan.conditions
            # Of two pairs of honest servers, one without and one with a dialect, one pair is deviant.
            deviant = bool(conditions) and number // 2 % 2 == 1
            condition = conditions[number // 4 % len(conditions)] if deviant else PERFECT
            yield self.on_condition(trial, condition, ()) or trial


def _with_neighbour(trial: Trial, fault: str | None) -> Trial:
    """The trial with a neighbour, if there is one, and a clock under which it shows."""
    if fault is None:
        return trial
    return replace(trial, neighbour=fault, step_seconds=max(trial.step_seconds, clock_step_of(fault)))


def sample_of(faults: Sequence[str], count: int | None, *, api: str) -> tuple[str, ...]:
    """So many of the faults, always the same ones for an API, in their own order."""
    if count is None or count >= len(faults):
        return tuple(faults)
    chosen = random.Random(f"{api} {count}").sample(range(len(faults)), count)  # noqa: S311
    return tuple(faults[place] for place in sorted(chosen))


def is_harmless(spec: Spec, footprint: FaultFootprint) -> bool:
    """Whether a fault breaks a clause of level `should`, and no binding promise along with it.

    It changes only how an answer looks, and no field on which a binding promise rests.
    """
    from harness.serve.faults.hooks import NO_HOOKS, is_active_hook
    from harness.specification.clause_families import planned_clauses

    fault = footprint.fault
    if planned_clauses(spec)[fault.clause].level != "should" or is_binding(spec, (fault.clause,)):
        return False
    others = [hook.name for hook in dataclasses.fields(NO_HOOKS) if hook.name not in ("row", "tree")]
    if any(is_active_hook(getattr(fault.hooks, name)) for name in others):
        return False
    bound = _bound_fields(spec)
    return not any(steps[0] in bound for steps in footprint.fields)


def _bound_fields(spec: Spec) -> frozenset[str]:
    """The fields of a row, by their outermost name, on which a binding promise rests."""
    from harness.specification.laws import paths_of_law

    listing: Listing = spec.listing
    found = {listing.lists.identity}
    for filter_ in listing.filters.values():
        found |= {path.head for path in filter_.compares if not path.hidden}
    if listing.scope is not None:
        found |= {path.head for path in listing.scope.owners}
    for law in listing.laws:
        if is_binding(spec, law.clause):
            found |= {path.head for path in paths_of_law(law)}
    keys = listing.lists.clauses.keys
    found |= {name for name, field in listing.fields.items() if is_binding(spec, field.clause or keys)}
    return frozenset(found.union(_order_fields(listing)))


def _order_fields(listing: Listing) -> Iterator[str]:
    from harness.specification.model import OpenChoice

    order = listing.order
    if order is None:
        return
    paths = list(order.by.options) if isinstance(order.by, OpenChoice) else [order.by]
    paths += [] if order.sort is None else list(order.sort.words.values())
    yield from (path.head for path in paths if not path.hidden)


# --- single choices -----------------------------------------------------------------------------------------


def random_dialect(spec: Spec, rng: random.Random) -> dict[str, Any]:
    """Answers to a spec's open choices, drawn at random."""
    answers: dict[str, Any] = {}
    for name, choice in spec.choices.items():
        if choice.options:
            answers[name] = rng.choice(choice.options)
        elif choice.kind == "integer" and rng.random() < 0.5:
            answers[name] = rng.choice((10, 25, 50, 100))
    return answers


def needs_hidden_values(spec: Spec, fault_id: str) -> bool:
    """Whether a fault is about a filter on what no row shows: nobody finds it without values that occur."""
    clause = fault_id.partition("/")[0]
    return any(
        clause in rule.clause and any(path.hidden for path in rule.compares) for rule in spec.listing.filters.values()
    )


def clock_step_of(fault_id: str) -> float:
    """How far the clock must move with a request, in seconds: what differs from answer to answer shows only then."""
    name = fault_id.partition("/")[2]
    if name.startswith(("never-falls", "stands-still", "left-out")):
        return 1.0
    # By the millisecond, so that few new calls come in between.
    return 0.001 if name.startswith("older-calls") else 0.0
