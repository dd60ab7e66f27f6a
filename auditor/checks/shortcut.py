"""Labels that can be told from what should not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from auditor.checks.base import skipped
from auditor.evidence import Evidence
from auditor.evidence.predictability import CLASS_GROUPS, Predictability, binned, coded, predictability
from auditor.evidence.probabilities import canonical_order
from auditor.finding import Effect, Finding, Fix

#: Images that are looked at: the interval of one class of ten is then +-0.1.
SAMPLE = 5000

Rows = npt.NDArray[np.int64]

#: What each predictor means for training, and what to do about it.
ADVICE = {
    "file size": "Save all images in one format, size and quality before training.",
    "bytes per pixel": "Save all images in one format and quality before training.",
    "JPEG quality": "Save all images in one format and quality before training.",
    "dimensions": "Crop or pad every class alike before resizing, so that scale and borders do not give the class away.",
    "format": "Save all images in one format and colour mode before training.",
    "camera": "Collect every class with every camera, and split by camera to see what is left.",
    "mean colour": (
        "Look whether colour defines the class. If not, vary brightness and colour in training, and collect all classes in one light."
    ),
    "border pixels": "Look at the edges of the pictures: stamps, frames and backgrounds. Crop them, or collect all classes in one place.",
}


def file_predictors(evidence: Evidence, rows: Rows) -> dict[str, Rows]:
    """Return binned facts of the files, which say nothing about what is in the picture."""
    table = evidence.images.loc[rows]
    size, width, height = (table[c].to_numpy(dtype=float) for c in ("bytes", "width", "height"))
    found = {
        "file size": binned(size[:, None]),
        "bytes per pixel": binned((size / np.maximum(width * height, 1))[:, None]),
        "dimensions": binned(
            np.stack([width, height, width * height, width / np.maximum(height, 1)], axis=1)
        ),
        "format": coded(
            (
                table["format"].astype(str)
                + " "
                + table["mode"].astype(str)
                + " "
                + table["bits"].astype(str)
            ).to_numpy(dtype=object)
        ),
    }
    if "jpeg_quality" in table and table["jpeg_quality"].notna().any():
        found["JPEG quality"] = binned(table["jpeg_quality"].to_numpy(dtype=float)[:, None])
    camera = next((c for c in ("camera", "exif_camera") if c in table), None)
    if camera is not None and (table[camera].astype(str) != "").any():
        found["camera"] = coded(table[camera].astype(str).to_numpy(dtype=object))
    return found


def picture_predictors(evidence: Evidence, rows: Rows) -> dict[str, Rows]:
    """Return binned mean colours, border and 4x4 thumbnail of the pictures."""
    small = evidence.signatures[rows].rgb().astype(float)
    n = len(small)
    sides = (small[:, 0], small[:, -1], small[:, :, 0], small[:, :, -1])
    border = np.concatenate([side.reshape(n, 4, 4, 3).mean(axis=2).reshape(n, -1) for side in sides], axis=1)
    return {
        "mean colour": binned(small.mean(axis=(1, 2))),
        "border pixels": binned(border),
        "4x4 thumbnail": binned(small.reshape(n, 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(n, -1)),
    }


def name_numbers(evidence: Evidence, rows: Rows) -> Rows:
    """Return the binned last number in each file name."""
    numbers = [
        re.findall(r"[0-9]+", path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
        for path in evidence.images["path"].to_numpy(dtype=object)[rows]
    ]
    return binned(np.array([[float(found[-1][-15:]) if found else np.nan] for found in numbers]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """Labels that can be told from what should not matter."""

    code: ClassVar[str] = "shortcut"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: Balanced accuracy above chance of one class against the others. Facts of the file reach 0.19 on 1,702
    #: photos of clothing, where they are no shortcut, and 0.99 on blood cells, whose crops are cut to the
    #: cell: half way.
    warn_file: float = 0.5
    #: Mean colour reaches 0.47 on Fashion-MNIST (shoes cover less of the picture).
    warn_colour: float = 0.6
    #: Border pixels reach 0.82 on handwritten digits and Fashion-MNIST, whose objects touch the border.
    warn_border: float = 0.9

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about the files and one about the pictures."""
        labelled = np.flatnonzero(evidence.readable & (evidence.labels != "") & (evidence.splits != "field"))
        rows = canonical_order(evidence, labelled)[:SAMPLE]
        names, given = np.unique(evidence.labels[rows].astype(str), return_inverse=True)
        groups = evidence.groups[rows]
        pairs = np.unique(np.stack([given, groups]), axis=1)
        judged = int((np.bincount(pairs[0]) >= CLASS_GROUPS).sum()) if len(rows) else 0
        if len(names) < 2 or not judged:
            yield skipped(
                self, f"No two classes, or no class with {CLASS_GROUPS} unrelated images, to tell apart."
            )
            return
        rng = evidence.generator(self.code)
        found: dict[str, dict[str, Predictability]] = {"file": {}, "picture": {}}
        sources = {
            "file": file_predictors(evidence, rows) | {"number in the name": name_numbers(evidence, rows)},
            "picture": picture_predictors(evidence, rows),
        }
        tests = sum(map(len, sources.values()))
        for scope, predictors in sources.items():
            for name, bins in predictors.items():
                found[scope][name] = predictability(bins, given, groups, len(names), tests=tests, rng=rng)
        # Not graded: a number in a name never reaches a model, and a thumbnail of 4x4 still shows the shape
        # of simple objects.
        thresholds = dict.fromkeys(set(sources["file"]) - {"number in the name"}, self.warn_file)
        thresholds |= {"mean colour": self.warn_colour, "border pixels": self.warn_border}
        for scope in sources:
            yield self._finding(scope, found[scope], thresholds, names.tolist(), len(rows), len(labelled))

    def _finding(
        self,
        scope: str,
        found: dict[str, Predictability],
        thresholds: dict[str, float],
        names: list[str],
        looked: int,
        total: int,
    ) -> Finding:
        graded = [name for name in found if name in thresholds]
        # The strongest is the one furthest beyond its threshold, or least short of it.
        first = max(graded, key=lambda name: found[name].low[found[name].strongest] - thresholds[name])
        told = found[first]
        k = told.strongest
        value, low, high = (float(x[k]) for x in (told.informedness, told.low, told.high))
        ranked = sorted(found, key=lambda name: -found[name].informedness[found[name].strongest])
        others = ", ".join(
            f"{name} {found[name].informedness[found[name].strongest]:.2f} ({names[found[name].strongest]})"
            for name in ranked
            if name != first
        )
        alarm = low > thresholds[first]
        what = "the file alone" if scope == "file" else "colour or border alone"
        return Finding(
            code=self.code,
            scope=scope,
            title=f"A class can be told from {what}" if alarm else f"No class is given away by {what}",
            summary=(
                f'From {first} alone, "{names[k]}" is told from the rest at {value:.2f} above chance (0 chance, 1 perfect; 95 % '
                f"interval {low:.2f} to "
                f"{high:.2f}); all {len(names)} classes together at {told.skill:.2f}, where permuted labels reach {told.null:.2f}. "
                f"For comparison: {others}."
                + (f" Looked at {looked:,} of {total:,} images." if looked < total else "")
            ),
            why=(
                "A model takes the easiest way to the label. What it learns from the way images were collected fails where they are "
                "collected otherwise."
            ),
            affected=0,
            total=looked,
            effect=Effect(
                name="balanced accuracy above chance, one class against the rest",
                value=value,
                low=low,
                high=high,
                warn_at=thresholds[first],
                detectable=min(1.0, thresholds[first] + value - low),
            ),
            fix=Fix(text=ADVICE[first], command="auditor train DATA -o OUT" if scope == "picture" else None)
            if alarm
            else None,
            classes=(names[k],) if alarm else (),
            details={
                "p_value": min(1.0, min(found[name].p_value for name in graded) * len(graded)),
                "predictors": [
                    {
                        "name": name,
                        "class": names[found[name].strongest],
                        "above_chance": float(found[name].informedness[found[name].strongest]),
                        "low": float(found[name].low[found[name].strongest]),
                        "high": float(found[name].high[found[name].strongest]),
                        "all_classes": found[name].skill,
                        "permuted": found[name].null,
                        "p_value": found[name].p_value,
                        "graded": name in thresholds,
                    }
                    for name in ranked
                ],
            },
        )
