"""The commands of `emotion`; with `stages/`, the only code that uses paths of the repository."""
