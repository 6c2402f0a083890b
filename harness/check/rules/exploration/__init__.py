"""Requests that nobody planned: combinations drawn by Hypothesis, requests drawn by Schemathesis."""
