"""Does a policy make sense for this data: which transforms turn one class into another?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.augmentation.adapter import Picture, apply
from auditor.augmentation.advice import COLUMNS, PolicyCheck, advise, strength_text, verdict
from auditor.augmentation.judges import Judge, Model, Neighbours
from auditor.augmentation.parents import choose_representatives, image_seed, training_rows
from auditor.augmentation.pictures import read_parent, webp
from auditor.augmentation.planning import choose_policy
from auditor.augmentation.policy import MIRRORS, Policy, Step
from auditor.augmentation.transforms import BY_NAME
from auditor.errors import DataError
from auditor.grouping import PlannedSplit, number_units_of
from auditor.scanning.mapped_signatures import Signatures
from auditor.scanning.signature import signature
from auditor.stats.intervals import wilson

if TYPE_CHECKING:
    from auditor.evidence import Evidence

#: Shares of the policy's magnitude that are tried.
STRENGTHS = (1.0, 0.5, 0.25)
#: Reference images of one class: more hardly change the vote of the nearest few, and cost time for each
#: picture asked about.
REFERENCES = 500
#: Images asked about, for each class: Wilson's half-width at a share of .15 is then 0.07.
PER_CLASS = 100
#: Images asked about in all, unless that leaves fewer than `LEAST` of a class: bounds the time at a few
#: minutes with hundreds of classes.
MOST, LEAST = 3000, 10
#: Longest side, in pixels, at which pictures are transformed: three times the descriptor's own 32.
SIDE = 96
#: Parents and images of each that the effective number is taken over.
PARENTS, OFFSPRING = 40, 8


def vendi(similarity: npt.NDArray[np.float64]) -> float:
    """Return the effective number of distinct items, 1 to n, from a similarity matrix ``(n, n)``.

    The exponential of the entropy of its eigenvalues: 1 for copies, n for items that have nothing in common.

    References
    ----------
    Friedman, Dieng, "The Vendi score: a diversity evaluation metric for machine learning", TMLR 2023.

    Examples
    --------
    >>> round(vendi(np.ones((4, 4))), 6), round(vendi(np.eye(4)), 6)
    (1.0, 4.0)
    """
    values = np.linalg.eigvalsh(similarity / len(similarity))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def check_policy(
    plan: PlannedSplit,
    policy: str | Policy | None = None,
    *,
    scan: Evidence | None = None,
    model: Model | None = None,
    per_class: int = PER_CLASS,
    seed: int = 0,
) -> PolicyCheck:
    """Measure for each transform, magnitude and class how often a picture's class changes.

    Pictures are transformed at the limit of the range: the strongest that the policy may draw, and a half and
    a quarter of it. Only those are counted that the judge classifies correctly untouched. Without a model the
    judge is a vote of the nearest training images on the descriptor, each training picture asked about
    without itself, its duplicates and its group; with one, validation pictures are asked about.

    Parameters
    ----------
    plan : PlannedSplit
    policy : str, Path or Policy, optional
        Without one ``photo``, whose mirror images are advised only where they pass.
    scan : Scan, optional
        Of the same data: its signatures are then the references, else they are made anew from the pictures.
    model : Model, optional
    per_class : int
        Pictures asked about of each class.
    seed : int

    Raises
    ------
    UsageError
        An unknown policy.
    DataError
        Nothing to ask about.
    """
    chosen = choose_policy(policy, to_check=True)
    rows, candidates = _ask_about(plan, model, per_class, seed)
    judge: Judge = _neighbours(plan, scan, seed) if model is None else model
    asked = _keep_right(rows, candidates, judge)
    neighbours = judge if isinstance(judge, Neighbours) else _neighbours(plan, scan, seed)
    effective = _effective(chosen, asked.pictures, neighbours, asked.paths, seed)
    found: list[dict[str, Any]] = []
    pictures: dict[str, bytes] = {}
    examples: list[dict[str, str]] = []
    for step in chosen.steps:
        for strength in STRENGTHS if BY_NAME[step.name].magnitudes else (1.0,):
            magnitudes = BY_NAME[step.name].weaker(step.magnitudes, strength)
            made = [
                _at_limit(step, magnitudes, picture, path, seed, chosen.border)
                for picture, path in zip(asked.pictures, asked.paths, strict=True)
            ]
            about = {"transform": step.name, "magnitude": strength_text(step, magnitudes)}
            for counts in asked.count(judge, made):
                row = {**about, "effective": effective[step.name], **counts}
                found.append(row)
                if row["label"] and row["verdict"] != "fine" and row["example"]:
                    example = _example(row)
                    examples.append(example)
                    place = int(np.flatnonzero(asked.paths == row["example"])[0])
                    pictures[example["after"]] = webp(made[place])
    table = pd.DataFrame(found, columns=list(COLUMNS))
    advised, notes = advise(chosen, table, OFFSPRING)
    check = PolicyCheck(
        policy=chosen,
        advised=advised,
        table=table,
        judge=judge.name,
        notes=notes,
        examples=_worst_examples(examples, table),
        pictures=pictures,
    )
    return check if policy is not None else check.without_undecided(MIRRORS)


def _example(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a picture that another class is seen in once it is transformed, as the report shows it."""
    transforms = f"{row['transform']} {row['magnitude']}"
    return {
        "parent": row["example"],
        "label": row["label"],
        "transforms": transforms.strip(),
        "before": row["example"],
        "after": f"{transforms}:{row['example']}",
        "to": row["to"],
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The pictures that are asked about: those that the judge classifies correctly untouched.

    ``asked_of`` counts the pictures of each class before that choice ("" for all classes), and ``control``
    marks those whose class changes under a transform that no eye can see.
    """

    pictures: list[Picture]
    paths: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]
    units: list[str]
    asked_of: Mapping[str, int]
    control: npt.NDArray[np.bool_]

    def count(self, judge: Judge, made: Sequence[Picture]) -> Iterator[dict[str, Any]]:
        """Yield what became of the transformed pictures, over all classes and for each class."""
        answers = judge(made, self.units)
        moved = (answers != self.labels) & ~self.control
        for label in ("", *sorted(set(self.labels))):
            of = np.ones(len(self.labels), dtype=bool) if label == "" else self.labels == label
            counts = _counts(of, self.asked_of[label], moved, self.control, answers, self.paths)
            yield {"label": str(label), **counts}


def _keep_right(rows: pd.DataFrame, pictures: list[Picture], judge: Judge) -> _Asked:
    units, labels = rows["unit"].tolist(), rows["label"].to_numpy(dtype=object)
    right = np.flatnonzero(judge(pictures, units) == labels)
    if not len(right):
        raise DataError(
            expected="some picture that is classified correctly untouched",
            received=f"none of {len(labels)} by {judge.name}",
            hint="train first, or collect more",
        )
    pictures, units = [pictures[i] for i in right], [units[i] for i in right]
    control = judge([_noop(picture) for picture in pictures], units) != labels[right]
    return _Asked(
        pictures=pictures,
        paths=rows["path"].to_numpy(dtype=object)[right],
        labels=labels[right],
        units=units,
        asked_of=Counter({"": len(labels), **Counter(labels)}),
        control=control,
    )


def _worst_examples(examples: list[dict[str, str]], table: pd.DataFrame) -> list[dict[str, str]]:
    """Return one example for each transform and class, of the magnitude at which most pictures move.

    Most moved first.
    """
    moved: dict[tuple[str, str], float] = {
        (f"{name} {magnitude}".strip(), label): share
        for name, magnitude, label, share in table[["transform", "magnitude", "label", "moved"]].itertuples(
            index=False, name=None
        )
    }
    ranked = sorted(
        examples, key=lambda e: (-moved[e["transforms"], e["label"]], e["transforms"], e["label"])
    )
    first: dict[tuple[str, str], dict[str, str]] = {}
    for example in ranked:
        first.setdefault((example["transforms"].split(" ")[0], example["label"]), example)
    return list(first.values())


def _with_units(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per duplicate set, with what belongs together by the user's groups or as duplicates.

    ``unit``.
    """
    return choose_representatives(rows.assign(unit=number_units_of(rows).astype(str)))


def _neighbours(plan: PlannedSplit, scan: Evidence | None, seed: int) -> Neighbours:
    """Return the vote of at most `REFERENCES` training images of each class, drawn by the seed."""
    rows = _some(_with_units(training_rows(plan)), REFERENCES, seed + 1)
    if scan is None:
        signatures = Signatures(np.stack([signature(_small(plan, path, None)) for path in rows["path"]]))
    else:
        place = {path: i for i, path in enumerate(scan.images["path"])}
        signatures = scan.signatures[[place[path] for path in rows["path"]]]
    return Neighbours.fit(signatures, rows["label"].tolist(), rows["unit"].tolist())


def _some(rows: pd.DataFrame, per_class: int, seed: int) -> pd.DataFrame:
    """Return at most ``per_class`` rows of each class, chosen by the seed and the paths alone."""
    ranked = rows.assign(_rank=[image_seed(seed, p, -2) for p in rows["path"]]).sort_values(["_rank", "path"])
    first: pd.DataFrame = ranked.loc[ranked.groupby("label", sort=False).cumcount() < per_class].drop(
        columns="_rank"
    )
    return first.sort_values("path", ignore_index=True)


def _ask_about(
    plan: PlannedSplit, model: Model | None, per_class: int, seed: int
) -> tuple[pd.DataFrame, list[Picture]]:
    """Return the rows to ask about and their pictures: of validation for a model, else of train."""
    usable = plan.usable
    held_out = usable[(usable["split"] == "val") & (usable["label"] != "")]
    rows = _with_units(training_rows(plan) if model is None else held_out)
    if rows.empty:
        raise DataError(
            expected="labelled pictures to ask about", received="none in the split", hint="check the split"
        )
    rows = _some(rows, min(per_class, max(MOST // rows["label"].nunique(), LEAST)), seed)
    return rows, [_small(plan, path, model) for path in rows["path"]]


def _small(plan: PlannedSplit, path: str, model: Model | None) -> Picture:
    try:
        picture = read_parent(plan.dataset.source.read(path), path).picture
    except OSError as error:
        raise DataError(
            expected="the image as it was scanned",
            received=f"'{path}': {error.strerror or error}",
            hint="scan again",
        ) from None
    side = max(SIDE, *model.image_size) if model is not None else SIDE
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = tuple(max(round(n * scale), 1) for n in picture.shape[1::-1])
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _noop(picture: Picture) -> Picture:
    """Resample a picture by half a pixel and back, as every transform does: less than any eye can see."""
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5]])
    size = picture.shape[1::-1]
    there = cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(
        cv2.warpAffine(
            there, shift, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        ),
        dtype=np.uint8,
    )


def _at_limit(
    step: Step, magnitudes: Mapping[str, float], picture: Picture, path: str, seed: int, border: str
) -> Picture:
    own = image_seed(seed, f"{step.name}\0{path}", -3)
    drawn = {"name": step.name, **BY_NAME[step.name].draw(magnitudes, np.random.default_rng(own), True)}
    return apply(picture, [drawn], seed=own, border=border)


def _counts(
    of: npt.NDArray[np.bool_],
    asked: int,
    moved: npt.NDArray[np.bool_],
    control: npt.NDArray[np.bool_],
    answers: npt.NDArray[np.object_],
    paths: npt.NDArray[np.object_],
) -> dict[str, Any]:
    images, hits = int(of.sum()), of & moved
    count = int(hits.sum())
    low, high = wilson(count, images)
    # The commonest destination; ties by name.
    to, times = min(Counter(answers[hits]).items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    which = np.flatnonzero(hits & (answers == to)) if count else np.empty(0, int)
    return {
        "images": images,
        "recall": _six(images / asked),
        "moved": _six(count / images),
        "low": _six(low),
        "high": _six(high),
        "control": _six(float(control[of].mean())),
        "verdict": verdict(count, images, images / asked),
        "to": str(to),
        "to_share": _six(times / count) if count else 0.0,
        "example": str(paths[which[0]]) if len(which) else "",
    }


def _six(value: float) -> float:
    return float(f"{value:.6g}")


def _effective(
    policy: Policy, pictures: Sequence[Picture], judge: Neighbours, paths: npt.NDArray[np.object_], seed: int
) -> dict[str, float]:
    """Return how many new images one made by each transform is worth, 0 to 1.

    The similarity of two pictures falls with the distance of their descriptors as a Gaussian does, and is one
    half at the distance at which different pictures of this data have their nearest neighbour.
    """
    between = judge.references @ judge.references.T
    between[judge.units[:, None] == judge.units[None, :]] = -1
    nearest = float(np.median(np.sqrt(np.maximum(2 - 2 * between.max(axis=1), 1e-9))))
    step_by = max(len(pictures) // PARENTS, 1)
    chosen = list(range(0, len(pictures), step_by))[:PARENTS]
    worth: dict[str, float] = {}
    for step in policy.steps:
        transform, found = BY_NAME[step.name], []
        for i in chosen:
            made = [pictures[i]]
            for copy in range(OFFSPRING):
                own = image_seed(seed, f"{step.name}\0{paths[i]}", copy)
                drawn = {
                    "name": step.name,
                    **transform.draw(step.magnitudes, np.random.default_rng(own), False),
                }
                made.append(apply(pictures[i], [drawn], seed=own, border=policy.border))
            rows = judge.describe(made).astype(np.float64)
            distance = np.maximum(2 - 2 * rows @ rows.T, 0)
            found.append(vendi(0.5 ** (distance / nearest**2)))
        worth[step.name] = _six((float(np.mean(found)) - 1) / OFFSPRING)
    return worth
