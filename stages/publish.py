"""Gather the model's files and write its card; upload them only when publish.push is true.

Reads   the model, its ONNX file, label map and calibration; the metrics of every stage
Writes  models/hub/
"""

from huggingface_hub import HfApi

from emotion.core import files
from emotion.hub.folder import build_folder
from emotion.hub.model_card import Facts, render_card, title_of
from emotion.hub.upload import PublishParams, check_push, push_folder
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(PublishParams, "publish")
    check_push(params)
    facts = Facts(
        label_map=files.read_json(paths.LABEL_MAP),
        calibration=files.read_json(paths.CALIBRATION),
        pretrained=files.read_json(paths.PRETRAINED / "source.json"),
        splits=files.read_json(paths.SPLITS_METRICS),
        training=files.read_json(paths.TRAIN_METRICS / "metrics.json"),
        evaluation=files.read_json(paths.EVALUATE_METRICS),
        export=files.read_json(paths.EXPORT_METRICS),
        explanation=files.read_json(paths.EXPLAIN_METRICS),
    )
    name = title_of(facts, params.repo_id)
    model_files = (paths.BEST_MODEL, paths.ONNX, paths.LABEL_MAP, paths.CALIBRATION)
    build_folder(paths.HUB, model_files, render_card(facts, params.license, name))
    print(f"publish: {name} is ready in {paths.HUB}")
    if params.push:
        message = f"{name}: test macro-F1 {facts.test['macro_f1']:.3f}"
        print("publish: uploaded to", push_folder(paths.HUB, params, message, HfApi()))


if __name__ == "__main__":
    run(main)
