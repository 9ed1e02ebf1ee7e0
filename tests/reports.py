"""Reports as the stages export_onnx and explain would write them."""

import dataclasses

from emotion.core.explanation_report import Estimate, ExplanationReport, MethodReport, UnitReport
from emotion.export.report import BatchParity, ExportReport
from tests.conftest import preprocessing_of

EXPORT = ExportReport(
    opset=18,
    exporter="torch.export",
    constant_folding=True,
    failed=[],
    ir_version=10,
    parity={"batch_1": BatchParity(max_abs=1e-4, max_rel=1e-4, max_kl=1e-8)},
    tolerance=1e-3,
    rows=144,
    same_class=0.993,
    macro_f1_difference=0.0,
    file_mb=94.1,
    tag="resnet50.a1_in1k",
    preprocessing=preprocessing_of(32),
)
_CENTER = MethodReport(
    title="center",
    images=150,
    verdict="a baseline, to be beaten",
    passed=False,
    deletion=Estimate(mean=0.34, low=0.31, high=0.37),
    insertion=Estimate(mean=0.52, low=None, high=None),
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
EXPLANATION = ExplanationReport(
    images=150,
    sampling_images=25,
    has_evidence=False,
    baselines={"center_map": _CENTER},
    methods={
        "hires_cam": dataclasses.replace(
            _CENTER,
            title="HiResCAM",
            passed=True,
            verdict="marks what counts [+0.10, +0.20]",
            gain_over={"center_map": Estimate(mean=0.1, low=0.0, high=0.2)},
            units={"12": UnitReport(mass=0.4, pointing=0.8, area=0.1, images=9)},
            randomization={"head": 0.1},
            details={"r2": 0.5},
        )
    },
    left_out={"attention_rollout": "no attention"},
    observations=["happy (31 images): of the HiResCAM mass, 40% on the mouth (chance 10%)."],
)
