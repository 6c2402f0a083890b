"""One probe: what is asked, what must come back, in what an answer differs, whether the data stood still."""
