"""pytest asks for the clauses of a call API: options, one item per clause, and fixtures."""
