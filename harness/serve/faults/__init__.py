"""Deliberate breaches of one clause each, derived from what a listing says: one module per family."""
