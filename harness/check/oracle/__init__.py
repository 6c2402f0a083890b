"""The oracle: a plain evaluator of the spec over the rows that were read."""
