"""Names that corpora use for train, val and test."""

SPLIT_OF = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "publictest": "val",  # FER2013: the images of the public leaderboard
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
