"""Checks by family: what to send, and how to judge what comes back."""
