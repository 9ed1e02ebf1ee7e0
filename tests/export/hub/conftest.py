"""The reports that earlier stages would have written."""

import dataclasses

from emotion.core.reports import (
    ClassScores,
    EvaluationReport,
    PretrainedSource,
    Scores,
    ScoresWithIntervals,
    SelectiveScores,
    SliceGap,
    SplitsReport,
    TrainingSummary,
    TrainingTime,
)
from emotion.export.hub.model_card import CardInputs
from emotion.export.report import Variant, VariantsReport
from tests.conftest import make_calibration
from tests.reports import EXPLANATION, EXPORT

CLASSES = ("angry", "happy", "neutral", "sad")


def distinct(schema, start: float, **known):
    """A report in which all unknown numbers differ, so that a mix-up of two is detected."""
    unknown = [field.name for field in dataclasses.fields(schema) if field.name not in known]
    numbers = {name: round(start + index / 100, 2) for index, name in enumerate(unknown)}
    return schema(**numbers, **known)


INPUTS = CardInputs(
    label_map={name: index for index, name in enumerate(CLASSES)},
    calibration=make_calibration(1.4321, threshold=0.71, target_error=0.1),
    pretrained=PretrainedSource(
        weights="pretrained",
        source="Hugging Face Hub timm/resnet50.a1_in1k",
        model_type="resnet50",
        tag="resnet50.a1_in1k",
        architecture="resnet50",
        args={},
        omitted=(),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        interpolation="bicubic",
        needs_img_size=False,
        license="apache-2.0",
        revision="",
        folded_norms=False,
    ),
    splits=SplitsReport(
        rows={"total": 1000, "train": 701, "val": 149, "test": 143, "rejected": 7},
        classes={name: {"train": 175, "val": 37, "test": 36} for name in CLASSES},
        subjects={"train": 211, "val": 43, "test": 47},
        unknown_subjects={"train": 0, "val": 0, "test": 0},
        groups={"train": 205, "val": 43, "test": 47, "largest": 12},
        shared_groups={"train": 0, "val": 0, "test": 0},
        duplicates={"exact": 3, "near": 9, "conflicts": 0},
        leaks={},
        rejected={"unreadable": 7},
        synthetic_fraction=0.25,
        sizes={"96": 993},
        modes={"RGB": 993},
        source={
            "drawn_faces": {"train": 200, "val": 50, "test": 50},
            "studio": {"train": 500, "val": 100, "test": 100},
        },
        faces={},
    ),
    training=distinct(TrainingSummary, 0.81, best_epoch=17, weights="pretrained", ingredients=""),
    time=TrainingTime(
        epoch_seconds=[12.34] * 350,
        total_seconds=4320.0,
        images_per_second=56.7,
        machine={"cores": 2},
    ),
    evaluation=EvaluationReport(
        model_type="resnet50",
        weights="pretrained",
        temperature=1.4321,
        val=distinct(Scores, 0.6, rows=149, groups=43),
        test=distinct(ScoresWithIntervals, 0.3, rows=143, groups=47, synthetic_fraction=0.5),
        per_class={
            "angry": distinct(ClassScores, 0.41, support=21),
            "happy": distinct(ClassScores, 0.91, support=61),
            "neutral": distinct(ClassScores, 0.81, support=61),
            "sad": distinct(ClassScores, 0.01, support=0),
        },
        slices={
            "skin_tone": SliceGap(
                lowest_accuracy=0.6543,
                lowest_value="10",
                highest_accuracy=0.8543,
                highest_value="2",
                gap=0.2,
                p_value=0.21,
                p_adjusted=0.42,
                sentence="",
            )
        },
        answered=SelectiveScores(threshold=0.71, coverage=0.6123, error=0.0911),
    ),
    export=EXPORT,
    variants=VariantsReport(
        variants=[
            Variant(
                precision="int8",
                method="static, all operators",
                file_mb=24.2,
                speedup=3.14,
                speedup_batch=2.71,
                kept=True,
                verdict="kept: 3.14 times as fast, macro-F1 -0.004 on validation, allowed -0.01",
                same_class=0.98,
                macro_f1_change=-0.0041,
                macro_f1_change_low=-0.0123,
                macro_f1_change_high=0.0041,
            ),
            Variant(
                precision="int8",
                method="dynamic, matrix products",
                file_mb=90.1,
                speedup=0.98,
                speedup_batch=1.01,
                verdict="rejected: 0.98 times as fast as float32",
            ),
        ],
        failed=["fp16, all operators: no such operator"],
        rows=151,
        macro_f1=0.8123,
        machine={"processor": "Any CPU", "cores": 2, "python": "3.11"},
    ),
    explanation=EXPLANATION,
)
