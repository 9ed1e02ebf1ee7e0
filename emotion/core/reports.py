"""The JSON files that one stage writes and another reads, as types shared by both.

The type checker then finds a renamed field, instead of the last stage of the pipeline. Scores
that are undefined (a class without rows, a method without masks) are None, null in JSON.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, Field, TypeAdapter, ValidationError

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import printable, shorten

Report = TypeVar("Report")
Counts = dict[str, int]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]


def write_report(path: Path, content: Any) -> None:
    """Write a report as JSON, its keys in the order of its fields."""
    files.write_json(path, asdict(content))


def read_report(path: Path, schema: type[Report]) -> Report:
    """Read what `write_report` wrote.

    Keys that are not fields are ignored: dvclive adds the last epoch's values to its summary.

    Raises:
        UserError: the file is missing, or does not have the fields of `schema`.
    """
    try:
        return TypeAdapter(schema).validate_python(files.read_json(path))
    except ValidationError as error:
        names = [".".join(map(str, item["loc"])) for item in error.errors()]
        problems = shorten(printable(", ".join(filter(None, names))), 300) or "it is not an object"
        raise UserError(
            f"does not have the form of this version ({problems})",
            "delete it and run `dvc repro`",
            file=path,
        ) from None


@dataclass(frozen=True, kw_only=True)
class PretrainedSource:
    """Content of models/pretrained/source.json: where the initial weights came from."""

    weights: str  # pretrained, random or file
    source: str  # a package, a repository of the Hub, a path, or why there are none
    model_type: str  # as the user wrote it
    tag: str  # what it resolved to: architecture and weights, or a repository and its commit
    architecture: str  # a network that timm registers
    args: dict[str, Any]  # of timm's function for it
    omitted: tuple[str, ...]  # its modules that are left out
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    needs_img_size: bool
    license: str  # of the weights
    revision: str  # commit of the repository that model_type names, or ""
    folded_norms: bool  # whether BatchNorm statistics are measured before training


@dataclass(frozen=True, kw_only=True)
class SplitsReport:
    """Content of plots/prepare_splits/report.json."""

    rows: Counts  # total, train, val, test, rejected
    classes: dict[str, Counts]  # rows of each class per split
    subjects: Counts  # per split, those that the dataset names
    unknown_subjects: Counts  # rows per split whose subject the dataset does not name
    groups: Counts  # per split, and the rows of the largest
    shared_groups: Counts  # rows per split whose group is also in another one; 0 but for leaks kept
    duplicates: Counts  # exact, near, conflicts
    leaks: dict[str, Counts]  # of the official split of the dataset, by pair of splits
    rejected: Counts  # rows by reason
    synthetic_fraction: float  # of the training rows
    sizes: Counts  # images by short side, pixels
    modes: Counts  # images by mode of the file
    source: dict[str, Counts]  # rows of each dataset per split
    faces: Counts  # images by the faces found in them; all 0 unless faces are detected


@dataclass(frozen=True, kw_only=True)
class SanityReport:
    """Content of plots/sanity_checks/report.json."""

    logits_shape: list[int]
    class_counts: Counts  # training rows
    class_weights: dict[str, float]
    gradient_norm: dict[str, float]  # of backbone and head
    overfit_accuracy: float


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """Content of metrics/train/metrics.json, written by dvclive."""

    best_epoch: int
    best_val_macro_f1: float
    best_val_accuracy: float
    weights: str  # pretrained, random or file
    # The runs whose weights are averaged; earlier versions called them `members`.
    ingredients: Annotated[str, Field(validation_alias=AliasChoices("ingredients", "members"))] = ""


@dataclass(frozen=True, kw_only=True)
class TrainingTime:
    """Content of metrics/train_timing.json; it differs from run to run."""

    epoch_seconds: list[float]
    total_seconds: float
    images_per_second: float  # training images
    machine: dict[str, int | str]  # that the times are of

    @property
    def mean_epoch_seconds(self) -> float:
        """Over all epochs, frozen ones included."""
        return self.total_seconds / len(self.epoch_seconds)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Content of models/calibration.json."""

    # Divides the logits. The fit stays in 0.05..20, and 1e-300 would make infinities of them.
    temperature: Annotated[float, Field(ge=0.01, le=100, strict=True)]
    # Whether the logits are the mean over an image and its mirror image.
    flip: Annotated[bool, Field(strict=True)]
    val_nll_before: float
    val_nll_after: float  # with `temperature`
    fitted_temperature: float  # not in use if it does not help by more than chance
    val_nll_gain: float | None  # of temperature scaling, cross-fitted; None if it is not judged
    val_nll_gain_low: float | None
    val_nll_gain_high: float | None
    reason: str  # why the fitted temperature is kept or not
    threshold: Share | None  # predictions with a lower confidence are uncertain
    target_error: Share | None  # target error rate of the other predictions
    threshold_reason: str


@dataclass(frozen=True, kw_only=True)
class Scores:
    """One split's scores; `nll`, `brier`, `ece` and `aurc` are of the calibrated probabilities."""

    macro_f1: float
    accuracy: float
    balanced_accuracy: float
    majority_accuracy: float  # of always predicting the most frequent class
    nll: float
    nll_uncalibrated: float
    brier: float
    ece: float
    ece_uncalibrated: float
    aurc: float
    rows: int
    groups: int
    synthetic_fraction: float


@dataclass(frozen=True, kw_only=True)
class ScoresWithIntervals(Scores):
    """One split's scores with their 95 % intervals, None where one group has all images."""

    accuracy_low: float | None
    accuracy_high: float | None
    macro_f1_low: float | None
    macro_f1_high: float | None
    ece_low: float | None
    ece_high: float | None


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """One class's scores on a split; 0 where the division has no rows."""

    precision: float
    recall: float
    f1: float
    f1_low: float | None
    f1_high: float | None
    support: int


@dataclass(frozen=True, kw_only=True)
class SliceGap:
    """The largest difference of accuracy between two values of an attribute."""

    lowest_accuracy: float
    lowest_value: str
    highest_accuracy: float
    highest_value: str
    gap: float
    p_value: float
    p_adjusted: float  # for the number of attributes
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SelectiveScores:
    """Selective prediction on a split: the accepted images, at or above the threshold."""

    threshold: float  # of `Calibration`
    coverage: float  # accepted images / all images
    error: float | None  # error rate of the accepted images; None if there are none


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """Content of plots/evaluate/report.json."""

    model_type: str  # or the model's file, if the pipeline did not train it
    weights: str  # what training started from; "" if unknown
    temperature: float
    val: Scores | None  # None if no validation split was given
    test: ScoresWithIntervals
    per_class: dict[str, ClassScores]  # test split
    slices: dict[str, SliceGap]  # test split, by attribute
    answered: SelectiveScores | None  # test split; None without a threshold
