"""A first draft of a spec, guessed from an OpenAPI document."""
