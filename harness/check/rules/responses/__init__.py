"""Rules on responses: shape, rows, parts, echoes, invariants."""
