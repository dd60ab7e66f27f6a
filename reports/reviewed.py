"""What a reviewer decided in an earlier audit: it travels with the data, as a column of the manifest that `auditor apply` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Column of the sample table: ``keep``, ``relabel``, or blank where nothing was decided.
COLUMN = "auditor_decision"


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
