"""Rows as an API writes them, column by column: the same bytes as the row codec, without an object for each row."""
