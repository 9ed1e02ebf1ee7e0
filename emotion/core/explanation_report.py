"""The report of the stage explain, which the model card shows.

Scores that do not apply (no evidence mask, too few groups for an interval) are None.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over images, with its 95 % interval over groups of dependent images."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class UnitReport:
    """How well the maps mark the evidence of one action unit, over the images that show it."""

    mass: float  # relevance mass accuracy, in 0..1
    pointing: float  # pointing game: share of the images whose strongest pixel is on the evidence
    area: float  # share of the image that the evidence covers: chance for both
    images: int


@dataclass(frozen=True, kw_only=True)
class MethodReport:
    """The scores of one method, and the verdict on it."""

    title: str
    images: int
    verdict: str
    passed: bool
    deletion: Estimate  # area under the curve, in 0..1; lower is better
    insertion: Estimate  # area under the curve, in 0..1; higher is better
    gain_over: dict[str, Estimate]  # insertion minus deletion, minus that of each baseline
    road: Estimate  # in -0.5..0.5; higher is better
    mass: Estimate | None  # relevance mass accuracy, in 0..1
    mass_over: dict[str, Estimate]  # minus that of each baseline
    pointing: Estimate | None  # pointing game, in 0..1
    area: float | None  # share of the image that the evidence covers: chance for both
    units: dict[str, UnitReport]  # by the number of the action unit
    randomization: dict[str, float]  # rank correlation after each step, from the head down
    blank_maps: int
    note: str  # how the maps were made: a layer, or a variant of the method
    details: dict[str, float] = field(default_factory=dict)  # medians, e.g. additivity_gap


@dataclass(frozen=True, kw_only=True)
class ExplanationReport:
    """Content of plots/explain/report.json."""

    images: int
    sampling_images: int  # of the methods that need many passes per image
    has_evidence: bool
    baselines: dict[str, MethodReport]
    methods: dict[str, MethodReport]  # those that passed come first
    left_out: dict[str, str]  # methods that do not apply, and why
    observations: list[str]  # sentences about the maps, or one that says why there is none
