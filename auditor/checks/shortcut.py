"""Labels that follow from what should not matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.checks.base import Check, Wording, skipped
from auditor.evidence import Evidence
from auditor.evidence.predictability import CLASS_GROUPS, Predictability, binned, coded, predictability
from auditor.evidence.probabilities import canonical_order
from auditor.finding import Effect, Finding, Fix, percent

#: Images that are looked at: the interval of one class of ten is then +-0.1.
SAMPLE = 5000

Rows = npt.NDArray[np.int64]


def bin_files(evidence: Evidence, rows: Rows) -> dict[str, Rows]:
    """Return binned facts of the files, which say nothing about what is in the picture."""
    table = evidence.images.loc[rows]
    size, width, height = (table[c].to_numpy(dtype=float) for c in ("bytes", "width", "height"))
    kinds = ("format", "mode", "bits")
    found = {
        "file size": binned(size[:, None]),
        "bytes per pixel": binned((size / np.maximum(width * height, 1))[:, None]),
        "dimensions": binned(
            np.stack([width, height, width * height, width / np.maximum(height, 1)], axis=1)
        ),
        "format": coded(
            np.array(
                [" ".join(map(str, kind)) for kind in zip(*(table[c] for c in kinds), strict=True)],
                dtype=object,
            )
        ),
    }
    if "jpeg_quality" in table and table["jpeg_quality"].notna().any():
        found["JPEG quality"] = binned(table["jpeg_quality"].to_numpy(dtype=float)[:, None])
    camera = next((c for c in ("camera", "exif_camera") if c in table), None)
    if camera is not None and (table[camera].astype(str) != "").any():
        found["camera"] = coded(table[camera].astype(str).to_numpy(dtype=object))
    return found


def bin_pictures(evidence: Evidence, rows: Rows) -> dict[str, Rows]:
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


def bin_numbers(evidence: Evidence, rows: Rows) -> Rows:
    """Return the binned last number in each file name."""
    numbers = [
        re.findall(r"[0-9]+", path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
        for path in evidence.images["path"].to_numpy(dtype=object)[rows]
    ]
    return binned(np.array([[float(found[-1][-15:]) if found else np.nan] for found in numbers]))


SAME_FILES = "Save all images in one format, size and quality before training."
#: What to do about each predictor.
ADVICE = {
    "file size": SAME_FILES,
    "bytes per pixel": SAME_FILES,
    "JPEG quality": SAME_FILES,
    "format": SAME_FILES,
    "dimensions": "Crop or pad every class alike before resizing, so that scale and borders do not give the "
    "class away.",
    "camera": "Collect every class with every camera, and split by camera to see what is left.",
    "mean colour": (
        "Look whether colour defines the class. If not, vary brightness and colour in training, and collect "
        "all classes in "
        "one light."
    ),
    "border pixels": (
        "Look at the edges of the pictures: stamps, frames and backgrounds. Crop them, or collect all "
        "classes in one place."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut(Check):
    """Labels that follow from what should not matter.

    Parameters
    ----------
    warn_file : float
        Balanced accuracy above chance, of one class against the others, by facts of the file, over which it
        is a warning. They reach 0.19 on 1,702 photos of clothing, where they are no shortcut, and 0.99 on
        blood cells, whose crops are cut to the cell: half way.
    warn_colour : float
        The same by mean colour, which reaches 0.47 on Fashion-MNIST (shoes cover less of the picture).
    warn_border : float
        The same by border pixels, which reach 0.82 on handwritten digits and Fashion-MNIST, whose objects
        touch the border.
    """

    code = "shortcut"
    family = "Labels, outliers, shortcuts"
    needs = frozenset({"labels"})
    measured = (
        "Balanced accuracy above chance with which a simple classifier separates each class from the others "
        "by facts of the file, mean colour, border pixels or a 4x4 thumbnail alone, cross-validated with "
        "groups kept together, beside the same with permuted labels. Graded is the predictor that is "
        "furthest beyond its threshold."
    )
    limits = (
        "It says what is predictive, not what is unjust: size is a shortcut for cells cut out by their "
        "outline, and colour can be what defines a class. Shortcuts inside the picture other than colour and "
        "border (a watermark, a ruler) are not looked for."
    )
    words = Wording(
        found="The file alone gives a class away",
        fine="No file property gives a class away",
        undecided="A file property may give a class away",
        why=(
            "A model takes the easiest way to the label. What it learns from the way images were collected "
            "fails where they are collected otherwise."
        ),
        fix=SAME_FILES,
    )
    picture = Wording(
        found="Colour or border gives a class away",
        fine="Neither colour nor border gives a class away",
        undecided="Colour or border may give a class away",
        why=(
            "A model that learns the background or the light does not learn the subject, and fails in "
            "another place."
        ),
        fix=f"{ADVICE['mean colour']} {ADVICE['border pixels']}",
    )

    warn_file: float = 0.5
    warn_colour: float = 0.6
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
                self, f"There are no two classes, or no class with {CLASS_GROUPS} unrelated images."
            )
            return
        sources = {
            "file": bin_files(evidence, rows) | {"number in the name": bin_numbers(evidence, rows)},
            "picture": bin_pictures(evidence, rows),
        }
        tests, rng = sum(map(len, sources.values())), evidence.generator(self.code)
        for about, predictors in sources.items():
            found = {
                name: predictability(bins, given, groups, len(names), tests=tests, rng=rng)
                for name, bins in predictors.items()
            }
            yield self._judge(about, found, names.tolist(), len(rows), len(labelled))

    def _thresholds(self, about: str, found: Mapping[str, Predictability]) -> dict[str, float]:
        # Not graded: a number in a name never reaches a model, and a 4x4 thumbnail still shows simple shapes.
        if about == "picture":
            return {"mean colour": self.warn_colour, "border pixels": self.warn_border}
        return dict.fromkeys([name for name in found if name != "number in the name"], self.warn_file)

    def _judge(
        self, about: str, found: Mapping[str, Predictability], names: list[str], looked: int, total: int
    ) -> Finding:
        thresholds = self._thresholds(about, found)
        # The strongest is the one furthest beyond its threshold, or least short of it.
        first = max(thresholds, key=lambda name: found[name].low[found[name].strongest] - thresholds[name])
        k = found[first].strongest
        value, low, high = (
            float(x[k]) for x in (found[first].informedness, found[first].low, found[first].high)
        )
        effect = Effect(
            name="balanced accuracy above chance, one class against the rest",
            value=value,
            low=low,
            high=high,
            warn_at=thresholds[first],
            detectable=min(1.0, thresholds[first] + value - low),
        )
        balanced = percent((1 + value) / 2)
        summary = (
            f'By {first} alone, a simple model separates "{names[k]}" from the rest with a balanced accuracy '
            f"of {balanced} (chance is 50 %)."
        )
        if looked < total:
            summary += f" It was measured on {looked:,} of {total:,} images."
        ranked = sorted(found, key=lambda name: -found[name].informedness[found[name].strongest])
        return self.make_finding(
            summary,
            effect,
            words=self.words if about == "file" else self.picture,
            scope=about,
            fix=Fix(text=ADVICE[first]),
            total=looked,
            classes=(names[k],) if low > thresholds[first] else (),
            details={
                "p_value": min(1.0, min(found[name].p_value for name in thresholds) * len(thresholds)),
                "predictors": [_plain(name, found[name], names, name in thresholds) for name in ranked],
            },
        )


def _plain(name: str, found: Predictability, names: list[str], graded: bool) -> dict[str, object]:
    k = found.strongest
    return {
        "name": name,
        "class": names[k],
        "above_chance": float(found.informedness[k]),
        "low": float(found.low[k]),
        "high": float(found.high[k]),
        "all_classes": found.skill,
        "permuted": found.null,
        "p_value": found.p_value,
        "graded": graded,
    }
