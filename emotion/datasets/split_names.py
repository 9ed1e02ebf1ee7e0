"""The words corpora use for train, val and test."""

SPLIT_OF = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "publictest": "val",  # FER2013: the public leaderboard's images
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
