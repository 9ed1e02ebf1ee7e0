"""Check every section of params.yaml before DVC deletes an output or a stage runs for hours.

Reads   params.yaml, and whether the folder and the files that it names exist
Writes  plots/check_params/report.json, always the same: no other stage becomes stale by it
"""

from emotion.core import files
from emotion.core.params import check_params
from emotion.data.class_weights import ClassWeightParams
from emotion.datasets.drawn_faces.dataset import DataRootParams, DrawFacesParams
from emotion.datasets.params import DataParams
from emotion.datasets.reader import locate_root
from emotion.evaluation.params import EvaluateParams
from emotion.explanation.params import ExplainParams
from emotion.export.hub.upload import PublishParams, check_push
from emotion.export.params import ExportParams
from emotion.models.sources.own_checkpoints import locate_checkpoints
from emotion.models.sources.pretrained import PretrainedParams, check_pretrained
from emotion.training.params import TrainParams
from stages import paths
from stages.run import run

DATA = {"draw_faces": DrawFacesParams, "data": DataParams, "class_weights": ClassWeightParams}
NETWORK = {None: PretrainedParams, "train": TrainParams, "evaluate": EvaluateParams}
RESULT = {"explain": ExplainParams, "export_onnx": ExportParams, "publish": PublishParams}


def main() -> None:
    params = check_params({**DATA, **NETWORK, **RESULT}, paths.PARAMS, paths.PIPELINE)
    if not DataRootParams(root=params["data"].root).uses(paths.DRAWN_FACES):  # made next
        locate_root(params["data"])
    check_pretrained(params[None], paths.OWN_WEIGHTS)
    locate_checkpoints(params["train"], paths.OWN_WEIGHTS)
    check_push(params["publish"])
    files.write_json(paths.CHECKED_PARAMS, {"valid": True})


if __name__ == "__main__":
    run(main)
