"""Machine 2, serve: spec and world in, a simulated API out; a pure function with HTTP around it."""
