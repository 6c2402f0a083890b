"""What an API promises: the listing language, its loader, its linter and its reference."""
