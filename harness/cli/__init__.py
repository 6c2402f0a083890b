"""The command line: one module per verb, and the only place with a wall clock."""
