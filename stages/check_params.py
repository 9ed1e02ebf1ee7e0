"""Check every section of params.yaml before anything is deleted, drawn or trained.

A stage refuses its settings too late: after hours of training, and DVC has deleted its outputs.

Reads   params.yaml, and whether the files that it names in data/weights/ exist
Writes  plots/check_params/report.json
"""

from emotion.class_weights import ClassWeightParams
from emotion.core import files
from emotion.core.params import check_params
from emotion.datasets.params import DataParams
from emotion.drawing.corpus import DrawFacesParams
from emotion.evaluation.evaluator import EvaluateParams
from emotion.explainers.explain import ExplainParams
from emotion.export.export import ExportParams
from emotion.hub.upload import PublishParams, check_push
from emotion.models.pretrained import PretrainedParams, check_pretrained
from emotion.models.teacher import locate_teacher
from emotion.training.params import TrainParams
from stages import paths
from stages.run import run, settings_of

DATA = {"draw_faces": DrawFacesParams, "data": DataParams, "class_weights": ClassWeightParams}
NETWORK = {None: PretrainedParams, "train": TrainParams, "evaluate": EvaluateParams}
RESULT = {"explain": ExplainParams, "export_onnx": ExportParams, "publish": PublishParams}


def main() -> None:
    check_params({**DATA, **NETWORK, **RESULT}, paths.PARAMS, paths.PIPELINE)
    check_pretrained(settings_of(PretrainedParams), paths.OWN_WEIGHTS)
    locate_teacher(settings_of(TrainParams, "train"), paths.OWN_WEIGHTS)
    check_push(settings_of(PublishParams, "publish"))
    # Always the same content, so that no other stage becomes stale by it.
    files.write_json(paths.CHECKED_PARAMS, {"valid": True})


if __name__ == "__main__":
    run(main)
