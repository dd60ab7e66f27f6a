"""The record of an audit: all that it found, as frozen plain data.

Reports render from it and from nothing else.

The ``TypedDict`` classes describe the parts that the training rooms hand over; they are JSON as they stand
(``split.json`` and ``baseline.json`` are written from them), so every number in them is a plain ``float``,
``int`` or ``str``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from auditor.finding import Finding, Severity, verdict
from auditor.outputs import MARKER as MARKER
from auditor.reading import Reading

if TYPE_CHECKING:
    import pandas as pd

#: Version of the layout of ``audit.json``.
SCHEMA = 1
#: The standard names of splits, in the order in which they are shown.
SPLITS = ("train", "val", "test", "field")


class Estimate(TypedDict):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class Claim(TypedDict):
    """One claim of a split's certificate, and whether it holds."""

    name: str
    holds: bool
    detail: str


class RepairChoice(TypedDict):
    """One way to repair a split that leaks, and what it costs."""

    name: str
    moves: int  # images that change their part
    drops: int  # images that are left out
    test_changes: int  # of these, into or out of test
    leaks_left: int  # groups and duplicate sets still in several parts
    largest_deviation: float
    chosen: bool


class SplitFacts(TypedDict, total=False):
    """The certificate of a split (``split.json``)."""

    fingerprint: str
    location: str  # the data, as the user named it
    rows_digest: str  # SHA-256 over the sorted rows of split.csv, so that any edit shows
    origin: (
        str  # "planned", "kept" (as published), "carved" (a missing part was cut from train) or "repaired"
    )
    ratios: dict[str, float]  # part -> share in [0, 1]
    ratios_reason: str
    seed: int
    group_column: str | None
    groups: int  # units that are never divided, as users named them
    clusters: int  # duplicate sets
    duplicate_threshold: float  # distance of detail up to which pictures were taken for the same
    counts: dict[str, dict[str, int]]  # part -> class -> images
    largest_deviation: float  # of a class's share of a part from the asked ratio, in [0, 1]
    deviation_bound: float  # no assignment of these units can be below this
    absent: dict[str, list[str]]  # class -> the parts that have no image of it
    left_out: int  # training images not used, because they leak into val or test
    folds: int  # of a split into folds
    stratify: list[str]  # columns kept in proportion besides the class
    by: str | None  # the column of a time order
    trade_off: list[RepairChoice]  # of a repaired split
    claims: list[Claim]
    notes: list[str]


class PolicyStep(TypedDict):
    """One transform of an augmentation policy with its magnitudes."""

    name: str
    magnitudes: dict[str, float]


class ClassBudget(TypedDict):
    """How many images of a class there are, are made, and should be collected."""

    label: str
    present: int
    unique: int
    target: int
    made: int
    capped: bool
    collect: int
    weight: float


class AugmentationFacts(TypedDict, total=False):
    """What augmentation was planned or made."""

    way: str  # "files", "on-the-fly" or "layers"
    target: str
    policy: list[PolicyStep]
    policy_name: str
    budgets: list[ClassBudget]
    examples: list[
        dict[str, str]
    ]  # parent, label, transforms, before, after (the last two: keys of the thumbnails)
    checks: list[
        dict[str, Any]
    ]  # rows of the policy check: transform, magnitude, label, moved (Estimate), control, verdict
    notes: list[str]


class History(TypedDict, total=False):
    """Loss curves of one training run; lists over epochs."""

    name: str
    seed: int
    loss: list[float]
    val_loss: list[float]
    accuracy: list[float]
    val_accuracy: list[float]
    learning_rate: list[float]
    best_epoch: int  # 0-based index of the weights that were kept
    stopped_early: bool
    ended_by: str  # "early stopping", "all epochs", "time" (the time budget) or "loss not a number"
    planned_epochs: int  # what the rule gives without a time budget; of the baseline's own run
    seconds: float


class ClassScore(TypedDict):
    """How well one class is recognised, with Wilson intervals."""

    label: str
    support: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


class Scores(TypedDict, total=False):
    """Scores of one model on one split."""

    images: int
    groups: int  # what is independent: patients, duplicate sets, images alone
    hit_correlation: float  # intraclass correlation of hits within groups; 0 where every image is a group
    accuracy: Estimate
    balanced_accuracy: Estimate
    macro_f1: Estimate
    geometric_mean: Estimate
    classes: list[ClassScore]
    confusion: list[list[int]]  # rows: true class; columns: predicted class, in the order of `classes`
    calibration: dict[str, Any]  # ece (float), bins: list of {confidence, accuracy, images}
    slices: list[dict[str, Any]]  # slice, value, images, accuracy (Estimate)
    mistakes: list[dict[str, Any]]  # path, label, predicted, confidence; most confident first


class Diagnosis(TypedDict, total=False):
    """One answer of the diagnosis.

    Scripts rely on ``question``, so the wording of ``text`` is free to change.
    """

    question: str  # as in "underfitting"
    verdict: str  # "yes", "no" or "undecided"
    text: str  # a sentence with the numbers
    evidence: dict[str, Any]
    remedies: list[str]


#: A way against imbalance, trained with several seeds. The keys are the file's, whatever the report calls them.
ComparisonRow = TypedDict(
    "ComparisonRow",
    {
        "way": str,
        "id": str,  # kebab-case, stable: what scripts look for
        "seeds": int,
        "images": str,  # "test", or "val" where there are no test images
        "validation balanced accuracy": Estimate,
        "change of validation "
        "balanced accuracy": Estimate,  # to doing nothing, paired by seed; so all changes
        "balanced accuracy": Estimate,
        "rare-class recall": Estimate,
        "change of rare-class recall": Estimate,
        "common-class recall": Estimate,
        "change of common-class recall": Estimate,
        "recommended": bool,
    },
    total=False,
)

#: A remedy against under- or overfitting, trained with several seeds.
RemedyRow = TypedDict(
    "RemedyRow",
    {
        "remedy": str,
        "id": str,
        "against": str,  # "underfitting", "overfitting" or ""
        "seeds": int,
        "validation balanced accuracy": Estimate,
        "change": Estimate,  # of validation balanced accuracy, to the model as it is, paired by seed
        "change of the gap": Estimate,
        "cost": float,  # multiple of the seconds of the model as it is
        "recommended": bool,
    },
    total=False,
)


class BaselineFacts(TypedDict, total=False):
    """What the baseline learned about the data (``baseline.json``)."""

    summary: str
    config: dict[str, Any]
    parameters: int
    image_size: list[int]  # height, width
    labels: list[str]
    counts: dict[str, int]  # images per split that were used
    histories: list[History]
    scores: dict[str, Scores]  # by split: "train", "val", "test"
    references: dict[str, dict[str, Any]]  # name -> {split: {accuracy, balanced_accuracy, ...}}
    noise_floor: dict[str, float]
    diagnosis: list[Diagnosis]
    advice: list[str]  # what to try, first things first: the one list over all answers
    remedies: list[RemedyRow]
    comparison: list[ComparisonRow]
    learning_curve: dict[str, Any]
    tuning: dict[str, Any]
    notes: list[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """The data set in numbers.

    ``fingerprint`` is the SHA-256 over the sorted (path, label, file SHA-256). ``ignored`` counts files that
    are not images; ``ignored_examples`` names the first of them. ``unmeasured`` counts images that a time
    budget left out. ``splits`` maps a split's name to its number of images ("" where there are none).
    ``reading`` says how the data was understood.
    """

    name: str
    kind: str
    location: str
    fingerprint: str
    images: int
    unreadable: int
    ignored: int
    ignored_examples: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    splits: Mapping[str, int] = field(default_factory=dict)
    groups: int = 0
    unique: int = 0
    unmeasured: int = 0
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """All that an audit found.

    Parameters
    ----------
    images : DataFrame
        A row per image, as in ``images.parquet``.
    thumbnails : mapping of str to bytes
        Encoded small pictures (WebP) by path; at most 600.
    split, augmentation, baseline : mapping or None
        What `run` adds; ``None`` after a `scan`.
    split_table : DataFrame or None
        ``path, label, split, group, cluster`` of the planned split.
    split_findings : tuple of Finding
        The split checks once more, on the planned split; they do not count in the verdict.
    exhibits : mapping
        Plain JSON that only reports use: ``map`` (points of the 2-D projection), ...
    provenance : mapping
        ``config``, ``seed``, ``versions`` and, unless reproducible, ``run``.
    """

    dataset: DatasetFacts
    findings: tuple[Finding, ...]
    images: pd.DataFrame
    thumbnails: Mapping[str, bytes] = field(default_factory=dict)
    split: SplitFacts | None = None
    split_table: pd.DataFrame | None = None
    split_findings: tuple[Finding, ...] = ()
    augmentation: AugmentationFacts | None = None
    augmented: pd.DataFrame | None = None
    baseline: BaselineFacts | None = None
    exhibits: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Severity:
        """The worst of the findings."""
        return verdict(self.findings)
