"""Names that datasets use for train, val and test."""

NAMES = {
    "train": ("train", "training"),
    # FER2013: the images of the public and of the private leaderboard.
    "val": ("val", "valid", "validation", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
SPLIT_OF = {name: split for split, names in NAMES.items() for name in names}
