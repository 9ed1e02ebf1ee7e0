"""The report of the stage explain, which the model card shows.

Scores that do not apply (no mask of the evidence, too few groups for an interval) are None.
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
    """How much of a map is on the evidence of one action unit, where it is visible."""

    mass: float
    pointing: float
    area: float  # share of the image: chance for both
    images: int


@dataclass(frozen=True, kw_only=True)
class MethodReport:
    """The scores of one method, and what they say."""

    title: str
    images: int
    verdict: str
    passed: bool
    deletion: Estimate
    insertion: Estimate
    gain_over: dict[str, Estimate]  # insertion minus deletion, minus that of each baseline
    road: Estimate
    mass: Estimate | None  # share of the positive attribution on the evidence
    mass_over: dict[str, Estimate]  # minus that of each baseline
    pointing: Estimate | None
    area: float | None  # share of the image that the evidence has: chance for both
    units: dict[str, UnitReport]  # by the number of the action unit
    randomization: dict[str, float]  # rank correlation after each step, from the head down
    blank_maps: int
    note: str
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
    observations: list[str]
