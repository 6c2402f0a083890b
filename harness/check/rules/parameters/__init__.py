"""Rules on parameters that are absent, blank, unknown, repeated or invalid."""
