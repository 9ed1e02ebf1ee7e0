"""The task: what is predicted, by a network that computes the same as the checkpoint's."""

import pytest
import torch

from emotion.explanation.params import ExplainParams
from emotion.explanation.scoring import prepare_task
from tests.conftest import make_checkpoint

SMALL = ExplainParams(budget_s=1)


def test_predictions_are_those_of_the_checkpoint(checkpoint, rows):
    task = prepare_task(checkpoint, rows, SMALL)
    with torch.no_grad():
        expected = checkpoint.build_model()(task.images.images).softmax(dim=1)
    confidences, targets = expected.max(dim=1)
    torch.testing.assert_close(torch.from_numpy(task.ends.sharp), confidences)
    assert task.targets.tolist() == targets.tolist()
    assert len(targets) == task.counts.single


@pytest.mark.parametrize(
    "model_type", ["test_resnet", "test_vit3"]
)  # the latter pools by attention
def test_the_weights_need_no_gradient(rows, model_type):
    task = prepare_task(make_checkpoint(model_type), rows, SMALL)
    assert not any(parameter.requires_grad for parameter in task.model.parameters())
