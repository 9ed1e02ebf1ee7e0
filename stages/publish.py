"""Build the Hub folder with the model's files and its card; upload it if publish.push is true.

Reads   the model, its ONNX file, label map and calibration; the reports of every stage
Writes  models/hub/
"""

from huggingface_hub import HfApi

from emotion.core import explanation_report, export_report, labels, reports
from emotion.hub import folder, upload
from emotion.hub.model_card import CardInputs, build_texts, title_of
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, read = settings_of(upload.PublishParams, "publish"), reports.read_report
    upload.check_push(params)
    inputs = CardInputs(
        label_map=labels.read_label_map(paths.LABEL_MAP),
        calibration=read(paths.CALIBRATION, reports.Calibration),
        pretrained=read(paths.PRETRAINED / "source.json", reports.PretrainedSource),
        splits=read(paths.SPLITS_REPORT, reports.SplitsReport),
        training=read(paths.TRAIN_METRICS / "metrics.json", reports.TrainingSummary),
        time=read(paths.TRAIN_TIMING, reports.TrainingTime),
        evaluation=read(paths.EVALUATION_REPORT, reports.EvaluationReport),
        export=read(paths.EXPORT_REPORT, export_report.ExportReport),
        explanation=read(paths.EXPLAIN_REPORT, explanation_report.ExplanationReport),
    )
    name = title_of(inputs, params.repo_id)
    model_files = (paths.BEST_MODEL, paths.ONNX, paths.LABEL_MAP, paths.CALIBRATION)
    folder.build_folder(paths.HUB, model_files, build_texts(inputs, params.license, name))
    print(f"publish: {name} is ready in {paths.HUB}")
    if params.push:
        message = f"{name}: test macro-F1 {inputs.evaluation.test.macro_f1:.3f}"
        print("publish: uploaded to", upload.push_folder(paths.HUB, params, message, HfApi()))


if __name__ == "__main__":
    run(main)
