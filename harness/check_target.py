"""The target of a check: a server at a URL or the built-in simulator, and the identities that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, final

from harness.check.client.target import Target, parse_target
from harness.check.credentials import (
    DEFAULT_NAME,
    ClientIdentity,
    gather_identities,
    identities_of_users,
    load_credentials,
)
from harness.errors import UsageProblem
from harness.generate.demanded_values import demanded_values
from harness.generate.rows import row_set_of
from harness.serve.authentication import make_key_pair
from harness.serve.http.options import ServerOptions
from harness.serve.http.server import serve_in_thread
from harness.serve.simulator import Simulator
from harness.specification.access import chosen_values
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.world.world import World

SIMULATOR_TARGET: Final = "sim:"
ANONYMOUS: Final = ClientIdentity(name=DEFAULT_NAME, credentials={})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTarget:
    """Where the requests of a check go, and who sends them; no identities where no credentials are known.

    `window` is where calls are of the simulator whose clock stands, of an API that lists a limited range only.
    `known_values` are values that occur, those of the simulator for all that a request must name.
    """

    address: Target
    identities: tuple[ClientIdentity, ...]
    simulated: bool = False
    window: tuple[datetime, datetime] | None = None
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """What reports call the target."""
        return SIMULATOR_TARGET if self.simulated else self.address.url

    @property
    def evidence(self) -> Literal["masked", "full"]:
        """Whether people's data may stand in reports where nobody decides: on this machine it may."""
        return "full" if self.simulated or self.address.is_loopback else "masked"


def open_target(
    spec: Spec,
    stack: ExitStack,
    *,
    target: str,
    credentials: Iterable[tuple[str, str]] = (),
    credentials_file: Path | None = None,
    environment: Mapping[str, str],
    clock: Callable[[], datetime],
    dialect: Dialect | None = None,
    known_values: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> CheckTarget:
    """The target at a URL, or the simulator started for `sim:`, which ends with the stack. Raises UsageProblem.

    Given credentials and values beat those of the simulator; it does not look into the environment.
    """
    simulated = target == SIMULATOR_TARGET
    address = None if simulated else parse_target(target)
    given = gather_identities(
        spec, options=credentials, file=credentials_file, environment={} if simulated else environment
    )
    if address is not None:
        _require_values(spec, known_values)
        return CheckTarget(address=address, identities=given, known_values=known_values)
    key = make_key_pair() if spec.listing.access.jwt is not None else None
    world = World.of(seed=1)
    simulator = Simulator(spec, world, dialect=dialect, key=key)
    longest = min((pair.most_seconds for pair in spec.listing.ranges if pair.most_seconds is not None), default=None)
    server = stack.enter_context(serve_in_thread([simulator], ServerOptions(wall_clock=clock)))
    return CheckTarget(
        address=parse_target(server.urls[spec.id]),
        identities=given or simulator_identities(simulator),
        simulated=True,
        window=None if longest is None else (world.instant - timedelta(seconds=longest), world.instant),
        known_values={**values_to_name(spec, world, dialect or Dialect()), **known_values},
    )


def values_to_name(spec: Spec, world: World, dialect: Dialect) -> dict[str, tuple[str, ...]]:
    """A value of this world for all that a request must name and for which the spec has none."""
    unknown = [name for name, value in chosen_values(spec).items() if not value]
    found = demanded_values(spec, row_set_of(spec, world, dialect)) if unknown else {}
    # Where no call has it, anything will do.
    return {name: (str(found.get(name, "1")),) for name in unknown}


def _require_values(spec: Spec, known_values: Mapping[str, tuple[str, ...]]) -> None:
    """Raises UsageProblem where a request must name something of which no value is known."""
    for name, value in chosen_values(spec).items():
        if not value and not known_values.get(name):
            problem = f"a value of {name} that occurs: {spec.id} lists nothing without one"
            do = f"give one as --known-value {name}=VALUE, or as `example` of the parameter in the spec"
            raise UsageProblem("--known-value", problem, "none", do)


def simulator_identities(simulator: Simulator) -> tuple[ClientIdentity, ...]:
    """The users that a simulator knows, as who asks it."""
    return identities_of_users(simulator.users, simulator.documented_spec.listing)


def replayed_credentials(
    spec: Spec,
    target: CheckTarget,
    *,
    credentials: Iterable[tuple[str, str]] = (),
    credentials_file: Path | None = None,
) -> tuple[tuple[str, str], ...]:
    """The options that give a run the same credentials in another shell: all that no file will give it again.

    What came from the environment, or from a pipe in place of a file, stands as an option of its own.
    """
    if not target.identities or (target.simulated and not any(credentials) and credentials_file is None):
        return ()
    lasting = credentials_file is not None and _is_lasting(credentials_file)
    in_file = load_credentials(credentials_file, spec)[0].credentials if lasting and credentials_file else {}
    held = target.identities[0].credentials
    return (
        # A key stands as itself, to be put into a variable; the path of its file will do there, too.
        *(("--credential", f"{name}={value}") for name, value in held.items() if in_file.get(name) != value),
        *([("--credentials", str(credentials_file))] if lasting else []),
    )


def _is_lasting(file: Path) -> bool:
    """Whether a file can be read again by its path in another shell."""
    return file.is_file() and not str(file.absolute()).startswith(("/dev/", "/proc/"))
