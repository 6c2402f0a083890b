"""One request to a target within limits of time and size."""
