"""Items of pytest: one per clause of an API, each with the verdict that one reading of the target gave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from _pytest.runner import collect_one_node

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

    from harness.check.results.findings import ClauseResult, RunReport
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId

AMBER_SECTION: Final = "callharness: not kept, but no reason to fail"
_REPORT_BY_API: Final = pytest.StashKey[dict[str, "RunReport | str"]]()
_SELECTED_BY_API: Final = pytest.StashKey[dict[str, list[str]]]()
_SKIPPED_VERDICTS: Final = ("blocked", "inconclusive", "not_exercised", "not_applicable", "not_run")


class ClauseNotKept(Exception):
    """A clause that the gate does not let pass; the text is the report."""


# --- options ------------------------------------------------------------------------------------------------


def validate_options(config: pytest.Config) -> None:
    """Stop the run at options that cannot be right; nothing is sent. Raises pytest.UsageError."""
    from harness.errors import HarnessError
    from harness.specification.load import load_spec

    apis = config.getoption("--call-api")
    if not apis:
        raise pytest.UsageError("--call-api-target needs --call-api API")
    try:
        for api in apis:
            load_spec(api)
    except HarnessError as problem:
        raise pytest.UsageError(f"--call-api: {problem}") from None
    for word in _marker_words():
        config.addinivalue_line("markers", f"{word}: a clause of this level, basis or family")
    targets = _target_by_api(config)
    for api in apis:
        if api not in targets and not config.getoption("collectonly"):
            raise pytest.UsageError(f"--call-api {api} needs --call-api-target URL (or sim: for the simulator)")


def _marker_words() -> list[str]:
    """The markers that stand for a level, a basis or a family."""
    from typing import get_args

    from harness.specification.clause_families import ClauseFamily
    from harness.specification.model import Basis, Level

    return [
        word.replace("-", "_") for word in (*get_args(Level), *get_args(Basis), *(one.value for one in ClauseFamily))
    ]


def _target_by_api(config: pytest.Config) -> Mapping[str, str]:
    """The target of each API."""
    apis: list[str] = config.getoption("--call-api")
    found: dict[str, str] = {}
    for text in config.getoption("--call-api-target"):
        api, mark, url = text.partition("=")
        if mark and api in apis:
            found[api] = url
        else:
            found |= {name: text for name in apis if name not in found}
    return found


def credentials_of(config: pytest.Config) -> list[tuple[str, str]]:
    """The credentials given as options. Raises pytest.UsageError, without the value."""
    found = []
    for text in config.getoption("--call-api-credential"):
        name, mark, value = text.partition("=")
        if not mark or not name:
            raise pytest.UsageError("--call-api-credential: expected NAME=VALUE, got no '=' with a name before it")
        found.append((name, value))
    return found


# --- collecting ---------------------------------------------------------------------------------------------


def collect_clause_items(session: pytest.Session, config: pytest.Config) -> Iterator[pytest.Item]:
    """One item per clause of each API; the network is not touched."""
    from harness.specification.load import load_spec

    root = RootCollector.from_parent(session, name="callharness", nodeid="callharness")
    wanted = getattr(config.option, "call_api_ids", [])
    unmet = set(wanted)
    for name in dict.fromkeys(config.getoption("--call-api")):
        spec = load_spec(name)
        report = collect_one_node(ApiCollector.from_parent(root, name=spec.id, spec=spec, asked=name))
        # As for any file: the terminal counts what is collected by these.
        config.hook.pytest_collectreport(report=report)
        for item in report.result:
            asked = [one for one in wanted if item.nodeid == one or item.nodeid.startswith(f"{one}::")]
            unmet.difference_update(asked)
            if isinstance(item, pytest.Item) and (asked or not wanted):
                config.hook.pytest_itemcollected(item=item)
                yield item
    if unmet:
        raise pytest.UsageError(f"no such clause: {', '.join(sorted(unmet))}")


@final
class RootCollector(pytest.Collector):
    """What all items hang on."""

    def collect(self) -> Iterator[pytest.Item]:
        """Nothing by itself: the APIs are given."""
        return iter(())


@final
class ApiCollector(pytest.Collector):
    """One API."""

    def __init__(self, *, spec: Spec, asked: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.spec = spec
        self.requested_name = asked

    def collect(self) -> Iterator[ClauseItem]:
        """An item for each clause of the spec, and for those that every API shares."""
        from harness.specification.clause_families import planned_clauses, planned_families

        families = planned_families(self.spec)
        for name, clause in planned_clauses(self.spec).items():
            yield ClauseItem.from_parent(self, name=str(name), clause=clause, family=str(families[name]))


@final
class ClauseItem(pytest.Item):
    """One clause of one API."""

    parent: ApiCollector

    def __init__(self, *, clause: Clause, family: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.clause = clause
        self.add_marker(pytest.mark.call_api(self.parent.spec.id))
        self.add_marker(pytest.mark.level(clause.level))
        self.add_marker(pytest.mark.basis(clause.basis))
        self.add_marker(pytest.mark.family(family))
        # So that `-m "must and filters"` selects as well: an expression knows markers by their names only.
        for word in (clause.level, clause.basis, family):
            self.add_marker(word.replace("-", "_"))
        self.user_properties += [("level", clause.level), ("basis", clause.basis), ("family", family)]

    def runtest(self) -> None:
        """The verdict of the reading."""
        report = report_on_api(self.config, self.parent)
        result = next((one for one in report.clauses if one.id == self.name), None)
        if result is None:
            pytest.skip("not_run: the checker gave no verdict")
        self.user_properties.append(("verdict", result.verdict.value))
        self.user_properties.append(("witnesses", result.witnesses))
        for finding in report.findings:
            if finding.clause == result.id:
                self.user_properties += [("defect", finding.defect), ("difference", finding.difference)]
        text = _verdict_text(report, result)
        if result.colour == "red":
            raise ClauseNotKept(text)
        if result.verdict.value in _SKIPPED_VERDICTS:
            pytest.skip(f"{result.verdict}: {result.reason}")
        if result.verdict.value != "pass" and result.verdict.value != "observed":
            self.add_report_section("call", AMBER_SECTION, text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str | TerminalRepr:
        """The finding; never the inside of the checker."""
        if isinstance(excinfo.value, ClauseNotKept):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The clause stands in the spec."""
        place = self.parent.spec.location("clauses", self.name)
        line = re.search(r":(\d+)", place)
        return Path(self.parent.spec.file), int(line[1]) - 1 if line else None, f"{self.parent.name} {self.name}"


# --- reading the target -------------------------------------------------------------------------------------


def report_on_api(config: pytest.Config, api: ApiCollector) -> RunReport:
    """The report on the API's target, read once in this run, for the clauses that are selected."""
    from harness.errors import HarnessError
    from harness.pytest_plugin.shared_reports import shared_report
    from harness.pytest_plugin.target_run import read_target

    known = config.stash.setdefault(_REPORT_BY_API, {})
    if api.requested_name not in known:

        def read() -> RunReport:
            return read_target(
                api.spec,
                target=_target_by_api(config)[api.requested_name],
                credentials=credentials_of(config),
                gate=config.getoption("--call-api-gate"),
                seed=config.getoption("--call-api-seed"),
                only=_clauses_to_check(config, api),
            )

        try:
            known[api.requested_name] = shared_report(config, api.requested_name, read)
        except HarnessError as problem:
            # Told for every clause, but tried only once.
            known[api.requested_name] = str(problem)
    found = known[api.requested_name]
    if isinstance(found, str):
        raise ClauseNotKept(found)
    return found


def remember_selection(session: pytest.Session) -> None:
    """Keep which clauses of each API are selected, once that is settled."""
    selected = session.config.stash.setdefault(_SELECTED_BY_API, {})
    for item in session.items:
        if isinstance(item, ClauseItem):
            selected.setdefault(item.parent.requested_name, []).append(item.name)


def _clauses_to_check(config: pytest.Config, api: ApiCollector) -> tuple[ClauseId, ...]:
    """The clauses that a run is for; none where it is for all of them."""
    from harness.specification.clause_families import planned_clauses
    from harness.specification.model import ClauseId

    selected = {*config.stash.get(_SELECTED_BY_API, {}).get(api.requested_name, ())}
    every = planned_clauses(api.spec)
    if config.getoption("--call-api-whole") or len(selected) == len(every):
        return ()
    return tuple(ClauseId(name) for name in every if name in selected)


def _verdict_text(report: RunReport, result: ClauseResult) -> str:
    """What a person needs to know of a verdict."""
    from harness.check.results.defects import group_findings
    from harness.output.escaping import visible_text
    from harness.report.text import finding_lines

    lines: list[str] = []
    for defect in group_findings(report.findings):
        members = (defect.headline, *defect.also)
        for finding in (one for one in members if one.clause == result.id):
            others = tuple(one for one in members if one is not finding)
            lines += finding_lines(finding, api=report.api, source=result.source, also=others)
    if not lines:
        head = f"{result.verdict.value.upper()} {result.id}  {result.says}"
        lines = [visible_text(text) for text in (head, f"  because   {result.reason}")]
    return "\n".join(lines)


def write_amber_lines(terminalreporter: Any) -> None:
    """A line for each clause that is not kept and does not fail the run."""
    passed = terminalreporter.stats.get("passed", [])
    told = [(report.nodeid, text) for report in passed for title, text in report.sections if AMBER_SECTION in title]
    if told:
        terminalreporter.section("clauses not kept, but no reason to fail", sep="-")
        for _, text in told:
            terminalreporter.write_line(text)
