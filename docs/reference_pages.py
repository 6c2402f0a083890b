"""The reference pages of the site, made from the source: commands, clauses, attributes, reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

import harness.report
from harness.cli.console import Console
from harness.cli.main import EPILOG, VERBS, group
from harness.specification.clause_families import planned_clauses, planned_families
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.source_facts import cited_facts, load_source_facts
from harness.telephony.attributes import ATTRIBUTES

MADE = "This page is made from the source when the site is built.\n"


def navigation() -> list[dict[str, Any]]:
    """The pages as entries of a navigation, in the form of mkdocs.yml."""
    clauses: list[Any] = [{api: _clauses_uri(api)} for api in spec_ids()]
    return [
        {"Commands and options": "reference/commands.md"},
        {"Clauses": [{"All APIs": "reference/clauses/index.md"}, *clauses]},
        {"Attributes of calls": "reference/attributes.md"},
        {"Reports": "reference/reports.md"},
    ]


def pages() -> dict[str, str]:
    """Each page by its place in the site, as Markdown."""
    specs = {api: load_spec(api) for api in spec_ids()}
    return {
        "reference/commands.md": commands_page(),
        "reference/clauses/index.md": clauses_index(specs),
        **{_clauses_uri(api): clauses_page(spec) for api, spec in specs.items()},
        "reference/attributes.md": attributes_page(),
        "reference/reports.md": reports_page(),
    }


# --- commands -----------------------------------------------------------------------------------------------


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = ["# Commands and options\n", MADE, *(line + "\n" for line in EPILOG.split("\n\n"))]
    root = click.Context(
        group, info_name="callharness", obj=Console(), max_content_width=10_000, terminal_width=10_000
    )
    for name in VERBS:
        command = group.get_command(root, name)
        assert command is not None, name
        parts += _command_parts(command, name, root)
    return "\n".join(parts)


def _command_parts(command: click.Command, name: str, above: click.Context) -> Iterator[str]:
    # The record of an option has its default only where the context wants it.
    context = click.Context(command, info_name=name, parent=above, terminal_width=10_000)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {context.command_path}\n"
    yield f"```text\n{context.command_path} {usage}\n```\n"
    for paragraph in (command.help or "").replace("\b\n", "").split("\n\n"):
        yield _text(" ".join(paragraph.split())) + "\n"
    records = [one.get_help_record(context) for one in command.get_params(context)]
    # An argument without a text stands in the line of usage.
    options = [one for one in records if one is not None and (one[1] or one[0].startswith("-"))]
    if options:
        rows = [(f"`{names}`", _cell(says)) for names, says in options]
        yield _table(("option", "meaning"), rows)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from _command_parts(found, inner, context)


# --- clauses ------------------------------------------------------------------------------------------------


def clauses_index(specs: Mapping[str, Spec]) -> str:
    """A line for each API, with the number of its clauses and the page that it was written from."""
    rows = []
    for api, spec in specs.items():
        document = spec.listing.document
        title = _text(document.title or document.name)
        page = f"[{title}]({document.url})" if document.url else title
        link = f"[`{api}`]({_clauses_uri(api).rpartition('/')[2]})"
        rows.append((link, str(len(spec.clauses)), str(len(planned_clauses(spec))), page))
    heads = ("API", "clauses of its own", "with those that every API shares", "document")
    return f"# Clauses of all APIs\n\n{MADE}\n{_table(heads, rows)}"


def clauses_page(spec: Spec) -> str:
    """Every clause of an API with its level, basis and source."""
    families, facts = planned_families(spec), load_source_facts(spec)
    cited: dict[str, None] = {}
    rows = []
    for name, clause in planned_clauses(spec).items():
        cited |= dict.fromkeys(cited_facts(clause.source))
        says = _text(clause.says) + (f" (not checked: {clause.excluded})" if clause.excluded else "")
        anchor = f'<a id="{name}"></a>{name}'
        rows.append((anchor, clause.level, clause.basis, families[name].value, says, _text(clause.source)))
    parts = [
        f"# {spec.id}\n",
        MADE,
        f"{len(rows)} clauses. `callharness explain {next(iter(spec.clauses))}` says of one how it is tested.\n",
        _table(("clause", "level", "basis", "family", "promise", "source"), rows),
    ]
    if facts is not None and cited:
        parts.append("## Facts that are cited\n")
        known = [
            (fact.id, fact.basis, _text(fact.says), fact.pages) for fact in facts.facts.values() if fact.id in cited
        ]
        parts.append(_table(("fact", "basis", "what it says", "pages"), known))
        parts.append(f"The pages by their tags: [sources](../../sources/{Path(facts.file).name}).\n")
    return "\n".join(parts)


def _clauses_uri(api: str) -> str:
    return f"reference/clauses/{api.replace('/', '-')}.md"


# --- attributes ---------------------------------------------------------------------------------------------


def attributes_page() -> str:
    """Everything that a field can show."""
    parts = ["# Attributes of calls\n", MADE, "What a field or a filter of a spec may show, as `shows: NAME`.\n"]
    for grain, found in ATTRIBUTES.items():
        rows = []
        for name, attribute in found.items():
            of = f"; each a {attribute.rows.value}" if attribute.rows is not None else ""
            words = ", ".join(f"`{word}`" for word in attribute.words)
            rows.append((f"`{name}`", attribute.kind.value, _text(attribute.says) + of, words))
        parts += [f"## {grain.value}\n", _table(("attribute", "kind", "meaning", "words"), rows)]
    return "\n".join(parts)


# --- reports ------------------------------------------------------------------------------------------------


def reports_page() -> str:
    """The members of the JSON report, from its schema."""
    schema_path = Path(harness.report.__file__).with_name("report.schema.json")
    schema = json.loads(schema_path.read_text(encoding="utf-8"))
    parts = ["# The JSON report\n", MADE, "What `check --report json=FILE` writes. The kinds of reports: "]
    parts[-1] += "[Check](../check.md#reports), [Check in CI](../ci.md#reports-for-machines).\n"
    parts += ["## The report\n", _members(schema["properties"], schema.get("required", []))]
    for name, part in schema["$defs"].items():
        parts.append(f"## {name}\n")
        if "properties" in part:
            parts.append(_members(part["properties"], part.get("required", [])))
        else:
            parts.append(f"{_type(part)}\n")
    return "\n".join(parts)


def _members(properties: Mapping[str, Mapping[str, Any]], required: Iterable[str]) -> str:
    needed = set(required)
    rows = [
        (
            f"`{name}`",
            _cell(_type(part)),
            _text(part.get("description", "")) + ("" if name in needed else " (optional)"),
        )
        for name, part in properties.items()
    ]
    return _table(("member", "type", "meaning"), rows)


def _type(part: Mapping[str, Any]) -> str:
    """What a member of a schema may be, in a few words."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"])
    kinds = part.get("type", "anything")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    if "items" in part:
        text += f" of {_type(part['items'])}"
    return f"{text} (RFC 3339)" if part.get("format") == "date-time" else text


# --- Markdown -----------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Plain text as Markdown: nothing in it is markup, but code in backquotes stays code."""
    parts = text.split("`")
    escaped = [part.replace("\\", "\\\\").replace("*", r"\*").replace("_", r"\_") for part in parts[::2]]
    parts[::2] = [part.replace("<", "&lt;").replace("[", r"\[") for part in escaped]
    return _cell("`".join(parts))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |"]
    lines.append("|" + "---|" * lines[0].count(" | ") + "---|")
    lines += [f"| {' | '.join(cell.strip() for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"
