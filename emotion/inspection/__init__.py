"""Open every image once: what is wrong with it, how large it is, and what it looks like."""
