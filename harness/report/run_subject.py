"""What a run is about: the product that was tested, the document it is held to, the facts that its clauses cite."""

from __future__ import annotations

import dataclasses

from harness.check.results.findings import RunReport
from harness.specification.load import Spec
from harness.specification.source_facts import cited_facts, load_source_facts


def with_subject(report: RunReport, spec: Spec, *, product: str = "", product_version: str = "") -> RunReport:
    """The report with what was tested and what it was held to. Raises UsageProblem where the facts cannot be read."""
    known = load_source_facts(spec)
    ids = dict.fromkeys(fact for clause in spec.clauses.values() for fact in cited_facts(clause.source))
    facts = () if known is None else tuple(known.facts[name] for name in ids if name in known.facts)
    return dataclasses.replace(
        report,
        product=product,
        product_version=product_version,
        document=spec.listing.document,
        facts=facts,
        fact_pages={} if known is None else known.pages,
    )
