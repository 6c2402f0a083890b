"""`callharness explain`: what a clause, a word of a report or a fault means, and what one can do about it."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from harness.cli.console import Console, current_time
from harness.cli.explain_finding import defect_lines, defect_number, load_defect
from harness.errors import UsageProblem, nearest_words

if TYPE_CHECKING:
    from datetime import date

    from harness.check.results.defects import Defect
    from harness.cli.explain_content import (
        ClauseExplanation,
        Explanation,
        FaultExplanation,
        WordExplanation,
    )
    from harness.report.finding_reader import KeptReport
    from harness.specification.load import Spec

NARROWEST: Final = 40
WIDEST: Final = 110
LONGEST_TEXT: Final = 4096
# A spec of one's own stands before its clause or fault, as reports and `spec lint --prove` write it.
_FILE_BEFORE: Final = re.compile(r"(.+\.(?:yaml|yml|json)):(.+)")


@click.command()
@click.argument("word", metavar="[CLAUSE|VERDICT|FAULT|DEFECT]", required=False)
@click.option("--spec", "spec_file", metavar="FILE", help="The spec of your own that the clause or fault belongs to.")
@click.option("--report-file", metavar="FILE", help="The JSON report or journal that the defect stands in.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def explain(
    console: Console, word: str | None, spec_file: str | None, report_file: str | None, as_json: bool
) -> None:
    """Say what a clause, a word of a report or a fault means, how to see it, and what to do about it.

    CLAUSE is an id such as HTTP-FRAMING; VERDICT is a verdict, a colour, a level or a basis; FAULT is what
    `serve --fault` takes: API:CLAUSE/NAME or API:transport/NAME, also without the API. Before a clause or a fault of
    a spec of your own may stand its file: my-calls.yaml:MY-CLS-010. DEFECT is defect- and its number in a report
    (defect-4): of the newest JSON report or journal in this folder, or of --report-file. Without any, every word of a
    report is explained.
    """
    if word is None:
        console.write_result(_words_json() if as_json else "\n".join(word_lines(width=_terminal_width())))
        return
    number = defect_number(word)
    if number is not None:
        kept, defect = load_defect(number, file=report_file, directory=Path.cwd())
        console.write_result(_defect_json(kept, defect) if as_json else "\n".join(defect_lines(kept, defect)))
        return
    explanation = find_explanation(word, spec_file=spec_file, today=current_time().date())
    if as_json:
        data = _visible_data(dataclasses.asdict(explanation))
        console.write_result(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        console.write_result("\n".join(explanation_lines(explanation, width=_terminal_width())))


def _defect_json(kept: KeptReport, defect: Defect) -> str:
    members = [dataclasses.asdict(one) for one in (defect.headline, *defect.also)]
    for one in members:
        del one["case"]
    rest = {"report": kept.file, "api": kept.api, "target": kept.target, "defect": defect.headline.defect}
    return json.dumps(_visible_data({**rest, "findings": members}), indent=2, ensure_ascii=False)


def _terminal_width() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))


def word_lines(*, width: int) -> Iterator[str]:
    """Every word of a report with what it says, by kind, for a terminal of that width."""
    from harness.check.results.explanations import word_table

    kinds: list[str] = []
    for kind, word, says in word_table():
        if kind not in kinds:
            kinds.append(kind)
            yield from ("",) if len(kinds) > 1 else ()
            yield {"basis": "bases"}.get(kind, f"{kind}s")
        yield from textwrap.wrap(
            says, width, initial_indent=f"  {word:<15} ", subsequent_indent=" " * 18, break_on_hyphens=False
        )


def _words_json() -> str:
    from harness.check.results.explanations import word_table

    rows = [{"kind": kind, "word": word, "says": says} for kind, word, says in word_table()]
    return json.dumps(rows, indent=2, ensure_ascii=False)


# --- what is meant ------------------------------------------------------------------------------------------


def find_explanation(word: str, *, spec_file: str | None, today: date) -> Explanation:
    """What there is to say about a word; letters may be in any case. Raises UsageProblem for an unknown one."""
    from harness.cli.explain_content import explain_clause, explained_words
    from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS
    from harness.specification.clause_families import planned_clauses
    from harness.specification.load import load_spec, spec_ids

    words = explained_words()
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in words:
        return words[plain]
    own = _FILE_BEFORE.fullmatch(word.strip())
    if spec_file is None and own is not None and Path(own[1]).is_file():
        spec_file, word = own[1], own[2]
    names = (spec_file,) if spec_file is not None else spec_ids()
    if "/" in word or ":" in word or word.partition("=")[0].lower() in TRANSPORT_FAULT_KINDS:
        return _find_fault(word, [load_spec(name) for name in names])
    known = []
    for name in names:
        spec = load_spec(name)
        clauses = planned_clauses(spec)
        for clause in clauses:
            if clause.lower() == word.strip().lower():
                return explain_clause(spec, clause, today=today)
        known += list(clauses)
    near = nearest_words(word, [*known, *words, *TRANSPORT_FAULT_KINDS], limit=3)
    raise UsageProblem(
        "explain",
        f"the id of a clause, one of {', '.join(words)}, or a fault (API:CLAUSE/NAME, transport/NAME)",
        repr(word),
        _advice(near, own=spec_file is not None),
    )


def _advice(near: Sequence[str], *, own: bool) -> str:
    said = f"did you mean {' or '.join(near)}?" if near else "`callharness spec show API` lists the clauses of an API"
    return said if own else f"{said} (for a spec of your own give its file: --spec FILE)"


def _find_fault(text: str, specs: list[Spec]) -> Explanation:
    """The fault written as `serve --fault` takes it, or without its API."""
    from harness.cli.explain_content import explain_fault, explain_transport_fault
    from harness.serve.faults.catalogue import faults_of
    from harness.serve.faults.transport import (
        TRANSPORT_FAULT_KINDS,
        TRANSPORT_PREFIX,
        is_transport_fault,
        parse_transport_fault,
        split_api_and_fault,
    )

    api, name = split_api_and_fault(text.strip())
    if api:
        chosen = [spec for spec in specs if spec.id.lower() == api.lower()]
        if not chosen:
            ids = [spec.id for spec in specs]
            near = nearest_words(api, ids)
            elsewhere = "see `callharness apis`; for a spec of your own give its file: --spec FILE"
            raise UsageProblem(
                "explain", f"API:CLAUSE/NAME with an API of {', '.join(ids)}", repr(text),
                f"did you mean {near[0]}?" if near else elsewhere,
            )  # fmt: skip
        specs = chosen
    lowered = name.lower()
    if is_transport_fault(lowered) or lowered.partition("=")[0] in TRANSPORT_FAULT_KINDS:
        return explain_transport_fault(specs[0], parse_transport_fault(lowered))
    known: list[str] = []
    for spec in specs:
        for fault in faults_of(spec):
            # A clause without a name of a fault means its first one, as it does to `serve`.
            if lowered in (fault.id.lower(), fault.clause.lower()):
                return explain_fault(spec, fault)
            known.append(fault.id)
    near = nearest_words(name, [*known, *(TRANSPORT_PREFIX + kind for kind in TRANSPORT_FAULT_KINDS)], limit=3)
    raise UsageProblem(
        "explain",
        f"CLAUSE/NAME of a fault of {', '.join(spec.id for spec in specs)}, or transport/NAME",
        repr(text),
        f"did you mean {' or '.join(near)}?" if near else "`callharness serve --list-faults` lists them",
    )


# --- as data ------------------------------------------------------------------------------------------------


def _visible_data(value: object) -> object:
    """The same data, every text in it harmless to print."""
    from harness.output.escaping import visible_text

    if isinstance(value, str):
        return visible_text(value, limit=LONGEST_TEXT, multiline=True)
    if isinstance(value, dict):
        return {key: _visible_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_visible_data(item) for item in value]
    return value


# --- as text ------------------------------------------------------------------------------------------------


def explanation_lines(explanation: Explanation, *, width: int) -> Iterator[str]:
    """The lines for a terminal of that width; commands and files stand whole, so that they can be copied."""
    from harness.cli.explain_content import ClauseExplanation, FaultExplanation, WordExplanation

    match explanation:
        case WordExplanation():
            yield from _word_lines(explanation, width)
        case ClauseExplanation():
            yield from _clause_lines(explanation, width)
        case FaultExplanation():
            yield from _fault_lines(explanation, width)


def _word_lines(explanation: WordExplanation, width: int) -> Iterator[str]:
    yield f"{explanation.word}  a {explanation.kind}"
    yield from _paragraph(explanation.says, width)
    yield ""
    if explanation.blames:
        yield from _row("blames", explanation.blames, width)
    yield from _row("do", explanation.do, width)
    if explanation.gates:
        yield ""
        yield {
            "verdict": "what each gate makes of it",
            "colour": "what has this colour, by gate",
            "level": "what each gate makes of a failure",
            "basis": "what each gate makes of a failure",
        }[explanation.kind]
    for gate, colours in explanation.gates.items():
        text = "; ".join(f"{subject}: {colour}" for subject, colour in colours.items())
        yield from _row(gate, text or "nothing", width)


def _clause_lines(explanation: ClauseExplanation, width: int) -> Iterator[str]:
    owner = "a clause that every API shares" if explanation.shared else f"a clause of {_visible(explanation.api)}"
    yield f"{_visible(explanation.clause)}  {owner}, {explanation.family}"
    yield from _paragraph(explanation.says, width)
    yield ""
    yield from _row("level", f"{explanation.level}: {explanation.level_says}", width)
    yield from _row("basis", f"{explanation.basis}: {explanation.basis_says}", width)
    yield from _row("source", explanation.source, width)
    for number, fact in enumerate(explanation.facts):
        yield from _row("facts" if number == 0 else "", fact, width)
    if explanation.document:
        yield from _row("document", explanation.document, width)
    if explanation.since is not None:
        yield from _row("since", explanation.since, width)
    for number, construct in enumerate(explanation.constructs):
        text = f"{construct.place}: {construct.says}" if construct.says else construct.place
        yield from _row("carried by" if number == 0 else "", text, width)
    if explanation.checked_by:
        yield from _row("checked by", ", ".join(explanation.checked_by), width)
    if explanation.excluded is not None:
        yield from _row("not checked", explanation.excluded, width)
    else:
        yield from _test_lines(explanation, width)
    yield ""
    yield "how to live with it"
    yield from _paragraph(explanation.waiver, width)
    if explanation.known_entry:
        yield ""
        yield from _whole_lines(explanation.known_entry.splitlines())


def _test_lines(explanation: ClauseExplanation, width: int) -> Iterator[str]:
    yield ""
    yield "how it is tested"
    for text in (*explanation.tested, explanation.needs):
        yield from _paragraph(text, width)
    yield ""
    yield "what breaks it"
    for fault in explanation.faults:
        yield from _paragraph(fault.fault, width)
        yield from _paragraph(fault.says, width, indent=4)
    if not explanation.faults:
        yield from _paragraph("The simulator has no fault for it.", width)
    yield ""
    yield "how to see it break" if explanation.faults else "how to check it, here on the simulator"
    yield from _whole_lines(explanation.commands)


def _fault_lines(explanation: FaultExplanation, width: int) -> Iterator[str]:
    yield f"{_visible(explanation.fault)}  a fault of the simulator"
    yield from _paragraph(explanation.says, width)
    yield ""
    if explanation.value:
        yield from _row("value", explanation.value, width)
    if explanation.clause is None:
        yield from _row("breaks", "no clause: a right server may do the same, and a check is inconclusive", width)
    else:
        yield from _row("breaks", f"{explanation.clause}: {explanation.clause_says}", width)
        yield f"  {'more':<11} {_visible(explanation.more)}"
    yield ""
    yield "how to see it"
    yield from _whole_lines(explanation.commands)


def _paragraph(text: str, width: int, *, indent: int = 2) -> Iterator[str]:
    margin = " " * indent
    yield from textwrap.wrap(
        _visible(text), width, initial_indent=margin, subsequent_indent=margin, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _row(label: str, text: str, width: int) -> Iterator[str]:
    yield from textwrap.wrap(
        _visible(text), width, initial_indent=f"  {label:<11} ", subsequent_indent=" " * 14, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _whole_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"  {_visible(line)}"


def _visible(text: str) -> str:
    from harness.output.escaping import visible_text

    return visible_text(text, limit=LONGEST_TEXT)
