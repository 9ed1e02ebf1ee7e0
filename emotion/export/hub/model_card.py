"""Render the model card: front matter for the Hub's index, and text with the reported numbers.

The text is the template model_card.md in this folder; this module computes its variables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from huggingface_hub import EvalResult, ModelCardData
from markupsafe import Markup

from emotion.core import markdown
from emotion.core.explanation_report import ExplanationReport
from emotion.core.reports import (
    Calibration,
    EvaluationReport,
    PretrainedSource,
    SplitsReport,
    TrainingSummary,
    TrainingTime,
)
from emotion.core.text import counted
from emotion.data import face_crop
from emotion.export.license import License, license_of_weights
from emotion.export.report import ExportReport, VariantsReport

TEMPLATE = Path(__file__).with_suffix(".md")
TASK = "image-classification"
_HUB = "Hugging Face Hub "  # prefix of `PretrainedSource.source` for weights from the Hub


@dataclass(frozen=True, kw_only=True)
class CardInputs:
    """The reports of earlier stages; the card has no other source."""

    label_map: dict[str, int]
    calibration: Calibration
    pretrained: PretrainedSource
    splits: SplitsReport
    training: TrainingSummary
    time: TrainingTime
    evaluation: EvaluationReport
    export: ExportReport
    variants: VariantsReport
    explanation: ExplanationReport

    @property
    def class_names(self) -> list[str]:
        """In the order of the logits."""
        return sorted(self.label_map, key=self.label_map.__getitem__)


def build_texts(inputs: CardInputs, license: License, name: str) -> dict[str, str]:
    """The text files of the Hub folder, by name; arguments as for `render_card`."""
    preprocessing = inputs.export.preprocessing.to_json() + "\n"
    return {"README.md": render_card(inputs, license, name), "preprocessing.json": preprocessing}


def render_card(inputs: CardInputs, license: License, name: str) -> str:
    """The content of README.md.

    Args:
        inputs: the numbers of the card.
        license: of the model.
        name: of the model, for the title and the model index.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,  # a missing value raises instead of rendering as blank
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "score": _score,
        "change": _change,
        "percent": _percent,
        "duration": _duration,
        "counted": counted,
        "interval": _interval,
        "code": lambda text: Markup(markdown.code(text)),
    }
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        inputs=inputs,
        name=name,
        license=license,
        license_link=Markup(f"<{license.link}>"),  # `choose_license` has quoted it
        initial=_initial_weights(inputs),
        datasets=", ".join(
            f"{dataset} ({sum(rows.values())})" for dataset, rows in inputs.splits.source.items()
        ),
        origin=_origin_of_splits(inputs.splits),
        subjects=_count_subjects(inputs.splits),
        familiar=sum(rows["test"] for rows in inputs.splits.source.values() if rows["train"]),
        batches=_enumerate(name.removeprefix("batch_") for name in inputs.export.parity),
        lowest_recall=_lowest_recall(inputs),
        box_side=face_crop.BOX_SIDE,
        template=", ".join(f"({x:.1f}, {y:.1f})" for x, y in 112 * face_crop.TEMPLATE),
    )
    return f"---\n{_front_matter(inputs, license, name).to_yaml()}\n---\n\n{text}"


def title_of(inputs: CardInputs, repo_id: str) -> str:
    """The model's name: that of its repository; without a repository, one from its backbone."""
    return repo_id.split("/")[-1] or f"facial-expression-{inputs.evaluation.model_type}"


def describe_commit(inputs: CardInputs, name: str) -> str:
    """The message of the commit on the Hub."""
    return f"{name}: test macro-F1 {inputs.evaluation.test.macro_f1:.3f}"


def _lowest_recall(inputs: CardInputs) -> tuple[list[str], float]:
    """The classes with test images that have the lowest recall, and that recall."""
    tested = {name: s.recall for name, s in inputs.evaluation.per_class.items() if s.support}
    lowest = min(tested.values())
    return [name for name, recall in tested.items() if recall == lowest], lowest


def _count_subjects(splits: SplitsReport) -> str:
    """Subjects per split, and the images whose subject is unknown."""
    unknown = sum(splits.unknown_subjects.values())
    if unknown == splits.rows["total"]:
        return "unknown"
    named = ", ".join(str(splits.subjects[split]) for split in ("train", "val", "test"))
    return f"{named}; unknown for {counted(unknown, 'image')}" if unknown else named


def _origin_of_splits(splits: SplitsReport) -> str:
    if not splits.leaks:  # they are counted for splits of the dataset only
        return "made by the pipeline, by group"
    if "train_val" in splits.leaks:
        return "the dataset's own"
    return "the dataset's own: test is what it holds out, and validation was taken from train"


def _initial_weights(inputs: CardInputs) -> dict[str, str]:
    kind, source = inputs.evaluation.weights, inputs.pretrained.source
    if kind == "random":
        text = Markup(f"**random**: {markdown.escape(source)}")
        return {"source": text, "license": "none needed"}
    if kind == "file":
        text = Markup(f"the file {markdown.code(Path(source).name)}")
        return {"source": text, "license": license_of_weights(inputs.pretrained)}
    if inputs.pretrained.revision:
        source = f"{source}, revision {inputs.pretrained.revision}"
    return {"source": source, "license": inputs.pretrained.license}


def _front_matter(inputs: CardInputs, license: License, name: str) -> ModelCardData:
    source, test = inputs.pretrained.source, inputs.evaluation.test
    return ModelCardData(
        model_name=name,
        license=license.identifier,
        license_name=license.name or None,
        license_link=license.link or None,
        # timm cannot load the checkpoint by itself, because the head is our own; onnxruntime can
        # load the ONNX file.
        library_name="onnx",
        pipeline_tag=TASK,
        base_model=source.removeprefix(_HUB) if source.startswith(_HUB) else None,
        tags=["facial-expression-recognition", TASK, "timm", "onnx"],
        metrics=["accuracy", "f1"],
        labels=inputs.class_names,
        eval_results=[
            _eval_result(inputs, "accuracy", "accuracy", test.accuracy),
            _eval_result(inputs, "f1", "macro-F1", test.macro_f1, {"average": "macro"}),
        ],
    )


def _eval_result(
    inputs: CardInputs,
    metric: str,
    metric_name: str,
    value: float,
    args: dict[str, str] | None = None,
) -> EvalResult:
    datasets = ", ".join(inputs.splits.source)
    return EvalResult(
        task_type=TASK,
        dataset_type=datasets,
        dataset_name=datasets,
        dataset_split="test",
        metric_type=metric,
        metric_name=metric_name,
        metric_value=value,
        metric_args=args,
    )


def _enumerate(items: Iterable[str]) -> str:
    """`1, 2 and 7`."""
    *others, last = items
    return f"{', '.join(others)} and {last}" if others else last


def _finalize(value: object) -> object:
    """A value as the template inserts it: text is escaped, unless it is Markup of this module."""
    return (
        value if isinstance(value, Markup) or not isinstance(value, str) else markdown.escape(value)
    )


def _score(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"  # None: undefined, see emotion.core.reports


def _change(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"


def _interval(limits: tuple[float | None, float | None]) -> Markup:
    low, high = limits
    return Markup("" if low is None or high is None else f"[{low:.3f}, {high:.3f}]")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"  # three digits, so that 99.8 % is not shown as 100 %


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
