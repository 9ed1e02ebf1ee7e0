"""Build the Hub folder with the model's files and its card; upload it if publish.push is true.

Reads   the model in every format, its label map and calibration; all reports. Writes models/hub/
"""

from emotion.core import explanation_report, reports
from emotion.data import labels
from emotion.export import license, report
from emotion.export.hub import folder, model_card, upload
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params, read = settings_of(upload.PublishParams, "publish"), reports.read_report
    upload.check_push(params)
    inputs = model_card.CardInputs(
        label_map=labels.read_label_map(paths.LABEL_MAP),
        calibration=read(paths.CALIBRATION, reports.Calibration),
        pretrained=read(paths.INITIAL_WEIGHTS, reports.PretrainedSource),
        splits=read(paths.SPLITS_REPORT, reports.SplitsReport),
        training=read(paths.TRAIN_METRICS / "metrics.json", reports.TrainingSummary),
        time=read(paths.TRAIN_TIMING, reports.TrainingTime),
        evaluation=read(paths.EVALUATION_REPORT, reports.EvaluationReport),
        export=read(paths.EXPORT_REPORT, report.ExportReport),
        variants=read(paths.VARIANTS_REPORT, report.VariantsReport),
        explanation=read(paths.EXPLAIN_REPORT, explanation_report.ExplanationReport),
    )
    name = model_card.title_of(inputs, params.repo_id)
    terms = license.choose_license(params.license, inputs.pretrained)
    copied = [*paths.MODEL_FILES, *sorted(paths.VARIANTS.glob("*.onnx"))]
    folder.build_folder(paths.HUB, copied, model_card.build_texts(inputs, terms, name))
    print(f"publish: {name} is ready in {paths.HUB}; license {terms}")
    if params.push:
        url = upload.push_folder(paths.HUB, params, model_card.describe_commit(inputs, name))
        print(f"publish: uploaded to {url}")


if __name__ == "__main__":
    run(main)
