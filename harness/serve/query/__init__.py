"""Request, query, rows: what a request means over a table of rows, one row at a time."""
