"""Rules on how a request may be written, and how text must come back."""
