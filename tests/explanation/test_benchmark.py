"""The agreement of a score with the truth, on tables where it is known."""

import pandas as pd
import pytest

from benchmarks.bench_explainers import agreement, measure_trust


@pytest.mark.parametrize(
    ("guess", "expected"),
    [([1, 2, 3], 1.0), ([3, 2, 1], 0.0), ([1, 1, 1], 0.5), ([1, 3, 2], 2 / 3)],
)
def test_the_agreement_is_the_share_of_pairs_in_the_same_order(guess, expected):
    assert agreement(pd.Series([0.1, 0.2, 0.3]), pd.Series(guess)) == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")  # of the constant ROAD
def test_a_score_is_trusted_as_far_as_it_orders_maps_as_the_truth():
    columns = ["path", "predicted", "method", "mass", "insertion", "deletion"]
    cells = [
        (f"{image}.png", "happy" if image else "sad", method, mass, mass, mass)
        for image in range(5)
        for method, mass in (("a", 0.2), ("b", 0.5), ("center_map", 0.3))
    ]
    scores = pd.DataFrame(cells, columns=columns).assign(label="happy", road=0.0)
    rows = pd.DataFrame({"path": [f"{i}.png" for i in range(5)], "group": list("uvwxy")})
    found = measure_trust(scores, rows)
    assert {title: value["pairs"] for title, value in found.items()} == {
        "insertion": 1.0,
        "deletion": 0.0,
        "insertion - deletion": 0.5,
        "ROAD": 0.5,
    }
    assert found["insertion"]["methods"] == 1.0
    assert found["insertion"]["images"] == 4  # the wrongly predicted one is left out
