"""`callharness spec`: lint, show, attributes, openapi, diff, new."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.console import Console
from harness.cli.option_values import complete_api, suggest_clause, suggest_word
from harness.cli.spec_diff import diff
from harness.cli.spec_new import new
from harness.output.counted_words import counted

if TYPE_CHECKING:
    from harness.cli.spec_proof import SpecProof
    from harness.specification.clause_families import ClauseFamily
    from harness.specification.lint.linter import LintResult
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId, OpenChoice
    from harness.telephony.attributes import Attribute, Grain


@click.group()
def spec() -> None:
    """Look into specs, compare and draft them: lint, show, attributes, openapi, diff, new."""


spec.add_command(diff)
spec.add_command(new)


@spec.command()
@click.argument("apis", metavar="[API|FILE]...", nargs=-1, shell_complete=complete_api)
@click.option(
    "--documents", metavar="DIR", type=click.Path(exists=True, file_okay=False), help="Where the documents lie."
)
@click.option(
    "--prove", is_flag=True, help="Check the simulator of each clean spec by the spec, honest and with every fault."
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="With --prove: only N faults per spec, always the same ones.",
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="With --prove: processes (default: one per core)."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def lint(
    console: Console,
    apis: tuple[str, ...],
    documents: str | None,
    prove: bool,
    sample: int | None,
    workers: int | None,
    as_json: bool,
) -> int:
    """Find what does not hold together in specs; all shipped ones by default.

    Exit code 1 on findings. With --prove, also where a simulator breaks its own spec or a fault is not caught; a spec
    with findings is not proved.
    """
    from pathlib import Path

    from harness.check.rules import RULE_NAMES
    from harness.specification.lint.id_lock import LOCK_FILE, load_id_lock
    from harness.specification.lint.linter import lint_spec
    from harness.specification.load import load_specs, spec_ids, specs_directory

    lock = load_id_lock() if (specs_directory() / LOCK_FILE).is_file() else None
    shipped = spec_ids()
    specs = load_specs(apis or shipped)
    results = [
        lint_spec(
            spec,
            rules=RULE_NAMES,
            documents=Path(documents) if documents else None,
            lock=lock if spec.id in shipped else None,
        )
        for spec in specs.values()
    ]
    proofs: list[SpecProof] = []
    if prove:
        clean = [specs[result.spec] for result in results if result.clean]
        proofs = _prove(console, clean, sample=sample, workers=workers)
    console.write_result(_lint_json(results, proofs) if as_json else "\n".join(_lint_lines(results, proofs)))
    return 0 if all(result.clean for result in results) and all(proof.holds for proof in proofs) else 1


def _prove(console: Console, specs: list[Spec], *, sample: int | None, workers: int | None) -> list[SpecProof]:
    import os

    from harness.cli.progress import count_progress
    from harness.cli.spec_proof import proof_trials, prove_specs

    plans = [(spec, proof_trials(spec.given_as, sample=sample)) for spec in specs]
    total = sum(len(trials) for _, trials in plans)
    console.write_message(
        f"callharness: {total} runs against simulators of {len(specs)} spec{'s'[: len(specs) != 1]}"
    )
    with count_progress(total=total, unit="runs") as advance:
        return prove_specs(
            plans,
            workers=workers or os.cpu_count() or 1,
            on_result=lambda result: advance(result.trial.fault or "honest"),
        )


def _lint_lines(results: list[LintResult], proofs: list[SpecProof]) -> Iterator[str]:
    from harness.cli.spec_proof import proof_lines

    width = max((len(result.spec) for result in results), default=0)
    for result in results:
        for finding in result.findings:
            yield str(finding)
            yield ""
    for result in results:
        count = result.counts
        yield (
            f"{result.spec:<{width}}  {count.clauses:>3} clauses: {count.carried} carried, {count.checked} checked, "
            f"{count.excluded} excluded, {count.shared} shared by every API, {count.uncovered} uncovered; "
            f"{counted(count.open_choices, 'open choice')}; "
            f"{counted(len(result.findings), 'finding')}"
        )
    if len(results) > 1:
        clauses = sum(result.counts.clauses for result in results)
        findings = sum(len(result.findings) for result in results)
        yield f"{'total':<{width}}  {clauses:>3} clauses; {counted(findings, 'finding')}"
    if proofs:
        yield ""
        yield from proof_lines(proofs)


def _lint_json(results: list[LintResult], proofs: list[SpecProof]) -> str:
    from harness.cli.spec_proof import proof_as_json

    proof_by_spec = {proof.spec: proof_as_json(proof) for proof in proofs}
    rows = [
        {
            "spec": result.spec,
            "clauses": result.counts.clauses,
            "carried": result.counts.carried,
            "checked": result.counts.checked,
            "excluded": result.counts.excluded,
            "shared": result.counts.shared,
            "uncovered": result.counts.uncovered,
            "open_choices": result.counts.open_choices,
            "levels": dict(result.counts.levels),
            "bases": dict(result.counts.bases),
            "findings": [
                {
                    "rule": finding.rule,
                    "where": finding.where,
                    "expected": finding.expected,
                    "actual": finding.actual,
                    "do": finding.do,
                }
                for finding in result.findings
            ],
            **({"proof": proof_by_spec[result.spec]} if result.spec in proof_by_spec else {}),
        }
        for result in results
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


@spec.command()
@click.argument("api", metavar="API|FILE", shell_complete=complete_api)
@click.option("--clause", "only", metavar="ID", multiple=True, help="Only these clauses.")
@click.pass_obj
def show(console: Console, api: str, only: tuple[str, ...]) -> None:
    """Print the clauses of a spec by family, and the choices that its document leaves open."""
    from harness.errors import UsageProblem
    from harness.specification.clause_families import planned_clauses
    from harness.specification.load import load_spec

    loaded = load_spec(api)
    known = planned_clauses(loaded)
    for name in only:
        if name not in known:
            raise UsageProblem("--clause", f"a clause of {loaded.id}", repr(name), suggest_clause(name, loaded))
    console.write_result("\n".join(_spec_lines(loaded, only)))


def _spec_lines(loaded: Spec, only: tuple[str, ...]) -> Iterator[str]:
    from harness.specification.clause_families import ClauseFamily, planned_clauses, planned_families

    families = planned_families(loaded)
    planned = planned_clauses(loaded)
    clauses = {name: clause for name, clause in planned.items() if not only or name in only}
    shared = len(planned) - len(loaded.clauses)
    yield f"{loaded.id}  {loaded.title}"
    yield (
        f"  {loaded.method} {loaded.path}, {len(planned)} clauses ({shared} of them shared by every API), "
        f"{counted(len(loaded.choices), 'open choice')}"
    )
    yield from _document_lines(loaded)
    for family in ClauseFamily:
        members = {name: clause for name, clause in clauses.items() if families[name] is family}
        if members:
            yield from _family_lines(loaded, family, members)
    if loaded.choices and not only:
        yield ""
        yield "open choices"
        for choice in loaded.choices.values():
            yield from _choice_lines(choice)


def _document_lines(loaded: Spec) -> Iterator[str]:
    """Where the document can be read, and where the facts stand that sources cite."""
    from harness.specification.source_facts import facts_path

    document = loaded.listing.document
    read = f", read on {document.read}" if document.read else ""
    yield f"  written from {document.title or document.name}{read}"
    if document.url:
        yield f"    {document.url}"
    if document.note:
        yield f"    {document.note}"
    yield f"    kept as {document.name} (sha256 {document.sha256[:12]}…)"
    facts = facts_path(loaded)
    if facts is not None:
        yield f"  facts that sources cite: {facts}"
    yield f"  spec {loaded.file}"


def _family_lines(loaded: Spec, family: ClauseFamily, clauses: Mapping[ClauseId, Clause]) -> Iterator[str]:
    from harness.specification.clause_families import constructs_by_clause
    from harness.specification.source_facts import load_source_facts

    constructs = constructs_by_clause(loaded)
    facts = load_source_facts(loaded)
    width = max(len(name) for name in clauses)
    yield ""
    yield f"{family.value}"
    for name, clause in clauses.items():
        first_line, *more_lines = textwrap.wrap(clause.says, 100) or [""]
        yield f"  {name:<{width}}  {clause.level:<6} {clause.basis:<12} {first_line}"
        indent = " " * (width + 24)
        for line in more_lines:
            yield indent + line
        places = ", ".join(construct.name for construct in constructs.get(name, ()))
        if places:
            yield f"{indent}carried by {places}"
        if clause.checked_by:
            yield f"{indent}checked by {', '.join(clause.checked_by)}"
        if clause.excluded is not None:
            yield f"{indent}not checked, {clause.excluded.code}: {clause.excluded.why}"
        yield f"{indent}source: {clause.source}" + (f"; since {clause.since}" if clause.since else "")
        for fact in facts.lines_of(clause.source) if facts is not None else ():
            yield from textwrap.wrap(
                fact, 118, initial_indent=f"{indent}  ", subsequent_indent=f"{indent}    ", break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip


def _choice_lines(choice: OpenChoice[Any]) -> Iterator[str]:
    options = ", ".join(_choice_text(option) for option in choice.options) or f"any {choice.kind}"
    clauses = f"  ({', '.join(choice.clause)})" if choice.clause else ""
    yield f"  {choice.id}{clauses}"
    yield f"    {options}; assumed {_choice_text(choice.assumed)}"


def _choice_text(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_choice_text(item) for item in value) + "]"
    return "none" if value is None else str(value)


@spec.command()
@click.argument("grains", metavar="[GRAIN]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def attributes(console: Console, grains: tuple[str, ...], as_json: bool) -> None:
    """Print what a field can show: every attribute of a session, call, leg, target, recording or resource."""
    from harness.errors import UsageProblem
    from harness.telephony.attributes import ATTRIBUTES, Grain

    known = tuple(grain.value for grain in Grain)
    for name in grains:
        if name not in known:
            raise UsageProblem("GRAIN", f"one of {', '.join(known)}", repr(name), suggest_word(name, known))
    chosen = {grain: found for grain, found in ATTRIBUTES.items() if not grains or grain.value in grains}
    console.write_result(_attributes_json(chosen) if as_json else "\n".join(_attribute_lines(chosen)))


def _attribute_lines(chosen: Mapping[Grain, Mapping[str, Attribute]]) -> Iterator[str]:
    width = max(len(name) for found in chosen.values() for name in found)
    indent = " " * (width + 14)
    for index, (grain, found) in enumerate(chosen.items()):
        if index:
            yield ""
        yield f"{grain.value}"
        for name, attribute in found.items():
            first_line, *more_lines = textwrap.wrap(attribute.says, 80)
            yield f"  {name:<{width}}  {attribute.kind.value:<9} {first_line}"
            words = textwrap.wrap(", ".join(attribute.words), 80)
            of = [f"each a {attribute.rows.value}"] if attribute.rows is not None else []
            yield from (f"{indent}{line}" for line in (*more_lines, *words, *of))


def _attributes_json(chosen: Mapping[Grain, Mapping[str, Attribute]]) -> str:
    rows = [
        {
            "grain": grain.value,
            "name": attribute.name,
            "kind": attribute.kind.value,
            "words": list(attribute.words),
            "rows": attribute.rows.value if attribute.rows is not None else None,
            "says": attribute.says,
        }
        for grain, found in chosen.items()
        for attribute in found.values()
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


@spec.command()
@click.argument("api", metavar="API|FILE", shell_complete=complete_api)
@click.option("--server", metavar="URL", help="The base URL to name in place of the spec's.")
@click.option("--extension", is_flag=True, help="Keep x-listing.")
@click.option("--yaml", "as_yaml", is_flag=True, help="As YAML; otherwise JSON.")
@click.pass_obj
def openapi(console: Console, api: str, server: str | None, extension: bool, as_yaml: bool) -> None:
    """Print the OpenAPI 3.1 document of a spec, for any OpenAPI tool."""
    from harness.specification.load import load_spec
    from harness.specification.openapi import openapi_document

    document = openapi_document(load_spec(api), base_url=server, extension=extension)
    if as_yaml:
        import yaml

        text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    else:
        text = json.dumps(document, indent=2, ensure_ascii=False)
    console.write_result(text)
