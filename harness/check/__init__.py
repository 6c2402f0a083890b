"""Machine 3: a spec and a target give findings."""
