"""Open every picture once: what is wrong with it, how large it is, and what it looks like."""
