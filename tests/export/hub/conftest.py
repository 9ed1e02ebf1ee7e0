"""The reports that earlier stages would have written."""

import dataclasses

import pytest

from emotion.core.explanation_report import Estimate, ExplanationReport, MethodReport
from emotion.core.reports import (
    Answered,
    Calibration,
    ClassScores,
    EvaluationReport,
    PretrainedSource,
    Scores,
    ScoresWithIntervals,
    SliceGap,
    SplitsReport,
    TrainingSummary,
    TrainingTime,
)
from emotion.data.preprocessing import Preprocessing
from emotion.export.hub.model_card import CardInputs
from emotion.export.report import BatchParity, ExportReport, Variant, VariantsReport

CLASSES = ("angry", "happy", "neutral", "sad")

_VAL = Scores(
    macro_f1=0.8123,
    accuracy=0.8345,
    balanced_accuracy=0.8011,
    majority_accuracy=0.4022,
    nll=0.6044,
    nll_uncalibrated=0.7044,
    brier=0.3111,
    ece=0.0333,
    ece_uncalibrated=0.0555,
    aurc=0.0666,
    rows=149,
    groups=43,
    synthetic_fraction=0.33,
)
_TEST = ScoresWithIntervals(
    accuracy=0.791234,
    accuracy_low=0.7511,
    accuracy_high=0.8222,
    macro_f1=0.765432,
    macro_f1_low=0.7133,
    macro_f1_high=0.8044,
    balanced_accuracy=0.7755,
    majority_accuracy=0.4166,
    nll=0.6288,
    nll_uncalibrated=0.7288,
    brier=0.3222,
    ece=0.0477,
    ece_low=0.0211,
    ece_high=0.0855,
    ece_uncalibrated=0.0577,
    aurc=0.0777,
    rows=143,
    groups=47,
    synthetic_fraction=0.5,
)
CENTER = MethodReport(
    title="center",
    images=150,
    verdict="a baseline, to be beaten",
    passed=False,
    deletion=Estimate(mean=0.34, low=0.31, high=0.37),
    insertion=Estimate(mean=0.52, low=0.49, high=0.55),
    gain_over={},
    road=Estimate(mean=0.1, low=0.05, high=0.15),
    mass=None,
    mass_over={},
    pointing=None,
    area=None,
    units={},
    randomization={},
    blank_maps=0,
    note="",
)

INPUTS = CardInputs(
    label_map={"angry": 0, "happy": 1, "neutral": 2, "sad": 3},
    calibration=Calibration(
        flip=False,
        temperature=1.4321,
        val_nll_before=0.7,
        val_nll_after=0.6,
        fitted_temperature=1.4321,
        val_nll_gain=0.09,
        val_nll_gain_low=0.05,
        val_nll_gain_high=0.13,
        reason="kept: it lowers the validation NLL by 0.09 [0.05, 0.13] per image",
        threshold=0.71,
        target_error=0.1,
        threshold_reason="91 of 149 validation images are answered",
    ),
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
        groups={"train": 205, "val": 43, "test": 47, "largest": 12},
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
    ),
    training=TrainingSummary(
        best_epoch=17,
        best_val_macro_f1=0.8123,
        best_val_accuracy=0.8345,
        weights="pretrained",
    ),
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
        val=_VAL,
        test=_TEST,
        per_class={
            "angry": ClassScores(
                precision=0.611, recall=0.422, f1=0.499, f1_low=0.399, f1_high=0.549, support=21
            ),
            "happy": ClassScores(
                precision=0.933, recall=0.944, f1=0.938, f1_low=0.838, f1_high=0.988, support=61
            ),
            "neutral": ClassScores(
                precision=0.855, recall=0.866, f1=0.860, f1_low=0.760, f1_high=0.910, support=61
            ),
            "sad": ClassScores(
                precision=0.0, recall=0.0, f1=0.0, f1_low=0.000, f1_high=0.050, support=0
            ),
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
                sentence="skin_tone: accuracy 0.65 (10) to 0.85 (2): no difference shown.",
            )
        },
        answered=Answered(threshold=0.71, coverage=0.6123, error=0.0911),
    ),
    export=ExportReport(
        opset=18,
        exporter="torch.export",
        constant_folding=True,
        failed=[],
        ir_version=10,
        parity={"batch_1": BatchParity(max_abs=1e-4, max_rel=1e-4, max_kl=1e-8)},
        tolerance=1e-4,
        rows=143,
        same_class=0.993,
        macro_f1_difference=0.0,
        file_mb=94.1,
        tag="resnet50.a1_in1k",
        preprocessing=Preprocessing(
            img_size=32,
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            interpolation="bicubic",
        ),
    ),
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
    explanation=ExplanationReport(
        images=150,
        sampling_images=25,
        has_evidence=False,
        baselines={"center_map": CENTER},
        methods={
            "hires_cam": dataclasses.replace(
                CENTER, title="HiResCAM", passed=True, verdict="marks what counts [+0.10, +0.20]"
            )
        },
        left_out={},
        observations=["happy (31 images): of the HiResCAM mass, 40% on the mouth (chance 10%)."],
    ),
)


@pytest.fixture
def inputs():
    """Inputs of a card, frozen: tests derive variants with `dataclasses.replace`."""
    return INPUTS
