"""Runs of one tiny network on striped images, with few enough weights to average by hand."""

import dataclasses

import pytest
import torch

from emotion.data.cache import CacheParams
from emotion.data.manifest import hash_images
from emotion.training.loading import load_split
from emotion.training.soup.ingredients import Ingredient
from tests.conftest import make_checkpoint

LABEL_MAP = {"happy": 0, "sad": 1}


@pytest.fixture
def make_ingredient(striped_rows):
    """A run whose weights differ from those of another seed; `bias` prefers the class happy."""
    data_hash = hash_images(striped_rows[:16], striped_rows[16:])

    def make(name: str, seed: int = 0, bias: float = 0.0, **changes) -> Ingredient:
        checkpoint = make_checkpoint(img_size=32, head="linear", class_names=tuple(LABEL_MAP))
        generator = torch.Generator().manual_seed(seed)
        state = {
            key: tensor + 0.01 * torch.randn(tensor.shape, generator=generator)
            if tensor.is_floating_point() and "running" not in key
            else tensor.clone()
            for key, tensor in checkpoint.state_dict.items()
        }
        state["head.bias"] = torch.tensor([bias, -bias])
        changes = {"data_hash": data_hash, "state_dict": state, **changes}
        return Ingredient(name, dataclasses.replace(checkpoint, **changes))

    return make


@pytest.fixture
def splits(striped_rows):
    """Images of train and val, and the labels of val."""
    preprocessing = make_checkpoint(img_size=32).preprocessing
    train, val = (
        load_split(rows, LABEL_MAP, preprocessing, CacheParams())
        for rows in (striped_rows[:16], striped_rows[16:])
    )
    return train.images, val.images, val.labels
