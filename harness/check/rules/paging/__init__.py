"""Rules on pages, cursors, totals and order."""
