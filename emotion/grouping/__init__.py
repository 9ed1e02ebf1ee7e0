"""Which rows belong together: one person, one image, copies of it; and what that leaks."""
