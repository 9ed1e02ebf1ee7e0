"""The settings of a dataset: the section `data` of params.yaml."""

from collections.abc import Iterable
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from emotion.core.params import one_of, settings
from emotion.core.text import shorten
from emotion.data.crop_params import CropParams
from emotion.data.labels import LONGEST_CLASS, is_class_name
from emotion.datasets.formats import ADAPTERS
from emotion.datasets.formats.votes import Mode
from emotion.datasets.subjects_in_names import check_pattern


@settings
class DataParams(CropParams):
    """The `data` section of params.yaml."""

    # folder of the dataset, relative to the repository root
    root: Annotated[str, Field(min_length=1)]
    # csv: labels.csv in root; folder: class folders; ...
    format: Annotated[str, one_of(ADAPTERS)] = "csv"
    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15  # if the dataset has no split
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.15
    split_seed: int = 42  # separate from the training seed, which must not change the test set
    classes: list[str] = field(default_factory=list)  # to keep, in this order; empty = all found
    labels: dict[str, str] = field(default_factory=dict)  # word of the dataset: class
    # of paths below root; its group is the subject, where the dataset does not name it
    subject_pattern: Annotated[str, AfterValidator(check_pattern)] = ""
    # Where faces are detected: which face of several, and what becomes of an image without one.
    several_faces: Literal["largest", "reject", "all"] = "largest"
    no_face: Literal["reject", "whole"] = "reject"
    votes: Mode = "majority"  # rule for datasets with annotators' votes
    # Columns with another label of each image, and its part in the soft label; votes have the rest.
    other_labels: dict[str, Annotated[float, Field(gt=0, lt=1)]] = field(default_factory=dict)
    min_size: Annotated[int, Field(ge=1)] = 32  # pixels; a shorter side rejects the image
    max_rejected: Annotated[float, Field(ge=0, lt=1)] = 0.01  # tolerated share of rejected images
    allow_outside: bool = False  # whether a table may name images outside root
    near_duplicate_bits: Annotated[int, Field(ge=0, le=64)] = 16  # of 256; see image_hashes.py
    leak_policy: Literal["drop_from_train", "report", "fail"] = "drop_from_train"
    synthetic_max_fraction: Annotated[float, Field(ge=0, le=1)] = 0.5  # per class, in train

    @field_validator("classes", "labels", mode="before")
    @classmethod
    def _reads_numbers_as_text(cls, value: Any) -> Any:
        """Folders and labels are often numbers, which YAML does not read as text."""
        if isinstance(value, dict):
            return {_text_of(word): _text_of(name) for word, name in value.items()}
        return [_text_of(name) for name in value] if isinstance(value, list) else value

    @field_validator("classes", "labels")
    @classmethod
    def _names_classes(cls, value: Iterable[str]) -> Iterable[str]:
        names = value.values() if isinstance(value, dict) else value
        wrong = [name for name in names if not is_class_name(name)]
        if wrong:
            raise ValueError(
                f"class names of 1 to {LONGEST_CLASS} printable characters, the first a letter "
                f"or digit, unlike {', '.join(shorten(repr(name)) for name in wrong[:3])}"
            )
        return value

    @field_validator("other_labels")
    @classmethod
    def _leaves_votes_a_part(
        cls, value: dict[str, float], info: ValidationInfo
    ) -> dict[str, float]:
        if sum(value.values()) >= 1:
            raise ValueError(f"less than 1 in all: votes get the rest, 1 - {sum(value.values()):g}")
        if "label" in value:
            raise ValueError("of other columns than label, which is the winner of the votes here")
        if value and info.data.get("votes") != "soft":
            raise ValueError("empty, unless data.votes is soft: they are parts of soft labels")
        return value

    @field_validator("test_fraction")
    @classmethod
    def _leaves_a_train_split(cls, value: float, info: ValidationInfo) -> float:
        val_fraction = info.data.get("val_fraction", 0.0)
        if value + val_fraction >= 1:
            raise ValueError(
                f"less than 1 - val_fraction ({1 - val_fraction:g}): train gets the rest"
            )
        return value


def _text_of(word: Any) -> Any:
    """A word of params.yaml as text: a whole number as its digits."""
    if isinstance(word, str | list | dict):  # the last two are refused by the type
        return word
    if isinstance(word, int | float) and not isinstance(word, bool) and word == word // 1:
        return str(word)
    read_as = "null" if word is None else str(word).lower()
    raise ValueError(f"words and whole numbers: write {read_as} in quotes, {read_as!r}")
