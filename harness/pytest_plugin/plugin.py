"""pytest asks for one item per clause of a call API; loaded in every run, so it imports nothing of the harness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

NODE_ROOT = "callharness"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that say which API is asked, where, as whom, and how strictly."""
    group = parser.getgroup("call APIs", "call APIs (callharness)")
    group.addoption(
        "--call-api",
        action="append",
        default=[],
        metavar="API",
        help="Collect one item per clause of this API: a spec id or a spec file. May be given several times.",
    )
    group.addoption(
        "--call-api-target",
        action="append",
        default=[],
        metavar="URL",
        help="The base URL of the server, or sim: for the built-in simulator; API=URL where several APIs differ.",
    )
    group.addoption(
        "--call-api-credential",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A credential as the spec names it; better in the environment, as CALLHARNESS_CREDENTIAL_NAME.",
    )
    group.addoption(
        "--call-api-gate",
        choices=("ci", "full", "strict", "certify", "explore"),
        default="ci",
        help="Which verdicts fail (default: ci).",
    )
    group.addoption(
        "--call-api-seed", type=int, default=1, metavar="S", help="Which requests are drawn (default: 1)."
    )
    group.addoption(
        "--call-api-whole",
        action="store_true",
        help="Send every request of a check, also where only some clauses are selected.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and stop at options that cannot be right before anything is collected."""
    for line in (
        "call_api(api): an item that asks a call API for one of its clauses",
        "level(name): how strong a clause is: must, should or may",
        "basis(name): how sure it is that the vendor said so",
        "family(name): what a clause is about: filters, paging, order ...",
    ):
        config.addinivalue_line("markers", line)
    take_node_ids(config)
    if config.getoption("--call-api") or config.getoption("--call-api-target"):
        from harness.pytest_plugin.items import validate_options

        validate_options(config)


def take_node_ids(config: pytest.Config) -> None:
    """Take `callharness::API::CLAUSE` out of the arguments, where pytest would look for a file of that name.

    What is asked for stands in `config.option`, which pytest-xdist hands to its workers. Without another argument
    no file is collected.
    """
    ids = [argument for argument in config.args if argument.partition("::")[0] == NODE_ROOT]
    if ids:
        config.args[:] = [argument for argument in config.args if argument not in ids]
        config.option.call_api_ids = ids
        config.option.call_api_alone = not config.args
        # A spec of one's own is given as a file: its name in the id says nothing then.
        config.option.call_api = config.option.call_api or list(dict.fromkeys(map(api_of_node_id, ids)))
    elif getattr(config.option, "call_api_alone", False):
        # A worker without arguments would collect the working directory.
        config.args[:] = []


def api_of_node_id(node_id: str) -> str:
    """The API in `callharness::API::CLAUSE`."""
    return node_id.split("::")[1] if "::" in node_id else ""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the items of the clauses; first, so that -k, -m and --lf see them."""
    if config.getoption("--call-api"):
        from harness.pytest_plugin.items import collect_clause_items

        items.extend(collect_clause_items(session, config))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what is selected: a run sends what these clauses need."""
    if session.config.getoption("--call-api"):
        from harness.pytest_plugin.items import remember_selection

        remember_selection(session)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the workers of pytest-xdist share one reading of each target."""
    if node.config.getoption("--call-api"):
        from harness.pytest_plugin.shared_reports import give_directory

        give_directory(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing of it behind."""
    if config.getoption("--call-api", default=None):
        from harness.pytest_plugin.shared_reports import remove_directory

        remove_directory(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is asked."""
    apis = config.getoption("--call-api")
    return [f"call APIs: {', '.join(apis)}, gate {config.getoption('--call-api-gate')}"] if apis else []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List the promises that are broken without failing the run."""
    if config.getoption("--call-api"):
        from harness.pytest_plugin.items import write_amber_lines

        write_amber_lines(terminalreporter)


@pytest.fixture
def call_api_simulator() -> Iterator[Callable[..., str]]:
    """Start simulators: `url = call_api_simulator(API, calls=2000, seed=1, faults=(), dialect=None, clock=None)`.

    Each listens on a free port of the loopback until the test ends. A fault is `CLAUSE`, `CLAUSE/NAME` or
    `transport/NAME=VALUE`; a dialect a file or answers by the ids of open choices; a clock `"live"`, `"scaled=60"` or
    `"frozen=2026-03-02T14:30:00Z"`; `users` a YAML file of who may log in.
    """
    from harness.pytest_plugin.simulator_fixtures import running_simulators

    with running_simulators() as start:
        yield start


@pytest.fixture
def call_api_mock() -> Iterator[Callable[..., Any]]:
    """Answer `requests` without a socket: `call_api_mock(API, url="http://127.0.0.1", calls=2000, seed=1, ...)`.

    Takes the arguments of `call_api_simulator`; gives the `responses` mock, whose `calls` tell what was asked.
    """
    from contextlib import ExitStack

    from harness.pytest_plugin.simulator_fixtures import make_mock

    with ExitStack() as stack:

        def start(api: str, /, **given: Any) -> Any:
            return stack.enter_context(make_mock(api, **given))

        yield start
