"""What must come back: a plain evaluator of the spec over the rows that were read."""
