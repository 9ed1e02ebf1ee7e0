"""The JSON that earlier stages would have written."""

import copy

import pytest

from emotion.hub.model_card import Facts

CLASSES = ("angry", "happy", "neutral", "sad")
FACTS = {
    "label_map": {"angry": 0, "happy": 1, "neutral": 2, "sad": 3},
    "calibration": {"temperature": 1.4321, "val_nll_before": 0.7, "val_nll_after": 0.6},
    "pretrained": {
        "weights": "pretrained",
        "source": "Hugging Face Hub timm/resnet50.a1_in1k",
        "model_type": "resnet50",
        "tag": "resnet50.a1_in1k",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "interpolation": "bicubic",
        "needs_img_size": False,
        "license": "apache-2.0",
    },
    "splits": {
        "rows": {"total": 1000, "train": 701, "val": 149, "test": 143, "rejected": 7},
        "subjects": {"train": 211, "val": 43, "test": 47},
        "synthetic_fraction": 0.25,
        "source": {
            "drawn_faces": {"train": 200, "val": 50, "test": 50},
            "studio": {"train": 500, "val": 100, "test": 100},
        },
    },
    "training": {
        "best_epoch": 17,
        "best_val_macro_f1": 0.8123,
        "best_val_accuracy": 0.8345,
        "mean_epoch_seconds": 12.34,
        "total_seconds": 4321.0,
        "weights": "pretrained",
    },
    "evaluation": {
        "model_type": "resnet50",
        "weights": "pretrained",
        "temperature": 1.4321,
        "val": {
            "balanced_accuracy": 0.8011,
            "majority_accuracy": 0.4022,
            "ece": 0.0333,
            "nll": 0.6044,
            "rows": 149,
        },
        "test": {
            "accuracy": 0.791234,
            "accuracy_low": 0.7511,
            "accuracy_high": 0.8222,
            "macro_f1": 0.765432,
            "macro_f1_low": 0.7133,
            "macro_f1_high": 0.8044,
            "balanced_accuracy": 0.7755,
            "majority_accuracy": 0.4166,
            "ece": 0.0477,
            "nll": 0.6288,
            "rows": 143,
            "groups": 47,
            "synthetic_fraction": 0.5,
        },
        "per_class": {
            "angry": {"precision": 0.611, "recall": 0.422, "f1": 0.499, "support": 21},
            "happy": {"precision": 0.933, "recall": 0.944, "f1": 0.938, "support": 61},
            "neutral": {"precision": 0.855, "recall": 0.866, "f1": 0.860, "support": 61},
            "sad": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        },
        "slices": {"skin_tone": {"lowest_accuracy": 0.6543, "lowest_value": "10"}},
    },
    "export": {
        "img_size": 32,
        "opset": 18,
        "rows": 143,
        "same_class": 0.993,
        "tolerance": 1e-4,
        "max_abs_difference": {"batch_1": 1.1e-6, "batch_7": 2.3e-6},
    },
    "explanation": {
        "probe_images": 6,
        "methods": {"grad_cam": {"deletion_auc": 0.311, "deletion_auc_random": 0.522}},
    },
}


@pytest.fixture
def facts():
    """Facts that a test may change."""
    return Facts(**copy.deepcopy(FACTS))
