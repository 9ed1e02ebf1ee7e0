"""Targets of the loss come from annotators' votes where there are some."""

import numpy as np
import pandas as pd

from emotion.training.loading import soft_targets


def test_annotators_shares_in_the_manifest_become_the_targets():
    rows = pd.DataFrame(
        {"label": ["sad", "happy"], "share_happy": ["0.3", "0"], "share_sad": ["0.9", "0"]}
    )
    targets = soft_targets(rows, np.array([1, 0]), {"happy": 0, "sad": 1})
    # Votes of 0.3 and 0.9 are shares of 0.25 and 0.75; a row without votes keeps its label.
    assert targets.tolist() == [[0.25, 0.75], [1.0, 0.0]]
    hard = soft_targets(rows[["label"]], np.array([1, 0]), {"happy": 0, "sad": 1})
    assert hard.tolist() == [[0.0, 1.0], [1.0, 0.0]]
