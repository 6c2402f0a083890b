"""A run in plain words: the sentences at the top of a report, and what a client notices of a defect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.check.results.gate import shut_out_reason
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

NOTICED_WITH_NAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stray": "The filter {} lets calls through that it should keep out, and nothing tells the client so.",
        "lacking": "Calls come without {}: a client that needs it fails, or guesses.",
        "absent": "Answers come without {}: a client that looks for it there fails, or guesses.",
        "form": "{} of calls is not written as promised: strict clients fail on it, lenient ones may misread it.",
    }
)
"""By the kind of difference, where it is told of something that has a name."""

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
    _, kind, about = [*finding.difference.split(" ")[:3], "", "", ""][:3]
    if finding.family == "access" and finding.expected.startswith("an error"):
        return "Somebody who must be kept out gets in."
    if finding.expected.startswith("an error") and finding.actual.startswith("a success"):
        return NOTICED_BY_KIND["accepted"]
    if kind in NOTICED_WITH_NAME and about:
        return NOTICED_WITH_NAME[kind].format(visible_text(about, limit=60))
    if kind in NOTICED_BY_KIND:
        return NOTICED_BY_KIND[kind]
    return NOTICED_BY_FAMILY.get(finding.family, "The server does otherwise than promised.")


def run_sentences(report: RunReport, *, complete: bool = True) -> tuple[str, ...]:
    """The run in a few sentences, the most important first: what is broken, what is untested, whether it passes.

    Every format of a report says these and no others at its top or end. They are for readers who know no word of it.
    """
    return tuple(_sentences(report, complete=complete))


def _sentences(report: RunReport, *, complete: bool) -> Iterator[str]:
    if report.interrupted is not None or not complete:
        yield "This run did not come to its end: what it had not reached was not tested."
    shut_out = shut_out_reason(report)
    if shut_out:
        # What holds of a list that nobody saw is no news, and what is broken stands above.
        yield f"Nothing is known of the server: {visible_text(shut_out, limit=_LONGEST_REASON).rstrip('.')}."
        yield gate_sentence(report)
        return
    stale = _stale_alone(report)
    if stale:
        this = "this entry" if len(stale) == 1 else "these entries"
        names = _listed([result.id for result in stale])
        yield f"The run fails only because {_no_longer_failing(stale, clause=True)} ({names}): remove {this}."
    yield _binding_sentence([result for result in report.clauses if result.level == "must"])
    weaker = [result for result in report.clauses if result.level == "should"]
    broken = _broken(weaker)
    if broken:
        whole = f"{len(broken)} of {len(weaker)} weaker promise{'s'[: len(weaker) != 1]}"
        yield f"{whole}, which the document only suggests, {_are(broken)} broken{_known_part(broken)}."
    yield gate_sentence(report)


def _binding_sentence(binding: list[ClauseResult]) -> str:
    """What became of the promises that the document states outright."""
    broken = _broken(binding)
    untested = [result for result in binding if result.verdict in _UNTESTED and result.waived is None]
    kept = sum(result.verdict is Verdict.PASS for result in binding)
    if not binding:
        return "None of the promises that were looked at is a binding one."
    whole = f"{len(binding)} binding promise{'s'[: len(binding) != 1]}"
    if broken:
        first = f"{len(broken)} of {whole} {_are(broken)} broken{_name_of_one(broken)}{_known_part(broken)}"
    elif len(untested) == len(binding):
        none = "the one binding promise could not" if len(binding) == 1 else f"none of {whole} could"
        return f"Nothing is known of the server: {none} be tested ({_reasons(untested)})."
    elif untested:
        first = f"No binding promise is broken as far as could be tested: {kept} of {len(binding)} {_hold(kept)}"
    else:
        first = f"The server keeps its word: {whole} {'was' if len(binding) == 1 else 'were'} tested, none is broken"
    if untested:
        first += f"; {len(untested)} could not be tested ({_reasons(untested)})"
    return first + "."


def kept_summary(report: RunReport) -> str:
    """How many clauses are kept, or, where the run never saw the list, how many could not be tested."""
    shut_out = bool(shut_out_reason(report))
    wanted = Verdict.BLOCKED if shut_out else Verdict.PASS
    number = sum(result.verdict is wanted and result.waived is None for result in report.clauses)
    total = len(report.clauses)
    return f"{number} of {total} clauses could not be tested" if shut_out else kept_clauses(number, total)


def gate_sentence(report: RunReport) -> str:
    """Whether the run passes its gate, and why; one that passes in spite of broken promises says so."""
    gate = f"gate {report.gate.value}"
    broken = _broken(report.clauses)
    if report.colour is Colour.RED and shut_out_reason(report):
        return f"The run fails ({gate}): nothing could be tested."
    if report.colour is Colour.RED:
        return f"The run fails ({gate}): {_listed(_causes(report.clauses))}."
    if report.interrupted:
        # What was not asked could break the gate.
        return f"The run was cut short ({report.interrupted}) and decides nothing ({gate})."
    if report.colour is Colour.AMBER:
        amber = sum(result.colour is Colour.AMBER for result in report.clauses)
        return f"The run passes ({gate}), but {amber} {'promise needs' if amber == 1 else 'promises need'} a look."
    if broken:
        return f"The run passes ({gate}) although {len(broken)} {_promises(broken)} broken: {_why_passed(report)}."
    return f"The run passes ({gate})."


def _why_passed(report: RunReport) -> str:
    known = {result.waived is not None for result in _broken(report.clauses)}
    if report.gate is Gate.EXPLORE:
        return "this gate only reports"
    if known == {True}:
        return "that is known, and does not count for now"
    return "the document does not promise that for sure" + (", or it is known" if True in known else "")


_CAUSES: Final[Mapping[Verdict, tuple[str, str]]] = MappingProxyType(
    {
        Verdict.FAIL: ("broken promise", "broken promises"),
        Verdict.ERROR: ("error of the checker", "errors of the checker"),
        Verdict.INCONCLUSIVE: ("promise left undecided", "promises left undecided"),
    }
)


def _causes(results: Iterable[ClauseResult]) -> list[str]:
    red = [result for result in results if result.colour is Colour.RED]
    stale = [result for result in red if result.verdict is Verdict.PASS]
    causes: Counter[tuple[str, str]] = Counter()
    for verdict in Verdict:
        words = _CAUSES.get(verdict, ("promise that could not be tested", "promises that could not be tested"))
        causes[words] += sum(result.verdict is verdict for result in red) if verdict is not Verdict.PASS else 0
    told = [f"{number} {one if number == 1 else many}" for (one, many), number in causes.items() if number]
    if stale:
        told.append(_no_longer_failing(stale))
    return told or ["an error of the checker"]


def _stale_alone(report: RunReport) -> list[ClauseResult]:
    """The known failures that pass, of a run that nothing else makes red."""
    red = [result for result in report.clauses if result.colour is Colour.RED]
    alone = report.colour is Colour.RED and all(result.verdict is Verdict.PASS for result in red)
    return red if alone else []


def _no_longer_failing(stale: list[ClauseResult], *, clause: bool = False) -> str:
    which = "" if clause else " that"
    return f"{len(stale)} known failure{'s'[: len(stale) != 1]}{which} no longer fail{'s'[: len(stale) == 1]}"


def _name_of_one(broken: list[ClauseResult]) -> str:
    if len(broken) != 1:
        return ""
    return f" ({broken[0].id}: {visible_text(broken[0].says, limit=_LONGEST_REASON)})"


def kept_clauses(kept: int, total: int) -> str:
    """How many of the clauses are kept."""
    return f"{kept} of {total} clause{'s'[: total != 1]} kept"


def _known_part(broken: list[ClauseResult]) -> str:
    """How many of the broken ones are known failures, which the gate does not count."""
    waived = [result for result in broken if result.waived is not None]
    if not waived:
        return ""
    names = _listed(sorted({visible_text(str(result.waived), limit=60) for result in waived}))
    if len(waived) == len(broken):
        return (
            f", which is known ({names}) and does not count" if len(broken) == 1 else f", all of them known ({names})"
        )
    return f", {len(waived)} of them known ({names})"


def _reasons(untested: Iterable[ClauseResult]) -> str:
    counted = Counter(visible_text(result.reason, limit=_LONGEST_REASON) or "nothing says why" for result in untested)
    first, *others = [reason.rstrip(".") for reason, _ in counted.most_common()]
    return first + (f"; {len(others)} other reason{'s'[: len(others) != 1]}" if others else "")


def _hold(number: int) -> str:
    return "holds" if number == 1 else "hold"


def _broken(results: Iterable[ClauseResult]) -> list[ClauseResult]:
    return [result for result in results if result.verdict is Verdict.FAIL]


def _are(results: list[ClauseResult]) -> str:
    return "is" if len(results) == 1 else "are"


def _promises(results: list[ClauseResult]) -> str:
    return "promise is" if len(results) == 1 else "promises are"


def _listed(words: list[str]) -> str:
    shown = words[:_MOST_IDS] + ([f"{len(words) - _MOST_IDS} more"] if len(words) > _MOST_IDS else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
