"""What must hold in every answer: shape, rows, parts, echoes, invariants."""
