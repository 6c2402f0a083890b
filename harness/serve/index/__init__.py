"""The same queries over millions of rows: columns, sorted indexes, rows kept as bytes."""
