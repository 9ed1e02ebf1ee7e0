"""The table that an adapter returns."""


def table_of(source, *, path, label, split, **columns):
    """Expected columns of an adapter; images are real and of unknown subjects, unless given."""
    count = len(path)
    return {
        "path": path,
        "label": label,
        "split": split,
        "subject": [""] * count,
        "source": [source] * count,
        "synthetic": [False] * count,
    } | columns
