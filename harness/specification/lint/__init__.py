"""Whether a spec holds together: references, coverage of clauses, agreement with its OpenAPI side."""
