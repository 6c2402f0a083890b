"""Simulators for tests: over HTTP on a free port, or behind `requests` without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.serve.simulator import Simulator
    from harness.specification.dialect import Dialect
    from harness.world.clock import Clock


def make_simulator(
    api: str, *, calls: int = 2000, seed: int = 1, faults: Sequence[str] = (), dialect: Dialect | None = None
) -> Simulator:
    """A simulator of an API over a world of its own. Raises UsageProblem for a fault that the API does not have."""
    from harness.serve.faults.catalogue import find_faults
    from harness.serve.simulator import Simulator
    from harness.specification.load import load_spec
    from harness.world.world import World

    spec = load_spec(api)
    found = [find_faults(spec, wanted)[0] for wanted in faults]
    return Simulator(spec, World.of(seed=seed, calls=calls), dialect=dialect, faults=found)


@contextmanager
def running_simulators() -> Iterator[Callable[..., str]]:
    """A function that starts a simulator and gives its URL; all of them stop at the end."""
    from harness.serve.http.options import ServerOptions
    from harness.serve.http.server import serve_in_thread

    with ExitStack() as stack:

        def start(
            api: str,
            /,
            *,
            calls: int = 2000,
            seed: int = 1,
            faults: Sequence[str] = (),
            dialect: Dialect | None = None,
            clock: Clock | None = None,
        ) -> str:
            simulator = make_simulator(api, calls=calls, seed=seed, faults=faults, dialect=dialect)
            server = stack.enter_context(serve_in_thread([simulator], ServerOptions(clock=clock)))
            return server.urls[simulator.spec.id]

        yield start


def make_mock(
    api: str,
    /,
    *,
    url: str = "http://127.0.0.1",
    calls: int = 2000,
    seed: int = 1,
    faults: Sequence[str] = (),
    dialect: Dialect | None = None,
    clock: Clock | None = None,
) -> AbstractContextManager[Any]:
    """The simulator behind `requests`, under `url`."""
    from harness.serve.responses_mock import mock_simulators

    simulator = make_simulator(api, calls=calls, seed=seed, faults=faults, dialect=dialect)
    return mock_simulators(simulator, url=url, clock=clock)
