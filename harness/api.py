"""The public functions of `import harness`: simulated APIs by the ids of their specs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageProblem
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

if TYPE_CHECKING:
    from harness.serve.http.application import Application
    from harness.serve.http.server import RunningServer


def simulator(
    api: str | Path, *, calls: int = 2000, seed: int = 1, instant: datetime = BUSY_HOUR, **options: Any
) -> Simulator:
    """One simulated API over a world of its own; `options` are the simulator's (dialect, users, faults ...)."""
    return Simulator(load_spec(api), World.of(seed=seed, calls=calls, instant=instant), **options)


def serve_in_thread(
    *apis: str | Path | Simulator, calls: int = 2000, seed: int = 1, instant: datetime = BUSY_HOUR, **options: Any
) -> RunningServer:
    """Serve APIs on a thread, listening when this returns; `close()`, or the end of a `with` block, ends it.

    APIs by the id of their spec share one world. `options` are those of `harness.serve.serve_in_thread`
    (port, clock, rough, tls_dir ...). Raises UsageProblem.
    """
    from harness.serve.http.server import serve_in_thread as serve

    return serve(_simulators(apis, calls, seed, instant), seed=seed, **options)


def application(
    *apis: str | Path | Simulator, calls: int = 2000, seed: int = 1, instant: datetime = BUSY_HOUR, **options: Any
) -> Application:
    """The simulated APIs as an ASGI application, to be mounted in another one or run by another server."""
    from harness.serve.http.application import application as around

    return around(_simulators(apis, calls, seed, instant), seed=seed, **options)


def _simulators(
    apis: tuple[str | Path | Simulator, ...], calls: int, seed: int, instant: datetime
) -> list[Simulator]:
    if not apis:
        raise UsageProblem("serve", "at least one API", "none")
    world = World.of(seed=seed, calls=calls, instant=instant)
    return [one if isinstance(one, Simulator) else Simulator(load_spec(one), world) for one in apis]
