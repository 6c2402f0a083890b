"""Simulators for tests: over HTTP on a free port, or behind `requests` without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from harness.api import ApiSource, ClockSource, DialectSource


@contextmanager
def running_simulators() -> Iterator[Callable[..., str]]:
    """A function that starts a simulator and gives its URL; all of them stop at the end."""
    from harness.api import serve
    from harness.specification.load import Spec, load_spec

    with ExitStack() as stack:

        def start(
            api: ApiSource,
            /,
            *,
            calls: int = 2000,
            seed: int = 1,
            faults: Sequence[str] = (),
            dialect: DialectSource | None = None,
            clock: ClockSource | None = None,
            users: str | Path | None = None,
        ) -> str:
            spec = api if isinstance(api, Spec) else load_spec(api)
            dialects = {} if dialect is None else {spec.id: dialect}
            server = serve(spec, calls=calls, seed=seed, clock=clock, faults=faults, dialects=dialects, users=users)
            return stack.enter_context(server).urls[spec.id]

        yield start


def make_mock(
    api: ApiSource,
    /,
    *,
    url: str = "http://127.0.0.1",
    calls: int = 2000,
    seed: int = 1,
    faults: Sequence[str] = (),
    dialect: DialectSource | None = None,
    clock: ClockSource | None = None,
    users: str | Path | None = None,
) -> AbstractContextManager[Any]:
    """The simulator behind `requests`, under `url`."""
    from harness.api import mock

    return mock(api, url=url, calls=calls, seed=seed, faults=faults, dialect=dialect, clock=clock, users=users)
