"""Machine 1, generate: a spec and a world make files; the same arguments give the same bytes."""
