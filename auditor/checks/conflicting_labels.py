"""The same picture under two labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from auditor.checks.duplicate_pairs import names, pair_examples, pair_score, sure
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix, percent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingLabels:
    """Identical or nearly identical images whose labels differ."""

    code: ClassVar[str] = "conflicting-labels"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: Any at all: one of the two labels is wrong, or the classes overlap.
    warn_share: float = 0.0
    #: At 1 % the best accuracy that can be measured is a point lower.
    error_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        import pandas as pd

        # A mirrored or turned picture may well be of another class: a turned 6 is a 9.
        labelled = evidence.readable & (evidence.labels != "")
        straight = labelled & ~evidence.duplicates.turned
        table = pd.DataFrame(
            {"set": evidence.duplicates.near, "label": evidence.labels, "row": np.arange(len(labelled))}
        )[straight]
        counts = table.groupby(["set", "label"], sort=True)["row"].agg(["size", "first"]).reset_index()
        counts = counts[counts.groupby("set")["label"].transform("size") > 1]
        # Of each set the two labels with most images; ties go to the first in order of label, and then
        # nothing is suggested.
        ranked = counts.sort_values(["set", "size", "label"], ascending=[True, False, True], kind="stable")
        first, second = (ranked.groupby("set").nth(i).set_index("set") for i in (0, 1))
        table = table[table["set"].isin(first.index)]
        rows = table["row"].to_numpy()
        total = int(labelled.sum())
        share = len(rows) / total
        examples, certain = None, 0
        if len(rows):
            top, other = first.loc[table["set"]], second.loc[table["set"]]
            agrees = top["label"].to_numpy() == table["label"].to_numpy()
            others = np.where(agrees, other["first"].to_numpy(), top["first"].to_numpy())
            clear = top["size"].to_numpy() > other["size"].to_numpy()
            suggested = np.where(clear & ~agrees, top["label"].to_numpy(), "")
            by_path = pd.Series(suggested, index=evidence.images["path"].to_numpy(dtype=object)[rows])
            score = pair_score(evidence, rows, others)
            certain = int(sure(evidence, score).sum())
            examples = pair_examples(evidence, rows, others, score)
            examples["suggested_label"] = by_path.loc[examples["path"]].to_numpy()
        pairs = (
            sorted({f"{a} / {b}" for a, b in zip(*(sorted_pair(first, second)), strict=True)})
            if len(rows)
            else []
        )
        yield Finding(
            code=self.code,
            title="The same picture carries different labels"
            if len(rows)
            else "Copies agree in their labels",
            summary=(
                f"{len(rows):,} of {total:,} labelled images ({percent(share, 2)}) are in {len(first):,} duplicate sets "
                f"with more than one label: {', '.join(pairs[:5])}{' and others' if len(pairs) > 5 else ''}; "
                f"{certain:,} are copies beyond doubt."
                if len(rows)
                else f"No duplicate set among {total:,} labelled images has more than one label."
            ),
            why="At most one of the labels is right: the model is taught both, and is marked wrong whichever it learns.",
            affected=len(rows),
            total=total,
            effect=Effect(
                name="share of images with conflicting labels",
                value=share,
                low=certain / total,
                high=share,
                warn_at=self.warn_share,
                error_at=self.error_share,
                unit="share",
            ),
            fix=Fix(
                text="Decide each set: correct the label, or drop the set if the picture shows both classes."
            )
            if len(rows)
            else None,
            examples=examples,
            classes=names(evidence, rows, evidence.labels),
            splits=names(evidence, rows, evidence.splits),
            details={"sets": len(first), "label_pairs": pairs[:50], "certain": certain},
        )


def sorted_pair(first: pd.DataFrame, second: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Return the two labels of each set in alphabetical order."""
    both = np.sort(
        np.stack([first["label"].to_numpy(dtype=str), second["label"].to_numpy(dtype=str)]), axis=0
    )
    return both[0].tolist(), both[1].tolist()
