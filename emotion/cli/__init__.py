"""The commands of `emotion`; with `stages/`, the only code that knows paths of the repository."""
