"""Runs of one tiny network on striped images, with few enough weights to average by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from emotion.data.cache import CacheParams, open_images
from emotion.data.manifest import hash_images
from emotion.training.soup.ingredients import Member
from tests.conftest import make_checkpoint

CLASSES = ("happy", "sad")


@pytest.fixture
def make_member(striped_rows):
    """A run whose weights differ from those of another seed; `bias` prefers the class happy."""
    data_hash = hash_images(striped_rows[:16], striped_rows[16:])

    def make(name: str, seed: int = 0, bias: float = 0.0, **changes) -> Member:
        checkpoint = make_checkpoint(img_size=32, head="linear", class_names=CLASSES)
        generator = torch.Generator().manual_seed(seed)
        state = {
            key: tensor + 0.01 * torch.randn(tensor.shape, generator=generator)
            if tensor.is_floating_point() and "running" not in key
            else tensor.clone()
            for key, tensor in checkpoint.state_dict.items()
        }
        state["head.bias"] = torch.tensor([bias, -bias])
        changes = {"data_hash": data_hash, "state_dict": state, **changes}
        return Member(name, dataclasses.replace(checkpoint, **changes))

    return make


@pytest.fixture
def splits(striped_rows):
    """Images of train and val, and the labels of val."""
    preprocessing = make_checkpoint(img_size=32).preprocessing
    train, val = striped_rows[:16], striped_rows[16:]
    images = [
        open_images(list(rows["path"]), preprocessing, CacheParams()) for rows in (train, val)
    ]
    return *images, val["label"].map(CLASSES.index).to_numpy(dtype=np.int64)
