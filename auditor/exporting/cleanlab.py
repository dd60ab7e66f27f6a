"""cleanlab: labels, out-of-fold probabilities, and issues in columns named as by ``Datalab.get_issues``.

References
----------
https://docs.cleanlab.ai/stable/cleanlab/datalab/guide/issue_type_description.html: ``is_<issue>_issue`` is a
bool, ``<issue>_score`` is in [0, 1], lower is worse.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from auditor.exporting.folder import new_folder
from auditor.exporting.issues import findings_with_examples
from auditor.outputs import csv_bytes

if TYPE_CHECKING:
    import pandas as pd

    from auditor.exporting.material import Material, Options

#: cleanlab's names of issues, and the checks that find them.
ISSUES = {
    "label": ("label-error",),
    "outlier": ("outlier",),
    "near_duplicate": ("near-duplicate", "exact-duplicate", "split-leak"),
    "dark": ("dark",),
    "light": ("bright",),
    "blurry": ("blurry",),
    "low_information": ("low-information",),
    "odd_size": ("odd-size",),
    "odd_aspect_ratio": ("odd-aspect",),
}


class Tables(NamedTuple):
    """What cleanlab's functions take and give; all in the order of the same rows.

    Attributes
    ----------
    labels : ndarray of int64, shape (n_images,)
        Class numbers.
    pred_probs : ndarray of float32, shape (n_images, n_classes), or None
        Out-of-fold probabilities, for audits that were just made. NaN for images that were not judged (see
        `has_pred_probs`).
    issues : DataFrame
        ``path, split``, then ``is_label_issue, label_score, given_label, predicted_label, is_outlier_issue,
        ...``.
    classes : tuple of str
        The classes, in the order of their numbers.
    """

    labels: npt.NDArray[np.int64]
    pred_probs: npt.NDArray[np.float32] | None
    issues: pd.DataFrame
    classes: tuple[str, ...]

    @property
    def has_pred_probs(self) -> npt.NDArray[np.bool_]:
        """Mask of the images with probabilities, shape (n_images,), to index labels with for cleanlab."""
        if self.pred_probs is None:
            return np.zeros(len(self.labels), dtype=bool)
        return np.asarray(~np.isnan(self.pred_probs).any(axis=1))


def make(material: Material, options: Options) -> Tables:
    """Return the tables."""
    return Tables(
        np.array(material.numbers(material.table["label"]), dtype=np.int64),
        _probabilities(material),
        _issues(material),
        material.classes,
    )


def _probabilities(material: Material) -> npt.NDArray[np.float32] | None:
    found = None if material.evidence is None else material.evidence.probabilities
    if material.evidence is None or found is None:
        return None
    place = dict(zip(material.evidence.images["path"].iloc[found.rows], range(len(found.rows)), strict=True))
    column = [material.classes.index(c) for c in found.classes if c in material.classes]
    kept = [k for k, c in enumerate(found.classes) if c in material.classes]
    made = np.full((len(material.table), len(material.classes)), np.nan, np.float32)
    for row, path in enumerate(material.table["path"]):
        if path in place:
            made[row] = 0
            made[row, column] = found.values[place[path], kept]
    return made


def _issues(material: Material) -> pd.DataFrame:
    """Return a row per image: score 1 where no finding names it, else from 0 for the worst to below 0.5."""
    table = material.table[["path", "split"]].copy()
    findings = findings_with_examples(material)
    for issue, codes in ISSUES.items():
        worst: dict[str, float] = {}
        suggested: dict[str, str] = {}
        for finding in findings:
            if finding.code in codes and finding.examples is not None:
                rows = finding.examples.reindex(columns=["path", "other_path", "suggested_label"])
                for rank, (path, other, better) in enumerate(rows.itertuples(index=False)):
                    score = 0.5 * rank / len(rows)
                    for name in (path, other):
                        if isinstance(name, str) and name:
                            worst[name] = min(score, worst.get(name, 1.0))
                    if isinstance(better, str) and better:
                        suggested.setdefault(str(path), better)
        table[f"is_{issue}_issue"] = table["path"].isin(worst)
        table[f"{issue}_score"] = table["path"].map(worst).fillna(1.0).astype(float)
        if issue == "label":
            table["given_label"] = material.table["label"]
            table["predicted_label"] = [
                suggested.get(p, c) for p, c in zip(table["path"], table["given_label"], strict=True)
            ]
    return table


def write(material: Material, target: Path, options: Options) -> Path:
    """Write ``labels.csv`` (path, class number, class), ``issues.csv`` and any ``pred_probs.npy``."""
    made = make(material, options)
    labels = made.issues[["path"]].assign(label=made.labels, name=[made.classes[k] for k in made.labels])
    with new_folder(target, ("labels.csv", "issues.csv", "pred_probs.npy")) as folder:
        for name, table in (("labels.csv", labels), ("issues.csv", made.issues)):
            (folder / name).write_bytes(csv_bytes(table))
        if made.pred_probs is not None:
            np.save(folder / "pred_probs.npy", made.pred_probs)
    return target
