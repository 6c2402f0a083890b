"""Who may ask, and whose calls an answer may hold."""
