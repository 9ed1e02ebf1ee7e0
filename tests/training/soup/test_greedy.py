"""An average of weights has the ingredients that help on validation, and no other."""

import numpy as np
import pytest
import torch
from torch import nn

from emotion.data.batches import load_batches
from emotion.metrics.scores import nll
from emotion.models.inference import predict_logits
from emotion.training.soup import greedy
from emotion.training.soup.greedy import average, greedy_soup, measure_norms


def test_the_average_is_the_mean_of_each_weight(make_ingredient):
    checkpoints = [make_ingredient(str(seed), seed).checkpoint for seed in range(3)]
    for name, tensor in average(checkpoints).state_dict.items():
        arrays = [checkpoint.state_dict[name].numpy() for checkpoint in checkpoints]
        assert tensor.dtype == checkpoints[0].state_dict[name].dtype
        np.testing.assert_allclose(tensor.numpy(), np.mean(arrays, axis=0), rtol=1e-6, atol=1e-7)


def test_of_two_opposite_biases_the_average_is_kept_with_its_own_scores(make_ingredient, splits):
    ingredients = [make_ingredient("left", 0, bias=2.0), make_ingredient("right", 1, bias=-2.0)]
    soup = greedy_soup(ingredients, *splits)
    checkpoint, (_, val, labels) = soup.checkpoint, splits
    assert sorted(checkpoint.ingredients) == ["left", "right"]
    assert checkpoint.state_dict["head.bias"].tolist() == [0, 0]
    assert [step.kept for step in soup.steps] == [True, True]
    assert soup.scores.nll < min(step.alone.nll for step in soup.steps)
    logits = predict_logits(checkpoint.build_model(), val, checkpoint.preprocessing)
    assert soup.scores.nll == pytest.approx(nll(logits, labels), abs=1e-6)
    assert checkpoint.val_accuracy == soup.scores.accuracy == np.mean(logits.argmax(1) == labels)
    assert checkpoint.best_value == checkpoint.val_macro_f1 == soup.scores.macro_f1


def test_an_ingredient_that_does_harm_is_left_out(make_ingredient, splits):
    good = [make_ingredient("left", 0, bias=1.0), make_ingredient("right", 0, bias=-1.0)]
    soup = greedy_soup([make_ingredient("broken", 0, bias=90.0), *good], *splits)
    assert "broken" not in soup.checkpoint.ingredients
    assert [(step.name, step.kept) for step in soup.steps][-1] == ("broken", False)


def test_where_no_average_helps_the_best_run_is_returned_unchanged(make_ingredient, splits):
    ingredients = [make_ingredient("broken", 1, bias=90.0), make_ingredient("good", 0)]
    soup = greedy_soup(ingredients, *splits)
    assert soup.checkpoint is ingredients[1].checkpoint
    assert soup.checkpoint.ingredients == []


def test_the_order_in_which_runs_are_given_does_not_matter(make_ingredient, splits):
    ingredients = [make_ingredient(str(seed), seed, bias=seed - 1) for seed in range(3)]
    one, other = (greedy_soup(runs, *splits) for runs in (ingredients, ingredients[::-1]))
    assert one.steps == other.steps
    for name, tensor in one.checkpoint.state_dict.items():
        assert torch.equal(tensor, other.checkpoint.state_dict[name]), name


@pytest.mark.parametrize("rows", [[*range(16)], [0, 5, 10, 15]], ids=len)
def test_statistics_are_those_of_evenly_sampled_images(make_ingredient, splits, monkeypatch, rows):
    monkeypatch.setattr(greedy, "NORM_IMAGES", len(rows))
    checkpoint, train = make_ingredient("a").checkpoint, splits[0]
    network, preprocessing = checkpoint.build_model(), checkpoint.preprocessing
    norm = next(module for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    norm.running_mean += 5
    inputs = []
    norm.register_forward_hook(lambda _, given, __: inputs.append(given[0]))
    measure_norms(network, train, preprocessing)
    assert not network.training
    [views] = load_batches(train, preprocessing, [np.array(rows)])
    network(views)
    measured, expected = inputs  # of the first norm, so they do not depend on statistics
    torch.testing.assert_close(measured, expected)
    np.testing.assert_allclose(norm.running_mean, measured.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.running_var, measured.var((0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_a_network_without_batch_normalization_is_only_averaged(make_ingredient, splits):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    measure_norms(network, splits[0], make_ingredient("a").checkpoint.preprocessing)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_progress_counts_every_network_and_ingredients_keep_their_weights(make_ingredient, splits):
    calls, ingredients = [], [make_ingredient(str(seed), seed) for seed in range(3)]
    before = [
        {name: tensor.clone() for name, tensor in ingredient.checkpoint.state_dict.items()}
        for ingredient in ingredients
    ]
    greedy_soup(ingredients, *splits, lambda: calls.append(1))
    assert len(calls) == 2 * len(ingredients) - 1
    for ingredient, state in zip(ingredients, before, strict=True):
        weights = ingredient.checkpoint.state_dict
        assert all(torch.equal(weights[name], tensor) for name, tensor in state.items())
