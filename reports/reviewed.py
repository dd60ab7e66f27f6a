"""What a reviewer decided in an earlier audit.

It travels with the data, as a column of the manifest that `auditor apply` writes. Decisions that are given to
a scan concern the labels as they stand, which a second column says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.dataset import DECISION, LABEL_ANSWER
from auditor.finding import Severity

if TYPE_CHECKING:
    import pandas as pd

    from auditor.finding import Finding
    from auditor.reports.decisions import Decisions

#: Column of the sample table: ``keep``, ``relabel``, or blank where nothing was decided.
COLUMN = DECISION
#: What each decision says about the label that the reviewer saw. Who drops a picture need not mean its label.
ANSWERS = {"keep": "right", "relabel": "wrong", "drop": "unclear", "cannot-tell": "unclear"}


def note_decisions(samples: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """Return the sample table with what was decided, and what that says about each label as it stands.

    A decision about an image that has had another label since says nothing any more: the image is asked about
    again. Decisions that the table holds already stay where there is no newer one.
    """
    by_path = {d.path: d for d in decisions.items}
    made = [by_path.get(path) for path in samples["path"]]
    current = [
        d is not None and d.label in ("", label) and d.new_label != label
        for d, label in zip(made, samples["label"], strict=True)
    ]
    earlier = samples[COLUMN] if COLUMN in samples else [""] * len(samples)
    noted = [d.decision if d and c else e for d, c, e in zip(made, current, earlier, strict=True)]
    answers = [ANSWERS[d.decision] if d and c else "" for d, c in zip(made, current, strict=True)]
    return samples.assign(**{COLUMN: noted, LABEL_ANSWER: answers})


def asked_for(findings: Iterable[Finding]) -> list[str]:
    """Return the images that the label check asks a reviewer to look at while it is open, in random order."""
    asking = [f for f in findings if f.code == "label-error" and f.effect is not None]
    return [
        p
        for f in asking
        if f.severity is not Severity.PASS
        for p in f.details.get("review", {}).get("images", [])
    ]


def decided_paths(images: pd.DataFrame) -> frozenset[str]:
    """Return the images that a reviewer has decided about, and need not be asked about again."""
    if COLUMN not in images:
        return frozenset()
    return frozenset(images.loc[images[COLUMN].isin(["keep", "relabel"]), "path"])


def still_to_ask(evidence: pd.DataFrame, decided: frozenset[str]) -> pd.DataFrame:
    """Return the evidence rows that name an image nobody has decided about."""
    if not decided or "path" not in evidence:
        return evidence
    known = evidence["path"].isin(decided)
    if "other_path" in evidence:
        other = evidence["other_path"].fillna("")
        known &= other.isin(decided) | (other == "")
    return evidence[~known]
