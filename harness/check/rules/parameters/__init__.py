"""What a parameter means when it is absent, blank, unknown, repeated or wrong."""
