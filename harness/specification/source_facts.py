"""Facts that clauses cite: what is known of an API beside its document, each with an id and the pages that say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

from harness.errors import UsageProblem
from harness.specification.load import Spec

_FACT_ROW: Final = re.compile(r'^\| <a id="([a-z0-9-]+)"></a>(\w+) \| (.+?) \| (.+?) \| (\w+) \|$', re.MULTILINE)
_PAGE_ROW: Final = re.compile(r"^\| (\w+) \| (.+?) \| (.+?) \|$", re.MULTILINE)
_CITATION: Final = re.compile(r"\bfacts ([A-Z]\w*(?:(?:, | and )[A-Z]\d\w*)*)")
_FACT_ID: Final = re.compile(r"[A-Z]\w*")
_LONGEST_FILE: Final = 1_000_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFact:
    """One fact in our own words: `pages` are the tags of the pages that say so, `basis` how sure that makes it.

    `anchor` is its place in the file of facts.
    """

    id: str
    anchor: str
    says: str
    pages: str
    basis: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """The facts of one file, by id, and the addresses of the pages that they name, by tag."""

    file: str
    facts: Mapping[str, SourceFact]
    pages: Mapping[str, str]

    def lines_of(self, source: str) -> tuple[str, ...]:
        """A line for each fact that the source of a clause cites, with the addresses of the pages that say so."""
        found = (self.facts[name] for name in cited_facts(source) if name in self.facts)
        return tuple(fact_line(fact, self.pages) for fact in found)


def page_addresses(fact: SourceFact, pages: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses of the pages that say so, as far as they are known."""
    named = (pages.get(tag.strip(), "") for tag in fact.pages.split(","))
    return tuple(address for address in named if address.startswith(("https://", "http://")))


def fact_line(fact: SourceFact, pages: Mapping[str, str]) -> str:
    """A fact on one line: id, how sure it is, what it says, where that stands."""
    where = ", ".join(page_addresses(fact, pages))
    return f"{fact.id}, {fact.basis}: {fact.says}" + (f" ({where})" if where else "")


def cited_facts(source: str) -> tuple[str, ...]:
    """The ids of the facts that the source of a clause cites, in their order: `facts T4 and T6` cites two."""
    return tuple(name for found in _CITATION.finditer(source) for name in _FACT_ID.findall(found[1]))


def facts_path(spec: Spec) -> Path | None:
    """Where the facts of a spec stand: its document names the file relative to the spec; None where it names none."""
    name = spec.listing.document.facts
    return None if name is None else (Path(spec.file).parent / name).resolve()


def load_source_facts(spec: Spec) -> SourceFacts | None:
    """The facts that the clauses of a spec may cite; None where its document names no file. Raises UsageProblem."""
    path = facts_path(spec)
    if path is None:
        return None
    where = spec.location("document", "facts")
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= _LONGEST_FILE else ""
    except (OSError, ValueError) as problem:
        raise UsageProblem(where, "a file of facts", f"{path} cannot be read", "mend the path") from problem
    return parse_source_facts(text, file=str(spec.listing.document.facts))


def parse_source_facts(text: str, *, file: str) -> SourceFacts:
    """The facts and pages of a Markdown text: rows of tables, a fact with an anchor before its id."""
    facts = {
        name: SourceFact(id=name, anchor=anchor, says=says, pages=pages, basis=basis)
        for anchor, name, says, pages, basis in _FACT_ROW.findall(text)
    }
    pages = {tag: address for tag, _, address in _PAGE_ROW.findall(text.partition("\n## Facts")[0])}
    return SourceFacts(file=file, facts=MappingProxyType(facts), pages=MappingProxyType(pages))
