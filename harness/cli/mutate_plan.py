"""What `mutate` runs the command against: right answers first, then each broken promise by itself."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, final

from harness.cli.serve_setup import ServePlan, ServeSettings, make_clock, make_world, simulator_factory
from harness.errors import UsageProblem, nearest_words
from harness.report.mutation_report import Mutant

if TYPE_CHECKING:
    from harness.serve.authentication import SimulatedUser
    from harness.serve.faults.base import Fault
    from harness.serve.simulator import Simulator
    from harness.specification.load import Spec
    from harness.specification.model import Access, ClauseId
    from harness.wire.http_messages import HttpRequest, HttpResponse
    from harness.world.world import World

FAULT_CALLS: Final = 2000
FIXTURE_CALLS: Final = 200
HONEST_SIMULATOR: Final = "the honest simulator"
URL_VARIABLE: Final = "CALLHARNESS_URL"
FIXTURE_VARIABLE: Final = "CALLHARNESS_FIXTURE"
REQUEST_VARIABLE: Final = "CALLHARNESS_REQUEST"
_SERVED_PORT: Final = 8080


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutateSettings:
    """What the command line asks of `mutate`, as it was written there."""

    api: str
    command: tuple[str, ...]
    fixtures: bool
    only: tuple[str, ...]
    clauses: tuple[str, ...]
    sample: int | None
    seed: int
    calls: int | None
    clock: str
    dialect: str | None
    credentials: tuple[str, ...]
    users: str | None
    port: int
    jobs: int
    timeout: float | None
    min_noticed: float
    resume: str | None
    reports: tuple[str, ...]

    @property
    def world_calls(self) -> int:
        """How many calls the world has."""
        if self.calls is not None:
            return self.calls
        return FIXTURE_CALLS if self.fixtures else FAULT_CALLS

    @property
    def serve_settings(self) -> ServeSettings:
        """The same as options of `serve`, for what serves the right answers and the wrong ones."""
        return ServeSettings(
            apis=(self.api,), host="127.0.0.1", allow_hosts=(), allow_remote=False, port=self.port,
            calls=self.world_calls, seed=self.seed, clock=self.clock, began=None, faults=(), list_faults=False,
            dialects=() if self.dialect is None else (self.dialect,), credentials=self.credentials,
            users=self.users, jwt_key=None, any_jwt=False, tls=False, tls_dir=None, control=False, control_port=0,
            control_token=None, workers=1, verbose=False, remote_token=None, listen_fd=None, max_seconds=None,
        )  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class ServedCase:
    """What the command is run against while it is served: its environment, and how many requests came so far.

    `count_strays` counts those that were for nothing that is served, such as another path.
    """

    environment: Mapping[str, str]
    count_requests: Callable[[], int]
    count_strays: Callable[[], int] = lambda: 0


OpenCase: TypeAlias = "Callable[[Path], AbstractContextManager[ServedCase]]"
"""Serves one case while it is open; the folder is for files of this run alone."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HonestCase:
    """Right answers, on which the command must pass before a wrong one in their place can be judged.

    `name` is the same in every run, `says` what people read; a request in it may hold credentials.
    """

    name: str
    says: str
    open: OpenCase


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutantCase:
    """A broken promise, and the right answers that it takes the place of, by their name."""

    mutant: Mutant
    honest: str
    open: OpenCase


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MutatePlan:
    """Everything to be run, in the order in which it is told."""

    honest: tuple[HonestCase, ...]
    mutants: tuple[MutantCase, ...]
    credentials: Mapping[str, str]
    """What the command may log in with, by the name of the environment's variable."""


def make_mutate_plan(settings: MutateSettings, served: ServePlan) -> MutatePlan:
    """The plan of a run. Raises UsageProblem for a fault or a clause that there is not."""
    spec = next(iter(served.specs.values()))
    make_simulators, world = simulator_factory(served), make_world(served)
    (simulator,) = make_simulators(world, {})
    credentials = credential_variables(spec.listing.access, simulator.users[0])

    if settings.fixtures:
        honest, mutants = _fixture_cases(settings, spec, simulator, world, credentials)
    else:

        def open_faulty(faults: Sequence[Fault]) -> OpenCase:
            def make() -> Simulator:
                return make_simulators(world, {spec.id: faults})[0]

            return lambda folder: _serve_simulator(make, served, world, credentials)

        honest = (HonestCase(name=HONEST_SIMULATOR, says=HONEST_SIMULATOR, open=open_faulty(())),)
        mutants = _fault_cases(settings, spec, open_faulty)
    chosen = _sample(_choose(settings, spec, mutants), settings)
    needed = {case.honest for case in chosen}
    # The first right answer is always tried: without it nobody would hear of a wrong URL.
    kept = tuple(case for place, case in enumerate(honest) if place == 0 or case.name in needed)
    return MutatePlan(honest=kept, mutants=chosen, credentials=credentials)


# --- which of them ------------------------------------------------------------------------------------------


def _choose(settings: MutateSettings, spec: Spec, cases: tuple[MutantCase, ...]) -> tuple[MutantCase, ...]:
    ids = {case.mutant.id for case in cases}
    clauses = {str(case.mutant.clause) for case in cases}
    for option, names, known in (
        ("--only", settings.only, ids | clauses),
        ("--clause", settings.clauses, clauses),
    ):
        for name in names:
            if name not in known:
                near = ", ".join(nearest_words(name, sorted(known), limit=3))
                kind = "an invalid answer" if settings.fixtures else "a fault"
                raise UsageProblem(
                    f"{option} {name}",
                    f"{kind} of {spec.id}, or its clause",
                    repr(name),
                    f"try {near}" if near else "",
                )
    wanted = {*settings.only, *settings.clauses}
    return tuple(case for case in cases if not wanted or wanted & {case.mutant.id, str(case.mutant.clause)})


def _sample(cases: tuple[MutantCase, ...], settings: MutateSettings) -> tuple[MutantCase, ...]:
    """So many of the cases, always the same ones for a seed, in their own order."""
    if settings.sample is None or settings.sample >= len(cases):
        return cases
    dice = random.Random(f"{settings.seed} {settings.sample}")  # noqa: S311 - chance that can be repeated
    return tuple(cases[place] for place in sorted(dice.sample(range(len(cases)), settings.sample)))


@final
class _MutantMaker:
    """Puts together what is told of a mutant."""

    def __init__(self, settings: MutateSettings, spec: Spec) -> None:
        from harness.specification.clause_families import planned_clauses, planned_families

        self._settings = settings
        self._clauses = planned_clauses(spec)
        self._families = planned_families(spec)

    def make(self, name: str, clause_id: ClauseId, *, done: str, look: Sequence[str] = ()) -> Mutant:
        from harness.check.results.explanations import FAMILY_HARMS
        from harness.output.escaping import shell_word

        clause, family = self._clauses[clause_id], self._families[clause_id]
        again = ["callharness", "mutate", self._settings.api, *(["--fixtures"] if self._settings.fixtures else [])]
        again += ["--only", name, "--", *self._settings.command]
        return Mutant(
            id=name,
            clause=clause_id,
            level=clause.level,
            basis=clause.basis,
            family=family.value,
            says=clause.says,
            source=clause.source,
            done=done,
            harm=FAMILY_HARMS[family],
            look=" ".join(map(shell_word, look)),
            again=" ".join(map(shell_word, again)),
        )


# --- faults -------------------------------------------------------------------------------------------------


def _fault_cases(
    settings: MutateSettings, spec: Spec, open_faulty: Callable[[Sequence[Fault]], OpenCase]
) -> tuple[MutantCase, ...]:
    from harness.serve.faults.catalogue import faults_of

    maker = _MutantMaker(settings, spec)
    serve = ["callharness", "serve", settings.api, "--port", str(_SERVED_PORT), "--fault"]
    return tuple(
        MutantCase(
            mutant=maker.make(fault.id, fault.clause, done=fault.description, look=[*serve, f"{spec.id}:{fault.id}"]),
            honest=HONEST_SIMULATOR,
            open=open_faulty((fault,)),
        )
        for fault in faults_of(spec)
    )


@contextmanager
def _serve_simulator(
    make: Callable[[], Simulator], served: ServePlan, world: World, credentials: Mapping[str, str]
) -> Iterator[ServedCase]:
    """One simulator on a port of its own, and the number of its requests."""
    from harness.cli.console import current_time
    from harness.serve.http.options import ServerOptions
    from harness.serve.http.server import serve_in_thread

    requests: list[None] = []
    strays: list[None] = []
    options = ServerOptions(
        port=served.options.port,
        clock=make_clock(served, world),
        wall_clock=current_time,
        on_exchange=lambda exchange: (requests if exchange.api else strays).append(None),
        on_rejection=lambda rejection: strays.append(None),
    )
    simulator = make()
    with serve_in_thread([simulator], options) as server:
        url = server.urls[simulator.documented_spec.id]
        yield ServedCase({URL_VARIABLE: url, **credentials}, lambda: len(requests), lambda: len(strays))


def credential_variables(access: Access, user: SimulatedUser) -> dict[str, str]:
    """What the command logs in with: each credential by its own variable, and user, password and token by theirs."""
    from harness.check.credentials import environment_variable_of
    from harness.specification.access import key_of, log_in_of, ways_of

    known = user.credentials
    found = {environment_variable_of(name): value for name, value in known.items()}
    session, first = log_in_of(access), ways_of(access)[0]
    names = {
        "CALLHARNESS_USER": session.user if session is not None else first.user,
        "CALLHARNESS_PASSWORD": session.password if session is not None else first.password,
        "CALLHARNESS_TOKEN": key.credential if (key := key_of(first)) is not None else None,
    }
    return found | {variable: known[name] for variable, name in names.items() if name is not None and name in known}


# --- invalid answers ----------------------------------------------------------------------------------------


def _fixture_cases(
    settings: MutateSettings, spec: Spec, simulator: Simulator, world: World, credentials: Mapping[str, str]
) -> tuple[tuple[HonestCase, ...], tuple[MutantCase, ...]]:
    """Each invalid answer, and the right answer to the same request."""
    from harness.generate.invalid_responses import make_invalid_responses
    from harness.specification.dialect import Dialect

    dialect = simulator.dialect if simulator.dialect is not None else Dialect()
    made = list(make_invalid_responses(spec, world, dialect))
    maker = _MutantMaker(settings, spec)
    times, seen = Counter(one.clause for one in made), Counter[str]()
    honest: dict[str, HonestCase] = {}
    mutants: list[MutantCase] = []
    for one in made:
        asked = _request_text(one.request)
        if asked not in honest:
            right = simulator.answer(one.request, world.instant)
            honest[asked] = HonestCase(
                name=f"request {len(honest) + 1}",
                says=f"the right answer to {asked}",
                open=_open_fixture(settings, one.request, right, credentials),
            )
        seen[one.clause] += 1
        stem = str(one.clause) if times[one.clause] == 1 else f"{one.clause}-{seen[one.clause]}"
        mutants.append(
            MutantCase(
                mutant=maker.make(stem, one.clause, done=one.change),
                honest=honest[asked].name,
                open=_open_fixture(settings, one.request, one.response, credentials),
            )
        )
    return tuple(honest.values()), tuple(mutants)


def _request_text(request: HttpRequest) -> str:
    """A request on a line, credentials and all."""
    body = request.body.decode("utf-8", "backslashreplace")
    target = request.target.decode("latin-1")
    return f"{request.method} {target}" + (f" {body}" if body else "")


def _open_fixture(
    settings: MutateSettings, request: HttpRequest, response: HttpResponse, credentials: Mapping[str, str]
) -> OpenCase:
    return lambda folder: _serve_fixture(settings.port, folder, request, response, credentials)


@contextmanager
def _serve_fixture(
    port: int, folder: Path, request: HttpRequest, response: HttpResponse, credentials: Mapping[str, str]
) -> Iterator[ServedCase]:
    """One answer as a file and behind a URL, and the request that it answers as a file."""
    from harness.generate.sample_exchanges import request_text
    from harness.serve.http.fixed_response import serve_fixed_response

    kind = "xml" if response.body.lstrip().startswith(b"<") else "json"
    answer_file, request_file = folder / f"answer.{kind}", folder / "request.http"
    answer_file.write_bytes(response.body)
    request_file.write_bytes(request_text(request))
    requests: list[None] = []
    with serve_fixed_response(response, port=port, on_request=lambda asked: requests.append(None)) as url:
        files = {FIXTURE_VARIABLE: str(answer_file), REQUEST_VARIABLE: str(request_file)}
        yield ServedCase({URL_VARIABLE: url, **files, **credentials}, lambda: len(requests))


def settings_header(settings: MutateSettings, plan: MutatePlan, spec: Spec) -> dict[str, object]:
    """What the journal of a run says first: everything on which its results depend."""
    values = dataclasses.asdict(settings)
    told = {name: values[name] for name in ("api", "fixtures", "seed", "clock", "timeout")}
    files = {"spec": str(spec.file), "dialect": settings.dialect, "users": settings.users}
    return {
        **told,
        "files": {name: _digest_of(Path(file)) for name, file in files.items() if file is not None},
        "command": list(settings.command),
        "calls": settings.world_calls,
        "spec_version": spec.listing.version,
        "mutants": [case.mutant.id for case in plan.mutants],
    }


def _digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
