"""Checks by family: what to send, and how to judge what comes back."""

from typing import Final

RULE_NAMES: Final = frozenset({"known-world", "known-zone", "root-element"})
"""What a clause may name under `checked-by`: rules that no construct of a spec names."""
