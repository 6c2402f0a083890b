"""Machine 3, check: a spec and a target give findings."""
