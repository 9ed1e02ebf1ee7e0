"""Tabulate the mistakes: every misclassified image, and the ranked pairs of confused classes."""

import numpy as np
import pandas as pd

from emotion.data.manifest import image_columns
from emotion.evaluation.predictions import CONFIDENCE_DECIMALS, SplitPredictions


def list_mistakes(test: SplitPredictions, temperature: float) -> pd.DataFrame:
    """The misclassified images, the most confident first, equal ones by path.

    Args:
        test: predictions of one split.
        temperature: divides the logits.

    Returns:
        Columns path (and those of the face), label, predicted, confidence (of the predicted class),
        label_probability (both calibrated, in 0..1), group; no rows if every prediction is correct.
    """
    rows = np.arange(len(test.labels))
    label_probability = test.probabilities(temperature)[rows, test.labels]
    table = test.rows[[*image_columns(test.rows), "label"]].assign(
        predicted=test.predicted_names,
        confidence=test.confidence(temperature),
        label_probability=np.round(label_probability, CONFIDENCE_DECIMALS),
        group=test.rows["group"],
    )
    mistakes = table[~test.correct]
    return mistakes.sort_values(["confidence", "path"], ascending=[False, True], ignore_index=True)


def rank_confusions(test: SplitPredictions) -> pd.DataFrame:
    """The pairs of classes that are confused, the most frequent first.

    Pairs with equally many images are ranked by fraction, then by name. Pairs that never occur are
    left out.

    Args:
        test: predictions of one split.

    Returns:
        Columns label, predicted, images, share (the fraction of the images with that label, in
        0..1), groups (with at least one of these images: few mean that one person or scene causes
        the confusion).
    """
    table = test.rows[["label", "group"]].assign(predicted=test.predicted_names)
    pairs = table[~test.correct].groupby(["label", "predicted"])["group"]
    ranked = pairs.agg(images="size", groups="nunique").reset_index()
    # `map` of no rows would have the type of the labels, which cannot be divided by.
    labeled = table["label"].value_counts().reindex(ranked["label"]).to_numpy()
    ranked.insert(3, "share", (ranked["images"] / labeled).astype(float).round(6))
    columns, ascending = ["images", "share", "label", "predicted"], [False, False, True, True]
    return ranked.sort_values(columns, ascending=ascending, ignore_index=True)
