"""Batches on all cores: the same results, in order, and nothing left behind."""

import pytest
import torch
from torch import nn

from emotion.models.parallel import forward_batches, map_on_cores, split_evenly


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(5)).eval()


@pytest.mark.parametrize("count", [1, 15, 16, 33, 100])
def test_results_are_those_of_one_pass_in_order(network, count):
    images = torch.randn(count, 3, 12, 12)
    with torch.no_grad():
        expected = network(images)
    found = forward_batches(network, images)
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad


def test_no_batch_is_smaller_than_what_is_fast():
    sizes = [len(batch) for batch in split_evenly(torch.zeros(154, 1))]
    assert sum(sizes) == 154
    assert all(16 <= size < 32 for size in sizes)


def test_an_error_reaches_the_caller_and_the_number_of_threads_is_restored():
    threads = torch.get_num_threads()
    seen = []

    def fail(_item):
        seen.append(torch.get_num_threads())
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        map_on_cores(fail, [1, 2, 3, 4])
    assert max(seen) <= max(1, threads // 2)
    assert torch.get_num_threads() == threads
