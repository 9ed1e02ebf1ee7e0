"""An average of weights takes in what helps on validation, and nothing else."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from emotion.metrics.scores import nll
from emotion.models.inference import predict_logits
from emotion.training.soup.greedy import average, greedy_soup, measure_norms


def test_the_average_is_the_mean_of_each_weight(make_member):
    members = [make_member(str(seed), seed).checkpoint for seed in range(3)]
    state = average(members).state_dict
    for name, tensor in state.items():
        arrays = [member.state_dict[name].numpy() for member in members]
        assert tensor.dtype == members[0].state_dict[name].dtype
        np.testing.assert_allclose(tensor.numpy(), np.mean(arrays, axis=0), rtol=1e-6, atol=1e-7)


def test_of_two_opposite_biases_the_average_is_kept(make_member, splits):
    members = [make_member("left", 0, bias=2.0), make_member("right", 0, bias=-2.0)]
    soup = greedy_soup(members, *splits)
    assert sorted(soup.checkpoint.members) == ["left", "right"]
    assert soup.checkpoint.state_dict["head.bias"].tolist() == [0, 0]
    assert soup.scores.nll < min(step.alone.nll for step in soup.steps)
    assert [step.kept for step in soup.steps] == [True, True]


def test_the_scores_are_those_of_the_network_that_is_returned(make_member, splits):
    members = [make_member("a", 0, bias=2.0), make_member("b", 1, bias=-2.0)]
    soup = greedy_soup(members, *splits)
    checkpoint, (_, val, labels) = soup.checkpoint, splits
    logits = predict_logits(checkpoint.build_model(), val, checkpoint.preprocessing)
    assert soup.scores.nll == pytest.approx(nll(logits, labels), abs=1e-6)
    assert checkpoint.val_accuracy == soup.scores.accuracy == np.mean(logits.argmax(1) == labels)
    assert checkpoint.best_value == checkpoint.val_macro_f1 == soup.scores.macro_f1


def test_a_member_that_does_harm_is_left_out(make_member, splits):
    good = [make_member("left", 0, bias=1.0), make_member("right", 0, bias=-1.0)]
    soup = greedy_soup([make_member("broken", 0, bias=90.0), *good], *splits)
    assert "broken" not in soup.checkpoint.members
    assert [(step.name, step.kept) for step in soup.steps][-1] == ("broken", False)


def test_where_no_average_helps_the_best_run_is_returned_unchanged(make_member, splits):
    members = [make_member("broken", 1, bias=90.0), make_member("good", 0)]
    soup = greedy_soup(members, *splits)
    assert soup.checkpoint is members[1].checkpoint
    assert soup.checkpoint.members == []


def test_the_order_in_which_runs_are_given_does_not_matter(make_member, splits):
    members = [make_member(str(seed), seed, bias=seed - 1) for seed in range(3)]
    one, other = (greedy_soup(m, *splits) for m in (members, members[::-1]))
    assert one.steps == other.steps
    for name, tensor in one.checkpoint.state_dict.items():
        assert torch.equal(tensor, other.checkpoint.state_dict[name]), name


def test_statistics_are_those_of_the_training_images(make_member, splits):
    checkpoint, train = make_member("a").checkpoint, splits[0]
    network = checkpoint.build_model()
    norm = next(module for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    norm.running_mean += 5
    inputs = []
    handle = norm.register_forward_hook(lambda _, given, __: inputs.append(given[0]))
    measure_norms(network, train, checkpoint.preprocessing)
    handle.remove()
    [images] = inputs
    assert len(images) == len(train)
    np.testing.assert_allclose(norm.running_mean, images.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.running_var, images.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert not network.training


def test_a_network_without_batch_normalization_is_only_averaged(make_member, splits):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    measure_norms(network, splits[0], make_member("a").checkpoint.preprocessing)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_more_training_images_than_needed_are_sampled_evenly(make_member, splits, monkeypatch):
    monkeypatch.setattr("emotion.training.soup.greedy.NORM_IMAGES", 4)
    seen = []

    class Recorded:
        def __len__(self):
            return len(splits[0])

        def batches(self, rows):
            seen.extend(np.concatenate(rows))
            return splits[0].batches(rows)

    checkpoint = make_member("a").checkpoint
    measure_norms(checkpoint.build_model(), Recorded(), checkpoint.preprocessing)
    assert seen == [0, 5, 10, 15]


def test_progress_counts_every_network_that_is_scored(make_member, splits):
    calls = []
    members = [make_member(str(seed), seed) for seed in range(3)]
    greedy_soup(members, *splits, lambda: calls.append(1))
    assert len(calls) == 2 * len(members) - 1


def test_members_keep_their_weights(make_member, splits):
    members = [make_member(str(seed), seed) for seed in range(2)]
    copies = [dataclasses.replace(m.checkpoint) for m in members]
    before = [{k: v.clone() for k, v in c.state_dict.items()} for c in copies]
    greedy_soup(members, *splits)
    for member, state in zip(members, before, strict=True):
        assert all(torch.equal(member.checkpoint.state_dict[k], v) for k, v in state.items())
