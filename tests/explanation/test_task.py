"""The task has the predictions of the checkpoint, from a network that needs no weight gradients."""

import pytest
import torch

from emotion.explanation.params import ExplainParams
from emotion.explanation.task import prepare_task
from tests.conftest import make_checkpoint

SMALL = ExplainParams(budget_s=1)


@pytest.mark.parametrize("model_type", ["test_resnet", "test_vit3"])  # the latter: attention pool
def test_predictions_are_those_of_the_checkpoint(rows, model_type):
    checkpoint = make_checkpoint(model_type)
    task = prepare_task(checkpoint, rows, SMALL)
    with torch.no_grad():
        confidences, targets = checkpoint.build_model()(task.images).softmax(dim=1).max(dim=1)
    torch.testing.assert_close(torch.from_numpy(task.endpoints.original), confidences)
    assert task.targets.tolist() == targets.tolist()
    assert len(targets) == len(task.rows) == task.counts.single
    assert not any(parameter.requires_grad for parameter in task.model.parameters())


def test_images_are_normalized_for_the_model(rows, checkpoint):
    task, preprocessing = prepare_task(checkpoint, rows, SMALL), checkpoint.preprocessing
    mean, std = (torch.tensor(values) for values in (preprocessing.mean, preprocessing.std))
    expected = (torch.from_numpy(task.shown) - mean) / std
    torch.testing.assert_close(task.images.permute(0, 2, 3, 1), expected, atol=1e-5, rtol=0)
