"""A run in plain words: the sentences at the top of a report, and what a client notices of a defect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.output.escaping import visible_text

_UNTESTED: Final = (Verdict.BLOCKED, Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.NOT_RUN, Verdict.ERROR)
_LONGEST_REASON: Final = 200
_MOST_IDS: Final = 4

NOTICED_BY_KIND: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unreadable": "A client cannot read the answer at all.",
        "broken-down": "A valid request ends in a server error or without an answer.",
        "refused": "A valid request is refused.",
        "accepted": "A request that must be refused is answered as if it were right.",
        "no-rows": "The answer has no list of calls where one is due, not even an empty one.",
        "no-number": "Where a client asks for a number of calls, it gets none.",
        "number-form": "The number of calls comes in another form than promised.",
        "number": "The number of calls that a client asks for is wrong.",
        "repeated": "One call shows up more than once.",
        "stray": "A filter lets calls through that it should keep out, and nothing tells the client so.",
        "not-empty": "Calls show up where there can be none.",
        "unlisted": "A narrower request shows calls that the whole list does not have.",
        "missing": "Calls that match are left out, and nothing tells the client so.",
        "part": "An optional part of the calls is there when it was not asked for, or missing when it was.",
        "too-many": "A page holds more calls than the client asked for.",
        "too-few": "A page holds fewer calls than it should: a client may take it for the last one.",
        "surplus": "A page holds more calls than are left.",
        "unsorted": "Calls come in another order than the promised one.",
        "reversed": "Calls come in the reverse of the promised order.",
        "displaced": "A page shows other calls than it should: whoever goes on skips some or sees them twice.",
        "total": "The total is wrong, and with it every counter and number of pages in a client.",
    }
)
"""By the kind of difference between the answer and what is due."""

NOTICED_BY_FAMILY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shape": "Answers are not written as promised: strict clients fail on them, lenient ones may misread them.",
        "access": "Somebody who must be kept out gets in, or somebody who must be let in does not.",
        "filters": "A filter gives other calls than were asked for.",
        "blank": "A parameter that is sent empty means something else than promised.",
        "scope": "A client sees calls of others, or misses calls of its own.",
        "order": "Calls come in another order than the promised one.",
        "paging": "Whoever goes through the pages skips calls or sees them twice.",
        "total": "The total is wrong, and with it every counter and number of pages in a client.",
        "count-only": "The number of calls that a client asks for is wrong.",
        "include": "An optional part of the calls is there when it was not asked for, or missing when it was.",
        "dependence": "Parameters that depend on one another do not work together as promised.",
        "values": "A value that is wrong or out of range is treated otherwise than promised.",
        "zone": "Times are read or shown in another zone than promised: calls seem to be hours off.",
        "laws": "Fields of one call contradict one another.",
        "errors": "An error is not told as promised, so a client does not see what went wrong.",
        "transport": "A way to send requests that the document allows does not work, or answers arrive damaged.",
        "versions": "The server takes part in another version of the API than it says.",
    }
)
"""By what the broken clause is about, where the kind of difference says nothing."""


def noticed_by_clients(finding: Finding) -> str:
    """What a client of this API would notice of a broken clause, in one sentence."""
    kind, about = [*finding.difference.split(" ")[1:3], "", ""][:2]
    if finding.family == "access" and finding.expected.startswith("an error"):
        return "Somebody who must be kept out gets in."
    if kind == "stray" and about:
        about = visible_text(about, limit=60)
        return f"The filter {about} lets calls through that it should keep out, and nothing tells the client so."
    if kind in NOTICED_BY_KIND:
        return NOTICED_BY_KIND[kind]
    return NOTICED_BY_FAMILY.get(finding.family, "The server does otherwise than promised.")


def run_sentences(report: RunReport, *, complete: bool = True) -> tuple[str, ...]:
    """The run in a few sentences, the most important first: what is broken, what is untested, what the gate says."""
    return tuple(_sentences(report, complete=complete))


def _sentences(report: RunReport, *, complete: bool) -> Iterator[str]:
    if report.interrupted is not None or not complete:
        yield "This run did not come to its end: what it had not reached was not tested."
    required = [result for result in report.clauses if result.level == "must"]
    yield _required_sentence(required)
    weaker = [result for result in report.clauses if result.level == "should"]
    broken = _broken(weaker)
    if broken:
        yield f"Of {len(weaker)} weaker promises (should) {len(broken)} {_are(broken)} broken."
    waived = [result for result in report.clauses if result.waived is not None]
    if waived:
        names = sorted({visible_text(str(result.waived), limit=60) for result in waived})
        what = "1 is a known failure" if len(waived) == 1 else f"{len(waived)} are known failures"
        yield f"Of the promises that are not kept {what}, which the gate does not count ({_listed(names)})."
    yield gate_sentence(report)


def _required_sentence(required: list[ClauseResult]) -> str:
    broken = _broken(required)
    untested = [result for result in required if result.verdict in _UNTESTED and result.waived is None]
    kept = sum(result.verdict is Verdict.PASS for result in required)
    if not required:
        return "None of the promises that were looked at is a required one (must)."
    if broken:
        first = f"{len(broken)} of {len(required)} required promises {_are(broken)} broken"
    elif len(untested) == len(required):
        return f"None of {len(required)} required promises could be tested: {_reasons(untested)}."
    elif untested:
        first = f"No required promise is broken as far as could be tested: {kept} of {len(required)} are kept"
    else:
        first = f"No required promise is broken: {kept} of {len(required)} were put to the test and are kept"
    if untested:
        first += f"; {len(untested)} could not be tested: {_reasons(untested)}"
    return first + "."


def gate_sentence(report: RunReport) -> str:
    """What the gate makes of the run, and why; a gate that lets broken promises pass says so."""
    name = f"The gate {report.gate.value}"
    broken = _broken(report.clauses)
    if report.colour is Colour.RED:
        return f"{name} is red because of {_listed(_causes(report.clauses))}."
    if report.colour is Colour.AMBER:
        amber = sum(result.colour is Colour.AMBER for result in report.clauses)
        return (
            f"{name} is amber: {amber} {'promise is' if amber == 1 else 'promises are'} worth a look, none stops it."
        )
    if broken:
        why = "it only reports" if report.gate is Gate.EXPLORE else "they are known failures or no promises for sure"
        return f"{name} is {report.colour.value} although {len(broken)} {_promises(broken)} broken: {why}."
    return f"{name} is {report.colour.value}."


def _causes(results: Iterable[ClauseResult]) -> list[str]:
    red = [result for result in results if result.colour is Colour.RED]
    stale = [result for result in red if result.verdict is Verdict.PASS]
    counted = Counter(result.verdict.value for result in red if result.verdict is not Verdict.PASS)
    words: Mapping[Verdict, tuple[str, str]] = {
        Verdict.FAIL: ("broken promise", "broken promises"),
        Verdict.ERROR: ("error of the checker", "errors of the checker"),
    }
    causes = []
    for verdict in Verdict:
        number = counted[verdict.value]
        if number:
            one, many = words.get(verdict, (f"promise that is {verdict.value}", f"promises that are {verdict.value}"))
            causes.append(f"{number} {one if number == 1 else many}")
    if stale:
        causes.append(
            f"{len(stale)} known failure{'s'[: len(stale) != 1]} that no longer fail{'s'[: len(stale) == 1]}"
        )
    return causes or ["an error of the checker"]


def _reasons(untested: Iterable[ClauseResult]) -> str:
    counted = Counter(visible_text(result.reason, limit=_LONGEST_REASON) or "nothing says why" for result in untested)
    first, *others = [reason.rstrip(".") for reason, _ in counted.most_common()]
    return first + (f", and for {len(others)} other reason{'s'[: len(others) != 1]}" if others else "")


def _broken(results: Iterable[ClauseResult]) -> list[ClauseResult]:
    return [result for result in results if result.verdict is Verdict.FAIL]


def _are(results: list[ClauseResult]) -> str:
    return "is" if len(results) == 1 else "are"


def _promises(results: list[ClauseResult]) -> str:
    return "promise is" if len(results) == 1 else "promises are"


def _listed(words: list[str]) -> str:
    shown = words[:_MOST_IDS] + ([f"{len(words) - _MOST_IDS} more"] if len(words) > _MOST_IDS else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
