"""What passes, what does not, and the words for it."""

import pytest

from emotion.core.explanation_report import Estimate
from emotion.explanation.verdicts import judge

ABOVE, BELOW = Estimate(mean=0.2, low=0.1, high=0.3), Estimate(mean=0.1, low=-0.1, high=0.3)
ALL_ABOVE = {"random_map": ABOVE, "center_map": ABOVE}
ONE_BELOW = {"random_map": ABOVE, "center_map": BELOW}
# The mean over the center map is higher, but only the random map is beaten for certain.
UNSURE = {"random_map": ABOVE, "center_map": Estimate(mean=0.4, low=-0.1, high=0.9)}
NO_INTERVAL = {"random_map": Estimate(mean=0.5, low=None, high=None)}
DESTROYED, UNCHANGED = {"head": 0.9, "stage 0": 0.1}, {"head": 0.1, "stage 0": 0.9}


@pytest.mark.parametrize(
    ("gain", "mass", "randomization", "passes", "words"),
    [
        (ALL_ABOVE, ALL_ABOVE, DESTROYED, True, "evidence better"),
        (ALL_ABOVE, ALL_ABOVE, DESTROYED, True, "[+0.10, +0.30]"),
        (ALL_ABOVE, {}, DESTROYED, True, "prediction depends on better"),
        (
            ONE_BELOW,
            ALL_ABOVE,
            DESTROYED,
            False,
            "mark what the prediction depends on better than the center map [-",
        ),
        (
            ALL_ABOVE,
            ONE_BELOW,
            DESTROYED,
            False,
            "not shown to point at the evidence better than the center map [-0.10,",
        ),
        (ALL_ABOVE, ALL_ABOVE, UNCHANGED, False, "0.90"),
        (UNSURE, {}, DESTROYED, False, "better than the center map [-0.10, +0.90]"),
        (NO_INTERVAL, {}, DESTROYED, False, "too few groups"),
        ({}, {}, {}, False, "baseline"),
    ],
)
def test_a_method_passes_above_both_baselines_if_it_depends_on_the_weights(
    gain, mass, randomization, passes, words
):
    passed, verdict = judge(gain, mass, randomization)
    assert passed == passes
    assert words in verdict
    assert ("do not use" in verdict) == (bool(gain) and not passes)
