"""`callharness apis`: which APIs there are."""

from __future__ import annotations

import json

import click

from harness.cli.console import Console


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def apis(console: Console, as_json: bool) -> None:
    """List the APIs that the harness knows."""
    from harness.specification.clause_families import planned_clauses
    from harness.specification.load import load_spec, spec_ids

    specs = [load_spec(name) for name in spec_ids()]
    if as_json:
        rows = [
            {
                "id": spec.id,
                "title": spec.title,
                "file": spec.file,
                "method": spec.method,
                "path": spec.path,
                "document": spec.listing.document.name,
                "document_title": spec.listing.document.title,
                "document_url": spec.listing.document.url,
                "version": spec.listing.version,
                "clauses": len(planned_clauses(spec)),
                "open_choices": len(spec.choices),
            }
            for spec in specs
        ]
        console.write_result(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(spec.id) for spec in specs), default=0)
    for spec in specs:
        console.write_result(f"{spec.id:<{width}}  {len(planned_clauses(spec)):>3} clauses  {spec.title}")
