"""Pages, cursors, totals and order."""
