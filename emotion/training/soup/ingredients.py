"""The ingredients of a soup: the runs whose weights are averaged, checked for compatibility."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from emotion.core.errors import UserError
from emotion.models.checkpoint import Checkpoint

# Weights are averaged one by one, so all of this must be equal.
NETWORK = ("architecture", "args", "omitted", "head", "class_names", "preprocessing", "weights")


@dataclass(frozen=True)
class Ingredient:
    """One trained network."""

    name: str  # a revision, or a file
    checkpoint: Checkpoint


def check_ingredients(ingredients: Sequence[Ingredient], data_hash: str) -> None:
    """Refuse networks that cannot be averaged, all of them in one message.

    Args:
        ingredients: at least one.
        data_hash: `manifest.hash_images` of the splits that the average is chosen on.

    Raises:
        UserError: a network differs from the first one in more than its weights, has the same
            weights as an earlier one, or was trained on other splits: its training images could be
            in the test split.
    """
    problems = [
        f"{ingredient.name} {problem}"
        for index, ingredient in enumerate(ingredients)
        if (problem := _find_problem(ingredient, ingredients[:index], data_hash))
    ]
    if problems:
        raise UserError(
            f"these runs cannot be averaged: {'; '.join(problems)}",
            "give runs of the same network on the present splits that differ in seed or recipe",
        )


def _find_problem(ingredient: Ingredient, earlier: Sequence[Ingredient], data_hash: str) -> str:
    """Why a network cannot be averaged with the earlier ones, as a predicate; "" if it can."""
    checkpoint = ingredient.checkpoint
    if checkpoint.data_hash != data_hash:
        return "was trained on other splits than data/splits/"
    if not earlier:
        return ""
    first = earlier[0]
    different = [
        name for name in NETWORK if getattr(checkpoint, name) != getattr(first.checkpoint, name)
    ]
    if different:
        return f"has another {', '.join(different)} than {first.name}"
    for other in earlier:
        weights = other.checkpoint.state_dict
        if all(torch.equal(t, weights[name]) for name, t in checkpoint.state_dict.items()):
            return f"has the same weights as {other.name}"
    return ""
