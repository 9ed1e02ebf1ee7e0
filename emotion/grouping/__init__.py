"""Which rows belong together: one person, one picture, copies of it; and what that leaks."""
