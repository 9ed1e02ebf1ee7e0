"""Attention rollout against products computed by hand."""

import numpy as np
import torch

from emotion.explanation.methods.attention_rollout import explain_attention_rollout, roll_out
from tests.conftest import make_checkpoint
from tests.explanation.methods.conftest import DEFAULT


def test_the_flow_is_the_product_of_half_attention_and_half_identity():
    torch.manual_seed(0)
    first, second = (torch.rand(1, 3, 3).softmax(dim=2) for _ in range(2))
    one, two = (0.5 * attention[0] + 0.5 * torch.eye(3) for attention in (first, second))
    torch.testing.assert_close(roll_out([first, second])[0], two @ one)
    torch.testing.assert_close(roll_out([first, second]).sum(dim=2), torch.ones(1, 3))


def test_a_patch_that_no_token_attends_to_is_the_least_important():
    model = make_checkpoint("test_vit").build_model()
    grid = model.backbone.patch_embed.grid_size
    hidden = 1 + 2 * grid[1] + 1  # the class token, then row 2, column 1

    def blind(_module, _inputs, output):
        output = output.clone()
        output[..., hidden] = 0
        return output / output.sum(dim=-1, keepdim=True)

    for block in model.backbone.blocks:
        block.attn.attn_drop.register_forward_hook(blind)
    images, targets = torch.randn(1, 3, 48, 48), torch.tensor([0])
    [map_] = explain_attention_rollout(model, images, targets, DEFAULT).maps
    patch = 48 // grid[0]
    cells = map_.reshape(grid[0], patch, grid[1], patch).mean(axis=(1, 3))
    assert np.unravel_index(cells.argmin(), cells.shape) == (2, 1)
