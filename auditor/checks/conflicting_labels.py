"""The same picture under two labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.checks.base import Check, Wording
from auditor.checks.duplicate_pairs import count_certain, pair_score
from auditor.checks.examples import classes_of, list_examples, name_some, say_share, splits_of
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, plural


@dataclass(frozen=True, slots=True, eq=False)
class Conflicts:
    """Images in duplicate sets that have more than one label.

    Attributes
    ----------
    rows, others : ndarray of int64
        Each such image, and the first one of its set with the most frequent other label.
    suggested : ndarray of str
        The label of most images of the set; blank where it is the image's own, or two are equally frequent.
    sets : int
    label_pairs : list of str
        The two most frequent labels of each set, as in "cat / dog", without repeats.
    """

    rows: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.object_]
    sets: int
    label_pairs: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingLabels(Check):
    """Identical or nearly identical images whose labels differ.

    Parameters
    ----------
    warn_share : float
        Share of the labelled images over which it is a warning: any at all, for one of the two labels is
        wrong, or the classes overlap.
    error_share : float
        Share of the labelled images over which it is an error: at 1 % the best accuracy that can be measured
        is a point lower.
    """

    code = "conflicting-labels"
    family = "Duplicates and leaks"
    needs = frozenset({"labels"})
    measured = (
        "Duplicate sets, exact and near, whose members have more than one label. Graded is the share of "
        "labelled images in them; its interval begins at those that are certain to be copies."
    )
    limits = "Only images with a twin can conflict; `label-error` looks at the others."
    words = Wording(
        found="The same picture carries different labels",
        fine="Copies agree in their labels",
        undecided="Look-alike pictures carry different labels",
        why=(
            "At most one of the labels is right: the model learns both, and is marked wrong whichever it "
            "predicts."
        ),
        fix="Decide each set: correct the label, or drop the set if the picture shows both classes.",
    )

    warn_share: float = 0.0
    error_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        found = find_conflicts(evidence)
        rows, total = found.rows, int((evidence.readable & (evidence.labels != "")).sum())
        score = pair_score(evidence, rows, found.others)
        certain = count_certain(evidence, score)
        summary = f"No duplicate set among {total:,} labelled images has more than one label."
        if len(rows):
            verbs = "has a copy with another label", "have copies with another label"
            summary = (
                f"{say_share(len(rows), total, *verbs, noun='labelled images')}, in "
                f"{plural(found.sets, 'set')} "
                f"({name_some(found.label_pairs)}); {plural(certain, 'is', 'are')} certain."
            )
        yield self.make_finding(
            summary,
            Effect(
                name="share of images with conflicting labels",
                value=len(rows) / max(total, 1),
                low=certain / max(total, 1),
                high=len(rows) / max(total, 1),
                warn_at=self.warn_share,
                error_at=self.error_share,
                unit="share",
            ),
            affected=len(rows),
            total=total,
            examples=list_examples(evidence, rows, score, others=found.others, suggested=found.suggested),
            classes=classes_of(evidence, rows),
            splits=splits_of(evidence, rows),
            details={"sets": found.sets, "label_pairs": found.label_pairs[:50], "certain": certain},
        )


def find_conflicts(evidence: Evidence) -> Conflicts:
    """Find the images whose duplicate set has more than one label."""
    # A mirrored or turned picture may well be of another class: a turned 6 is a 9.
    used = evidence.readable & (evidence.labels != "") & ~evidence.duplicates.turned
    table = pd.DataFrame(
        {"set": evidence.duplicates.near, "label": evidence.labels, "row": np.arange(len(used))}
    )[used]
    counts = table.groupby(["set", "label"], sort=True)["row"].agg(["size", "first"]).reset_index()
    counts = counts[counts.groupby("set")["label"].transform("size") > 1]
    # Of each set the two labels with most images; ties go to the first in order of label, and then nothing is
    # suggested.
    ranked = counts.sort_values(["set", "size", "label"], ascending=[True, False, True], kind="stable")
    first, second = (ranked.groupby("set").nth(i).set_index("set") for i in (0, 1))
    table = table[table["set"].isin(first.index)]
    top, other = first.loc[table["set"]], second.loc[table["set"]]
    agrees = top["label"].to_numpy() == table["label"].to_numpy()
    clear = top["size"].to_numpy() > other["size"].to_numpy()
    pairs = {" / ".join(sorted(pair)) for pair in zip(first["label"], second["label"], strict=True)}
    return Conflicts(
        rows=table["row"].to_numpy(dtype=np.int64),
        others=np.where(agrees, other["first"], top["first"]).astype(np.int64),
        suggested=np.where(clear & ~agrees, top["label"], "").astype(object),
        sets=len(first),
        label_pairs=sorted(pairs),
    )
